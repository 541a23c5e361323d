//! The plan being worked on: routes, what is left out, what was found out about places, and the way back.

use super::core::{Core, NONE, node_of};
use super::insertion::{Place, Reach, at_least, cheapest};
use super::model::Stop;
use super::recreate::Blinks;
use super::route::Route;
use super::solution::{Solution, blank_route, solution};
use super::travel::Travel;

/// What is known about a request in a route as it was at `stamp`.
#[derive(Debug, Clone, Copy)]
struct Memo {
    stamp: u64,
    /// The cheapest place; with `i` at [`Memo::BOUND`] only that none costs less.
    place: Place,
}

impl Memo {
    const BOUND: u16 = u16::MAX;
    const EMPTY: Self = Self { stamp: 0, place: Place::NOWHERE };
}

/// A way back: the routes and requests as they were when [`State::mark`] was called.
#[derive(Debug, Default)]
struct Undo {
    /// By vehicle: touched since the mark.
    touched: Vec<bool>,
    /// Vehicle and its old route; the first `saves` count.
    saved: Vec<(u32, Route)>,
    saves: usize,
    /// Request and the vehicle it was with.
    moved: Vec<(u32, u32)>,
    /// By request: taken out since the mark.
    taken: Vec<bool>,
    absent: Vec<u32>,
    cost: f64,
}

/// A snapshot that is kept up to date cheaply: routes with the same stamp are not copied.
#[derive(Debug, Default)]
pub(super) struct Kept {
    routes: Vec<(u64, Vec<u32>)>,
    pub(super) absent: Vec<u32>,
    pub(super) cost: f64,
    pub(super) used: usize,
}

pub(super) struct State<'c, 'm, T> {
    pub(super) core: &'c Core<'m, T>,
    pub(super) routes: Vec<Route>,
    /// By request; `NONE` for one that is absent.
    pub(super) route_of: Vec<u32>,
    /// Requests nobody carries.
    pub(super) absent: Vec<u32>,
    pub(super) cost: f64,
    /// Routes that stop somewhere.
    pub(super) used: usize,
    /// By vehicle, the stamp of its route: kept together, since they are looked at often.
    stamps: Vec<u64>,
    /// Vehicles that may not be given anything.
    closed: Vec<bool>,
    /// Vehicles worth trying, and by vehicle whether it is one of them. Listed anew when `stale`.
    active: Vec<u32>,
    is_active: Vec<bool>,
    stale: bool,
    memos: Vec<Memo>,
    undo: Undo,
    /// What was absent at the mark fits nowhere, but perhaps into what was touched since.
    pub(super) settled: bool,
    // Room that is used again.
    reach: Reach,
    seen: Vec<bool>,
    unknown: Vec<(f64, u32, usize)>,
}

impl<'c, 'm, T: Travel> State<'c, 'm, T> {
    /// Prefixes only; all that can move is absent.
    pub(super) fn new(core: &'c Core<'m, T>) -> Self {
        let vehicles = core.cars.len() as u32;
        let mut state = Self {
            core,
            routes: (0..vehicles).map(|vehicle| blank_route(core, vehicle)).collect(),
            route_of: vec![NONE; core.requests.len()],
            absent: Vec::new(),
            cost: 0.0,
            used: 0,
            stamps: Vec::with_capacity(core.cars.len()),
            closed: vec![false; core.cars.len()],
            active: Vec::new(),
            is_active: vec![false; core.cars.len()],
            stale: true,
            memos: vec![Memo::EMPTY; core.memos],
            undo: Undo {
                touched: vec![false; core.cars.len()],
                taken: vec![false; core.requests.len()],
                ..Undo::default()
            },
            settled: false,
            reach: Reach::default(),
            seen: vec![false; core.classes],
            unknown: Vec::new(),
        };
        for (route, vehicle) in state.routes.iter_mut().zip(0..) {
            route.refresh(core, vehicle);
            state.cost += route.cost;
            state.used += usize::from(!route.is_idle());
            state.stamps.push(route.stamp);
        }
        for (request, number) in core.requests.iter().zip(0_u32..) {
            if request.first != NONE {
                state.absent.push(number);
                state.cost += request.unassigned_cost;
            }
        }
        state
    }

