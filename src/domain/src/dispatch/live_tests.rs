//! What the optimiser makes of a snapshot: the objective's terms, the call, and what more budget brings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::StopKind::DropOff;
use super::search::{Budget, Rounds};
use super::tests::*;
use super::*;
use crate::geo::TravelTimes;

fn of(couriers: Vec<CourierState>, deliveries: Vec<OpenDelivery>) -> Problem {
    Problem { now: now(), couriers, deliveries }
}

/// A plan that the checker has nothing against.
fn good(problem: &Problem, weights: &Weights, rounds: u64) -> Plan {
    let plan = plan(problem, &TRAVEL, weights, 1, &mut Rounds::new(rounds));
    assert_eq!(check(problem, &plan, &TRAVEL, weights), vec![]);
    plan
}

/// Points of a plan, from its times alone.
fn points(problem: &Problem, plan: &Plan, weights: &Weights) -> f64 {
    let mut sum = 0.0;
    for run in &plan.runs {
        let courier = problem.couriers.iter().find(|courier| courier.id == run.courier).unwrap();
        let mut left_at = courier.free_at.max(problem.now);
        for planned in &run.stops {
            let seconds = |from: chrono::DateTime<chrono::Utc>, to: chrono::DateTime<chrono::Utc>| {
                (to - from).num_seconds() as f64
            };
            let stop = &planned.stop;
            let chance = match stop.kind {
                DropOff if stop.clearance == Clearance::Silent => 0.0,
                DropOff => stop.home_chance,
                _ => 1.0,
            };
            sum += f64::from(weights.driving) * seconds(left_at, planned.arrive_at);
            sum += f64::from(weights.waiting) * seconds(planned.arrive_at, planned.start_at);
            sum += match stop.kind {
                DropOff => f64::from(weights.door) * chance * seconds(problem.now, planned.start_at),
                StopKind::PickUp => {
                    let ready = stop.not_before.unwrap_or(problem.now).max(problem.now);
                    f64::from(weights.ready) * seconds(ready, planned.start_at)
                }
                StopKind::Return => 0.0,
            };
            let late = planned.late_s() as f64;
            let doubles = f64::from(weights.late_doubles_after_s);
            sum += f64::from(weights.late) * chance * late * (1.0 + late / doubles);
            let apart = stop.told.map_or(0, |told| (planned.start_at - told).num_seconds().abs());
            if apart > i64::from(weights.told_slack_s) {
                let confirmed = stop.clearance == Clearance::Confirmed;
                sum += f64::from(if confirmed { weights.moved_confirmed } else { weights.moved });
            }
            left_at = planned.depart_at;
        }
        let ids: BTreeSet<_> = run.stops.iter().map(|planned| planned.stop.delivery).collect();
        let standing: BTreeSet<_> = courier.stops.iter().map(|stop| stop.delivery).collect();
        let covered = courier.covered.map(|covered| standing.len().max(covered as usize));
        let beyond = covered.map_or(0, |covered| ids.len().saturating_sub(covered));
        sum += beyond as f64 * f64::from(weights.beyond_guarantee);
        for given in plan.assignments.iter().filter(|given| given.courier == courier.id) {
            let open = problem.deliveries.iter().find(|open| open.id == given.delivery).unwrap();
            let away = courier.regions.first() != Some(&open.region);
            sum += if away { f64::from(weights.away) } else { 0.0 };
            let changed = open.tentative.is_some_and(|tentative| tentative != courier.id);
            sum += if changed { f64::from(weights.change_courier) } else { 0.0 };
        }
    }
    sum + 1e9 * plan.unassigned.len() as f64
}

#[test]
fn rounds_find_what_insertion_misses() {
    let shops = [(0, 0), (1, 10), (2, 20), (4, 10), (8, 20)];
    let open = |number: u32| {
        let (place, x) = shops[number as usize % 5];
        open(number + 1, place, (x + 7 * number as i32) % 31, (5 * number as i32) % 23)
    };
    let problem = of((1..4).map(|n| courier(n, n as i32 * 8, 5)).collect(), (0..14).map(open).collect());
    let weights = Weights::default();
    let first = points(&problem, &plain(&problem, &TRAVEL, &weights), &weights);
    let better = points(&problem, &good(&problem, &weights, 2_000), &weights);
    assert!(better < first, "{better} {first}");
}

