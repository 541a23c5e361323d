//! The ledger on both databases: many writers at once, every invariant at the end, refusals that leave everything as it
//! is, and sabotage that must not go unseen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

#[path = "support/db.rs"]
mod db;
#[path = "support/ledger.rs"]
mod support;

use callahead::app::Error;
use callahead::app::ledger::Ledger;
use callahead::store::db::{Db, DbKind, DbSettings};
use callahead::store::ledger_check;
use callahead_domain::id::TransferId;
use callahead_domain::ledger::{Action, Code, Refusal, Request, Verdict};
use chrono::Duration;
use db::TestDb;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use support::{Bank, Dice, broken, krw, ledger, now, rows, script, transfer_id};

/// A request of one of the kinds there are, about one of few accounts, holds and ids, so that they meet.
fn draw(dice: &mut Dice, bank: &Bank, holds: &Mutex<Vec<TransferId>>) -> Request {
    let id = transfer_id(u128::from(dice.below(3_000)) + 1);
    let (from, to) = (bank.wallet(dice.below(4)), bank.wallet(4 + dice.below(2)));
    let amount = krw(1 + i64::from(dice.below(40)));
    let known = holds.lock().unwrap().clone();
    let hold = known.get(dice.below(1 + known.len() as u32) as usize).copied().unwrap_or(id);
    match dice.below(8) {
        0 | 1 => {
            let action = Action::Single { debit: bank.world, credit: from, amount };
            Request::new(id, Code::TopUp, format!("receipt {}", dice.below(2_000)), action)
        }
        2 => Request::new(id, Code::Transfer, "gift", Action::Single { debit: from, credit: to, amount }),
        3 | 4 => {
            // Some are over at once, some never.
            let expires_at = [None, Some(now()), Some(now() + Duration::days(1))][dice.below(3) as usize];
            let action = Action::Hold { debit: from, credit: bank.shop, amount, expires_at };
            holds.lock().unwrap().push(id);
            Request::new(id, Code::OrderHold, "order", action)
        }
        5 => {
            let amount = (dice.below(2) == 0).then(|| i64::from(dice.below(40)));
            Request::new(id, Code::Capture, "order", Action::Post { hold, amount })
        }
        6 => Request::new(id, Code::Release, "order", Action::Void { hold }),
        _ if dice.below(2) == 0 => Request::expire(hold),
        _ => Request::refund(id, hold, bank.shop, from, amount),
    }
}

/// What was answered for each id, by what was asked.
type Told = BTreeMap<(TransferId, String), Vec<Verdict>>;

/// One id has at most one request that succeeded, which was carried out once; what was refused stays refused.
fn agree(told: &Told) {
    let mut made: BTreeMap<TransferId, usize> = BTreeMap::new();
    for ((id, _), verdicts) in told {
        let count = verdicts.iter().filter(|one| matches!(one, Verdict::Made(_))).count();
        *made.entry(*id).or_default() += count;
        let done = verdicts.iter().any(|one| matches!(one, Verdict::Made(_) | Verdict::Known(_)));
        let kept: Vec<_> = verdicts
            .iter()
            .filter_map(|one| match one {
                Verdict::Refused(refusal) if !refusal.passes() => Some(refusal),
                _ => None,
            })
            .collect();
        assert!(!done || kept.is_empty(), "{id} was refused and carried out: {verdicts:?}");
        assert!(kept.windows(2).all(|pair| pair[0] == pair[1]), "{id} was refused in two ways: {verdicts:?}");
    }
    assert!(made.values().all(|count| *count <= 1), "an id was carried out twice");
}

