//! A capture against a shop's real HTTP endpoint with faults: whatever gets lost, the money is taken exactly once and
//! the order says so.
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
use callahead::jobs::{self, Tools};
use payment_endpoint::{Account, Fault, PaymentEndpoint, SECRET};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use walk::{hand_over, order, to_the_door};

const DAY_S: i64 = 24 * 3600;

/// A town whose shop takes payments itself, and an order in front of the customer's door.
async fn at_the_door(endpoint: &PaymentEndpoint) -> (TestApp, Town, Value) {
    let app = by_the_wall_clock(TestApp::sqlite().await);
    let (town, order) = prepared(&app, endpoint).await;
    (app, town, order)
}

/// The endpoint checks signatures by the wall clock, so they are stamped by it.
fn by_the_wall_clock(mut app: TestApp) -> TestApp {
    app.built.tools = Arc::new(Tools::new(&app.built.app.config, Arc::new(SystemClock)).unwrap());
    app
}

async fn prepared(app: &TestApp, endpoint: &PaymentEndpoint) -> (Town, Value) {
    let town = app.town().await;
    let body = json!({"payment": {"provider": "shop", "url": endpoint.url(), "secret": SECRET}});
    let path = format!("/v1/shops/{}", town.shop);
    app.send(reqwest::Method::PATCH, &path, &app.operator, &[], Some(body)).await.expect(200);
    let order = to_the_door(app, &town).await;
    (town, order)
}

fn account(endpoint: &PaymentEndpoint, order: &Value) -> Option<Account> {
    endpoint.account(order["payment"]["id"].as_str().unwrap())
}

async fn state(app: &TestApp, town: &Town, of: &Value) -> String {
    order(app, town, of).await["payment"]["state"].as_str().unwrap().to_owned()
}

/// The order ends captured, and the shop's books know of one capture.
async fn ends_captured_once(faults: &[Fault]) {
    for database in TestDb::each_bare().await {
        ends_captured_once_on(database, faults).await;
    }
}

