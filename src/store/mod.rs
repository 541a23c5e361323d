//! The store: rows in SQLite or PostgreSQL.
//!
//! Plain modules over sea-orm. Writes go through the write lanes, so that state, events and jobs commit
//! together; reads take a connection ([`db::Db::read`]). Only `app` and
//! `jobs` come in.

pub mod db;
mod error;

pub use error::StoreError;
