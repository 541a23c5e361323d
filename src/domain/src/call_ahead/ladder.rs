//! The ladder: cheapest rung first, stop at the first usable answer, only the silent are dialled.
//!
//! Times follow from the planned arrival; limits per day and the least gap between two disturbances always hold.

use super::quiet::next_allowed;
use crate::policy::Policy;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A planned arrival (or last leg) is told anew when it moves by this much, in seconds. What moves by less is rounding and
/// traffic lights: nobody is told, and what follows from the plan, the ladder first of all, may be this much off.
pub const PLAN_MOVES_S: i64 = 120;

/// The call comes this long before the courier departs the previous stop, in seconds.
const BEFORE_DEPARTURE_S: i64 = 60;

/// The notice comes this long before the call could at the latest: time for a "no" that saves the leg, in seconds.
const TO_ANSWER_S: i64 = 120;

/// One rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungKind {
    /// A notice with a one-tap page.
    Notice,
    /// A reminder with the same link.
    Reminder,
    /// The courier's own call.
    Call,
    /// The second call.
    SecondCall,
    /// A last text with the link.
    LastText,
}

impl RungKind {
    /// The ladder from the bottom.
    pub const LADDER: [RungKind; 5] =
        [RungKind::Notice, RungKind::Reminder, RungKind::Call, RungKind::SecondCall, RungKind::LastText];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            RungKind::Notice => "notice",
            RungKind::Reminder => "reminder",
            RungKind::Call => "call",
            RungKind::SecondCall => "second_call",
            RungKind::LastText => "last_text",
        }
    }

    /// Whether the courier dials.
    pub fn is_call(self) -> bool {
        matches!(self, RungKind::Call | RungKind::SecondCall)
    }

    /// Whether it counts against the texts of a day (the first notice does not).
    pub fn is_text(self) -> bool {
        matches!(self, RungKind::Reminder | RungKind::LastText)
    }

    fn place(self) -> usize {
        Self::LADDER.iter().position(|kind| *kind == self).unwrap_or_default()
    }
}

/// A rung that is to be climbed.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    /// Which.
    pub kind: RungKind,
    /// Not before.
    pub due_at: DateTime<Utc>,
    /// Until when it waits for the reply, if climbed at `due_at`.
    pub reply_by: DateTime<Utc>,
}

/// How often this customer was disturbed, by local day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AskLog {
    /// The local day the counters are of.
    pub day: Option<NaiveDate>,
    /// Calls that day.
    pub calls: u32,
    /// Texts that day.
    pub texts: u32,
    /// The last disturbance.
    pub last_at: Option<DateTime<Utc>>,
    /// Nobody is asked before: an alarm came late, in quiet hours.
    pub not_before: Option<DateTime<Utc>>,
}

impl AskLog {
    /// The log with one disturbance more.
    pub fn counted(&self, kind: RungKind, at: DateTime<Utc>, day: NaiveDate) -> AskLog {
        let mut log = if self.day == Some(day) { self.clone() } else { AskLog::default() };
        log.day = Some(day);
        log.calls += u32::from(kind.is_call());
        log.texts += u32::from(kind.is_text());
        log.last_at = Some(at);
        log
    }

    fn allows(&self, kind: RungKind, day: NaiveDate, policy: &Policy) -> bool {
        let (calls, texts) = if self.day == Some(day) { (self.calls, self.texts) } else { (0, 0) };
        (!kind.is_call() || calls < policy.max_calls) && (!kind.is_text() || texts < policy.max_texts)
    }
}

/// What the ladder needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Climb<'a> {
    /// Planned arrival at the door.
    pub arrive_at: DateTime<Utc>,
    /// Planned duration of the last leg; the call comes before the courier departs the previous stop.
    pub leg_s: i64,
    /// Disturbances so far.
    pub log: &'a AskLog,
    /// The rung standing now and when it was climbed.
    pub standing: Option<(RungKind, DateTime<Utc>)>,
    /// The region's rules.
    pub policy: &'a Policy,
}

