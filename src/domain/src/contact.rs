//! How a person is reached: phone, e-mail, language, name. Checked once at the door, trusted afterwards.
//!
//! `Debug` of a phone number or an address shows the masked form, so that a log line never carries it whole.

use std::fmt;

use phonenumber::{Mode, country};
use serde::{Deserialize, Serialize};

/// Why a phone number was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Characters that do not belong in a phone number, or far too many of them.
    #[error("a phone number has digits, spaces, hyphens, dots, brackets and one leading plus only")]
    Shape,
    /// The default country is not a two-letter country code.
    #[error("not a two-letter country code")]
    Country,
    /// Neither a number of the numbering plans nor a plus and 7 to 15 digits.
    #[error("not a phone number; write it with a plus and its country code")]
    Unknown,
}

/// The longest text looked at as a phone number, in characters.
const PHONE_TEXT_MAX: usize = 40;

/// A phone number in E.164 form: a plus and 7 to 15 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it. A national form needs `default_country` (two letters, `KR`).
    ///
    /// The public numbering plans decide first. A number they do not know is still taken when it is written
    /// with a plus and 7 to 15 digits (spaces and hyphens between them allowed): closed networks have numbers
    /// that foreign tables do not list.
    ///
    /// # Errors
    /// [`PhoneError`]: wrong characters, wrong country code, or no number.
    pub fn parse(raw: &str, default_country: Option<&str>) -> Result<Self, PhoneError> {
        let text = raw.trim();
        if !phone_shape_ok(text) {
            return Err(PhoneError::Shape);
        }
        let country = match default_country {
            None => None,
            Some(code) => Some(code.parse::<country::Id>().map_err(|_| PhoneError::Country)?),
        };
        if let Ok(number) = phonenumber::parse(country, text)
            && phonenumber::is_valid(&number)
        {
            let formatted = phonenumber::format(&number).mode(Mode::E164).to_string();
            if is_e164(&formatted) {
                return Ok(Self(formatted));
            }
        }
        unlisted(text).map(Self).ok_or(PhoneError::Unknown)
    }

    /// The E.164 text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last `n` digits; all of them when there are fewer.
    #[must_use]
    pub fn last_digits(&self, n: usize) -> &str {
        let digits = self.0.trim_start_matches('+');
        digits.get(digits.len().saturating_sub(n)..).unwrap_or(digits)
    }

    /// The number with all but its end starred out: four digits stay of ten or more, two of fewer.
    #[must_use]
    pub fn masked(&self) -> String {
        let count = self.0.len().saturating_sub(1);
        let shown = if count >= 10 { 4 } else { 2 };
        format!("+{}{}", "*".repeat(count.saturating_sub(shown)), self.last_digits(shown))
    }
}

/// Only characters of written phone numbers; a plus only in front; not absurdly long.
fn phone_shape_ok(text: &str) -> bool {
    let body = text.strip_prefix('+').unwrap_or(text);
    text.len() <= PHONE_TEXT_MAX
        && body.bytes().any(|letter| letter.is_ascii_digit())
        && body.bytes().all(|letter| letter.is_ascii_digit() || b" -.()".contains(&letter))
}

/// A plus, then 7 to 15 digits of which the first is not 0 (no country code starts with 0).
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|letter| letter.is_ascii_digit())
    })
}

/// A number outside the public plans: plus form, spaces and hyphens dropped, nothing else forgiven.
fn unlisted(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    is_e164(&bare).then_some(bare)
}

impl fmt::Display for Phone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.masked())
    }
}

impl TryFrom<String> for Phone {
    type Error = PhoneError;

    /// Takes the E.164 form back as it is (it was checked when it was first read) and parses any other text.
    fn try_from(text: String) -> Result<Self, PhoneError> {
        if is_e164(&text) { Ok(Self(text)) } else { Self::parse(&text, None) }
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

/// Why an e-mail address was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct EmailError;

/// An e-mail address: a dot-atom, an at sign, a host name. ASCII only; the host is kept in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Reads an address. A host of one label is fine (closed networks); quoted names and literals are not.
    ///
    /// # Errors
    /// [`EmailError`].
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        let text = raw.trim();
        let (local, host) = text.rsplit_once('@').ok_or(EmailError)?;
        let local_ok = local.len() <= 64 && local.split('.').all(is_atom);
        let host_ok = host.len() <= 253 && host.split('.').all(is_label);
        if text.len() > 254 || !local_ok || !host_ok {
            return Err(EmailError);
        }
        Ok(Self(format!("{local}@{}", host.to_ascii_lowercase())))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first letter and the host: `k***@example.org`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, host) = self.0.rsplit_once('@').unwrap_or(("", ""));
        format!("{}***@{host}", local.get(..1).unwrap_or(""))
    }
}

