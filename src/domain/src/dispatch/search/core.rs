//! The model in the dense form the inner loops want.

use std::collections::HashMap;

use super::model::{Allowed, Model, Part, SamePlace, Stop, Terms};
use super::rng::mix;
use super::travel::Travel;

/// No request, no node.
pub(super) const NONE: u32 = u32::MAX;
/// The place of the end of a route that ends anywhere: the way there takes no time.
pub(super) const NOWHERE: u32 = u32::MAX;
/// Rounding a sum of doubles may make a start seem so much too late.
pub(super) const TOLERANCE: f64 = 1e-7;

/// A visit, or the start or end of a route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) place: u32,
    /// `NONE` at starts and ends.
    pub(super) request: u32,
    /// Change of what is on board.
    pub(super) load: i32,
    pub(super) pick: bool,
    pub(super) earliest: f64,
    pub(super) latest: f64,
    pub(super) setup: f64,
    pub(super) service: f64,
    pub(super) due: f64,
    pub(super) late_weight: f64,
    pub(super) start_weight: f64,
    pub(super) since: f64,
    pub(super) max_wait: f64,
    /// Not a number where nobody was told anything.
    pub(super) told: f64,
    pub(super) moved_cost: f64,
    /// For telling sequences of stops apart.
    pub(super) hash: u64,
}

/// What the search may move of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Req {
    /// The node that comes first: the pick-up, or the only one that can move. `NONE` if all stands in a prefix.
    pub(super) first: u32,
    /// The drop-off, if it moves with the pick-up; else `NONE`.
    pub(super) second: u32,
    /// Units it brings on board between the two; 0 where only a drop-off moves.
    pub(super) load: i32,
    pub(super) unassigned_cost: f64,
    pub(super) preferred: u32,
    pub(super) change_cost: f64,
    /// `NONE` where it belongs nowhere.
    region: u32,
    away_cost: f64,
    /// Its part of `candidates`; `None` for all vehicles.
    candidates: Option<(u32, u32)>,
    /// Where its part of the table of remembered insertions begins.
    pub(super) memo: usize,
}

/// A vehicle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Car {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) slowness: f64,
    pub(super) capacity: i32,
    pub(super) on_board: i32,
    pub(super) latest_pick_up: f64,
    pub(super) fixed_cost: f64,
    pub(super) included: u32,
    pub(super) extra: f64,
    region: u32,
    /// Vehicles of one class are alike as long as they are empty.
    pub(super) class: u32,
}

pub(super) struct Core<'m, T> {
    pub(super) model: &'m Model,
    pub(super) travel: &'m T,
    pub(super) terms: Terms,
    pub(super) nodes: Vec<Node>,
    pub(super) requests: Vec<Req>,
    pub(super) cars: Vec<Car>,
    pub(super) classes: usize,
    candidates: Vec<u32>,
    /// Entries of the table of remembered insertions; 0 where it would be too large.
    pub(super) memos: usize,
    /// Times alone do not tell the cost: insertions have to be walked through.
    pub(super) soft: bool,
}

/// Remembered insertions take 24 bytes each.
const MOST_MEMOS: usize = 4_000_000;

pub(super) const fn node_of(stop: Stop) -> u32 {
    stop.request * 2 + matches!(stop.part, Part::DropOff) as u32
}

pub(super) const fn stop_of(node: u32) -> Stop {
    Stop { request: node / 2, part: if node.is_multiple_of(2) { Part::PickUp } else { Part::DropOff } }
}

impl<'m, T: Travel> Core<'m, T> {
    /// The model must have been checked.
    pub(super) fn new(model: &'m Model, travel: &'m T) -> Self {
        let mut core = Self {
            model,
            travel,
            terms: model.terms,
            nodes: Vec::with_capacity(2 * (model.requests.len() + model.vehicles.len())),
            requests: Vec::with_capacity(model.requests.len()),
            cars: Vec::with_capacity(model.vehicles.len()),
            classes: 0,
            candidates: Vec::new(),
            memos: 0,
            soft: model.terms.waiting > 0.0
                || model.terms.one_place_a_bundle
                || model.terms.same_place != SamePlace::Each,
        };
        core.add_visits();
        core.add_cars();
        core.add_requests();
        core
    }

