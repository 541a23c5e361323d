//! Takes a customer's money after a confirmed hand-off, or gives a hold back: exactly once, whatever gets lost.
//!
//! The decisions are [`crate::pay::exactly_once`]'s; this carries them out. The command is committed as sent before its
//! request leaves, under the job's lease and only while it is still due; what the answer means for the command, the
//! payment and the job is one transaction.

use super::Work;
use crate::app::Error;
use crate::app::capture::{
    Advance, MoneyOp, PaymentDue, PaymentWork, Put, PutCommand, Standing as RowStanding, StoredCommand,
    Subject,
};
use crate::app::change::EffectJob;
use crate::app::queue::{Conclusion, Settle};
use crate::jobs::backoff::Failed;
use crate::lifecycle::crash_point;
use crate::pay::exactly_once::{self as once, CommandRecord, CommandState, End, Step};
use crate::pay::{CommandFacts, Frozen, Op, Outcome, PaymentProvider, PaymentRef, ShopTarget, Standing};
use callahead_domain::delivery::Command;
use callahead_domain::delivery::effect::Effect;
use callahead_domain::id::{PaymentId, RefundId};
use callahead_domain::money::Money;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use uuid::Uuid;

/// How soon an authorisation that may still be on its way is looked for again, in seconds.
const LOOK_AGAIN_S: i64 = 600;

/// A command's row as it was last written.
struct Row {
    id: Uuid,
    attempts: i32,
    state: String,
}

/// One payment, its provider and where it is reached.
struct Till<'a> {
    work: &'a Work<'a>,
    subject: Subject,
    due: &'a PaymentWork,
    provider: &'a dyn PaymentProvider,
    target: ShopTarget,
}

/// What a job's effect asks for.
fn subject_of(effect: Effect) -> Option<Subject> {
    let of = |op, payment, refund| Some(Subject { op, payment, refund });
    match effect {
        Effect::AuthorisePayment { payment } => of(MoneyOp::Authorise, Some(payment), None),
        Effect::CapturePayment { .. } => of(MoneyOp::Capture, None, None),
        Effect::ReleasePayment { payment } => of(MoneyOp::Release, payment, None),
        Effect::RefundPayment { refund } => of(MoneyOp::Refund, None, Some(refund)),
        _ => None,
    }
}

/// Carries out what is due.
///
/// # Errors
/// The decision about a failure.
pub async fn run(work: &Work<'_>) -> Result<(), Failed> {
    let payload: EffectJob = work.payload()?;
    let Some(subject) = subject_of(payload.effect) else {
        return Err(Failed::Park { error: "the payload is about no payment".to_owned() });
    };
    let found = work.app.payment_due(payload.delivery, subject, work.hold()).await;
    match found.map_err(|error| work.failed(&error))? {
        PaymentDue::Nothing => work.finish().await,
        PaymentDue::Later(at) => {
            Err(Failed::RetryAt { at, error: "the hand-off may still be taken back".to_owned() })
        }
        PaymentDue::Now(due) => {
            let Some(provider) = work.tools.providers.get(&due.provider) else {
                return Err(Failed::Park { error: format!("there is no payment provider {}", due.provider) });
            };
            let target = ShopTarget {
                url: due.target_url.clone(),
                secret: due.target_secret.clone().map(SecretString::from),
            };
            let subject = Subject { payment: Some(due.payment), ..subject };
            Till { work, subject, due: &due, provider: provider.as_ref(), target }.settle().await
        }
    }
}

/// What is known of the command.
fn known(
    work: &Work<'_>,
    op: MoneyOp,
    due: &PaymentWork,
    now: DateTime<Utc>,
) -> Result<CommandRecord, Failed> {
    let op = wire_op(op);
    let env = work.app.secrets.fingerprint();
    let stem = match &due.refund {
        Some(refund) => once::key_stem(&env, refund, op),
        None => once::key_stem(&env, &due.payment, op),
    };
    let fresh = || CommandRecord::queued(stem, op, due.amount_minor, due.currency).of_refund(due.refund);
    let Some(stored) = &due.stored else { return Ok(fresh()) };
    let record = read(stored)?;
    Ok(match &record.end {
        // Still due after an end: a person asked for another try. Refused means that nothing happened, so a new key
        // is safe; given up means that nobody knew, so the books are asked first.
        Some(End::Refused { .. }) => {
            let generation = record.generation.saturating_add(1);
            CommandRecord { key_stem: record.key_stem, generation, attempts: record.attempts, ..fresh() }
        }
        Some(End::Dead { .. }) => {
            let state = CommandState::Unknown;
            CommandRecord { state, end: None, next_at: None, began_at: Some(now), ..record }
        }
        _ => record,
    })
}

