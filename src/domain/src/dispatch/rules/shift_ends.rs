//! No pick-up starts after the end of the shift; drop-offs may follow it.

use super::Refusal;

/// The start of a pick-up against the end of the shift, microseconds. A pick-up of the run that was late
/// before (`before_us`) refuses nothing.
///
/// # Errors
/// [`Refusal::ShiftEnds`].
pub fn check(start_us: i64, before_us: Option<i64>, shift_ends_us: i64) -> Result<(), Refusal> {
    if start_us > shift_ends_us && before_us.is_none_or(|before| before <= shift_ends_us) {
        Err(Refusal::ShiftEnds)
    } else {
        Ok(())
    }
}
