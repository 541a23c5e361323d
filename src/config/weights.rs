//! `[dispatch.weights]`: what the engine finds good, as numbers.

use callahead_domain::dispatch::Weights;

use super::reader::Reader;

/// Points, at most: enough to outweigh everything else.
const MOST_POINTS: i64 = 1_000_000;
/// Seconds, at most: a week.
const MOST_S: i64 = 604_800;
/// Couriers a delivery is tried with, at most.
const MOST_CANDIDATES: i64 = 1_000;

pub(super) fn read(r: &mut Reader) -> Weights {
    Weights {
        late: r.whole("dispatch.weights.late", 0..=MOST_POINTS),
        late_doubles_after_s: r.whole("dispatch.weights.late_doubles_after_s", 0..=MOST_S),
        door: r.whole("dispatch.weights.door", 0..=MOST_POINTS),
        ready: r.whole("dispatch.weights.ready", 0..=MOST_POINTS),
        driving: r.whole("dispatch.weights.driving", 0..=MOST_POINTS),
        waiting: r.whole("dispatch.weights.waiting", 0..=MOST_POINTS),
        tolerance_s: r.whole("dispatch.weights.tolerance_s", 0..=MOST_S),
        max_wait_s: r.whole("dispatch.weights.max_wait_s", 0..=MOST_S),
        assumed_promise_s: r.whole("dispatch.weights.assumed_promise_s", 0..=MOST_S),
        moved: r.whole("dispatch.weights.moved", 0..=MOST_POINTS),
        moved_confirmed: r.whole("dispatch.weights.moved_confirmed", 0..=MOST_POINTS),
        told_slack_s: r.whole("dispatch.weights.told_slack_s", 0..=MOST_S),
        change_courier: r.whole("dispatch.weights.change_courier", 0..=MOST_POINTS),
        beyond_guarantee: r.whole("dispatch.weights.beyond_guarantee", 0..=MOST_POINTS),
        away: r.whole("dispatch.weights.away", 0..=MOST_POINTS),
        candidates: r.whole("dispatch.weights.candidates", 1..=MOST_CANDIDATES),
        allow_late: r.flag("dispatch.weights.allow_late"),
        keep_holds: r.flag("dispatch.weights.keep_holds"),
    }
}
