//! The problem in the optimiser's numbers.
//!
//! Times are microseconds from now and costs millionths of a point ([`super::terms`]), so that the optimiser's clock is
//! the exact walk's, as long as travel does not change with the hour. A courier's fixed stops are a prefix. The others
//! may change places within the run, as far as no promise of theirs is broken that holds now. Doors nobody may go to for
//! now ([`super::Clearance::Silent`]) are left out and stand at the end. A run the optimiser cannot express (it is
//! overfull, or breaks a rule, before anything is added) stays as it is and gets nothing here.

use std::collections::{BTreeMap, HashMap};

use super::engine::Planner;
use super::insertion::{Piece, Route};
use super::legs::{SECOND_US, Spot};
use super::live::urgent_us;
use super::problem::{OpenDelivery, StopKind};
use super::schedule::{Node, Step};
use super::search::{self, Allowed, End, Model, Part, Request, SamePlace, Solution, Vehicle, Visit};
use super::terms::{
    click_to_door, double, driving, lateness, pay, ready_to_pick_up, region, stability, waiting,
};
use super::weights::Weights;
use crate::id::{DeliveryId, PickupPointId, RegionId};

/// Cost of leaving out an open delivery; more than carrying it however late. Whole numbers of millionths stay exact.
const UNASSIGNED: f64 = 1e15;
/// Cost of leaving out what stands in a run or has a place in the first plan: never.
const LOST: f64 = 1e17;
/// No moment is before this, microseconds from now.
const EVER: f64 = -1e15;

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What a draft is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A first plan, by the model alone.
    First,
    /// A better plan, every route of which is judged by the exact walk.
    Better,
}

/// A request's stops in the problem, and the delivery if it is open.
#[derive(Debug, Clone, Copy)]
struct Origin<'a> {
    pick_up: Option<Node<'a>>,
    drop_off: Option<Node<'a>>,
    open: Option<&'a OpenDelivery>,
    /// An open one that may be late.
    late: bool,
}

/// The problem in the optimiser's numbers.
pub(super) struct Draft<'a> {
    weights: &'a Weights,
    pub(super) now_us: i64,
    usage: Use,
    /// Travel changes with the hour: the model's clock is not the walk's.
    is_rough: bool,
    pub(super) model: Model,
    origins: Vec<Origin<'a>>,
    /// By vehicle, the run as it is, but for what stands at the end.
    routes: Vec<Vec<search::Stop>>,
    /// By vehicle, what stands at the end.
    tails: Vec<Vec<Node<'a>>>,
    /// Requests nobody carries.
    left: Vec<u32>,
    pub(super) spots: Vec<Spot>,
    numbers: HashMap<(Spot, Option<PickupPointId>), u32>,
    regions: HashMap<RegionId, u32>,
    /// By vehicle: its run stays as it is.
    frozen: Vec<bool>,
    /// Requests that stand in prefixes as a whole.
    prefixed: usize,
}

