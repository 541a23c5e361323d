//! Actions over a real socket: offline for hours, out of order, twice, in parallel, with a wrong clock, the same end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

#[path = "support/app.rs"]
mod app;

use app::{TestApp, Town, act};
use callahead::app::ports::{Clock, Entropy, SeededEntropy};
use callahead_domain::hand_off::code::check_digit_ok;
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

async fn command(app: &TestApp, town: &Town, delivery: &str, body: Value) -> Value {
    app.post(&format!("/v1/deliveries/{delivery}/commands"), &town.dispatcher, body).await.expect(200)
}

async fn assigned(app: &TestApp, town: &Town) -> String {
    let order = town.place(app).await;
    let delivery = order["delivery_id"].as_str().unwrap().to_owned();
    command(app, town, &delivery, json!({"command": "assign", "courier_id": town.courier})).await;
    delivery
}

async fn at_door(app: &TestApp, town: &Town) -> String {
    let delivery = assigned(app, town).await;
    for kind in ["collect", "set_off", "arrive"] {
        assert_eq!(town.act(app, &delivery, kind, Value::Null).await["verdict"], "applied");
    }
    delivery
}

fn code_of(app: &TestApp, delivery: &str, rotation: u32) -> String {
    app.built.app.secrets.hand_off_code(delivery.parse::<DeliveryId>().unwrap(), rotation)
}

/// Codes with a right check digit that are not the right one.
fn wrong_codes(right: &str) -> impl Iterator<Item = String> {
    let right = right.to_owned();
    (0..1_000_000_u32)
        .map(|number| format!("{number:06}"))
        .filter(move |code| check_digit_ok(code) && *code != right)
}

async fn batch(app: &TestApp, session: &str, actions: &[Value]) -> Vec<Value> {
    let answer = app.post("/v1/courier/actions", session, json!({"actions": actions})).await.expect(200);
    answer["results"].as_array().unwrap().clone()
}

/// A day of two deliveries as a phone recorded it: one handed over at the second try, one refused at the door.
fn day(app: &TestApp, first: &str, second: &str, start: DateTime<Utc>) -> Vec<Value> {
    let wrong = wrong_codes(&code_of(app, first, 0)).next().unwrap();
    let steps = [
        ("collect", first, Value::Null),
        ("collect", second, Value::Null),
        ("set_off", first, Value::Null),
        ("arrive", first, Value::Null),
        ("hand_over", first, json!({"code": wrong})),
        ("hand_over", first, json!({"code": code_of(app, first, 0)})),
        ("set_off", second, Value::Null),
        ("arrive", second, Value::Null),
        ("fail_attempt", second, json!({"reason": "unsafe"})),
        ("undo_fail", second, Value::Null),
        ("fail_attempt", second, json!({"reason": "refused"})),
    ];
    let steps = steps.into_iter().zip(1_i64..).map(|((kind, delivery, payload), seq)| {
        let at = start + TimeDelta::minutes(2 * seq);
        let mut action = json!({"action_id": format!("step-{seq}"), "type": kind, "delivery_id": delivery, "occurred_at": at, "device_seq": seq});
        if !payload.is_null() {
            action["payload"] = payload;
        }
        action
    });
    steps.collect()
}

/// What matters of the end: events with their facts but not ids and record times, and where everything stands.
async fn ending(app: &TestApp, town: &Town, deliveries: [&str; 2]) -> Vec<Value> {
    let mut end = Vec::new();
    for delivery in deliveries {
        let timeline =
            app.get(&format!("/v1/deliveries/{delivery}/timeline"), &town.dispatcher).await.expect(200);
        let events =
            timeline["data"].as_array().unwrap().iter().filter(|event| event["event"] != "exception.raised");
        let kinds: Vec<_> = events.map(|event| event["event"].clone()).collect();
        let view = app.get(&format!("/v1/deliveries/{delivery}"), &town.dispatcher).await.expect(200);
        end.push(json!({"events": kinds, "stage": view["stage"]["stage"], "payment": view["payment"]["state"], "attempts": view["attempts"]}));
    }
    end
}

/// How a phone that was offline hands its day in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Schedule {
    /// One action a request, in order, as it happens.
    Online,
    /// All in one request.
    Whole,
    /// All in one request, mixed.
    Mixed(u64),
    /// Cut into requests, each sent twice.
    Twice(u64),
    /// The same request on several connections at once.
    Parallel(u64),
    /// Mixed, by a clock three hours ahead.
    ClockAhead(u64),
}

