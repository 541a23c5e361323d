//! The stronger baseline: orders are taken as they come and each is put where it costs least, for good.

use super::instance::Spot;
use super::policy::{Command, Doing, Policy, View, halves};

/// Most orders in one bundle.
const BUNDLE: usize = 3;

/// A pick-up planned and its orders in the order of their drop-offs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bundle {
    restaurant: usize,
    orders: Vec<usize>,
}

/// First come, cheapest insertion into anybody's list of bundles; what was put once stays.
#[derive(Debug, Clone, Default)]
pub struct FirstCome {
    lists: Vec<Vec<Bundle>>,
    /// Orders below this were put somewhere or found no place.
    seen: usize,
    /// Those that found no place yet.
    waiting: Vec<usize>,
}

impl Policy for FirstCome {
    fn name(&self) -> &'static str {
        "fifo"
    }

    fn decide(&mut self, view: &View<'_>) -> Vec<Command> {
        self.lists.resize(view.couriers.len(), Vec::new());
        for (at, list) in self.lists.iter_mut().enumerate() {
            // A visit that was picked up, or that the end of the shift cut off.
            let visiting = view.couriers.get(at).is_some_and(|one| matches!(one.doing, Doing::Visiting(_)));
            let gone =
                |bundle: &Bundle| bundle.orders.iter().all(|order| view.open.binary_search(order).is_err());
            if !visiting && list.first().is_some_and(gone) {
                list.remove(0);
            }
        }
        self.waiting.extend(self.seen..view.orders.len());
        self.seen = view.orders.len();
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting = waiting.into_iter().filter(|order| !self.place(view, *order)).collect();
        self.lists.iter().enumerate().filter_map(|(at, list)| command(view, at, list)).collect()
    }
}

/// What carries the first bundle of a list out: a visit, or a change of one.
fn command(view: &View<'_>, at: usize, list: &[Bundle]) -> Option<Command> {
    let (bundle, courier) = (list.first()?, view.couriers.get(at)?);
    let shift = view.shifts.get(at)?;
    let orders = bundle.orders.clone();
    match &courier.doing {
        Doing::Idle if (shift.on_min..=shift.off_min).contains(&view.now_min) => {
            Some(Command::Send { courier: at, orders })
        }
        Doing::Visiting(visit) if visit.orders != orders => Some(Command::Change { courier: at, orders }),
        _ => None,
    }
}

impl FirstCome {
    /// Puts an order where it adds the fewest minutes; false if nobody can have it.
    fn place(&mut self, view: &View<'_>, order: usize) -> bool {
        let Some(restaurant) = view.orders.get(order).map(|order| order.restaurant) else { return false };
        let mut best: Option<(u32, usize, Vec<Bundle>)> = None;
        for (at, list) in self.lists.iter().enumerate() {
            let Some(before) = drop_off_minutes(view, at, list) else { continue };
            for changed in insertions(view, at, list, restaurant, order) {
                let Some(after) = drop_off_minutes(view, at, &changed) else { continue };
                let added = after.saturating_sub(before);
                if best.as_ref().is_none_or(|(least, ..)| added < *least) {
                    best = Some((added, at, changed));
                }
            }
        }
        let Some((_, at, list)) = best else { return false };
        if let Some(place) = self.lists.get_mut(at) {
            *place = list;
        }
        true
    }
}

/// A courier's list with an order in every place it may have.
fn insertions(
    view: &View<'_>,
    at: usize,
    list: &[Bundle],
    restaurant: usize,
    order: usize,
) -> Vec<Vec<Bundle>> {
    let visiting = view.couriers.get(at).is_some_and(|one| matches!(one.doing, Doing::Visiting(_)));
    let mut all = Vec::new();
    for place in usize::from(visiting)..=list.len() {
        let mut changed = list.to_vec();
        changed.insert(place, Bundle { restaurant, orders: vec![order] });
        all.push(changed);
    }
    for (place, bundle) in list.iter().enumerate() {
        if bundle.restaurant != restaurant || bundle.orders.len() >= BUNDLE {
            continue;
        }
        for drop in 0..=bundle.orders.len() {
            let mut changed = list.to_vec();
            if let Some(bundle) = changed.get_mut(place) {
                bundle.orders.insert(drop, order);
            }
            all.push(changed);
        }
    }
    all
}

/// The sum of the drop-off minutes of a list; `None` where a pick-up would come after the shift.
fn drop_off_minutes(view: &View<'_>, at: usize, list: &[Bundle]) -> Option<u32> {
    let (before, after) = halves(view.parameters.pick_up_service_min);
    let (before_door, after_door) = halves(view.parameters.drop_off_service_min);
    let (courier, shift) = (view.couriers.get(at)?, view.shifts.get(at)?);
    let (mut spot, mut minute): (Spot, u32) = (courier.spot, courier.free_min.max(view.now_min));
    let mut visit = match &courier.doing {
        Doing::Visiting(visit) => Some(visit.arrives_min),
        _ => None,
    };
    let mut sum = 0;
    for bundle in list {
        let place = view.restaurants.get(bundle.restaurant)?.place;
        let arrives = visit.take().unwrap_or_else(|| minute + view.travel_min(spot, place));
        let ready = bundle
            .orders
            .iter()
            .filter_map(|order| view.orders.get(*order))
            .map(|one| one.ready_min)
            .max()?;
        let pick_up = ready.max(arrives + before).max(view.now_min);
        if pick_up > shift.off_min {
            return None;
        }
        (spot, minute) = (place, pick_up + after);
        for order in &bundle.orders {
            let door = view.orders.get(*order)?.door;
            minute += view.travel_min(spot, door) + before_door;
            sum += minute;
            (spot, minute) = (door, minute + after_door);
        }
    }
    Some(sum)
}
