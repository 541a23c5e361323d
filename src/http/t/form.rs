//! What a form of the customer's page says, and what is done about it.

use super::screen::{self, Wanted, page_for, refused_page};
use crate::app::customer::{Visit, offers};
use crate::app::{App, Error};
use crate::http::pages::Page;
use crate::http::pages::view::{AddressView, AnswerRefused, FieldError, LaterView, NotTodayView, OtherView};
use actix_web::web;
use callahead_domain::call_ahead::answer::Source;
use callahead_domain::call_ahead::{Outcome, Receiver};
use callahead_domain::contact::{PersonName, Phone};
use callahead_domain::delivery::{Refusal, Reply};
use callahead_domain::id::AnswerId;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::HashMap;
use subtle::ConstantTimeEq;

/// Most characters of a note.
const MOST_NOTE: usize = 140;
/// Most characters of an address.
const MOST_ADDRESS: usize = 300;
/// A free time may lie this far ahead.
const MOST_AHEAD_H: i64 = 24;

/// The fields of a form, each once; the first counts.
#[derive(Debug, Default)]
pub struct Form(HashMap<String, String>);

impl Form {
    /// Reads a body of `application/x-www-form-urlencoded`; `None` where it is not UTF-8 or no form.
    pub fn parse(bytes: &[u8]) -> Option<Form> {
        let text = std::str::from_utf8(bytes).ok()?;
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text).ok()?.into_inner();
        let mut fields = HashMap::new();
        for (name, value) in pairs {
            fields.entry(name).or_insert(value);
        }
        Some(Form(fields))
    }

    /// A field as written, empty where it is missing.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The form with this answer, where its address names one.
    #[must_use]
    pub fn with_answer(mut self, answer: Option<&str>) -> Form {
        if let Some(answer) = answer {
            self.0.insert("answer".to_owned(), answer.to_owned());
        }
        self
    }

    /// Whether the form carries the token of this delivery; the time it takes tells nothing.
    pub fn is_ours(&self, visit: &Visit) -> bool {
        bool::from(self.get("csrf").as_bytes().ct_eq(visit.form_token.as_bytes()))
    }

    /// A follow-up form, and not the first press.
    fn follows_up(&self) -> bool {
        ["step", "slot", "time", "day", "name", "phone", "confirm"]
            .iter()
            .any(|name| !self.get(name).trim().is_empty())
    }
}

/// What came of a form.
#[derive(Debug)]
pub enum Outcomes {
    /// Done, or the next page: go there with 303. What follows the link, a query or nothing.
    See(&'static str),
    /// This page, with this status.
    Show(Box<Page>, u16),
}

impl Outcomes {
    fn show(page: Page, status: u16) -> Outcomes {
        Outcomes::Show(Box::new(page), status)
    }
}

/// What a form does. `token`: the link's, to look again after a refusal.
///
/// # Errors
/// What is nobody's choice: the database, a mistake of ours, a link that closed meanwhile.
pub async fn take(app: &App, visit: &Visit, token: &str, form: &Form) -> Result<Outcomes, Error> {
    let link = super::link(token);
    let done = match form.get("answer") {
        "home_now" => answer(app, visit, Outcome::HomeNow).await,
        "later" | "not_today" | "receiver_named" | "refused" | "cancel" if !form.follows_up() => {
            return Ok(Outcomes::See(first_press(form.get("answer"))));
        }
        "later" => match chosen_time(visit, form) {
            Ok(from) => answer(app, visit, Outcome::HomeFrom { from }).await,
            Err(error) => return Ok(later_again(visit, &link, form, error)),
        },
        "not_today" => match chosen_day(visit, form) {
            Ok(day) => answer(app, visit, Outcome::NotToday { day: Some(day) }).await,
            Err(error) => return Ok(not_today_again(visit, &link, error)),
        },
        "receiver_named" => match receiver(visit, form) {
            Ok(receiver) => answer(app, visit, Outcome::ReceiverNamed { receiver }).await,
            Err(errors) => return Ok(other_again(visit, &link, form, errors)),
        },
        "refused" | "cancel" if form.get("confirm") == "yes" => {
            app.cancel_by_link(visit, Some(form.get("reason"))).await
        }
        "refused" | "cancel" => return Ok(Outcomes::See("?step=refused")),
        "address" => match told_address(form) {
            Ok(text) => app.correct_address_by_link(visit, &text).await,
            Err(error) => return Ok(address_again(visit, &link, form, error)),
        },
        "note" => return note(app, visit, &link, form.get("note")).await,
        "rotate_code" => rotate(app, visit).await,
        "dispute" => app.dispute_by_link(visit, form.get("reason")).await,
        _ => return Ok(Outcomes::show(refused_page(visit, &link, AnswerRefused::Stale), 422)),
    };
    match done {
        Ok(()) => Ok(Outcomes::See("")),
        Err(Error::Refused(refused)) => refusal(app, visit, token, form, &refused.refusal).await,
        Err(Error::Rule(_)) => Ok(Outcomes::show(refused_page(visit, &link, AnswerRefused::Stale), 422)),
        Err(error) => Err(error),
    }
}

fn first_press(answer: &str) -> &'static str {
    match answer {
        "later" => "?step=later",
        "not_today" => "?step=not_today",
        "receiver_named" => "?step=receiver_named",
        _ => "?step=refused",
    }
}