#[test]
fn what_was_told_moves_only_for_a_gain() {
    let run = |first_told: Option<i64>, clearance| {
        let mut standing = courier(1, 0, 0);
        standing.on_board = 2;
        let far = Stop { told: first_told.map(after), clearance, ..drop_off(1, 12, 0) };
        standing.stops = vec![far, drop_off(2, -5, 0)];
        order(&good(&of(vec![standing], vec![]), &Weights::default(), 100).runs[0].stops)
    };
    let (kept, turned) = ([(1, DropOff), (2, DropOff)], [(2, DropOff), (1, DropOff)]);
    // The near door first serves one customer 10 minutes sooner and the other 5 later: a gain of 3,500 points or so.
    assert_eq!(run(None, Clearance::Unasked), turned);
    assert_eq!(run(Some(200), Clearance::Unasked), turned);
    assert_eq!(run(Some(200), Clearance::Confirmed), kept);
    // Moved by less than five minutes it is not another arrival.
    assert_eq!(run(Some(300), Clearance::Confirmed), turned);
}

#[test]
fn a_door_nobody_may_go_to_stands_last_and_a_held_one_after_its_time() {
    let mut standing = courier(1, 0, 0);
    standing.on_board = 3;
    let silent = Stop { clearance: Clearance::Silent, ..drop_off(1, 2, 0) };
    let held = Stop { clearance: Clearance::Held { until: after(900) }, ..drop_off(2, 4, 0) };
    standing.stops = vec![silent, held, drop_off(3, 30, 0)];
    let plan = good(&of(vec![standing], vec![open(4, 0, 20, 0)]), &Weights::default(), 200);
    let run = &plan.runs[0].stops;
    assert_eq!(order(run).last(), Some(&(1, DropOff)));
    let held = run.iter().find(|planned| planned.stop.delivery == delivery_id(2)).unwrap();
    assert!(held.start_at >= after(900));
    assert!(plan.unassigned.is_empty());
}

#[test]
fn nobody_is_at_a_door_before_its_customer_could_have_answered() {
    let mut asked = open(1, 0, 1, 0);
    asked.drop_off.clearance = Clearance::Asked { at: after(1_000) };
    let plan = good(&of(vec![courier(1, 0, 0)], vec![asked]), &Weights::default(), 50);
    assert_eq!(plan.assignments[0].arrive_at, after(1_000));
}

#[test]
fn an_uncertain_visit_comes_after_a_certain_one() {
    let first = |chance: f64| {
        let mut standing = courier(1, 0, 0);
        standing.on_board = 2;
        let uncertain = Stop { home_chance: chance, ..drop_off(1, 9, 0) };
        standing.stops = vec![uncertain, drop_off(2, -10, 0)];
        order(&good(&of(vec![standing], vec![]), &Weights::default(), 100).runs[0].stops)[0].0
    };
    assert_eq!((first(1.0), first(0.3)), (1, 2));
}

#[test]
fn what_is_ready_is_collected_sooner_where_policy_weighs_it() {
    let first = |ready: u32| {
        let mut standing = courier(1, 0, 0);
        standing.on_board = 1;
        standing.stops = vec![drop_off(1, -6, 0)];
        let weights = Weights { ready, ..Weights::default() };
        // The counter is at hand, its customer at the other end of the town.
        let plan = good(&of(vec![standing], vec![open(2, 1, 40, 0)]), &weights, 100);
        order(&plan.runs[0].stops)[0].0
    };
    assert_eq!((first(0), first(40)), (1, 2));
}

#[test]
fn work_goes_to_the_own_region_and_to_whom_it_is_paid_already() {
    let given = |change: fn(&mut CourierState, &mut OpenDelivery)| {
        // The first is a little nearer.
        let (mut near, mut open) = (courier(1, 1, 0), open(1, 0, 5, 0));
        change(&mut near, &mut open);
        let problem = of(vec![near, courier(2, 2, 0)], vec![open]);
        good(&problem, &Weights::default(), 50).assignments[0].courier
    };
    assert_eq!(given(|_, _| ()), courier_id(1));
    assert_eq!(given(|near, _| near.regions = vec![region_id(2), region_id(1)]), courier_id(2));
    assert_eq!(given(|near, _| near.covered = Some(0)), courier_id(2));
    assert_eq!(given(|_, open| open.tentative = Some(courier_id(2))), courier_id(2));
}

/// More pairs than are all looked at.
fn large() -> Problem {
    let couriers = (0..150).map(|n| courier(n + 1, (n as i32 * 13) % 60, (n as i32 * 7) % 60)).collect();
    let open = |n: u32| open(n + 1, n % 9, (n as i32 * 17) % 60, (n as i32 * 29) % 60);
    of(couriers, (0..200).map(open).collect())
}

