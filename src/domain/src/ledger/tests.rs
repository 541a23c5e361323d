#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

use super::*;
use crate::id::{AccountId, TransferId};
use crate::money::{Currency, Money};
use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use uuid::Uuid;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn krw(amount: i64) -> Money {
    Money::new(amount, Currency::parse("KRW").unwrap()).unwrap()
}

fn id(number: u128) -> TransferId {
    TransferId::from_uuid(Uuid::from_u128(number))
}

fn holder(kind: AccountKind, owner: &str) -> Holder {
    Holder::new(kind, owner, Currency::parse("KRW").unwrap())
}

fn world() -> AccountId {
    Holder::world(Currency::parse("KRW").unwrap()).account()
}

fn wallet(owner: &str) -> AccountId {
    holder(AccountKind::Wallet, owner).account()
}

fn shop() -> AccountId {
    holder(AccountKind::ShopPayable, "shp").account()
}

fn book() -> Book {
    let holders = [
        Holder::world(Currency::parse("KRW").unwrap()),
        holder(AccountKind::Wallet, "a"),
        holder(AccountKind::Wallet, "b"),
        holder(AccountKind::ShopPayable, "shp"),
    ];
    let accounts = holders.iter().map(Account::open).map(|account| (account.id, account));
    Book { accounts: accounts.collect(), ..Book::default() }
}

fn single(number: u128, code: Code, debit: AccountId, credit: AccountId, amount: i64) -> Request {
    let reference = format!("ref {number}");
    Request::new(id(number), code, reference, Action::Single { debit, credit, amount: krw(amount) })
}

fn top_up(number: u128, amount: i64) -> Request {
    single(number, Code::TopUp, world(), wallet("a"), amount)
}

fn hold(number: u128, amount: i64) -> Request {
    let action =
        Action::Hold { debit: wallet("a"), credit: shop(), amount: krw(amount), expires_at: Some(at(1_000)) };
    Request::new(id(number), Code::OrderHold, "pay", action)
}

fn post(number: u128, hold: u128, amount: Option<i64>) -> Request {
    Request::new(id(number), Code::Capture, "pay", Action::Post { hold: id(hold), amount })
}

fn void(number: u128, hold: u128) -> Request {
    Request::new(id(number), Code::Release, "pay", Action::Void { hold: id(hold) })
}

/// Carries requests out at second 1; the refusals' codes, or `ok`.
fn run(book: &mut Book, requests: &[Request]) -> Vec<&'static str> {
    let told = |verdict| match verdict {
        Verdict::Made(_) => "ok",
        Verdict::Known(_) => "known",
        Verdict::Refused(refusal) => refusal.code(),
    };
    requests.iter().map(|request| told(book.carry_out(request, at(1)))).collect()
}

fn figures(book: &Book, account: AccountId) -> (i64, i64) {
    let account = &book.accounts[&account];
    (account.available(), account.posted())
}

/// What must hold of any book that began empty.
fn sound(book: &Book) {
    let sum = |pick: fn(&Account) -> i64| book.accounts.values().map(pick).sum::<i64>();
    assert_eq!(sum(|one| one.debits_posted), sum(|one| one.credits_posted), "I1");
    assert_eq!(sum(|one| one.debits_pending), sum(|one| one.credits_pending), "I1 pending");
    for layer in [Layer::Posted, Layer::Pending] {
        for transfer in &book.transfers {
            let of = |entry: &&Entry| entry.transfer == transfer.id && entry.layer == layer;
            assert_eq!(book.entries.iter().filter(of).map(|entry| entry.amount).sum::<i64>(), 0, "I3");
        }
    }
    for account in book.accounts.values() {
        assert!(account.floor.is_none_or(|floor| account.available() >= floor), "I4");
        let mut running = (0, 0, 0);
        for entry in book.entries.iter().filter(|entry| entry.account == account.id) {
            match entry.layer {
                Layer::Posted => running.0 += entry.amount,
                Layer::Pending => running.1 += entry.amount,
            }
            running.2 = entry.account_version;
        }
        assert_eq!(running, (account.posted(), account.held(), account.version), "I5, I9, I10");
        let open = book.holds.values().filter(|hold| !hold.resolved && hold.transfer.debit == account.id);
        assert_eq!(open.map(|hold| hold.transfer.amount).sum::<i64>(), account.debits_pending, "I6");
    }
    for transfer in book.transfers.iter().filter(|one| one.kind == TransferKind::Post) {
        assert!(transfer.amount <= book.holds[&transfer.hold.unwrap()].transfer.amount, "I8");
        let twice = book.transfers.iter().filter(|one| one.hold == transfer.hold).count();
        assert_eq!(twice, 1, "I7");
    }
}

