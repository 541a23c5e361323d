//! `fold(events) -> delivery`: a delivery's state is the fold of its events and of nothing else.

use super::event::{Accepted, Event};
use super::proof::{HandOff, HandOffStatus};
use super::state::{Cleared, CodeState, Delivery, Failed, Flag, FlagKind, Gate, Holder, Planned, Stage};
use crate::call_ahead::answer::{Answer, Outcome};
use crate::call_ahead::ladder::AskLog;
use crate::id::CourierId;
use crate::payment::PaymentState;
use chrono::{DateTime, Duration, Utc};

/// A promise asked for later is kept within this of the named time.
const AFTER_HOLD_S: i64 = 2 * 3600;

/// Why a list of events is not the life of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The first event is not `order.accepted`, or there is none.
    #[error("a delivery begins with order.accepted")]
    NoBeginning,
}

/// The state after these events.
///
/// # Errors
/// [`FoldError::NoBeginning`] when the first is not `order.accepted`.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Delivery, FoldError> {
    let mut events = events.into_iter();
    let Some(Event::Accepted(accepted)) = events.next() else { return Err(FoldError::NoBeginning) };
    let mut delivery = Delivery::start(accepted);
    events.for_each(|event| delivery.evolve(event));
    Ok(delivery)
}

impl Delivery {
    /// The state after the first event.
    pub fn start(accepted: &Accepted) -> Delivery {
        let stage = match accepted.problem {
            Some(reason) => Stage::NeedsAddress { reason },
            None => Stage::Received { since: accepted.at },
        };
        Delivery {
            id: accepted.id,
            order: accepted.order,
            shop: accepted.shop,
            accepted_at: accepted.at,
            region: accepted.region,
            place: accepted.place,
            ready_at: accepted.ready_at,
            window: accepted.window,
            promised_by: accepted.promised_by,
            parcels: accepted.parcels.clone(),
            stage,
            gate: Gate::NotAsked,
            attempts: 0,
            declined: Vec::new(),
            rounds: 0,
            planned: None,
            quoted: None,
            ask_log: AskLog::default(),
            ask_rounds: 0,
            contact_stopped: None,
            answer: None,
            late_word: false,
            cleared: None,
            receiver: None,
            code: CodeState::default(),
            partial: None,
            failed: None,
            address_told: None,
            note: None,
            flags: Vec::new(),
            authorised_until: match accepted.payment.state {
                PaymentState::Authorised { until } => until,
                _ => None,
            },
            payment: accepted.payment.clone(),
            ending: None,
            renewal: None,
            releasing: Vec::new(),
            refunds: Vec::new(),
        }
    }

    /// Takes one event in.
    pub fn evolve(&mut self, event: &Event) {
        if !self.evolve_stage(event) && !self.evolve_gate(event) && !self.evolve_payment(event) {
            self.evolve_rest(event);
        }
    }

