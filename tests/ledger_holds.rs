//! Holds that are over end by the clock, and those a hand-off depends on do not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, clippy::panic)]

#[path = "support/ledger.rs"]
mod bank;
#[path = "support/app.rs"]
mod support;

use bank::{Bank, broken, krw, transfer_id};
use callahead::app::ports::Clock;
use callahead_domain::id::DeliveryId;
use callahead_domain::ledger::{Action, Code, Request, Verdict};
use chrono::Duration;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use support::{TestApp, Town};
use uuid::Uuid;

/// The payment of a new order, as its text, and its delivery.
async fn payment(app: &TestApp, town: &Town) -> (String, Uuid) {
    let order = town.place(app).await;
    let delivery: DeliveryId = order["delivery_id"].as_str().unwrap().parse().unwrap();
    let all = entity::payment::Entity::find().all(app.built.app.db.read()).await.unwrap();
    let row = all.iter().find(|row| row.delivery_id == delivery.uuid()).unwrap();
    (callahead_domain::id::PaymentId::from_uuid(row.id).to_string(), delivery.uuid())
}

async fn hand_off(app: &TestApp, delivery: Uuid, status: &str) {
    let row = entity::hand_off::Model {
        id: Uuid::from_u128(delivery.as_u128() ^ status.len() as u128),
        delivery_id: delivery,
        status: status.to_owned(),
        method: "code".to_owned(),
        proof: "{}".to_owned(),
        at: 0,
    };
    let writer = app.built.app.db.writer();
    entity::hand_off::Entity::insert(row.into_active_model()).exec_without_returning(writer).await.unwrap();
}

fn hold(app: &TestApp, bank: &Bank, id: u128, reference: &str) -> Request {
    let action = Action::Hold {
        debit: bank.wallet(0),
        credit: bank.shop,
        amount: krw(10),
        expires_at: Some(app.built.app.clock.now() + Duration::hours(1)),
    };
    Request::new(transfer_id(id), Code::OrderHold, reference, action)
}

/// Which of these holds are still open.
async fn open(app: &TestApp, holds: &[u128]) -> Vec<u128> {
    let all = entity::ledger_transfer::Entity::find().all(app.built.app.db.read()).await.unwrap();
    let resolved = |hold: u128| all.iter().any(|row| row.pending_id == Some(Uuid::from_u128(hold)));
    holds.iter().copied().filter(|hold| !resolved(*hold)).collect()
}

#[tokio::test]
async fn a_hold_ends_by_the_clock_unless_its_delivery_was_handed_over_or_somebody_says_so() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true;
        let town = app.town().await;
        let ledger = &app.built.app.ledger;
        let bank = Bank::with(ledger, 1).await;
        ledger.carry_out(bank.top_up(1, 0, 100)).await.unwrap();
        let (plain, _) = payment(&app, &town).await;
        let (claimed, its_delivery) = payment(&app, &town).await;
        let (rejected, other_delivery) = payment(&app, &town).await;
        for (id, reference) in [(11, &plain), (12, &claimed), (13, &rejected)] {
            ledger.carry_out(hold(&app, &bank, id, reference)).await.unwrap();
        }
        hand_off(&app, its_delivery, "claimed").await;
        hand_off(&app, other_delivery, "rejected").await;
        let now = app.clock.now();
        assert_eq!(app.built.app.end_holds(now + Duration::minutes(59)).await.unwrap(), 0);
        assert_eq!(open(&app, &[11, 12, 13]).await, [11, 12, 13]);
        app.clock.advance_by(Duration::hours(2));
        assert_eq!(app.built.app.end_holds(app.clock.now()).await.unwrap(), 2);
        assert_eq!(open(&app, &[11, 12, 13]).await, [12]);
        assert_eq!(app.built.app.end_holds(app.clock.now()).await.unwrap(), 0, "nothing ends twice");
        // What was handed over is paid, however late.
        let late = |id, hold| {
            Request::new(
                transfer_id(id),
                Code::Capture,
                "x",
                Action::Post { hold: transfer_id(hold), amount: None },
            )
        };
        assert!(matches!(ledger.carry_out(late(21, 12)).await.unwrap(), Verdict::Made(_)));
        assert!(matches!(ledger.carry_out(late(22, 11)).await.unwrap(), Verdict::Refused(_)));
        assert_eq!(broken(&app.built.app.db).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_claim_that_was_rejected_lets_the_hold_end_later() {
    let mut app = TestApp::sqlite().await;
    app.leave_jobs = true;
    let town = app.town().await;
    let ledger = &app.built.app.ledger;
    let bank = Bank::with(ledger, 1).await;
    ledger.carry_out(bank.top_up(1, 0, 100)).await.unwrap();
    let (reference, delivery) = payment(&app, &town).await;
    ledger.carry_out(hold(&app, &bank, 11, &reference)).await.unwrap();
    hand_off(&app, delivery, "claimed").await;
    app.clock.advance_by(Duration::hours(2));
    assert_eq!(app.built.app.end_holds(app.clock.now()).await.unwrap(), 0);
    let reject = "UPDATE hand_off SET status = 'rejected'";
    app.built.app.db.writer().execute_unprepared(reject).await.unwrap();
    assert_eq!(
        app.built.app.end_holds(app.clock.now()).await.unwrap(),
        1,
        "the sweeper was not refused for good"
    );
}
