//! Use cases: one file each, each one transaction. `http` and `jobs` come in here and nowhere deeper.
//!
//! [`context::App`] is what they share; [`unit::Lanes`] is the only way to write; [`change`] is the one way a delivery
//! changes. Nothing here reaches channels or payment providers: jobs do, after the commit.

pub mod assign;
pub mod audit;
pub mod auth;
pub mod book;
pub mod call_aheads;
pub mod capture;
pub mod change;
pub mod context;
pub mod courier;
pub mod couriers;
pub mod customer;
pub mod desk;
pub mod duty;
pub mod error;
pub mod exceptions;
pub mod home_history;
pub mod housekeeping;
pub mod ids;
pub mod ingest;
pub mod keys;
pub mod ledger;
pub mod notice_facts;
pub mod once;
pub mod orders;
pub mod payments;
pub mod pickup_points;
pub mod ports;
pub mod provider_events;
pub mod queue;
pub mod readiness;
pub mod recharge;
pub mod region_file;
pub mod regions;
pub mod run;
pub mod scan;
pub mod secret;
pub mod shops;
pub mod speeds;
pub mod stall;
pub mod timeline;
pub mod unit;
pub mod view;
pub mod wake;
pub mod wallet;
pub mod wrong;

pub use context::App;
pub use error::Error;
