//! The one way out over HTTP: a client with deadlines, a cap on answers, no redirects, no retries of its own,
//! and a guard on where it may connect.
//!
//! The guard works on the address that is really connected to: names are resolved by the guard's own resolver,
//! which hands on allowed addresses only, and literal addresses are checked before anything leaves. So a name
//! that changes its mind between check and use gains nothing.
//!
//! `allow_private` decides about private ranges and the machine itself. It is on by default: the operator enters
//! these endpoints, and closed networks live in private ranges. Turn it off where strangers may enter them.
//! Link-local, multicast, unspecified and reserved addresses are refused either way.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Method, Url};

/// The most bytes of an answer that are read where nothing else is said: 64 KiB.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Deadlines and the guard's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetRules {
    /// Until connected, TLS included.
    pub connect: Duration,
    /// From start to the last byte of the answer.
    pub total: Duration,
    /// Private ranges and loopback are fine.
    pub allow_private: bool,
    /// Refuse plain `http`.
    pub https_only: bool,
    /// The most bytes of an answer that are read.
    pub answer_bytes: usize,
}

impl Default for TargetRules {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(15),
            allow_private: true,
            https_only: false,
            answer_bytes: ANSWER_BYTES_MAX,
        }
    }
}

/// Why a URL is no place to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not an absolute `http` or `https` URL with a host.
    #[error("the address is not an http or https URL")]
    NotAUrl,
    /// Plain `http` where `https` is asked for.
    #[error("the address must use https")]
    NotHttps,
    /// A user name or password in the URL.
    #[error("the address carries a user name or password")]
    Credentials,
    /// A literal address in a range that is refused.
    #[error("the address lies in a refused range")]
    RefusedAddress,
}

/// Why no answer came. Except after `Target` and `NotConnected` the request may have been carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The URL was refused; nothing left.
    #[error("{0}")]
    Target(#[from] TargetError),
    /// No connection came about; nothing left.
    #[error("not connected: {0}")]
    NotConnected(String),
    /// A deadline passed.
    #[error("timeout")]
    Timeout,
    /// The connection broke, or what came was not HTTP.
    #[error("interrupted: {0}")]
    Interrupted(String),
    /// More bytes than [`TargetRules::answer_bytes`].
    #[error("the answer is too long")]
    TooLong,
}

/// A request to send.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// Where, after [`TargetRules::check`].
    pub url: Url,
    /// Headers by name.
    pub headers: Vec<(&'static str, String)>,
    /// The exact bytes of the body.
    pub body: Vec<u8>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status. Redirects are not followed and arrive here.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
    /// The headers that can be read as text, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// A header by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl TargetRules {
    /// Reads a URL and checks what can be checked without resolving its host.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn check(&self, url: &str) -> Result<Url, TargetError> {
        let url = Url::parse(url).map_err(|_| TargetError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.https_only => return Err(TargetError::NotHttps),
            "http" => {}
            _ => return Err(TargetError::NotAUrl),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(TargetError::NotAUrl)?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if literal.is_ok_and(|address| !self.allows(address)) {
            return Err(TargetError::RefusedAddress);
        }
        Ok(url)
    }

    /// Whether a connection to this address is fine.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        match range_of(address) {
            Range::Public => true,
            Range::Private => self.allow_private,
            Range::Never => false,
        }
    }
}

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    Public,
    Private,
    Never,
}

/// IANA's special-purpose registries, cut to three kinds. An IPv4 address inside an IPv6 one counts as itself.
fn range_of(address: IpAddr) -> Range {
    match address {
        IpAddr::V4(v4) => range_of_v4(v4),
        IpAddr::V6(v6) => range_of_v6(v6),
    }
}

fn range_of_v4(address: Ipv4Addr) -> Range {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) | (169, 254, _) | (192, 0, 0) | (224..=255, ..) => Range::Never,
        (10 | 127, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) | (198, 18..=19, _) => {
            Range::Private
        }
        _ => Range::Public,
    }
}

fn range_of_v6(address: Ipv6Addr) -> Range {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner = |high: u16, low: u16| {
        let [w, x] = high.to_be_bytes();
        let [y, z] = low.to_be_bytes();
        range_of_v4(Ipv4Addr::new(w, x, y, z))
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0) if (g, h) == (0, 1) => Range::Private,
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => inner(g, h),
        (0, 0, 0, 0, 0, 0) => Range::Never,
        (0x2002, ..) => inner(b, c),
        (0xfc00..=0xfdff, ..) => Range::Private,
        (0x2000..=0x3fff, ..) => Range::Public,
        _ => Range::Never,
    }
}

/// Resolves names by the system and hands on allowed addresses only.
#[derive(Debug, Clone, Copy)]
struct GuardedResolver(TargetRules);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| rules.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(TargetError::RefusedAddress.into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

/// The client. Cheap to clone; connections are kept and shared.
#[derive(Clone)]
pub struct TargetClient {
    http: Client,
    rules: TargetRules,
}

impl fmt::Debug for TargetClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TargetClient").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// The client could not be made; says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client could not be made: {0}")]
pub struct ClientError(String);

