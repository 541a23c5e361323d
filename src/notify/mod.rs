//! How a notice reaches a person.
//!
//! A notice is rendered once ([`render`]), frozen as a [`Message`] with a stable id, and handed to the first
//! channel that can reach the person ([`registry::Channels`]). Jobs come in here; nothing in this room reads the
//! database or decides when a notice is due.
//!
//! A channel never retries by itself: it says what happened ([`SendOutcome`]) and the job decides. An unknown
//! outcome is not sent again blindly, since a second copy is worse than a late one.

pub mod email;
pub mod log;
pub mod registry;
pub mod render;
pub mod sms_text;

use callahead_domain::contact::Language;
use futures_util::future::BoxFuture;

/// Who a notice is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// As the person is greeted.
    pub name: String,
    /// E.164, with the plus.
    pub phone: Option<String>,
    /// A checked address.
    pub email: Option<String>,
    /// The language the notice was rendered in.
    pub language: Language,
}

/// One notice, rendered and frozen: sending it again sends the same words.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Stable for the notice, so that a second copy can be recognised (the `Message-ID` of an e-mail).
    pub id: String,
    /// Who it is for.
    pub to: Recipient,
    /// One line.
    pub subject: String,
    /// The whole notice in plain text.
    pub text: String,
    /// The same as HTML, for channels that can show it.
    pub html: Option<String>,
    /// The person's own page.
    pub link: Option<String>,
}

/// Leaves the words out: they may hold a sign-in code.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What became of one attempt to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The channel has taken it over.
    Sent {
        /// What the provider calls it, for tracing a complaint.
        provider_id: String,
    },
    /// It certainly did not go out.
    Refused {
        /// Stable name of the cause.
        code: &'static str,
        /// True where another try over this channel is pointless until somebody mends something.
        permanent: bool,
        /// For the operator; holds no code and no notice text.
        message: String,
    },
    /// It may or may not have gone out. Not to be sent again blindly.
    Unknown {
        /// For the operator.
        why: String,
    },
}

/// A channel: one way a notice travels.
pub trait Notifier: Send + Sync {
    /// Stable name, as in the configuration and in events.
    fn name(&self) -> &'static str;

    /// Whether this person has what the channel needs (an address, a number).
    fn reaches(&self, to: &Recipient) -> bool;

    /// Sends once, within the channel's own deadline. Never panics, never retries.
    fn send<'a>(&'a self, msg: &'a Message) -> BoxFuture<'a, SendOutcome>;
}
