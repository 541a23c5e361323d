//! From views to templates: every word chosen, every time formatted; the templates only place them.

use askama::{Result, Template};
use callahead_domain::contact::Language;
use chrono::{DateTime, SecondsFormat, Utc};

use super::shell::{Say, Shell, capital, clock, span};
use super::view::{
    AnswerRefused, Answered, AnsweredView, AskReason, AskView, CancelView, ErrorKind, ErrorView, FieldError,
    Frame, GoneReason, GoneView, LaterView, MoneyLine, MoneyState, NearView, NotTodayView, OnTheWayView,
    OtherView, ProofKind, ReceiptView, Step,
};
use crate::words::when::local_date;

/// Binds a template file to its parts: `s` around the page, `p` the page itself.
macro_rules! page {
    ($name:ident, $parts:ty, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name {
            s: Shell,
            p: $parts,
        }
    };
}

page!(AskPage, AskParts, "customer/ask.html");
page!(LaterPage, LaterParts, "customer/later.html");
page!(NotTodayPage, NotTodayParts, "customer/not_today.html");
page!(OtherPage, OtherParts, "customer/other.html");
page!(CancelPage, CancelParts, "customer/cancel.html");
page!(AnsweredPage, AnsweredParts, "customer/answered.html");
page!(OnTheWayPage, OnTheWayParts, "customer/on_the_way.html");
page!(NearPage, NearParts, "customer/near.html");
page!(ReceiptPage, ReceiptParts, "customer/receipt.html");
page!(GonePage, GoneParts, "customer/gone.html");
page!(ErrorPage, ErrorParts, "customer/error.html");

struct AskParts {
    refused: Option<String>,
    heading: String,
    /// The window and the words after it.
    window: Option<(String, String)>,
    sub: String,
    yes: Option<(String, Option<String>)>,
    until: Option<String>,
}

