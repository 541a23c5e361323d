//! The facts of an action, each kind with exactly its own fields. What cannot be read is a verdict on that action alone:
//! one bad action must not keep a phone's whole queue from being taken in.

use super::cut;
use crate::app::scan::Scanned;
use callahead_domain::call_ahead::answer::{Outcome, Receiver};
use callahead_domain::contact::{PersonName, Phone};
use callahead_domain::delivery::state::FailReason;
use callahead_domain::hand_off::code::check_digit_ok;
use callahead_domain::id::PhotoId;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What a courier did.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Took the parcels from the shop.
    Collect,
    /// Left for the door.
    SetOff,
    /// Turned back before the door.
    TurnBack {
        /// Why.
        reason: String,
    },
    /// Reached the door.
    Arrive {
        /// Why the phone is somewhere else, if the courier says.
        reason: String,
    },
    /// Gave parcels.
    HandOver {
        /// What was shown for it.
        shown: Shown,
        /// Signature and photo that come with a code.
        plus: Vec<Shown>,
        /// Numbers given; empty: all.
        parcels: Vec<i32>,
    },
    /// Gave up at the door.
    Fail {
        /// Why.
        reason: FailReason,
    },
    /// The customer appeared after all.
    UndoFail,
    /// Took a hand-off back.
    Reopen,
    /// Called the customer.
    Call {
        /// What came of it.
        outcome: Outcome,
        /// A note.
        note: String,
    },
}

/// What was shown for a hand-off.
#[derive(Clone, PartialEq, Eq)]
pub enum Shown {
    /// The customer's six digits.
    Code(String),
    /// A picture of the customer's page or slip.
    Scan(Scanned),
    /// A signature.
    Signature {
        /// Who signed.
        signer: String,
        /// An SVG path.
        strokes: String,
    },
    /// A photo kept before.
    Photo {
        /// Which.
        photo: PhotoId,
        /// Why there was no code.
        reason: String,
    },
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Shown::Code(_) => "Code",
            Shown::Scan(_) => "Scan",
            Shown::Signature { .. } => "Signature",
            Shown::Photo { .. } => "Photo",
        })
    }
}

/// Why an action cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Stable code.
    pub code: &'static str,
    /// In words.
    pub detail: String,
}

fn wrong(detail: impl Into<String>) -> Unreadable {
    Unreadable { code: "invalid", detail: detail.into() }
}

/// Nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoPayload {}

/// Of `turn_back`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnBackPayload {
    /// In words, 1 to 500 characters.
    pub reason: String,
}

/// Of `arrive`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrivePayload {
    /// Why the phone is not at the address, 1 to 500 characters; asked for where the address is far away.
    pub reason: Option<String>,
}

/// Of `fail_attempt`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FailPayload {
    /// not_home, cant_find_address, no_access, refused, unsafe, missing_proof or other.
    #[schema(value_type = String)]
    pub reason: FailReason,
}

/// A signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureIn {
    /// Who signed, 1 to 120 characters.
    pub signer: String,
    /// An SVG path of at most 20,000 characters.
    pub strokes: String,
}

/// A photo.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhotoIn {
    /// `pho_…`, sent before.
    pub photo_id: String,
    /// Why there was no code, 1 to 500 characters; not needed beside a code.
    pub reason: Option<String>,
}

/// Of `hand_over`: exactly one of code, scan, signature, photo; beside code or scan signature and photo may come too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverPayload {
    /// The customer's six digits.
    pub code: Option<String>,
    /// The text of the scanned picture, `HO1:…` or `HS1:…`.
    pub scan: Option<String>,
    /// A signature.
    pub signature: Option<SignatureIn>,
    /// A photo.
    pub photo: Option<PhotoIn>,
    /// Numbers of the parcels given; all if absent.
    pub parcels: Option<Vec<i32>>,
}

/// Who takes it instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallReceiverIn {
    /// Name, 1 to 120 characters.
    pub name: String,
    /// Telephone with country code.
    pub phone: Option<String>,
}

