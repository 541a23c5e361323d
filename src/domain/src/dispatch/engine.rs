//! Who gets which delivery: a first plan at once, then a better one until the budget is spent.
//!
//! The first plan puts the most urgent first, each where it costs least, in two rounds. In the first every promise must
//! hold. In the second, where policy allows it, a delivery whose promise nobody can keep goes where it is least late,
//! without breaking anybody else's. A round is repeated while it places anything: a fuller run may come to a pick-up
//! late enough not to wait there for too long. A courier is looked at only while the least they could cost is below the
//! best found. In a large problem the optimiser builds the first plan, with the nearest couriers only.
//!
//! What is better is the optimiser's business ([`super::live`]); whether it may stand is decided here, run by run, by
//! the same rules that explain a refusal.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::insertion::{Insertion, Piece, Route, Terms};
use super::legs::Legs;
use super::live;
use super::nearby::Nearby;
use super::plan::{Assignment, Plan, Run, Unassigned};
use super::problem::{CourierState, OpenDelivery, Problem, StopKind};
use super::rules::{Refusal, may_carry};
use super::schedule::{Node, PlannedStop};
use super::search::{Budget, Rounds};
use super::terms::double;
use super::weights::Weights;
use crate::geo::{Point, TravelTimes};
use crate::id::{CourierId, DeliveryId};

/// In a large problem, what found no place is tried with so many times more couriers, and only those give reasons.
const WIDER: usize = 8;

/// Works the open deliveries into the couriers' runs and improves the plan until the budget is spent. Stops that are not
/// fixed may change their places within their run; who carries them stays.
///
/// The same problem, seed and number of rounds ([`super::search::Rounds`]) always give the same plan, whatever the order
/// of the lists; a clock as the budget gives what there was time for. However small the budget, the plan keeps all
/// rules. A delivery that stands in a run already, or twice in the list, is placed once.
#[must_use]
pub fn plan(
    problem: &Problem,
    travel: &dyn TravelTimes,
    weights: &Weights,
    seed: u64,
    budget: &mut impl Budget,
) -> Plan {
    let began = budget.so_far();
    let mut planner = Planner::new(problem, travel, weights);
    let mut open = urgent_first(problem, weights);
    planner.silent_last();
    // To tell the runs' times takes about as long as to find them out.
    let walked = budget.so_far() - began;
    if !planner.nearby.is_small {
        open = live::build(&mut planner, open);
    }
    let (left, asked) = planner.place(open, budget);
    let left = live::improve(&mut planner, left, seed, &mut Reserved { budget, kept: walked + asked });
    planner.finish(left)
}

/// A budget of which a part is kept for what follows the search: telling the times, and why what is left out was refused.
struct Reserved<'b, B> {
    budget: &'b mut B,
    kept: f64,
}

impl<B: Budget> Reserved<'_, B> {
    fn of(&self, spent: f64) -> f64 {
        if self.kept < 1.0 { spent / (1.0 - self.kept) } else { 1.0 }
    }
}

impl<B: Budget> Budget for Reserved<'_, B> {
    fn spent(&mut self) -> f64 {
        let spent = self.budget.spent();
        self.of(spent)
    }

    fn so_far(&mut self) -> f64 {
        let spent = self.budget.so_far();
        self.of(spent)
    }
}

/// The first plan alone, built by inserting each delivery where it costs least, whatever the size: what the optimiser
/// is measured against.
#[must_use]
pub fn plain(problem: &Problem, travel: &dyn TravelTimes, weights: &Weights) -> Plan {
    let mut planner = Planner::new(problem, travel, weights);
    planner.nearby.is_small = true;
    planner.silent_last();
    let (left, _) = planner.place(urgent_first(problem, weights), &mut Rounds::new(0));
    planner.finish(left)
}

/// All points a problem speaks of.
pub(super) fn points(problem: &Problem) -> impl Iterator<Item = Point> + '_ {
    let runs = problem.couriers.iter().flat_map(|courier| {
        let ends = std::iter::once(courier.at).chain(courier.home);
        ends.chain(courier.stops.iter().map(|stop| stop.point))
    });
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
        (live::urgent_us(open, problem.now, weights), ready_us, open.id)
    };
    let mut open: Vec<&OpenDelivery> =
        problem.deliveries.iter().filter(|open| !in_runs.contains(&open.id)).collect();
    open.sort_by_key(|open| urgency(open));
    let mut seen = BTreeSet::new();
    open.retain(|open| seen.insert(open.id));
    open
}

