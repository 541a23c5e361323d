//! Who gets which delivery: the most urgent first, each where it costs least.
//!
//! Two rounds. In the first every promise must hold. In the second, where policy allows it, a delivery whose promise
//! nobody can keep goes where it is least late, without breaking anybody else's. A round is repeated while it
//! places anything: a fuller run may come to a pick-up late enough not to wait there for too long. A courier is looked at only while the least they could cost is
//! below the best found.

use std::collections::{BTreeMap, BTreeSet};

use super::insertion::{Insertion, Route, Terms};
use super::legs::{Legs, SECOND_US};
use super::plan::{Assignment, Plan, Run, Unassigned};
use super::problem::{CourierState, OpenDelivery, Problem, StopKind};
use super::rules::{Refusal, may_carry};
use super::schedule::{Node, PlannedStop};
use super::weights::Weights;
use crate::geo::{Point, TravelTimes};
use crate::id::DeliveryId;

/// Works the open deliveries into the couriers' runs.
///
/// The same problem always gives the same plan, whatever the order of its lists. A delivery that stands in a run
/// already, or twice in the list, is placed once.
#[must_use]
pub fn plan(problem: &Problem, travel: &dyn TravelTimes, weights: &Weights) -> Plan {
    let mut planner = Planner::new(problem, travel, weights);
    let left = planner.rounds(urgent_first(problem, weights), false);
    let left = if weights.allow_late { planner.rounds(left, true) } else { left };
    planner.finish(left)
}

/// All points a problem speaks of.
pub(super) fn points(problem: &Problem) -> impl Iterator<Item = Point> + '_ {
    let runs = problem
        .couriers
        .iter()
        .flat_map(|courier| std::iter::once(courier.at).chain(courier.stops.iter().map(|stop| stop.point)));
    let open = problem.deliveries.iter().flat_map(|open| [open.pick_up.point, open.drop_off.point]);
    runs.chain(open)
}

/// Couriers in the order of ids, each once.
pub(super) fn couriers(problem: &Problem) -> Vec<&CourierState> {
    let mut all: Vec<&CourierState> = problem.couriers.iter().collect();
    all.sort_by_key(|courier| courier.id);
    all.dedup_by_key(|courier| courier.id);
    all
}

/// What is to be placed, the earliest promise first; ids decide between equals.
fn urgent_first<'a>(problem: &'a Problem, weights: &Weights) -> Vec<&'a OpenDelivery> {
    let in_runs: BTreeSet<DeliveryId> =
        problem.couriers.iter().flat_map(|courier| courier.stops.iter().map(|stop| stop.delivery)).collect();
    let urgency = |open: &OpenDelivery| {
        let ready_us = open.pick_up.not_before.unwrap_or(problem.now).max(problem.now).timestamp_micros();
        let assumed_us = i64::from(weights.assumed_promise_s).saturating_mul(SECOND_US);
        let due_us = open.drop_off.due.map(|due| due.timestamp_micros());
        (due_us.unwrap_or_else(|| ready_us.saturating_add(assumed_us)), ready_us, open.id)
    };
    let mut open: Vec<&OpenDelivery> =
        problem.deliveries.iter().filter(|open| !in_runs.contains(&open.id)).collect();
    open.sort_by_key(|open| urgency(open));
    let mut seen = BTreeSet::new();
    open.retain(|open| seen.insert(open.id));
    open
}

struct Planner<'a> {
    problem: &'a Problem,
    weights: &'a Weights,
    legs: Legs<'a>,
    routes: Vec<Route<'a>>,
    /// By delivery, how many seconds longer its run became.
    added_s: BTreeMap<DeliveryId, i64>,
}

impl<'a> Planner<'a> {
    fn new(problem: &'a Problem, travel: &'a dyn TravelTimes, weights: &'a Weights) -> Self {
        let legs = Legs::new(travel, points(problem));
        let mut planner = Self { problem, weights, legs, routes: Vec::new(), added_s: BTreeMap::new() };
        let terms = planner.terms(false);
        for courier in couriers(problem) {
            planner.routes.push(Route::new(courier, &terms, &mut planner.legs));
        }
        planner
    }

