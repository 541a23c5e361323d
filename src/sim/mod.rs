//! A simulated town that uses the service as its people do: shops, couriers, customers and a dispatcher as
//! robots that act through the HTTP API alone. [`replay`] runs a recorded delivery day under a simulated
//! clock and checks every invariant from outside; [`demo`] keeps a small town alive for somebody to watch.
//!
//! The command line comes in here. This room knows the API, the domain's words and, through the one trait
//! [`host::Host`], a service whose clock it may move.

pub mod api;
pub mod clearance;
pub mod collect;
pub mod demo;
pub mod figures;
pub mod host;
pub mod invariants;
pub mod plot;
pub mod projection;
pub mod replay;
pub mod report;
pub mod rng;
pub mod robots;
pub mod town;
pub mod world;

use callahead_yardsticks::mdrp::instance::InstanceError;
use thiserror::Error;

/// Why a simulation cannot go on. What the service merely refuses is counted, not raised.
#[derive(Debug, Error)]
pub enum SimError {
    /// The instance cannot be read.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The service was not reached, failed, or refused what the town cannot do without.
    #[error(transparent)]
    Api(#[from] api::ApiError),
    /// The service's own work failed.
    #[error("the service could not finish its work: {0}")]
    Host(String),
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An option makes no sense.
    #[error("{name} is {value}; allowed: {allowed}")]
    Option {
        /// Which.
        name: &'static str,
        /// As given.
        value: String,
        /// What would do.
        allowed: &'static str,
    },
}
