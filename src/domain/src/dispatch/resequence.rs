//! One courier's run after something changed, without new deliveries.

use super::legs::{Legs, SECOND_US};
use super::problem::{Clearance, CourierState, Stop, StopKind};
use super::schedule::{Node, Step, Walk};
use super::{PlannedStop, schedule};
use crate::geo::TravelTimes;

/// A drop-off that would be waited for longer than this is worth moving back.
const WORTH_MOVING_S: i64 = 300;

/// Plans a run anew from where the courier is and from when they are free. The order stays, except that a drop-off
/// which would be waited for (a hold, a window that opens later) moves behind stops that can be done meanwhile,
/// where no stop becomes later than its promise by it, or later than it was already, and what is on board still fits.
/// The fixed stops keep their places.
#[must_use]
pub fn resequence(courier: &CourierState, travel: &dyn TravelTimes) -> Vec<PlannedStop> {
    let points = std::iter::once(courier.at).chain(courier.stops.iter().map(|stop| stop.point));
    let legs = Legs::new(travel, points);
    let mut nodes: Vec<Node<'_>> = courier.stops.iter().map(|stop| Node::new(stop, &legs)).collect();
    while let Some(better) = improved(courier, &nodes, &legs) {
        nodes = better;
    }
    let order: Vec<Stop> = nodes.iter().map(|node| node.stop.clone()).collect();
    schedule(courier, &order, travel)
}

/// How a sequence goes: its steps, and the most units and grams on board beyond what fits.
struct Outcome {
    steps: Vec<Step>,
    excess: i64,
    excess_g: i64,
}

fn walk(courier: &CourierState, nodes: &[Node<'_>], legs: &Legs<'_>) -> Outcome {
    let mut walk = Walk::start(courier, courier.free_at.timestamp_micros(), legs);
    let mut outcome = Outcome { steps: Vec::with_capacity(nodes.len()), excess: 0, excess_g: 0 };
    let most_g = courier.max_weight_g.map_or(i64::MAX, i64::from);
    for node in nodes {
        outcome.steps.push(walk.step(node, legs));
        outcome.excess = outcome.excess.max(walk.load.saturating_sub(i64::from(courier.capacity)));
        outcome.excess_g = outcome.excess_g.max(walk.weight_g.saturating_sub(most_g));
    }
    outcome
}

/// Seconds of waiting at doors, and the start of all stops together: both are to fall.
fn worth(steps: &[Step]) -> (i64, i64) {
    let wait = steps.iter().map(|step| step.wait_us() / SECOND_US).sum();
    let starts = steps.iter().fold(0_i64, |sum, step| sum.saturating_add(step.start_us / SECOND_US));
    (starts, wait)
}

/// The first drop-off worth moving, moved to where it helps most. Each move lowers the sum of all starts or, at the
/// same sum, the waiting, so this comes to an end.
fn improved<'a>(courier: &CourierState, nodes: &[Node<'a>], legs: &Legs<'_>) -> Option<Vec<Node<'a>>> {
    let now = walk(courier, nodes, legs);
    let waits = |(place, (node, step)): (usize, (&Node<'_>, &Step))| {
        let long = step.wait_us() > WORTH_MOVING_S.saturating_mul(SECOND_US);
        (place >= courier.fixed && node.stop.kind == StopKind::DropOff && long).then_some(place)
    };
    let movable: Vec<usize> = nodes.iter().zip(&now.steps).enumerate().filter_map(waits).collect();
    movable.into_iter().find_map(|place| best_move(courier, nodes, (place, &now), legs))
}

fn best_move<'a>(
    courier: &CourierState,
    nodes: &[Node<'a>],
    (place, now): (usize, &Outcome),
    legs: &Legs<'_>,
) -> Option<Vec<Node<'a>>> {
    let mut best = worth(&now.steps);
    let mut found = None;
    // Nobody goes to a silent door meanwhile: it stays behind.
    let silent = |node: &Node<'_>| node.stop.clearance == Clearance::Silent;
    let end =
        nodes.iter().skip(place).position(silent).map_or(nodes.len(), |ahead| place.saturating_add(ahead));
    for behind in place.saturating_add(1)..end {
        let mut order = nodes.to_vec();
        if let Some(part) = order.get_mut(place..=behind) {
            part.rotate_left(1);
        }
        let then = walk(courier, &order, legs);
        let fits = then.excess <= now.excess && then.excess_g <= now.excess_g;
        if fits
            && worth(&then.steps) < best
            && nobody_worse(courier, (&order, &then.steps), (nodes, &now.steps))
        {
            best = worth(&then.steps);
            found = Some(order);
        }
    }
    found
}

/// Whether no stop is later after its promise than before, no pick-up has left the shift and no door its hold.
fn nobody_worse(
    courier: &CourierState,
    (order, steps): (&[Node<'_>], &[Step]),
    (nodes, before): (&[Node<'_>], &[Step]),
) -> bool {
    let shift_ends_us = courier.shift_ends_at.timestamp_micros();
    order.iter().zip(steps).all(|(node, step)| {
        let same = |(other, _): &(&Node<'_>, &Step)| std::ptr::eq(other.stop, node.stop);
        let Some((_, was)) = nodes.iter().zip(before).find(same) else { return false };
        let out_of_shift = |step: &Step| node.stop.kind == StopKind::PickUp && step.start_us > shift_ends_us;
        let unpaid = |step: &Step| step.start_us >= node.hold_ends_us;
        let in_time = (out_of_shift(was) || !out_of_shift(step)) && (unpaid(was) || !unpaid(step));
        step.late_us <= was.late_us && in_time
    })
}
