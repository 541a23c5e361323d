//! The settings by section, typed, and how each is read. Names, defaults and what they mean are in
//! `default.toml`; what is allowed stands here, once, and goes into the reference from here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use callahead_domain::contact::Phone;
use callahead_domain::dispatch::Weights;

use super::network::Network;
use super::reader::{Ask, Reader, Shown};

/// `[server]`: where the service answers and how much it takes from one caller.
#[derive(Debug, Clone)]
pub struct Server {
    /// The address and port to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The start of every link sent out, without a slash at the end.
    pub public_url: String,
    /// Threads that answer requests; 0 is one per processor.
    pub workers: usize,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// How long a request body may take to arrive, in milliseconds.
    pub body_timeout_ms: u64,
    /// Connections open at once from one address; 0 is no bound.
    pub max_connections_per_address: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Requests a second of one signed-in caller.
    pub requests_per_second_per_key: u32,
    /// Requests at once of one signed-in caller.
    pub burst_per_key: u32,
    /// Requests a second from one address without a key.
    pub requests_per_second_per_address: u32,
    /// Requests at once from one address without a key.
    pub burst_per_address: u32,
    /// How long a graceful stop waits, in seconds.
    pub shutdown_s: u64,
}

impl Server {
    pub(super) fn read(r: &mut Reader) -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let listen =
            Ask::new("server.listen", "an IP address and a port, such as 127.0.0.1:8080 or [::]:8080");
        let public_url =
            Ask::new("server.public_url", "an http:// or https:// address without path, query or password");
        let networks = "a list of IP addresses or networks, such as [\"10.0.0.0/8\", \"::1\"]";
        Self {
            listen: r.text(listen, nowhere, |text| text.parse().ok()),
            public_url: r.text(public_url, String::new(), public_origin),
            workers: r.whole("server.workers", 0..=1024),
            body_limit_bytes: r.whole("server.body_limit_bytes", 1024..=67_108_864),
            body_timeout_ms: r.whole("server.body_timeout_ms", 100..=600_000),
            max_connections_per_address: r.whole("server.max_connections_per_address", 0..=1_000_000),
            trusted_proxies: r.list("server.trusted_proxies", networks, |text| text.parse().ok()),
            requests_per_second_per_key: r.whole("server.requests_per_second_per_key", 1..=1_000_000),
            burst_per_key: r.whole("server.burst_per_key", 1..=1_000_000),
            requests_per_second_per_address: r.whole("server.requests_per_second_per_address", 1..=1_000_000),
            burst_per_address: r.whole("server.burst_per_address", 1..=1_000_000),
            shutdown_s: r.whole("server.shutdown_s", 1..=600),
        }
    }
}

/// Scheme, host and port of an address that has nothing else.
fn public_origin(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let bare = plain && url.fragment().is_none() && url.path() == "/" && url.has_host();
    (bare && matches!(url.scheme(), "http" | "https")).then(|| text.trim_end_matches('/').to_owned())
}

/// `[database]`: where everything is kept.
#[derive(Debug, Clone)]
pub struct Database {
    /// The address, with any password: show it through [`Database::shown`] only.
    pub url: SecretString,
    /// Connections kept for reading.
    pub readers: u32,
    /// Writing tasks on PostgreSQL.
    pub lanes: usize,
    /// Writes that may wait in one lane.
    pub queue: usize,
}

impl Database {
    pub(super) fn read(r: &mut Reader) -> Self {
        let url = Ask::new("database.url", "sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME");
        Self {
            url: r.text(url.shown(Shown::Url), SecretString::default(), database_url),
            readers: r.whole("database.readers", 1..=256),
            lanes: r.whole("database.lanes", 1..=64),
            queue: r.whole("database.queue", 1..=1_000_000),
        }
    }

    /// Whether the database is SQLite (else it is PostgreSQL).
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.url.expose_secret().starts_with("sqlite:")
    }

    /// The file of a SQLite database; none for PostgreSQL and for a database in memory.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let rest = self.url.expose_secret().strip_prefix("sqlite:")?;
        let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
    }

    /// The address as it may be shown: without its password.
    #[must_use]
    pub fn shown(&self) -> String {
        super::reader::mask_url(self.url.expose_secret())
    }
}

fn database_url(text: &str) -> Option<SecretString> {
    let sqlite = text.strip_prefix("sqlite:").is_some_and(|rest| !rest.trim_start_matches('/').is_empty());
    let postgres = ["postgres", "postgresql"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://"))
            && reqwest::Url::parse(text).is_ok_and(|url| url.path().len() > 1)
    });
    (sqlite || postgres).then(|| SecretString::from(text))
}

/// `[secrets]`.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// 64 hexadecimal digits, or empty for the key file; see `config::master_key`.
    pub master: SecretString,
}

