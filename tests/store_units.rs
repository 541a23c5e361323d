//! Units in groups: all or nothing each, answered after the commit, whatever their neighbours do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

#[path = "support/db.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callahead::app::Error;
use callahead::app::unit::{LaneSettings, Lanes, Unit};
use callahead::store::db::{Db, DbKind};
use callahead::store::guard::{Guarded, guarded_update};
use callahead::store::tx::Tx;
use entity::{region, setting};
use proptest::prelude::{Just, Strategy, prop, prop_oneof};
use sea_orm::{ConnectionTrait, EntityTrait, Set, Unchanged};
use support::TestDb;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// One thing a unit does.
#[derive(Clone, Debug)]
enum Step {
    /// Inserts a setting: refused when the key is taken.
    Insert(String),
    /// Raises the version of a region.
    Bump(u128),
    /// Writes out what is in memory.
    Flush,
    /// A statement that fails, its error ignored.
    Swallow,
    /// Lets the test know, and waits for it.
    Gate(Arc<Gate>),
    /// Refuses.
    Refuse,
    /// Panics.
    Panic,
}

#[derive(Debug)]
struct Gate {
    reached: Semaphore,
    open: Semaphore,
}

impl Gate {
    fn new() -> Arc<Gate> {
        Arc::new(Gate { reached: Semaphore::new(0), open: Semaphore::new(0) })
    }

    async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    fn open(&self) {
        self.open.add_permits(1);
    }
}

#[derive(Clone, Debug)]
struct Steps {
    key: u128,
    steps: Vec<Step>,
    runs: Arc<AtomicU32>,
}

fn steps(steps: impl IntoIterator<Item = Step>) -> Steps {
    Steps { key: 0, steps: steps.into_iter().collect(), runs: Arc::default() }
}

fn insert(key: impl ToString) -> Step {
    Step::Insert(key.to_string())
}

impl Unit for Steps {
    type Output = ();

    fn key(&self) -> Uuid {
        Uuid::from_u128(self.key)
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        for step in &self.steps {
            match step {
                Step::Insert(key) => {
                    tx.insert(setting::ActiveModel { key: Set(key.clone()), value: Set(String::new()) })
                }
                Step::Bump(id) => bump(tx, *id).await?,
                Step::Flush => tx.flush().await?,
                Step::Swallow => {
                    tx.reader().execute_unprepared("SELECT * FROM nowhere").await.unwrap_err();
                }
                Step::Gate(gate) => {
                    gate.reached.add_permits(1);
                    gate.open.acquire().await.unwrap().forget();
                }
                Step::Refuse => return Err(Error::Missing),
                Step::Panic => panic!("as asked"),
            }
        }
        Ok(())
    }
}

async fn bump(tx: &Tx, id: u128) -> Result<(), Error> {
    let row =
        region::Entity::find_by_id(Uuid::from_u128(id)).one(tx.reader()).await?.ok_or(Error::Missing)?;
    let change =
        region::ActiveModel { id: Unchanged(row.id), name: Set("bumped".to_owned()), ..Default::default() };
    Ok(guarded_update(tx, change, row.version).await?.ok()?)
}

fn region_row(id: u128) -> region::ActiveModel {
    region::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        name: Set("r".to_owned()),
        priority: Set(1),
        time_zone: Set("UTC".to_owned()),
        active: Set(true),
        current: Set(1),
        policy: Set("{}".to_owned()),
        version: Set(0),
        created_at: Set(0),
        updated_at: Set(0),
    }
}

async fn seed_regions(db: &Db, ids: std::ops::Range<u128>) {
    region::Entity::insert_many(ids.map(region_row)).exec(db.writer()).await.unwrap();
}

async fn keys(db: &Db) -> Vec<String> {
    let mut keys: Vec<String> =
        setting::Entity::find().all(db.read()).await.unwrap().into_iter().map(|s| s.key).collect();
    keys.sort();
    keys
}

