//! The optimiser at work on a snapshot, and its answer as runs.
//!
//! It sees the problem in numbers ([`super::draft`]), and asks the exact walk about every route it would accept: what
//! is best is decided by the terms and rules themselves. With more rounds it goes through the same plans and on from
//! there, so that more budget never gives a dearer plan.

use chrono::{DateTime, Utc};

use super::draft::{Draft, Use, index};
use super::engine::Planner;
use super::insertion::Piece;
use super::legs::{Legs, SECOND_US, Spot};
use super::problem::{OpenDelivery, StopKind};
use super::search::{self, Acceptance, Budget, Judge, Ruin, Settings, Solution, Travel, first};
use super::terms::double;
use super::weights::Weights;

/// Rounds for a plan of nothing; a plan with more in it gets as many more for each delivery.
const ROUNDS: u64 = 200;
const SETTINGS: Settings = Settings {
    seed: 1,
    ruin: Ruin { average_stops: 8.0, longest_string: 10.0 },
    acceptance: Acceptance::Steady(0.1),
    blink: 0.01,
    fleet: 0.0,
};

/// Until when a delivery should be there, microseconds: the promise, or what is assumed for want of one.
pub(super) fn urgent_us(open: &OpenDelivery, now: DateTime<Utc>, weights: &Weights) -> i64 {
    let ready_us = open.pick_up.not_before.unwrap_or(now).max(now).timestamp_micros();
    let assumed_us = i64::from(weights.assumed_promise_s).saturating_mul(SECOND_US);
    open.drop_off.due.map_or_else(|| ready_us.saturating_add(assumed_us), |due| due.timestamp_micros())
}

/// The first plan of a large problem: every promise kept, then what that leaves out where it is least late. Returns what
/// is left out still.
pub(super) fn build<'a>(planner: &mut Planner<'a>, open: Vec<&'a OpenDelivery>) -> Vec<&'a OpenDelivery> {
    let mut draft = Draft::new(planner, &open, Use::First);
    let places = Places::of(planner, &mut draft);
    let built = first(&draft.model, &places, Some(&draft.warm()), &SETTINGS).and_then(|plan| {
        if plan.unassigned.is_empty() || !planner.weights.allow_late {
            return Ok(plan);
        }
        draft.let_be_late(&plan);
        first(&draft.model, &places, Some(&plan), &SETTINGS)
    });
    drop(places);
    let Ok(plan) = built else { return open };
    let mut left = take_over(planner, &draft, &plan);
    left.sort_by_key(|open| (urgent_us(open, planner.problem.now, planner.weights), open.id));
    left
}

/// Improves the planner's runs, works what is left in where room is made for it, and returns what is left still. What
/// has a place keeps one, and what is on time stays so.
pub(super) fn improve<'a>(
    planner: &mut Planner<'a>,
    left: Vec<&'a OpenDelivery>,
    seed: u64,
    budget: &mut impl Budget,
) -> Vec<&'a OpenDelivery> {
    if budget.so_far() >= 1.0 {
        return left;
    }
    let mut draft = Draft::new(planner, &left, Use::Better);
    let movable = u64::try_from(draft.movable()).unwrap_or(u64::MAX);
    if movable == 0 {
        return left;
    }
    let places = Places::of(planner, &mut draft);
    let most = ROUNDS.saturating_add(ROUNDS.saturating_mul(movable));
    let mut capped = Capped { budget, most, done: 0 };
    let mut exact = Exact { planner, draft: &draft, order: Vec::new() };
    let settings = Settings { seed, ..SETTINGS };
    let found = search::improve(&draft.model, &places, &draft.warm(), &settings, (&mut capped, &mut exact));
    drop(places);
    match found {
        Ok(Some(plan)) => take_over(planner, &draft, &plan),
        Ok(None) | Err(_) => left,
    }
}

/// The exact walk as the judge of the optimiser's routes: every rule, every term, every stop.
struct Exact<'p, 'a> {
    planner: &'p Planner<'a>,
    draft: &'p Draft<'a>,
    order: Vec<Piece<'a>>,
}

impl Judge for Exact<'_, '_> {
    fn judge(&mut self, vehicle: u32, stops: &mut dyn Iterator<Item = search::Stop>) -> Option<f64> {
        let vehicle = index(vehicle);
        let route = self.planner.routes.get(vehicle)?;
        if self.draft.is_frozen(&vehicle) {
            return Some(route.cost());
        }
        self.draft.run(vehicle, stops, &mut self.order);
        route.judge(&self.order, &self.planner.terms(false), &self.planner.legs)
    }
}

/// Puts the runs into a plan's orders; deliveries that stand in none of them afterwards are returned.
fn take_over<'a>(planner: &mut Planner<'a>, draft: &Draft<'a>, plan: &Solution) -> Vec<&'a OpenDelivery> {
    let terms = planner.terms(false);
    let mut left = draft.left(plan);
    let mut order = Vec::new();
    for ((route, stops), vehicle) in planner.routes.iter_mut().zip(&plan.routes).zip(0..) {
        draft.run(vehicle, stops.iter().copied(), &mut order);
        let same = route.nodes.iter().map(|node| node.stop).eq(order.iter().map(|piece| piece.node.stop));
        if !same && !route.adopt(&order, &terms, &planner.legs) {
            let picked = order.iter().filter(|piece| piece.node.stop.kind == StopKind::PickUp);
            left.extend(picked.filter_map(|piece| piece.open));
        }
    }
    left
}

/// A budget that ends after so many rounds, too: a small problem needs no more.
struct Capped<'b, B> {
    budget: &'b mut B,
    most: u64,
    done: u64,
}

impl<B: Budget> Budget for Capped<'_, B> {
    fn spent(&mut self) -> f64 {
        self.done = self.done.saturating_add(1);
        if self.done > self.most { 1.0 } else { self.budget.spent() }
    }

    fn so_far(&mut self) -> f64 {
        if self.done >= self.most { 1.0 } else { self.budget.so_far() }
    }
}

/// Points by number, with the walk's own travel times.
struct Places<'l, 'a> {
    legs: &'l Legs<'a>,
    spots: Vec<Spot>,
    /// The same on a plane.
    flat: Vec<(f64, f64)>,
    now_us: i64,
}

impl<'l, 'a> Places<'l, 'a> {
    fn of(planner: &'l Planner<'a>, draft: &mut Draft<'_>) -> Self {
        let spots = std::mem::take(&mut draft.spots);
        let flat = spots.iter().map(|spot| planner.legs.flat(*spot)).collect();
        Self { legs: &planner.legs, spots, flat, now_us: draft.now_us }
    }
}

impl Travel for Places<'_, '_> {
    const SYMMETRIC: bool = false;
    const COST_IS_TIME: bool = true;

    fn places(&self) -> usize {
        self.spots.len()
    }

    fn time(&self, from: u32, to: u32) -> f64 {
        self.time_at(1.0, from, to)
    }

    fn time_at(&self, slowness: f64, from: u32, to: u32) -> f64 {
        match (self.spots.get(index(from)), self.spots.get(index(to))) {
            (Some(from), Some(to)) => double(self.legs.leg_us(slowness, *from, *to, self.now_us)),
            _ => 0.0,
        }
    }

    fn apart(&self, from: u32, to: u32) -> f64 {
        match (self.flat.get(index(from)), self.flat.get(index(to))) {
            (Some(from), Some(to)) => (from.0 - to.0).powi(2) + (from.1 - to.1).powi(2),
            _ => 0.0,
        }
    }
}