/// Several processes on one database, each with writers of its own, all drawing from the same few ids and holds.
async fn storm(test: &TestDb, seed: u64) {
    let first = ledger(&test.db);
    let bank = Arc::new(Bank::open(&first).await);
    let (told, holds) = (Arc::new(Mutex::new(Told::new())), Arc::new(Mutex::new(Vec::new())));
    let mut settings = DbSettings::new(test.url());
    settings.acquire_timeout_ms = 20_000;
    settings.lock_timeout_ms = 20_000;
    let mut processes = vec![Arc::new(first)];
    for _ in 0..2 {
        processes.push(Arc::new(ledger(&Db::open(&settings).await.unwrap())));
    }
    let writers: Vec<_> = (0..9_u64)
        .map(|writer| {
            let (bank, told, holds) = (Arc::clone(&bank), Arc::clone(&told), Arc::clone(&holds));
            let processes = processes.clone();
            tokio::spawn(async move {
                let mut dice = Dice::new(seed * 100 + writer);
                for _ in 0..60 {
                    let request = draw(&mut dice, &bank, &holds);
                    // Sent again, up to three times, also by way of another process.
                    for _ in 0..=dice.below(3) {
                        let process: &Ledger = &processes[dice.below(3) as usize];
                        let verdict = process.carry_out(request.clone()).await.unwrap();
                        let key = (request.id, request.hash());
                        told.lock().unwrap().entry(key).or_default().push(verdict);
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for process in processes {
        process.drain().await;
    }
    assert_eq!(broken(&test.db).await, Vec::<String>::new());
    let told = std::mem::take(&mut *told.lock().unwrap());
    agree(&told);
    // Which refusals come up depends on who is first; that some do does not: few accounts are ever filled.
    assert!(told.values().flatten().any(|one| matches!(one, Verdict::Refused(_))));
    assert!(told.values().flatten().any(|one| matches!(one, Verdict::Known(_))));
    let kept = rows(&test.db, "ledger_transfer").await.len();
    let made = told.values().flatten().filter(|one| matches!(one, Verdict::Made(_))).count();
    assert_eq!(made, kept, "what was answered is what is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_of_several_processes_break_nothing() {
    for seed in 1..=2 {
        for test in TestDb::each().await {
            storm(&test, seed).await;
        }
    }
}

/// Everything a request could change.
async fn everything(db: &Db) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for table in ["ledger_account", "ledger_transfer", "ledger_entry"] {
        all.push(rows(db, table).await);
    }
    all
}

#[tokio::test]
async fn a_refusal_leaves_every_row_as_it_is() {
    for test in TestDb::each().await {
        let ledger = ledger(&test.db);
        let bank = Bank::open(&ledger).await;
        let (dice, holds) = (&mut Dice::new(7), Mutex::new(Vec::new()));
        let mut refused = 0;
        for _ in 0..250 {
            let request = draw(dice, &bank, &holds);
            let before = everything(&test.db).await;
            let verdict = ledger.carry_out(request.clone()).await.unwrap();
            if matches!(verdict, Verdict::Made(_)) {
                continue;
            }
            refused += 1;
            assert_eq!(everything(&test.db).await, before, "I12: {request:?} {verdict:?}");
        }
        assert!(refused > 50, "{refused}");
        assert_eq!(broken(&test.db).await, Vec::<String>::new());
        ledger.drain().await;
    }
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_not_taken() {
    let test = TestDb::sqlite().await;
    let ledger = ledger(&test.db);
    let bank = Bank::open(&ledger).await;
    let action = Action::Single { debit: bank.world, credit: bank.world, amount: krw(1) };
    let answer = ledger.carry_out(Request::new(transfer_id(1), Code::Transfer, "", action)).await;
    assert!(matches!(answer, Err(Error::Internal(_))), "{answer:?}");
    ledger.drain().await;
    assert!(matches!(ledger.carry_out(bank.top_up(1, 0, 1)).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn the_same_request_in_one_group_is_carried_out_once() {
    for test in TestDb::each().await {
        let ledger = ledger(&test.db);
        let bank = Bank::open(&ledger).await;
        let request = bank.top_up(1, 0, 50);
        let all = futures_util::future::join_all((0..8).map(|_| ledger.carry_out(request.clone()))).await;
        let made = all.iter().filter(|one| matches!(one, Ok(Verdict::Made(_)))).count();
        let known = all.iter().filter(|one| matches!(one, Ok(Verdict::Known(_)))).count();
        assert_eq!((made, known), (1, 7));
        ledger.drain().await;
    }
}

#[tokio::test]
async fn what_was_refused_stays_refused_after_the_money_came() {
    for test in TestDb::each().await {
        let first = ledger(&test.db);
        let bank = Bank::open(&first).await;
        let pay = bank.pay(1, 0, 1, 10);
        let refused = Verdict::Refused(Refusal::InsufficientFunds);
        assert_eq!(first.carry_out(pay.clone()).await.unwrap(), refused);
        assert!(matches!(first.carry_out(bank.top_up(2, 0, 50)).await.unwrap(), Verdict::Made(_)));
        first.drain().await;
        // Also for a process that was not there.
        let second = ledger(&test.db);
        assert_eq!(second.carry_out(pay).await.unwrap(), refused);
        assert_eq!(second.carry_out(bank.pay(1, 0, 1, 9)).await.unwrap(), Verdict::Refused(Refusal::IdTaken));
        assert!(matches!(second.carry_out(bank.pay(3, 0, 1, 10)).await.unwrap(), Verdict::Made(_)));
        second.drain().await;
    }
}

#[tokio::test]
async fn transfers_entries_and_refusals_can_be_neither_changed_nor_removed() {
    use sea_orm::ConnectionTrait;
    for test in TestDb::each().await {
        let ledger = ledger(&test.db);
        let bank = Bank::open(&ledger).await;
        ledger.carry_out(bank.top_up(1, 0, 50)).await.unwrap();
        ledger.carry_out(bank.pay(2, 1, 0, 50)).await.unwrap();
        for (table, change) in
            [("ledger_transfer", "amount = 1"), ("ledger_entry", "amount = 1"), ("ledger_refusal", "at = 1")]
        {
            let mut changes = vec![format!("UPDATE {table} SET {change}"), format!("DELETE FROM {table}")];
            if test.kind() == DbKind::Postgres {
                changes.push(format!("TRUNCATE {table} CASCADE"));
            }
            for change in changes {
                let answer = test.db.writer().execute_unprepared(&change).await.unwrap_err();
                assert!(answer.to_string().contains("append only"), "{change}: {answer}");
            }
        }
        ledger.drain().await;
    }
}

/// Runs the operator's command on this database.
fn check_command(test: &TestDb) -> (bool, String) {
    let folder = std::env::temp_dir().join(format!("callahead-ledger-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_callahead"))
        .current_dir(&folder)
        .env("CALLAHEAD_DATABASE__URL", test.url())
        .env("CALLAHEAD_DATA__DIR", &folder)
        .env_remove("DATABASE_URL")
        .args(["ledger", "check"])
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn the_operators_command_tells_each_invariant_and_fails_when_one_is_broken() {
    for test in TestDb::each().await {
        let ledger = ledger(&test.db);
        let bank = Bank::open(&ledger).await;
        ledger.carry_out(bank.top_up(1, 0, 50)).await.unwrap();
        ledger.drain().await;
        let (well, told) = check_command(&test);
        assert!(well, "{told}");
        for name in
            ["I1 ", "I2 ", "I3 ", "I4 ", "I5 ", "I6 ", "I7 ", "I8 ", "I9 ", "I10", "I11", "I12", "R1 "]
        {
            assert!(
                told.lines().any(|line| line.starts_with(name) && line.contains("holds")),
                "{name}: {told}"
            );
        }
        script(
            &test.db,
            "UPDATE ledger_account SET credits_posted = 51 WHERE kind = 'wallet' AND credits_posted = 50",
        )
        .await;
        let (well, told) = check_command(&test);
        assert!(!well);
        assert!(told.lines().any(|line| line.starts_with("I1 ") && line.contains("BROKEN (1)")), "{told}");
        assert_eq!(ledger_check::check(&test.db).await.unwrap().len(), 13);
    }
}
