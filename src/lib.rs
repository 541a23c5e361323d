//! Callahead: delivery dispatch and courier coordination.

pub mod app;
pub mod cli;
pub mod config;
pub mod http;
pub mod jobs;
pub mod lifecycle;
pub mod notify;
pub mod pay;
pub mod sim;
pub mod startup;
pub mod store;
pub mod telemetry;
pub mod travel;
pub mod webhook;
pub mod words;
