//! Opening the database: one writer and many readers on SQLite, two pools on PostgreSQL.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Connection};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement};

use super::StoreError;

/// Prepared statements kept per connection: multi-row inserts come in powers of two per table.
const STATEMENT_CACHE: usize = 1_000;
/// How often the first connection is tried: on a busy machine it may take longer than a request would wait for one.
const OPEN_TRIES: u32 = 5;
/// A connection idle this long is tested before it is used.
const IDLE_TEST: Duration = Duration::from_secs(1);
/// How long the database may take to say that it lives, waiting for a free connection included.
const PING_LIMIT: Duration = Duration::from_secs(3);
/// How long connections may take to come back when the database is closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
/// A returned PostgreSQL connection that does not answer within this time is thrown away.
const RELEASE_TEST: Duration = Duration::from_secs(1);

/// How to reach the database.
#[derive(Clone)]
pub struct DbSettings {
    /// `sqlite://path/to/file.db` (made where missing; in-memory databases are refused) or `postgres://…`.
    pub url: String,
    /// Connections for reading.
    pub max_readers: u32,
    /// Write lanes; SQLite always has one.
    pub lanes: u32,
    /// How long to wait for a connection; an outage is answered after this.
    pub acquire_timeout_ms: u64,
    /// How long one PostgreSQL statement may take; 0 for no limit (migrations).
    pub statement_timeout_ms: u64,
    /// How long a statement waits for another's lock.
    pub lock_timeout_ms: u64,
}

impl DbSettings {
    /// Settings for a database with everything else at its default.
    pub fn new(url: impl Into<String>) -> DbSettings {
        DbSettings {
            url: url.into(),
            max_readers: 8,
            lanes: 4,
            acquire_timeout_ms: 800,
            statement_timeout_ms: 4_000,
            lock_timeout_ms: 2_000,
        }
    }
}

impl std::fmt::Debug for DbSettings {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DbSettings")
            .field("max_readers", &self.max_readers)
            .field("lanes", &self.lanes)
            .finish()
    }
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbKind {
    /// SQLite, one file, one writer.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl DbKind {
    /// The same for sea-orm.
    pub fn backend(self) -> DbBackend {
        match self {
            DbKind::Sqlite => DbBackend::Sqlite,
            DbKind::Postgres => DbBackend::Postgres,
        }
    }
}

/// A setting of the database under which an acknowledged write could be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurabilityProblem {
    /// Name of the setting.
    pub setting: &'static str,
    /// What it is.
    pub found: String,
    /// What it must be.
    pub wanted: &'static str,
}

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    kind: DbKind,
    lanes: u32,
    statement_timeout: Duration,
    readers: DatabaseConnection,
    writers: DatabaseConnection,
}

impl Db {
    /// Opens the database and checks that it answers, with some patience. Applies no migrations.
    pub async fn open(settings: &DbSettings) -> Result<Db, StoreError> {
        for _ in 1..OPEN_TRIES {
            match Db::try_open(settings).await {
                Err(StoreError::Unavailable(error)) => tracing::debug!(error, "the database is asked again"),
                other => return other,
            }
        }
        Db::try_open(settings).await
    }

    async fn try_open(settings: &DbSettings) -> Result<Db, StoreError> {
        let kind = kind_of(&settings.url)?;
        let (writers, readers) = match kind {
            DbKind::Sqlite => {
                make_parent(&settings.url)?;
                // The writer comes first: it makes the file and turns the write-ahead log on.
                let writer = Database::connect(sqlite_options(settings, Access::Write)).await?;
                (writer, Database::connect(sqlite_options(settings, Access::Read)).await?)
            }
            DbKind::Postgres => (
                Database::connect(postgres_options(settings, Access::Write)).await?,
                Database::connect(postgres_options(settings, Access::Read)).await?,
            ),
        };
        let lanes = if kind == DbKind::Sqlite { 1 } else { settings.lanes.max(1) };
        let statement_timeout = Duration::from_millis(settings.statement_timeout_ms);
        let db = Db { kind, lanes, statement_timeout, readers, writers };
        db.ping().await?;
        Ok(db)
    }

    /// Which database it is.
    pub fn kind(&self) -> DbKind {
        self.kind
    }

    /// Write lanes to run: 1 on SQLite.
    pub fn lanes(&self) -> u32 {
        self.lanes
    }

    /// Limit of one statement; zero is none.
    pub fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    /// The connections for reading; they refuse writes.
    pub fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// The connections for writing: for the write lanes and migrations only.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writers
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is none within 3 s: a connection that went silent a moment ago is not
    /// tested by the pool and would be waited for as long as the network stack cares.
    pub async fn ping(&self) -> Result<(), StoreError> {
        within(PING_LIMIT, self.readers.ping()).await
    }

    /// Closes both pools; open transactions are rolled back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when connections are still in use after 5 s. They close with the process.
    pub async fn close(&self) -> Result<(), StoreError> {
        within(CLOSE_LIMIT, async {
            self.readers.close_by_ref().await?;
            self.writers.close_by_ref().await
        })
        .await
    }

    /// Settings under which an acknowledged write could be lost; empty when all is well.
    pub async fn check_durability(&self) -> Result<Vec<DurabilityProblem>, StoreError> {
        let checks: &[Check] = match self.kind {
            DbKind::Sqlite => &SQLITE_CHECKS,
            DbKind::Postgres => &POSTGRES_CHECKS,
        };
        let mut problems = Vec::new();
        for Check { setting, sql, sound, wanted } in checks {
            let row = self.writers.query_one_raw(Statement::from_string(self.kind.backend(), *sql)).await?;
            let found: String = row.ok_or(StoreError::Missing)?.try_get_by_index(0)?;
            if !sound.contains(&found.as_str()) {
                problems.push(DurabilityProblem { setting, found, wanted });
            }
        }
        Ok(problems)
    }
}

