//! How much one caller may ask: requests per second by key and by address, open connections by address.

use super::catalogue as c;
use super::problem::Problem;
use crate::config::Config;
use actix_web::HttpRequest;
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// The limiters of this process.
#[derive(Debug)]
pub struct Limits {
    by_key: Keyed<u64>,
    by_address: Keyed<IpAddr>,
    connections: Arc<Mutex<HashMap<IpAddr, usize>>>,
    max_connections: usize,
    trusted: Vec<crate::config::Network>,
}

/// Counts an open connection until it is dropped.
#[derive(Debug)]
pub struct Connection {
    address: IpAddr,
    /// Whether it is over the limit.
    pub refused: bool,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

fn quota(per_second: u32, burst: u32) -> Quota {
    let one = NonZeroU32::MIN;
    Quota::per_second(NonZeroU32::new(per_second).unwrap_or(one))
        .allow_burst(NonZeroU32::new(burst).unwrap_or(one))
}

impl Limits {
    /// From the settings.
    pub fn new(config: &Config) -> Limits {
        let server = &config.server;
        Limits {
            by_key: RateLimiter::keyed(quota(server.requests_per_second_per_key, server.burst_per_key)),
            by_address: RateLimiter::keyed(quota(
                server.requests_per_second_per_address,
                server.burst_per_address,
            )),
            connections: Arc::default(),
            max_connections: server.max_connections_per_address,
            trusted: server.trusted_proxies.clone(),
        }
    }

    /// Counts a new connection.
    pub fn connect(&self, address: IpAddr) -> Connection {
        let mut open = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_insert(0);
        *count += 1;
        let behind_proxy = self.trusted.iter().any(|network| network.contains(address));
        let refused = self.max_connections > 0 && *count > self.max_connections && !behind_proxy;
        Connection { address, refused, open: Arc::clone(&self.connections) }
    }

    /// Forgets callers that have been quiet, so that the tables do not grow for ever.
    pub fn forget_quiet(&self) {
        self.by_key.retain_recent();
        self.by_address.retain_recent();
    }

    /// The caller's address: the peer's, or the last one a trusted proxy saw.
    pub fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        if !self.trusted.iter().any(|network| network.contains(peer)) {
            return Some(peer);
        }
        let header = request
            .headers()
            .get("x-forwarded-for")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let stated = header.rsplit(',').filter_map(|part| part.trim().parse::<IpAddr>().ok());
        Some(
            stated
                .into_iter()
                .find(|address| !self.trusted.iter().any(|n| n.contains(*address)))
                .unwrap_or(peer),
        )
    }
}

fn wait(until: &governor::NotUntil<governor::clock::QuantaInstant>) -> Problem {
    let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
    Problem::new(c::TOO_MANY, format!("Wait {seconds} s.")).retry_after(seconds)
}

/// One request more for this key.
///
/// # Errors
/// `too_many_requests` with Retry-After.
pub fn check_key(request: &HttpRequest, token: &str) -> Result<(), Problem> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let Some(limits) = request.app_data::<actix_web::web::Data<Limits>>() else { return Ok(()) };
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    limits.by_key.check_key(&hasher.finish()).map_err(|until| wait(&until))
}

/// One request more for this address; for the routes that need no key.
///
/// # Errors
/// `too_many_requests` with Retry-After.
pub fn check_address(request: &HttpRequest) -> Result<(), Problem> {
    let Some(limits) = request.app_data::<actix_web::web::Data<Limits>>() else { return Ok(()) };
    let Some(address) = limits.address(request) else { return Ok(()) };
    limits.by_address.check_key(&address).map_err(|until| wait(&until))
}
