//! The cheapest place for a request in a route.
//!
//! With hard windows alone a place is judged in constant time: the delay at the next stop against the latest start
//! remembered there. Where lateness, waiting or click-to-door cost, the route is walked through until the delay is
//! absorbed or the cost exceeds what is known.

use super::core::{Core, NONE, NOWHERE, Node};
use super::route::{Pos, Route, Walk, stop_cost};
use super::travel::Travel;

/// A place for a request: its first visit behind position `i`, its second behind position `j`, both counted without it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Cost the route grows by; infinite where it does not fit.
    pub(super) delta: f64,
    pub(super) i: u16,
    pub(super) j: u16,
}

impl Place {
    pub(super) const NOWHERE: Self = Self { delta: f64::INFINITY, i: 0, j: 0 };
}

/// Times and costs of the legs between a node and the positions of a route, each found when it is first needed.
/// Positions are asked for from the front: `from` a position never comes before those asked for already.
#[derive(Debug, Default)]
pub(super) struct Reach {
    begin: usize,
    /// From position to node, and from node to position.
    legs: Vec<(Leg, Leg)>,
    /// The same, each way for itself, by position; not a number where it is not known yet.
    to: Vec<Leg>,
    from: Vec<Leg>,
    /// Of the vehicle the route belongs to.
    slowness: f64,
}

type Leg = (f64, f64);

impl Reach {
    fn begin(&mut self, slowness: f64) {
        self.legs.clear();
        self.to.clear();
        self.from.clear();
        self.slowness = slowness;
    }

    /// From a position to the node.
    #[inline]
    fn to<T: Travel>(&mut self, core: &Core<'_, T>, route: &Route, place: u32, at: usize) -> Leg {
        one(&mut self.to, at, || core.leg(self.slowness, route.pos[at].place, place))
    }

    /// From the node to a position.
    #[inline]
    fn from<T: Travel>(&mut self, core: &Core<'_, T>, route: &Route, place: u32, at: usize) -> Leg {
        one(&mut self.from, at, || core.leg(self.slowness, place, route.pos[at].place))
    }

    #[inline]
    fn at<T: Travel>(&mut self, core: &Core<'_, T>, route: &Route, place: u32, at: usize) -> (Leg, Leg) {
        if self.legs.is_empty() {
            self.begin = at;
        }
        while self.begin + self.legs.len() <= at {
            let other = route.pos[self.begin + self.legs.len()].place;
            self.legs.push(both(core, self.slowness, (place, other)));
        }
        self.legs[at - self.begin]
    }
}

#[inline]
fn one(known: &mut Vec<Leg>, at: usize, leg: impl FnOnce() -> Leg) -> Leg {
    if known.len() <= at {
        known.resize(at + 1, (f64::NAN, f64::NAN));
    }
    if known[at].0.is_nan() {
        known[at] = leg();
    }
    known[at]
}

/// The legs from and to another place.
#[inline]
fn both<T: Travel>(core: &Core<'_, T>, slowness: f64, (place, other): (u32, u32)) -> (Leg, Leg) {
    let from = core.leg(slowness, place, other);
    if T::SYMMETRIC || other == NOWHERE { (from, from) } else { (core.leg(slowness, other, place), from) }
}

/// The cheapest place that costs less than `most` more, or [`Place::NOWHERE`].
pub(super) fn cheapest<T: Travel>(
    core: &Core<'_, T>,
    route: &Route,
    (request, vehicle): (u32, u32),
    most: f64,
    scratch: &mut Reach,
) -> Place {
    let req = &core.requests[request as usize];
    let mut price = core.price(req, vehicle, route.carried);
    if route.is_idle() {
        price += core.cars[vehicle as usize].fixed_cost;
    }
    if route.gaps() + 2 >= usize::from(u16::MAX) || price >= most {
        return Place::NOWHERE;
    }
    let mut place = if core.soft {
        soft(core, route, (request, vehicle), most - price, scratch)
    } else {
        if route.is_idle() {
            price += route.pos[0].leg_cost;
        }
        match req.second {
            NONE => hard_single(core, route, (request, vehicle), most - price),
            _ => hard_pair(core, route, (request, vehicle), most - price, scratch),
        }
    };
    place.delta += price;
    place
}

