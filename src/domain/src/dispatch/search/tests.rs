#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

/// A number of places, and everything that is drawn to make a model.
#[derive(Debug, Clone)]
struct Drawn {
    points: Vec<(u8, u8)>,
    requests: Vec<(usize, usize, u8, u8, u8, u8)>,
    vehicles: Vec<(usize, u8, u8, u8)>,
    terms: (u8, u8, bool),
    soft: bool,
    closed: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let points = prop::collection::vec((0..100_u8, 0..100_u8), 6);
    let requests = prop::collection::vec(
        (0..6_usize, 0..6_usize, 1..4_u8, any::<u8>(), any::<u8>(), any::<u8>()),
        1..12,
    );
    let vehicles = prop::collection::vec((0..6_usize, 3..8_u8, any::<u8>(), any::<u8>()), 1..5);
    let terms = (0..3_u8, 0..3_u8, any::<bool>());
    (points, requests, vehicles, terms, any::<bool>(), any::<bool>()).prop_map(
        |(points, requests, vehicles, terms, soft, closed)| Drawn {
            points,
            requests,
            vehicles,
            terms,
            soft,
            closed,
        },
    )
}

impl Drawn {
    fn plane(&self) -> Plane {
        Plane::new(self.points.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect())
    }

    fn visit(&self, place: usize, from: u8, bits: u8) -> Visit {
        let earliest = f64::from(from) * 2.0;
        let mut visit = Visit { earliest, service: f64::from(bits % 5), ..Visit::at(place as u32) };
        visit.latest = earliest + f64::from(bits) + 40.0;
        if self.soft {
            visit.latest = if bits.is_multiple_of(7) { earliest + 300.0 } else { f64::INFINITY };
            visit.setup = f64::from(bits % 3);
            visit.due = earliest + f64::from(bits);
            visit.late_weight = f64::from(bits % 4);
            visit.start_weight = f64::from(bits % 3);
            visit.since = earliest;
            if bits.is_multiple_of(5) {
                visit.max_wait = f64::from(bits % 32);
            }
            if bits % 6 < 2 {
                (visit.told, visit.moved_cost) = (Some(earliest + 20.0), f64::from(bits % 64));
            }
        }
        visit
    }

    fn request(&self, number: usize) -> Request {
        let (from, to, load, ready, bits, kind) = self.requests[number];
        let pick = self.visit(from, ready / 2, bits);
        let drop = self.visit(to, ready.saturating_add(bits / 4), bits.rotate_left(3));
        let vehicles = self.vehicles.len() as u32;
        let mut request = Request::pair(pick, drop, u32::from(load));
        let somebody = u32::from(kind) % vehicles;
        match kind % 8 {
            0 => request.allowed = Allowed::Only(vec![somebody]),
            1 => {
                request.preferred = Some(somebody);
                request.change_cost = f64::from(bits);
            }
            2 => request.drop_off = None,
            // On board: the vehicle is told so below.
            3 => {
                request.pick_up = None;
                request.allowed = Allowed::Only(vec![somebody]);
            }
            4 => request.unassigned_cost = f64::from(bits),
            5 => (request.region, request.away_cost) = (Some(u32::from(bits % 2)), f64::from(bits % 16)),
            _ => {}
        }
        request
    }

