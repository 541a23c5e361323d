//! Whether somebody was home before: counted with the change it follows from, once; what it makes of the next visit; and how
//! it is forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use callahead_domain::id::RegionId;
use callahead_domain::order::Customer;
use chrono::TimeDelta;
use entity::visit;
use reqwest::Method;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

fn id(order: &Value) -> &str {
    order["delivery_id"].as_str().unwrap()
}

async fn rows(app: &TestApp) -> Vec<visit::Model> {
    visit::Entity::find().all(app.built.app.db.read()).await.unwrap()
}

/// Found and missed of all that is counted.
async fn counted(app: &TestApp) -> (i32, i32) {
    let rows = rows(app).await;
    (rows.iter().map(|row| row.found).sum(), rows.iter().map(|row| row.missed).sum())
}

async fn chance(app: &TestApp, town: &Town, order: &Value) -> Value {
    let path = format!("/v1/deliveries/{}/explain", id(order));
    app.get(&path, &town.dispatcher).await.expect(200)["home_chance"].clone()
}

/// Found and missed of one part of the chance.
fn part(chance: &Value, what: &str) -> (f64, f64) {
    let parts = chance["ingredients"].as_array().unwrap_or_else(|| panic!("no parts: {chance}"));
    let part = parts.iter().find(|part| part["what"] == what).unwrap();
    (part["found"].as_f64().unwrap(), part["missed"].as_f64().unwrap())
}

#[track_caller]
fn is_near(value: &Value, wanted: f64) {
    assert!((value.as_f64().unwrap() - wanted).abs() < 1e-6, "{value} is not {wanted}");
}

async fn says_yes(app: &TestApp, order: &Value) {
    let path = format!("/v1/c/{}/answers", Town::token(order));
    app.post(&path, "", json!({"outcome": "home_now"})).await.expect(200);
    app.settle().await;
}

/// An order of this customer to this address, its door so far north of the counter in thousandths of a degree.
async fn place(app: &TestApp, town: &Town, phone: &str, address: &str, north: i32) -> Value {
    let mut body = town.order();
    body["customer"] = json!({"name": "Mira Tolvane", "phone": phone, "language": "en"});
    body["address"]["text"] = address.into();
    body["address"]["point"] = json!({"lat": 37.551 + f64::from(north) / 1000.0, "lon": 126.951});
    app.post("/v1/orders", &town.shop_key, body).await.expect(201)
}

/// One visit as if it had been made so many days ago.
async fn made(app: &TestApp, town: &Town, whom: (&str, &str), found: bool, days: i64) {
    let customer: Customer =
        serde_json::from_value(json!({"name": "x", "phone": whom.0, "email": null, "language": "en"}))
            .unwrap();
    let region: RegionId = town.region.parse().unwrap();
    let service = &app.built.app;
    let keys = service.home_keys(&customer, whom.1, Some(region), &service.default_policy);
    let row = visit::Model {
        id: service.ids().event().uuid(),
        region_id: region.uuid(),
        hour: 100,
        answered: false,
        found: i32::from(found),
        missed: i32::from(!found),
        customer_key: keys.customer,
        door_key: keys.door,
        at: (app.clock.now() - TimeDelta::days(days)).timestamp_micros(),
    };
    row.into_active_model().insert(service.db.writer()).await.unwrap();
}

async fn cancel(app: &TestApp, town: &Town, orders: &[&Value]) {
    for order in orders {
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    }
    app.settle().await;
    assert_eq!(app.audit().await, Vec::<String>::new());
}

const ANA: (&str, &str) = ("+821030000011", "3 Kiln Bridge");
const BO: (&str, &str) = ("+821030000012", "8 Saltmarket");

