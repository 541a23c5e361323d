//! Why a courier may not get a delivery: one rule a file, one code a rule.
//!
//! The first group looks at the courier and the delivery alone ([`may_carry`]); the second at a stop within a run
//! being tried, and is asked while the run is walked. A hold or a ready time refuses nobody: the courier waits,
//! until `wait_too_long` says it is too early to send anyone.

pub mod declined_before;
pub mod has_open_offer;
pub mod hold_ends;
pub mod lacks_skill;
pub mod off_duty;
pub mod on_break;
pub mod over_capacity;
pub mod over_weight;
pub mod region_not_served;
pub mod reserved_for_another;
pub mod shift_ends;
pub mod wait_too_long;
pub mod way_home;
pub mod window_missed;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::problem::{CourierState, OpenDelivery};

/// Why not. The order is how far a delivery came before it was refused: where every place in a run is refused,
/// the last of these that was met is the one told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The courier does not serve the delivery's region.
    RegionNotServed,
    /// The delivery needs something the courier is not fit for.
    LacksSkill,
    /// The courier's shift is over.
    OffDuty,
    /// The courier is on a break.
    OnBreak,
    /// A dispatcher gave the delivery to somebody else.
    ReservedForAnother,
    /// The courier declined this delivery before.
    DeclinedBefore,
    /// The courier has an offer they have not answered.
    HasOpenOffer,
    /// More units would be on board than fit.
    OverCapacity,
    /// More would be on board than the courier may carry.
    OverWeight,
    /// A pick-up would start after the end of the shift.
    ShiftEnds,
    /// The courier would wait longer than allowed: it is too early.
    WaitTooLong,
    /// The courier would not be back where they have to be when the shift ends.
    WayHome,
    /// The customer's money would not be held any more at the door.
    HoldEnds,
    /// The promise of this delivery, or of one already in the run, would be broken.
    WindowMissed,
}

impl Refusal {
    /// The stable code of the reason; the same word as on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RegionNotServed => "region_not_served",
            Self::LacksSkill => "lacks_skill",
            Self::OffDuty => "off_duty",
            Self::OnBreak => "on_break",
            Self::ReservedForAnother => "reserved_for_another",
            Self::DeclinedBefore => "declined_before",
            Self::HasOpenOffer => "has_open_offer",
            Self::OverCapacity => "over_capacity",
            Self::OverWeight => "over_weight",
            Self::ShiftEnds => "shift_ends",
            Self::WaitTooLong => "wait_too_long",
            Self::WayHome => "way_home",
            Self::HoldEnds => "hold_ends",
            Self::WindowMissed => "window_missed",
        }
    }

    /// The reason as a sentence, for a dispatcher.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::RegionNotServed => "The courier does not serve the delivery's region.",
            Self::LacksSkill => "The delivery needs something the courier is not fit for.",
            Self::OffDuty => "The courier's shift is over.",
            Self::OnBreak => "The courier is on a break.",
            Self::ReservedForAnother => "A dispatcher gave the delivery to somebody else.",
            Self::DeclinedBefore => "The courier declined this delivery before.",
            Self::HasOpenOffer => "The courier has an offer they have not answered.",
            Self::OverCapacity => "More parcels would be on board than fit.",
            Self::OverWeight => "More weight would be on board than the courier may carry.",
            Self::ShiftEnds => "It would be picked up after the end of the shift.",
            Self::WaitTooLong => "The courier would wait longer than allowed: it is too early.",
            Self::WayHome => "The courier would not be back in time when the shift ends.",
            Self::HoldEnds => "The customer's money would not be held any more at the door.",
            Self::WindowMissed => "The promise to this customer would be broken.",
        }
    }
}

/// The rules that need no run.
///
/// # Errors
/// The first [`Refusal`].
pub fn may_carry(courier: &CourierState, delivery: &OpenDelivery, now: DateTime<Utc>) -> Result<(), Refusal> {
    region_not_served::check(courier, delivery)?;
    lacks_skill::check(courier, delivery)?;
    off_duty::check(courier, now)?;
    on_break::check(courier, delivery, now)?;
    reserved_for_another::check(courier, delivery)?;
    declined_before::check(courier, delivery)?;
    has_open_offer::check(courier)
}