    fn blank(place: u32, request: u32, number: usize) -> Node {
        Node {
            place,
            request,
            load: 0,
            pick: false,
            earliest: f64::NEG_INFINITY,
            latest: f64::INFINITY,
            setup: 0.0,
            service: 0.0,
            due: f64::INFINITY,
            late_weight: 0.0,
            start_weight: 0.0,
            since: 0.0,
            max_wait: f64::INFINITY,
            told: f64::NAN,
            moved_cost: 0.0,
            hash: mix(number as u64),
        }
    }

    fn add_visits(&mut self) {
        for (request, number) in self.model.requests.iter().zip(0_u32..) {
            for part in [Part::PickUp, Part::DropOff] {
                let mut node = Self::blank(NOWHERE, number, self.nodes.len());
                let load = request.load as i32;
                node.pick = part == Part::PickUp;
                node.load = if node.pick { load } else { -load };
                if let Some(visit) = request.visit(part) {
                    node.place = visit.place;
                    node.earliest = visit.earliest;
                    node.latest = visit.latest;
                    node.setup = visit.setup;
                    node.service = visit.service;
                    node.due = visit.due;
                    node.late_weight = visit.late_weight;
                    node.start_weight = visit.start_weight;
                    node.since = visit.since;
                    node.max_wait = visit.max_wait;
                    node.told = visit.told.unwrap_or(f64::NAN);
                    node.moved_cost = visit.moved_cost;
                    let late = visit.late_weight > 0.0 && visit.due < f64::INFINITY;
                    let told = visit.moved_cost > 0.0 && visit.told.is_some();
                    self.soft |= late || told || visit.start_weight > 0.0 || visit.max_wait < f64::INFINITY;
                }
                self.nodes.push(node);
            }
        }
    }

    fn add_cars(&mut self) {
        // Classes by what differs most often: a large fleet of different vehicles costs one look each, too.
        let mut classes: HashMap<(u32, u64), Vec<(u32, u32)>> = HashMap::new();
        for (vehicle, number) in self.model.vehicles.iter().zip(0_u32..) {
            let here = classes.entry((vehicle.start, vehicle.start_time.to_bits())).or_default();
            let alone = !vehicle.prefix.is_empty() || vehicle.on_board > 0;
            let alike = |other: &&(u32, u32)| !alone && self.model.vehicles[other.0 as usize] == *vehicle;
            let class = here.iter().find(alike).map(|(_, class)| *class);
            let class = class.unwrap_or_else(|| {
                here.push((number, self.classes as u32));
                self.classes += 1;
                self.classes as u32 - 1
            });
            let start = self.nodes.len() as u32;
            let mut node = Self::blank(vehicle.start, NONE, self.nodes.len());
            node.earliest = vehicle.start_time;
            self.nodes.push(node);
            let mut node = Self::blank(NOWHERE, NONE, self.nodes.len());
            if let Some(end) = vehicle.end {
                node.place = end.place;
                node.latest = end.latest;
            }
            self.nodes.push(node);
            self.cars.push(Car {
                start,
                end: start + 1,
                slowness: vehicle.slowness,
                capacity: vehicle.capacity as i32,
                on_board: vehicle.on_board as i32,
                latest_pick_up: vehicle.latest_pick_up,
                fixed_cost: vehicle.fixed_cost,
                included: vehicle.included_requests,
                extra: vehicle.extra_request_cost,
                region: vehicle.region.unwrap_or(NONE),
                class,
            });
        }
        for car in &self.cars {
            // Alike vehicles make alike routes.
            self.nodes[car.start as usize].hash = mix(!u64::from(car.class));
        }
    }

