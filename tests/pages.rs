//! The customer's pages, each in every language: whole, labelled, without script and without outside addresses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/pages.rs"]
mod pages;

use std::collections::BTreeSet;

use callahead::http::pages::view::{AskReason, AskView, OtherView};
use callahead::http::pages::{CSS, Page, css_path, render};
use callahead_domain::contact::Language;

fn each(check: impl Fn(&str, Language, &str)) {
    for language in Language::ALL {
        for (name, page) in pages::all(language) {
            check(&format!("{name}.{language}"), language, &render(&page, language).unwrap());
        }
    }
}

/// Start tags of one kind, each as its text between the angle brackets.
fn tags<'a>(html: &'a str, kind: &str) -> Vec<&'a str> {
    let found = html.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
    found.filter(|tag| tag.split([' ', '\n', '/']).next() == Some(kind)).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value)
}

#[test]
fn every_page_is_one_well_formed_document_in_its_language() {
    each(|name, language, html| {
        assert!(html.starts_with("<!doctype html>\n"), "{name}");
        assert_eq!(attribute(tags(html, "html")[0], "lang"), Some(language.tag()), "{name}");
        for kind in ["h1", "title", "main", "header", "footer"] {
            assert_eq!(tags(html, kind).len(), 1, "{name}: {kind}");
        }
        let mut open = Vec::new();
        for tag in html.split('<').skip(1).map(|rest| rest.split_once('>').expect(name).0) {
            let kind = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(kind), "{name}");
            } else if !tag.ends_with('/') && !["!doctype", "meta", "link", "input", "br"].contains(&kind) {
                open.push(kind);
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    });
}

#[test]
fn every_field_has_a_label_and_every_button_and_link_has_words() {
    each(|name, _, html| {
        let labels: BTreeSet<&str> =
            tags(html, "label").iter().filter_map(|tag| attribute(tag, "for")).collect();
        for tag in tags(html, "input").into_iter().chain(tags(html, "select")) {
            if attribute(tag, "type") != Some("hidden") {
                let id = attribute(tag, "id").unwrap_or_else(|| panic!("{name}: {tag} has no id"));
                assert!(labels.contains(id), "{name}: {id} has no label");
            }
        }
        for kind in ["button", "a"] {
            for part in html.split(&format!("<{kind} ")).skip(1) {
                let inside = part.split_once(&format!("</{kind}>")).unwrap().0;
                let words: String = inside
                    .split('<')
                    .map(|piece| piece.split_once('>').map_or("", |(_, text)| text))
                    .collect();
                let first = inside.split_once('>').unwrap().1.split('<').next().unwrap();
                assert!(!(first.to_owned() + &words).trim().is_empty(), "{name}: {inside}");
            }
        }
    });
}

#[test]
fn ids_are_given_once_and_every_reference_finds_its_target() {
    each(|name, _, html| {
        let mut ids = BTreeSet::new();
        for rest in html.split(" id=\"").skip(1) {
            let id = rest.split('"').next().unwrap();
            assert!(ids.insert(id), "{name}: {id} twice");
        }
        let references = ["aria-describedby=\"", "for=\"", "href=\"#"];
        for reference in references.iter().flat_map(|mark| html.split(mark).skip(1)) {
            for id in reference.split('"').next().unwrap().split(' ') {
                assert!(ids.contains(id), "{name}: #{id} leads nowhere");
            }
        }
    });
}

#[test]
fn every_form_posts_to_the_link_with_the_token_and_an_answer() {
    each(|name, _, html| {
        for form in html.split("<form ").skip(1) {
            let form = form.split_once("</form>").unwrap().0;
            assert!(form.contains("method=\"post\" action=\"/t/Zm9vYmFyYmF6cXV4Zm9vYg"), "{name}");
            assert!(form.contains("type=\"hidden\" name=\"csrf\" value=\"a-token\""), "{name}");
            assert!(form.contains("name=\"answer\"") || form.contains("Zm9vYg/note\""), "{name}");
        }
    });
}

#[test]
fn nothing_is_scripted_or_fetched_from_elsewhere_and_no_word_is_missing() {
    each(|name, language, html| {
        for evil in
            ["<script", "javascript:", "http://", "https://", "//fonts", " style=", " onclick", "url("]
        {
            assert!(!html.contains(evil), "{name}: {evil}");
        }
        for gap in ["{", "}", "\u{2068}", "\u{2069}", "None", "Some("] {
            let holds = html.replace("><option value=\"\">None<", "").contains(gap);
            // Isolation marks keep Latin words in order among Arabic ones.
            let may = language.direction() == "rtl" && gap.starts_with(['\u{2068}', '\u{2069}']);
            assert!(!holds || may, "{name}: {gap}");
        }
        let sheets =
            tags(html, "link").into_iter().filter(|tag| tag.contains("stylesheet")).collect::<Vec<_>>();
        assert_eq!(sheets.len(), 1, "{name}");
        assert_eq!(attribute(sheets[0], "href"), Some(css_path()), "{name}");
    });
    assert!(!CSS.contains("url(") && !CSS.contains("@import") && !CSS.contains(":has("));
}

