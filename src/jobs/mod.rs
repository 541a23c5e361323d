//! Work after the commit: notices, captures, releases, sign-in codes. The only room that reaches channels and payment
//! providers.
//!
//! A job is claimed with a lease and a fence ([`runner`]), carried out without holding any lock ([`tasks`]), and its
//! result is written in one transaction with its end. A worker may die at any instant: the lease ends, another claims
//! the job, and whatever must not happen twice was written down before it was done. A failure is a decision
//! ([`backoff::Failed`]): again at a time, or parked for a person.
//!
//! [`run`] works by itself; [`settle`] does everything due now and returns, for tests and simulated days.

pub mod backoff;
pub mod runner;
pub mod tasks;
pub mod tools;
pub mod wallet_books;

pub use runner::{drain, run, settle};
pub use tools::Tools;