    /// Takes over what can be taken from a plan: a request stays where it stands if all of its visits stand there in
    /// a possible order, its vehicle may carry it, and the route remains allowed.
    pub(super) fn take_over(&mut self, from: &Solution) {
        for (stops, vehicle) in from.routes.iter().zip(0_u32..).take(self.routes.len()) {
            let wanted: Vec<u32> = stops.iter().filter_map(|stop| self.wanted(*stop, vehicle)).collect();
            let mut kept: Vec<u32> = Vec::with_capacity(wanted.len());
            for node in &wanted {
                let req = self.core.requests[(*node / 2) as usize];
                let twice = kept.contains(node);
                let whole = match req.second {
                    NONE => true,
                    _ if *node == req.first => wanted.contains(&req.second),
                    _ => kept.contains(&req.first),
                };
                if whole && !twice {
                    kept.push(*node);
                }
            }
            let whole = |node: &u32| {
                let req = self.core.requests[(*node / 2) as usize];
                kept.contains(&req.first) && (req.second == NONE || kept.contains(&req.second))
            };
            let mut order: Vec<u32> = kept.iter().copied().filter(whole).collect();
            while !order.is_empty() && !self.adopt(vehicle, &order) {
                let out = order[order.len() - 1] / 2;
                order.retain(|node| node / 2 != out);
            }
        }
    }

    /// The node of a stop that may stand in a vehicle's route.
    fn wanted(&self, stop: Stop, vehicle: u32) -> Option<u32> {
        let req = self.core.requests.get(stop.request as usize)?;
        let node = node_of(stop);
        let moves = node == req.first || node == req.second;
        let free = self.route_of[stop.request as usize] == NONE;
        (moves && free && self.core.may_carry(stop.request, vehicle)).then_some(node)
    }

    fn adopt(&mut self, vehicle: u32, order: &[u32]) -> bool {
        let mut route = blank_route(self.core, vehicle);
        let end = route.pos.len() - 1;
        route.pos.splice(end..end, order.iter().map(|node| Route::blank(*node)));
        if !route.refresh(self.core, vehicle) {
            return false;
        }
        let before = &mut self.routes[vehicle as usize];
        self.cost += route.cost - before.cost;
        self.used += usize::from(!route.is_idle());
        self.used -= usize::from(!before.is_idle());
        self.stamps[vehicle as usize] = route.stamp;
        self.stale = true;
        *before = route;
        for node in order {
            let request = node / 2;
            if self.route_of[request as usize] == NONE {
                self.route_of[request as usize] = vehicle;
                self.cost -= self.core.requests[request as usize].unassigned_cost;
            }
        }
        self.absent.retain(|request| self.route_of[*request as usize] == NONE);
        true
    }

    // ---- the way back

    /// From here on all can be undone.
    pub(super) fn mark(&mut self) {
        let undo = &mut self.undo;
        for (vehicle, _) in &undo.saved[..undo.saves] {
            undo.touched[*vehicle as usize] = false;
        }
        undo.saves = 0;
        for (request, _) in &undo.moved {
            undo.taken[*request as usize] = false;
        }
        undo.moved.clear();
        undo.absent.clone_from(&self.absent);
        undo.cost = self.cost;
    }

    /// Back to the mark.
    pub(super) fn undo(&mut self) {
        for save in 0..self.undo.saves {
            let (vehicle, saved) = &mut self.undo.saved[save];
            let route = &mut self.routes[*vehicle as usize];
            self.used += usize::from(!saved.is_idle());
            self.used -= usize::from(!route.is_idle());
            self.stale |= route.is_idle() != saved.is_idle();
            std::mem::swap(route, saved);
            self.stamps[*vehicle as usize] = route.stamp;
            self.undo.touched[*vehicle as usize] = false;
        }
        self.undo.saves = 0;
        while let Some((request, vehicle)) = self.undo.moved.pop() {
            self.route_of[request as usize] = vehicle;
            self.undo.taken[request as usize] = false;
        }
        self.absent.clone_from(&self.undo.absent);
        self.cost = self.undo.cost;
    }

    fn touch(&mut self, vehicle: u32) {
        let undo = &mut self.undo;
        if std::mem::replace(&mut undo.touched[vehicle as usize], true) {
            return;
        }
        let route = &self.routes[vehicle as usize];
        match undo.saved.get_mut(undo.saves) {
            Some((slot, saved)) => {
                *slot = vehicle;
                saved.clone_from_route(route);
            }
            None => undo.saved.push((vehicle, route.clone())),
        }
        undo.saves += 1;
    }

