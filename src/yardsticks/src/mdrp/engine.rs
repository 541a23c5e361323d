//! The assignment engine under the rules of the day: a tentative plan of several pick-ups for every courier, improved
//! every minute from the plan of the minute before; of it only what must leave now is sent.

use std::collections::BTreeMap;

use callahead_domain::dispatch::search::{
    Acceptance, Allowed, Model, Part, Request, Rounds, Ruin, SamePlace, Settings, Solution, Stop, Terms,
    Travel, Vehicle, Visit, solve,
};

use super::coverage::{Cover, Demand, Stepping};
use super::instance::{Parameters, Spot};
use super::policy::{Command, Doing, Policy, View, halves, travel_min};

/// What there is to choose. Costs are in minutes of click-to-door.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Rounds of ruin and recreate a minute.
    pub rounds: u64,
    /// Stops taken out in a round, on average.
    pub ruined: f64,
    /// How readily a worse plan is accepted on the way, in shares of a stop's average cost.
    pub warmth: f64,
    /// Couriers whose shift starts within this take part.
    pub ahead_min: u32,
    /// Cost of giving an order to another courier than planned a minute ago.
    pub change_cost: f64,
    /// Cost of a minute's driving. So little that it only tells equals apart: of those who are there in time the nearest
    /// goes, and can leave last.
    pub driving: f64,
    /// Most orders in a bundle.
    pub bundle: u32,
    /// How idle couriers step.
    pub stepping: Stepping,
    /// A courier who is given work is missed for the orders expected within this, minutes: among those who could take an
    /// order, one goes who is missed little.
    pub missed_min: f64,
    /// The most that may count, in minutes of click-to-door. Below a minute, nobody waits for it.
    pub most_worth: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            rounds: 200,
            ruined: 6.0,
            warmth: 0.1,
            ahead_min: 30,
            change_cost: 0.5,
            driving: 0.01,
            bundle: 6,
            stepping: Stepping {
                longest_min: 10,
                least_gain: 0.0005,
                second: 0.3,
                prior: 0.3,
                half_life_min: 200.0,
            },
            missed_min: 20.0,
            most_worth: 0.8,
        }
    }
}

/// Cost of an order nobody can take: more than any delivery of a day.
const UNASSIGNED_COST: f64 = 1000.0;

/// The engine with what it remembers from one minute to the next.
#[derive(Debug, Clone)]
pub struct Engine {
    tuning: Tuning,
    seed: u64,
    /// By courier: the stops planned, as order and part.
    plan: Vec<Vec<(usize, Part)>>,
    demand: Demand,
}

impl Engine {
    /// An engine whose chances follow from a seed.
    #[must_use]
    pub fn new(seed: u64, tuning: Tuning) -> Engine {
        Engine { tuning, seed, plan: Vec::new(), demand: Demand::new(tuning.stepping) }
    }
}

impl Policy for Engine {
    fn name(&self) -> &'static str {
        "engine"
    }

    fn decide(&mut self, view: &View<'_>) -> Vec<Command> {
        self.demand.observe(view);
        self.plan.resize(view.couriers.len(), Vec::new());
        for plan in &mut self.plan {
            plan.retain(|(order, _)| view.open.binary_search(order).is_ok());
        }
        let mut snapshot = Snapshot::of(view, &self.tuning, &self.plan);
        self.price_cover(view, &mut snapshot);
        if snapshot.couriers.is_empty() {
            return Vec::new();
        }
        let settings = Settings {
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(view.now_min)),
            ruin: Ruin { average_stops: self.tuning.ruined, longest_string: 10.0 },
            acceptance: Acceptance::Steady(self.tuning.warmth),
            ..Settings::default()
        };
        let warm = snapshot.warm_start(view, &self.plan);
        let mut rounds = Rounds::new(self.rounds(view.open.len(), snapshot.couriers.len()));
        let Ok(solution) = solve(&snapshot.model, &snapshot.places, Some(&warm), &settings, &mut rounds)
        else {
            return Vec::new();
        };
        self.plan.iter_mut().for_each(Vec::clear);
        for (route, courier) in solution.routes.iter().zip(&snapshot.couriers) {
            let stops =
                route.iter().filter_map(|stop| Some((*view.open.get(index(stop.request))?, stop.part)));
            if let Some(plan) = self.plan.get_mut(*courier) {
                *plan = stops.collect();
            }
        }
        let plans = self.plan.iter().enumerate();
        let mut commands: Vec<Command> =
            plans.flat_map(|(courier, plan)| self.commands(view, courier, plan)).collect();
        let covers = self.covers(view, &snapshot.couriers);
        let steps = self.demand.steps(view, &covers);
        commands.extend(steps.into_iter().map(|(courier, restaurant)| Command::Step { courier, restaurant }));
        commands
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The first pick-up of a plan: its restaurant and its orders in the order of their drop-offs.
fn first_bundle(view: &View<'_>, plan: &[(usize, Part)]) -> Option<(usize, Vec<usize>)> {
    let restaurant = view.orders.get(plan.first()?.0)?.restaurant;
    let picked = plan.iter().take_while(|(_, part)| *part == Part::PickUp).count();
    let drops = plan.iter().skip(picked).take_while(|(_, part)| *part == Part::DropOff);
    Some((restaurant, drops.map(|(order, _)| *order).collect()))
}

