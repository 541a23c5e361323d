//! What a decision of a dispatcher's own would do to a courier: when everybody would be served, who would be late by it,
//! and which rules it would break. Nothing is reckoned here: the engine makes the run, the checker finds what is broken.

use chrono::{DateTime, Utc};

use super::checker::{Breach, check};
use super::engine::plain;
use super::plan::Plan;
use super::problem::{CourierState, OpenDelivery, Problem, Stop, StopKind};
use super::rules::Refusal;
use super::schedule::{PlannedStop, schedule};
use super::weights::Weights;
use crate::courier::Skill;
use crate::geo::TravelTimes;
use crate::id::{CourierId, DeliveryId};

/// One courier's run before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    /// Whose.
    pub courier: CourierId,
    /// From when they can move on.
    pub free_at: DateTime<Utc>,
    /// The run as it stands.
    pub before: Vec<PlannedStop>,
    /// The run as it would be.
    pub after: Vec<PlannedStop>,
    /// Rules that would be broken, and for which delivery; sorted, each once.
    pub broken: Vec<(Refusal, DeliveryId)>,
}

/// What happens to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// Whose parcels.
    pub delivery: DeliveryId,
    /// When they would be served.
    pub arrive_at: DateTime<Utc>,
    /// Seconds that is after the promise.
    pub late_s: i64,
    /// Seconds of these that are new.
    pub late_added_s: i64,
    /// Seconds later than in the run as it stands, less than 0 if earlier; `None` for what is not in it.
    pub later_s: Option<i64>,
}

/// What it would mean for a courier to carry these deliveries too, whether or not the rules let them: the cheapest places
/// that keep the rules, or the cheapest there are. A promise of theirs that nobody in their place could keep counts as
/// broken as well.
#[must_use]
pub fn what_if(
    courier: &CourierState,
    deliveries: &[OpenDelivery],
    now: DateTime<Utc>,
    travel: &dyn TravelTimes,
    weights: &Weights,
) -> WhatIf {
    let problem = Problem { now, couriers: vec![courier.clone()], deliveries: deliveries.to_vec() };
    let mut plan = plain(&problem, travel, weights);
    if !plan.unassigned.is_empty() {
        plan = plain(&unbound(&problem), travel, &without_bounds(weights));
    }
    let broken = broken(&problem, &plan, travel, weights);
    let after = plan.runs.into_iter().flat_map(|run| run.stops).collect();
    let before = schedule(courier, &courier.stops, travel);
    WhatIf { courier: courier.id, free_at: courier.free_at, before, after, broken }
}

/// What it would mean for a courier to lose these deliveries.
#[must_use]
pub fn what_if_without(
    courier: &CourierState,
    deliveries: &[DeliveryId],
    travel: &dyn TravelTimes,
) -> WhatIf {
    let before = schedule(courier, &courier.stops, travel);
    let kept = courier.stops.iter().filter(|stop| !deliveries.contains(&stop.delivery));
    let kept: Vec<Stop> = kept.cloned().collect();
    let after = schedule(courier, &kept, travel);
    WhatIf { courier: courier.id, free_at: courier.free_at, before, after, broken: Vec::new() }
}

/// The same problem for a courier no rule holds back.
fn unbound(problem: &Problem) -> Problem {
    let mut free = problem.clone();
    for courier in &mut free.couriers {
        courier.regions.extend(problem.deliveries.iter().map(|open| open.region));
        courier.shift_ends_at = DateTime::<Utc>::MAX_UTC;
        courier.capacity = u32::MAX;
        courier.has_offer = false;
        courier.max_weight_g = None;
        courier.home = None;
        courier.break_until = None;
        courier.skills = Skill::ALL.to_vec();
    }
    for open in &mut free.deliveries {
        open.declined.clear();
        open.courier = None;
    }
    free
}

fn without_bounds(weights: &Weights) -> Weights {
    Weights { tolerance_s: u32::MAX, max_wait_s: u32::MAX, allow_late: true, keep_holds: false, ..*weights }
}

fn broken(
    problem: &Problem,
    plan: &Plan,
    travel: &dyn TravelTimes,
    weights: &Weights,
) -> Vec<(Refusal, DeliveryId)> {
    let strict = Weights { allow_late: false, ..*weights };
    let found = check(problem, plan, travel, &strict).into_iter();
    let mut broken: Vec<(Refusal, DeliveryId)> =
        found.filter_map(|violation| Some((violation.breach.rule()?, violation.delivery?))).collect();
    // What found no place even so tells why.
    let left = plan.unassigned.iter();
    broken.extend(left.flat_map(|left| left.reasons.iter().map(|(_, refusal)| (*refusal, left.delivery))));
    broken.sort_unstable();
    broken.dedup();
    broken
}

impl WhatIf {
    /// Everybody it changes something for, in the order of the run: new ones, and those served at another time.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let doors = self.after.iter().filter(|planned| planned.stop.kind == StopKind::DropOff);
        let effects = doors.map(|planned| {
            let same = |was: &&PlannedStop| was.stop == planned.stop;
            let was = self.before.iter().find(same);
            Effect {
                delivery: planned.stop.delivery,
                arrive_at: planned.start_at,
                late_s: planned.late_s(),
                late_added_s: planned.late_s() - was.map_or(0, PlannedStop::late_s),
                later_s: was.map(|was| (planned.start_at - was.start_at).num_seconds()),
            }
        });
        effects.filter(|effect| effect.later_s != Some(0)).collect()
    }

    /// Seconds of driving it adds, less than 0 if it saves some.
    #[must_use]
    pub fn driving_added_s(&self) -> i64 {
        driving_s(self.free_at, &self.after) - driving_s(self.free_at, &self.before)
    }
}

