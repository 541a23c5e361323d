//! Which page a delivery's state shows: a pure function of what was read, what was asked for, and nothing else.

use crate::app::customer::Visit;
use crate::app::customer::offers::{self, OpenDay, Times};
use crate::http::pages::Page;
use crate::http::pages::view::{
    AddressView, AnswerRefused, Answered, AnsweredView, AskReason, AskView, CancelView, Day, FieldError,
    Frame, GoneReason, GoneView, LaterView, MoneyLine, MoneyState, NearView, NotTodayView, OnTheWayView,
    OtherView, ProofKind, ReceiptView, Span, Step,
};
use callahead_domain::call_ahead::Outcome;
use callahead_domain::delivery::proof::{HandOff, HandOffStatus, ProofMethod};
use callahead_domain::delivery::state::{Holder, StageKind};
use callahead_domain::delivery::{CommandKind, Gate, Stage};
use callahead_domain::money::Money;
use callahead_domain::payment::PaymentState;

/// What the visitor asks to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// How it stands.
    #[default]
    Standing,
    /// How it stands, without refreshing.
    Still,
    /// How it stands, just after a note was kept.
    NoteKept,
    /// The question again.
    Question,
    /// The times of today.
    Later,
    /// The days.
    NotToday,
    /// Somebody else.
    Other,
    /// Whether to cancel.
    Cancel,
    /// The code, because the courier stands there.
    Code,
}

/// The page of a delivery. `link` is its path without a query.
pub fn page_for(visit: &Visit, wanted: Wanted, link: &str) -> Page {
    let frame = frame(visit, link);
    let answerable = visit.may().contains(&CommandKind::Answer) && !visit.delivery.stage.kind().is_final();
    match (visit.delivery.stage.kind(), wanted) {
        (StageKind::HandedOver, _) => receipt(visit, frame),
        (StageKind::Cancelled, _) => gone(visit, frame, GoneReason::Cancelled),
        (StageKind::Returning | StageKind::Returned, _) => gone(visit, frame, GoneReason::Returned),
        (StageKind::Lost, _) => gone(visit, frame, GoneReason::Lost),
        (StageKind::NeedsAddress, Wanted::Standing | Wanted::Still | Wanted::NoteKept | Wanted::Code) => {
            Page::Address(address(visit, frame))
        }
        (_, Wanted::Question) if answerable => ask(visit, frame),
        (_, Wanted::Later) if answerable => Page::Later(later(visit, frame)),
        (_, Wanted::NotToday) if answerable => Page::NotToday(not_today(visit, frame)),
        (_, Wanted::Other) if answerable => Page::Other(other(visit, frame)),
        (_, Wanted::Cancel) if visit.may().contains(&CommandKind::Cancel) => {
            Page::Cancel(cancel(visit, frame))
        }
        (StageKind::AtDoor, _) | (StageKind::EnRoute, Wanted::Code) => near(visit, frame),
        (StageKind::EnRoute, _) => on_the_way(visit, frame, wanted),
        _ => match answered(visit) {
            Some(answer) => Page::Answered(answered_view(visit, frame, answer, wanted)),
            None => ask(visit, frame),
        },
    }
}

/// The same after a press that could not be taken: told on top where the page is a question.
pub fn refused_page(visit: &Visit, link: &str, why: AnswerRefused) -> Page {
    match page_for(visit, Wanted::Standing, link) {
        Page::Ask(view) => Page::Ask(AskView { refused: Some(why), ..view }),
        Page::Address(view) => Page::Address(AddressView { refused: Some(why), ..view }),
        page => page,
    }
}

/// What every page carries.
pub fn frame(visit: &Visit, link: &str) -> Frame {
    Frame {
        shop: visit.shop.name.clone(),
        reference: visit.reference(),
        shop_phone: visit.shop.phone.clone(),
        zone: visit.policy.time_zone,
        now: visit.now,
        link: link.to_owned(),
        csrf: visit.form_token.clone(),
    }
}

fn span((start, end): Times) -> Span {
    Span { start, end }
}

fn window(visit: &Visit) -> Option<Span> {
    offers::arrival_window(&visit.delivery, visit.now).map(span)
}

fn ask(visit: &Visit, frame: Frame) -> Page {
    let delivery = &visit.delivery;
    let missed = delivery.failed.as_ref().filter(|_| delivery.stage.kind() == StageKind::Collected);
    let reason = match missed {
        Some(failed) => AskReason::Missed { at: failed.at },
        None if offers::is_late(delivery) => AskReason::Late,
        None => AskReason::Plain,
    };
    let late = match delivery.stage {
        Stage::EnRoute { .. } => Some(AnswerRefused::SetOff),
        Stage::AtDoor { .. } => Some(AnswerRefused::AtDoor),
        _ => None,
    };
    Page::Ask(AskView {
        window: window(visit),
        address: visit.order.address.clone(),
        change_until: offers::change_until(delivery, visit.now).filter(|_| late.is_none()),
        refused: late,
        reason,
        frame,
    })
}

