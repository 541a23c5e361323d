//! Gate rows: what an answer does. Answered is not confirmed: a voicemail, a child, an unparsed text is never a yes.

use super::{Decided, MOST_WORDS, cancelled, mismatch, returning, text};
use crate::actor::{Actor, Role};
use crate::call_ahead::answer::{Answer, Outcome, Recorder, Source};
use crate::call_ahead::quiet::local_instant;
use crate::delivery::apply::Context;
use crate::delivery::command::{Command, Reply};
use crate::delivery::event::Event;
use crate::delivery::refusal::Refusal;
use crate::delivery::state::{ClearedBy, Delivery, FlagKind, Gate, RegionPin, ReturnReason, StageKind};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

pub(in crate::delivery) fn answer(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Decided {
    let Command::Answer { reply } = command else { return Err(mismatch(delivery, command)) };
    sayable(reply, context)?;
    let mut answer = record(reply, context);
    if reply.outcome.is_attempt_result() {
        return Ok(attempt_ended(delivery, answer, context));
    }
    let unclear = matches!(reply.outcome, Outcome::Unclear { .. });
    let counts = !unclear && delivery.answer.as_ref().is_none_or(|standing| answer.outranks(standing));
    answer.supersedes = delivery.answer.as_ref().filter(|_| counts).map(|standing| standing.id);
    let mut events = vec![Event::Answered { answer: answer.clone(), counts }];
    if unclear {
        events.extend(flagged(delivery, FlagKind::CustomerWrote, words_of(&reply.outcome), context));
    } else if counts {
        events.extend(consequences(delivery, &answer, reply, context)?);
    }
    Ok(events)
}

fn sayable(reply: &Reply, context: &Context<'_>) -> Result<(), Refusal> {
    let customer = context.actor.role() == Role::Customer;
    if customer && !reply.outcome.is_sayable_by_customer() {
        return Err(Refusal::NotSayable { outcome: reply.outcome.name() });
    }
    if reply.note.chars().count() > 140 {
        return Err(Refusal::BadText { field: "note", most: 140 });
    }
    in_reach(&reply.outcome, context)?;
    match &reply.outcome {
        Outcome::ReceiverNamed { receiver } => text("receiver.name", &receiver.name, 120),
        Outcome::Unclear { words } => text("words", words, MOST_WORDS),
        Outcome::OtherPlace { place, .. } => text("place", place, MOST_WORDS),
        _ => Ok(()),
    }
}

/// No parcel waits longer than this for a time that somebody names, the same as for an order's own times.
const REACH_DAYS: i64 = 60;

fn in_reach(outcome: &Outcome, context: &Context<'_>) -> Result<(), Refusal> {
    let reach = Duration::days(REACH_DAYS);
    let (first, last) = (context.now - reach, context.now + reach);
    let too_far = Err(Refusal::TooFarAhead { days: REACH_DAYS });
    match outcome {
        Outcome::HomeFrom { from: at } | Outcome::HomeUntil { until: at } if *at > last => too_far,
        Outcome::HomeFrom { from } if *from < first => Err(Refusal::TimeOver),
        Outcome::NotToday { day: Some(day) } if *day > last.date_naive() => too_far,
        _ => Ok(()),
    }
}

fn record(reply: &Reply, context: &Context<'_>) -> Answer {
    Answer {
        id: reply.id,
        outcome: reply.outcome.clone(),
        note: reply.note.clone(),
        source: source_of(reply, context),
        recorded_by: match context.actor {
            Actor::Courier(_) => Recorder::Courier,
            Actor::Dispatcher(_) | Actor::Operator(_) | Actor::Shop(_) => Recorder::Dispatcher,
            Actor::Customer => Recorder::Customer,
            Actor::System => Recorder::System,
        },
        answered_at: context.occurred_at,
        valid_until: validity(&reply.outcome, context),
        supersedes: None,
    }
}

/// Whatever way a caller names: what staff write down is their report, and nobody else's word.
fn source_of(reply: &Reply, context: &Context<'_>) -> Source {
    match context.actor.role() {
        Role::Dispatcher | Role::Shop => Source::Dispatcher,
        _ => reply.source,
    }
}

fn validity(outcome: &Outcome, context: &Context<'_>) -> Option<DateTime<Utc>> {
    let usual = context.occurred_at + Duration::seconds(context.policy.answer_valid_s);
    match outcome {
        Outcome::HomeNow | Outcome::ReceiverNamed { .. } | Outcome::OtherPlace { .. } => Some(usual),
        Outcome::HomeFrom { from } => Some((*from).max(context.occurred_at) + (usual - context.occurred_at)),
        Outcome::HomeUntil { until } => Some(*until),
        _ => None,
    }
}

/// How an attempt to ask ended: it never counts as an answer, it moves the ladder on.
fn attempt_ended(delivery: &Delivery, answer: Answer, context: &Context<'_>) -> Vec<Event> {
    let wrong = answer.outcome == Outcome::WrongNumber;
    let on_call_rung = matches!(delivery.gate, Gate::Asked { rung, .. } if rung.is_call());
    let mut events = vec![Event::Answered { answer, counts: false }];
    if !on_call_rung && context.actor.role() == Role::Courier {
        let day = context.occurred_at.with_timezone(&context.policy.time_zone).date_naive();
        events.push(Event::Called { at: context.occurred_at, day });
    }
    if wrong {
        events.push(Event::ContactStopped { reason: "wrong_number".to_owned() });
        events.extend(flagged(
            delivery,
            FlagKind::WrongNumber,
            "the number belongs to somebody else",
            context,
        ));
        if matches!(delivery.gate, Gate::NotAsked | Gate::Asked { .. }) {
            events.push(Event::WentSilent { at: context.now });
        }
    }
    events
}

fn words_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Unclear { words } => words,
        Outcome::OtherPlace { place, .. } => place,
        Outcome::Refused { reason } => reason,
        other => other.name(),
    }
}

