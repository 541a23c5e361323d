//! What every payment provider must do, asked of each in turn; then what only a shop's endpoint can do wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/payment_endpoint.rs"]
mod payment_endpoint;

use std::sync::Arc;
use std::time::Duration;

use callahead::app::ports::SystemClock;
use callahead::pay::exactly_once::{
    CommandRecord, CommandState, Step, after, after_retrieve, idem_key, next, sent, settled,
};
use callahead::pay::record::RecordProvider;
use callahead::pay::shop::ShopProvider;
use callahead::pay::shop::wire::command_body;
use callahead::pay::{CommandFacts, Frozen, Op, Outcome, PaymentProvider, PaymentRef, ShopTarget, Snapshot};
use callahead::webhook::target::{TargetClient, TargetRules};
use callahead_domain::id::{HandOffId, OrderId, PaymentId, RefundId};
use callahead_domain::money::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};
use payment_endpoint::{Fault, PaymentEndpoint};
use secrecy::SecretString;
use uuid::Uuid;

const HELD: i64 = 125_000;

/// A provider, and the endpoint behind it if there is one.
struct Bench {
    provider: Box<dyn PaymentProvider>,
    target: ShopTarget,
    endpoint: Option<PaymentEndpoint>,
}

fn shop_provider(total: Duration) -> Box<dyn PaymentProvider> {
    let rules = TargetRules { total, ..TargetRules::default() };
    Box::new(ShopProvider::new(TargetClient::new(rules).unwrap(), Arc::new(SystemClock)))
}

fn shop() -> Bench {
    let endpoint = PaymentEndpoint::start();
    let target = endpoint.target();
    endpoint.hold(&payment().id.to_string(), HELD, "KPW");
    Bench { provider: shop_provider(Duration::from_secs(10)), target, endpoint: Some(endpoint) }
}

fn record() -> Bench {
    Bench { provider: Box::new(RecordProvider), target: ShopTarget::default(), endpoint: None }
}

fn payment() -> PaymentRef {
    PaymentRef { id: PaymentId::from_uuid(Uuid::from_u128(1)), reference: None }
}

fn frozen(op: Op, amount_minor: i64, generation: u32) -> Frozen {
    let currency = Currency::parse("KPW").unwrap();
    let key = idem_key("test", generation);
    let facts = CommandFacts {
        op,
        idem_key: key.clone(),
        payment_id: payment().id,
        reference: None,
        authorized_minor: HELD,
        method: None,
        refund_id: (op == Op::Refund).then(refund),
        order_id: OrderId::from_uuid(Uuid::from_u128(2)),
        external_id: None,
        amount: Money::new(amount_minor, currency).unwrap(),
        hand_off_id: (op == Op::Capture).then(|| HandOffId::from_uuid(Uuid::from_u128(3))),
        at: DateTime::from_timestamp(0, 0).unwrap(),
    };
    let body = command_body(&facts);
    Frozen {
        idem_key: key,
        op,
        body,
        payment: payment(),
        refund: (op == Op::Refund).then(refund),
        method: None,
        authorized_minor: HELD,
        amount_minor,
        currency,
    }
}

fn refund() -> RefundId {
    RefundId::from_uuid(Uuid::from_u128(4))
}

impl Bench {
    async fn send(&self, command: &Frozen) -> Outcome {
        self.provider.send(&self.target, command).await
    }

    async fn done(&self, command: &Frozen) -> Snapshot {
        match self.send(command).await {
            Outcome::Done(snapshot) => snapshot,
            other => panic!("not done: {other:?}"),
        }
    }

    fn endpoint(&self) -> &PaymentEndpoint {
        self.endpoint.as_ref().unwrap()
    }

    /// How often money was really taken; the record takes none and counts as right.
    fn captures(&self) -> u32 {
        self.endpoint
            .as_ref()
            .map_or(1, |endpoint| endpoint.account(&payment().id.to_string()).unwrap().captures)
    }