/// A request with one visit that moves, hard windows.
fn hard_single<T: Travel>(
    core: &Core<'_, T>,
    route: &Route,
    (request, vehicle): (u32, u32),
    most: f64,
) -> Place {
    let car = &core.cars[vehicle as usize];
    let req = &core.requests[request as usize];
    let node = core.node(req.first);
    let latest = core.latest(node, car);
    let begin = route.first - 1;
    let mut best = Place { delta: most, ..Place::NOWHERE };
    let mut found = false;
    // What comes on board here stays: every moment after it has to bear it.
    let full = route.pos[begin..].iter().rposition(|pos| pos.load + req.load > car.capacity);
    let from_here = full.map_or(begin, |at| begin + at + 1);
    if from_here >= route.gaps() {
        return Place::NOWHERE;
    }
    let (mut to, _) = both(core, car.slowness, (node.place, route.pos[from_here].place));
    for k in from_here..route.gaps() {
        let (pos, next) = (&route.pos[k], &route.pos[k + 1]);
        let (next_to, from) = both(core, car.slowness, (node.place, next.place));
        let start = (pos.depart + to.0 + node.setup).max(node.earliest);
        if start > latest {
            break;
        }
        let delta = to.1 + from.1 - pos.leg_cost;
        if delta < best.delta && start + node.service + from.0 + next.setup <= next.latest {
            best = Place { delta, i: k as u16, j: k as u16 };
            found = true;
        }
        to = next_to;
    }
    if found { best } else { Place::NOWHERE }
}

/// A request with both visits, hard windows. A place of the pick-up is given up as soon as it alone is too late or too
/// dear: with a drop-off it is later and dearer.
fn hard_pair<T: Travel>(
    core: &Core<'_, T>,
    route: &Route,
    (request, vehicle): (u32, u32),
    most: f64,
    reach: &mut Reach,
) -> Place {
    let car = &core.cars[vehicle as usize];
    let req = &core.requests[request as usize];
    let pick = core.node(req.first);
    let room = car.capacity - req.load;
    let begin = route.first - 1;
    let gaps = route.gaps();
    let pick_latest = core.latest(pick, car);
    let mut trial = Pair {
        core,
        route,
        reach,
        drop: core.node(req.second),
        own: core.leg(car.slowness, pick.place, core.node(req.second).place),
        room,
        best: Place { delta: most, ..Place::NOWHERE },
        found: false,
    };
    trial.reach.begin(car.slowness);
    let (mut to, _) = both(core, car.slowness, (pick.place, route.pos[begin].place));
    for k in begin..gaps {
        let (pos, next) = (&route.pos[k], &route.pos[k + 1]);
        let start = (pos.depart + to.0 + pick.setup).max(pick.earliest);
        if start > pick_latest {
            break;
        }
        let (next_to, from) = both(core, car.slowness, (pick.place, next.place));
        let delta = to.1 + from.1 - pos.leg_cost;
        let depart = start + pick.service;
        let next_start = (depart + from.0 + next.setup).max(next.earliest);
        if delta < trial.best.delta && next_start <= next.latest && pos.load <= room {
            if !trial.together(k, depart, to.1) {
                break;
            }
            trial.apart(k, next_start, delta);
        }
        to = next_to;
    }
    if trial.found { trial.best } else { Place::NOWHERE }
}

/// The drop-off of a pair being tried.
struct Pair<'a, 'm, T> {
    core: &'a Core<'m, T>,
    route: &'a Route,
    reach: &'a mut Reach,
    drop: &'a Node,
    /// From the pick-up to the drop-off.
    own: Leg,
    /// The most that may be on board already.
    room: i32,
    best: Place,
    found: bool,
}

