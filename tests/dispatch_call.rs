//! The call inside the plan: when customers are asked, where their doors stand in the run for what they said, and which
//! arrival they are shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

fn id(order: &Value) -> &str {
    order["delivery_id"].as_str().unwrap()
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap_or_else(|| panic!("no instant: {value}")).parse().unwrap()
}

async fn seen(app: &TestApp, town: &Town, order: &Value, what: &str) -> Value {
    app.get(&format!("/v1/deliveries/{}{what}", id(order)), &town.dispatcher).await.expect(200)
}

async fn planned(app: &TestApp, town: &Town, order: &Value) -> DateTime<Utc> {
    instant(&seen(app, town, order, "").await["planned_arrival"])
}

async fn gate(app: &TestApp, town: &Town, order: &Value) -> String {
    seen(app, town, order, "").await["gate"]["gate"].as_str().unwrap().to_owned()
}

/// What the customer's own page says of the arrival.
async fn shown(app: &TestApp, order: &Value) -> DateTime<Utc> {
    instant(&app.get(&format!("/v1/c/{}", Town::token(order)), "").await.expect(200)["planned_arrival"])
}

async fn says(app: &TestApp, order: &Value, answer: Value) {
    app.post(&format!("/v1/c/{}/answers", Town::token(order)), "", answer).await.expect(200);
    app.settle().await;
}

async fn events(app: &TestApp, town: &Town, order: &Value, kind: &str) -> Vec<Value> {
    let timeline = seen(app, town, order, "/timeline").await;
    timeline["data"].as_array().unwrap().iter().filter(|event| event["event"] == kind).cloned().collect()
}

/// The deliveries whose doors stand in the courier's run, in its order.
async fn doors(app: &TestApp, town: &Town) -> Vec<String> {
    let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
    let stops = feed["stops"].as_array().unwrap().iter().filter(|stop| stop["kind"] == "drop_off");
    stops.map(|stop| stop["delivery_id"].as_str().unwrap().to_owned()).collect()
}

/// An order to a door so far north and east of the counter, in thousandths of a degree.
async fn place(app: &TestApp, town: &Town, (north, east): (i32, i32), minutes: i64) -> Value {
    let mut body = town.order();
    body["address"]["point"]["lat"] = (37.55 + f64::from(north) / 1000.0).into();
    body["address"]["point"]["lon"] = (126.95 + f64::from(east) / 1000.0).into();
    body["ready_at"] = json!(app.clock.now() + TimeDelta::minutes(minutes));
    app.post("/v1/orders", &town.shop_key, body).await.expect(201)
}

async fn finish(app: &TestApp, town: &Town, orders: &[&Value]) {
    for order in orders {
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    }
    app.settle().await;
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_ask_follows_the_planned_arrival_and_moves_with_it() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"notice_lead_s": 600})).await;
        Town::on_duty(&app, &town.session).await;
        let order = place(&app, &town, (8, 0), 25).await;
        app.settle().await;
        let first = planned(&app, &town, &order).await;
        let later = json!({"ready_at": app.clock.now() + TimeDelta::minutes(50)});
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        app.send(Method::PATCH, &path, &town.shop_key, &[], Some(later)).await.expect(200);
        app.settle().await;
        let moved = planned(&app, &town, &order).await;
        assert!(moved > first + TimeDelta::minutes(20), "{first} {moved}");
        // The first plan's time to ask passes.
        app.advance((first - TimeDelta::minutes(9) - app.clock.now()).num_seconds()).await;
        assert_eq!(gate(&app, &town, &order).await, "not_asked");
        app.advance((moved - TimeDelta::minutes(9) - app.clock.now()).num_seconds()).await;
        assert_eq!(gate(&app, &town, &order).await, "asked");
        let asks = seen(&app, &town, &order, "/call_aheads").await;
        let (asked, quoted) =
            (instant(&asks["data"][0]["asked_at"]), instant(&asks["data"][0]["eta_quoted"]));
        assert_eq!(quoted - asked, TimeDelta::minutes(10), "{asks}");
        finish(&app, &town, &[&order]).await;
    }
}

#[tokio::test]
async fn in_a_tight_plan_the_ask_comes_at_once_and_a_no_saves_the_leg() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let order = town.place(&app).await;
        app.settle().await;
        let lead = planned(&app, &town, &order).await - app.clock.now();
        assert!(lead < TimeDelta::minutes(20), "not tight: {lead}");
        let asks = seen(&app, &town, &order, "/call_aheads").await;
        assert_eq!(instant(&asks["data"][0]["asked_at"]), app.clock.now(), "{asks}");
        let act = async |kind| town.act(&app, id(&order), kind, Value::Null).await;
        assert_eq!(act("collect").await["verdict"], "applied");
        assert_eq!(act("set_off").await["code"], "not_cleared");
        says(&app, &order, json!({"outcome": "refused", "reason": "bought elsewhere"})).await;
        assert_eq!(seen(&app, &town, &order, "").await["stage"]["stage"], "returning");
        assert_eq!(events(&app, &town, &order, "stop.released").await, Vec::<Value>::new());
        let path = format!("/v1/orders/{}/return/receive", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({})).await.expect(200);
        app.settle().await;
    }
}

