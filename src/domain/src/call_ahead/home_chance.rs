//! The chance that somebody is home when a courier comes: counted, and told with what it was counted from.
//!
//! It starts from what the customer has said ([`Word`]). Then three counts of visits move it, each on top of what the one
//! before left: in this hour of the week in the region, at this address by anybody, and to this customer at other
//! addresses. Each is the mean of a Beta distribution: the chance so far counts like so many visits
//! ([`HOUR_PRIOR`] and the others), and the visits counted are added. Where nothing was counted the chance stays what
//! the word makes it. Only visits of the same kind count, those with an answer or those without, because who opens after a yes
//! says little about who opens unasked. A visit counts half after three months ([`weight`]).

use crate::call_ahead::answer::{Answer, Outcome, Source};
use crate::delivery::event::Event;
use crate::delivery::proof::{HandOff, ProofMethod};
use crate::delivery::state::{Clearance, ClearedBy, Delivery, FailReason, Gate, Stage};
use chrono::{DateTime, Datelike, Timelike, Utc};
use chrono_tz::Tz;
use serde::Serialize;

/// The chance so far counts like this many visits against those counted in the hour.
pub const HOUR_PRIOR: f64 = 20.0;
/// The same against visits to the address.
pub const ADDRESS_PRIOR: f64 = 4.0;
/// The same against visits to the customer elsewhere.
pub const CUSTOMER_PRIOR: f64 = 4.0;

/// Visits are counted by spans of this length, in seconds: thirty days.
pub const MONTH_S: i64 = 30 * 86_400;
/// A visit counts half after so many months.
const HALF_LIFE_MONTHS: f64 = 3.0;

/// What is known of somebody being home before any visit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The customer said so: by the link, the app or a text.
    Customer,
    /// They said so to somebody: a courier's or a dispatcher's report.
    Reported,
    /// Somebody else takes it, or it goes to another place.
    SomebodyElse,
    /// A dispatcher cleared the way in their own name.
    Decided,
    /// Nothing was said yet.
    NotAsked,
    /// They were asked by every means and said nothing.
    Silent,
}

impl Word {
    /// Every one, the surest first.
    pub const ALL: [Word; 6] =
        [Word::Customer, Word::Reported, Word::SomebodyElse, Word::Decided, Word::NotAsked, Word::Silent];

    /// What a delivery's gate and answer come to.
    pub fn of(delivery: &Delivery) -> Word {
        let Gate::Cleared { by, .. } = &delivery.gate else {
            return if matches!(delivery.gate, Gate::Silent { .. }) { Word::Silent } else { Word::NotAsked };
        };
        match (by, &delivery.answer) {
            (ClearedBy::Override { .. }, _) => Word::Decided,
            (ClearedBy::Answer { .. }, Some(answer)) => match (&answer.outcome, answer.source) {
                (Outcome::ReceiverNamed { .. } | Outcome::OtherPlace { .. }, _) => Word::SomebodyElse,
                (_, Source::Courier | Source::Dispatcher) => Word::Reported,
                (_, Source::Sms | Source::Link | Source::App) => Word::Customer,
            },
            (ClearedBy::Answer { .. }, None) => Word::Customer,
        }
    }

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Word::Customer => "customer",
            Word::Reported => "reported",
            Word::SomebodyElse => "somebody_else",
            Word::Decided => "decided",
            Word::NotAsked => "not_asked",
            Word::Silent => "silent",
        }
    }

    /// The chance before any visit is counted. Never 0 or 1: a yes may be forgotten, a silent customer may be home.
    pub fn prior(self) -> f64 {
        match self {
            Word::Customer => 0.95,
            Word::Reported | Word::SomebodyElse => 0.92,
            Word::Decided | Word::NotAsked => 0.8,
            Word::Silent => 0.5,
        }
    }

    /// Whether visits with an answer are its like, or those without.
    pub fn is_answer(self) -> bool {
        matches!(self, Word::Customer | Word::Reported | Word::SomebodyElse)
    }
}