pub(super) fn ask(view: &AskView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let moment = view.window.map_or(frame.now, |window| window.start);
    let day = capital(&say.day(local_date(moment, frame.zone), frame)?);
    let where_to: &[(&'static str, &str)] = &[("day", &day), ("address", &view.address)];
    let (heading, sub, art) = match (view.reason, view.window) {
        (AskReason::Missed { at }, _) => {
            (say.with("ask-missed", &[("at", &clock(frame, at))])?, say.word("ask-missed-sub")?, "dark")
        }
        (AskReason::Late, Some(_)) => (say.word("ask-late")?, say.with("ask-late-sub", where_to)?, "later"),
        (AskReason::Plain, Some(_)) => (say.word("ask-window")?, say.with("ask-sub", where_to)?, "ask"),
        (_, None) => (say.word("ask-open")?, say.word("ask-open-sub")?, "ask"),
    };
    let asked = view.window.and_then(|window| match view.reason {
        AskReason::Missed { .. } => None,
        AskReason::Late => Some((span(frame, window), "ask-late-end", "ask-yes-late")),
        AskReason::Plain => Some((span(frame, window), "ask-window-end", "ask-yes")),
    });
    let title = if asked.is_some() { say.word("ask-title")? } else { heading.clone() };
    let small = (view.reason == AskReason::Plain).then(|| say.word("ask-yes-small")).transpose()?;
    let yes = asked.as_ref().map(|(_, _, yes)| say.word(yes)).transpose()?;
    let p = AskParts {
        refused: view.refused.map(|why| say.word(refused_key(why))).transpose()?,
        heading,
        window: asked.map(|(window, end, _)| Ok::<_, askama::Error>((window, say.word(end)?))).transpose()?,
        sub,
        yes: yes.map(|yes| (yes, small)),
        until: until(say, frame, view.change_until)?,
    };
    let failed =
        view.refused.is_some_and(|why| !matches!(why, AnswerRefused::SetOff | AnswerRefused::AtDoor));
    let s = Shell::framed(say, frame, &title).art(art).failed(failed)?;
    AskPage { s, p }.render()
}

pub(super) fn refused_key(why: AnswerRefused) -> &'static str {
    match why {
        AnswerRefused::TooLate => "refused-too-late",
        AnswerRefused::MovedOn => "refused-moved-on",
        AnswerRefused::Stale => "refused-stale",
        AnswerRefused::SetOff => "refused-set-off",
        AnswerRefused::AtDoor => "refused-at-door",
    }
}

fn until(say: Say, frame: &Frame, at: Option<DateTime<Utc>>) -> Result<Option<String>> {
    at.map(|at| say.with("change-until", &[("at", &clock(frame, at))])).transpose()
}

/// An error of a field, for the summary and the field itself.
pub(super) struct Told {
    pub(super) field: &'static str,
    pub(super) text: String,
}

pub(super) fn told(say: Say, error: FieldError) -> Result<Told> {
    let (field, key) = match error {
        FieldError::AfterHours(last) => {
            let text = say.with("after-hours", &[("at", &last.format("%H:%M").to_string())])?;
            return Ok(Told { field: "slot", text });
        }
        FieldError::NoTime => ("slot", "no-time"),
        FieldError::TimeTaken => ("slot", "time-taken"),
        FieldError::NoDay => ("day", "no-day"),
        FieldError::DayTaken => ("day", "day-taken"),
        FieldError::NoName => ("name", "no-name"),
        FieldError::BadName => ("name", "bad-name"),
        FieldError::BadPhone => ("phone", "bad-phone"),
        FieldError::NoAddress => ("text", "no-address"),
        FieldError::BadAddress => ("text", "bad-address"),
    };
    Ok(Told { field, text: say.word(key)? })
}

/// One thing to choose.
struct Choice {
    value: String,
    start: String,
    end: String,
    chosen: bool,
}

fn wire(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

struct LaterParts {
    answer: &'static str,
    errors: Vec<Told>,
    first_error: Option<String>,
    slots: Vec<Choice>,
    times: Vec<Choice>,
    cold: bool,
}

pub(super) fn later(view: &LaterView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let slots = view.slots.iter().map(|slot| {
        Ok(Choice {
            value: wire(slot.start),
            start: clock(frame, slot.start),
            end: say.with("later-to", &[("at", &clock(frame, slot.end))])?,
            chosen: view.chosen == Some(slot.start),
        })
    });
    let slots = slots.collect::<Result<Vec<_>>>()?;
    let in_slots = slots.iter().any(|slot| slot.chosen);
    let times = view.times.iter().map(|at| Choice {
        value: wire(*at),
        start: clock(frame, *at),
        end: String::new(),
        chosen: !in_slots && view.chosen == Some(*at),
    });
    let mut errors = view.error.map(|error| told(say, error)).transpose()?.into_iter().collect::<Vec<_>>();
    if slots.is_empty() {
        errors.iter_mut().for_each(|error| error.field = "time");
    }
    let first_error = errors.first().map(|error| error.text.clone());
    let s = Shell::framed(say, frame, &say.word("later-title")?)
        .step("later", "?change=1")
        .failed(view.error.is_some())?;
    let p =
        LaterParts { answer: "later", errors, first_error, slots, times: times.collect(), cold: view.cold };
    LaterPage { s, p }.render()
}

struct NotTodayParts {
    answer: &'static str,
    errors: Vec<Told>,
    first_error: Option<String>,
    days: Vec<Choice>,
    cold: bool,
}

pub(super) fn not_today(view: &NotTodayView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let days = view.days.iter().map(|day| {
        Ok(Choice {
            value: day.date.to_string(),
            start: capital(&say.day(day.date, frame)?),
            end: format!("{}–{}", day.opens.format("%H:%M"), day.closes.format("%H:%M")),
            chosen: false,
        })
    });
    let errors = view.error.map(|error| told(say, error)).transpose()?.into_iter().collect::<Vec<_>>();
    let s = Shell::framed(say, frame, &say.word("not-today-title")?)
        .step("not_today", "?change=1")
        .failed(view.error.is_some())?;
    let p = NotTodayParts {
        answer: "not_today",
        first_error: errors.first().map(|error| error.text.clone()),
        errors,
        days: days.collect::<Result<Vec<_>>>()?,
        cold: view.cold,
    };
    NotTodayPage { s, p }.render()
}

struct OtherParts {
    answer: &'static str,
    errors: Vec<Told>,
    window: Option<String>,
    name: String,
    phone: String,
    name_error: Option<String>,
    phone_error: Option<String>,
}

pub(super) fn other(view: &OtherView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let errors = view.errors.iter().map(|error| told(say, *error)).collect::<Result<Vec<_>>>()?;
    let of_field =
        |field: &str| errors.iter().find(|error| error.field == field).map(|error| error.text.clone());
    let s = Shell::framed(say, frame, &say.word("other-title")?)
        .step("receiver_named", "?change=1")
        .failed(!errors.is_empty())?;
    let p = OtherParts {
        answer: "receiver_named",
        window: view.window.map(|window| span(frame, window)),
        name: view.name.clone(),
        phone: view.phone.clone(),
        name_error: of_field("name"),
        phone_error: of_field("phone"),
        errors,
    };
    OtherPage { s, p }.render()
}

struct CancelParts {
    answer: &'static str,
    back: String,
    kept: Option<String>,
    may_wait: bool,
    carried: bool,
}

pub(super) fn cancel(view: &CancelView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let p = CancelParts {
        answer: "refused",
        back: say.with("cancel-back", &[("amount", &whole(&view.given_back))])?,
        kept: view
            .kept
            .as_ref()
            .map(|kept| say.with("cancel-kept", &[("amount", &whole(kept))]))
            .transpose()?,
        may_wait: view.may_wait,
        carried: view.carried,
    };
    let s = Shell::framed(say, frame, &say.word("cancel-title")?).step("refused", "?change=1").art("dark");
    CancelPage { s, p }.render()
}

/// An amount that does not break before its currency.
fn whole(amount: &str) -> String {
    amount.replace(' ', "\u{a0}")
}

/// The code for the eye and for the ear.
struct CodeParts {
    drawn: String,
    spoken: String,
}

fn code_parts(code: &str) -> CodeParts {
    let digits: Vec<String> = code.chars().filter(|c| !c.is_whitespace()).map(String::from).collect();
    let drawn = digits.chunks(3).map(<[String]>::concat).collect::<Vec<_>>().join(" ");
    CodeParts { drawn, spoken: digits.join(" ") }
}

struct AnsweredParts {
    heading: String,
    /// The window and the words after it.
    window: Option<(String, String)>,
    sub: String,
    initial: String,
    courier: String,
    stops: Option<String>,
    code: Option<CodeParts>,
    note: Option<String>,
    note_kept: bool,
    note_error: bool,
    until: Option<String>,
}

pub(super) fn answered(view: &AnsweredView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let window = view.window.map(|window| span(frame, window)).filter(|_| view.answer == Answered::Home);
    let window =
        window.map(|window| Ok::<_, askama::Error>((window, say.word("answered-home-end")?))).transpose()?;
    let (heading, sub) = answered_words(say, view)?;
    let art = match view.answer {
        Answered::Home | Answered::HomeUntil(_) | Answered::Receiver(_) => "lit",
        Answered::HomeFrom(_) | Answered::NotToday(_) | Answered::Place(_) => "later",
    };
    let stops = view.stops_before.map(|stops| say.with("stops-before", &[("count", &stops.to_string())]));
    let title = match &window {
        Some((window, end)) => format!("{heading} {window}{end}"),
        None => heading.clone(),
    };
    let p = AnsweredParts {
        heading,
        window,
        sub,
        initial: view.courier.as_deref().map_or_else(|| "·".to_owned(), initial),
        courier: match &view.courier {
            Some(courier) => say.with("courier-comes", &[("courier", courier)])?,
            None => say.word("courier-none")?,
        },
        stops: stops.transpose()?,
        code: view.code.as_deref().map(code_parts),
        note: view.note.clone(),
        note_kept: view.note_kept,
        note_error: view.note_error,
        until: until(say, frame, view.change_until)?,
    };
    AnsweredPage { s: Shell::framed(say, frame, &title).art(art).failed(view.note_error)?, p }.render()
}

fn answered_words(say: Say, view: &AnsweredView) -> Result<(String, String)> {
    let frame = &view.frame;
    Ok(match &view.answer {
        Answered::Home if view.window.is_some() => (say.word("answered-home")?, say.word("answered-sub")?),
        Answered::Home => (say.word("answered-home-open")?, say.word("answered-sub")?),
        Answered::HomeFrom(at) => {
            (say.with("answered-from", &[("at", &clock(frame, *at))])?, say.word("answered-sub-later")?)
        }
        Answered::HomeUntil(at) => {
            (say.with("answered-until", &[("at", &clock(frame, *at))])?, say.word("answered-sub")?)
        }
        Answered::Place(place) => {
            (say.word("answered-place")?, say.with("answered-sub-place", &[("place", place)])?)
        }
        Answered::NotToday(Some(date)) => {
            let day = say.day(*date, frame)?;
            (say.with("answered-day", &[("day", &day)])?, say.word("answered-sub-later")?)
        }
        Answered::NotToday(None) => (say.word("answered-day-open")?, say.word("answered-sub-later")?),
        Answered::Receiver(name) => {
            let args: &[(&'static str, &str)] = &[("name", name)];
            (say.with("answered-receiver", args)?, say.with("answered-sub-receiver", args)?)
        }
    })
}

fn initial(name: &str) -> String {
    name.chars().next().map_or_else(String::new, |first| first.to_uppercase().collect())
}

struct StepParts {
    text: String,
    done: bool,
    now: bool,
}

struct OnTheWayParts {
    minutes: Option<String>,
    about: Option<String>,
    promised: Option<String>,
    steps: Vec<StepParts>,
    initial: String,
    courier: String,
    doing: String,
    seen: Option<String>,
    may_change: bool,
    may_show_code: bool,
    kept: Option<String>,
}

const STEPS: [(Step, &str); 4] = [
    (Step::Packed, "step-packed"),
    (Step::OnTheWay, "step-on-the-way"),
    (Step::Next, "step-next"),
    (Step::AtDoor, "step-at-door"),
];

/// A place older than this is told by its time of day.
const SEEN_FRESH_MIN: i64 = 3;

pub(super) fn on_the_way(view: &OnTheWayView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let steps = STEPS.iter().map(|(step, key)| {
        Ok(StepParts { text: say.word(key)?, done: *step < view.step, now: *step == view.step })
    });
    let minutes = view.expected_at.map(|at| ceil_minutes(at - frame.now)).filter(|minutes| *minutes > 0);
    let promised = view.promised_by.map(|at| say.with("way-promised", &[("at", &clock(frame, at))]));
    let p = OnTheWayParts {
        minutes: minutes.map(|minutes| minutes.to_string()),
        about: view.expected_at.filter(|at| *at > frame.now).map(|at| clock(frame, at)),
        promised: promised.transpose()?,
        steps: steps.collect::<Result<Vec<_>>>()?,
        initial: initial(&view.courier),
        courier: view.courier.clone(),
        doing: say.word(if view.step >= Step::Next { "way-next" } else { "way-brings" })?,
        seen: view.seen_at.map(|at| seen(say, frame, at)).transpose()?,
        may_change: view.may_change,
        may_show_code: view.may_show_code,
        kept: view.kept.then(|| say.with("kept-set-off", &[("courier", &view.courier)])).transpose()?,
    };
    let mut s = Shell::framed(say, frame, &say.word("way-title")?);
    s.refresh = view.refreshing;
    OnTheWayPage { s, p }.render()
}

fn ceil_minutes(time: chrono::TimeDelta) -> i64 {
    let seconds = time.num_seconds();
    seconds.div_euclid(60) + i64::from(seconds.rem_euclid(60) > 0)
}

fn seen(say: Say, frame: &Frame, at: DateTime<Utc>) -> Result<String> {
    let minutes = (frame.now - at).num_minutes().max(0);
    if minutes > SEEN_FRESH_MIN {
        return say.with("way-last-seen", &[("at", &clock(frame, at))]);
    }
    say.with("way-seen", &[("minutes", &minutes.to_string())])
}

struct NearParts {
    heading: String,
    sub: String,
    code: Option<CodeParts>,
    picture: Option<String>,
    kept: Option<String>,
}

pub(super) fn near(view: &NearView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let courier: &[(&'static str, &str)] = &[("courier", &view.courier)];
    let count = view.parcels.to_string();
    let heading = say.with(if view.at_door { "near-title" } else { "near-title-early" }, courier)?;
    let sub = match &view.total {
        _ if !view.at_door => say.word("near-early")?,
        Some(total) => say.with("near-sub", &[("count", &count), ("total", &whole(total))])?,
        None => say.with("near-sub-open", &[("count", &count)])?,
    };
    let kept = if view.at_door { "kept-at-door" } else { "kept-set-off" };
    let p = NearParts {
        heading: heading.clone(),
        sub,
        code: view.code.as_deref().map(code_parts),
        picture: view.picture.clone(),
        kept: view.kept.then(|| say.with(kept, courier)).transpose()?,
    };
    let mut s = Shell::framed(say, frame, &heading);
    s.refresh = p.picture.is_some();
    NearPage { s, p }.render()
}

/// A name and a value beside it.
struct Line {
    text: String,
    value: String,
}

fn money_lines(say: Say, lines: &[MoneyLine]) -> Result<Vec<Line>> {
    let key = |state| match state {
        MoneyState::Held => "money-held",
        MoneyState::Taken => "money-taken",
        MoneyState::GivenBack => "money-given-back",
        MoneyState::WaitingForShop => "money-waiting",
        MoneyState::Owed => "money-owed",
        MoneyState::Wanted => "money-wanted",
    };
    lines
        .iter()
        .map(|line| Ok(Line { text: say.word(key(line.state))?, value: line.amount.clone() }))
        .collect()
}

struct ReceiptParts {
    heading: String,
    sub: String,
    lines: Vec<Line>,
    total: String,
    facts: Vec<Line>,
    closes: Option<String>,
    may_object: bool,
    objected: bool,
}

pub(super) fn receipt(view: &ReceiptView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let at = clock(frame, view.at);
    let key = if view.receiver.is_some() { "receipt-title-other" } else { "receipt-title" };
    let heading = say.with(key, &[("at", &at)])?;
    let mut facts = money_lines(say, &view.money)?;
    facts.push(Line { text: say.word("receipt-proof")?, value: say.word(proof_key(view.proof))? });
    let items = view
        .items
        .iter()
        .map(|(text, price)| Line { text: text.clone(), value: price.clone().unwrap_or_default() });
    let closes = view.closes_on.map(|date| say.with("receipt-closes", &[("day", &say.date(date)?)]));
    let p = ReceiptParts {
        heading: heading.clone(),
        sub: receipt_sub(say, view)?,
        lines: items.collect(),
        total: view.total.clone(),
        facts,
        closes: closes.transpose()?,
        may_object: view.may_object,
        objected: view.objected,
    };
    ReceiptPage { s: Shell::framed(say, frame, &heading).art("done"), p }.render()
}

fn receipt_sub(say: Say, view: &ReceiptView) -> Result<String> {
    let day = say.day(local_date(view.at, view.frame.zone), &view.frame)?;
    match (&view.receiver, &view.courier) {
        (None, Some(courier)) => say.with("receipt-sub", &[("courier", courier), ("day", &day)]),
        (None, None) => say.with("receipt-sub-open", &[("day", &day)]),
        (Some(name), None) => say.with("receipt-sub-other-open", &[("name", name), ("day", &day)]),
        (Some(name), Some(courier)) => {
            say.with("receipt-sub-other", &[("name", name), ("courier", courier), ("day", &day)])
        }
    }
}

fn proof_key(proof: ProofKind) -> &'static str {
    match proof {
        ProofKind::Code => "proof-code",
        ProofKind::Scan => "proof-scan",
        ProofKind::Photo => "proof-photo",
        ProofKind::Signature => "proof-signature",
        ProofKind::Witness => "proof-witness",
    }
}

struct GoneParts {
    heading: String,
    sub: String,
    money: Vec<Line>,
}

pub(super) fn gone(view: &GoneView, language: Language) -> Result<String> {
    let say = Say(language);
    let key = match view.reason {
        GoneReason::Unknown => "gone-unknown",
        GoneReason::Finished => "gone-finished",
        GoneReason::Cancelled => "gone-cancelled",
        GoneReason::Returned => "gone-returned",
        GoneReason::Lost => "gone-lost",
    };
    let heading = say.word(key)?;
    let s = match &view.frame {
        Some(frame) => Shell::framed(say, frame, &heading),
        None => Shell::bare(say, &heading),
    };
    let p =
        GoneParts { heading, sub: say.word(&format!("{key}-sub"))?, money: money_lines(say, &view.money)? };
    GonePage { s: s.art("dark"), p }.render()
}

struct ErrorParts {
    heading: String,
    sub: String,
    number: Option<String>,
}

pub(super) fn error(view: &ErrorView, language: Language) -> Result<String> {
    let say = Say(language);
    let key = match view.kind {
        ErrorKind::BadRequest => "error-bad-request",
        ErrorKind::TooMany => "error-too-many",
        ErrorKind::Internal => "error-internal",
    };
    let heading = say.word(key)?;
    let mut s = Shell::bare(say, &heading).failed(true)?;
    s.link = view.link.clone().unwrap_or_default();
    let number = view.request_id.as_ref().map(|id| say.with("error-number", &[("id", id)]));
    let p = ErrorParts { heading, sub: say.word(&format!("{key}-sub"))?, number: number.transpose()? };
    ErrorPage { s, p }.render()
}
