#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::figures::Measure;
use super::people::{Answer, Customer};
use super::round::Event;
use super::study::{day, study};
use super::*;
use callahead_domain::policy::{Policy, SilenceRule};

fn small() -> Scene {
    Scene { orders: 60, couriers: 2, share_rounds: 500, rounds: 5, ..Scene::default() }
}

fn tallies(scene: &Scene, seed: u64) -> Vec<tally::Tally> {
    day(scene, seed, &Way::ALL).unwrap().into_iter().map(|day| day.tally).collect()
}

#[test]
fn a_seed_gives_one_day_and_another_seed_another() {
    assert_eq!(tallies(&small(), 3), tallies(&small(), 3));
    assert_ne!(tallies(&small(), 3), tallies(&small(), 4));
}

#[test]
fn every_parcel_ends_once_in_every_way() {
    for silence in [Silence::Hold, Silence::Last, Silence::TryDoor] {
        for absent in [0.0, 0.3, 0.6] {
            let scene = Scene { absent, silence, ..small() };
            for (tally, way) in tallies(&scene, 1).iter().zip(Way::ALL) {
                let ended = tally.delivered + tally.brought_back + tally.not_gone_to;
                assert_eq!(ended, 60.0, "{} {} {absent}: {tally:?}", way.name(), silence.name());
                assert!(tally.first_opened <= tally.doors && tally.doors <= tally.attempts);
                assert!(tally.moved <= tally.told && tally.delivered <= tally.attempts);
                let given_back = (60.0 - tally.delivered) * scene.give_back_min;
                let parts =
                    [tally.driven, tally.at_open, tally.at_closed, tally.calling, tally.waited, given_back];
                assert!((tally.minutes - parts.iter().sum::<f64>()).abs() < 1e-6, "{tally:?}");
                assert!(tally.minutes > 0.0 && tally.minutes <= 2.0 * 600.0 + 60.0, "{tally:?}");
            }
        }
    }
}

#[test]
fn where_everybody_is_home_and_answers_nobody_fails() {
    let scene =
        Scene { absent: 0.0, silent: 0.0, link_answer: 1.0, slip_link: 0.0, slip_call: 0.0, ..small() };
    for (tally, way) in tallies(&scene, 1).iter().zip(Way::ALL) {
        assert_eq!((tally.delivered, tally.first_opened), (60.0, 60.0), "{}", way.name());
    }
    let nobody = Scene {
        absent: 0.6,
        all_day: 1.0,
        silent: 0.0,
        link_answer: 1.0,
        slip_link: 0.0,
        slip_call: 0.0,
        ..small()
    };
    let [no_call, _, gate] = tallies(&nobody, 1)[..] else { return };
    assert!(no_call.brought_back > 20.0, "{no_call:?}");
    assert_eq!(gate.doors, gate.first_opened, "who said not today is not gone to: {gate:?}");
}

#[test]
fn under_hold_no_door_is_gone_to_without_an_answer() {
    let mute = Scene { silent: 0.9, link_answer: 0.0, phone_answer: 0.0, ..small() };
    let gate = tallies(&mute, 1)[2];
    assert_eq!((gate.doors, gate.not_gone_to, gate.calls), (0.0, 60.0, 180.0), "{gate:?}");
    let tried = tallies(&Scene { silence: Silence::TryDoor, ..mute.clone() }, 1)[2];
    assert_eq!(tried.doors, 60.0);
    let last = tallies(&Scene { silence: Silence::Last, ..mute }, 1)[2];
    assert_eq!(last.doors, 60.0);
}

#[test]
fn without_a_call_doors_open_as_often_as_people_are_home() {
    let scene = Scene { orders: 300, couriers: 4, share_rounds: 500, rounds: 3, ..Scene::default() };
    let (mut opened, mut doors) = (0.0, 0.0);
    for seed in 1..=4 {
        let tally = day(&scene, seed, &[Way::NoCall]).unwrap()[0].tally;
        (opened, doors) = (opened + tally.first_opened, doors + tally.doors);
    }
    assert!((opened / doors - 0.85).abs() < 0.03, "{opened} of {doors}");
}

#[test]
fn shares_of_answers_are_those_asked_for() {
    let scene = Scene::default();
    let customers: Vec<Customer> = (0..4000).map(|number| Customer::draw(&scene, 1, number)).collect();
    let count =
        |test: &dyn Fn(&Customer) -> bool| count_f(customers.iter().filter(|c| test(c)).count()) / 4000.0;
    for at_min in [60.0, 300.0, 600.0] {
        assert!((count(&|c| c.plans_home(at_min)) - 0.85).abs() < 0.02, "at {at_min}");
    }
    assert!((count(&|c| c.link_reply(&scene, 200.0).is_some()) - 0.6).abs() < 0.03);
    assert!((count(&|c| c.takes_call(&scene, 200.0, 1)) - 0.7).abs() < 0.03);
}

