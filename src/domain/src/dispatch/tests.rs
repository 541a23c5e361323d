#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::StopKind::{DropOff, PickUp};
use super::search::Rounds;
use super::*;
use crate::courier::Skill;
use crate::geo::{GreatCircle, Point, TravelTimes};
use crate::id::{CourierId, DeliveryId, PickupPointId, RegionId};

/// One grid step is about 111 m; at 5 m/s without a detour 23 s.
pub(super) const TRAVEL: GreatCircle = GreatCircle { detour: 1.0, speed_m_per_s: 5.0, round_up_to_s: 1 };

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(super) fn after(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

fn grid(x: i32, y: i32) -> Point {
    Point::new(f64::from(y) * 0.001, f64::from(x) * 0.001).unwrap()
}

pub(super) fn courier_id(number: u32) -> CourierId {
    CourierId::from_uuid(Uuid::from_u128(u128::from(number)))
}

pub(super) fn delivery_id(number: u32) -> DeliveryId {
    DeliveryId::from_uuid(Uuid::from_u128(u128::from(number)))
}

pub(super) fn region_id(number: u32) -> RegionId {
    RegionId::from_uuid(Uuid::from_u128(u128::from(number)))
}

fn stop(number: u32, kind: StopKind, point: Point) -> Stop {
    let delivery = delivery_id(number);
    Stop {
        delivery,
        kind,
        point,
        place: None,
        service_s: 60,
        not_before: None,
        due: None,
        load: 1,
        weight_g: 0,
        hold_ends: None,
        told: None,
        clearance: Clearance::Unasked,
        home_chance: 1.0,
    }
}

/// Nine pick-up points, each at its own place of the grid.
fn pick_up(number: u32, place: u32) -> Stop {
    let point = grid((place % 3) as i32 * 10, (place / 3) as i32 * 10);
    let place = Some(PickupPointId::from_uuid(Uuid::from_u128(u128::from(place))));
    Stop { place, ..stop(number, PickUp, point) }
}

pub(super) fn drop_off(number: u32, x: i32, y: i32) -> Stop {
    stop(number, DropOff, grid(x, y))
}

pub(super) fn courier(number: u32, x: i32, y: i32) -> CourierState {
    CourierState {
        id: courier_id(number),
        at: grid(x, y),
        free_at: now(),
        shift_ends_at: after(4 * 3_600),
        home: None,
        break_until: None,
        skills: vec![],
        capacity: 4,
        max_weight_g: None,
        on_board_g: 0,
        speed_factor: 1.0,
        on_board: 0,
        regions: vec![region_id(1)],
        has_offer: false,
        stops: vec![],
        fixed: 0,
        covered: None,
    }
}

pub(super) fn open(number: u32, place: u32, x: i32, y: i32) -> OpenDelivery {
    OpenDelivery {
        id: delivery_id(number),
        region: region_id(1),
        pick_up: pick_up(number, place),
        drop_off: drop_off(number, x, y),
        declined: vec![],
        needs: vec![],
        courier: None,
        tentative: None,
        widened: vec![],
    }
}

fn strict() -> Weights {
    Weights { allow_late: false, ..Weights::default() }
}

fn planned(couriers: Vec<CourierState>, deliveries: Vec<OpenDelivery>, weights: &Weights) -> Plan {
    let problem = Problem { now: now(), couriers, deliveries };
    let plan = plan(&problem, &TRAVEL, weights, 1, &mut Rounds::new(60));
    assert_eq!(check(&problem, &plan, &TRAVEL, weights), vec![]);
    plan
}

pub(super) fn order(stops: &[PlannedStop]) -> Vec<(u128, StopKind)> {
    stops.iter().map(|planned| (planned.stop.delivery.uuid().as_u128(), planned.stop.kind)).collect()
}

#[test]
fn a_delivery_is_widened_to_a_courier_of_another_region_and_to_nobody_else() {
    let stranger = |number| CourierState { regions: vec![region_id(2)], ..courier(number, 1, 0) };
    let widened = OpenDelivery { widened: vec![courier_id(2)], ..open(7, 0, 5, 0) };
    let few = planned(vec![stranger(1), stranger(2)], vec![widened.clone()], &strict());
    assert_eq!(few.assignments[0].courier, courier_id(2));
    // Also where only the nearest are tried: more pairs than are looked at in full.
    let mut couriers: Vec<CourierState> = (1..=150).map(stranger).collect();
    couriers.extend((151..=160).map(|number| courier(number, 90, 90)));
    let mut deliveries: Vec<OpenDelivery> = (1_000..1_150).map(|number| open(number, 0, 80, 80)).collect();
    deliveries.push(widened);
    let many = planned(couriers, deliveries, &Weights::default());
    let given = many.assignments.iter().find(|given| given.delivery == delivery_id(7)).unwrap();
    assert_eq!(given.courier, courier_id(2));
}

#[test]
fn the_nearest_courier_gets_the_delivery() {
    let plan = planned(vec![courier(1, 30, 30), courier(2, 1, 0)], vec![open(7, 0, 5, 0)], &strict());
    assert_eq!(plan.assignments[0].courier, courier_id(2));
    // One step to the shop, a minute there, five steps to the door.
    assert_eq!(plan.assignments[0].arrive_at, after(23 + 60 + 112));
    assert_eq!(plan.assignments[0].added_s, 23 + 60 + 112 + 60);
    assert_eq!(order(&plan.runs[1].stops), [(7, PickUp), (7, DropOff)]);
}

#[test]
fn two_deliveries_of_one_shop_are_bundled_and_cost_one_service_there() {
    let plan = planned(vec![courier(1, 0, 0)], vec![open(1, 0, 5, 0), open(2, 0, 6, 0)], &strict());
    let stops = &plan.runs[0].stops;
    assert_eq!(order(stops), [(1, PickUp), (2, PickUp), (1, DropOff), (2, DropOff)]);
    assert_eq!(stops[1].depart_at, after(60));
}

#[test]
fn each_rule_refuses_with_its_own_code() {
    type Change = fn(&mut CourierState, &mut OpenDelivery);
    let cases: [(Change, Refusal); 14] = [
        (|_, delivery| delivery.region = region_id(2), Refusal::RegionNotServed),
        (|_, delivery| delivery.needs = vec![Skill::Cold], Refusal::LacksSkill),
        (|courier, _| courier.shift_ends_at = now(), Refusal::OffDuty),
        (|courier, _| courier.break_until = Some(after(60)), Refusal::OnBreak),
        (|_, delivery| delivery.courier = Some(courier_id(9)), Refusal::ReservedForAnother),
        (|courier, delivery| delivery.declined = vec![courier.id], Refusal::DeclinedBefore),
        (|courier, _| courier.has_offer = true, Refusal::HasOpenOffer),
        (|_, delivery| delivery.pick_up.load = 5, Refusal::OverCapacity),
        (
            |courier, delivery| (courier.max_weight_g, delivery.pick_up.weight_g) = (Some(999), 1_000),
            Refusal::OverWeight,
        ),
        (|courier, _| courier.shift_ends_at = after(100), Refusal::ShiftEnds),
        (
            // There in time, but not back any more.
            |courier, _| (courier.home, courier.shift_ends_at) = (Some(courier.at), after(500)),
            Refusal::WayHome,
        ),
        (|_, delivery| delivery.drop_off.hold_ends = Some(after(395)), Refusal::HoldEnds),
        (|_, delivery| delivery.pick_up.not_before = Some(after(7_200)), Refusal::WaitTooLong),
        (|_, delivery| delivery.drop_off.due = Some(after(200)), Refusal::WindowMissed),
    ];
    for (change, refusal) in cases {
        let (mut courier, mut delivery) = (courier(1, 10, 0), open(1, 0, 5, 0));
        change(&mut courier, &mut delivery);
        let plan = planned(vec![courier.clone()], vec![delivery.clone()], &strict());
        assert_eq!(plan.unassigned[0].reasons, [(courier_id(1), refusal)]);
        let problem = Problem { now: now(), couriers: vec![courier], deliveries: vec![delivery] };
        let explained = explain(&problem, &TRAVEL, &strict(), delivery_id(1));
        assert_eq!(explained[0].verdict, Verdict::Refused(refusal));
        assert_eq!(serde_json::to_value(refusal).unwrap(), refusal.code());
    }
}

#[test]
fn a_promise_nobody_can_keep_is_placed_late_where_policy_allows_it() {
    let mut late = open(1, 0, 5, 0);
    late.drop_off.due = Some(after(100));
    let plan = planned(vec![courier(1, 10, 0)], vec![late], &Weights::default());
    assert_eq!(plan.assignments[0].late_s, 223 + 60 + 112 - 100);
}

#[test]
fn a_late_delivery_does_not_break_the_promise_of_another() {
    let mut standing = courier(1, 0, 0);
    let promised = Stop { due: Some(after(450)), ..drop_off(1, 20, 0) };
    (standing.on_board, standing.stops) = (1, vec![promised]);
    let mut late = open(2, 0, -5, 0);
    late.drop_off.due = Some(after(10));
    let plan = planned(vec![standing], vec![late], &Weights::default());
    assert_eq!(order(&plan.runs[0].stops)[0], (1, DropOff));
}

#[test]
fn fixed_stops_keep_their_place() {
    let mut standing = courier(1, 0, 0);
    (standing.on_board, standing.fixed) = (2, 1);
    standing.stops = vec![drop_off(1, 20, 0), drop_off(2, 22, 0)];
    let plan = planned(vec![standing], vec![open(3, 0, 1, 0)], &strict());
    assert_eq!(order(&plan.runs[0].stops)[0], (1, DropOff));
    assert_eq!(plan.assignments.len(), 1);
}

#[test]
fn a_delivery_that_stands_in_a_run_is_left_there() {
    let mut standing = courier(1, 0, 0);
    standing.stops = vec![pick_up(1, 0), drop_off(1, 5, 0)];
    let plan = planned(vec![standing, courier(2, 0, 0)], vec![open(1, 0, 5, 0)], &strict());
    assert!(plan.assignments.is_empty() && plan.unassigned.is_empty());
}

#[test]
fn a_courier_who_is_faster_arrives_earlier_and_gets_what_is_farther_away() {
    let slow = CourierState { speed_factor: 0.5, ..courier(1, 0, 0) };
    let alone = |courier: CourierState| {
        let plan = planned(vec![courier], vec![open(1, 10, 0, 0)], &strict());
        (plan.runs[0].stops[0].arrive_at - now()).num_seconds()
    };
    let as_others = alone(courier(1, 0, 0));
    assert_eq!(alone(slow.clone()), 2 * as_others);
    for senseless in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(alone(CourierState { speed_factor: senseless, ..courier(1, 0, 0) }), as_others);
    }
    // The walker is nearer by a third, and twice as slow.
    let far = courier(2, -2, 0);
    let plan = planned(vec![slow, far], vec![open(1, 4, 0, 0)], &strict());
    assert_eq!(plan.assignments[0].courier, courier_id(2));
}