fn mixed(actions: &[Value], seed: u64) -> Vec<Value> {
    let random = SeededEntropy::new(seed);
    let mut actions = actions.to_vec();
    for place in (1..actions.len()).rev() {
        let drawn = u16::from_be_bytes([random.ten()[0], random.ten()[1]]);
        actions.swap(place, usize::from(drawn) % (place + 1));
    }
    actions
}

async fn hand_in(app: &TestApp, session: &str, actions: &[Value], schedule: Schedule) {
    match schedule {
        Schedule::Online => {
            for action in actions {
                batch(app, session, std::slice::from_ref(action)).await;
            }
        }
        Schedule::Whole => drop(batch(app, session, actions).await),
        Schedule::Mixed(seed) => drop(batch(app, session, &mixed(actions, seed)).await),
        Schedule::Twice(seed) => {
            for part in actions.chunks(1 + seed as usize % 5) {
                let first = batch(app, session, &mixed(part, seed)).await;
                let again = batch(app, session, &mixed(part, seed + 1)).await;
                assert!(again.iter().all(|verdict| verdict["verdict"] == "duplicate"), "{first:?} {again:?}");
            }
        }
        Schedule::Parallel(seed) => {
            let copies: Vec<_> = (0..4).map(|copy| mixed(actions, seed + copy)).collect();
            let answers =
                futures_util::future::join_all(copies.iter().map(|copy| batch(app, session, copy))).await;
            let applied = answers.iter().flatten().filter(|verdict| verdict["verdict"] == "applied").count();
            assert_eq!(applied, 10, "{answers:?}");
        }
        Schedule::ClockAhead(seed) => {
            let ahead = |action: &Value| {
                let at: DateTime<Utc> = action["occurred_at"].as_str().unwrap().parse().unwrap();
                let mut action = action.clone();
                action["occurred_at"] = json!(at + TimeDelta::hours(3));
                action
            };
            let actions: Vec<_> = actions.iter().map(ahead).collect();
            let verdicts = batch(app, session, &mixed(&actions, seed)).await;
            assert!(
                verdicts.iter().all(|verdict| verdict["flagged"] == json!(["clock_off"])),
                "{verdicts:?}"
            );
        }
    }
}

#[tokio::test]
async fn edge_36_37_48_a_day_handed_in_by_any_schedule_ends_alike() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
        let mut schedules = vec![Schedule::Online, Schedule::Whole];
        for seed in 0..6 {
            schedules.extend([
                Schedule::Mixed(seed),
                Schedule::Twice(seed),
                Schedule::Parallel(seed),
                Schedule::ClockAhead(seed),
            ]);
        }
        let mut ends = Vec::new();
        for (number, schedule) in schedules.iter().enumerate() {
            let phone = format!("+82 10-2100-{number:04}");
            let (courier, session) = Town::courier(&app, "Odo Brandt", &phone, &town.region).await;
            let town = Town { courier, session, ..town_like(&town) };
            Town::on_duty(&app, &town.session).await;
            let (first, second) = (assigned(&app, &town).await, assigned(&app, &town).await);
            let start = app.clock.now();
            let actions = day(&app, &first, &second, start);
            app.clock.advance_by(TimeDelta::minutes(if matches!(schedule, Schedule::ClockAhead(_)) {
                23
            } else {
                150
            }));
            hand_in(&app, &town.session, &actions, *schedule).await;
            ends.push(ending(&app, &town, [&first, &second]).await);
        }
        for (end, schedule) in ends.iter().zip(&schedules) {
            assert_eq!(end, &ends[0], "{schedule:?}");
        }
        assert_eq!(ends[0][0]["stage"], "handed_over");
        assert_eq!(ends[0][1]["stage"], "returning");
        app.past_the_grace().await;
    }
}

fn town_like(town: &Town) -> Town {
    Town {
        region: town.region.clone(),
        shop: town.shop.clone(),
        shop_key: town.shop_key.clone(),
        pickup: town.pickup.clone(),
        courier: town.courier.clone(),
        session: town.session.clone(),
        dispatcher: town.dispatcher.clone(),
    }
}

#[tokio::test]
async fn what_was_done_offline_is_judged_by_its_own_moment() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let delivery = assigned(&app, &town).await;
    command(
        &app,
        &town,
        &delivery,
        json!({"command": "override", "reason": "she rang the desk", "valid_s": 600}),
    )
    .await;
    let start = app.clock.now();
    app.clock.advance_by(TimeDelta::hours(3));
    let action = |id: &str, kind: &str, minutes: i64| {
        json!({"action_id": id, "type": kind, "delivery_id": delivery,
        "occurred_at": start + TimeDelta::minutes(minutes), "device_seq": 1})
    };
    let verdicts = batch(&app, &town.session, &[action("b", "set_off", 5), action("a", "collect", 2)]).await;
    assert!(verdicts.iter().all(|verdict| verdict["verdict"] == "applied"), "{verdicts:?}");
    assert_eq!(verdicts[0]["action_id"], "b");
    let early = batch(&app, &town.session, &[action("c", "arrive", -10)]).await;
    assert_eq!(
        (&early[0]["verdict"], &early[0]["code"]),
        (&json!("rejected"), &json!("occurred_before_shift"))
    );
    app.settle().await;
}

