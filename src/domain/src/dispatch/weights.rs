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
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            late: 50,
            late_doubles_after_s: 600,
            door: 10,
            driving: 3,
            waiting: 1,
            tolerance_s: 60,
            max_wait_s: 1_800,
            assumed_promise_s: 3_600,
            allow_late: true,
        }
    }
}

impl Weights {
    /// The points a stop costs that starts so many seconds after its promise.
    pub(super) fn late_cost(&self, late_s: i64) -> i64 {
        let steps = i64::from(self.late_doubles_after_s.max(1));
        let steep = late_s.saturating_add(late_s.saturating_mul(late_s) / steps);
        steep.saturating_mul(i64::from(self.late))
    }
}
