//! Orders paid from a prepaid wallet: held when ordered, taken at the hand-off, given back otherwise.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;
#[path = "support/wallet.rs"]
mod wallet;

use app as support;
use app::{TestApp, Town};
use serde_json::{Value, json};
use walk::hand_over;
use wallet::{Purse, sound};

const MIRA: &str = "+82 10-3000-0001";
const TOTAL: i64 = 24_000;

/// An order paid from this wallet.
async fn place(app: &TestApp, town: &Town, purse: &Purse) -> Value {
    let mut body = town.order();
    body["payment"] = json!({"provider": "wallet", "method": purse.id});
    let order = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
    app.settle().await;
    order
}

async fn payment(app: &TestApp, town: &Town, order: &Value) -> Value {
    walk::order(app, town, order).await["payment"].clone()
}

async fn to_the_door(app: &TestApp, town: &Town, purse: &Purse) -> Value {
    Town::on_duty(app, &town.session).await;
    let order = place(app, town, purse).await;
    app.settle().await;
    let link = Town::token(&order);
    app.post(&format!("/v1/c/{link}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
    for kind in ["collect", "set_off", "arrive"] {
        let done = town.act(app, order["delivery_id"].as_str().unwrap(), kind, Value::Null).await;
        assert_eq!(done["verdict"], "applied", "{done}");
    }
    order
}

async fn owed_to_shop(app: &TestApp, town: &Town) -> (i64, i64) {
    let own = app.get("/v1/accounts", &town.shop_key).await.expect(200);
    let of = |name: &str| own["data"][0][name]["amount"].as_i64().unwrap();
    (of("balance"), of("expected"))
}

#[tokio::test]
async fn what_is_handed_over_is_taken_from_the_hold() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let mira = Purse::open(&app, MIRA, 30_000).await;
        let order = to_the_door(&app, &town, &mira).await;
        assert_eq!(payment(&app, &town, &order).await["state"], "authorised");
        assert_eq!(mira.figures(&app).await, (30_000, TOTAL, 6_000));
        assert_eq!(owed_to_shop(&app, &town).await, (0, TOTAL));
        hand_over(&app, &town, &order).await;
        app.past_the_grace().await;
        assert_eq!(payment(&app, &town, &order).await["state"], "captured");
        assert_eq!(mira.figures(&app).await, (6_000, 0, 6_000));
        assert_eq!(owed_to_shop(&app, &town).await, (TOTAL, 0));
        let refunds = format!("/v1/orders/{}/refunds", order["id"].as_str().unwrap());
        let back = json!({"amount": {"amount": 4_000, "currency": "KRW"}, "reason": "a broken jar"});
        app.post(&refunds, &town.shop_key, back).await.expect(201);
        app.advance(60).await;
        let told = app.get(&refunds, &town.shop_key).await.expect(200);
        assert_eq!(told["data"][0]["state"], "succeeded", "{told}");
        assert_eq!(mira.figures(&app).await, (10_000, 0, 10_000));
        let names: Vec<String> = mira.lines(&app).await.into_iter().map(|line| line.0).collect();
        assert_eq!(names, ["refund", "capture", "order_hold", "top_up"]);
        assert_eq!(app.audit().await, Vec::<String>::new());
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_cancelled_order_gives_the_hold_back() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let mira = Purse::open(&app, MIRA, 30_000).await;
        let order = place(&app, &town, &mira).await;
        assert_eq!(mira.figures(&app).await, (30_000, TOTAL, 6_000));
        let cancel = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&cancel, &town.shop_key, json!({"reason": "sold out"})).await.expect(200);
        app.advance(60).await;
        assert_eq!(payment(&app, &town, &order).await["state"], "released");
        assert_eq!(mira.figures(&app).await, (30_000, 0, 30_000));
        sound(&app).await;
    }
}

#[tokio::test]
async fn an_order_without_the_money_for_it_is_declined_and_goes_nowhere() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let mira = Purse::open(&app, MIRA, TOTAL - 1).await;
        Town::on_duty(&app, &town.session).await;
        let order = place(&app, &town, &mira).await;
        assert_eq!(payment(&app, &town, &order).await["state"], "declined");
        app.advance(60).await;
        assert_eq!(walk::order(&app, &town, &order).await["status"], "received");
        assert_eq!(mira.figures(&app).await, (TOTAL - 1, 0, TOTAL - 1));
        // With money in it, another payment is asked for and held.
        mira.top_up(&app, "later", 1).await.expect(200);
        let again = format!("/v1/orders/{}/payment/authorise", order["id"].as_str().unwrap());
        let wish = json!({"provider": "wallet", "method": mira.id});
        app.post(&again, &town.shop_key, wish).await.expect(200);
        app.advance(60).await;
        assert_eq!(payment(&app, &town, &order).await["state"], "authorised");
        assert_eq!(mira.figures(&app).await, (TOTAL, TOTAL, 0));
        let cancel = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&cancel, &town.shop_key, json!({"reason": "enough"})).await.expect(200);
        app.advance(60).await;
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_frozen_wallet_and_what_is_no_wallet_are_declined() {
    let mut app = TestApp::sqlite().await;
    app.leave_jobs = true;
    let town = app.town().await;
    let mira = Purse::open(&app, MIRA, 100_000).await;
    app.post(&format!("/v1/accounts/{}/freeze", mira.account), &app.operator, json!({})).await.expect(200);
    let order = place(&app, &town, &mira).await;
    assert_eq!(payment(&app, &town, &order).await["state"], "declined");
    for method in ["tok_visa", "wal_00000000000000000000000000"] {
        let nobody = Purse { id: method.to_owned(), ..mira.clone() };
        let order = place(&app, &town, &nobody).await;
        assert_eq!(payment(&app, &town, &order).await["state"], "declined", "{method}");
    }
    let mut body = town.order();
    body["payment"] = json!({"provider": "wallet"});
    app.post("/v1/orders", &town.shop_key, body).await.expect_problem(422, "invalid");
    sound(&app).await;
}
