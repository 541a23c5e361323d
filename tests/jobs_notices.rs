//! Notices through channels that take them, refuse them or leave everybody in the dark.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions
)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use callahead::jobs::{self, Tools};
use callahead::notify::registry::Channels;
use callahead::notify::{Message, Notifier, Recipient, SendOutcome};
use callahead::pay::record::RecordProvider;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// A channel that keeps what it is given and answers as planned; afterwards it takes everything.
#[derive(Clone)]
struct Fake {
    name: &'static str,
    kept: Arc<Mutex<Vec<Message>>>,
    planned: Arc<Mutex<VecDeque<SendOutcome>>>,
}

impl Fake {
    fn new(name: &'static str, planned: impl IntoIterator<Item = SendOutcome>) -> Fake {
        Fake { name, kept: Arc::default(), planned: Arc::new(Mutex::new(planned.into_iter().collect())) }
    }

    fn kept(&self) -> Vec<Message> {
        self.kept.lock().unwrap().clone()
    }
}

impl Notifier for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reaches(&self, to: &Recipient) -> bool {
        to.phone.is_some() || to.email.is_some()
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, SendOutcome> {
        self.kept.lock().unwrap().push(message.clone());
        let sent = || SendOutcome::Sent { provider_id: format!("{}-1", self.name) };
        let outcome = self.planned.lock().unwrap().pop_front().unwrap_or_else(sent);
        Box::pin(async move { outcome })
    }
}

fn refused(permanent: bool) -> SendOutcome {
    SendOutcome::Refused { code: "no_route", permanent, message: "no".to_owned() }
}

fn tools(channels: &[&Fake]) -> Tools {
    let ordered = channels.iter().map(|fake| Arc::new((*fake).clone()) as Arc<dyn Notifier>).collect();
    Tools::of(Channels::new(ordered), vec![Arc::new(RecordProvider)])
}

/// A town with an order that is assigned and about to be asked for.
async fn assigned() -> (TestApp, Town, Value) {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let order = town.place(&app).await;
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    (app, town, order)
}

async fn settle(app: &TestApp, tools: &Tools) {
    jobs::settle(&app.built.app, tools).await.unwrap();
}

async fn events(app: &TestApp, town: &Town, order: &Value, kind: &str) -> Vec<Value> {
    let path = format!("/v1/orders/{}/timeline", order["id"].as_str().unwrap());
    let timeline = app.get(&path, &town.shop_key).await.expect(200);
    timeline["data"].as_array().unwrap().iter().filter(|event| event["event"] == kind).cloned().collect()
}

/// What is still to come is none of this test's business.
async fn cancel(app: &TestApp, town: &Town, order: &Value) {
    let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    app.settle().await;
}

#[tokio::test]
async fn the_question_goes_out_with_the_link_and_the_window_of_the_region() {
    let (app, town, order) = assigned().await;
    let channel = Fake::new("sms", []);
    settle(&app, &tools(&[&channel])).await;
    let kept = channel.kept();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let message = &kept[0];
    assert!(message.subject.contains("Saltmarket Grocer: will you be home today 10:"), "{}", message.subject);
    assert!(message.text.contains(order["tracking_url"].as_str().unwrap()));
    assert_eq!(message.to.name, "Mira Tolvane");
    let sent = events(&app, &town, &order, "call_ahead.sent").await;
    assert_eq!((sent.len(), &sent[0]["data"]["channel"]), (1, &json!("sms")));
    cancel(&app, &town, &order).await;
}

#[tokio::test]
async fn a_channel_that_refuses_is_followed_by_the_next_one() {
    let (app, town, order) = assigned().await;
    let (first, second) = (Fake::new("sms", [refused(true)]), Fake::new("letter", []));
    settle(&app, &tools(&[&first, &second])).await;
    assert_eq!((first.kept().len(), second.kept().len()), (1, 1));
    assert_eq!(first.kept()[0].id, second.kept()[0].id, "the same notice, whoever carries it");
    let sent = events(&app, &town, &order, "call_ahead.sent").await;
    assert_eq!(sent[0]["data"]["provider_id"], "letter-1");
    cancel(&app, &town, &order).await;
}

#[tokio::test]
async fn a_notice_that_may_have_left_is_not_sent_again() {
    let (app, town, order) = assigned().await;
    let unknown = SendOutcome::Unknown { why: "no answer".to_owned() };
    let (first, second) = (Fake::new("sms", [unknown]), Fake::new("letter", []));
    let tools = tools(&[&first, &second]);
    settle(&app, &tools).await;
    app.clock.advance_by(TimeDelta::seconds(30));
    settle(&app, &tools).await;
    assert_eq!((first.kept().len(), second.kept().len()), (1, 0));
    let sent = events(&app, &town, &order, "call_ahead.sent").await;
    assert_eq!((sent.len(), &sent[0]["data"]["provider_id"]), (1, &json!("unknown")));
    cancel(&app, &town, &order).await;
}

