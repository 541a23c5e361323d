//! Lateness against the promise, steeply: who waits long already is hurt most by waiting longer.

use super::super::weights::Weights;

/// Cost of the first microseconds after the promise; a visit that may be in vain counts by its chance.
pub(in super::super) fn per_us(weights: &Weights, chance: f64) -> f64 {
    f64::from(weights.late) * chance
}

/// At this lateness each microsecond costs twice.
pub(in super::super) fn doubles_us(weights: &Weights) -> f64 {
    f64::from(weights.late_doubles_after_s.max(1)) * 1e6
}

/// Cost of a stop so late.
pub(in super::super) fn cost(per_us: f64, late_us: f64, doubles_us: f64) -> f64 {
    per_us * late_us * (1.0 + late_us / doubles_us)
}
