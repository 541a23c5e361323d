//! Jobs whose workers die, lose their lease or meet what they cannot do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::TestApp;
use callahead::app::Error;
use callahead::app::ports::Clock;
use callahead::app::queue::{Hold, Settle};
use callahead::app::unit::Unit;
use callahead::jobs;
use callahead::store::deliveries::micros;
use callahead::store::jobs::{NewJob, enqueue};
use callahead::store::tx::Tx;
use chrono::TimeDelta;
use std::sync::Arc;
use uuid::Uuid;

struct Enqueue(NewJob);

impl Unit for Enqueue {
    type Output = ();

    fn key(&self) -> Uuid {
        self.0.id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        enqueue(tx, self.0.clone());
        Ok(())
    }
}

async fn queued(app: &TestApp, kind: &str, payload: &str) -> Uuid {
    let id = app.built.app.ids().job().uuid();
    let now = micros(app.clock.now());
    let (kind, payload) = (kind.to_owned(), payload.to_owned());
    let job = NewJob { id, kind, dedupe: None, payload, run_at: now, delivery_id: None, created_at: now };
    app.built.app.lanes.write(Enqueue(job)).await.unwrap();
    id
}

async fn parked(app: &TestApp) -> Vec<String> {
    let answer = app.get("/v1/jobs?state=parked", &app.operator).await.expect(200);
    answer["data"].as_array().unwrap().iter().map(|job| job["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_job_nobody_can_do_is_tried_a_few_times_and_then_parked_for_a_person() {
    for app in TestApp::each().await {
        queued(&app, "paint_the_fence", "{}").await;
        app.settle().await;
        assert!(parked(&app).await.is_empty(), "a newer release may know the task: it is tried again");
        app.advance(3600).await;
        assert_eq!(parked(&app).await, ["paint_the_fence"]);
        let exceptions = app.get("/v1/exceptions?kind=job_parked", &app.operator).await.expect(200);
        assert_eq!(exceptions["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_payload_nobody_can_read_is_parked_at_once() {
    let app = TestApp::sqlite().await;
    queued(&app, "send_notice", "{\"what\": 1}").await;
    app.settle().await;
    assert_eq!(parked(&app).await, ["send_notice"]);
}

#[tokio::test]
async fn a_dead_workers_job_comes_free_with_its_lease_and_the_dead_ones_word_counts_no_more() {
    for app in TestApp::each().await {
        let id = queued(&app, "paint_the_fence", "{}").await;
        let service = &app.built.app;
        let first = service.claim_jobs(app.clock.now(), 10).await.unwrap();
        assert_eq!(first.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
        assert!(service.claim_jobs(app.clock.now(), 10).await.unwrap().is_empty());
        let next = service.next_due().await.unwrap().unwrap();
        assert_eq!(next, app.clock.now() + TimeDelta::seconds(60), "the lease's end");
        app.clock.advance_to(next);
        let second = service.claim_jobs(app.clock.now(), 10).await.unwrap();
        assert!(second[0].fence > first[0].fence);
        let (old, new) = (Hold::from(&first[0]), Hold::from(&second[0]));
        assert!(!service.hold_job(old).await.unwrap());
        assert!(!service.note_job(old, "{}".to_owned()).await.unwrap());
        assert!(!service.conclude_job(old, None, Settle::Finish.into()).await.unwrap());
        assert!(service.hold_job(new).await.unwrap());
        assert!(service.conclude_job(new, None, Settle::Finish.into()).await.unwrap());
        assert!(service.claim_jobs(app.clock.now() + TimeDelta::hours(1), 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_idle_service_opens_no_write_transaction_to_find_that_nothing_is_due() {
    let app = TestApp::sqlite().await;
    app.settle().await;
    let commits = app.built.app.lanes.commits();
    let before = *commits.borrow();
    for _ in 0..5 {
        app.clock.advance_by(TimeDelta::seconds(30));
        app.settle().await;
    }
    assert_eq!(*commits.borrow(), before);
}

#[tokio::test]
async fn the_runner_does_what_is_due_and_ends_with_the_shutdown() {
    let app = TestApp::sqlite().await;
    queued(&app, "send_notice", "{}").await;
    let (service, tools) = (app.built.app.clone().into_inner(), Arc::clone(&app.built.tools));
    let runner = tokio::spawn(jobs::run(Arc::clone(&service), tools));
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while parked(&app).await.is_empty() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("the runner finds the job");
    service.shutdown.trigger();
    tokio::time::timeout(std::time::Duration::from_secs(20), runner).await.expect("the runner ends").unwrap();
}