#[test]
fn a_held_drop_off_moves_behind_what_can_be_done_meanwhile() {
    let mut standing = courier(1, 0, 0);
    standing.on_board = 3;
    let held = Stop { not_before: Some(after(1_200)), ..drop_off(1, 2, 0) };
    standing.stops = vec![held, drop_off(2, 4, 0), drop_off(3, 6, 0)];
    let run = resequence(&standing, &TRAVEL);
    assert_eq!(order(&run), [(2, DropOff), (3, DropOff), (1, DropOff)]);
    assert_eq!(run[2].start_at, after(1_200));
    standing.fixed = 1;
    assert_eq!(order(&resequence(&standing, &TRAVEL)), [(1, DropOff), (2, DropOff), (3, DropOff)]);
}

#[test]
fn a_held_drop_off_does_not_move_behind_a_silent_one() {
    let mut standing = courier(1, 0, 0);
    standing.on_board = 3;
    let held = Stop { not_before: Some(after(1_200)), ..drop_off(1, 2, 0) };
    let silent = Stop { clearance: Clearance::Silent, ..drop_off(3, 6, 0) };
    standing.stops = vec![held, drop_off(2, 4, 0), silent];
    assert_eq!(order(&resequence(&standing, &TRAVEL)), [(2, DropOff), (1, DropOff), (3, DropOff)]);
}

