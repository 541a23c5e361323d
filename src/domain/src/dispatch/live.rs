//! The optimiser at work on a snapshot: the problem in its numbers, and its answer as runs.
//!
//! Times are microseconds from now and costs millionths of a point ([`super::terms`]), so that the optimiser's clock is
//! the exact walk's, as long as travel does not change with the hour. A courier's fixed stops are a prefix. The others
//! may change places within the run, as far as no promise of theirs is broken that holds now. Doors nobody may go to for
//! now ([`Clearance::Silent`]) are left out and stand at the end. A run the optimiser cannot express (it is overfull, or
//! breaks a rule, before anything is added) stays as it is and gets nothing here. What comes back is taken over run by run by
//! [`Route::adopt`], which knows the rules exactly.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::engine::Planner;
use super::insertion::Route;
use super::legs::{Legs, SECOND_US, Spot};
use super::problem::{Clearance, OpenDelivery, Stop, StopKind};
use super::schedule::{Node, Step};
use super::search::{
    self, Acceptance, Allowed, Budget, Model, Part, Request, Rounds, Ruin, SamePlace, Settings, Solution,
    Travel, Vehicle, Visit, solve,
};
use super::terms::{click_to_door, double, driving, lateness, pay, region, stability, waiting};
use super::weights::Weights;
use crate::id::{DeliveryId, PickupPointId, RegionId};

/// Cost of leaving out an open delivery; more than carrying it however late. Whole numbers of millionths stay exact.
const UNASSIGNED: f64 = 1e15;
/// Cost of losing a stop that stands: never.
const LOST: f64 = 1e17;
/// No moment is before this, microseconds from now.
const EVER: f64 = -1e15;
/// Rounds for a plan of nothing; a plan with more to move gets as many more for each request.
const ROUNDS: u64 = 200;

/// Until when a delivery should be there, microseconds: the promise, or what is assumed for want of one.
pub(super) fn urgent_us(open: &OpenDelivery, now: DateTime<Utc>, weights: &Weights) -> i64 {
    let ready_us = open.pick_up.not_before.unwrap_or(now).max(now).timestamp_micros();
    let assumed_us = i64::from(weights.assumed_promise_s).saturating_mul(SECOND_US);
    open.drop_off.due.map_or_else(|| ready_us.saturating_add(assumed_us), |due| due.timestamp_micros())
}

/// Improves the planner's runs, works what is left in where it fits, and returns what does not.
pub(super) fn improve<'a>(
    planner: &mut Planner<'a>,
    left: Vec<&'a OpenDelivery>,
    seed: u64,
    budget: &mut impl Budget,
) -> Vec<&'a OpenDelivery> {
    let mut draft = Draft::new(planner, &left);
    let movable = draft.model.requests.len().saturating_sub(draft.prefixed);
    if movable == 0 {
        return left;
    }
    let spots = std::mem::take(&mut draft.spots);
    let flat = spots.iter().map(|spot| planner.legs.flat(*spot)).collect();
    let places = Places { legs: &planner.legs, spots, flat, now_us: draft.now_us };
    let ruin = Ruin { average_stops: 8.0, longest_string: 10.0 };
    let settings = Settings { seed, ruin, acceptance: Acceptance::Steady(0.1), ..Settings::default() };
    let mut from = draft.warm();
    if !left.is_empty() {
        // Promises first: only what cannot be there in time may be late.
        let Ok(first) = solve(&draft.model, &places, Some(&from), &settings, &mut Rounds::new(0)) else {
            return left;
        };
        draft.let_be_late(&first);
        from = first;
    }
    let rounds = ROUNDS.saturating_add(ROUNDS.saturating_mul(u64::try_from(movable).unwrap_or(u64::MAX)));
    let mut capped = Capped { budget, most: rounds, done: 0 };
    let Ok(solution) = solve(&draft.model, &places, Some(&from), &settings, &mut capped) else {
        return left;
    };
    if solution.unassigned.iter().any(|request| draft.stands(*request)) {
        return left;
    }
    let orders = draft.orders(&solution);
    drop(places);
    take_over(planner, &orders)
}

