//! Nothing is given to a courier whose shift is over.

use super::Refusal;
use crate::dispatch::problem::CourierState;
use chrono::{DateTime, Utc};

/// Whether the shift still runs.
///
/// # Errors
/// [`Refusal::OffDuty`].
pub fn check(courier: &CourierState, now: DateTime<Utc>) -> Result<(), Refusal> {
    if courier.shift_ends_at <= now { Err(Refusal::OffDuty) } else { Ok(()) }
}
