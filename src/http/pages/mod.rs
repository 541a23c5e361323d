//! The customer's pages: one HTML document per state, drawn by the server, complete without script.
//!
//! A handler fills a view ([`view`]), wraps it in a [`Page`] and calls [`render`]. Nothing here reads the database or
//! knows a route beyond the link it is given. The contract of forms and links stands in [`view`].

mod address;
mod draw;
mod shell;
pub mod view;

use std::sync::LazyLock;

use callahead_domain::contact::Language;
use sha2::{Digest, Sha256};

use view::{
    AddressView, AnsweredView, AskView, CancelView, ErrorView, GoneView, LaterView, NearView, NotTodayView,
    OnTheWayView, OtherView, ReceiptView,
};

/// The one style sheet.
pub const CSS: &str = include_str!("../../../web/static/customer.css");

static CSS_PATH: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(CSS.as_bytes());
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("/static/customer.{hash}.css")
});

/// Where the pages look for [`CSS`]: the name changes with the content, so it may be cached for ever.
#[must_use]
pub fn css_path() -> &'static str {
    &CSS_PATH
}

/// A page and what it shows.
#[derive(Clone, Debug)]
pub enum Page {
    /// U1, U10, U11: the question.
    Ask(AskView),
    /// U6: later today.
    Later(LaterView),
    /// U7: another day.
    NotToday(NotTodayView),
    /// U8: somebody else takes it.
    Other(OtherView),
    /// Where is it? The address was not found.
    Address(AddressView),
    /// U9: cancel?
    Cancel(CancelView),
    /// U2: what was answered.
    Answered(AnsweredView),
    /// U3: on the way.
    OnTheWay(OnTheWayView),
    /// U4: the code.
    Near(NearView),
    /// U5: the receipt.
    Receipt(ReceiptView),
    /// U12 and other ends.
    Gone(GoneView),
    /// The plain error page.
    Error(ErrorView),
}

/// Why a page cannot be drawn: always a mistake of ours, found by the tests that draw all of them.
#[derive(Debug, thiserror::Error)]
#[error("page: {0}")]
pub struct PageError(#[from] askama::Error);

/// Draws a page as a whole HTML document.
///
/// # Errors
/// [`PageError`] where a word or a part is missing.
pub fn render(page: &Page, language: Language) -> Result<String, PageError> {
    Ok(match page {
        Page::Ask(view) => draw::ask(view, language),
        Page::Later(view) => draw::later(view, language),
        Page::NotToday(view) => draw::not_today(view, language),
        Page::Other(view) => draw::other(view, language),
        Page::Address(view) => address::address(view, language),
        Page::Cancel(view) => draw::cancel(view, language),
        Page::Answered(view) => draw::answered(view, language),
        Page::OnTheWay(view) => draw::on_the_way(view, language),
        Page::Near(view) => draw::near(view, language),
        Page::Receipt(view) => draw::receipt(view, language),
        Page::Gone(view) => draw::gone(view, language),
        Page::Error(view) => draw::error(view, language),
    }?)
}