async fn answer(app: &App, visit: &Visit, outcome: Outcome) -> Result<(), Error> {
    // A note stays beside the answer until another takes its place.
    let note = visit.delivery.answer.as_ref().map(|answer| answer.note.clone()).unwrap_or_default();
    let reply =
        Reply { id: app.ids().make(AnswerId::from_parts), outcome, note, source: Source::Link, region: None };
    app.answer_by_link(visit, reply).await.map(drop)
}

/// A new code is made only where the old one is locked, so that a second press does not void what the first one made.
async fn rotate(app: &App, visit: &Visit) -> Result<(), Error> {
    if visit.delivery.code.locked() { app.rotate_code_by_link(visit).await } else { Ok(()) }
}

async fn note(app: &App, visit: &Visit, link: &str, note: &str) -> Result<Outcomes, Error> {
    let note = note.trim();
    let readable = !note.chars().any(char::is_control);
    if note.chars().count() > MOST_NOTE || !readable {
        let page = screen::note_refused(visit, link, note.to_owned());
        return Ok(Outcomes::show(
            page.unwrap_or_else(|| refused_page(visit, link, AnswerRefused::MovedOn)),
            422,
        ));
    }
    match app.note_by_link(visit, note).await {
        Ok(_) => Ok(Outcomes::See("?kept=1")),
        Err(Error::Refused(_) | Error::Rule(_)) => {
            Ok(Outcomes::show(refused_page(visit, link, AnswerRefused::MovedOn), 409))
        }
        Err(error) => Err(error),
    }
}

/// The domain said no: told at the field where the content was wrong, else the page as it stands now.
async fn refusal(
    app: &App,
    visit: &Visit,
    token: &str,
    form: &Form,
    refusal: &Refusal,
) -> Result<Outcomes, Error> {
    let link = super::link(token);
    Ok(match (refusal, form.get("answer")) {
        (Refusal::AfterHours { last }, _) => later_again(visit, &link, form, FieldError::AfterHours(*last)),
        (Refusal::TimeOver | Refusal::TooFarAhead { .. }, "not_today") => {
            not_today_again(visit, &link, FieldError::DayTaken)
        }
        (Refusal::TimeOver | Refusal::TooFarAhead { .. }, _) => {
            later_again(visit, &link, form, FieldError::TimeTaken)
        }
        _ => {
            let now = app.visit(token).await?;
            Outcomes::show(refused_page(&now, &link, AnswerRefused::MovedOn), 409)
        }
    })
}

fn wanted_time(form: &Form) -> &str {
    let (slot, time) = (form.get("slot").trim(), form.get("time").trim());
    if time.is_empty() { slot } else { time }
}

fn chosen_time(visit: &Visit, form: &Form) -> Result<DateTime<Utc>, FieldError> {
    let text = wanted_time(form);
    if text.is_empty() {
        return Err(FieldError::NoTime);
    }
    let at: DateTime<Utc> = text.parse().map_err(|_| FieldError::NoTime)?;
    let ahead = at > visit.now && at <= visit.now + TimeDelta::hours(MOST_AHEAD_H);
    if ahead { Ok(at) } else { Err(FieldError::TimeTaken) }
}

