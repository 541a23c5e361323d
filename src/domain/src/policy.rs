//! The knobs of a region, which a shop may tighten. Every duration is in whole seconds, every
//! distance in whole metres.

use crate::delivery::proof::ProofMethod;
use crate::money::MAX_MINOR;
use chrono::NaiveTime;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How a delivery finds its courier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignMode {
    /// The engine's choice is final.
    Direct,
    /// The courier is asked and may decline.
    Offer,
}

/// Whether a courier needs the customer's answer before setting off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateMode {
    /// Ask, and wait for an answer.
    Ask,
    /// Go without asking; every clearance then names this policy.
    Off,
}

/// What happens when the ladder is used up without an answer, strictest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceRule {
    /// Go to the door all the same.
    TryDoor,
    /// Go at the end of the run.
    Last,
    /// Nobody goes; a dispatcher decides.
    Hold,
    /// Bring the parcel back to the shop.
    Return,
}

/// What confirms a hand-off: one of the customer's codes, with what must come with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofRule<'a> {
    /// Codes that do.
    pub any_of: &'a [ProofMethod],
    /// What must come with them.
    pub plus: &'a [ProofMethod],
    /// Whether it is the rule for dear ones.
    pub dear: bool,
}

fn names(methods: &[ProofMethod]) -> String {
    methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(",")
}

/// Hours in which nobody is disturbed, local to the region; `from` may be later than `to` (over midnight).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First quiet minute.
    pub from: NaiveTime,
    /// First minute in which asking is allowed again.
    pub to: NaiveTime,
}