    fn evolve_stage(&mut self, event: &Event) -> bool {
        match event {
            Event::Offered { courier, until } => {
                self.stage = Stage::Offered { courier: *courier, until: *until };
            }
            Event::OfferDeclined { courier, at, .. } | Event::OfferExpired { courier, at } => {
                self.rounds += 1;
                self.declined.push(*courier);
                self.off_the_run(*at);
            }
            Event::Assigned { courier } => self.stage = Stage::Assigned { courier: *courier },
            Event::Unassigned { at, .. } => self.off_the_run(*at),
            Event::PickedUp { courier, .. } => self.picked_up(*courier),
            Event::PickedUpLate { courier, at } => {
                self.picked_up(*courier);
                self.stage = Stage::Returning {
                    courier: *courier,
                    reason: super::state::ReturnReason::Cancelled,
                    since: *at,
                };
            }
            Event::Released { clearance, .. } => {
                self.failed = None;
                self.late_word = false;
                self.with_courier(|courier| Stage::EnRoute { courier, clearance: clearance.clone() })
            }
            Event::TurnedBack { .. } => self.with_courier(|courier| Stage::Collected { courier }),
            Event::Arrived { at, .. } => {
                if let Stage::EnRoute { courier, clearance } = self.stage.clone() {
                    self.stage = Stage::AtDoor { courier, clearance, since: *at };
                }
            }
            Event::HandedOver { hand_off } => self.handed_over(hand_off),
            Event::PartlyHandedOver { hand_off } => self.partly(hand_off),
            Event::HandOffConfirmed { at, .. } => self.hand_off_status(HandOffStatus::Confirmed { at: *at }),
            Event::HandOffDisputed { by, reason } => {
                self.hand_off_status(HandOffStatus::Rejected { by: *by, reason: reason.clone() });
            }
            Event::Reopened { at } => self.reopened(*at),
            Event::AttemptFailed { attempt, reason, at } => self.attempt_failed(*attempt, *reason, *at),
            Event::FailureUndone { .. } => self.failure_undone(),
            Event::ReturnStarted { reason, at, .. } => {
                // Only a return that the failed attempt itself began is undone with it.
                self.failed = self.failed.take().filter(|failed| failed.began(*reason));
                self.with_courier(|courier| Stage::Returning { courier, reason: *reason, since: *at });
            }
            Event::ReturnCompleted { at } => {
                self.move_parcels(|holder| matches!(holder, Holder::Courier { .. }), Holder::Shop);
                self.stage = Stage::Returned { at: *at };
                self.ended();
            }
            Event::Transferred { to, .. } => self.transferred(*to),
            Event::Cancelled { by, reason, at } => {
                self.stage =
                    Stage::Cancelled { by: *by, reason: reason.clone(), at: *at, was: self.runner() };
                self.ended();
            }
            Event::Lost { reason, .. } => {
                self.move_parcels(|holder| holder != Holder::Customer, Holder::Lost);
                self.stage = Stage::Lost { reason: reason.clone() };
                self.ended();
            }
            _ => return false,
        }
        true
    }

    fn off_the_run(&mut self, at: DateTime<Utc>) {
        self.stage = Stage::Received { since: at };
        self.planned = None;
    }

    fn with_courier(&mut self, next: impl FnOnce(CourierId) -> Stage) {
        if let Some(courier) = self.stage.courier() {
            self.stage = next(courier);
        }
    }

    fn move_parcels(&mut self, which: impl Fn(Holder) -> bool, to: Holder) {
        self.parcels.iter_mut().filter(|parcel| which(parcel.holder)).for_each(|parcel| parcel.holder = to);
    }

    fn picked_up(&mut self, courier: CourierId) {
        self.move_parcels(|holder| holder == Holder::Shop, Holder::Courier { courier });
        self.stage = Stage::Collected { courier };
        self.failed = None;
    }

    fn transferred(&mut self, to: CourierId) {
        self.move_parcels(|holder| matches!(holder, Holder::Courier { .. }), Holder::Courier { courier: to });
        self.planned = None;
        self.failed = None;
        match &mut self.stage {
            Stage::Collected { courier } | Stage::Returning { courier, .. } => *courier = to,
            _ => {}
        }
    }

    fn give(&mut self, numbers: &[i32]) {
        self.parcels
            .iter_mut()
            .filter(|parcel| numbers.contains(&parcel.number))
            .for_each(|parcel| parcel.holder = Holder::Customer);
    }

    /// A changing code that was taken, and every older one, counts no more.
    fn give_by(&mut self, hand_off: &HandOff) {
        self.give(&hand_off.parcels);
        self.code.used = self.code.used.max(hand_off.shown_at);
    }

    fn handed_over(&mut self, hand_off: &HandOff) {
        self.give_by(hand_off);
        self.with_courier(|courier| Stage::HandedOver { courier, hand_off: hand_off.clone() });
        self.failed = None;
        self.ended();
    }

    /// Nobody need look at open matters any more, but for money that may have to be given back.
    fn ended(&mut self) {
        self.flags.retain(|flag| flag.kind == FlagKind::DeliveredBeforeCancellation);
    }

