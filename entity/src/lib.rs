//! The rows of Callahead's tables; no behaviour.
//!
//! Keys are plain [`Uuid`]; typed ids live in the domain. Instants are microseconds since the epoch (`_at`),
//! JSON is text, money is minor units. The store writes rows through its transaction and reads them by these
//! entities.

pub use sea_orm::prelude::Uuid;

pub mod api_key;
pub mod courier;
pub mod delivery;
pub mod event;
pub mod hand_off;
pub mod idempotency;
pub mod invite;
pub mod job;
pub mod lease;
pub mod ledger_account;
pub mod ledger_entry;
pub mod ledger_refusal;
pub mod ledger_transfer;
pub mod leg;
pub mod orders;
pub mod parcel;
pub mod pay_device;
pub mod payment;
pub mod payment_difference;
pub mod payment_resolution;
pub mod photo;
pub mod pickup_point;
pub mod position;
pub mod provider_command;
pub mod provider_event;
pub mod refund;
pub mod region;
pub mod region_version;
pub mod session;
pub mod setting;
pub mod shift;
pub mod shop;
pub mod sign_in_code;
pub mod stall;
pub mod stall_charge;
pub mod visit;
pub mod wallet;
pub mod wallet_card;
