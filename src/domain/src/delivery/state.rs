//! Where the parcel is (stage), what the customer has said (gate), and the facts true in each.

pub use super::money::{Ending, Refund, RefundStage, Releasing};
use super::proof::HandOff;
use crate::actor::Actor;
use crate::call_ahead::answer::{Answer, Receiver};
use crate::call_ahead::ladder::{AskLog, PLAN_MOVES_S, RungKind};
use crate::geo::point::Point;
use crate::id::{AnswerId, CourierId, DeliveryId, OrderId, ParcelId, PaymentId, RegionId, ShopId};
use crate::payment::Payment;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Where the parcel is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Accepted from the shop; no courier yet.
    Received {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The address could not be placed.
    NeedsAddress {
        /// Why.
        reason: AddressProblem,
    },
    /// Proposed to a courier.
    Offered {
        /// To whom.
        courier: CourierId,
        /// The offer ends here.
        until: DateTime<Utc>,
    },
    /// A courier has it on their run.
    Assigned {
        /// Who.
        courier: CourierId,
    },
    /// The courier holds the parcels.
    Collected {
        /// Who.
        courier: CourierId,
    },
    /// On the way to the door.
    EnRoute {
        /// Who.
        courier: CourierId,
        /// What let them set off.
        clearance: Clearance,
    },
    /// At the door.
    AtDoor {
        /// Who.
        courier: CourierId,
        /// What let them set off.
        clearance: Clearance,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The customer has it.
    HandedOver {
        /// Who gave it.
        courier: CourierId,
        /// The hand-off and its proof.
        hand_off: HandOff,
    },
    /// On the way back to the shop.
    Returning {
        /// Who carries it.
        courier: CourierId,
        /// Why.
        reason: ReturnReason,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Back at the shop.
    Returned {
        /// When the shop took it in.
        at: DateTime<Utc>,
    },
    /// Cancelled before collection.
    Cancelled {
        /// Who cancelled.
        by: Actor,
        /// Why.
        reason: String,
        /// When.
        at: DateTime<Utc>,
        /// Whose run it was on.
        was: Option<CourierId>,
    },
    /// Lost or destroyed.
    Lost {
        /// Why.
        reason: String,
    },
}

/// Why an address could not be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressProblem {
    /// No point was given with the order.
    NotLocated,
    /// The point lies in no region.
    OutsideEveryRegion,
}

/// Why a parcel goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// Every attempt was used.
    AttemptsUsed,
    /// The customer does not want it.
    Refused,
    /// Cancelled after collection.
    Cancelled,
    /// Nobody answered, and the policy says so.
    Silence,
    /// A named person decided.
    Decided,
    /// The rest of a partial hand-off.
    PartlyTaken,
}

/// What the customer has said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// Too early; the time to ask follows from the plan.
    NotAsked,
    /// A rung waits for its reply.
    Asked {
        /// Which.
        rung: RungKind,
        /// Climbed when.
        asked_at: DateTime<Utc>,
        /// Waits until.
        reply_by: DateTime<Utc>,
    },
    /// Somebody will be home.
    Cleared {
        /// What it rests on.
        by: ClearedBy,
        /// Nobody arrives before.
        from: Option<DateTime<Utc>>,
        /// Goes stale here.
        valid_until: DateTime<Utc>,
    },
    /// Asked to come later.
    Held {
        /// Nobody goes before.
        until: DateTime<Utc>,
        /// The outcome that held it.
        reason: String,
    },
    /// The ladder is used up.
    Silent {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Does not want it.
    Refused {
        /// Why.
        reason: String,
    },
}

/// What a cleared gate rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClearedBy {
    /// The customer's answer.
    Answer {
        /// Which.
        answer: AnswerId,
    },
    /// A named person's decision.
    Override {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
}

