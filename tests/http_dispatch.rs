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

/// Three orders on the first courier's run, the first of them collected, and a second courier with this room.
async fn a_run(app: &TestApp, capacity: i64) -> (Town, Vec<Value>, String, String) {
    let town = app.town().await;
    Town::on_duty(app, &town.session).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(town.place(app).await);
    }
    app.settle().await;
    let (other, session) = second_courier(app, &town, capacity).await;
    assert_eq!(town.act(app, &id(&orders[0]), "collect", Value::Null).await["verdict"], "applied");
    app.settle().await;
    (town, orders, other, session)
}

async fn stops(app: &TestApp, session: &str) -> Vec<String> {
    let feed = app.get("/v1/courier/feed", session).await.expect(200);
    let stop = |stop: &Value| {
        format!("{} {}", stop["kind"].as_str().unwrap(), stop["delivery_id"].as_str().unwrap())
    };
    feed["stops"].as_array().unwrap().iter().map(stop).collect()
}

#[tokio::test]
async fn one_gesture_moves_what_is_not_collected_and_both_feeds_and_the_events_tell() {
    for app in TestApp::each().await {
        let (town, orders, other, other_session) = a_run(&app, 8).await;
        let path = format!("/v1/couriers/{}/run/move", town.courier);
        let body = json!({"to": other, "reason": "flat tyre"});
        let headers = [("idempotency-key", "move-1")];
        let send = async || {
            app.send(reqwest::Method::POST, &path, &town.dispatcher, &headers, Some(body.clone())).await
        };
        let moved = send().await.expect(200);
        let (stays, moves) = (id(&orders[0]), vec![id(&orders[1]), id(&orders[2])]);
        assert_eq!((&moved["from"]["id"], &moved["to"]["id"]), (&json!(town.courier), &json!(other)));
        assert_eq!(moved["moved"], json!(moves));
        assert_eq!(moved["stays"], json!([{"delivery_id": stays, "stage": "collected"}]));
        assert_eq!(moved["rules_broken"], json!([]));
        // At once in both feeds, before any round of assignment.
        assert_eq!(stops(&app, &town.session).await, [format!("drop_off {stays}")]);
        let mut taken = stops(&app, &other_session).await;
        taken.sort();
        let mut wanted: Vec<String> =
            moves.iter().flat_map(|id| [format!("pick_up {id}"), format!("drop_off {id}")]).collect();
        wanted.sort();
        assert_eq!(taken, wanted);
        // The same key again moves nothing twice.
        assert_eq!(send().await.expect(200), moved);
        for id in &moves {
            let timeline =
                app.get(&format!("/v1/deliveries/{id}/timeline"), &town.dispatcher).await.expect(200);
            let events = timeline["data"].as_array().unwrap();
            let last: Vec<&Value> = events.iter().rev().take(2).rev().collect();
            assert_eq!(
                (&last[0]["event"], &last[1]["event"]),
                (&json!("order.unassigned"), &json!("order.assigned"))
            );
            assert_eq!(
                (&last[0]["data"]["reason"], &last[1]["data"]["courier"]),
                (&json!("flat tyre"), &json!(other))
            );
            assert!(last[0]["actor"].to_string().contains("dispatcher"), "{}", last[0]);
        }
        app.settle().await;
        assert!(
            delivery(&app, &town, &moves[0]).await["planned_arrival"].is_string(),
            "planned in the new run"
        );
        let nothing =
            app.post(&path, &town.dispatcher, json!({"to": other, "reason": "again"})).await.expect(200);
        assert_eq!((&nothing["moved"], &nothing["stays"][0]["delivery_id"]), (&json!([]), &json!(stays)));
        finish(&app, &town, &orders).await;
    }
}

