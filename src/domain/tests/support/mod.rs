//! Builders and the `Story`: a delivery that lives through a list of commands, checked after every step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::indexing_slicing
)]
#![allow(dead_code)]

pub mod model;
pub mod samples;
pub mod sound;

use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::{Outcome, Receiver, RungKind, Source};
use callahead_domain::delivery::alarm::wake_at;
use callahead_domain::delivery::attention::{Kind, matters};
use callahead_domain::delivery::command::Amendment;
use callahead_domain::delivery::effect::{Effect, effects};
use callahead_domain::delivery::event::Accepted;
use callahead_domain::delivery::fold::fold;
use callahead_domain::delivery::proof::Proof;
use callahead_domain::delivery::state::{FailReason, FlagKind, Parcel, RegionPin};
use callahead_domain::delivery::state::{Holder, ReturnReason};
use callahead_domain::delivery::{
    Command, CommandKind, Context, Delivery, Event, Gate, GateKind, Refusal, Reply, StageKind, allowed, apply,
};
use callahead_domain::geo::point::Point;
use callahead_domain::id::{
    AnswerId, CourierId, DeliveryId, HandOffId, KeyId, OrderId, ParcelId, PaymentId, PhotoId, RefundId,
    RegionId, ShopId,
};
use callahead_domain::money::Currency;
use callahead_domain::payment::{Payment, PaymentKind, PaymentState};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Utc};

/// `"11:20"` on Monday 4 May 2026, or a whole RFC 3339 instant.
pub fn at(text: &str) -> DateTime<Utc> {
    let whole = if text.len() == 5 { format!("2026-05-04T{text}:00Z") } else { text.to_owned() };
    whole.parse().unwrap_or_else(|_| panic!("no instant: {text}"))
}

/// Ten bytes that stand for randomness.
fn bytes(n: u64) -> [u8; 10] {
    let mut out = [7; 10];
    out[2..].copy_from_slice(&n.to_be_bytes());
    out
}

macro_rules! made {
    ($($name:ident $type:ident)+) => {$(
        pub fn $name(n: u64) -> $type { $type::from_parts(at("09:00"), bytes(n)) }
    )+};
}
made! { courier CourierId shop ShopId key KeyId answer_id AnswerId hand_off_id HandOffId photo PhotoId region_id RegionId refund_id RefundId }

pub fn pin(n: u64) -> RegionPin {
    RegionPin { region: region_id(n), version: 1 }
}

/// The payment every order comes with.
pub fn payment_id() -> PaymentId {
    PaymentId::from_parts(at("10:00"), bytes(3))
}

/// A payment that may take its place.
pub fn other_payment_id(n: u64) -> PaymentId {
    PaymentId::from_parts(at("10:00"), bytes(n))
}

/// Two kilometres north of the door.
pub fn far_away() -> Point {
    Point::new(39.0572, 125.7625).unwrap()
}

pub fn door() -> Point {
    Point::new(39.0392, 125.7625).unwrap()
}

/// An accepted order with `parcels` parcels of 10.00 each, authorised without an end.
pub fn accepted(parcels: i32) -> Accepted {
    let now = at("10:00");
    let parcel = |number: i32| Parcel {
        id: ParcelId::from_parts(now, bytes(number.unsigned_abs().into())),
        number,
        barcode: format!("P{number}"),
        value_minor: Some(1000),
        holder: Holder::Shop,
    };
    Accepted {
        id: DeliveryId::from_parts(now, bytes(1)),
        order: OrderId::from_parts(now, bytes(2)),
        shop: shop(1),
        at: now,
        region: Some(pin(1)),
        place: Some(door()),
        problem: None,
        ready_at: at("10:30"),
        window: None,
        promised_by: at("13:00"),
        parcels: (1..=parcels).map(parcel).collect(),
        payment: Payment {
            id: payment_id(),
            by: callahead_domain::payment::PayBy::Hold,
            amount_minor: 1000 * i64::from(parcels),
            currency: Currency::parse("KPW").unwrap(),
            state: PaymentState::Authorised { until: None },
        },
    }
}

/// One delivery and all that happened to it.
#[derive(Debug, Clone)]
pub struct Story {
    pub delivery: Delivery,
    pub events: Vec<Event>,
    /// The events of the last step.
    pub last: Vec<Event>,
    pub policy: Policy,
    pub now: DateTime<Utc>,
    /// When a phone did it, if that was before `now`.
    pub done_at: Option<DateTime<Utc>>,
    ids: u64,
}

impl Story {
    pub fn of(accepted: Accepted) -> Story {
        let events = vec![Event::Accepted(Box::new(accepted))];
        let delivery = fold(&events).unwrap();
        let policy = Policy::default();
        Story { delivery, events, last: vec![], policy, now: at("10:00"), done_at: None, ids: 0 }
    }

