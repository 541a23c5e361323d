//! The channels that are switched on, in the operator's order.

use std::fmt;
use std::sync::Arc;

use super::{Notifier, Recipient};

/// The channels in the order they are tried.
#[derive(Clone, Default)]
pub struct Channels {
    ordered: Vec<Arc<dyn Notifier>>,
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Channels {
    /// The first is tried first.
    #[must_use]
    pub fn new(ordered: Vec<Arc<dyn Notifier>>) -> Self {
        Self { ordered }
    }

    /// The first channel that reaches this person; none where the person left nothing to reach them by.
    #[must_use]
    pub fn pick(&self, to: &Recipient) -> Option<&dyn Notifier> {
        self.ordered.iter().map(AsRef::as_ref).find(|channel| channel.reaches(to))
    }

    /// The channel to try after `failed`: the next in order that reaches this person.
    /// None after the last one, and for a channel that is no longer switched on.
    #[must_use]
    pub fn after(&self, failed: &str, to: &Recipient) -> Option<&dyn Notifier> {
        let position = self.ordered.iter().position(|channel| channel.name() == failed)?;
        self.ordered.iter().skip(position + 1).map(AsRef::as_ref).find(|channel| channel.reaches(to))
    }

    /// The channel of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&dyn Notifier> {
        self.ordered.iter().map(AsRef::as_ref).find(|channel| channel.name() == name)
    }

    /// Names in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.ordered.iter().map(|channel| channel.name())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use callahead_domain::contact::Language;
    use futures_util::future::BoxFuture;

    use super::super::{Message, SendOutcome};
    use super::*;

    struct Fake(&'static str, fn(&Recipient) -> bool);

    impl Notifier for Fake {
        fn name(&self) -> &'static str {
            self.0
        }
        fn reaches(&self, to: &Recipient) -> bool {
            (self.1)(to)
        }
        fn send<'a>(&'a self, _msg: &'a Message) -> BoxFuture<'a, SendOutcome> {
            Box::pin(async { SendOutcome::Unknown { why: String::new() } })
        }
    }

    fn channels() -> Channels {
        Channels::new(vec![
            Arc::new(Fake("sms", |to| to.phone.is_some())),
            Arc::new(Fake("email", |to| to.email.is_some())),
            Arc::new(Fake("log", |_| true)),
        ])
    }

    fn person(phone: bool, email: bool) -> Recipient {
        Recipient {
            name: "Mira".to_owned(),
            phone: phone.then(|| "+15550100".to_owned()),
            email: email.then(|| "mira@example.org".to_owned()),
            language: Language::En,
        }
    }

    fn name(channel: Option<&dyn Notifier>) -> Option<&'static str> {
        channel.map(Notifier::name)
    }

    #[test]
    fn the_first_channel_that_reaches_the_person_is_picked() {
        assert_eq!(name(channels().pick(&person(true, true))), Some("sms"));
        assert_eq!(name(channels().pick(&person(false, true))), Some("email"));
        assert_eq!(name(channels().pick(&person(false, false))), Some("log"));
        assert_eq!(name(Channels::default().pick(&person(true, true))), None);
    }

    #[test]
    fn after_a_failure_the_next_one_that_reaches_the_person_is_tried_and_the_last_ends_it() {
        assert_eq!(name(channels().after("sms", &person(true, false))), Some("log"));
        assert_eq!(name(channels().after("sms", &person(true, true))), Some("email"));
        assert_eq!(name(channels().after("log", &person(true, true))), None);
        assert_eq!(name(channels().after("pigeon", &person(true, true))), None);
        assert_eq!(name(channels().get("email")), Some("email"));
    }
}
