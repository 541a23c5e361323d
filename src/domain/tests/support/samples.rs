//! A representative delivery of every stage, gate and payment state, and well-formed commands of every kind.

use super::{
    Story, answer_id, arrive, at, courier, door, fail, far_away, hand_off_id, key, lower_to, neighbour,
    picture, pin, right_code, shop, signature, witness, wrong_code,
};
use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::{Answer, Outcome, Recorder, RungKind, Source};
use callahead_domain::delivery::command::NewPayment;
use callahead_domain::delivery::proof::HandOffStatus;
use callahead_domain::delivery::state::{
    AddressProblem, Cleared, ClearedBy, FailReason, Failed, FlagKind, Releasing, ReturnReason,
};
use callahead_domain::delivery::{
    Command, CommandKind, Delivery, Event, Gate, GateKind, Reply, Stage, StageKind,
};
use callahead_domain::payment::{Owed, PaymentKind, PaymentState};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Duration, Utc};

/// Who asks; courier 1 has the delivery, courier 2 has not.
pub fn actors() -> Vec<(&'static str, Actor)> {
    vec![
        ("shop", Actor::Shop(shop(1))),
        ("courier", Actor::Courier(courier(1))),
        ("other", Actor::Courier(courier(2))),
        ("customer", Actor::Customer),
        ("dispatcher", Actor::Dispatcher(key(1))),
        ("system", Actor::System),
    ]
}

/// A delivery as it comes into this stage by its usual way.
pub fn usual(stage: StageKind) -> Story {
    let mut story = Story::in_stage(stage, Policy::default());
    if stage == StageKind::NeedsAddress {
        story.delivery.stage = Stage::NeedsAddress { reason: AddressProblem::NotLocated };
        story.delivery.region = None;
        story.delivery.place = None;
    }
    story
}

/// Deliveries of a stage that take another way through a command: claimed, partly taken, tried before.
pub fn unusual(stage: StageKind) -> Vec<Story> {
    let base = usual(stage);
    let with = |change: fn(&mut Delivery)| {
        let mut story = base.clone();
        change(&mut story.delivery);
        story
    };
    let claimed = |change: fn(&mut HandOffStatus)| {
        let mut story = base.clone();
        if let Stage::HandedOver { hand_off, .. } = &mut story.delivery.stage {
            change(&mut hand_off.status);
        }
        story.delivery.payment.state = PaymentState::Authorised { until: None };
        story
    };
    match stage {
        StageKind::HandedOver => vec![
            with(|delivery| {
                let (kind, detail) = (FlagKind::DeliveredBeforeCancellation, "refund".into());
                delivery.evolve(&Event::Flagged { kind, detail, at: at("12:01") });
            }),
            with(|delivery| {
                let (code, since) = ("declined".into(), at("12:01"));
                let hand_off = hand_off_id(1);
                delivery.payment.state =
                    PaymentState::Recovering { hand_off, amount_minor: 3000, code, since };
            }),
            with(|delivery| {
                let (payment, since) = (delivery.payment.id, at("12:01"));
                let (code, hand_off) = ("released".into(), hand_off_id(1));
                delivery.releasing.push(Releasing { payment, since });
                delivery.payment.state =
                    PaymentState::Recovering { hand_off, amount_minor: 3000, code, since };
            }),
            with(|delivery| {
                let owed = Some(Owed { hand_off: hand_off_id(1), amount_minor: 3000 });
                delivery.payment.state = PaymentState::Authorising { since: at("12:01"), owed };
            }),
            with(|delivery| {
                let owed = Some(Owed { hand_off: hand_off_id(1), amount_minor: 3000 });
                delivery.payment.state = PaymentState::ActionRequired { since: at("12:01"), url: None, owed };
            }),
            claimed(|status| *status = HandOffStatus::Claimed { until: at("12:01") }),
            claimed(|status| {
                *status = HandOffStatus::Rejected { by: Actor::Customer, reason: "nobody came".into() };
            }),
        ],
        StageKind::Collected => vec![tried(base.clone()), partly(base)],
        StageKind::Returning => vec![tried(base.clone()), partly(base)],
        StageKind::Offered => vec![with(|delivery| {
            delivery.stage = Stage::Offered { courier: courier(1), until: at("10:00") };
        })],
        StageKind::EnRoute => vec![with(|delivery| {
            let refused = Outcome::Refused { reason: "too late".into() };
            delivery.answer = Some(answer(refused, at("11:54")));
            delivery.late_word = true;
        })],
        StageKind::AtDoor => vec![with(|delivery| delivery.attempts = 1), partly(base)],
        StageKind::Cancelled => vec![with(|delivery| {
            if let Stage::Cancelled { was, .. } = &mut delivery.stage {
                *was = Some(courier(1));
            }
        })],
        StageKind::Received => vec![
            with(|delivery| {
                let flag = Event::Flagged { kind: FlagKind::ClockOff, detail: "6 h".into(), at: at("10:00") };
                delivery.evolve(&flag);
            }),
            with(|delivery| delivery.renewal = Some(super::payment_id())),
        ],
        _ => vec![],
    }
}

