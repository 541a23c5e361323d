//! From deliveries to the engine's words: stops, couriers, the problem.

use super::super::run::StopKind as RunKind;
use super::snapshot::{Known, OnDuty, View};
use callahead_domain::call_ahead::Outcome;
use callahead_domain::delivery::Delivery;
use callahead_domain::delivery::state::{Gate, Holder, Stage};
use callahead_domain::dispatch::{
    Clearance, CourierState, OpenDelivery, Problem, Stop, StopKind, resequence,
};
use callahead_domain::geo::{Point, TravelTimes};
use callahead_domain::id::{CourierId, DeliveryId};
use callahead_domain::payment::PaymentState;
use callahead_domain::policy::SilenceRule;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// A position older than this says where somebody was, not where they are.
const FRESH_S: i64 = 90;

/// The problem of a round, and what is known of it beyond the engine's words.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) problem: Problem,
    /// By courier, deliveries that stand in their run already.
    pub(super) in_run: BTreeMap<CourierId, BTreeSet<DeliveryId>>,
    /// By courier, deliveries of theirs that are not in their run yet.
    pub(super) new: BTreeMap<CourierId, Vec<OpenDelivery>>,
}

/// The problem of a view.
pub(super) fn setting(view: &View, travel: &dyn TravelTimes) -> Setting {
    let mut problem = Problem { now: view.now, couriers: Vec::new(), deliveries: Vec::new() };
    let (mut in_run, mut new) = (BTreeMap::new(), BTreeMap::new());
    let held = view.couriers.iter().flat_map(|duty| &duty.held);
    let somewhere = view.open.iter().chain(held).next().map(|known| known.pick_up.point);
    for duty in &view.couriers {
        let (stops, fixed) = ordered(duty, view.now);
        let Some((at, free_at)) = place(duty, stops.first(), view.now, somewhere) else { continue };
        let standing: BTreeSet<DeliveryId> = stops.iter().map(|stop| stop.delivery).collect();
        let missing = duty.held.iter().filter(|known| !standing.contains(&known.delivery.id));
        let missing: Vec<OpenDelivery> = missing.map(|known| open_delivery(known, Some(duty.id))).collect();
        let mut courier = CourierState {
            id: duty.id,
            at,
            free_at: duty.break_until.map_or(free_at, |until| until.max(free_at)),
            shift_ends_at: duty.ends_at,
            home: duty.home,
            break_until: duty.break_until,
            skills: duty.skills.clone(),
            capacity: duty.capacity,
            max_weight_g: duty.max_weight_g,
            on_board_g: on_board_g(duty),
            speed_factor: duty.speed_factor,
            on_board: on_board(duty),
            regions: duty.regions.clone(),
            has_offer: duty.has_offer,
            stops,
            fixed,
            covered: duty.covered,
        };
        courier.stops = resequence(&courier, travel).into_iter().map(|planned| planned.stop).collect();
        problem.couriers.push(courier);
        problem.deliveries.extend(missing.iter().cloned());
        in_run.insert(duty.id, standing);
        new.insert(duty.id, missing);
    }
    problem.deliveries.extend(view.open.iter().map(|known| open_delivery(known, None)));
    Setting { problem, in_run, new }
}

/// A delivery for the engine to place; `courier` if it is somebody's already.
pub(super) fn open_delivery(known: &Known, courier: Option<CourierId>) -> OpenDelivery {
    OpenDelivery {
        id: known.delivery.id,
        region: known.region,
        pick_up: pick_up(known),
        drop_off: drop_off(known, known.policy.drop_off_service_s),
        declined: if courier.is_none() { known.delivery.declined.clone() } else { Vec::new() },
        courier,
        needs: known.needs.clone(),
        tentative: None,
        // What is somebody's is carried by them wherever it was accepted.
        widened: known.widened.iter().copied().chain(courier).collect(),
    }
}

fn seconds(length_s: i64) -> u32 {
    u32::try_from(length_s.max(0)).unwrap_or(u32::MAX)
}

