//! What the engine proposes.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::rules::Refusal;
use super::schedule::PlannedStop;
use crate::id::{CourierId, DeliveryId};

/// A courier's run with planned times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Whose.
    pub courier: CourierId,
    /// What was in the run before, in its order, and what is new.
    pub stops: Vec<PlannedStop>,
}

/// A delivery given to a courier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// To whom.
    pub courier: CourierId,
    /// How many seconds later the run ended for it when it was put in.
    pub added_s: i64,
    /// When the customer is served: the start of the drop-off, waiting included.
    pub arrive_at: DateTime<Utc>,
    /// Seconds that is after the promise; 0 if it is kept.
    pub late_s: i64,
}

/// A delivery nobody was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unassigned {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// For every courier, in the order of ids, why not. Judged against the planned runs.
    pub reasons: Vec<(CourierId, Refusal)>,
}

/// The answer to a problem.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// One run for each courier, in the order of ids; it may be empty.
    pub runs: Vec<Run>,
    /// In the order of couriers, then of pick-ups: the first of each courier is the one to offer.
    pub assignments: Vec<Assignment>,
    /// In the order of ids.
    pub unassigned: Vec<Unassigned>,
}
