//! `callahead doctor` on PostgreSQL, as a process of its own. What it says of everything else is tested beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/db.rs"]
mod db;

use db::TestDb;
use sea_orm::ConnectionTrait;
use std::process::{Command, Output};

/// Runs a command on this database, in a data directory of the test's own.
fn callahead(database: &TestDb, arguments: &[&str]) -> Output {
    let folder = std::env::temp_dir().join(format!("callahead-doctor-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_callahead"))
        .current_dir(&folder)
        .env("CALLAHEAD_DATABASE__URL", database.url())
        .env("CALLAHEAD_DATA__DIR", &folder)
        .env("CALLAHEAD_SERVER__LISTEN", "127.0.0.1:0")
        .env_remove("DATABASE_URL")
        .args(arguments)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    output
}

/// Whether the doctor is content, and the lines of what was found.
fn doctor(database: &TestDb) -> (bool, Vec<String>) {
    let output = callahead(database, &["doctor"]);
    let told = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), told.lines().map(str::to_owned).collect())
}

#[track_caller]
fn has(told: &[String], level: &str, words: &str) {
    let found = told.iter().any(|line| line.starts_with(level) && line.contains(words));
    assert!(found, "no line '{level} … {words}' in {told:#?}");
}

#[tokio::test]
async fn a_postgresql_database_is_looked_at_from_its_tables_to_its_promises() {
    let Some(database) = TestDb::bare_postgres().await else { return };
    let (content, told) = doctor(&database);
    assert!(content, "{told:#?}");
    has(&told, "ok", "database: postgres");
    has(&told, "warn", "tables: ");
    assert!(callahead(&database, &["migrate", "up"]).status.success());
    let (content, told) = doctor(&database);
    assert!(content, "{told:#?}");
    has(&told, "ok", "tables: up to date");
    for promise in ["fsync is on", "synchronous_commit is on", "full_page_writes is on"] {
        has(&told, "ok", promise);
    }
    has(&told, "ok", "database role: primary");
    has(&told, "ok", "database clock: ");

    let change = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$";
    database.db.writer().execute_unprepared(change).await.unwrap();
    let (content, told) = doctor(&database);
    assert!(!content, "{told:#?}");
    has(&told, "FAIL", "synchronous_commit is off");
}