/// The recorded decision that lets a courier set off to a door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Clearance {
    /// The customer's answer.
    Answer {
        /// Which.
        answer: AnswerId,
    },
    /// The region's policy.
    Policy {
        /// `gate_off`, `try_door` or `last`.
        rule: String,
    },
    /// A named person's decision.
    Override {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
}

/// The latest clearing, kept after it went stale so that an action done offline is judged by its own moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cleared {
    /// What it rests on.
    pub by: ClearedBy,
    /// Cleared since.
    pub since: DateTime<Utc>,
    /// Nobody arrives before.
    pub from: Option<DateTime<Utc>>,
    /// Held until, or until another answer took it back.
    pub until: DateTime<Utc>,
}

/// Who has a parcel; always exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "holder", rename_all = "snake_case")]
pub enum Holder {
    /// The shop.
    Shop,
    /// A courier.
    Courier {
        /// Who.
        courier: CourierId,
    },
    /// The customer or the named receiver.
    Customer,
    /// Nobody any more.
    Lost,
}

/// One physical piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parcel {
    /// Its id.
    pub id: ParcelId,
    /// 1, 2, 3 … within the order.
    pub number: i32,
    /// What the courier scans.
    pub barcode: String,
    /// Its share of the payment in minor units, if the shop gave one.
    pub value_minor: Option<i64>,
    /// Who has it.
    pub holder: Holder,
}

/// The region and the version a delivery was accepted under; redrawing moves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionPin {
    /// Which.
    pub region: RegionId,
    /// Which drawing of it.
    pub version: i32,
}

/// A promised window, kept with the zone it was given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Not before.
    pub from: DateTime<Utc>,
    /// Not after.
    pub until: DateTime<Utc>,
    /// The zone of the people who gave it.
    pub zone: Tz,
}

/// What the run says of this door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Arrival at the door.
    pub arrive_at: DateTime<Utc>,
    /// Duration of the last leg in seconds.
    pub leg_s: i64,
}

impl Planned {
    /// Whether these times are worth telling anew: the arrival or the last leg moved by [`PLAN_MOVES_S`] or more, or the
    /// stops come in another order and this door at any other time.
    pub fn moves_to(&self, arrive_at: DateTime<Utc>, leg_s: i64, resequenced: bool) -> bool {
        let least_s = if resequenced { 1 } else { PLAN_MOVES_S };
        (self.arrive_at - arrive_at).num_seconds().abs() >= least_s || (self.leg_s - leg_s).abs() >= least_s
    }
}

/// The six-digit code's counters; the code itself is derived and never stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeState {
    /// Which rotation is valid.
    pub rotation: u32,
    /// Wrong tries in this rotation.
    pub tries: u32,
    /// Since when it is valid; absent for the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// When the last changing code that was taken had been shown; nothing shown up to then counts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<DateTime<Utc>>,
}

/// Tries per rotation; then the code is locked until it is rotated.
pub const CODE_TRIES: u32 = 5;

impl CodeState {
    /// Whether no further try is evaluated.
    pub fn locked(self) -> bool {
        self.tries >= CODE_TRIES
    }

    /// The rotation that was valid at a moment, as far back as the one before this.
    pub fn rotation_at(self, at: DateTime<Utc>) -> u32 {
        self.rotation.saturating_sub(u32::from(self.since.is_some_and(|since| at < since)))
    }
}

/// A failed attempt that may still be undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: FailReason,
    /// Who was there.
    pub courier: CourierId,
    /// What had let them go.
    pub clearance: Clearance,
    /// Since when they had been at the door.
    pub at_door_since: DateTime<Utc>,
}