#[test]
fn an_answer_is_what_the_customer_then_does() {
    let scene = Scene::default();
    let mut yes = 0;
    for number in 0..2000 {
        let mut customer = Customer::draw(&scene, 2, number);
        let planned = customer.plans_home(300.0);
        match customer.answer(&scene, 300.0, 0.0) {
            Answer::Yes => {
                yes += 1;
                assert!(planned && customer.is_home(292.0) && customer.is_home(312.0));
            }
            Answer::From(from) => {
                assert!(!planned && from > 300.0 && from % 15.0 == 0.0);
                assert!(customer.is_home(from + 60.0), "who is back later than they said is back by then");
                assert_eq!(customer.answer(&scene, from + 60.0, 0.0), Answer::Yes, "asked again");
            }
            Answer::NotToday => assert!(!planned && !customer.is_home(300.0)),
        }
    }
    assert!(yes > 1600);
}

/// The direction of the result: a change that turns it round has to say so here.
#[test]
fn asking_first_brings_more_an_hour_and_opens_more_doors() {
    let scene = Scene { orders: 216, couriers: 3, share_rounds: 5_000, rounds: 20, ..Scene::default() };
    let (mut plain, mut gate) = (tally::Tally::default(), tally::Tally::default());
    for seed in 201..=204 {
        let ways = tallies(&scene, seed);
        plain.add(&ways[0]);
        gate.add(&ways[2]);
    }
    let of = |measure: Measure, tally| measure.of(tally, 4 * scene.orders).unwrap();
    let both = |measure| (of(measure, &plain), of(measure, &gate));
    let (without, with) = both(Measure::PerHour);
    assert!(with > 1.05 * without, "deliveries per courier-hour: {with} with asking, {without} without");
    let (without, with) = both(Measure::FirstAttempt);
    assert!(with >= 97.5 && without < 90.0, "first attempts: {with} % with asking, {without} % without");
    assert!(of(Measure::Moved, &gate) < 3.0);
    let (without, with) = both(Measure::Delivered);
    assert!(with < without, "who does not answer gets nothing under hold: {with} % against {without} %");
}

#[test]
fn the_town_keeps_to_the_defaults_of_the_service() {
    let (scene, policy) = (Scene::default(), Policy::default());
    assert_eq!((scene.wait_min * 60.0, scene.door_min(true) * 60.0), (420.0, 180.0));
    assert_eq!((policy.waiting_s, policy.drop_off_service_s), (420, 180));
    assert_eq!((scene.silence, policy.silence), (Silence::Hold, SilenceRule::Hold));
    assert_eq!((scene.max_wait_min, scene.notice_lead_min, scene.calls), (30.0, 45.0, 3));
}

#[test]
fn who_would_be_waited_for_too_long_is_not_waited_for() {
    let later = Scene { absent: 0.5, all_day: 0.0, silent: 0.0, link_answer: 1.0, ..small() };
    let waited = |max_wait_min| tallies(&Scene { max_wait_min, ..later.clone() }, 1)[2];
    let (short, long) = (waited(5.0), waited(f64::INFINITY));
    assert!(short.waited < long.waited && short.later_missed > long.later_missed, "{short:?} {long:?}");
    assert!(short.delivered < long.delivered);
}

#[test]
fn who_named_a_time_far_ahead_is_asked_again_before_it() {
    let later = Scene { absent: 0.5, all_day: 0.0, silent: 0.0, link_answer: 1.0, ..small() };
    let notices = |answer_valid_min| tallies(&Scene { answer_valid_min, ..later.clone() }, 1)[2].notices;
    assert!(notices(0.0) > notices(f64::INFINITY) + 5.0);
}

#[test]
fn a_number_out_of_range_is_told() {
    let told = study(&Scene { absent: 0.9, ..small() }, 1, 1, &mut |_| ()).unwrap_err().to_string();
    assert_eq!(told, "absent is 0.9; allowed: 0 to 0.6");
    let told = study(&Scene { wait_min: -1.0, ..small() }, 1, 1, &mut |_| ()).unwrap_err().to_string();
    assert_eq!(told, "wait-min is -1; allowed: 0 to 60");
    assert!(study(&Scene { couriers: 0, ..small() }, 1, 1, &mut |_| ()).is_err());
    assert!(study(&Scene { link_answer: f64::NAN, ..small() }, 1, 1, &mut |_| ()).is_err());
}

#[test]
fn the_page_stands_alone_and_tells_its_assumptions() {
    let found = study(&small(), 1, 2, &mut |_| ()).unwrap();
    let page = page::html(&found, &[]);
    assert!(!page.contains("http") && !page.contains("<script") && !page.contains("NaN"));
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    for sentence in scene::assumptions(&found.scene) {
        assert!(page.contains(&drawing::escape(&sentence)), "{sentence}");
    }
    // Each kind of dot on the maps is explained in its own colour.
    let dots = |class: &str| page.matches(&format!("<circle class=\"{class}\"")).count();
    let on_maps = |event: Event| found.first.iter().flatten().filter(|moment| moment.event == event).count();
    for (class, event) in
        [("good", Event::HandedOver), ("bad", Event::NobodyOpened), ("spared", Event::NotGoneTo)]
    {
        assert_eq!(dots(class), on_maps(event) + 1, "{class}");
    }
    let first = &found.first[2];
    assert_eq!(first.last().map(|moment| moment.event), Some(Event::Home));
    let told = page::json(&found, &[]);
    assert_eq!(told["study"]["rows"].as_array().map(Vec::len), Some(Measure::ALL.len()));
    assert_eq!(drawing::clock(605.4), "19:05");
}