/// Orders a courier up to which all rounds are made.
const EASY_RUN: usize = 8;

/// Couriers are no cover in the last minutes of their shift.
const ENDING_MIN: u32 = 15;

/// Where and when a courier is free after its plan.
fn end_of(view: &View<'_>, courier: usize, plan: &[(usize, Part)]) -> Option<(Spot, u32)> {
    let (setup, service) = halves(view.parameters.pick_up_service_min);
    let door_min = view.parameters.drop_off_service_min;
    let state = view.couriers.get(courier)?;
    let (mut spot, mut minute) = (state.spot, state.free_min.max(view.now_min));
    if let Doing::Visiting(visit) = &state.doing {
        spot = view.restaurants.get(visit.restaurant)?.place;
        minute = visit.arrives_min.max(view.now_min.saturating_sub(setup));
    }
    let mut row = None;
    for (order, part) in plan {
        let order = view.orders.get(*order)?;
        match part {
            Part::PickUp => {
                let place = view.restaurants.get(order.restaurant)?.place;
                let there = row.unwrap_or_else(|| minute + view.travel_min(spot, place) + setup);
                let picked = there.max(order.ready_min).max(view.now_min);
                row = Some(picked);
                (spot, minute) = (place, picked + service);
            }
            Part::DropOff => {
                minute += view.travel_min(spot, order.door) + door_min;
                (spot, row) = (order.door, None);
            }
        }
    }
    Some((spot, minute.max(view.now_min)))
}

impl Engine {
    /// A round takes longer the longer the runs are, by their square: where orders pile up there are fewer, so that a minute
    /// of such a day is decided in about the time of another.
    fn rounds(&self, open: usize, couriers: usize) -> u64 {
        let easy = EASY_RUN.saturating_mul(couriers);
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (easy, open) =
            (whole(easy).saturating_pow(2).max(1), whole(open.max(easy)).saturating_pow(2).max(1));
        self.tuning.rounds.saturating_mul(easy) / open
    }

    /// What has to be done now so that a courier's plan can come true.
    fn commands(&self, view: &View<'_>, courier: usize, plan: &[(usize, Part)]) -> Vec<Command> {
        let (Some(state), Some(shift)) = (view.couriers.get(courier), view.shifts.get(courier)) else {
            return Vec::new();
        };
        let first = first_bundle(view, plan);
        let mut commands = Vec::new();
        let mut idle_at = (state.doing == Doing::Idle && shift.on_min <= view.now_min).then_some(state.spot);
        if let Doing::Visiting(visit) = &state.doing {
            match &first {
                Some((restaurant, orders)) if *restaurant == visit.restaurant => {
                    if *orders != visit.orders {
                        commands.push(Command::Change { courier, orders: orders.clone() });
                    }
                }
                _ => {
                    commands.push(Command::Change { courier, orders: Vec::new() });
                    let place = view.restaurants.get(visit.restaurant).map(|restaurant| restaurant.place);
                    idle_at = place.filter(|_| visit.arrives_min <= view.now_min);
                }
            }
        }
        if let (Some(from), Some((restaurant, orders))) = (idle_at, first)
            && Self::must_leave(view, from, restaurant, &orders)
        {
            commands.push(Command::Send { courier, orders });
        }
        commands
    }