    fn add_requests(&mut self) {
        // Vehicle and the parts that stand in its prefix.
        let mut fixed: Vec<(u32, [bool; 2])> = vec![(NONE, [false; 2]); self.model.requests.len()];
        for (vehicle, number) in self.model.vehicles.iter().zip(0_u32..) {
            for stop in &vehicle.prefix {
                let entry = &mut fixed[stop.request as usize];
                entry.0 = number;
                entry.1[usize::from(stop.part == Part::DropOff)] = true;
            }
        }
        let vehicles = self.model.vehicles.len();
        for ((request, (home, parts)), number) in self.model.requests.iter().zip(fixed).zip(0_u32..) {
            let moves =
                |part: Part| request.visit(part).is_some() && !parts[usize::from(part == Part::DropOff)];
            let (pick, drop) = (number * 2, number * 2 + 1);
            let (first, second, load) = match (moves(Part::PickUp), moves(Part::DropOff)) {
                (true, true) => (pick, drop, request.load as i32),
                (true, false) => (pick, NONE, request.load as i32),
                (false, true) => (drop, NONE, 0),
                (false, false) => (NONE, NONE, 0),
            };
            let begin = self.candidates.len() as u32;
            let (candidates, count) = match (&request.allowed, home) {
                (_, home) if home != NONE => {
                    self.candidates.push(home);
                    (Some((begin, begin + 1)), 1)
                }
                (Allowed::All, _) => (None, vehicles),
                (Allowed::Only(only), _) => {
                    self.candidates.extend(only);
                    self.candidates[begin as usize..].sort_unstable();
                    (Some((begin, self.candidates.len() as u32)), only.len())
                }
            };
            self.requests.push(Req {
                first,
                second,
                load,
                unassigned_cost: request.unassigned_cost,
                preferred: request.preferred.unwrap_or(NONE),
                change_cost: request.change_cost,
                region: request.region.unwrap_or(NONE),
                away_cost: request.away_cost,
                candidates,
                memo: self.memos,
            });
            self.memos += count;
        }
        if self.memos > MOST_MEMOS {
            self.memos = 0;
        }
    }

    /// The vehicles a request may be tried with, in order; `None` for all.
    pub(super) fn candidates(&self, request: u32) -> Option<&[u32]> {
        let (begin, end) = self.requests[request as usize].candidates?;
        Some(&self.candidates[begin as usize..end as usize])
    }

    pub(super) fn may_carry(&self, request: u32, vehicle: u32) -> bool {
        self.candidates(request).is_none_or(|all| all.contains(&vehicle))
    }

    #[inline]
    pub(super) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    #[inline]
    pub(super) fn cost(&self, from: u32, to: u32) -> f64 {
        if to == NOWHERE { 0.0 } else { self.terms.driving * self.travel.cost(from, to) }
    }

    /// Time and weighted cost of a leg for a vehicle, looked up once where they are one thing.
    #[inline]
    pub(super) fn leg(&self, slowness: f64, from: u32, to: u32) -> (f64, f64) {
        if to == NOWHERE {
            return (0.0, 0.0);
        }
        let time = self.travel.time_at(slowness, from, to);
        let cost = if T::COST_IS_TIME { time } else { self.travel.cost_at(slowness, from, to) };
        (time, self.terms.driving * cost)
    }

    /// The latest start at a node in a vehicle's route.
    #[inline]
    pub(super) fn latest(&self, node: &Node, car: &Car) -> f64 {
        if node.pick { node.latest.min(car.latest_pick_up) } else { node.latest }
    }

    /// At this of a request's nodes it is counted, once for a route.
    #[inline]
    pub(super) fn counts(&self, node: u32) -> bool {
        let request = self.nodes[node as usize].request;
        if request == NONE {
            return false;
        }
        match self.requests[request as usize].first {
            NONE => !node.is_multiple_of(2) || self.model.requests[request as usize].drop_off.is_none(),
            first => first == node,
        }
    }

    /// What it costs that a vehicle carries a request, apart from the way: the first so many are `carried` already.
    #[inline]
    pub(super) fn price(&self, request: &Req, vehicle: u32, carried: u32) -> f64 {
        let car = &self.cars[vehicle as usize];
        let extra = if carried >= car.included { car.extra } else { 0.0 };
        let change = request.preferred != NONE && request.preferred != vehicle;
        let away = request.region != NONE && request.region != car.region;
        extra + if change { request.change_cost } else { 0.0 } + if away { request.away_cost } else { 0.0 }
    }
}
