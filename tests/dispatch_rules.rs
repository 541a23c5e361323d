//! Rules a courier is chosen by beyond region and room, from the register and the order to the coded reason: skills,
//! weight, the way home, breaks, the hold of the money, guaranteed pay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{TestApp, Town, act};
use callahead::app::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

async fn shown(app: &TestApp, town: &Town, order: &Value) -> Value {
    let path = format!("/v1/deliveries/{}", order["delivery_id"].as_str().unwrap());
    app.get(&path, &town.dispatcher).await.expect(200)
}

async fn place(app: &TestApp, town: &Town, change: Value) -> Value {
    let mut body = town.order();
    for (field, value) in change.as_object().unwrap() {
        body[field] = value.clone();
    }
    app.post("/v1/orders", &town.shop_key, body).await.expect(201)
}

/// Why the one courier of the town does not get it.
async fn reason(app: &TestApp, town: &Town, order: &Value) -> Value {
    assert_eq!(shown(app, town, order).await["stage"]["stage"], "received");
    let path = format!("/v1/deliveries/{}/explain", order["delivery_id"].as_str().unwrap());
    let why = app.get(&path, &town.dispatcher).await.expect(200);
    assert_eq!(why["data"][0]["verdict"], "refused", "{why}");
    why["data"][0]["code"].clone()
}

async fn has(app: &TestApp, town: &Town, order: &Value, courier: &str) -> bool {
    shown(app, town, order).await["courier"]["id"] == courier
}

async fn alter(app: &TestApp, town: &Town, change: Value) -> Value {
    let path = format!("/v1/couriers/{}", town.courier);
    app.send(Method::PATCH, &path, &app.operator, &[], Some(change)).await.expect(200)
}

async fn finish(app: &TestApp, town: &Town, orders: &[Value]) {
    for order in orders {
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    }
    app.settle().await;
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_an_order_needs_goes_to_a_courier_who_is_fit_for_it() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let order = place(&app, &town, json!({"needs": ["cold", "id"]})).await;
        assert_eq!(order["needs"], json!(["cold", "id"]));
        app.settle().await;
        assert_eq!(reason(&app, &town, &order).await, "lacks_skill");
        alter(&app, &town, json!({"skills": ["cold"]})).await;
        app.settle().await;
        assert_eq!(reason(&app, &town, &order).await, "lacks_skill", "half is not enough");
        let courier = alter(&app, &town, json!({"skills": ["id", "cold", "id"]})).await;
        assert_eq!(courier["skills"], json!(["id", "cold"]));
        app.settle().await;
        assert!(has(&app, &town, &order, &town.courier).await);
        let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
        assert_eq!(feed["stops"][0]["needs"], json!(["cold", "id"]), "the courier is told");
        let mut body = town.order();
        body["needs"] = json!(["wings"]);
        let refused = app.post("/v1/orders", &town.shop_key, body).await.expect_problem(422, "invalid");
        assert_eq!(refused["errors"][0]["param"], "needs[0]");
        finish(&app, &town, &[order]).await;
    }
}

#[tokio::test]
async fn weight_is_kept_and_what_nobody_weighed_weighs_nothing() {
    for app in TestApp::each().await {
        let town = app.town().await;
        alter(&app, &town, json!({"max_weight_g": 5_000})).await;
        Town::on_duty(&app, &town.session).await;
        let kilos = |kilos: i64| json!({"parcels": [{"weight_g": kilos * 1_000}, {}]});
        let light = place(&app, &town, kilos(3)).await;
        app.settle().await;
        assert!(has(&app, &town, &light, &town.courier).await);
        let id = light["delivery_id"].as_str().unwrap();
        assert_eq!(act(&app, &town.session, id, "collect", Value::Null).await["verdict"], "applied");
        let heavy = place(&app, &town, kilos(6)).await;
        app.settle().await;
        assert_eq!(reason(&app, &town, &heavy).await, "over_weight");
        let none = alter(&app, &town, json!({"max_weight_g": null})).await;
        assert_eq!(none["max_weight_g"], Value::Null);
        app.settle().await;
        assert!(has(&app, &town, &heavy, &town.courier).await);
        finish(&app, &town, &[heavy]).await;
    }
}

#[tokio::test]
async fn whoever_has_to_be_home_when_the_shift_ends_gets_what_lets_them() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let courier = alter(&app, &town, json!({"home": {"lat": 37.9, "lon": 126.95}})).await;
        assert_eq!(courier["home"]["lat"], 37.9);
        // An hour of work, and home is two hours away.
        let ends_at = app.clock.now() + TimeDelta::hours(1);
        let body = json!({"ends_at": ends_at, "point": {"lat": 37.551, "lon": 126.951}});
        app.post("/v1/courier/shift", &town.session, body).await.expect(201);
        let order = town.place(&app).await;
        app.settle().await;
        assert_eq!(reason(&app, &town, &order).await, "way_home");
        let anywhere = alter(&app, &town, json!({"home": null})).await;
        assert_eq!(anywhere["home"], Value::Null);
        app.settle().await;
        assert!(has(&app, &town, &order, &town.courier).await);
        finish(&app, &town, &[order]).await;
    }
}