    /// Works a capture to its end by the rules, on a clock that jumps from wait to wait.
    async fn work(&self) -> CommandRecord {
        let currency = Currency::parse("KPW").unwrap();
        let mut record = CommandRecord::queued("test".to_owned(), Op::Capture, HELD, currency);
        let mut now: DateTime<Utc> = DateTime::from_timestamp(0, 0).unwrap();
        while record.end.is_none() {
            let mut step = next(&record, self.provider.caps(), now);
            if step == Step::RetrieveFirst {
                let found = self.provider.retrieve(&self.target, &payment()).await;
                step = after_retrieve(&record, self.provider.caps(), &found, now);
            }
            record = match &step {
                Step::Send { generation, .. } => {
                    let before = sent(&record, *generation, now);
                    let outcome = self.send(&frozen(Op::Capture, HELD, *generation)).await;
                    after(&before, &outcome, now)
                }
                other => settled(&record, other),
            };
            now = record.next_at.unwrap_or(now) + TimeDelta::seconds(1);
        }
        record
    }
}

async fn contract(bench: fn() -> Bench) {
    a_capture_takes_all_and_twice_is_once(&bench()).await;
    a_partial_capture_gives_the_rest_back(&bench()).await;
    a_release_gives_all_back(&bench()).await;
    the_books_are_there_when_the_provider_says_so(&bench()).await;
    for fault in [
        Fault::Clean,
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::Status(503),
        Fault::Status(429),
        Fault::Garbage,
        Fault::WrongAmount,
        Fault::WrongCurrency,
        Fault::TooLong,
        Fault::Redirect,
    ] {
        every_fault_ends_with_one_capture(&bench(), &[fault]).await;
        every_fault_ends_with_one_capture(&bench(), &[fault, Fault::ErrorBefore, fault, Fault::LostAnswer])
            .await;
    }
}

async fn a_capture_takes_all_and_twice_is_once(bench: &Bench) {
    let command = frozen(Op::Capture, HELD, 1);
    let first = bench.done(&command).await;
    assert_eq!((first.captured_minor, first.released_minor, first.authorized_minor), (HELD, 0, HELD));
    assert_eq!(bench.done(&command).await, first);
    assert_eq!(bench.captures(), 1);
}

async fn a_partial_capture_gives_the_rest_back(bench: &Bench) {
    assert!(bench.provider.caps().partial);
    let books = bench.done(&frozen(Op::Capture, 100_000, 1)).await;
    assert_eq!((books.captured_minor, books.released_minor), (100_000, 25_000));
}

async fn a_release_gives_all_back(bench: &Bench) {
    let books = bench.done(&frozen(Op::Release, HELD, 1)).await;
    assert_eq!((books.captured_minor, books.released_minor), (0, HELD));
}

async fn the_books_are_there_when_the_provider_says_so(bench: &Bench) {
    let ask = || bench.provider.retrieve(&bench.target, &PAYMENT_REF);
    static PAYMENT_REF: PaymentRef =
        PaymentRef { id: PaymentId::from_uuid(Uuid::from_u128(1)), reference: None };
    if !bench.provider.caps().retrieve {
        assert!(ask().await.is_err());
        return;
    }
    assert_eq!(ask().await.unwrap().unwrap().captured_minor, 0);
    let books = bench.done(&frozen(Op::Capture, 100_000, 1)).await;
    assert_eq!(ask().await.unwrap(), Some(books));
    let other = PaymentRef { id: PaymentId::from_uuid(Uuid::from_u128(9)), reference: None };
    assert_eq!(bench.provider.retrieve(&bench.target, &other).await, Ok(None));
}

async fn every_fault_ends_with_one_capture(bench: &Bench, faults: &[Fault]) {
    if let Some(endpoint) = &bench.endpoint {
        endpoint.plan(faults.iter().copied());
        endpoint.plan_questions([503, 404]);
    }
    let record = bench.work().await;
    assert_eq!((record.state, bench.captures()), (CommandState::Done, 1), "{faults:?}");
}

#[tokio::test]
async fn the_record_keeps_the_contract() {
    contract(record).await;
}

#[tokio::test]
async fn a_shops_endpoint_keeps_the_contract() {
    contract(shop).await;
}

