//! One effect for each command, whatever gets lost on the way: the pure decision, without I/O or clock.
//!
//! The job that works a command asks [`next`] what to do, does it, and writes down what these functions return:
//!
//! 1. [`Step::Send`]: store [`sent`] and commit **before** the request leaves, so that a crash reads as unknown and
//!    never as not sent; send the frozen bytes with that key; store [`after`].
//! 2. [`Step::RetrieveFirst`]: ask the provider's books, hand the answer to [`after_retrieve`], do that step.
//! 3. Any other step: store [`settled`] and stop, or come back at the given time.
//!
//! The rules: whatever was sent once is looked up before it is sent again. A new key is made only after the books
//! prove that nothing happened **and** either the key's last answer was a definite failure (the provider would
//! replay it) or the key's life is over. A mere time-out keeps the key, because the first request may still be
//! running; for the same reason a key is no longer used in the last stretch of its life ([`settle_s`]): once a new
//! key is made, nothing sent under the old one can still be on its way. After [`DEAD_AFTER_S`] a person decides.

use std::fmt;

use callahead_domain::id::RefundId;
use callahead_domain::money::Currency;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Caps, Op, Outcome, RefundStanding, Snapshot, Standing, Unavailable};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

/// From the first send to giving up, in seconds: 72 hours.
pub const DEAD_AFTER_S: u64 = 72 * 60 * 60;

/// Seconds to wait after the first, second, ... try; the last one stays.
const BACKOFF_S: [u64; 8] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 21_600];

/// Where a command stands. The column holds [`CommandState::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// Nothing was sent under the present key.
    Queued,
    /// About to be sent, sent, or crashed in between.
    Sent,
    /// An answer came that does not settle it.
    Unknown,
    /// It happened.
    Done,
    /// It will not happen.
    Refused,
    /// Given up: a person decides.
    Dead,
}

impl CommandState {
    const ALL: [Self; 6] = [Self::Queued, Self::Sent, Self::Unknown, Self::Done, Self::Refused, Self::Dead];

    /// The wire and column name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Dead => "dead",
        }
    }

    /// The state of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// It happened; these are the books.
    Done {
        /// The provider's books.
        snapshot: Snapshot,
    },
    /// It will not happen.
    Refused {
        /// The provider's code.
        code: String,
        /// The provider's words; may be empty.
        message: String,
    },
    /// A person decides.
    Dead {
        /// Why.
        why: String,
    },
}

/// All that is known of a command, over all its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    /// What its keys start with, see [`key_stem`].
    pub key_stem: String,
    /// What it does.
    pub op: Op,
    /// Which refund; for a refund only.
    #[serde(default)]
    pub refund: Option<RefundId>,
    /// How much, in minor units of `currency`.
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
    /// Where it stands.
    pub state: CommandState,
    /// Tries so far over all keys.
    pub attempts: u32,
    /// The present key's number, from 1.
    pub generation: u32,
    /// First send under the present key: its life counts from here.
    pub first_sent_at: Option<DateTime<Utc>>,
    /// First send under any key.
    pub began_at: Option<DateTime<Utc>>,
    /// The last send under the present key was answered with a definite failure.
    pub last_definite_failure: bool,
    /// Not before this.
    pub next_at: Option<DateTime<Utc>>,
    /// How it ended, in the three last states.
    pub end: Option<End>,
}

impl CommandRecord {
    /// A command just decided.
    #[must_use]
    pub fn queued(key_stem: String, op: Op, amount_minor: i64, currency: Currency) -> Self {
        Self {
            key_stem,
            op,
            refund: None,
            amount_minor,
            currency,
            state: CommandState::Queued,
            attempts: 0,
            generation: 1,
            first_sent_at: None,
            began_at: None,
            last_definite_failure: false,
            next_at: None,
            end: None,
        }
    }

