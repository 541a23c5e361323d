//! Signed messages between the service and shops: how they are signed, and where they may go.
//!
//! The payment room comes in here for its requests to a shop's own endpoint.

pub mod signature;
pub mod stripe;
pub mod target;
