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
