//! Re-derives everything a solution claims. Shares nothing with the search but the model, and is slow and plain on
//! purpose.

use super::model::{Allowed, Model, Part, SamePlace, Stop, Vehicle, Visit};
use super::solution::Solution;
use super::travel::Travel;

/// Differences below this are rounding: 1e-6, and as much again for each million.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * (1.0 + (a.abs() + b.abs()) / 1e6)
}

/// What a solution breaks. Numbers are those of requests and vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// Not one route for each vehicle.
    RouteCount,
    /// A route starts with something else than the prefix of its vehicle.
    PrefixMoved(u32),
    /// A stop of a request or visit that does not exist.
    UnknownStop(u32),
    /// A stop twice.
    StopTwice(u32),
    /// Some visits of a request and not others, or in different routes.
    Torn(u32),
    /// A drop-off before its pick-up.
    Order(u32),
    /// Listed as unassigned although it stands in a route, or neither.
    Unanswered(u32),
    /// A vehicle that may not carry it.
    NotAllowed(u32),
    /// It starts after its window.
    TooLate(u32),
    /// The vehicle waits longer than allowed.
    WaitsTooLong(u32),
    /// A pick-up after the end of the shift.
    ShiftOver(u32),
    /// A pick-up brings more on board than the vehicle can carry.
    OverCapacity(u32),
    /// A vehicle is not back in time.
    BackTooLate(u32),
    /// Picked up while something from elsewhere is on board.
    MixedBundle(u32),
    /// The score is not what the routes cost.
    WrongScore,
}

/// All that is wrong with a solution, sorted; empty for a good one. The model must pass [`Model::check`].
#[must_use]
pub fn check_solution<T: Travel>(model: &Model, travel: &T, solution: &Solution) -> Vec<Flaw> {
    let mut audit = Audit { model, travel, flaws: Vec::new(), cost: 0.0, travelled: 0.0, used: 0 };
    audit.membership(solution);
    if audit.flaws.is_empty() {
        for (vehicle, (route, number)) in model.vehicles.iter().zip(solution.routes.iter().zip(0..)) {
            audit.route(vehicle, number, route);
        }
        audit.score(solution);
    }
    audit.flaws.sort_unstable();
    audit.flaws.dedup();
    audit.flaws
}

struct Audit<'a, T> {
    model: &'a Model,
    travel: &'a T,
    flaws: Vec<Flaw>,
    cost: f64,
    travelled: f64,
    used: u32,
}

