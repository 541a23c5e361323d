//! Payments through the API: refunds, another way to pay, money that is owed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/payment_endpoint.rs"]
mod payment_endpoint;
#[path = "support/walk.rs"]
mod walk;

use app::db::TestDb;
use app::{TestApp, Town};
use callahead::app::ports::SystemClock;
use callahead::jobs::Tools;
use payment_endpoint::{Fault, PaymentEndpoint, SECRET};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use walk::{hand_over, order, to_the_door};

const DAY_S: i64 = 24 * 3600;

fn refund(amount: i64) -> Value {
    json!({"amount": {"amount": amount, "currency": "KRW"}, "reason": "a broken jar"})
}

fn path(order: &Value, rest: &str) -> String {
    format!("/v1/orders/{}{rest}", order["id"].as_str().unwrap())
}

/// A town whose shop takes payments itself, on every database at hand.
async fn towns(endpoint: &PaymentEndpoint) -> Vec<(TestApp, Town)> {
    let mut all = Vec::new();
    for database in TestDb::each_bare().await {
        let mut app = TestApp::on(database, &[("payments.shop_timeout_ms", "300")]).await;
        // The endpoint checks signatures by the wall clock, so they are stamped by it.
        app.built.tools = Arc::new(Tools::new(&app.built.app.config, Arc::new(SystemClock)).unwrap());
        let town = app.town().await;
        let body = json!({"payment": {"provider": "shop", "url": endpoint.url(), "secret": SECRET}});
        app.send(Method::PATCH, &format!("/v1/shops/{}", town.shop), &app.operator, &[], Some(body))
            .await
            .expect(200);
        all.push((app, town));
    }
    all
}

async fn captured(app: &TestApp, town: &Town) -> Value {
    let placed = to_the_door(app, town).await;
    hand_over(app, town, &placed).await;
    app.advance(60).await;
    let placed = order(app, town, &placed).await;
    assert_eq!(placed["payment"]["state"], "captured");
    placed
}

