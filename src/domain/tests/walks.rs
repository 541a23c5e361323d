//! Random lives of a delivery: any command by anybody at any time, alarms on time or hours late, phones that were
//! offline or whose clock is wrong. After every step the invariants of the workflow hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::Outcome;
use callahead_domain::delivery::attention::{Kind, matters};
use callahead_domain::delivery::event::Accepted;
use callahead_domain::delivery::state::AddressProblem;
use callahead_domain::delivery::{
    Command, CommandKind, Context, Delivery, Event, GateKind, StageKind, allowed,
};
use callahead_domain::geo::point::Point;
use callahead_domain::payment::{PaymentKind, PaymentState};
use callahead_domain::policy::{AssignMode, GateMode, Policy, SilenceRule};
use chrono::{DateTime, Duration, NaiveTime, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use support::model::Model;
use support::{Story, accepted, answer_id, courier, hand_off_id, key, lower_to, samples, shop};

/// One random step; the numbers choose among what there is.
#[derive(Debug, Clone)]
struct Step {
    pass: u8,
    who: u8,
    wild: bool,
    pick: u16,
    form: u16,
    lag: u8,
    seed: u32,
}

fn step() -> impl Strategy<Value = Step> {
    (any::<u8>(), any::<u8>(), prop::bool::weighted(0.15), any::<(u16, u16)>(), any::<u8>(), any::<u32>())
        .prop_map(|(pass, who, wild, (pick, form), lag, seed)| Step {
            pass,
            who,
            wild,
            pick,
            form,
            lag,
            seed,
        })
}

fn policies() -> Vec<Policy> {
    let usual = Policy::default();
    let evening = NaiveTime::from_hms_opt(18, 0, 0);
    vec![
        Policy { gate: GateMode::Off, quiet: None, ..usual.clone() },
        Policy { silence: SilenceRule::TryDoor, time_zone: Tz::Asia__Seoul, ..usual.clone() },
        Policy { silence: SilenceRule::Last, last_door: evening, ..usual.clone() },
        Policy {
            silence: SilenceRule::Return,
            max_attempts: 1,
            time_zone: Tz::America__New_York,
            ..usual.clone()
        },
        Policy { assign: AssignMode::Offer, max_calls: 0, max_texts: 0, notice_lead_s: 0, ..usual.clone() },
        Policy {
            urgent_in_quiet: true,
            reopen_s: 600,
            notice_lead_s: 7 * 86_400,
            min_gap_s: 0,
            ..usual.clone()
        },
        usual,
    ]
}

fn order(kind: u8) -> Accepted {
    let mut order = accepted(1 + i32::from(kind % 3));
    if kind & 4 != 0 {
        let until = Some(order.at + Duration::hours(i64::from(kind / 8)));
        order.payment.state = PaymentState::Authorised { until };
    }
    if kind.is_multiple_of(5) {
        order.payment.state = PaymentState::Authorising { since: order.at, owed: None };
    }
    if kind.is_multiple_of(11) {
        (order.region, order.place, order.problem) = (None, None, Some(AddressProblem::NotLocated));
    }
    if kind.is_multiple_of(7) {
        order.parcels.iter_mut().for_each(|parcel| parcel.value_minor = None);
    }
    order
}

/// How far the clock moves before a step: often not at all, seldom by hours.
fn pause(pass: u8) -> Duration {
    match pass % 16 {
        0..=4 => Duration::zero(),
        5..=7 => Duration::seconds(i64::from(pass)),
        8..=11 => Duration::minutes(i64::from(pass / 16)),
        12 | 13 => Duration::minutes(i64::from(pass)),
        14 => Duration::hours(i64::from(pass / 16)),
        _ => Duration::microseconds(i64::from(pass)),
    }
}

fn actor(story: &Story, who: u8) -> Actor {
    match who % 16 {
        0 => Actor::Shop(shop(1)),
        1 | 2 => Actor::Customer,
        3..=5 => Actor::Dispatcher(key(1)),
        6 => Actor::Operator(key(2)),
        7..=9 => Actor::System,
        10 => Actor::Courier(courier(2)),
        _ => story.carrier(),
    }
}

/// What is asked next, and by whom: often the usual next step, else anything that is open, seldom anything at all.
fn command(story: &Story, step: &Step, number: u64) -> (Actor, Command) {
    if step.who.is_multiple_of(5) {
        return (Actor::System, Command::Wake);
    }
    let (who, mut command) = match step.who % 5 {
        1..3 => onward(story, step),
        _ => {
            let who = actor(story, step.who);
            (who, anything(story, step, who))
        }
    };
    vary(&mut command, step.seed, number, story.now);
    if let (Command::RecordCaptured { amount_minor, .. }, Some(due)) = (&mut command, due(story)) {
        *amount_minor = if step.form.is_multiple_of(8) { due + 1 } else { due };
    }
    match &mut command {
        Command::Authorise { payment } => payment.id = support::other_payment_id(100 + number),
        Command::RequestRefund { refund, .. } => *refund = support::refund_id(number),
        Command::RecordRefunded { refund, .. } | Command::RecordRefundFailed { refund, .. } => {
            *refund = story.delivery.refunds.last().map_or(*refund, |known| known.id);
        }
        Command::RecordAuthorised { payment, .. }
        | Command::RecordActionRequired { payment, .. }
        | Command::RecordDeclined { payment, .. } => {
            *payment = story.delivery.renewal.unwrap_or(story.delivery.payment.id);
        }
        _ => {}
    }
    (who, command)
}

fn anything(story: &Story, step: &Step, actor: Actor) -> Command {
    let context = Context { actor, now: story.now, occurred_at: story.now, policy: &story.policy };
    let mut open = allowed(&story.delivery, &context);
    if !step.pick.is_multiple_of(8) {
        // Ends come soon enough.
        open.retain(|kind| !matches!(kind, CommandKind::Cancel | CommandKind::MarkLost));
    }
    let kinds = if step.wild || open.is_empty() { CommandKind::ALL } else { &open };
    form(kinds[usize::from(step.pick) % kinds.len()], step, story)
}

fn form(kind: CommandKind, step: &Step, story: &Story) -> Command {
    let forms = samples::commands(kind, story.now);
    forms[usize::from(step.form) % forms.len()].clone()
}

/// The step that brings the parcel nearer to its end.
fn onward(story: &Story, step: &Step) -> (Actor, Command) {
    use CommandKind as K;
    let (system, dispatcher) = (Actor::System, Actor::Dispatcher(key(1)));
    let unplanned = story.delivery.planned.is_none();
    let hold = [K::RecordAuthorised, K::RecordAuthorised, K::RecordActionRequired, K::RecordDeclined];
    match story.money() {
        PaymentKind::Authorising | PaymentKind::ActionRequired => {
            return (system, form(hold[usize::from(step.pick) % hold.len()], step, story));
        }
        PaymentKind::Declined => return (Actor::Shop(shop(1)), form(K::Authorise, step, story)),
        _ => {}
    }
    let cleared = story.delivery.gate.kind() == GateKind::Cleared || story.policy.gate == GateMode::Off;
    let (who, kind) = match story.stage() {
        StageKind::NeedsAddress => (dispatcher, K::Locate),
        StageKind::Received => (system, if step.pick.is_multiple_of(2) { K::Offer } else { K::Assign }),
        StageKind::Offered => (story.carrier(), K::Accept),
        StageKind::Assigned | StageKind::Collected if unplanned => (system, K::Plan),
        StageKind::Assigned => (story.carrier(), K::Collect),
        StageKind::Collected if cleared => (story.carrier(), K::SetOff),
        StageKind::Collected => (Actor::Customer, K::Answer),
        StageKind::EnRoute => (story.carrier(), K::Arrive),
        StageKind::AtDoor if step.pick.is_multiple_of(4) => (story.carrier(), K::FailAttempt),
        StageKind::AtDoor => (story.carrier(), K::HandOver),
        StageKind::Returning => (Actor::Shop(shop(1)), K::ReceiveReturn),
        StageKind::HandedOver => (system, K::RecordCaptured),
        StageKind::Returned | StageKind::Cancelled | StageKind::Lost => (system, K::RecordReleased),
    };
    (who, form(kind, step, story))
}

fn due(story: &Story) -> Option<i64> {
    match story.delivery.payment.state {
        PaymentState::CaptureDue { amount_minor, .. } | PaymentState::CaptureUnknown { amount_minor, .. } => {
            Some(amount_minor)
        }
        _ => None,
    }
}

/// Fresh ids, other numbers.
fn vary(command: &mut Command, seed: u32, number: u64, now: DateTime<Utc>) {
    let some = i64::from(seed % 1_000_000);
    match command {
        Command::Answer { reply } => {
            reply.id = answer_id(100 + number);
            match &mut reply.outcome {
                Outcome::HomeFrom { from: time } | Outcome::HomeUntil { until: time } => {
                    *time = now + Duration::seconds(some % 40_000 - 4_000);
                }
                _ => {}
            }
        }
        Command::HandOver { id, .. } => *id = hand_off_id(100 + number),
        Command::Locate { place, .. } => {
            let share = f64::from(seed) / f64::from(u32::MAX);
            *place = Point::new(share * 180.0 - 90.0, share.sqrt() * 360.0 - 180.0).unwrap();
        }
        Command::Amend { .. } => *command = lower_to(some % 3_100),
        Command::Plan { arrive_at, leg_s, .. } => {
            *arrive_at = now + Duration::seconds(some % 20_000 - 1_000);
            *leg_s = some % 2_000;
        }
        Command::Override { valid_s, .. } => *valid_s = some,
        Command::RenewAuthorisation { until } if seed.is_multiple_of(2) => {
            *until = Some(now + Duration::seconds(some));
        }
        Command::Offer { courier: to } | Command::Assign { courier: to } | Command::Transfer { to } => {
            *to = courier(1 + u64::from(seed % 3));
        }
        _ => {}
    }
}

fn same_in_json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let back: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(*value, back, "{text}");
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(serde_json::from_value::<T>(tree).unwrap(), *value, "no name stands twice: {text}");
}

