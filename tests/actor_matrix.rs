//! Who may come in where: every route of the OpenAPI description has a row here, and every role is tried on it. A new
//! route without a row fails.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod support;

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{TestApp, Town};

/// Letters of who may come in: `s`hop, `c`ourier, `d`ispatcher, `o`perator; `*` everybody, credential or not.
#[rustfmt::skip]
const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/health/live", "*"),
    ("GET", "/health/ready", "*"),
    ("POST", "/v1/shops", "o"),
    ("GET", "/v1/shops", "do"),
    ("GET", "/v1/shops/{id}", "do"),
    ("PATCH", "/v1/shops/{id}", "o"),
    ("POST", "/v1/shops/{id}/keys", "o"),
    ("GET", "/v1/shops/{id}/keys", "o"),
    ("DELETE", "/v1/shops/{id}/keys/{key_id}", "o"),
    ("POST", "/v1/keys", "o"),
    ("GET", "/v1/keys", "o"),
    ("DELETE", "/v1/keys/{id}", "o"),
    ("POST", "/v1/couriers", "o"),
    ("GET", "/v1/couriers", "do"),
    ("GET", "/v1/couriers/{id}", "do"),
    ("PATCH", "/v1/couriers/{id}", "o"),
    ("POST", "/v1/couriers/{id}/invite", "o"),
    ("PUT", "/v1/regions", "o"),
    ("GET", "/v1/regions", "do"),
    ("GET", "/v1/regions/locate", "do"),
    ("GET", "/v1/regions/{id}", "do"),
    ("PATCH", "/v1/regions/{id}", "o"),
    ("GET", "/v1/regions/{id}/versions", "do"),
    ("GET", "/v1/regions/{id}/affected", "do"),
    ("GET", "/v1/regions/{id}/speeds", "do"),
    ("POST", "/v1/pickup_points", "s"),
    ("GET", "/v1/pickup_points", "s"),
    ("POST", "/v1/orders", "s"),
    ("GET", "/v1/orders", "s"),
    ("GET", "/v1/orders/{id}", "s"),
    ("PATCH", "/v1/orders/{id}", "s"),
    ("POST", "/v1/orders/{id}/cancel", "s"),
    ("POST", "/v1/orders/{id}/hand_off/confirm", "s"),
    ("POST", "/v1/orders/{id}/hand_off/dispute", "s"),
    ("POST", "/v1/orders/{id}/return/receive", "s"),
    ("POST", "/v1/orders/{id}/payment/renew", "s"),
    ("POST", "/v1/orders/{id}/payment/retry", "s"),
    ("GET", "/v1/orders/{id}/payments", "s"),
    ("POST", "/v1/orders/{id}/payment/authorise", "s"),
    ("POST", "/v1/orders/{id}/payment/write_off", "s"),
    ("POST", "/v1/orders/{id}/refunds", "s"),
    ("GET", "/v1/orders/{id}/refunds", "s"),
    ("POST", "/v1/webhooks/stripe", "*"),
    ("GET", "/v1/deliveries/{id}/payments", "do"),
    ("POST", "/v1/deliveries/{id}/refunds", "do"),
    ("GET", "/v1/orders/{id}/timeline", "s"),
    ("GET", "/v1/events", "s"),
    ("GET", "/v1/events/stream", "s"),
    ("POST", "/v1/courier/sign_in/invite", "*"),
    ("POST", "/v1/courier/sign_in/code", "*"),
    ("POST", "/v1/courier/sign_in/verify", "*"),
    ("POST", "/v1/courier/sign_out", "c"),
    ("GET", "/v1/courier/me", "c"),
    ("POST", "/v1/courier/shift", "c"),
    ("GET", "/v1/courier/shift", "c"),
    ("GET", "/v1/courier/stream", "c"),
    ("POST", "/v1/courier/shift/end", "c"),
    ("POST", "/v1/courier/shift/break", "c"),
    ("POST", "/v1/courier/shift/break/end", "c"),
    ("POST", "/v1/courier/positions", "c"),
    ("GET", "/v1/courier/feed", "c"),
    ("POST", "/v1/courier/offers/{delivery_id}/accept", "c"),
    ("POST", "/v1/courier/offers/{delivery_id}/decline", "c"),
    ("POST", "/v1/courier/actions", "c"),
    ("POST", "/v1/courier/photos", "c"),
    ("GET", "/v1/c/{token}", "*"),
    ("POST", "/v1/c/{token}/answers", "*"),
    ("POST", "/v1/c/{token}/address", "*"),
    ("POST", "/v1/c/{token}/cancel", "*"),
    ("POST", "/v1/c/{token}/code/rotate", "*"),
    ("POST", "/v1/c/{token}/forget", "*"),
    ("POST", "/v1/c/{token}/hand_off/dispute", "*"),
    ("GET", "/v1/deliveries", "do"),
    ("GET", "/v1/deliveries/{id}", "do"),
    ("GET", "/v1/deliveries/{id}/timeline", "do"),
    ("GET", "/v1/deliveries/{id}/call_aheads", "do"),
    ("GET", "/v1/deliveries/{id}/explain", "do"),
    ("DELETE", "/v1/deliveries/{id}/history", "do"),
    ("POST", "/v1/deliveries/{id}/commands", "do"),
    ("GET", "/v1/exceptions", "do"),
    ("GET", "/v1/jobs", "do"),
    ("POST", "/v1/jobs/{id}/retry", "do"),
    ("GET", "/v1/shifts", "do"),
    ("POST", "/v1/wallets", "o"),
    ("GET", "/v1/wallets", "o"),
    ("GET", "/v1/wallets/{id}", "o"),
    ("POST", "/v1/wallets/{id}/top_ups", "o"),
    ("POST", "/v1/wallets/{id}/link", "o"),
    ("POST", "/v1/wallets/{id}/pin/reset", "o"),
    ("POST", "/v1/wallet_cards", "o"),
    ("GET", "/v1/accounts", "s"),
    ("GET", "/v1/accounts/{id}", "so"),
    ("GET", "/v1/accounts/{id}/statement", "so"),
    ("POST", "/v1/accounts/{id}/payouts", "o"),
    ("POST", "/v1/accounts/{id}/freeze", "o"),
    ("POST", "/v1/accounts/{id}/thaw", "o"),
    ("POST", "/v1/accounts/{id}/close", "o"),
    ("GET", "/v1/w/{token}", "*"),
    ("GET", "/v1/w/{token}/statement", "*"),
    ("POST", "/v1/w/{token}/pin", "*"),
    ("POST", "/v1/w/{token}/cards", "*"),
    ("POST", "/v1/w/{token}/transfers", "*"),
    ("POST", "/v1/w/{token}/stall_payments", "*"),
    ("POST", "/v1/w/{token}/devices", "*"),
    ("POST", "/v1/w/{token}/devices/{alias}/online", "*"),
    ("DELETE", "/v1/w/{token}/devices/{alias}", "*"),
    ("GET", "/v1/w/{token}/charges", "*"),
    ("POST", "/v1/w/{token}/charges/{transfer_id}/agree", "*"),
    ("POST", "/v1/w/{token}/charges/{transfer_id}/decline", "*"),
    ("GET", "/v1/pay/{reference}", "*"),
    ("POST", "/v1/stalls", "s"),
    ("GET", "/v1/stalls", "s"),
    ("GET", "/v1/stalls/{id}", "s"),
    ("PATCH", "/v1/stalls/{id}", "s"),
    ("GET", "/v1/stalls/{id}/qr.svg", "s"),
    ("GET", "/v1/stalls/{id}/payments", "s"),
    ("POST", "/v1/stalls/{id}/charges", "s"),
    ("GET", "/v1/stalls/{id}/charges/{transfer_id}", "s"),
    ("POST", "/v1/stalls/{id}/refunds", "s"),
    ("POST", "/v1/refunds", "o"),
    ("GET", "/v1/reports/regions", "do"),
    ("POST", "/v1/dispatch/what_if", "do"),
    ("POST", "/v1/couriers/{id}/run/move", "do"),
];