    /// Three parcels, accepted at 10:00.
    pub fn new() -> Story {
        Story::of(accepted(3))
    }

    pub fn under(policy: Policy) -> Story {
        Story { policy, ..Story::new() }
    }

    /// Accepted until the stage is reached: courier 1, arrival planned for 12:00, five minutes' leg, asked at 11:15,
    /// an answer at 11:20, set off at 11:54, at the door at 12:00.
    pub fn in_stage(stage: StageKind, policy: Policy) -> Story {
        let mut story = Story::under(policy);
        story.reach(stage);
        story
    }

    pub fn reach(&mut self, stage: StageKind) -> &mut Story {
        use StageKind as S;
        let place = |kind: S| S::ALL.iter().position(|one| *one == kind).unwrap();
        let upto = |kind: S| place(stage) >= place(kind);
        match stage {
            S::Received | S::NeedsAddress => return self,
            S::Offered => return self.dispatcher(Command::Offer { courier: courier(1) }),
            S::Cancelled => return self.shop(cancel()),
            _ => self.dispatcher(Command::Assign { courier: courier(1) }).plan("12:00"),
        };
        if stage == S::Lost {
            return self.dispatcher(Command::MarkLost { reason: "fire".into() });
        }
        if upto(S::Collected) {
            self.at("11:00").courier(Command::Collect);
        }
        if matches!(stage, S::Returning | S::Returned) {
            self.dispatcher(Command::StartReturn { reason: ReturnReason::Decided, note: String::new() });
            if stage == S::Returned {
                self.shop(Command::ReceiveReturn);
            }
            return self;
        }
        if upto(S::EnRoute) {
            self.at("11:15").wake().at("11:20").says(Outcome::HomeNow);
            self.at("11:54").courier(Command::SetOff { last_in_run: false });
        }
        if upto(S::AtDoor) {
            self.at("12:00").courier(arrive());
        }
        if upto(S::HandedOver) {
            self.at("12:01").gives(&[]);
        }
        self
    }

    pub fn at(&mut self, text: &str) -> &mut Story {
        self.now = at(text);
        self.done_at = None;
        self
    }

    /// The next steps were done on the phone at this time; the server hears of them at `now`.
    pub fn done(&mut self, text: &str) -> &mut Story {
        self.done_at = Some(at(text));
        self
    }