/// All knobs. A region holds one; [`Policy::tightened`] adds a shop's stricter wishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Zone in which windows, quiet hours and "tomorrow" are read.
    pub time_zone: Tz,
    /// How couriers get deliveries.
    pub assign: AssignMode,
    /// How long an offer stands.
    pub offer_s: i64,
    /// Declines and expiries of offers before a dispatcher is asked.
    pub offer_rounds: u32,
    /// What nobody of its region takes comes into question for couriers of other regions this near to the pick-up; 0: never.
    pub widen_m: i64,
    /// Deliveries an hour that couriers' guaranteed pay covers; 0: none is guaranteed. Work goes first to those who are
    /// paid already.
    pub guaranteed_per_hour: u32,
    /// Whether the answer is required at all.
    pub gate: GateMode,
    /// The first notice goes out this long before the planned arrival.
    pub notice_lead_s: i64,
    /// A reminder follows after this long without an answer.
    pub reminder_after_s: i64,
    /// The courier's call comes this long before the planned arrival (480 to 1,200).
    pub call_lead_s: i64,
    /// The second call.
    pub second_call_lead_s: i64,
    /// Time left to answer after the last text.
    pub last_reply_s: i64,
    /// Least time between two texts or calls.
    pub min_gap_s: i64,
    /// Calls per delivery and day at most.
    pub max_calls: u32,
    /// Texts (reminder and last text) per delivery and day at most.
    pub max_texts: u32,
    /// Times the whole ladder may be climbed before silence is final.
    pub ask_rounds: u32,
    /// How long an answer holds.
    pub answer_valid_s: i64,
    /// The arrival a customer was told stands until the plan is more than this away from it; then they are told, and
    /// asked again if need be.
    pub eta_move_s: i64,
    /// What silence means.
    pub silence: SilenceRule,
    /// Door attempts before the parcel goes back.
    pub max_attempts: u32,
    /// A courier who says to be at the door farther from the address than this is believed, and a person is told.
    pub arrive_within_m: i64,
    /// The courier waits this long at the door before giving up is open.
    pub waiting_s: i64,
    /// A failed attempt may be undone this long.
    pub undo_fail_s: i64,
    /// A hand-off may be reopened this long, and the capture waits for it.
    pub reopen_s: i64,
    /// Which of the customer's codes confirm a hand-off.
    pub proof_any_of: Vec<ProofMethod>,
    /// What must come with the code for it to confirm: a photo, a signature.
    pub proof_plus: Vec<ProofMethod>,
    /// From this amount on, in minor units, the two rules below hold in place of the two above; 0: never.
    pub dear_from_minor: i64,
    /// Which codes confirm a dear hand-off.
    pub dear_any_of: Vec<ProofMethod>,
    /// What must come with the code of a dear hand-off.
    pub dear_plus: Vec<ProofMethod>,
    /// Whether a photo or a signature may stand in for the code.
    pub fallback_proof: bool,
    /// A hand-off proved by photo or signature is confirmed after this long without objection.
    pub fallback_hold_s: i64,
    /// Hours in which nobody is asked.
    pub quiet: Option<QuietHours>,
    /// No door is promised after this local time.
    pub last_door: Option<NaiveTime>,
    /// Ask in quiet hours too (the shop sells at night).
    pub urgent_in_quiet: bool,
    /// Time at a pick-up point.
    pub pick_up_service_s: i64,
    /// Time at a door.
    pub drop_off_service_s: i64,
    /// The promise when the shop names no window: from acceptance to the door.
    pub promise_s: i64,
    /// Refuse orders outside every region (else they wait for a dispatcher).
    pub refuse_outside: bool,
    /// Whether it is counted, under keyed hashes, who was home before.
    pub home_history: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            time_zone: Tz::UTC,
            assign: AssignMode::Direct,
            offer_s: 60,
            offer_rounds: 3,
            widen_m: 0,
            guaranteed_per_hour: 0,
            gate: GateMode::Ask,
            notice_lead_s: 45 * 60,
            reminder_after_s: 10 * 60,
            call_lead_s: 12 * 60,
            second_call_lead_s: 6 * 60,
            last_reply_s: 5 * 60,
            min_gap_s: 5 * 60,
            max_calls: 3,
            max_texts: 2,
            ask_rounds: 2,
            answer_valid_s: 90 * 60,
            eta_move_s: 15 * 60,
            silence: SilenceRule::Hold,
            max_attempts: 2,
            arrive_within_m: 300,
            waiting_s: 7 * 60,
            undo_fail_s: 10 * 60,
            reopen_s: 10,
            proof_any_of: vec![ProofMethod::Ho1, ProofMethod::Hs1, ProofMethod::Code],
            proof_plus: Vec::new(),
            dear_from_minor: 0,
            dear_any_of: vec![ProofMethod::Ho1, ProofMethod::Code],
            dear_plus: Vec::new(),
            fallback_proof: true,
            fallback_hold_s: 24 * 3600,
            quiet: quiet_default(),
            last_door: None,
            urgent_in_quiet: false,
            pick_up_service_s: 2 * 60,
            drop_off_service_s: 3 * 60,
            promise_s: 60 * 60,
            refuse_outside: false,
            home_history: true,
        }
    }
}

fn quiet_default() -> Option<QuietHours> {
    Some(QuietHours { from: NaiveTime::from_hms_opt(21, 0, 0)?, to: NaiveTime::from_hms_opt(8, 0, 0)? })
}

/// What a shop may set for its own orders; each field only in the stricter direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tightening {
    /// A longer first notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice_lead_s: Option<i64>,
    /// A stricter silence rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<SilenceRule>,
    /// Fewer door attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// Fewer codes that confirm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_any_of: Option<Vec<ProofMethod>>,
    /// More that must come with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_plus: Option<Vec<ProofMethod>>,
    /// Dear from a lower amount on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dear_from_minor: Option<i64>,
    /// Fewer codes that confirm a dear hand-off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dear_any_of: Option<Vec<ProofMethod>>,
    /// More that must come with the code of a dear hand-off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dear_plus: Option<Vec<ProofMethod>>,
    /// `false`: code only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_proof: Option<bool>,
    /// A longer hold on hand-offs without a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_hold_s: Option<i64>,
    /// Ask at night for this shop's orders (they were placed for that hour).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgent_in_quiet: Option<bool>,
    /// `false`: nothing is counted of its customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_history: Option<bool>,
}

