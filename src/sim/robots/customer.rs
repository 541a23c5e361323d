//! Customers: whether and when they answer, and whether they open the door. All is drawn from their own stream, so that a
//! customer is the same person whatever the rest of the day brings, with the gate or without it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::sim::rng::Rng;

/// The kinds of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Answers the link, most of them soon, and is home.
    Prompt,
    /// Never touches the link; may take a call; is often home.
    Silent,
    /// Says yes or nothing, and does not open.
    Absent,
    /// Comes home later and says so.
    Later,
    /// A person at a keyboard: the robot only opens the door.
    Human,
}

/// Which share of the customers is of which kind; the rest answers promptly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Never answer the link.
    pub silent: f64,
    /// Do not open.
    pub absent: f64,
    /// Come home later.
    pub later: f64,
}

impl Default for Shares {
    fn default() -> Shares {
        Shares { silent: 0.10, absent: 0.08, later: 0.05 }
    }
}

/// One customer's habits.
#[derive(Debug, Clone)]
pub struct Persona {
    /// The kind.
    pub kind: Kind,
    /// Home from then on; `None`: never today.
    pub home_at: Option<DateTime<Utc>>,
    /// How long they take to answer a link, if they do at all.
    pub answers_after: Option<TimeDelta>,
    /// What a prompt one says besides "home now".
    manner: Manner,
    /// Whether they take a call.
    takes_calls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Plain,
    NamesReceiver,
    LeavesLater,
}

/// Answer times are whole multiples of this, so that a day has few distinct instants.
const GRID_S: i64 = 15;

impl Persona {
    /// The customer of this order: `name` picks the stream, `ready_at` is when they could first be visited.
    #[must_use]
    pub fn draw(seed: u64, name: &str, shares: Shares, ready_at: DateTime<Utc>) -> Persona {
        let mut rng = Rng::of(seed, &format!("customer {name}"));
        let place = rng.unit();
        let kind = if place < shares.silent {
            Kind::Silent
        } else if place < shares.silent + shares.absent {
            Kind::Absent
        } else if place < shares.silent + shares.absent + shares.later {
            Kind::Later
        } else {
            Kind::Prompt
        };
        Persona::of_kind(kind, &mut rng, ready_at)
    }

    /// A customer of this kind.
    pub fn of_kind(kind: Kind, rng: &mut Rng, ready_at: DateTime<Utc>) -> Persona {
        let slow = rng.chance(0.15);
        let (low, high) = if slow { (8 * 60, 20 * 60) } else { (30, 5 * 60) };
        let delay = TimeDelta::seconds(rng.between(low / GRID_S, high / GRID_S) * GRID_S);
        let manner = match rng.unit() {
            share if share < 0.04 => Manner::NamesReceiver,
            share if share < 0.08 => Manner::LeavesLater,
            _ => Manner::Plain,
        };
        let (says_yes, at_home, lifts) = (rng.chance(0.3), rng.chance(0.8), rng.chance(0.5));
        let later = ready_at + TimeDelta::minutes(rng.between(25, 60));
        let home_at = match kind {
            Kind::Prompt | Kind::Human => Some(DateTime::<Utc>::MIN_UTC),
            Kind::Silent => at_home.then_some(DateTime::<Utc>::MIN_UTC),
            Kind::Absent => None,
            Kind::Later => Some(later),
        };
        let answers = match kind {
            Kind::Prompt | Kind::Later => true,
            Kind::Absent => says_yes,
            Kind::Silent | Kind::Human => false,
        };
        let takes_calls = match kind {
            Kind::Prompt | Kind::Later => true,
            Kind::Silent => at_home && lifts,
            Kind::Absent | Kind::Human => false,
        };
        Persona { kind, home_at, answers_after: answers.then_some(delay), manner, takes_calls }
    }

    /// Whether the door opens.
    #[must_use]
    pub fn opens(&self, now: DateTime<Utc>) -> bool {
        self.home_at.is_some_and(|home| home <= now)
    }

    /// What they say on their page.
    #[must_use]
    pub fn says(&self, now: DateTime<Utc>) -> Value {
        match (self.home_at, self.manner) {
            (Some(home), _) if home > now => json!({"outcome": "home_from", "from": home}),
            (_, Manner::NamesReceiver) => {
                json!({"outcome": "receiver_named", "receiver": {"name": "A neighbour"}})
            }
            (_, Manner::LeavesLater) => {
                json!({"outcome": "home_until", "until": now + TimeDelta::hours(2)})
            }
            _ => json!({"outcome": "home_now"}),
        }
    }

    /// What a courier hears who calls.
    #[must_use]
    pub fn on_the_phone(&self, now: DateTime<Utc>) -> Value {
        if self.takes_calls { self.says(now) } else { json!({"outcome": "no_answer"}) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(kind: Kind, shares: Shares) -> usize {
        let draw = |n: usize| Persona::draw(1, &n.to_string(), shares, DateTime::UNIX_EPOCH);
        (0..2_000).filter(|n| draw(*n).kind == kind).count()
    }

    #[test]
    fn the_kinds_come_in_their_shares() {
        let shares = Shares::default();
        assert!((140..260).contains(&count(Kind::Silent, shares)));
        assert!((110..210).contains(&count(Kind::Absent, shares)));
        assert!((60..150).contains(&count(Kind::Later, shares)));
        let none = Shares { silent: 0.0, absent: 0.0, later: 0.0 };
        assert_eq!(count(Kind::Prompt, none), 2_000);
    }

    #[test]
    fn one_who_comes_home_later_says_so_and_opens_from_then_on() {
        let now = DateTime::UNIX_EPOCH;
        let later = Persona::of_kind(Kind::Later, &mut Rng::of(1, "x"), now);
        let home = later.home_at.unwrap_or(now);
        assert_eq!(later.says(now), json!({"outcome": "home_from", "from": home}));
        assert!(!later.opens(now) && later.opens(home));
        assert_ne!(later.says(home).get("outcome"), Some(&json!("home_from")));
    }

    #[test]
    fn an_absent_one_never_opens_and_takes_no_call() {
        let now = DateTime::UNIX_EPOCH;
        for n in 0..50 {
            let absent = Persona::of_kind(Kind::Absent, &mut Rng::of(n, "x"), now);
            assert!(!absent.opens(now + TimeDelta::days(1)));
            assert_eq!(absent.on_the_phone(now), json!({"outcome": "no_answer"}));
        }
    }
}
