//! The reference pages: where a problem's type leads, and what every answer says to a browser.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod support;

use callahead::http::catalogue::{ALL, REFUSALS};
use serde_json::json;
use std::collections::BTreeSet;
use support::TestApp;

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_line() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    let order = town.place(&app).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let raised = json!({"total": {"amount": 99_000, "currency": "KRW"}});
    for (problem, code) in [
        (app.get(&path, "").await, "unauthenticated"),
        (app.get("/v1/orders?limit=0", &town.shop_key).await, "invalid_query"),
        (app.get("/nowhere", "").await, "not_found"),
        (app.send(reqwest::Method::PATCH, &path, &town.shop_key, &[], Some(raised)).await, "amount_raised"),
    ] {
        let (page, anchor) = problem.json["type"].as_str().unwrap().split_once('#').unwrap();
        assert_eq!(anchor, code, "{}", problem.text);
        let page = app.get(page, "").await;
        assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
    app.settle().await;
}

#[tokio::test]
async fn the_error_page_has_every_code_once_and_needs_nothing_from_elsewhere() {
    let app = TestApp::sqlite().await;
    let page = app.get("/docs/errors", "").await.text;
    let codes = ALL.iter().map(|entry| entry.code).chain(REFUSALS.iter().map(|(code, _)| *code));
    for code in codes {
        assert_eq!(page.matches(&format!("id=\"{code}\"")).count(), 1, "{code}");
    }
    assert!(!page.contains("//") && !page.contains("<script"), "{page}");
    let css = page.split("stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let css = app.get(css, "").await;
    assert_eq!((css.status, css.headers["content-type"].as_str()), (200, "text/css; charset=utf-8"));
    let reader = app.get("/docs/", "").await;
    assert!(reader.status == 200 && !reader.text.contains("//"), "{}", reader.text);
}

/// The words between quotes that look like a code, in a piece of source text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.split('"').skip(1).step_by(2).filter(|word| !word.is_empty()).filter(plain)
}

#[test]
fn every_code_a_refusal_or_a_rule_may_bear_is_in_the_reference() {
    let known: BTreeSet<&str> =
        ALL.iter().map(|entry| entry.code).chain(REFUSALS.iter().map(|(code, _)| *code)).collect();
    let refusals = include_str!("../src/domain/src/delivery/refusal.rs");
    let codes = refusals.split_once("fn code(").unwrap().1.split_once("\n    }").unwrap().0;
    let mut missing: Vec<String> =
        quoted(codes).filter(|code| !known.contains(code)).map(str::to_owned).collect();
    assert!(quoted(codes).count() > 20, "{codes}");
    let mut rules = 0;
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]").next().unwrap();
            for call in
                product.split("Error::rule(").skip(1).filter(|call| call.trim_start().starts_with('"'))
            {
                rules += 1;
                missing.extend(quoted(call).next().filter(|code| !known.contains(code)).map(str::to_owned));
            }
        }
    }
    assert!(rules > 10 && missing.is_empty(), "{rules} rules; not told: {missing:?}");
}

#[tokio::test]
async fn every_answer_tells_a_browser_to_be_careful() {
    let app = TestApp::with(&[("server.public_url", "https://deliveries.example")]).await;
    for path in ["/v1/orders", "/health/live", "/docs/errors", "/docs/", "/openapi.json", "/t/x", "/v1/c/x"] {
        let headers = app.get(path, "").await.headers;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(headers.get(name).map(String::as_str), Some(value), "{path}: {name}");
        }
        let content = &headers["content-security-policy"];
        assert!(
            content.contains("default-src '") && content.contains("frame-ancestors 'none'"),
            "{path}: {content}"
        );
    }
    let plain = TestApp::sqlite().await.get("/v1/orders", "").await;
    assert!(!plain.headers.contains_key("strict-transport-security"));
}