/// Lives through the steps; the stages and payment states it came through are added to `seen`.
fn live(kind: u8, policy: &Policy, steps: &[Step], seen: &mut BTreeSet<String>) {
    let order = order(kind);
    let mut model = Model::of(&order.parcels);
    let mut story = Story::of(order);
    story.policy = policy.clone();
    for (number, step) in (1..).zip(steps) {
        story.now += pause(step.pass);
        if step.who.is_multiple_of(5) {
            // The alarm clock rings, on time or now that the server is up again.
            let due = story.wake_at().filter(|next| step.pass.is_multiple_of(2) || *next <= story.now);
            story.now = story.now.max(due.unwrap_or(story.now));
        }
        let (who, command) = command(&story, step, number);
        story.done_at = match (who, step.lag) {
            (Actor::Courier(_), 0..=60) => Some(story.now - Duration::minutes(i64::from(step.lag) * 3)),
            (Actor::Courier(_), 250..) => Some(story.now + Duration::hours(2)),
            _ => None,
        };
        let (before, length) = (story.delivery.clone(), story.events.len());
        same_in_json(&command);
        match story.step(who, &command) {
            Ok(()) => {
                let last: Vec<Event> = story.last.clone();
                last.iter().for_each(|event| model.see(event, policy));
                last.iter().for_each(same_in_json);
                model.agrees(&story.delivery);
                same_in_json(&story.delivery);
            }
            Err(refusal) => {
                assert_eq!(
                    (&story.delivery, story.events.len()),
                    (&before, length),
                    "a refusal changes nothing"
                );
                assert!(!refusal.code().is_empty() && !refusal.to_string().is_empty());
            }
        }
        not_forgotten(&story.delivery, policy);
        seen.insert(story.stage().name().to_owned());
        seen.insert(story.money().name().to_owned());
        seen.insert(format!("gate {}", story.gate().name()));
    }
}

