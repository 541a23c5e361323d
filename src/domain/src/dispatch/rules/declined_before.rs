//! Who declined a delivery is not asked again.

use super::Refusal;
use crate::dispatch::problem::{CourierState, OpenDelivery};

/// Whether the courier has not declined the delivery.
///
/// # Errors
/// [`Refusal::DeclinedBefore`].
pub fn check(courier: &CourierState, delivery: &OpenDelivery) -> Result<(), Refusal> {
    if delivery.declined.contains(&courier.id) { Err(Refusal::DeclinedBefore) } else { Ok(()) }
}
