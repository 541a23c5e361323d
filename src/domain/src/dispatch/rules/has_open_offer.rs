//! No courier is offered two things at once.

use super::Refusal;
use crate::dispatch::problem::CourierState;

/// Whether the courier's last offer is answered.
///
/// # Errors
/// [`Refusal::HasOpenOffer`].
pub fn check(courier: &CourierState) -> Result<(), Refusal> {
    if courier.has_offer { Err(Refusal::HasOpenOffer) } else { Ok(()) }
}
