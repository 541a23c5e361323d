//! Writes every customer page and every notice as HTML, in every language, into a directory, to be looked at in a
//! browser: `cargo run --example render_pages -- DIRECTORY`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/support/pages.rs"]
mod pages;

use callahead::http::pages::{CSS, css_path, render};
use callahead::notify::render::{NoticeFacts, NoticeKind, render as render_notice};
use callahead_domain::contact::Language;

fn main() {
    let directory = std::env::args().nth(1).expect("a directory to write into");
    let directory = std::path::Path::new(&directory);
    std::fs::create_dir_all(directory).unwrap();
    std::fs::write(directory.join("customer.css"), CSS).unwrap();
    for language in Language::ALL {
        for (name, page) in pages::all(language) {
            let html = render(&page, language).unwrap().replace(css_path(), "customer.css");
            std::fs::write(directory.join(format!("{name}.{language}.html")), html).unwrap();
        }
        for kind in NoticeKind::all() {
            let notice = render_notice(kind, language, "Mira Tolvane", &facts(language)).unwrap();
            let name = format!("notice-{}.{language}.html", kind.name());
            std::fs::write(directory.join(name), notice.html).unwrap();
        }
    }
}

fn facts(language: Language) -> NoticeFacts {
    let frame = pages::frame(language);
    NoticeFacts {
        shop: frame.shop,
        reference: frame.reference,
        now: frame.now,
        zone: frame.zone,
        window: Some((pages::at("18:20"), pages::at("18:35"))),
        at: Some(pages::at("17:46")),
        link: Some(format!("https://p.example{}", frame.link)),
        courier: Some("Odo".to_owned()),
        shop_phone: frame.shop_phone,
        code: Some("482913".to_owned()),
    }
}
