//! Every policy keeps the rules on small days, told by the evaluator, which knows nothing of the world; and the
//! evaluator itself is tried on solutions that were tampered with, one rule each.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::path::Path;

use callahead_yardsticks::mdrp::engine::{Engine, Tuning};
use callahead_yardsticks::mdrp::evaluate::{Audit, Rule, audit};
use callahead_yardsticks::mdrp::fifo::FirstCome;
use callahead_yardsticks::mdrp::greedy::Greedy;
use callahead_yardsticks::mdrp::instance::{Instance, Texts, parse};
use callahead_yardsticks::mdrp::policy::{Command, Policy, View};
use callahead_yardsticks::mdrp::run::{Lived, live};
use proptest::prelude::*;

fn policies() -> Vec<Box<dyn Policy>> {
    let tuning = Tuning { rounds: 20, ..Tuning::default() };
    vec![Box::new(Greedy), Box::<FirstCome>::default(), Box::new(Engine::new(7, tuning))]
}

fn judge(day: &Instance, lived: &Lived) -> Audit {
    audit(day, lived.solution.texts().each_ref().map(String::as_str))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_policy_keeps_the_rules(seed: u64, orders in 1..40_u64, couriers in 1..8_u64) {
        let day = support::day(seed, orders, couriers);
        for mut policy in policies() {
            let lived = live(&day, policy.as_mut()).unwrap();
            let told = judge(&day, &lived);
            prop_assert!(told.violations.is_empty(), "{}: {:?}", policy.name(), told.violations);
            let m = &told.measures;
            prop_assert!(m.undelivered <= m.orders);
            prop_assert!(m.undelivered > 0 || m.click_to_door_min >= m.floor_min - 1e-9);
        }
    }

    #[test]
    fn the_same_day_is_lived_the_same_way_twice(seed: u64) {
        let day = support::day(seed, 25, 5);
        for (mut first, mut second) in policies().into_iter().zip(policies()) {
            let lived = live(&day, first.as_mut()).unwrap();
            prop_assert_eq!(lived.solution, live(&day, second.as_mut()).unwrap().solution);
        }
    }
}

/// Click-to-door over many small days, an order nobody brought counting 90 minutes.
fn penalised(policy: impl Fn() -> Box<dyn Policy>) -> f64 {
    let lived = (0..12).map(|seed| {
        let day = support::day(seed, 40, 6);
        judge(&day, &live(&day, policy().as_mut()).unwrap()).measures.penalised_min
    });
    lived.sum::<f64>() / 12.0
}

#[test]
fn the_engine_is_faster_than_first_come_and_first_come_than_greedy() {
    let engine = penalised(|| Box::new(Engine::new(1, Tuning::default())));
    let first_come = penalised(|| Box::<FirstCome>::default());
    let greedy = penalised(|| Box::new(Greedy));
    assert!(engine + 1.0 < first_come, "{engine} {first_come}");
    assert!(first_come + 1.0 < greedy, "{first_come} {greedy}");
}

/// Two restaurants, two couriers, three orders; everything 640 m, or two minutes, apart on one street.
fn street() -> Instance {
    let texts = Texts {
        orders: "order\tx\ty\tplacement_time\trestaurant\tready_time\n\
                 o1\t1280\t0\t5\tr1\t20\no2\t1920\t0\t6\tr1\t20\no3\t3200\t0\t8\tr2\t30\n"
            .into(),
        couriers: "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t0\t60\nc2\t3200\t0\t0\t60\n".into(),
        restaurants: "restaurant\tx\ty\nr1\t640\t0\nr2\t2560\t0\n".into(),
        parameters: "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n".into(),
    };
    parse(Path::new("street"), &texts).unwrap()
}

const ASSIGNMENTS: &str = "assignment_time pickup_time courier orders\n10 20 c1 o1 o2\n12 30 c2 o3\n";
const ORDERS: &str = "order placement_time ready_time pickup_time dropoff_time courier\n\
                      o1 5 20 20 26 c1\no2 6 20 20 32 c1\no3 8 30 30 36 c2\n";
const LEGS: &str = "courier departure_time origin destination\n\
                    c1 10 0 r1\nc1 22 r1 o1\nc1 28 o1 o2\nc2 12 0 r2\nc2 32 r2 o3\n";

#[test]
fn a_sound_solution_is_accepted_with_its_figures() {
    let told = audit(&street(), [ASSIGNMENTS, ORDERS, LEGS]);
    assert_eq!(told.violations, []);
    let m = told.measures;
    assert!((m.click_to_door_min - (21.0 + 26.0 + 28.0) / 3.0).abs() < 1e-9, "{m:?}");
    assert!(m.ready_to_pick_up_min.abs() < 1e-9);
    assert!((m.floor_min - (21.0 + 22.0 + 28.0) / 3.0).abs() < 1e-9, "{m:?}");
    // One courier brings two orders in an hour, the other one: 20 and the guaranteed 15.
    assert!((m.cost_per_order - 35.0 / 3.0).abs() < 1e-9, "{m:?}");
    assert!((m.gini - 1.0 / 6.0).abs() < 1e-9, "{m:?}");
}

#[test]
fn an_order_nobody_brought_counts_the_maximum() {
    let told = audit(
        &street(),
        [
            "assignment_time pickup_time courier orders\n10 20 c1 o1 o2\n",
            &ORDERS.replace("30 36 c2", "- - -"),
            LEGS.split("c2").next().unwrap(),
        ],
    );
    assert_eq!(told.violations, []);
    assert_eq!(told.measures.undelivered, 1);
    assert!((told.measures.click_to_door_min - 23.5).abs() < 1e-9);
    assert!((told.measures.penalised_min - (21.0 + 26.0 + 90.0) / 3.0).abs() < 1e-9);
}