#[tokio::test]
async fn on_a_break_nothing_new_comes_and_what_is_held_waits() {
    for app in TestApp::each().await {
        let town = app.town().await;
        app.post("/v1/courier/shift/break", &town.session, json!({"minutes": 15}))
            .await
            .expect_problem(409, "no_shift");
        Town::on_duty(&app, &town.session).await;
        for minutes in [0, 121] {
            app.post("/v1/courier/shift/break", &town.session, json!({"minutes": minutes}))
                .await
                .expect_problem(422, "invalid");
        }
        let held = town.place(&app).await;
        app.settle().await;
        assert!(has(&app, &town, &held, &town.courier).await);
        let pause = json!({"minutes": 30});
        let shift = app.post("/v1/courier/shift/break", &town.session, pause).await.expect(200);
        let until: DateTime<Utc> = shift["break_until"].as_str().unwrap().parse().unwrap();
        assert_eq!(until, app.clock.now() + TimeDelta::minutes(30));
        let on_duty = app.get("/v1/shifts", &town.dispatcher).await.expect(200);
        assert_eq!(on_duty["data"][0]["break_until"], shift["break_until"], "{on_duty}");
        app.settle().await;
        let planned = shown(&app, &town, &held).await["planned_arrival"].clone();
        let planned: DateTime<Utc> = planned.as_str().unwrap().parse().unwrap();
        assert!(until < planned, "{planned} is before the end of the break");
        let new = town.place(&app).await;
        app.settle().await;
        assert_eq!(reason(&app, &town, &new).await, "on_break");
        // Over by itself.
        app.advance(31 * 60).await;
        app.settle().await;
        assert!(has(&app, &town, &new, &town.courier).await);
        // Over by the courier.
        app.post("/v1/courier/shift/break", &town.session, json!({"minutes": 120})).await.expect(200);
        let last = town.place(&app).await;
        app.settle().await;
        assert_eq!(reason(&app, &town, &last).await, "on_break");
        let shift = app.post("/v1/courier/shift/break/end", &town.session, json!({})).await.expect(200);
        assert_eq!(shift["break_until"], Value::Null);
        app.settle().await;
        assert!(has(&app, &town, &last, &town.courier).await);
        finish(&app, &town, &[held, new, last]).await;
    }
}

#[tokio::test]
async fn nobody_takes_a_break_on_the_way_to_a_door() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"gate": "off"})).await;
    Town::on_duty(&app, &town.session).await;
    let order = town.place(&app).await;
    app.settle().await;
    let id = order["delivery_id"].as_str().unwrap();
    for action in ["collect", "set_off"] {
        let done = act(&app, &town.session, id, action, Value::Null).await;
        assert_eq!(done["verdict"], "applied", "{action}: {done}");
    }
    app.post("/v1/courier/shift/break", &town.session, json!({"minutes": 15}))
        .await
        .expect_problem(422, "on_the_way");
    app.settle().await;
}

#[tokio::test]
async fn nobody_is_given_a_door_they_reach_after_the_hold_of_its_money() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let until = app.clock.now() + TimeDelta::minutes(3);
        let order = place(&app, &town, json!({"authorised_until": until})).await;
        app.settle().await;
        assert_eq!(reason(&app, &town, &order).await, "hold_ends");
        let path = format!("/v1/orders/{}/payment/renew", order["id"].as_str().unwrap());
        let longer = json!({"authorised_until": app.clock.now() + TimeDelta::hours(3)});
        app.post(&path, &town.shop_key, longer).await.expect(200);
        app.settle().await;
        assert!(has(&app, &town, &order, &town.courier).await);
        finish(&app, &town, &[order]).await;
    }
}

#[tokio::test]
async fn work_goes_first_to_whom_it_is_paid_already() {
    for app in TestApp::each().await {
        // One delivery an hour is paid for: for a shift of ten minutes none, for eight hours eight.
        let town = Town::with_policy(&app, json!({"guaranteed_per_hour": 1})).await;
        let (other, session) = Town::courier(&app, "Second Courier", "+82 10-2000-0002", &town.region).await;
        let shift = |minutes: i64, lat: f64| json!({"ends_at": app.clock.now() + TimeDelta::minutes(minutes), "point": {"lat": lat, "lon": 126.951}});
        app.post("/v1/courier/shift", &town.session, shift(50, 37.551)).await.expect(201);
        // A little farther away, and paid for all the same.
        app.post("/v1/courier/shift", &session, shift(480, 37.5512)).await.expect(201);
        let order = town.place(&app).await;
        app.settle().await;
        assert!(has(&app, &town, &order, &other).await);
        finish(&app, &town, &[order]).await;
    }
}