/// Seconds on the way in a planned run.
fn driving_s(free_at: DateTime<Utc>, run: &[PlannedStop]) -> i64 {
    let left_at = std::iter::once(free_at).chain(run.iter().map(|planned| planned.depart_at));
    left_at.zip(run).map(|(left_at, planned)| (planned.arrive_at - left_at).num_seconds()).sum()
}

impl Breach {
    /// The rule that is broken; none for what no dispatcher's decision can bring about.
    #[must_use]
    pub const fn rule(self) -> Option<Refusal> {
        Some(match self {
            Self::OverCapacity => Refusal::OverCapacity,
            Self::RegionNotServed => Refusal::RegionNotServed,
            Self::LacksSkill => Refusal::LacksSkill,
            Self::OffDuty => Refusal::OffDuty,
            Self::OnBreak => Refusal::OnBreak,
            Self::OverWeight => Refusal::OverWeight,
            Self::WayHome => Refusal::WayHome,
            Self::HoldEnds => Refusal::HoldEnds,
            Self::ReservedForAnother => Refusal::ReservedForAnother,
            Self::DeclinedBefore => Refusal::DeclinedBefore,
            Self::HasOpenOffer => Refusal::HasOpenOffer,
            Self::ShiftEnds => Refusal::ShiftEnds,
            Self::WaitTooLong => Refusal::WaitTooLong,
            Self::PromiseBroken => Refusal::WindowMissed,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::super::tests::{TRAVEL, after, courier, delivery_id, drop_off, now, open, region_id};
    use super::*;

    fn asked(courier: &CourierState, deliveries: &[OpenDelivery]) -> WhatIf {
        what_if(courier, deliveries, now(), &TRAVEL, &Weights::default())
    }

    fn due(number: u32, seconds: i64) -> Stop {
        Stop { due: Some(after(seconds)), ..drop_off(number, 10, 0) }
    }

    #[test]
    fn a_delivery_that_fits_breaks_nothing_and_tells_the_arrival_and_the_way() {
        let found = asked(&courier(1, 0, 0), &[open(7, 0, 10, 0)]);
        assert_eq!(found.broken, vec![]);
        let effects = found.effects();
        assert_eq!(effects.len(), 1);
        assert_eq!((effects[0].delivery, effects[0].late_s, effects[0].later_s), (delivery_id(7), 0, None));
        let driven = found.driving_added_s();
        assert_eq!(effects[0].arrive_at, after(driven + 60), "the way and a minute at the pick-up");
    }

    #[test]
    fn whoever_waits_longer_is_named_with_the_seconds_of_lateness_that_are_new() {
        let mut busy = courier(1, 0, 0);
        busy.stops = vec![due(3, 300)];
        busy.on_board = 1;
        // The pick-up lies behind: both customers cannot be served in time.
        let far = OpenDelivery {
            drop_off: Stop { due: Some(after(900)), ..drop_off(7, -30, 0) },
            ..open(7, 6, 0, 0)
        };
        let found = asked(&busy, &[far]);
        let late: i64 = found.effects().iter().map(|effect| effect.late_added_s).sum();
        assert!(late > 0, "{:?}", found.effects());
        let named: Vec<DeliveryId> = found
            .effects()
            .iter()
            .filter(|effect| effect.late_added_s > 0)
            .map(|effect| effect.delivery)
            .collect();
        let broken: Vec<DeliveryId> = found.broken.iter().map(|(_, delivery)| *delivery).collect();
        assert_eq!(broken, named, "{found:?}");
        assert!(found.broken.iter().all(|(rule, _)| *rule == Refusal::WindowMissed));
    }

    #[test]
    fn what_the_rules_refuse_is_planned_all_the_same_and_every_broken_rule_is_told() {
        let mut small = courier(1, 0, 0);
        small.capacity = 1;
        small.regions = vec![region_id(2)];
        small.shift_ends_at = after(-60);
        let mut large = open(7, 4, 10, 0);
        large.pick_up.load = 3;
        large.drop_off.load = 3;
        large.declined = vec![small.id];
        let found = asked(&small, &[large]);
        assert_eq!(found.after.len(), 2);
        let rules: Vec<Refusal> = found.broken.iter().map(|(rule, _)| *rule).collect();
        let wanted = [
            Refusal::RegionNotServed,
            Refusal::OffDuty,
            Refusal::DeclinedBefore,
            Refusal::OverCapacity,
            Refusal::ShiftEnds,
        ];
        assert_eq!(rules, wanted);
        assert!(wanted.iter().all(|rule| rule.meaning().ends_with('.')));
    }

    #[test]
    fn a_run_that_loses_a_delivery_saves_its_way() {
        let mut busy = courier(1, 0, 0);
        busy.stops = vec![drop_off(3, 10, 0), drop_off(4, 20, 0)];
        let found = what_if_without(&busy, &[delivery_id(3)], &TRAVEL);
        assert_eq!(found.driving_added_s(), -1, "on the way anyway; each way is rounded up");
        assert_eq!(found.effects()[0].later_s, Some(-61), "a minute at a door");
        let found = what_if_without(&busy, &[delivery_id(4)], &TRAVEL);
        assert!(found.driving_added_s() < 0);
        assert_eq!(found.effects(), vec![]);
    }
}