#[test]
fn a_held_drop_off_stays_where_moving_it_would_break_a_promise() {
    let mut standing = courier(1, 0, 0);
    standing.on_board = 2;
    let held = Stop { not_before: Some(after(600)), due: Some(after(660)), ..drop_off(1, 2, 0) };
    standing.stops = vec![held, drop_off(2, 60, 0)];
    assert_eq!(order(&resequence(&standing, &TRAVEL)), [(1, DropOff), (2, DropOff)]);
}

#[test]
fn the_checker_sees_what_is_tampered_with() {
    let mut standing = courier(1, 0, 0);
    (standing.on_board, standing.fixed) = (1, 1);
    standing.stops = vec![drop_off(1, 3, 0)];
    let problem = Problem { now: now(), couriers: vec![standing], deliveries: vec![open(2, 0, 5, 0)] };
    let good = plan(&problem, &TRAVEL, &strict(), 1, &mut Rounds::new(60));
    type Change = fn(&mut Plan);
    let cases: [(Change, Breach); 9] = [
        (|plan| plan.runs[0].stops.swap(0, 1), Breach::FixedMoved),
        (|plan| plan.runs[0].stops.swap(1, 2), Breach::Precedence),
        (|plan| plan.runs[0].stops = plan.runs[0].stops.split_off(1), Breach::StopLost),
        (|plan| plan.runs[0].stops.truncate(2), Breach::Precedence),
        (|plan| plan.runs[0].stops[2].start_at += TimeDelta::seconds(1), Breach::WrongTimes),
        (|plan| plan.assignments[0].late_s = 5, Breach::WrongAssignment),
        (|plan| plan.assignments.clear(), Breach::StopForeign),
        (|plan| plan.runs.clear(), Breach::MissingRun),
        (|plan| plan.assignments.push(plan.assignments[0].clone()), Breach::WronglyAssigned),
    ];
    for (change, breach) in cases {
        let mut plan = good.clone();
        change(&mut plan);
        let found = check(&problem, &plan, &TRAVEL, &strict());
        assert!(found.iter().any(|violation| violation.breach == breach), "{breach:?}: {found:?}");
    }
}

