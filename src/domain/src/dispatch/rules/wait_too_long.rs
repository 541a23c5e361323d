//! Nobody is sent where they would wait for long: the delivery is placed later, nearer its time.

use super::Refusal;

/// The wait at a stop, microseconds. A stop of the run that waited as long before (`before_us`) refuses nothing.
///
/// # Errors
/// [`Refusal::WaitTooLong`].
pub fn check(wait_us: i64, before_us: Option<i64>, max_us: i64) -> Result<(), Refusal> {
    if wait_us > max_us && before_us.is_none_or(|before| wait_us > before) {
        Err(Refusal::WaitTooLong)
    } else {
        Ok(())
    }
}
