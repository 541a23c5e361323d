//! Jobs, leases and remembered answers: no job is lost, and nobody acts on a claim that has passed to another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

#[path = "support/db.rs"]
mod support;
#[path = "support/lanes.rs"]
mod work;

use std::collections::BTreeMap;

use callahead::app::Error;
use callahead::app::unit::{ClaimJobs, Lanes};
use callahead::store::db::DbKind;
use callahead::store::jobs::{self, Claim, Claimed, NewJob, Settled};
use callahead::store::lease::{self, Held};
use callahead::store::{idempotency, tx::Tx};
use proptest::prelude::{Just, Strategy, prop, prop_oneof};
use sea_orm::EntityTrait;
use support::TestDb;
use uuid::Uuid;
use work::{lanes, work, work_of};

const LEASE: i64 = 10;

fn job(id: u128, run_at: i64) -> NewJob {
    NewJob {
        id: Uuid::from_u128(id),
        kind: if id.is_multiple_of(2) { "even" } else { "odd" }.to_owned(),
        dedupe: None,
        payload: format!("{{\"n\":{id}}}"),
        run_at,
        delivery_id: None,
        created_at: 0,
    }
}

async fn enqueue(lanes: &Lanes, job: NewJob) {
    lanes
        .write(work(move |tx| {
            let job = job.clone();
            Box::pin(async move {
                jobs::enqueue(tx, job);
                Ok(())
            })
        }))
        .await
        .unwrap();
}

async fn claim(lanes: &Lanes, owner: &str, now: i64, limit: u32) -> Vec<Claimed> {
    let claim = Claim { owner: owner.to_owned(), now, lease_until: now + LEASE, limit, kinds: Vec::new() };
    lanes.write(ClaimJobs(claim)).await.unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Word {
    Finish,
    RetryAt(i64),
    Park,
    Extend(i64),
}

async fn say(lanes: &Lanes, id: Uuid, fence: i64, word: Word) -> Settled {
    lanes
        .write(work(move |tx| {
            Box::pin(async move {
                Ok(match word {
                    Word::Finish => jobs::finish(tx, id, fence).await,
                    Word::RetryAt(at) => jobs::retry_at(tx, id, fence, at, "not yet").await,
                    Word::Park => jobs::park(tx, id, fence, 1, "never").await,
                    Word::Extend(until) => jobs::extend(tx, id, fence, until).await,
                }?)
            })
        }))
        .await
        .unwrap()
}

async fn unpark(lanes: &Lanes, id: Uuid, run_at: i64) -> bool {
    lanes
        .write(work(move |tx| Box::pin(async move { Ok(jobs::unpark(tx, id, run_at).await?) })))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_job_is_claimed_once_and_gone_when_finished() {
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        enqueue(&lanes, job(1, 5)).await;
        assert_eq!(claim(&lanes, "a", 4, 9).await, vec![], "not due");
        let mine = claim(&lanes, "a", 5, 9).await;
        assert_eq!(mine.len(), 1);
        assert_eq!((mine[0].attempts, mine[0].fence, mine[0].payload.as_str()), (1, 1, "{\"n\":1}"));
        assert_eq!(claim(&lanes, "b", 5, 9).await, vec![], "held");
        assert_eq!(say(&lanes, mine[0].id, 1, Word::Finish).await, Settled::Done);
        assert_eq!(say(&lanes, mine[0].id, 1, Word::Finish).await, Settled::Lost);
        assert_eq!(claim(&lanes, "b", 99, 9).await, vec![]);
    }
}

#[tokio::test]
async fn a_dead_workers_job_passes_on_and_its_late_word_does_not_count() {
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        enqueue(&lanes, job(1, 0)).await;
        let first = claim(&lanes, "a", 0, 1).await.remove(0);
        assert_eq!(say(&lanes, first.id, first.fence, Word::Extend(20)).await, Settled::Done);
        assert_eq!(claim(&lanes, "b", 19, 1).await, vec![]);
        let second = claim(&lanes, "b", 20, 1).await.remove(0);
        assert_eq!((second.fence, second.attempts), (2, 2));
        for late in [Word::Finish, Word::RetryAt(0), Word::Park, Word::Extend(999)] {
            assert_eq!(say(&lanes, first.id, first.fence, late).await, Settled::Lost);
        }
        assert_eq!(say(&lanes, second.id, second.fence, Word::RetryAt(50)).await, Settled::Done);
        assert_eq!(say(&lanes, second.id, second.fence, Word::Finish).await, Settled::Lost, "given up");
        assert_eq!(claim(&lanes, "c", 49, 1).await, vec![]);
        assert_eq!(claim(&lanes, "c", 50, 1).await[0].fence, 3);
    }
}

