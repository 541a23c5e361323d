//! Speeds learned from finished legs: counted once, seen by a dispatcher, and planned by.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

/// The door lies 1,084 m from the counter, where the courier sets off.
const COUNTER: (f64, f64) = (37.55, 126.95);
const DOOR: (f64, f64) = (37.558, 126.957);

/// An order whose customer is home, assigned to the courier on duty.
async fn assigned(app: &TestApp, town: &Town) -> Value {
    let order = town.place(app).await;
    app.settle().await;
    let link = Town::token(&order);
    app.post(&format!("/v1/c/{link}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
    order
}

fn action(order: &Value, kind: &str, at: DateTime<Utc>, (lat, lon): (f64, f64)) -> Value {
    let seq = at.timestamp_micros();
    json!({
        "action_id": format!("{kind}-{}-{seq}", order["delivery_id"].as_str().unwrap()), "type": kind,
        "delivery_id": order["delivery_id"], "occurred_at": at, "device_seq": seq,
        "point": {"lat": lat, "lon": lon}
    })
}

async fn hand_in(app: &TestApp, town: &Town, actions: &[Value]) -> Vec<String> {
    let body = json!({"actions": actions});
    let answer = app.post("/v1/courier/actions", &town.session, body).await.expect(200);
    let results = answer["results"].as_array().unwrap().iter();
    results.map(|result| result["verdict"].as_str().unwrap().to_owned()).collect()
}

/// Collects now, sets off a minute later and arrives so many seconds after that.
async fn ride(app: &TestApp, town: &Town, order: &Value, seconds: i64) -> [Value; 3] {
    let collected = app.clock.now();
    let set_off = collected + TimeDelta::seconds(60);
    let arrived = set_off + TimeDelta::seconds(seconds);
    let actions = [
        action(order, "collect", collected, COUNTER),
        action(order, "set_off", set_off, COUNTER),
        action(order, "arrive", arrived, DOOR),
    ];
    app.clock.advance_to(set_off);
    assert_eq!(hand_in(app, town, &actions[..2]).await, ["applied"; 2], "{seconds}");
    app.clock.advance_to(arrived);
    assert_eq!(hand_in(app, town, &actions[2..]).await, ["applied"]);
    actions
}

async fn speeds(app: &TestApp, town: &Town) -> Value {
    app.get(&format!("/v1/regions/{}/speeds", town.region), &town.dispatcher).await.expect(200)
}

async fn give_up(app: &TestApp, town: &Town, orders: &[Value]) {
    for order in orders {
        let id = order["id"].as_str().unwrap();
        let cancel = json!({"reason": "the test is over"});
        app.post(&format!("/v1/orders/{id}/cancel"), &town.shop_key, cancel).await.expect(200);
        let _ = app.post(&format!("/v1/orders/{id}/return/receive"), &town.shop_key, json!({})).await;
    }
    app.settle().await;
}

#[tokio::test]
async fn a_finished_leg_is_counted_once_however_often_it_is_sent() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let order = assigned(&app, &town).await;
        assert_eq!(speeds(&app, &town).await["data"], json!([]));
        let actions = ride(&app, &town, &order, 300).await;
        let learned = speeds(&app, &town).await;
        for _ in 0..2 {
            assert_eq!(hand_in(&app, &town, &actions).await, ["duplicate"; 3]);
        }
        // The same arrival under another id finds the courier at the door already.
        let again = action(&order, "arrive", app.clock.now() + TimeDelta::seconds(1), DOOR);
        app.clock.advance_by(TimeDelta::seconds(2));
        assert_ne!(hand_in(&app, &town, &[again]).await, ["applied"]);
        assert_eq!(speeds(&app, &town).await, learned);
        assert_eq!(learned["configured_kmh"], 18.0);
        assert_eq!(learned["learning"], true);
        // 1,084 m in 300 s beside twenty legs of a kilometre at 18 km/h on streets: 21,084 m in 5,500 s, times 1.3.
        let row = |vehicle: Value, hour: Value, expected: f64, speed: f64| json!({"vehicle": vehicle, "hour": hour, "legs": 1, "expected_kmh": expected, "speed_kmh": speed});
        let ten = json!(10); // 10:01 in Seoul, where the test begins at ten.
        let bicycle = json!("bicycle");
        assert_eq!(
            learned["data"],
            json!([
                row(Value::Null, Value::Null, 18.0, 17.9),
                row(Value::Null, ten.clone(), 17.9, 17.9),
                row(bicycle.clone(), Value::Null, 18.0, 17.9),
                row(bicycle, ten, 17.9, 17.9),
            ])
        );
        give_up(&app, &town, &[order]).await;
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn legs_that_say_nothing_are_not_counted() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let mut orders = Vec::new();
    // A kilometre in half a minute is no bicycle; in three quarters of an hour it is no ride.
    for seconds in [30, 2_760] {
        let order = assigned(&app, &town).await;
        ride(&app, &town, &order, seconds).await;
        orders.push(order);
    }
    // From far away, and by a clock that is ahead.
    for (place, ahead) in [((37.59, 126.99), 0), (DOOR, 600)] {
        let order = assigned(&app, &town).await;
        let now = app.clock.now();
        let (set_off, arrived) = (now + TimeDelta::seconds(10), now + TimeDelta::seconds(310));
        app.clock.advance_to(arrived);
        let mut actions = vec![
            action(&order, "collect", now, COUNTER),
            action(&order, "set_off", set_off, COUNTER),
            action(&order, "arrive", arrived + TimeDelta::seconds(ahead), place),
        ];
        if ahead == 0 {
            actions[2]["payload"] = json!({"reason": "the street is closed"});
        }
        assert_eq!(hand_in(&app, &town, &actions).await, ["applied"; 3]);
        orders.push(order);
    }
    // Nobody knows from where.
    let order = assigned(&app, &town).await;
    app.clock.advance_by(TimeDelta::seconds(600));
    let set_off = app.clock.now();
    let mut actions = [
        action(&order, "collect", set_off, COUNTER),
        action(&order, "set_off", set_off, COUNTER),
        action(&order, "arrive", set_off + TimeDelta::seconds(300), DOOR),
    ];
    for action in &mut actions[..2] {
        action.as_object_mut().unwrap().remove("point");
    }
    app.clock.advance_by(TimeDelta::seconds(300));
    assert_eq!(hand_in(&app, &town, &actions).await, ["applied"; 3]);
    orders.push(order);
    assert_eq!(speeds(&app, &town).await["data"], json!([]));
    give_up(&app, &town, &orders).await;
}

#[tokio::test]
async fn two_doors_set_off_to_at_once_are_one_leg() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let (first, second) = (assigned(&app, &town).await, assigned(&app, &town).await);
    let now = app.clock.now();
    let after = |seconds| now + TimeDelta::seconds(seconds);
    app.clock.advance_to(after(900));
    let actions = [
        action(&first, "collect", now, COUNTER),
        action(&second, "collect", now, COUNTER),
        action(&first, "set_off", after(60), COUNTER),
        action(&second, "set_off", after(60), COUNTER),
        action(&first, "arrive", after(360), DOOR),
        action(&second, "arrive", after(800), DOOR),
    ];
    assert_eq!(hand_in(&app, &town, &actions).await, ["applied"; 6]);
    assert_eq!(speeds(&app, &town).await["data"][0]["legs"], 1);
    give_up(&app, &town, &[first, second]).await;
}

