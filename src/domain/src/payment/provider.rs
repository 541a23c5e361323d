//! Who may hold a customer's money, by name, and what follows from the name alone.

use super::PayBy;

/// Settled elsewhere; only marked here.
pub const RECORD: &str = "record";
/// The shop's own endpoint.
pub const SHOP: &str = "shop";
/// Cash at the door.
pub const CASH: &str = "cash";
/// Cards, by Stripe's API.
pub const STRIPE: &str = "stripe";
/// The customer's prepaid wallet, kept by this service.
pub const WALLET: &str = "wallet";

/// Every name, in the order of the documentation.
pub const ALL: &[&str] = &[RECORD, SHOP, CASH, STRIPE, WALLET];

/// Whether an order with this provider comes with its money held already (or has none to hold): nothing is asked of
/// the provider before the hand-off. The others are asked to hold it, and nobody goes before they do.
#[must_use]
pub fn starts_authorised(name: &str) -> bool {
    matches!(name, RECORD | SHOP | CASH)
}

/// Whether an order must name what the money is taken from (a card's token, a wallet), or a hold made before.
#[must_use]
pub fn wants_method(name: &str) -> bool {
    matches!(name, STRIPE | WALLET)
}

/// How the customer pays there.
#[must_use]
pub fn pay_by(name: &str) -> PayBy {
    if name == CASH { PayBy::Cash } else { PayBy::Hold }
}
