//! Rounds of assignment through the database: who gets what, what a second process may not do, and that nothing is
//! written where nothing changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::{TestApp, Town, act};
use callahead::app::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

async fn delivery(app: &TestApp, town: &Town, order: &Value) -> Value {
    let path = format!("/v1/deliveries/{}", order["delivery_id"].as_str().unwrap());
    app.get(&path, &town.dispatcher).await.expect(200)
}

async fn place(app: &TestApp, town: &Town, change: impl Fn(&mut Value)) -> Value {
    let mut body = town.order();
    change(&mut body);
    app.post("/v1/orders", &town.shop_key, body).await.expect(201)
}

async fn courier_with_capacity(app: &TestApp, town: &Town, capacity: i64) -> (String, String) {
    let (courier, session) = Town::courier(app, "Second Courier", "+82 10-2000-0002", &town.region).await;
    let body = json!({"ends_at": app.clock.now() + TimeDelta::hours(8), "point": {"lat": 37.551, "lon": 126.951}, "capacity": capacity});
    app.post("/v1/courier/shift", &session, body).await.expect(201);
    (courier, session)
}

async fn finish_all(app: &TestApp, town: &Town, orders: &[Value]) {
    for order in orders {
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    }
    app.settle().await;
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_order_finds_a_courier_and_its_planned_arrival_in_one_round() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let order = town.place(&app).await;
        let outcome = app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
        assert_eq!((outcome.assigned, outcome.planned, outcome.conflicts), (1, 1, 0));
        let shown = delivery(&app, &town, &order).await;
        assert_eq!(shown["stage"]["stage"], "assigned");
        let arrival: DateTime<Utc> = shown["planned_arrival"].as_str().unwrap().parse().unwrap();
        let minutes = (arrival - app.clock.now()).num_minutes();
        assert!((3..20).contains(&minutes), "{minutes} minutes");
        let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
        let kinds: Vec<&str> =
            feed["stops"].as_array().unwrap().iter().map(|stop| stop["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["pick_up", "drop_off"]);
        finish_all(&app, &town, &[order]).await;
    }
}

#[tokio::test]
async fn a_round_that_finds_all_as_it_should_be_writes_nothing() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let order = town.place(&app).await;
    app.settle().await;
    let commits = app.built.app.lanes.commits();
    let before = *commits.borrow();
    for _ in 0..3 {
        let outcome = app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
        assert!(!outcome.changed());
    }
    app.clock.advance_by(TimeDelta::seconds(40));
    assert!(!app.built.app.dispatch_epoch(app.clock.now()).await.unwrap().changed());
    assert_eq!(*commits.borrow(), before);
    finish_all(&app, &town, &[order]).await;
}

#[tokio::test]
async fn a_courier_who_does_not_move_is_planned_later_and_later() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let order = town.place(&app).await;
    app.settle().await;
    let arrival = async || -> DateTime<Utc> {
        delivery(&app, &town, &order).await["planned_arrival"].as_str().unwrap().parse().unwrap()
    };
    let first = arrival().await;
    app.advance(1800).await;
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    assert!(arrival().await > first + TimeDelta::minutes(20), "the plan stayed in the past");
    finish_all(&app, &town, &[order]).await;
}

#[tokio::test]
async fn capacity_is_kept_and_the_rest_goes_to_another_or_waits_with_a_reason() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let (small, _) = courier_with_capacity(&app, &town, 2).await;
    let two = |body: &mut Value| body["parcels"] = json!([{}, {}]);
    let first = place(&app, &town, two).await;
    let four = |body: &mut Value| body["parcels"] = json!([{}, {}, {}, {}]);
    let second = place(&app, &town, four).await;
    app.settle().await;
    assert_eq!(delivery(&app, &town, &first).await["courier"]["id"], small.as_str());
    assert_eq!(delivery(&app, &town, &second).await["stage"]["stage"], "received");
    let path = format!("/v1/deliveries/{}/explain", second["delivery_id"].as_str().unwrap());
    let why = app.get(&path, &town.dispatcher).await.expect(200);
    assert_eq!(
        (&why["data"][0]["verdict"], &why["data"][0]["code"]),
        (&json!("refused"), &json!("over_capacity"))
    );
    Town::on_duty(&app, &town.session).await;
    app.settle().await;
    assert_eq!(delivery(&app, &town, &second).await["courier"]["id"], town.courier.as_str());
    finish_all(&app, &town, &[first, second]).await;
}

#[tokio::test]
async fn two_processes_on_one_database_never_give_a_delivery_twice() {
    for first in TestApp::each().await {
        let town = first.town().await;
        Town::on_duty(&first, &town.session).await;
        courier_with_capacity(&first, &town, 8).await;
        let url = secrecy::ExposeSecret::expose_secret(&first.built.app.config.database.url).to_owned();
        let mut second = TestApp::at(&url, &[]).await;
        second.leave_jobs = true; // the first one's database, still at work when this one ends
        second.clock.advance_to(first.clock.now());
        second.built.app.reload_book().await.unwrap();
        let mut orders = Vec::new();
        for _ in 0..6 {
            orders.push(town.place(&first).await);
            let now = first.clock.now();
            let (one, other) =
                tokio::join!(first.built.app.dispatch_epoch(now), second.built.app.dispatch_epoch(now));
            let (one, other) = (one.unwrap(), other.unwrap());
            assert!(one.assigned + other.assigned <= 1, "{one:?} {other:?}");
        }
        for order in &orders {
            let path = format!("/v1/orders/{}/timeline", order["id"].as_str().unwrap());
            let timeline = first.get(&path, &town.shop_key).await.expect(200);
            let given = timeline["data"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|event| event["event"] == "order.assigned");
            assert_eq!(given.count(), 1);
        }
        finish_all(&first, &town, &orders).await;
    }
}

