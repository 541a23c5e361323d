//! Stability: what was told stays, unless moving it gains more than it costs.

use super::super::problem::{Clearance, OpenDelivery, Stop};
use super::super::schedule::Node;
use super::super::weights::Weights;
use super::POINT;
use crate::id::CourierId;

/// Cost of telling a customer another arrival. One who has said yes to it costs more.
pub(in super::super) fn each_moved(weights: &Weights, stop: &Stop) -> f64 {
    let confirmed = stop.clearance == Clearance::Confirmed;
    f64::from(if confirmed { weights.moved_confirmed } else { weights.moved }) * POINT
}

/// A start so far from what was told is still the same, microseconds.
pub(in super::super) fn slack_us(weights: &Weights) -> i64 {
    i64::from(weights.told_slack_s).saturating_mul(1_000_000)
}

/// What a start costs against the one that was told.
pub(in super::super) fn moved(weights: &Weights, node: &Node<'_>, start_us: i64) -> f64 {
    let apart = node.told_us.map_or(0, |told| start_us.saturating_sub(told).saturating_abs());
    if apart > slack_us(weights) { each_moved(weights, node.stop) } else { 0.0 }
}

/// Cost of giving a delivery to somebody else than was thought an epoch ago.
pub(in super::super) fn changed(weights: &Weights, courier: CourierId, open: &OpenDelivery) -> f64 {
    if open.tentative.is_some_and(|tentative| tentative != courier) { each_changed(weights) } else { 0.0 }
}

/// Cost of each change.
pub(in super::super) fn each_changed(weights: &Weights) -> f64 {
    f64::from(weights.change_courier) * POINT
}