impl Failed {
    /// Whether a return for this reason is the attempt's own consequence.
    pub fn began(&self, reason: ReturnReason) -> bool {
        match reason {
            ReturnReason::AttemptsUsed => true,
            ReturnReason::Refused => self.reason == FailReason::Refused,
            _ => false,
        }
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailReason {
    /// Nobody opened.
    NotHome,
    /// The address does not exist or was not found.
    CantFindAddress,
    /// No way in.
    NoAccess,
    /// The customer refused at the door.
    Refused,
    /// The place is not safe.
    Unsafe,
    /// The required proof could not be given.
    MissingProof,
    /// Something else.
    Other,
}

impl FailReason {
    /// Whether the courier need not wait at the door first.
    pub fn skips_waiting(self) -> bool {
        matches!(self, Self::Unsafe | Self::Refused | Self::CantFindAddress | Self::NoAccess)
    }
}

/// Something about a delivery that a person must look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// The customer wrote words we do not surely understand.
    CustomerWrote,
    /// The number belongs to somebody else.
    WrongNumber,
    /// The customer asked for another place that is not placed.
    OtherPlace,
    /// The hand-off happened before the cancellation reached the courier: a refund is to be offered.
    DeliveredBeforeCancellation,
    /// A notice could not be sent by any channel.
    NoticeFailed,
    /// The courier's phone clock was off.
    ClockOff,
    /// The courier said to be at the door far away from it.
    ArrivedFarAway,
    /// Money that was to be given back did not reach the customer.
    RefundFailed,
}

/// A raised flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    /// Which.
    pub kind: FlagKind,
    /// Since when.
    pub since: DateTime<Utc>,
    /// In words.
    pub detail: String,
}

/// The life of bringing one order to one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The order it brings.
    pub order: OrderId,
    /// The shop that owns it.
    pub shop: ShopId,
    /// When the order was accepted.
    pub accepted_at: DateTime<Utc>,
    /// Region and version it was accepted under.
    pub region: Option<RegionPin>,
    /// The door.
    pub place: Option<Point>,
    /// The parcels can be collected from here on.
    pub ready_at: DateTime<Utc>,
    /// The promised window, if one was given.
    pub window: Option<Window>,
    /// The promise: end of the window, or what the policy says.
    pub promised_by: DateTime<Utc>,
    /// The pieces.
    pub parcels: Vec<Parcel>,
    /// Where the parcel is.
    pub stage: Stage,
    /// What the customer has said.
    pub gate: Gate,
    /// Failed attempts at the door.
    pub attempts: u32,
    /// Who declined or let an offer expire.
    pub declined: Vec<CourierId>,
    /// Offers that came to nothing: declined or expired.
    pub rounds: u32,
    /// What the run says.
    pub planned: Option<Planned>,
    /// The arrival the customer was last told.
    pub quoted: Option<DateTime<Utc>>,
    /// How often they were disturbed.
    pub ask_log: AskLog,
    /// Ladders climbed to the end.
    pub ask_rounds: u32,
    /// Why this number is not contacted any more.
    pub contact_stopped: Option<String>,
    /// The answer that counts.
    pub answer: Option<Answer>,
    /// That answer was said on the way or at the door, against coming, and has not moved the gate yet.
    pub late_word: bool,
    /// The latest clearing.
    pub cleared: Option<Cleared>,
    /// Who takes it instead of the customer.
    pub receiver: Option<Receiver>,
    /// The code's counters.
    pub code: CodeState,
    /// The confirmed hand-off of the parcels already taken, if only some were.
    pub partial: Option<HandOff>,
    /// The attempt that may be undone.
    pub failed: Option<Failed>,
    /// The address in the customer's own words, where it could not be placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_told: Option<String>,
    /// The shop's later note for the courier, in place of the one the order came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Open matters for a person.
    pub flags: Vec<Flag>,
    /// Where the provider's hold ends, kept so that a reopened hand-off finds it again.
    pub authorised_until: Option<DateTime<Utc>>,
    /// The customer's money.
    pub payment: Payment,
    /// What was done about a hold that ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// The new hold that was asked for while the present one stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<PaymentId>,
    /// Holds that are to be given back beside the present payment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releasing: Vec<Releasing>,
    /// What was given back of the captured amount, or is to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
}

