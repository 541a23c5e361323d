//! Asking the customer before anyone walks to the door: what can be answered, the ladder of attempts, and the hours
//! in which nobody is disturbed. The delivery's gate (see [`crate::delivery`]) is moved by what lives here.

pub mod answer;
pub mod home_chance;
pub mod ladder;
pub mod quiet;

pub use answer::{Answer, Outcome, Receiver, Recorder, Source};
pub use ladder::{Rung, RungKind};
