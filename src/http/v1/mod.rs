//! Version 1 of the API, one file a resource.

pub mod accounts;
pub mod answer;
pub mod checks;
pub mod courier;
pub mod couriers;
pub mod customer;
pub mod deliveries;
pub mod dispatch;
pub mod events;
pub mod keys;
pub mod orders;
pub mod payments;
pub mod pickup_points;
pub mod regions;
pub mod reports;
pub mod shared;
pub mod shifts;
pub mod shops;
pub mod stalls;
pub mod wallet_link;
pub mod wallet_pay;
pub mod wallets;
pub mod webhooks;