    fn partly(&mut self, hand_off: &HandOff) {
        self.give_by(hand_off);
        let mut whole = hand_off.clone();
        if let Some(before) = &self.partial {
            whole.parcels.extend(&before.parcels);
        }
        self.partial = Some(whole);
        self.with_courier(|courier| Stage::Collected { courier });
        self.gate = Gate::NotAsked;
        self.cleared = None;
        self.late_word = false;
        self.planned = None;
    }

    fn hand_off_status(&mut self, status: HandOffStatus) {
        if let Stage::HandedOver { hand_off, .. } = &mut self.stage {
            hand_off.status = status;
        }
    }

    fn reopened(&mut self, at: DateTime<Utc>) {
        let Stage::HandedOver { courier, hand_off } = self.stage.clone() else { return };
        for parcel in self.parcels.iter_mut().filter(|parcel| hand_off.parcels.contains(&parcel.number)) {
            parcel.holder = Holder::Courier { courier };
        }
        let clearance = super::state::Clearance::Policy { rule: "reopened".to_owned() };
        self.stage = Stage::AtDoor { courier, clearance, since: at };
        self.flags.retain(|flag| flag.kind != FlagKind::DeliveredBeforeCancellation);
        self.unwant(at);
    }

    fn attempt_failed(&mut self, attempt: u32, reason: super::state::FailReason, at: DateTime<Utc>) {
        let Stage::AtDoor { courier, clearance, since } = self.stage.clone() else { return };
        self.attempts = attempt;
        self.failed = Some(Failed { at, reason, courier, clearance, at_door_since: since });
        self.stage = Stage::Collected { courier };
        self.gate = Gate::NotAsked;
        self.cleared = None;
        self.planned = None;
    }

    fn failure_undone(&mut self) {
        let Some(failed) = self.failed.take() else { return };
        self.attempts = self.attempts.saturating_sub(1);
        self.stage = Stage::AtDoor {
            courier: failed.courier,
            clearance: failed.clearance,
            since: failed.at_door_since,
        };
    }

    fn evolve_gate(&mut self, event: &Event) -> bool {
        match event {
            Event::Asked { rung, at, reply_by, quoted, day } => {
                self.gate = Gate::Asked { rung: *rung, asked_at: *at, reply_by: *reply_by };
                self.ask_log = self.ask_log.counted(*rung, *at, *day);
                self.quoted = quoted.or(self.quoted);
            }
            Event::Postponed { until } => self.ask_log.not_before = Some(*until),
            Event::Called { at, day } => {
                self.ask_log = self.ask_log.counted(crate::call_ahead::RungKind::Call, *at, *day);
            }
            Event::Answered { answer, counts } => self.answered(answer, *counts),
            Event::Cleared { by, at, from, valid_until } => self.clear(by, *at, *from, *valid_until),
            Event::Held { until, reason, at } => self.hold(*until, reason, *at),
            Event::HoldEnded { .. } => self.ask_anew(),
            Event::WentStale { at, .. } => {
                self.revoke_clearance(Some(*at));
                self.ask_anew();
            }
            Event::AskedAgain { at, .. } => {
                self.revoke_clearance(Some(*at));
                self.late_word = false;
                self.ask_anew();
                self.ask_rounds = 0;
                self.contact_stopped = None;
            }
            Event::WentSilent { at } => {
                self.gate = Gate::Silent { since: *at };
                self.ask_rounds += 1;
            }
            Event::CustomerRefused { reason } => {
                self.revoke_clearance(None);
                self.late_word = false;
                self.gate = Gate::Refused { reason: reason.clone() };
            }
            Event::ContactStopped { reason } => self.contact_stopped = Some(reason.clone()),
            _ => return false,
        }
        true
    }

