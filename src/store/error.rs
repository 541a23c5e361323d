//! What can go wrong in the store, and how a database's own error is read.

use sea_orm::sqlx::{self, error::ErrorKind};
use sea_orm::{DbErr, RuntimeErr};

/// What can go wrong in the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The row has another version than the writer read.
    #[error("the row changed since it was read")]
    Stale,
    /// The row is not there.
    #[error("the row is not there")]
    Missing,
    /// A unique constraint refused the row. The name is `<table>_<column>_<column>_key` or `<table>_pkey`, the same
    /// on both databases.
    #[error("unique constraint {constraint} refused the row")]
    Conflict {
        /// Name of the constraint.
        constraint: String,
    },
    /// Another transaction was in the way (deadlock, serialisation, lock wait, statement time): try again.
    #[error("another transaction was in the way: {0}")]
    Contended(String),
    /// The database cannot be reached or cannot write now. A write may or may not have happened.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A foreign key, check or not-null constraint refused the row: a mistake of ours.
    #[error("the schema refused the row: {0}")]
    Violated(String),
    /// Anything else: a mistake of ours or a damaged database.
    #[error("the database refused: {0}")]
    Broken(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> StoreError {
        match &error {
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                read_sqlx(cause)
            }
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => StoreError::Unavailable(error.to_string()),
            DbErr::RecordNotFound(_) => StoreError::Missing,
            _ => StoreError::Broken(error.to_string()),
        }
    }
}

fn read_sqlx(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(refusal) => read_refusal(refusal.as_ref()),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => StoreError::Unavailable(error.to_string()),
        sqlx::Error::RowNotFound => StoreError::Missing,
        _ => StoreError::Broken(error.to_string()),
    }
}

fn read_refusal(refusal: &dyn sqlx::error::DatabaseError) -> StoreError {
    let message = refusal.message().to_owned();
    match refusal.kind() {
        ErrorKind::UniqueViolation => StoreError::Conflict { constraint: constraint_name(refusal) },
        ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
            StoreError::Violated(message)
        }
        _ => {
            let code = refusal.code().unwrap_or_default();
            if refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                read_sqlite_code(&code, message)
            } else {
                read_sqlstate(&code, message)
            }
        }
    }
}

/// PostgreSQL's SQLSTATE (appendix A of its manual).
fn read_sqlstate(code: &str, message: String) -> StoreError {
    match code {
        // statement timeout; lock not available
        "57014" | "55P03" => StoreError::Contended(message),
        // a standby after a failover: reconnecting finds the primary
        "25006" => StoreError::Unavailable(message),
        _ => match code.get(..2) {
            Some("40") => StoreError::Contended(message),
            // connection, resources (disk full, too many connections), operator, system error
            Some("08" | "53" | "57" | "58") => StoreError::Unavailable(message),
            _ => StoreError::Broken(message),
        },
    }
}

/// SQLite's result code; the low byte is the primary code.
fn read_sqlite_code(code: &str, message: String) -> StoreError {
    match code.parse::<i32>().map(|code| code & 0xff) {
        // busy, locked
        Ok(5 | 6) => StoreError::Contended(message),
        // read-only, I/O error, disk full, cannot open
        Ok(8 | 10 | 13 | 14) => StoreError::Unavailable(message),
        _ => StoreError::Broken(message),
    }
}

/// PostgreSQL names the constraint; SQLite lists its columns, from which the same name follows.
fn constraint_name(refusal: &dyn sqlx::error::DatabaseError) -> String {
    const SQLITE_PRIMARY_KEY: &str = "1555";
    if let Some(name) = refusal.constraint() {
        return name.to_owned();
    }
    let message = refusal.message();
    let columns = message.rsplit_once("failed: ").map_or(message, |(_, columns)| columns);
    let table = columns.split('.').next().unwrap_or_default();
    if refusal.code().as_deref() == Some(SQLITE_PRIMARY_KEY) {
        return format!("{table}_pkey");
    }
    let names = columns.split(", ").filter_map(|column| column.split_once('.').map(|(_, name)| name));
    let names: Vec<&str> = names.collect();
    format!("{table}_{}_key", names.join("_"))
}