/// Legs of a kilometre in `seconds` each, in this hour, as if they had been finished an hour ago.
async fn taught(app: &TestApp, town: &Town, order: &Value, vehicle: &str, seconds: i64) {
    let uuid = |id: &str| match app.built.app.config.database.is_sqlite() {
        true => format!("x'{}'", hex_of(id)),
        false => format!("'{}'::uuid", hex_of(id)),
    };
    let (delivery, region) = (uuid(order["delivery_id"].as_str().unwrap()), uuid(&town.region));
    let courier = uuid(&town.courier);
    let at = app.clock.now().timestamp_micros() - 3_600_000_000;
    let hour = 10; // In Seoul, where the tests begin at ten.
    let rows: Vec<String> = (0..500)
        .map(|n| {
            format!(
                "({delivery},{},{},{courier},{region},'{vehicle}',{hour},1000,{seconds})",
                at + n,
                at + n + 1
            )
        })
        .collect();
    let sql = format!("INSERT INTO leg VALUES {}", rows.join(","));
    app.built.app.db.writer().execute_unprepared(&sql).await.unwrap();
}

/// The 32 hexadecimal digits behind a typed id.
fn hex_of(id: &str) -> String {
    let digits = "0123456789abcdefghjkmnpqrstvwxyz";
    let value = id
        .split_once('_')
        .unwrap()
        .1
        .chars()
        .fold(0_u128, |value, c| (value << 5) | u128::try_from(digits.find(c).unwrap()).unwrap());
    format!("{value:032x}")
}

