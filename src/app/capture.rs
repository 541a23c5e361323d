//! Money that is due: what a command to a provider is made of, and the record of the command sent for it.
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
use callahead_domain::delivery::state::{Refund, RefundStage};
use callahead_domain::id::{DeliveryId, HandOffId, OrderId, PaymentId, RefundId};
use callahead_domain::money::Currency;
use callahead_domain::payment::{PaymentState, provider};
use chrono::{DateTime, Duration, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

pub use crate::store::provider_commands::Standing;

/// What is asked of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyOp {
    /// Hold.
    Authorise,
    /// Take.
    Capture,
    /// Give a hold back.
    Release,
    /// Give back what was taken.
    Refund,
}

impl MoneyOp {
    /// The name in the column.
    pub fn name(self) -> &'static str {
        match self {
            MoneyOp::Authorise => "authorise",
            MoneyOp::Capture => "capture",
            MoneyOp::Release => "release",
            MoneyOp::Refund => "refund",
        }
    }
}

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What is asked.
    pub op: MoneyOp,
    /// Of which payment; absent: the delivery's present one.
    pub payment: Option<PaymentId>,
    /// Which refund; for a refund only.
    pub refund: Option<RefundId>,
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
    /// What the money is taken from, in the provider's words.
    pub method: Option<String>,
    /// Which refund; for a refund only.
    pub refund: Option<RefundId>,
    /// Held or to be held, in minor units.
    pub authorised_minor: i64,
    /// To be held, taken or given back, in minor units.
    pub amount_minor: i64,
    /// The currency of both.
    pub currency: Currency,
    /// The confirmed hand-off; for a capture only.
    pub hand_off: Option<HandOffId>,
    /// When it became due.
    pub since: DateTime<Utc>,
    /// The command under its newest key.
    pub stored: Option<StoredCommand>,
    /// The command that asked for the hold, if one did and a release is due.
    pub asked_for: Option<StoredCommand>,
    /// Whether nobody asked the provider for this hold: it comes with the order, or there is none to ask for.
    pub comes_held: bool,
}

/// A payment as it stands with us.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentSeen {
    /// Its delivery.
    pub delivery: Delivery,
    /// Who holds the money, by name.
    pub provider: String,
    /// What they call it.
    pub reference: Option<String>,
    /// Where the shop takes payment requests.
    pub target_url: Option<String>,
    /// How they are signed.
    pub target_secret: Option<String>,
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

/// What is due: the amount, the hand-off, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    amount_minor: i64,
    hand_off: Option<HandOffId>,
    since: DateTime<Utc>,
}

/// What is due of a payment, whose row says so much is held or to be held.
fn due(delivery: &Delivery, subject: Subject, row: &entity::payment::Model) -> Option<Due> {
    let present = delivery.payment.id.uuid() == row.id;
    let whole = |since| Due { amount_minor: row.authorized_minor, hand_off: None, since };
    match (subject.op, &delivery.payment.state) {
        (MoneyOp::Authorise, PaymentState::Authorising { since, .. }) if present => Some(whole(*since)),
        (MoneyOp::Authorise, _) => {
            let renewal = delivery.renewal.is_some_and(|renewal| renewal.uuid() == row.id);
            renewal.then(|| whole(deliveries::instant(row.updated_at)))
        }
        (
            MoneyOp::Capture,
            PaymentState::CaptureDue { hand_off, amount_minor, since }
            | PaymentState::CaptureUnknown { hand_off, amount_minor, since },
        ) if present => Some(Due { amount_minor: *amount_minor, hand_off: Some(*hand_off), since: *since }),
        (MoneyOp::Capture, _) => None,
        (MoneyOp::Release, PaymentState::ReleaseDue { since }) if present => Some(whole(*since)),
        (MoneyOp::Release, _) => {
            let beside = delivery.releasing.iter().find(|hold| hold.payment.uuid() == row.id);
            beside.map(|hold| whole(hold.since))
        }
        (MoneyOp::Refund, _) => {
            let open = |refund: &&Refund| {
                Some(refund.id) == subject.refund && refund.stage == RefundStage::Requested
            };
            let refund = delivery.refunds.iter().find(open)?;
            let since = deliveries::instant(row.updated_at);
            Some(Due { amount_minor: refund.amount_minor, hand_off: None, since })
        }
    }
}

/// The payment a subject speaks of: a refund's own, else the one named, else the present one.
async fn row_of<C: ConnectionTrait>(
    conn: &C,
    delivery: &Delivery,
    subject: Subject,
) -> Result<Option<entity::payment::Model>, Error> {
    let id = match subject.refund {
        Some(refund) => payments::refund_by_id(conn, refund.uuid()).await?.map(|row| row.payment_id),
        None => Some(subject.payment.unwrap_or(delivery.payment.id).uuid()),
    };
    Ok(match id {
        Some(id) => payments::by_id(conn, id).await?,
        None => None,
    })
}