    /// The same for one refund of several.
    #[must_use]
    pub fn of_refund(self, refund: Option<RefundId>) -> Self {
        Self { refund, ..self }
    }
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send with this key. A generation above the record's needs newly frozen bytes with the new key in them.
    Send {
        /// The key's number.
        generation: u32,
        /// The key.
        idem_key: String,
    },
    /// Ask the provider's books, then [`after_retrieve`].
    RetrieveFirst,
    /// It happened.
    Done(Snapshot),
    /// It will not happen.
    Refused {
        /// The provider's code.
        code: String,
        /// The provider's words; may be empty.
        message: String,
    },
    /// Come back then.
    Wait {
        /// When.
        at: DateTime<Utc>,
    },
    /// A person decides.
    Dead {
        /// Why.
        why: String,
    },
}

/// What a command's keys start with: `ca-<env>-<subject>-<op>`; the subject is the payment, or the refund. Of `env` the
/// first eight letters and digits count, so that the whole key keeps within 64 characters.
#[must_use]
pub fn key_stem(env: &str, subject: &dyn fmt::Display, op: Op) -> String {
    let env: String = env.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("ca-{env}-{subject}-{op}")
}

/// The key of a generation: `<stem>-g<n>`.
#[must_use]
pub fn idem_key(stem: &str, generation: u32) -> String {
    format!("{stem}-g{generation}")
}

/// How long before its end a key is no longer used, in seconds: a third of its life, at most an hour. No request
/// may stay on its way longer than this.
#[must_use]
pub fn settle_s(key_ttl_s: u64) -> u64 {
    (key_ttl_s / 3).min(3_600)
}

/// The next step for a command, before anything is asked or sent.
#[must_use]
pub fn next(record: &CommandRecord, caps: Caps, now: DateTime<Utc>) -> Step {
    if let Some(end) = &record.end {
        return match end.clone() {
            End::Done { snapshot } => Step::Done(snapshot),
            End::Refused { code, message } => Step::Refused { code, message },
            End::Dead { why } => Step::Dead { why },
        };
    }
    if let Some(at) = record.next_at.filter(|at| *at > now) {
        return Step::Wait { at };
    }
    match record.state {
        CommandState::Queued => send(record, record.generation),
        CommandState::Sent | CommandState::Unknown if caps.retrieve => Step::RetrieveFirst,
        CommandState::Sent | CommandState::Unknown => next_without_books(record, caps, now),
        CommandState::Done | CommandState::Refused | CommandState::Dead => {
            Step::Dead { why: "the record of the end is missing".to_owned() }
        }
    }
}

/// Without books to ask, the same key is the only safe way, and only while it is remembered.
fn next_without_books(record: &CommandRecord, caps: Caps, now: DateTime<Utc>) -> Step {
    match key_age(record, caps, now) {
        _ if is_dead(record, now) => dead(),
        KeyAge::Good => send(record, record.generation),
        KeyAge::Settling { .. } | KeyAge::Over => {
            Step::Dead { why: "the key is no longer remembered and the books cannot be asked".to_owned() }
        }
    }
}

/// The next step after the books were asked. Never answers [`Step::RetrieveFirst`].
#[must_use]
pub fn after_retrieve(
    record: &CommandRecord,
    caps: Caps,
    found: &Result<Option<Snapshot>, Unavailable>,
    now: DateTime<Utc>,
) -> Step {
    let snapshot = match found {
        Err(_) if is_dead(record, now) => return dead(),
        Err(_) => return Step::Wait { at: later(now, backoff_s(record.attempts)) },
        Ok(snapshot) => snapshot,
    };
    match snapshot.as_ref().map_or(Effect::Nothing, |books| judge(record, books)) {
        Effect::Whole => snapshot.clone().map_or_else(dead, Step::Done),
        Effect::Other(why) => Step::Dead { why: why.to_owned() },
        Effect::Impossible(code) => Step::Refused { code, message: String::new() },
        Effect::OnItsWay if is_dead(record, now) => dead(),
        Effect::OnItsWay => Step::Wait { at: later(now, backoff_s(record.attempts)) },
        Effect::Nothing => send_again(record, caps, now),
    }
}