/// U6, with nothing chosen.
pub fn later(visit: &Visit, frame: Frame) -> LaterView {
    LaterView {
        slots: offers::slots(visit.now, &visit.policy).into_iter().map(span).collect(),
        times: offers::times(visit.now, &visit.policy),
        cold: false,
        chosen: None,
        error: None,
        frame,
    }
}

/// U7, with nothing chosen.
pub fn not_today(visit: &Visit, frame: Frame) -> NotTodayView {
    let day = |OpenDay { date, opens, closes }| Day { date, opens, closes };
    let days = offers::days(visit.now, &visit.policy).into_iter().map(day).collect();
    NotTodayView { days, cold: false, error: None, frame }
}

/// U8, with nothing written.
pub fn other(visit: &Visit, frame: Frame) -> OtherView {
    OtherView {
        window: window(visit),
        name: String::new(),
        phone: String::new(),
        errors: Vec::<FieldError>::new(),
        frame,
    }
}

/// Where is it? With what was told before.
pub fn address(visit: &Visit, frame: Frame) -> AddressView {
    let told = visit.delivery.address_told.clone();
    AddressView {
        address: visit.order.address.clone(),
        told: told.is_some(),
        text: told.unwrap_or_default(),
        may_cancel: visit.may().contains(&CommandKind::Cancel),
        error: None,
        refused: None,
        frame,
    }
}

fn cancel(visit: &Visit, frame: Frame) -> CancelView {
    let stage = visit.delivery.stage.kind();
    CancelView {
        given_back: money(visit, visit.delivery.payment.amount_minor),
        kept: None,
        may_wait: !visit.under_way(),
        carried: matches!(stage, StageKind::Collected | StageKind::EnRoute | StageKind::AtDoor),
        frame,
    }
}

/// What the customer has said, where it stands and nothing has overtaken it.
fn answered(visit: &Visit) -> Option<Answered> {
    let delivery = &visit.delivery;
    let standing = matches!(delivery.gate, Gate::Cleared { .. } | Gate::Held { .. });
    let answer = delivery.answer.as_ref().filter(|_| standing)?;
    Some(match &answer.outcome {
        Outcome::HomeNow => Answered::Home,
        Outcome::HomeFrom { from } => Answered::HomeFrom(*from),
        Outcome::HomeUntil { until } => Answered::HomeUntil(*until),
        Outcome::NotToday { day } => Answered::NotToday(*day),
        Outcome::ReceiverNamed { receiver } => Answered::Receiver(receiver.name.clone()),
        // A place in the same region is where the courier goes now.
        Outcome::OtherPlace { .. } if matches!(delivery.gate, Gate::Cleared { .. }) => Answered::Home,
        Outcome::OtherPlace { place, .. } => Answered::Place(place.clone()),
        _ => return None,
    })
}

fn answered_view(visit: &Visit, frame: Frame, answer: Answered, wanted: Wanted) -> AnsweredView {
    let coming = matches!(answer, Answered::Home | Answered::HomeUntil(_) | Answered::Receiver(_));
    AnsweredView {
        answer,
        window: window(visit),
        courier: visit.courier.clone(),
        stops_before: visit.stops_before.filter(|_| coming),
        code: None,
        note: Some(visit.delivery.answer.as_ref().map(|answer| answer.note.clone()).unwrap_or_default()),
        note_kept: wanted == Wanted::NoteKept,
        note_error: false,
        change_until: offers::change_until(&visit.delivery, visit.now),
        frame,
    }
}

/// U2 with a note that could not be kept, if an answer stands at all.
pub fn note_refused(visit: &Visit, link: &str, note: String) -> Option<Page> {
    match page_for(visit, Wanted::Standing, link) {
        Page::Answered(view) => {
            Some(Page::Answered(AnsweredView { note: Some(note), note_error: true, ..view }))
        }
        _ => None,
    }
}

fn on_the_way(visit: &Visit, frame: Frame, wanted: Wanted) -> Page {
    Page::OnTheWay(OnTheWayView {
        courier: visit.courier.clone().unwrap_or_default(),
        expected_at: visit.delivery.shown_arrival(),
        promised_by: Some(visit.delivery.promised_by),
        step: Step::Next,
        seen_at: visit.seen_at,
        refreshing: wanted != Wanted::Still,
        may_change: true,
        may_show_code: true,
        kept: visit.answered_late(),
        frame,
    })
}