/// Runs being planned, by the exact walk.
pub(super) struct Planner<'a> {
    pub(super) problem: &'a Problem,
    pub(super) weights: &'a Weights,
    pub(super) legs: Legs<'a>,
    pub(super) routes: Vec<Route<'a>>,
    pub(super) nearby: Nearby,
    /// What is to be placed.
    pub(super) open: BTreeMap<DeliveryId, &'a OpenDelivery>,
    /// By delivery, the runs it is tried with in a wider circle.
    wider: RefCell<BTreeMap<DeliveryId, Rc<[usize]>>>,
}

impl<'a> Planner<'a> {
    fn new(problem: &'a Problem, travel: &'a dyn TravelTimes, weights: &'a Weights) -> Self {
        let legs = Legs::new(travel, points(problem));
        let terms = Terms { weights, now_us: problem.now.timestamp_micros(), late: false };
        let routes: Vec<Route<'a>> =
            couriers(problem).into_iter().map(|courier| Route::new(courier, &terms, &legs)).collect();
        let open: BTreeMap<DeliveryId, &OpenDelivery> =
            urgent_first(problem, weights).into_iter().map(|open| (open.id, open)).collect();
        let nearby = Nearby::new(problem, &routes, open.len());
        Self { problem, weights, legs, routes, nearby, open, wider: RefCell::default() }
    }