#[test]
fn a_hold_is_taken_in_part_and_the_rest_is_free_again() {
    let mut book = book();
    assert_eq!(run(&mut book, &[top_up(1, 100), hold(2, 80)]), ["ok", "ok"]);
    assert_eq!(figures(&book, wallet("a")), (20, 100));
    assert_eq!(run(&mut book, &[post(3, 2, Some(50))]), ["ok"]);
    assert_eq!((figures(&book, wallet("a")), figures(&book, shop())), ((50, 50), (50, 50)));
    let layers: Vec<_> =
        book.entries.iter().filter(|one| one.transfer == id(3)).map(|one| (one.layer, one.amount)).collect();
    let (posted, pending) = (Layer::Posted, Layer::Pending);
    assert_eq!(layers, [(posted, -50), (pending, 80), (posted, 50), (pending, -80)]);
    sound(&book);
}

#[test]
fn a_hold_is_resolved_once_and_never_beyond_itself() {
    let mut book = book();
    let steps = [top_up(1, 100), hold(2, 80), post(3, 2, Some(81)), void(4, 2), post(5, 2, None), void(6, 9)];
    let told = run(&mut book, &steps);
    assert_eq!(told, ["ok", "ok", "exceeds_hold", "ok", "hold_resolved", "hold_missing"]);
    assert_eq!(figures(&book, wallet("a")), (100, 100));
    sound(&book);
}

#[test]
fn what_is_refused_stays_refused_and_leaves_the_accounts_alone() {
    let mut book = book();
    assert_eq!(run(&mut book, &[top_up(1, 10)]), ["ok"]);
    let before = book.accounts.clone();
    assert_eq!(run(&mut book, &[hold(2, 11)]), ["insufficient_funds"]);
    assert_eq!(book.accounts, before);
    assert_eq!(
        run(&mut book, &[top_up(3, 100), hold(2, 11), hold(4, 11)]),
        ["ok", "insufficient_funds", "ok"]
    );
    sound(&book);
}

#[test]
fn an_id_means_one_request() {
    let mut book = book();
    let told = run(&mut book, &[top_up(1, 10), top_up(1, 10), top_up(1, 11), hold(2, 50), hold(2, 5)]);
    assert_eq!(told, ["ok", "known", "transfer_id_taken", "insufficient_funds", "transfer_id_taken"]);
    assert_eq!(figures(&book, wallet("a")), (10, 10));
}

#[test]
fn a_receipt_counts_once_under_whatever_id() {
    let mut book = book();
    let mut again = top_up(2, 10);
    again.reference = "ref 1".to_owned();
    let mut elsewhere = single(3, Code::Transfer, wallet("a"), wallet("b"), 1);
    elsewhere.reference = "ref 1".to_owned();
    assert_eq!(run(&mut book, &[top_up(1, 10), again, elsewhere]), ["ok", "reference_used", "ok"]);
}

#[test]
fn refunds_never_exceed_what_was_taken() {
    let mut book = book();
    assert_eq!(run(&mut book, &[top_up(1, 100), hold(2, 80), post(3, 2, Some(60))]), ["ok"; 3]);
    let back = |number, amount| Request::refund(id(number), id(3), shop(), wallet("a"), krw(amount));
    assert_eq!(run(&mut book, &[back(4, 40), back(5, 21), back(6, 20)]), ["ok", "exceeds_taken", "ok"]);
    let not_the_same = Request::refund(id(7), id(1), shop(), wallet("a"), krw(1));
    assert_eq!(run(&mut book, &[not_the_same]), ["exceeds_taken"]);
    assert_eq!(figures(&book, wallet("a")), (100, 100));
    sound(&book);
}

#[test]
fn a_limit_counts_what_went_before_it() {
    let mut book = book();
    book.spent.insert(id(2), 30);
    let limit = Limit::Spent { code: Code::CodePayment, since: at(0), most: 50 };
    let pay =
        |number, amount| single(number, Code::CodePayment, wallet("a"), shop(), amount).within(limit.clone());
    assert_eq!(run(&mut book, &[top_up(1, 100), pay(2, 21)]), ["ok", "exceeds_limit"]);
    assert_eq!(run(&mut book, &[pay(3, 40), pay(4, 11), pay(5, 10)]), ["ok", "exceeds_limit", "ok"]);
}