    fn model(&self) -> Model {
        let requests: Vec<Request> = (0..self.requests.len()).map(|number| self.request(number)).collect();
        let vehicle = |number: usize| {
            let (start, capacity, bits, shift) = self.vehicles[number];
            let held = |request: &&Request| {
                request.pick_up.is_none() && request.allowed == Allowed::Only(vec![number as u32])
            };
            Vehicle {
                start_time: f64::from(bits % 16),
                slowness: [1.0, 1.0, 2.5, 0.75][usize::from(bits % 4)],
                on_board: requests.iter().filter(held).map(|request| request.load).sum(),
                latest_pick_up: if shift.is_multiple_of(4) {
                    100.0 + f64::from(shift)
                } else {
                    f64::INFINITY
                },
                end: self.closed.then_some(End { place: 0, latest: 900.0 }),
                fixed_cost: f64::from(bits),
                included_requests: u32::from(bits % 5),
                extra_request_cost: f64::from(shift % 8),
                region: u32::from(bits % 3).checked_sub(1),
                ..Vehicle::at(start as u32, u32::from(capacity))
            }
        };
        let same_place = [SamePlace::Each, SamePlace::Once, SamePlace::Together];
        let soft = self.soft;
        Model {
            vehicles: (0..self.vehicles.len()).map(vehicle).collect(),
            terms: Terms {
                waiting: if soft { f64::from(self.terms.1) } else { 0.0 },
                late_doubles_after: if self.terms.0 == 0 { f64::INFINITY } else { 60.0 },
                told_slack: 10.0,
                same_place: if soft { same_place[usize::from(self.terms.0)] } else { SamePlace::Each },
                one_place_a_bundle: soft && self.terms.2,
                ..Terms::default()
            },
            requests,
        }
    }
}

fn settings(seed: u64) -> Settings {
    Settings { seed, acceptance: Acceptance::Steady(0.5), ..Settings::default() }
}

fn holds(model: &Model, travel: &impl Travel, solution: &Solution) -> Result<(), TestCaseError> {
    prop_assert_eq!(check_solution(model, travel, solution), vec![]);
    Ok(())
}

/// Hard windows, and a vehicle dearer than any way: what the classic benchmarks count.
fn vehicles_first(drawn: &Drawn) -> Model {
    let mut model = Drawn { soft: false, ..drawn.clone() }.model();
    for request in &mut model.requests {
        (request.unassigned_cost, request.change_cost, request.away_cost) = (UNASSIGNED_COST, 0.0, 0.0);
    }
    for vehicle in &mut model.vehicles {
        (vehicle.fixed_cost, vehicle.extra_request_cost) = (1e5, 0.0);
    }
    model
}

/// By requests left out, then vehicles, then the way.
fn is_worse(one: (u32, u32, f64), other: (u32, u32, f64)) -> bool {
    (one.0, one.1) > (other.0, other.1) || ((one.0, one.1) == (other.0, other.1) && one.2 > other.2 + 1e-6)
}

