//! Sends a courier the one-time code they asked for.
//!
//! A courier is known by a telephone number, so a channel that reaches numbers carries it. Until there is one, the `log`
//! channel does: with `log` among `channels.order` the code stands in one line of the service's log beside the masked
//! number, which is how whoever runs a small service reads it out to the courier. Without it no code is ever logged.

use super::Work;
use crate::app::notice_facts::SignInCode;
use crate::jobs::backoff::Failed;
use crate::notify::render::{NoticeFacts, NoticeKind, render};
use crate::notify::{Message, Recipient, SendOutcome};
use callahead_domain::contact::Phone;
use callahead_domain::id::{CodeId, CourierId, JobId};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Payload {
    courier: CourierId,
    request: CodeId,
}

/// Sends a code.
///
/// # Errors
/// The decision about a failure.
pub async fn run(work: &Work<'_>) -> Result<(), Failed> {
    let payload: Payload = work.payload()?;
    let code = work.app.sign_in_code_to_send(payload.courier, payload.request).await;
    let Some(code) = code.map_err(|error| work.failed(&error))? else { return work.finish().await };
    let message = message(work, &code)?;
    let channels = &work.tools.channels;
    let mut may_pass = false;
    let mut next = channels.pick(&message.to);
    while let Some(channel) = next {
        if channel.name() == "log" {
            log(&code);
            return work.finish().await;
        }
        match channel.send(&message).await {
            SendOutcome::Sent { .. } => return work.finish().await,
            // A second copy of the same code does no harm; the courier asks again where none came.
            SendOutcome::Unknown { .. } => return work.finish().await,
            SendOutcome::Refused { permanent, code, .. } => {
                tracing::info!(channel = channel.name(), code, "a channel did not take a sign-in code");
                may_pass |= !permanent;
                next = channels.after(channel.name(), &message.to);
            }
        }
    }
    let at = work.next_try();
    if may_pass && at < code.expires_at {
        return Err(Failed::RetryAt { at, error: "no channel took it".to_owned() });
    }
    tracing::warn!(
        phone = masked(&code.phone),
        "no channel can carry a sign-in code; invite the courier instead"
    );
    work.finish().await
}

fn message(work: &Work<'_>, code: &SignInCode) -> Result<Message, Failed> {
    let facts = NoticeFacts {
        shop: String::new(),
        reference: String::new(),
        now: code.now,
        zone: chrono_tz::Tz::UTC,
        window: None,
        at: None,
        link: None,
        courier: None,
        shop_phone: None,
        code: Some(code.code.clone()),
    };
    let rendered = render(NoticeKind::CourierSignInCode, code.language, &code.name, &facts);
    let rendered =
        rendered.map_err(|error| Failed::Park { error: format!("the notice cannot be said: {error}") })?;
    let to = Recipient {
        name: code.name.clone(),
        phone: Some(code.phone.clone()),
        email: None,
        language: code.language,
    };
    Ok(rendered.into_message(JobId::from_uuid(work.job.id).to_string(), to))
}

fn log(code: &SignInCode) {
    tracing::info!(phone = masked(&code.phone), code = code.code, "sign-in code");
}

fn masked(phone: &str) -> String {
    Phone::parse(phone, None).map(|phone| phone.masked()).unwrap_or_default()
}
