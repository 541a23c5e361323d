//! The transition table: one named row each. The documentation's diagrams and tables, the API's list of allowed
//! commands, [`super::apply`] and the exhaustive test all read this one table.

use super::apply::Context;
use super::command::{Command, CommandKind};
use super::decide::{self, gate, hand_off};
use super::event::Event;
use super::guard::{
    DISPATCHER_DECIDES, Guard, HAND_OFF_WAITS, OFFER_OPEN, PAYMENT_AUTHORISED, PAYMENT_HOLDS, REOPEN_OPEN,
    UNDO_OPEN,
};
use super::refusal::Refusal;
use super::state::{Delivery, GateKind, StageKind};
use crate::actor::Role;
use crate::payment::PaymentKind;

/// What a row does once its guards hold.
pub type Decide = fn(&Delivery, &Command, &Context<'_>) -> Result<Vec<Event>, Refusal>;

/// One transition.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// The command it answers.
    pub command: CommandKind,
    /// Stages it leads from.
    pub from: &'static [StageKind],
    /// Stages it may lead to; empty: the stage stays.
    pub to: &'static [StageKind],
    /// Payment states it needs; empty: any.
    pub payment: &'static [PaymentKind],
    /// Payment states it may lead to; empty: the payment stays.
    pub payment_to: &'static [PaymentKind],
    /// Who may ask.
    pub who: &'static [Role],
    /// Conditions.
    pub guards: &'static [Guard],
    /// What it means, for the documentation.
    pub meaning: &'static str,
    /// What it does.
    pub decide: Decide,
}

use PaymentKind as P;
use Role::{Courier, Customer, Dispatcher, Shop, System};
use StageKind as S;

const OPEN: &[S] = &[
    S::Received,
    S::NeedsAddress,
    S::Offered,
    S::Assigned,
    S::Collected,
    S::EnRoute,
    S::AtDoor,
    S::Returning,
];
const BEFORE_COLLECTION: &[S] = &[S::Received, S::NeedsAddress, S::Offered, S::Assigned];
const CARRIED: &[S] = &[S::Collected, S::EnRoute, S::AtDoor];

const STAY: &[S] = &[];
const ANY: &[P] = &[];
const KEEP: &[P] = &[];
const FREE: &[Guard] = &[];

#[rustfmt::skip]
macro_rules! row {
    ($name:literal, $command:ident, $from:expr => $to:expr, $who:expr, $guards:expr, $decide:expr, $meaning:literal) => {
        row!($name, $command, $from => $to, ANY => KEEP, $who, $guards, $decide, $meaning)
    };
    ($name:literal, $command:ident, $from:expr => $to:expr, $pay:expr => $pay_to:expr, $who:expr, $guards:expr, $decide:expr, $meaning:literal) => {
        Row { name: $name, command: CommandKind::$command, from: $from, to: $to, payment: $pay, payment_to: $pay_to,
              who: $who, guards: $guards, meaning: $meaning, decide: $decide }
    };
}