#[tokio::test]
async fn a_clock_ahead_is_flagged_once_and_the_servers_time_is_taken() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"gate": "off"})).await;
    Town::on_duty(&app, &town.session).await;
    let delivery = assigned(&app, &town).await;
    let now = app.clock.now();
    let action = |id: &str, kind: &str, seconds: i64| {
        json!({"action_id": id, "type": kind, "delivery_id": delivery,
        "occurred_at": now + TimeDelta::seconds(seconds), "device_seq": 1})
    };
    let verdicts = batch(
        &app,
        &town.session,
        &[action("1", "collect", 30), action("2", "set_off", 7200), action("3", "arrive", 7300)],
    )
    .await;
    assert!(verdicts.iter().all(|verdict| verdict["verdict"] == "applied"), "{verdicts:?}");
    assert_eq!(
        verdicts.iter().map(|verdict| verdict["flagged"].is_array()).collect::<Vec<_>>(),
        [false, true, true]
    );
    let timeline =
        app.get(&format!("/v1/deliveries/{delivery}/timeline"), &town.dispatcher).await.expect(200);
    let events = timeline["data"].as_array().unwrap();
    assert_eq!(events.iter().filter(|event| event["event"] == "exception.raised").count(), 1);
    assert!(
        events.iter().all(|event| event["at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() <= now)
    );
    app.settle().await;
}

#[tokio::test]
async fn wrong_codes_lock_after_five_whatever_restarts_between() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"gate": "off"})).await;
        Town::on_duty(&app, &town.session).await;
        let delivery = at_door(&app, &town).await;
        let right = code_of(&app, &delivery, 0);
        let malformed = town.act(&app, &delivery, "hand_over", json!({"code": "12345"})).await;
        assert_eq!(
            (&malformed["verdict"], &malformed["code"]),
            (&json!("rejected"), &json!("code_malformed"))
        );
        for (wrong, left) in wrong_codes(&right).zip([4, 3, 2]) {
            let verdict = town.act(&app, &delivery, "hand_over", json!({"code": wrong})).await;
            assert_eq!((&verdict["code"], &verdict["tries_left"]), (&json!("code_wrong"), &json!(left)));
        }
        let app = app.restarted(&[]).await;
        let wrong: Vec<_> = wrong_codes(&right).skip(3).take(30).collect();
        let tries =
            wrong.iter().map(|code| act(&app, &town.session, &delivery, "hand_over", json!({"code": code})));
        let verdicts = futures_util::future::join_all(tries).await;
        assert_eq!(verdicts.iter().filter(|verdict| verdict["code"] == "code_wrong").count(), 2);
        assert_eq!(verdicts.iter().filter(|verdict| verdict["code"] == "code_locked").count(), 28);
        let locked = town.act(&app, &delivery, "hand_over", json!({"code": right})).await;
        assert_eq!((&locked["verdict"], &locked["code"]), (&json!("conflict"), &json!("code_locked")));
        command(&app, &town, &delivery, json!({"command": "rotate_code"})).await;
        let done = town.act(&app, &delivery, "hand_over", json!({"code": code_of(&app, &delivery, 1)})).await;
        assert_eq!(done["verdict"], "applied");
        app.past_the_grace().await;
    }
}

#[tokio::test]
async fn a_strangers_delivery_and_one_that_does_not_exist_look_alike() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let (_, stranger) = Town::courier(&app, "Pell Marrow", "+82 10-2000-0002", &town.region).await;
    Town::on_duty(&app, &stranger).await;
    Town::on_duty(&app, &town.session).await;
    let delivery = assigned(&app, &town).await;
    let mut seen = Vec::new();
    for id in [delivery.as_str(), "dlv_01jh2q00000000000000000000", "nonsense"] {
        let mut verdict = act(&app, &stranger, id, "collect", Value::Null).await;
        verdict["action_id"] = Value::Null;
        seen.push(verdict);
    }
    assert_eq!(seen[0]["code"], "unknown_delivery");
    assert!(seen.iter().all(|verdict| *verdict == seen[0]), "{seen:?}");
    let (courier, third) = Town::courier(&app, "Third", "+82 10-2000-0003", &town.region).await;
    Town::on_duty(&app, &third).await;
    command(&app, &town, &delivery, json!({"command": "unassign", "reason": "ill"})).await;
    let gone = act(&app, &stranger, &delivery, "collect", Value::Null).await;
    assert_eq!(gone["code"], "unknown_delivery");
    command(&app, &town, &delivery, json!({"command": "assign", "courier_id": courier})).await;
    let theirs = town.act(&app, &delivery, "collect", Value::Null).await;
    assert_eq!(
        (&theirs["verdict"], &theirs["code"], &theirs["state"]),
        (&json!("rejected"), &json!("not_yours"), &Value::Null)
    );
    app.settle().await;
}