    /// A courier who could still be left free costs what it is worth as cover.
    fn price_cover(&self, view: &View<'_>, snapshot: &mut Snapshot) {
        let planned = self.covers(view, &snapshot.couriers);
        let free = |courier: &usize| {
            let (spot, free_min) = end_of(view, *courier, &[])?;
            Some(Cover { courier: *courier, spot, delay_min: free_min - view.now_min, idle: false })
        };
        let visiting = |courier: usize| {
            view.couriers.get(courier).is_some_and(|state| matches!(state.doing, Doing::Visiting(_)))
        };
        let free: Vec<Cover> = snapshot.couriers.iter().filter_map(free).collect();
        let worth = self.demand.worth(view, &free, &planned, self.tuning.missed_min);
        for ((vehicle, cover), worth) in snapshot.model.vehicles.iter_mut().zip(&free).zip(worth) {
            vehicle.fixed_cost =
                if visiting(cover.courier) { 0.0 } else { worth.clamp(0.0, self.tuning.most_worth) };
        }
    }

    /// Everybody as cover for orders to come, at the end of what they have planned.
    fn covers(&self, view: &View<'_>, couriers: &[usize]) -> Vec<Cover> {
        let mut covers = Vec::new();
        for courier in couriers {
            let (Some(state), Some(shift), Some(plan)) =
                (view.couriers.get(*courier), view.shifts.get(*courier), self.plan.get(*courier))
            else {
                continue;
            };
            let Some((spot, free_min)) = end_of(view, *courier, plan) else { continue };
            if free_min + ENDING_MIN > shift.off_min {
                continue;
            }
            let idle = plan.is_empty() && state.doing == Doing::Idle && shift.on_min <= view.now_min;
            covers.push(Cover { courier: *courier, spot, delay_min: free_min - view.now_min, idle });
        }
        covers
    }

    /// Whether a courier has to leave this minute to be there when the last order is ready.
    fn must_leave(view: &View<'_>, from: Spot, restaurant: usize, orders: &[usize]) -> bool {
        let Some(place) = view.restaurants.get(restaurant).map(|restaurant| restaurant.place) else {
            return false;
        };
        let ready =
            orders.iter().filter_map(|order| view.orders.get(*order)).map(|order| order.ready_min).max();
        let needs = view.travel_min(from, place) + halves(view.parameters.pick_up_service_min).0;
        view.now_min + needs >= ready.unwrap_or(0)
    }
}

/// The minute as the search wants it. Requests are the open orders, vehicles the couriers that take part.
struct Snapshot {
    model: Model,
    places: Places,
    /// By vehicle: the courier.
    couriers: Vec<usize>,
}

/// Places by number. The first are the vehicles' own, each with the minutes it is set back: a courier at a restaurant for
/// a while has its service behind it there, but leaves no earlier than now for anywhere else.
struct Places {
    parameters: Parameters,
    spots: Vec<(Spot, u32)>,
}

impl Travel for Places {
    const SYMMETRIC: bool = true;
    const COST_IS_TIME: bool = true;

    fn places(&self) -> usize {
        self.spots.len()
    }

    fn time(&self, from: u32, to: u32) -> f64 {
        let (Some((a, behind)), Some((b, before))) = (self.spots.get(index(from)), self.spots.get(index(to)))
        else {
            return f64::INFINITY;
        };
        match a == b {
            true => 0.0,
            false => f64::from(travel_min(&self.parameters, *a, *b) + behind + before),
        }
    }
}