/// The routes of the description, as `(METHOD, path)`.
fn described() -> BTreeSet<(String, String)> {
    let api: Value = serde_json::to_value(callahead::http::description()).unwrap();
    let mut all = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            all.insert((method.to_uppercase(), path.clone()));
        }
    }
    all
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows: BTreeSet<_> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    let routes = described();
    let without_row: Vec<_> = routes.difference(&rows).collect();
    let without_route: Vec<_> = rows.difference(&routes).collect();
    assert!(
        without_row.is_empty() && without_route.is_empty(),
        "no row: {without_row:?}; no route: {without_route:?}"
    );
}

#[tokio::test]
async fn every_role_is_let_in_or_kept_out_as_its_row_says() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = town.place(&app).await;
    let tokens = [
        ('s', town.shop_key.clone()),
        ('c', town.session.clone()),
        ('d', town.dispatcher.clone()),
        ('o', app.operator.clone()),
        ('-', String::new()),
        ('x', "chs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
    ];
    for (method, path, who) in ROUTES {
        // Streams never end, and signing out would end the role that is tried next.
        if path.ends_with("/stream") || *path == "/v1/courier/sign_out" {
            continue;
        }
        for (role, token) in &tokens {
            let path = path
                .replace("{id}", "ord_00000000000000000000000000")
                .replace("{key_id}", "key_00000000000000000000000000")
                .replace("{delivery_id}", order["delivery_id"].as_str().unwrap())
                .replace("{token}", "AAAAAAAAAAAAAAAAAAAAAA");
            let method: Method = method.parse().unwrap();
            let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
            let answer = app.send(method.clone(), &path, token, &[], body).await;
            let allowed = *who == "*" || who.contains(*role);
            let kept_out = match role {
                '-' | 'x' => answer.status == 401,
                _ => answer.status == 403,
            };
            assert_eq!(kept_out, !allowed, "{role} {method} {path}: {} {}", answer.status, answer.text);
            assert!(answer.status < 500, "{role} {method} {path}: {} {}", answer.status, answer.text);
        }
    }
}

