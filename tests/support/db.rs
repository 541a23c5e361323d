//! A migrated database per test: SQLite always, PostgreSQL where `TEST_DATABASE_URL` names a server.

// The one setting of the tests, and names that differ between processes; not every test uses all of it.
#![allow(clippy::disallowed_methods, clippy::print_stderr, dead_code)]

use callahead::store::db::{Db, DbKind, DbSettings};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database};
use uuid::Uuid;

/// How long a server may take to make or drop a database: longer, and the test says so instead of standing still.
const ADMIN_LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// A database that goes when it is dropped.
pub struct TestDb {
    /// The open database.
    pub db: Db,
    place: Place,
}

enum Place {
    Sqlite { folder: std::path::PathBuf },
    Postgres { server: String, name: String },
}

impl TestDb {
    /// An empty SQLite database, without tables.
    pub async fn bare_sqlite() -> TestDb {
        let folder = std::env::temp_dir().join(format!("callahead-test-{}", unique()));
        let url = format!("sqlite://{}", folder.join("test.db").display());
        let db = Db::open(&DbSettings::new(url)).await.expect("SQLite opens");
        TestDb { db, place: Place::Sqlite { folder } }
    }

    /// An empty PostgreSQL database, without tables; none when no server is named.
    pub async fn bare_postgres() -> Option<TestDb> {
        let server = std::env::var("TEST_DATABASE_URL").ok()?;
        let name = format!("callahead_test_{}", unique());
        let create = format!("CREATE DATABASE {name}");
        tokio::time::timeout(ADMIN_LIMIT, admin(&server, &create))
            .await
            .expect("the server makes a database");
        let mut settings = DbSettings::new(in_database(&server, &name));
        settings.max_readers = 4;
        // Tests run side by side on a small server: be patient.
        settings.acquire_timeout_ms = 20_000;
        let db = Db::open(&settings).await.expect("PostgreSQL opens");
        Some(TestDb { db, place: Place::Postgres { server, name } })
    }

    /// The databases to test on, empty.
    pub async fn each_bare() -> Vec<TestDb> {
        let mut all = vec![TestDb::bare_sqlite().await];
        all.extend(TestDb::bare_postgres().await);
        all
    }

    /// A migrated SQLite database.
    pub async fn sqlite() -> TestDb {
        TestDb::bare_sqlite().await.migrated().await
    }

    /// A migrated PostgreSQL database; none when no server is named.
    pub async fn postgres() -> Option<TestDb> {
        match TestDb::bare_postgres().await {
            Some(bare) => Some(bare.migrated().await),
            None => None,
        }
    }

    /// The databases to test on, migrated.
    pub async fn each() -> Vec<TestDb> {
        let mut all = vec![TestDb::sqlite().await];
        all.extend(TestDb::postgres().await);
        all
    }

    /// The address, to open it again.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Sqlite { folder } => format!("sqlite://{}", folder.join("test.db").display()),
            Place::Postgres { server, name } => in_database(server, name),
        }
    }

    /// Which database it is.
    pub fn kind(&self) -> DbKind {
        self.db.kind()
    }

    async fn migrated(self) -> TestDb {
        Migrator::up(self.db.writer(), None).await.expect("migrations apply");
        self
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        match &self.place {
            Place::Sqlite { folder } => {
                std::fs::remove_dir_all(folder).ok();
            }
            Place::Postgres { server, name } => {
                let (server, sql) = (server.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                let dropping = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    let dropped = async { tokio::time::timeout(ADMIN_LIMIT, admin(&server, &sql)).await };
                    if runtime.expect("a runtime").block_on(dropped).is_err() {
                        eprintln!("the server did not answer in {ADMIN_LIMIT:?}: {sql}");
                    }
                });
                dropping.join().ok();
            }
        }
    }
}

/// Different in every test of every process.
fn unique() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("randomness");
    Uuid::from_bytes(bytes).simple().to_string()
}

async fn admin(server: &str, sql: &str) {
    let connection = Database::connect(server).await.expect("the PostgreSQL server answers");
    connection.execute_unprepared(sql).await.expect("the PostgreSQL server obeys");
    connection.close().await.ok();
}

/// The server's address with another database name.
fn in_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').map_or((server, ""), |(base, query)| (base, query));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..].find('/').map_or(base.len(), |slash| authority + slash);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{}/{name}{query}", &base[..end])
}