    fn context(&self, actor: Actor) -> Context<'_> {
        Context { actor, now: self.now, occurred_at: self.done_at.unwrap_or(self.now), policy: &self.policy }
    }

    /// One step; a refusal leaves everything as it was.
    pub fn step(&mut self, actor: Actor, command: &Command) -> Result<(), Refusal> {
        let events = apply(&self.delivery, command, &self.context(actor))?;
        let before = self.clone();
        for event in &events {
            let gate = self.delivery.gate.kind();
            self.delivery.evolve(event);
            sound::gate_step(event, gate, self.delivery.gate.kind());
        }
        self.events.extend(events.clone());
        self.last = events;
        assert_eq!(fold(&self.events).as_ref(), Ok(&self.delivery), "state is the fold of its events");
        sound::state(&self.delivery, &self.policy);
        if command.kind() == CommandKind::Wake {
            self.nothing_due();
        }
        sound::step(&before.delivery, command.kind(), &self.last, &self.delivery);
        Ok(())
    }

    /// After a wake the alarm clock stands in the future or is off.
    fn nothing_due(&self) {
        let next = self.wake_at();
        assert!(next.is_none_or(|next| next > self.now), "still due at {next:?}, now {}", self.now);
        let again = apply(&self.delivery, &Command::Wake, &self.context(Actor::System));
        assert_eq!(again, Ok(vec![]), "a second wake finds nothing due");
    }

    pub fn must(&mut self, actor: Actor, command: Command) -> &mut Story {
        if let Err(refusal) = self.step(actor, &command) {
            panic!("{command:?} by {}: {refusal} ({})", actor.label(), refusal.code());
        }
        self
    }

    /// The code of the refusal that this command must meet.
    pub fn refused(&mut self, actor: Actor, command: Command) -> &'static str {
        match self.step(actor, &command) {
            Ok(()) => panic!("{command:?} by {} was carried out", actor.label()),
            Err(refusal) => refusal.code(),
        }
    }

    /// The courier who has it, courier 1 if nobody has.
    pub fn carrier(&self) -> Actor {
        Actor::Courier(self.delivery.stage.courier().unwrap_or(courier(1)))
    }

    pub fn courier(&mut self, command: Command) -> &mut Story {
        self.must(self.carrier(), command)
    }

    pub fn customer(&mut self, command: Command) -> &mut Story {
        self.must(Actor::Customer, command)
    }

    pub fn shop(&mut self, command: Command) -> &mut Story {
        self.must(Actor::Shop(shop(1)), command)
    }

    pub fn dispatcher(&mut self, command: Command) -> &mut Story {
        self.must(Actor::Dispatcher(key(1)), command)
    }

    pub fn system(&mut self, command: Command) -> &mut Story {
        self.must(Actor::System, command)
    }

    pub fn wake(&mut self) -> &mut Story {
        self.system(Command::Wake)
    }

    /// Lets the alarm clock ring on time until nothing is due up to then.
    pub fn pass_until(&mut self, text: &str) -> &mut Story {
        let end = at(text);
        while let Some(next) = self.wake_at().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.wake();
        }
        self.at(text)
    }

    pub fn plan(&mut self, arrive: &str) -> &mut Story {
        self.system(Command::Plan { arrive_at: at(arrive), leg_s: 300, resequenced: false })
    }

    pub fn reply(&mut self, outcome: Outcome, source: Source) -> Command {
        self.ids += 1;
        let reply = Reply { id: answer_id(self.ids), outcome, note: String::new(), source, region: None };
        Command::Answer { reply }
    }

    /// The customer answers through the link.
    pub fn says(&mut self, outcome: Outcome) -> &mut Story {
        let command = self.reply(outcome, Source::Link);
        self.customer(command)
    }

    /// A text message came in.
    pub fn texts(&mut self, outcome: Outcome) -> &mut Story {
        let command = self.reply(outcome, Source::Sms);
        self.system(command)
    }

    /// The courier reports a call.
    pub fn reports(&mut self, outcome: Outcome) -> &mut Story {
        let command = self.reply(outcome, Source::Courier);
        self.courier(command)
    }

    /// The courier types the right code; no numbers: all parcels.
    pub fn gives(&mut self, parcels: &[i32]) -> &mut Story {
        let command = self.hand_over(Proof::Code { matches: true }, parcels);
        self.courier(command)
    }

    pub fn hand_over(&mut self, proof: Proof, parcels: &[i32]) -> Command {
        self.ids += 1;
        Command::HandOver { id: hand_off_id(self.ids), proof, plus: vec![], parcels: parcels.to_vec() }
    }

    pub fn stage(&self) -> StageKind {
        self.delivery.stage.kind()
    }

    pub fn gate(&self) -> GateKind {
        self.delivery.gate.kind()
    }

    pub fn money(&self) -> PaymentKind {
        self.delivery.payment.kind()
    }

    pub fn rung(&self) -> Option<RungKind> {
        match self.delivery.gate {
            Gate::Asked { rung, .. } => Some(rung),
            _ => None,
        }
    }

    pub fn wake_at(&self) -> Option<DateTime<Utc>> {
        wake_at(&self.delivery, &self.policy)
    }

    pub fn flags(&self) -> Vec<FlagKind> {
        self.delivery.flags.iter().map(|flag| flag.kind).collect()
    }

    /// What the exception queue shows now.
    pub fn queue(&self) -> Vec<Kind> {
        matters(&self.delivery, &self.policy)
            .into_iter()
            .filter(|matter| matter.since <= self.now)
            .map(|matter| matter.kind)
            .collect()
    }

    pub fn allowed(&self, actor: Actor) -> Vec<CommandKind> {
        allowed(&self.delivery, &self.context(actor))
    }

    /// What must follow the last step.
    pub fn follows(&self) -> Vec<Effect> {
        effects(&self.last, &self.policy)
    }

    /// Wire names of the last step's events.
    pub fn last_kinds(&self) -> Vec<&'static str> {
        self.last.iter().map(Event::kind).collect()
    }

    /// How often this event is in the story.
    pub fn count(&self, kind: &str) -> usize {
        self.events.iter().filter(|event| event.kind() == kind).count()
    }
}

pub fn cancel() -> Command {
    Command::Cancel { reason: "changed their mind".into() }
}

pub fn set_off() -> Command {
    Command::SetOff { last_in_run: false }
}

/// At the door, without a word of where the phone is.
pub fn arrive() -> Command {
    Command::Arrive { point: None, reason: String::new() }
}

pub fn fail(reason: FailReason) -> Command {
    Command::FailAttempt { reason }
}

pub fn lower_to(amount_minor: i64) -> Command {
    Command::Amend { amendment: Amendment { amount_minor: Some(amount_minor), ..Amendment::default() } }
}

pub fn neighbour() -> Outcome {
    Outcome::ReceiverNamed { receiver: Receiver { name: "Ri Sol".into(), phone: None } }
}

pub fn signature() -> Proof {
    Proof::Signature { signer: "Kim".into(), strokes: "M0 0".into() }
}

pub fn picture() -> Proof {
    Proof::Photo { photo: photo(1), reason: "no phone".into() }
}

pub fn wrong_code() -> Proof {
    Proof::Code { matches: false }
}

pub fn right_code() -> Proof {
    Proof::Code { matches: true }
}

pub fn witness() -> Proof {
    Proof::Witness { reason: "the customer rang and said so".into() }
}
