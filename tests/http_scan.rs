//! Scanned hand-off codes over a real socket: what each side is given, and what a scan is worth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use callahead::app::scan::{day_of, hex};
use callahead_domain::hand_off::chain::{Anchor, Chain, Token};
use callahead_domain::hand_off::code::check_digit_ok;
use callahead_domain::hand_off::slip::Slip;
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A delivery at its door: its id and its customer's link.
async fn at_door(app: &TestApp, town: &Town) -> (String, String) {
    let order = town.place(app).await;
    let delivery = order["delivery_id"].as_str().unwrap().to_owned();
    let assign = json!({"command": "assign", "courier_id": town.courier});
    app.post(&format!("/v1/deliveries/{delivery}/commands"), &town.dispatcher, assign).await.expect(200);
    for kind in ["collect", "set_off", "arrive"] {
        assert_eq!(town.act(app, &delivery, kind, Value::Null).await["verdict"], "applied");
    }
    (delivery, Town::token(&order))
}

async fn shown(app: &TestApp, link: &str) -> Value {
    app.get(&format!("/v1/c/{link}"), "").await.expect(200)["scan"].clone()
}

async fn proof_of(app: &TestApp, town: &Town, delivery: &str) -> Value {
    let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
    let stops = feed["stops"].as_array().unwrap().clone();
    stops.into_iter().find(|stop| stop["delivery_id"] == delivery).unwrap()["proof"].clone()
}

async fn scan(app: &TestApp, town: &Town, delivery: &str, text: &str) -> Value {
    town.act(app, delivery, "hand_over", json!({"scan": text})).await
}

fn bytes<const N: usize>(text: &Value) -> [u8; N] {
    let text = text.as_str().unwrap();
    let read = |at: usize| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap();
    std::array::from_fn(read)
}

fn chain_of(scan: &Value) -> Chain {
    let chain = &scan["chain"];
    let windows = u16::try_from(chain["windows"].as_u64().unwrap()).unwrap();
    Chain { hid: bytes(&chain["hid"]), seed: bytes(&chain["seed"]), windows }
}

#[tokio::test]
async fn what_the_page_shows_the_phone_verifies_and_the_server_confirms() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true; // captures wait for their grace
        let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
        Town::on_duty(&app, &town.session).await;
        let (delivery, link) = at_door(&app, &town).await;
        let (scanned, proof) = (shown(&app, &link).await, proof_of(&app, &town, &delivery).await);
        let text = scanned["text"].as_str().unwrap();
        let token = Token::parse(text).unwrap();
        let chain = &proof["chains"][0];
        let windows = u16::try_from(chain["windows"].as_u64().unwrap()).unwrap();
        let anchor = Anchor { hid: bytes(&proof["hid"]), value: bytes(&chain["anchor"]), windows };
        assert!(anchor.proves(&token));
        assert_eq!(chain_of(&scanned).shown_in(token.window), Some(token), "the page can go on by itself");
        let slip = Slip::parse(scanned["slip"].as_str().unwrap()).unwrap();
        assert!(slip.proves(bytes(&proof["hid"]), bytes(&proof["slip_digest"])));

        let page = app.get(&format!("/t/{link}"), "").await.text;
        assert!(
            page.contains("<div class=\"qr\"><svg ") && page.contains("http-equiv=\"refresh\""),
            "without script too"
        );

        // Scanners add a line end.
        let verdict = scan(&app, &town, &delivery, &format!("{text}\r\n")).await;
        assert_eq!(verdict["verdict"], "applied", "{verdict}");
        let hand_off = app.get(&format!("/v1/c/{link}"), "").await.expect(200)["hand_off"].clone();
        assert_eq!((&hand_off["method"], &hand_off["status"]), (&json!("ho1"), &json!("confirmed")));
    }
}

#[tokio::test]
async fn the_feed_holds_nothing_that_shows_a_code_or_finds_one() {
    let mut app = TestApp::sqlite().await;
    app.leave_jobs = true; // captures wait for their grace
    let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
    Town::on_duty(&app, &town.session).await;
    let (delivery, link) = at_door(&app, &town).await;
    let (scanned, proof) = (shown(&app, &link).await, proof_of(&app, &town, &delivery).await);
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let set = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names(&proof), set(&["any_of", "chains", "fallback", "hid", "plus", "slip_digest"]));
    assert_eq!(names(&proof["chains"][0]), set(&["anchor", "t0", "windows"]));
    let feed = app.get("/v1/courier/feed", &town.session).await.text;
    let id = delivery.parse::<DeliveryId>().unwrap();
    let secrets = &app.built.app.secrets;
    let slip = Slip::parse(scanned["slip"].as_str().unwrap()).unwrap();
    let chain = chain_of(&scanned);
    let mut secret = vec![secrets.hand_off_code(id, 0), hex(&chain.seed), hex(&slip.secret), slip.text()];
    for window in 1..=chain.windows {
        let token = chain.shown_in(window).unwrap();
        secret.extend([hex(&token.value), token.text()]);
    }
    for text in secret {
        assert!(!feed.contains(&text), "{text}");
    }
}

#[tokio::test]
async fn codes_are_shown_to_scan_when_the_six_digits_are() {
    let mut app = TestApp::sqlite().await;
    app.leave_jobs = true; // captures wait for their grace
    let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
    Town::on_duty(&app, &town.session).await;
    let order = town.place(&app).await;
    assert_eq!(shown(&app, &Town::token(&order)).await, Value::Null);
    let (delivery, link) = at_door(&app, &town).await;
    assert_ne!(shown(&app, &link).await, Value::Null);
    let id = delivery.parse::<DeliveryId>().unwrap();
    let right = app.built.app.secrets.hand_off_code(id, 0);
    let wrong = (0..).map(|n: u32| format!("{n:06}")).filter(|code| check_digit_ok(code) && *code != right);
    for code in wrong.take(5) {
        town.act(&app, &delivery, "hand_over", json!({"code": code})).await;
    }
    assert_eq!(shown(&app, &link).await, Value::Null, "locked");
}