    fn terms(&self, late: bool) -> Terms<'a> {
        Terms { weights: self.weights, now_us: self.problem.now.timestamp_micros(), late }
    }

    /// Repeats rounds until nothing more fits; what does not is returned.
    fn rounds(&mut self, mut open: Vec<&'a OpenDelivery>, late: bool) -> Vec<&'a OpenDelivery> {
        loop {
            let count = open.len();
            open = self.round(open, late);
            if open.len() == count {
                return open;
            }
        }
    }

    /// Places what can be placed; what cannot is returned.
    fn round(&mut self, open: Vec<&'a OpenDelivery>, late: bool) -> Vec<&'a OpenDelivery> {
        let terms = self.terms(late);
        let mut left = Vec::new();
        for delivery in open {
            let nodes = self.nodes(delivery);
            match self.cheapest(delivery, &nodes, &terms) {
                Some((place, insertion)) => {
                    if let Some(route) = self.routes.get_mut(place) {
                        route.insert(nodes, &insertion, &terms, &mut self.legs);
                        self.added_s.insert(delivery.id, insertion.added_us / SECOND_US);
                    }
                }
                None => left.push(delivery),
            }
        }
        left
    }

    fn nodes(&self, delivery: &'a OpenDelivery) -> (Node<'a>, Node<'a>) {
        (Node::new(&delivery.pick_up, &self.legs), Node::new(&delivery.drop_off, &self.legs))
    }

    /// The courier for whom it costs least, the lowest id among equals.
    fn cheapest(
        &mut self,
        delivery: &OpenDelivery,
        (pick_up, drop_off): &(Node<'a>, Node<'a>),
        terms: &Terms<'_>,
    ) -> Option<(usize, Insertion)> {
        let mut candidates: Vec<(i64, usize)> = Vec::new();
        for (place, route) in self.routes.iter().enumerate() {
            if may_carry(route.courier, delivery, self.problem.now).is_ok() {
                candidates.push((route.at_least((pick_up, drop_off), terms, &mut self.legs), place));
            }
        }
        candidates.sort_unstable();
        let mut best: Option<(usize, Insertion)> = None;
        for (at_least, place) in candidates {
            let most = best.map_or(i64::MAX, |(_, found)| found.added_cost);
            if at_least > most {
                break;
            }
            let Some(route) = self.routes.get(place) else { continue };
            let Ok(found) = route.best((pick_up, drop_off), terms, most, &mut self.legs) else { continue };
            let better =
                best.is_none_or(|(other, known)| (found.added_cost, place) < (known.added_cost, other));
            if better {
                best = Some((place, found));
            }
        }
        best
    }

    /// For every courier why they do not get a delivery that is left.
    fn reasons(&mut self, delivery: &'a OpenDelivery) -> Vec<(crate::id::CourierId, Refusal)> {
        let terms = self.terms(self.weights.allow_late);
        let (pick_up, drop_off) = self.nodes(delivery);
        let mut reasons = Vec::new();
        for route in &self.routes {
            let verdict = may_carry(route.courier, delivery, self.problem.now).map_err(Some).and_then(|()| {
                route.best((&pick_up, &drop_off), &terms, i64::MAX, &mut self.legs).map(|_| ())
            });
            if let Err(Some(refusal)) = verdict {
                reasons.push((route.courier.id, refusal));
            }
        }
        reasons
    }

    fn finish(mut self, mut left: Vec<&'a OpenDelivery>) -> Plan {
        left.sort_by_key(|delivery| delivery.id);
        let unassigned = left
            .into_iter()
            .map(|delivery| Unassigned { delivery: delivery.id, reasons: self.reasons(delivery) })
            .collect();
        let runs: Vec<Run> = self
            .routes
            .iter()
            .map(|route| Run { courier: route.courier.id, stops: route.planned() })
            .collect();
        let assignments = runs.iter().flat_map(|run| self.assignments(run)).collect();
        Plan { runs, assignments, unassigned }
    }

    fn assignments(&self, run: &Run) -> Vec<Assignment> {
        let is_pick_up = |planned: &&PlannedStop| planned.stop.kind == StopKind::PickUp;
        let assignment = |pick_up: &PlannedStop| {
            let delivery = pick_up.stop.delivery;
            let added_s = *self.added_s.get(&delivery)?;
            let drops = |planned: &&PlannedStop| {
                planned.stop.delivery == delivery && planned.stop.kind == StopKind::DropOff
            };
            let drop_off = run.stops.iter().find(drops)?;
            let late_s = drop_off.late_s();
            Some(Assignment { delivery, courier: run.courier, added_s, arrive_at: drop_off.start_at, late_s })
        };
        run.stops.iter().filter(is_pick_up).filter_map(assignment).collect()
    }
}
