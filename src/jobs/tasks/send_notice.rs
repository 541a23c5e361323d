//! Sends one notice to a customer: rendered when it leaves, over the first channel that takes it.
//!
//! Before a channel is used its name is noted in the job, so that a worker that takes the job over from one that died
//! knows that the notice may have left. A notice that may have left is not sent again: it is recorded as sent with the
//! channel's id "unknown". The ladder asks again by itself.

use super::Work;
use crate::app::change::EffectJob;
use crate::app::notice_facts::{NoticeContent, made_at};
use crate::app::queue::{Conclusion, Settle};
use crate::jobs::backoff::Failed;
use crate::lifecycle::crash_point;
use crate::notify::render::{NoticeFacts, NoticeKind, render};
use crate::notify::{Message, Notifier, Recipient, SendOutcome};
use callahead_domain::delivery::Command;
use callahead_domain::delivery::effect::{Effect, Notice};
use callahead_domain::id::{DeliveryId, JobId};
use serde::{Deserialize, Serialize};

/// What a channel's id is when nobody knows it.
const UNKNOWN: &str = "unknown";

/// The payload, with the note of a worker that was about to send.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Payload {
    #[serde(flatten)]
    effect: EffectJob,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sending: Option<String>,
}

/// What became of all channels together.
enum Delivered {
    Sent {
        channel: String,
        provider_id: String,
    },
    Failed {
        cause: String,
        may_pass: bool,
    },
    /// Another worker has the job.
    NotOurs,
}

/// Sends a notice.
///
/// # Errors
/// The decision about a failure.
pub async fn run(work: &Work<'_>) -> Result<(), Failed> {
    let payload: Payload = work.payload()?;
    let (delivery, Effect::SendNotice { notice }) = (payload.effect.delivery, payload.effect.effect) else {
        return Err(Failed::Park { error: "the payload is not that of a notice".to_owned() });
    };
    if let Some(channel) = payload.sending {
        return record_sent(work, delivery, notice, (channel, UNKNOWN.to_owned())).await;
    }
    let made = made_at(work.job.id).unwrap_or_else(|| work.app.clock.now());
    let content =
        work.app.notice_content(delivery, notice, made).await.map_err(|error| work.failed(&error))?;
    let Some(content) = content else { return work.finish().await };
    let message = message(work, notice, &content)?;
    match walk_channels(work, &payload.effect, &message).await? {
        Delivered::Sent { channel, provider_id } => {
            record_sent(work, delivery, notice, (channel, provider_id)).await
        }
        Delivered::NotOurs => Ok(()),
        Delivered::Failed { cause, may_pass } => {
            let at = work.next_try();
            if may_pass && at < content.useful_until {
                return Err(Failed::RetryAt { at, error: cause });
            }
            let record = Command::RecordSendFailed { notice: notice.name().to_owned(), cause };
            conclude(work, delivery, record).await
        }
    }
}

fn message(work: &Work<'_>, notice: Notice, content: &NoticeContent) -> Result<Message, Failed> {
    let facts = NoticeFacts {
        shop: content.shop.clone(),
        reference: content.reference.clone(),
        now: content.now,
        zone: content.zone,
        window: Some(content.window),
        at: Some(content.at),
        link: Some(content.link.clone()),
        // The words need a name; a courier who is gone from the books is still somebody.
        courier: Some(content.courier.clone().unwrap_or_else(|| content.shop.clone())),
        shop_phone: content.shop_phone.clone(),
        code: None,
    };
    let facts = in_its_own_time(notice, facts);
    let rendered = render(NoticeKind::Customer(notice), content.language, &content.name, &facts);
    let rendered =
        rendered.map_err(|error| Failed::Park { error: format!("the notice cannot be said: {error}") })?;
    let to = Recipient {
        name: content.name.clone(),
        phone: content.phone.clone(),
        email: content.email.clone(),
        language: content.language,
    };
    Ok(rendered.into_message(JobId::from_uuid(work.job.id).to_string(), to))
}

/// A notice about the past names that day and hour, not those of the plan.
fn in_its_own_time(notice: Notice, facts: NoticeFacts) -> NoticeFacts {
    match notice {
        Notice::Missed | Notice::HandedOver | Notice::Cancelled | Notice::PaymentWanted => {
            NoticeFacts { window: None, ..facts }
        }
        _ => NoticeFacts { at: None, ..facts },
    }
}

/// A line in our own log may come twice; anything that reaches a person may not.
fn may_repeat(channel: &dyn Notifier) -> bool {
    channel.name() == "log"
}

async fn walk_channels(work: &Work<'_>, effect: &EffectJob, message: &Message) -> Result<Delivered, Failed> {
    let channels = &work.tools.channels;
    let (mut cause, mut may_pass, mut noted) = ("no channel reaches them".to_owned(), false, false);
    let mut next = channels.pick(&message.to);
    while let Some(channel) = next {
        if !may_repeat(channel) {
            noted = true;
            if !note(work, effect, Some(channel.name())).await? {
                return Ok(Delivered::NotOurs);
            }
        }
        let outcome = channel.send(message).await;
        crash_point("notice.after_send");
        let name = channel.name().to_owned();
        match outcome {
            SendOutcome::Sent { provider_id } => return Ok(Delivered::Sent { channel: name, provider_id }),
            SendOutcome::Unknown { why } => {
                tracing::warn!(
                    notice = message.id,
                    channel = name,
                    why,
                    "nobody knows whether a notice left"
                );
                return Ok(Delivered::Sent { channel: name, provider_id: UNKNOWN.to_owned() });
            }
            SendOutcome::Refused { code, permanent, message: words } => {
                tracing::info!(
                    notice = message.id,
                    channel = name,
                    code,
                    words,
                    "a channel did not take a notice"
                );
                cause = format!("{name}: {code}");
                may_pass |= !permanent;
                next = channels.after(channel.name(), &message.to);
            }
        }
    }
    if noted && !note(work, effect, None).await? {
        return Ok(Delivered::NotOurs);
    }
    Ok(Delivered::Failed { cause, may_pass })
}

async fn note(work: &Work<'_>, effect: &EffectJob, channel: Option<&str>) -> Result<bool, Failed> {
    let payload = Payload { effect: effect.clone(), sending: channel.map(str::to_owned) };
    let text = serde_json::to_string(&payload).map_err(|error| Failed::Park { error: error.to_string() })?;
    work.app.note_job(work.hold(), text).await.map_err(|error| work.failed(&error))
}

async fn record_sent(
    work: &Work<'_>,
    delivery: DeliveryId,
    notice: Notice,
    (channel, provider_id): (String, String),
) -> Result<(), Failed> {
    let record = Command::RecordSent { notice: notice.name().to_owned(), channel, provider_id };
    conclude(work, delivery, record).await
}

async fn conclude(work: &Work<'_>, delivery: DeliveryId, record: Command) -> Result<(), Failed> {
    let conclusion = Conclusion { settle: Settle::Finish, record: Some(record), provider: None };
    let done = work.app.conclude_job(work.hold(), Some(delivery), conclusion).await;
    done.map(drop).map_err(|error| work.failed(&error))
}