/// Every row of the delivery's machine.
#[rustfmt::skip]
pub const DELIVERY: &[Row] = &[
    row!("locate", Locate, &[S::NeedsAddress] => &[S::Received], &[Dispatcher, Customer], FREE, decide::locate, "A pin places the address in a region."),
    row!("move_pin", Locate, &[S::Received, S::Offered, S::Assigned, S::Collected] => STAY, &[Dispatcher], FREE, decide::locate, "A dispatcher corrects the pin."),
    row!("correct_address", CorrectAddress, &[S::NeedsAddress] => STAY, &[Customer, Dispatcher], FREE, decide::correct_address, "The address in words, for whoever places it."),
    row!("amend", Amend, &[S::Received, S::NeedsAddress, S::Offered, S::Assigned, S::Collected, S::EnRoute, S::AtDoor] => STAY, &[P::Authorised] => KEEP, &[Shop, Dispatcher], FREE, decide::amend, "Times, note and a lower amount; after collection only note and amount."),
    row!("offer", Offer, &[S::Received] => &[S::Offered], &[System, Dispatcher], &[PAYMENT_AUTHORISED], decide::offer, "Proposed to a courier, with an end."),
    row!("accept", Accept, &[S::Offered] => &[S::Assigned], &[Courier], &[OFFER_OPEN], decide::accept, "The courier takes it."),
    row!("decline", Decline, &[S::Offered] => &[S::Received], &[Courier], FREE, decide::decline, "The courier says no."),
    row!("assign", Assign, &[S::Received] => &[S::Assigned], &[System, Dispatcher], &[PAYMENT_AUTHORISED], decide::assign, "Put on a run."),
    row!("assign_over_offer", Assign, &[S::Offered] => &[S::Assigned], &[Dispatcher], &[PAYMENT_AUTHORISED], decide::assign, "A dispatcher decides while an offer stands."),
    row!("unassign", Unassign, &[S::Offered, S::Assigned] => &[S::Received], &[System, Dispatcher], FREE, decide::unassign, "Taken off a run before collection."),
    row!("plan", Plan, &[S::Assigned, S::Collected, S::EnRoute] => STAY, &[System], FREE, decide::plan, "The run's times changed."),
    row!("collect", Collect, &[S::Assigned] => &[S::Collected, S::Returning], &[Courier, Dispatcher], FREE, decide::collect, "The courier takes the parcels from the shop; back at once if the customer does not want them."),
    row!("collect_unaware", Collect, &[S::Cancelled] => &[S::Returning], &[Courier], FREE, decide::collect_unaware, "Collected before the cancellation reached the courier: back to the shop."),
    row!("set_off", SetOff, &[S::Collected] => &[S::EnRoute], &[P::Authorised] => KEEP, &[Courier], &[PAYMENT_HOLDS], decide::set_off, "Needs a clearance: an answer, a policy, or a named person's override."),
    row!("turn_back", TurnBack, &[S::EnRoute] => &[S::Collected, S::Returning], &[Courier, Dispatcher], FREE, decide::turn_back, "Not to this door now; what the customer said on the way counts."),
    row!("arrive", Arrive, &[S::EnRoute] => &[S::AtDoor], &[Courier], FREE, decide::arrive, "At the door; far away from it a person is told."),
    row!("hand_off", HandOver, &[S::EnRoute, S::AtDoor] => &[S::HandedOver, S::Collected], ANY => &[P::CaptureDue, P::Recovering], &[Courier], FREE, hand_off::at_door, "With proof; some parcels only: the rest stays collected."),
    row!("hand_off_unannounced", HandOver, &[S::Collected, S::Returning] => &[S::HandedOver], ANY => &[P::CaptureDue, P::Recovering], &[Courier], FREE, hand_off::unannounced, "The right code is the customer's own act; what happened at the door is not refused."),
    row!("hand_off_witnessed", HandOver, &[S::Collected, S::EnRoute, S::AtDoor, S::Returning] => &[S::HandedOver], &[Dispatcher], FREE, hand_off::witnessed, "A dispatcher's word; waits like a photo."),
    row!("confirm_hand_off", ConfirmHandOff, &[S::HandedOver] => STAY, ANY => &[P::CaptureDue, P::Recovering], &[Shop, Dispatcher], &[HAND_OFF_WAITS, DISPATCHER_DECIDES], hand_off::confirm, "The shop agrees to a hand-off without a code; after an objection a dispatcher decides."),
    row!("dispute_hand_off", DisputeHandOff, &[S::HandedOver] => STAY, &[Shop, Customer, Dispatcher], &[HAND_OFF_WAITS], hand_off::dispute, "Somebody objects; nothing is captured."),
    row!("reopen", Reopen, &[S::HandedOver] => &[S::AtDoor, S::Returning], &[P::CaptureDue] => &[P::Authorised], &[Courier, Dispatcher], &[REOPEN_OPEN], hand_off::reopen, "Taken back within the grace time, before the capture."),
    row!("reopen_claimed", Reopen, &[S::HandedOver] => &[S::AtDoor, S::Returning], &[P::Authorised, P::Expired, P::ReleaseDue, P::Released, P::Declined, P::Authorising, P::ActionRequired] => KEEP, &[Courier, Dispatcher], &[REOPEN_OPEN], hand_off::reopen, "The same with nothing to capture; or a dispatcher finds that a disputed one did not happen."),
    row!("reopen_owed", Reopen, &[S::HandedOver] => &[S::AtDoor, S::Returning], &[P::Recovering] => &[P::ReleaseDue, P::Released, P::Declined], &[Courier, Dispatcher], &[REOPEN_OPEN], hand_off::reopen, "The same where the money would be owed."),
    row!("rotate_code", RotateCode, OPEN => STAY, &[Customer, Dispatcher], FREE, hand_off::rotate, "A new code; the old one is void, the tries begin anew."),
    row!("fail_attempt", FailAttempt, &[S::AtDoor] => &[S::Collected, S::Returning], &[Courier], FREE, decide::fail, "Nobody opened; a fresh gate, or back to the shop."),
    row!("undo_fail", UndoFail, &[S::Collected, S::Returning] => &[S::AtDoor], &[Courier], &[UNDO_OPEN], decide::undo_fail, "The customer appears as the courier walks away."),
    row!("start_return", StartReturn, CARRIED => &[S::Returning], &[Dispatcher, System], FREE, decide::start_return, "Back to the shop."),
    row!("receive_return", ReceiveReturn, &[S::Returning] => &[S::Returned], ANY => &[P::ReleaseDue, P::CaptureDue, P::Recovering], &[Shop, Dispatcher], FREE, decide::receive_return, "The shop takes the parcels in; the hold is released, or what was taken is captured."),
    row!("transfer", Transfer, &[S::Collected, S::Returning] => STAY, &[Dispatcher], FREE, decide::transfer, "The parcels go to another courier."),
    row!("cancel", Cancel, BEFORE_COLLECTION => &[S::Cancelled], ANY => &[P::ReleaseDue], &[Shop, Customer, Dispatcher], FREE, decide::cancel, "Before collection: dropped, the hold released."),
    row!("cancel_carried", Cancel, CARRIED => &[S::Returning], &[Shop, Customer, Dispatcher], FREE, decide::cancel_carried, "After collection: back to the shop; the hold is released there."),
    row!("mark_lost", MarkLost, &[S::Assigned, S::Collected, S::EnRoute, S::AtDoor, S::Returning] => &[S::Lost], ANY => &[P::ReleaseDue, P::CaptureDue, P::Recovering], &[Dispatcher], FREE, decide::mark_lost, "Accident or theft."),
    row!("answer", Answer, &[S::Received, S::NeedsAddress] => &[S::Cancelled], ANY => &[P::ReleaseDue], &[Customer, Courier, Dispatcher, System], FREE, gate::answer, "What the customer said; who does not want it cancels."),
    row!("answer_on_a_run", Answer, &[S::Offered, S::Assigned] => &[S::Received, S::Cancelled], ANY => &[P::ReleaseDue], &[Customer, Courier, Dispatcher, System], FREE, gate::answer, "Not today: off the run."),
    row!("answer_carried", Answer, &[S::Collected] => &[S::Returning], &[Customer, Courier, Dispatcher, System], FREE, gate::answer, "Who does not want it sends it back."),
    row!("answer_on_the_way", Answer, &[S::EnRoute, S::AtDoor, S::Returning] => STAY, &[Customer, Courier, Dispatcher, System], FREE, gate::answer, "Kept and shown; the door decides."),
    row!("override", Override, &[S::Received, S::Offered, S::Assigned, S::Collected] => STAY, &[Dispatcher], FREE, gate::override_gate, "A named person clears the gate."),
    row!("ask_again", AskAgain, &[S::Received, S::Offered, S::Assigned, S::Collected] => STAY, &[Dispatcher], FREE, gate::ask_again, "The ladder starts again."),
    row!("record_sent", RecordSent, S::ALL => STAY, &[System], FREE, gate::record_sent, "A notice left."),
    row!("record_send_failed", RecordSendFailed, S::ALL => STAY, &[System], FREE, gate::record_send_failed, "No channel could send a notice."),
    row!("flag", Flag, S::ALL => STAY, &[System], FREE, decide::flag, "Something needs a person."),
    row!("resolve", Resolve, S::ALL => STAY, &[Dispatcher], FREE, decide::resolve, "A person dealt with it."),
    row!("wake", Wake, S::ALL => S::ALL, ANY => &[P::CaptureDue, P::Expired, P::ReleaseDue, P::Recovering], &[System], FREE, super::alarm::wake, "The alarm clock: what is due happens."),
];

