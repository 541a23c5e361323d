//! What a policy sees each minute, and what it may ask for.

use super::instance::{Courier, Order, Parameters, Restaurant, Spot};

/// What a courier is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Waiting where it is; before the shift, at its start.
    Idle,
    /// On the way to a restaurant without an order.
    Stepping,
    /// On the way to a restaurant for these orders, or waiting there for them.
    Visiting(Visit),
    /// Has picked up and brings what it has.
    Delivering,
}

/// A visit to a restaurant before its pick-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// In [`View::restaurants`].
    pub restaurant: usize,
    /// Minute of arrival there.
    pub arrives_min: u32,
    /// The orders to be picked up, in the order of their drop-offs.
    pub orders: Vec<usize>,
    /// Minute in which the set was last changed.
    pub assigned_min: u32,
}

/// A courier as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct CourierState {
    /// What it is doing.
    pub doing: Doing,
    /// Where it is idle, or will next be; during a visit, where the visit began.
    pub spot: Spot,
    /// The minute it was or will be idle there.
    pub free_min: u32,
}

/// Everything a policy may know at a minute. Orders placed later are not in it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The minute.
    pub now_min: u32,
    /// Numbers that hold for the day.
    pub parameters: &'a Parameters,
    /// All restaurants.
    pub restaurants: &'a [Restaurant],
    /// All shifts: the roster is known from the start.
    pub shifts: &'a [Courier],
    /// The couriers as they stand, as in `shifts`.
    pub couriers: &'a [CourierState],
    /// The orders placed by now, by placement.
    pub orders: &'a [Order],
    /// The orders not picked up yet, by placement.
    pub open: &'a [usize],
    /// For each of `orders`, the courier on a visit for it.
    pub holder: &'a [Option<usize>],
}

/// What a policy asks for. Taken in order; the first that breaks a rule ends the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An idle courier leaves for a restaurant, or starts a visit where it is, to pick these up.
    Send {
        /// Who.
        courier: usize,
        /// The orders, all of one restaurant, in the order of their drop-offs.
        orders: Vec<usize>,
    },
    /// A visit's orders are replaced. With none left, the courier is idle at the restaurant from its arrival.
    Change {
        /// Who.
        courier: usize,
        /// The orders, all of the visited restaurant, in the order of their drop-offs.
        orders: Vec<usize>,
    },
    /// An idle courier on duty moves to a restaurant without an order.
    Step {
        /// Who.
        courier: usize,
        /// Where to.
        restaurant: usize,
    },
}

/// Decides who carries what.
pub trait Policy {
    /// Its name in tables.
    fn name(&self) -> &'static str;

    /// Asked once a minute while the day lasts.
    fn decide(&mut self, view: &View<'_>) -> Vec<Command>;
}

impl View<'_> {
    /// Minutes of a leg, rounded up.
    #[must_use]
    pub fn travel_min(&self, from: Spot, to: Spot) -> u32 {
        travel_min(self.parameters, from, to)
    }
}

/// Minutes of a leg: its straight line at the instance's speed, rounded up.
#[must_use]
#[expect(clippy::as_conversions, reason = "`as` saturates, and no leg of an instance comes near the limit")]
pub fn travel_min(parameters: &Parameters, from: Spot, to: Spot) -> u32 {
    let (east, north) = (to.x - from.x, to.y - from.y);
    ((east * east + north * north).sqrt() / parameters.metres_per_min).ceil() as u32
}

/// A service time in its two halves, before and after the moment that counts. An odd minute falls in the second.
#[must_use]
pub fn halves(service_min: u32) -> (u32, u32) {
    (service_min / 2, service_min - service_min / 2)
}
