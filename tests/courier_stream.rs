//! A courier's phone hears of changes of its feed: what others did, on this replica or another, and of nobody else's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::db::TestDb;
use app::{TestApp, Town};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// Less than the time after which a silent stream shows that it lives.
async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.unwrap()
}

async fn open(app: &TestApp, session: &str) -> Response {
    let url = format!("{}/v1/courier/stream", app.url);
    let response = within(app.client.get(url).bearer_auth(session).send()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

/// The plan version of the next event; none when the stream has ended.
async fn heard(stream: &mut Response) -> Option<String> {
    let text = within(stream.chunk()).await.unwrap()?;
    let text = std::str::from_utf8(&text).unwrap().to_owned();
    let data = text.strip_prefix("event: feed\ndata: ").unwrap_or_else(|| panic!("{text:?}"));
    let data: Value = serde_json::from_str(data.trim()).unwrap();
    Some(data["plan_version"].as_str().unwrap().to_owned())
}

async fn plan_version(app: &TestApp, session: &str) -> String {
    let feed = app.get("/v1/courier/feed", session).await.expect(200);
    feed["plan_version"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_phone_hears_of_every_change_of_its_feed_and_of_nobody_elses() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let (_, other) = Town::courier(&app, "Second Courier", "+82 10-2000-0002", &town.region).await;
        Town::on_duty(&app, &town.session).await;
        let (mut mine, mut theirs) = (open(&app, &town.session).await, open(&app, &other).await);
        assert_eq!(heard(&mut mine).await.unwrap(), plan_version(&app, &town.session).await, "told at once");
        let nothing = heard(&mut theirs).await.unwrap();
        // An order that is given to them, by the round and not by them.
        let order = town.place(&app).await;
        app.settle().await;
        app.built.app.look_at_feeds().await.unwrap();
        let assigned = heard(&mut mine).await.unwrap();
        assert_eq!(assigned, plan_version(&app, &town.session).await);
        // The customer's answer.
        let link = format!("/v1/c/{}/answers", Town::token(&order));
        app.post(&link, "", json!({"outcome": "home_now"})).await.expect(200);
        app.built.app.look_at_feeds().await.unwrap();
        let answered = heard(&mut mine).await.unwrap();
        assert_ne!(answered, assigned);
        assert_eq!(answered, plan_version(&app, &town.session).await);
        // A break, which is no event of any delivery.
        app.post("/v1/courier/shift/break", &town.session, json!({"minutes": 15})).await.expect(200);
        app.built.app.look_at_feeds().await.unwrap();
        assert_ne!(heard(&mut mine).await.unwrap(), answered);
        // All that time nothing was said to the other one, until something of theirs changes.
        app.built.app.look_at_feeds().await.unwrap();
        Town::on_duty(&app, &other).await;
        app.built.app.look_at_feeds().await.unwrap();
        assert_ne!(heard(&mut theirs).await.unwrap(), nothing);
        assert_eq!(plan_version(&app, &other).await.len(), nothing.len());
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
        app.settle().await;
    }
}

#[tokio::test]
async fn what_another_replica_writes_is_heard_without_a_bell() {
    for database in TestDb::each().await {
        let app = TestApp::at(&database.url(), &[]).await;
        let town = app.town().await;
        let second = TestApp::at(&database.url(), &[]).await;
        let mut stream = open(&second, &town.session).await;
        let before = heard(&mut stream).await.unwrap();
        Town::on_duty(&app, &town.session).await;
        second.built.app.look_at_feeds().await.unwrap();
        assert_ne!(heard(&mut stream).await.unwrap(), before);
    }
}

#[tokio::test]
async fn a_session_that_ends_hears_nothing_more() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let mut stream = open(&app, &town.session).await;
    heard(&mut stream).await.unwrap();
    let path = format!("/v1/couriers/{}", town.courier);
    app.send(Method::PATCH, &path, &app.operator, &[], Some(json!({"active": false}))).await.expect(200);
    app.built.app.look_at_feeds().await.unwrap();
    assert_eq!(heard(&mut stream).await, None);
}