#[tokio::test]
async fn a_parked_job_waits_for_a_person() {
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        enqueue(&lanes, job(1, 0)).await;
        let mine = claim(&lanes, "a", 0, 1).await.remove(0);
        assert!(!unpark(&lanes, mine.id, 0).await, "it is not parked");
        assert_eq!(say(&lanes, mine.id, mine.fence, Word::Park).await, Settled::Done);
        assert_eq!(claim(&lanes, "a", 1_000, 9).await, vec![]);
        assert_eq!(jobs::count_due(test.db.read(), 1_000).await.unwrap(), 0);
        assert!(unpark(&lanes, mine.id, 7).await);
        assert_eq!(jobs::count_due(test.db.read(), 7).await.unwrap(), 1);
        let again = claim(&lanes, "a", 7, 9).await.remove(0);
        assert_eq!((again.attempts, again.fence), (1, 2));
    }
}

#[tokio::test]
async fn jobs_are_claimed_longest_due_first_by_kind_and_once_per_dedupe() {
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        for (id, run_at) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
            enqueue(&lanes, job(id, run_at)).await;
        }
        let one = claim(&lanes, "a", 100, 1).await;
        assert_eq!(one[0].id, Uuid::from_u128(2));
        let claim_odd = Claim {
            owner: "a".to_owned(),
            now: 100,
            lease_until: 200,
            limit: 9,
            kinds: vec!["odd".to_owned(), "x".to_owned()],
        };
        let mut odd: Vec<u128> =
            lanes.write(ClaimJobs(claim_odd)).await.unwrap().iter().map(|job| job.id.as_u128()).collect();
        odd.sort_unstable();
        assert_eq!(odd, [1, 3]);
        for id in [11, 12] {
            enqueue(&lanes, NewJob { dedupe: Some("same".to_owned()), ..job(id, 0) }).await;
        }
        let due = claim(&lanes, "a", 0, 9).await;
        assert_eq!(due.iter().map(|job| job.id.as_u128()).collect::<Vec<_>>(), [11]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_of_several_replicas_never_hold_the_same_job() {
    for test in TestDb::each().await {
        let replicas = if test.kind() == DbKind::Sqlite { 1 } else { 3 };
        let replicas: Vec<Lanes> = (0..replicas).map(|_| lanes(&test.db)).collect();
        for id in 0..60 {
            enqueue(&replicas[0], job(id, 0)).await;
        }
        let claims = (0..12_usize).map(|n| {
            let lanes = replicas[n % replicas.len()].clone();
            tokio::spawn(async move { claim(&lanes, &format!("w{n}"), 0, 7).await })
        });
        let mut held = Vec::new();
        for claims in futures_util::future::join_all(claims).await {
            held.extend(claims.unwrap().into_iter().map(|job| job.id));
        }
        let all = held.len();
        held.sort_unstable();
        held.dedup();
        assert_eq!(held.len(), all, "no job twice");
        let rest = claim(&replicas[0], "last", 0, 100).await.len();
        assert_eq!(held.len() + rest, 60, "and none lost");
    }
}

#[derive(Clone, Debug)]
enum Act {
    Enqueue,
    Claim(u32),
    /// Time passes; leases may end.
    Pass(i64),
    /// The n-th claim ever made says something, in time or late. A worker that dies says nothing.
    Say(usize, Word),
    /// A person gives the n-th claim's job another chance.
    Unpark(usize),
}

fn any_act() -> impl Strategy<Value = Act> {
    let word = prop_oneof![
        4 => Just(Word::Finish),
        2 => (0..40_i64).prop_map(Word::RetryAt),
        1 => Just(Word::Park),
        1 => (0..60_i64).prop_map(Word::Extend),
    ];
    prop_oneof![
        3 => Just(Act::Enqueue),
        4 => (1..4_u32).prop_map(Act::Claim),
        3 => (0..15_i64).prop_map(Act::Pass),
        5 => ((0..12_usize), word).prop_map(|(n, word)| Act::Say(n, word)),
        1 => (0..12_usize).prop_map(Act::Unpark),
    ]
}

/// What a job should be.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    run_at: i64,
    attempts: i32,
    fence: i64,
    lease_until: Option<i64>,
    parked: bool,
}