fn answer(outcome: Outcome, answered_at: DateTime<Utc>) -> Answer {
    Answer {
        id: answer_id(9),
        outcome,
        note: String::new(),
        source: Source::Link,
        recorded_by: Recorder::Customer,
        answered_at,
        valid_until: None,
        supersedes: None,
    }
}

fn tried(mut story: Story) -> Story {
    let door = Story::in_stage(StageKind::AtDoor, Policy::default());
    let Stage::AtDoor { courier, clearance, since } = door.delivery.stage else { return story };
    let reason = FailReason::NotHome;
    story.delivery.failed = Some(Failed { at: story.now, reason, courier, clearance, at_door_since: since });
    story.delivery.attempts = 1;
    story
}

fn partly(mut story: Story) -> Story {
    let door = Story::in_stage(StageKind::AtDoor, Policy::default());
    let Some(Event::PartlyHandedOver { hand_off }) = part_of(door) else { return story };
    for parcel in story.delivery.parcels.iter_mut().filter(|parcel| parcel.number == 1) {
        parcel.holder = callahead_domain::delivery::state::Holder::Customer;
    }
    story.delivery.partial = Some(hand_off);
    story
}

fn part_of(mut door: Story) -> Option<Event> {
    door.gives(&[1]).last.first().cloned()
}

/// A gate of each kind, as of `now`, put into the delivery.
pub fn with_gate(delivery: &Delivery, kind: GateKind, now: DateTime<Utc>) -> Delivery {
    let mut out = delivery.clone();
    let later = now + Duration::minutes(30);
    out.cleared = None;
    out.gate = match kind {
        GateKind::NotAsked => Gate::NotAsked,
        GateKind::Asked => Gate::Asked { rung: RungKind::Call, asked_at: now, reply_by: later },
        GateKind::Cleared => {
            let by = ClearedBy::Answer { answer: answer_id(8) };
            out.cleared = Some(Cleared { by: by.clone(), since: now, from: None, until: later });
            Gate::Cleared { by, from: None, valid_until: later }
        }
        GateKind::Held => Gate::Held { until: later, reason: "not_today".into() },
        GateKind::Silent => Gate::Silent { since: now },
        GateKind::Refused => Gate::Refused { reason: "no".into() },
    };
    out
}