#[tokio::test]
async fn a_move_that_breaks_rules_moves_nothing_unless_they_are_overridden_with_a_reason() {
    for app in TestApp::each().await {
        let (town, orders, other, other_session) = a_run(&app, 1).await;
        let mut body = town.order();
        body["parcels"] = json!([{}, {}]);
        let large = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
        app.settle().await;
        let path = format!("/v1/couriers/{}/run/move", town.courier);
        let before = stops(&app, &town.session).await;
        let refused = app.post(&path, &town.dispatcher, json!({"to": other, "reason": "flat tyre"})).await;
        let refused = refused.expect_problem(422, "rules_broken");
        let broken = json!({"delivery_id": id(&large), "code": "over_capacity", "detail": "More parcels would be on board than fit."});
        assert!(refused["rules_broken"].as_array().unwrap().contains(&broken), "{refused}");
        assert_eq!(stops(&app, &town.session).await, before, "all or nothing");
        assert_eq!(stops(&app, &other_session).await, Vec::<String>::new());
        let all_the_same = json!({"to": other, "reason": "flat tyre", "override": true});
        let moved = app.post(&path, &town.dispatcher, all_the_same).await.expect(200);
        assert_eq!(moved["rules_broken"], refused["rules_broken"]);
        assert_eq!(moved["moved"].as_array().unwrap().len(), 3);
        let timeline =
            app.get(&format!("/v1/deliveries/{}/timeline", id(&large)), &town.dispatcher).await.expect(200);
        let events = timeline["data"].as_array().unwrap();
        let off = events.iter().find(|event| event["event"] == "order.unassigned").unwrap();
        assert_eq!(off["data"]["reason"], "flat tyre (overridden: over_capacity)");
        let mut all = orders;
        all.push(large);
        finish(&app, &town, &all).await;
    }
}

#[tokio::test]
async fn a_pick_up_at_the_moment_of_the_move_leaves_each_delivery_with_exactly_one_courier() {
    for app in TestApp::each().await {
        let (town, mut orders, other, _) = a_run(&app, 100).await;
        let path = format!("/v1/couriers/{}/run/move", town.courier);
        for _ in 0..6 {
            let order = town.place(&app).await;
            let contested = id(&order);
            orders.push(order);
            let assign = json!({"command": "assign", "courier_id": town.courier});
            let command = format!("/v1/deliveries/{contested}/commands");
            app.post(&command, &town.dispatcher, assign).await.expect(200);
            let body = json!({"to": other, "reason": "flat tyre", "override": true});
            let (moved, collected) = tokio::join!(
                app.post(&path, &town.dispatcher, body),
                town.act(&app, &contested, "collect", Value::Null)
            );
            let moved = moved.expect(200);
            let is_moved = moved["moved"].as_array().unwrap().contains(&json!(contested));
            let stays = moved["stays"].as_array().unwrap();
            let is_named = stays.iter().any(|one| one["delivery_id"] == contested.as_str());
            assert_ne!(is_moved, is_named, "{moved}");
            let shown = delivery(&app, &town, &contested).await;
            let holder = if is_moved { &other } else { &town.courier };
            let stage = if is_moved { "assigned" } else { "collected" };
            assert_eq!((&shown["stage"]["stage"], &shown["courier"]["id"]), (&json!(stage), &json!(holder)));
            assert_eq!(collected["verdict"] == "applied", !is_moved, "{collected}");
        }
        finish(&app, &town, &orders).await;
    }
}

#[tokio::test]
async fn a_move_that_makes_no_sense_says_why() {
    let app = TestApp::sqlite().await;
    let (town, orders, other, other_session) = a_run(&app, 8).await;
    let to = async |courier: &str, body: Value| {
        app.post(&format!("/v1/couriers/{courier}/run/move"), &town.dispatcher, body).await
    };
    let nobody = "cou_00000000000000000000000000";
    let (why, mine) = ("flat tyre", town.courier.clone());
    to(nobody, json!({"to": other, "reason": why})).await.expect_problem(404, "not_found");
    to(&mine, json!({"to": nobody, "reason": why})).await.expect_problem(422, "courier_off_duty");
    to(&mine, json!({"to": mine, "reason": why})).await.expect_problem(422, "same_courier");
    to(&mine, json!({"to": "x", "reason": why})).await.expect_problem(400, "invalid_id");
    to(&mine, json!({"to": other})).await.expect_problem(400, "missing_field");
    to(&mine, json!({"to": other, "reason": " "})).await.expect_problem(422, "invalid");
    to(&mine, json!({"to": other, "reason": "x".repeat(201)})).await.expect_problem(422, "invalid");
    to(&mine, json!({"to": other, "reason": why, "x": 1})).await.expect_problem(400, "unknown_field");
    app.post("/v1/courier/shift/end", &other_session, json!({})).await.expect(200);
    to(&mine, json!({"to": other, "reason": why})).await.expect_problem(422, "courier_off_duty");
    to(&other, json!({"to": mine, "reason": why})).await.expect_problem(422, "courier_off_duty");
    finish(&app, &town, &orders).await;
}
