//! Derives again, from the timeline alone and without the domain's code, whether a courier was allowed to set off.

use chrono::{DateTime, Utc};

use super::collect::Entry;

/// What the customer's side said so far.
#[derive(Debug, Clone, Default)]
struct Gate {
    /// Who or what cleared it, since when, from when it allows an arrival, until when it holds.
    cleared: Option<Cleared>,
    /// Answers that counted.
    answers: Vec<String>,
    /// The ladder was used up and nothing came after.
    silent: bool,
    /// The latest planned duration of the last leg, in seconds.
    leg_s: i64,
}

#[derive(Debug, Clone)]
struct Cleared {
    /// The answer's id; `None` for a person's override.
    answer: Option<String>,
    since: DateTime<Utc>,
    from: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
}

/// Everything wrong with the departures of one timeline; `gate_off` says whether the policy asks nobody.
#[must_use]
pub fn wrong_departures(timeline: &[Entry], gate_off: bool) -> Vec<String> {
    let mut gate = Gate::default();
    let mut wrong = Vec::new();
    for entry in timeline {
        if entry.event == "stop.released" {
            wrong.extend(gate.refuses(entry, gate_off).map(|why| format!("seq {}: {why}", entry.seq)));
        }
        gate.learn(entry);
    }
    wrong
}

impl Gate {
    fn learn(&mut self, entry: &Entry) {
        match entry.event.as_str() {
            "call_ahead.answered" => {
                let counts = entry.data.get("counts").and_then(serde_json::Value::as_bool).unwrap_or(false);
                self.answers.extend(entry.text("/answer/id").filter(|_| counts).map(str::to_owned));
            }
            "stop.cleared" => {
                self.silent = false;
                let until = entry.instant("/valid_until").unwrap_or(entry.at);
                let (answer, from) = (entry.text("/by/answer").map(str::to_owned), entry.instant("/from"));
                self.cleared = Some(Cleared { answer, since: entry.happened(), from, until });
            }
            "stop.held" => {
                self.silent = false;
                if let Some(cleared) = &mut self.cleared {
                    cleared.until = cleared.until.min(entry.happened() - chrono::TimeDelta::microseconds(1));
                }
            }
            "call_ahead.refused" | "delivery.failed" | "delivery.partial" => {
                (self.cleared, self.silent) = (None, false);
            }
            "call_ahead.silent" => self.silent = true,
            "call_ahead.requested" | "call_ahead.restarted" | "stop.hold_ended" | "call_ahead.expired" => {
                self.silent = false;
            }
            "stop.planned" => self.leg_s = entry.number("/leg_s").unwrap_or(0),
            _ => {}
        }
    }

    fn refuses(&self, entry: &Entry, gate_off: bool) -> Option<String> {
        match entry.text("/clearance/kind") {
            Some("policy") => self.refuses_policy(entry.text("/clearance/rule").unwrap_or(""), gate_off),
            Some("answer") => self.refuses_cleared(entry, entry.text("/clearance/answer")),
            Some("override") => self.refuses_cleared(entry, None),
            kind => Some(format!("set off without a clearance ({kind:?})")),
        }
    }

    fn refuses_policy(&self, rule: &str, gate_off: bool) -> Option<String> {
        match rule {
            "gate_off" if gate_off => None,
            "try_door" | "last" if self.silent => None,
            _ => Some(format!("set off by the rule '{rule}', which did not hold")),
        }
    }