#[tokio::test]
async fn where_the_policy_offers_a_courier_is_asked_one_at_a_time_until_the_rounds_are_used_up() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"assign": "offer", "offer_rounds": 2})).await;
    Town::on_duty(&app, &town.session).await;
    let (other, other_session) = courier_with_capacity(&app, &town, 8).await;
    let first = town.place(&app).await;
    app.settle().await;
    let offered = delivery(&app, &town, &first).await;
    assert_eq!(offered["stage"]["stage"], "offered");
    let to = offered["stage"]["courier"].as_str().unwrap().to_owned();
    let (asked, next) =
        if to == other { (&other_session, &town.session) } else { (&town.session, &other_session) };
    let path = |verb: &str| format!("/v1/courier/offers/{}/{verb}", first["delivery_id"].as_str().unwrap());
    app.post(&path("decline"), asked, json!({"reason": "too far"})).await;
    app.settle().await;
    let again = delivery(&app, &town, &first).await;
    assert_eq!(again["stage"]["stage"], "offered");
    assert_ne!(again["stage"]["courier"], to.as_str(), "who declined is not asked again");
    // The second one lets it pass; nobody is asked a third time.
    app.advance(120).await;
    let left = delivery(&app, &town, &first).await;
    assert_eq!(left["stage"]["stage"], "received");
    app.advance(120).await;
    let exceptions = app.get("/v1/exceptions?kind=nobody_took_it", &town.dispatcher).await.expect(200);
    assert_eq!(exceptions["data"][0]["delivery_id"], first["delivery_id"]);
    // An accepted offer stands in the run after the next round.
    let second = town.place(&app).await;
    app.settle().await;
    let taken = delivery(&app, &town, &second).await["stage"]["courier"].as_str().unwrap().to_owned();
    let session = if taken == other { &other_session } else { &town.session };
    let path = format!("/v1/courier/offers/{}/accept", second["delivery_id"].as_str().unwrap());
    app.post(&path, session, json!({})).await.expect(200);
    app.settle().await;
    assert!(delivery(&app, &town, &second).await["planned_arrival"].is_string());
    let _ = next;
    finish_all(&app, &town, &[first, second]).await;
}

#[tokio::test]
async fn a_paused_region_gives_nothing_new_and_a_hold_waits_for_its_time() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = town.place(&app).await;
    let path = format!("/v1/regions/{}", town.region);
    app.send(reqwest::Method::PATCH, &path, &app.operator, &[], Some(json!({"active": false})))
        .await
        .expect(200);
    Town::on_duty(&app, &town.session).await;
    app.settle().await;
    assert_eq!(delivery(&app, &town, &order).await["stage"]["stage"], "received");
    app.send(reqwest::Method::PATCH, &path, &app.operator, &[], Some(json!({"active": true})))
        .await
        .expect(200);
    let link = Town::token(&order);
    let from = app.clock.now() + TimeDelta::hours(3);
    app.post(&format!("/v1/c/{link}/answers"), "", json!({"outcome": "home_from", "from": from}))
        .await
        .expect(200);
    app.settle().await;
    assert_eq!(
        delivery(&app, &town, &order).await["stage"]["stage"],
        "received",
        "held until shortly before"
    );
    app.advance(3 * 3600).await;
    let shown = delivery(&app, &town, &order).await;
    assert_eq!(shown["stage"]["stage"], "assigned");
    let arrival: DateTime<Utc> = shown["planned_arrival"].as_str().unwrap().parse().unwrap();
    assert!(arrival >= from, "nobody is there before {from}: {arrival}");
    finish_all(&app, &town, &[order]).await;
}

#[tokio::test]
async fn whoever_is_under_way_keeps_their_stop_and_a_manual_assignment_joins_the_run() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = walk::to_the_door(&app, &town).await;
    let second = town.place(&app).await;
    let command = json!({"command": "assign", "courier_id": town.courier, "reason": "next door"});
    let path = format!("/v1/deliveries/{}/commands", second["delivery_id"].as_str().unwrap());
    let answer = app.post(&path, &town.dispatcher, command).await;
    assert!(answer.status == 200 || answer.status == 400, "{}", answer.text);
    app.settle().await;
    let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
    let stops: Vec<(&str, &str)> = feed["stops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stop| (stop["kind"].as_str().unwrap(), stop["delivery_id"].as_str().unwrap()))
        .collect();
    let (at, new) = (order["delivery_id"].as_str().unwrap(), second["delivery_id"].as_str().unwrap());
    assert_eq!(stops, [("drop_off", at), ("pick_up", new), ("drop_off", new)]);
    walk::hand_over(&app, &town, &order).await;
    assert_eq!(act(&app, &town.session, new, "collect", Value::Null).await["verdict"], "applied");
    app.advance(60).await;
    finish_return(&app, &town, &second).await;
}

/// A collected order is brought back, so that nothing is left to do.
async fn finish_return(app: &TestApp, town: &Town, order: &Value) {
    let id = order["id"].as_str().unwrap();
    app.post(&format!("/v1/orders/{id}/cancel"), &town.shop_key, json!({"reason": "the test is over"}))
        .await
        .expect(200);
    app.settle().await;
    let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
    assert_eq!(feed["stops"][0]["kind"], "return");
    app.post(&format!("/v1/orders/{id}/return/receive"), &town.shop_key, json!({})).await.expect(200);
    app.settle().await;
    assert_eq!(app.audit().await, Vec::<String>::new());
}
