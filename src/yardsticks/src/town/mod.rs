//! A delivery day in a made-up town, lived three ways with the same customers, parcels and chances: going without a call,
//! calling from the road, and asking before anybody goes. What asking is worth is what differs.
//!
//! [`scene`] lists every number the day is made of. [`people`] says who is home when and who answers what. [`round`] is
//! a courier's day under one of the three [`Way`]s; the order of the stops is the optimiser's in all three, with the same
//! weights ([`tour`]). [`study`] lives through many seeds, [`figures`] compares them with intervals, [`page`] draws.
//!
//! Nothing here is a measurement of a real town. The assumptions are told with every result ([`scene::assumptions`]), and
//! [`study::sensitivity`] shows what becomes of the result under others.

pub mod chance;
pub mod drawing;
pub mod figures;
pub mod page;
pub mod people;
pub mod round;
pub mod scene;
pub mod study;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod tour;

pub use scene::{Scene, Silence, Way};

/// A count as a number to reckon with.
pub(crate) fn count_f(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