#[test]
fn no_other_language_holds_english_sentences_and_each_names_all_in_their_own_script() {
    each(|name, language, html| {
        assert_eq!(attribute(tags(html, "html")[0], "dir"), Some(language.direction()), "{name}");
        for own in ["English", "한국어", "Русский", "中文", "العربية"] {
            assert!(html.contains(own), "{name}");
        }
        let links = tags(html, "a").into_iter().filter(|tag| tag.contains(" hreflang=")).count();
        assert_eq!(links, Language::ALL.len() - 1, "{name}");
        if language != Language::En {
            for english in ["Will you", "Your ", "home", "Call", "today"] {
                let shown = html
                    .split('>')
                    .filter_map(|piece| piece.split('<').next())
                    .any(|text| text.contains(english));
                assert!(!shown, "{name}: {english}");
            }
        }
    });
}

#[test]
fn the_question_offers_the_five_answers_as_buttons() {
    let (_, page) = pages::all(Language::En).remove(0);
    let html = render(&page, Language::En).unwrap();
    let values: Vec<_> =
        tags(&html, "button").iter().filter_map(|tag| attribute(tag, "value").map(str::to_owned)).collect();
    assert_eq!(values, ["home_now", "later", "not_today", "receiver_named", "refused"]);
    assert!(html.contains("18:20–18:35</span>?</span></h1>") && html.contains("Today, 14 Tidegate Lane"));
    assert!(html.contains("You can change your answer until 18:10."));
    assert!(html.contains("href=\"tel:+15550110\""));
}

#[test]
fn the_code_is_on_the_page_only_where_the_view_holds_one() {
    each(|name, _, html| {
        let shown = html.contains("482 913");
        let may = ["answered-code", "near.", "near-early", "near-one", "near-kept"]
            .iter()
            .any(|page| name.starts_with(page));
        assert_eq!(shown, may, "{name}");
    });
}

#[test]
fn an_unknown_link_tells_nothing_about_any_delivery() {
    let page = pages::all(Language::En).into_iter().find(|(name, _)| *name == "gone").unwrap().1;
    let html = render(&page, Language::En).unwrap();
    assert!(!html.contains("Saltmarket") && !html.contains("K-2291") && !html.contains("/t/"));
}

#[test]
fn a_mistake_is_told_on_top_in_the_title_and_at_its_field() {
    let page = pages::all(Language::En).into_iter().find(|(name, _)| *name == "other-error").unwrap().1;
    let html = render(&page, Language::En).unwrap();
    assert!(html.contains("<title>Error: Who will take it?"));
    assert!(html.contains("<a href=\"#name\">Write the name of the person at home</a>"));
    assert!(html.contains("id=\"name-error\">Write the name of the person at home<"));
    assert!(html.contains("aria-invalid=\"true\" aria-describedby=\"name-error\""));
    assert!(html.contains("value=\"12\""), "what was written stays");
}

#[test]
fn what_people_write_cannot_become_markup() {
    let mut frame = pages::frame(Language::En);
    frame.shop = "<script>alert(1)</script>".to_owned();
    frame.reference = "\"><b>".to_owned();
    frame.shop_phone = Some("\"><i>+15".to_owned());
    let evil = "\"'><img src=x onerror=alert(1)>".to_owned();
    let ask = AskView {
        frame: frame.clone(),
        reason: AskReason::Plain,
        window: Some(pages::span("18:20", "18:35")),
        address: evil.clone(),
        change_until: None,
        refused: None,
    };
    let other = OtherView { frame, window: None, name: evil.clone(), phone: evil, errors: Vec::new() };
    for page in [Page::Ask(ask), Page::Other(other)] {
        let html = render(&page, Language::En).unwrap();
        for tag in ["script", "img", "i"] {
            assert!(tags(&html, tag).is_empty(), "{tag}");
        }
    }
}

#[test]
fn the_style_sheet_is_named_after_its_content() {
    let hash =
        css_path().strip_prefix("/static/customer.").and_then(|rest| rest.strip_suffix(".css")).unwrap();
    assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert!(CSS.len() < 24_000, "{}", CSS.len());
}

#[test]
fn every_language_has_the_same_words() {
    let keys = |source: &'static str| -> BTreeSet<&str> {
        source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split(" =").next())
            .collect()
    };
    let en = keys(include_str!("../src/http/pages/en.ftl"));
    for other in [
        include_str!("../src/http/pages/ko.ftl"),
        include_str!("../src/http/pages/ru.ftl"),
        include_str!("../src/http/pages/zh.ftl"),
        include_str!("../src/http/pages/ar.ftl"),
    ] {
        assert_eq!(en, keys(other));
    }
    let drawn = [
        include_str!("../src/http/pages/draw.rs"),
        include_str!("../src/http/pages/shell.rs"),
        include_str!("../src/http/pages/address.rs"),
    ]
    .concat();
    let templates: String = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/web/templates/customer"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    for key in en {
        let bare = key.strip_suffix("-sub").unwrap_or(key);
        let quoted = |key: &str| format!("\"{key}\"");
        let used = [&drawn, &templates]
            .iter()
            .any(|text| text.contains(&quoted(key)) || text.contains(&quoted(bare)));
        assert!(used, "{key} is said nowhere");
    }
}