/// The model with the first stops of a plan made its prefixes.
fn with_prefixes(model: &Model, solution: &Solution, most: usize) -> Model {
    let mut fixed = model.clone();
    for (vehicle, route) in fixed.vehicles.iter_mut().zip(&solution.routes) {
        vehicle.prefix = route.iter().take(most).copied().collect();
    }
    fixed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn the_checker_agrees(drawn in drawn(), seed in 0..8_u64, rounds in 0..80_u64, annealed in any::<bool>()) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let settings = if annealed { Settings { seed, ..Settings::default() } } else { settings(seed) };
        let solution = solve(&model, &plane, None, &settings, &mut Rounds::new(rounds)).unwrap();
        holds(&model, &plane, &solution)?;
    }

    #[test]
    fn a_table_gives_the_plan_the_plane_gives(drawn in drawn(), rounds in 0..40_u64) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let table = Matrix::from_fn(plane.places(), |a, b| plane.time(a, b)).unwrap();
        let on_plane = solve(&model, &plane, None, &settings(1), &mut Rounds::new(rounds)).unwrap();
        let by_table = solve(&model, &table, None, &settings(1), &mut Rounds::new(rounds)).unwrap();
        prop_assert_eq!(on_plane, by_table);
    }

    #[test]
    fn a_table_with_long_detours_is_planned_right(drawn in drawn(), salt in any::<u32>()) {
        let (model, places) = (drawn.model(), drawn.points.len());
        let strange = |a: u32, b: u32| f64::from((a * 7 + b * 13).wrapping_mul(salt | 1) % 50);
        let costs = (0..places * places).map(|at| (at % 17) as f64).collect();
        let times = Matrix::from_fn(places, strange).unwrap();
        let all: Vec<f64> = (0..places as u32).flat_map(|a| (0..places as u32).map(move |b| (a, b)))
            .map(|(a, b)| times.time(a, b)).collect();
        let table = Matrix::new(places, all, Some(costs)).unwrap();
        let solution = solve(&model, &table, None, &settings(3), &mut Rounds::new(40)).unwrap();
        holds(&model, &table, &solution)?;
    }

    #[test]
    fn the_same_seed_and_rounds_give_the_same_plan(drawn in drawn(), seed in any::<u64>()) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let annealed = Settings { seed, ..Settings::default() };
        let once = solve(&model, &plane, None, &annealed, &mut Rounds::new(60)).unwrap();
        let again = solve(&model, &plane, None, &annealed, &mut Rounds::new(60)).unwrap();
        prop_assert_eq!(once, again);
    }

    #[test]
    fn more_rounds_are_never_worse(drawn in drawn(), few in 0..40_u64, more in 0..80_u64) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let short = solve(&model, &plane, None, &settings(5), &mut Rounds::new(few)).unwrap();
        let long = solve(&model, &plane, None, &settings(5), &mut Rounds::new(few + more)).unwrap();
        prop_assert!(long.score.cost <= short.score.cost + 1e-6, "{:?} {:?}", long.score, short.score);
    }

    #[test]
    fn more_rounds_never_take_more_vehicles_nor_as_many_a_longer_way(
        drawn in drawn(),
        few in 0..40_u64,
        more in 0..80_u64,
    ) {
        let (model, plane) = (vehicles_first(&drawn), drawn.plane());
        let scores = [few, few + more].map(|rounds| {
            let solution = solve(&model, &plane, None, &settings(5), &mut Rounds::new(rounds)).unwrap();
            (solution.score.unassigned, solution.score.vehicles, solution.score.travel)
        });
        prop_assert!(!is_worse(scores[1], scores[0]), "{scores:?}");
    }

    // Its temperature falls with the part of the budget that is spent, so that two budgets go different ways. What it
    // promises is never to lose what it has.
    #[test]
    fn annealing_is_never_worse_than_what_it_begins_with(drawn in drawn(), rounds in 0..120_u64) {
        let (model, plane) = (vehicles_first(&drawn), drawn.plane());
        let scores = [0, rounds].map(|rounds| {
            let solution = solve(&model, &plane, None, &Settings::default(), &mut Rounds::new(rounds)).unwrap();
            (solution.score.unassigned, solution.score.vehicles, solution.score.travel)
        });
        prop_assert!(!is_worse(scores[1], scores[0]), "{scores:?}");
    }

    #[test]
    fn a_plan_to_start_from_is_never_made_worse(drawn in drawn(), rounds in 0..60_u64) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let start = solve(&model, &plane, None, &settings(7), &mut Rounds::new(20)).unwrap();
        let annealed = Settings { seed: 9, ..Settings::default() };
        let better = solve(&model, &plane, Some(&start), &annealed, &mut Rounds::new(rounds)).unwrap();
        prop_assert!(better.score.cost <= start.score.cost + 1e-6);
        holds(&model, &plane, &better)?;
    }

    #[test]
    fn a_prefix_never_moves(drawn in drawn(), most in 1..4_usize, rounds in 0..60_u64, late in 0..3_u8) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let start = solve(&model, &plane, None, &settings(7), &mut Rounds::new(20)).unwrap();
        let mut fixed = with_prefixes(&model, &start, most);
        for vehicle in &mut fixed.vehicles {
            vehicle.start_time += 50.0 * f64::from(late);
            // What does not move may bring the vehicle home too late all by itself.
            vehicle.end = vehicle.end.map(|end| End { latest: f64::INFINITY, ..end });
        }
        for from in [None, Some(&start)] {
            let solution = solve(&fixed, &plane, from, &settings(2), &mut Rounds::new(rounds)).unwrap();
            // A stop too late that does not move makes later ones late: those are left out, and the checker says the same.
            holds(&fixed, &plane, &solution)?;
            for (vehicle, route) in fixed.vehicles.iter().zip(&solution.routes) {
                prop_assert!(route.starts_with(&vehicle.prefix));
            }
        }
    }

    #[test]
    fn a_timetable_agrees_with_the_windows(drawn in drawn()) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let solution = solve(&model, &plane, None, &settings(7), &mut Rounds::new(20)).unwrap();
        for (route, vehicle) in solution.routes.iter().zip(0..) {
            let (timings, good) = timetable(&model, &plane, vehicle, route).unwrap();
            prop_assert!(good);
            prop_assert_eq!(timings.len(), route.len());
            for timing in timings {
                let visit = model.requests[timing.stop.request as usize].visit(timing.stop.part).unwrap();
                prop_assert!(timing.start >= visit.earliest && timing.start <= visit.latest + 1e-6);
                prop_assert!(timing.arrive <= timing.start && timing.start <= timing.depart);
            }
        }
    }

    #[test]
    fn any_plan_may_be_started_from(drawn in drawn(), stops in prop::collection::vec((0..4_usize, 0..14_u32, any::<bool>()), 0..30)) {
        let (model, plane) = (drawn.model(), drawn.plane());
        let mut start = Solution { routes: vec![Vec::new(); 4], ..Solution::default() };
        for (vehicle, request, pick) in stops {
            let part = if pick { Part::PickUp } else { Part::DropOff };
            start.routes[vehicle].push(Stop { request, part });
        }
        let solution = solve(&model, &plane, Some(&start), &settings(2), &mut Rounds::new(5)).unwrap();
        holds(&model, &plane, &solution)?;
    }
}

