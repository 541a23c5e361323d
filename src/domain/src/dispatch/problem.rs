//! The snapshot the engine is asked about: couriers with their runs, and deliveries nobody has yet.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::courier::Skill;
use crate::geo::Point;
use crate::id::{CourierId, DeliveryId, PickupPointId, RegionId};

/// What is done at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// Parcels come on board.
    PickUp,
    /// Parcels are handed to the customer.
    DropOff,
    /// Parcels go back to the shop.
    Return,
}

/// What the customer has said to the visit of a drop-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearance {
    /// Not asked: the ask follows from the plan.
    #[default]
    Unasked,
    /// Asked, or to be asked, at a moment: no answer can be there before it, and no visit.
    Asked {
        /// When.
        at: DateTime<Utc>,
    },
    /// They are home, and count on the arrival they were told.
    Confirmed,
    /// Asked by every means without an answer, and nobody may go for now: the stop stands behind all others. Where policy
    /// lets the courier try the door, leave it [`Clearance::Unasked`] and lower [`Stop::home_chance`].
    Silent,
    /// They asked to be left alone until then.
    Held {
        /// Nobody goes before.
        until: DateTime<Utc>,
    },
}

impl Clearance {
    /// No visit can start before.
    #[must_use]
    pub const fn opens_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Asked { at } => Some(at),
            Self::Held { until } => Some(until),
            Self::Unasked | Self::Confirmed | Self::Silent => None,
        }
    }
}

const fn certain() -> f64 {
    1.0
}

/// One thing to do at one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// For which delivery.
    pub delivery: DeliveryId,
    /// What is done.
    pub kind: StopKind,
    /// Where.
    pub point: Point,
    /// The pick-up point, where it is one: pick-ups there in a row cost one service, the longest of them.
    pub place: Option<PickupPointId>,
    /// Seconds from the start of the work to driving on.
    pub service_s: u32,
    /// Work does not start before this: the ready time of a pick-up; the start of the window or the end of the
    /// hold of a drop-off. Who comes earlier waits.
    pub not_before: Option<DateTime<Utc>>,
    /// The promise: work starts by this.
    pub due: Option<DateTime<Utc>>,
    /// Units that come on board (pick-up) or leave (drop-off, return).
    pub load: u32,
    /// Grams that come on board or leave; 0 where nothing is known.
    #[serde(default)]
    pub weight_g: u32,
    /// Of a drop-off: the customer's money is held for us until then. Nobody comes to the door later.
    #[serde(default)]
    pub hold_ends: Option<DateTime<Utc>>,
    /// The start somebody was told: moved only for a gain.
    #[serde(default)]
    pub told: Option<DateTime<Utc>>,
    /// Of a drop-off: what the customer has said. Together with `not_before` it is the gate: the later of the two.
    #[serde(default)]
    pub clearance: Clearance,
    /// Of a drop-off: the chance, from 0 to 1, that somebody is home. 1 where nothing is known.
    #[serde(default = "certain")]
    pub home_chance: f64,
}

/// A courier on shift. Ids differ within a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CourierState {
    /// Who.
    pub id: CourierId,
    /// Where they are, or will be at `free_at`.
    pub at: Point,
    /// From when they can move on.
    pub free_at: DateTime<Utc>,
    /// No pick-up starts after this; drop-offs may follow it.
    pub shift_ends_at: DateTime<Utc>,
    /// Where they have to be when the shift ends; `None` where they may end it anywhere.
    #[serde(default)]
    pub home: Option<Point>,
    /// They are on a break: nothing new is given to them before.
    #[serde(default)]
    pub break_until: Option<DateTime<Utc>>,
    /// What they are fit for.
    #[serde(default)]
    pub skills: Vec<Skill>,
    /// Most units on board at a time.
    pub capacity: u32,
    /// Units on board now.
    pub on_board: u32,
    /// Most grams on board at a time; `None` where nobody weighs.
    #[serde(default)]
    pub max_weight_g: Option<u32>,
    /// Grams on board now.
    #[serde(default)]
    pub on_board_g: u32,
    /// The regions they serve, their own first; an empty list serves none.
    pub regions: Vec<RegionId>,
    /// They have an offer they have not answered: nothing more is offered to them.
    pub has_offer: bool,
    /// Their run from now on, in order.
    pub stops: Vec<Stop>,
    /// The first so many stops may not be moved or preceded; more than there are means all of them.
    pub fixed: usize,
    /// Travel times are divided by this: above 1 for who is faster than others. Anything but a number above zero counts
    /// as 1.
    #[serde(default = "as_fast_as_others")]
    pub speed_factor: f64,
    /// So many deliveries, those in the run included, their guaranteed pay covers; `None` where nothing is guaranteed.
    #[serde(default)]
    pub covered: Option<u32>,
}

fn as_fast_as_others() -> f64 {
    1.0
}

impl CourierState {
    /// What travel times are multiplied by.
    pub(super) fn slowness(&self) -> f64 {
        let slowness = self.speed_factor.recip();
        if slowness.is_finite() && slowness > 0.0 { slowness } else { 1.0 }
    }
}

/// A delivery that waits for a courier. One that already stands in somebody's run is left where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenDelivery {
    /// Which.
    pub id: DeliveryId,
    /// The region it was accepted in.
    pub region: RegionId,
    /// Where and from when it is picked up.
    pub pick_up: Stop,
    /// Where, in which window and by when it is dropped off.
    pub drop_off: Stop,
    /// Who declined it already.
    pub declined: Vec<CourierId>,
    /// What its courier has to be fit for.
    #[serde(default)]
    pub needs: Vec<Skill>,
    /// Set when a dispatcher named the courier: nobody else may carry it.
    pub courier: Option<CourierId>,
    /// Who had it in the plan before, not told to anybody: kept where that costs little.
    #[serde(default)]
    pub tentative: Option<CourierId>,
    /// Who may carry it although they do not serve its region.
    #[serde(default)]
    pub widened: Vec<CourierId>,
}

/// Everything the engine knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The moment of the snapshot.
    pub now: DateTime<Utc>,
    /// Couriers on shift.
    pub couriers: Vec<CourierState>,
    /// Deliveries to place.
    pub deliveries: Vec<OpenDelivery>,
}