impl TargetClient {
    /// A client that trusts the system's certificate authorities. On a machine without any it is made all the
    /// same and reaches plain `http` only.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(rules: TargetRules) -> Result<Self, ClientError> {
        // Another part of the program may have chosen the same provider before: that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = builder(rules).build().or_else(|error| {
            tracing::warn!(error = %describe(&error), "no certificate authorities: https targets cannot be reached");
            builder(rules).tls_certs_only([]).build()
        });
        let http = made.map_err(|error| ClientError(describe(&error)))?;
        Ok(Self { http, rules })
    }

    /// The rules it was made with.
    #[must_use]
    pub const fn rules(&self) -> TargetRules {
        self.rules
    }

    /// Sends once and reads the whole answer.
    ///
    /// # Errors
    /// [`SendError`]; of its cases only `Target` and `NotConnected` say that nothing left.
    pub async fn send(&self, request: Request) -> Result<Answer, SendError> {
        self.rules.check(request.url.as_str())?;
        let mut outgoing = self.http.request(request.method, request.url).body(request.body);
        for (name, value) in request.headers {
            outgoing = outgoing.header(name, value);
        }
        let mut incoming = outgoing.send().await.map_err(|error| send_error(&error))?;
        let status = incoming.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(str::to_owned);
        let all = incoming.headers().iter();
        let headers = all.filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect();
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(|error| send_error(&error))? {
            if body.len() + chunk.len() > self.rules.answer_bytes {
                return Err(SendError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body, headers })
    }
}

fn builder(rules: TargetRules) -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("callahead/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(rules.connect)
        .timeout(rules.total)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .dns_resolver(GuardedResolver(rules))
}

/// Sorts the client's errors by what they say about the request's fate.
fn send_error(error: &reqwest::Error) -> SendError {
    if error.is_connect() {
        return SendError::NotConnected(describe(error));
    }
    if error.is_timeout() {
        return SendError::Timeout;
    }
    SendError::Interrupted(describe(error))
}

/// The innermost reason, without the URL, at most 200 characters.
fn describe(error: &reqwest::Error) -> String {
    let mut reason: &dyn Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    // The outermost message carries the URL, the inner ones do not.
    let text = if error.source().is_some() { reason.to_string() } else { "request failed".to_owned() };
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    fn rules(allow_private: bool) -> TargetRules {
        TargetRules { allow_private, ..TargetRules::default() }
    }

    #[test]
    fn only_plain_web_addresses_are_targets() {
        let check = |url: &str| rules(true).check(url).map(|_| ());
        assert_eq!(check("https://shop.example.org/pay?x=1"), Ok(()));
        assert_eq!(check("http://10.1.2.3:8080/pay"), Ok(()));
        for url in ["", "shop.example.org", "/pay", "ftp://shop.example.org", "file:///etc/passwd", "http://"]
        {
            assert_eq!(check(url), Err(TargetError::NotAUrl), "{url}");
        }
        assert_eq!(check("https://kim:secret@shop.example.org"), Err(TargetError::Credentials));
        let strict = TargetRules { https_only: true, ..rules(true) };
        assert_eq!(strict.check("http://shop.example.org"), Err(TargetError::NotHttps));
        assert!(strict.check("https://shop.example.org").is_ok());
    }

    #[test]
    fn private_ranges_are_a_setting() {
        let private = [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://10.0.0.1/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://100.64.0.1/",
            "http://[::1]/",
            "http://[fd00::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:a00:1::]/",
        ];
        for url in private {
            assert!(rules(true).check(url).is_ok(), "{url}");
            assert_eq!(rules(false).check(url), Err(TargetError::RefusedAddress), "{url}");
        }
    }

    #[test]
    fn some_ranges_are_never_targets() {
        let never = [
            "http://0.0.0.0/",
            "http://169.254.169.254/latest",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[ff02::1]/",
            "http://[::ffff:169.254.169.254]/",
        ];
        for url in never {
            assert_eq!(rules(true).check(url), Err(TargetError::RefusedAddress), "{url}");
        }
    }

    #[test]
    fn public_addresses_are_fine_either_way() {
        for url in
            ["http://8.8.8.8/", "http://[2001:4860:4860::8888]/", "http://172.32.0.1/", "http://100.128.0.1/"]
        {
            assert!(rules(false).check(url).is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_into_a_refused_range_is_not_connected_to() {
        let client = TargetClient::new(rules(false)).unwrap();
        let request = Request {
            method: Method::GET,
            url: Url::parse("http://localhost:9/").unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let refused = client.send(request).await.unwrap_err();
        assert_eq!(refused, SendError::NotConnected(TargetError::RefusedAddress.to_string()));
    }

    #[tokio::test]
    async fn a_closed_port_is_not_connected_and_says_no_url() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let client = TargetClient::new(rules(true)).unwrap();
        let url = Url::parse(&format!("http://{address}/?token=secret")).unwrap();
        let request = Request { method: Method::GET, url, headers: Vec::new(), body: Vec::new() };
        let refused = client.send(request).await.unwrap_err();
        assert!(matches!(&refused, SendError::NotConnected(why) if !why.contains("secret")), "{refused:?}");
    }
}