/// Of `call`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallPayload {
    /// home_now, home_from, home_until, not_today, receiver_named, other_place, refused, no_answer, unreachable,
    /// wrong_number, voicemail or unclear.
    pub outcome: String,
    /// Of home_from.
    pub from: Option<DateTime<Utc>>,
    /// Of home_until.
    pub until: Option<DateTime<Utc>>,
    /// Of not_today.
    pub day: Option<NaiveDate>,
    /// Of receiver_named.
    pub receiver: Option<CallReceiverIn>,
    /// Of other_place, refused and unclear: what was said.
    pub words: Option<String>,
    /// For whoever goes there, up to 140 characters.
    pub note: Option<String>,
}

/// The payload of an action; which one follows from its type.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Payload {
    /// Of turn_back.
    TurnBack(TurnBackPayload),
    /// Of hand_over.
    HandOver(HandOverPayload),
    /// Of fail_attempt.
    Fail(FailPayload),
    /// Of call.
    Call(CallPayload),
    /// Of arrive.
    Arrive(ArrivePayload),
    /// Of every other type.
    None(NoPayload),
}

/// Reads an action's facts.
///
/// # Errors
/// `unknown_type`, `code_malformed`, or `invalid` with what is wrong.
pub fn read(kind: &str, payload: Option<Value>) -> Result<Deed, Unreadable> {
    let payload = payload.unwrap_or_else(|| Value::Object(Map::new()));
    let nothing = |deed| exact::<NoPayload>(payload.clone()).map(|_| deed);
    match kind {
        "collect" => nothing(Deed::Collect),
        "set_off" => nothing(Deed::SetOff),
        "arrive" => {
            let ArrivePayload { reason } = exact(payload)?;
            let reason = reason.map(|reason| words("reason", reason, 500)).transpose()?;
            Ok(Deed::Arrive { reason: reason.unwrap_or_default() })
        }
        "undo_fail" => nothing(Deed::UndoFail),
        "reopen" => nothing(Deed::Reopen),
        "turn_back" => {
            let TurnBackPayload { reason } = exact(payload)?;
            Ok(Deed::TurnBack { reason: words("reason", reason, 500)? })
        }
        "fail_attempt" => exact(payload).map(|FailPayload { reason }| Deed::Fail { reason }),
        "hand_over" => hand_over(exact(payload)?),
        "call" => call(exact(payload)?),
        other => Err(Unreadable {
            code: "unknown_type",
            detail: format!("'{}' is no type of action", shorten(other)),
        }),
    }
}

