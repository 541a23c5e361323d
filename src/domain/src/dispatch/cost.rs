//! What a plan costs, as the terms count it: one number.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::legs::Spot;
use super::plan::{Plan, Run};
use super::problem::{CourierState, OpenDelivery, Problem, StopKind};
use super::schedule::{Node, PlannedStop, Step};
use super::terms::{self, POINT, double};
use super::weights::Weights;
use crate::id::{CourierId, DeliveryId};

/// Points for a delivery without a courier: more than any way to carry it.
const LEFT_OUT: f64 = 1e9;

/// What a plan of a problem costs, in points, from the times it tells: the sum of all terms over all runs, and far more
/// for every delivery without a courier. With a larger budget [`super::plan()`] never gives a plan that costs more. Runs of
/// couriers who are not in the problem count nothing.
#[must_use]
pub fn cost(problem: &Problem, plan: &Plan, weights: &Weights) -> f64 {
    let couriers: BTreeMap<CourierId, &CourierState> =
        problem.couriers.iter().map(|courier| (courier.id, courier)).collect();
    let open: BTreeMap<DeliveryId, &OpenDelivery> =
        problem.deliveries.iter().map(|open| (open.id, open)).collect();
    let runs = plan.runs.iter().filter_map(|run| Some((run, *couriers.get(&run.courier)?)));
    let runs: f64 = runs.map(|(run, courier)| of_run(problem, (run, courier), &open, weights)).sum();
    runs / POINT + LEFT_OUT * double(i64::try_from(plan.unassigned.len()).unwrap_or(i64::MAX))
}

fn of_run(
    problem: &Problem,
    (run, courier): (&Run, &CourierState),
    open: &BTreeMap<DeliveryId, &OpenDelivery>,
    weights: &Weights,
) -> f64 {
    let now_us = problem.now.timestamp_micros();
    let standing: BTreeSet<DeliveryId> = courier.stops.iter().map(|stop| stop.delivery).collect();
    let mut carried = standing.len();
    let mut left_at = courier.free_at.max(problem.now);
    let mut sum = 0.0;
    for planned in &run.stops {
        let node = Node::at(&planned.stop, Spot::default());
        sum += terms::stop(weights, now_us, &node, &step(planned, left_at, node.due_us));
        left_at = planned.depart_at;
        let delivery = &planned.stop.delivery;
        let is_new = planned.stop.kind == StopKind::PickUp && !standing.contains(delivery);
        if let Some(open) = open.get(delivery).filter(|_| is_new) {
            sum += terms::delivery(weights, courier, open, carried);
            carried = carried.saturating_add(1);
        }
    }
    sum
}

fn step(planned: &PlannedStop, left_at: DateTime<Utc>, due_us: i64) -> Step {
    let start_us = planned.start_at.timestamp_micros();
    let arrive_us = planned.arrive_at.timestamp_micros();
    Step {
        drive_us: arrive_us.saturating_sub(left_at.timestamp_micros()),
        arrive_us,
        start_us,
        depart_us: planned.depart_at.timestamp_micros(),
        late_us: start_us.saturating_sub(due_us).max(0),
    }
}