fn near(visit: &Visit, frame: Frame) -> Page {
    let held = visit
        .delivery
        .parcels
        .iter()
        .filter(|parcel| matches!(parcel.holder, Holder::Courier { .. }))
        .count();
    Page::Near(NearView {
        courier: visit.courier.clone().unwrap_or_default(),
        at_door: visit.at_door(),
        code: visit.code.clone(),
        picture: visit.picture("HO1"),
        parcels: u32::try_from(held).unwrap_or(u32::MAX),
        total: Some(money(visit, visit.delivery.payment.amount_minor)),
        kept: visit.answered_late(),
        frame,
    })
}

fn receipt(visit: &Visit, frame: Frame) -> Page {
    let Stage::HandedOver { hand_off, .. } = &visit.delivery.stage else {
        return gone(visit, frame, GoneReason::Finished);
    };
    let items = visit.order.items.iter().map(|item| (format!("{} × {}", item.name, item.quantity), None));
    Page::Receipt(ReceiptView {
        at: hand_off.at,
        receiver: hand_off.receiver.clone(),
        courier: visit.courier.clone(),
        proof: match hand_off.method {
            ProofMethod::Ho1 | ProofMethod::Hs1 => ProofKind::Scan,
            ProofMethod::Code => ProofKind::Code,
            ProofMethod::Signature => ProofKind::Signature,
            ProofMethod::Photo => ProofKind::Photo,
            ProofMethod::Witness => ProofKind::Witness,
        },
        items: items.collect(),
        total: money(visit, visit.delivery.payment.amount_minor),
        money: money_lines(visit, Some(hand_off)),
        closes_on: visit.closes_at.map(|at| at.with_timezone(&visit.policy.time_zone).date_naive()),
        may_object: matches!(hand_off.status, HandOffStatus::Claimed { .. })
            && visit.may().contains(&CommandKind::DisputeHandOff),
        objected: matches!(hand_off.status, HandOffStatus::Rejected { .. }),
        frame,
    })
}

fn gone(visit: &Visit, frame: Frame, reason: GoneReason) -> Page {
    Page::Gone(GoneView { frame: Some(frame), reason, money: money_lines(visit, None) })
}

fn money(visit: &Visit, minor: i64) -> String {
    let currency = visit.delivery.payment.currency;
    Money::new(minor, currency).map_or_else(|_| currency.code().to_owned(), Money::display)
}

/// Where the money is: what is taken, and what of the authorised amount goes back.
fn money_lines(visit: &Visit, hand_off: Option<&HandOff>) -> Vec<MoneyLine> {
    let payment = &visit.delivery.payment;
    let line = |state, minor| MoneyLine { state, amount: money(visit, minor) };
    let undecided =
        hand_off.is_some_and(|hand_off| !matches!(hand_off.status, HandOffStatus::Confirmed { .. }));
    let (state, minor) = match payment.state {
        PaymentState::Authorised { .. } if undecided => (MoneyState::WaitingForShop, payment.amount_minor),
        PaymentState::Authorised { .. } => (MoneyState::Held, payment.amount_minor),
        PaymentState::CaptureDue { amount_minor, .. } | PaymentState::CaptureUnknown { amount_minor, .. } => {
            (MoneyState::Held, amount_minor)
        }
        PaymentState::Captured { amount_minor, .. } => (MoneyState::Taken, amount_minor),
        PaymentState::Authorising { owed: Some(owed), .. }
        | PaymentState::ActionRequired { owed: Some(owed), .. } => (MoneyState::Owed, owed.amount_minor),
        PaymentState::Authorising { .. }
        | PaymentState::ActionRequired { .. }
        | PaymentState::Declined { .. } => (MoneyState::Wanted, payment.amount_minor),
        PaymentState::CaptureFailed { amount_minor, .. }
        | PaymentState::Recovering { amount_minor, .. }
        | PaymentState::Uncollectable { amount_minor, .. } => (MoneyState::Owed, amount_minor),
        // Told as it will be once the shop has the parcel; the provider is on it.
        PaymentState::ReleaseDue { .. } | PaymentState::Released { .. } | PaymentState::Expired { .. } => {
            (MoneyState::GivenBack, payment.amount_minor)
        }
    };
    let rest = payment.amount_minor - minor;
    let mut lines = vec![line(state, minor)];
    if rest > 0 {
        lines.push(line(MoneyState::GivenBack, rest));
    }
    lines
}