impl<'a> Draft<'a> {
    /// The planner's runs, and what stands in none of them.
    pub(super) fn new(planner: &Planner<'a>, left: &[&'a OpenDelivery], usage: Use) -> Self {
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
            usage,
            is_rough: planner.legs.vary(),
            model: Model { terms, ..Model::default() },
            origins: Vec::new(),
            routes: Vec::new(),
            tails: Vec::new(),
            left: Vec::new(),
            spots: Vec::new(),
            numbers: HashMap::new(),
            regions: HashMap::new(),
            frozen: planner.routes.iter().map(|route| !is_regular(route)).collect(),
            prefixed: 0,
        };
        for route in &planner.routes {
            draft.add_run(planner, route);
        }
        // In a better plan what found no place on time is late, if that is how it finds one.
        let late = usage == Use::Better && weights.allow_late;
        for open in left {
            draft.left.push(number(draft.model.requests.len()));
            draft.add_open(planner, open, None, late);
        }
        draft
    }

    /// How many requests may move.
    pub(super) fn movable(&self) -> usize {
        self.model.requests.len().saturating_sub(self.prefixed)
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
            self.tails.push(route.nodes.clone());
            return;
        }
        let fixed = route.fixed();
        let (mut order, mut tail) = (Vec::new(), Vec::new());
        let mut parts: BTreeMap<DeliveryId, [Option<(Node<'a>, Step)>; 2]> = BTreeMap::new();
        for (at, (node, step, _)) in route.steps().enumerate() {
            if at >= fixed && route.is_tail(node) {
                tail.push(*node);
                continue;
            }
            let slot = usize::from(node.stop.kind != StopKind::PickUp);
            let of = parts.entry(node.stop.delivery).or_default();
            if let Some(part) = of.get_mut(slot) {
                *part = Some((*node, *step));
            }
            order.push((node.stop.delivery, if slot == 0 { Part::PickUp } else { Part::DropOff }));
        }
        let in_prefix: Vec<DeliveryId> = order.iter().skip(fixed).map(|(delivery, _)| *delivery).collect();
        let mut requests: HashMap<DeliveryId, u32> = HashMap::new();
        for (delivery, [pick_up, drop_off]) in parts {
            requests.insert(delivery, number(self.model.requests.len()));
            self.prefixed += usize::from(!in_prefix.contains(&delivery));
            match (planner.open.get(&delivery), pick_up, drop_off) {
                (Some(open), Some((_, up)), Some((_, off))) => {
                    let late = up.late_us.max(off.late_us) > tolerance_us(self.weights);
                    self.add_open(planner, open, Some(vehicle), late);
                }
                (_, pick_up, drop_off) => {
                    let [pick_up, drop_off] = [pick_up, drop_off].map(|part| part.map(|(node, _)| node));
                    self.add_standing(route, vehicle, (pick_up, drop_off));
                }
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

    /// Whether the optimiser leaves a vehicle's run as it is.
    pub(super) fn is_frozen(&self, vehicle: &usize) -> bool {
        self.frozen.get(*vehicle).copied().unwrap_or(true)
    }

    /// Its guarantee covers `unseen` deliveries that are no requests, too.
    fn add_vehicle(&mut self, route: &Route<'a>, prefix: Vec<search::Stop>, unseen: u32) {
        let courier = route.courier;
        let start = self.place(route.starts().0, None, false);
        // What stands at the end is not in the model: the judge alone knows where such a run ends.
        let home = route.ends().filter(|_| !route.has_tail() && !self.is_unbound());
        let end =
            home.map(|(spot, by_us)| End { place: self.place(spot, None, false), latest: self.ahead(by_us) });
        let region = courier.regions.first().map(|region| self.region(*region));
        self.model.vehicles.push(Vehicle {
            start_time: self.ahead(route.starts().1),
            slowness: courier.slowness(),
            on_board: courier.on_board,
            latest_pick_up: if self.is_unbound() {
                f64::INFINITY
            } else {
                self.ahead(courier.shift_ends_at.timestamp_micros())
            },
            prefix,
            end,
            included_requests: courier.covered.map_or(u32::MAX, |covered| covered.saturating_sub(unseen)),
            extra_request_cost: pay::each(self.weights),
            region,
            ..Vehicle::at(start, courier.capacity)
        });
    }

    /// The judge alone knows what is too late: the model's clock is wrong.
    const fn is_unbound(&self) -> bool {
        self.is_rough && matches!(self.usage, Use::Better)
    }

    /// A stop; `standing` is how it went in the run as it stands, and a new one may be `late`.
    fn visit(&mut self, node: &Node<'a>, standing: Option<&Step>, late: bool) -> Visit {
        let (stop, weights) = (node.stop, self.weights);
        let is_pick_up = stop.kind == StopKind::PickUp;
        let shop = stop.place.filter(|_| is_pick_up);
        let place = self.place(node.spot, shop, is_pick_up && shop.is_none());
        let promised = stop.due.is_some();
        let kept_us = node.due_us.saturating_add(tolerance_us(weights));
        // A hold that has ended before in the run as it stands binds nobody any more.
        let held_us = match held_us(node, weights) {
            held_us if standing.is_some_and(|step| step.start_us > held_us) => i64::MAX,
            held_us => held_us,
        };
        let by_us = if late || !promised { held_us } else { held_us.min(kept_us) };
        let latest_us = standing.map_or(by_us, |step| by_us.max(step.start_us));
        let most_us = i64::from(weights.max_wait_s).saturating_mul(SECOND_US);
        let wait_us = standing.map_or(most_us, |step| most_us.max(step.wait_us()));
        let (start_weight, since) = match stop.kind {
            StopKind::PickUp => {
                let since_us = ready_to_pick_up::since_us(node, self.now_us);
                (ready_to_pick_up::per_us(weights), self.ahead(since_us))
            }
            StopKind::DropOff => (click_to_door::per_us(weights, node.chance), 0.0),
            StopKind::Return => (0.0, 0.0),
        };
        Visit {
            earliest: if node.not_before_us == i64::MIN { EVER } else { self.ahead(node.not_before_us) },
            latest: if by_us == i64::MAX || self.is_unbound() {
                f64::INFINITY
            } else {
                self.ahead(latest_us)
            },
            service: double(node.service_us),
            due: if promised { self.ahead(node.due_us) } else { f64::INFINITY },
            late_weight: if promised { lateness::per_us(weights, node.chance) } else { 0.0 },
            start_weight,
            since,
            max_wait: if self.is_unbound() { f64::INFINITY } else { double(wait_us) },
            told: node.told_us.map(|told| self.ahead(told)),
            moved_cost: stability::each_moved(weights, stop),
            ..Visit::at(place)
        }
    }

    /// A delivery nobody has been told of; `with` is who carries it in the planner's runs.
    fn add_open(&mut self, planner: &Planner<'a>, open: &'a OpenDelivery, with: Option<u32>, late: bool) {
        let nodes = [&open.pick_up, &open.drop_off].map(|stop| Node::new(stop, &planner.legs));
        let [pick_up, mut drop_off] = nodes.map(|node| self.visit(&node, None, late));
        if open.drop_off.due.is_none() {
            // Not a promise, but its place in the line.
            drop_off.due = self.ahead(urgent_us(open, planner.problem.now, self.weights));
        }
        let settled = with.is_none() && self.usage == Use::Better;
        let near = planner.near(open, settled);
        let near = near.iter().filter(|one| !self.is_frozen(one));
        let mut allowed: Vec<u32> = near.copied().map(number).collect();
        allowed.extend(with.filter(|with| !allowed.contains(with)));
        if settled && self.is_rough {
            // The model would put it where it may not be.
            allowed.clear();
        }
        let tentative = open.tentative.and_then(|courier| planner.nearby.number(courier));
        let region = self.region(open.region);
        self.model.requests.push(Request {
            allowed: Allowed::Only(allowed),
            unassigned_cost: if with.is_some() { LOST } else { UNASSIGNED },
            preferred: tentative.map(number),
            change_cost: stability::each_changed(self.weights),
            region: Some(region),
            away_cost: region::each(self.weights),
            ..Request::pair(pick_up, drop_off, open.pick_up.load)
        });
        let [pick_up, drop_off] = nodes.map(Some);
        self.origins.push(Origin { pick_up, drop_off, open: Some(open), late });
    }

    /// Stops of the run as it stands in the problem.
    fn add_standing(
        &mut self,
        route: &Route<'a>,
        vehicle: u32,
        (pick_up, drop_off): (Option<Node<'a>>, Option<Node<'a>>),
    ) {
        let load = pick_up.or(drop_off).map_or(0, |node| node.stop.load);
        let [up, off] = [pick_up, drop_off].map(|part| {
            let node = part?;
            Some(self.visit(&node, route.base_of(&node), false))
        });
        self.model.requests.push(Request {
            pick_up: up,
            drop_off: off,
            allowed: Allowed::Only(vec![vehicle]),
            unassigned_cost: LOST,
            ..Request::pair(Visit::at(0), Visit::at(0), load)
        });
        self.origins.push(Origin { pick_up, drop_off, open: None, late: false });
    }

    /// The plan as it is.
    pub(super) fn warm(&self) -> Solution {
        let routes = self.model.vehicles.iter().zip(&self.routes);
        let whole = |(vehicle, rest): (&Vehicle, &Vec<search::Stop>)| [&vehicle.prefix[..], rest].concat();
        let (routes, unassigned) = (routes.map(whole).collect(), self.left.clone());
        Solution { routes, unassigned, ..Solution::default() }
    }

    /// What a plan leaves out may be late from now on.
    pub(super) fn let_be_late(&mut self, plan: &Solution) {
        for request in plan.unassigned.iter().map(|request| index(*request)) {
            let Some(origin) = self.origins.get_mut(request) else { continue };
            origin.late = true;
            let held = origin.drop_off.map_or(i64::MAX, |node| held_us(&node, self.weights));
            let latest = if held == i64::MAX { f64::INFINITY } else { self.ahead(held) };
            if let Some(request) = self.model.requests.get_mut(request) {
                request.pick_up.iter_mut().for_each(|visit| visit.latest = f64::INFINITY);
                request.drop_off.iter_mut().for_each(|visit| visit.latest = latest);
            }
        }
    }

    /// A stop of a plan as a stop of the problem.
    fn piece(&self, stop: search::Stop) -> Option<Piece<'a>> {
        let Origin { pick_up, drop_off, open, late } = *self.origins.get(index(stop.request))?;
        let node = match stop.part {
            Part::PickUp => pick_up,
            Part::DropOff => drop_off,
        };
        Some(Piece { node: node?, open, late })
    }

    /// A vehicle's route as stops of the problem, with what stands at its end.
    pub(super) fn run(
        &self,
        vehicle: usize,
        stops: impl Iterator<Item = search::Stop>,
        into: &mut Vec<Piece<'a>>,
    ) {
        let tail = self.tails.get(vehicle).map(Vec::as_slice).unwrap_or_default();
        into.clear();
        into.extend(stops.filter_map(|stop| self.piece(stop)));
        into.extend(tail.iter().map(|node| Piece { node: *node, open: None, late: false }));
    }

    /// The deliveries a plan leaves out.
    pub(super) fn left(&self, plan: &Solution) -> Vec<&'a OpenDelivery> {
        let origins = plan.unassigned.iter().filter_map(|request| self.origins.get(index(*request)));
        origins.filter_map(|origin| origin.open).collect()
    }
}

/// The last moment at which a door's money is held.
fn held_us(node: &Node<'_>, weights: &Weights) -> i64 {
    match node.hold_ends_us {
        ends_us if weights.keep_holds && ends_us < i64::MAX => ends_us.saturating_sub(1),
        _ => i64::MAX,
    }
}

fn tolerance_us(weights: &Weights) -> i64 {
    i64::from(weights.tolerance_s).saturating_mul(SECOND_US)
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