#[derive(Default)]
struct Model {
    jobs: BTreeMap<u128, Wanted>,
    finished: u128,
    claims: Vec<(u128, i64)>,
}

impl Model {
    fn due(&self, now: i64) -> Vec<u128> {
        let free = |job: &Wanted| {
            !job.parked && job.run_at <= now && job.lease_until.is_none_or(|until| until <= now)
        };
        let mut due: Vec<_> =
            self.jobs.iter().filter(|(_, job)| free(job)).map(|(id, job)| (job.run_at, *id)).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn say(&mut self, id: u128, fence: i64, word: Word) -> Settled {
        let Some(job) = self.jobs.get_mut(&id) else { return Settled::Lost };
        if job.fence != fence || job.lease_until.is_none() {
            return Settled::Lost;
        }
        match word {
            Word::Finish => {
                self.jobs.remove(&id);
                self.finished += 1;
            }
            Word::RetryAt(at) => (job.run_at, job.lease_until) = (at, None),
            Word::Park => (job.parked, job.lease_until) = (true, None),
            Word::Extend(until) => job.lease_until = Some(until),
        }
        Settled::Done
    }
}

async fn follow(lanes: &Lanes, test: &TestDb, acts: Vec<Act>) {
    work::script(&test.db, "DELETE FROM job").await;
    let (mut model, mut now, mut made) = (Model::default(), 0_i64, 0_u128);
    for act in acts {
        match act {
            Act::Enqueue => {
                made += 1;
                enqueue(lanes, job(made, now)).await;
                let wanted = Wanted { run_at: now, attempts: 0, fence: 0, lease_until: None, parked: false };
                model.jobs.insert(made, wanted);
            }
            Act::Claim(limit) => {
                let mut wanted = model.due(now);
                wanted.truncate(limit as usize);
                wanted.sort_unstable();
                let mut got = claim(lanes, "w", now, limit).await;
                got.sort_by_key(|job| job.id);
                assert_eq!(got.iter().map(|job| job.id.as_u128()).collect::<Vec<_>>(), wanted);
                for claimed in got {
                    let job = model.jobs.get_mut(&claimed.id.as_u128()).unwrap();
                    (job.attempts, job.fence) = (job.attempts + 1, job.fence + 1);
                    job.lease_until = Some(now + LEASE);
                    assert_eq!((claimed.attempts, claimed.fence), (job.attempts, job.fence));
                    model.claims.push((claimed.id.as_u128(), claimed.fence));
                }
            }
            Act::Pass(time) => now += time,
            Act::Say(n, word) => {
                let Some(&(id, fence)) = model.claims.get(n) else { continue };
                assert_eq!(say(lanes, Uuid::from_u128(id), fence, word).await, model.say(id, fence, word));
            }
            Act::Unpark(n) => {
                let Some(&(id, _)) = model.claims.get(n) else { continue };
                let parked = model.jobs.get_mut(&id).filter(|job| job.parked);
                assert_eq!(unpark(lanes, Uuid::from_u128(id), now).await, parked.is_some());
                if let Some(job) = parked {
                    (job.parked, job.run_at, job.attempts) = (false, now, 0);
                }
            }
        }
    }
    let rows = entity::job::Entity::find().all(test.db.read()).await.unwrap();
    let found: BTreeMap<u128, Wanted> = rows
        .into_iter()
        .map(|row| {
            let (lease_until, parked) = (row.lease_until, row.parked_at.is_some());
            let job =
                Wanted { run_at: row.run_at, attempts: row.attempts, fence: row.fence, lease_until, parked };
            (row.id.as_u128(), job)
        })
        .collect();
    assert_eq!(found, model.jobs);
    assert_eq!(found.len() as u128 + model.finished, made, "no job is lost");
}

#[test]
fn the_queue_behaves_like_its_model_whoever_dies_when() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for test in runtime.block_on(TestDb::each()) {
        let cases = if test.kind() == DbKind::Sqlite { 64 } else { 12 };
        let lanes = runtime.block_on(async { lanes(&test.db) });
        let config = proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() };
        let acts = prop::collection::vec(any_act(), 1..50);
        proptest::test_runner::TestRunner::new(config)
            .run(&acts, |acts| {
                runtime.block_on(follow(&lanes, &test, acts));
                Ok(())
            })
            .unwrap();
    }
}

