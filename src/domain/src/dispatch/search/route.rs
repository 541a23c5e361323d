//! One vehicle's route and all that is remembered about it.

use super::core::{Core, NONE, Node, TOLERANCE};
use super::model::SamePlace;
use super::rng::mix;
use super::travel::Travel;

/// One position of a route: the start, a stop, or the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pos {
    pub(super) node: u32,
    pub(super) place: u32,
    /// On board after it.
    pub(super) load: i32,
    /// Its place if it is a pick-up, else `NONE`.
    pub(super) pick_place: u32,
    pub(super) start: f64,
    pub(super) depart: f64,
    /// Service spent on the pick-ups in a row that end here.
    pub(super) served: f64,
    /// Cost of the way up to here; what is priced by request or vehicle is not part of it.
    pub(super) cost: f64,
    /// What the stops after it cost at least, however late they become.
    pub(super) rest: f64,
    /// What a time unit costs by which the stops after it start later, and the waiting among them that takes up delay.
    pub(super) after_weight: f64,
    pub(super) after_wait: f64,
    /// The latest start with which all that follows is still in time (hard windows only).
    pub(super) latest: f64,
    pub(super) earliest: f64,
    pub(super) setup: f64,
    pub(super) service: f64,
    /// To the next position.
    pub(super) leg_time: f64,
    pub(super) leg_cost: f64,
}

/// A vehicle under way: the state after a stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    place: u32,
    pick_place: u32,
    pub(super) load: i32,
    pub(super) start: f64,
    pub(super) depart: f64,
    served: f64,
    pub(super) cost: f64,
}

impl Walk {
    #[inline]
    pub(super) fn after(pos: &Pos) -> Self {
        Self {
            place: pos.place,
            pick_place: pos.pick_place,
            load: pos.load,
            start: pos.start,
            depart: pos.depart,
            served: pos.served,
            cost: pos.cost,
        }
    }

    /// Goes on to a node by a leg; false if it comes too late or a rule forbids it. The second number is what it costs now and may not if it
    /// comes later: waiting, and another start than was told. The third is how long is waited.
    #[inline]
    pub(super) fn step<T: Travel>(
        &mut self,
        core: &Core<'_, T>,
        node: &Node,
        (latest, capacity): (f64, i32),
        (time, cost): (f64, f64),
    ) -> (bool, f64, f64) {
        let in_a_row = node.pick && self.pick_place == node.place;
        let mut waiting = 0.0;
        let wait;
        if in_a_row && core.terms.same_place != SamePlace::Each {
            let together = core.terms.same_place == SamePlace::Together;
            let from = if together { self.start } else { self.depart };
            self.start = from.max(node.earliest);
            wait = self.start - from;
            let longest = self.served.max(node.service);
            self.depart = self.start + if together { longest } else { longest - self.served };
            self.served = longest;
        } else {
            let from = self.depart + time + node.setup;
            self.start = from.max(node.earliest);
            wait = self.start - from;
            self.depart = self.start + node.service;
            self.served = node.service;
            self.cost += cost;
        }
        let mut good = self.start <= latest + TOLERANCE;
        if core.soft {
            waiting = core.terms.waiting * wait;
            if (self.start - node.told).abs() > core.terms.told_slack {
                waiting += node.moved_cost;
            }
            self.cost += waiting + stop_cost(core, node, self.start);
            good &= wait <= node.max_wait + TOLERANCE;
            good &= !(node.pick && core.terms.one_place_a_bundle && self.load > 0 && !in_a_row);
        }
        self.load += node.load;
        good &= !node.pick || self.load <= capacity;
        self.place = node.place;
        self.pick_place = if node.pick { node.place } else { NONE };
        (good, waiting, wait)
    }

    /// From here on all goes as it went from a position before: same place is implied.
    #[inline]
    pub(super) fn is_back(&self, pos: &Pos) -> bool {
        self.start <= pos.start && self.depart <= pos.depart && self.served == pos.served
    }

    /// The next position is a pick-up at the place where one was just done.
    #[inline]
    pub(super) fn is_in_a_row(&self, next: &Pos) -> bool {
        self.pick_place != NONE && self.pick_place == next.pick_place
    }

    /// What the stops after a position cost at least, now that it is reached so late: no less than before, and more for
    /// the delay that is not taken up by waiting. (Service already spent at one place may shorten what follows there.)
    #[inline]
    pub(super) fn rest(&self, pos: &Pos) -> f64 {
        let behind =
            (self.depart - pos.depart - (self.served - pos.served).max(0.0)).min(self.start - pos.start);
        pos.rest + pos.after_weight * (behind - pos.after_wait).max(0.0)
    }
}

/// What a start costs.
#[inline]
pub(super) fn stop_cost<T>(core: &Core<'_, T>, node: &Node, start: f64) -> f64 {
    let late = start - node.due;
    let lateness =
        if late > 0.0 { node.late_weight * late * (1.0 + late / core.terms.late_doubles_after) } else { 0.0 };
    node.start_weight * (start - node.since) + lateness
}

/// A route: positions from the start to the end, both included.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    pub(super) pos: Vec<Pos>,
    /// Positions that stay: the start and the prefix.
    pub(super) first: usize,
    /// Tells its sequence of stops from others.
    pub(super) stamp: u64,
    /// Cost, and 0 while it is not used.
    pub(super) cost: f64,
    /// Requests that touch it.
    pub(super) carried: u32,
}