/// A payment of each kind, as of `now`, put into the delivery.
pub fn with_payment(delivery: &Delivery, kind: PaymentKind, now: DateTime<Utc>) -> Delivery {
    let mut out = delivery.clone();
    let (hand_off, amount_minor, since) = (hand_off_id(1), 3000, now);
    out.payment.state = match kind {
        PaymentKind::Authorised => PaymentState::Authorised { until: None },
        PaymentKind::CaptureDue => PaymentState::CaptureDue { hand_off, amount_minor, since },
        PaymentKind::CaptureUnknown => PaymentState::CaptureUnknown { hand_off, amount_minor, since },
        PaymentKind::Captured => {
            PaymentState::Captured { hand_off, amount_minor, at: now, reference: "ref".into() }
        }
        PaymentKind::CaptureFailed => {
            PaymentState::CaptureFailed { hand_off, amount_minor, code: "declined".into(), since }
        }
        PaymentKind::ReleaseDue => PaymentState::ReleaseDue { since },
        PaymentKind::Released => PaymentState::Released { at: now },
        PaymentKind::Expired => PaymentState::Expired { at: now },
        PaymentKind::Authorising => PaymentState::Authorising { since, owed: None },
        PaymentKind::ActionRequired => PaymentState::ActionRequired { since, url: None, owed: None },
        PaymentKind::Declined => PaymentState::Declined { code: "no_funds".into(), at: now },
        PaymentKind::Recovering => {
            PaymentState::Recovering { hand_off, amount_minor, code: "released".into(), since }
        }
        PaymentKind::Uncollectable => {
            PaymentState::Uncollectable { hand_off, amount_minor, reason: "gone".into(), at: now }
        }
    };
    out
}

/// Well-formed commands of a kind; the first is the plainest.
pub fn commands(kind: CommandKind, now: DateTime<Utc>) -> Vec<Command> {
    use CommandKind as K;
    let words = || "a reason".to_owned();
    match kind {
        K::Locate => vec![Command::Locate { place: door(), region: pin(1) }],
        K::CorrectAddress => vec![Command::CorrectAddress { text: words() }],
        K::Amend => vec![lower_to(2900)],
        K::Offer => vec![Command::Offer { courier: courier(2) }],
        K::Accept => vec![Command::Accept],
        K::Decline => vec![Command::Decline { reason: words() }],
        K::Assign => vec![Command::Assign { courier: courier(2) }],
        K::Unassign => vec![Command::Unassign { reason: words() }],
        K::Plan => {
            vec![Command::Plan { arrive_at: now + Duration::hours(2), leg_s: 240, resequenced: false }]
        }
        K::Collect => vec![Command::Collect],
        K::SetOff => vec![Command::SetOff { last_in_run: false }, Command::SetOff { last_in_run: true }],
        K::TurnBack => vec![Command::TurnBack { reason: words() }],
        K::Arrive => vec![arrive(), Command::Arrive { point: Some(far_away()), reason: words() }],
        K::HandOver => hand_overs(),
        K::FailAttempt => {
            [FailReason::CantFindAddress, FailReason::Refused, FailReason::NotHome].map(fail).into()
        }
        K::UndoFail => vec![Command::UndoFail],
        K::Reopen => vec![Command::Reopen],
        K::ConfirmHandOff => vec![Command::ConfirmHandOff],
        K::DisputeHandOff => vec![Command::DisputeHandOff { reason: words() }],
        K::RotateCode => vec![Command::RotateCode],
        K::StartReturn => vec![Command::StartReturn { reason: ReturnReason::Decided, note: words() }],
        K::ReceiveReturn => vec![Command::ReceiveReturn],
        K::Transfer => vec![Command::Transfer { to: courier(2) }],
        K::Cancel => vec![Command::Cancel { reason: words() }],
        K::MarkLost => vec![Command::MarkLost { reason: words() }],
        K::Answer => answers(now),
        K::Override => vec![Command::Override { reason: words(), valid_s: 3600 }],
        K::AskAgain => vec![Command::AskAgain],
        K::RecordSent | K::RecordSendFailed | K::Flag | K::Resolve | K::Wake => records(kind),
        _ => money_commands(kind),
    }
}

fn records(kind: CommandKind) -> Vec<Command> {
    let (notice, word) = ("ask".to_owned(), "told".to_owned());
    vec![match kind {
        CommandKind::RecordSent => Command::RecordSent { notice, channel: "sms".into(), provider_id: word },
        CommandKind::RecordSendFailed => Command::RecordSendFailed { notice, cause: word },
        CommandKind::Flag => Command::Flag { kind: FlagKind::ClockOff, detail: word },
        CommandKind::Resolve => Command::Resolve { kind: FlagKind::ClockOff },
        _ => Command::Wake,
    }]
}

