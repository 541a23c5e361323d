//! What all pages share: the words, the head, the header, the footer.

use std::sync::LazyLock;

use callahead_domain::contact::Language;
use chrono::{DateTime, NaiveDate, Utc};

use super::css_path;
use super::view::{Frame, Span};
use crate::words::{Args, Words, when};

pub(super) static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::for_pages(|language| vec![source(language)]));

/// Days are said without isolation marks: the sentence they stand in sets them apart as a whole.
static DAYS: LazyLock<Words> = LazyLock::new(|| Words::new(|language| vec![when::source(language)]));

/// The words of the pages.
pub(super) fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("en.ftl"),
        Language::Ko => include_str!("ko.ftl"),
        Language::Ru => include_str!("ru.ftl"),
        Language::Zh => include_str!("zh.ftl"),
        Language::Ar => include_str!("ar.ftl"),
    }
}

/// The words of one language, for code and templates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Say(pub(super) Language);

impl Say {
    pub(super) fn word(self, key: &str) -> askama::Result<String> {
        self.with(key, &[])
    }

    pub(super) fn with(self, key: &str, args: &[(&'static str, &str)]) -> askama::Result<String> {
        let args: Args = args.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        WORDS.say(self.0, key, &args).map_err(|error| askama::Error::Custom(Box::new(error)))
    }

    /// `today`, `tomorrow`, a date.
    pub(super) fn day(self, date: NaiveDate, frame: &Frame) -> askama::Result<String> {
        let today = when::local_date(frame.now, frame.zone);
        when::day_word(&DAYS, self.0, date, today).map_err(|error| askama::Error::Custom(Box::new(error)))
    }

    pub(super) fn date(self, date: NaiveDate) -> askama::Result<String> {
        when::day_date(&DAYS, self.0, date).map_err(|error| askama::Error::Custom(Box::new(error)))
    }
}

pub(super) fn span(frame: &Frame, span: Span) -> String {
    when::window(span.start, span.end, frame.zone)
}

pub(super) fn clock(frame: &Frame, at: DateTime<Utc>) -> String {
    when::clock_time(at, frame.zone)
}

/// The first letter as a capital, for a sentence that starts with a day.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The parts around a page.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    say: Say,
    pub(super) lang: &'static str,
    pub(super) dir: &'static str,
    /// Where the links to other languages lead, `lang=` and the tag behind it.
    pub(super) lang_href: String,
    pub(super) title: String,
    pub(super) css: &'static str,
    pub(super) order: Option<(String, String)>,
    pub(super) back: Option<String>,
    pub(super) tel: Option<String>,
    /// How the window in the street looks; empty for no street.
    pub(super) art: &'static str,
    pub(super) refresh: bool,
    pub(super) link: String,
    pub(super) csrf: String,
}

impl Shell {
    /// For a page of a known delivery.
    pub(super) fn framed(say: Say, frame: &Frame, heading: &str) -> Self {
        Self {
            lang_href: format!("{}?", frame.link),
            title: format!("{heading} · {}", frame.shop),
            order: Some((frame.shop.clone(), frame.reference.clone())),
            tel: frame.shop_phone.as_deref().map(tel),
            link: frame.link.clone(),
            csrf: frame.csrf.clone(),
            ..Self::bare(say, heading)
        }
    }

    /// For a page that knows no delivery.
    pub(super) fn bare(say: Say, heading: &str) -> Self {
        Self {
            say,
            lang: say.0.tag(),
            dir: say.0.direction(),
            lang_href: "?".to_owned(),
            title: heading.to_owned(),
            css: css_path(),
            order: None,
            back: None,
            tel: None,
            art: "",
            refresh: false,
            link: String::new(),
            csrf: String::new(),
        }
    }

    /// A follow-up page: a way back in place of the shop, and a language link that stays on the page.
    pub(super) fn step(mut self, step: &str, back: &str) -> Self {
        self.back = Some(format!("{}{back}", self.link));
        self.lang_href = format!("{}?step={step}&", self.link);
        self
    }

    pub(super) fn art(mut self, look: &'static str) -> Self {
        self.art = look;
        self
    }

    /// Puts "Error:" in front of the title.
    pub(super) fn failed(mut self, failed: bool) -> askama::Result<Self> {
        if failed {
            self.title = self.say.with("error-prefix", &[("title", &self.title)])?;
        }
        Ok(self)
    }

    /// The other languages, each with its tag and its own name for itself.
    pub(super) fn others(&self) -> askama::Result<Vec<(&'static str, String)>> {
        let others = Language::ALL.into_iter().filter(|other| *other != self.say.0);
        others.map(|other| Ok((other.tag(), Say(other).word("language-name")?))).collect()
    }

    /// For templates.
    pub(super) fn say(&self, key: &str) -> askama::Result<String> {
        self.say.word(key)
    }
}

/// A link that dials: nothing but digits and the plus survives.
fn tel(phone: &str) -> String {
    let digits: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    format!("tel:{digits}")
}
