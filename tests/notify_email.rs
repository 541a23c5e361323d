//! The `email` channel against a mail server process on loopback: whole mails, and every way a server can fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/smtp.rs"]
mod smtp;

use std::net::TcpListener;

use callahead::notify::email::{Email, EmailSettings, Security};
use callahead::notify::{Message, Notifier, Recipient, SendOutcome};
use callahead_domain::contact::Language;
use mail_parser::{MessageParser, MimeHeaders};
use smtp::SmtpServer;

fn channel_to(port: u16, timeout_ms: u64) -> Email {
    Email::new(EmailSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        from: "솔트마켓 식료품 <notices@shop.example>".to_owned(),
        reply_to: Some("help@shop.example".to_owned()),
        hello: Some("dispatch.example".to_owned()),
        timeout_ms,
        connections: 2,
        ..EmailSettings::default()
    })
    .unwrap()
}

fn channel(server: &SmtpServer) -> Email {
    channel_to(server.address.port(), 20_000)
}

fn notice(to: &str) -> Message {
    Message {
        id: "evt_01hzy0000000000000000000".to_owned(),
        to: Recipient {
            name: "Mira Tolvane".to_owned(),
            phone: None,
            email: Some(format!("{to}@example.org")),
            language: Language::En,
        },
        subject: "Will you be home 18:20–18:35?".to_owned(),
        text: "Will you be home?\n.\n..two dots\nhttps://p.example/t/abc\n".to_owned(),
        html: Some("<p>Will you be <b>home</b>?</p>".to_owned()),
        link: Some("https://p.example/t/abc".to_owned()),
    }
}

fn refusal(outcome: SendOutcome) -> (&'static str, bool) {
    match outcome {
        SendOutcome::Refused { code, permanent, .. } => (code, permanent),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn an_english_mail_arrives_whole_with_both_parts_and_a_stable_message_id() {
    let server = SmtpServer::start();
    let outcome = channel(&server).send(&notice("mira")).await;
    assert!(
        matches!(&outcome, SendOutcome::Sent { provider_id } if provider_id.contains("Q7")),
        "{outcome:?}"
    );
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    let mail = MessageParser::default().parse(&mails[0]).unwrap();
    assert_eq!(mail.subject(), Some("Will you be home 18:20–18:35?"));
    assert_eq!(mail.message_id(), Some("evt_01hzy0000000000000000000@shop.example"));
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("솔트마켓 식료품"));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("mira@example.org"));
    assert_eq!(mail.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    assert_eq!(mail.header_raw("Content-Language").map(str::trim), Some("en"));
    let text = mail.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), notice("mira").text.trim_end());
    assert_eq!(mail.body_html(0).unwrap().trim_end(), notice("mira").html.unwrap());
    assert_eq!(mail.parts[0].content_type().unwrap().subtype(), Some("alternative"));
}

#[tokio::test]
async fn a_korean_mail_arrives_letter_by_letter() {
    let server = SmtpServer::start();
    let mut korean = notice("mira");
    korean.to.name = "김미라".to_owned();
    korean.to.language = Language::Ko;
    korean.subject =
        "오늘 18:20–18:35에 댁에 계십니까? 솔트마켓 식료품에서 주문하신 물건을 가지고 갑니다".to_owned();
    korean.text = "댁에 계십니까?\n".repeat(80);
    korean.html = None;
    assert!(matches!(channel(&server).send(&korean).await, SendOutcome::Sent { .. }));
    let mails = server.mails();
    assert!(mails[0].is_ascii(), "no server has to understand more than ASCII");
    let mail = MessageParser::default().parse(&mails[0]).unwrap();
    assert_eq!(mail.subject(), Some(korean.subject.as_str()));
    assert_eq!(mail.to().unwrap().first().unwrap().name(), Some("김미라"));
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n"), korean.text);
}