fn money_commands(kind: CommandKind) -> Vec<Command> {
    let captured = |amount_minor| Command::RecordCaptured { amount_minor, reference: "ref".into() };
    match kind {
        CommandKind::RecordCaptured => vec![captured(3000), captured(1)],
        CommandKind::RecordCaptureUnknown => vec![Command::RecordCaptureUnknown { why: "time-out".into() }],
        CommandKind::RecordCaptureFailed => vec![Command::RecordCaptureFailed { code: "declined".into() }],
        CommandKind::RetryCapture => vec![Command::RetryCapture],
        CommandKind::RecordReleased => vec![Command::RecordReleased { payment: None }],
        _ => hold_commands(kind),
    }
}

fn hold_commands(kind: CommandKind) -> Vec<Command> {
    let payment = super::payment_id();
    let asked = |provider: &str| Command::Authorise {
        payment: NewPayment {
            id: super::other_payment_id(4),
            provider: provider.into(),
            method: Some("pm_1".into()),
            reference: None,
        },
    };
    let (code, reference) = ("declined".to_owned(), "pi_1".to_owned());
    match kind {
        CommandKind::Authorise => vec![asked("stripe"), asked("record")],
        CommandKind::RecordAuthorised => vec![Command::RecordAuthorised { payment, reference, until: None }],
        CommandKind::RecordActionRequired => {
            vec![Command::RecordActionRequired { payment, reference, url: None }]
        }
        CommandKind::RecordDeclined => vec![Command::RecordDeclined { payment, code }],
        CommandKind::RecordNotRenewed => vec![Command::RecordNotRenewed { code }],
        CommandKind::RecordExpired => vec![Command::RecordExpired],
        CommandKind::RecordCaptureRevoked => vec![Command::RecordCaptureRevoked { code }],
        CommandKind::RequestRefund => [1000, 2000, 9000]
            .map(|amount_minor| Command::RequestRefund {
                refund: super::refund_id(1),
                amount_minor,
                reason: "a broken jar".into(),
            })
            .into(),
        CommandKind::RecordRefunded => {
            vec![Command::RecordRefunded { refund: super::refund_id(1), reference }]
        }
        CommandKind::RecordRefundFailed => {
            vec![Command::RecordRefundFailed { refund: super::refund_id(1), code }]
        }
        CommandKind::WriteOff => vec![Command::WriteOff { reason: "never paid".into() }],
        CommandKind::RenewAuthorisation => vec![Command::RenewAuthorisation { until: None }],
        other => panic!("no sample of {}", other.name()),
    }
}

fn hand_overs() -> Vec<Command> {
    let with = |proof, parcels: &[i32]| Command::HandOver {
        id: hand_off_id(5),
        proof,
        plus: vec![],
        parcels: parcels.to_vec(),
    };
    vec![
        with(right_code(), &[]),
        with(right_code(), &[2]),
        with(wrong_code(), &[]),
        with(signature(), &[]),
        with(picture(), &[]),
        with(witness(), &[]),
    ]
}

fn answers(now: DateTime<Utc>) -> Vec<Command> {
    let reply = |outcome, source| {
        let reply = Reply { id: answer_id(7), outcome, note: String::new(), source, region: Some(pin(1)) };
        Command::Answer { reply }
    };
    let hour = now + Duration::hours(1);
    let sayable = vec![
        Outcome::HomeNow,
        Outcome::HomeFrom { from: hour },
        Outcome::HomeFrom { from: now + Duration::hours(5) },
        Outcome::HomeUntil { until: hour },
        Outcome::NotToday { day: None },
        neighbour(),
        Outcome::OtherPlace { place: "the tea house".into(), point: Some(door()) },
        Outcome::OtherPlace { place: "the tea house".into(), point: None },
        Outcome::Refused { reason: "no".into() },
        Outcome::Unclear { words: "hm".into() },
        Outcome::NoAnswer,
        Outcome::Unreachable,
        Outcome::WrongNumber,
        Outcome::Voicemail,
    ];
    let link = sayable.iter().cloned().map(|outcome| reply(outcome, Source::Link));
    let text = sayable.iter().cloned().map(|outcome| reply(outcome, Source::Sms));
    link.chain(text).collect()
}
