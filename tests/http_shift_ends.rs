//! What becomes of deliveries when a shift ends, by the courier or by the clock; and what is made of places a phone
//! tells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{TestApp, Town, act};
use callahead::app::ports::Clock;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

async fn shown(app: &TestApp, town: &Town, order: &Value) -> Value {
    let path = format!("/v1/deliveries/{}", order["delivery_id"].as_str().unwrap());
    app.get(&path, &town.dispatcher).await.expect(200)
}

async fn stage(app: &TestApp, town: &Town, order: &Value) -> String {
    shown(app, town, order).await["stage"]["stage"].as_str().unwrap().to_owned()
}

/// Why the last time somebody's run lost this delivery.
async fn taken_back(app: &TestApp, town: &Town, order: &Value) -> Vec<(String, String)> {
    let path = format!("/v1/deliveries/{}/timeline", order["delivery_id"].as_str().unwrap());
    let told = app.get(&path, &town.dispatcher).await.expect(200);
    let events = told["data"].as_array().unwrap().iter();
    let lost = events.filter(|event| event["event"] == "order.unassigned");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lost.map(|event| (text(&event["actor"]), text(&event["data"]["reason"]))).collect()
}

async fn on_duty_until(app: &TestApp, session: &str, minutes: i64) {
    let ends_at = app.clock.now() + TimeDelta::minutes(minutes);
    let body = json!({"ends_at": ends_at, "point": {"lat": 37.551, "lon": 126.951}});
    app.post("/v1/courier/shift", session, body).await.expect(201);
}

/// Two orders on the courier's run, the first one collected.
async fn one_in_hand(app: &TestApp, town: &Town) -> (Value, Value) {
    let (held, waiting) = (town.place(app).await, town.place(app).await);
    app.settle().await;
    assert_eq!(stage(app, town, &waiting).await, "assigned");
    let id = held["delivery_id"].as_str().unwrap();
    assert_eq!(act(app, &town.session, id, "collect", Value::Null).await["verdict"], "applied");
    (held, waiting)
}

/// The collected order goes back to the shop and the other one is cancelled, so that nothing is left to do.
async fn finish(app: &TestApp, town: &Town, orders: [&Value; 2]) {
    for order in orders {
        let id = order["id"].as_str().unwrap();
        let path = format!("/v1/orders/{id}/cancel");
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    }
    let path = format!("/v1/orders/{}/return/receive", orders[0]["id"].as_str().unwrap());
    app.post(&path, &town.shop_key, json!({})).await.expect(200);
    app.settle().await;
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn edge_38_whoever_ends_a_shift_with_parcels_keeps_those_and_nothing_else() {
    for app in TestApp::each().await {
        let town = app.town().await;
        on_duty_until(&app, &town.session, 480).await;
        let (held, waiting) = one_in_hand(&app, &town).await;
        let refused = app.post("/v1/courier/shift/end", &town.session, json!({})).await;
        let refused = refused.expect_problem(409, "holding_parcels");
        assert_eq!(refused["deliveries"], json!([held["delivery_id"]]));
        assert_eq!(stage(&app, &town, &held).await, "collected");
        assert_eq!(stage(&app, &town, &waiting).await, "received");
        let why = [("system".to_owned(), "shift_ended".to_owned())];
        assert_eq!(taken_back(&app, &town, &waiting).await, why);
        app.settle().await;
        assert_eq!(
            stage(&app, &town, &waiting).await,
            "received",
            "nothing new for whoever wants to go home"
        );
        let path = format!("/v1/deliveries/{}/commands", waiting["delivery_id"].as_str().unwrap());
        let assign = json!({"command": "assign", "courier_id": town.courier});
        app.post(&path, &town.dispatcher, assign).await.expect_problem(422, "courier_off_duty");
        assert!(app.get("/v1/courier/shift", &town.session).await.expect(200)["ended_at"].is_null());
        let (other, session) = Town::courier(&app, "Second", "+82 10-2000-0002", &town.region).await;
        Town::on_duty(&app, &session).await;
        app.settle().await;
        assert_eq!(shown(&app, &town, &waiting).await["courier"]["id"], other.as_str());
        finish(&app, &town, [&held, &waiting]).await;
        app.get("/v1/courier/shift", &town.session).await.expect_problem(409, "no_shift");
    }
}

#[tokio::test]
async fn a_shift_whose_time_is_over_gives_back_what_is_not_collected_and_closes_with_empty_hands() {
    for app in TestApp::each().await {
        let town = app.town().await;
        on_duty_until(&app, &town.session, 30).await;
        let (held, waiting) = one_in_hand(&app, &town).await;
        app.advance(29 * 60).await;
        assert_eq!(stage(&app, &town, &waiting).await, "assigned");
        app.advance(120).await;
        assert_eq!(
            stage(&app, &town, &held).await,
            "collected",
            "who carries it brings it or brings it back"
        );
        assert_eq!(stage(&app, &town, &waiting).await, "received");
        let why = [("system".to_owned(), "shift_ended".to_owned())];
        assert_eq!(taken_back(&app, &town, &waiting).await, why);
        assert!(app.get("/v1/courier/shift", &town.session).await.expect(200)["ended_at"].is_null());
        finish(&app, &town, [&held, &waiting]).await;
        app.get("/v1/courier/shift", &town.session).await.expect_problem(409, "no_shift");
        let on_duty = app.get("/v1/shifts", &town.dispatcher).await.expect(200);
        assert_eq!(on_duty["data"], json!([]));
    }
}

#[tokio::test]
async fn what_is_assigned_to_somebody_without_a_shift_is_taken_back() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = town.place(&app).await;
        let path = format!("/v1/deliveries/{}/commands", order["delivery_id"].as_str().unwrap());
        let assign = json!({"command": "assign", "courier_id": town.courier});
        app.post(&path, &town.dispatcher, assign).await.expect_problem(422, "courier_off_duty");
        on_duty_until(&app, &town.session, 480).await;
        app.settle().await;
        assert_eq!(stage(&app, &town, &order).await, "assigned");
        // However it came about: the shift is gone and the delivery is still theirs.
        let writer = app.built.app.db.writer();
        let sql = format!("UPDATE shift SET ended_at = {}", app.clock.now().timestamp_micros());
        let statement = Statement::from_string(writer.get_database_backend(), sql);
        writer.execute_raw(statement).await.unwrap();
        assert_eq!(app.built.app.end_shifts(app.clock.now()).await.unwrap(), 1);
        assert_eq!(app.built.app.end_shifts(app.clock.now()).await.unwrap(), 0, "once");
        assert_eq!(stage(&app, &town, &order).await, "received");
        let why = [("system".to_owned(), "courier_off_duty".to_owned())];
        assert_eq!(taken_back(&app, &town, &order).await, why);
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
        app.settle().await;
    }
}

