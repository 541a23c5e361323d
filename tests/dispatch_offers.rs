//! Offers: what is picked up together is offered together, and answered as a whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use chrono::TimeDelta;
use serde_json::{Value, json};

fn id(order: &Value) -> String {
    order["delivery_id"].as_str().unwrap().to_owned()
}

async fn stages(app: &TestApp, town: &Town, orders: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    for order in orders {
        let path = format!("/v1/deliveries/{}", id(order));
        let shown = app.get(&path, &town.dispatcher).await.expect(200);
        found.push(shown["stage"]["stage"].as_str().unwrap().to_owned());
    }
    found
}

async fn offers(app: &TestApp, town: &Town) -> Vec<Value> {
    let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
    feed["offers"].as_array().unwrap().clone()
}

/// A town that offers, a courier on duty, and three orders of its counter, offered.
async fn offered(app: &TestApp) -> (Town, Vec<Value>) {
    let town = Town::with_policy(app, json!({"assign": "offer", "offer_rounds": 1})).await;
    Town::on_duty(app, &town.session).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(town.place(app).await);
    }
    app.settle().await;
    (town, orders)
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
async fn what_is_picked_up_together_is_one_offer_and_taken_as_a_whole() {
    for app in TestApp::each().await {
        let (town, mut orders) = offered(&app).await;
        let shown = offers(&app, &town).await;
        assert_eq!(shown.len(), 1, "{shown:?}");
        let mut deliveries: Vec<String> = orders.iter().map(id).collect();
        deliveries.sort();
        assert_eq!((&shown[0]["deliveries"], &shown[0]["parcels"]), (&json!(deliveries), &json!(3)));
        assert_eq!(shown[0]["delivery_id"], json!(deliveries[0]));
        // What comes meanwhile waits: nobody is asked two things at once.
        orders.push(town.place(&app).await);
        app.settle().await;
        assert_eq!(offers(&app, &town).await, shown);
        // One of them is cancelled; the rest is still an offer, answered by any of its names.
        let gone = orders.remove(0);
        finish(&app, &town, &[gone]).await;
        let path = format!("/v1/courier/offers/{}/accept", id(&orders[1]));
        let first = app.post(&path, &town.session, json!({})).await.expect(200);
        assert_eq!((&first["kind"], &first["delivery_id"]), (&json!("pick_up"), &json!(id(&orders[1]))));
        assert_eq!(stages(&app, &town, &orders).await, ["assigned", "assigned", "received"]);
        app.post(&path, &town.session, json!({})).await.expect_problem(409, "illegal_transition");
        app.settle().await;
        assert_eq!(offers(&app, &town).await[0]["deliveries"], json!([id(&orders[2])]));
        finish(&app, &town, &orders).await;
    }
}

#[tokio::test]
async fn an_offer_is_declined_or_passes_as_a_whole_and_then_a_dispatcher_is_told_of_each() {
    for app in TestApp::each().await {
        let (town, orders) = offered(&app).await;
        let path = format!("/v1/courier/offers/{}/decline", id(&orders[2]));
        app.post(&path, &town.session, json!({"reason": "too many stairs"})).await.expect(204);
        assert_eq!(stages(&app, &town, &orders).await, ["received"; 3]);
        app.settle().await;
        assert_eq!(offers(&app, &town).await, Vec::<Value>::new(), "one round is all there is");
        let more = [town.place(&app).await, town.place(&app).await];
        app.settle().await;
        assert_eq!(offers(&app, &town).await[0]["deliveries"].as_array().unwrap().len(), 2);
        app.advance(61).await;
        assert_eq!(stages(&app, &town, &more).await, ["received"; 2], "the time to answer is over");
        app.advance(120).await;
        let queue = app.get("/v1/exceptions?kind=nobody_took_it", &town.dispatcher).await.expect(200);
        assert_eq!(queue["data"].as_array().unwrap().len(), 5);
        finish(&app, &town, &orders).await;
        finish(&app, &town, &more).await;
    }
}

#[tokio::test]
async fn what_does_not_fit_together_or_comes_from_another_counter_is_no_bundle() {
    let app = TestApp::sqlite().await;
    let town = Town::with_policy(&app, json!({"assign": "offer"})).await;
    let body = json!({"ends_at": app.clock.now() + TimeDelta::hours(8), "point": {"lat": 37.551, "lon": 126.951}, "capacity": 2});
    app.post("/v1/courier/shift", &town.session, body).await.expect(201);
    let (_, other_key, other_pickup) = Town::shop(&app, "Pell's Fish").await;
    let mut orders = vec![town.place(&app).await];
    let mut large = town.order();
    large["parcels"] = json!([{}, {}]);
    orders.push(app.post("/v1/orders", &town.shop_key, large).await.expect(201));
    let mut foreign = town.order();
    foreign["pickup_point_id"] = json!(other_pickup);
    let foreign = app.post("/v1/orders", &other_key, foreign).await.expect(201);
    app.settle().await;
    let shown = offers(&app, &town).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["deliveries"].as_array().unwrap().len(), 1, "{shown:?}");
    let path = format!("/v1/orders/{}/cancel", foreign["id"].as_str().unwrap());
    app.post(&path, &other_key, json!({"reason": "the test is over"})).await.expect(200);
    finish(&app, &town, &orders).await;
}