/// Travel that takes longer at certain moments, so that nothing may be remembered.
#[derive(Debug)]
pub(super) struct RushHour;

impl TravelTimes for RushHour {
    fn travel_s(&self, from: Point, to: Point, departing: DateTime<Utc>) -> u32 {
        let rush = u32::from(departing.timestamp() % 3_600 > 1_800);
        TRAVEL.travel_s(from, to, departing) * (2 + rush) / 2
    }
}

type RawStop = (u32, i32, i32, Option<i64>, Option<i64>, u32);

fn raw_stop() -> impl Strategy<Value = RawStop> {
    let hold = proptest::option::weighted(0.3, -600_i64..4_000);
    let due = proptest::option::weighted(0.6, 0_i64..5_000);
    (0_u32..9, 0_i32..40, 0_i32..40, hold, due, 0_u32..3)
}

fn dressed(raw: RawStop, number: u32) -> (Stop, Stop) {
    let (place, x, y, hold, due, load) = raw;
    let ready = hold.filter(|_| x % 2 == 0).map(after);
    let weight_g = (x as u32 % 3) * 700;
    let up = Stop { not_before: ready, load, weight_g, service_s: place * 20, ..pick_up(number, place) };
    let held = hold.filter(|_| x % 2 == 1).map(after);
    let hold_ends = (y % 5 == 0).then(|| after(i64::from(x) * 100));
    let off =
        Stop { not_before: held, due: due.map(after), load, weight_g, hold_ends, ..drop_off(number, x, y) };
    (up, off)
}

/// A run of some deliveries: on board already, or still to be picked up, in any order that keeps precedence.
fn standing(number: u32, (raw, fixed, start): (Vec<(RawStop, bool, usize)>, usize, u32)) -> CourierState {
    let mut courier = courier(number, (start % 40) as i32, (start / 40) as i32);
    courier.free_at = after(i64::from(start % 7) * 100 - 200);
    courier.shift_ends_at = after(i64::from(start % 11) * 600);
    courier.capacity = 1 + start % 5;
    courier.has_offer = start % 13 == 0;
    courier.speed_factor = [1.0, 1.0, 0.37, 1.7, 0.0][start as usize % 5];
    if start % 3 == 0 {
        courier.regions.push(region_id(2));
    }
    courier.home = (start % 4 == 1).then_some(grid(20, 20));
    courier.break_until = (start % 17 == 2).then_some(after(i64::from(start % 9) * 100 - 300));
    courier.skills = Skill::ALL.into_iter().take(start as usize % 4).collect();
    courier.max_weight_g = (start % 6 == 1).then_some(start % 4_000);
    for (n, (raw, on_board, place)) in raw.into_iter().enumerate() {
        let (up, off) = dressed(raw, 1_000 + number * 10 + n as u32);
        let (place, off_g) = (place % (courier.stops.len() + 1), off.weight_g);
        courier.stops.insert(place, off);
        if on_board {
            courier.on_board += raw.5;
            courier.on_board_g += off_g;
        } else {
            courier.stops.insert(place / 2, up);
        }
    }
    courier.fixed = fixed;
    courier
}