#[tokio::test]
async fn a_long_leg_is_asked_about_before_the_courier_departs_for_it() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"notice_lead_s": 300, "promise_s": 10_800})).await;
    Town::on_duty(&app, &town.session).await;
    // Five kilometres: more than a quarter of an hour on a bicycle.
    let order = place(&app, &town, (45, 0), 40).await;
    app.settle().await;
    app.advance(1800).await;
    let (arrival, leg) = (planned(&app, &town, &order).await, TimeDelta::minutes(16));
    assert_eq!(gate(&app, &town, &order).await, "not_asked");
    app.advance((arrival - leg - app.clock.now()).num_seconds()).await;
    let asked = instant(&seen(&app, &town, &order, "/call_aheads").await["data"][0]["asked_at"]);
    assert!(asked < arrival - leg - TimeDelta::minutes(3), "asked {asked}, there {arrival}");
    finish(&app, &town, &[&order]).await;
}

#[tokio::test]
async fn a_held_door_is_passed_by_and_a_silent_one_stands_last() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"silence": "last", "promise_s": 14_400})).await;
        Town::on_duty(&app, &town.session).await;
        // The nearest two doors are those nobody can go to now.
        let held = place(&app, &town, (4, 0), 0).await;
        let silent = place(&app, &town, (8, 0), 0).await;
        let (far, farther) = (place(&app, &town, (20, 0), 0).await, place(&app, &town, (24, 0), 0).await);
        app.settle().await;
        assert_eq!(doors(&app, &town).await, [id(&held), id(&silent), id(&far), id(&farther)]);
        for order in [&far, &farther] {
            says(&app, order, json!({"outcome": "home_now"})).await;
        }
        let from = app.clock.now() + TimeDelta::minutes(100);
        says(&app, &held, json!({"outcome": "home_from", "from": from})).await;
        let reached = json!({"command": "answer", "outcome": "wrong_number"});
        app.post(&format!("/v1/deliveries/{}/commands", id(&silent)), &town.dispatcher, reached)
            .await
            .expect(200);
        app.settle().await;
        assert_eq!(
            (&*gate(&app, &town, &held).await, &*gate(&app, &town, &silent).await),
            ("held", "silent")
        );
        let run = doors(&app, &town).await;
        assert_eq!(run[2..], [id(&held), id(&silent)], "{run:?}");
        assert!(planned(&app, &town, &held).await >= from - TimeDelta::minutes(45), "nobody goes before");
        finish(&app, &town, &[&held, &silent, &far, &farther]).await;
    }
}

#[tokio::test]
async fn a_confirmed_door_keeps_its_arrival_where_one_that_was_only_told_gives_way() {
    for confirmed in [true, false] {
        let app = TestApp::sqlite().await;
        let town = Town::with_policy(&app, json!({"promise_s": 14_400})).await;
        Town::on_duty(&app, &town.session).await;
        let first = place(&app, &town, (20, 0), 0).await;
        app.settle().await;
        if confirmed {
            says(&app, &first, json!({"outcome": "home_now"})).await;
        }
        let told = planned(&app, &town, &first).await;
        // Off the way: six minutes for the first, for twelve of the second's.
        let nearer = place(&app, &town, (10, 12), 0).await;
        app.settle().await;
        let moved = planned(&app, &town, &first).await - told;
        if confirmed {
            assert_eq!(doors(&app, &town).await, [id(&first), id(&nearer)]);
            assert!(moved.abs() <= TimeDelta::minutes(5), "moved by {moved}");
        } else {
            assert_eq!(doors(&app, &town).await, [id(&nearer), id(&first)]);
            assert!(moved > TimeDelta::minutes(5), "moved by {moved}");
        }
        finish(&app, &town, &[&first, &nearer]).await;
    }
}

#[tokio::test]
async fn the_arrival_shown_to_a_customer_stands_until_it_is_far_off_and_then_they_are_told() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"eta_move_s": 900})).await;
        Town::on_duty(&app, &town.session).await;
        let order = town.place(&app).await;
        app.settle().await;
        says(&app, &order, json!({"outcome": "home_now"})).await;
        let told = shown(&app, &order).await;
        assert_eq!(told, planned(&app, &town, &order).await);
        // The courier stands still: the plan is a little later every round, and what was told holds.
        app.advance(720).await;
        assert!(planned(&app, &town, &order).await >= told + TimeDelta::minutes(5));
        assert_eq!(shown(&app, &order).await, told);
        assert_eq!(events(&app, &town, &order, "stop.arrival_moved").await, Vec::<Value>::new());
        app.advance(900).await;
        let moved = shown(&app, &order).await;
        assert!(moved > told + TimeDelta::minutes(15), "{told} {moved}");
        assert_eq!(events(&app, &town, &order, "stop.arrival_moved").await.len(), 1);
        let sent = events(&app, &town, &order, "call_ahead.sent").await;
        let late = sent.iter().filter(|event| event.to_string().contains("late"));
        assert_eq!(late.count(), 1, "{sent:?}");
        finish(&app, &town, &[&order]).await;
    }
}
