//! The ledger at work: requests that wait are carried out together, in one transaction of the ledger alone.
//!
//! Money has a write lane of its own, one per process, and its transactions hold nothing else. All accounts of a group
//! are locked first, in the order of their ids, then the requests are decided one after the other on what was read
//! (`domain::ledger`), and what follows is written by a handful of statements. So many transfers cost one commit, and
//! two processes never wait for each other in a circle.

use super::App;
use super::error::Error;
use super::ports::Clock;
use super::unit::{LaneSettings, Lanes, Unit};
use crate::store::db::Db;
use crate::store::deliveries::micros;
use crate::store::ledger as rows;
use crate::store::ledger_check::{self, Finding};
use crate::store::tx::Tx;
use callahead_domain::id::{AccountId, TransferId};
use callahead_domain::ledger::{Account, Holder, Request, Verdict};
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Requests that may wait; one more is refused as overload at once.
const QUEUE: usize = 1024;
/// Requests of one transaction.
const MOST: usize = 256;
/// How often a group that met another process's row is run.
const TRIES: u32 = 3;
/// Holds looked at in one go by the sweeper.
const SWEPT_AT_ONCE: u32 = 200;

type Reply = oneshot::Sender<Result<Verdict, Error>>;

/// The ledger of this process.
#[derive(Debug)]
pub struct Ledger {
    lanes: Lanes,
    clock: Arc<dyn Clock>,
    queue: Mutex<Option<mpsc::Sender<(Request, Reply)>>>,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    opened: Mutex<HashSet<AccountId>>,
}

/// Requests carried out in one transaction.
struct Together {
    requests: Vec<Request>,
    now: DateTime<Utc>,
}

impl Unit for Together {
    type Output = Vec<Verdict>;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<Vec<Verdict>, Error> {
        let mut book = rows::load(tx, &self.requests).await?;
        let verdicts = self.requests.iter().map(|one| book.carry_out(one, self.now)).collect();
        rows::write(tx, &book, micros(self.now)).await?;
        Ok(verdicts)
    }
}

struct Open {
    account: Account,
    now: DateTime<Utc>,
}

impl Unit for Open {
    type Output = ();

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        Ok(rows::open(tx, &self.account, micros(self.now)).await?)
    }
}

impl Ledger {
    /// The ledger of a database. Must be called within the runtime.
    pub fn start(db: &Db, clock: Arc<dyn Clock>) -> Ledger {
        // A group is a unit: each has a transaction of its own.
        let settings = LaneSettings { max_group: 1, ..LaneSettings::default() };
        let lanes = Lanes::start(db, &settings);
        let (sender, receiver) = mpsc::channel(QUEUE);
        let task = tokio::spawn(serve(lanes.clone(), Arc::clone(&clock), receiver));
        Ledger {
            lanes,
            clock,
            queue: Mutex::new(Some(sender)),
            task: tokio::sync::Mutex::new(Some(task)),
            opened: Mutex::default(),
        }
    }

    /// Carries a request out, or says why not. The same request under the same id is answered alike, however often it
    /// comes.
    ///
    /// # Errors
    /// [`Error::Internal`] for a request that makes no sense ([`Request::check`]); [`Error::Overloaded`];
    /// [`Error::Unavailable`] when the database cannot be reached: it may have happened, and asking again tells.
    pub async fn carry_out(&self, request: Request) -> Result<Verdict, Error> {
        request.check().map_err(Error::internal)?;
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or_else(|| Error::Unavailable("the service is stopping".to_owned()))?;
        queue.try_send((request, reply)).map_err(|_| Error::Overloaded)?;
        drop(queue);
        answer.await.unwrap_or_else(|_| Err(unanswered()))
    }

    /// The account of a holder, opened if it was not there.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn open(&self, holder: &Holder) -> Result<AccountId, Error> {
        let id = holder.account();
        if !self.opened.lock().unwrap_or_else(PoisonError::into_inner).contains(&id) {
            let account = Account::open(holder);
            self.write(Open { account, now: self.clock.now() }).await?;
            self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
        Ok(id)
    }

    /// Changes accounts otherwise: in the ledger's own lane, so that nothing else is held meanwhile.
    ///
    /// # Errors
    /// The unit's own, and those of [`Lanes::write`].
    pub async fn write<U: Unit>(&self, unit: U) -> Result<U::Output, Error> {
        self.lanes.write(unit).await
    }

    /// Takes no new requests and finishes those that wait.
    pub async fn drain(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the ledger ended badly");
        }
        self.lanes.drain().await;
    }
}

async fn serve(lanes: Lanes, clock: Arc<dyn Clock>, mut queue: mpsc::Receiver<(Request, Reply)>) {
    let mut waiting = Vec::with_capacity(MOST);
    while queue.recv_many(&mut waiting, MOST).await > 0 {
        let (requests, replies): (Vec<Request>, Vec<Reply>) = waiting.drain(..).unzip();
        match together(&lanes, &requests, clock.now()).await {
            Ok(verdicts) => answer(replies, verdicts.into_iter().map(Ok)),
            // One of them may be to blame: the others are not to suffer for it.
            Err(Error::Conflict { .. } | Error::Internal(_)) if requests.len() > 1 => {
                for (request, reply) in requests.into_iter().zip(replies) {
                    let one = together(&lanes, &[request], clock.now()).await;
                    let one = one.and_then(|all| all.into_iter().next().ok_or_else(unanswered));
                    answer(vec![reply], std::iter::once(one));
                }
            }
            Err(error) => answer(replies, std::iter::repeat(Err(error))),
        }
    }
}

fn unanswered() -> Error {
    Error::internal("the ledger dropped a request")
}

fn answer(replies: Vec<Reply>, verdicts: impl Iterator<Item = Result<Verdict, Error>>) {
    // Nobody waits any more: nothing to do about it.
    replies.into_iter().zip(verdicts).for_each(|(reply, verdict)| drop(reply.send(verdict)));
}

/// A unique index that speaks up met a row another process committed meanwhile; looked at again, it is known.
async fn together(lanes: &Lanes, requests: &[Request], now: DateTime<Utc>) -> Result<Vec<Verdict>, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let outcome = lanes.write(Together { requests: requests.to_vec(), now }).await;
        match outcome {
            Err(Error::Conflict { .. }) if tries < TRIES => {}
            other => return other,
        }
    }
}

impl App {
    /// Ends the holds that are over at an instant. Those whose delivery was handed over, or where somebody says so,
    /// stay. Answers how many ended.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn end_holds(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let (mut after, mut ended) = ((i64::MIN, Uuid::nil()), 0_usize);
        loop {
            let found = rows::over(self.db.read(), micros(now), after, SWEPT_AT_ONCE).await?;
            let Some(last) = found.last() else { return Ok(ended) };
            after = *last;
            let requests = found.iter().map(|(_, hold)| Request::expire(TransferId::from_uuid(*hold)));
            let verdicts = requests.map(|request| self.ledger.carry_out(request));
            for verdict in futures_util::future::join_all(verdicts).await {
                if matches!(verdict?, Verdict::Made(_)) {
                    ended = ended.saturating_add(1);
                }
            }
        }
    }

    /// Whether the ledger is in order: each invariant with how often it is broken.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn check_ledger(&self) -> Result<Vec<Finding>, Error> {
        Ok(ledger_check::check(&self.db).await?)
    }
}
