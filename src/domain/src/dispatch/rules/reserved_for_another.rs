//! A dispatcher's choice of the courier binds the engine.

use super::Refusal;
use crate::dispatch::problem::{CourierState, OpenDelivery};

/// Whether the delivery is free, or this courier's.
///
/// # Errors
/// [`Refusal::ReservedForAnother`].
pub fn check(courier: &CourierState, delivery: &OpenDelivery) -> Result<(), Refusal> {
    if delivery.courier.is_some_and(|named| named != courier.id) {
        Err(Refusal::ReservedForAnother)
    } else {
        Ok(())
    }
}
