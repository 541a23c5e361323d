//! What the settings are and what they are now, in words: the reference page and the list in force. Both
//! are made from `default.toml` and from what the service itself asks for, so they cannot lag behind.

use std::fmt::Write;

use super::reader::{Setting, Shown};
use super::source::{DEFAULT_TOML, Sources};
use super::{Config, ConfigError};

const HEAD: &str = "# Configuration

<!-- Generated from src/config/default.toml by `callahead config --reference`; do not edit. -->

Callahead runs without any configuration. What you set is taken, weakest first, from

1. the defaults below,
2. a file: `callahead.toml` in the current directory, or the one named by `--config` or `CALLAHEAD_CONFIG`,
3. the environment: `CALLAHEAD_SECTION__KEY`, such as `CALLAHEAD_SERVER__LISTEN` (lists parted by commas);
   `DATABASE_URL` stands for `database.url`.

A setting that is wrong or unknown stops the start; all of them are named at once, with where each came from and
what is allowed. `callahead config --show` lists what is in force.
";

/// The reference page, in Markdown.
///
/// # Errors
/// When the embedded defaults are themselves refused.
pub fn reference() -> Result<String, ConfigError> {
    let (_, asked) = Config::load_with_settings(&Sources::defaults())?;
    let mut page = HEAD.to_owned();
    for line in parse(DEFAULT_TOML) {
        match line {
            Entry::Section { name, about } => {
                let _ = write!(page, "\n## [{name}]\n\n{about}\n\n");
                if asked.iter().any(|setting| section_of(setting.name) == name) {
                    page.push_str("| setting | default | allowed | |\n|---|---|---|---|\n");
                }
            }
            Entry::Key { name, value, about } => {
                let allowed =
                    asked.iter().find(|setting| setting.name == name).map(|setting| &setting.allowed);
                let allowed = allowed.map_or("", |text| text.as_str());
                let key = name.rsplit('.').next().unwrap_or_default();
                let _ = writeln!(page, "| `{key}` | `{value}` | {} | {} |", cell(allowed), cell(&about));
            }
        }
    }
    Ok(page)
}

/// The settings in force, one a line: name, value (secrets masked) and where it came from.
#[must_use]
pub fn show(asked: &[Setting]) -> String {
    let seen = asked.iter().filter(|setting| setting.shown != Shown::Hidden);
    let mut text = String::new();
    for setting in seen {
        let _ = writeln!(text, "{} = {}  # {}", setting.name, setting.value, setting.origin);
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn section_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(section, _)| section)
}

/// What `default.toml` says, in order.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Section { name: String, about: String },
    Key { name: String, value: String, about: String },
}

/// Reads the embedded defaults with their comments: those above a line belong to it, and those above the
/// first blank line to the file.
fn parse(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut about: Vec<&str> = Vec::new();
    let mut section = String::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            about.push(comment);
        } else if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
            entries.push(Entry::Section { name: section.clone(), about: about.join(" ") });
            about.clear();
        } else if let Some((key, value)) = line.split_once(" = ") {
            let name = format!("{section}.{key}");
            entries.push(Entry::Key { name, value: value.to_owned(), about: about.join(" ") });
            about.clear();
        } else {
            about.clear();
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_setting_is_explained_and_nothing_else_is() {
        let (_, asked) = Config::load_with_settings(&Sources::defaults()).unwrap();
        let entries = parse(DEFAULT_TOML);
        let mut explained = Vec::new();
        for entry in entries {
            match entry {
                // The rules are the domain's; `tests.rs` compares them with its own.
                Entry::Key { name, about, .. } if name.starts_with("policy.") && about.ends_with('.') => {}
                Entry::Key { name, about, .. } if about.ends_with('.') => explained.push(name),
                Entry::Section { about, .. } if about.ends_with('.') => {}
                other => assert_eq!(Vec::<Entry>::new(), vec![other], "needs a sentence above it"),
            }
        }
        let mut known: Vec<_> =
            asked.iter().filter(|s| s.shown != Shown::Hidden).map(|s| s.name.to_owned()).collect();
        explained.sort();
        known.sort();
        assert_eq!(explained, known);
    }

    #[test]
    fn the_checked_in_reference_is_fresh() {
        let kept = include_str!("../../docs/CONFIGURATION.md");
        assert!(
            kept == reference().unwrap(),
            "docs/CONFIGURATION.md is stale: cargo run -- config --reference > docs/CONFIGURATION.md"
        );
    }
}