async fn versions(db: &Db) -> BTreeMap<u128, i64> {
    let rows = region::Entity::find().all(db.read()).await.unwrap();
    rows.into_iter().map(|row| (row.id.as_u128(), row.version)).collect()
}

/// Queues units behind a closed gate, so that they form one group, and answers their verdicts.
async fn as_one_group(lanes: &Lanes, units: Vec<Steps>) -> Vec<Result<(), Error>> {
    let gate = Gate::new();
    let first = queue(lanes, steps([Step::Gate(Arc::clone(&gate))])).await;
    gate.reached().await;
    let mut queued = Vec::new();
    for unit in units {
        queued.push(queue(lanes, unit).await);
    }
    gate.open();
    first.await.unwrap().unwrap();
    let mut verdicts = Vec::new();
    for unit in queued {
        verdicts.push(unit.await.unwrap());
    }
    verdicts
}

/// Writes in a task of its own, queued before this returns.
async fn queue<U: Unit>(lanes: &Lanes, unit: U) -> JoinHandle<Result<U::Output, Error>> {
    let lanes = lanes.clone();
    let started = Arc::new(Semaphore::new(0));
    let signal = Arc::clone(&started);
    let task = tokio::spawn(async move {
        let mut write = std::pin::pin!(lanes.write(unit));
        // The first poll puts it in the queue.
        let first = futures_util::poll!(&mut write);
        signal.add_permits(1);
        match first {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => write.await,
        }
    });
    started.acquire().await.unwrap().forget();
    task
}

fn lanes(test: &TestDb) -> Lanes {
    Lanes::start(&test.db, &LaneSettings::default())
}

#[tokio::test]
async fn a_guilty_unit_is_refused_alone_and_the_others_commit() {
    for test in TestDb::each().await {
        let lanes = lanes(&test);
        lanes.write(steps([insert("taken")])).await.unwrap();
        let mut units: Vec<Steps> = (0..50).map(|n| steps([insert(format!("k{n:02}"))])).collect();
        units[10].steps.push(Step::Refuse);
        units[20].steps.push(Step::Panic);
        units[30].steps.push(insert("taken"));
        let verdicts = as_one_group(&lanes, units).await;
        for (number, verdict) in verdicts.iter().enumerate() {
            match number {
                10 => assert_eq!(*verdict, Err(Error::Missing)),
                20 => assert_eq!(*verdict, Err(Error::Internal("panic: as asked".to_owned()))),
                30 => assert_eq!(*verdict, Err(Error::Conflict { constraint: "setting_pkey".to_owned() })),
                _ => assert_eq!(*verdict, Ok(())),
            }
        }
        let kept = keys(&test.db).await;
        assert_eq!(kept.len(), 48, "47 of the group and the one before");
        for lost in ["k10", "k20", "k30"] {
            assert!(!kept.iter().any(|key| key == lost));
        }
    }
}