/// The same, given up after `limit`.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, work).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {} s", limit.as_secs()))),
    }
}

/// A setting, how to ask for it, and which values keep acknowledged writes.
struct Check {
    setting: &'static str,
    sql: &'static str,
    sound: &'static [&'static str],
    wanted: &'static str,
}

const SQLITE_CHECKS: [Check; 2] = [
    Check {
        setting: "synchronous",
        sql: "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous",
        sound: &["2", "3"],
        wanted: "2 (FULL) or 3 (EXTRA)",
    },
    Check {
        setting: "journal_mode",
        sql: "SELECT journal_mode FROM pragma_journal_mode",
        sound: &["wal"],
        wanted: "wal",
    },
];

const POSTGRES_CHECKS: [Check; 3] = [
    Check { setting: "fsync", sql: "SELECT current_setting('fsync')", sound: &["on"], wanted: "on" },
    Check {
        setting: "synchronous_commit",
        sql: "SELECT current_setting('synchronous_commit')",
        sound: &["on", "local", "remote_write", "remote_apply"],
        wanted: "on",
    },
    Check {
        setting: "full_page_writes",
        sql: "SELECT current_setting('full_page_writes')",
        sound: &["on"],
        wanted: "on",
    },
];

#[derive(Clone, Copy, PartialEq)]
enum Access {
    Read,
    Write,
}

fn kind_of(url: &str) -> Result<DbKind, StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(DbKind::Postgres);
    }
    if !url.starts_with("sqlite:") {
        return Err(StoreError::Broken(
            "the database address must start with sqlite: or postgres:".to_owned(),
        ));
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(StoreError::Broken("an in-memory database forgets: name a file".to_owned()));
    }
    Ok(DbKind::Sqlite)
}

fn make_parent(url: &str) -> Result<(), StoreError> {
    let options: SqliteConnectOptions =
        url.parse().map_err(|error: sqlx::Error| StoreError::Broken(error.to_string()))?;
    match options.get_filename().parent() {
        Some(parent) if parent != Path::new("") => std::fs::create_dir_all(parent)
            .map_err(|error| StoreError::Unavailable(format!("cannot make {}: {error}", parent.display()))),
        _ => Ok(()),
    }
}

fn common_options(settings: &DbSettings, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(settings.url.clone());
    let acquire = Duration::from_millis(settings.acquire_timeout_ms);
    options
        .max_connections(connections.max(1))
        .acquire_timeout(acquire)
        .connect_timeout(acquire)
        .test_before_acquire_if_idle_for(IDLE_TEST)
        .sqlx_logging(false);
    options
}

fn sqlite_options(settings: &DbSettings, access: Access) -> ConnectOptions {
    let writes = access == Access::Write;
    let mut options = common_options(settings, if writes { 1 } else { settings.max_readers });
    let wait = Duration::from_millis(settings.lock_timeout_ms);
    // Never closed for age: the last close would fold the write-ahead log.
    options.min_connections(1).idle_timeout(None).max_lifetime(None);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .create_if_missing(writes)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(wait)
            .statement_cache_capacity(STATEMENT_CACHE);
        if writes { sqlite } else { sqlite.pragma("query_only", "on") }
    });
    options
}

fn postgres_options(settings: &DbSettings, access: Access) -> ConnectOptions {
    let writes = access == Access::Write;
    // A few more than lanes: a connection lost in a black hole must not stop its lane.
    let connections = if writes { settings.lanes.max(1).saturating_add(4) } else { settings.max_readers };
    let mut options = common_options(settings, connections);
    let (statement_ms, lock_ms) = (settings.statement_timeout_ms, settings.lock_timeout_ms);
    options.map_sqlx_postgres_opts(move |postgres| session_settings(postgres, statement_ms, lock_ms, writes));
    let port = settings.url.parse::<PgConnectOptions>().map_or(5432, |options| options.get_port());
    options.map_sqlx_postgres_pool_opts(move |pool| without_delay(drop_the_silent(pool), port));
    options
}

/// Statements are not held back for acknowledgements; see `no_delay`.
#[cfg(target_os = "linux")]
fn without_delay(pool: PgPoolOptions, port: u16) -> PgPoolOptions {
    pool.after_connect(move |_, _| {
        if let Err(error) = super::no_delay::set(port) {
            tracing::debug!(%error, "TCP_NODELAY could not be set on the way to the database");
        }
        Box::pin(std::future::ready(Ok(())))
    })
}

#[cfg(not(target_os = "linux"))]
fn without_delay(pool: PgPoolOptions, _: u16) -> PgPoolOptions {
    pool
}

fn session_settings(
    postgres: PgConnectOptions,
    statement_ms: u64,
    lock_ms: u64,
    writes: bool,
) -> PgConnectOptions {
    postgres.statement_cache_capacity(STATEMENT_CACHE).application_name("callahead").options([
        ("statement_timeout", statement_ms.to_string()),
        ("lock_timeout", lock_ms.to_string()),
        ("default_transaction_read_only", if writes { "off" } else { "on" }.to_owned()),
    ])
}

/// A connection whose peer went silent would otherwise be waited for on its way back to the pool, for as long as the
/// network stack cares, and hold its place there.
fn drop_the_silent(pool: PgPoolOptions) -> PgPoolOptions {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            match tokio::time::timeout(RELEASE_TEST, connection.ping()).await {
                Ok(answer) => answer.map(|()| true),
                Err(_) => Err(sqlx::Error::PoolTimedOut),
            }
        })
    })
}