#[test]
fn a_large_problem_is_planned_with_the_nearest() {
    let problem = large();
    let weights = Weights::default();
    assert!(good(&problem, &weights, 0).unassigned.is_empty());
    assert_eq!(good(&problem, &weights, 300), good(&problem, &weights, 300));
    let costs = costs(&problem, &weights);
    assert!(costs.is_sorted_by(|one, next| next <= one) && costs[4] < costs[0], "{costs:?}");
}

#[test]
fn room_is_made_for_what_found_none_and_nobody_loses_a_place() {
    let mut problem = large();
    problem.couriers.truncate(101);
    for courier in &mut problem.couriers {
        (courier.shift_ends_at, courier.capacity) = (after(1_000), 1);
    }
    let weights = Weights::default();
    let [first, better] = [0, 2_000].map(|rounds| good(&problem, &weights, rounds));
    assert!(better.unassigned.len() < first.unassigned.len());
    let left = |plan: &Plan| plan.unassigned.iter().map(|left| left.delivery).collect::<BTreeSet<_>>();
    assert!(left(&better).is_subset(&left(&first)));
    let costs = costs(&problem, &weights);
    assert!(costs.is_sorted_by(|one, next| next <= one), "{costs:?}");
}

fn costs(problem: &Problem, weights: &Weights) -> [f64; 5] {
    [0, 40, 200, 800, 2_000].map(|rounds| cost(problem, &good(problem, weights, rounds), weights))
}

/// A clock that moves when it is looked at: a little between rounds, more beside them.
struct Clock(f64);

impl Budget for Clock {
    fn spent(&mut self) -> f64 {
        self.0 += 0.002;
        self.0
    }

    fn so_far(&mut self) -> f64 {
        self.0 += 0.05;
        self.0
    }
}

#[test]
fn a_part_of_the_budget_is_kept_for_what_follows_the_search() {
    let mut late = open(9, 0, 5, 0);
    late.drop_off.due = Some(after(10));
    let spent = |deliveries: Vec<OpenDelivery>| {
        let mut clock = Clock(0.0);
        let problem = of(vec![courier(1, 10, 0)], deliveries);
        let _ = plan(&problem, &TRAVEL, &Weights { allow_late: false, ..Weights::default() }, 1, &mut clock);
        clock.0
    };
    // The walk of the runs takes one look; to find out that there is no place for one of two another half.
    let all = spent(vec![open(1, 0, 5, 0), open(2, 0, 6, 0), open(3, 0, 7, 0)]);
    assert!((all - 0.95).abs() < 0.005, "{all}");
    let half = spent(vec![open(1, 0, 5, 0), late]);
    assert!((half - 0.925).abs() < 0.005, "{half}");
}