#[tokio::test]
async fn a_visit_is_counted_once_with_its_outcome_and_taken_back_with_it() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = walk::to_the_door(&app, &town).await;
        app.advance(430).await;
        assert_eq!(counted(&app).await, (0, 0));
        let action = json!({"action_id": "act-twice", "type": "fail_attempt", "delivery_id": id(&order),
            "occurred_at": app.clock.now(), "device_seq": 1_000, "payload": {"reason": "not_home"}});
        for _ in 0..2 {
            let body = json!({"actions": [action]});
            let answer = app.post("/v1/courier/actions", &town.session, body).await.expect(200);
            assert!(answer["results"][0]["code"].is_null(), "{answer}");
        }
        assert_eq!(counted(&app).await, (0, 1), "the same action twice");
        assert_eq!(town.act(&app, id(&order), "undo_fail", Value::Null).await["verdict"], "applied");
        assert_eq!(counted(&app).await, (0, 0), "the customer appeared");
        walk::hand_over(&app, &town, &order).await;
        assert_eq!(counted(&app).await, (1, 0));
        let row = rows(&app).await.into_iter().find(|row| row.found == 1).unwrap();
        // Monday, shortly after ten in Seoul, for an answer.
        assert_eq!((row.hour, row.answered), (10, true));
        let shown = format!("{row:?}");
        assert!(
            !shown.contains("Tidegate") && row.customer_key.is_some() && row.door_key.is_some(),
            "{shown}"
        );
        assert_eq!(town.act(&app, id(&order), "reopen", Value::Null).await["verdict"], "applied");
        assert_eq!(counted(&app).await, (0, 0));
        walk::hand_over(&app, &town, &order).await;
        assert_eq!(counted(&app).await, (1, 0));
        app.past_the_grace().await;
    }
}

#[tokio::test]
async fn the_next_visit_is_judged_by_the_last_ones_and_a_dispatcher_sees_how() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = walk::to_the_door(&app, &town).await;
        walk::hand_over(&app, &town, &order).await;
        app.past_the_grace().await;
        let next = town.place(&app).await;
        app.settle().await;
        let before = chance(&app, &town, &next).await;
        is_near(&before["value"], 0.8);
        assert_eq!((&before["answer"], part(&before, "address")), (&json!("not_asked"), (0.0, 0.0)));
        says_yes(&app, &next).await;
        let after = chance(&app, &town, &next).await;
        // A yes 0.95; one visit found in this hour: 20/21; one at this address: (4 x 20/21 + 1) / 5.
        let hour = 20.0 / 21.0;
        is_near(&after["value"], (4.0 * hour + 1.0) / 5.0);
        assert_eq!(after["answer"], "customer");
        assert_eq!((part(&after, "hour"), part(&after, "address")), ((1.0, 0.0), (1.0, 0.0)));
        assert_eq!(part(&after, "customer"), (0.0, 0.0), "the same address does not count twice");
        is_near(&after["ingredients"][1]["contributes"], hour - 0.95);
        cancel(&app, &town, &[&next]).await;
    }
}

#[tokio::test]
async fn visits_count_for_the_address_whoever_was_there_and_for_the_customer_wherever_they_were() {
    for app in TestApp::each().await {
        let town = app.town().await;
        for days in [0, 90] {
            made(&app, &town, ANA, false, days).await;
        }
        made(&app, &town, ("+821030000019", "3 KILN BRIDGE."), true, 0).await;
        let here = place(&app, &town, ANA.0, ANA.1, 8).await;
        let there = place(&app, &town, ANA.0, BO.1, 8).await;
        let neighbour = place(&app, &town, BO.0, "3  Kiln-Bridge", 8).await;
        let stranger = place(&app, &town, BO.0, BO.1, 8).await;
        let parts = async |order: &Value| {
            let chance = chance(&app, &town, order).await;
            (part(&chance, "address"), part(&chance, "customer"))
        };
        let nothing = (0.0, 0.0);
        assert_eq!(parts(&here).await, ((1.0, 1.5), nothing), "after three months a visit counts half");
        assert_eq!(parts(&there).await, (nothing, (0.0, 1.5)));
        assert_eq!(parts(&neighbour).await, ((1.0, 1.5), nothing));
        assert_eq!(parts(&stranger).await, (nothing, nothing));
        cancel(&app, &town, &[&here, &there, &neighbour, &stranger]).await;
    }
}