/// Visits, weighted by their age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Counted {
    /// Somebody was there.
    pub found: f64,
    /// Nobody was.
    pub missed: f64,
}

impl Counted {
    /// Adds visits of one age.
    pub fn add(&mut self, found: i64, missed: i64, weight: f64) {
        self.found += whole(found) * weight;
        self.missed += whole(missed) * weight;
    }

    /// A visit taken back whose own row was forgotten leaves less than nothing: that is nothing.
    fn sound(self) -> Counted {
        let least = |count: f64| if count.is_finite() { count.max(0.0) } else { 0.0 };
        Counted { found: least(self.found), missed: least(self.missed) }
    }
}

/// More visits than this are as good as this many.
const MOST: i32 = 1_000_000_000;

fn whole(count: i64) -> f64 {
    f64::from(i32::try_from(count.clamp(i64::from(-MOST), i64::from(MOST))).unwrap_or(MOST))
}

/// What was counted of the visits that say something about a door.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct History {
    /// In this hour of the week, in the region.
    pub hour: Counted,
    /// At this address, whoever was visited.
    pub address: Counted,
    /// To this customer at other addresses.
    pub customer: Counted,
}

/// Where a part of the chance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// What the customer said.
    Answer,
    /// The hour of the week in the region.
    Hour,
    /// The address.
    Address,
    /// The customer elsewhere.
    Customer,
}

impl What {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            What::Answer => "answer",
            What::Hour => "hour",
            What::Address => "address",
            What::Customer => "customer",
        }
    }
}

/// One part of the chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ingredient {
    /// From where.
    pub what: What,
    /// The visits counted.
    pub counted: Counted,
    /// The chance before them.
    pub prior: f64,
    /// So many visits the chance before them counts like.
    pub prior_visits: f64,
    /// What they add to the chance, or take from it; the first is where it begins. All together are the chance.
    pub contributes: f64,
}

/// The chance, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HomeChance {
    /// From 0 to 1.
    pub value: f64,
    /// What the customer has said.
    pub word: Word,
    /// Its parts, in the order they were counted.
    pub ingredients: Vec<Ingredient>,
}

/// The chance that follows from a word and from what was counted.
pub fn home_chance(word: Word, history: &History) -> HomeChance {
    let begin = word.prior();
    let answer = Ingredient {
        what: What::Answer,
        counted: Counted::default(),
        prior: begin,
        prior_visits: 0.0,
        contributes: begin,
    };
    let (mut value, mut ingredients) = (begin, vec![answer]);
    for (what, counted, prior_visits) in [
        (What::Hour, history.hour, HOUR_PRIOR),
        (What::Address, history.address, ADDRESS_PRIOR),
        (What::Customer, history.customer, CUSTOMER_PRIOR),
    ] {
        let counted = counted.sound();
        let visits = prior_visits + counted.found + counted.missed;
        let next = value + (counted.found * (1.0 - value) - counted.missed * value) / visits;
        ingredients.push(Ingredient { what, counted, prior: value, prior_visits, contributes: next - value });
        value = next;
    }
    HomeChance { value, word, ingredients }
}

/// What a visit of so many months ago still counts.
pub fn weight(months: i64) -> f64 {
    0.5_f64.powf(whole(months.max(0)) / HALF_LIFE_MONTHS)
}

/// The hour of the week where people live, 0 to 167 from Monday's midnight.
pub fn hour_of_week(at: DateTime<Utc>, zone: Tz) -> u8 {
    let local = at.with_timezone(&zone);
    let hour = local.weekday().num_days_from_monday() * 24 + local.hour();
    u8::try_from(hour).unwrap_or_default()
}

/// An address as it is compared: its letters and digits in lower case, single spaces between. `None` if that leaves
/// nothing.
pub fn comparable(address: &str) -> Option<String> {
    let lower = address.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A visit to a door that is counted, or one that was counted and did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// When.
    pub at: DateTime<Utc>,
    /// Somebody was there.
    pub found: bool,
    /// It is taken back.
    pub undone: bool,
    /// The courier went for an answer.
    pub answered: bool,
    /// It was to the customer at their own address, not to somebody else or elsewhere.
    pub personal: bool,
}