/// One piece of the part before the at sign (RFC 5322 atext).
fn is_atom(piece: &str) -> bool {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&letter);
    !piece.is_empty() && piece.bytes().all(allowed)
}

/// One label of a host name.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.masked())
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// A language the service speaks. JSON: `"en"`, `"ko"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, also what is left when nothing else fits.
    #[default]
    En,
    /// Korean.
    Ko,
    /// Russian.
    Ru,
    /// Chinese, in simplified characters.
    Zh,
    /// Arabic, written from right to left.
    Ar,
}

impl Language {
    /// Every language, in the order menus show them.
    pub const ALL: [Self; 5] = [Self::En, Self::Ko, Self::Ru, Self::Zh, Self::Ar];

    /// The language of a tag by its first part, in any case: `ko`, `ko-KP`, `ko_KR`, `EN-gb`.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let first = tag.trim().split(['-', '_']).next().unwrap_or("");
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(first))
    }

    /// The best language of an `Accept-Language` header (or a bare tag): highest weight first, earlier first
    /// among equals, a weight of 0 rules out, an unreadable weight counts as 0; English when nothing fits.
    #[must_use]
    pub fn negotiate(header: &str) -> Self {
        let mut best: Option<(u32, Self)> = None;
        for entry in header.split(',') {
            let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
            let weight = weight_millis(rest);
            let better = weight > best.map_or(0, |(known, _)| known);
            if let Some(language) = Self::parse(tag)
                && better
            {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::default(), |(_, language)| language)
    }

    /// The tag: `en`, `ko`, `ru`, `zh`, `ar`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
            Self::Ru => "ru",
            Self::Zh => "zh",
            Self::Ar => "ar",
        }
    }

    /// The direction of its script: `ltr` or `rtl`.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            _ => "ltr",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.tag())
    }
}

/// The weight of `q=0.8` in thousandths; 1000 without one (RFC 9110, 12.4.2).
fn weight_millis(parameters: &str) -> u32 {
    let Some(text) = parameters.split(';').find_map(|part| part.trim().strip_prefix("q=")) else {
        return 1000;
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|letter| letter.is_ascii_digit()) {
        return 0;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u32>().unwrap_or(0);
    match whole {
        "0" => thousandths,
        "1" => 1000,
        _ => 0,
    }
}

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but space, or more than 120 characters.
    #[error("a name has 1 to 120 characters")]
    Length,
    /// Control characters, line breaks, or marks that turn the writing direction.
    #[error("a name has no control characters")]
    Control,
}

/// The name of a person: 1 to 120 characters, trimmed, one line, any script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

