//! Asks for another hold by itself, where the provider can charge the same method again without the customer: for a hold
//! that ends before the delivery is made, and for money that is owed.

use super::Work;
use crate::app::Error;
use crate::app::change::EffectJob;
use crate::app::queue::{Conclusion, Settle};
use crate::app::recharge::Recharge;
use crate::jobs::backoff::Failed;
use callahead_domain::delivery::Command;

/// Renews a hold that ends, or says that it cannot be done without somebody.
///
/// # Errors
/// The decision about a failure.
pub async fn renew(work: &Work<'_>) -> Result<(), Failed> {
    let payload: EffectJob = work.payload()?;
    let found = work.app.renewal_due(payload.delivery).await.map_err(|error| work.failed(&error))?;
    let Some(recharge) = found else { return work.finish().await };
    let command = match again(work, &recharge) {
        Some(command) => command,
        // It holds until the planned arrival: nobody need be troubled.
        None if recharge.covers_the_plan => return work.finish().await,
        None => Command::RecordNotRenewed { code: "needs_the_customer".to_owned() },
    };
    tell(work, &payload, command).await
}

/// Asks for money that is owed once more.
///
/// # Errors
/// The decision about a failure.
pub async fn recover(work: &Work<'_>) -> Result<(), Failed> {
    let payload: EffectJob = work.payload()?;
    let found = work.app.recovery_due(payload.delivery).await.map_err(|error| work.failed(&error))?;
    let asked = found.as_ref().and_then(|recharge| again(work, recharge));
    let Some(command) = asked else { return work.finish().await };
    tell(work, &payload, command).await
}

/// The same method once more, if the provider can.
fn again(work: &Work<'_>, recharge: &Recharge) -> Option<Command> {
    let provider = work.tools.providers.get(&recharge.again.provider)?;
    let can = provider.caps().recharge && recharge.again.method.is_some();
    can.then(|| Command::Authorise { payment: recharge.again.clone() })
}

async fn tell(work: &Work<'_>, payload: &EffectJob, command: Command) -> Result<(), Failed> {
    let conclusion = Conclusion { record: Some(command), ..Conclusion::from(Settle::Finish) };
    match work.app.conclude_job(work.hold(), Some(payload.delivery), conclusion).await {
        Ok(_) => Ok(()),
        // Somebody else was faster, or it is not wanted any more.
        Err(Error::Refused(_)) => work.finish().await,
        Err(error) => Err(work.failed(&error)),
    }
}
