//! What goes over the wire to a shop's payment endpoint, and how its answers are read.
//!
//! A command is a `POST` with [`command_body`]. Its answer, with any 2xx status, is
//! `{"status": "authorised" | "captured" | "released" | "refunded" | "refused", "amount": 125000, "currency": "KPW",
//! "reference": "...", "code": "...", "message": "...", "permanent": true}`; an authorisation may say `"until"`, a refusal needs no amount and no reference and may also
//! come with 402, 409 or 422. Amount and currency must be those asked for. Everything else is "unknown".
//!
//! The question for the books is `GET ?payment_id=pay_...`, the empty body signed. Its answer is
//! `{"payment_id": "pay_...", "reference": "...", "authorized": 125000, "captured": 0, "released": 0,
//! "currency": "KPW", "refunds": [{"refund_id": "rfd_...", "amount": 5000}]}`, or status 404 with `{"status": "none"}` when the shop knows nothing of the payment. A bare
//! 404 is not taken for that: it may come from anything on the way, and money hangs on it.

use callahead_domain::id::{PaymentId, RefundId};
use callahead_domain::money::{Currency, Money};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::json;

use super::super::{
    CommandFacts, Frozen, Op, Outcome, PaymentRef, RefundEntry, RefundStanding, Snapshot, Standing,
    Unavailable,
};

/// The longest reference taken from a shop, in characters.
const REFERENCE_CHARS_MAX: usize = 200;

/// The exact bytes of a command, to be frozen when it is queued: `{"type": "payment.authorise" | "payment.capture" |
/// "payment.release" | "payment.refund", "id", "payment_id", "order_id", "external_id", "amount": {"amount",
/// "currency"}, "hand_off_id", "at"}`; a refund also has `"refund_id"`, an authorisation `"method"`.
#[must_use]
pub fn command_body(facts: &CommandFacts) -> String {
    let mut body = json!({
        "type": format!("payment.{}", facts.op),
        "id": facts.idem_key,
        "payment_id": facts.payment_id.to_string(),
        "order_id": facts.order_id.to_string(),
        "external_id": facts.external_id,
        "amount": { "amount": facts.amount.minor(), "currency": facts.amount.currency().code() },
        "hand_off_id": facts.hand_off_id.map(|id| id.to_string()),
        "at": facts.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    });
    if let Some(fields) = body.as_object_mut() {
        if let Some(refund) = facts.refund_id {
            fields.insert("refund_id".to_owned(), json!(refund.to_string()));
        }
        if let Some(method) = &facts.method {
            fields.insert("method".to_owned(), json!(method));
        }
    }
    body.to_string()
}

/// The JSON of an answer to a command. Unknown fields are passed over.
#[derive(Deserialize)]
struct AnswerBody {
    status: Status,
    amount: Option<i64>,
    currency: Option<String>,
    reference: Option<String>,
    code: Option<String>,
    message: Option<String>,
    permanent: Option<bool>,
    until: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Authorised,
    Captured,
    Released,
    Refunded,
    Refused,
}

/// Reads the answer to a command.
#[must_use]
pub fn read_answer(command: &Frozen, status: u16, body: &[u8]) -> Outcome {
    let may_carry_json = (200..=299).contains(&status) || matches!(status, 402 | 409 | 422);
    let parsed = if may_carry_json { serde_json::from_slice::<AnswerBody>(body).ok() } else { None };
    match parsed {
        Some(answer) if answer.status == Status::Refused => refused(&answer),
        Some(answer) if (200..=299).contains(&status) => confirmed(command, answer),
        None if (200..=299).contains(&status) => unknown("unreadable answer", false),
        _ => unknown(&format!("status {status}"), is_definite(status)),
    }
}

/// Statuses after which this request is certainly over without saying what came of it. Time-outs, conflicts,
/// "slow down" and whatever a gateway answers on another's behalf are not among them.
fn is_definite(status: u16) -> bool {
    status == 500 || ((400..=499).contains(&status) && !matches!(status, 408 | 409 | 425 | 429))
}

fn unknown(why: &str, definite: bool) -> Outcome {
    Outcome::Unknown { why: why.to_owned(), definite }
}

fn refused(answer: &AnswerBody) -> Outcome {
    let short = |text: &Option<String>| -> String {
        text.as_deref().unwrap_or("").chars().filter(|letter| !letter.is_control()).take(200).collect()
    };
    let code = short(&answer.code);
    Outcome::Refused {
        code: if code.is_empty() { "refused".to_owned() } else { code },
        message: short(&answer.message),
        permanent: answer.permanent.unwrap_or(true),
    }
}

