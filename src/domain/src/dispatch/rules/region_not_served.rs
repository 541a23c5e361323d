//! A courier carries only what was accepted in a region they serve, or was widened to them.

use super::Refusal;
use crate::dispatch::problem::{CourierState, OpenDelivery};

/// Whether the courier serves the delivery's region.
///
/// # Errors
/// [`Refusal::RegionNotServed`].
pub fn check(courier: &CourierState, delivery: &OpenDelivery) -> Result<(), Refusal> {
    let serves = courier.regions.contains(&delivery.region) || delivery.widened.contains(&courier.id);
    if serves { Ok(()) } else { Err(Refusal::RegionNotServed) }
}