/// Tampers with one place of one file: the rule that must be told, the file, what is replaced and by what.
const TAMPERED: [(Rule, usize, &str, &str); 22] = [
    (Rule::WholeLines, 0, "10 20 c1 o1 o2", "10 20 c1"),
    (Rule::WholeLines, 1, "o3 8 30 30 36 c2\n", ""),
    (Rule::WholeLines, 1, "o3 8 30 30 36 c2\n", "o3 8 30 30 36 c2\no3 8 30 30 36 c2\n"),
    (Rule::WholeMinutes, 1, "20 32 c1", "20 31.5 c1"),
    (Rule::WholeMinutes, 2, "c1 22 r1", "c1 22.0 r1"),
    (Rule::KnownNames, 0, "c2 o3", "c7 o3"),
    (Rule::KnownNames, 2, "0 r2", "0 r9"),
    (Rule::TrueToInstance, 1, "o2 6 20", "o2 1 20"),
    (Rule::AssignedOnce, 0, "c2 o3", "c2 o3 o2"),
    (Rule::FilesAgree, 1, "20 32 c1", "21 32 c1"),
    (Rule::FilesAgree, 1, "20 32 c1", "- - -"),
    (Rule::AssignedAfterPlacement, 0, "10 20 c1", "5 20 c1"),
    (Rule::AssignedBeforeDeparture, 0, "10 20 c1", "21 20 c1"),
    (Rule::OneRestaurant, 0, "c1 o1 o2", "c1 o1 o3"),
    (Rule::PickUpWhenReady, 0, "10 20 c1", "10 19 c1"),
    (Rule::LegsConnect, 2, "28 o1 o2", "28 r2 o2"),
    (Rule::OnePlaceAtATime, 2, "c1 28 o1", "c1 23 o1"),
    (Rule::CourierIsThere, 2, "c1 28 o1 o2\n", ""),
    (Rule::ServiceBefore, 2, "c2 12 0", "c2 27 0"),
    (Rule::ServiceBefore, 1, "20 32 c1", "20 31 c1"),
    (Rule::ServiceAfter, 2, "c1 22 r1", "c1 21 r1"),
    (Rule::BundleInOrder, 0, "o1 o2", "o2 o1"),
];

#[test]
fn a_tampered_solution_is_refused_by_the_rule_it_breaks() {
    for (rule, file, from, to) in TAMPERED {
        let mut texts = [ASSIGNMENTS, ORDERS, LEGS].map(str::to_owned);
        assert!(texts[file].contains(from), "{from}");
        texts[file] = texts[file].replace(from, to);
        let told = audit(&street(), texts.each_ref().map(String::as_str));
        assert!(told.violations.iter().any(|one| one.rule == rule), "{rule:?}: {:?}", told.violations);
    }
}

#[test]
fn shifts_are_held_to() {
    let mut day = street();
    (day.couriers[0].off_min, day.couriers[1].on_min) = (19, 13);
    let rules: Vec<Rule> =
        audit(&day, [ASSIGNMENTS, ORDERS, LEGS]).violations.iter().map(|one| one.rule).collect();
    assert_eq!(rules, [Rule::LegWithinShift, Rule::OnePlaceAtATime, Rule::PickUpWithinShift]);
}

/// Says what it is told to say at one minute.
struct Script(u32, Vec<Command>);

impl Policy for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn decide(&mut self, view: &View<'_>) -> Vec<Command> {
        if view.now_min == self.0 { std::mem::take(&mut self.1) } else { Vec::new() }
    }
}

#[test]
fn the_world_refuses_what_the_rules_forbid() {
    let send = |courier, orders: &[usize]| Command::Send { courier, orders: orders.to_vec() };
    let change = |courier, orders: &[usize]| Command::Change { courier, orders: orders.to_vec() };
    for (minute, commands, why) in [
        (5, vec![send(0, &[1])], "the order is not placed yet"),
        (9, vec![send(0, &[0, 2])], "a bundle is of one restaurant"),
        (9, vec![send(0, &[0, 0])], "the order is named twice"),
        (9, vec![send(0, &[])], "no order is named"),
        (9, vec![send(4, &[0])], "no such courier"),
        (9, vec![send(0, &[0]), send(1, &[0])], "another courier is on a visit for the order"),
        (9, vec![send(0, &[0]), send(0, &[1])], "the courier is not idle"),
        (9, vec![send(0, &[0]), change(0, &[2])], "the courier visits another restaurant"),
        (9, vec![change(0, &[0])], "the courier is on no visit"),
        (9, vec![Command::Step { courier: 0, restaurant: 1 }, send(0, &[0])], "the courier is not idle"),
        (9, vec![Command::Step { courier: 0, restaurant: 7 }], "no such restaurant"),
    ] {
        let misstep = live(&street(), &mut Script(minute, commands)).unwrap_err();
        assert_eq!((misstep.minute, misstep.why), (minute, why));
    }
}

#[test]
fn a_changed_bundle_and_a_step_without_an_order_keep_the_rules() {
    let script = vec![
        Command::Send { courier: 0, orders: vec![0] },
        Command::Change { courier: 0, orders: vec![1, 0] },
        Command::Send { courier: 1, orders: vec![2] },
        Command::Change { courier: 1, orders: vec![] },
    ];
    let lived = live(&street(), &mut Script(9, script)).unwrap();
    let told = judge(&street(), &lived);
    assert_eq!(told.violations, []);
    assert_eq!(told.measures.undelivered, 1);
    assert_eq!(lived.solution.assignments[0].orders, ["o2", "o1"]);
    assert_eq!(lived.solution.legs.iter().filter(|leg| leg.courier == "c2").count(), 1);
}
