//! From now to the door: the sooner a customer is served, the better.

use super::super::weights::Weights;

/// Cost of a microsecond until a customer is served. Who may not be at home is gone to for their chance of it, so
/// that uncertain visits come after certain ones where the way does not say otherwise.
pub(in super::super) fn per_us(weights: &Weights, chance: f64) -> f64 {
    f64::from(weights.door) * chance
}
