//! From a kind of notice and its facts to words: subject, plain text, HTML and a short form for text messages.
//!
//! The door code never stands in a notice: it is on the person's page, behind the link.

use std::sync::LazyLock;

use askama::Template;
use callahead_domain::contact::Language;
use callahead_domain::delivery::effect::Notice;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Message, Recipient, sms_text};
use crate::words::{Args, Words, WordsError, when};

static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words::new(|language| vec![when::source(language), source(language)]));

/// The words of notices.
fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("templates/en.ftl"),
        Language::Ko => include_str!("templates/ko.ftl"),
        Language::Ru => include_str!("templates/ru.ftl"),
        Language::Zh => include_str!("templates/zh.ftl"),
        Language::Ar => include_str!("templates/ar.ftl"),
    }
}

/// What is put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// For a customer.
    Customer(Notice),
    /// For a courier: the one-time code.
    CourierSignInCode,
}

impl NoticeKind {
    /// All kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        Notice::ALL.into_iter().map(Self::Customer).chain([Self::CourierSignInCode])
    }

    /// Stable name, as in jobs and events.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer(notice) => notice.name(),
            Self::CourierSignInCode => "courier_sign_in_code",
        }
    }

    fn key(self, part: &str) -> String {
        format!("{}-{part}", self.name().replace('_', "-"))
    }
}

/// What the words are made of. A kind that needs a fact which is absent is an error, never a gap in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFacts {
    /// The shop's name.
    pub shop: String,
    /// The order's reference as the customer knows it.
    pub reference: String,
    /// The moment of rendering: decides what `today` means.
    pub now: DateTime<Utc>,
    /// The region's zone.
    pub zone: Tz,
    /// When the courier is to come: ask, reminder, last ask, on the way, late.
    pub window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When it happened: missed, handed over.
    pub at: Option<DateTime<Utc>>,
    /// The customer's page: all but the sign-in code.
    pub link: Option<String>,
    /// The courier's first name: on the way, missed.
    pub courier: Option<String>,
    /// E.164; adds a line where known.
    pub shop_phone: Option<String>,
    /// The one-time code: the sign-in code alone.
    pub code: Option<String>,
}

/// A notice in words.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line, without any code.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML for mail readers: inline styles, nothing fetched.
    pub html: String,
    /// For a text message: one message long, unless the link alone is too long for that.
    pub short: String,
    /// The customer's page.
    pub link: Option<String>,
}

/// Leaves the words out: they may hold a sign-in code.
impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered").finish_non_exhaustive()
    }
}

impl Rendered {
    /// Freezes the notice for one person. `id` names the notice for good, whichever channel carries it.
    #[must_use]
    pub fn into_message(self, id: String, to: Recipient) -> Message {
        Message { id, to, subject: self.subject, text: self.text, html: Some(self.html), link: self.link }
    }
}

/// Why a notice cannot be put into words.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A mistake in our words.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// A mistake in our HTML.
    #[error("notice as HTML: {0}")]
    Html(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "mail/notice.html")]
struct NoticeHtml<'a> {
    lang: &'static str,
    dir: &'static str,
    subject: &'a str,
    greeting: Option<&'a str>,
    lead: &'a str,
    button: Option<(&'a str, &'a str)>,
    lines: &'a [String],
}

/// Puts a notice into words. `name` is how the person is greeted; empty for none.
///
/// # Errors
/// [`RenderError`] where a fact the kind needs is absent.
pub fn render(
    kind: NoticeKind,
    language: Language,
    name: &str,
    facts: &NoticeFacts,
) -> Result<Rendered, RenderError> {
    let args = arguments(language, name, facts)?;
    let say = |key: &str| WORDS.say(language, key, &args);
    let subject = say(&kind.key("subject"))?;
    let lead = say(&kind.key("lead"))?;
    let greeting = if name.is_empty() { None } else { Some(say("greeting")?) };
    let button = match kind {
        NoticeKind::CourierSignInCode => None,
        _ => Some((say(&kind.key("button"))?, facts.link.clone().unwrap_or_default())),
    };
    let lines = closing_lines(kind, facts, &say)?;
    let html = NoticeHtml {
        lang: language.tag(),
        dir: language.direction(),
        subject: &subject,
        greeting: greeting.as_deref(),
        lead: &lead,
        button: button.as_ref().map(|(label, href)| (label.as_str(), href.as_str())),
        lines: &lines,
    }
    .render()?;
    let short = short(kind, language, &args)?;
    let button_line = button.map(|(label, href)| format!("{label}: {href}"));
    let blocks = [greeting, Some(lead), button_line, Some(lines.join("\n"))];
    let text = blocks.into_iter().flatten().collect::<Vec<_>>().join("\n\n") + "\n";
    Ok(Rendered { subject, text, html, short, link: facts.link.clone() })
}