impl Secrets {
    pub(super) fn read(r: &mut Reader) -> Self {
        let hex = |text: &str| text.is_empty() || super::master_key::parse_hex(text).is_some();
        Self { master: r.secret("secrets.master", "64 hexadecimal digits, or empty for the key file", hex) }
    }
}

/// `[data]`: files beside the database.
#[derive(Debug, Clone)]
pub struct Data {
    /// The directory of the master key.
    pub dir: PathBuf,
}

impl Data {
    pub(super) fn read(r: &mut Reader) -> Self {
        let dir = Ask::new("data.dir", "a directory");
        Self { dir: r.text(dir, PathBuf::new(), |text| (!text.is_empty()).then(|| PathBuf::from(text))) }
    }
}

/// `[jobs]`: work done in the background.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    /// Jobs carried out at once.
    pub workers: usize,
    /// How long a job belongs to its worker, in seconds.
    pub lease_s: u64,
    /// How often to look for due jobs, in milliseconds.
    pub poll_ms: u64,
}

impl Jobs {
    pub(super) fn read(r: &mut Reader) -> Self {
        Self {
            workers: r.whole("jobs.workers", 1..=256),
            lease_s: r.whole("jobs.lease_s", 5..=3600),
            poll_ms: r.whole("jobs.poll_ms", 10..=60_000),
        }
    }
}

/// `[dispatch]`: giving deliveries to couriers.
#[derive(Debug, Clone, Copy)]
pub struct Dispatch {
    /// Whether this process assigns deliveries.
    pub enabled: bool,
    /// The time between two rounds in a region, in seconds.
    pub epoch_s: u64,
    /// How long a round improves its plan, in milliseconds.
    pub budget_ms: u64,
    /// How long visits are kept to count who was home, in days.
    pub home_history_days: i64,
    /// `[dispatch.weights]`.
    pub weights: Weights,
}

impl Dispatch {
    pub(super) fn read(r: &mut Reader) -> Self {
        Self {
            enabled: r.flag("dispatch.enabled"),
            epoch_s: r.whole("dispatch.epoch_s", 1..=3600),
            budget_ms: r.whole("dispatch.budget_ms", 0..=10_000),
            home_history_days: r.whole("dispatch.home_history_days", 0..=3650),
            weights: super::weights::read(r),
        }
    }
}

/// The channels there are, as `channels.order` names them.
pub const CHANNELS: [&str; 2] = ["email", "log"];

/// `[courier_page]`: the courier's page on the phone.
#[derive(Debug, Clone)]
pub struct CourierPage {
    /// Where a courier reaches a person of dispatch, E.164; empty shows no number.
    pub dispatch_phone: String,
}

impl CourierPage {
    pub(super) fn read(r: &mut Reader) -> Self {
        let phone = Ask::new("courier_page.dispatch_phone", "a telephone number with country code, or empty");
        let number = |text: &str| match text.trim() {
            "" => Some(String::new()),
            text => Phone::parse(text, None).ok().map(|phone| phone.as_str().to_owned()),
        };
        Self { dispatch_phone: r.text(phone, String::new(), number) }
    }
}

/// `[channels]`: how people are reached.
#[derive(Debug, Clone)]
pub struct Channels {
    /// Names from [`CHANNELS`], first to last.
    pub order: Vec<String>,
    /// `[channels.email]`.
    pub email: EmailChannel,
}

impl Channels {
    pub(super) fn read(r: &mut Reader) -> Self {
        let allowed = format!("a list of different names out of {}", CHANNELS.join(", "));
        let known = |text: &str| CHANNELS.contains(&text).then(|| text.to_owned());
        let order = r.list("channels.order", &allowed, known);
        let mut once = order.clone();
        once.sort();
        once.dedup();
        if once.len() < order.len() {
            r.refuse_beside("channels.order", &allowed);
        }
        Self { order, email: EmailChannel::read(r) }
    }
}

/// How a mail connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// Encrypt after a greeting, or fail.
    StartTls,
    /// Encrypted from the start.
    Tls,
    /// In the clear.
    None,
}

/// `[channels.email]`: notices through an SMTP server.
#[derive(Debug, Clone)]
pub struct EmailChannel {
    /// Whether e-mail is sent at all.
    pub enabled: bool,
    /// The server's name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// How the connection is secured.
    pub security: MailSecurity,
    /// The name to sign in with; empty signs in nobody.
    pub username: String,
    /// The password to sign in with.
    pub password: SecretString,
    /// The sender, such as `Callahead <callahead@example.org>`.
    pub from: String,
    /// How long one message may take, in milliseconds.
    pub timeout_ms: u64,
}

