//! What goes over the wire to Stripe's API and how its answers are read; nothing of ours.
//!
//! Bodies are form-encoded. Amounts are in Stripe's own smallest unit, which for a few currencies is not that of ISO 4217.
//! Whatever of an answer is not understood is "unknown", and the books are asked.

use callahead_domain::id::{PaymentId, RefundId};
use callahead_domain::money::Currency;
use chrono::DateTime;
use reqwest::Url;
use serde::Deserialize;

use super::super::{
    CommandFacts, Frozen, Op, Outcome, RefundEntry, RefundStanding, Snapshot, Standing, Unavailable,
};

/// Currencies that Stripe counts without decimals.
const NO_DECIMALS: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
];
/// Currencies that Stripe counts with three decimals, the last one always 0.
const THREE_DECIMALS: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// Codes of a refusal that speaks of the payment's state: what really stands there, the books tell.
const ABOUT_ITS_STATE: &[&str] = &[
    "payment_intent_unexpected_state",
    "charge_already_captured",
    "charge_already_refunded",
    "charge_expired_for_capture",
    "capture_charge_authorization_expired",
    "capture_unauthorized_payment",
    "charge_disputed",
    "lock_timeout",
];

fn decimals(currency: Currency) -> u8 {
    if NO_DECIMALS.contains(&currency.code()) {
        0
    } else if THREE_DECIMALS.contains(&currency.code()) {
        3
    } else {
        2
    }
}

fn ten_to(power: u8) -> Option<i64> {
    10_i64.checked_pow(u32::from(power))
}

/// Our minor units in Stripe's smallest unit; none when they cannot be said there exactly.
#[must_use]
pub fn to_stripe(minor: i64, currency: Currency) -> Option<i64> {
    let (ours, theirs) = (currency.exponent(), decimals(currency));
    let said = if theirs >= ours {
        minor.checked_mul(ten_to(theirs - ours)?)?
    } else {
        let by = ten_to(ours - theirs)?;
        (minor % by == 0).then(|| minor / by)?
    };
    (theirs != 3 || said % 10 == 0).then_some(said)
}

/// Stripe's smallest unit in our minor units; none when there is no such amount of ours.
#[must_use]
pub fn from_stripe(amount: i64, currency: Currency) -> Option<i64> {
    let (ours, theirs) = (currency.exponent(), decimals(currency));
    if theirs <= ours {
        amount.checked_mul(ten_to(ours - theirs)?)
    } else {
        let by = ten_to(theirs - ours)?;
        (amount % by == 0).then(|| amount / by)
    }
}

