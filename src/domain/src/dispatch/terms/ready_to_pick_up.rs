//! From ready to the pick-up: what is ready waits at the counter until somebody comes for it.

use super::super::schedule::{Node, Step};
use super::super::weights::Weights;
use super::double;

/// Cost of a microsecond that something ready is not collected.
pub(in super::super) fn per_us(weights: &Weights) -> f64 {
    f64::from(weights.ready)
}

/// From when a pick-up counts, microseconds: what is ready already counts from now, which changes no choice.
pub(in super::super) fn since_us(node: &Node<'_>, now_us: i64) -> i64 {
    node.not_before_us.max(now_us)
}

/// Cost of a pick-up.
pub(in super::super) fn cost(weights: &Weights, now_us: i64, node: &Node<'_>, step: &Step) -> f64 {
    per_us(weights) * double(step.start_us.saturating_sub(since_us(node, now_us)))
}