pub(super) fn problem() -> impl Strategy<Value = Problem> {
    let run = proptest::collection::vec((raw_stop(), any::<bool>(), 0_usize..8), 0..4);
    let couriers = proptest::collection::vec((run, 0_usize..3, 0_u32..1_600), 0..5);
    let deliveries = proptest::collection::vec((raw_stop(), 0_u32..40), 0..9);
    (couriers, deliveries).prop_map(|(couriers, deliveries)| {
        let couriers = couriers.into_iter().zip(1..).map(|(raw, number)| standing(number, raw)).collect();
        let deliveries = deliveries.into_iter().zip(1..).map(|((raw, extra), number)| {
            let (pick_up, drop_off) = dressed(raw, number);
            let declined = if extra < 5 { vec![courier_id(extra)] } else { vec![] };
            let courier = if extra > 36 { Some(courier_id(extra - 36)) } else { None };
            let region = region_id(1 + extra % 2);
            let needs =
                Skill::ALL.into_iter().filter(|need| extra % 7 == 3 && *need != Skill::Id).take(2).collect();
            OpenDelivery { declined, courier, region, needs, pick_up, drop_off, ..open(number, 0, 0, 0) }
        });
        Problem { now: now(), couriers, deliveries: deliveries.collect() }
    })
}

