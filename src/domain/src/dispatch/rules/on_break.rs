//! Nothing new is given to a courier who is on a break.

use super::Refusal;
use crate::dispatch::problem::{CourierState, OpenDelivery};
use chrono::{DateTime, Utc};

/// Whether no break runs. What is theirs already finds its place in the run behind the break.
///
/// # Errors
/// [`Refusal::OnBreak`].
pub fn check(courier: &CourierState, delivery: &OpenDelivery, now: DateTime<Utc>) -> Result<(), Refusal> {
    let resting = courier.break_until.is_some_and(|until| until > now);
    if resting && delivery.courier != Some(courier.id) { Err(Refusal::OnBreak) } else { Ok(()) }
}