/// Parcels that still have to be brought somewhere.
fn load(delivery: &Delivery) -> u32 {
    let moving = |holder| matches!(holder, Holder::Shop | Holder::Courier { .. });
    let count = delivery.parcels.iter().filter(|parcel| moving(parcel.holder)).count();
    u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

/// Grams of the parcels held like this, as far as somebody has weighed them.
fn grams(known: &Known, held: impl Fn(Holder) -> bool) -> u32 {
    let theirs = known.delivery.parcels.iter().filter(|parcel| held(parcel.holder));
    let weighed = theirs.filter_map(|parcel| known.grams.iter().find(|(number, _)| *number == parcel.number));
    u32::try_from(weighed.map(|(_, grams)| grams.max(&0)).sum::<i64>()).unwrap_or(u32::MAX)
}

/// Until when the customer's money can be taken at the door.
fn hold_ends(delivery: &Delivery) -> Option<DateTime<Utc>> {
    match delivery.payment.state {
        PaymentState::Authorised { until } => until,
        _ => None,
    }
}

fn pick_up(known: &Known) -> Stop {
    Stop {
        delivery: known.delivery.id,
        kind: StopKind::PickUp,
        point: known.pick_up.point,
        place: Some(known.pick_up.id),
        service_s: seconds(known.policy.pick_up_service_s),
        not_before: Some(known.delivery.ready_at),
        due: None,
        load: load(&known.delivery),
        weight_g: grams(known, |holder| matches!(holder, Holder::Shop | Holder::Courier { .. })),
        hold_ends: None,
        told: None,
        clearance: Clearance::Unasked,
        home_chance: 1.0,
    }
}

fn drop_off(known: &Known, service_s: i64) -> Stop {
    Stop {
        delivery: known.delivery.id,
        kind: StopKind::DropOff,
        point: known.door,
        place: None,
        service_s: seconds(service_s),
        not_before: earliest(&known.delivery),
        due: Some(latest(&known.delivery)),
        load: load(&known.delivery),
        weight_g: grams(known, |holder| matches!(holder, Holder::Shop | Holder::Courier { .. })),
        hold_ends: hold_ends(&known.delivery),
        told: known.delivery.shown_arrival(),
        clearance: clearance(&known.delivery, known.policy.silence),
        home_chance: known.home.value,
    }
}

/// What the gate says about going to the door.
fn clearance(delivery: &Delivery, silence: SilenceRule) -> Clearance {
    match delivery.gate {
        _ if goes_last(delivery, silence) => Clearance::Silent,
        Gate::Held { until, .. } => Clearance::Held { until },
        Gate::Cleared { .. } => Clearance::Confirmed,
        Gate::Asked { asked_at, .. } => Clearance::Asked { at: asked_at },
        Gate::NotAsked | Gate::Silent { .. } | Gate::Refused { .. } => Clearance::Unasked,
    }
}

fn return_stop(known: &Known) -> Stop {
    Stop { kind: StopKind::Return, place: Some(known.pick_up.id), not_before: None, ..pick_up(known) }
}

/// Nobody is at the door before: the window's begin, the end of a hold, what the customer said.
pub(super) fn earliest(delivery: &Delivery) -> Option<DateTime<Utc>> {
    let window = delivery.window.map(|window| window.from);
    let said = match delivery.answer.as_ref().map(|answer| &answer.outcome) {
        Some(Outcome::HomeFrom { from }) => Some(*from),
        _ => None,
    };
    let gate = match &delivery.gate {
        Gate::Held { until, .. } => Some(*until),
        Gate::Cleared { from, .. } => *from,
        _ => None,
    };
    [window, said, gate].into_iter().flatten().max()
}

/// The promise, or earlier where the customer leaves before.
fn latest(delivery: &Delivery) -> DateTime<Utc> {
    match delivery.answer.as_ref().map(|answer| &answer.outcome) {
        Some(Outcome::HomeUntil { until }) => delivery.promised_by.min(*until),
        _ => delivery.promised_by,
    }
}

/// The stops a delivery still needs, and whether the courier is at or on the way to the last one.
fn stops_of(known: &Known, now: DateTime<Utc>) -> (Vec<Stop>, bool) {
    let service_s = known.policy.drop_off_service_s;
    match &known.delivery.stage {
        Stage::Assigned { .. } => (vec![pick_up(known), drop_off(known, service_s)], false),
        Stage::Collected { .. } => (vec![drop_off(known, service_s)], false),
        Stage::EnRoute { .. } => (vec![under_way(drop_off(known, service_s))], true),
        Stage::AtDoor { since, .. } => {
            let left_s = (*since + Duration::seconds(service_s) - now).num_seconds();
            (vec![under_way(drop_off(known, left_s))], true)
        }
        Stage::Returning { .. } => (vec![return_stop(known)], false),
        _ => (Vec::new(), false),
    }
}

/// Whoever has set off does not wait for anything any more.
fn under_way(stop: Stop) -> Stop {
    Stop { not_before: None, clearance: Clearance::Unasked, ..stop }
}

/// Nobody sets off to this door for now; others go first.
fn goes_last(delivery: &Delivery, silence: SilenceRule) -> bool {
    match delivery.gate {
        Gate::Silent { .. } => silence != SilenceRule::TryDoor,
        Gate::Refused { .. } => true,
        _ => false,
    }
}

/// The stops of a run in their order, those under way first and those to doors nobody may go to last; and how many are
/// under way. What was assigned since the run was written is not among them.
fn ordered(duty: &OnDuty, now: DateTime<Utc>) -> (Vec<Stop>, usize) {
    let mut needed: BTreeMap<(DeliveryId, StopKind), Stop> = BTreeMap::new();
    let (mut first, mut last) = (BTreeSet::new(), BTreeSet::new());
    for known in &duty.held {
        let (stops, fixed) = stops_of(known, now);
        let id = known.delivery.id;
        let is_new = matches!(known.delivery.stage, Stage::Assigned { .. })
            && duty.run.iter().filter(|stop| stop.delivery == id).count() < 2;
        if is_new {
            continue;
        }
        if fixed {
            first.insert(id);
        } else if goes_last(&known.delivery, known.policy.silence) {
            last.insert(id);
        }
        needed.extend(stops.into_iter().map(|stop| ((stop.delivery, stop.kind), stop)));
    }
    let mut order: Vec<Stop> = Vec::with_capacity(needed.len());
    for stop in &duty.run {
        order.extend(needed.remove(&(stop.delivery, kind(stop.kind))));
    }
    // Transferred, turned back, on the way to the shop: what the run did not know goes behind.
    order.extend(needed.into_values());
    order.sort_by_key(|stop| {
        let door = stop.kind == StopKind::DropOff;
        (!(door && first.contains(&stop.delivery)), door && last.contains(&stop.delivery))
    });
    (order, first.len())
}

/// The engine's word for a stored kind of stop.
pub(super) fn kind(kind: RunKind) -> StopKind {
    match kind {
        RunKind::PickUp => StopKind::PickUp,
        RunKind::DropOff => StopKind::DropOff,
        RunKind::Return => StopKind::Return,
    }
}

fn on_board(duty: &OnDuty) -> u32 {
    let held = |known: &Known| {
        let mine = |holder| matches!(holder, Holder::Courier { .. });
        known.delivery.parcels.iter().filter(|parcel| mine(parcel.holder)).count()
    };
    u32::try_from(duty.held.iter().map(held).sum::<usize>()).unwrap_or(u32::MAX)
}

fn on_board_g(duty: &OnDuty) -> u32 {
    let held = duty.held.iter().map(|known| grams(known, |holder| matches!(holder, Holder::Courier { .. })));
    held.fold(0, u32::saturating_add)
}

/// Where a courier is and from when they can move on. A phone that has been silent for a while is thought to follow the
/// run: on its way to the first stop, and there when the run says.
fn place(
    duty: &OnDuty,
    first: Option<&Stop>,
    now: DateTime<Utc>,
    somewhere: Option<Point>,
) -> Option<(Point, DateTime<Utc>)> {
    let at_door = duty.held.iter().find(|known| matches!(known.delivery.stage, Stage::AtDoor { .. }));
    if let Some(known) = at_door {
        return Some((known.door, now));
    }
    if let Some((point, at)) = duty.seen
        && at + Duration::seconds(FRESH_S) >= now
    {
        return Some((point, now));
    }
    if let (Some(stop), Some(planned)) = (first, duty.run.first())
        && planned.delivery == stop.delivery
        && kind(planned.kind) == stop.kind
        && is_moving_to(duty, stop)
    {
        return Some((stop.point, planned.arrive_at.max(now)));
    }
    let near = duty.held.first().map(|known| known.pick_up.point);
    duty.seen.map(|(point, _)| point).or(near).or(somewhere).map(|point| (point, now))
}

/// A pick-up is driven to by itself; to a door somebody sets off.
fn is_moving_to(duty: &OnDuty, stop: &Stop) -> bool {
    let known = duty.held.iter().find(|known| known.delivery.id == stop.delivery);
    known.is_some_and(|known| matches!(known.delivery.stage, Stage::Assigned { .. } | Stage::EnRoute { .. }))
}
