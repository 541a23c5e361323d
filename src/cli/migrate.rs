//! `callahead migrate`: brings the database's tables to this release, back, or says where they stand.

use std::fs;
use std::io;
use std::time::Duration;

use clap::Subcommand;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use secrecy::ExposeSecret;

use super::out;
use crate::config;

/// What to do with the tables; without a word: `up`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Migrate {
    /// Apply what is missing.
    Up,
    /// Take back the last changes. Data that only they hold is lost.
    Down {
        /// How many changes.
        #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// List the changes and which are applied.
    Status,
}

/// Why the tables stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database cannot be reached or refused a change.
    #[error("{url}: {source}")]
    Database {
        /// The database's address, without its password.
        url: String,
        /// What the database said.
        source: DbErr,
    },
    /// The directory of the database's file cannot be made.
    #[error("the database's directory: {0}")]
    Directory(#[from] io::Error),
}

/// Does it and says so, a line for each change.
///
/// # Errors
/// When the database cannot be reached or refuses a change; what was applied before it stays.
pub async fn run(database: &config::Database, what: Migrate) -> Result<(), MigrateError> {
    let fault = |source| MigrateError::Database { url: database.shown(), source };
    let db = match what {
        Migrate::Up => connect_or_create(database).await?,
        Migrate::Down { .. } | Migrate::Status => connect(database).await.map_err(fault)?,
    };
    let outcome = apply(&db, what).await.map_err(fault);
    db.close().await.map_err(fault)?;
    outcome
}

async fn apply(db: &DatabaseConnection, what: Migrate) -> Result<(), DbErr> {
    let applied_before = Migrator::get_applied_migrations_read_only(db).await?.len();
    match what {
        Migrate::Up => {
            let missing = Migrator::get_pending_migrations_read_only(db).await?;
            Migrator::up(db, None).await?;
            missing.iter().for_each(|change| out::line(&format!("applied {}", change.name())));
            out::line(&format!("up to date: {} changes", applied_before.saturating_add(missing.len())));
        }
        Migrate::Down { steps } => {
            Migrator::down(db, Some(steps)).await?;
            let left = Migrator::get_applied_migrations_read_only(db).await?.len();
            out::line(&format!("taken back: {}; applied: {left}", applied_before.saturating_sub(left)));
        }
        Migrate::Status => {
            for change in Migrator::get_migration_with_status_read_only(db).await? {
                out::line(&format!("{:8} {}", change.status().to_string(), change.name()));
            }
        }
    }
    Ok(())
}

/// Connects to a database that is there.
///
/// # Errors
/// When it is not, or refuses.
pub async fn connect(database: &config::Database) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(database.url.expose_secret());
    options.max_connections(1).sqlx_logging(false).acquire_timeout(Duration::from_secs(3));
    Database::connect(options).await
}

/// Connects, after making the file of a SQLite database where there is none.
async fn connect_or_create(database: &config::Database) -> Result<DatabaseConnection, MigrateError> {
    if let Some(path) = database.sqlite_path() {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            fs::create_dir_all(dir)?;
        }
        fs::OpenOptions::new().create(true).append(true).open(&path)?;
    }
    connect(database).await.map_err(|source| MigrateError::Database { url: database.shown(), source })
}
