//! The `email` channel: SMTP with the mail server of the operator.
//!
//! The conversation is led phase by phase, so that what went wrong can be told apart: before the message was handed
//! over nothing went out; once its text was being sent and no answer came, nobody can know ([`SendOutcome::Unknown`]).

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use lettre::{Address, Message as Mime};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Message, Notifier, Recipient, SendOutcome};
use crate::config::{EmailChannel, MailSecurity};

/// How the line to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Plain text. Only for a server on the same machine or a trusted wire; a password is refused.
    None,
    /// Plain, then upgraded; a server that does not offer the upgrade gets nothing.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// Settings of the channel.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// Host name or address of the mail server.
    pub host: String,
    /// 25, 465 or 587 as a rule.
    pub port: u16,
    /// Protection of the line.
    pub security: Security,
    /// Name at the mail server, where it asks for one.
    pub username: Option<String>,
    /// Password at the mail server.
    pub password: Option<SecretString>,
    /// Who the notices come from: `Name <address>` or an address.
    pub from: String,
    /// Where an answer goes; `from` where absent.
    pub reply_to: Option<String>,
    /// A further certificate authority in PEM, for a mail server inside a closed network.
    pub ca_pem: Option<String>,
    /// What the service calls itself at the mail server; the host's name where absent.
    pub hello: Option<String>,
    /// Longest wait for any one answer of the server, in milliseconds.
    pub timeout_ms: u64,
    /// Most connections at once.
    pub connections: usize,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 587,
            security: Security::default(),
            username: None,
            password: None,
            from: "notices@localhost".to_owned(),
            reply_to: None,
            ca_pem: None,
            hello: None,
            timeout_ms: 20_000,
            connections: 4,
        }
    }
}

impl From<&EmailChannel> for EmailSettings {
    /// `[channels.email]`; an empty name signs in nobody.
    fn from(section: &EmailChannel) -> Self {
        let signs_in = !section.username.is_empty();
        Self {
            host: section.host.clone(),
            port: section.port,
            security: match section.security {
                MailSecurity::StartTls => Security::Starttls,
                MailSecurity::Tls => Security::Tls,
                MailSecurity::None => Security::None,
            },
            username: signs_in.then(|| section.username.clone()),
            password: signs_in.then(|| section.password.clone()),
            from: section.from.clone(),
            timeout_ms: section.timeout_ms,
            ..Self::default()
        }
    }
}

/// A setting that cannot work, with its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("e-mail setting {setting}: {why}")]
pub struct SettingsError {
    /// Name of the setting.
    pub setting: &'static str,
    /// What is wrong and what is allowed.
    pub why: String,
}

/// The channel. Cheap to share; keeps a few idle connections.
pub struct Email {
    settings: EmailSettings,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    hello: ClientId,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
    turns: Semaphore,
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("host", &self.settings.host).finish_non_exhaustive()
    }
}

/// How far the conversation had come; names the code of a refusal.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Connect,
    Tls,
    SignIn,
    Sender,
    Recipient,
    Data,
    Text,
}

impl Phase {
    fn code(self) -> &'static str {
        match self {
            Self::Connect => "smtp_connect",
            Self::Tls => "smtp_tls",
            Self::SignIn => "smtp_sign_in",
            Self::Sender => "smtp_sender",
            Self::Recipient => "smtp_recipient",
            Self::Data | Self::Text => "smtp_content",
        }
    }
}

/// Why a phase did not end well.
enum Trouble {
    TimedOut,
    Smtp(SmtpError),
}

impl Email {
    /// Checks the settings; does not connect.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot work.
    pub fn new(settings: EmailSettings) -> Result<Self, SettingsError> {
        let from = mailbox("from", &settings.from)?;
        let reply_to = settings.reply_to.as_deref().map(|text| mailbox("reply_to", text)).transpose()?;
        let refuse = |setting, why: &str| Err(SettingsError { setting, why: why.to_owned() });
        if settings.username.is_some() != settings.password.is_some() {
            return refuse("username", "set both username and password, or neither");
        }
        if settings.security == Security::None && settings.password.is_some() {
            return refuse("security", "a password needs starttls or tls: it would travel in plain text");
        }
        if settings.timeout_ms == 0 || settings.connections == 0 {
            return refuse("timeout_ms", "timeout_ms and connections must be above zero");
        }
        let tls = match settings.security {
            Security::None => None,
            Security::Starttls | Security::Tls => Some(tls_parameters(&settings)?),
        };
        let hello = settings.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
        let turns = Semaphore::new(settings.connections);
        Ok(Self { settings, from, reply_to, hello, tls, idle: Mutex::new(Vec::new()), turns })
    }

