//! Cards end to end: an order is held, delivered, captured, refunded, cancelled, renewed through a provider that speaks
//! Stripe's dialect and loses what can be lost. Its own books are compared with ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/psp.rs"]
mod psp;
#[path = "support/walk.rs"]
mod walk;

use app::db::TestDb;
use app::{TestApp, Town};
use psp::{Fault, Psp};
use serde_json::{Value, json};
use walk::{hand_over, order};

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

/// A town whose service takes cards.
async fn with_cards(database: TestDb, psp: &Psp) -> (TestApp, Town) {
    let settings = psp.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = TestApp::on(database, &settings).await;
    psp.set_clock(app.clock_s());
    let town = app.town().await;
    (app, town)
}

trait ClockS {
    fn clock_s(&self) -> i64;
}

impl ClockS for TestApp {
    fn clock_s(&self) -> i64 {
        use callahead::app::ports::Clock;
        self.clock.now().timestamp()
    }
}

async fn pass(app: &TestApp, psp: &Psp, seconds: i64) {
    let mut left = seconds;
    while left > 0 {
        let step = left.min(HOUR_S);
        app.advance(step).await;
        psp.set_clock(app.clock_s());
        left -= step;
    }
}

async fn place(app: &TestApp, town: &Town, payment: Value) -> Value {
    let mut body = town.order();
    body["payment"] = payment;
    app.post("/v1/orders", &town.shop_key, body).await.expect(201)
}

fn by_card() -> Value {
    json!({"provider": "stripe", "method": "pm_card_visa"})
}

async fn state(app: &TestApp, town: &Town, placed: &Value) -> String {
    order(app, town, placed).await["payment"]["state"].as_str().unwrap().to_owned()
}

async fn to_the_door(app: &TestApp, town: &Town, placed: &Value) {
    Town::on_duty(app, &town.session).await;
    walk_to_the_door(app, town, placed).await;
}

async fn walk_to_the_door(app: &TestApp, town: &Town, placed: &Value) {
    app.settle().await;
    let link = Town::token(placed);
    app.post(&format!("/v1/c/{link}/answers"), "", json!({"outcome": "home_now"})).await.expect(200);
    for kind in ["collect", "set_off", "arrive"] {
        let done = town.act(app, placed["delivery_id"].as_str().unwrap(), kind, Value::Null).await;
        assert_eq!(done["verdict"], "applied", "{kind}: {done}");
    }
}