impl Policy {
    /// Every problem of the knobs, as `(name, value, what is allowed)`.
    pub fn problems(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut found = Vec::new();
        let mut range = |name, value: i64, low: i64, high: i64, allowed| {
            if !(low..=high).contains(&value) {
                found.push((name, value.to_string(), allowed));
            }
        };
        range("offer_s", self.offer_s, 5, 3600, "5 to 3600 seconds");
        range("offer_rounds", i64::from(self.offer_rounds), 1, 100, "1 to 100");
        range("widen_m", self.widen_m, 0, 100_000, "0 to 100000 metres");
        range(
            "guaranteed_per_hour",
            i64::from(self.guaranteed_per_hour),
            0,
            100,
            "0 to 100 deliveries an hour",
        );
        range("notice_lead_s", self.notice_lead_s, 0, 7 * 86_400, "0 to 604800 seconds");
        range("reminder_after_s", self.reminder_after_s, 60, 86_400, "60 to 86400 seconds");
        range("call_lead_s", self.call_lead_s, 480, 1200, "480 to 1200 seconds");
        range("second_call_lead_s", self.second_call_lead_s, 60, 1200, "60 to 1200 seconds");
        range("last_reply_s", self.last_reply_s, 30, 3600, "30 to 3600 seconds");
        range("min_gap_s", self.min_gap_s, 0, 3600, "0 to 3600 seconds");
        range("max_calls", i64::from(self.max_calls), 0, 10, "0 to 10");
        range("max_texts", i64::from(self.max_texts), 0, 10, "0 to 10");
        range("ask_rounds", i64::from(self.ask_rounds), 1, 10, "1 to 10");
        range("answer_valid_s", self.answer_valid_s, 300, 86_400, "300 to 86400 seconds");
        range("eta_move_s", self.eta_move_s, 60, 86_400, "60 to 86400 seconds");
        range("max_attempts", i64::from(self.max_attempts), 1, 10, "1 to 10");
        range("arrive_within_m", self.arrive_within_m, 20, 100_000, "20 to 100000 metres");
        range("waiting_s", self.waiting_s, 0, 3600, "0 to 3600 seconds");
        range("undo_fail_s", self.undo_fail_s, 0, 3600, "0 to 3600 seconds");
        range("reopen_s", self.reopen_s, 0, 3600, "0 to 3600 seconds");
        range("dear_from_minor", self.dear_from_minor, 0, MAX_MINOR, "0 to 9007199254740991 minor units");
        range("fallback_hold_s", self.fallback_hold_s, 0, 30 * 86_400, "0 to 2592000 seconds");
        range("pick_up_service_s", self.pick_up_service_s, 0, 7200, "0 to 7200 seconds");
        range("drop_off_service_s", self.drop_off_service_s, 0, 7200, "0 to 7200 seconds");
        range("promise_s", self.promise_s, 60, 14 * 86_400, "60 to 1209600 seconds");
        let codes = [("proof_any_of", &self.proof_any_of), ("dear_any_of", &self.dear_any_of)];
        for (name, methods) in codes {
            if methods.is_empty() || !methods.iter().all(|method| method.is_customers()) {
                found.push((name, names(methods), "one or more of ho1, hs1, code"));
            }
        }
        for (name, methods) in [("proof_plus", &self.proof_plus), ("dear_plus", &self.dear_plus)] {
            if !methods.iter().all(|method| matches!(method, ProofMethod::Photo | ProofMethod::Signature)) {
                found.push((name, names(methods), "none, one or both of photo, signature"));
            }
        }
        found
    }

