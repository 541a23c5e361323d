//! Who has to be somewhere when the shift ends gets no run that takes them too far from there.

use super::Refusal;

/// When the courier would be back, against the end of the shift, microseconds. A run that came back as late before
/// (`before_us`) is not refused.
///
/// # Errors
/// [`Refusal::WayHome`].
pub fn check(back_us: i64, before_us: i64, shift_ends_us: i64) -> Result<(), Refusal> {
    if back_us > shift_ends_us.max(before_us) { Err(Refusal::WayHome) } else { Ok(()) }
}