async fn arrives_in_s(app: &TestApp, town: &Town, order: &Value) -> i64 {
    let path = format!("/v1/deliveries/{}", order["delivery_id"].as_str().unwrap());
    let shown = app.get(&path, &town.dispatcher).await.expect(200);
    let arrival: DateTime<Utc> = shown["planned_arrival"].as_str().unwrap().parse().unwrap();
    (arrival - app.clock.now()).num_seconds()
}

#[tokio::test]
async fn learned_speeds_change_the_planned_arrival_by_region_vehicle_and_hour() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let before = town.place(&app).await;
        Town::on_duty(&app, &town.session).await;
        app.settle().await;
        let as_configured = arrives_in_s(&app, &town, &before).await;
        // Slow bicycles: a kilometre as the crow flies in 800 s instead of 260. The old plan was made by the old speeds.
        taught(&app, &town, &before, "bicycle", 800).await;
        app.clock.advance_by(TimeDelta::seconds(301));
        let after = town.place(&app).await;
        app.settle().await;
        let slow = arrives_in_s(&app, &town, &after).await;
        assert!(slow > as_configured + 400, "{slow} {as_configured}");
        // Cars are faster than the mean of both, bicycles as slow as before: it is the vehicle that counts.
        taught(&app, &town, &after, "car", 80).await;
        app.clock.advance_by(TimeDelta::seconds(301));
        let bicycle = town.place(&app).await;
        app.settle().await;
        let still_slow = arrives_in_s(&app, &town, &bicycle).await;
        assert!((still_slow - slow).abs() < 120, "{still_slow} {slow}");
        let shown = speeds(&app, &town).await;
        let of = |vehicle: Value, hour: Value| {
            let rows = shown["data"].as_array().unwrap().iter();
            let mut rows = rows.filter(|row| row["vehicle"] == vehicle && row["hour"] == hour);
            rows.next().unwrap()["speed_kmh"].as_f64().unwrap()
        };
        assert!(of(json!("car"), json!(10)) > 40.0 && of(json!("bicycle"), json!(10)) < 7.0, "{shown}");
        assert!((7.0..40.0).contains(&of(Value::Null, json!(10))), "{shown}");
        give_up(&app, &town, &[before, after, bicycle]).await;
    }
}

#[tokio::test]
async fn old_legs_count_less_and_are_forgotten() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = town.place(&app).await;
        taught(&app, &town, &order, "bicycle", 800).await;
        let speed = async || speeds(&app, &town).await["data"][0]["speed_kmh"].as_f64();
        let mut last = speed().await.unwrap();
        for _ in 0..3 {
            app.clock.advance_by(TimeDelta::days(14));
            let now = speed().await.unwrap();
            assert!(now > last, "the configured speed wins back: {now} after {last}");
            last = now;
        }
        app.clock.advance_by(TimeDelta::days(14));
        assert_eq!(speed().await, None, "after eight weeks");
        let rows = async || {
            let all = "SELECT COUNT(*) FROM leg".to_owned();
            let db = app.built.app.db.read();
            let statement = sea_orm::Statement::from_string(db.get_database_backend(), all);
            db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap()
        };
        assert_eq!(rows().await, 500);
        app.built.app.forget_old(app.clock.now()).await.unwrap();
        assert_eq!(rows().await, 0);
        app.settle().await;
        give_up(&app, &town, &[order]).await;
    }
}

#[tokio::test]
async fn where_nothing_is_to_be_learned_nothing_is_kept() {
    let app = TestApp::with(&[("travel.learn", "false")]).await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let order = assigned(&app, &town).await;
    ride(&app, &town, &order, 300).await;
    let shown = speeds(&app, &town).await;
    assert_eq!((&shown["learning"], &shown["data"]), (&json!(false), &json!([])));
    app.get("/v1/regions/reg_00000000000000000000000000/speeds", &town.dispatcher)
        .await
        .expect_problem(404, "not_found");
    give_up(&app, &town, &[order]).await;
}