/// Puts the runs into their new orders; deliveries that stand in none of them afterwards are returned.
fn take_over<'a>(planner: &mut Planner<'a>, orders: &[Vec<&'a Stop>]) -> Vec<&'a OpenDelivery> {
    let terms = planner.terms(planner.weights.allow_late);
    let mut left = planner.open.clone();
    for (route, order) in planner.routes.iter_mut().zip(orders) {
        let same = route.nodes.iter().map(|node| node.stop).eq(order.iter().copied());
        let nodes = || order.iter().map(|stop| Node::new(stop, &planner.legs)).collect();
        if same || route.adopt(nodes(), &terms, &planner.legs) {
            order.iter().for_each(|stop| {
                left.remove(&stop.delivery);
            });
        }
    }
    let mut left: Vec<&OpenDelivery> = left.into_values().collect();
    left.sort_by_key(|open| (urgent_us(open, planner.problem.now, planner.weights), open.id));
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
}

/// Points by number, with the walk's own travel times.
struct Places<'l, 'a> {
    legs: &'l Legs<'a>,
    spots: Vec<Spot>,
    /// The same on a plane.
    flat: Vec<(f64, f64)>,
    now_us: i64,
}

impl Travel for Places<'_, '_> {
    const SYMMETRIC: bool = false;
    const COST_IS_TIME: bool = true;

    fn places(&self) -> usize {
        self.spots.len()
    }

    fn time(&self, from: u32, to: u32) -> f64 {
        match (self.spots.get(index(from)), self.spots.get(index(to))) {
            (Some(from), Some(to)) => double(self.legs.leg_us(*from, *to, self.now_us)),
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

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// A request's stops in the problem, and the delivery if it is open.
#[derive(Debug, Clone, Copy, Default)]
struct Origin<'a> {
    pick_up: Option<&'a Stop>,
    drop_off: Option<&'a Stop>,
    is_open: bool,
}

/// The problem in the optimiser's numbers.
struct Draft<'a> {
    weights: &'a Weights,
    now_us: i64,
    model: Model,
    origins: Vec<Origin<'a>>,
    /// By vehicle, the run as it is, but for what stands at the end.
    routes: Vec<Vec<search::Stop>>,
    /// By vehicle, what stands at the end.
    tails: Vec<Vec<&'a Stop>>,
    spots: Vec<Spot>,
    numbers: HashMap<(Spot, Option<PickupPointId>), u32>,
    regions: HashMap<RegionId, u32>,
    /// By vehicle: its run stays as it is.
    frozen: Vec<bool>,
    /// Requests that stand in prefixes as a whole.
    prefixed: usize,
}

impl<'a> Draft<'a> {
    fn new(planner: &Planner<'a>, left: &[&'a OpenDelivery]) -> Self {
        let weights = planner.weights;
        let terms = search::Terms {
            driving: driving::per_us(weights),
            waiting: waiting::per_us(weights),
            late_doubles_after: lateness::doubles_us(weights),
            told_slack: double(stability::slack_us(weights)),
            same_place: SamePlace::Once,
            ..search::Terms::default()
        };
        let mut draft = Self {
            weights,
            now_us: planner.problem.now.timestamp_micros(),
            model: Model { terms, ..Model::default() },
            origins: Vec::new(),
            routes: Vec::new(),
            tails: Vec::new(),
            spots: Vec::new(),
            numbers: HashMap::new(),
            regions: HashMap::new(),
            frozen: planner.routes.iter().map(|route| !is_regular(route)).collect(),
            prefixed: 0,
        };
        for route in &planner.routes {
            draft.add_run(planner, route);
        }
        for open in left {
            let nodes = [&open.pick_up, &open.drop_off].map(|stop| Node::new(stop, &planner.legs));
            let visits = nodes.map(|node| draft.visit(&node, None, false));
            draft.add_open(planner, open, visits);
        }
        draft
    }

    /// Microseconds from now.
    fn ahead(&self, at_us: i64) -> f64 {
        double(at_us.saturating_sub(self.now_us))
    }

    fn place(&mut self, spot: Spot, shop: Option<PickupPointId>, alone: bool) -> u32 {
        let next = number(self.spots.len());
        let place = if alone { next } else { *self.numbers.entry((spot, shop)).or_insert(next) };
        if place == next {
            self.spots.push(spot);
        }
        place
    }

    fn region(&mut self, region: RegionId) -> u32 {
        let next = number(self.regions.len());
        *self.regions.entry(region).or_insert(next)
    }

    /// A courier with their run: its stops as requests, nearly all of them theirs alone.
    fn add_run(&mut self, planner: &Planner<'a>, route: &Route<'a>) {
        let vehicle = number(self.model.vehicles.len());
        if self.is_frozen(&index(vehicle)) {
            self.add_vehicle(route, Vec::new(), 0);
            self.routes.push(Vec::new());
            self.tails.push(route.nodes.iter().map(|node| node.stop).collect());
            return;
        }
        let fixed = route.fixed();
        let (mut order, mut tail) = (Vec::new(), Vec::new());
        let mut parts: BTreeMap<DeliveryId, [Option<(Node<'a>, Visit)>; 2]> = BTreeMap::new();
        for (at, (node, step, _)) in route.steps().enumerate() {
            if at >= fixed && is_tail(route, node) {
                tail.push(node.stop);
                continue;
            }
            let late =
                planner.open.contains_key(&node.stop.delivery) && step.late_us > tolerance_us(self.weights);
            let standing = route.base_of(node);
            let visit = self.visit(node, standing, late);
            let slot = usize::from(node.stop.kind != StopKind::PickUp);
            let of = parts.entry(node.stop.delivery).or_default();
            if let Some(part) = of.get_mut(slot) {
                *part = Some((*node, visit));
            }
            order.push((node.stop.delivery, if slot == 0 { Part::PickUp } else { Part::DropOff }));
        }
        let in_prefix: Vec<DeliveryId> = order.iter().skip(fixed).map(|(delivery, _)| *delivery).collect();
        let mut requests: HashMap<DeliveryId, u32> = HashMap::new();
        for (delivery, [pick_up, drop_off]) in parts {
            requests.insert(delivery, number(self.model.requests.len()));
            self.prefixed += usize::from(!in_prefix.contains(&delivery));
            match (planner.open.get(&delivery), pick_up, drop_off) {
                (Some(open), Some((_, pick_up)), Some((_, drop_off))) => {
                    self.add_open(planner, open, [pick_up, drop_off]);
                }
                (_, pick_up, drop_off) => self.add_standing(vehicle, pick_up, drop_off),
            }
        }
        let stops: Vec<search::Stop> = order
            .into_iter()
            .filter_map(|(delivery, part)| Some(search::Stop { request: *requests.get(&delivery)?, part }))
            .collect();
        let unseen = number(route.carried().saturating_sub(requests.len()));
        self.add_vehicle(route, stops.iter().take(fixed).copied().collect(), unseen);
        self.routes.push(stops.into_iter().skip(fixed).collect());
        self.tails.push(tail);
    }

    fn is_frozen(&self, vehicle: &usize) -> bool {
        self.frozen.get(*vehicle).copied().unwrap_or(true)
    }

    /// Its guarantee covers `unseen` deliveries that are no requests, too.
    fn add_vehicle(&mut self, route: &Route<'a>, prefix: Vec<search::Stop>, unseen: u32) {
        let courier = route.courier;
        let start = self.place(route.starts().0, None, false);
        let region = courier.regions.first().map(|region| self.region(*region));
        self.model.vehicles.push(Vehicle {
            start_time: self.ahead(route.starts().1),
            on_board: courier.on_board,
            latest_pick_up: self.ahead(courier.shift_ends_at.timestamp_micros()),
            prefix,
            included_requests: courier.covered.map_or(u32::MAX, |covered| covered.saturating_sub(unseen)),
            extra_request_cost: pay::each(self.weights),
            region,
            ..Vehicle::at(start, courier.capacity)
        });
    }

    /// A stop; `standing` is how it went in the run as it stands, and a new one may be `late`.
    fn visit(&mut self, node: &Node<'a>, standing: Option<&Step>, late: bool) -> Visit {
        let (stop, weights) = (node.stop, self.weights);
        let is_pick_up = stop.kind == StopKind::PickUp;
        let shop = stop.place.filter(|_| is_pick_up);
        let place = self.place(node.spot, shop, is_pick_up && shop.is_none());
        let kept_us = node.due_us.saturating_add(tolerance_us(weights));
        let latest_us = standing.map_or(kept_us, |step| kept_us.max(step.start_us));
        let most_us = i64::from(weights.max_wait_s).saturating_mul(SECOND_US);
        let wait_us = standing.map_or(most_us, |step| most_us.max(step.wait_us()));
        let promised = stop.due.is_some();
        let serves = stop.kind == StopKind::DropOff;
        Visit {
            earliest: if node.not_before_us == i64::MIN { EVER } else { self.ahead(node.not_before_us) },
            latest: if late || !promised { f64::INFINITY } else { self.ahead(latest_us) },
            service: double(node.service_us),
            due: if promised { self.ahead(node.due_us) } else { f64::INFINITY },
            late_weight: if promised { lateness::per_us(weights, node.chance) } else { 0.0 },
            start_weight: if serves { click_to_door::per_us(weights, node.chance) } else { 0.0 },
            max_wait: double(wait_us),
            told: node.told_us.map(|told| self.ahead(told)),
            moved_cost: stability::each_moved(weights, stop),
            ..Visit::at(place)
        }
    }

    fn add_open(
        &mut self,
        planner: &Planner<'a>,
        open: &'a OpenDelivery,
        [pick_up, mut drop_off]: [Visit; 2],
    ) {
        if open.drop_off.due.is_none() {
            // Not a promise, but its place in the line.
            drop_off.due = self.ahead(urgent_us(open, planner.problem.now, self.weights));
        }
        let most = usize::try_from(self.weights.candidates.max(1)).unwrap_or(usize::MAX);
        let near = planner.nearby.of(open, planner.problem, &planner.routes, most);
        let tentative = open.tentative.and_then(|courier| planner.nearby.number(courier));
        let region = self.region(open.region);
        self.model.requests.push(Request {
            allowed: Allowed::Only(near.into_iter().filter(|one| !self.is_frozen(one)).map(number).collect()),
            unassigned_cost: UNASSIGNED,
            preferred: tentative.map(number),
            change_cost: stability::each_changed(self.weights),
            region: Some(region),
            away_cost: region::each(self.weights),
            ..Request::pair(pick_up, drop_off, open.pick_up.load)
        });
        let (pick_up, drop_off) = (Some(&open.pick_up), Some(&open.drop_off));
        self.origins.push(Origin { pick_up, drop_off, is_open: true });
    }

    fn add_standing(
        &mut self,
        vehicle: u32,
        pick_up: Option<(Node<'a>, Visit)>,
        drop_off: Option<(Node<'a>, Visit)>,
    ) {
        let load = pick_up.or(drop_off).map_or(0, |(node, _)| node.stop.load);
        self.model.requests.push(Request {
            pick_up: pick_up.map(|(_, visit)| visit),
            drop_off: drop_off.map(|(_, visit)| visit),
            allowed: Allowed::Only(vec![vehicle]),
            unassigned_cost: LOST,
            ..Request::pair(Visit::at(0), Visit::at(0), load)
        });
        let stop = |part: Option<(Node<'a>, Visit)>| part.map(|(node, _)| node.stop);
        self.origins.push(Origin { pick_up: stop(pick_up), drop_off: stop(drop_off), is_open: false });
    }

    /// The plan as it is.
    fn warm(&self) -> Solution {
        let routes = self.model.vehicles.iter().zip(&self.routes);
        let whole = |(vehicle, rest): (&Vehicle, &Vec<search::Stop>)| [&vehicle.prefix[..], rest].concat();
        Solution { routes: routes.map(whole).collect(), ..Solution::default() }
    }

    /// Where policy allows it, what a plan leaves out may be late from now on.
    fn let_be_late(&mut self, plan: &Solution) {
        if !self.weights.allow_late {
            return;
        }
        for request in &plan.unassigned {
            if let Some(request) = self.model.requests.get_mut(index(*request)) {
                for visit in request.pick_up.iter_mut().chain(&mut request.drop_off) {
                    visit.latest = f64::INFINITY;
                }
            }
        }
    }

    /// Whether a request is part of a run already.
    fn stands(&self, request: u32) -> bool {
        self.origins.get(index(request)).is_some_and(|origin| !origin.is_open)
    }

    /// A plan as stops of the problem, by vehicle.
    fn orders(&self, plan: &Solution) -> Vec<Vec<&'a Stop>> {
        let stop = |stop: &search::Stop| {
            let origin = self.origins.get(index(stop.request))?;
            match stop.part {
                Part::PickUp => origin.pick_up,
                Part::DropOff => origin.drop_off,
            }
        };
        let runs = plan.routes.iter().zip(&self.tails);
        runs.map(|(route, tail)| route.iter().filter_map(stop).chain(tail.iter().copied()).collect())
            .collect()
    }
}

fn tolerance_us(weights: &Weights) -> i64 {
    i64::from(weights.tolerance_s).saturating_mul(SECOND_US)
}

/// A door of the run as it stands to which nobody may go for now.
pub(super) fn is_tail(route: &Route<'_>, node: &Node<'_>) -> bool {
    let silent = node.stop.kind == StopKind::DropOff && node.stop.clearance == Clearance::Silent;
    silent && route.base_of(node).is_some()
}

/// Whether the optimiser can express a run. Each delivery has at most one pick-up and then at most one drop-off of the
/// same load, and the stops that are not fixed keep the shift and the capacity.
fn is_regular(route: &Route<'_>) -> bool {
    let shift_ends_us = route.courier.shift_ends_at.timestamp_micros();
    let mut seen: HashMap<DeliveryId, (bool, bool, u32)> = HashMap::new();
    for (at, (node, step, load)) in route.steps().enumerate() {
        let (picked, dropped, loads) =
            seen.entry(node.stop.delivery).or_insert((false, false, node.stop.load));
        let is_pick_up = node.stop.kind == StopKind::PickUp;
        if *dropped || *loads != node.stop.load || (is_pick_up && *picked) {
            return false;
        }
        *picked |= is_pick_up;
        *dropped |= !is_pick_up;
        let full = load > i64::from(route.courier.capacity);
        if at >= route.fixed() && is_pick_up && (full || step.start_us > shift_ends_us) {
            return false;
        }
    }
    true
}