fn shorten(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

fn exact<T: DeserializeOwned>(payload: Value) -> Result<T, Unreadable> {
    serde_json::from_value(payload)
        .map_err(|error| wrong(format!("payload: {}", shorten_long(&error.to_string()))))
}

fn shorten_long(text: &str) -> String {
    text.chars().take(200).collect()
}

fn words(field: &str, text: String, most: usize) -> Result<String, Unreadable> {
    let control = text.chars().any(|letter| letter.is_control() && letter != '\n');
    if text.trim().is_empty() || text.chars().count() > most || control {
        return Err(wrong(format!("{field} has 1 to {most} characters, no control characters")));
    }
    Ok(text.trim().to_owned())
}

fn hand_over(payload: HandOverPayload) -> Result<Deed, Unreadable> {
    let parcels = match payload.parcels {
        None => Vec::new(),
        Some(numbers) if (1..=100).contains(&numbers.len()) => numbers,
        Some(_) => return Err(wrong("parcels names 1 to 100 parcels, or is left out for all")),
    };
    let malformed = |code, detail: &str| Err(Unreadable { code, detail: detail.to_owned() });
    let by_code = match (payload.code, payload.scan) {
        (None, None) => None,
        (Some(code), None) if check_digit_ok(&code) => Some(Shown::Code(code)),
        (Some(_), None) => {
            let detail = "six digits whose last one checks the others; this try does not count";
            return malformed("code_malformed", detail);
        }
        (None, Some(text)) => match Scanned::parse(&text) {
            Ok(scanned) => Some(Shown::Scan(scanned)),
            Err(error) => return malformed("scan_malformed", &error.to_string()),
        },
        (Some(_), Some(_)) => return Err(wrong(ONE_PROOF)),
    };
    let alone = by_code.is_none();
    let signature = payload.signature.map(signature).transpose()?;
    let photo = payload.photo.map(|given| photo(given, alone)).transpose()?;
    let mut brought: Vec<Shown> = by_code.into_iter().chain(signature).chain(photo).collect();
    if brought.is_empty() || (alone && brought.len() > 1) {
        return Err(wrong(ONE_PROOF));
    }
    let plus = brought.split_off(1);
    brought.pop().map(|shown| Deed::HandOver { shown, plus, parcels }).ok_or_else(|| wrong(ONE_PROOF))
}

const ONE_PROOF: &str =
    "exactly one of code, scan, signature and photo; signature and photo may come beside a code or scan";

fn signature(SignatureIn { signer, strokes }: SignatureIn) -> Result<Shown, Unreadable> {
    let signer = PersonName::parse(&signer).map_err(|error| wrong(error.to_string()))?.as_str().to_owned();
    Ok(Shown::Signature { signer, strokes: path(strokes)? })
}

/// A photo that stands alone says why there was no code.
fn photo(PhotoIn { photo_id, reason }: PhotoIn, alone: bool) -> Result<Shown, Unreadable> {
    let photo = photo_id.parse().map_err(|error| wrong(format!("photo_id: {error}")))?;
    let reason = match reason {
        None if !alone => String::new(),
        reason => words("reason", reason.unwrap_or_default(), 500)?,
    };
    Ok(Shown::Photo { photo, reason })
}

/// An SVG path and nothing else: it is drawn again on a dispatcher's screen.
fn path(strokes: String) -> Result<String, Unreadable> {
    let drawn = |letter: char| letter.is_ascii_digit() || "MmLlHhVvCcSsQqTtAaZz .,-+e".contains(letter);
    if strokes.is_empty() || strokes.len() > 20_000 || !strokes.chars().all(drawn) {
        return Err(wrong("strokes is an SVG path of 1 to 20000 characters"));
    }
    Ok(strokes)
}

fn call(payload: CallPayload) -> Result<Deed, Unreadable> {
    let CallPayload { outcome, from, until, day, receiver, words: said, note } = payload;
    let note = note.unwrap_or_default();
    if note.chars().count() > 140 || note.chars().any(char::is_control) {
        return Err(wrong("note has at most 140 characters, no control characters"));
    }
    let needs = |field: &str| wrong(format!("{outcome} needs {field}"));
    let spoken = |most| words("words", said.clone().unwrap_or_default(), most);
    let read = match outcome.as_str() {
        "home_now" => Outcome::HomeNow,
        "home_from" => Outcome::HomeFrom { from: cut(from.ok_or_else(|| needs("from"))?) },
        "home_until" => Outcome::HomeUntil { until: cut(until.ok_or_else(|| needs("until"))?) },
        "not_today" => Outcome::NotToday { day },
        "receiver_named" => {
            Outcome::ReceiverNamed { receiver: named(receiver.ok_or_else(|| needs("receiver"))?)? }
        }
        "other_place" => Outcome::OtherPlace { place: spoken(500)?, point: None },
        "refused" => Outcome::Refused { reason: said.clone().map_or(Ok(String::new()), |_| spoken(500))? },
        "no_answer" => Outcome::NoAnswer,
        "unreachable" => Outcome::Unreachable,
        "wrong_number" => Outcome::WrongNumber,
        "voicemail" => Outcome::Voicemail,
        "unclear" => Outcome::Unclear { words: spoken(500)? },
        other => return Err(wrong(format!("'{}' is no outcome of a call", shorten(other)))),
    };
    Ok(Deed::Call { outcome: read, note })
}

fn named(receiver: CallReceiverIn) -> Result<Receiver, Unreadable> {
    let name = PersonName::parse(&receiver.name).map_err(|error| wrong(format!("receiver.name: {error}")))?;
    let phone = receiver.phone.as_deref().map(|raw| Phone::parse(raw, None)).transpose();
    let phone = phone.map_err(|error| wrong(format!("receiver.phone: {error}")))?;
    Ok(Receiver { name: name.as_str().to_owned(), phone: phone.map(|phone| phone.as_str().to_owned()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn code_of(kind: &str, payload: Value) -> &'static str {
        read(kind, Some(payload)).unwrap_err().code
    }

    #[test]
    fn every_kind_takes_exactly_its_own_fields() {
        assert_eq!(read("collect", None), Ok(Deed::Collect));
        assert_eq!(read("arrive", Some(json!({}))), Ok(Deed::Arrive { reason: String::new() }));
        assert_eq!(code_of("collect", json!({"x": 1})), "invalid");
        assert_eq!(code_of("turn_back", json!({"reason": " "})), "invalid");
        assert_eq!(code_of("fail_attempt", json!({"reason": "bored"})), "invalid");
        assert_eq!(code_of("fail_attempt", json!({"reason": "not_home", "code": "1"})), "invalid");
        assert_eq!(code_of("teleport", json!({})), "unknown_type");
        assert_eq!(code_of("collect", json!("x")), "invalid");
    }

    #[test]
    fn a_code_with_a_wrong_check_digit_is_malformed_before_anybody_compares_it() {
        assert_eq!(code_of("hand_over", json!({"code": "951333"})), "code_malformed");
        assert_eq!(code_of("hand_over", json!({"code": "95133"})), "code_malformed");
        let read = read("hand_over", Some(json!({"code": "951332", "parcels": [2]}))).unwrap();
        assert_eq!(
            read,
            Deed::HandOver { shown: Shown::Code("951332".to_owned()), plus: vec![], parcels: vec![2] }
        );
        assert!(!format!("{read:?}").contains("951332"));
    }

    #[test]
    fn a_hand_over_has_one_proof_and_harmless_strokes() {
        let signature = json!({"signer": "Mira", "strokes": "M0 0L10 10"});
        assert!(read("hand_over", Some(json!({"signature": signature}))).is_ok());
        assert!(read("hand_over", Some(json!({"signature": signature, "code": "951332"}))).is_ok());
        let both = json!({"code": "951332", "scan": "HO1:W50TK404DGWLT9U%X9QRUZ9S J701LC124$R2QUV4"});
        assert_eq!(code_of("hand_over", both), "invalid");
        assert_eq!(code_of("hand_over", json!({"scan": "https://example.org"})), "scan_malformed");
        assert_eq!(code_of("hand_over", json!({})), "invalid");
        let bad = json!({"signer": "Mira", "strokes": "M0 0\"/><script>"});
        assert_eq!(code_of("hand_over", json!({"signature": bad})), "invalid");
        assert_eq!(code_of("hand_over", json!({"photo": {"photo_id": "x", "reason": "y"}})), "invalid");
        assert_eq!(code_of("hand_over", json!({"code": "951332", "parcels": []})), "invalid");
    }

    #[test]
    fn a_call_needs_the_facts_of_its_outcome() {
        assert_eq!(code_of("call", json!({"outcome": "home_from"})), "invalid");
        assert_eq!(code_of("call", json!({"outcome": "unclear"})), "invalid");
        assert_eq!(code_of("call", json!({"outcome": "maybe"})), "invalid");
        assert!(read("call", Some(json!({"outcome": "refused"}))).is_ok());
        let named =
            json!({"outcome": "receiver_named", "receiver": {"name": "Pell", "phone": "+85019 1234567"}});
        assert!(matches!(
            read("call", Some(named)),
            Ok(Deed::Call { outcome: Outcome::ReceiverNamed { .. }, .. })
        ));
    }
}