#[tokio::test]
async fn what_belongs_to_another_looks_like_nothing() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = town.place(&app).await;
    let (_, other_key, other_pickup) = Town::shop(&app, "Pell's Fish").await;
    let (_, other_session) = Town::courier(&app, "Ana Reed", "+82 10-2000-0002", &town.region).await;
    let id = order["id"].as_str().unwrap();
    let missing = "ord_00000000000000000000000000";
    for (suffix, method, body) in [
        ("", Method::GET, None),
        ("/timeline", Method::GET, None),
        ("", Method::PATCH, Some(json!({"note": "x"}))),
        ("/cancel", Method::POST, Some(json!({"reason": "x"}))),
        ("/hand_off/confirm", Method::POST, Some(json!({}))),
        ("/return/receive", Method::POST, Some(json!({}))),
        ("/payment/retry", Method::POST, Some(json!({}))),
    ] {
        let foreign = app
            .send(method.clone(), &format!("/v1/orders/{id}{suffix}"), &other_key, &[], body.clone())
            .await;
        let nothing = app.send(method, &format!("/v1/orders/{missing}{suffix}"), &other_key, &[], body).await;
        foreign.clone().expect_problem(404, "not_found");
        let without_id = |answer: &support::Answer| {
            answer
                .json
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| *name != "request_id")
                .map(|(n, v)| format!("{n}={v}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (foreign.status, without_id(&foreign)),
            (nothing.status, without_id(&nothing)),
            "{suffix}"
        );
    }
    assert_eq!(app.get("/v1/orders", &other_key).await.expect(200)["data"], json!([]));
    assert_eq!(app.get("/v1/events", &other_key).await.expect(200)["data"], json!([]));
    let mut with_foreign_pickup = town.order();
    with_foreign_pickup["pickup_point_id"] = other_pickup.into();
    app.post("/v1/orders", &town.shop_key, with_foreign_pickup).await.expect_problem(422, "invalid");

    Town::on_duty(&app, &other_session).await;
    let delivery = order["delivery_id"].as_str().unwrap();
    let verdict = support::act(&app, &other_session, delivery, "collect", Value::Null).await;
    let unknown =
        support::act(&app, &other_session, "dlv_00000000000000000000000000", "collect", Value::Null).await;
    assert_eq!(
        (verdict["verdict"].clone(), verdict["code"].clone()),
        (unknown["verdict"].clone(), unknown["code"].clone())
    );
    assert_eq!(app.get("/v1/courier/feed", &other_session).await.expect(200)["stops"], json!([]));
}
