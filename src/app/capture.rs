//! Money that is due: what a capture or a release is made of, and the record of the command sent for it.
//!
//! How a provider is spoken to is not known here. A job asks what is due ([`App::payment_due`]), writes its command
//! down before it sends it ([`App::put_command`]) and tells what came of it together with the end of the job
//! ([`super::queue::Conclusion`]).

use super::App;
use super::error::Error;
use super::queue::Hold;
use super::unit::Unit;
use crate::store::deliveries::{self, micros};
use crate::store::jobs::{self, Settled};
use crate::store::provider_commands::{self as commands, NewCommand};
use crate::store::tx::Tx;
use crate::store::{payments, queue};
use callahead_domain::delivery::Delivery;
use callahead_domain::id::{DeliveryId, HandOffId, OrderId, PaymentId};
use callahead_domain::money::Currency;
use callahead_domain::payment::PaymentState;
use chrono::{DateTime, Duration, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

pub use crate::store::provider_commands::Standing;

/// Take or give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyOp {
    /// Take.
    Capture,
    /// Give back.
    Release,
}

impl MoneyOp {
    /// The name in the column.
    pub fn name(self) -> &'static str {
        match self {
            MoneyOp::Capture => "capture",
            MoneyOp::Release => "release",
        }
    }

    /// The kind of its job.
    pub fn job_kind(self) -> &'static str {
        match self {
            MoneyOp::Capture => "capture_payment",
            MoneyOp::Release => "release_payment",
        }
    }
}

/// A command that was written down before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommand {
    /// Its row.
    pub id: Uuid,
    /// Number of its key.
    pub generation: i32,
    /// The key.
    pub idem_key: String,
    /// The exact bytes.
    pub body: String,
    /// Where it stands, by name.
    pub state: String,
    /// Tries over all keys.
    pub attempts: i32,
    /// What the job knew of it, in the job's own words.
    pub record: String,
}

/// Everything a command is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentWork {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its order.
    pub order: OrderId,
    /// The shop's own number of the order.
    pub external_id: Option<String>,
    /// The payment.
    pub payment: PaymentId,
    /// Who holds the money, by name.
    pub provider: String,
    /// What they call the payment.
    pub provider_ref: Option<String>,
    /// Where the shop takes payment requests.
    pub target_url: Option<String>,
    /// How they are signed.
    pub target_secret: Option<String>,
    /// Held, in minor units.
    pub authorised_minor: i64,
    /// To be taken or given back, in minor units.
    pub amount_minor: i64,
    /// The currency of both.
    pub currency: Currency,
    /// The confirmed hand-off; none for a release.
    pub hand_off: Option<HandOffId>,
    /// When it became due.
    pub since: DateTime<Utc>,
    /// The command under its newest key.
    pub stored: Option<StoredCommand>,
}

/// What a payment's job finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentDue {
    /// Nothing to do: it is settled, was taken back, or another job has it.
    Nothing,
    /// Not before this: the hand-off may still be taken back.
    Later(DateTime<Utc>),
    /// To be done now.
    Now(Box<PaymentWork>),
}

/// What is due of this kind: amount, hand-off, since.
fn due(delivery: &Delivery, op: MoneyOp, held_minor: i64) -> Option<(i64, Option<HandOffId>, DateTime<Utc>)> {
    match (op, &delivery.payment.state) {
        (
            MoneyOp::Capture,
            PaymentState::CaptureDue { hand_off, amount_minor, since }
            | PaymentState::CaptureUnknown { hand_off, amount_minor, since },
        ) => Some((*amount_minor, Some(*hand_off), *since)),
        (MoneyOp::Release, PaymentState::ReleaseDue { since }) => Some((held_minor, None, *since)),
        _ => None,
    }
}

/// A command on its way to be sent.
#[derive(Debug, Clone)]
pub struct PutCommand {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// Take or give back.
    pub op: MoneyOp,
    /// The amount it says, minor units.
    pub amount_minor: i64,
    /// The hand-off it says.
    pub hand_off: Option<HandOffId>,
    /// The payment.
    pub payment: PaymentId,
    /// As it stood when it was read.
    pub seen: Option<StoredCommand>,
    /// Number of the key it goes out with.
    pub generation: i32,
    /// The key.
    pub idem_key: String,
    /// The exact bytes.
    pub body: String,
    /// Where it stands from now on.
    pub standing: Standing,
}

/// What became of writing it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Written: it may be sent.
    Written {
        /// Its row.
        id: Uuid,
    },
    /// It is not due any more, or somebody else is at it: it must not be sent.
    Not,
}

/// A step of a command that was sent, as it is written with the end of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Its row.
    pub id: Uuid,
    /// Tries when it was last written.
    pub attempts: i32,
    /// Its state then.
    pub state: String,
    /// Where it stands now.
    pub standing: Standing,
}