fn flagged(delivery: &Delivery, kind: FlagKind, detail: &str, context: &Context<'_>) -> Option<Event> {
    let known = delivery.flags.iter().any(|flag| flag.kind == kind);
    (!known).then(|| Event::Flagged { kind, detail: detail.to_owned(), at: context.now })
}

/// At the door or on the way the door decides: the answer is kept and shown, the gate stays.
fn consequences(
    delivery: &Delivery,
    answer: &Answer,
    reply: &Reply,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    match delivery.stage.kind() {
        StageKind::EnRoute | StageKind::AtDoor => {
            let words = format!("on the way: {}", words_of(&answer.outcome));
            Ok(if answer.outcome.is_against_coming_now() {
                flagged(delivery, FlagKind::CustomerWrote, &words, context).into_iter().collect()
            } else {
                vec![]
            })
        }
        StageKind::Returning => Ok(vec![]),
        _ => before_leaving(delivery, answer, reply.region, context),
    }
}

/// What was said on the way or at the door, once the courier is away from it again: `delivery` is the state then.
/// Words that cannot be followed (a day that is over, an hour too late) end the clearance all the same.
pub(in crate::delivery) fn said_meanwhile(delivery: &Delivery, context: &Context<'_>) -> Vec<Event> {
    match &delivery.answer {
        Some(answer) if delivery.late_word => {
            let asked_anew = |_| match delivery.gate {
                Gate::Cleared { .. } => {
                    vec![Event::WentStale { at: context.now, reason: "said_on_the_way".to_owned() }]
                }
                _ => vec![],
            };
            before_leaving(delivery, answer, None, context).unwrap_or_else(asked_anew)
        }
        _ => vec![],
    }
}

fn before_leaving(
    delivery: &Delivery,
    answer: &Answer,
    region: Option<RegionPin>,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let clear = |from| Event::Cleared {
        by: ClearedBy::Answer { answer: answer.id },
        at: answer.answered_at,
        from,
        valid_until: answer.valid_until.unwrap_or(context.now),
    };
    match &answer.outcome {
        Outcome::HomeNow | Outcome::ReceiverNamed { .. } => Ok(vec![clear(None)]),
        Outcome::HomeUntil { until } if *until <= context.occurred_at => Err(Refusal::TimeOver),
        Outcome::HomeUntil { .. } => Ok(vec![clear(None)]),
        Outcome::HomeFrom { from } => home_from(*from, clear(Some(*from)), answer, context),
        Outcome::NotToday { day } => not_today(delivery, *day, answer, context),
        Outcome::OtherPlace { place, point } => match (point, region) {
            (Some(point), Some(region)) if delivery.region == Some(region) => {
                Ok(vec![Event::Located { place: *point, region }, clear(None)])
            }
            _ => {
                let until = context.now + Duration::seconds(context.policy.answer_valid_s);
                let mut events = vec![held(until, answer)];
                events.extend(flagged(delivery, FlagKind::OtherPlace, place, context));
                Ok(events)
            }
        },
        Outcome::Refused { reason } => Ok(refused(delivery, reason, answer.source, context)),
        _ => Ok(vec![]),
    }
}

