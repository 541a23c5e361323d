//! Yardsticks: published instances on which the assignment engine is measured, each under its own rules.
//!
//! The command line and the examples come in here. Nothing in this crate is needed to run the service, and no
//! instance is needed to build or to test it: directories are arguments, and tests make their own small days.

pub mod mdrp;
pub mod pictures;
pub mod town;