/// Fields, form-encoded.
#[must_use]
pub fn form(fields: &[(&str, String)]) -> String {
    let Ok(mut url) = Url::parse("https://form.invalid/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// The bytes of a command. An amount that Stripe cannot count is left out; [`super::StripeProvider`] never sends that.
#[must_use]
pub fn body(facts: &CommandFacts) -> String {
    let amount = to_stripe(facts.amount.minor(), facts.amount.currency()).map(|amount| amount.to_string());
    let amount = amount.unwrap_or_default();
    match facts.op {
        Op::Authorise if facts.reference.is_some() => String::new(),
        Op::Authorise => authorise(facts, amount),
        Op::Capture => form(&[("amount_to_capture", amount), ("expand[]", "latest_charge".to_owned())]),
        Op::Release => form(&[
            ("cancellation_reason", "requested_by_customer".to_owned()),
            ("expand[]", "latest_charge".to_owned()),
        ]),
        Op::Refund => {
            let refund = facts.refund_id.map(|id| id.to_string()).unwrap_or_default();
            form(&[
                ("payment_intent", facts.reference.clone().unwrap_or_default()),
                ("amount", amount),
                ("metadata[refund_id]", refund),
            ])
        }
    }
}

/// A method is a payment method's token, or `customer/method` for one that is kept with a customer and may be charged
/// again without them.
fn authorise(facts: &CommandFacts, amount: String) -> String {
    let method = facts.method.clone().unwrap_or_default();
    let mut fields = vec![
        ("amount", amount),
        ("currency", facts.amount.currency().code().to_ascii_lowercase()),
        ("capture_method", "manual".to_owned()),
        ("confirm", "true".to_owned()),
        ("payment_method_types[]", "card".to_owned()),
        ("metadata[payment_id]", facts.payment_id.to_string()),
        ("metadata[order_id]", facts.order_id.to_string()),
        ("expand[]", "latest_charge".to_owned()),
    ];
    match method.split_once('/') {
        Some((customer, kept)) => {
            fields.push(("customer", customer.to_owned()));
            fields.push(("payment_method", kept.to_owned()));
            fields.push(("off_session", "true".to_owned()));
        }
        None => fields.push(("payment_method", method)),
    }
    form(&fields)
}

#[derive(Deserialize)]
struct Intent {
    id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_capturable: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    latest_charge: Option<Charge>,
    next_action: Option<NextAction>,
    last_payment_error: Option<Fault>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    payment_id: Option<String>,
    refund_id: Option<RefundId>,
}

/// Expanded, or its id alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Charge {
    Whole { payment_method_details: Option<Details> },
    Id(#[allow(dead_code)] String),
}

#[derive(Deserialize)]
struct Details {
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    capture_before: Option<i64>,
}

#[derive(Deserialize)]
struct NextAction {
    redirect_to_url: Option<RedirectTo>,
}

#[derive(Deserialize)]
struct RedirectTo {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
}

impl Fault {
    fn told(&self) -> String {
        short(self.decline_code.as_deref().or(self.code.as_deref()).unwrap_or("declined"))
    }
}

#[derive(Deserialize)]
struct FaultBody {
    error: Fault,
}

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct RefundBody {
    id: String,
    amount: i64,
    status: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

impl Intent {
    fn snapshot(self) -> Result<Snapshot, String> {
        let currency = Currency::parse(&self.currency.to_ascii_uppercase())
            .map_err(|_| "integrity: an unknown currency".to_owned())?;
        let ours = |amount| {
            from_stripe(amount, currency).ok_or_else(|| "integrity: no amount of this currency".to_owned())
        };
        let (standing, released) = match self.status.as_str() {
            "requires_capture" => (Standing::Held, 0),
            "succeeded" => (Standing::Captured, self.amount.saturating_sub(self.amount_received)),
            "canceled" => (Standing::Released, self.amount.saturating_sub(self.amount_received)),
            "processing" => (Standing::Pending, 0),
            "requires_action" | "requires_confirmation" => (Standing::ActionRequired, 0),
            "requires_payment_method" => (Standing::Declined, 0),
            other => return Err(format!("integrity: an unknown status {}", short(other))),
        };
        let held = if standing == Standing::Held { self.amount_capturable } else { self.amount };
        let until = match self.latest_charge {
            Some(Charge::Whole { payment_method_details: Some(details) }) => {
                details.card.and_then(|card| card.capture_before)
            }
            _ => None,
        };
        Ok(Snapshot {
            standing,
            authorized_minor: ours(held)?,
            captured_minor: ours(self.amount_received)?,
            released_minor: ours(released)?,
            refunds: Vec::new(),
            currency,
            capture_before: until.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            action_url: self.next_action.and_then(|next| next.redirect_to_url?.url),
            failure: self.last_payment_error.as_ref().map(Fault::told),
            reference: self.id,
        })
    }
}

/// Whether Stripe says that asking again with the same key can help; `None` when it does not say.
pub type ShouldRetry = Option<bool>;

/// Reads the answer to a command.
#[must_use]
pub fn read_answer(command: &Frozen, status: u16, again: ShouldRetry, body: &[u8]) -> Outcome {
    if !(200..=299).contains(&status) {
        return failure(status, again, body);
    }
    let unknown = |why: String| Outcome::Unknown { why, definite: false };
    if command.op == Op::Refund {
        return refund_answer(command, body).unwrap_or_else(unknown);
    }
    match serde_json::from_slice::<Intent>(body) {
        Ok(intent) => intent.snapshot().map_or_else(unknown, Outcome::Done),
        Err(_) => unknown("unreadable answer".to_owned()),
    }
}

fn refund_answer(command: &Frozen, body: &[u8]) -> Result<Outcome, String> {
    let answer: RefundBody = serde_json::from_slice(body).map_err(|_| "unreadable answer".to_owned())?;
    let entry = entry(answer, command.currency)?;
    let reference = command.payment.reference.clone().unwrap_or_default();
    Ok(Outcome::Done(Snapshot { refunds: vec![entry], ..Snapshot::after(command, reference) }))
}

fn entry(row: RefundBody, currency: Currency) -> Result<RefundEntry, String> {
    Ok(RefundEntry {
        id: row.metadata.refund_id,
        reference: row.id,
        amount_minor: from_stripe(row.amount, currency).ok_or("integrity: no amount of this currency")?,
        standing: match row.status.as_deref() {
            Some("succeeded") => RefundStanding::Succeeded,
            Some("failed" | "canceled") => RefundStanding::Failed,
            _ => RefundStanding::Pending,
        },
    })
}

/// A 500 is saved under its key and would only come back; what comes before the keys are looked at (401, 429), or says
/// that another request with the key is running (409), is not.
fn failure(status: u16, again: ShouldRetry, body: &[u8]) -> Outcome {
    let unknown = |definite| Outcome::Unknown { why: format!("status {status}"), definite };
    let fault = serde_json::from_slice::<FaultBody>(body).ok().map(|body| body.error);
    match (status, fault) {
        (401 | 403 | 408 | 409 | 425 | 429, _) => unknown(false),
        (400..=499, Some(fault)) => refusal(status, &fault),
        (500..=599, _) => unknown(again.map_or(status == 500, |again| !again)),
        _ => unknown(false),
    }
}

fn refusal(status: u16, fault: &Fault) -> Outcome {
    let code = fault.code.as_deref().unwrap_or_default();
    match fault.kind.as_deref() {
        Some("idempotency_error") => Outcome::Unknown {
            why: format!("status {status}: the key was used for other bytes"),
            definite: false,
        },
        Some("invalid_request_error") if ABOUT_ITS_STATE.contains(&code) => {
            Outcome::Unknown { why: format!("status {status}: {}", short(code)), definite: true }
        }
        Some("card_error" | "invalid_request_error") => Outcome::Refused {
            code: fault.told(),
            message: short(fault.message.as_deref().unwrap_or_default()),
            permanent: true,
        },
        _ => Outcome::Unknown { why: format!("status {status}"), definite: false },
    }
}

/// Reads one payment in the books; `None` when there is none.
///
/// # Errors
/// [`Unavailable`] for every answer that proves nothing.
pub fn read_intent(status: u16, body: &[u8]) -> Result<Option<Snapshot>, Unavailable> {
    let unavailable = |why: String| Unavailable { why };
    match status {
        200 => {
            let intent: Intent =
                serde_json::from_slice(body).map_err(|_| unavailable("unreadable answer".to_owned()))?;
            intent.snapshot().map(Some).map_err(unavailable)
        }
        404 => {
            let fault = serde_json::from_slice::<FaultBody>(body).ok();
            let missing = fault.is_some_and(|body| body.error.code.as_deref() == Some("resource_missing"));
            if missing { Ok(None) } else { Err(unavailable("status 404".to_owned())) }
        }
        other => Err(unavailable(format!("status {other}"))),
    }
}

/// What a page of the list of payments says about one of ours.
#[derive(Debug, PartialEq, Eq)]
pub enum Page {
    /// It is there.
    Found(Box<Snapshot>),
    /// Not here; go on after this one.
    More(String),
    /// Not here, and there is no more.
    End,
}

/// Looks for a payment of ours on a page of the list.
///
/// # Errors
/// [`Unavailable`] for every answer that proves nothing.
pub fn read_page(payment: PaymentId, status: u16, body: &[u8]) -> Result<Page, Unavailable> {
    let unavailable = |why: String| Unavailable { why };
    if status != 200 {
        return Err(unavailable(format!("status {status}")));
    }
    let list: List<Intent> =
        serde_json::from_slice(body).map_err(|_| unavailable("unreadable answer".to_owned()))?;
    let last = list.data.last().map(|intent| intent.id.clone());
    let wanted = payment.to_string();
    let found = list.data.into_iter().find(|intent| intent.metadata.payment_id.as_ref() == Some(&wanted));
    match (found, last, list.has_more) {
        (Some(intent), _, _) => {
            intent.snapshot().map(|snapshot| Page::Found(Box::new(snapshot))).map_err(unavailable)
        }
        (None, Some(last), true) => Ok(Page::More(last)),
        (None, _, _) => Ok(Page::End),
    }
}

/// Reads the refunds of a payment.
///
/// # Errors
/// [`Unavailable`] for every answer that proves nothing.
pub fn read_refunds(currency: Currency, status: u16, body: &[u8]) -> Result<Vec<RefundEntry>, Unavailable> {
    let unavailable = |why: String| Unavailable { why };
    if status != 200 {
        return Err(unavailable(format!("status {status}")));
    }
    let list: List<RefundBody> =
        serde_json::from_slice(body).map_err(|_| unavailable("unreadable answer".to_owned()))?;
    if list.has_more {
        return Err(unavailable("more refunds than anybody makes".to_owned()));
    }
    list.data.into_iter().map(|row| entry(row, currency).map_err(unavailable)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn amounts_are_said_in_stripes_own_units() {
        for (code, ours, theirs) in [
            ("USD", 1_050, 1_050),
            ("KRW", 24_000, 24_000),
            ("JPY", 500, 500),
            ("ISK", 500, 50_000),
            ("UGX", 7, 700),
        ] {
            assert_eq!(to_stripe(ours, currency(code)), Some(theirs), "{code}");
            assert_eq!(from_stripe(theirs, currency(code)), Some(ours), "{code}");
        }
        assert_eq!(to_stripe(12_340, currency("BHD")), Some(12_340));
        assert_eq!(to_stripe(12_345, currency("BHD")), None, "the last digit must be 0");
        assert_eq!(from_stripe(50_001, currency("ISK")), None);
    }

    proptest! {
        #[test]
        fn amounts_read_back(minor in 1..1_000_000_000_000_i64, place in 0..150_usize) {
            let all: Vec<Currency> = Currency::all().collect();
            let currency = all[place % all.len()];
            if let Some(said) = to_stripe(minor, currency) {
                prop_assert_eq!(from_stripe(said, currency), Some(minor));
            }
        }

        #[test]
        fn noise_proves_nothing(status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read_intent(status, &body).is_err());
            prop_assert!(read_refunds(currency("USD"), status, &body).is_err());
        }
    }

    #[test]
    fn a_failure_is_read_by_what_it_says() {
        let said = |status, again, body: &str| failure(status, again, body.as_bytes());
        let unknown = |outcome| match outcome {
            Outcome::Unknown { definite, .. } => Some(definite),
            _ => None,
        };
        let card =
            r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}}"#;
        assert!(
            matches!(said(402, None, card), Outcome::Refused { code, permanent: true, .. } if code == "insufficient_funds")
        );
        let state = r#"{"error":{"type":"invalid_request_error","code":"charge_already_captured"}}"#;
        assert_eq!(unknown(said(400, None, state)), Some(true));
        assert_eq!(unknown(said(500, None, "")), Some(true), "it is saved under its key");
        assert_eq!(unknown(said(500, Some(true), "")), Some(false));
        assert_eq!(unknown(said(503, Some(false), "")), Some(true));
        for status in [401, 403, 409, 429, 503] {
            assert_eq!(unknown(said(status, None, card)), Some(false), "{status}");
        }
    }
}
