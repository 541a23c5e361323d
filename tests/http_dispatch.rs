//! Decisions of a dispatcher's own over a real socket: what would come of them, and a whole run moved in one gesture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// A second courier on duty with room for so many parcels.
async fn second_courier(app: &TestApp, town: &Town, capacity: i64) -> (String, String) {
    let (courier, session) = Town::courier(app, "Second Courier", "+82 10-2000-0002", &town.region).await;
    let body = json!({"ends_at": app.clock.now() + TimeDelta::hours(8), "point": {"lat": 37.561, "lon": 126.961}, "capacity": capacity});
    app.post("/v1/courier/shift", &session, body).await.expect(201);
    (courier, session)
}

async fn ask(app: &TestApp, town: &Town, idea: Value) -> Value {
    app.post("/v1/dispatch/what_if", &town.dispatcher, idea).await.expect(200)
}

async fn delivery(app: &TestApp, town: &Town, id: &str) -> Value {
    app.get(&format!("/v1/deliveries/{id}"), &town.dispatcher).await.expect(200)
}

fn id(order: &Value) -> String {
    order["delivery_id"].as_str().unwrap().to_owned()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

async fn finish(app: &TestApp, town: &Town, orders: &[Value]) {
    for order in orders {
        let order = order["id"].as_str().unwrap();
        let path = format!("/v1/orders/{order}/cancel");
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
        app.post(&format!("/v1/orders/{order}/return/receive"), &town.shop_key, json!({})).await;
    }
    app.settle().await;
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_if_tells_each_courier_s_arrival_lateness_way_and_broken_rules_and_changes_nothing() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let (small, _) = second_courier(&app, &town, 1).await;
        let mut body = town.order();
        body["parcels"] = json!([{}, {}]);
        let order = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
        app.settle().await;
        assert_eq!(delivery(&app, &town, &id(&order)).await["courier"]["id"], town.courier.as_str());
        let commits = app.built.app.lanes.commits();
        let before = *commits.borrow();
        let found = app.built.app.what_if(callahead::app::assign::Idea::Assign {
            delivery: id(&order).parse().unwrap(),
            courier: None,
        });
        let found = serde_json::to_value(found.await.unwrap()).unwrap();
        assert_eq!(*commits.borrow(), before, "nothing is written");
        assert_eq!(time(&found["at"]), app.clock.now());
        let couriers = found["couriers"].as_array().unwrap();
        let names: Vec<&str> = couriers.iter().map(|one| one["courier"]["id"].as_str().unwrap()).collect();
        assert_eq!(names, [town.courier.as_str(), small.as_str()], "the best first");
        assert_eq!((&couriers[0]["fits"], &couriers[0]["rules_broken"]), (&json!(true), &json!([])));
        let effect = &couriers[0]["deliveries"][0];
        assert_eq!(
            (&effect["delivery_id"], &effect["late_s"], &effect["later_s"]),
            (&json!(id(&order)), &json!(0), &Value::Null)
        );
        let planned = delivery(&app, &town, &id(&order)).await["planned_arrival"].clone();
        assert_eq!(time(&effect["arrive_at"]), time(&planned), "as it is planned");
        assert!(couriers[0]["driving_added_s"].as_i64().unwrap() > 0);
        // Nobody is kept from doing what breaks a rule; what it breaks is told, with an arrival all the same.
        let broken = json!([{"delivery_id": id(&order), "code": "over_capacity", "detail": "More parcels would be on board than fit."}]);
        assert_eq!((&couriers[1]["fits"], &couriers[1]["rules_broken"]), (&json!(false), &broken));
        assert!(time(&couriers[1]["deliveries"][0]["arrive_at"]) > app.clock.now());
        let one =
            ask(&app, &town, json!({"idea": "assign", "delivery_id": id(&order), "courier_id": small})).await;
        assert_eq!(one["couriers"], json!([couriers[1]]));
        finish(&app, &town, &[order]).await;
    }
}