impl<T: Travel> Pair<'_, '_, T> {
    /// Right behind the pick-up, which is left at `depart`; false if even that is too late, and will be further on.
    #[inline]
    fn together(&mut self, k: usize, depart: f64, to_cost: f64) -> bool {
        let drop = self.drop;
        let (pos, next) = (&self.route.pos[k], &self.route.pos[k + 1]);
        let start = (depart + self.own.0 + drop.setup).max(drop.earliest);
        if start > drop.latest {
            return false;
        }
        let (_, back) = self.reach.at(self.core, self.route, drop.place, k + 1);
        let delta = to_cost + self.own.1 + back.1 - pos.leg_cost;
        if delta < self.best.delta && start + drop.service + back.0 + next.setup <= next.latest {
            self.best = Place { delta, i: k as u16, j: k as u16 };
            self.found = true;
        }
        true
    }

    /// Further on: the stop behind the pick-up starts at `start` now, and the pick-up costs `so_far`.
    #[inline]
    fn apart(&mut self, k: usize, mut start: f64, so_far: f64) {
        let drop = self.drop;
        for j in k + 1..self.route.gaps() {
            let (pos, next) = (&self.route.pos[j], &self.route.pos[j + 1]);
            if start > pos.latest || pos.load > self.room {
                return;
            }
            let depart = start + pos.service;
            let (to, _) = self.reach.at(self.core, self.route, drop.place, j);
            let drop_start = (depart + to.0 + drop.setup).max(drop.earliest);
            if drop_start > drop.latest {
                return;
            }
            let (_, from) = self.reach.at(self.core, self.route, drop.place, j + 1);
            let delta = so_far + to.1 + from.1 - pos.leg_cost;
            if delta < self.best.delta && drop_start + drop.service + from.0 + next.setup <= next.latest {
                self.best = Place { delta, i: k as u16, j: j as u16 };
                self.found = true;
            }
            start = (depart + pos.leg_time + next.setup).max(next.earliest);
        }
    }
}

/// What a request of two visits costs in a route at the very least, prices included, where the start of a stop costs and a
/// detour is never shorter than the direct way.
pub(super) fn at_least<T: Travel>(core: &Core<'_, T>, route: &Route, (request, vehicle): (u32, u32)) -> f64 {
    let req = &core.requests[request as usize];
    if !core.soft || req.second == NONE {
        return f64::NEG_INFINITY;
    }
    let slowness = core.cars[vehicle as usize].slowness;
    let (pick, drop) = (core.node(req.first), core.node(req.second));
    let from = &route.pos[route.first - 1];
    let start =
        (from.depart.min(from.start) + core.leg(slowness, from.place, pick.place).0).max(pick.earliest);
    let there = (start + core.leg(slowness, pick.place, drop.place).0 + drop.setup).max(drop.earliest);
    stop_cost(core, pick, start) + stop_cost(core, drop, there) + core.price(req, vehicle, route.carried)
}

/// Any request where the start of a stop costs. A place is given up as soon as what the route costs at least is too
/// much: what has been driven, the stops behind with the delay they have by now, and the drop-off at the soonest.
fn soft<T: Travel>(
    core: &Core<'_, T>,
    route: &Route,
    (request, vehicle): (u32, u32),
    most: f64,
    reach: &mut Reach,
) -> Place {
    let car = &core.cars[vehicle as usize];
    let req = &core.requests[request as usize];
    let node = core.node(req.first);
    let limits = (core.latest(node, car), car.capacity);
    let begin = route.first - 1;
    let last = route.pos.len() - 1;
    let old = if route.is_idle() { 0.0 } else { route.pos[last].cost };
    let second = (req.second != NONE).then(|| core.node(req.second));
    let own = second.map_or((0.0, 0.0), |drop| core.leg(car.slowness, node.place, drop.place));
    let mut trial = Trial { core, route, vehicle, own, reach, most: old + most, best: Place::NOWHERE };
    trial.reach.begin(car.slowness);
    for i in begin..route.gaps() {
        let (pos, next) = (&route.pos[i], &route.pos[i + 1]);
        let mut walk = Walk::after(pos);
        let good = walk.step(core, node, limits, core.leg(car.slowness, pos.place, node.place)).0;
        let soonest = second
            .map_or(0.0, |drop| stop_cost(core, drop, (walk.depart + own.0 + drop.setup).max(drop.earliest)));
        let least = walk.cost + pos.rest + soonest;
        if !good || least >= trial.most {
            continue;
        }
        let on = core.leg(car.slowness, node.place, next.place);
        if least + delay(&walk, (pos, next), on) >= trial.most {
            continue;
        }
        match second {
            None => trial.tail(walk, (i, i), on),
            Some(drop) => trial.second(walk, (drop, soonest), (i, on)),
        }
    }
    Place { delta: trial.best.delta - old, ..trial.best }
}

