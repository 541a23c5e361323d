//! From settings to a running service, and back down without losing anything.

use crate::app::assign::Planned;
use crate::app::book::{Book, BookCell};
use crate::app::context::{App, Bells, SeenKeys};
use crate::app::courier::watch::Watched;
use crate::app::ledger::Ledger;
use crate::app::ports::{Clock, Entropy, OsEntropy, SystemClock};
use crate::app::secret::Secrets;
use crate::app::speeds::LearnedSpeeds;
use crate::app::unit::{LaneSettings, Lanes};
use crate::config::{self, Config};
use crate::http;
use crate::jobs::wallet_books::LedgerBooks;
use crate::jobs::{self, Tools};
use crate::lifecycle::Shutdown;
use crate::pay::wallet::WalletProvider;
use crate::store::db::{Db, DbKind, DbSettings};
use crate::travel::Travel;
use actix_web::web::Data;
use callahead_domain::policy::Policy;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, TransactionTrait};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

type Failure = Box<dyn Error + Send + Sync>;

/// What a process may bring of its own instead of the system's.
#[derive(Debug, Clone)]
pub struct World {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for World {
    fn default() -> World {
        World { clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) }
    }
}

/// An application with its doors to the outside.
#[derive(Debug, Clone)]
pub struct Built {
    /// The application.
    pub app: Data<App>,
    /// Channels and providers.
    pub tools: Arc<Tools>,
    /// The operator's key, if this was the first start.
    pub operator_key: Option<String>,
}

/// A service that answers.
#[derive(Debug)]
pub struct Running {
    /// What was built.
    pub built: Built,
    /// Where it listens.
    pub address: SocketAddr,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    handle: actix_web::dev::ServerHandle,
    workers: Option<tokio::task::JoinHandle<()>>,
}

/// The rules of regions that set none of their own.
///
/// # Errors
/// Every wrong rule with its value and what is allowed, one a line.
pub fn default_policy(config: &Config) -> Result<Policy, Failure> {
    let own = config.policy.as_object().cloned().unwrap_or_default();
    let mut base = serde_json::to_value(Policy::default())?;
    let wrong: Vec<_> = own.iter().filter_map(|(name, value)| wrong_rule(name, value, &base)).collect();
    if !wrong.is_empty() {
        return Err(wrong.join("\n").into());
    }
    if let Some(base) = base.as_object_mut() {
        base.extend(own);
    }
    let policy: Policy = serde_json::from_value(base).map_err(|error| format!("[policy]: {error}"))?;
    let problems = policy.problems();
    if problems.is_empty() {
        return Ok(policy);
    }
    let lines: Vec<_> = problems
        .iter()
        .map(|(name, value, allowed)| format!("policy.{name} = {value} is refused; allowed: {allowed}"))
        .collect();
    Err(lines.join("\n").into())
}

fn wrong_rule(name: &str, value: &Value, defaults: &Value) -> Option<String> {
    let single = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    let said = serde_json::from_value::<Policy>(single).err()?;
    Some(match defaults.get(name) {
        Some(default) => {
            format!("policy.{name} = {value} is refused ({said}); allowed: a value such as {default}")
        }
        None => {
            format!("policy.{name}: there is no such setting; `callahead config --reference` lists them all")
        }
    })
}

async fn open(config: &Config) -> Result<Db, Failure> {
    let mut settings = DbSettings::new(config.database.url.expose_secret());
    settings.max_readers = config.database.readers;
    settings.lanes = u32::try_from(config.database.lanes)?;
    let patient = DbSettings { statement_timeout_ms: 0, lock_timeout_ms: 60_000, ..settings.clone() };
    let db = Db::open(&settings).await?;
    migrate(&Db::open(&patient).await?).await?;
    if let Some(problem) = db.check_durability().await?.first() {
        let lost = "an acknowledged write could be lost";
        return Err(
            format!("{} is {}, must be {}: {lost}", problem.setting, problem.found, problem.wanted).into()
        );
    }
    Ok(db)
}

/// The lock under which replicas migrate one after another.
const MIGRATION_LOCK: i64 = 0x0CA1_1A4E_AD00;

/// Brings the tables up to date; several processes that start at once do it one after another.
async fn migrate(db: &Db) -> Result<(), Failure> {
    match db.kind() {
        DbKind::Postgres => {
            let held = db.writer().begin().await?;
            held.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
            Migrator::up(db.writer(), None).await?;
            held.commit().await?;
        }
        DbKind::Sqlite => Migrator::up(db.writer(), None).await?,
    }
    db.close().await?;
    Ok(())
}