#[tokio::test]
async fn retries_carry_the_same_key_and_bytes_under_a_good_signature() {
    let bench = shop();
    bench.endpoint().plan([Fault::LostRequest, Fault::LostRequest]);
    bench.work().await;
    let seen = bench.endpoint().seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|one| one.webhook_id == "test-g1" && one.body == seen[0].body));
    assert_eq!(seen[0].body, frozen(Op::Capture, HELD, 1).body);
    assert_eq!(bench.endpoint().bad_signatures(), 0);
}

#[tokio::test]
async fn a_definite_failure_gets_a_new_key_once_the_books_show_nothing() {
    let bench = shop();
    bench.endpoint().plan([Fault::ErrorBefore]);
    let record = bench.work().await;
    let keys: Vec<String> = bench.endpoint().seen().into_iter().map(|one| one.webhook_id).collect();
    assert_eq!(keys, ["test-g1", "test-g2"]);
    assert_eq!(record.generation, 2);
    assert_eq!(bench.endpoint().questions(), 1);
}

#[tokio::test]
async fn a_decline_is_final() {
    let bench = shop();
    bench.endpoint().plan([Fault::Refuse("no_funds")]);
    let record = bench.work().await;
    assert_eq!(record.state, CommandState::Refused);
    assert_eq!((bench.captures(), bench.endpoint().seen().len()), (0, 1));
}

#[tokio::test]
async fn a_slow_answer_is_unknown_and_then_found() {
    let bench = Bench { provider: shop_provider(Duration::from_millis(200)), ..shop() };
    bench.endpoint().plan([Fault::Slow]);
    let outcome = bench.send(&frozen(Op::Capture, HELD, 1)).await;
    assert_eq!(outcome, Outcome::Unknown { why: "timeout".into(), definite: false });
    let found = bench.provider.retrieve(&bench.target, &payment()).await.unwrap().unwrap();
    assert_eq!(found.captured_minor, HELD);
}

#[tokio::test]
async fn answers_that_prove_nothing_are_unknown() {
    for (fault, definite) in [
        (Fault::LostRequest, false),
        (Fault::LostAnswer, false),
        (Fault::Garbage, false),
        (Fault::TooLong, false),
        (Fault::WrongAmount, false),
        (Fault::WrongCurrency, false),
        (Fault::Redirect, false),
        (Fault::ErrorBefore, true),
        (Fault::ErrorAfter, true),
        (Fault::Status(403), true),
        (Fault::Status(504), false),
    ] {
        let bench = shop();
        bench.endpoint().plan([fault]);
        let outcome = bench.send(&frozen(Op::Capture, HELD, 1)).await;
        assert!(
            matches!(&outcome, Outcome::Unknown { definite: found, .. } if *found == definite),
            "{fault:?} {outcome:?}"
        );
        assert_eq!(bench.endpoint().seen().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_turned_away_without_effect() {
    let mut bench = shop();
    bench.target.secret = Some(SecretString::from("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    let outcome = bench.send(&frozen(Op::Capture, HELD, 1)).await;
    assert_eq!(outcome, Outcome::Unknown { why: "status 401".into(), definite: true });
    assert!(bench.provider.retrieve(&bench.target, &payment()).await.is_err());
    assert_eq!((bench.captures(), bench.endpoint().bad_signatures()), (0, 2));
}

#[tokio::test]
async fn without_a_good_target_nothing_leaves() {
    let mut bench = shop();
    for (url, secret) in [
        (None, Some(payment_endpoint::SECRET)),
        (Some("http://127.0.0.1:9/pay"), None),
        (Some("ftp://127.0.0.1/pay"), Some(payment_endpoint::SECRET)),
        (Some("http://169.254.169.254/pay"), Some(payment_endpoint::SECRET)),
        (Some("http://127.0.0.1:9/pay"), Some("short")),
    ] {
        bench.target = ShopTarget { url: url.map(str::to_owned), secret: secret.map(SecretString::from) };
        let outcome = bench.send(&frozen(Op::Capture, HELD, 1)).await;
        assert!(
            matches!(&outcome, Outcome::Unknown { why, definite: false } if why.starts_with("target: ")),
            "{outcome:?}"
        );
        assert!(bench.provider.retrieve(&bench.target, &payment()).await.is_err());
    }
    assert!(bench.endpoint().seen().is_empty());
}