impl<T: Travel> Audit<'_, T> {
    fn flaw(&mut self, wrong: bool, flaw: Flaw) {
        if wrong {
            self.flaws.push(flaw);
        }
    }

    fn membership(&mut self, solution: &Solution) {
        self.flaw(solution.routes.len() != self.model.vehicles.len(), Flaw::RouteCount);
        let all: Vec<(usize, usize, Stop)> = solution
            .routes
            .iter()
            .enumerate()
            .flat_map(|(vehicle, route)| route.iter().enumerate().map(move |(at, stop)| (vehicle, at, *stop)))
            .collect();
        for (vehicle, number) in self.model.vehicles.iter().zip(0_u32..) {
            let route = solution.routes.get(number as usize);
            let moved = route.is_some_and(|route| !route.starts_with(&vehicle.prefix));
            self.flaw(moved, Flaw::PrefixMoved(number));
        }
        for (_, _, stop) in &all {
            let known =
                self.model.requests.get(stop.request as usize).is_some_and(|r| r.visit(stop.part).is_some());
            self.flaw(!known, Flaw::UnknownStop(stop.request));
        }
        let mut found: Vec<[Vec<(usize, usize)>; 2]> = vec![Default::default(); self.model.requests.len()];
        for (vehicle, at, stop) in all {
            if let Some(parts) = found.get_mut(stop.request as usize) {
                parts[usize::from(stop.part == Part::DropOff)].push((vehicle, at));
            }
        }
        for (number, parts) in (0_u32..).zip(found) {
            self.request(number, &parts, solution);
        }
        let outside = |r: &&u32| **r as usize >= self.model.requests.len();
        let unknown: Vec<u32> = solution.unassigned.iter().filter(outside).copied().collect();
        self.flaws.extend(unknown.into_iter().map(Flaw::UnknownStop));
    }

    fn request(&mut self, number: u32, parts: &[Vec<(usize, usize)>; 2], solution: &Solution) {
        let request = &self.model.requests[number as usize];
        let [picks, drops] = parts;
        self.flaw(picks.len() > 1 || drops.len() > 1, Flaw::StopTwice(number));
        let listed = solution.unassigned.iter().filter(|other| **other == number).count();
        let (pick, drop) = (picks.first(), drops.first());
        if pick.is_none() && drop.is_none() {
            return self.flaw(listed != 1, Flaw::Unanswered(number));
        }
        // What was picked up for good may wait for its drop-off to be planned.
        let prefix_pick = |at: &(usize, usize)| at.1 < self.model.vehicles[at.0].prefix.len();
        let pending = drop.is_none() && request.drop_off.is_some() && pick.is_some_and(prefix_pick);
        self.flaw(listed != usize::from(pending), Flaw::Unanswered(number));
        let torn = (request.pick_up.is_some() != pick.is_some())
            || (request.drop_off.is_some() != drop.is_some() && !pending)
            || matches!((pick, drop), (Some(a), Some(b)) if a.0 != b.0);
        self.flaw(torn, Flaw::Torn(number));
        self.flaw(matches!((pick, drop), (Some(a), Some(b)) if a.1 > b.1), Flaw::Order(number));
        for (vehicle, at) in [pick, drop].into_iter().flatten() {
            let by_prefix = self.model.vehicles.get(*vehicle).is_some_and(|v| {
                *at < v.prefix.len() || v.prefix.contains(&Stop { request: number, part: Part::PickUp })
            });
            let allowed = match &request.allowed {
                Allowed::All => true,
                Allowed::Only(these) => these.iter().any(|one| *one as usize == *vehicle),
            };
            self.flaw(!allowed && !by_prefix, Flaw::NotAllowed(number));
        }
    }

    /// Drives a route from the start to the end.
    fn route(&mut self, vehicle: &Vehicle, number: u32, route: &[Stop]) {
        if route.is_empty() {
            return;
        }
        self.used += 1;
        self.cost += vehicle.fixed_cost;
        let (mut place, mut clock) = (vehicle.start, vehicle.start_time);
        let mut load = i64::from(vehicle.on_board);
        // The pick-up just done: where, its start, the longest service of those in a row.
        let mut last_pick: Option<(u32, f64, f64)> = None;
        for (at, stop) in route.iter().enumerate() {
            let request = &self.model.requests[stop.request as usize];
            let Some(visit) = request.visit(stop.part) else { continue };
            let is_pick = stop.part == Part::PickUp;
            let in_a_row = last_pick.filter(|(where_, ..)| is_pick && *where_ == visit.place);
            let (start, leave, longest, wait) = self.visit(visit, in_a_row, (place, clock), vehicle.slowness);
            self.stop_cost(visit, start);
            if at >= vehicle.prefix.len() {
                self.flaw(
                    wait > visit.max_wait && !close(wait, visit.max_wait),
                    Flaw::WaitsTooLong(stop.request),
                );
                self.flaw(start > visit.latest && !close(start, visit.latest), Flaw::TooLate(stop.request));
                let over = is_pick && start > vehicle.latest_pick_up && !close(start, vehicle.latest_pick_up);
                self.flaw(over, Flaw::ShiftOver(stop.request));
                let mixed = is_pick && load > 0 && in_a_row.is_none() && self.model.terms.one_place_a_bundle;
                self.flaw(mixed, Flaw::MixedBundle(stop.request));
            }
            load += if is_pick { i64::from(request.load) } else { -i64::from(request.load) };
            self.flaw(
                is_pick && at >= vehicle.prefix.len() && load > i64::from(vehicle.capacity),
                Flaw::OverCapacity(number),
            );
            last_pick = is_pick.then_some((visit.place, start, longest));
            (place, clock) = (visit.place, leave);
        }
        if let Some(end) = vehicle.end {
            let back = clock + self.drive(vehicle.slowness, place, end.place);
            self.flaw(back > end.latest && !close(back, end.latest), Flaw::BackTooLate(number));
        }
        self.prices(vehicle, number, route);
    }

    /// Counts a leg; how long it takes.
    fn drive(&mut self, slowness: f64, from: u32, to: u32) -> f64 {
        let way = self.travel.cost_at(slowness, from, to);
        self.travelled += way;
        self.cost += self.model.terms.driving * way;
        self.travel.time_at(slowness, from, to)
    }

    /// Start and departure of a visit, the longest service of the pick-ups in a row up to it, and the wait.
    fn visit(
        &mut self,
        visit: &Visit,
        in_a_row: Option<(u32, f64, f64)>,
        (place, clock): (u32, f64),
        slowness: f64,
    ) -> (f64, f64, f64, f64) {
        let merged = in_a_row.filter(|_| self.model.terms.same_place != SamePlace::Each);
        let (ready, longest) = match merged {
            Some((_, before, served)) => {
                let together = self.model.terms.same_place == SamePlace::Together;
                (if together { before } else { clock }, served.max(visit.service))
            }
            None => (clock + self.drive(slowness, place, visit.place) + visit.setup, visit.service),
        };
        let start = if ready < visit.earliest { visit.earliest } else { ready };
        self.cost += self.model.terms.waiting * (start - ready);
        let still = match (merged, self.model.terms.same_place) {
            (Some((_, _, served)), SamePlace::Once) => longest - served,
            _ => longest,
        };
        (start, start + still, longest, start - ready)
    }

    fn stop_cost(&mut self, visit: &Visit, start: f64) {
        self.cost += visit.start_weight * (start - visit.since);
        if visit.told.is_some_and(|told| (start - told).abs() > self.model.terms.told_slack) {
            self.cost += visit.moved_cost;
        }
        if start > visit.due {
            let late = start - visit.due;
            self.cost += visit.late_weight * (late + late * late / self.model.terms.late_doubles_after);
        }
    }

    /// What a route costs by who carries how many.
    fn prices(&mut self, vehicle: &Vehicle, number: u32, route: &[Stop]) {
        let mut requests: Vec<u32> = route.iter().map(|stop| stop.request).collect();
        requests.sort_unstable();
        requests.dedup();
        // A prefix pick-up whose drop-off is left out does not count yet.
        requests.retain(|request| {
            let drop_off = Stop { request: *request, part: Part::DropOff };
            self.model.requests[*request as usize].drop_off.is_none() || route.contains(&drop_off)
        });
        let extra = requests.len().saturating_sub(vehicle.included_requests as usize);
        self.cost += extra as f64 * vehicle.extra_request_cost;
        for request in requests {
            let request = &self.model.requests[request as usize];
            if request.preferred.is_some_and(|preferred| preferred != number) {
                self.cost += request.change_cost;
            }
            if request.region.is_some() && request.region != vehicle.region {
                self.cost += request.away_cost;
            }
        }
    }

    fn score(&mut self, solution: &Solution) {
        for request in &solution.unassigned {
            self.cost += self.model.requests[*request as usize].unassigned_cost;
        }
        let score = solution.score;
        let right = score.vehicles == self.used
            && score.unassigned as usize == solution.unassigned.len()
            && close(score.travel, self.travelled)
            && close(score.cost, self.cost);
        self.flaw(!right, Flaw::WrongScore);
    }
}
