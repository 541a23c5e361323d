//! The `log` channel: a line in the service's own log instead of a message. For tests, demonstrations and first days.

use futures_util::future::BoxFuture;

use super::{Message, Notifier, Recipient, SendOutcome};

/// Writes one line at `info` with the masked phone and the link. The words are left out, since they may hold a code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

impl Notifier for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn reaches(&self, _to: &Recipient) -> bool {
        true
    }

    fn send<'a>(&'a self, msg: &'a Message) -> BoxFuture<'a, SendOutcome> {
        Box::pin(async move {
            let phone = msg.to.phone.as_deref().map(masked).unwrap_or_default();
            tracing::info!(notice = %msg.id, phone, link = msg.link.as_deref().unwrap_or(""), "notice");
            SendOutcome::Sent { provider_id: msg.id.clone() }
        })
    }
}

/// The last two digits of a number; the rest as dots.
fn masked(phone: &str) -> String {
    let length = phone.chars().count();
    phone.chars().enumerate().map(|(at, c)| if at + 2 < length { '•' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use callahead_domain::contact::Language;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_line_shows_the_link_and_neither_the_number_nor_the_code() {
        let lines = Lines::default();
        let sink = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || sink.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let to = Recipient {
            name: "Mira".to_owned(),
            phone: Some("+15550123477".to_owned()),
            email: Some("mira@example.org".to_owned()),
            language: Language::En,
        };
        let msg = Message {
            id: "evt_1".to_owned(),
            to,
            subject: "Your code".to_owned(),
            text: "Your code is 482913".to_owned(),
            html: None,
            link: Some("https://p.example/t/abc".to_owned()),
        };
        let outcome = Log.send(&msg).await;
        drop(guard);
        assert_eq!(outcome, SendOutcome::Sent { provider_id: "evt_1".to_owned() });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(written.contains("https://p.example/t/abc") && written.contains("77"), "{written}");
        for secret in ["482913", "5550123", "mira"] {
            assert!(!written.contains(secret), "{written}");
        }
        assert!(!format!("{msg:?}").contains("482913"));
    }
}