impl Climb<'_> {
    /// The next rung at or after `now`, or `None` when the ladder is used up.
    pub fn next(&self, now: DateTime<Utc>) -> Option<Rung> {
        let above = self.standing.map_or(0, |(kind, _)| kind.place() + 1);
        RungKind::LADDER.into_iter().skip(above).find_map(|kind| self.rung(kind, now))
    }

    fn rung(&self, kind: RungKind, now: DateTime<Utc>) -> Option<Rung> {
        let wanted = self.ideal(kind).max(now).max(self.log.not_before.unwrap_or(now));
        let gap = match (kind, self.log.last_at) {
            (RungKind::Notice, _) | (_, None) => wanted,
            (_, Some(last)) => wanted.max(last + Duration::seconds(self.gap_s())),
        };
        let due_at = if kind.is_call() { gap } else { next_allowed(gap, self.policy) };
        // A call in quiet hours is not moved to the morning: the courier would be long gone. It is left out.
        if kind.is_call() && next_allowed(due_at, self.policy) != due_at {
            return None;
        }
        let day = due_at.with_timezone(&self.policy.time_zone).date_naive();
        self.log.allows(kind, day, self.policy).then(|| Rung {
            kind,
            due_at,
            reply_by: self.reply_by(kind, due_at),
        })
    }

    /// The least gap, shortened when the whole ladder has to fit into less time than it wants.
    fn gap_s(&self) -> i64 {
        let room =
            self.log.last_at.map_or(self.policy.min_gap_s, |last| (self.arrive_at - last).num_seconds() / 3);
        self.policy.min_gap_s.min(room.max(60))
    }

    /// Before the courier departs the previous stop. The true departure may lie before the one that was told.
    fn departure_lead_s(&self) -> i64 {
        self.leg_s + BEFORE_DEPARTURE_S + PLAN_MOVES_S
    }

    fn call_lead_s(&self) -> i64 {
        self.policy.call_lead_s.clamp(480, 1200).max(self.departure_lead_s())
    }

    fn ideal(&self, kind: RungKind) -> DateTime<Utc> {
        let before = |seconds: i64| self.arrive_at - Duration::seconds(seconds);
        let after =
            |seconds: i64| self.standing.map_or(self.arrive_at, |(_, at)| at + Duration::seconds(seconds));
        match kind {
            RungKind::Notice => before(self.policy.notice_lead_s.max(self.departure_lead_s() + TO_ANSWER_S)),
            RungKind::Reminder => after(self.policy.reminder_after_s).min(before(self.call_lead_s() + 60)),
            RungKind::Call => before(self.call_lead_s()),
            RungKind::SecondCall => before(self.policy.second_call_lead_s),
            RungKind::LastText => after(60),
        }
    }

    fn reply_by(&self, kind: RungKind, climbed: DateTime<Utc>) -> DateTime<Utc> {
        let at_least = climbed + Duration::seconds(60);
        match kind {
            RungKind::Notice => {
                let usual = climbed + Duration::seconds(self.policy.reminder_after_s);
                usual.min(self.ideal(RungKind::Call)).max(at_least)
            }
            RungKind::Reminder => self.ideal(RungKind::Call).max(at_least),
            RungKind::Call => self.ideal(RungKind::SecondCall).max(climbed + Duration::seconds(120)),
            RungKind::SecondCall => climbed + Duration::seconds(120),
            RungKind::LastText => climbed + Duration::seconds(self.policy.last_reply_s),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-05-04T{text}:00Z").parse().unwrap()
    }

    fn climb(policy: &Policy, arrive: &str, start: &str) -> Vec<(RungKind, DateTime<Utc>)> {
        let mut log = AskLog::default();
        let (mut standing, mut now, mut seen) = (None, at(start), Vec::new());
        loop {
            let next = Climb { arrive_at: at(arrive), leg_s: 300, log: &log, standing, policy }.next(now);
            let Some(rung) = next else { return seen };
            seen.push((rung.kind, rung.due_at));
            log = log.counted(rung.kind, rung.due_at, rung.due_at.date_naive());
            standing = Some((rung.kind, rung.due_at));
            now = rung.reply_by;
        }
    }

    #[test]
    fn the_ladder_of_a_silent_customer_is_climbed_in_order_and_ends() {
        let seen = climb(&Policy::default(), "12:00", "10:00");
        assert_eq!(
            seen,
            vec![
                (RungKind::Notice, at("11:15")),
                (RungKind::Reminder, at("11:25")),
                (RungKind::Call, at("11:48")),
                (RungKind::SecondCall, at("11:54")),
                (RungKind::LastText, at("11:56")),
            ]
        );
    }

    #[test]
    fn a_rung_is_left_out_when_the_day_has_had_its_calls_and_texts() {
        let policy = Policy { max_calls: 1, max_texts: 1, ..Policy::default() };
        let kinds: Vec<_> = climb(&policy, "12:00", "10:00").into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, vec![RungKind::Notice, RungKind::Reminder, RungKind::Call]);
    }

    #[test]
    fn a_short_notice_order_is_asked_at_once() {
        let seen = climb(&Policy::default(), "12:00", "11:40");
        assert_eq!(seen.first(), Some(&(RungKind::Notice, at("11:40"))));
        assert!(seen.iter().any(|(kind, due)| kind.is_call() && *due < at("12:00")));
    }

    #[test]
    fn the_call_comes_before_the_courier_departs_for_a_long_leg() {
        let policy = Policy::default();
        let log = AskLog::default();
        let standing = Some((RungKind::Reminder, at("11:00")));
        let long = Climb { arrive_at: at("12:00"), leg_s: 1500, log: &log, standing, policy: &policy };
        // 25 minutes of leg, one before the departure, two because the plan may have moved by as much unsaid.
        assert_eq!(long.next(at("11:05")).unwrap().due_at, at("11:32"));
    }

    #[test]
    fn the_notice_comes_before_the_departure_for_a_leg_longer_than_its_lead() {
        let (policy, log) = (Policy::default(), AskLog::default());
        let climb =
            |leg_s| Climb { arrive_at: at("12:00"), leg_s, log: &log, standing: None, policy: &policy };
        // An hour of leg: the courier departs at 11:00.
        let first = climb(3600).next(at("09:00")).unwrap();
        assert_eq!((first.kind, first.due_at), (RungKind::Notice, at("10:55")));
        assert!(first.reply_by < at("11:00"), "a no must come before the departure: {}", first.reply_by);
        assert_eq!(climb(2400).next(at("09:00")).unwrap().due_at, at("11:15"), "the usual lead is enough");
    }

    #[test]
    fn edge_84_nobody_is_called_in_quiet_hours() {
        let policy = Policy::default();
        let kinds: Vec<_> = climb(&policy, "21:10", "20:00").into_iter().map(|(kind, _)| kind).collect();
        assert!(!kinds.contains(&RungKind::SecondCall));
    }
}
