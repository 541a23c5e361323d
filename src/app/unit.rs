//! The write lanes: use cases that wait are written together and committed once.
//!
//! A commit costs far more than the work in it. So a lane takes every unit that queued while the last commit ran, runs
//! them one after the other in one transaction, commits, and only then answers them all; nothing is ever delayed to
//! fill a group. A refused or panicking unit leaves nothing behind and hurts no neighbour.
//!
//! A group first runs together with its inserts kept in memory. If the database objects at the end, all is rolled back
//! and the same units run again carefully: a savepoint each, each written out before the next, so that only the guilty
//! one is refused. What still fails as a whole (a deadlock, a lost race with another process) runs unit by unit, up to
//! three times. SQLite has one lane; PostgreSQL has a few, and a unit's key picks one, so that units of one aggregate
//! never race within a process.

use std::any::Any;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::error::Error;
use crate::lifecycle::crash_point;
use crate::store::db::Db;
use crate::store::tx::{Mode, Tx};
use crate::store::{StoreError, jobs};

/// How often a unit that lost a race is run.
const TRIES: u32 = 3;
/// A connection that fails within this time was dead already.
const AT_ONCE: Duration = Duration::from_millis(100);

/// One use case's writing: all or nothing, and answered only after the commit.
///
/// It may be run more than once, so whatever it makes (ids, the time) is a field. Nothing but the transaction is
/// reachable while it runs: no calls to the outside world while holding locks.
pub trait Unit: Send + Sync + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// The aggregate it changes; picks the lane.
    fn key(&self) -> Uuid;

    /// Reads and writes through the transaction. An error undoes all of it.
    fn run(&self, tx: &Tx) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// Limits of the lanes.
#[derive(Clone, Debug)]
pub struct LaneSettings {
    /// Units that may wait in one lane; one more is refused as overload at once.
    pub queue: usize,
    /// Units in one group.
    pub max_group: usize,
    /// How long one step (a unit, the writing out, the commit) may take before the database counts as gone.
    pub step_timeout: Duration,
}

impl Default for LaneSettings {
    fn default() -> LaneSettings {
        LaneSettings { queue: 1024, max_group: 256, step_timeout: Duration::from_secs(5) }
    }
}

/// The write lanes of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lanes {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// One per lane; none once draining.
    queues: RwLock<Vec<mpsc::Sender<Box<dyn Queued>>>>,
    tasks: tokio::sync::Mutex<Vec<JoinHandle<()>>>,
    commits: watch::Sender<u64>,
}

impl Lanes {
    /// Starts the lanes of a database. Must be called within the runtime.
    pub fn start(db: &Db, settings: &LaneSettings) -> Lanes {
        let (commits, _) = watch::channel(0);
        let (mut queues, mut tasks) = (Vec::new(), Vec::new());
        for _ in 0..db.lanes() {
            let (sender, receiver) = mpsc::channel(settings.queue.max(1));
            let lane = Lane { db: db.clone(), settings: settings.clone(), commits: commits.clone() };
            queues.push(sender);
            tasks.push(tokio::spawn(lane.serve(receiver)));
        }
        let shared = Shared { queues: RwLock::new(queues), tasks: tokio::sync::Mutex::new(tasks), commits };
        Lanes { shared: Arc::new(shared) }
    }

    /// Runs a unit in the next group of its lane and answers after the commit. If the caller stops waiting before the
    /// unit is run, it is not run; later, it is.
    ///
    /// # Errors
    /// The unit's own; [`Error::Overloaded`] at once when the lane's queue is full; [`Error::Unavailable`] while the
    /// database is away or the lanes are draining.
    pub async fn write<U: Unit>(&self, unit: U) -> Result<U::Output, Error> {
        let key = unit.key();
        let (reply, answer) = oneshot::channel();
        let queued: Box<dyn Queued> = Box::new(Waiting { unit, output: None, reply });
        {
            let queues = self.shared.queues.read().unwrap_or_else(PoisonError::into_inner);
            let Some(queue) = queues.get(lane_of(key, queues.len())) else { return Err(stopping()) };
            queue.try_send(queued).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Error::Overloaded,
                mpsc::error::TrySendError::Closed(_) => stopping(),
            })?;
        }
        answer.await.unwrap_or_else(|_| Err(Error::internal("the write lane dropped the unit")))
    }

    /// Takes no new units, finishes those that wait, and returns when all are answered.
    pub async fn drain(&self) {
        self.shared.queues.write().unwrap_or_else(PoisonError::into_inner).clear();
        let mut tasks = self.shared.tasks.lock().await;
        for task in tasks.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a write lane ended badly");
            }
        }
    }

    /// Counts this process's commits; a change wakes whoever looks for new jobs and events.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }
}