#[tokio::test]
async fn a_temporary_failure_is_tried_again_and_one_for_good_is_told() {
    let (app, town, order) = assigned().await;
    let channel = Fake::new("sms", [refused(false)]);
    let with = tools(&[&channel]);
    settle(&app, &with).await;
    assert_eq!(events(&app, &town, &order, "call_ahead.sent").await.len(), 0);
    app.clock.advance_by(TimeDelta::seconds(5));
    settle(&app, &with).await;
    assert_eq!(events(&app, &town, &order, "call_ahead.sent").await.len(), 1);

    let second = town.place(&app).await;
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    settle(&app, &tools(&[&Fake::new("sms", std::iter::repeat_n(refused(true), 9))])).await;
    assert_eq!(events(&app, &town, &second, "call_ahead.send_failed").await.len(), 1);
    let exceptions = app.get("/v1/exceptions?kind=notice_failed", &town.dispatcher).await.expect(200);
    assert_eq!(exceptions["data"][0]["delivery_id"], second["delivery_id"]);
    cancel(&app, &town, &order).await;
    cancel(&app, &town, &second).await;
}

#[tokio::test]
async fn a_worker_that_died_while_it_sent_is_followed_by_one_that_sends_no_second_copy() {
    let (app, town, order) = assigned().await;
    let now = app.clock.now();
    app.built.app.wake_due(now, 10).await.unwrap();
    let claimed = app.built.app.claim_jobs(now, 10).await.unwrap();
    let job = claimed.iter().find(|job| job.kind == "send_notice").unwrap();
    let mut payload: Value = serde_json::from_str(&job.payload).unwrap();
    payload["sending"] = json!("sms");
    assert!(app.built.app.note_job(job.into(), payload.to_string()).await.unwrap());
    let lease = i64::try_from(app.built.app.config.jobs.lease_s).unwrap();
    app.clock.advance_by(TimeDelta::seconds(lease + 1));
    let channel = Fake::new("sms", []);
    settle(&app, &tools(&[&channel])).await;
    assert!(
        channel.kept().iter().all(|message| !message.subject.contains("will you be home")
            || message.subject.contains("no answer yet")),
        "{:?}",
        channel.kept()
    );
    let sent = events(&app, &town, &order, "call_ahead.sent").await;
    assert_eq!(sent[0]["data"]["provider_id"], "unknown");
    cancel(&app, &town, &order).await;
}

#[tokio::test]
async fn a_notice_that_is_not_true_any_more_is_not_sent() {
    let (app, town, order) = assigned().await;
    let now = app.clock.now();
    app.built.app.wake_due(now, 10).await.unwrap();
    let link = Town::token(&order);
    app.post(&format!("/v1/c/{link}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
    let channel = Fake::new("sms", []);
    settle(&app, &tools(&[&channel])).await;
    assert_eq!(channel.kept().len(), 0, "{:?}", channel.kept());
    cancel(&app, &town, &order).await;
}

#[tokio::test]
async fn a_sign_in_code_goes_to_the_courier_over_a_channel_that_reaches_a_number() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let asked =
        app.post("/v1/courier/sign_in/code", "", json!({"phone": "+82 10-2000-0001"})).await.expect(202);
    let channel = Fake::new("sms", []);
    settle(&app, &tools(&[&channel])).await;
    let kept = channel.kept();
    assert_eq!(kept.len(), 1);
    let code: String = kept[0].text.chars().filter(char::is_ascii_digit).take(6).collect();
    let body = json!({"request_id": asked["request_id"], "code": code});
    let signed = app.post("/v1/courier/sign_in/verify", "", body).await.expect(200);
    assert_eq!(signed["courier"]["id"], town.courier.as_str());
}

#[tokio::test]
async fn old_answers_codes_and_positions_are_forgotten_once_an_hour() {
    for app in TestApp::each().await {
        forgets(&app).await;
    }
}

async fn forgets(app: &TestApp) {
    let town = app.town().await;
    app.post("/v1/courier/sign_in/code", "", json!({"phone": "+82 10-2000-0001"})).await.expect(202);
    let order = town.place(app).await;
    cancel(app, &town, &order).await;
    let count = async |table: &str| {
        let conn = app.built.app.db.read();
        let sql = format!("SELECT count(*) FROM {table}");
        let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
        row.unwrap().try_get_by_index::<i64>(0).unwrap()
    };
    assert!(count("sign_in_code").await == 1 && count("invite").await == 1 && count("idempotency").await > 0);
    assert!(app.built.app.forget_old(app.clock.now()).await.unwrap());
    assert!(!app.built.app.forget_old(app.clock.now()).await.unwrap(), "somebody did within the hour");
    assert!(count("sign_in_code").await == 1 && count("invite").await == 1);
    app.clock.advance_by(TimeDelta::days(9));
    assert!(app.built.app.forget_old(app.clock.now()).await.unwrap());
    assert!(count("sign_in_code").await == 0 && count("invite").await == 0 && count("idempotency").await > 0);
    app.clock.advance_by(TimeDelta::days(30));
    assert!(app.built.app.forget_old(app.clock.now()).await.unwrap());
    assert_eq!(count("idempotency").await, 0);
}