#[test]
fn the_clock_ends_a_hold_unless_it_is_needed() {
    let mut book = book();
    assert_eq!(run(&mut book, &[top_up(1, 100), hold(2, 10), hold(3, 10)]), ["ok"; 3]);
    let expire = |book: &mut Book, hold, second| match book.carry_out(&Request::expire(id(hold)), at(second))
    {
        Verdict::Refused(refusal) => refusal.code(),
        _ => "ok",
    };
    assert_eq!(expire(&mut book, 2, 999), "hold_runs");
    book.holds.get_mut(&id(2)).unwrap().needed = true;
    assert_eq!(expire(&mut book, 2, 1_000), "hold_needed");
    assert_eq!(expire(&mut book, 3, 1_000), "ok");
    let late = |number, hold| post(number, hold, None);
    assert!(
        matches!(book.carry_out(&late(5, 2), at(1_001)), Verdict::Made(_)),
        "what is needed is taken late"
    );
    assert_eq!(expire(&mut book, 2, 1_002), "hold_resolved");
    assert_eq!(book.carry_out(&late(6, 3), at(1_001)), Verdict::Refused(Refusal::HoldResolved));
    run(&mut book, &[hold(7, 10)]);
    assert_eq!(book.carry_out(&late(8, 7), at(1_000)), Verdict::Refused(Refusal::HoldExpired));
    sound(&book);
}

#[test]
fn frozen_accounts_pay_nothing_new_and_closed_ones_only_give_back() {
    let mut book = book();
    assert_eq!(run(&mut book, &[top_up(1, 100), hold(2, 10), hold(3, 10)]), ["ok"; 3]);
    book.accounts.get_mut(&wallet("a")).unwrap().frozen = true;
    let told =
        run(&mut book, &[hold(4, 1), single(5, Code::Transfer, wallet("a"), wallet("b"), 1), top_up(6, 1)]);
    assert_eq!(told, ["account_frozen", "account_frozen", "ok"]);
    assert_eq!(run(&mut book, &[post(7, 2, None)]), ["ok"]);
    book.accounts.get_mut(&wallet("a")).unwrap().closed = true;
    assert_eq!(
        run(&mut book, &[top_up(8, 1), post(9, 3, None), void(10, 3)]),
        ["account_closed", "account_closed", "ok"]
    );
    sound(&book);
}

#[test]
fn currencies_do_not_mix_and_sums_do_not_run_over() {
    let mut book = book();
    let mut foreign = top_up(1, 10);
    let usd = Money::new(10, Currency::parse("USD").unwrap()).unwrap();
    foreign.action = Action::Single { debit: world(), credit: wallet("a"), amount: usd };
    let largest = crate::money::MAX_MINOR;
    let told = run(&mut book, &[foreign, top_up(2, largest), top_up(3, 1)]);
    assert_eq!(told, ["currency_differs", "ok", "balance_too_large"]);
    sound(&book);
}

#[test]
fn what_makes_no_sense_is_told_before_it_counts() {
    assert_eq!(top_up(1, 0).check(), Err(Invalid::Amount));
    assert_eq!(top_up(1, -1).check(), Err(Invalid::Amount));
    assert_eq!(post(1, 2, Some(-1)).check(), Err(Invalid::Amount));
    assert_eq!(single(1, Code::Transfer, world(), world(), 1).check(), Err(Invalid::SameAccount));
    assert_eq!(top_up(1, 1).check(), Ok(()));
}

#[test]
fn names_read_back() {
    for code in Code::ALL {
        assert_eq!(Code::parse(code.name()), Some(code));
    }
    for refusal in Refusal::ALL {
        assert_eq!(Refusal::parse(refusal.code()), Some(refusal));
    }
    for kind in AccountKind::ALL {
        assert_eq!(AccountKind::parse(kind.name()), Some(kind));
    }
    for kind in TransferKind::ALL {
        assert_eq!(TransferKind::parse(kind.name()), Some(kind));
    }
}

proptest! {
    #[test]
    fn any_requests_leave_the_book_sound(
        steps in proptest::collection::vec((0..6_u8, 1..30_u128, 1..30_u128, 1..60_i64, 0..2_000_i64), 1..120)
    ) {
        let mut book = book();
        for (what, number, other, amount, second) in steps {
            let request = match what {
                0 => top_up(number, amount),
                1 => hold(number, amount),
                2 => post(number, other, Some(amount)),
                3 => void(number, other),
                4 => Request::expire(id(other)),
                _ => Request::refund(id(number), id(other), shop(), wallet("a"), krw(amount)),
            };
            let (before, entries) = (book.accounts.clone(), book.entries.len());
            let verdict = book.carry_out(&request, at(0) + Duration::seconds(second));
            if !matches!(verdict, Verdict::Made(_)) {
                prop_assert_eq!((&book.accounts, book.entries.len()), (&before, entries), "I12");
            }
            sound(&book);
        }
    }
}