/// What must be true at the end: the provider's books and ours are the same to the unit.
async fn books_agree(app: &TestApp, town: &Town, psp: &Psp, placed: &Value) {
    let path = format!("/v1/orders/{}/payments", placed["id"].as_str().unwrap());
    let ours = app.get(&path, &town.shop_key).await.expect(200);
    let ours: i64 = ours["payments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["captured"]["amount"].as_i64().unwrap())
        .sum();
    let theirs: i64 = psp.intents().values().map(|intent| intent.received).sum();
    assert_eq!(ours, theirs);
    assert!(psp.intents().values().all(|intent| intent.captures <= 1), "{:?}", psp.intents());
    assert_eq!(app.audit().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_card_is_held_before_anybody_goes_and_taken_after_the_hand_off() {
    for database in TestDb::each_bare().await {
        let psp = Psp::start();
        let (app, town) = with_cards(database, &psp).await;
        let placed = place(&app, &town, by_card()).await;
        assert_eq!(placed["payment"]["state"], "authorising");
        Town::on_duty(&app, &town.session).await;
        let assign = json!({"command": "assign", "courier_id": town.courier});
        let path = format!("/v1/deliveries/{}/commands", placed["delivery_id"].as_str().unwrap());
        app.post(&path, &town.dispatcher, assign).await.expect_problem(409, "payment_not_authorised");
        app.settle().await;
        let held = order(&app, &town, &placed).await;
        assert_eq!(held["payment"]["state"], "authorised");
        walk_to_the_door(&app, &town, &placed).await;
        hand_over(&app, &town, &placed).await;
        pass(&app, &psp, 60).await;
        assert_eq!(state(&app, &town, &placed).await, "captured");
        let [(_, intent)] = &psp.of(placed["payment"]["id"].as_str().unwrap())[..] else {
            panic!("one payment")
        };
        assert_eq!((intent.status.as_str(), intent.received), ("succeeded", 24_000));
        let refund = json!({"amount": {"amount": 4_000, "currency": "KRW"}, "reason": "a broken jar"});
        let path = format!("/v1/orders/{}/refunds", placed["id"].as_str().unwrap());
        psp.plan([Fault::LostAnswer, Fault::ErrorAfter]);
        let refund = app.post(&path, &town.shop_key, refund).await.expect(201);
        pass(&app, &psp, DAY_S).await;
        assert_eq!(psp.refunds(), [(refund["id"].as_str().unwrap().to_owned(), 4_000)]);
        let shown = app.get(&path, &town.shop_key).await.expect(200);
        assert_eq!(shown["data"][0]["state"], "succeeded");
        books_agree(&app, &town, &psp, &placed).await;
    }
}

/// Whatever is lost while the card is held, one hold comes of it.
#[tokio::test]
async fn one_hold_comes_of_an_order_whatever_is_lost() {
    for faults in [
        vec![Fault::LostRequest],
        vec![Fault::LostAnswer],
        vec![Fault::ErrorBefore],
        vec![Fault::ErrorAfter],
        vec![Fault::Status(503), Fault::Status(429), Fault::LostAnswer],
        vec![Fault::Status(409), Fault::ErrorBefore, Fault::ErrorAfter],
        vec![Fault::WrongAmount],
    ] {
        for database in TestDb::each_bare().await {
            let psp = Psp::start();
            // Others' payments stand in the list before ours.
            (0..5).for_each(|_| drop(psp.hold(1, "krw")));
            let (app, town) = with_cards(database, &psp).await;
            psp.plan(faults.iter().copied());
            let placed = place(&app, &town, by_card()).await;
            pass(&app, &psp, 25 * 60).await;
            assert_eq!(state(&app, &town, &placed).await, "authorised", "{faults:?}");
            assert_eq!(psp.of(placed["payment"]["id"].as_str().unwrap()).len(), 1, "{faults:?}");
            books_agree(&app, &town, &psp, &placed).await;
        }
    }
}

/// Whatever is lost while the money is taken, it is taken once, by a provider that refuses a second capture and by one
/// that does not.
#[tokio::test]
async fn the_money_is_taken_once_whatever_is_lost() {
    for second in [false, true] {
        for faults in [
            vec![Fault::LostRequest, Fault::LostAnswer],
            vec![Fault::ErrorBefore, Fault::ErrorAfter],
            vec![Fault::Status(503), Fault::ErrorBefore, Fault::LostAnswer],
            vec![Fault::Delayed],
            vec![Fault::WrongAmount],
        ] {
            let psp = Psp::start();
            let (app, town) = with_cards(TestDb::bare_sqlite().await, &psp).await;
            let placed = place(&app, &town, by_card()).await;
            app.settle().await;
            to_the_door(&app, &town, &placed).await;
            if second {
                psp.accept_second_captures();
            }
            psp.plan(faults.iter().copied());
            hand_over(&app, &town, &placed).await;
            pass(&app, &psp, 120).await;
            psp.run_delayed();
            pass(&app, &psp, DAY_S).await;
            assert_eq!(state(&app, &town, &placed).await, "captured", "{faults:?}");
            books_agree(&app, &town, &psp, &placed).await;
        }
    }
}

#[tokio::test]
async fn a_declined_card_keeps_the_order_and_another_one_is_taken() {
    let psp = Psp::start();
    let (app, town) = with_cards(TestDb::bare_sqlite().await, &psp).await;
    psp.plan([Fault::Decline("insufficient_funds")]);
    let placed = place(&app, &town, by_card()).await;
    app.settle().await;
    let declined = order(&app, &town, &placed).await;
    assert_eq!(
        (&declined["payment"]["state"], &declined["payment"]["failure"]),
        (&json!("declined"), &json!("insufficient_funds"))
    );
    let queue = app.get("/v1/exceptions?kind=payment_wanted", &town.dispatcher).await.expect(200);
    assert_eq!(queue["data"].as_array().unwrap().len(), 1);
    let path = format!("/v1/orders/{}/payment/authorise", placed["id"].as_str().unwrap());
    app.post(&path, &town.shop_key, json!({"provider": "stripe"})).await.expect_problem(422, "invalid");
    app.post(&path, &town.shop_key, json!({"provider": "stripe", "method": "pm_other"})).await.expect(200);
    app.settle().await;
    assert_eq!(state(&app, &town, &placed).await, "authorised");
}

#[tokio::test]
async fn a_hold_of_which_nobody_knows_is_undone_also_when_it_comes_late() {
    let psp = Psp::start();
    let (app, town) = with_cards(TestDb::bare_sqlite().await, &psp).await;
    psp.plan([Fault::Delayed]);
    psp.plan_reads(std::iter::repeat_n(503, 200));
    let placed = place(&app, &town, by_card()).await;
    pass(&app, &psp, 31 * 60).await;
    assert_eq!(state(&app, &town, &placed).await, "release_due");
    psp.run_delayed();
    assert_eq!(psp.intents().len(), 1, "the hold came about late");
    pass(&app, &psp, 2 * DAY_S).await;
    assert_eq!(state(&app, &town, &placed).await, "released");
    assert!(psp.intents().values().all(|intent| intent.status == "canceled"));
    books_agree(&app, &town, &psp, &placed).await;
}

#[tokio::test]
async fn a_cancelled_order_lets_the_card_go() {
    for database in TestDb::each_bare().await {
        let psp = Psp::start();
        let (app, town) = with_cards(database, &psp).await;
        let placed = place(&app, &town, by_card()).await;
        app.settle().await;
        psp.plan([Fault::LostAnswer]);
        let path = format!("/v1/orders/{}/cancel", placed["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "sold out"})).await.expect(200);
        pass(&app, &psp, HOUR_S).await;
        assert_eq!(state(&app, &town, &placed).await, "released");
        assert!(psp.intents().values().all(|intent| intent.status == "canceled"));
        // Cancelled before the provider was ever asked: nothing goes out.
        let keys = psp.keys().len();
        let other = place(&app, &town, by_card()).await;
        let path = format!("/v1/orders/{}/cancel", other["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "sold out"})).await.expect(200);
        pass(&app, &psp, HOUR_S).await;
        assert_eq!((state(&app, &town, &other).await.as_str(), psp.keys().len()), ("released", keys));
        books_agree(&app, &town, &psp, &other).await;
    }
}

#[tokio::test]
async fn a_hold_made_by_the_shop_is_adopted_if_it_is_the_right_one() {
    let psp = Psp::start();
    let (app, town) = with_cards(TestDb::bare_sqlite().await, &psp).await;
    let (right, wrong) = (psp.hold(24_000, "krw"), psp.hold(23_999, "krw"));
    let good = place(&app, &town, json!({"provider": "stripe", "reference": right})).await;
    app.settle().await;
    assert_eq!(state(&app, &town, &good).await, "authorised");
    let bad = place(&app, &town, json!({"provider": "stripe", "reference": wrong})).await;
    let none = place(&app, &town, json!({"provider": "stripe", "reference": "pi_none"})).await;
    pass(&app, &psp, 60).await;
    assert_ne!(state(&app, &town, &bad).await, "authorised");
    assert_eq!(state(&app, &town, &none).await, "declined");
    assert!(psp.keys().is_empty(), "nothing is made, only looked at");
    app.post(
        &format!("/v1/orders/{}/cancel", bad["id"].as_str().unwrap()),
        &town.shop_key,
        json!({"reason": "x"}),
    )
    .await
    .expect(200);
    pass(&app, &psp, 60).await;
}

#[tokio::test]
async fn edge_63_a_hold_that_ends_is_renewed_beside_the_old_one() {
    for database in TestDb::each_bare().await {
        let psp = Psp::start();
        let (app, town) = with_cards(database, &psp).await;
        let mut body = town.order();
        let at = |days: i64, hour: i64| {
            use callahead::app::ports::Clock;
            app.clock.now() + chrono::TimeDelta::hours(days * 24 + hour)
        };
        body["payment"] = json!({"provider": "stripe", "method": "cus_1/pm_kept"});
        body["ready_at"] = json!(at(8, 0));
        body["window"] = json!({"from": at(8, 1), "until": at(8, 4)});
        let placed = app.post("/v1/orders", &town.shop_key, body).await.expect(201);
        pass(&app, &psp, 7 * DAY_S + HOUR_S).await;
        assert_eq!(state(&app, &town, &placed).await, "authorised");
        let statuses: Vec<String> = psp.intents().into_values().map(|intent| intent.status).collect();
        assert_eq!(statuses, ["canceled", "requires_capture"]);
        books_agree(&app, &town, &psp, &placed).await;
        let path = format!("/v1/orders/{}/cancel", placed["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "x"})).await.expect(200);
        pass(&app, &psp, 60).await;
    }
}