async fn with_lease<T: Send + 'static>(
    lanes: &Lanes,
    act: impl for<'a> Fn(&'a Tx) -> futures_util::future::BoxFuture<'a, Result<T, callahead::store::StoreError>>
    + Send
    + Sync
    + 'static,
) -> T {
    lanes
        .write(work(move |tx| {
            let acting = act(tx);
            Box::pin(async move { Ok(acting.await?) })
        }))
        .await
        .unwrap()
}

async fn acquire(lanes: &Lanes, owner: &'static str, now: i64) -> Option<Held> {
    with_lease(lanes, move |tx| Box::pin(lease::acquire(tx, "region 1", owner, now, now + LEASE))).await
}

/// The fencing numbers of the leases held, none when another holds one of them.
async fn hold(lanes: &Lanes, names: &[&str], owner: &'static str, now: i64) -> Option<Vec<Held>> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    with_lease(lanes, move |tx| {
        let names = names.clone();
        Box::pin(async move { lease::hold_all(tx, &names, owner, now, now + LEASE).await })
    })
    .await
}

async fn release(lanes: &Lanes, name: &str, owner: &'static str) -> u64 {
    let names = vec![name.to_owned()];
    with_lease(lanes, move |tx| {
        let names = names.clone();
        Box::pin(async move { lease::release_all(tx, &names, owner).await })
    })
    .await
}

async fn still(lanes: &Lanes, held: &Held, now: i64) -> bool {
    let held = held.clone();
    with_lease(lanes, move |tx| {
        let held = held.clone();
        Box::pin(async move { lease::still_held(tx, &held, now).await })
    })
    .await
}

#[tokio::test]
async fn a_lease_has_one_holder_and_a_number_that_only_rises() {
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        let first = acquire(&lanes, "a", 0).await.unwrap();
        assert_eq!((first.fence, first.until), (1, 10));
        assert_eq!(acquire(&lanes, "b", 9).await, None);
        assert_eq!(acquire(&lanes, "a", 9).await, None);
        let second = acquire(&lanes, "b", 10).await.unwrap();
        assert_eq!(second.fence, 2);
        assert!(!still(&lanes, &first, 0).await, "it has passed to another");
        assert!(still(&lanes, &second, 19).await);
        assert!(!still(&lanes, &second, 20).await);
        assert_eq!((release(&lanes, "region 1", "a").await, release(&lanes, "region 1", "b").await), (0, 1));
        assert!(!still(&lanes, &second, 11).await);
        assert_eq!(acquire(&lanes, "a", 11).await.unwrap().fence, 3);
        let row = lease::find(test.db.read(), "region 1").await.unwrap().unwrap();
        assert_eq!((row.owner.as_str(), row.fence), ("a", 3));
    }
}