#[tokio::test]
async fn units_that_wait_are_committed_together() {
    for test in TestDb::each().await {
        let lanes = lanes(&test);
        let commits = lanes.commits();
        let units = (0..100).map(|n| steps([insert(n)])).collect();
        let verdicts = as_one_group(&lanes, units).await;
        assert!(verdicts.iter().all(Result::is_ok));
        assert_eq!(*commits.borrow(), 1, "the gate wrote nothing; a hundred units, one commit");
        assert_eq!(keys(&test.db).await.len(), 100);
    }
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit() {
    for test in TestDb::each().await {
        let lanes = lanes(&test);
        let (first, second) = (Gate::new(), Gate::new());
        let before = queue(&lanes, steps([Step::Gate(Arc::clone(&first))])).await;
        first.reached().await;
        let early = queue(&lanes, steps([insert("early"), Step::Flush])).await;
        let late = queue(&lanes, steps([Step::Gate(Arc::clone(&second))])).await;
        first.open();
        second.reached().await;
        before.await.unwrap().unwrap();
        // The early unit ran and was written out; its transaction is open.
        assert!(!early.is_finished());
        assert_eq!(keys(&test.db).await, Vec::<String>::new());
        second.open();
        early.await.unwrap().unwrap();
        assert_eq!(keys(&test.db).await, ["early"]);
        late.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_refused_unit_undoes_its_updates_and_not_its_neighbours() {
    for test in TestDb::each().await {
        seed_regions(&test.db, 1..3).await;
        let lanes = lanes(&test);
        let verdicts = as_one_group(
            &lanes,
            vec![
                steps([insert("a"), Step::Bump(1)]),
                steps([Step::Bump(1), insert("b"), Step::Flush, Step::Bump(2), Step::Refuse]),
                steps([Step::Bump(1), Step::Bump(2)]),
                steps([Step::Flush, insert("d"), Step::Bump(2), Step::Panic]),
                steps([insert("e")]),
            ],
        )
        .await;
        let sound: Vec<bool> = verdicts.iter().map(Result::is_ok).collect();
        assert_eq!(sound, [true, false, true, false, true]);
        assert_eq!(keys(&test.db).await, ["a", "e"]);
        assert_eq!(versions(&test.db).await, BTreeMap::from([(1, 2), (2, 1)]));
    }
}

#[tokio::test]
async fn a_unit_that_ignores_a_failed_statement_takes_no_neighbour_with_it() {
    for test in TestDb::each().await {
        seed_regions(&test.db, 1..2).await;
        let lanes = lanes(&test);
        let units = vec![
            steps([Step::Bump(1)]),
            steps([insert("swallowed"), Step::Swallow]),
            steps([Step::Swallow]),
            steps([Step::Bump(1)]),
        ];
        let verdicts = as_one_group(&lanes, units).await;
        assert!(verdicts[0].is_ok() && verdicts[3].is_ok(), "{verdicts:?}");
        assert_eq!(versions(&test.db).await[&1], 2);
        assert_eq!(verdicts[1].is_ok(), keys(&test.db).await.len() == 1, "answered as it is");
        let alone = lanes.write(steps([Step::Bump(1), Step::Swallow])).await;
        assert_eq!(versions(&test.db).await[&1], if alone.is_ok() { 3 } else { 2 }, "answered as it is");
        if test.kind() == DbKind::Postgres {
            assert!(alone.is_err(), "PostgreSQL fails the whole transaction");
        }
    }
}

#[tokio::test]
async fn a_full_queue_is_told_at_once_and_draining_finishes_what_waits() {
    let test = TestDb::sqlite().await;
    let lanes = Lanes::start(&test.db, &LaneSettings { queue: 2, ..LaneSettings::default() });
    let gate = Gate::new();
    let running = queue(&lanes, steps([Step::Gate(Arc::clone(&gate)), insert("running")])).await;
    gate.reached().await;
    let waiting = [queue(&lanes, steps([insert("w1")])).await, queue(&lanes, steps([insert("w2")])).await];
    assert_eq!(lanes.write(steps([insert("w3")])).await, Err(Error::Overloaded));
    let draining = tokio::spawn({
        let lanes = lanes.clone();
        async move { lanes.drain().await }
    });
    while !matches!(lanes.write(steps([insert("late")])).await, Err(Error::Unavailable(_))) {
        tokio::task::yield_now().await;
    }
    gate.open();
    draining.await.unwrap();
    running.await.unwrap().unwrap();
    for unit in waiting {
        unit.await.unwrap().unwrap();
    }
    assert_eq!(keys(&test.db).await, ["running", "w1", "w2"]);
}

#[tokio::test]
async fn a_unit_nobody_waits_for_any_more_is_not_run() {
    let test = TestDb::sqlite().await;
    let lanes = lanes(&test);
    let gate = Gate::new();
    let running = queue(&lanes, steps([Step::Gate(Arc::clone(&gate))])).await;
    gate.reached().await;
    let given_up = steps([insert("given up")]);
    let runs = Arc::clone(&given_up.runs);
    let waiting = queue(&lanes, given_up).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    gate.open();
    running.await.unwrap().unwrap();
    lanes.write(steps([insert("next")])).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert_eq!(keys(&test.db).await, ["next"]);
}

#[tokio::test]
async fn a_guarded_update_tells_updated_stale_and_missing_apart() {
    struct Guard {
        id: u128,
        expected: i64,
    }
    impl Unit for Guard {
        type Output = Guarded;
        fn key(&self) -> Uuid {
            Uuid::nil()
        }
        async fn run(&self, tx: &Tx) -> Result<Guarded, Error> {
            let change = region::ActiveModel {
                id: Unchanged(Uuid::from_u128(self.id)),
                name: Set("new".to_owned()),
                ..Default::default()
            };
            Ok(guarded_update(tx, change, self.expected).await?)
        }
    }
    for test in TestDb::each().await {
        seed_regions(&test.db, 1..3).await;
        let lanes = lanes(&test);
        assert_eq!(lanes.write(Guard { id: 1, expected: 0 }).await, Ok(Guarded::Updated));
        assert_eq!(lanes.write(Guard { id: 1, expected: 0 }).await, Ok(Guarded::Stale));
        assert_eq!(lanes.write(Guard { id: 9, expected: 0 }).await, Ok(Guarded::Missing));
        assert_eq!(versions(&test.db).await, BTreeMap::from([(1, 1), (2, 0)]));
        let row = region::Entity::find_by_id(Uuid::from_u128(1)).one(test.db.read()).await.unwrap().unwrap();
        assert_eq!(
            (row.name.as_str(), row.time_zone.as_str()),
            ("new", "UTC"),
            "only what was set is changed"
        );
    }
}

#[tokio::test]
async fn a_writer_overtaken_by_another_process_reads_again() {
    /// Is overtaken on its first run, after it read.
    struct Overtaken {
        other: sea_orm::DatabaseConnection,
        runs: AtomicU32,
    }
    impl Unit for Overtaken {
        type Output = i64;
        fn key(&self) -> Uuid {
            Uuid::nil()
        }
        async fn run(&self, tx: &Tx) -> Result<i64, Error> {
            let row = region::Entity::find_by_id(Uuid::from_u128(1)).one(tx.reader()).await?.unwrap();
            if self.runs.fetch_add(1, Ordering::SeqCst) == 0 {
                self.other.execute_unprepared("UPDATE region SET version = version + 1").await?;
            }
            let change = region::ActiveModel {
                id: Unchanged(row.id),
                name: Set("mine".to_owned()),
                ..Default::default()
            };
            guarded_update(tx, change, row.version).await?.ok()?;
            Ok(row.version)
        }
    }
    let Some(test) = TestDb::postgres().await else { return };
    seed_regions(&test.db, 1..2).await;
    let unit = Overtaken { other: test.db.writer().clone(), runs: AtomicU32::new(0) };
    assert_eq!(lanes(&test).write(unit).await, Ok(1));
    assert_eq!(versions(&test.db).await[&1], 2);
}

/// A key whose units do not wait for those of key 0.
async fn a_key_of_another_lane(lanes: &Lanes) -> u128 {
    let gate = Gate::new();
    let blocked = queue(lanes, steps([Step::Gate(Arc::clone(&gate))])).await;
    gate.reached().await;
    let probes = (1..32).map(|key| {
        Box::pin(async move {
            lanes.write(Steps { key, ..steps([]) }).await.unwrap();
            key
        })
    });
    let (key, _, _) = futures_util::future::select_all(probes).await;
    gate.open();
    blocked.await.unwrap().unwrap();
    key
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_lanes_in_each_others_way_both_get_there() {
    let Some(test) = TestDb::postgres().await else { return };
    seed_regions(&test.db, 1..3).await;
    let lanes = lanes(&test);
    let (one, two) = (Gate::new(), Gate::new());
    let left = steps([Step::Bump(1), Step::Gate(Arc::clone(&one)), Step::Bump(2)]);
    let mut right = steps([Step::Bump(2), Step::Gate(Arc::clone(&two)), Step::Bump(1)]);
    right.key = a_key_of_another_lane(&lanes).await;
    let (left, right) = (queue(&lanes, left).await, queue(&lanes, right).await);
    one.reached().await;
    two.reached().await;
    // Open for the runs after the deadlock, too.
    one.open.add_permits(9);
    two.open.add_permits(9);
    left.await.unwrap().unwrap();
    right.await.unwrap().unwrap();
    assert_eq!(versions(&test.db).await, BTreeMap::from([(1, 2), (2, 2)]));
}

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let Some(test) = TestDb::postgres().await else { return };
    let lanes = lanes(&test);
    lanes.write(steps([insert("before")])).await.unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let killer = sea_orm::Database::connect(test.url()).await.unwrap();
    killer.execute_unprepared(kill).await.unwrap();
    for tries in 0.. {
        match lanes.write(steps([insert(format!("after{tries}"))])).await {
            Ok(()) => break,
            Err(error) => assert!(tries < 5 && matches!(error, Error::Unavailable(_)), "{error}"),
        }
    }
    killer.close().await.unwrap();
}

/// What a unit may do in the property test, and how it ends.
fn any_unit() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..8_u8).prop_map(insert),
        3 => (1..4_u128).prop_map(Step::Bump),
        1 => Just(Step::Flush),
    ];
    let end = prop_oneof![6 => Just(None), 1 => Just(Some(Step::Refuse)), 1 => Just(Some(Step::Panic))];
    (prop::collection::vec(step, 0..5), end).prop_map(|(mut steps, end)| {
        steps.extend(end);
        steps
    })
}