    fn answered(&mut self, answer: &Answer, counts: bool) {
        if counts {
            match &answer.outcome {
                Outcome::ReceiverNamed { receiver } => self.receiver = Some(receiver.clone()),
                Outcome::HomeNow | Outcome::HomeFrom { .. } | Outcome::HomeUntil { .. } => {
                    self.receiver = None
                }
                _ => {}
            }
            let on_the_way = matches!(self.stage, Stage::EnRoute { .. } | Stage::AtDoor { .. });
            self.late_word = on_the_way && answer.outcome.is_against_coming_now();
            self.answer = Some(answer.clone());
        } else if answer.outcome.is_attempt_result()
            && let Gate::Asked { rung, reply_by, .. } = &mut self.gate
            && rung.is_call()
        {
            *reply_by = (*reply_by).min(answer.answered_at);
        }
    }

    fn clear(
        &mut self,
        by: &super::state::ClearedBy,
        at: DateTime<Utc>,
        from: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
    ) {
        self.gate = Gate::Cleared { by: by.clone(), from, valid_until: until };
        self.late_word = false;
        self.cleared = Some(Cleared { by: by.clone(), since: at, from, until });
        self.ask_rounds = 0;
        self.quoted = self.planned.map(|planned| planned.arrive_at).or(self.quoted);
        if let Some(from) = from {
            self.promised_by = self.promised_by.max(from + Duration::seconds(AFTER_HOLD_S / 4));
        }
    }

    fn hold(&mut self, until: DateTime<Utc>, reason: &str, at: DateTime<Utc>) {
        self.revoke_clearance(Some(at));
        self.gate = Gate::Held { until, reason: reason.to_owned() };
        self.late_word = false;
        self.promised_by = self.promised_by.max(until + Duration::seconds(AFTER_HOLD_S));
    }

    /// A clearing that was taken back holds up to that moment only; one taken back at once holds no more.
    fn revoke_clearance(&mut self, at: Option<DateTime<Utc>>) {
        match (&mut self.cleared, at) {
            (Some(cleared), Some(at)) => cleared.until = cleared.until.min(at - Duration::microseconds(1)),
            (cleared, _) => *cleared = None,
        }
    }

    fn ask_anew(&mut self) {
        self.gate = Gate::NotAsked;
        self.ask_log.last_at = None;
        self.ask_log.not_before = None;
    }

    fn evolve_rest(&mut self, event: &Event) {
        match event {
            Event::Located { place, region } => {
                self.place = Some(*place);
                self.region = Some(*region);
                self.planned = None;
                self.flags.retain(|flag| flag.kind != FlagKind::OtherPlace);
                if matches!(self.stage, Stage::NeedsAddress { .. }) {
                    self.stage = Stage::Received { since: self.accepted_at };
                }
            }
            Event::Amended { ready_at, window, promised_by, amount_minor, note } => {
                self.ready_at = ready_at.unwrap_or(self.ready_at);
                self.window = window.or(self.window);
                self.promised_by = promised_by.unwrap_or(self.promised_by);
                self.payment.amount_minor = amount_minor.unwrap_or(self.payment.amount_minor);
                self.note = note.clone().or_else(|| self.note.take());
            }
            Event::Planned { arrive_at, leg_s } => {
                self.planned = Some(Planned { arrive_at: *arrive_at, leg_s: *leg_s });
                // Who answered before there was a plan is shown its first arrival.
                if matches!(self.gate, Gate::Cleared { .. }) {
                    self.quoted = self.quoted.or(Some(*arrive_at));
                }
            }
            Event::AddressCorrected { text } => self.address_told = Some(text.clone()),
            Event::ArrivalMoved { to, .. } => self.quoted = Some(*to),
            Event::CodeRefused { tries, .. } => self.code.tries = *tries,
            Event::CodeRotated { rotation, at, .. } => {
                self.code = CodeState { rotation: *rotation, tries: 0, since: *at, used: self.code.used };
            }
            Event::Flagged { kind, detail, at } => {
                match self.flags.iter_mut().find(|flag| flag.kind == *kind) {
                    Some(open) => open.detail.clone_from(detail),
                    None => self.flags.push(Flag { kind: *kind, since: *at, detail: detail.clone() }),
                }
            }
            Event::NoticeFailed { .. } | Event::NoticeSent { .. } => {}
            Event::Unflagged { kind, .. } => self.flags.retain(|flag| flag.kind != *kind),
            _ => {}
        }
    }
}