#[tokio::test]
async fn leases_taken_together_are_held_all_or_none() {
    let fences = |held: Option<Vec<Held>>| {
        held.map(|all| all.into_iter().map(|one| (one.name, one.fence, one.until)).collect::<Vec<_>>())
    };
    let wanted = |all: &[(&str, i64, i64)]| {
        Some(all.iter().map(|(name, fence, until)| ((*name).to_owned(), *fence, *until)).collect::<Vec<_>>())
    };
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        assert_eq!(
            fences(hold(&lanes, &["r1", "r2"], "a", 0).await),
            wanted(&[("r1", 1, 10), ("r2", 1, 10)])
        );
        assert_eq!(hold(&lanes, &["r2", "r3"], "b", 5).await, None);
        let free = lease::find(test.db.read(), "r3").await.unwrap().unwrap();
        assert_eq!(free.until, 0, "what was free is not kept without the rest");
        // Held on, also after its end as long as nobody took it since: the number stays.
        assert_eq!(
            fences(hold(&lanes, &["r1", "r2"], "a", 12).await),
            wanted(&[("r1", 1, 22), ("r2", 1, 22)])
        );
        assert_eq!(
            fences(hold(&lanes, &["r2", "r3"], "b", 22).await),
            wanted(&[("r2", 2, 32), ("r3", 2, 32)])
        );
        // Who lost one of several gives the rest up.
        assert_eq!(hold(&lanes, &["r1", "r2"], "a", 23).await, None);
        assert_eq!(fences(hold(&lanes, &["r1"], "c", 23).await), wanted(&[("r1", 2, 33)]));
        // Given up and taken again: a new number.
        assert_eq!(release(&lanes, "r1", "c").await, 1);
        assert_eq!(fences(hold(&lanes, &["r1"], "c", 24).await), wanted(&[("r1", 3, 34)]));
        let all = lease::beginning_with(test.db.read(), "r").await.unwrap();
        assert_eq!(all.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_reach_for_a_lease_one_gets_it() {
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        let reaching = (0..16_u128).map(|n| {
            lanes.write(work_of(n, move |tx| {
                Box::pin(async move { Ok(lease::acquire(tx, "sweep", &format!("o{n}"), 0, 10).await?) })
            }))
        });
        let held: Vec<Held> = futures_util::future::join_all(reaching)
            .await
            .into_iter()
            .filter_map(|answer| answer.unwrap())
            .collect();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].fence, 1);
    }
}

#[tokio::test]
async fn an_answer_is_remembered_once_per_scope_and_key() {
    let answer = |scope: &str, body: &str| entity::idempotency::Model {
        scope: scope.to_owned(),
        key: "k".to_owned(),
        fingerprint: vec![1, 2],
        status: 201,
        body: body.to_owned(),
        created_at: 0,
    };
    for test in TestDb::each().await {
        let lanes = lanes(&test.db);
        for (scope, body, fits) in
            [("shop 1", "first", true), ("shop 1", "second", false), ("shop 2", "third", true)]
        {
            let row = answer(scope, body);
            let stored = lanes
                .write(work(move |tx| {
                    let row = row.clone();
                    Box::pin(async move {
                        idempotency::insert(tx, row);
                        Ok(())
                    })
                }))
                .await;
            let conflict = Err(Error::Conflict { constraint: idempotency::CONSTRAINT.to_owned() });
            assert_eq!(stored, if fits { Ok(()) } else { conflict });
        }
        let found = idempotency::find(test.db.read(), "shop 1", "k").await.unwrap();
        assert_eq!(found, Some(answer("shop 1", "first")));
        assert_eq!(idempotency::find(test.db.read(), "shop 3", "k").await.unwrap(), None);
    }
}