fn chosen_day(visit: &Visit, form: &Form) -> Result<NaiveDate, FieldError> {
    let day: NaiveDate = form.get("day").trim().parse().map_err(|_| FieldError::NoDay)?;
    let offered = offers::days(visit.now, &visit.policy).iter().any(|offer| offer.date == day);
    if offered { Ok(day) } else { Err(FieldError::DayTaken) }
}

fn receiver(visit: &Visit, form: &Form) -> Result<Receiver, Vec<FieldError>> {
    let (name, phone) = (form.get("name").trim(), form.get("phone").trim());
    let mut errors = Vec::new();
    if name.is_empty() {
        errors.push(FieldError::NoName);
    } else if PersonName::parse(name).is_err() {
        errors.push(FieldError::BadName);
    }
    let number = (!phone.is_empty()).then(|| Phone::parse(phone, visit.shop.country.as_deref()));
    if matches!(number, Some(Err(_))) {
        errors.push(FieldError::BadPhone);
    }
    if errors.is_empty() {
        let phone = number.and_then(Result::ok).map(|phone| phone.as_str().to_owned());
        Ok(Receiver { name: name.to_owned(), phone })
    } else {
        Err(errors)
    }
}

/// An address on one line: a page without script sends no line breaks but those somebody put in.
fn told_address(form: &Form) -> Result<String, FieldError> {
    let text = form.get("text").split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().count() {
        0 => Err(FieldError::NoAddress),
        1..=MOST_ADDRESS if !text.chars().any(char::is_control) => Ok(text),
        _ => Err(FieldError::BadAddress),
    }
}

fn address_again(visit: &Visit, link: &str, form: &Form, error: FieldError) -> Outcomes {
    match page_for(visit, Wanted::Standing, link) {
        Page::Address(view) => {
            let text = form.get("text").chars().take(2 * MOST_ADDRESS).collect();
            Outcomes::show(Page::Address(AddressView { text, error: Some(error), ..view }), 422)
        }
        moved => Outcomes::show(moved, 409),
    }
}

/// The state's own page where the follow-up is not open any more.
fn open_for(visit: &Visit, link: &str, wanted: Wanted) -> Result<(), Outcomes> {
    let page = page_for(visit, wanted, link);
    match page {
        Page::Later(_) | Page::NotToday(_) | Page::Other(_) => Ok(()),
        page => Err(Outcomes::show(page, 409)),
    }
}

fn later_again(visit: &Visit, link: &str, form: &Form, error: FieldError) -> Outcomes {
    if let Err(moved) = open_for(visit, link, Wanted::Later) {
        return moved;
    }
    let view = screen::later(visit, screen::frame(visit, link));
    let chosen = wanted_time(form).parse().ok();
    Outcomes::show(Page::Later(LaterView { chosen, error: Some(error), ..view }), 422)
}

fn not_today_again(visit: &Visit, link: &str, error: FieldError) -> Outcomes {
    if let Err(moved) = open_for(visit, link, Wanted::NotToday) {
        return moved;
    }
    let view = screen::not_today(visit, screen::frame(visit, link));
    Outcomes::show(Page::NotToday(NotTodayView { error: Some(error), ..view }), 422)
}

fn other_again(visit: &Visit, link: &str, form: &Form, errors: Vec<FieldError>) -> Outcomes {
    if let Err(moved) = open_for(visit, link, Wanted::Other) {
        return moved;
    }
    let view = screen::other(visit, screen::frame(visit, link));
    let typed = |name: &str| form.get(name).chars().take(200).collect::<String>();
    Outcomes::show(Page::Other(OtherView { name: typed("name"), phone: typed("phone"), errors, ..view }), 422)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_form_keeps_the_first_of_each_field_and_reads_every_script() {
        let form = Form::parse("answer=note&note=%EB%AC%B8+앞&note=second&csrf=".as_bytes()).unwrap();
        assert_eq!((form.get("answer"), form.get("note"), form.get("missing")), ("note", "문 앞", ""));
        assert!(Form::parse(&[b'a', b'=', 0xff]).is_none());
        assert_eq!(Form::parse(b"").unwrap().get("answer"), "");
    }

    #[test]
    fn an_empty_follow_up_differs_from_a_first_press() {
        assert!(!Form::parse(b"answer=later&csrf=x").unwrap().follows_up());
        assert!(Form::parse(b"answer=later&step=1&slot=&time=").unwrap().follows_up());
        assert!(Form::parse(b"answer=not_today&day=2026-05-15").unwrap().follows_up());
    }
}