/// The visit an event says something about; `before`: the delivery before it. A code or a signature was given by
/// somebody, a refusal at the door spoken by somebody. A photo, a witness, an address that was not found say nothing.
pub fn visit(before: &Delivery, event: &Event) -> Option<Visit> {
    let elsewhere = before.receiver.is_some()
        || matches!(before.answer.as_ref().map(|answer| &answer.outcome), Some(Outcome::OtherPlace { .. }));
    let made = |at, found, undone, answered| Visit { at, found, undone, answered, personal: !elsewhere };
    let taken = |hand_off: &HandOff, undone| {
        let somebody = hand_off.method.is_customers() || hand_off.method == ProofMethod::Signature;
        somebody.then(|| made(hand_off.at, true, undone, went_for_an_answer(before)))
    };
    let failed = |at, reason, clearance: &Clearance, undone| {
        let answered = matches!(clearance, Clearance::Answer { .. });
        opened(reason).map(|found| made(at, found, undone, answered))
    };
    match (event, &before.stage, &before.failed) {
        (Event::HandedOver { hand_off } | Event::PartlyHandedOver { hand_off }, _, _) => {
            taken(hand_off, false)
        }
        (Event::Reopened { .. }, Stage::HandedOver { hand_off, .. }, _) => taken(hand_off, true),
        (Event::AttemptFailed { reason, at, .. }, Stage::AtDoor { clearance, .. }, _) => {
            failed(*at, *reason, clearance, false)
        }
        (Event::FailureUndone { .. }, _, Some(before)) => {
            failed(before.at, before.reason, &before.clearance, true)
        }
        _ => None,
    }
}

/// What a failed attempt says of somebody being there, if anything.
fn opened(reason: FailReason) -> Option<bool> {
    match reason {
        FailReason::NotHome => Some(false),
        FailReason::Refused => Some(true),
        _ => None,
    }
}