/// Both machines' rows.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    DELIVERY.iter().chain(crate::payment::table::PAYMENT)
}

impl Row {
    /// The arrows between payment states, for the documentation. A row that names no source is drawn from the state in
    /// which it is usual: money is owed where the hold was given back before, the alarm clock undoes a hold that does
    /// not come about, all else begins with a hold.
    pub fn payment_arrows(&self) -> Vec<(PaymentKind, PaymentKind)> {
        let usual = |to: PaymentKind| match (self.command, to) {
            (_, P::Recovering) => P::Released,
            (CommandKind::Wake, P::ReleaseDue) => P::Authorising,
            _ => P::Authorised,
        };
        let from = |to: PaymentKind| match self.payment {
            [] => vec![usual(to)],
            named => named.to_vec(),
        };
        let pairs = self.payment_to.iter().flat_map(|to| from(*to).into_iter().map(move |from| (from, *to)));
        pairs.filter(|(from, to)| from != to).collect()
    }

    /// Whether the row leads from this state.
    pub fn leads_from(&self, stage: StageKind, payment: PaymentKind) -> bool {
        self.from.contains(&stage) && (self.payment.is_empty() || self.payment.contains(&payment))
    }
}

/// Rows for a command in a state, whoever asks.
pub fn candidates(
    command: CommandKind,
    stage: StageKind,
    payment: PaymentKind,
) -> impl Iterator<Item = &'static Row> {
    rows().filter(move |row| row.command == command && row.leads_from(stage, payment))
}

/// Gates, for the documentation of the second machine: which events lead where.
pub const GATE_STEPS: &[(&str, &[GateKind], GateKind)] = &[
    ("call_ahead.requested", &[GateKind::NotAsked, GateKind::Asked], GateKind::Asked),
    ("stop.cleared", GateKind::ALL, GateKind::Cleared),
    ("stop.held", GateKind::ALL, GateKind::Held),
    ("call_ahead.silent", &[GateKind::NotAsked, GateKind::Asked], GateKind::Silent),
    ("call_ahead.refused", GateKind::ALL, GateKind::Refused),
    ("call_ahead.expired", &[GateKind::Cleared], GateKind::NotAsked),
    ("stop.hold_ended", &[GateKind::Held], GateKind::NotAsked),
    ("call_ahead.restarted", GateKind::ALL, GateKind::NotAsked),
    ("delivery.failed", GateKind::ALL, GateKind::NotAsked),
    ("delivery.partial", GateKind::ALL, GateKind::NotAsked),
];
