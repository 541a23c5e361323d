//! What a card provider tells by itself: stored once, believed never, looked up always; in any order, any number of times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/psp.rs"]
mod psp;

use app::db::TestDb;
use app::{Answer, TestApp, Town};
use callahead::app::ports::Clock;
use psp::{Fault, Psp, WEBHOOK_SECRET, signature};
use reqwest::Method;
use serde_json::{Value, json};

async fn with_cards(database: TestDb, psp: &Psp) -> (TestApp, Town) {
    let settings = psp.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = TestApp::on(database, &settings).await;
    psp.set_clock(app.clock.now().timestamp());
    let town = app.town().await;
    (app, town)
}

async fn deliver(app: &TestApp, event: &Value) -> Answer {
    let body = event.to_string().into_bytes();
    let header = signature(WEBHOOK_SECRET, app.clock.now().timestamp(), &body);
    app.post_bytes("/v1/webhooks/stripe", "", &[("stripe-signature", &header)], body).await
}

async fn state(app: &TestApp, town: &Town, placed: &Value) -> String {
    let path = format!("/v1/orders/{}", placed["id"].as_str().unwrap());
    let order = app.get(&path, &town.shop_key).await.expect(200);
    order["payment"]["state"].as_str().unwrap().to_owned()
}

async fn place(app: &TestApp, town: &Town) -> Value {
    let mut body = town.order();
    body["payment"] = json!({"provider": "stripe", "method": "pm_card_visa"});
    let placed = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
    app.settle().await;
    placed
}

async fn cancel(app: &TestApp, town: &Town, placed: &Value) {
    let path = format!("/v1/orders/{}/cancel", placed["id"].as_str().unwrap());
    app.post(&path, &town.shop_key, json!({"reason": "the end"})).await.expect(200);
    app.advance(60).await;
}

#[tokio::test]
async fn the_customer_agrees_and_the_provider_says_so_twice_and_in_any_order() {
    for database in TestDb::each_bare().await {
        let psp = Psp::start();
        let (app, town) = with_cards(database, &psp).await;
        psp.plan([Fault::Action]);
        let placed = place(&app, &town).await;
        assert_eq!(state(&app, &town, &placed).await, "action_required");
        let shown = app
            .get(&format!("/v1/orders/{}", placed["id"].as_str().unwrap()), &town.shop_key)
            .await
            .expect(200);
        let (id, _) = psp.intents().into_iter().next().unwrap();
        assert_eq!(shown["payment"]["action_url"], format!("https://bank.example/{id}"));
        // Told although nothing happened: the books are asked and nothing moves.
        deliver(&app, &psp.events()[0]).await.expect(200);
        app.settle().await;
        assert_eq!(state(&app, &town, &placed).await, "action_required");
        psp.agree(&id);
        let events = psp.events();
        for event in [events.last().unwrap(), &events[0], events.last().unwrap()] {
            deliver(&app, event).await.expect(200);
        }
        app.settle().await;
        assert_eq!(state(&app, &town, &placed).await, "authorised");
        cancel(&app, &town, &placed).await;
        app.advance(2 * 3600).await;
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_word_that_is_lost_is_made_up_for_by_looking() {
    let psp = Psp::start();
    let (app, town) = with_cards(TestDb::bare_sqlite().await, &psp).await;
    psp.plan([Fault::Action]);
    let placed = place(&app, &town).await;
    psp.agree(&psp.intents().into_keys().next().unwrap());
    app.advance(400).await;
    assert_eq!(state(&app, &town, &placed).await, "authorised");
    cancel(&app, &town, &placed).await;
}

#[tokio::test]
async fn a_hold_that_the_provider_ends_is_known_at_once() {
    let psp = Psp::start();
    let (app, town) = with_cards(TestDb::bare_sqlite().await, &psp).await;
    let placed = place(&app, &town).await;
    assert_eq!(state(&app, &town, &placed).await, "authorised");
    psp.cancel(&psp.intents().into_keys().next().unwrap());
    deliver(&app, psp.events().last().unwrap()).await.expect(200);
    app.settle().await;
    assert_eq!(state(&app, &town, &placed).await, "expired");
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_not_the_providers_is_turned_away() {
    let psp = Psp::start();
    let (app, _) = with_cards(TestDb::bare_sqlite().await, &psp).await;
    let now = app.clock.now().timestamp();
    let body = json!({"id": "evt_1", "type": "charge.captured", "data": {"object": {"id": "ch_1"}}})
        .to_string()
        .into_bytes();
    let send = async |header: String, body: Vec<u8>| {
        app.post_bytes("/v1/webhooks/stripe", "", &[("stripe-signature", &header)], body).await
    };
    for header in [
        String::new(),
        "t=1,v1=00".to_owned(),
        signature("whsec_other", now, &body),
        signature(WEBHOOK_SECRET, now - 301, &body),
        signature(WEBHOOK_SECRET, now + 301, &body),
    ] {
        send(header, body.clone()).await.expect_problem(400, "webhook_rejected");
    }
    let good = signature(WEBHOOK_SECRET, now, &body);
    let mut changed = body.clone();
    changed.push(b' ');
    send(good.clone(), changed).await.expect_problem(400, "webhook_rejected");
    send(good, body).await.expect(200);
    let nonsense = b"[]".to_vec();
    send(signature(WEBHOOK_SECRET, now, &nonsense), nonsense).await.expect_problem(400, "webhook_rejected");
    // Without a secret none are taken: it fails closed.
    let bare = TestApp::sqlite().await;
    bare.send(Method::POST, "/v1/webhooks/stripe", "", &[], Some(json!({})))
        .await
        .expect_problem(404, "not_found");
}