/// Moves a command's row on.
pub(super) async fn advance(tx: &Tx, step: &Advance, now: DateTime<Utc>) -> Result<(), Error> {
    let seen = (step.id, step.attempts, step.state.as_str());
    if commands::advance(tx, seen, step.standing.clone(), micros(now)).await? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

#[derive(Debug)]
struct PutUnit {
    hold: Hold,
    put: PutCommand,
    id: Uuid,
    now: DateTime<Utc>,
    lease_until: i64,
}

impl Unit for PutUnit {
    type Output = Put;

    fn key(&self) -> Uuid {
        self.put.delivery.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<Put, Error> {
        if !self.is_due(tx.reader()).await? {
            return Ok(Put::Not);
        }
        // The whole lease is left for the sending.
        if jobs::extend(tx, self.hold.id, self.hold.fence, self.lease_until).await? == Settled::Lost {
            return Ok(Put::Not);
        }
        match &self.put.seen {
            Some(seen) if seen.generation == self.put.generation => self.same_key(tx, seen).await,
            seen => self.new_key(tx, seen.as_ref()).await,
        }
    }
}

impl PutUnit {
    /// Read again within the transaction: a hand-off taken back in the meantime cancels its capture.
    async fn is_due<C: ConnectionTrait>(&self, conn: &C) -> Result<bool, Error> {
        let put = &self.put;
        let loaded = deliveries::by_id(conn, put.delivery.uuid()).await?.ok_or(Error::Missing)?;
        let same = |(amount, hand_off, _)| amount == put.amount_minor && hand_off == put.hand_off;
        Ok(due(&loaded.delivery, put.op, put.amount_minor).is_some_and(same))
    }

    async fn same_key(&self, tx: &Tx, seen: &StoredCommand) -> Result<Put, Error> {
        let known = (seen.id, seen.attempts, seen.state.as_str());
        let written = commands::advance(tx, known, self.put.standing.clone(), micros(self.now)).await?;
        Ok(if written { Put::Written { id: seen.id } } else { Put::Not })
    }

    async fn new_key(&self, tx: &Tx, seen: Option<&StoredCommand>) -> Result<Put, Error> {
        if let Some(seen) = seen {
            let known = (seen.id, seen.attempts, seen.state.as_str());
            if !commands::give_up_key(tx, known, micros(self.now)).await? {
                return Ok(Put::Not);
            }
        }
        let put = &self.put;
        let new = NewCommand {
            id: self.id,
            payment_id: put.payment.uuid(),
            op: put.op.name(),
            generation: put.generation,
            idem_key: put.idem_key.clone(),
            body: put.body.clone(),
        };
        commands::insert(tx, new, put.standing.clone(), micros(self.now));
        Ok(Put::Written { id: self.id })
    }
}

impl App {
    /// What is due for this delivery's payment, with everything a command is made of.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn payment_due(
        &self,
        delivery: DeliveryId,
        op: MoneyOp,
        hold: Hold,
    ) -> Result<PaymentDue, Error> {
        let conn = self.db.read();
        let Some(loaded) = deliveries::by_id(conn, delivery.uuid()).await? else {
            return Ok(PaymentDue::Nothing);
        };
        let state = &loaded.delivery;
        let row = payments::by_id(conn, state.payment.id.uuid()).await?.ok_or(Error::Missing)?;
        let Some((amount_minor, hand_off, since)) = due(state, op, row.authorized_minor) else {
            return Ok(PaymentDue::Nothing);
        };
        if queue::has_younger(conn, delivery.uuid(), op.job_kind(), hold.id).await? {
            return Ok(PaymentDue::Nothing);
        }
        let book = self.book.get();
        if op == MoneyOp::Capture && matches!(state.payment.state, PaymentState::CaptureDue { .. }) {
            let policy = book.policy(state.region.map(|pin| pin.region), state.shop);
            let open_until = since + Duration::seconds(policy.reopen_s);
            if open_until > self.clock.now() {
                return Ok(PaymentDue::Later(open_until));
            }
        }
        let stored = commands::newest(conn, state.payment.id.uuid(), op.name()).await?;
        let shop = book.shops.get(&state.shop);
        Ok(PaymentDue::Now(Box::new(PaymentWork {
            delivery,
            order: state.order,
            external_id: payments::external_id(conn, state.order.uuid()).await?,
            payment: state.payment.id,
            provider: row.provider,
            provider_ref: row.provider_ref,
            target_url: shop.and_then(|shop| shop.provider_url.clone()),
            target_secret: shop.and_then(|shop| shop.provider_secret.clone()),
            authorised_minor: row.authorized_minor,
            amount_minor,
            currency: state.payment.currency,
            hand_off,
            since,
            stored: stored.map(|row| StoredCommand {
                id: row.id,
                generation: row.generation,
                idem_key: row.idem_key,
                body: row.body,
                state: row.state,
                attempts: row.attempts,
                record: row.answer.unwrap_or_default(),
            }),
        })))
    }

    /// Writes a command down before it is sent, if it is still due and the job still this worker's.
    ///
    /// # Errors
    /// When the database cannot be reached: then it must not be sent either.
    pub async fn put_command(&self, hold: Hold, put: PutCommand) -> Result<Put, Error> {
        let (id, now) =
            (self.ids().make(callahead_domain::id::RequestId::from_parts).uuid(), self.clock.now());
        self.lanes.write(PutUnit { hold, put, id, now, lease_until: micros(self.lease_end(now)) }).await
    }
}