impl Snapshot {
    fn of(view: &View<'_>, tuning: &Tuning, plan: &[Vec<(usize, Part)>]) -> Snapshot {
        let takes_part = |courier: &usize| {
            view.shifts.get(*courier).is_some_and(|shift| {
                shift.on_min <= view.now_min + tuning.ahead_min && view.now_min <= shift.off_min
            })
        };
        let couriers: Vec<usize> = (0..view.couriers.len()).filter(takes_part).collect();
        let mut places = Places { parameters: view.parameters.clone(), spots: Vec::new() };
        let vehicles =
            couriers.iter().filter_map(|courier| vehicle(view, *courier, tuning, &mut places)).collect();
        let restaurants = number(places.spots.len());
        places.spots.extend(view.restaurants.iter().map(|restaurant| (restaurant.place, 0)));
        let mut planned: BTreeMap<usize, u32> = BTreeMap::new();
        for (vehicle, courier) in couriers.iter().enumerate() {
            let stops = plan.get(*courier).map_or(&[][..], Vec::as_slice);
            planned.extend(stops.iter().map(|(order, _)| (*order, number(vehicle))));
        }
        let mut requests = Vec::with_capacity(view.open.len());
        for order in view.open {
            let Some(known) = view.orders.get(*order) else { continue };
            let (setup, service) = halves(view.parameters.pick_up_service_min);
            let pick_up = Visit {
                earliest: f64::from(known.ready_min.max(view.now_min)),
                setup: f64::from(setup),
                service: f64::from(service),
                ..Visit::at(restaurants + number(known.restaurant))
            };
            let (setup, service) = halves(view.parameters.drop_off_service_min);
            let drop_off = Visit {
                setup: f64::from(setup),
                service: f64::from(service),
                start_weight: 1.0,
                since: f64::from(known.placed_min),
                ..Visit::at(number(places.spots.len()))
            };
            places.spots.push((known.door, 0));
            requests.push(Request {
                allowed: Allowed::All,
                unassigned_cost: UNASSIGNED_COST,
                preferred: planned.get(order).copied(),
                change_cost: tuning.change_cost,
                ..Request::pair(pick_up, drop_off, 1)
            });
        }
        let terms = Terms {
            driving: tuning.driving,
            same_place: SamePlace::Together,
            one_place_a_bundle: true,
            ..Terms::default()
        };
        Snapshot { model: Model { requests, vehicles, terms }, places, couriers }
    }

    /// The plan of the minute before, in the numbers of this one.
    fn warm_start(&self, view: &View<'_>, plan: &[Vec<(usize, Part)>]) -> Solution {
        let stop = |(order, part): &(usize, Part)| {
            view.open.binary_search(order).ok().map(|at| Stop { request: number(at), part: *part })
        };
        let route = |courier: &usize| {
            plan.get(*courier).map_or(Vec::new(), |stops| stops.iter().filter_map(stop).collect())
        };
        Solution { routes: self.couriers.iter().map(route).collect(), ..Solution::default() }
    }
}

/// A courier where it will next be free to choose; adds its place.
fn vehicle(view: &View<'_>, courier: usize, tuning: &Tuning, places: &mut Places) -> Option<Vehicle> {
    let (state, shift) = (view.couriers.get(courier)?, view.shifts.get(courier)?);
    let start = number(places.spots.len());
    let start_min = match &state.doing {
        Doing::Visiting(visit) => {
            let (service, _) = halves(view.parameters.pick_up_service_min);
            let since = visit.arrives_min.max(view.now_min.saturating_sub(service));
            places
                .spots
                .push((view.restaurants.get(visit.restaurant)?.place, view.now_min.saturating_sub(since)));
            since
        }
        _ => {
            places.spots.push((state.spot, 0));
            state.free_min.max(view.now_min)
        }
    };
    Some(Vehicle {
        start_time: f64::from(start_min),
        latest_pick_up: f64::from(shift.off_min),
        ..Vehicle::at(start, tuning.bundle)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_orders_pile_up_a_minute_has_fewer_rounds() {
        let engine = Engine::new(1, Tuning::default());
        let all = engine.tuning.rounds;
        assert_eq!(
            [(0, 0), (8, 1), (80, 10)].map(|(open, couriers)| engine.rounds(open, couriers)),
            [all; 3]
        );
        assert_eq!(engine.rounds(160, 10), all / 4);
        assert_eq!((engine.rounds(9_000, 3), engine.rounds(9_000, 0)), (0, 0));
    }
}