/// The plan with a delivery put in by hand.
fn forced(
    plan: &Plan,
    problem: &Problem,
    (open, courier): (&OpenDelivery, &CourierState),
    at: (usize, usize),
) -> Plan {
    let mut forced = plan.clone();
    let run = forced.runs.iter_mut().find(|run| run.courier == courier.id).unwrap();
    let mut stops: Vec<Stop> = run.stops.iter().map(|planned| planned.stop.clone()).collect();
    stops.insert(at.1, open.drop_off.clone());
    stops.insert(at.0, open.pick_up.clone());
    let free_at = courier.free_at.max(problem.now);
    run.stops = schedule(&CourierState { free_at, ..courier.clone() }, &stops, &TRAVEL);
    let runs = forced.runs.clone();
    let door = |delivery: DeliveryId| {
        let stops = runs.iter().flat_map(|run| &run.stops);
        stops.into_iter().find(|p| p.stop.delivery == delivery && p.stop.kind == DropOff).unwrap().clone()
    };
    forced.unassigned.retain(|left| left.delivery != open.id);
    let (delivery, courier) = (open.id, courier.id);
    forced.assignments.push(Assignment { delivery, courier, added_s: 0, arrive_at: now(), late_s: 0 });
    for given in &mut forced.assignments {
        let door = door(given.delivery);
        (given.arrive_at, given.late_s) = (door.start_at, door.late_s());
    }
    forced
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_checker_accepts_every_plan(problem in problem(), allow_late in any::<bool>()) {
        let weights = Weights { allow_late, ..Weights::default() };
        let plan = plan(&problem, &TRAVEL, &weights, 1, &mut Rounds::new(60));
        prop_assert_eq!(check(&problem, &plan, &TRAVEL, &weights), vec![]);
    }

    #[test]
    fn the_checker_accepts_plans_whose_travel_times_depend_on_the_hour(problem in problem()) {
        let plan = plan(&problem, &RushHour, &Weights::default(), 1, &mut Rounds::new(60));
        prop_assert_eq!(check(&problem, &plan, &RushHour, &Weights::default()), vec![]);
    }

    #[test]
    fn the_same_problem_gives_the_same_plan_in_any_order(
        problem in problem().prop_flat_map(|one| {
            let shuffled = (Just(one.couriers.clone()).prop_shuffle(), Just(one.deliveries.clone()).prop_shuffle());
            (Just(one), shuffled)
        })
    ) {
        let (one, (couriers, deliveries)) = problem;
        let other = Problem { now: one.now, couriers, deliveries };
        let weights = Weights::default();
        prop_assert_eq!(plan(&one, &TRAVEL, &weights, 1, &mut Rounds::new(60)), plan(&other, &TRAVEL, &weights, 1, &mut Rounds::new(60)));
    }

    #[test]
    fn nothing_is_assigned_twice_and_nothing_goes_without_an_answer(problem in problem()) {
        let plan = plan(&problem, &TRAVEL, &Weights::default(), 1, &mut Rounds::new(60));
        let mut answered: Vec<_> = plan.assignments.iter().map(|given| given.delivery).collect();
        answered.extend(plan.unassigned.iter().map(|left| left.delivery));
        answered.sort_unstable();
        let mut all: Vec<_> = problem.deliveries.iter().map(|open| open.id).collect();
        all.sort_unstable();
        prop_assert_eq!(answered, all);
        for left in &plan.unassigned {
            prop_assert_eq!(left.reasons.len(), problem.couriers.len());
        }
    }

    #[test]
    fn what_is_refused_could_not_have_been_done(problem in problem()) {
        let plan = plan(&problem, &TRAVEL, &strict(), 1, &mut Rounds::new(60));
        for left in &plan.unassigned {
            let open = problem.deliveries.iter().find(|open| open.id == left.delivery).unwrap();
            for (refused, refusal) in &left.reasons {
                let courier = problem.couriers.iter().find(|courier| courier.id == *refused).unwrap();
                let count = plan.runs.iter().find(|run| run.courier == *refused).unwrap().stops.len();
                let mut breaches = std::collections::BTreeSet::new();
                for up in courier.fixed.min(courier.stops.len())..=count {
                    for off in up..=count {
                        let forced = forced(&plan, &problem, (open, courier), (up, off));
                        let found = check(&problem, &forced, &TRAVEL, &strict());
                        prop_assert!(!found.is_empty(), "{refusal:?} {up} {off}");
                        breaches.extend(found.iter().map(|violation| violation.breach));
                    }
                }
                prop_assert!(breaches.contains(&breach_of(*refusal)), "{refusal:?} {breaches:?}");
            }
        }
    }

    #[test]
    fn one_delivery_goes_to_whom_the_explanation_puts_first(mut problem in problem()) {
        problem.deliveries.truncate(1);
        let plan = plain(&problem, &TRAVEL, &Weights::default());
        if let Some(open) = problem.deliveries.first() {
            let explained = explain(&problem, &TRAVEL, &Weights::default(), open.id);
            prop_assert_eq!(explained.len(), problem.couriers.len());
            match (plan.assignments.first(), explained.first()) {
                (Some(given), Some(first)) => {
                    prop_assert_eq!(given.courier, first.courier);
                    let Assignment { added_s, arrive_at, late_s, .. } = *given;
                    prop_assert_eq!(&first.verdict, &Verdict::Would { added_s, arrive_at, late_s });
                }
                (None, Some(first)) => prop_assert!(matches!(first.verdict, Verdict::Refused(_))),
                _ => {}
            }
        }
    }

    #[test]
    fn resequencing_keeps_every_stop_and_makes_none_later(problem in problem()) {
        for courier in &problem.couriers {
            let before = schedule(courier, &courier.stops, &TRAVEL);
            let run = resequence(courier, &TRAVEL);
            prop_assert_eq!(run.len(), before.len());
            let fixed = courier.fixed.min(run.len());
            prop_assert_eq!(&run[..fixed], &before[..fixed]);
            for was in &before {
                let is = run.iter().find(|planned| planned.stop == was.stop).unwrap();
                prop_assert!(is.late_s() <= was.late_s());
            }
            let stops = run.iter().map(|planned| planned.stop.clone()).collect();
            let again = resequence(&CourierState { stops, ..courier.clone() }, &TRAVEL);
            prop_assert_eq!(again, run);
        }
    }
}

fn breach_of(refusal: Refusal) -> Breach {
    match refusal {
        Refusal::RegionNotServed => Breach::RegionNotServed,
        Refusal::LacksSkill => Breach::LacksSkill,
        Refusal::OffDuty => Breach::OffDuty,
        Refusal::OnBreak => Breach::OnBreak,
        Refusal::OverWeight => Breach::OverWeight,
        Refusal::WayHome => Breach::WayHome,
        Refusal::HoldEnds => Breach::HoldEnds,
        Refusal::ReservedForAnother => Breach::ReservedForAnother,
        Refusal::DeclinedBefore => Breach::DeclinedBefore,
        Refusal::HasOpenOffer => Breach::HasOpenOffer,
        Refusal::OverCapacity => Breach::OverCapacity,
        Refusal::ShiftEnds => Breach::ShiftEnds,
        Refusal::WaitTooLong => Breach::WaitTooLong,
        Refusal::WindowMissed => Breach::PromiseBroken,
    }
}
