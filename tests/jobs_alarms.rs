//! The alarm clock: what is due is woken once, and an alarm without a reason does not ring for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

async fn cancel(app: &TestApp, town: &Town, order: &Value) {
    let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    app.settle().await;
}

#[tokio::test]
async fn an_alarm_without_a_reason_is_set_anew_and_does_not_ring_for_ever() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let order = town.place(&app).await;
        let (service, now) = (&app.built.app, app.clock.now());
        let sql = format!("UPDATE delivery SET wake_at = {}", now.timestamp_micros() - 1);
        service.db.writer().execute_unprepared(&sql).await.unwrap();
        assert_eq!(service.wake_due(now, 10).await.unwrap(), 1);
        assert_eq!(service.wake_due(now, 10).await.unwrap(), 0);
        assert_eq!(service.next_due().await.unwrap(), None, "nothing is due for an order without a courier");
        assert_eq!(app.audit().await, Vec::<String>::new());
        cancel(&app, &town, &order).await;
    }
}

#[tokio::test]
async fn many_alarms_are_woken_together_and_each_once() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let mut orders = Vec::new();
    for _ in 0..6 {
        orders.push(town.place(&app).await);
    }
    let service = &app.built.app;
    service.dispatch_epoch(app.clock.now()).await.unwrap();
    let commits = service.lanes.commits();
    let before = *commits.borrow();
    let woken = service.wake_due(app.clock.now(), 100).await.unwrap();
    assert!(woken >= 4, "{woken} of six were about to be asked");
    assert!(*commits.borrow() - before <= 3, "they share commits");
    assert_eq!(service.wake_due(app.clock.now(), 100).await.unwrap(), 0);
    app.settle().await;
    for order in &orders {
        cancel(&app, &town, order).await;
    }
}

#[tokio::test]
async fn a_hand_off_without_a_code_is_captured_when_nobody_objected_in_time() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = walk::to_the_door(&app, &town).await;
    let signed = json!({"signature": {"signer": "Mira Tolvane", "strokes": "M0 0L9 9"}});
    let result = town.act(&app, order["delivery_id"].as_str().unwrap(), "hand_over", signed).await;
    assert_eq!(result["verdict"], "applied", "{result}");
    app.advance(TimeDelta::hours(23).num_seconds()).await;
    assert_eq!(walk::order(&app, &town, &order).await["payment"]["state"], "authorised");
    app.advance(TimeDelta::hours(2).num_seconds()).await;
    assert_eq!(walk::order(&app, &town, &order).await["payment"]["state"], "captured");
    assert_eq!(app.audit().await, Vec::<String>::new());
}