/// The lane of a key: always the same one in this process.
fn lane_of(key: Uuid, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let spread = usize::try_from(hasher.finish() >> 33).unwrap_or_default();
    spread.checked_rem(lanes).unwrap_or_default()
}

fn stopping() -> Error {
    Error::Unavailable("the service is stopping".to_owned())
}

/// A unit in the queue, whatever its type.
trait Queued: Send {
    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, Result<(), Error>>;
    fn answer(self: Box<Self>, verdict: Result<(), Error>);
    fn abandoned(&self) -> bool;
}

struct Waiting<U: Unit> {
    unit: U,
    output: Option<U::Output>,
    reply: oneshot::Sender<Result<U::Output, Error>>,
}

impl<U: Unit> Queued for Waiting<U> {
    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let caught = AssertUnwindSafe(async { self.unit.run(tx).await }).catch_unwind().await;
            self.output = Some(caught.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, verdict: Result<(), Error>) {
        let Waiting { output, reply, .. } = *self;
        let answer = verdict.and_then(|()| output.ok_or_else(|| Error::internal("the unit has no answer")));
        // Nobody waits any more: nothing to do about it.
        reply.send(answer).ok();
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(text, "a unit panicked");
    Error::Internal(format!("panic: {text}"))
}

/// What became of each unit of a group, in its order.
type Verdicts = Vec<Result<(), Error>>;

/// Why a whole transaction came to nothing.
enum Failure {
    /// Run the same units again, more carefully.
    Again(Error),
    /// The database is away, or the commit's answer was lost: running again would only guess.
    Down(Error),
}

struct Lane {
    db: Db,
    settings: LaneSettings,
    commits: watch::Sender<u64>,
}

impl Lane {
    async fn serve(self, mut queue: mpsc::Receiver<Box<dyn Queued>>) {
        let most = self.settings.max_group.max(1);
        let mut group = Vec::with_capacity(most);
        while queue.recv_many(&mut group, most).await > 0 {
            group.retain(|unit| !unit.abandoned());
            let taken = std::mem::take(&mut group);
            if let Err(error) = self.run_group(taken).await {
                tracing::error!(%error, "a write lane cannot reach the database");
                // Whoever waits now would only wait for the same answer.
                while let Ok(unit) = queue.try_recv() {
                    unit.answer(Err(error.clone()));
                }
            }
        }
    }

    /// Runs and answers a group. An error means that the database is away.
    async fn run_group(&self, mut group: Vec<Box<dyn Queued>>) -> Result<(), Error> {
        if group.len() > 1 {
            for mode in [Mode::Shared, Mode::Careful] {
                match self.together(&mut group, mode).await {
                    Ok(verdicts) => {
                        group.into_iter().zip(verdicts).for_each(|(unit, verdict)| unit.answer(verdict));
                        return Ok(());
                    }
                    Err(Failure::Down(error)) => return Err(refuse_all(group, error)),
                    Err(Failure::Again(error)) => {
                        tracing::debug!(%error, ?mode, units = group.len(), "group again")
                    }
                }
            }
        }
        let mut units = group.into_iter();
        while let Some(mut unit) = units.next() {
            match self.alone(unit.as_mut()).await {
                Ok(()) => unit.answer(Ok(())),
                Err(Failure::Again(error)) => unit.answer(Err(error)),
                Err(Failure::Down(error)) => {
                    unit.answer(Err(error.clone()));
                    return Err(refuse_all(units, error));
                }
            }
        }
        Ok(())
    }

    /// Runs a group in one transaction.
    async fn together(&self, group: &mut [Box<dyn Queued>], mode: Mode) -> Result<Verdicts, Failure> {
        let tx = self.begin(mode).await?;
        let mut verdicts = Vec::with_capacity(group.len());
        for unit in group {
            match self.one_of_many(&tx, unit.as_mut()).await {
                Ok(verdict) => verdicts.push(verdict),
                Err(error) => {
                    self.undo(tx).await;
                    return Err(Failure::Again(error));
                }
            }
        }
        self.finish(tx).await?;
        Ok(verdicts)
    }

