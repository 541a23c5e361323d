//! Waiting at a stop for it to be time.

use super::super::weights::Weights;

/// Cost of a microsecond of it.
pub(in super::super) fn per_us(weights: &Weights) -> f64 {
    f64::from(weights.waiting)
}
