//! The ledger with one of its safeguards taken away at a time: the next wall, or the invariants, must see it. And each
//! invariant is shown a ledger that breaks it.
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
use callahead::app::unit::Unit;
use callahead::store::ledger as store;
use callahead::store::tx::Tx;
use callahead_domain::ledger::{Book, Layer, Request, TransferKind, Verdict};
use db::TestDb;
use support::{Bank, broken, ledger, now, script, transfer_id};
use uuid::Uuid;

/// The ledger's own way of carrying out a request, with a hand on what was read and on what is written.
struct Sabotaged {
    request: Request,
    read: fn(&mut Book),
    written: fn(&mut Book),
}

impl Unit for Sabotaged {
    type Output = Verdict;

    fn key(&self) -> Uuid {
        Uuid::nil()
    }

    async fn run(&self, tx: &Tx) -> Result<Verdict, Error> {
        let mut book = store::load(tx, std::slice::from_ref(&self.request)).await?;
        (self.read)(&mut book);
        let verdict = book.carry_out(&self.request, now());
        (self.written)(&mut book);
        store::write(tx, &book, now().timestamp_micros()).await?;
        Ok(verdict)
    }
}

fn untouched(_: &mut Book) {}

/// A bank with 200 in wallet 0, of which 80 (id 2) and 30 (id 3) are held.
async fn opened(test: &TestDb) -> (Ledger, Bank) {
    let ledger = ledger(&test.db);
    let bank = Bank::open(&ledger).await;
    for request in [bank.top_up(1, 0, 200), bank.hold(2, 0, 80), bank.hold(3, 0, 30)] {
        assert!(matches!(ledger.carry_out(request).await.unwrap(), Verdict::Made(_)));
    }
    (ledger, bank)
}

/// As a writer decides who did not see the other's post.
fn unresolved(book: &mut Book) {
    book.holds.values_mut().for_each(|hold| hold.resolved = false);
}

#[tokio::test]
async fn without_the_unique_resolution_a_second_post_is_seen() {
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        ledger.carry_out(bank.post(4, 2, Some(20))).await.unwrap();
        let again =
            |id| Sabotaged { request: bank.post(id, 2, Some(20)), read: unresolved, written: untouched };
        let answer = ledger.write(again(5)).await;
        assert!(matches!(answer, Err(Error::Internal(_))), "no hold is as large any more: {answer:?}");
        // Where other holds are large enough, only the index knows.
        ledger.carry_out(bank.hold(6, 0, 70)).await.unwrap();
        let index = Error::Conflict { constraint: "ledger_transfer_pending_id_key".to_owned() };
        assert_eq!(ledger.write(again(7)).await, Err(index), "the index refuses it");
        assert_eq!(broken(&test.db).await, Vec::<String>::new());
        script(&test.db, "DROP INDEX ledger_transfer_pending_id_key").await;
        ledger.write(again(8)).await.unwrap();
        assert_eq!(broken(&test.db).await, ["I6", "I7"]);
        ledger.drain().await;
    }
}

#[tokio::test]
async fn a_credit_that_is_one_short_is_seen() {
    fn short(book: &mut Book) {
        for entry in book.entries.iter_mut().filter(|entry| entry.amount > 0) {
            entry.amount -= 1;
            entry.posted_after -= 1;
            book.accounts.get_mut(&entry.account).unwrap().credits_posted -= 1;
        }
    }
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        let request = bank.pay(4, 0, 1, 10);
        ledger.write(Sabotaged { request, read: untouched, written: short }).await.unwrap();
        assert_eq!(broken(&test.db).await, ["I1", "I2", "I3"]);
        ledger.drain().await;
    }
}

#[tokio::test]
async fn a_hold_that_is_not_wholly_released_is_seen() {
    fn stuck(book: &mut Book) {
        let kept = 30;
        for entry in book.entries.iter_mut().filter(|entry| entry.layer == Layer::Pending && entry.amount > 0)
        {
            entry.amount -= kept;
            book.accounts.get_mut(&entry.account).unwrap().debits_pending += kept;
        }
        let accounts = book.accounts.clone();
        book.entries.iter_mut().for_each(|entry| entry.held_after = accounts[&entry.account].held());
    }
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        let request = bank.post(4, 2, Some(50));
        ledger.write(Sabotaged { request, read: untouched, written: stuck }).await.unwrap();
        assert_eq!(broken(&test.db).await, ["I1", "I2", "I3", "I6"]);
        ledger.drain().await;
    }
}

#[tokio::test]
async fn without_the_look_at_the_floor_the_schema_refuses() {
    fn bottomless(book: &mut Book) {
        book.accounts.values_mut().for_each(|account| account.floor = None);
    }
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        for (id, request) in (4..).zip([bank.pay(4, 0, 1, 91), bank.hold(5, 0, 91), bank.pay(6, 1, 0, 1)]) {
            let answer = ledger.write(Sabotaged { request, read: bottomless, written: untouched }).await;
            assert!(matches!(answer, Err(Error::Internal(_))), "{id}: {answer:?}");
        }
        assert_eq!(broken(&test.db).await, Vec::<String>::new());
        ledger.drain().await;
    }
}