/// The units one after the other, each all or nothing.
#[derive(Clone, Default)]
struct Plain {
    keys: std::collections::BTreeSet<String>,
    versions: BTreeMap<u128, i64>,
}

impl Plain {
    fn run(&mut self, steps: &[Step]) -> bool {
        let mut next = self.clone();
        for step in steps {
            let sound = match step {
                Step::Insert(key) => next.keys.insert(key.clone()),
                Step::Bump(id) => {
                    next.versions.entry(*id).and_modify(|version| *version += 1).or_insert(1) > &mut 0
                }
                Step::Refuse | Step::Panic => false,
                _ => true,
            };
            if !sound {
                return false;
            }
        }
        *self = next;
        true
    }
}

async fn same_as_one_after_the_other(test: &TestDb, groups: Vec<Vec<Vec<Step>>>) {
    test.db.writer().execute_unprepared("DELETE FROM setting; DELETE FROM region").await.unwrap();
    seed_regions(&test.db, 1..4).await;
    let lanes = lanes(test);
    let mut plain = Plain { versions: BTreeMap::from([(1, 0), (2, 0), (3, 0)]), ..Plain::default() };
    for group in groups {
        let wanted: Vec<bool> = group.iter().map(|unit| plain.run(unit)).collect();
        let verdicts = as_one_group(&lanes, group.into_iter().map(steps).collect()).await;
        let found: Vec<bool> = verdicts.iter().map(Result::is_ok).collect();
        assert_eq!(found, wanted, "{verdicts:?}");
    }
    assert_eq!(keys(&test.db).await, plain.keys.into_iter().collect::<Vec<_>>());
    assert_eq!(versions(&test.db).await, plain.versions);
    lanes.drain().await;
}

#[test]
fn groups_end_as_if_their_units_ran_one_after_the_other() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tests = runtime.block_on(TestDb::each());
    std::panic::set_hook(Box::new({
        let usual = std::panic::take_hook();
        move |panic| {
            if panic.payload_as_str() != Some("as asked") {
                usual(panic);
            }
        }
    }));
    for test in &tests {
        let cases = if test.kind() == DbKind::Sqlite { 64 } else { 24 };
        let config = proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let groups = prop::collection::vec(prop::collection::vec(any_unit(), 1..7), 1..4);
        runner
            .run(&groups, |groups| {
                runtime.block_on(same_as_one_after_the_other(test, groups));
                Ok(())
            })
            .unwrap();
    }
}