#[tokio::test]
async fn an_action_the_state_forbids_changes_nothing_and_says_where_it_stands() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let delivery = assigned(&app, &town).await;
    let verdict = town.act(&app, &delivery, "arrive", Value::Null).await;
    assert_eq!(
        (&verdict["verdict"], &verdict["code"], &verdict["state"]["stage"]),
        (&json!("conflict"), &json!("illegal_transition"), &json!("assigned"))
    );
    command(&app, &town, &delivery, json!({"command": "cancel", "reason": "sold out"})).await;
    let late = town.act(&app, &delivery, "collect", Value::Null).await;
    assert_eq!((&late["verdict"], &late["state"]["stage"]), (&json!("applied"), &json!("returning")));
    app.settle().await;
}

#[tokio::test]
async fn an_action_that_came_before_its_predecessor_is_taken_when_it_is_sent_again() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let delivery = assigned(&app, &town).await;
    command(&app, &town, &delivery, json!({"command": "override", "reason": "spoke to them"})).await;
    let now = app.clock.now();
    let action = |id: &str, kind: &str, seq: u32| json!({"action_id": id, "type": kind, "delivery_id": delivery, "occurred_at": now, "device_seq": seq});
    let mut ended = Vec::new();
    for _ in 0..3 {
        for (id, kind, seq) in [("c", "arrive", 3), ("b", "set_off", 2), ("a", "collect", 1)] {
            let verdicts = batch(&app, &town.session, &[action(id, kind, seq)]).await;
            ended.push(verdicts[0]["verdict"].as_str().unwrap().to_owned());
        }
    }
    let round = |words: [&str; 3]| words.map(str::to_owned).to_vec();
    assert_eq!(ended[..3], round(["conflict", "conflict", "applied"]));
    assert_eq!(ended[3..6], round(["conflict", "applied", "duplicate"]));
    assert_eq!(ended[6..], round(["applied", "duplicate", "duplicate"]));
    app.settle().await;
}

#[tokio::test]
async fn one_bad_action_keeps_no_others_from_being_taken() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let delivery = assigned(&app, &town).await;
    let now = app.clock.now();
    let action = |id: &str, kind: &str, payload: Value| json!({"action_id": id, "type": kind, "delivery_id": delivery, "occurred_at": now, "device_seq": 1, "payload": payload});
    let verdicts = batch(
        &app,
        &town.session,
        &[
            action("x", "teleport", Value::Null),
            action("y", "turn_back", json!({"reason": "rain", "mood": "low"})),
            action("z", "collect", Value::Null),
        ],
    )
    .await;
    let codes: Vec<_> = verdicts.iter().map(|verdict| verdict["code"].clone()).collect();
    assert_eq!(codes, [json!("unknown_type"), json!("invalid"), Value::Null]);
    assert_eq!(verdicts[2]["verdict"], "applied");
    let reused = batch(&app, &town.session, &[action("z", "set_off", Value::Null)]).await;
    assert_eq!((&reused[0]["verdict"], &reused[0]["code"]), (&json!("rejected"), &json!("action_id_reused")));
    let mut extra = action("w", "collect", Value::Null);
    extra["mood"] = json!("low");
    let refuse = async |actions: Vec<Value>| {
        app.post("/v1/courier/actions", &town.session, json!({"actions": actions})).await
    };
    refuse(vec![extra]).await.expect_problem(400, "unknown_field");
    refuse(vec![action("", "collect", Value::Null)]).await.expect_problem(422, "invalid");
    refuse((0..101).map(|number| action(&format!("n{number}"), "arrive", Value::Null)).collect())
        .await
        .expect_problem(422, "invalid");
    app.post("/v1/courier/actions", &town.shop_key, json!({"actions": []}))
        .await
        .expect_problem(403, "forbidden");
    app.settle().await;
}