/// A 2xx answer that says it happened: what was echoed must be what was asked.
fn confirmed(command: &Frozen, answer: AnswerBody) -> Outcome {
    let wanted = match command.op {
        Op::Authorise => Status::Authorised,
        Op::Capture => Status::Captured,
        Op::Release => Status::Released,
        Op::Refund => Status::Refunded,
    };
    if answer.status != wanted {
        return unknown("integrity: the answer speaks of another operation", false);
    }
    if answer.amount != Some(command.amount_minor) {
        return unknown("integrity: the answer names another amount", false);
    }
    if answer.currency.as_deref() != Some(command.currency.code()) {
        return unknown("integrity: the answer names another currency", false);
    }
    let Some(reference) = answer.reference.filter(|text| is_reference(text)) else {
        return unknown("integrity: the answer has no reference", false);
    };
    Outcome::Done(Snapshot { capture_before: answer.until, ..Snapshot::after(command, reference) })
}

fn is_reference(text: &str) -> bool {
    let count = text.chars().count();
    (1..=REFERENCE_CHARS_MAX).contains(&count) && !text.chars().any(char::is_control)
}

/// The JSON of an answer to the question for the books.
#[derive(Deserialize)]
struct BooksBody {
    payment_id: PaymentId,
    reference: String,
    authorized: i64,
    captured: i64,
    released: i64,
    currency: Currency,
    #[serde(default)]
    refunds: Vec<RefundBody>,
    until: Option<DateTime<Utc>>,
}

/// One refund in the shop's books.
#[derive(Deserialize)]
struct RefundBody {
    refund_id: RefundId,
    amount: i64,
}