    /// Connects, protects the line and signs in, without sending anything; for `doctor`.
    ///
    /// # Errors
    /// In words: what was tried and what the server said.
    pub async fn check(&self) -> Result<(), String> {
        let connection = self.connect().await.map_err(|(phase, trouble)| self.explain(phase, &trouble))?;
        self.keep(connection);
        Ok(())
    }

    async fn deliver(&self, msg: &Message) -> SendOutcome {
        let mime = match self.mime(msg) {
            Ok(mime) => mime,
            Err(message) => return SendOutcome::Refused { code: "bad_message", permanent: true, message },
        };
        let Ok(_turn) = self.turns.acquire().await else {
            return SendOutcome::Refused {
                code: Phase::Connect.code(),
                permanent: false,
                message: "the channel is closed".to_owned(),
            };
        };
        let mut connection = match self.ready().await {
            Ok(connection) => connection,
            Err((phase, trouble)) => return self.outcome(phase, &trouble),
        };
        match self.converse(&mut connection, mime.envelope(), &mime.formatted()).await {
            Ok(response) => {
                self.keep(connection);
                SendOutcome::Sent { provider_id: first_line(&response, &msg.id) }
            }
            Err((phase, trouble)) => {
                if matches!(&trouble, Trouble::Smtp(error) if error.status().is_some()) {
                    self.settle(connection).await;
                }
                self.outcome(phase, &trouble)
            }
        }
    }

    /// Hands one message over on an open line.
    async fn converse(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        bytes: &[u8],
    ) -> Result<Response, (Phase, Trouble)> {
        let mail = Mail::new(envelope.from().cloned(), Vec::new());
        self.step(Phase::Sender, connection.command(mail)).await?;
        for address in envelope.to() {
            let rcpt = Rcpt::new(address.clone(), Vec::new());
            self.step(Phase::Recipient, connection.command(rcpt)).await?;
        }
        self.step(Phase::Data, connection.command(Data)).await?;
        self.step(Phase::Text, connection.message(bytes)).await
    }

    /// An idle connection that still answers, or a new one.
    async fn ready(&self) -> Result<AsyncSmtpConnection, (Phase, Trouble)> {
        while let Some(mut connection) = self.take_idle() {
            if timeout(self.patience(), connection.test_connected()).await == Ok(true) {
                return Ok(connection);
            }
        }
        self.connect().await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, (Phase, Trouble)> {
        let server = (self.settings.host.as_str(), self.settings.port);
        let implicit = self.tls.clone().filter(|_| self.settings.security == Security::Tls);
        let opening =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.patience()), &self.hello, implicit, None);
        let mut connection = self.step(Phase::Connect, opening).await?;
        if let (Security::Starttls, Some(tls)) = (self.settings.security, self.tls.clone()) {
            self.step(Phase::Tls, connection.starttls(tls, &self.hello)).await?;
        }
        if let (Some(username), Some(password)) = (&self.settings.username, &self.settings.password) {
            let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
            self.step(Phase::SignIn, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        }
        Ok(connection)
    }