#[tokio::test]
async fn edge_68_the_code_of_another_delivery_is_refused_and_named_for_the_same_customer_only() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true; // captures wait for their grace
        let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
        Town::on_duty(&app, &town.session).await;
        let (first, _) = at_door(&app, &town).await;
        let (second, link) = at_door(&app, &town).await;
        let text = shown(&app, &link).await["text"].as_str().unwrap().to_owned();
        let verdict = scan(&app, &town, &first, &text).await;
        assert_eq!(
            (&verdict["verdict"], &verdict["code"]),
            (&json!("rejected"), &json!("code_of_another_delivery"))
        );
        assert_eq!(verdict["tries_left"], Value::Null, "no try is counted");
        assert!(verdict["detail"].as_str().unwrap().contains(&second), "{verdict}");
        let stranger = Token { hid: [7; 8], ..Token::parse(&text).unwrap() };
        let verdict = scan(&app, &town, &first, &stranger.text()).await;
        assert_eq!(verdict["detail"], "This code is of another delivery.");
    }
}

#[tokio::test]
async fn edge_69_a_code_of_yesterday_of_a_minute_ago_or_of_an_old_rotation_is_refused() {
    let mut app = TestApp::sqlite().await;
    app.leave_jobs = true; // captures wait for their grace
    let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
    Town::on_duty(&app, &town.session).await;
    let (delivery, link) = at_door(&app, &town).await;
    let early = shown(&app, &link).await["text"].as_str().unwrap().to_owned();
    app.clock.advance_by(TimeDelta::minutes(5));
    assert_eq!(scan(&app, &town, &delivery, &early).await["code"], "code_stale");
    app.post(&format!("/v1/c/{link}/code/rotate"), "", json!({})).await;
    app.clock.advance_by(TimeDelta::minutes(5));
    let id = delivery.parse::<DeliveryId>().unwrap();
    let courier = town.courier.parse().unwrap();
    let now = app.clock.now();
    let secrets = &app.built.app.secrets;
    let window = Token::parse(shown(&app, &link).await["text"].as_str().unwrap()).unwrap().window;
    let old = secrets.chain(id, 0, courier, day_of(now)).shown_in(window).unwrap();
    assert_eq!(scan(&app, &town, &delivery, &old.text()).await["code"], "code_void");
    assert_eq!(scan(&app, &town, &delivery, &secrets.slip(id, 0).text()).await["code"], "code_void");
    assert_eq!(scan(&app, &town, &delivery, "HO1:nonsense").await["code"], "scan_malformed");
    assert_eq!(scan(&app, &town, &delivery, &secrets.slip(id, 1).text()).await["verdict"], "applied");
}

/// Scans at a moment of the phone's clock, and hands it in at another.
async fn late(
    app: &TestApp,
    town: &Town,
    delivery: &str,
    text: &str,
    at: DateTime<Utc>,
    sent: DateTime<Utc>,
) -> Value {
    let action = json!({"action_id": format!("late-{}", at.timestamp()), "type": "hand_over", "delivery_id": delivery,
        "occurred_at": at, "device_seq": 900, "payload": {"scan": text}});
    let batch = json!({"sent_at": sent, "actions": [action]});
    app.post("/v1/courier/actions", &town.session, batch).await.expect(200)["results"][0].clone()
}

#[tokio::test]
async fn a_scan_without_signal_is_judged_by_its_own_moment_also_after_a_rotation() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true; // captures wait for their grace
        let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
        Town::on_duty(&app, &town.session).await;
        let (delivery, link) = at_door(&app, &town).await;
        let text = shown(&app, &link).await["text"].as_str().unwrap().to_owned();
        let at = app.clock.now();
        app.clock.advance_by(TimeDelta::minutes(1));
        app.post(&format!("/v1/c/{link}/code/rotate"), "", json!({})).await;
        app.clock.advance_by(TimeDelta::hours(2));
        let verdict = late(&app, &town, &delivery, &text, at, app.clock.now()).await;
        assert_eq!(verdict["verdict"], "applied", "{verdict}");
    }
}

#[tokio::test]
async fn a_phone_whose_clock_is_wrong_says_so_by_when_it_sends() {
    let mut app = TestApp::sqlite().await;
    app.leave_jobs = true; // captures wait for their grace
    let town = Town::with_policy(&app, json!({"gate": "off", "waiting_s": 0})).await;
    Town::on_duty(&app, &town.session).await;
    let (delivery, link) = at_door(&app, &town).await;
    app.clock.advance_by(TimeDelta::minutes(30));
    let text = shown(&app, &link).await["text"].as_str().unwrap().to_owned();
    let slow = app.clock.now() - TimeDelta::minutes(10);
    let untold = town_action(&delivery, &text, slow);
    let verdict =
        app.post("/v1/courier/actions", &town.session, untold).await.expect(200)["results"][0].clone();
    assert_eq!(verdict["code"], "code_stale");
    let verdict = late(&app, &town, &delivery, &text, slow, slow).await;
    assert_eq!(verdict["verdict"], "applied", "{verdict}");
}

fn town_action(delivery: &str, text: &str, at: DateTime<Utc>) -> Value {
    json!({"actions": [{"action_id": "untold", "type": "hand_over", "delivery_id": delivery, "occurred_at": at,
        "device_seq": 899, "payload": {"scan": text}}]})
}