    /// What confirms a hand-off of this amount.
    pub fn proof_rule(&self, amount_minor: i64) -> ProofRule<'_> {
        if self.dear_from_minor > 0 && amount_minor >= self.dear_from_minor {
            ProofRule { any_of: &self.dear_any_of, plus: &self.dear_plus, dear: true }
        } else {
            ProofRule { any_of: &self.proof_any_of, plus: &self.proof_plus, dear: false }
        }
    }

    /// The policy with a shop's stricter wishes.
    ///
    /// # Errors
    /// The name and reason of each wish that would loosen the region's rule.
    pub fn tightened(&self, wish: &Tightening) -> Result<Policy, Vec<String>> {
        let mut out = self.clone();
        let mut refused = Vec::new();
        let mut stricter = |name: &str, ok: bool| {
            if !ok {
                refused.push(format!("{name} would loosen the region's rule"));
            }
            ok
        };
        if let Some(lead) = wish.notice_lead_s
            && stricter("notice_lead_s", lead >= self.notice_lead_s)
        {
            out.notice_lead_s = lead;
        }
        if let Some(rule) = wish.silence
            && stricter("silence", rule >= self.silence)
        {
            out.silence = rule;
        }
        if let Some(attempts) = wish.max_attempts
            && stricter("max_attempts", (1..=self.max_attempts).contains(&attempts))
        {
            out.max_attempts = attempts;
        }
        for (name, wished, here) in [
            ("proof_any_of", &wish.proof_any_of, &mut out.proof_any_of),
            ("dear_any_of", &wish.dear_any_of, &mut out.dear_any_of),
        ] {
            if let Some(wished) = wished
                && stricter(name, !wished.is_empty() && wished.iter().all(|method| here.contains(method)))
            {
                here.clone_from(wished);
            }
        }
        for (name, wished, here) in [
            ("proof_plus", &wish.proof_plus, &mut out.proof_plus),
            ("dear_plus", &wish.dear_plus, &mut out.dear_plus),
        ] {
            let only_these =
                |method: &ProofMethod| matches!(method, ProofMethod::Photo | ProofMethod::Signature);
            if let Some(wished) = wished
                && stricter(
                    name,
                    wished.iter().all(only_these) && here.iter().all(|method| wished.contains(method)),
                )
            {
                here.clone_from(wished);
            }
        }
        if let Some(from) = wish.dear_from_minor
            && stricter(
                "dear_from_minor",
                from > 0 && (self.dear_from_minor == 0 || from <= self.dear_from_minor),
            )
        {
            out.dear_from_minor = from;
        }
        if let Some(allowed) = wish.fallback_proof
            && stricter("fallback_proof", !allowed || self.fallback_proof)
        {
            out.fallback_proof = allowed;
        }
        if let Some(hold) = wish.fallback_hold_s
            && stricter("fallback_hold_s", hold >= self.fallback_hold_s)
        {
            out.fallback_hold_s = hold;
        }
        if let Some(counted) = wish.home_history
            && stricter("home_history", !counted || self.home_history)
        {
            out.home_history = counted;
        }
        if let Some(urgent) = wish.urgent_in_quiet {
            out.urgent_in_quiet = urgent;
        }
        if refused.is_empty() { Ok(out) } else { Err(refused) }
    }

    /// The policy a shop's orders follow here: the wishes that are stricter than the region's rule hold, the others
    /// are passed over (a region may have become stricter after the shop chose).
    pub fn for_shop(&self, wish: &Tightening) -> Policy {
        let one = |single: Tightening, base: Policy| base.tightened(&single).unwrap_or(base);
        let none = Tightening::default();
        let mut out = self.clone();
        out = one(Tightening { notice_lead_s: wish.notice_lead_s, ..none.clone() }, out);
        out = one(Tightening { silence: wish.silence, ..none.clone() }, out);
        out = one(Tightening { max_attempts: wish.max_attempts, ..none.clone() }, out);
        out = one(Tightening { proof_any_of: wish.proof_any_of.clone(), ..none.clone() }, out);
        out = one(Tightening { proof_plus: wish.proof_plus.clone(), ..none.clone() }, out);
        out = one(Tightening { dear_from_minor: wish.dear_from_minor, ..none.clone() }, out);
        out = one(Tightening { dear_any_of: wish.dear_any_of.clone(), ..none.clone() }, out);
        out = one(Tightening { dear_plus: wish.dear_plus.clone(), ..none.clone() }, out);
        out = one(Tightening { fallback_proof: wish.fallback_proof, ..none.clone() }, out);
        out = one(Tightening { fallback_hold_s: wish.fallback_hold_s, ..none.clone() }, out);
        out = one(Tightening { home_history: wish.home_history, ..none.clone() }, out);
        one(Tightening { urgent_in_quiet: wish.urgent_in_quiet, ..none }, out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_shop_may_tighten_but_not_loosen() {
        let region = Policy { silence: SilenceRule::Last, max_attempts: 2, ..Policy::default() };
        let strict =
            Tightening { silence: Some(SilenceRule::Hold), max_attempts: Some(1), ..Tightening::default() };
        let out = region.tightened(&strict).unwrap();
        assert_eq!((out.silence, out.max_attempts), (SilenceRule::Hold, 1));
        let loose = Tightening {
            silence: Some(SilenceRule::TryDoor),
            max_attempts: Some(5),
            ..Tightening::default()
        };
        assert_eq!(region.tightened(&loose).unwrap_err().len(), 2);
        assert_eq!(region.for_shop(&loose), region);
    }

    #[test]
    fn a_shop_may_ask_for_more_proof_and_never_for_less() {
        use ProofMethod::{Code, Ho1, Hs1, Photo};
        let region = Policy { dear_from_minor: 5_000, dear_plus: vec![Photo], ..Policy::default() };
        let strict = Tightening {
            proof_any_of: Some(vec![Ho1]),
            proof_plus: Some(vec![Photo]),
            dear_from_minor: Some(1_000),
            ..Tightening::default()
        };
        let out = region.tightened(&strict).unwrap();
        assert_eq!(out.proof_rule(999), ProofRule { any_of: &[Ho1], plus: &[Photo], dear: false });
        assert_eq!(out.proof_rule(1_000), ProofRule { any_of: &[Ho1, Code], plus: &[Photo], dear: true });
        let loose = Tightening {
            proof_any_of: Some(vec![Ho1, Hs1, Code, Photo]),
            proof_plus: Some(vec![ProofMethod::Witness]),
            dear_from_minor: Some(9_000),
            dear_any_of: Some(vec![Hs1]),
            dear_plus: Some(vec![]),
            ..Tightening::default()
        };
        assert_eq!(region.tightened(&loose).unwrap_err().len(), 5);
        assert_eq!(region.for_shop(&loose), region);
    }

    #[test]
    fn without_a_dear_amount_no_delivery_is_dear() {
        assert!(!Policy::default().proof_rule(i64::MAX).dear);
    }

    #[test]
    fn codes_confirm_and_photos_come_with_them_not_the_other_way_round() {
        let wrong = Policy {
            proof_any_of: vec![ProofMethod::Photo],
            dear_any_of: Vec::new(),
            dear_plus: vec![ProofMethod::Code],
            ..Policy::default()
        };
        let named: Vec<_> = wrong.problems().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(named, ["proof_any_of", "dear_any_of", "dear_plus"]);
    }

    #[test]
    fn the_default_has_no_problems_and_a_wrong_knob_is_named() {
        assert!(Policy::default().problems().is_empty());
        let wrong = Policy { call_lead_s: 60, ..Policy::default() };
        assert_eq!(wrong.problems(), vec![("call_lead_s", "60".to_owned(), "480 to 1200 seconds")]);
    }
}
