//! Region preference: a courier's first region is where they work; in the others they help out.

use super::super::problem::{CourierState, OpenDelivery};
use super::super::weights::Weights;
use super::POINT;

/// Cost of a delivery of another region than the courier's first.
pub(in super::super) fn away(weights: &Weights, courier: &CourierState, open: &OpenDelivery) -> f64 {
    if courier.regions.first() == Some(&open.region) { 0.0 } else { each(weights) }
}

/// Cost of each delivery outside.
pub(in super::super) fn each(weights: &Weights) -> f64 {
    f64::from(weights.away) * POINT
}