/// What it costs at least that a position is left for the next by way of a visit: the detour, and the delay of all that
/// follows.
#[inline]
fn delay(walk: &Walk, (pos, next): (&Pos, &Pos), on: Leg) -> f64 {
    if walk.is_in_a_row(next) {
        // One service for both may make it sooner.
        return 0.0;
    }
    let behind = (walk.depart + on.0 + next.setup).max(next.earliest) - next.start;
    let later = (behind - next.after_wait).max(0.0);
    on.1 - pos.leg_cost + (pos.after_weight - next.after_weight) * behind.max(0.0) + next.after_weight * later
}

/// Places of one request being tried in a route. Costs are those of the whole route.
struct Trial<'a, 'm, T> {
    core: &'a Core<'m, T>,
    route: &'a Route,
    vehicle: u32,
    /// From the first visit to the second.
    own: Leg,
    reach: &'a mut Reach,
    most: f64,
    best: Place,
}

impl<T: Travel> Trial<'_, '_, T> {
    /// All places of the second visit, the first being done behind position `i`, from where the leg `on` leads further.
    /// `least` is what the second costs at the soonest.
    fn second(&mut self, mut walk: Walk, (drop, least): (&Node, f64), (i, on): (usize, Leg)) {
        let car = &self.core.cars[self.vehicle as usize];
        let limits = (drop.latest, car.capacity);
        let mut leg = on;
        for j in i..self.route.gaps() {
            let mut with = walk;
            let to = if j == i { self.own } else { self.reach.to(self.core, self.route, drop.place, j) };
            let good = with.step(self.core, drop, limits, to).0;
            let (pos, next) = (&self.route.pos[j], &self.route.pos[j + 1]);
            if good && with.cost + pos.rest < self.most {
                let from = self.reach.from(self.core, self.route, drop.place, j + 1);
                if with.cost + pos.rest + delay(&with, (pos, next), from) < self.most {
                    self.tail(with, (i, j), from);
                }
            }
            let pos = &self.route.pos[j + 1];
            let next = self.core.node(pos.node);
            let good = walk.step(self.core, next, (self.core.latest(next, car), car.capacity), leg).0;
            if !good || walk.cost + walk.rest(pos) + least >= self.most {
                break;
            }
            leg = (pos.leg_time, pos.leg_cost);
        }
    }

    /// All that follows position `j`, the leg to which is known, until it goes as it went before.
    fn tail(&mut self, mut walk: Walk, (i, j): (usize, usize), mut leg: Leg) {
        let car = &self.core.cars[self.vehicle as usize];
        for pos in &self.route.pos[j + 1..] {
            let next = self.core.node(pos.node);
            let good = walk.step(self.core, next, (self.core.latest(next, car), car.capacity), leg).0;
            if !good || walk.cost + walk.rest(pos) >= self.most {
                return;
            }
            if walk.is_back(pos) && walk.load == pos.load {
                walk.cost += self.route.pos[self.route.pos.len() - 1].cost - pos.cost;
                break;
            }
            leg = (pos.leg_time, pos.leg_cost);
        }
        if walk.cost < self.most {
            self.most = walk.cost;
            self.best = Place { delta: walk.cost, i: i as u16, j: j as u16 };
        }
    }
}