#[tokio::test]
async fn edge_43_a_jump_is_kept_marked_and_not_believed() {
    for app in TestApp::each().await {
        let town = app.town().await;
        on_duty_until(&app, &town.session, 480).await;
        let place = |seconds: i64, lat: f64| json!({"at": app.clock.now() + TimeDelta::seconds(seconds), "point": {"lat": lat, "lon": 126.951}});
        app.clock.advance_by(TimeDelta::minutes(2));
        // A kilometre in a second, and back again.
        let positions = json!({"positions": [place(-20, 37.552), place(-10, 37.652), place(0, 37.553)]});
        let taken = app.post("/v1/courier/positions", &town.session, positions).await.expect(202);
        assert_eq!((&taken["accepted"], &taken["implausible"]), (&json!(3), &json!(1)));
        let shift = app.get("/v1/shifts", &town.dispatcher).await.expect(200)["data"][0].clone();
        assert_eq!((&shift["position"]["lat"], &shift["implausible_positions"]), (&json!(37.553), &json!(1)));
        let jump = json!({"positions": [place(1, 37.9)]});
        app.post("/v1/courier/positions", &town.session, jump).await.expect(202);
        let shift = app.get("/v1/shifts", &town.dispatcher).await.expect(200)["data"][0].clone();
        assert_eq!((&shift["position"]["lat"], &shift["implausible_positions"]), (&json!(37.553), &json!(2)));
        // A way that can be driven in the time is believed again.
        app.clock.advance_by(TimeDelta::minutes(20));
        let there = json!({"positions": [place(0, 37.9)]});
        let taken = app.post("/v1/courier/positions", &town.session, there).await.expect(202);
        assert_eq!(taken["implausible"], 0);
        let shift = app.get("/v1/shifts", &town.dispatcher).await.expect(200)["data"][0].clone();
        assert_eq!(shift["position"]["lat"], 37.9);
    }
}

#[tokio::test]
async fn edge_44_an_arrival_two_kilometres_away_is_taken_told_to_the_phone_and_shown_to_a_dispatcher() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true;
        let town = Town::with_policy(&app, json!({"gate": "off"})).await;
        Town::on_duty(&app, &town.session).await;
        let order = town.place(&app).await;
        app.settle().await;
        let id = order["delivery_id"].as_str().unwrap();
        for kind in ["collect", "set_off"] {
            assert_eq!(act(&app, &town.session, id, kind, Value::Null).await["verdict"], "applied");
        }
        let action = json!({
            "action_id": "far", "type": "arrive", "delivery_id": id, "occurred_at": app.clock.now(),
            "device_seq": 900, "point": {"lat": 37.576, "lon": 126.957}, "payload": {"reason": "the bridge is closed"}
        });
        let done =
            app.post("/v1/courier/actions", &town.session, json!({"actions": [action]})).await.expect(200);
        let done = &done["results"][0];
        assert_eq!((&done["verdict"], &done["flagged"]), (&json!("applied"), &json!(["arrived_far_away"])));
        assert_eq!(done["state"]["stage"], "at_door");
        let queue = app.get("/v1/exceptions?kind=arrived_far_away", &town.dispatcher).await.expect(200);
        let told = queue["data"][0]["detail"].as_str().unwrap();
        assert!(
            told.starts_with("200") && told.ends_with("m from the address: the bridge is closed"),
            "{told}"
        );
        let path = format!("/v1/deliveries/{id}/timeline");
        let timeline = app.get(&path, &town.dispatcher).await.expect(200);
        let arrived =
            timeline["data"].as_array().unwrap().iter().find(|event| event["event"] == "courier.arrived");
        let metres = arrived.unwrap()["data"]["distance_m"].as_i64().unwrap();
        assert!((1_990..2_010).contains(&metres), "{metres}");
    }
}
