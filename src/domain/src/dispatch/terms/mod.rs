//! What a plan is good for, one term a file: each turns a weight of policy into cost.
//!
//! Costs are in millionths of a point and times in microseconds, so that a weight in points per second needs no
//! conversion and sums are exact: all are whole numbers far below 2⁵³, but for the square of lateness and for chances.
//! The exact walk ([`super::insertion`]) and the optimiser ([`super::live`]) take their numbers from here.
#![expect(
    clippy::as_conversions,
    reason = "microseconds of a plan are far below 2^53: whole numbers in a double"
)]

pub(super) mod chance;
pub(super) mod click_to_door;
pub(super) mod driving;
pub(super) mod lateness;
pub(super) mod pay;
pub(super) mod ready_to_pick_up;
pub(super) mod region;
pub(super) mod stability;
pub(super) mod waiting;

use super::problem::{CourierState, OpenDelivery, StopKind};
use super::schedule::{Node, Step};
use super::weights::Weights;

/// Cost of one point.
pub(super) const POINT: f64 = 1e6;

/// Microseconds, or any whole number below 2⁵³, as a double.
pub(super) const fn double(whole: i64) -> f64 {
    whole as f64
}

/// What one stop costs in a run; none of it is below zero.
pub(super) fn stop(weights: &Weights, now_us: i64, node: &Node<'_>, step: &Step) -> f64 {
    let served = match node.stop.kind {
        StopKind::DropOff => {
            click_to_door::per_us(weights, node.chance) * double(step.start_us.saturating_sub(now_us))
        }
        StopKind::PickUp => ready_to_pick_up::cost(weights, now_us, node, step),
        StopKind::Return => 0.0,
    };
    served
        + driving::per_us(weights) * double(step.drive_us)
        + waiting::per_us(weights) * double(step.wait_us())
        + lateness::cost(
            lateness::per_us(weights, node.chance),
            double(step.late_us),
            lateness::doubles_us(weights),
        )
        + stability::moved(weights, node, step.start_us)
}

/// What of a stop's cost may fall when the courier comes later: waiting there, and being told another start.
pub(super) fn saveable(weights: &Weights, node: &Node<'_>, step: &Step) -> f64 {
    waiting::per_us(weights) * double(step.wait_us()) + stability::moved(weights, node, step.start_us)
}

/// What it costs that a courier carries a delivery beside so many others, apart from the way.
pub(super) fn delivery(
    weights: &Weights,
    courier: &CourierState,
    open: &OpenDelivery,
    carried: usize,
) -> f64 {
    pay::beyond(weights, courier, carried)
        + region::away(weights, courier, open)
        + stability::changed(weights, courier.id, open)
}