/// Opens everything and brings the database up to date. Nothing runs yet.
///
/// # Errors
/// What is wrong, in words.
pub async fn build(config: Config, world: World) -> Result<Built, Failure> {
    let default_policy = default_policy(&config)?;
    let master = config::master_key(&config, world.entropy.as_ref())?;
    let travel = Travel::open(&config.travel, Arc::clone(&world.clock))?;
    let db = open(&config).await?;
    let tools = Tools::new(&config, Arc::clone(&world.clock))?;
    let lanes = Lanes::start(&db, &LaneSettings { queue: config.database.queue, ..LaneSettings::default() });
    let ledger = Ledger::start(&db, Arc::clone(&world.clock));
    let book = Book::read(&db, &default_policy).await?;
    let owner = world.entropy.ten().iter().map(|byte| format!("{byte:02x}")).collect();
    let app = Data::new(App {
        travel,
        speeds: LearnedSpeeds::default(),
        config,
        db,
        lanes,
        ledger,
        clock: world.clock,
        entropy: world.entropy,
        secrets: Secrets::new(master),
        book: BookCell::new(book),
        default_policy,
        bells: Bells::default(),
        planned: Planned::default(),
        watched: Watched::default(),
        seen: SeenKeys::default(),
        shutdown: Shutdown::new(),
        owner,
    });
    let wallet = WalletProvider::new(Arc::new(LedgerBooks(app.clone().into_inner())));
    let tools = Arc::new(tools.with(Arc::new(wallet)));
    app.claim_master_key().await?;
    let operator_key = app.ensure_operator().await?;
    Ok(Built { app, tools, operator_key })
}

/// What runs beside the HTTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// Jobs, alarms and assignment run by themselves.
    Running,
    /// Somebody else drives them: a test, or a replay under its own clock.
    Driven,
}

/// Binds the configured address.
///
/// # Errors
/// When it is taken or not ours.
pub fn bind(config: &Config) -> Result<TcpListener, Failure> {
    let listen = config.server.listen;
    TcpListener::bind(listen).map_err(|error| {
        format!("cannot listen on {listen}: {error}; choose another with server.listen (the demo: --port)")
            .into()
    })
}

/// Starts to answer, and the workers with it.
///
/// # Errors
/// When the socket cannot be listened on.
pub fn start(built: Built, listener: TcpListener, workers: Workers) -> Result<Running, Failure> {
    let address = listener.local_addr()?;
    let (server, handle) = http::serve(built.app.clone(), listener)?;
    let workers = (workers == Workers::Running).then(|| spawn_workers(&built));
    Ok(Running { built, address, server: tokio::spawn(server), handle, workers })
}

/// Jobs, alarms, assignment, and the book kept current with other replicas.
pub fn spawn_workers(built: &Built) -> tokio::task::JoinHandle<()> {
    let (app, tools) = (built.app.clone().into_inner(), Arc::clone(&built.tools));
    tokio::spawn(async move {
        let book = keep_book(Arc::clone(&app));
        let dispatch = crate::app::assign::run(Arc::clone(&app));
        let feeds = crate::app::courier::watch::run(Arc::clone(&app));
        let jobs = jobs::run(Arc::clone(&app), tools);
        tokio::join!(book, dispatch, feeds, jobs);
    })
}

/// Another replica's change of a region or a shop is known here within a second.
async fn keep_book(app: Arc<App>) {
    while !app.shutdown.is_triggered() {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = app.shutdown.wait() => return,
        }
        match crate::store::book::edition(app.db.read()).await {
            Ok(edition) if edition != app.book.get().edition => {
                if let Err(error) = app.reload_book().await {
                    tracing::warn!(%error, "the book could not be read again");
                }
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the book's edition could not be read"),
        }
    }
}

impl Running {
    /// Waits for the signal to stop, then stops.
    ///
    /// # Errors
    /// When the server ended by itself.
    pub async fn until_stopped(self) -> Result<(), Failure> {
        self.built.app.shutdown.wait().await;
        self.stop().await
    }

    /// Takes no new requests, finishes those that run, then the workers, then what waits to be written.
    ///
    /// # Errors
    /// When the server ended badly.
    pub async fn stop(self) -> Result<(), Failure> {
        let app = self.built.app;
        app.shutdown.trigger();
        self.handle.stop(true).await;
        self.server.await??;
        if let Some(workers) = self.workers {
            let limit = Duration::from_secs(app.config.server.shutdown_s);
            if tokio::time::timeout(limit, workers).await.is_err() {
                tracing::warn!("workers did not end in time; what they held comes free when its lease ends");
            }
        }
        app.ledger.drain().await;
        app.lanes.drain().await;
        if let Err(error) = app.db.close().await {
            // All that was accepted is committed; the connections end with the process.
            tracing::warn!(%error, "the database was not closed in order");
        }
        Ok(())
    }
}
