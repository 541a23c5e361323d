//! The store: rows in SQLite or PostgreSQL.
//!
//! Plain modules over sea-orm. Writes take a [`tx::Tx`] and nothing else, so that state, events and jobs commit
//! together; reads take a connection ([`db::Db::read`], or [`tx::Tx::reader`] inside a use case). Only `app` and
//! `jobs` come in.

pub mod audit;
pub mod book;
pub mod couriers;
pub mod credentials;
pub mod customers;
pub mod db;
pub mod deliveries;
pub mod desk;
pub mod dispatching;
mod error;
pub mod events;
pub mod guard;
pub mod housekeeping;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod lease;
pub mod ledger;
pub mod ledger_check;
pub mod legs;
#[cfg(target_os = "linux")]
mod no_delay;
pub mod orders;
pub mod payments;
pub mod photos;
pub mod pickup_points;
pub mod positions;
pub mod provider_commands;
pub mod provider_events;
pub mod queue;
pub mod regions;
pub mod sessions;
pub mod settings;
pub mod shifts;
pub mod shops;
pub mod stalls;
pub mod tx;
pub mod visits;
pub mod wallets;

pub use error::StoreError;
