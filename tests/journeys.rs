//! One order's whole life over a real socket, on every database at hand.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod support;

use serde_json::{Value, json};
use support::{TestApp, Town};

/// An order on duty's run, collected; the customer has not been asked yet or waits for the reply.
async fn collected(app: &TestApp, town: &Town) -> Value {
    Town::on_duty(app, &town.session).await;
    let order = town.place(app).await;
    app.settle().await;
    let delivery = order["delivery_id"].as_str().unwrap();
    let verdict = town.act(app, delivery, "collect", Value::Null).await;
    assert_eq!(verdict["verdict"], "applied", "{verdict}");
    app.settle().await;
    order
}

async fn shown(app: &TestApp, town: &Town, order: &Value) -> Value {
    app.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap()), &town.shop_key).await.expect(200)
}

#[tokio::test]
async fn paid_order_to_captured_payment() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = collected(&app, &town).await;
        let delivery = order["delivery_id"].as_str().unwrap().to_owned();
        let token = Town::token(&order);

        let refused = town.act(&app, &delivery, "set_off", Value::Null).await;
        assert_eq!(
            (refused["verdict"].as_str(), refused["code"].as_str()),
            (Some("conflict"), Some("not_cleared"))
        );

        app.post(&format!("/v1/c/{token}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
        assert_eq!(town.act(&app, &delivery, "set_off", Value::Null).await["verdict"], "applied");
        app.advance(300).await;
        assert_eq!(town.act(&app, &delivery, "arrive", Value::Null).await["verdict"], "applied");
        let page = app.get(&format!("/v1/c/{token}"), "").await.expect(200);
        let code = page["code"].as_str().unwrap().to_owned();
        assert_eq!(town.act(&app, &delivery, "hand_over", json!({"code": code})).await["verdict"], "applied");

        let due = shown(&app, &town, &order).await;
        assert_eq!(
            (due["status"].as_str(), due["payment"]["state"].as_str()),
            (Some("handed_over"), Some("capture_due"))
        );
        app.advance(60).await;
        let done = shown(&app, &town, &order).await;
        assert_eq!(done["payment"]["state"], "captured");
        assert_eq!(done["payment"]["captured"]["amount"], 24000);

        let timeline = app
            .get(&format!("/v1/orders/{}/timeline", order["id"].as_str().unwrap()), &town.shop_key)
            .await
            .expect(200);
        let kinds: Vec<_> = timeline["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["event"].as_str().unwrap())
            .collect();
        for kind in [
            "order.accepted",
            "order.assigned",
            "order.picked_up",
            "stop.cleared",
            "stop.released",
            "courier.arrived",
            "delivery.handed_over",
            "payment.captured",
        ] {
            assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
        }
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_silent_customer_is_asked_reminded_called_and_then_needs_a_dispatcher() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"silence": "hold", "ask_rounds": 1})).await;
        let order = collected(&app, &town).await;
        app.advance(3600).await;
        let shown = shown(&app, &town, &order).await;
        assert_eq!(shown["gate"], "silent", "{shown}");
        let queue = app.get("/v1/exceptions", &town.dispatcher).await.expect(200);
        let kinds: Vec<_> =
            queue["data"].as_array().unwrap().iter().map(|found| found["kind"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"no_answer"), "{kinds:?}");
        let delivery = order["delivery_id"].as_str().unwrap();
        let body = json!({"command": "override", "reason": "spoke to the neighbour"});
        app.post(&format!("/v1/deliveries/{delivery}/commands"), &town.dispatcher, body).await.expect(200);
        assert_eq!(town.act(&app, delivery, "set_off", Value::Null).await["verdict"], "applied");
        app.settle().await;
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn nobody_opens_twice_and_the_parcel_goes_back_and_the_hold_is_released() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"max_attempts": 1})).await;
        let order = collected(&app, &town).await;
        let (delivery, token) = (order["delivery_id"].as_str().unwrap().to_owned(), Town::token(&order));
        app.post(&format!("/v1/c/{token}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
        for kind in ["set_off", "arrive"] {
            assert_eq!(town.act(&app, &delivery, kind, Value::Null).await["verdict"], "applied");
        }
        let early = town.act(&app, &delivery, "fail_attempt", json!({"reason": "not_home"})).await;
        assert_eq!(early["code"], "wait_longer", "{early}");
        app.advance(430).await;
        assert_eq!(
            town.act(&app, &delivery, "fail_attempt", json!({"reason": "not_home"})).await["verdict"],
            "applied"
        );
        assert_eq!(shown(&app, &town, &order).await["status"], "returning");
        let path = format!("/v1/orders/{}/return/receive", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({})).await.expect(200);
        app.advance(60).await;
        let done = shown(&app, &town, &order).await;
        assert_eq!(
            (done["status"].as_str(), done["payment"]["state"].as_str()),
            (Some("returned"), Some("released"))
        );
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn five_wrong_codes_lock_and_a_new_code_from_the_customer_opens() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = collected(&app, &town).await;
        let (delivery, token) = (order["delivery_id"].as_str().unwrap().to_owned(), Town::token(&order));
        app.post(&format!("/v1/c/{token}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
        for kind in ["set_off", "arrive"] {
            assert_eq!(town.act(&app, &delivery, kind, Value::Null).await["verdict"], "applied");
        }
        let code =
            app.get(&format!("/v1/c/{token}"), "").await.expect(200)["code"].as_str().unwrap().to_owned();
        let wrong = if code == "000000" { "951332" } else { "000000" };
        for left in (0..5).rev() {
            let verdict = town.act(&app, &delivery, "hand_over", json!({"code": wrong})).await;
            assert_eq!(
                (verdict["code"].as_str(), verdict["tries_left"].as_i64()),
                (Some("code_wrong"), Some(left)),
                "{verdict}"
            );
        }
        let locked = town.act(&app, &delivery, "hand_over", json!({"code": code})).await;
        assert_eq!(locked["code"], "code_locked");
        app.post(&format!("/v1/c/{token}/code/rotate"), "", json!({})).await.expect(200);
        let fresh =
            app.get(&format!("/v1/c/{token}"), "").await.expect(200)["code"].as_str().unwrap().to_owned();
        assert_ne!(fresh, code);
        assert_eq!(town.act(&app, &delivery, "hand_over", json!({"code": code})).await["code"], "code_wrong");
        assert_eq!(
            town.act(&app, &delivery, "hand_over", json!({"code": fresh})).await["verdict"],
            "applied"
        );
        app.advance(60).await;
        assert_eq!(shown(&app, &town, &order).await["payment"]["state"], "captured");
    }
}

#[tokio::test]
async fn a_photo_waits_for_the_shop_and_a_day_of_silence_agrees_for_it() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = collected(&app, &town).await;
        let (delivery, token) = (order["delivery_id"].as_str().unwrap().to_owned(), Town::token(&order));
        app.post(&format!("/v1/c/{token}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
        for kind in ["set_off", "arrive"] {
            assert_eq!(town.act(&app, &delivery, kind, Value::Null).await["verdict"], "applied");
        }
        let proof = json!({"signature": {"signer": "Pell Tolvane", "strokes": "M0 0 L10 10"}});
        assert_eq!(town.act(&app, &delivery, "hand_over", proof).await["verdict"], "applied");
        app.advance(3600).await;
        assert_eq!(shown(&app, &town, &order).await["payment"]["state"], "authorised");
        app.advance(24 * 3600).await;
        assert_eq!(shown(&app, &town, &order).await["payment"]["state"], "captured");
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}
