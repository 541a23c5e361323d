//! How many transfers a second the ledger makes with 16 writers over 100 accounts, beside a raw multi-row
//! group-committed insert of the very same rows in the same run: `cargo bench --bench ledger [-- --transfers 8000]`.
//!
//! Writers and database share the machine. SQLite always; PostgreSQL when `TEST_DATABASE_URL` names a server. Prints
//! both rates, their ratio, what was refused and whether the invariants hold. Time is printed, never asserted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[path = "../tests/support/db.rs"]
mod db;
#[path = "../tests/support/ledger.rs"]
mod support;

use callahead::store::db::{Db, DbKind};
use callahead_domain::ledger::Verdict;
use db::TestDb;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use support::{Bank, Dice, broken, ledger, script};
use tokio::sync::{mpsc, oneshot};

const WRITERS: usize = 16;
const ACCOUNTS: u32 = 100;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let place = words.iter().position(|word| word == "--transfers");
    let count = place.and_then(|at| words.get(at + 1)).and_then(|word| word.parse().ok()).unwrap_or(8_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        bench("SQLite", TestDb::sqlite().await, TestDb::sqlite().await, count).await;
        match (TestDb::postgres().await, TestDb::postgres().await) {
            (Some(one), Some(two)) => bench("PostgreSQL", one, two, count).await,
            _ => println!("PostgreSQL: TEST_DATABASE_URL names no server, left out"),
        }
    });
}