#[test]
fn a_bundle_from_one_shop_is_carried_by_one_vehicle() {
    let plane = Plane::new(vec![(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (21.0, 0.0)]);
    let door = |place| Visit { start_weight: 1.0, ..Visit::at(place) };
    let shop = Visit { setup: 2.0, service: 2.0, earliest: 15.0, ..Visit::at(1) };
    let later = Visit { earliest: 18.0, ..shop };
    let model = Model {
        requests: vec![Request::pair(shop, door(2), 1), Request::pair(later, door(3), 1)],
        vehicles: vec![Vehicle::at(0, 4)],
        terms: Terms { same_place: SamePlace::Together, one_place_a_bundle: true, ..Terms::default() },
    };
    let solution = solve(&model, &plane, None, &settings(1), &mut Rounds::new(50)).unwrap();
    let (timings, good) = timetable(&model, &plane, 0, &solution.routes[0]).unwrap();
    assert!(good);
    let starts: Vec<f64> = timings.iter().map(|timing| timing.start).collect();
    // Both are taken at 18 and leave at 20.
    assert_eq!(starts[1..], [18.0, 30.0, 31.0]);
}

#[test]
fn the_checker_sees_what_is_wrong() {
    let plane = Plane::new(vec![(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)]);
    let late = Visit { latest: 15.0, ..Visit::at(2) };
    let model = Model {
        requests: vec![Request::pair(Visit::at(1), Visit::at(2), 2), Request::pair(Visit::at(1), late, 2)],
        vehicles: vec![Vehicle::at(0, 3), Vehicle::at(0, 3)],
        terms: Terms::default(),
    };
    let stop = |request, part| Stop { request, part };
    let (pick, drop) = (Part::PickUp, Part::DropOff);
    let route = vec![stop(0, pick), stop(1, pick), stop(0, drop), stop(1, drop)];
    let check = |routes: Vec<Vec<Stop>>, unassigned: Vec<u32>| {
        check_solution(&model, &plane, &Solution { routes, unassigned, score: Score::default() })
    };
    assert_eq!(
        check(vec![route.clone(), vec![]], vec![]),
        [Flaw::TooLate(1), Flaw::OverCapacity(0), Flaw::WrongScore]
    );
    assert_eq!(check(vec![route.clone()], vec![]), [Flaw::RouteCount]);
    assert_eq!(check(vec![route, vec![]], vec![1]), [Flaw::Unanswered(1)]);
    assert_eq!(check(vec![vec![stop(0, drop), stop(0, pick)], vec![]], vec![1]), [Flaw::Order(0)]);
    assert_eq!(check(vec![vec![stop(0, pick)], vec![stop(0, drop)]], vec![1]), [Flaw::Torn(0)]);
    assert_eq!(check(vec![vec![stop(7, pick)], vec![]], vec![0, 1]), [Flaw::UnknownStop(7)]);
}
