//! The day itself: keeps the rules, minute by minute, and records what was done.
#![expect(
    clippy::indexing_slicing,
    reason = "indices are checked where commands come in, and are the day's own after"
)]

use thiserror::Error;

use super::instance::{Instance, Spot};
use super::policy::{Command, CourierState, Doing, View, Visit, halves, travel_min};
use super::solution::{Assignment, Leg, Outcome, Solution};

/// A command that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("minute {minute}: {command:?}: {why}")]
pub struct Misstep {
    /// When.
    pub minute: u32,
    /// What was asked for.
    pub command: Command,
    /// The rule.
    pub why: &'static str,
}

/// The day in progress.
#[derive(Debug)]
pub struct World<'a> {
    day: &'a Instance,
    now_min: u32,
    /// Orders placed by now.
    known: usize,
    open: Vec<usize>,
    holder: Vec<Option<usize>>,
    couriers: Vec<CourierState>,
    /// Name of the place each courier is at or on the way to; `None` at its start.
    places: Vec<Option<String>>,
    legs: Vec<Vec<Leg>>,
    delivered: Vec<Option<(u32, u32, String)>>,
    assignments: Vec<Assignment>,
}

impl<'a> World<'a> {
    /// The day before its first minute.
    #[must_use]
    pub fn new(day: &'a Instance) -> World<'a> {
        let idle = |shift: &super::instance::Courier| CourierState {
            doing: Doing::Idle,
            spot: shift.start,
            free_min: shift.on_min,
        };
        World {
            day,
            now_min: 0,
            known: 0,
            open: Vec::new(),
            holder: vec![None; day.orders.len()],
            couriers: day.couriers.iter().map(idle).collect(),
            places: vec![None; day.couriers.len()],
            legs: vec![Vec::new(); day.couriers.len()],
            delivered: vec![None; day.orders.len()],
            assignments: Vec::new(),
        }
    }

    /// The last minute in which anything can still be decided: the end of the last shift.
    #[must_use]
    pub fn last_min(&self) -> u32 {
        self.day.couriers.iter().map(|courier| courier.off_min).max().unwrap_or(0)
    }

    /// Lets a minute begin: orders become known, couriers become idle.
    pub fn begin(&mut self, minute: u32) {
        self.now_min = minute;
        while self.day.orders.get(self.known).is_some_and(|order| order.placed_min <= minute) {
            self.open.push(self.known);
            self.known += 1;
        }
        for courier in &mut self.couriers {
            let under_way = matches!(courier.doing, Doing::Stepping | Doing::Delivering);
            if under_way && courier.free_min <= minute {
                courier.doing = Doing::Idle;
            }
        }
    }

    /// What a policy may see of this minute.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            now_min: self.now_min,
            parameters: &self.day.parameters,
            restaurants: &self.day.restaurants,
            shifts: &self.day.couriers,
            couriers: &self.couriers,
            orders: &self.day.orders[..self.known],
            open: &self.open,
            holder: &self.holder[..self.known],
        }
    }

    /// Carries out commands in their order. Visits that are changed in one minute may swap their orders: what they hold
    /// is free before the first command.
    ///
    /// # Errors
    /// The first command that breaks a rule.
    pub fn carry_out(&mut self, commands: Vec<Command>) -> Result<(), Misstep> {
        for command in &commands {
            if let Command::Change { courier, .. } = command {
                self.release(*courier);
            }
        }
        for command in commands {
            let result = match &command {
                Command::Send { courier, orders } => self.send(*courier, orders),
                Command::Change { courier, orders } => self.change(*courier, orders),
                Command::Step { courier, restaurant } => self.step(*courier, *restaurant),
            };
            result.map_err(|why| Misstep { minute: self.now_min, command, why })?;
        }
        Ok(())
    }

    /// Ends the minute: visits whose orders are ready are picked up, visits after the shift are given up.
    pub fn end(&mut self) {
        let (before, _) = halves(self.day.parameters.pick_up_service_min);
        for courier in 0..self.couriers.len() {
            let Doing::Visiting(visit) = &self.couriers[courier].doing else { continue };
            let ready = |order: &usize| self.day.orders[*order].ready_min <= self.now_min;
            let over = self.now_min > self.day.couriers[courier].off_min;
            if over {
                let visit = visit.clone();
                self.rest_after(courier, &visit);
            } else if self.now_min >= visit.arrives_min + before && visit.orders.iter().all(ready) {
                let visit = visit.clone();
                self.pick_up(courier, &visit);
            }
        }
    }

    /// What was done, once the day is over.
    #[must_use]
    pub fn finish(self) -> Solution {
        let outcomes = self.day.orders.iter().zip(self.delivered).map(|(order, delivered)| Outcome {
            order: order.name.clone(),
            placed_min: order.placed_min,
            ready_min: order.ready_min,
            delivered,
        });
        Solution {
            assignments: self.assignments,
            outcomes: outcomes.collect(),
            legs: self.legs.into_iter().flatten().collect(),
        }
    }

    fn idle(&self, courier: usize) -> Result<&CourierState, &'static str> {
        let state = self.couriers.get(courier).ok_or("no such courier")?;
        let shift = &self.day.couriers[courier];
        match state.doing {
            _ if self.now_min < shift.on_min => Err("the shift has not begun"),
            _ if self.now_min > shift.off_min => Err("the shift is over"),
            Doing::Idle => Ok(state),
            _ => Err("the courier is not idle"),
        }
    }

    /// The one restaurant of these orders, none of which anybody else may hold.
    fn restaurant_of(&self, courier: usize, orders: &[usize]) -> Result<usize, &'static str> {
        let mut restaurant = None;
        for (at, order) in orders.iter().enumerate() {
            let known = self.day.orders[..self.known].get(*order).ok_or("the order is not placed yet")?;
            if !self.open.contains(order) {
                return Err("the order is picked up already");
            }
            if self.holder[*order].is_some_and(|holder| holder != courier) {
                return Err("another courier is on a visit for the order");
            }
            if orders[..at].contains(order) {
                return Err("the order is named twice");
            }
            if *restaurant.get_or_insert(known.restaurant) != known.restaurant {
                return Err("a bundle is of one restaurant");
            }
        }
        restaurant.ok_or("no order is named")
    }

    fn send(&mut self, courier: usize, orders: &[usize]) -> Result<(), &'static str> {
        self.idle(courier)?;
        let restaurant = self.restaurant_of(courier, orders)?;
        let arrives_min = self.drive_to_restaurant(courier, restaurant);
        self.hold(courier, orders);
        self.couriers[courier].doing = Doing::Visiting(Visit {
            restaurant,
            arrives_min,
            orders: orders.to_vec(),
            assigned_min: self.now_min,
        });
        Ok(())
    }

    fn change(&mut self, courier: usize, orders: &[usize]) -> Result<(), &'static str> {
        let state = self.couriers.get(courier).ok_or("no such courier")?;
        let Doing::Visiting(visit) = &state.doing else { return Err("the courier is on no visit") };
        let visit = visit.clone();
        if !orders.is_empty() && self.restaurant_of(courier, orders)? != visit.restaurant {
            return Err("the courier visits another restaurant");
        }
        self.release(courier);
        if orders.is_empty() {
            self.rest_after(courier, &visit);
            return Ok(());
        }
        self.hold(courier, orders);
        let assigned_min = self.now_min;
        self.couriers[courier].doing =
            Doing::Visiting(Visit { orders: orders.to_vec(), assigned_min, ..visit });
        Ok(())
    }

    fn step(&mut self, courier: usize, restaurant: usize) -> Result<(), &'static str> {
        self.idle(courier)?;
        let place = self.day.restaurants.get(restaurant).ok_or("no such restaurant")?.place;
        let arrives_min = self.drive_to_restaurant(courier, restaurant);
        let state = &mut self.couriers[courier];
        (state.spot, state.free_min, state.doing) = (place, arrives_min, Doing::Stepping);
        Ok(())
    }

    /// The visit comes to nothing: the courier is idle at the restaurant once there.
    fn rest_after(&mut self, courier: usize, visit: &Visit) {
        self.release(courier);
        let state = &mut self.couriers[courier];
        state.spot = self.day.restaurants[visit.restaurant].place;
        state.free_min = visit.arrives_min;
        state.doing = if visit.arrives_min > self.now_min { Doing::Stepping } else { Doing::Idle };
    }

    fn hold(&mut self, courier: usize, orders: &[usize]) {
        orders.iter().for_each(|order| self.holder[*order] = Some(courier));
    }

    /// What a courier holds is free again.
    fn release(&mut self, courier: usize) {
        for holder in self.holder.iter_mut().filter(|holder| **holder == Some(courier)) {
            *holder = None;
        }
    }

    /// The courier leaves for a restaurant now; the minute of arrival.
    fn drive_to_restaurant(&mut self, courier: usize, restaurant: usize) -> u32 {
        let to = &self.day.restaurants[restaurant];
        let (name, place) = (to.name.clone(), to.place);
        let from = self.couriers[courier].spot;
        self.drive(courier, (from, place), self.now_min, name)
    }

    /// Records a leg; the minute of arrival. Where the courier already is, there is none.
    fn drive(&mut self, courier: usize, (from, to): (Spot, Spot), departs_min: u32, name: String) -> u32 {
        if self.places[courier].as_ref() == Some(&name) {
            return departs_min;
        }
        let origin = self.places[courier].replace(name.clone());
        let courier_name = self.day.couriers[courier].name.clone();
        self.legs[courier].push(Leg { courier: courier_name, departs_min, from: origin, to: name });
        departs_min + travel_min(&self.day.parameters, from, to)
    }

    fn pick_up(&mut self, courier: usize, visit: &Visit) {
        let (_, after) = halves(self.day.parameters.pick_up_service_min);
        let (before_door, after_door) = halves(self.day.parameters.drop_off_service_min);
        let name = self.day.couriers[courier].name.clone();
        self.assignments.push(Assignment {
            assigned_min: visit.assigned_min,
            pick_up_min: self.now_min,
            courier: name.clone(),
            orders: visit.orders.iter().map(|order| self.day.orders[*order].name.clone()).collect(),
        });
        let (mut spot, mut minute) = (self.day.restaurants[visit.restaurant].place, self.now_min + after);
        for order in &visit.orders {
            let door = self.day.orders[*order].door;
            let arrives_min = self.drive(courier, (spot, door), minute, self.day.orders[*order].name.clone());
            let drop_off_min = arrives_min + before_door;
            self.delivered[*order] = Some((self.now_min, drop_off_min, name.clone()));
            (spot, minute) = (door, drop_off_min + after_door);
        }
        self.open.retain(|order| !visit.orders.contains(order));
        self.release(courier);
        self.couriers[courier] = CourierState { doing: Doing::Delivering, spot, free_min: minute };
    }
}