#[derive(Deserialize)]
struct NothingBody {
    status: Nothing,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Nothing {
    None,
}

/// Reads the answer to the question for the books.
///
/// # Errors
/// [`Unavailable`] for every answer that proves nothing.
pub fn read_snapshot(
    payment: &PaymentRef,
    status: u16,
    body: &[u8],
) -> Result<Option<Snapshot>, Unavailable> {
    let unavailable = |why: &str| Err(Unavailable { why: why.to_owned() });
    match status {
        200 => {}
        404 if serde_json::from_slice::<NothingBody>(body)
            .is_ok_and(|answer| matches!(answer.status, Nothing::None)) =>
        {
            return Ok(None);
        }
        other => return unavailable(&format!("status {other}")),
    }
    let Ok(books) = serde_json::from_slice::<BooksBody>(body) else {
        return unavailable("unreadable answer");
    };
    if books.payment_id != payment.id {
        return unavailable("integrity: the answer speaks of another payment");
    }
    if !is_reference(&books.reference) {
        return unavailable("integrity: the answer has no reference");
    }
    let settled = books.captured.checked_add(books.released);
    let sound = books.captured >= 0
        && books.released >= 0
        && settled.is_some_and(|settled| settled <= books.authorized)
        && Money::new(books.authorized, books.currency).is_ok();
    if !sound {
        return unavailable("integrity: the amounts do not add up");
    }
    let refund = |entry: RefundBody| RefundEntry {
        id: Some(entry.refund_id),
        reference: books.reference.clone(),
        amount_minor: entry.amount,
        standing: RefundStanding::Succeeded,
    };
    Ok(Some(Snapshot {
        refunds: books.refunds.into_iter().map(refund).collect(),
        standing: match (books.captured, books.released) {
            (0, 0) => Standing::Held,
            (0, _) => Standing::Released,
            _ => Standing::Captured,
        },
        reference: books.reference,
        authorized_minor: books.authorized,
        captured_minor: books.captured,
        released_minor: books.released,
        currency: books.currency,
        capture_before: books.until,
        action_url: None,
        failure: None,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use callahead_domain::id::{HandOffId, OrderId};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn payment() -> PaymentRef {
        PaymentRef { id: PaymentId::from_uuid(Uuid::from_u128(1)), reference: None }
    }

    fn command(op: Op) -> Frozen {
        Frozen {
            idem_key: "k-g1".to_owned(),
            op,
            body: "{}".to_owned(),
            payment: payment(),
            refund: None,
            method: None,
            authorized_minor: 125_000,
            amount_minor: 100_000,
            currency: Currency::parse("KPW").unwrap(),
        }
    }

    fn read(status: u16, body: &str) -> Outcome {
        read_answer(&command(Op::Capture), status, body.as_bytes())
    }

    const GOOD: &str =
        r#"{"status":"captured","amount":100000,"currency":"KPW","reference":"r-1","more":[]}"#;

    #[test]
    fn a_commands_body_says_all_there_is_to_say() {
        let facts = CommandFacts {
            op: Op::Capture,
            idem_key: "k-g1".to_owned(),
            payment_id: payment().id,
            order_id: OrderId::from_uuid(Uuid::from_u128(2)),
            external_id: Some("A-1".to_owned()),
            reference: None,
            authorized_minor: 125_000,
            method: None,
            refund_id: None,
            amount: Money::new(125_000, Currency::parse("KPW").unwrap()).unwrap(),
            hand_off_id: Some(HandOffId::from_uuid(Uuid::from_u128(3))),
            at: DateTime::from_timestamp_micros(1_767_604_364_120_000).unwrap(),
        };
        let wanted = json!({
            "type": "payment.capture", "id": "k-g1", "external_id": "A-1", "at": "2026-01-05T09:12:44.120Z",
            "payment_id": "pay_00000000000000000000000001", "order_id": "ord_00000000000000000000000002",
            "amount": { "amount": 125_000, "currency": "KPW" }, "hand_off_id": "hnd_00000000000000000000000003",
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&command_body(&facts)).unwrap(), wanted);
        let release = CommandFacts { op: Op::Release, external_id: None, hand_off_id: None, ..facts };
        let value: serde_json::Value = serde_json::from_str(&command_body(&release)).unwrap();
        assert_eq!(value["type"], "payment.release");
        assert!(value["hand_off_id"].is_null() && value["external_id"].is_null());
    }

    #[test]
    fn a_confirmed_capture_is_done_and_the_rest_counts_as_given_back() {
        for status in [200, 201, 299] {
            let Outcome::Done(books) = read(status, GOOD) else { panic!("not done") };
            assert_eq!((books.captured_minor, books.released_minor), (100_000, 25_000));
            assert_eq!((books.authorized_minor, books.reference.as_str()), (125_000, "r-1"));
        }
        let release = GOOD.replace("captured", "released");
        let outcome = read_answer(&command(Op::Release), 200, release.as_bytes());
        assert!(matches!(outcome, Outcome::Done(books) if books.released_minor == 100_000));
    }

    #[test]
    fn an_echo_that_differs_is_unknown_and_says_integrity() {
        for (from, to) in [
            ("100000", "100001"),
            ("KPW", "KRW"),
            ("captured", "released"),
            ("r-1", ""),
            (r#""amount":100000,"#, ""),
            (r#""currency":"KPW","#, ""),
        ] {
            let outcome = read(200, &GOOD.replace(from, to));
            let Outcome::Unknown { why, definite } = outcome else { panic!("{from}: {outcome:?}") };
            assert!(why.starts_with("integrity") && !definite, "{why}");
        }
    }

    #[test]
    fn a_refusal_counts_only_when_the_shop_says_so_itself() {
        let refusal = r#"{"status":"refused","code":"no_funds","message":"empty\u0007"}"#;
        for status in [200, 402, 409, 422] {
            let wanted =
                Outcome::Refused { code: "no_funds".into(), message: "empty".into(), permanent: true };
            assert_eq!(read(status, refusal), wanted);
        }
        let soft = r#"{"status":"refused","permanent":false}"#;
        let wanted = Outcome::Refused { code: "refused".into(), message: String::new(), permanent: false };
        assert_eq!(read(422, soft), wanted);
        for status in [400, 403, 500, 503] {
            assert!(matches!(read(status, refusal), Outcome::Unknown { .. }), "{status}");
        }
        assert!(matches!(read(402, "payment required"), Outcome::Unknown { definite: true, .. }));
        assert!(matches!(read(409, GOOD), Outcome::Unknown { definite: false, .. }));
    }

    #[test]
    fn only_plain_failures_are_definite() {
        for status in [400, 401, 404, 410, 500] {
            assert!(matches!(read(status, ""), Outcome::Unknown { definite: true, .. }), "{status}");
        }
        for status in [100, 302, 408, 409, 425, 429, 502, 503, 504, 200] {
            assert!(matches!(read(status, ""), Outcome::Unknown { definite: false, .. }), "{status}");
        }
    }

    #[test]
    fn the_books_are_read_strictly() {
        let good = r#"{"payment_id":"pay_00000000000000000000000001","reference":"r","authorized":10,"captured":4,"released":6,"currency":"KPW"}"#;
        let ask = |status, body: &str| read_snapshot(&payment(), status, body.as_bytes());
        assert_eq!(ask(200, good).unwrap().unwrap().captured_minor, 4);
        assert_eq!(ask(404, r#"{"status":"none"}"#), Ok(None));
        for (status, body) in [
            (404, ""),
            (404, "<html>not found</html>"),
            (404, r#"{"status":"lost"}"#),
            (200, r#"{"status":"none"}"#),
            (200, ""),
            (500, good),
            (302, good),
        ] {
            assert!(ask(status, body).is_err(), "{status} {body}");
        }
        for (from, to) in [
            ("0001\"", "0002\""),
            ("\"r\"", "\"\""),
            (":4", ":-4"),
            (":6", ":7"),
            ("KPW", "kpw"),
            (":4", ":4.5"),
        ] {
            assert!(ask(200, &good.replace(from, to)).is_err(), "{from}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_fall_over_or_prove_anything(
            status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            prop_assert!(matches!(read_answer(&command(Op::Capture), status, &body), Outcome::Unknown { .. }), "done by noise");
            prop_assert!(read_snapshot(&payment(), status, &body).is_err());
        }
    }
}
