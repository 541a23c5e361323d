//! Promises are kept: the new delivery's, and those of all that is in the run already.

use super::Refusal;

/// The lateness at a stop, microseconds. A stop of the run that was as late before (`before_us`) refuses nothing.
///
/// # Errors
/// [`Refusal::WindowMissed`].
pub fn check(late_us: i64, before_us: Option<i64>, tolerance_us: i64) -> Result<(), Refusal> {
    if late_us > tolerance_us && before_us.is_none_or(|before| late_us > before) {
        Err(Refusal::WindowMissed)
    } else {
        Ok(())
    }
}