macro_rules! kinds {
    ($(#[$meta:meta])* $kind:ident of $state:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $kind { $(
            #[doc = concat!("`", $name, "`")]
            $variant
        ),+ }
        impl $kind {
            /// Every one, in the order of the documentation.
            pub const ALL: &[$kind] = &[$($kind::$variant),+];
            /// The wire name.
            pub fn name(self) -> &'static str { match self { $($kind::$variant => $name),+ } }
            /// From the wire name.
            pub fn parse(name: &str) -> Option<$kind> { Self::ALL.iter().copied().find(|kind| kind.name() == name) }
        }
        impl $state {
            /// The state without its facts.
            pub fn kind(&self) -> $kind { match self { $($state::$variant { .. } => $kind::$variant),+ } }
        }
    };
}

kinds! {
    /// A stage without its facts.
    StageKind of Stage {
        Received => "received", NeedsAddress => "needs_address", Offered => "offered", Assigned => "assigned",
        Collected => "collected", EnRoute => "en_route", AtDoor => "at_door", HandedOver => "handed_over",
        Returning => "returning", Returned => "returned", Cancelled => "cancelled", Lost => "lost",
    }
}

kinds! {
    /// A gate without its facts.
    GateKind of Gate {
        NotAsked => "not_asked", Asked => "asked", Cleared => "cleared", Held => "held", Silent => "silent",
        Refused => "refused",
    }
}

impl StageKind {
    /// Whether nothing moves the parcel any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::HandedOver | Self::Returned | Self::Cancelled | Self::Lost)
    }
}

impl Stage {
    /// The courier concerned, if any.
    pub fn courier(&self) -> Option<CourierId> {
        match self {
            Stage::Offered { courier, .. }
            | Stage::Assigned { courier }
            | Stage::Collected { courier }
            | Stage::EnRoute { courier, .. }
            | Stage::AtDoor { courier, .. }
            | Stage::HandedOver { courier, .. }
            | Stage::Returning { courier, .. } => Some(*courier),
            _ => None,
        }
    }
}

impl Delivery {
    /// The courier who has this on their run now (offered does not count, nor what has ended).
    pub fn runner(&self) -> Option<CourierId> {
        match &self.stage {
            Stage::Offered { .. } | Stage::HandedOver { .. } => None,
            stage => stage.courier(),
        }
    }

    /// Whether asking makes sense now: a courier is to go, and has not set off.
    pub fn is_askable(&self) -> bool {
        matches!(self.stage, Stage::Assigned { .. } | Stage::Collected { .. })
    }

    /// The arrival the customer was told and counts on, until the courier sets off. `None` where nothing they were told
    /// holds any more.
    pub fn told_arrival(&self) -> Option<DateTime<Utc>> {
        let counts = self.is_askable() && matches!(self.gate, Gate::Asked { .. } | Gate::Cleared { .. });
        self.quoted.filter(|_| counts && self.planned.is_some())
    }

    /// The arrival shown to the customer: the one they were told, which moves only with a word
    /// (`stop.arrival_moved`); the plan's own before anything was told and once the courier is on the way.
    pub fn shown_arrival(&self) -> Option<DateTime<Utc>> {
        self.told_arrival().or(self.planned.map(|planned| planned.arrive_at))
    }

    /// Value of the parcels the customer has, in minor units, if the payment can be divided so: what is not taken is
    /// taken off the whole. `None` when a parcel that is not taken has no value of its own.
    pub fn taken_minor(&self, taken: impl Fn(&Parcel) -> bool) -> Option<i64> {
        let mut amount = self.payment.amount_minor;
        for parcel in self.parcels.iter().filter(|parcel| !taken(parcel)) {
            amount = amount.checked_sub(parcel.value_minor?)?;
        }
        (amount > 0).then_some(amount)
    }

    /// When the last leg would end if the courier left at `at`.
    pub fn arrival_if_leaving(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + Duration::seconds(self.planned.map_or(0, |planned| planned.leg_s))
    }
}
