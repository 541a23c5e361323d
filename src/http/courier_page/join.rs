//! The page's script is written as small modules and served as one file: each part once, in an order in which nothing
//! is used before it is there, without the lines that tie modules together.

/// One part: its name and its text.
pub type Part = (&'static str, &'static str);

macro_rules! parts {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../web/courier/parts/", $name, ".js")))),+]
    };
}

/// The parts of the page, those that others use first.
pub const PAGE: &[Part] = parts![
    "clock", "queue", "merge", "digits", "db", "api", "sync", "dom", "words", "state", "frame", "enter",
    "stops", "ahead", "scan", "door", "day", "stream", "app",
];

/// The parts of the service worker.
pub const WORKER: &[Part] = parts!["clock", "queue", "db", "api", "sync", "sw"];

/// The parts as one script. Comments and empty lines stay behind.
pub fn join(parts: &[Part]) -> String {
    let mut out = String::from("'use strict';\n");
    let lines = parts.iter().flat_map(|(_, text)| text.lines());
    for line in lines.filter(|line| !line.starts_with("import ") && !is_remark(line)) {
        out.push_str(line.strip_prefix("export ").unwrap_or(line));
        out.push('\n');
    }
    out
}

/// Whether a line says something to people only.
fn is_remark(line: &str) -> bool {
    let text = line.trim_start();
    text.is_empty()
        || text.starts_with("//")
        || text.starts_with("/**")
        || text.starts_with(" *")
        || text.starts_with("* ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// What a part's `import { a, b } from './x.js';` lines name, by module.
    fn imports(text: &str) -> Vec<(String, Vec<String>)> {
        let lines = text.lines().filter(|line| line.starts_with("import "));
        let read = |line: &str| {
            let (names, module) = line["import {".len()..].split_once("} from './").unwrap();
            let names = names.split(',').map(|name| name.trim().to_owned()).collect();
            (module.trim_end_matches(".js';").to_owned(), names)
        };
        lines.map(read).collect()
    }

    /// The names a part defines at its top level, with whether they are exported.
    fn defined(text: &str) -> BTreeMap<String, bool> {
        let mut found = BTreeMap::new();
        for line in text.lines() {
            let (open, line) = line.strip_prefix("export ").map_or((false, line), |rest| (true, rest));
            let rest = ["async function ", "function ", "const ", "let "]
                .iter()
                .find_map(|word| line.strip_prefix(word));
            if let Some(rest) = rest {
                let end = rest
                    .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .unwrap_or(rest.len());
                found.insert(rest[..end].to_owned(), open);
            }
        }
        found
    }

    #[test]
    fn every_name_is_defined_once_and_imported_from_where_it_is() {
        for parts in [PAGE, WORKER] {
            let mut all = BTreeSet::new();
            let by_part: BTreeMap<_, _> = parts.iter().map(|(name, text)| (*name, defined(text))).collect();
            for name in by_part.values().flat_map(|names| names.keys()) {
                assert!(all.insert(name.clone()), "{name} is defined twice");
            }
            for (part, text) in parts {
                for (module, names) in imports(text) {
                    let from =
                        by_part.get(module.as_str()).unwrap_or_else(|| panic!("{part}: no part {module}"));
                    for name in names {
                        assert_eq!(from.get(&name), Some(&true), "{part} imports {name} from {module}");
                        let letter = |it: char| it.is_alphanumeric() || it == '_';
                        let uses = text.split(|it| !letter(it)).filter(|word| *word == name).count();
                        assert!(uses > 1, "{part} does not use {name}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_that_ties_modules_together_is_left() {
        for parts in [PAGE, WORKER] {
            let script = join(parts);
            assert!(!script.lines().any(|line| line.starts_with("import ") || line.starts_with("export ")));
        }
        assert!(join(PAGE).contains("function merged(") && join(WORKER).contains("addEventListener('sync'"));
    }
}