fn closing_lines(
    kind: NoticeKind,
    facts: &NoticeFacts,
    say: &dyn Fn(&str) -> Result<String, WordsError>,
) -> Result<Vec<String>, WordsError> {
    let NoticeKind::Customer(notice) = kind else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    if notice.asks() {
        lines.push(say("own-page")?);
    } else if notice == Notice::OnTheWay {
        lines.push(say("no-code-by-phone")?);
    }
    if facts.shop_phone.is_some() {
        lines.push(say("call-the-shop")?);
    }
    lines.push(say("sign-off")?);
    Ok(lines)
}

/// The arguments there are; what is absent stays absent, so that a word which needs it is refused.
fn arguments(language: Language, name: &str, facts: &NoticeFacts) -> Result<Args, WordsError> {
    let mut args = Args::from([("shop", facts.shop.clone()), ("reference", facts.reference.clone())]);
    let optional = [
        ("name", Some(name.to_owned())),
        ("link", facts.link.clone()),
        ("courier", facts.courier.clone()),
        ("phone", facts.shop_phone.clone()),
        ("code", facts.code.clone()),
        ("window", facts.window.map(|(start, end)| when::window(start, end, facts.zone))),
        ("at", facts.at.map(|at| when::clock_time(at, facts.zone))),
    ];
    args.extend(optional.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))));
    if let Some(moment) = facts.window.map(|(start, _)| start).or(facts.at) {
        let date = when::local_date(moment, facts.zone);
        let day = when::day_word(&WORDS, language, date, when::local_date(facts.now, facts.zone))?;
        args.insert("day", day);
    }
    Ok(args)
}

/// The text-message form: hyphens instead of dashes, the link without its scheme, and the shop's name cut down to what
/// is left of one message. Where even that does not help (a long link, two scripts mixed) the name stays whole.
fn short(kind: NoticeKind, language: Language, args: &Args) -> Result<String, WordsError> {
    let mut args = args.clone();
    if let Some(window) = args.get_mut("window") {
        *window = window.replace('–', "-");
    }
    if let Some(link) = args.get_mut("link") {
        *link = link.trim_start_matches("https://").to_owned();
    }
    let key = kind.key("short");
    let whole = WORDS.say(language, &key, &args)?;
    let mut text = whole.clone();
    let mut shop: Vec<char> = args.get("shop").map(|shop| shop.chars().collect()).unwrap_or_default();
    while !sms_text::measure(&text).fits() {
        if shop.len() <= SHORTEST_SHOP {
            return Ok(whole);
        }
        shop.pop();
        args.insert("shop", shop.iter().collect::<String>().trim_end().to_owned());
        text = WORDS.say(language, &key, &args)?;
    }
    Ok(text)
}