/// Nobody goes from the moment the customer said so, whenever it was written down.
fn held(until: DateTime<Utc>, answer: &Answer) -> Event {
    Event::Held { until, reason: answer.outcome.name().to_owned(), at: answer.answered_at }
}

fn home_from(
    from: DateTime<Utc>,
    clear: Event,
    answer: &Answer,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let local = from.with_timezone(&context.policy.time_zone).time();
    if let Some(last) = context.policy.last_door.filter(|last| local > *last) {
        return Err(Refusal::AfterHours { last });
    }
    let ask_again_at = from - Duration::seconds(context.policy.notice_lead_s);
    if from <= context.now + Duration::seconds(context.policy.answer_valid_s) || ask_again_at <= context.now {
        return Ok(vec![clear]);
    }
    // Said long before: nobody goes until then, and the customer is asked once more shortly before.
    Ok(vec![held(ask_again_at, answer)])
}

fn not_today(
    delivery: &Delivery,
    day: Option<NaiveDate>,
    answer: &Answer,
    context: &Context<'_>,
) -> Result<Vec<Event>, Refusal> {
    let zone = context.policy.time_zone;
    let today = context.now.with_timezone(&zone).date_naive();
    let day = day.or_else(|| today.succ_opt()).filter(|day| *day > today).ok_or(Refusal::TimeOver)?;
    let morning =
        context.policy.quiet.map(|quiet| quiet.to).or(NaiveTime::from_hms_opt(8, 0, 0)).unwrap_or_default();
    let until = local_instant(day, morning, zone).ok_or(Refusal::TimeOver)?;
    let mut events = vec![held(until, answer)];
    if let (StageKind::Offered | StageKind::Assigned, Some(courier)) =
        (delivery.stage.kind(), delivery.stage.courier())
    {
        events.push(Event::Unassigned { courier, reason: "not_today".to_owned(), at: context.now });
    }
    Ok(events)
}

/// A refusal by the customer's own authenticated word is final; a reported or texted one is shown to a person first
/// where it could not be undone.
fn refused(delivery: &Delivery, reason: &str, source: Source, context: &Context<'_>) -> Vec<Event> {
    let said = if reason.trim().is_empty() { "the customer does not want it" } else { reason };
    let mut events = vec![Event::CustomerRefused { reason: said.to_owned() }];
    let dispatcher = context.actor.role() == Role::Dispatcher;
    let sure = matches!(source, Source::Link | Source::App) || dispatcher;
    // A text may be forged and a return is not undone; the courier heard the customer themself.
    let carried = delivery.stage.kind() == StageKind::Collected;
    if carried && (source != Source::Sms || dispatcher) {
        events.push(returning(ReturnReason::Refused, context, said));
    } else if sure && !carried {
        events.extend(cancelled(delivery, said, context));
    } else {
        events.extend(flagged(delivery, FlagKind::CustomerWrote, said, context));
    }
    events
}

pub(in crate::delivery) fn override_gate(
    delivery: &Delivery,
    command: &Command,
    context: &Context<'_>,
) -> Decided {
    let Command::Override { reason, valid_s } = command else { return Err(mismatch(delivery, command)) };
    text("reason", reason, MOST_WORDS)?;
    let by = ClearedBy::Override { by: context.actor, reason: reason.clone() };
    let valid_until = context.now + Duration::seconds((*valid_s).clamp(60, 86_400));
    Ok(vec![Event::Cleared { by, at: context.now, from: None, valid_until }])
}

pub(in crate::delivery) fn ask_again(_: &Delivery, _: &Command, context: &Context<'_>) -> Decided {
    Ok(vec![Event::AskedAgain { by: context.actor, at: context.now }])
}

pub(in crate::delivery) fn record_sent(delivery: &Delivery, command: &Command, _: &Context<'_>) -> Decided {
    let Command::RecordSent { notice, channel, provider_id } = command else {
        return Err(mismatch(delivery, command));
    };
    Ok(vec![Event::NoticeSent {
        notice: notice.clone(),
        channel: channel.clone(),
        provider_id: provider_id.clone(),
    }])
}

pub(in crate::delivery) fn record_send_failed(
    delivery: &Delivery,
    command: &Command,
    context: &Context<'_>,
) -> Decided {
    let Command::RecordSendFailed { notice, cause } = command else {
        return Err(mismatch(delivery, command));
    };
    let mut events =
        vec![Event::NoticeFailed { notice: notice.clone(), cause: cause.clone(), at: context.now }];
    let open = !delivery.stage.kind().is_final();
    events.extend(flagged(delivery, FlagKind::NoticeFailed, cause, context).filter(|_| open));
    Ok(events)
}