/// What a job knew of a command.
fn read(stored: &StoredCommand) -> Result<CommandRecord, Failed> {
    serde_json::from_str(&stored.record)
        .map_err(|error| Failed::Park { error: format!("the command's record cannot be read: {error}") })
}

fn wire_op(op: MoneyOp) -> Op {
    match op {
        MoneyOp::Authorise => Op::Authorise,
        MoneyOp::Refund => Op::Refund,
        MoneyOp::Capture => Op::Capture,
        MoneyOp::Release => Op::Release,
    }
}

impl Till<'_> {
    async fn settle(&self) -> Result<(), Failed> {
        match self.hold_to_release().await? {
            Hold::Stands => {}
            Hold::Never => return self.nothing_held().await,
            Hold::Unclear(why) => {
                let at = self.now() + Duration::seconds(LOOK_AGAIN_S);
                return Err(Failed::RetryAt { at, error: why });
            }
        }
        let record = known(self.work, self.subject.op, self.due, self.now())?;
        let caps = self.provider.caps();
        let row = self.due.stored.as_ref().map(|stored| Row {
            id: stored.id,
            attempts: stored.attempts,
            state: stored.state.clone(),
        });
        let mut why = "it waits for its next try".to_owned();
        let step = match once::next(&record, caps, self.now()) {
            Step::RetrieveFirst => {
                let found = self.provider.retrieve(&self.target, &self.reference()).await;
                if let Err(error) = &found {
                    why = error.to_string();
                }
                once::after_retrieve(&record, caps, &found, self.now())
            }
            step => step,
        };
        match step {
            Step::Send { generation, idem_key } => self.send(&record, generation, idem_key).await,
            step => self.conclude(row, once::settled(&record, &step), &why).await,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.work.app.clock.now()
    }

    fn reference(&self) -> PaymentRef {
        PaymentRef { id: self.due.payment, reference: self.due.provider_ref.clone() }
    }

    /// Writes down that it is sent, then sends it, then writes down what came of it.
    async fn send(&self, record: &CommandRecord, generation: u32, idem_key: String) -> Result<(), Failed> {
        let record = once::sent(record, generation, self.now());
        let key_number = number(generation)?;
        let body = match &self.due.stored {
            Some(stored) if stored.generation == key_number => stored.body.clone(),
            _ => self.body(&idem_key)?,
        };
        let put = PutCommand {
            delivery: self.due.delivery,
            subject: self.subject,
            amount_minor: self.due.amount_minor,
            hand_off: self.due.hand_off,
            payment: self.due.payment,
            seen: self.due.stored.clone(),
            generation: key_number,
            idem_key: idem_key.clone(),
            body: body.clone(),
            standing: standing(&record)?,
        };
        let put = self.work.app.put_command(self.work.hold(), put).await;
        let Put::Written { id } = put.map_err(|error| self.work.failed(&error))? else {
            // Taken back meanwhile, or somebody else is at it: the next look tells.
            let error = "it changed while it was looked at".to_owned();
            return Err(Failed::RetryAt { at: self.work.next_try(), error });
        };
        crash_point("capture.before_send");
        let outcome = self.provider.send(&self.target, &self.frozen(idem_key, body)).await;
        crash_point("capture.after_send");
        let why = why_unclear(&outcome);
        if matches!(outcome, Outcome::Unknown { .. }) {
            tracing::warn!(payment = %self.due.payment, op = self.subject.op.name(), why, "nobody knows what came of it");
        }
        let row = Row { id, attempts: number(record.attempts)?, state: record.state.name().to_owned() };
        self.conclude(Some(row), once::after(&record, &outcome, self.now()), &why).await
    }

    fn body(&self, idem_key: &str) -> Result<String, Failed> {
        let amount = Money::new(self.due.amount_minor, self.due.currency)
            .map_err(|error| Failed::Park { error: error.to_string() })?;
        Ok(self.provider.body(&CommandFacts {
            op: wire_op(self.subject.op),
            idem_key: idem_key.to_owned(),
            payment_id: self.due.payment,
            reference: self.due.provider_ref.clone(),
            authorized_minor: self.due.authorised_minor,
            method: self.due.method.clone(),
            refund_id: self.due.refund,
            order_id: self.due.order,
            external_id: self.due.external_id.clone(),
            amount,
            hand_off_id: self.due.hand_off,
            at: self.due.since,
        }))
    }

    fn frozen(&self, idem_key: String, body: String) -> Frozen {
        Frozen {
            idem_key,
            op: wire_op(self.subject.op),
            body,
            payment: self.reference(),
            refund: self.due.refund,
            method: self.due.method.clone(),
            authorized_minor: self.due.authorised_minor,
            amount_minor: self.due.amount_minor,
            currency: self.due.currency,
        }
    }

    /// Writes where the command stands, what the payment is told, and what becomes of the job.
    async fn conclude(&self, row: Option<Row>, record: CommandRecord, why: &str) -> Result<(), Failed> {
        let provider = match row {
            Some(Row { id, attempts, state }) => {
                Some(Advance { id, attempts, state, standing: standing(&record)? })
            }
            None => None,
        };
        let conclusion =
            Conclusion { settle: self.verdict(&record, why), record: self.told(&record, why), provider };
        crash_point("capture.before_record");
        let app = self.work.app;
        match app.conclude_job(self.work.hold(), Some(self.due.delivery), conclusion).await {
            Ok(_) => Ok(()),
            Err(error @ Error::Refused(_)) => {
                tracing::error!(payment = %self.due.payment, %error, "the payment does not take what the provider says");
                Err(self.work.failed(&error))
            }
            Err(error) => Err(self.work.failed(&error)),
        }
    }

    /// What the delivery is told.
    fn told(&self, record: &CommandRecord, unclear: &str) -> Option<Command> {
        let unknown = |why: &str| Some(Command::RecordCaptureUnknown { why: why.to_owned() });
        match (self.subject.op, &record.end) {
            (MoneyOp::Authorise, Some(end)) => authorisation(self.due.payment, end),
            (MoneyOp::Capture, Some(End::Done { snapshot })) => Some(Command::RecordCaptured {
                amount_minor: self.due.amount_minor,
                reference: snapshot.reference.clone(),
            }),
            (MoneyOp::Capture, Some(End::Refused { code, .. })) => {
                Some(Command::RecordCaptureFailed { code: code.clone() })
            }
            (MoneyOp::Capture, Some(End::Dead { why })) => unknown(why),
            (MoneyOp::Capture, None) if record.state != CommandState::Queued => unknown(unclear),
            (MoneyOp::Release, Some(End::Done { .. })) => {
                Some(Command::RecordReleased { payment: Some(self.due.payment) })
            }
            (MoneyOp::Refund, Some(end)) => self.due.refund.and_then(|refund| refunded(refund, end)),
            (_, _) => None,
        }
    }

    fn verdict(&self, record: &CommandRecord, unclear: &str) -> Settle {
        match (self.subject.op, &record.end) {
            (MoneyOp::Release, Some(End::Refused { code, message })) => {
                Settle::Park { error: format!("the hold was not given back: {code} {message}") }
            }
            (_, Some(End::Done { .. } | End::Refused { .. })) => Settle::Finish,
            (_, Some(End::Dead { why })) => Settle::Park { error: why.clone() },
            (_, None) => {
                // The books that cannot be asked are asked less and less often, too.
                let at = record.next_at.unwrap_or_else(|| self.now()).max(self.work.next_try());
                Settle::RetryAt { at, error: unclear.to_owned() }
            }
        }
    }

    /// Whether there is anything to give back. A hold that was asked for may still be on its way: it is given up for
    /// good only when the books do not know it and nothing sent for it can arrive any more.
    async fn hold_to_release(&self) -> Result<Hold, Failed> {
        if self.subject.op != MoneyOp::Release || self.due.comes_held || self.due.stored.is_some() {
            return Ok(Hold::Stands);
        }
        let Some(asked) = &self.due.asked_for else { return Ok(Hold::Never) };
        let asked = read(asked)?;
        match &asked.end {
            Some(End::Done { .. }) => return Ok(Hold::Stands),
            Some(End::Refused { .. }) => return Ok(Hold::Never),
            Some(End::Dead { .. }) | None => {}
        }
        Ok(match self.provider.retrieve(&self.target, &self.reference()).await {
            Err(unavailable) => Hold::Unclear(unavailable.to_string()),
            Ok(Some(books)) if matches!(books.standing, Standing::Declined | Standing::Released) => {
                Hold::Never
            }
            Ok(Some(_)) => Hold::Stands,
            Ok(None) if self.is_settled(&asked) => Hold::Never,
            Ok(None) => Hold::Unclear("the authorisation may still be on its way".to_owned()),
        })
    }

    fn is_settled(&self, asked: &CommandRecord) -> bool {
        let settle =
            Duration::seconds(i64::try_from(once::settle_s(self.provider.caps().key_ttl_s)).unwrap_or(3_600));
        asked.began_at.is_none_or(|began| began + settle <= self.now())
    }

    async fn nothing_held(&self) -> Result<(), Failed> {
        let record = Some(Command::RecordReleased { payment: Some(self.due.payment) });
        let conclusion = Conclusion { record, ..Conclusion::from(Settle::Finish) };
        let app = self.work.app;
        let done = app.conclude_job(self.work.hold(), Some(self.due.delivery), conclusion).await;
        done.map(drop).map_err(|error| self.work.failed(&error))
    }
}

