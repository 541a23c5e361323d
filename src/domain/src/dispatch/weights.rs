//! What the engine finds good, as numbers: policy, not code.

use serde::{Deserialize, Serialize};

/// Costs in points per second, and the bounds of the rules. All costs are zero or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// For each second after a promise.
    pub late: u32,
    /// A stop this many seconds late costs twice `late` per second, at twice this three times, and so on. 0 counts as 1.
    pub late_doubles_after_s: u32,
    /// For each second from now until a customer is served, for every drop-off: click-to-door.
    pub door: u32,
    /// For each second from ready to the pick-up, beside what it adds to click-to-door.
    pub ready: u32,
    /// For each second of driving.
    pub driving: u32,
    /// For each second a courier waits at a stop.
    pub waiting: u32,
    /// A promise counts as kept up to so many seconds after it.
    pub tolerance_s: u32,
    /// A courier is not sent where they would wait longer than this many seconds.
    pub max_wait_s: u32,
    /// A delivery without a promise is placed as if this many seconds after its ready time were one.
    pub assumed_promise_s: u32,
    /// A delivery whose promise nobody can keep is placed all the same, as little late as can be; nobody gains from
    /// one that is stuck. The promises of others are not broken for it.
    pub allow_late: bool,
    /// Nobody comes to a door after the customer's money has stopped being held.
    pub keep_holds: bool,
    /// Points for telling a customer another arrival than before.
    pub moved: u32,
    /// The same for one who has confirmed to be home then.
    pub moved_confirmed: u32,
    /// An arrival this many seconds from the one that was told is not another.
    pub told_slack_s: u32,
    /// Points for planning a delivery with another courier than an epoch ago.
    pub change_courier: u32,
    /// Points for each delivery beyond what a courier's guaranteed pay covers.
    pub beyond_guarantee: u32,
    /// Points for a delivery outside the courier's first region.
    pub away: u32,
    /// In a large problem a delivery is tried with so many couriers, those nearest to its pick-up. 0 counts as 1.
    pub candidates: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            late: 50,
            late_doubles_after_s: 600,
            door: 10,
            ready: 0,
            driving: 3,
            waiting: 1,
            tolerance_s: 60,
            max_wait_s: 1_800,
            assumed_promise_s: 3_600,
            allow_late: true,
            keep_holds: true,
            moved: 1_800,
            moved_confirmed: 9_000,
            told_slack_s: 300,
            change_courier: 600,
            beyond_guarantee: 300,
            away: 600,
            candidates: 24,
        }
    }
}