    /// Runs one unit of a group; an error is the group's, not the unit's.
    async fn one_of_many(&self, tx: &Tx, unit: &mut dyn Queued) -> Result<Result<(), Error>, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.step(tx.start_unit()).await?;
            let ran = self.run_one(tx, unit).await;
            if tx.spoiled() {
                return Err(Error::internal("neighbours' rows were refused"));
            }
            let kept = match ran {
                Ok(()) => self.step(tx.keep_unit()).await,
                Err(error) => Err(error),
            };
            let Err(error) = kept else { return Ok(Ok(())) };
            if matches!(error, Error::Unavailable(_)) || (!tx.careful() && error.is_from_database()) {
                return Err(error);
            }
            self.step(tx.drop_unit()).await?;
            if tx.spoiled() {
                return Err(error);
            }
            if tries == TRIES || !error.may_pass() {
                return Ok(Err(error));
            }
        }
    }

    /// Runs one unit in a transaction of its own.
    async fn alone(&self, unit: &mut dyn Queued) -> Result<(), Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let tx = self.begin(Mode::Alone).await?;
            let ran = match self.run_one(&tx, unit).await {
                Ok(()) => self.step(tx.keep_unit()).await,
                Err(error) => Err(error),
            };
            let outcome = match ran {
                Ok(()) => self.finish(tx).await,
                Err(error) => {
                    self.undo(tx).await;
                    Err(Failure::Again(error))
                }
            };
            match outcome {
                Err(Failure::Again(error)) if tries < TRIES && error.may_pass() => {}
                other => return other,
            }
        }
    }

    async fn run_one(&self, tx: &Tx, unit: &mut dyn Queued) -> Result<(), Error> {
        match tokio::time::timeout(self.settings.step_timeout, unit.run(tx)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(too_slow()),
        }
    }

    async fn begin(&self, mode: Mode) -> Result<Tx, Failure> {
        let asked = Instant::now();
        let mut started = self.step(Tx::begin(&self.db, mode)).await;
        if started.is_err() && asked.elapsed() < AT_ONCE {
            // The pool held a connection that died with an outage; the next one may be new.
            started = self.step(Tx::begin(&self.db, mode)).await;
        }
        started.map_err(Failure::Down)
    }

    async fn finish(&self, tx: Tx) -> Result<(), Failure> {
        if let Err(error) = self.step(tx.settle()).await {
            self.undo(tx).await;
            return Err(Failure::Again(error));
        }
        if !tx.wrote() {
            self.undo(tx).await;
            return Ok(());
        }
        crash_point("lane.before_commit");
        match tokio::time::timeout(self.settings.step_timeout, tx.commit()).await {
            Ok(Ok(())) => {
                crash_point("lane.after_commit");
                self.commits.send_modify(|count| *count = count.wrapping_add(1));
                Ok(())
            }
            // The database said no: nothing was committed.
            Ok(Err(
                error @ (StoreError::Contended(_) | StoreError::Conflict { .. } | StoreError::Violated(_)),
            )) => Err(Failure::Again(error.into())),
            Ok(Err(error)) => {
                Err(Failure::Down(Error::Unavailable(format!("the commit's outcome is not known: {error}"))))
            }
            Err(_) => Err(Failure::Down(Error::Unavailable(
                "the commit's outcome is not known: no answer".to_owned(),
            ))),
        }
    }

    /// Rolls back. Should that fail, the connection is thrown away and the database rolls back by itself.
    async fn undo(&self, tx: Tx) {
        if let Err(error) = self.step(tx.rollback()).await {
            tracing::debug!(%error, "roll back");
        }
    }

    async fn step<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Error> {
        match tokio::time::timeout(self.settings.step_timeout, work).await {
            Ok(outcome) => outcome.map_err(Error::from),
            Err(_) => Err(too_slow()),
        }
    }
}

fn too_slow() -> Error {
    Error::Unavailable("no answer in time".to_owned())
}

fn refuse_all(units: impl IntoIterator<Item = Box<dyn Queued>>, error: Error) -> Error {
    units.into_iter().for_each(|unit| unit.answer(Err(error.clone())));
    error
}

/// Claims jobs for a worker.
#[derive(Clone, Debug)]
pub struct ClaimJobs(pub jobs::Claim);

impl Unit for ClaimJobs {
    type Output = Vec<jobs::Claimed>;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<Vec<jobs::Claimed>, Error> {
        Ok(jobs::claim(tx, &self.0).await?)
    }
}