/// Whether there is a hold to give back.
enum Hold {
    /// Yes, or asking for it back tells.
    Stands,
    /// It never came about.
    Never,
    /// Nobody knows yet.
    Unclear(String),
}

/// How an authorisation ended.
fn authorisation(payment: PaymentId, end: &End) -> Option<Command> {
    Some(match end {
        End::Done { snapshot } if snapshot.standing == Standing::ActionRequired => {
            Command::RecordActionRequired {
                payment,
                reference: snapshot.reference.clone(),
                url: snapshot.action_url.clone(),
            }
        }
        End::Done { snapshot } => Command::RecordAuthorised {
            payment,
            reference: snapshot.reference.clone(),
            until: snapshot.capture_before,
        },
        End::Refused { code, .. } => Command::RecordDeclined { payment, code: code.clone() },
        // The alarm clock gives the hold up by itself.
        End::Dead { .. } => return None,
    })
}

/// How a refund ended.
fn refunded(refund: RefundId, end: &End) -> Option<Command> {
    Some(match end {
        End::Done { snapshot } => {
            let entry = snapshot.refunds.iter().find(|entry| entry.id == Some(refund));
            let reference = entry.map_or(&snapshot.reference, |entry| &entry.reference);
            Command::RecordRefunded { refund, reference: reference.clone() }
        }
        End::Refused { code, .. } => Command::RecordRefundFailed { refund, code: code.clone() },
        End::Dead { .. } => return None,
    })
}

/// Why an answer settles nothing.
fn why_unclear(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unknown { why, .. } => why.clone(),
        Outcome::Refused { code, .. } => format!("not now: {code}"),
        Outcome::Done(_) => "integrity: the amounts are not those asked for".to_owned(),
    }
}

/// A count as the column keeps it.
fn number(count: u32) -> Result<i32, Failed> {
    i32::try_from(count).map_err(|error| Failed::Park { error: error.to_string() })
}

fn standing(record: &CommandRecord) -> Result<RowStanding, Failed> {
    Ok(RowStanding {
        state: record.state.name(),
        attempts: number(record.attempts)?,
        first_sent_at: record.first_sent_at.map(|at| at.timestamp_micros()),
        answer: serde_json::to_string(record).map_err(|error| Failed::Park { error: error.to_string() })?,
    })
}
