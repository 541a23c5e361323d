//! A delivery walked from the shop to the door through the API, for tests of what happens afterwards.
#![allow(dead_code)]

use super::app::{TestApp, Town};
use callahead_domain::id::DeliveryId;
use serde_json::{Value, json};

/// The delivery's id of an order.
pub fn delivery_of(order: &Value) -> DeliveryId {
    order["delivery_id"].as_str().unwrap().parse().unwrap()
}

/// A courier on duty, an order assigned, answered, collected, and the courier at the door.
pub async fn to_the_door(app: &TestApp, town: &Town) -> Value {
    Town::on_duty(app, &town.session).await;
    let order = town.place(app).await;
    app.settle().await;
    let link = Town::token(&order);
    app.post(&format!("/v1/c/{link}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
    for kind in ["collect", "set_off", "arrive"] {
        done(&town.act(app, order["delivery_id"].as_str().unwrap(), kind, Value::Null).await);
    }
    order
}

/// The customer's code, typed by the courier.
pub async fn hand_over(app: &TestApp, town: &Town, order: &Value) {
    let code = app.built.app.secrets.hand_off_code(delivery_of(order), 0);
    done(&town.act(app, order["delivery_id"].as_str().unwrap(), "hand_over", json!({"code": code})).await);
}

/// The order as its shop sees it.
pub async fn order(app: &TestApp, town: &Town, order: &Value) -> Value {
    app.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap()), &town.shop_key).await.expect(200)
}

#[track_caller]
fn done(result: &Value) {
    assert_eq!(result["verdict"], "applied", "{result}");
}