#[tokio::test]
async fn what_if_names_the_customer_who_would_be_late_by_it_and_by_how_much() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"promise_s": 900})).await;
    Town::on_duty(&app, &town.session).await;
    let first = town.place(&app).await;
    app.settle().await;
    // The other way round from the counter: whoever is served second is late.
    let mut body = town.order();
    body["address"]["point"] = json!({"lat": 37.535, "lon": 126.94});
    let second = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
    let found =
        ask(&app, &town, json!({"idea": "assign", "delivery_id": id(&second), "courier_id": town.courier}))
            .await;
    let one = &found["couriers"][0];
    let late: i64 = one["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|effect| effect["late_added_s"].as_i64().unwrap())
        .sum();
    assert!(late > 60, "{one}");
    assert_eq!(one["late_added_s"], late);
    let codes: Vec<&str> =
        one["rules_broken"].as_array().unwrap().iter().map(|rule| rule["code"].as_str().unwrap()).collect();
    assert!(!codes.is_empty() && codes.iter().all(|code| *code == "window_missed"), "{one}");
    let named = |rule: &Value| {
        let of = |effect: &&Value| effect["delivery_id"] == rule["delivery_id"];
        one["deliveries"].as_array().unwrap().iter().find(of).unwrap()["late_added_s"].as_i64().unwrap() > 60
    };
    assert!(one["rules_broken"].as_array().unwrap().iter().all(named), "{one}");
    finish(&app, &town, &[first, second]).await;
}

#[tokio::test]
async fn what_if_a_courier_ends_now_tells_who_would_take_what_what_stays_and_what_nobody_can() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let mut orders = Vec::new();
    for parcels in [json!([{}]), json!([{}]), json!([{}, {}, {}])] {
        let mut body = town.order();
        body["parcels"] = parcels;
        orders.push(app.post("/v1/orders", &town.shop_key, body).await.expect(201));
    }
    app.settle().await;
    let (small, _) = second_courier(&app, &town, 2).await;
    assert_eq!(town.act(&app, &id(&orders[0]), "collect", Value::Null).await["verdict"], "applied");
    let found = ask(&app, &town, json!({"idea": "end_shift", "courier_id": town.courier})).await;
    assert_eq!(found["stays"], json!([{"delivery_id": id(&orders[0]), "stage": "collected"}]));
    assert_eq!(found["couriers"].as_array().unwrap().len(), 1);
    let one = &found["couriers"][0];
    assert_eq!(
        (&one["courier"]["id"], &one["deliveries"][0]["delivery_id"]),
        (&json!(small), &json!(id(&orders[1])))
    );
    assert_eq!(found["nobody"], json!([{"delivery_id": id(&orders[2]), "codes": ["over_capacity"]}]));
    // The same run as a whole to one courier: what does not fit is told.
    let found = ask(&app, &town, json!({"idea": "move_run", "from": town.courier, "to": small})).await;
    assert_eq!(found["stays"][0]["delivery_id"], id(&orders[0]));
    let (takes, gives) = (&found["couriers"][0], &found["couriers"][1]);
    assert_eq!((&takes["courier"]["id"], &gives["courier"]["id"]), (&json!(small), &json!(town.courier)));
    assert_eq!(takes["rules_broken"][0]["code"], "over_capacity");
    assert_eq!(takes["deliveries"].as_array().unwrap().len(), 2);
    assert!(gives["driving_added_s"].as_i64().unwrap() < 0, "{gives}");
    finish(&app, &town, &orders).await;
}

#[tokio::test]
async fn a_what_if_that_makes_no_sense_says_why() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = walk::to_the_door(&app, &town).await;
    let ask = async |body: Value| app.post("/v1/dispatch/what_if", &town.dispatcher, body).await;
    let nothing = "dlv_00000000000000000000000000";
    let nobody = "cou_00000000000000000000000000";
    ask(json!({"idea": "assign", "delivery_id": nothing})).await.expect_problem(404, "not_found");
    ask(json!({"idea": "assign", "delivery_id": "x"})).await.expect_problem(400, "invalid_id");
    ask(json!({"idea": "assign", "delivery_id": id(&order)})).await.expect_problem(422, "not_givable");
    ask(json!({"idea": "end_shift", "courier_id": nobody})).await.expect_problem(422, "courier_off_duty");
    ask(json!({"idea": "move_run", "from": town.courier, "to": nobody}))
        .await
        .expect_problem(422, "courier_off_duty");
    ask(json!({"idea": "move_run", "from": town.courier, "to": town.courier}))
        .await
        .expect_problem(422, "same_courier");
    for wrong in [json!({}), json!({"idea": "sing"}), json!({"idea": "end_shift"})] {
        assert_eq!(ask(wrong).await.status, 400);
    }
    ask(json!({"idea": "end_shift", "courier_id": town.courier, "x": 1}))
        .await
        .expect_problem(400, "unknown_field");
    let second = town.place(&app).await;
    ask(json!({"idea": "assign", "delivery_id": id(&second), "courier_id": nobody}))
        .await
        .expect_problem(422, "courier_off_duty");
    walk::hand_over(&app, &town, &order).await;
    app.past_the_grace().await;
    finish(&app, &town, &[second]).await;
}