    fn refuses_cleared(&self, entry: &Entry, named: Option<&str>) -> Option<String> {
        let at = entry.happened();
        let Some(cleared) = &self.cleared else {
            return Some("set off while nothing had cleared it".to_owned());
        };
        if cleared.answer.as_deref() != named {
            return Some(format!("set off by {named:?}, but {:?} had cleared it", cleared.answer));
        }
        if named.is_some_and(|id| !self.answers.iter().any(|answer| answer == id)) {
            return Some(format!("set off by {named:?}, an answer that never counted"));
        }
        if at < cleared.since || at > cleared.until {
            return Some(format!(
                "set off at {at}, cleared from {} to {} only",
                cleared.since, cleared.until
            ));
        }
        let arrival = at + chrono::TimeDelta::seconds(self.leg_s);
        let early = cleared.from.filter(|from| arrival < *from);
        early.map(|from| format!("would arrive at {arrival}, the customer is home from {from}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn entries(of: &[(&str, i64, Value)]) -> Vec<Entry> {
        let entry = |(seq, (event, minute, data)): (usize, &(&str, i64, Value))| Entry {
            seq: i64::try_from(seq + 1).unwrap_or(0),
            event: (*event).to_owned(),
            at: DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(*minute),
            data: data.clone(),
            hash: None,
            prev_hash: None,
        };
        of.iter().enumerate().map(entry).collect()
    }

    fn cleared(answer: &str, until: &str) -> Value {
        json!({"by": {"kind": "answer", "answer": answer}, "valid_until": until})
    }

    fn answered(id: &str, counts: bool) -> Value {
        json!({"answer": {"id": id}, "counts": counts})
    }

    const BY_A: &str = r#"{"clearance": {"kind": "answer", "answer": "a"}}"#;

    fn by_a() -> Value {
        serde_json::from_str(BY_A).unwrap_or_default()
    }

    #[test]
    fn an_answer_that_counts_lets_a_courier_go_until_it_is_stale() {
        let story = |leaves| {
            entries(&[
                ("call_ahead.answered", 1, answered("a", true)),
                ("stop.cleared", 1, cleared("a", "1970-01-01T01:31:00Z")),
                ("stop.released", leaves, by_a()),
            ])
        };
        assert_eq!(wrong_departures(&story(30), false), Vec::<String>::new());
        assert_eq!(wrong_departures(&story(92), false).len(), 1);
    }

    #[test]
    fn nobody_goes_without_an_answer_or_on_one_that_never_counted() {
        let bare = entries(&[("stop.released", 5, by_a())]);
        assert_eq!(wrong_departures(&bare, false).len(), 1);
        let unheard = entries(&[
            ("call_ahead.answered", 1, answered("a", false)),
            ("stop.cleared", 1, cleared("a", "1970-01-01T01:31:00Z")),
            ("stop.released", 5, by_a()),
        ]);
        assert_eq!(wrong_departures(&unheard, false).len(), 1);
        let failed = entries(&[
            ("call_ahead.answered", 1, answered("a", true)),
            ("stop.cleared", 1, cleared("a", "1970-01-01T01:31:00Z")),
            ("delivery.failed", 4, json!({})),
            ("stop.released", 5, by_a()),
        ]);
        assert_eq!(wrong_departures(&failed, false).len(), 1);
    }

    #[test]
    fn a_policy_lets_a_courier_go_only_where_it_holds() {
        let by = |rule: &str| json!({"clearance": {"kind": "policy", "rule": rule}});
        let off = entries(&[("stop.released", 5, by("gate_off"))]);
        assert_eq!(wrong_departures(&off, true).len(), 0);
        assert_eq!(wrong_departures(&off, false).len(), 1);
        let silent = entries(&[("call_ahead.silent", 3, json!({})), ("stop.released", 5, by("try_door"))]);
        assert_eq!(wrong_departures(&silent, false).len(), 0);
        let spoken = entries(&[("call_ahead.requested", 3, json!({})), ("stop.released", 5, by("last"))]);
        assert_eq!(wrong_departures(&spoken, false).len(), 1);
    }

    #[test]
    fn an_arrival_before_the_customer_is_home_is_wrong() {
        let story = entries(&[
            ("stop.planned", 0, json!({"leg_s": 300})),
            ("call_ahead.answered", 1, answered("a", true)),
            (
                "stop.cleared",
                1,
                json!({"by": {"kind": "answer", "answer": "a"}, "from": "1970-01-01T00:40:00Z",
                       "valid_until": "1970-01-01T02:00:00Z"}),
            ),
            ("stop.released", 30, by_a()),
        ]);
        assert_eq!(wrong_departures(&story, false).len(), 1);
    }
}