/// The books prove that nothing happened.
fn send_again(record: &CommandRecord, caps: Caps, now: DateTime<Utc>) -> Step {
    if is_dead(record, now) {
        return dead();
    }
    let age = key_age(record, caps, now);
    if record.last_definite_failure || matches!(age, KeyAge::Over) {
        return send(record, record.generation.saturating_add(1));
    }
    match age {
        KeyAge::Settling { until } => Step::Wait { at: until },
        KeyAge::Good | KeyAge::Over => send(record, record.generation),
    }
}

/// The record to commit before the request of a [`Step::Send`] leaves.
#[must_use]
pub fn sent(record: &CommandRecord, generation: u32, now: DateTime<Utc>) -> CommandRecord {
    let same_key = generation == record.generation;
    CommandRecord {
        state: CommandState::Sent,
        attempts: record.attempts.saturating_add(1),
        generation,
        first_sent_at: record.first_sent_at.filter(|_| same_key).or(Some(now)),
        began_at: record.began_at.or(Some(now)),
        last_definite_failure: false,
        next_at: None,
        ..record.clone()
    }
}

/// The record to store after an answer. A "done" whose amounts are not those asked for is not believed.
#[must_use]
pub fn after(record: &CommandRecord, outcome: &Outcome, now: DateTime<Utc>) -> CommandRecord {
    match outcome {
        Outcome::Done(snapshot) => match judge(record, snapshot) {
            Effect::Whole => ended(record, CommandState::Done, End::Done { snapshot: snapshot.clone() }),
            Effect::Impossible(code) => {
                ended(record, CommandState::Refused, End::Refused { code, message: String::new() })
            }
            _ => undecided(record, false, now),
        },
        Outcome::Refused { code, message, permanent: true } => {
            let end = End::Refused { code: code.clone(), message: message.clone() };
            ended(record, CommandState::Refused, end)
        }
        Outcome::Refused { .. } => undecided(record, true, now),
        Outcome::Unknown { definite, .. } => undecided(record, *definite, now),
    }
}

/// The record to store after a step that sends nothing. [`Step::Send`] and [`Step::RetrieveFirst`] change nothing.
#[must_use]
pub fn settled(record: &CommandRecord, step: &Step) -> CommandRecord {
    match step.clone() {
        Step::Done(snapshot) => ended(record, CommandState::Done, End::Done { snapshot }),
        Step::Refused { code, message } => {
            ended(record, CommandState::Refused, End::Refused { code, message })
        }
        Step::Dead { why } => ended(record, CommandState::Dead, End::Dead { why }),
        Step::Wait { at } => CommandRecord { next_at: Some(at), ..record.clone() },
        Step::Send { .. } | Step::RetrieveFirst => record.clone(),
    }
}

fn ended(record: &CommandRecord, state: CommandState, end: End) -> CommandRecord {
    CommandRecord { state, next_at: None, end: Some(end), ..record.clone() }
}

fn undecided(record: &CommandRecord, definite: bool, now: DateTime<Utc>) -> CommandRecord {
    CommandRecord {
        state: CommandState::Unknown,
        last_definite_failure: definite,
        next_at: Some(later(now, backoff_s(record.attempts))),
        ..record.clone()
    }
}

fn send(record: &CommandRecord, generation: u32) -> Step {
    Step::Send { generation, idem_key: idem_key(&record.key_stem, generation) }
}

fn dead() -> Step {
    Step::Dead { why: "the outcome stayed unknown for 72 hours".to_owned() }
}

