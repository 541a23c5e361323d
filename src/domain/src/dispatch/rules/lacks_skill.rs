//! Cash, cold, heavy pieces and papers go to couriers who are fit for them.

use super::Refusal;
use crate::dispatch::problem::{CourierState, OpenDelivery};

/// Whether the courier is fit for all the delivery needs. What a dispatcher gave them is not asked about again.
///
/// # Errors
/// [`Refusal::LacksSkill`].
pub fn check(courier: &CourierState, delivery: &OpenDelivery) -> Result<(), Refusal> {
    let fit = delivery.needs.iter().all(|need| courier.skills.contains(need));
    if fit || delivery.courier == Some(courier.id) { Ok(()) } else { Err(Refusal::LacksSkill) }
}
