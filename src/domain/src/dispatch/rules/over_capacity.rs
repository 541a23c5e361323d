//! What is on board must fit, at every moment from the pick-up to the drop-off.

use super::Refusal;

/// Units on board after a stop, against what fits.
///
/// # Errors
/// [`Refusal::OverCapacity`].
pub fn check(on_board: i64, capacity: i64) -> Result<(), Refusal> {
    if on_board > capacity { Err(Refusal::OverCapacity) } else { Ok(()) }
}
