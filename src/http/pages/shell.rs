//! What all pages share: the words, the head, the header, the footer.

use std::sync::LazyLock;

use callahead_domain::contact::Language;
use chrono::{DateTime, NaiveDate, Utc};

use super::css_path;
use super::view::{Frame, Span};
use crate::words::{Args, Words, when};

pub(super) static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::new(&[when::EN, include_str!("en.ftl")], &[when::KO, include_str!("ko.ftl")]));

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
        when::day_word(&WORDS, self.0, date, today).map_err(|error| askama::Error::Custom(Box::new(error)))
    }

    pub(super) fn date(self, date: NaiveDate) -> askama::Result<String> {
        when::day_date(&WORDS, self.0, date).map_err(|error| askama::Error::Custom(Box::new(error)))
    }

    fn other(self) -> Language {
        match self.0 {
            Language::En => Language::Ko,
            Language::Ko => Language::En,
        }
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
    pub(super) other_lang: &'static str,
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
            lang_href: format!("{}?lang={}", frame.link, say.other().tag()),
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
            other_lang: say.other().tag(),
            lang_href: format!("?lang={}", say.other().tag()),
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
        self.lang_href = format!("{}?step={step}&lang={}", self.link, self.other_lang);
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