fn stored(row: entity::provider_command::Model) -> StoredCommand {
    StoredCommand {
        id: row.id,
        generation: row.generation,
        idem_key: row.idem_key,
        body: row.body,
        state: row.state,
        attempts: row.attempts,
        record: row.answer.unwrap_or_default(),
    }
}

/// A command on its way to be sent.
#[derive(Debug, Clone)]
pub struct PutCommand {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// What it is about.
    pub subject: Subject,
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
        if let Some(refund) = self.put.subject.refund {
            payments::refund_under_way(tx, refund.uuid(), "sent", micros(self.now)).await?;
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
        let Some(row) = row_of(conn, &loaded.delivery, put.subject).await? else { return Ok(false) };
        let same = |due: Due| due.amount_minor == put.amount_minor && due.hand_off == put.hand_off;
        Ok(row.id == put.payment.uuid() && due(&loaded.delivery, put.subject, &row).is_some_and(same))
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
            refund_id: put.subject.refund.map(|refund| refund.uuid()),
            op: put.subject.op.name(),
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
        subject: Subject,
        hold: Hold,
    ) -> Result<PaymentDue, Error> {
        let conn = self.db.read();
        let Some(loaded) = deliveries::by_id(conn, delivery.uuid()).await? else {
            return Ok(PaymentDue::Nothing);
        };
        let state = &loaded.delivery;
        let Some(row) = row_of(conn, state, subject).await? else { return Ok(PaymentDue::Nothing) };
        let Some(due) = due(state, subject, &row) else { return Ok(PaymentDue::Nothing) };
        if subject.op == MoneyOp::Capture {
            if queue::has_younger(conn, delivery.uuid(), "capture_payment", hold.id).await? {
                return Ok(PaymentDue::Nothing);
            }
            if let Some(open_until) = self.may_be_taken_back(state, due.since) {
                return Ok(PaymentDue::Later(open_until));
            }
        }
        let refund = subject.refund.map(|refund| refund.uuid());
        let newest = commands::newest(conn, row.id, subject.op.name(), refund).await?;
        let asked_for = match subject.op {
            MoneyOp::Release => commands::newest(conn, row.id, MoneyOp::Authorise.name(), None).await?,
            _ => None,
        };
        let book = self.book.get();
        let shop = book.shops.get(&state.shop);
        Ok(PaymentDue::Now(Box::new(PaymentWork {
            delivery,
            order: state.order,
            external_id: payments::external_id(conn, state.order.uuid()).await?,
            payment: PaymentId::from_uuid(row.id),
            target_url: shop.and_then(|shop| shop.provider_url.clone()),
            target_secret: shop.and_then(|shop| shop.provider_secret.clone()),
            comes_held: provider::starts_authorised(&row.provider),
            provider: row.provider,
            provider_ref: row.provider_ref,
            method: row.method,
            refund: subject.refund,
            authorised_minor: row.authorized_minor,
            amount_minor: due.amount_minor,
            currency: state.payment.currency,
            hand_off: due.hand_off,
            since: due.since,
            stored: newest.map(stored),
            asked_for: asked_for.map(stored),
        })))
    }

    /// A payment with its delivery, to be compared with a provider's books; none when there is no such payment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn payment_seen(
        &self,
        delivery: DeliveryId,
        payment: PaymentId,
    ) -> Result<Option<PaymentSeen>, Error> {
        let conn = self.db.read();
        let Some(loaded) = deliveries::by_id(conn, delivery.uuid()).await? else { return Ok(None) };
        let Some(row) = payments::by_id(conn, payment.uuid()).await? else { return Ok(None) };
        let book = self.book.get();
        let shop = book.shops.get(&loaded.delivery.shop);
        Ok(Some(PaymentSeen {
            target_url: shop.and_then(|shop| shop.provider_url.clone()),
            target_secret: shop.and_then(|shop| shop.provider_secret.clone()),
            provider: row.provider,
            reference: row.provider_ref,
            delivery: loaded.delivery,
        }))
    }

    /// Until when a hand-off may still be taken back, if it may.
    fn may_be_taken_back(&self, state: &Delivery, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let waits = matches!(state.payment.state, PaymentState::CaptureDue { .. });
        let open_until = since + Duration::seconds(self.policy_of(state).reopen_s);
        (waits && open_until > self.clock.now()).then_some(open_until)
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