    async fn step<T>(
        &self,
        phase: Phase,
        work: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, (Phase, Trouble)> {
        match timeout(self.patience(), work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err((phase, Trouble::Smtp(error))),
            Err(_) => Err((phase, Trouble::TimedOut)),
        }
    }

    /// After a refusal the line is sound: the next notice may use it.
    async fn settle(&self, mut connection: AsyncSmtpConnection) {
        if let Ok(Ok(_)) = timeout(self.patience(), connection.command(Rset)).await {
            self.keep(connection);
        }
    }

    fn outcome(&self, phase: Phase, trouble: &Trouble) -> SendOutcome {
        let answered = matches!(trouble, Trouble::Smtp(error) if error.status().is_some());
        let message = self.explain(phase, trouble);
        if matches!(phase, Phase::Text) && !answered {
            return SendOutcome::Unknown { why: message };
        }
        let permanent = matches!(trouble, Trouble::Smtp(error) if error.is_permanent());
        let code = match trouble {
            Trouble::TimedOut => "smtp_timeout",
            Trouble::Smtp(error) if error.is_tls() => Phase::Tls.code(),
            Trouble::Smtp(_) => phase.code(),
        };
        SendOutcome::Refused { code, permanent, message }
    }

    fn explain(&self, phase: Phase, trouble: &Trouble) -> String {
        let server = format!("{}:{}", self.settings.host, self.settings.port);
        match trouble {
            Trouble::TimedOut => {
                format!("{server}: no answer within {} ms ({})", self.settings.timeout_ms, phase.code())
            }
            Trouble::Smtp(error) => format!("{server}: {error}"),
        }
    }

    /// The message as MIME: plain text, and HTML beside it where there is some.
    fn mime(&self, msg: &Message) -> Result<Mime, String> {
        let to = msg.to.email.as_deref().unwrap_or_default();
        let address: Address = to.parse().map_err(|error| format!("address: {error}"))?;
        if !to.is_ascii() {
            return Err("address: characters outside ASCII".to_owned());
        }
        let name = one_line(&msg.to.name);
        let mut builder = Mime::builder()
            .message_id(Some(self.message_id(&msg.id)))
            .from(self.from.clone())
            .to(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address))
            .subject(one_line(&msg.subject))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", msg.to.language.tag()));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let built = match &msg.html {
            Some(html) => {
                builder.multipart(MultiPart::alternative_plain_html(msg.text.clone(), html.clone()))
            }
            None => builder.singlepart(SinglePart::plain(msg.text.clone())),
        };
        built.map_err(|error| error.to_string())
    }

    fn message_id(&self, id: &str) -> String {
        let safe: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' })
            .collect();
        format!("<{safe}@{}>", self.from.email.domain())
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Option<AsyncSmtpConnection> {
        self.idle().pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle();
        if idle.len() < self.settings.connections && !connection.has_broken() {
            idle.push(connection);
        }
    }
}

impl Notifier for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn reaches(&self, to: &Recipient) -> bool {
        to.email.is_some()
    }

    fn send<'a>(&'a self, msg: &'a Message) -> BoxFuture<'a, SendOutcome> {
        Box::pin(self.deliver(msg))
    }
}

fn mailbox(setting: &'static str, text: &str) -> Result<Mailbox, SettingsError> {
    text.parse().map_err(|error| SettingsError {
        setting,
        why: format!("{text:?} is not a mail address ({error}); write `Name <address>` or an address"),
    })
}

fn tls_parameters(settings: &EmailSettings) -> Result<TlsParameters, SettingsError> {
    let wrong = |error: SmtpError| SettingsError { setting: "ca_pem", why: error.to_string() };
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.ca_pem {
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(SettingsError { setting: "ca_pem", why: "holds no certificate in PEM".to_owned() });
        }
        builder = builder.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(wrong)?);
    }
    builder.build().map_err(wrong)
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Control characters would end a header line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Servers put their own queue id into the answer.
fn first_line(response: &Response, id: &str) -> String {
    response.first_line().filter(|line| !line.is_empty()).unwrap_or(id).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn refused(settings: EmailSettings) -> SettingsError {
        Email::new(settings).expect_err("settings that cannot work")
    }

    #[test]
    fn the_section_of_the_configuration_becomes_settings() {
        let section = EmailChannel {
            enabled: true,
            host: "mail.example".to_owned(),
            port: 465,
            security: MailSecurity::Tls,
            username: String::new(),
            password: "".into(),
            from: "Callahead <callahead@example.org>".to_owned(),
            timeout_ms: 500,
        };
        let settings = EmailSettings::from(&section);
        assert_eq!((settings.port, settings.security, settings.timeout_ms), (465, Security::Tls, 500));
        assert!(settings.username.is_none() && settings.password.is_none());
        assert!(Email::new(settings).is_ok());
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_name() {
        let wrong_from = EmailSettings { from: "nobody".to_owned(), ..EmailSettings::default() };
        assert_eq!(refused(wrong_from).setting, "from");
        let half = EmailSettings { username: Some("a".to_owned()), ..EmailSettings::default() };
        assert_eq!(refused(half).setting, "username");
        let bare = EmailSettings {
            security: Security::None,
            username: Some("a".to_owned()),
            password: Some("b".into()),
            ..EmailSettings::default()
        };
        assert_eq!(refused(bare).setting, "security");
        let pem = EmailSettings { ca_pem: Some("not a certificate".to_owned()), ..EmailSettings::default() };
        assert_eq!(refused(pem).setting, "ca_pem");
        assert!(Email::new(EmailSettings::default()).is_ok());
    }
}
