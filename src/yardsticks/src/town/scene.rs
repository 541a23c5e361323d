//! What a day is made of: every number of the simulation, and the sentences that tell them.

use callahead_domain::dispatch::Weights;
use callahead_domain::policy::{Policy, SilenceRule};
use serde::Serialize;

/// How couriers go about doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Nobody is called; every door is gone to.
    NoCall,
    /// The courier calls half-way to the door, and goes on unless told not to.
    OnTheWay,
    /// The customer is asked before: link, then calls. Nobody goes to a door without an answer or the silence rule's leave.
    Gate,
}

impl Way {
    /// All three, in the order of the tables.
    pub const ALL: [Way; 3] = [Way::NoCall, Way::OnTheWay, Way::Gate];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Way::NoCall => "no call",
            Way::OnTheWay => "call on the way",
            Way::Gate => "the gate",
        }
    }
}

/// What the gate makes of a customer who never answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Nobody goes; called once more when all else is done, then brought back. The policy's default.
    Hold,
    /// Called once more when all else is done, then gone to.
    Last,
    /// Gone to when its turn comes.
    TryDoor,
}

impl Silence {
    /// The policy's rule. `return` differs from `hold` in nothing a day of the town shows: the parcel goes back.
    #[must_use]
    pub const fn of(rule: SilenceRule) -> Silence {
        match rule {
            SilenceRule::TryDoor => Silence::TryDoor,
            SilenceRule::Last => Silence::Last,
            SilenceRule::Hold | SilenceRule::Return => Silence::Hold,
        }
    }

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Silence::Hold => "hold",
            Silence::Last => "last",
            Silence::TryDoor => "try the door",
        }
    }
}

/// Minutes from 9:00 at which couriers set off.
pub const STARTS_MIN: f64 = 60.0;
/// Minutes from 9:00 by which couriers are back.
pub const ENDS_MIN: f64 = 660.0;
/// Minutes from 9:00 at which customers may be asked.
pub const ASKS_FROM_MIN: f64 = 15.0;

/// The numbers of a day. Minutes and metres; shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scene {
    /// Parcels, one for each customer.
    pub orders: usize,
    /// Couriers, who collect all their parcels at the start.
    pub couriers: usize,
    /// Share of customers who are out, at every moment of the day.
    pub absent: f64,
    /// Of those out, the share who are out all day.
    pub all_day: f64,
    /// Mean length of the other absences.
    pub absence_min: f64,
    /// Share of customers nobody reaches all day, at home or not.
    pub silent: f64,
    /// Share of all customers asked who answer by link, before or after the reminder.
    pub link_answer: f64,
    /// Share of all calls that are answered.
    pub phone_answer: f64,
    /// How much readier those at home are to answer: those out answer with this share of their chance.
    pub away_reply: f64,
    /// Share of those who said yes by link and are not there.
    pub slip_link: f64,
    /// Share of those who said yes in a call and are not there.
    pub slip_call: f64,
    /// Spread of the time somebody comes home around what they said.
    pub return_sigma_min: f64,
    /// Radius of the town; doors lie evenly in it, the shop in its middle.
    pub radius_m: f64,
    /// Way driven for each metre of the straight line.
    pub detour: f64,
    /// Speed between doors, metres a minute.
    pub metres_per_min: f64,
    /// Spread of the logarithm of a leg's time around its plan.
    pub leg_sigma: f64,
    /// From parking to the door and back.
    pub approach_min: f64,
    /// Handing over.
    pub hand_off_min: f64,
    /// Waiting at a door nobody opens.
    pub wait_min: f64,
    /// Spread of the logarithm of the time at a door.
    pub door_sigma: f64,
    /// The courier's time for a call that is answered.
    pub call_min: f64,
    /// And for one that is not.
    pub ring_min: f64,
    /// Giving one parcel back to the shop.
    pub give_back_min: f64,
    /// Door attempts before a parcel goes back.
    pub attempts: u32,
    /// Least time between two of them.
    pub again_min: f64,
    /// Who comes home later stays in so long from the time they said, then follows their plan again.
    pub later_min: f64,
    /// The gate's rule for silence.
    pub silence: Silence,
    /// The gate's question goes out so long before the planned arrival.
    pub notice_lead_min: f64,
    /// A reminder follows so long after it.
    pub reminder_min: f64,
    /// The first call comes so long before the planned arrival.
    pub call_lead_min: f64,
    /// Least time between two calls.
    pub gap_min: f64,
    /// Most calls for a parcel.
    pub calls: usize,
    /// Who named a time further ahead than this is asked again before it.
    pub answer_valid_min: f64,
    /// Nobody goes where they would wait for longer.
    pub max_wait_min: f64,
    /// Rounds of the optimiser for the sharing out before the day.
    pub share_rounds: u64,
    /// Rounds of the optimiser each time a courier is about to leave.
    pub rounds: u64,
}