    /// Vehicles touched since the mark.
    pub(super) fn touched(&self) -> impl Iterator<Item = u32> + '_ {
        self.undo.saved[..self.undo.saves].iter().map(|(vehicle, _)| *vehicle)
    }

    /// How many requests were absent at the mark and fit nowhere then; they are the first of those absent.
    pub(super) fn left_before(&self) -> usize {
        if self.settled { self.undo.absent.len() } else { 0 }
    }

    /// What is absent costs.
    pub(super) fn left_out(&self) -> f64 {
        self.absent.iter().map(|request| self.core.requests[*request as usize].unassigned_cost).sum()
    }

    /// What was absent at the mark costs.
    pub(super) fn left_out_before(&self) -> f64 {
        self.undo.absent.iter().map(|request| self.core.requests[*request as usize].unassigned_cost).sum()
    }

    // ---- in and out

    /// Takes requests out of one route; they become absent. False if the route is not allowed without them.
    pub(super) fn remove(&mut self, vehicle: u32, requests: &[u32]) -> bool {
        self.touch(vehicle);
        let core = self.core;
        let route = &mut self.routes[vehicle as usize];
        let before = (route.cost, route.is_idle());
        for request in requests {
            let req = &core.requests[*request as usize];
            route.remove((req.first, req.second));
            self.undo.moved.push((*request, vehicle));
            self.undo.taken[*request as usize] = true;
            self.route_of[*request as usize] = NONE;
            self.absent.push(*request);
            self.cost += req.unassigned_cost;
        }
        let good = route.refresh(core, vehicle);
        self.cost += route.cost - before.0;
        self.used += usize::from(!route.is_idle());
        self.used -= usize::from(!before.1);
        self.stale |= route.is_idle() != before.1;
        self.stamps[vehicle as usize] = route.stamp;
        good
    }

    /// Puts an absent request into a route. The caller takes it off `absent`. False if it does not fit after all.
    pub(super) fn insert(&mut self, request: u32, vehicle: u32, place: &Place) -> bool {
        self.touch(vehicle);
        let core = self.core;
        let req = &core.requests[request as usize];
        let route = &mut self.routes[vehicle as usize];
        let before = (route.cost, route.is_idle());
        route.insert((req.first, req.second), (usize::from(place.i), usize::from(place.j)));
        if !route.refresh(core, vehicle) {
            route.remove((req.first, req.second));
            route.refresh(core, vehicle);
            self.stamps[vehicle as usize] = route.stamp;
            return false;
        }
        self.undo.moved.push((request, NONE));
        self.route_of[request as usize] = vehicle;
        self.cost += route.cost - before.0 - req.unassigned_cost;
        self.used += usize::from(before.1);
        self.stale |= before.1;
        self.stamps[vehicle as usize] = route.stamp;
        true
    }

    // ---- places

    /// What is known about a request in a route, without looking: `Err` with what a place costs at least if it has
    /// to be looked for.
    #[inline]
    fn known(&self, at: usize, vehicle: u32) -> Result<Place, f64> {
        match self.memos.get(at) {
            Some(memo) if memo.stamp != self.stamps[vehicle as usize] => Err(f64::NEG_INFINITY),
            Some(memo) if memo.place.i == Memo::BOUND => Err(memo.place.delta),
            Some(memo) => Ok(memo.place),
            None => Err(f64::NEG_INFINITY),
        }
    }

    /// Looks for the cheapest place of a request in a route below `most`, and remembers what was found.
    fn look(&mut self, request: u32, vehicle: u32, at: usize, most: f64) -> Place {
        let route = &self.routes[vehicle as usize];
        let place = cheapest(self.core, route, (request, vehicle), most, &mut self.reach);
        if let Some(memo) = self.memos.get_mut(at) {
            let unknown = place.delta == f64::INFINITY && most < f64::INFINITY;
            let place = if unknown { Place { delta: most, i: Memo::BOUND, j: 0 } } else { place };
            *memo = Memo { stamp: route.stamp, place };
        }
        place
    }

    /// The vehicle a request costs least with, if that is less than `most`. Each is overlooked with the chance of
    /// `blinks`; of empty ones that are alike only the first is tried.
    pub(super) fn best(&mut self, request: u32, mut most: f64, blinks: &mut Blinks) -> Option<(u32, Place)> {
        let core = self.core;
        let req = &core.requests[request as usize];
        if self.stale && core.candidates(request).is_none() {
            self.list_active();
        }
        let mut found = None;
        let mut unknown = std::mem::take(&mut self.unknown);
        unknown.clear();
        let mut first_pass = |state: &Self, vehicle: u32, slot: usize| {
            if blinks.blink() {
                return;
            }
            match state.known(req.memo + slot, vehicle) {
                Ok(place) if place.delta < most => {
                    most = place.delta;
                    found = Some((vehicle, place));
                }
                Ok(_) => {}
                Err(f64::NEG_INFINITY) => {
                    let least = at_least(core, &state.routes[vehicle as usize], (request, vehicle));
                    unknown.push((least, vehicle, req.memo + slot));
                }
                Err(least) => unknown.push((least, vehicle, req.memo + slot)),
            }
        };
        match core.candidates(request) {
            Some(candidates) => {
                for (slot, vehicle) in candidates.iter().enumerate() {
                    if !self.closed[*vehicle as usize] {
                        first_pass(self, *vehicle, slot);
                    }
                }
            }
            None => {
                for vehicle in &self.active {
                    first_pass(self, *vehicle, *vehicle as usize);
                }
                // Whoever had it before is somebody else than the others like them.
                let own = req.preferred;
                if own != NONE && !self.closed[own as usize] && !self.is_active[own as usize] {
                    first_pass(self, own, own as usize);
                }
            }
        }
        for (least, vehicle, at) in unknown.iter().copied() {
            if least < most {
                let place = self.look(request, vehicle, at, most);
                if place.delta < most {
                    most = place.delta;
                    found = Some((vehicle, place));
                }
            }
        }
        self.unknown = unknown;
        found
    }

    /// Whether a request is known to fit into nothing but what was touched since the mark.
    pub(super) fn is_settled(&self, request: u32) -> bool {
        self.settled && !self.undo.taken[request as usize]
    }

    /// As [`State::best`], among the vehicles touched since the mark and with none overlooked.
    pub(super) fn best_touched(&mut self, request: u32, mut most: f64) -> Option<(u32, Place)> {
        let core = self.core;
        let memo = core.requests[request as usize].memo;
        let mut found = None;
        for save in 0..self.undo.saves {
            let vehicle = self.undo.saved[save].0;
            let slot = match core.candidates(request) {
                Some(candidates) => candidates.binary_search(&vehicle).ok(),
                None => Some(vehicle as usize),
            };
            let Some(slot) = slot.filter(|_| !self.closed[vehicle as usize]) else { continue };
            let place = match self.known(memo + slot, vehicle) {
                Ok(place) => place,
                Err(at_least) if at_least >= most => continue,
                Err(_) => self.look(request, vehicle, memo + slot, most),
            };
            if place.delta < most {
                most = place.delta;
                found = Some((vehicle, place));
            }
        }
        found
    }

    /// Vehicles a request of all vehicles is tried with.
    fn list_active(&mut self) {
        self.stale = false;
        self.active.clear();
        self.is_active.fill(false);
        let mut seen = std::mem::take(&mut self.seen);
        seen.fill(false);
        for (route, vehicle) in self.routes.iter().zip(0_u32..) {
            if self.closed[vehicle as usize] {
                continue;
            }
            let class = self.core.cars[vehicle as usize].class as usize;
            let like_another = route.is_idle() && std::mem::replace(&mut seen[class], true);
            if !like_another {
                self.active.push(vehicle);
                self.is_active[vehicle as usize] = true;
            }
        }
        self.seen = seen;
    }

    /// Nothing is put into these vehicles from now on.
    pub(super) fn close(&mut self, vehicle: u32, closed: bool) {
        self.closed[vehicle as usize] = closed;
        self.stale = true;
    }

    // ---- keeping

    pub(super) fn keep(&self, kept: &mut Kept) {
        kept.routes.resize_with(self.routes.len(), || (0, Vec::new()));
        for ((stamp, nodes), route) in kept.routes.iter_mut().zip(&self.routes) {
            if *stamp != route.stamp {
                *stamp = route.stamp;
                nodes.clear();
                nodes.extend(route.pos.iter().map(|pos| pos.node));
            }
        }
        kept.absent.clone_from(&self.absent);
        kept.cost = self.cost;
        kept.used = self.used;
    }

    /// Back to what was kept.
    pub(super) fn restore(&mut self, kept: &Kept) {
        self.mark();
        self.cost = 0.0;
        self.used = 0;
        self.stale = true;
        for vehicle in 0..self.routes.len() {
            let (stamp, nodes) = &kept.routes[vehicle];
            let route = &mut self.routes[vehicle];
            if *stamp != route.stamp {
                route.pos.clear();
                route.pos.extend(nodes.iter().map(|node| Route::blank(*node)));
                route.refresh(self.core, vehicle as u32);
                self.stamps[vehicle] = route.stamp;
            }
            for node in route.nodes() {
                let request = (node / 2) as usize;
                if self.core.requests[request].first != NONE {
                    self.route_of[request] = vehicle as u32;
                }
            }
            self.cost += route.cost;
            self.used += usize::from(!route.is_idle());
        }
        self.absent.clone_from(&kept.absent);
        for request in &self.absent {
            self.route_of[*request as usize] = NONE;
            self.cost += self.core.requests[*request as usize].unassigned_cost;
        }
        self.mark();
    }

    pub(super) fn solution(&self) -> Solution {
        solution(self.core, &self.routes, self.absent.clone())
    }
}