#[tokio::test]
async fn a_post_above_its_hold_is_seen() {
    fn greedy(book: &mut Book) {
        let more = 5;
        for transfer in book.transfers.iter_mut().filter(|one| one.kind == TransferKind::Post) {
            transfer.amount += more;
            book.accounts.get_mut(&transfer.debit).unwrap().debits_posted += more;
            book.accounts.get_mut(&transfer.credit).unwrap().credits_posted += more;
        }
        for entry in &mut book.entries {
            if entry.layer == Layer::Posted {
                entry.amount += entry.amount.signum() * more;
            }
            entry.posted_after = book.accounts[&entry.account].posted();
        }
    }
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        let request = bank.post(4, 2, None);
        ledger.write(Sabotaged { request, read: untouched, written: greedy }).await.unwrap();
        assert_eq!(broken(&test.db).await, ["I8"]);
        ledger.drain().await;
    }
}

#[tokio::test]
async fn a_refund_beyond_what_was_taken_is_seen() {
    fn forgetful(book: &mut Book) {
        book.given_back.clear();
    }
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        ledger.carry_out(bank.post(4, 2, Some(50))).await.unwrap();
        ledger.carry_out(bank.post(5, 3, None)).await.unwrap();
        let back = |id| {
            Request::refund(transfer_id(id), transfer_id(4), bank.shop, bank.wallet(0), support::krw(40))
        };
        ledger.carry_out(back(6)).await.unwrap();
        ledger.write(Sabotaged { request: back(7), read: forgetful, written: untouched }).await.unwrap();
        assert_eq!(broken(&test.db).await, ["R1"]);
        ledger.drain().await;
    }
}

#[tokio::test]
async fn an_account_that_changed_since_it_was_read_is_not_written() {
    fn old(book: &mut Book) {
        book.accounts.values_mut().for_each(|account| account.version -= 1);
    }
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        let request = bank.pay(4, 0, 1, 10);
        let answer = ledger.write(Sabotaged { request, read: old, written: untouched }).await;
        assert_eq!(answer, Err(Error::Stale));
        assert_eq!(broken(&test.db).await, Vec::<String>::new());
        ledger.drain().await;
    }
}

#[tokio::test]
async fn the_other_invariants_see_what_breaks_them() {
    fn wrong_running_balance(book: &mut Book) {
        book.entries[0].posted_after += 1;
    }
    let wallet = "kind = 'wallet' AND credits_posted = 200";
    for test in TestDb::each().await {
        let (ledger, bank) = opened(&test).await;
        let sql = format!("UPDATE ledger_account SET debits_posted = 7, credits_posted = 207 WHERE {wallet}");
        script(&test.db, &sql).await;
        assert_eq!(broken(&test.db).await, ["I5"], "one account's both sides");
        script(
            &test.db,
            "UPDATE ledger_account SET debits_posted = 0, credits_posted = 200 WHERE credits_posted = 207",
        )
        .await;
        script(&test.db, &format!("UPDATE ledger_account SET version = version + 1 WHERE {wallet}")).await;
        assert_eq!(broken(&test.db).await, ["I9"]);
        script(&test.db, &format!("UPDATE ledger_account SET version = version - 1 WHERE {wallet}")).await;
        script(
            &test.db,
            "UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE kind = 'wallet'",
        )
        .await;
        script(&test.db, "UPDATE ledger_account SET debits_posted = debits_posted + 6 WHERE kind = 'world'")
            .await;
        assert_eq!(broken(&test.db).await, ["I5"], "sums that agree without entries");
        script(
            &test.db,
            "UPDATE ledger_account SET credits_posted = credits_posted - 1 WHERE kind = 'wallet'",
        )
        .await;
        script(&test.db, "UPDATE ledger_account SET debits_posted = debits_posted - 6 WHERE kind = 'world'")
            .await;
        assert_eq!(broken(&test.db).await, Vec::<String>::new());
        script(&test.db, "INSERT INTO ledger_refusal SELECT id, request_hash, 'account_closed', 0 FROM ledger_transfer WHERE code = 'top_up'").await;
        assert_eq!(broken(&test.db).await, ["I11"]);
        let request = bank.pay(4, 0, 1, 10);
        ledger.write(Sabotaged { request, read: untouched, written: wrong_running_balance }).await.unwrap();
        assert_eq!(broken(&test.db).await, ["I10", "I11"]);
        let trigger = match test.kind() {
            callahead::store::db::DbKind::Sqlite => "DROP TRIGGER ledger_entry_no_update",
            callahead::store::db::DbKind::Postgres => {
                "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_no_change"
            }
        };
        script(&test.db, trigger).await;
        assert_eq!(broken(&test.db).await, ["I10", "I11", "I12"]);
        ledger.drain().await;
    }
}