fn minutes(seconds: i64) -> f64 {
    f64::from(i32::try_from(seconds).unwrap_or(i32::MAX)) / 60.0
}

/// Where the service has a default, it is the town's: the policy's and the engine's.
impl Default for Scene {
    fn default() -> Scene {
        let policy = Policy::default();
        Scene {
            orders: 360,
            couriers: 5,
            absent: 0.15,
            all_day: 0.4,
            absence_min: 150.0,
            silent: 0.10,
            link_answer: 0.6,
            phone_answer: 0.7,
            away_reply: 0.8,
            slip_link: 0.02,
            slip_call: 0.01,
            return_sigma_min: 10.0,
            radius_m: 4000.0,
            detour: 1.3,
            metres_per_min: 300.0,
            leg_sigma: 0.15,
            approach_min: 1.5,
            hand_off_min: 1.5,
            wait_min: minutes(policy.waiting_s),
            door_sigma: 0.3,
            call_min: 1.0,
            ring_min: 0.5,
            give_back_min: 0.5,
            attempts: policy.max_attempts,
            again_min: 60.0,
            later_min: 120.0,
            silence: Silence::of(policy.silence),
            notice_lead_min: minutes(policy.notice_lead_s),
            reminder_min: minutes(policy.reminder_after_s),
            call_lead_min: minutes(policy.call_lead_s),
            gap_min: minutes(policy.min_gap_s),
            calls: usize::try_from(policy.max_calls).unwrap_or(usize::MAX),
            answer_valid_min: minutes(policy.answer_valid_s),
            max_wait_min: minutes(i64::from(Weights::default().max_wait_s)),
            share_rounds: 20_000,
            rounds: 40,
        }
    }
}

/// What is wrong with a scene.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{name} is {value}; allowed: {allowed}")]
pub struct SceneFault {
    /// Which number.
    pub name: &'static str,
    /// As given.
    pub value: String,
    /// What would do.
    pub allowed: &'static str,
}

impl Scene {
    /// Holds the numbers to their ranges.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self) -> Result<(), SceneFault> {
        let fault = |name, value: String, allowed| Err(SceneFault { name, value, allowed });
        if !(1..=20_000).contains(&self.orders) {
            return fault("orders", self.orders.to_string(), "1 to 20000");
        }
        if !(1..=1_000).contains(&self.couriers) {
            return fault("couriers", self.couriers.to_string(), "1 to 1000");
        }
        if !(0.0..=60.0).contains(&self.wait_min) {
            return fault("wait-min", self.wait_min.to_string(), "0 to 60");
        }
        let shares = [
            ("absent", self.absent, 0.6),
            ("silent", self.silent, 0.9),
            ("link-answer", self.link_answer, 1.0),
            ("phone-answer", self.phone_answer, 1.0),
        ];
        for (name, share, most) in shares {
            if !(0.0..=most).contains(&share) {
                let allowed = if most < 0.7 {
                    "0 to 0.6"
                } else if most < 1.0 {
                    "0 to 0.9"
                } else {
                    "0 to 1"
                };
                return fault(name, share.to_string(), allowed);
            }
        }
        Ok(())
    }

    /// The chance that one who is at home, or out, and can be reached at all answers, so that `overall` of everybody does.
    #[must_use]
    pub fn reply_chance(&self, overall: f64, home: bool) -> f64 {
        let mixed = 1.0 - self.absent + self.absent * self.away_reply;
        let at_home = overall / (mixed * (1.0 - self.silent)).max(1e-9);
        (if home { at_home } else { at_home * self.away_reply }).min(1.0)
    }

    /// What a stop takes on average, not knowing its customer's answer yet: what couriers learn from their own days.
    #[must_use]
    pub fn expected_min(&self, way: Way) -> f64 {
        let (opened, closed) = (self.door_min(true), self.door_min(false));
        let at_door = (1.0 - self.absent) * opened + self.absent * closed;
        match way {
            Way::NoCall => at_door,
            Way::OnTheWay => at_door.min(opened) + self.call_min,
            Way::Gate => (1.0 - self.absent) * opened + (1.0 - self.link_answer) * self.call_min,
        }
    }

    /// A finished attempt's time at the door, before its own chance.
    #[must_use]
    pub fn door_min(&self, opened: bool) -> f64 {
        self.approach_min + if opened { self.hand_off_min } else { self.wait_min }
    }
}

