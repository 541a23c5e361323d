//! The pure part of Callahead.

pub mod actor;
pub mod base45;
pub mod call_ahead;
pub mod contact;
pub mod courier;
pub mod delivery;
pub mod dispatch;
pub mod emvqr;
pub mod geo;
pub mod hand_off;
pub mod id;
pub mod ledger;
pub mod luhn;
pub mod mac;
pub mod money;
pub mod order;
pub mod pay_code;
pub mod payment;
pub mod policy;
pub mod qr;
pub mod receipt_word;
