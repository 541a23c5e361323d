//! Takes a customer's money after a confirmed hand-off, or gives a hold back: exactly once, whatever gets lost.
//!
//! The decisions are [`crate::pay::exactly_once`]'s; this carries them out. The command is committed as sent before its
//! request leaves, under the job's lease and only while it is still due; what the answer means for the command, the
//! payment and the job is one transaction.

use super::Work;
use crate::app::Error;
use crate::app::capture::{Advance, MoneyOp, PaymentDue, PaymentWork, Put, PutCommand, Standing};
use crate::app::change::EffectJob;
use crate::app::queue::{Conclusion, Settle};
use crate::jobs::backoff::Failed;
use crate::lifecycle::crash_point;
use crate::pay::exactly_once::{self as once, CommandRecord, CommandState, End, Step};
use crate::pay::shop::wire::{CommandFacts, command_body};
use crate::pay::{Frozen, Op, Outcome, PaymentProvider, PaymentRef, ShopTarget};
use callahead_domain::delivery::Command;
use callahead_domain::money::Money;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

/// A command's row as it was last written.
struct Row {
    id: Uuid,
    attempts: i32,
    state: String,
}

/// One payment, its provider and where it is reached.
struct Till<'a> {
    work: &'a Work<'a>,
    op: MoneyOp,
    due: &'a PaymentWork,
    provider: &'a dyn PaymentProvider,
    target: ShopTarget,
}

/// Carries out what is due.
///
/// # Errors
/// The decision about a failure.
pub async fn run(work: &Work<'_>, op: MoneyOp) -> Result<(), Failed> {
    let payload: EffectJob = work.payload()?;
    let found = work.app.payment_due(payload.delivery, op, work.hold()).await;
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
            Till { work, op, due: &due, provider: provider.as_ref(), target }.settle().await
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
    let fresh =
        || CommandRecord::queued(once::key_stem(&env, due.payment, op), op, due.amount_minor, due.currency);
    let Some(stored) = &due.stored else { return Ok(fresh()) };
    let record: CommandRecord = serde_json::from_str(&stored.record)
        .map_err(|error| Failed::Park { error: format!("the command's record cannot be read: {error}") })?;
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

fn wire_op(op: MoneyOp) -> Op {
    match op {
        MoneyOp::Capture => Op::Capture,
        MoneyOp::Release => Op::Release,
    }
}

impl Till<'_> {
    async fn settle(&self) -> Result<(), Failed> {
        let record = known(self.work, self.op, self.due, self.now())?;
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
            op: self.op,
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
            tracing::warn!(payment = %self.due.payment, op = self.op.name(), why, "nobody knows what came of it");
        }
        let row = Row { id, attempts: number(record.attempts)?, state: record.state.name().to_owned() };
        self.conclude(Some(row), once::after(&record, &outcome, self.now()), &why).await
    }

    fn body(&self, idem_key: &str) -> Result<String, Failed> {
        let amount = Money::new(self.due.amount_minor, self.due.currency)
            .map_err(|error| Failed::Park { error: error.to_string() })?;
        Ok(command_body(&CommandFacts {
            op: wire_op(self.op),
            idem_key: idem_key.to_owned(),
            payment_id: self.due.payment,
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
            op: wire_op(self.op),
            body,
            payment: self.reference(),
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
        match (self.op, &record.end) {
            (MoneyOp::Capture, Some(End::Done { snapshot })) => Some(Command::RecordCaptured {
                amount_minor: self.due.amount_minor,
                reference: snapshot.reference.clone(),
            }),
            (MoneyOp::Capture, Some(End::Refused { code, .. })) => {
                Some(Command::RecordCaptureFailed { code: code.clone() })
            }
            (MoneyOp::Capture, Some(End::Dead { why })) => {
                Some(Command::RecordCaptureUnknown { why: why.clone() })
            }
            (MoneyOp::Capture, None) if record.state != CommandState::Queued => {
                Some(Command::RecordCaptureUnknown { why: unclear.to_owned() })
            }
            (MoneyOp::Release, Some(End::Done { .. })) => Some(Command::RecordReleased),
            (MoneyOp::Capture | MoneyOp::Release, _) => None,
        }
    }

    fn verdict(&self, record: &CommandRecord, unclear: &str) -> Settle {
        match (self.op, &record.end) {
            (_, Some(End::Done { .. })) | (MoneyOp::Capture, Some(End::Refused { .. })) => Settle::Finish,
            (MoneyOp::Release, Some(End::Refused { code, message })) => {
                Settle::Park { error: format!("the hold was not given back: {code} {message}") }
            }
            (_, Some(End::Dead { why })) => Settle::Park { error: why.clone() },
            (_, None) => {
                // The books that cannot be asked are asked less and less often, too.
                let at = record.next_at.unwrap_or_else(|| self.now()).max(self.work.next_try());
                Settle::RetryAt { at, error: unclear.to_owned() }
            }
        }
    }
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

fn standing(record: &CommandRecord) -> Result<Standing, Failed> {
    Ok(Standing {
        state: record.state.name(),
        attempts: number(record.attempts)?,
        first_sent_at: record.first_sent_at.map(|at| at.timestamp_micros()),
        answer: serde_json::to_string(record).map_err(|error| Failed::Park { error: error.to_string() })?,
    })
}