/// A share in words.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Every assumption of the day, in sentences.
#[must_use]
pub fn assumptions(s: &Scene) -> Vec<String> {
    let mut all = who_is_home(s);
    all.extend(what_couriers_do(s));
    all
}

fn who_is_home(s: &Scene) -> Vec<String> {
    vec![
        format!(
            "At every moment of the day {} of the customers are out. {} of these are out all day; the others come and go, away \
             for {:.0} minutes on average, with no memory (a two-state Markov process in balance).",
            percent(s.absent),
            percent(s.all_day),
            s.absence_min
        ),
        format!(
            "{} of the customers are never reached, at home or out alike. Of all customers asked {} answer by link, 7 in 10 of \
             them within 10 minutes, the rest within 10 minutes of the reminder; of all calls {} are answered, each by its \
             own chance. Those out answer with {} of the chance of those at home.",
            percent(s.silent),
            percent(s.link_answer),
            percent(s.phone_answer),
            percent(s.away_reply)
        ),
        format!(
            "Who answers says what is true by their plan for the time they are asked about: yes; from a time on today (the \
             next quarter of an hour at least 10 minutes after they mean to be back, which they miss by {:.0} minutes, one standard \
             deviation); or not today, if that is after 19:30. Who said yes stays in from 10 minutes before the told time to 15 \
             after, who comes back later for {:.0} minutes, but for {} (by link) and {} (by phone) who are out against their word.",
            s.return_sigma_min,
            s.later_min,
            percent(s.slip_link),
            percent(s.slip_call)
        ),
        "Customers never call by themselves, nobody takes a parcel for a neighbour, and a note left at a door changes \
         nothing: this holds for all three ways alike."
            .to_owned(),
    ]
}

fn what_couriers_do(s: &Scene) -> Vec<String> {
    vec![
        format!(
            "{} parcels and {} couriers; doors lie evenly within {:.0} m of the shop. All parcels are collected at 10:00; a courier's \
             time counts from then until they are back at the shop and have given back what is left ({} minutes a parcel), at \
             20:00 at the latest. Parcels stay with their courier.",
            s.orders, s.couriers, s.radius_m, s.give_back_min
        ),
        format!(
            "{:.0} m a minute over {} times the straight line; each leg's time spreads by {} of itself, each time at a door by {}. \
             A hand-off takes {} minutes from parking to leaving. A door nobody opens takes {}: {} of them are waiting, in all three \
             ways alike (the service's default is {:.0}: giving up opens after that).",
            s.metres_per_min,
            s.detour,
            percent(s.leg_sigma),
            percent(s.door_sigma),
            s.door_min(true),
            s.door_min(false),
            s.wait_min,
            minutes(Policy::default().waiting_s)
        ),
        format!(
            "A parcel not handed over is tried again the same day by the same courier, at the earliest {:.0} minutes later and with \
             a fresh call or question, {} attempts at most; then it goes back.",
            s.again_min, s.attempts
        ),
        format!(
            "Calls are made by the courier, who stands still for them: {} minutes if answered, {} if not. On the way: one call \
             half-way to each door; a no turns the courier round there, silence does not.",
            s.call_min, s.ring_min
        ),
        the_gate(s),
        format!(
            "All three ways plan with the same optimiser, {} rounds before each departure, and the same weights: a minute of driving and \
             a minute of waiting cost the same, and a stop is worth any detour. No stop is planned for which the courier would wait for more than \
             {:.0} minutes (the engine's default for new stops); what is left when nothing else can be done goes back, as a dispatcher \
             would decide it. Told times bind the gate only: a stop starts no sooner than 8 minutes before and costs more for \
             each minute after 4 past it.",
            s.rounds, s.max_wait_min
        ),
    ]
}

fn the_gate(s: &Scene) -> String {
    format!(
        "The gate, with the service's defaults: a question {:.0} minutes before the planned arrival with the time; a reminder after {:.0}; \
         a call to the silent {:.0} minutes before, a second before leaving the previous stop, {:.0} minutes later at least; {} calls \
         a parcel at most. The last text of the ladder brings nobody's answer. Still silent: \"{}\". \"Later\" is planned from that time \
         on and told its time {:.0} minutes before, or asked again then if it was said more than {:.0} minutes ahead; \
         \"not today\" leaves the run.",
        s.notice_lead_min,
        s.reminder_min,
        s.call_lead_min,
        s.gap_min,
        s.calls,
        s.silence.name(),
        s.notice_lead_min,
        s.answer_valid_min
    )
}