#[tokio::test]
async fn a_name_or_subject_with_a_line_break_cannot_add_a_header() {
    let server = SmtpServer::start();
    let mut evil = notice("mira");
    evil.subject = "Hello\r\nBcc: thief@example.org".to_owned();
    evil.to.name = "Mira\r\nX-Evil: yes".to_owned();
    evil.id = "evt\r\nX-Id: yes".to_owned();
    assert!(matches!(channel(&server).send(&evil).await, SendOutcome::Sent { .. }));
    let mails = server.mails();
    let mail = MessageParser::default().parse(&mails[0]).unwrap();
    for name in ["Bcc", "X-Evil", "X-Id"] {
        assert!(mail.header_raw(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_temporary_refusal_may_be_tried_again_and_a_permanent_one_not() {
    let server = SmtpServer::start();
    let channel = channel(&server);
    assert_eq!(refusal(channel.send(&notice("tempfail")).await), ("smtp_recipient", false));
    assert_eq!(refusal(channel.send(&notice("reject")).await), ("smtp_recipient", true));
    assert_eq!(refusal(channel.send(&notice("tempfail-text")).await), ("smtp_content", false));
    assert_eq!(refusal(channel.send(&notice("reject-text")).await), ("smtp_content", true));
    assert!(server.mails().is_empty());
    assert!(matches!(channel.send(&notice("mira")).await, SendOutcome::Sent { .. }));
    assert_eq!(server.connections(), 1, "a refusal does not cost the connection");
}

#[tokio::test]
async fn a_line_cut_after_the_text_leaves_the_outcome_unknown_and_the_next_notice_goes_out() {
    let server = SmtpServer::start();
    let channel = channel(&server);
    let outcome = channel.send(&notice("drop-after-data")).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(server.mails().len(), 1, "it had arrived after all");
    assert!(matches!(channel.send(&notice("mira")).await, SendOutcome::Sent { .. }));
}

#[tokio::test]
async fn a_line_cut_before_the_text_is_a_refusal_since_nothing_went_out() {
    let server = SmtpServer::start();
    assert_eq!(refusal(channel(&server).send(&notice("drop-before-data")).await), ("smtp_recipient", false));
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn silence_after_the_text_is_unknown_and_silence_before_it_a_refusal() {
    let server = SmtpServer::start();
    let channel = channel_to(server.address.port(), 300);
    let outcome = channel.send(&notice("hang")).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(refusal(channel.send(&notice("hang-rcpt")).await), ("smtp_timeout", false));
}

#[tokio::test]
async fn a_server_that_is_down_is_a_temporary_refusal() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let channel = channel_to(port, 2_000);
    assert_eq!(refusal(channel.send(&notice("mira")).await), ("smtp_connect", false));
    assert!(channel.check().await.unwrap_err().contains(&port.to_string()));
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_without_starttls_where_it_is_demanded() {
    let server = SmtpServer::start();
    let settings = EmailSettings {
        host: "127.0.0.1".to_owned(),
        port: server.address.port(),
        from: "notices@shop.example".to_owned(),
        ..EmailSettings::default()
    };
    assert_eq!(settings.security, Security::Starttls);
    assert_eq!(refusal(Email::new(settings).unwrap().send(&notice("mira")).await), ("smtp_tls", false));
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_for_good_before_anything_is_opened() {
    let server = SmtpServer::start();
    let mut nobody = notice("mira");
    for address in [Some("not an address"), Some("김@example.org"), None] {
        nobody.to.email = address.map(str::to_owned);
        assert_eq!(refusal(channel(&server).send(&nobody).await), ("bad_message", true));
    }
    assert_eq!(server.connections(), 0);
    assert!(!channel(&server).reaches(&nobody.to));
}

#[tokio::test]
async fn a_hundred_notices_share_two_connections() {
    let server = SmtpServer::start();
    let channel = channel(&server);
    let notices: Vec<Message> = (0..100).map(|number| notice(&format!("guest{number}"))).collect();
    let outcomes = futures_util::future::join_all(notices.iter().map(|one| channel.send(one))).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, SendOutcome::Sent { .. })), "{outcomes:?}");
    assert_eq!(server.mails().len(), 100);
    assert!(server.connections() <= 2, "{}", server.connections());
}
