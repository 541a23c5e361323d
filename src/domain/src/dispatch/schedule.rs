//! A run walked through time: drive, wait, work, drive on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::legs::{Legs, SECOND_US, Spot};
use super::problem::{CourierState, Stop, StopKind};
use super::terms::chance;
use crate::geo::TravelTimes;
use crate::id::PickupPointId;

/// A stop with its planned times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStop {
    /// The stop.
    pub stop: Stop,
    /// The courier comes there.
    pub arrive_at: DateTime<Utc>,
    /// Work starts, after waiting.
    pub start_at: DateTime<Utc>,
    /// The courier drives on.
    pub depart_at: DateTime<Utc>,
}

impl PlannedStop {
    /// Whole seconds from the promise to the start, rounded down; 0 if the promise is kept or there is none.
    #[must_use]
    pub fn late_s(&self) -> i64 {
        self.stop.due.map_or(0, |due| (self.start_at - due).num_seconds().max(0))
    }
}

/// When the stops happen in the order given, for a courier from where they are and from when they are free; the stops of
/// their own run do not count.
#[must_use]
pub fn schedule(courier: &CourierState, stops: &[Stop], travel: &dyn TravelTimes) -> Vec<PlannedStop> {
    let points = std::iter::once(courier.at).chain(stops.iter().map(|stop| stop.point));
    let legs = Legs::new(travel, points);
    let mut walk = Walk::start(courier, courier.free_at.timestamp_micros(), &legs);
    let nodes: Vec<Node<'_>> = stops.iter().map(|stop| Node::new(stop, &legs)).collect();
    nodes.iter().map(|node| node.planned(&walk.step(node, &legs))).collect()
}

/// The instant of microseconds since the epoch; what no date can say is the last moment there is.
pub(super) fn instant(at_us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at_us).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A stop in the numbers the walk needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) stop: &'a Stop,
    pub(super) spot: Spot,
    pub(super) not_before_us: i64,
    pub(super) due_us: i64,
    pub(super) service_us: i64,
    pub(super) told_us: Option<i64>,
    /// The chance that the visit is not in vain.
    pub(super) chance: f64,
    /// Change of the units on board.
    pub(super) load: i64,
    /// Change of the grams on board.
    pub(super) weight_g: i64,
    /// The end of the hold of the money at a door, the end of time where there is none.
    pub(super) hold_ends_us: i64,
}

impl<'a> Node<'a> {
    pub(super) fn new(stop: &'a Stop, legs: &Legs<'_>) -> Self {
        Self::at(stop, legs.spot(stop.point))
    }

    pub(super) fn at(stop: &'a Stop, spot: Spot) -> Self {
        let sign = if stop.kind == StopKind::PickUp { 1 } else { -1 };
        let hold_ends = stop.hold_ends.filter(|_| stop.kind == StopKind::DropOff);
        Self {
            stop,
            spot,
            not_before_us: stop
                .not_before
                .max(stop.clearance.opens_at())
                .map_or(i64::MIN, |at| at.timestamp_micros()),
            due_us: stop.due.map_or(i64::MAX, |at| at.timestamp_micros()),
            service_us: i64::from(stop.service_s).saturating_mul(SECOND_US),
            told_us: stop.told.map(|at| at.timestamp_micros()),
            chance: chance::of(stop),
            load: sign * i64::from(stop.load),
            weight_g: sign * i64::from(stop.weight_g),
            hold_ends_us: hold_ends.map_or(i64::MAX, |at| at.timestamp_micros()),
        }
    }

    pub(super) fn planned(&self, step: &Step) -> PlannedStop {
        PlannedStop {
            stop: self.stop.clone(),
            arrive_at: instant(step.arrive_us),
            start_at: instant(step.start_us),
            depart_at: instant(step.depart_us),
        }
    }
}

/// The times of one stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) drive_us: i64,
    pub(super) arrive_us: i64,
    pub(super) start_us: i64,
    pub(super) depart_us: i64,
    /// Microseconds after the promise, 0 if it is kept.
    pub(super) late_us: i64,
}

impl Step {
    pub(super) fn wait_us(&self) -> i64 {
        self.start_us.saturating_sub(self.arrive_us)
    }
}

/// A courier on the way: where, when, with how much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    spot: Spot,
    pub(super) at_us: i64,
    /// The place of the pick-ups just done in a row, and the service already spent on them.
    place: Option<PickupPointId>,
    served_us: i64,
    pub(super) load: i64,
    pub(super) weight_g: i64,
    slowness: f64,
}

impl Walk {
    /// From where the courier is, with what is on board, at a moment.
    pub(super) fn start(courier: &CourierState, at_us: i64, legs: &Legs<'_>) -> Self {
        Self {
            spot: legs.spot(courier.at),
            at_us,
            place: None,
            served_us: 0,
            load: i64::from(courier.on_board),
            weight_g: i64::from(courier.on_board_g),
            slowness: courier.slowness(),
        }
    }

    pub(super) fn spot(&self) -> Spot {
        self.spot
    }

    /// When the courier would be there, if they went now.
    pub(super) fn would_be_at(&self, spot: Spot, legs: &Legs<'_>) -> i64 {
        self.at_us.saturating_add(legs.leg_us(self.slowness, self.spot, spot, self.at_us))
    }

    /// Goes on to a stop and does it.
    pub(super) fn step(&mut self, node: &Node<'_>, legs: &Legs<'_>) -> Step {
        let drive_us = legs.leg_us(self.slowness, self.spot, node.spot, self.at_us);
        let arrive_us = self.at_us.saturating_add(drive_us);
        let start_us = arrive_us.max(node.not_before_us);
        let place = if node.stop.kind == StopKind::PickUp { node.stop.place } else { None };
        let spent_us = if place.is_some() && place == self.place { self.served_us } else { 0 };
        let depart_us = start_us.saturating_add(node.service_us.saturating_sub(spent_us).max(0));
        *self = Self {
            spot: node.spot,
            at_us: depart_us,
            place,
            served_us: spent_us.max(node.service_us),
            load: self.load.saturating_add(node.load),
            weight_g: self.weight_g.saturating_add(node.weight_g),
            slowness: self.slowness,
        };
        Step {
            drive_us,
            arrive_us,
            start_us,
            depart_us,
            late_us: start_us.saturating_sub(node.due_us).max(0),
        }
    }
}
