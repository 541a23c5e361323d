//! Nobody comes to a door after the customer's money has stopped being held for us: it could not be taken there.

use super::Refusal;

/// The start at a door against the end of the hold, microseconds. A door of the run that came too late before
/// (`before_us`) refuses nothing.
///
/// # Errors
/// [`Refusal::HoldEnds`].
pub fn check(start_us: i64, before_us: Option<i64>, hold_ends_us: i64) -> Result<(), Refusal> {
    if start_us >= hold_ends_us && before_us.is_none_or(|before| before < hold_ends_us) {
        Err(Refusal::HoldEnds)
    } else {
        Ok(())
    }
}