/// A shop's name is not cut below this many characters.
const SHORTEST_SHOP: usize = 2;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::keys_and_arguments;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn facts() -> NoticeFacts {
        NoticeFacts {
            shop: "Saltmarket Grocer".to_owned(),
            reference: "K-2291".to_owned(),
            now: at("2026-05-14T08:30:00Z"),
            zone: chrono_tz::Asia::Seoul,
            window: Some((at("2026-05-14T09:20:00Z"), at("2026-05-14T09:35:00Z"))),
            at: Some(at("2026-05-14T09:26:00Z")),
            link: Some("https://p.example/t/Zm9vYmFyYmF6cXV4Zm9vYg".to_owned()),
            courier: Some("Odo".to_owned()),
            shop_phone: Some("+15550110".to_owned()),
            code: Some("482913".to_owned()),
        }
    }

    #[test]
    fn every_kind_is_said_in_every_language_with_the_words_in_place() {
        for language in Language::ALL {
            for kind in NoticeKind::all() {
                let said = render(kind, language, "Mira", &facts()).unwrap();
                assert!(said.text.contains("Mira"), "{}", said.text);
                for part in [&said.subject, &said.text, &said.html, &said.short] {
                    assert!(!part.is_empty() && !part.contains(['{', '}', '\u{2068}', '\u{2069}']), "{part}");
                }
                if kind == NoticeKind::CourierSignInCode {
                    assert!(said.text.contains("482913") && said.short.contains("482913"));
                    assert!(!said.subject.contains("482913"));
                } else {
                    assert!(
                        said.text.contains("https://p.example/t/")
                            && said.html.contains("https://p.example/t/")
                    );
                    assert!(!said.text.contains("482913"), "a door code never stands in a notice");
                }
            }
        }
    }

    #[test]
    fn the_question_names_the_shop_the_day_and_the_window_of_the_region() {
        let said = render(NoticeKind::Customer(Notice::Ask), Language::En, "Mira", &facts()).unwrap();
        assert_eq!(said.subject, "Saltmarket Grocer: will you be home today 18:20–18:35?");
        assert_eq!(
            said.short,
            "Saltmarket Grocer: will you be home today 18:20-18:35? Answer: p.example/t/Zm9vYmFyYmF6cXV4Zm9vYg"
        );
        let said = render(NoticeKind::Customer(Notice::Ask), Language::Ko, "미라", &facts()).unwrap();
        assert_eq!(said.subject, "Saltmarket Grocer: 오늘 18:20–18:35에 집에 계십니까?");
    }

    #[test]
    fn short_forms_fit_one_text_message_even_for_a_long_shop_name() {
        let long_name = "Very Long Name ".repeat(9);
        let shops = [
            (Language::En, "Saltmarket Grocer"),
            (Language::En, long_name.as_str()),
            (Language::Ko, "Saltmarket Grocer"),
            (Language::Ko, "소금시장 식료품 상점"),
            (Language::Ru, "Бакалея «Солтмаркет»"),
            (Language::Zh, "盐市杂货"),
            (Language::Ar, "بقالة سوق الملح"),
        ];
        for (language, shop) in shops {
            for kind in NoticeKind::all() {
                let facts = NoticeFacts { shop: shop.to_owned(), ..facts() };
                let said = render(kind, language, "", &facts).unwrap().short;
                let length = sms_text::measure(&said);
                assert!(length.fits(), "{length:?}: {said}");
            }
        }
    }

    #[test]
    fn a_name_is_not_mangled_where_that_would_not_make_the_message_fit() {
        let facts = NoticeFacts { shop: "소금시장 식료품 상점".to_owned(), ..facts() };
        let said = render(NoticeKind::Customer(Notice::Ask), Language::En, "", &facts).unwrap().short;
        assert!(said.starts_with("소금시장 식료품 상점: "), "{said}");
    }

    #[test]
    fn a_notice_that_lacks_a_fact_is_refused_instead_of_sent_with_a_gap() {
        let bare = NoticeFacts { window: None, at: None, courier: None, link: None, code: None, ..facts() };
        for kind in NoticeKind::all() {
            assert!(render(kind, Language::En, "Mira", &bare).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn names_from_outside_cannot_bring_their_own_html() {
        let evil = NoticeFacts { shop: "<b>Shop</b>".to_owned(), ..facts() };
        let said = render(NoticeKind::Customer(Notice::Ask), Language::En, "<i>Mira</i>", &evil).unwrap();
        assert!(!said.html.contains("<b>Shop") && !said.html.contains("<i>Mira"), "{}", said.html);
    }

    #[test]
    fn every_language_has_the_same_keys_and_uses_no_other_arguments_than_english() {
        let keys = |words: &std::collections::BTreeMap<String, Vec<String>>| {
            words.keys().cloned().collect::<BTreeSet<_>>()
        };
        let en = keys_and_arguments(source(Language::En));
        for language in Language::ALL {
            let theirs = keys_and_arguments(source(language));
            assert_eq!(keys(&en), keys(&theirs), "{language}");
            for (key, arguments) in &theirs {
                assert!(arguments.iter().all(|argument| en[key].contains(argument)), "{language}: {key}");
            }
        }
    }
}
