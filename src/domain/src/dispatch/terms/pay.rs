//! Pay and fairness: what a guaranteed pay covers is free, each delivery beyond it costs. Work goes to those who are
//! paid already and have done little.

use super::super::problem::CourierState;
use super::super::weights::Weights;
use super::POINT;

/// Cost of one more delivery for a courier who carries so many.
pub(in super::super) fn beyond(weights: &Weights, courier: &CourierState, carried: usize) -> f64 {
    let covered = courier.covered.and_then(|covered| usize::try_from(covered).ok());
    if covered.is_some_and(|covered| carried >= covered) { each(weights) } else { 0.0 }
}

/// Cost of each delivery beyond the guarantee.
pub(in super::super) fn each(weights: &Weights) -> f64 {
    f64::from(weights.beyond_guarantee) * POINT
}