async fn bench(name: &str, test: TestDb, raw: TestDb, count: usize) {
    let ledger = Arc::new(ledger(&test.db));
    let bank = Arc::new(Bank::with(&ledger, ACCOUNTS as usize).await);
    for wallet in 0..ACCOUNTS {
        ledger.carry_out(bank.top_up(u128::from(wallet) + 1, wallet, 1_000_000)).await.unwrap();
    }
    let began = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (ledger, bank) = (Arc::clone(&ledger), Arc::clone(&bank));
            tokio::spawn(async move {
                let mut dice = Dice::new(writer as u64 + 1);
                let mut made = 0;
                for number in 0..count / WRITERS {
                    let id = ((writer as u128 + 1) << 64) + number as u128;
                    let from = dice.below(ACCOUNTS);
                    let to = (from + 1 + dice.below(ACCOUNTS - 1)) % ACCOUNTS;
                    let verdict = ledger.carry_out(bank.pay(id, from, to, 1)).await.unwrap();
                    made += usize::from(matches!(verdict, Verdict::Made(_)));
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for writer in writers {
        made += writer.await.unwrap();
    }
    let rate = made as f64 / began.elapsed().as_secs_f64();
    println!(
        "{name}: {made} transfers by {WRITERS} writers over {ACCOUNTS} accounts: {rate:.0}/s (bar 1000)"
    );
    println!("{name}: invariants broken: {:?}", broken(&test.db).await);
    let raw_rate = reference(&test.db, &raw.db).await;
    println!(
        "{name}: the same rows by raw multi-row group-committed inserts: {raw_rate:.0}/s, ratio {:.2}",
        rate / raw_rate
    );
    ledger.drain().await;
}

type Row = Vec<Value>;
/// A transfer with its entries, and who waits for them.
type Waiting = ((Row, Vec<Row>), oneshot::Sender<()>);

const TRANSFER: &str =
    "id, kind, debit_account, credit_account, amount, currency, code, ref, request_hash, created_at";
const ENTRY: &str =
    "account_id, account_version, transfer_id, layer, amount, posted_after, held_after, created_at";

/// As many submitters; one writer that takes all who wait, inserts their rows table by table and commits once.
async fn reference(from: &Db, to: &Db) -> f64 {
    let accounts = "id, kind, owner_ref, currency, created_at";
    let tx = to.writer().begin().await.unwrap();
    for row in read(from, accounts, "ledger_account", "ORDER BY id").await {
        tx.execute_raw(insert(to.kind(), "ledger_account", accounts, &[&row])).await.unwrap();
    }
    tx.commit().await.unwrap();
    let transfers = read(from, TRANSFER, "ledger_transfer", "WHERE code = 'transfer' ORDER BY id").await;
    let of =
        "WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE code = 'transfer') ORDER BY transfer_id";
    let mut entries: VecDeque<Row> = read(from, ENTRY, "ledger_entry", of).await.into();
    let all: VecDeque<(Row, Vec<Row>)> =
        transfers.into_iter().map(|row| (row, entries.drain(..2).collect())).collect();
    let count = all.len();
    script(to, "SELECT 1").await;
    let (send, receive) = mpsc::channel(1024);
    let writer = tokio::spawn(write_groups(to.clone(), receive));
    let waiting = Arc::new(Mutex::new(all));
    let began = Instant::now();
    let submitters: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (send, waiting) = (send.clone(), Arc::clone(&waiting));
            tokio::spawn(async move {
                loop {
                    let Some(rows) = waiting.lock().unwrap().pop_front() else { return };
                    let (done, answer) = oneshot::channel::<()>();
                    send.send((rows, done)).await.unwrap();
                    answer.await.unwrap();
                }
            })
        })
        .collect();
    for submitter in submitters {
        submitter.await.unwrap();
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    drop(send);
    writer.await.unwrap();
    rate
}

async fn read(db: &Db, columns: &str, table: &str, which: &str) -> Vec<Row> {
    let sql = format!("SELECT {columns} FROM {table} {which}");
    let found = db.read().query_all_raw(Statement::from_string(db.kind().backend(), sql)).await.unwrap();
    let value = |row: &sea_orm::QueryResult, at: usize, name: &str| -> Value {
        match name {
            "id" | "debit_account" | "credit_account" | "account_id" | "transfer_id" => {
                row.try_get_by_index::<uuid::Uuid>(at).unwrap().into()
            }
            "amount" | "created_at" | "account_version" | "posted_after" | "held_after" => {
                row.try_get_by_index::<i64>(at).unwrap().into()
            }
            _ => row.try_get_by_index::<String>(at).unwrap().into(),
        }
    };
    let names: Vec<&str> = columns.split(", ").collect();
    let whole = |row| names.iter().enumerate().map(|(at, name)| value(row, at, name)).collect();
    found.iter().map(whole).collect()
}

async fn write_groups(db: Db, mut receive: mpsc::Receiver<Waiting>) {
    let mut group = Vec::new();
    while receive.recv_many(&mut group, 256).await > 0 {
        let tx = db.writer().begin().await.unwrap();
        let transfers: Vec<&Row> = group.iter().map(|((row, _), _)| row).collect();
        let entries: Vec<&Row> = group.iter().flat_map(|((_, rows), _)| rows).collect();
        for (table, columns, rows) in
            [("ledger_transfer", TRANSFER, transfers), ("ledger_entry", ENTRY, entries)]
        {
            // Powers of two, so that each statement is prepared once.
            let mut left = &rows[..];
            while !left.is_empty() {
                let (chunk, rest) = left.split_at(1 << left.len().min(256).ilog2());
                tx.execute_raw(insert(db.kind(), table, columns, chunk)).await.unwrap();
                left = rest;
            }
        }
        tx.commit().await.unwrap();
        for (_, done) in group.drain(..) {
            let _ = done.send(());
        }
    }
}

fn insert(kind: DbKind, table: &str, columns: &str, rows: &[&Row]) -> Statement {
    let width = columns.split(", ").count();
    let list: Vec<String> = (0..rows.len())
        .map(|row| {
            let marks: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
            format!("({})", marks.join(","))
        })
        .collect();
    let sql = format!("INSERT INTO {table} ({columns}) VALUES {}", list.join(","));
    Statement::from_sql_and_values(kind.backend(), sql, rows.iter().flat_map(|row| row.iter().cloned()))
}