/// Read from what a hand-off, and taking it back, leave as it is: both find the same.
fn went_for_an_answer(delivery: &Delivery) -> bool {
    let yes = |answer: &Answer| {
        let outcome = &answer.outcome;
        matches!(outcome, Outcome::HomeNow | Outcome::HomeFrom { .. } | Outcome::HomeUntil { .. })
            || matches!(outcome, Outcome::ReceiverNamed { .. } | Outcome::OtherPlace { .. })
    };
    let without =
        matches!(delivery.gate, Gate::Silent { .. } | Gate::Cleared { by: ClearedBy::Override { .. }, .. });
    delivery.answer.as_ref().is_some_and(yes) && !without
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    fn counted(found: f64, missed: f64) -> Counted {
        Counted { found, missed }
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn without_visits_the_chance_is_what_the_word_makes_it() {
        for word in Word::ALL {
            let chance = home_chance(word, &History::default());
            assert!(near(chance.value, word.prior()) && chance.value > 0.0 && chance.value < 1.0);
            assert_eq!(chance.ingredients.len(), 4);
            assert!(chance.ingredients[1..].iter().all(|part| part.contributes == 0.0));
        }
        let sureness: Vec<f64> = Word::ALL.iter().map(|word| word.prior()).collect();
        assert!(sureness.is_sorted_by(|surer, less| surer >= less), "{sureness:?}");
        assert!(Word::Customer.prior() < 1.0 && Word::Silent.prior() < Word::NotAsked.prior());
    }

    #[test]
    fn each_count_begins_where_the_one_before_ended() {
        // Not asked 0.8; the hour: (20 x 0.8 + 10) / (20 + 20) = 0.65; the address: (4 x 0.65 + 4) / (4 + 4) = 0.825;
        // the customer: (4 x 0.825 + 0) / (4 + 2) = 0.55.
        let history =
            History { hour: counted(10.0, 10.0), address: counted(4.0, 0.0), customer: counted(0.0, 2.0) };
        let chance = home_chance(Word::NotAsked, &history);
        assert!(near(chance.value, 0.55), "{}", chance.value);
        let told: Vec<(What, f64, f64)> =
            chance.ingredients.iter().map(|part| (part.what, part.prior, part.contributes)).collect();
        let wanted = [
            (What::Answer, 0.8, 0.8),
            (What::Hour, 0.8, -0.15),
            (What::Address, 0.65, 0.175),
            (What::Customer, 0.825, -0.275),
        ];
        for (one, other) in told.iter().zip(wanted) {
            assert!(one.0 == other.0 && near(one.1, other.1) && near(one.2, other.2), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_visit_counts_half_after_three_months_and_never_more_than_one() {
        assert!(
            near(weight(0), 1.0) && near(weight(3), 0.5) && near(weight(12), 0.0625) && near(weight(-5), 1.0)
        );
        let mut counted = Counted::default();
        counted.add(2, 1, weight(3));
        counted.add(1, 0, weight(0));
        assert!(near(counted.found, 2.0) && near(counted.missed, 0.5));
    }

    #[test]
    fn what_was_taken_back_after_it_was_forgotten_counts_nothing() {
        let history = History { address: counted(-1.0, f64::NAN), ..History::default() };
        assert!(near(home_chance(Word::Silent, &history).value, 0.5));
    }

    #[test]
    fn the_hour_of_the_week_is_that_of_the_address() {
        let at: DateTime<Utc> = "2026-05-04T01:30:00Z".parse().unwrap();
        assert_eq!(hour_of_week(at, Tz::UTC), 1);
        assert_eq!(hour_of_week(at, Tz::Asia__Seoul), 10);
        assert_eq!(hour_of_week(at, Tz::America__New_York), 6 * 24 + 21, "Sunday evening there");
    }

    #[test]
    fn addresses_are_compared_by_their_letters_and_digits() {
        assert_eq!(comparable(" 14  Tidegate-Lane,\nFLAT 9. "), Some("14 tidegate lane flat 9".to_owned()));
        assert_eq!(comparable("서울시 마포구, 12"), Some("서울시 마포구 12".to_owned()));
        assert_ne!(comparable("Lane 1, flat 12"), comparable("Lane 11, flat 2"));
        assert_eq!(comparable(" ,-! "), None);
    }

    fn some_history() -> impl Strategy<Value = History> {
        let count = || (0.0..500.0_f64, 0.0..500.0_f64).prop_map(|(found, missed)| counted(found, missed));
        (count(), count(), count()).prop_map(|(hour, address, customer)| History { hour, address, customer })
    }

    fn words() -> impl Strategy<Value = Word> {
        prop::sample::select(Word::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn the_chance_is_between_zero_and_one_and_the_sum_of_its_parts(word in words(), history in some_history()) {
            let chance = home_chance(word, &history);
            prop_assert!(chance.value > 0.0 && chance.value < 1.0);
            let sum: f64 = chance.ingredients.iter().map(|part| part.contributes).sum();
            prop_assert!((sum - chance.value).abs() < 1e-9);
        }

        #[test]
        fn somebody_found_raises_the_chance_and_nobody_lowers_it(
            word in words(), history in some_history(), level in 0..3_usize, more in 0.01..50.0_f64,
        ) {
            let with = |change: fn(&mut Counted, f64)| {
                let mut history = history;
                let counted = [&mut history.hour, &mut history.address, &mut history.customer];
                counted.into_iter().skip(level).take(1).for_each(|counted| change(counted, more));
                home_chance(word, &history).value
            };
            let as_it_is = home_chance(word, &history).value;
            prop_assert!(with(|counted, more| counted.found += more) > as_it_is);
            prop_assert!(with(|counted, more| counted.missed += more) < as_it_is);
        }

        #[test]
        fn a_surer_word_is_never_worth_less(history in some_history()) {
            let values: Vec<f64> = Word::ALL.iter().map(|word| home_chance(*word, &history).value).collect();
            prop_assert!(values.is_sorted_by(|surer, less| surer >= less));
        }
    }
}
