//! A courier carries only what was accepted in a region they serve.

use super::Refusal;
use crate::dispatch::problem::{CourierState, OpenDelivery};

/// Whether the courier serves the delivery's region.
///
/// # Errors
/// [`Refusal::RegionNotServed`].
pub fn check(courier: &CourierState, delivery: &OpenDelivery) -> Result<(), Refusal> {
    if !courier.regions.contains(&delivery.region) { Err(Refusal::RegionNotServed) } else { Ok(()) }
}
