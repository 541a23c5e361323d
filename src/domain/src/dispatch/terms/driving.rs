//! Driving: the courier's time and fuel, in vain or not.

use super::super::weights::Weights;

/// Cost of a microsecond on the way.
pub(in super::super) fn per_us(weights: &Weights) -> f64 {
    f64::from(weights.driving)
}
