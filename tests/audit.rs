//! An audit finds what is wrong: each test damages a sound database in one way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/walk.rs"]
mod walk;

use app::TestApp;
use sea_orm::ConnectionTrait;

/// A database with one delivered and captured order.
async fn sound() -> TestApp {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = walk::to_the_door(&app, &town).await;
    walk::hand_over(&app, &town, &order).await;
    app.advance(60).await;
    assert_eq!(app.audit().await, Vec::<String>::new());
    app
}

/// The only complaints after this damage.
async fn damaged(sql: &str, complaint: &str) {
    let app = sound().await;
    app.built.app.db.writer().execute_unprepared(sql).await.unwrap();
    let found = app.audit().await;
    assert!(found.iter().any(|one| one.contains(complaint)), "{sql}: {found:?}");
}

#[tokio::test]
async fn a_changed_or_missing_event_is_found() {
    let gone = "DROP TRIGGER event_no_delete; DELETE FROM event WHERE seq = 3";
    damaged(gone, "the chain of events breaks at 3").await;
    let changed = "DROP TRIGGER event_no_update; UPDATE event SET data = replace(data, 'PickedUp', 'picked') , at = at + 1 WHERE seq = 2";
    damaged(changed, "the chain of events breaks at 2").await;
    let cut = "DROP TRIGGER event_no_delete; DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)";
    damaged(cut, "the chain of events breaks at").await;
}

#[tokio::test]
async fn a_state_that_is_not_the_fold_of_its_events_is_found() {
    damaged(
        "UPDATE delivery SET state = replace(state, '\"attempts\":0', '\"attempts\":1')",
        "not the fold of its events",
    )
    .await;
    damaged("UPDATE delivery SET stage = 'collected'", "the columns disagree").await;
}

#[tokio::test]
async fn money_that_is_told_in_two_ways_is_found() {
    damaged("UPDATE provider_command SET state = 'sent'", "0 captures are done").await;
    damaged("DELETE FROM payment_resolution", "its resolution None").await;
    damaged(
        "UPDATE payment SET state = '{\"state\":\"authorised\",\"until\":null}'",
        "the payment's row disagrees",
    )
    .await;
    let second = "INSERT INTO provider_command SELECT randomblob(16), payment_id, 'release', 1, 'x', body, 'done', 1, 1, answer, 1, refund_id FROM provider_command";
    damaged(second, "1 captures and 1 releases took effect").await;
}

#[tokio::test]
async fn a_hand_off_that_is_not_on_file_and_a_job_without_a_delivery_are_found() {
    let unfiled = "DELETE FROM payment_resolution; UPDATE hand_off SET status = 'rejected'";
    damaged(unfiled, "the confirmed hand-off is not on file").await;
    let orphan = "INSERT INTO job (id, kind, payload, run_at, attempts, fence, delivery_id, created_at, parked_at) \
                  VALUES (randomblob(16), 'send_notice', '{}', 1, 0, 0, randomblob(16), 1, 1)";
    damaged(orphan, "a job without a delivery").await;
}
