//! The plain baseline: the order that was placed first goes to the nearest idle courier, at once and alone.

use super::policy::{Command, Doing, Policy, View, halves};

/// Nearest idle courier, first come first served, one order at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Greedy;

impl Policy for Greedy {
    fn name(&self) -> &'static str {
        "greedy"
    }

    fn decide(&mut self, view: &View<'_>) -> Vec<Command> {
        let (service, _) = halves(view.parameters.pick_up_service_min);
        let mut idle: Vec<usize> = (0..view.couriers.len())
            .filter(|at| view.shifts.get(*at).is_some_and(|shift| shift.on_min <= view.now_min))
            .filter(|at| view.couriers.get(*at).is_some_and(|courier| courier.doing == Doing::Idle))
            .collect();
        let mut commands = Vec::new();
        for order in view.open.iter().filter(|order| view.holder.get(**order) == Some(&None)) {
            let Some(known) = view.orders.get(*order) else { continue };
            let Some(restaurant) = view.restaurants.get(known.restaurant) else { continue };
            let leg = |at: &usize| {
                let minutes = view.travel_min(view.couriers.get(*at)?.spot, restaurant.place);
                let pick_up = known.ready_min.max(view.now_min + minutes + service);
                (pick_up <= view.shifts.get(*at)?.off_min).then_some((minutes, *at))
            };
            let Some((_, courier)) = idle.iter().filter_map(leg).min() else { continue };
            idle.retain(|at| *at != courier);
            commands.push(Command::Send { courier, orders: vec![*order] });
        }
        commands
    }
}