/// What the books say about a command.
enum Effect {
    /// Exactly what was asked for.
    Whole,
    /// The provider is still at it.
    OnItsWay,
    /// Nothing yet.
    Nothing,
    /// Nothing, and it cannot happen any more; with the code to tell.
    Impossible(String),
    /// Something else: no machine should touch it.
    Other(&'static str),
}

fn judge(record: &CommandRecord, books: &Snapshot) -> Effect {
    if books.currency != record.currency {
        return Effect::Other("integrity: the books are in another currency");
    }
    match record.op {
        Op::Authorise => judge_authorisation(record, books),
        Op::Capture => judge_capture(record, books),
        Op::Release => judge_release(record, books),
        Op::Refund => judge_refund(record, books),
    }
}

/// A customer who has to do something first is the end of the command: what follows is theirs, and comes by a look at
/// the books.
fn judge_authorisation(record: &CommandRecord, books: &Snapshot) -> Effect {
    match books.standing {
        Standing::Declined => {
            Effect::Impossible(books.failure.clone().unwrap_or_else(|| "declined".to_owned()))
        }
        Standing::Released => Effect::Impossible("released".to_owned()),
        Standing::Captured => Effect::Other("integrity: the money was taken before it was asked for"),
        _ if books.authorized_minor != record.amount_minor => {
            Effect::Other("integrity: another amount is held")
        }
        Standing::Held | Standing::ActionRequired => Effect::Whole,
        Standing::Pending => Effect::OnItsWay,
    }
}

fn judge_capture(record: &CommandRecord, books: &Snapshot) -> Effect {
    match (books.captured_minor, books.released_minor) {
        (captured, _) if captured == record.amount_minor => Effect::Whole,
        (0, 0) if books.standing == Standing::Pending => Effect::OnItsWay,
        (0, 0) if books.standing != Standing::Released => Effect::Nothing,
        (0, _) => Effect::Impossible("released".to_owned()),
        _ => Effect::Other("integrity: another amount was taken"),
    }
}

fn judge_release(record: &CommandRecord, books: &Snapshot) -> Effect {
    match (books.captured_minor, books.released_minor) {
        (0, released) if released == record.amount_minor => Effect::Whole,
        (0, 0) if books.standing == Standing::Declined => Effect::Whole,
        (0, 0) => Effect::Nothing,
        (0, _) => Effect::Other("integrity: another amount was given back"),
        _ => Effect::Other("integrity: the money was taken"),
    }
}

fn judge_refund(record: &CommandRecord, books: &Snapshot) -> Effect {
    let ours = |entry: &&super::RefundEntry| entry.id.is_some() && entry.id == record.refund;
    match books.refunds.iter().find(ours) {
        None => Effect::Nothing,
        Some(entry) if entry.amount_minor != record.amount_minor => {
            Effect::Other("integrity: another amount was refunded")
        }
        Some(entry) => match entry.standing {
            RefundStanding::Succeeded => Effect::Whole,
            RefundStanding::Pending => Effect::OnItsWay,
            RefundStanding::Failed => Effect::Impossible("refund_failed".to_owned()),
        },
    }
}

/// How old the present key is.
enum KeyAge {
    /// May be sent.
    Good,
    /// Still remembered, but a request sent now could outlive it.
    Settling { until: DateTime<Utc> },
    /// Forgotten by the provider.
    Over,
}

fn key_age(record: &CommandRecord, caps: Caps, now: DateTime<Utc>) -> KeyAge {
    let Some(first) = record.first_sent_at else {
        return KeyAge::Good;
    };
    let until = later(first, caps.key_ttl_s);
    if now >= until {
        KeyAge::Over
    } else if later(now, settle_s(caps.key_ttl_s)) >= until {
        KeyAge::Settling { until }
    } else {
        KeyAge::Good
    }
}

fn is_dead(record: &CommandRecord, now: DateTime<Utc>) -> bool {
    record.began_at.is_some_and(|began| now >= later(began, DEAD_AFTER_S))
}

fn backoff_s(attempts: u32) -> u64 {
    let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    BACKOFF_S.get(place).or(BACKOFF_S.last()).copied().unwrap_or(60)
}

/// `seconds` after `at`, or the end of time.
fn later(at: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let step = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    step.and_then(|step| at.checked_add_signed(step)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
