//! A provider and a world that loses things, for testing strategies against.
//!
//! One tick is 450 seconds; keys are remembered for 24 ticks, so the settling stretch is 8 ticks; a delayed request is
//! carried out up to 7 ticks after it was given up on.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use callahead_domain::money::Currency;
use chrono::{DateTime, Utc};

use super::super::{Caps, Op, Outcome, Snapshot, Standing, Unavailable};

pub const TICK_S: i64 = 450;
pub const KEY_TICKS: i64 = 24;
pub const AMOUNT: i64 = 125_000;

pub const CAPS: Caps = Caps { retrieve: true, partial: true, recharge: false, key_ttl_s: 24 * 450 };

/// What happens to one send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Clean,
    LostRequest,
    LostAnswer,
    /// Given up on, carried out so many ticks later.
    Delayed(i64),
    ErrorBefore,
    ErrorAfter,
    /// The caller dies after "sent" was stored and before the request leaves.
    CrashBefore,
    /// The caller dies after the request was carried out and before the answer is stored.
    CrashAfter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saved {
    Captured,
    Failed,
    AlreadyCaptured,
}

/// The provider's side, and the time of day.
#[derive(Debug)]
pub struct World {
    pub tick: i64,
    pub effects: u32,
    refuses_second: bool,
    saved: BTreeMap<String, (i64, Saved)>,
    delayed: Vec<(i64, String)>,
}

impl World {
    pub fn new(refuses_second: bool) -> Self {
        Self { tick: 0, effects: 0, refuses_second, saved: BTreeMap::new(), delayed: Vec::new() }
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.tick * TICK_S, 0).unwrap()
    }

    pub fn advance(&mut self, ticks: i64) {
        for _ in 0..ticks {
            self.tick += 1;
            let now = self.tick;
            let (due, rest) = std::mem::take(&mut self.delayed).into_iter().partition(|(at, _)| *at <= now);
            self.delayed = rest;
            let due: Vec<(i64, String)> = due;
            for (_, key) in due {
                self.execute(&key, Fault::Clean);
            }
        }
    }

    /// Carries out a request that arrived: a remembered key replays its answer, errors included.
    fn execute(&mut self, key: &str, fault: Fault) -> Saved {
        let now = self.tick;
        self.saved.retain(|_, (at, _)| now - *at < KEY_TICKS);
        if let Some((_, answer)) = self.saved.get(key) {
            return *answer;
        }
        let answer = if fault == Fault::ErrorBefore {
            Saved::Failed
        } else if self.refuses_second && self.effects > 0 {
            Saved::AlreadyCaptured
        } else {
            self.effects += 1;
            if fault == Fault::ErrorAfter { Saved::Failed } else { Saved::Captured }
        };
        self.saved.insert(key.to_owned(), (now, answer));
        answer
    }

    /// Sends once. `None`: the caller crashed and remembers nothing of the answer.
    pub fn send(&mut self, key: &str, fault: Fault) -> Option<Outcome> {
        match fault {
            Fault::CrashBefore => return None,
            Fault::LostRequest => return Some(timeout()),
            Fault::Delayed(ticks) => {
                self.delayed.push((self.tick + ticks, key.to_owned()));
                return Some(timeout());
            }
            _ => {}
        }
        let answer = self.execute(key, fault);
        match fault {
            Fault::CrashAfter => None,
            Fault::LostAnswer => Some(timeout()),
            _ => Some(match answer {
                Saved::Captured => Outcome::Done(books(AMOUNT)),
                Saved::Failed => Outcome::Unknown { why: "status 500".into(), definite: true },
                Saved::AlreadyCaptured => Outcome::Unknown { why: "status 400".into(), definite: true },
            }),
        }
    }

    pub fn retrieve(&self, reachable: bool) -> Result<Option<Snapshot>, Unavailable> {
        if !reachable {
            return Err(Unavailable { why: "timeout".into() });
        }
        Ok(Some(books(i64::from(self.effects.min(1)) * AMOUNT)))
    }
}

fn timeout() -> Outcome {
    Outcome::Unknown { why: "timeout".into(), definite: false }
}

pub fn currency() -> Currency {
    Currency::parse("KPW").unwrap()
}

pub fn books(captured_minor: i64) -> Snapshot {
    Snapshot {
        reference: "r".into(),
        authorized_minor: AMOUNT,
        captured_minor,
        released_minor: 0,
        currency: currency(),
        standing: if captured_minor == 0 { Standing::Held } else { Standing::Captured },
        refunds: Vec::new(),
        capture_before: None,
        action_url: None,
        failure: None,
    }
}

pub const OP: Op = Op::Capture;