impl EmailChannel {
    fn read(r: &mut Reader) -> Self {
        const SECURITY: [(&str, MailSecurity); 3] =
            [("starttls", MailSecurity::StartTls), ("tls", MailSecurity::Tls), ("none", MailSecurity::None)];
        let host = Ask::new("channels.email.host", "a host name or an IP address");
        let username = Ask::new("channels.email.username", "a name, or empty");
        let from = Ask::new("channels.email.from", "an address, such as Callahead <callahead@example.org>");
        let no_blank = |text: &str| (!text.contains(char::is_whitespace)).then(|| text.to_owned());
        let mailbox = |text: &str| text.parse::<lettre::message::Mailbox>().is_ok().then(|| text.to_owned());
        let email = Self {
            enabled: r.flag("channels.email.enabled"),
            host: r.text(host, String::new(), no_blank),
            port: r.whole("channels.email.port", 1..=65_535),
            security: r.choice("channels.email.security", &SECURITY, MailSecurity::StartTls),
            username: r.text(username, String::new(), |text| Some(text.to_owned())),
            password: r.secret("channels.email.password", "a password, or empty", |_| true),
            from: r.text(from, String::new(), mailbox),
            timeout_ms: r.whole("channels.email.timeout_ms", 100..=120_000),
        };
        if email.enabled && email.host.is_empty() {
            r.refuse_beside("channels.email.host", "a host name or an IP address, because e-mail is enabled");
        }
        if email.username.is_empty() != email.password.expose_secret().is_empty() {
            r.refuse_beside("channels.email.password", "set exactly when channels.email.username is");
        }
        email
    }
}

/// `[payments]`: asking whoever holds the customers' money.
#[derive(Debug, Clone)]
pub struct Payments {
    /// How long a shop's endpoint may take, in milliseconds.
    pub shop_timeout_ms: u64,
    /// Whether a shop's endpoint may be on this machine or a private network.
    pub allow_private: bool,
    /// Cards.
    pub stripe: Stripe,
}

/// `[payments.stripe]`: cards, by Stripe's API.
#[derive(Debug, Clone)]
pub struct Stripe {
    /// The secret key; empty: not offered.
    pub secret: SecretString,
    /// Where the API is, without `/v1`.
    pub url: String,
    /// The secret its webhooks are signed with; empty: none are taken.
    pub webhook_secret: SecretString,
    /// The secret before it, while it is being replaced.
    pub webhook_secret_before: SecretString,
    /// How long one request may take, in milliseconds.
    pub timeout_ms: u64,
}

impl Stripe {
    fn read(r: &mut Reader) -> Self {
        let visible = |text: &str| text.chars().all(|letter| letter.is_ascii_graphic());
        let wish = "visible characters, or empty";
        Self {
            secret: r.secret("payments.stripe.secret", wish, visible),
            url: r.text(
                Ask::new("payments.stripe.url", "an http or https address"),
                String::new(),
                public_origin,
            ),
            webhook_secret: r.secret("payments.stripe.webhook_secret", wish, visible),
            webhook_secret_before: r.secret("payments.stripe.webhook_secret_before", wish, visible),
            timeout_ms: r.whole("payments.stripe.timeout_ms", 100..=120_000),
        }
    }

    /// Whether cards can be taken.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        !self.secret.expose_secret().is_empty()
    }
}

impl Payments {
    pub(super) fn read(r: &mut Reader) -> Self {
        Self {
            shop_timeout_ms: r.whole("payments.shop_timeout_ms", 100..=120_000),
            allow_private: r.flag("payments.allow_private"),
            stripe: Stripe::read(r),
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// `[log]`: what the service writes about itself.
#[derive(Debug, Clone)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// What is written; a valid filter of `tracing_subscriber`.
    pub filter: String,
}

impl Log {
    pub(super) fn read(r: &mut Reader) -> Self {
        let filter = Ask::new(
            "log.filter",
            "a level (error, warn, info, debug, trace, off) or target=level,... pairs",
        );
        let valid = |text: &str| {
            tracing_subscriber::EnvFilter::builder().parse(text).is_ok().then(|| text.to_owned())
        };
        Self {
            format: r.choice(
                "log.format",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                LogFormat::Text,
            ),
            filter: r.text(filter, String::new(), |text| if text.is_empty() { None } else { valid(text) }),
        }
    }
}

/// `[testing]`, hidden: how the service's own tests make it die.
#[derive(Debug, Clone, Default)]
pub struct Testing {
    /// A crash point's name and the passing at which the process dies; see `lifecycle::crash_point`.
    pub crash_at: Option<(String, u64)>,
}

impl Testing {
    pub(super) fn read(r: &mut Reader) -> Self {
        let ask = Ask::new("testing.crash_at", "NAME or NAME:N, N from 1 up").shown(Shown::Hidden);
        let crash_at = r.text(ask, None, |text| match text.rsplit_once(':') {
            _ if text.is_empty() => Some(None),
            None => Some(Some((text.to_owned(), 1))),
            Some((name, nth)) => Some(Some((name.to_owned(), nth.parse().ok().filter(|n| *n > 0)?))),
        });
        Self { crash_at }
    }
}