/// What was told, who it was thought for, and what is covered, on top of a drawn problem.
fn dressed_up() -> impl Strategy<Value = Problem> {
    let extras = proptest::collection::vec((0_i64..4_000, 0_u32..24), 40);
    (problem(), extras).prop_map(|(mut problem, extras)| {
        let mut extras = extras.into_iter().cycle();
        for courier in &mut problem.couriers {
            for stop in courier.stops.iter_mut().filter(|stop| stop.kind == DropOff) {
                let (told, bits) = extras.next().unwrap();
                stop.told = (bits % 2 == 0).then(|| after(told));
                stop.home_chance = if bits % 3 == 0 { 0.5 } else { 1.0 };
                stop.clearance = match bits {
                    0..4 => Clearance::Confirmed,
                    4..6 => Clearance::Silent,
                    6..9 => Clearance::Held { until: after(told / 2) },
                    _ => Clearance::Unasked,
                };
            }
            courier.covered = (courier.capacity % 2 == 0).then_some(courier.capacity / 2);
        }
        for open in &mut problem.deliveries {
            let (_, bits) = extras.next().unwrap();
            open.tentative = (bits < 5).then(|| courier_id(bits));
        }
        problem
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_checker_accepts_every_plan_of_every_budget(problem in dressed_up(), rounds in 0_u64..400, late in any::<bool>()) {
        let weights = Weights { allow_late: late, ..Weights::default() };
        let plan = plan(&problem, &TRAVEL, &weights, 7, &mut Rounds::new(rounds));
        prop_assert_eq!(check(&problem, &plan, &TRAVEL, &weights), vec![]);
    }

    #[test]
    fn a_plan_costs_what_its_times_say(problem in dressed_up(), rounds in 0_u64..100, ready in 0_u32..20) {
        let weights = Weights { ready, ..Weights::default() };
        let plan = plan(&problem, &TRAVEL, &weights, 3, &mut Rounds::new(rounds));
        let (cost, points) = (cost(&problem, &plan, &weights), points(&problem, &plan, &weights));
        prop_assert!((cost - points).abs() < 1e-3, "{cost} {points}");
    }

    #[test]
    fn more_budget_is_never_worse(
        problem in dressed_up(),
        few in 0_u64..200,
        more in 1_u64..300,
        rush in any::<bool>(),
        allow_late in any::<bool>(),
        ready in 0_u32..20,
    ) {
        let weights = Weights { allow_late, ready, ..Weights::default() };
        let travel: &dyn TravelTimes = if rush { &RushHour } else { &TRAVEL };
        let [one, other] = [few, few + more]
            .map(|rounds| plan(&problem, travel, &weights, 3, &mut Rounds::new(rounds)));
        let [dear, cheap] = [&one, &other].map(|plan| cost(&problem, plan, &weights));
        prop_assert!(cheap <= dear + 1e-3, "{cheap} {dear}");
    }

    #[test]
    fn what_has_a_place_in_the_first_plan_keeps_one_and_what_is_on_time_stays_so(problem in dressed_up(), rounds in 1_u64..300, rush in any::<bool>()) {
        let (weights, travel): (_, &dyn TravelTimes) = (Weights::default(), if rush { &RushHour } else { &TRAVEL });
        let [first, better] = [0, rounds].map(|rounds| plan(&problem, travel, &weights, 3, &mut Rounds::new(rounds)));
        let tolerance = i64::from(weights.tolerance_s);
        for given in &first.assignments {
            let after = better.assignments.iter().find(|after| after.delivery == given.delivery).unwrap();
            prop_assert!(after.late_s <= tolerance || given.late_s > tolerance);
        }
    }

    #[test]
    fn a_first_plan_is_the_plain_one(problem in dressed_up()) {
        let weights = Weights::default();
        let first = plan(&problem, &TRAVEL, &weights, 3, &mut Rounds::new(0));
        prop_assert_eq!(first, plain(&problem, &TRAVEL, &weights));
    }

    #[test]
    fn every_courier_has_said_why_not(mut problem in dressed_up(), rounds in 0_u64..300, holds_have_ended in any::<bool>()) {
        for stop in problem.couriers.iter_mut().flat_map(|courier| &mut courier.stops) {
            if stop.clearance == Clearance::Silent {
                stop.clearance = Clearance::Unasked;
            }
            if holds_have_ended && stop.kind == DropOff {
                stop.hold_ends = Some(now());
            }
        }
        let plan = plan(&problem, &TRAVEL, &Weights::default(), 3, &mut Rounds::new(rounds));
        for left in &plan.unassigned {
            prop_assert_eq!(left.reasons.len(), problem.couriers.len());
        }
    }

    #[test]
    fn what_was_told_moves_for_a_gain_alone(mut problem in dressed_up(), rounds in 1_u64..300) {
        problem.deliveries.clear();
        let weights = Weights::default();
        let [first, better] = [0, rounds].map(|rounds| plan(&problem, &TRAVEL, &weights, 5, &mut Rounds::new(rounds)));
        let moved = |plan: &Plan| {
            let stops = plan.runs.iter().flat_map(|run| &run.stops);
            let far = |planned: &&PlannedStop| {
                planned.stop.told.is_some_and(|told| (planned.start_at - told).num_seconds().abs() > i64::from(weights.told_slack_s))
            };
            stops.filter(far).map(|planned| planned.stop.delivery).collect::<BTreeSet<_>>()
        };
        if !moved(&better).is_subset(&moved(&first)) {
            let [stood, stands] = [&first, &better].map(|plan| points(&problem, plan, &weights));
            prop_assert!(stands < stood, "{stands} {stood}");
        }
    }

    #[test]
    fn no_promised_stop_moves(problem in dressed_up()) {
        let plan = plan(&problem, &TRAVEL, &Weights::default(), 5, &mut Rounds::new(200));
        for courier in &problem.couriers {
            let run = plan.runs.iter().find(|run| run.courier == courier.id).unwrap();
            let fixed = courier.fixed.min(courier.stops.len());
            let kept: Vec<_> = run.stops.iter().take(fixed).map(|planned| &planned.stop).collect();
            prop_assert_eq!(kept, courier.stops.iter().take(fixed).collect::<Vec<_>>());
            let standing: Vec<_> = courier.stops.iter().map(|stop| stop.delivery).collect();
            let elsewhere = plan.runs.iter().filter(|other| other.courier != courier.id);
            for planned in elsewhere.flat_map(|other| &other.stops) {
                prop_assert!(!standing.contains(&planned.stop.delivery));
            }
        }
    }
}