    pub(super) fn terms(&self, late: bool) -> Terms<'a> {
        Terms { weights: self.weights, now_us: self.problem.now.timestamp_micros(), late }
    }

    /// The runs to try a delivery with; `wider` for one that found no place.
    pub(super) fn near(&self, open: &OpenDelivery, wider: bool) -> Rc<[usize]> {
        let most = usize::try_from(self.weights.candidates.max(1)).unwrap_or(usize::MAX);
        let of = |most| self.nearby.of(open, self.problem, &self.routes, most).into();
        if !wider {
            return of(most);
        }
        // Asked in every round, and for the reasons.
        let known = self.wider.borrow().get(&open.id).cloned();
        known.unwrap_or_else(|| {
            let near: Rc<[usize]> = of(most.saturating_mul(WIDER));
            self.wider.borrow_mut().insert(open.id, near.clone());
            near
        })
    }

    /// Places what can be placed. What cannot is returned, with the part of the budget it took to find that out.
    fn place(
        &mut self,
        open: Vec<&'a OpenDelivery>,
        budget: &mut impl Budget,
    ) -> (Vec<&'a OpenDelivery>, f64) {
        let (left, took) = self.rounds(open, false, budget);
        if self.weights.allow_late { self.rounds(left, true, budget) } else { (left, took) }
    }

    /// Repeats rounds until nothing more fits: a fuller run may take what an emptier one could not. What has been tried with a
    /// run is tried with it again only if it has changed.
    fn rounds(
        &mut self,
        mut open: Vec<&'a OpenDelivery>,
        late: bool,
        budget: &mut impl Budget,
    ) -> (Vec<&'a OpenDelivery>, f64) {
        let (began, all) = (budget.so_far(), open.len());
        let mut tried = vec![false; self.routes.len()];
        let mut took = None;
        loop {
            let count = open.len();
            open = self.round(open, late, &mut tried);
            let left = double(i64::try_from(open.len()).unwrap_or(0));
            let share = left / double(i64::try_from(all.max(1)).unwrap_or(1));
            let took = *took.get_or_insert_with(|| (budget.so_far() - began) * share);
            if open.len() == count {
                return (open, took);
            }
        }
    }

    /// One round, without the runs that were `tried`. Afterwards those are all that have not changed in it.
    fn round(
        &mut self,
        open: Vec<&'a OpenDelivery>,
        late: bool,
        tried: &mut Vec<bool>,
    ) -> Vec<&'a OpenDelivery> {
        let terms = self.terms(late);
        let mut left = Vec::new();
        let mut unchanged = vec![true; tried.len()];
        for delivery in open {
            let nodes = self.nodes(delivery);
            match self.cheapest(delivery, &nodes, &terms, tried) {
                Some((place, insertion)) => {
                    if let Some(route) = self.routes.get_mut(place) {
                        route.insert(nodes, &insertion, &terms, &self.legs);
                    }
                    for flags in [&mut unchanged, tried] {
                        flags.get_mut(place).into_iter().for_each(|flag| *flag = false);
                    }
                }
                None => left.push(delivery),
            }
        }
        *tried = unchanged;
        left
    }

    fn nodes(&self, delivery: &'a OpenDelivery) -> (Node<'a>, Node<'a>) {
        (Node::new(&delivery.pick_up, &self.legs), Node::new(&delivery.drop_off, &self.legs))
    }

    /// The courier for whom it costs least, the lowest id among equals; those `tried` aside.
    fn cheapest(
        &self,
        delivery: &OpenDelivery,
        (pick_up, drop_off): &(Node<'a>, Node<'a>),
        terms: &Terms<'_>,
        tried: &[bool],
    ) -> Option<(usize, Insertion)> {
        let near = self.near(delivery, true);
        let near = near.iter().copied().filter(|place| tried.get(*place) != Some(&true));
        let near = near.filter_map(|place| Some((place, self.routes.get(place)?)));
        let mut candidates: Vec<(f64, f64, usize, &Route<'a>)> = near
            .map(|(place, route)| {
                let price = route.price(delivery, self.weights);
                let at_least = route.at_least((pick_up, drop_off), terms, &self.legs);
                (at_least + price, price, place, route)
            })
            .collect();
        candidates.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.2.cmp(&other.2)));
        let mut best: Option<(f64, usize, Insertion)> = None;
        for (at_least, price, place, route) in candidates {
            let most = best.map_or(f64::INFINITY, |(cost, ..)| cost);
            if at_least > most {
                break;
            }
            let Ok(found) = route.best((pick_up, drop_off), terms, most - price, &self.legs) else {
                continue;
            };
            let cost = found.added_cost + price;
            let better =
                best.is_none_or(|(known, other, _)| cost < known || (cost == known && place < other));
            if better {
                best = Some((cost, place, found));
            }
        }
        best.map(|(_, place, found)| (place, found))
    }

    /// New deliveries of a run in the order of their pick-ups.
    fn new_in(&self, route: &Route<'a>) -> impl Iterator<Item = DeliveryId> {
        let pick_ups = route.nodes.iter().filter(|node| node.stop.kind == StopKind::PickUp);
        pick_ups.map(|node| node.stop.delivery).filter(|id| self.open.contains_key(id))
    }

    /// Moves doors nobody may go to for now to the ends of their runs, as far as the rules let them.
    fn silent_last(&mut self) {
        let terms = self.terms(false);
        for route in &mut self.routes {
            let fixed = route.fixed();
            let stays = |(at, node): &(usize, &Node<'a>)| *at < fixed || !route.is_tail(node);
            let (head, tail): (Vec<_>, Vec<_>) = route.nodes.iter().enumerate().partition(stays);
            if !tail.is_empty() {
                let order = head.into_iter().chain(tail);
                let piece = |(_, node): (usize, &Node<'a>)| Piece { node: *node, open: None, late: false };
                let order: Vec<Piece<'a>> = order.map(piece).collect();
                route.adopt(&order, &terms, &self.legs);
            }
        }
    }

    /// For every courier why they do not get a delivery that is left.
    fn reasons(&self, delivery: &'a OpenDelivery) -> Vec<(CourierId, Refusal)> {
        let terms = self.terms(self.weights.allow_late);
        let (pick_up, drop_off) = self.nodes(delivery);
        let all = || self.routes.iter().collect::<Vec<_>>();
        let near = || self.near(delivery, true).iter().filter_map(|place| self.routes.get(*place)).collect();
        let asked: Vec<&Route<'a>> = if self.nearby.is_small { all() } else { near() };
        let mut reasons = Vec::new();
        for route in asked {
            let verdict = may_carry(route.courier, delivery, self.problem.now).map_err(Some).and_then(|()| {
                route.best((&pick_up, &drop_off), &terms, f64::INFINITY, &self.legs).map(|_| ())
            });
            if let Err(Some(refusal)) = verdict {
                reasons.push((route.courier.id, refusal));
            }
        }
        reasons
    }

    fn finish(self, mut left: Vec<&'a OpenDelivery>) -> Plan {
        left.sort_by_key(|delivery| delivery.id);
        let unassigned = left
            .iter()
            .map(|delivery| Unassigned { delivery: delivery.id, reasons: self.reasons(delivery) })
            .collect();
        let (mut runs, mut assignments) = (Vec::new(), Vec::new());
        for route in &self.routes {
            let run = Run { courier: route.courier.id, stops: route.planned() };
            assignments.extend(self.new_in(route).filter_map(|id| self.assignment(route, &run, id)));
            runs.push(run);
        }
        Plan { runs, assignments, unassigned }
    }

    fn assignment(&self, route: &Route<'a>, run: &Run, delivery: DeliveryId) -> Option<Assignment> {
        let drops = |planned: &&PlannedStop| {
            planned.stop.delivery == delivery && planned.stop.kind == StopKind::DropOff
        };
        let drop_off = run.stops.iter().find(drops)?;
        let (arrive_at, late_s) = (drop_off.start_at, drop_off.late_s());
        let added_s = route.added_s(delivery, &self.legs);
        Some(Assignment { delivery, courier: run.courier, added_s, arrive_at, late_s })
    }
}
