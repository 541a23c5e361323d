//! Looks at what stands in a provider's books for a payment: because the provider said that something changed, or because
//! it may have said so and was not heard.

use super::Work;
use crate::app::Error;
use crate::app::change::EffectJob;
use crate::app::queue::{Conclusion, Settle};
use crate::jobs::backoff::Failed;
use crate::pay::reconcile::{Finding, reconcile};
use crate::pay::{Op, PaymentRef, ShopTarget};
use callahead_domain::delivery::effect::Effect;
use callahead_domain::payment::PaymentKind;
use chrono::Duration;
use secrecy::SecretString;

/// How long to wait for the next look, in seconds, after each one; the last one stays.
const LOOKS_S: [i64; 6] = [60, 300, 900, 3_600, 21_600, 86_400];

/// Looks, and does what follows.
///
/// # Errors
/// The decision about a failure.
pub async fn run(work: &Work<'_>) -> Result<(), Failed> {
    let payload: EffectJob = work.payload()?;
    let Effect::LookAtPayment { payment, again } = payload.effect else {
        return Err(Failed::Park { error: "the payload is about no payment".to_owned() });
    };
    let found =
        work.app.payment_seen(payload.delivery, payment).await.map_err(|error| work.failed(&error))?;
    let Some(seen) = found else { return work.finish().await };
    let Some(provider) = work.tools.providers.get(&seen.provider) else {
        return Err(Failed::Park { error: format!("there is no payment provider {}", seen.provider) });
    };
    if !provider.caps().retrieve {
        return work.finish().await;
    }
    let target = ShopTarget { url: seen.target_url, secret: seen.target_secret.map(SecretString::from) };
    let reference = PaymentRef { id: payment, reference: seen.reference };
    let books = provider.retrieve(&target, &reference).await;
    let books = match books {
        Ok(books) => books,
        Err(error) => return Err(later(work, &error.to_string())),
    };
    let mut told = None;
    for finding in books.iter().flat_map(|books| reconcile(&seen.delivery, payment, books)) {
        match finding {
            Finding::Tell(command) => told = Some(command),
            Finding::Hurry(op) => {
                let hurried = work.app.hurry_jobs(payload.delivery, job_of(op)).await;
                hurried.map_err(|error| work.failed(&error))?;
            }
            Finding::Anomaly(why) => {
                tracing::error!(%payment, why, "the provider's books and ours disagree");
                return Err(Failed::Park { error: format!("{payment}: {why}") });
            }
        }
    }
    if told.is_none() && again && seen.delivery.payment.kind() == PaymentKind::ActionRequired {
        return Err(later(work, "the customer has not agreed yet"));
    }
    let conclusion = Conclusion { record: told, ..Conclusion::from(Settle::Finish) };
    match work.app.conclude_job(work.hold(), Some(payload.delivery), conclusion).await {
        Ok(_) => Ok(()),
        // It changed meanwhile: what is true now shows at the next look.
        Err(Error::Refused(_)) => work.finish().await,
        Err(error) => Err(work.failed(&error)),
    }
}

fn later(work: &Work<'_>, error: &str) -> Failed {
    let place = usize::try_from(work.job.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = LOOKS_S.get(place).or(LOOKS_S.last()).copied().unwrap_or(60);
    Failed::RetryAt { at: work.app.clock.now() + Duration::seconds(wait), error: error.to_owned() }
}

fn job_of(op: Op) -> &'static str {
    match op {
        Op::Authorise => "authorise_payment",
        Op::Capture => "capture_payment",
        Op::Release => "release_payment",
        Op::Refund => "refund_payment",
    }
}