/// What waits for a person is in the queue by its own name, and each matter names a way out that the table knows.
fn not_forgotten(delivery: &Delivery, policy: &Policy) {
    let found = matters(delivery, policy);
    let has = |kind| found.iter().any(|matter| matter.kind == kind);
    assert!(delivery.stage.kind() != StageKind::NeedsAddress || has(Kind::NeedsAddress));
    assert!(delivery.payment.kind() != PaymentKind::CaptureFailed || has(Kind::CaptureFailed));
    assert!(delivery.payment.kind() != PaymentKind::CaptureUnknown || has(Kind::CaptureUnknown));
    for matter in &found {
        let known = |fix: &&str| CommandKind::ALL.iter().any(|kind| kind.name() == *fix);
        assert!(matter.fixes.iter().all(known));
    }
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, max_shrink_iters: 3000, ..Config::default() })]

    #[test]
    fn whatever_happens_the_invariants_hold(
        kind in any::<u8>(),
        policy in prop::sample::select(policies()),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        live(kind, &policy, &steps, &mut BTreeSet::new());
    }
}

#[test]
fn the_walks_come_through_every_stage_gate_and_payment_state() {
    let mut seen = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    let strategy = (any::<u8>(), prop::sample::select(policies()), prop::collection::vec(step(), 40..80));
    for _ in 0..300 {
        let (kind, policy, steps) = strategy.new_tree(&mut runner).unwrap().current();
        live(kind, &policy, &steps, &mut seen);
    }
    let stages = StageKind::ALL.iter().map(|kind| kind.name().to_owned());
    let money = PaymentKind::ALL.iter().map(|kind| kind.name().to_owned());
    let gates = GateKind::ALL.iter().map(|kind| format!("gate {}", kind.name()));
    let missed: Vec<_> = stages.chain(money).chain(gates).filter(|name| !seen.contains(name)).collect();
    assert!(missed.is_empty(), "the walks never come to {missed:?}");
}