async fn ends_captured_once_on(database: TestDb, faults: &[Fault]) {
    let endpoint = PaymentEndpoint::start();
    endpoint.plan(faults.iter().copied());
    let app = by_the_wall_clock(TestApp::on(database, &[("payments.shop_timeout_ms", "300")]).await);
    let (town, placed) = prepared(&app, &endpoint).await;
    hand_over(&app, &town, &placed).await;
    app.advance(2 * DAY_S).await;
    assert_eq!(state(&app, &town, &placed).await, "captured", "{faults:?}");
    let books = account(&endpoint, &placed).unwrap();
    assert_eq!((books.captures, books.captured_minor), (1, 24_000), "{faults:?}");
    assert_eq!(endpoint.bad_signatures(), 0);
    assert_eq!(app.audit().await, Vec::<String>::new(), "{faults:?}");
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_the_money_is_taken_once() {
    ends_captured_once(&[Fault::LostAnswer]).await;
}

#[tokio::test]
async fn a_lost_request_is_sent_again_with_the_same_key() {
    ends_captured_once(&[Fault::LostRequest, Fault::LostRequest]).await;
}

#[tokio::test]
async fn an_error_before_the_effect_gets_a_new_key_and_one_after_it_does_not() {
    ends_captured_once(&[Fault::ErrorBefore]).await;
    ends_captured_once(&[Fault::ErrorAfter]).await;
}

#[tokio::test]
async fn a_slow_shop_and_answers_nobody_can_believe_end_in_one_capture() {
    ends_captured_once(&[Fault::Slow]).await;
    ends_captured_once(&[Fault::Garbage]).await;
    ends_captured_once(&[Fault::WrongAmount]).await;
    ends_captured_once(&[Fault::Status(503), Fault::ErrorBefore, Fault::LostAnswer]).await;
}

#[tokio::test]
async fn an_unknown_outcome_is_shown_until_it_is_known() {
    let endpoint = PaymentEndpoint::start();
    endpoint.plan([Fault::LostAnswer]);
    endpoint.plan_questions([503, 503]);
    let (app, town, placed) = at_the_door(&endpoint).await;
    hand_over(&app, &town, &placed).await;
    app.advance(11).await;
    assert_eq!(state(&app, &town, &placed).await, "capture_unknown");
    app.advance(600).await;
    assert_eq!(state(&app, &town, &placed).await, "captured");
    let path = format!("/v1/orders/{}/timeline", placed["id"].as_str().unwrap());
    let timeline = app.get(&path, &town.shop_key).await.expect(200);
    let told = timeline["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["event"] == "payment.capture_unknown");
    assert_eq!(told.count(), 1, "said once, not with every try");
}

#[tokio::test]
async fn a_declined_capture_is_told_and_a_person_may_try_again_under_a_new_key() {
    let endpoint = PaymentEndpoint::start();
    endpoint.plan([Fault::Refuse("card_closed")]);
    let (app, town, placed) = at_the_door(&endpoint).await;
    hand_over(&app, &town, &placed).await;
    app.advance(60).await;
    assert_eq!(state(&app, &town, &placed).await, "capture_failed");
    assert_eq!(app.audit().await, Vec::<String>::new());
    let path = format!("/v1/orders/{}/payment/retry", placed["id"].as_str().unwrap());
    app.post(&path, &town.shop_key, json!({})).await.expect(200);
    app.advance(60).await;
    assert_eq!(state(&app, &town, &placed).await, "captured");
    let keys: Vec<String> = endpoint.seen().into_iter().map(|seen| seen.webhook_id).collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(account(&endpoint, &placed).unwrap().captures, 1);
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_taken_within_the_grace_time_and_a_reopened_hand_off_takes_nothing() {
    let endpoint = PaymentEndpoint::start();
    let (app, town, placed) = at_the_door(&endpoint).await;
    hand_over(&app, &town, &placed).await;
    app.advance(5).await;
    assert!(endpoint.seen().is_empty());
    let delivery = placed["delivery_id"].as_str().unwrap();
    assert_eq!(town.act(&app, delivery, "reopen", Value::Null).await["verdict"], "applied");
    app.advance(3).await;
    hand_over(&app, &town, &placed).await;
    // The first hand-off's job is due now; the second one's grace is not over.
    app.advance(5).await;
    assert!(endpoint.seen().is_empty(), "the grace of the second hand-off was not kept");
    app.advance(60).await;
    assert_eq!(account(&endpoint, &placed).unwrap().captures, 1);
    assert_eq!(state(&app, &town, &placed).await, "captured");
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_worker_that_dies_while_it_sends_is_followed_by_one_that_asks_first() {
    let endpoint = PaymentEndpoint::start();
    endpoint.plan([Fault::Slow]);
    let (app, town, placed) = at_the_door(&endpoint).await;
    hand_over(&app, &town, &placed).await;
    app.clock.advance_by(chrono::TimeDelta::seconds(11));
    let built = &app.built;
    let working = jobs::drain(&built.app, &built.tools, built.app.clock.now());
    // Cut off once the shop has the request: as if the process had died.
    let sent = async {
        while endpoint.seen().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let cut = tokio::time::timeout(Duration::from_secs(20), async {
        tokio::select! {
            done = working => panic!("the slow shop answered: {done:?}"),
            () = sent => {}
        }
    });
    cut.await.expect("the request reaches the shop");
    assert_eq!(state(&app, &town, &placed).await, "capture_due");
    app.advance(120).await;
    assert_eq!(state(&app, &town, &placed).await, "captured");
    assert_eq!(endpoint.seen().len(), 1, "what the books know is not sent again");
    assert!(endpoint.questions() >= 1);
    assert_eq!(account(&endpoint, &placed).unwrap().captures, 1);
}

#[tokio::test]
async fn a_cancelled_order_gives_the_hold_back_once() {
    let endpoint = PaymentEndpoint::start();
    endpoint.plan([Fault::LostAnswer]);
    let app = by_the_wall_clock(TestApp::sqlite().await);
    let town = app.town().await;
    let body = json!({"payment": {"provider": "shop", "url": endpoint.url(), "secret": SECRET}});
    let path = format!("/v1/shops/{}", town.shop);
    app.send(reqwest::Method::PATCH, &path, &app.operator, &[], Some(body)).await.expect(200);
    let placed = town.place(&app).await;
    let path = format!("/v1/orders/{}/cancel", placed["id"].as_str().unwrap());
    app.post(&path, &town.shop_key, json!({"reason": "sold out"})).await.expect(200);
    app.advance(600).await;
    assert_eq!(state(&app, &town, &placed).await, "released");
    let books = account(&endpoint, &placed).unwrap();
    assert_eq!((books.releases, books.captures), (1, 0));
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_shop_that_is_away_for_three_days_leaves_a_parked_job_that_a_person_can_revive() {
    let endpoint = PaymentEndpoint::start();
    endpoint.plan([Fault::LostRequest]);
    let (app, town, placed) = at_the_door(&endpoint).await;
    endpoint.plan_questions(std::iter::repeat_n(503, 5_000));
    hand_over(&app, &town, &placed).await;
    app.advance(4 * DAY_S).await;
    assert_eq!(state(&app, &town, &placed).await, "capture_unknown");
    let parked = app.get("/v1/jobs?state=parked", &town.dispatcher).await.expect(200);
    let job = parked["data"][0]["id"].as_str().expect("a parked job").to_owned();
    assert_eq!(app.audit().await, Vec::<String>::new());
    endpoint.forget_questions();
    endpoint.forget_keys();
    app.post(&format!("/v1/jobs/{job}/retry"), &town.dispatcher, json!({})).await.expect(204);
    app.advance(600).await;
    assert_eq!(state(&app, &town, &placed).await, "captured");
    assert_eq!(account(&endpoint, &placed).unwrap().captures, 1);
}
