//! Words in the person's language: Fluent bundles compiled in, checked by tests, without isolation marks but on pages (a
//! text message and an e-mail subject must not carry invisible characters).
//!
//! Notices and pages come in here, each with words of its own.

pub mod when;

use std::collections::BTreeMap;

use callahead_domain::contact::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A word that could not be said. Always a mistake of ours, found by the tests that say all of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A `.ftl` file does not parse, or says one key twice.
    #[error("words for {language} do not load: {why}")]
    Load {
        /// BCP 47 tag.
        language: &'static str,
        /// The parser's words.
        why: String,
    },
    /// No such key in this language.
    #[error("no word {key} in {language}")]
    Missing {
        /// The key asked for.
        key: String,
        /// BCP 47 tag.
        language: &'static str,
    },
    /// An argument is missing or of the wrong kind.
    #[error("word {key} in {language}: {why}")]
    Arguments {
        /// The key asked for.
        key: String,
        /// BCP 47 tag.
        language: &'static str,
        /// Fluent's words.
        why: String,
    },
}

/// Named arguments of a word.
pub type Args = BTreeMap<&'static str, String>;

/// One set of words in every language, in the order of [`Language::ALL`].
pub struct Words([Result<FluentBundle<FluentResource>, WordsError>; Language::ALL.len()]);

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words")
    }
}

impl Words {
    /// From the Fluent sources of each language. A source that does not load makes every word of that language an error.
    #[must_use]
    pub fn new(sources: impl Fn(Language) -> Vec<&'static str>) -> Self {
        Self(Language::ALL.map(|language| bundle(language, &sources(language))))
    }

    /// The same for pages: in a script from right to left, what is put into a sentence is set apart by isolation marks, so
    /// that an address or an amount in other letters keeps its order.
    #[must_use]
    pub fn for_pages(sources: impl Fn(Language) -> Vec<&'static str>) -> Self {
        let mut words = Self::new(sources);
        for (language, words) in Language::ALL.into_iter().zip(&mut words.0) {
            if let (Ok(bundle), "rtl") = (words, language.direction()) {
                bundle.set_use_isolating(true);
            }
        }
        words
    }

    /// Says one word. Arguments that are whole numbers select plural forms.
    ///
    /// # Errors
    /// [`WordsError`] where the key or an argument is missing.
    pub fn say(&self, language: Language, key: &str, args: &Args) -> Result<String, WordsError> {
        let [en, ko, ru, zh, ar] = &self.0;
        let bundle = match language {
            Language::En => en,
            Language::Ko => ko,
            Language::Ru => ru,
            Language::Zh => zh,
            Language::Ar => ar,
        };
        let bundle = bundle.as_ref().map_err(Clone::clone)?;
        let missing = || WordsError::Missing { key: key.to_owned(), language: language.tag() };
        let pattern = bundle.get_message(key).and_then(|message| message.value()).ok_or_else(missing)?;
        let mut wrong: Vec<FluentError> = Vec::new();
        let said = bundle.format_pattern(pattern, Some(&fluent_args(args)), &mut wrong);
        if let Some(first) = wrong.first() {
            let why = first.to_string();
            return Err(WordsError::Arguments { key: key.to_owned(), language: language.tag(), why });
        }
        Ok(said.into_owned())
    }
}

fn fluent_args(args: &Args) -> FluentArgs<'_> {
    args.iter()
        .map(|(name, value)| {
            let number = value.parse::<u32>().ok().filter(|_| is_plain_number(value));
            (*name, number.map_or_else(|| FluentValue::from(value.as_str()), FluentValue::from))
        })
        .collect()
}

/// Digits alone without a leading zero: only such a value may be counted. A reference or a code stays text.
fn is_plain_number(value: &str) -> bool {
    value.len() <= 4 && value.bytes().all(|b| b.is_ascii_digit()) && (value == "0" || !value.starts_with('0'))
}

fn bundle(language: Language, sources: &[&str]) -> Result<FluentBundle<FluentResource>, WordsError> {
    let load = |why: String| WordsError::Load { language: language.tag(), why };
    let id: LanguageIdentifier = language.tag().parse().map_err(|error| load(format!("{error}")))?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(false);
    for source in sources {
        let resource = FluentResource::try_new((*source).to_owned()).map_err(|(_, errors)| {
            load(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        bundle
            .add_resource(resource)
            .map_err(|errors| load(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    }
    Ok(bundle)
}

/// For tests: each key of a source with the sorted names of the arguments it uses.
#[cfg(test)]
pub(crate) fn keys_and_arguments(source: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            key = line.split(" =").next().unwrap_or_default().to_owned();
            found.entry(key.clone()).or_default();
        }
        let arguments = line.split('$').skip(1).map(|rest| {
            rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-' || *c == '_').collect::<String>()
        });
        for argument in arguments {
            let known = found.entry(key.clone()).or_default();
            if !known.contains(&argument) {
                known.push(argument);
                known.sort();
            }
        }
    }
    found
}
