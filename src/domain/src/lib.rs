//! The pure part of Callahead.

pub mod actor;
pub mod call_ahead;
pub mod contact;
pub mod courier;
pub mod delivery;
pub mod dispatch;
pub mod geo;
pub mod hand_off;
pub mod id;
pub mod money;
pub mod order;
pub mod payment;
pub mod policy;