impl Route {
    pub(super) fn blank(node: u32) -> Pos {
        Pos {
            node,
            place: NONE,
            load: 0,
            pick_place: NONE,
            start: 0.0,
            depart: 0.0,
            served: 0.0,
            cost: 0.0,
            rest: 0.0,
            after_weight: 0.0,
            after_wait: 0.0,
            latest: f64::INFINITY,
            earliest: 0.0,
            setup: 0.0,
            service: 0.0,
            leg_time: 0.0,
            leg_cost: 0.0,
        }
    }

    /// It stops nowhere.
    pub(super) fn is_idle(&self) -> bool {
        self.pos.len() <= 2
    }

    /// Positions a node may be put behind: from `first - 1` up to, not including, this.
    pub(super) fn gaps(&self) -> usize {
        self.pos.len() - 1
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = u32> + '_ {
        self.pos[1..self.pos.len() - 1].iter().map(|pos| pos.node)
    }

    /// Puts a request behind positions `i` and `j` (`i <= j`), counted without it. Call [`Route::refresh`] after.
    pub(super) fn insert(&mut self, (first, second): (u32, u32), (i, j): (usize, usize)) {
        if second != NONE {
            self.pos.insert(j + 1, Self::blank(second));
        }
        self.pos.insert(i + 1, Self::blank(first));
    }

    pub(super) fn remove(&mut self, (first, second): (u32, u32)) {
        self.pos.retain(|pos| pos.node != first && pos.node != second);
    }

    /// Derives everything from the sequence of nodes; false if something is too late, too full or forbidden.
    pub(super) fn refresh<T: Travel>(&mut self, core: &Core<'_, T>, vehicle: u32) -> bool {
        let good = self.forward(core, vehicle);
        let good_back = self.backward(core, vehicle);
        good && good_back
    }

    fn forward<T: Travel>(&mut self, core: &Core<'_, T>, vehicle: u32) -> bool {
        let car = &core.cars[vehicle as usize];
        let start = core.node(car.start);
        let head = &mut self.pos[0];
        head.place = start.place;
        head.start = start.earliest;
        head.depart = start.earliest;
        head.load = car.on_board;
        head.cost = 0.0;
        head.earliest = start.earliest;
        (head.rest, head.after_weight, head.after_wait) = (0.0, 0.0, 0.0);
        let mut walk = Walk::after(head);
        let mut good = true;
        let mut stamp = start.hash;
        let mut prices = car.fixed_cost;
        self.carried = 0;
        for at in 1..self.pos.len() {
            let number = self.pos[at].node;
            let node = core.node(number);
            let fixed = at < self.first;
            let before = walk.cost;
            let leg = core.leg(car.slowness, self.pos[at - 1].place, node.place);
            let limits = (core.latest(node, car), car.capacity);
            let (in_time, waiting, wait) = walk.step(core, node, limits, leg);
            (self.pos[at - 1].leg_time, self.pos[at - 1].leg_cost) = leg;
            good &= in_time || fixed;
            stamp = mix(stamp.rotate_left(7) ^ node.hash);
            let pos = &mut self.pos[at];
            pos.place = node.place;
            pos.load = walk.load;
            pos.pick_place = walk.pick_place;
            pos.start = walk.start;
            pos.depart = walk.depart;
            pos.served = walk.served;
            pos.earliest = node.earliest;
            pos.setup = node.setup;
            pos.service = node.service;
            if core.counts(number) {
                prices += core.price(&core.requests[node.request as usize], vehicle, self.carried);
                self.carried += 1;
            }
            pos.cost = walk.cost;
            pos.rest = walk.cost - before - waiting;
            (pos.after_weight, pos.after_wait) = (node.start_weight, wait);
        }
        self.stamp = stamp;
        self.cost = if self.is_idle() { 0.0 } else { walk.cost + prices };
        good
    }

    fn backward<T: Travel>(&mut self, core: &Core<'_, T>, vehicle: u32) -> bool {
        let car = &core.cars[vehicle as usize];
        let last = self.pos.len() - 1;
        let mut latest = f64::INFINITY;
        let (mut rest, mut weight, mut wait) = (0.0, 0.0, 0.0);
        let mut good = true;
        let mut setup = 0.0;
        for at in (0..=last).rev() {
            let fixed = at < self.first;
            let pos = &mut self.pos[at];
            if at == last {
                (pos.leg_time, pos.leg_cost) = (0.0, 0.0);
            }
            let node = core.node(pos.node);
            let own = if fixed { f64::INFINITY } else { core.latest(node, car) };
            latest = own.min(latest - setup - pos.leg_time - pos.service);
            pos.latest = latest;
            (rest, pos.rest) = (rest + pos.rest, rest);
            (weight, pos.after_weight) = (weight + pos.after_weight, weight);
            (wait, pos.after_wait) = (wait + pos.after_wait, wait);
            good &= fixed || core.soft || pos.start <= latest + TOLERANCE;
            setup = pos.setup;
        }
        good
    }
}

impl Route {
    /// Copies another route into the room this one has already.
    pub(super) fn clone_from_route(&mut self, other: &Self) {
        self.pos.clear();
        self.pos.extend_from_slice(&other.pos);
        (self.first, self.stamp) = (other.first, other.stamp);
        (self.cost, self.carried) = (other.cost, other.carried);
    }
}
