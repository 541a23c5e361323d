//! Generated files are checked in; they must say what the code does today.

#![allow(clippy::unwrap_used, clippy::panic)]

#[track_caller]
fn fresh(file: &str, now: &str, command: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "{file} is stale: run `cargo run -q -- {command} > {file}`");
}

#[test]
fn the_api_description_is_the_one_the_routes_make() {
    let text = callahead::http::openapi::text(&callahead::http::description()).unwrap();
    fresh("docs/openapi.json", &text, "openapi");
}

#[test]
fn the_error_reference_is_the_catalogue() {
    fresh("docs/ERRORS.md", &callahead::http::catalogue::markdown(), "errors");
}

#[test]
fn every_problem_has_one_code_and_a_remedy() {
    let mut codes = std::collections::BTreeSet::new();
    for entry in callahead::http::catalogue::ALL {
        assert!(codes.insert(entry.code), "{} twice", entry.code);
        assert!(entry.remedy.ends_with('.') && (400..600).contains(&entry.status), "{}", entry.code);
    }
    assert!(callahead::http::catalogue::ALL.is_sorted_by_key(|entry| entry.status));
}

/// The names of types in a text that describe themselves in the API.
fn described(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut describes = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[derive(") {
            describes = line.contains("ToSchema");
        }
        let name = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
        if let Some(name) = name.filter(|_| std::mem::take(&mut describes)) {
            found.push(name.chars().take_while(|letter| letter.is_alphanumeric()).collect());
        }
    }
    found
}

/// Schemas are kept by name: of two types with one name the description shows one for both.
#[test]
fn no_two_types_share_a_name_in_the_description() {
    let (mut names, mut folders) = (std::collections::BTreeSet::new(), vec![std::path::PathBuf::from("src")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(kind) if kind == "rs" => {
                    for name in described(&std::fs::read_to_string(&path).unwrap()) {
                        assert!(names.insert(name.clone()), "{name} again in {}", path.display());
                    }
                }
                _ => {}
            }
        }
    }
    assert!(names.len() > 80, "{names:?}");
}