impl PersonName {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 120;

    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        let text = raw.trim();
        if text.is_empty() || text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::Length);
        }
        if text.chars().any(is_control) {
            return Err(NameError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, line and paragraph separators, and the marks that reorder text on a screen.
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for PersonName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for PersonName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::as_conversions)]

    use proptest::prelude::*;

    use super::*;

    fn phone(raw: &str, country: Option<&str>) -> String {
        Phone::parse(raw, country).unwrap().as_str().to_owned()
    }

    #[test]
    fn one_number_has_one_form_however_it_is_written() {
        for raw in ["+82 10-1234-5678", "+821012345678", " +82 010 1234 5678 "] {
            assert_eq!(phone(raw, None), "+821012345678", "{raw}");
        }
        for raw in ["010-1234-5678", "01012345678", "+82 10 1234 5678"] {
            assert_eq!(phone(raw, Some("KR")), "+821012345678", "{raw}");
        }
        assert_eq!(phone("0191 234 5678", Some("KP")), "+8501912345678");
        assert_eq!(phone("(415) 867-5309", Some("US")), "+14158675309");
    }

    #[test]
    fn a_number_no_table_knows_is_taken_in_plus_form() {
        assert_eq!(phone("+999 123-4567", None), "+9991234567");
        assert_eq!(phone("+8509999999", Some("KR")), "+8509999999");
        assert_eq!(phone("+1234567", None), "+1234567");
        assert_eq!(phone("+999123456789012", None), "+999123456789012");
    }

    #[test]
    fn what_is_no_number_is_refused_each_with_its_reason() {
        for raw in
            ["", "   ", "+", "call me", "1-800-FLOWERS", "+1 415 867 5309 ext 4", "++821012345678", "82+10"]
        {
            assert_eq!(Phone::parse(raw, Some("KR")), Err(PhoneError::Shape), "{raw}");
        }
        for raw in ["12", "+123456", "+9991234567890123", "+0991234567", "9991234567", "+999(12)34567"] {
            assert_eq!(Phone::parse(raw, None), Err(PhoneError::Unknown), "{raw}");
        }
        for country in ["", "XX", "kr", "KOR"] {
            assert_eq!(Phone::parse("010-1234-5678", Some(country)), Err(PhoneError::Country), "{country}");
        }
    }

    #[test]
    fn masks_show_only_the_end() {
        let number = Phone::parse("+821012345678", None).unwrap();
        assert_eq!(number.last_digits(4), "5678");
        assert_eq!(number.last_digits(99), "821012345678");
        assert_eq!(number.masked(), "+********5678");
        assert_eq!(format!("{number:?}"), "+********5678");
        assert_eq!(Phone::parse("+1234567", None).unwrap().masked(), "+*****67");
    }

    #[test]
    fn a_stored_number_reads_back_as_it_is() {
        let json = "\"+8509999999\"";
        let number: Phone = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), json);
        assert!(serde_json::from_str::<Phone>("\"12\"").is_err());
    }

    #[test]
    fn addresses_are_taken_or_refused_by_shape() {
        assert_eq!(
            Email::parse(" Kim.Un+a@Mail.Example.ORG ").unwrap().as_str(),
            "Kim.Un+a@mail.example.org"
        );
        assert_eq!(Email::parse("kim@post").unwrap().masked(), "k***@post");
        let long = format!("{}@x.org", "a".repeat(65));
        for bad in [
            "", "kim", "@x", "kim@", "a..b@x", ".a@x", "a@x..y", "a@-x", "a b@x", "a@b@c", "\"a\"@x", "김@x",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tag_is_read_by_its_first_part() {
        for tag in ["ko", "ko-KP", "ko_KR", "KO", " ko-Kore-KP "] {
            assert_eq!(Language::parse(tag), Some(Language::Ko), "{tag}");
        }
        assert_eq!(Language::parse("en-GB"), Some(Language::En));
        for tag in ["", "kok", "fr", "*"] {
            assert_eq!(Language::parse(tag), None, "{tag}");
        }
    }

    #[test]
    fn the_heaviest_language_we_speak_wins() {
        let cases = [
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Ko),
            ("en;q=0.5, ko;q=0.7", Language::Ko),
            ("fr, en;q=0.3", Language::En),
            ("fr-CH, ko;q=0.3", Language::Ko),
            ("ko;q=0, en;q=0.1", Language::En),
            ("ko;q=0", Language::En),
            ("en, ko", Language::En),
            ("ko;q=high", Language::En),
            ("", Language::En),
            ("fr", Language::En),
        ];
        for (header, wanted) in cases {
            assert_eq!(Language::negotiate(header), wanted, "{header}");
        }
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(PersonName::parse("  김 철수 ").unwrap().as_str(), "김 철수");
        assert!(PersonName::parse(&"가".repeat(120)).is_ok());
        assert_eq!(PersonName::parse(&"가".repeat(121)), Err(NameError::Length));
        assert_eq!(PersonName::parse(" \t "), Err(NameError::Length));
        for bad in ["a\nb", "a\0b", "a\u{202e}b", "a\u{85}b"] {
            assert_eq!(PersonName::parse(bad), Err(NameError::Control));
        }
    }

    proptest! {
        #[test]
        fn what_was_taken_once_is_taken_again_unchanged(raw in "[+]?[0-9 ().-]{0,20}") {
            if let Ok(number) = Phone::parse(&raw, Some("KR")) {
                prop_assert!(is_e164(number.as_str()));
                prop_assert_eq!(Phone::parse(number.as_str(), None), Ok(number.clone()));
                prop_assert_eq!(Phone::try_from(number.as_str().to_owned()), Ok(number));
            }
        }

        #[test]
        fn no_text_makes_a_parser_fall_over(text in "\\PC*") {
            let _ = Phone::parse(&text, Some("KP"));
            let _ = Email::parse(&text);
            let _ = Language::negotiate(&text);
            let _ = PersonName::parse(&text);
        }
    }
}
