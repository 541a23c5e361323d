//! What is on board must not be heavier than the courier may carry.

use super::Refusal;

/// Grams on board after a stop, against the most there may be; `None` where nobody weighs.
///
/// # Errors
/// [`Refusal::OverWeight`].
pub fn check(on_board_g: i64, most_g: Option<i64>) -> Result<(), Refusal> {
    if most_g.is_some_and(|most_g| on_board_g > most_g) { Err(Refusal::OverWeight) } else { Ok(()) }
}