#[tokio::test]
async fn a_door_where_nobody_is_found_is_gone_to_after_one_where_somebody_is() {
    for (first, second) in [(ANA, BO), (BO, ANA)] {
        let app = TestApp::sqlite().await;
        let town = Town::with_policy(&app, json!({"gate": "off", "promise_s": 14_400})).await;
        Town::on_duty(&app, &town.session).await;
        for _ in 0..12 {
            made(&app, &town, first, true, 0).await;
            made(&app, &town, second, false, 0).await;
        }
        // As far in the one direction as in the other.
        let (north, south) = (12, -12);
        let sure = place(&app, &town, first.0, first.1, if first == ANA { north } else { south }).await;
        let unsure = place(&app, &town, second.0, second.1, if first == ANA { south } else { north }).await;
        app.settle().await;
        let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
        let stops = feed["stops"].as_array().unwrap().iter().filter(|stop| stop["kind"] == "drop_off");
        let doors: Vec<&str> = stops.map(|stop| stop["delivery_id"].as_str().unwrap()).collect();
        assert_eq!(doors, [id(&sure), id(&unsure)]);
        cancel(&app, &town, &[&sure, &unsure]).await;
    }
}

#[tokio::test]
async fn a_customer_is_forgotten_for_the_desk_and_by_their_own_link() {
    for own in [false, true] {
        for app in TestApp::each().await {
            let town = app.town().await;
            Town::on_duty(&app, &town.session).await;
            for days in [0, 40] {
                made(&app, &town, ANA, false, days).await;
                made(&app, &town, BO, false, days).await;
            }
            let order = place(&app, &town, ANA.0, ANA.1, 8).await;
            app.settle().await;
            let before = chance(&app, &town, &order).await;
            assert!(before["value"].as_f64().unwrap() < 0.7, "{before}");
            if own {
                let path = format!("/v1/c/{}/forget", Town::token(&order));
                app.post(&path, "", json!({})).await.expect(200);
            } else {
                let path = format!("/v1/deliveries/{}/history", id(&order));
                app.send(Method::DELETE, &path, &town.dispatcher, &[], None).await.expect(204);
            }
            let after = chance(&app, &town, &order).await;
            is_near(&after["value"], 0.8);
            assert_eq!(part(&after, "address"), (0.0, 0.0));
            assert_eq!(rows(&app).await.len(), 2, "another's visits stay");
            // What they had ordered by then is counted for the hour alone; what they order later is their own again.
            says_yes(&app, &order).await;
            for kind in ["collect", "set_off", "arrive"] {
                assert_eq!(town.act(&app, id(&order), kind, Value::Null).await["verdict"], "applied");
            }
            walk::hand_over(&app, &town, &order).await;
            app.past_the_grace().await;
            let last = rows(&app).await.into_iter().find(|row| row.answered).unwrap();
            assert_eq!((last.found, last.customer_key, last.door_key), (1, None, None));
            let later = place(&app, &town, ANA.0, ANA.1, 8).await;
            made(&app, &town, ANA, true, 0).await;
            assert_eq!(part(&chance(&app, &town, &later).await, "address"), (1.0, 0.0));
            cancel(&app, &town, &[&later]).await;
        }
    }
    let app = TestApp::sqlite().await;
    let path = "/v1/deliveries/dlv_00000000000000000000000000/history";
    app.send(Method::DELETE, path, &app.operator, &[], None).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn where_policy_keeps_no_history_only_the_hour_is_counted() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"home_history": false})).await;
        let order = walk::to_the_door(&app, &town).await;
        walk::hand_over(&app, &town, &order).await;
        app.past_the_grace().await;
        let kept = rows(&app).await;
        assert_eq!(kept.len(), 1);
        assert_eq!((&kept[0].customer_key, &kept[0].door_key), (&None, &None));
        made(&app, &town, ("+821030000001", "14 Tidegate Lane, flat 9"), false, 0).await;
        let next = town.place(&app).await;
        assert_eq!(part(&chance(&app, &town, &next).await, "address"), (0.0, 0.0));
        cancel(&app, &town, &[&next]).await;
    }
}

#[tokio::test]
async fn visits_are_forgotten_after_their_time() {
    for app in TestApp::each().await {
        let town = app.town().await;
        for days in [10, 364, 366, 700] {
            made(&app, &town, ANA, true, days).await;
        }
        assert!(app.built.app.forget_old(app.clock.now()).await.unwrap());
        assert_eq!(counted(&app).await, (2, 0));
    }
}
