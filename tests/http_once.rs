//! `Idempotency-Key` on POSTs other than orders: carried out once, answered twice alike, refused for another request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{Answer, TestApp};
use callahead::app::once::{RequestKey, Taken};
use chrono::TimeDelta;
use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

async fn post(app: &TestApp, path: &str, token: &str, key: &str, body: Value) -> Answer {
    app.send(Method::POST, path, token, &[("idempotency-key", key)], Some(body)).await
}

#[track_caller]
fn assert_replayed(first: &Answer, second: &Answer) {
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(second.headers.get("idempotent-replayed").map(String::as_str), Some("true"));
}

async fn count(app: &TestApp, path: &str) -> usize {
    app.get(path, &app.operator).await.expect(200)["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_made_with_a_key_is_made_once_and_answered_twice_alike() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let operator = app.operator.clone();
        let shop =
            json!({"name": "Second Shop", "currency": "KRW", "time_zone": "Asia/Seoul", "country": "KR"});
        let courier = json!({"name": "Second", "phone": "+82 10-2000-0002", "vehicle": "car", "capacity": 4, "regions": [town.region]});
        let keys = format!("/v1/shops/{}/keys", town.shop);
        let invite = format!("/v1/couriers/{}/invite", town.courier);
        let made = [
            ("/v1/shops", shop, "/v1/shops"),
            (&*keys, json!({"name": "second till"}), &*keys),
            ("/v1/keys", json!({"role": "dispatcher", "name": "night desk"}), "/v1/keys"),
            ("/v1/couriers", courier, "/v1/couriers"),
            (&*invite, json!({}), "/v1/couriers"),
        ];
        for (number, (path, body, list)) in made.into_iter().enumerate() {
            let key = format!("once-{number}");
            let before = count(&app, list).await;
            let first = post(&app, path, &operator, &key, body.clone()).await;
            assert_eq!(first.status, 201, "{path}: {}", first.text);
            let second = post(&app, path, &operator, &key, body.clone()).await;
            assert_replayed(&first, &second);
            let more = usize::from(path == list);
            assert_eq!(count(&app, list).await, before + more, "{path} made it once");
            let mut other = body;
            other["name"] = json!("Another name");
            post(&app, path, &operator, &key, other).await.expect_problem(422, "idempotency_key_reused");
            // Whose key it is counts: another caller's is another.
            let theirs = post(&app, path, &town.dispatcher, &key, json!({})).await;
            assert_eq!(theirs.status, 403, "{}", theirs.text);
        }
        let point = json!({"name": "Back door", "address": "2 Market Square", "point": {"lat": 37.55, "lon": 126.95}});
        let first = post(&app, "/v1/pickup_points", &town.shop_key, "point", point.clone()).await;
        assert_eq!(first.status, 201, "{}", first.text);
        let second = post(&app, "/v1/pickup_points", &town.shop_key, "point", point).await;
        assert_replayed(&first, &second);
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_command_with_a_key_is_carried_out_once() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = town.place(&app).await;
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        let body = json!({"reason": "changed their mind"});
        let first = post(&app, &path, &town.shop_key, "cancel", body.clone()).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let second = post(&app, &path, &town.shop_key, "cancel", body.clone()).await;
        assert_replayed(&first, &second);
        // Without the key it is a second request, and the state is in its way.
        app.send(Method::POST, &path, &town.shop_key, &[], Some(body))
            .await
            .expect_problem(409, "illegal_transition");
        app.settle().await;
    }
}

#[tokio::test]
async fn a_request_of_which_nothing_came_leaves_its_key_free() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let wrong = json!({"role": "king", "name": "desk"});
    post(&app, "/v1/keys", &app.operator, "mended", wrong).await.expect_problem(422, "invalid");
    let right = json!({"role": "dispatcher", "name": "desk"});
    post(&app, "/v1/keys", &app.operator, "mended", right).await.expect(201);
    let long = "x".repeat(256);
    let body = json!({"role": "dispatcher", "name": "desk"});
    post(&app, "/v1/keys", &app.operator, &long, body.clone()).await.expect_problem(400, "invalid_header");
    // Strangers are strangers, with a key or without.
    post(&app, "/v1/keys", "", "stranger", body).await.expect_problem(401, "unauthenticated");
    drop(town);
}

#[tokio::test]
async fn a_request_that_is_being_carried_out_waits_and_one_that_was_given_up_is_done_anew() {
    for app in TestApp::each().await {
        let operator = app.operator.clone();
        let me =
            app.get("/v1/keys", &operator).await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let body = json!({"role": "dispatcher", "name": "desk"});
        let mut hash = Sha256::new();
        hash.update("POST /v1/keys\n");
        hash.update(serde_json::to_vec(&body).unwrap());
        let known = RequestKey { scope: me, key: "slow".to_owned(), fingerprint: hash.finalize().to_vec() };
        assert!(matches!(app.built.app.take_request(&known).await.unwrap(), Taken::Fresh(_)));
        let waits = post(&app, "/v1/keys", &operator, "slow", body.clone()).await;
        assert_eq!(waits.headers.get("retry-after").map(String::as_str), Some("1"));
        waits.expect_problem(409, "request_in_flight");
        app.clock.advance_by(TimeDelta::seconds(31));
        post(&app, "/v1/keys", &operator, "slow", body.clone()).await.expect(201);
        let again = post(&app, "/v1/keys", &operator, "slow", body).await;
        assert_eq!(again.headers.get("idempotent-replayed").map(String::as_str), Some("true"));
        assert_eq!(count(&app, "/v1/keys").await, 2);
    }
}

#[tokio::test]
async fn at_the_same_time_only_one_is_carried_out() {
    for app in TestApp::each().await {
        let body = json!({"role": "dispatcher", "name": "desk"});
        let tries = (0..12).map(|_| post(&app, "/v1/keys", &app.operator, "together", body.clone()));
        let answers = futures_util::future::join_all(tries).await;
        assert!(answers.iter().any(|answer| answer.status == 201));
        for answer in &answers {
            assert!(answer.status == 201 || answer.json["code"] == "request_in_flight", "{}", answer.text);
        }
        assert_eq!(count(&app, "/v1/keys").await, 2, "the first operator's and this one");
    }
}

#[tokio::test]
async fn a_kept_answer_does_not_lie_about_in_clear() {
    for app in TestApp::each().await {
        let body = json!({"role": "dispatcher", "name": "desk"});
        let made = post(&app, "/v1/keys", &app.operator, "secret", body).await.expect(201);
        let key = made["key"].as_str().unwrap();
        let connection = app.built.app.db.read();
        let sql = "SELECT body FROM idempotency";
        let rows = connection
            .query_all_raw(Statement::from_string(connection.get_database_backend(), sql))
            .await
            .unwrap();
        let bodies: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert!(!bodies.is_empty());
        assert!(bodies.iter().all(|body| !body.contains(key) && !body.contains("chd_")));
    }
}