#[tokio::test]
async fn edge_73_refunds_are_partial_idempotent_linked_and_reach_the_provider_once() {
    let endpoint = PaymentEndpoint::start();
    for (app, town) in towns(&endpoint).await {
        let placed = captured(&app, &town).await;
        let key = [("idempotency-key", "refund-1")];
        let to = path(&placed, "/refunds");
        let send = || app.send(Method::POST, &to, &town.shop_key, &key, Some(refund(5_000)));
        endpoint.plan([Fault::LostAnswer, Fault::ErrorBefore]);
        let first = send().await.expect(201);
        assert_eq!(send().await.expect(201)["id"], first["id"], "the same key is one refund");
        assert_eq!(first["payment_id"], placed["payment"]["id"]);
        app.post(&path(&placed, "/refunds"), &town.shop_key, refund(19_001))
            .await
            .expect_problem(422, "refund_too_much");
        let desk = format!("/v1/deliveries/{}/refunds", placed["delivery_id"].as_str().unwrap());
        app.post(&desk, &town.dispatcher, refund(19_000)).await.expect(201);
        app.advance(DAY_S).await;
        let refunds = app.get(&path(&placed, "/refunds"), &town.shop_key).await.expect(200);
        let states: Vec<_> = refunds["data"].as_array().unwrap().iter().map(|row| &row["state"]).collect();
        assert_eq!(states, ["succeeded", "succeeded"]);
        let books = endpoint.account(placed["payment"]["id"].as_str().unwrap()).unwrap();
        assert_eq!(books.refunds.values().copied().collect::<Vec<_>>().iter().sum::<i64>(), 24_000);
        assert_eq!(books.refunds[first["id"].as_str().unwrap()], 5_000);
        let all = app.get(&path(&placed, "/payments"), &town.shop_key).await.expect(200);
        assert_eq!(all["payments"][0]["captured"]["amount"], 24_000);
        assert_eq!(all["payments"][0]["refunded"]["amount"], 24_000);
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_is_told_and_may_be_asked_for_again() {
    let endpoint = PaymentEndpoint::start();
    for (app, town) in towns(&endpoint).await {
        let placed = captured(&app, &town).await;
        endpoint.plan([Fault::Refuse("card_closed")]);
        app.post(&path(&placed, "/refunds"), &town.shop_key, refund(24_000)).await.expect(201);
        app.advance(60).await;
        let refunds = app.get(&path(&placed, "/refunds"), &town.shop_key).await.expect(200);
        assert_eq!(
            (&refunds["data"][0]["state"], &refunds["data"][0]["failure"]),
            (&json!("failed"), &json!("card_closed"))
        );
        let queue = app.get("/v1/exceptions?kind=refund_failed", &town.dispatcher).await.expect(200);
        assert_eq!(queue["data"].as_array().unwrap().len(), 1);
        app.post(&path(&placed, "/refunds"), &town.shop_key, refund(24_000)).await.expect(201);
        app.advance(60).await;
        let refunds = app.get(&path(&placed, "/refunds"), &town.shop_key).await.expect(200);
        assert_eq!(refunds["data"][1]["state"], "succeeded");
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn money_owed_is_paid_another_way_or_given_up() {
    let endpoint = PaymentEndpoint::start();
    for (app, town) in towns(&endpoint).await {
        let placed = to_the_door(&app, &town).await;
        endpoint.plan([Fault::Refuse("card_closed")]);
        hand_over(&app, &town, &placed).await;
        app.advance(60).await;
        let owed = order(&app, &town, &placed).await;
        assert_eq!(
            (&owed["payment"]["state"], &owed["payment"]["owed"]["amount"]),
            (&json!("capture_failed"), &json!(24_000))
        );
        app.post(&path(&placed, "/refunds"), &town.shop_key, refund(1))
            .await
            .expect_problem(409, "illegal_transition");
        app.post(&path(&placed, "/payment/authorise"), &town.shop_key, json!({"provider": "bank"}))
            .await
            .expect_problem(422, "invalid");
        // Paid by invoice, outside: another payment takes the place of the first one.
        app.post(&path(&placed, "/payment/authorise"), &town.shop_key, json!({"provider": "record"}))
            .await
            .expect(200);
        app.advance(60).await;
        assert_eq!(order(&app, &town, &placed).await["payment"]["state"], "captured");
        let all = app.get(&path(&placed, "/payments"), &town.shop_key).await.expect(200);
        assert_eq!(all["payments"][1]["replaces"], all["payments"][0]["id"]);
        assert_eq!(all["payments"][1]["captured"]["amount"], 24_000);
        assert_eq!(app.audit().await, Vec::<String>::new());

        let other = to_the_door_again(&app, &town).await;
        endpoint.plan([Fault::Refuse("card_closed")]);
        hand_over(&app, &town, &other).await;
        app.advance(60).await;
        app.post(&path(&other, "/payment/write_off"), &town.shop_key, json!({"reason": "moved away"}))
            .await
            .expect(200);
        assert_eq!(order(&app, &town, &other).await["payment"]["state"], "uncollectable");
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

async fn to_the_door_again(app: &TestApp, town: &Town) -> Value {
    let order = town.place(app).await;
    app.settle().await;
    let link = Town::token(&order);
    app.post(&format!("/v1/c/{link}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
    for kind in ["collect", "set_off", "arrive"] {
        let done = town.act(app, order["delivery_id"].as_str().unwrap(), kind, Value::Null).await;
        assert_eq!(done["verdict"], "applied", "{done}");
    }
    order
}

#[tokio::test]
async fn nobody_else_sees_or_moves_an_orders_money() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let placed = town.place(&app).await;
    let (_, other_key, _) = Town::shop(&app, "Another shop").await;
    for (method, rest, body) in [
        (Method::GET, "/payments", None),
        (Method::GET, "/refunds", None),
        (Method::POST, "/refunds", Some(refund(1))),
        (Method::POST, "/payment/authorise", Some(json!({"provider": "record"}))),
        (Method::POST, "/payment/write_off", Some(json!({"reason": "x"}))),
    ] {
        let answer = app.send(method, &path(&placed, rest), &other_key, &[], body).await;
        answer.expect_problem(404, "not_found");
    }
}
