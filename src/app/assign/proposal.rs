//! What the engine's plan means: commands to deliveries and the run they stand in, one proposal for each courier.

use super::super::error::Error;
use super::super::run::{RunStop, StopKind as RunKind, print};
use super::snapshot::{Known, OnDuty, View};
use super::stops::Setting;
use callahead_domain::call_ahead::ladder::PLAN_MOVES_S;
use callahead_domain::delivery::Command;
use callahead_domain::delivery::state::{Planned, Stage};
use callahead_domain::dispatch::{CourierState, Plan, PlannedStop, Stop, StopKind, schedule};
use callahead_domain::geo::TravelTimes;
use callahead_domain::id::{CourierId, DeliveryId, RegionId};
use callahead_domain::policy::AssignMode;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// One command, and the version of the delivery it was thought of for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) delivery: DeliveryId,
    pub(super) command: Command,
    /// None for a second command to the same delivery.
    pub(super) version: Option<i64>,
}

/// All that changes for one courier.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    pub(super) shift: Uuid,
    pub(super) shift_version: i64,
    /// The run from now on, as it is stored.
    pub(super) run: String,
    /// Where the courier works, or what they carry was accepted.
    pub(super) courier_regions: Vec<RegionId>,
    /// Of the deliveries that change.
    pub(super) delivery_regions: Vec<RegionId>,
    pub(super) wanted: Vec<Wanted>,
}

/// What a courier is given by this plan.
#[derive(Debug, Default)]
struct Given<'a> {
    assigned: Vec<&'a Known>,
    /// One, or several that are picked up together.
    offered: Vec<&'a Known>,
}

/// The proposals of a plan; couriers for whom nothing changes have none.
pub(super) fn proposals(
    view: &View,
    setting: &Setting,
    plan: &Plan,
    travel: &dyn TravelTimes,
) -> Result<Vec<Proposal>, Error> {
    let given = given(view, setting, plan);
    let nothing = Given::default();
    let mut made = Vec::new();
    for duty in &view.couriers {
        let Some(courier) = setting.problem.couriers.iter().find(|courier| courier.id == duty.id) else {
            continue;
        };
        let given = given.get(&duty.id).unwrap_or(&nothing);
        let proposed =
            plan.runs.iter().find(|run| run.courier == duty.id).map_or(&[][..], |run| run.stops.as_slice());
        let stops = final_run(courier, setting, given, proposed, travel);
        let run = run_stops(duty, courier, &stops);
        let wanted = wanted(duty, given, &run);
        if wanted.is_empty() && same_run(&duty.run, &run) {
            continue;
        }
        let changing = given.assigned.iter().copied().chain(given.offered.iter().copied()).chain(&duty.held);
        made.push(Proposal {
            shift: duty.shift,
            shift_version: duty.shift_version,
            run: print(if same_run(&duty.run, &run) { &duty.run } else { &run })?,
            courier_regions: duty.regions.clone(),
            delivery_regions: changing.map(|known| known.region).collect(),
            wanted,
        });
    }
    Ok(made)
}

/// Whom the plan gives what: where the policy assigns, everything placed; where it offers, the first with what is picked
/// up together with it.
fn given<'a>(view: &'a View, setting: &Setting, plan: &Plan) -> BTreeMap<CourierId, Given<'a>> {
    let open: BTreeMap<DeliveryId, &Known> =
        view.open.iter().map(|known| (known.delivery.id, known)).collect();
    let mut given: BTreeMap<CourierId, Given<'a>> = BTreeMap::new();
    for assignment in &plan.assignments {
        let Some(known) = open.get(&assignment.delivery) else { continue };
        let has_offer = setting
            .problem
            .couriers
            .iter()
            .any(|courier| courier.id == assignment.courier && courier.has_offer);
        let theirs = given.entry(assignment.courier).or_default();
        match known.policy.assign {
            AssignMode::Direct => theirs.assigned.push(known),
            AssignMode::Offer if has_offer => {}
            AssignMode::Offer => {
                let first = theirs.offered.first().map(|first| first.delivery.id);
                if first.is_none_or(|first| are_together(plan, assignment.courier, first, known)) {
                    theirs.offered.push(known);
                }
            }
        }
    }
    given
}

/// Whether the plan picks a delivery up in one go with another one before it.
fn are_together(plan: &Plan, courier: CourierId, first: DeliveryId, other: &Known) -> bool {
    let run = plan.runs.iter().find(|run| run.courier == courier).map_or(&[][..], |run| run.stops.as_slice());
    let here = |planned: &&PlannedStop| {
        planned.stop.kind == StopKind::PickUp && planned.stop.place == Some(other.pick_up.id)
    };
    let from = run.iter().skip_while(|planned| planned.stop.delivery != first);
    from.take_while(here).any(|planned| planned.stop.delivery == other.delivery.id)
}

/// The run that is written: without what is only offered, with all that is theirs even where the engine found no place.
fn final_run(
    courier: &CourierState,
    setting: &Setting,
    given: &Given<'_>,
    proposed: &[PlannedStop],
    travel: &dyn TravelTimes,
) -> Vec<PlannedStop> {
    let mut keep: BTreeSet<DeliveryId> = setting.in_run.get(&courier.id).cloned().unwrap_or_default();
    let new = setting.new.get(&courier.id).map_or(&[][..], Vec::as_slice);
    keep.extend(new.iter().map(|open| open.id));
    keep.extend(given.assigned.iter().map(|known| known.delivery.id));
    let mut stops: Vec<Stop> = proposed
        .iter()
        .filter(|planned| keep.contains(&planned.stop.delivery))
        .map(|planned| planned.stop.clone())
        .collect();
    let as_proposed = stops.len() == proposed.len();
    let placed: BTreeSet<DeliveryId> = stops.iter().map(|stop| stop.delivery).collect();
    let left: Vec<Stop> = new
        .iter()
        .filter(|open| !placed.contains(&open.id))
        .flat_map(|open| [open.pick_up.clone(), open.drop_off.clone()])
        .collect();
    if as_proposed && left.is_empty() {
        return proposed.to_vec();
    }
    stops.extend(left);
    schedule(courier, &stops, travel)
}

/// The run as it is stored. The arrival at a door is when the customer is served, waiting included.
fn run_stops(duty: &OnDuty, courier: &CourierState, stops: &[PlannedStop]) -> Vec<RunStop> {
    let mut before = courier.free_at;
    let mut run = Vec::with_capacity(stops.len());
    for planned in stops {
        let kind = match planned.stop.kind {
            StopKind::PickUp => RunKind::PickUp,
            StopKind::DropOff => RunKind::DropOff,
            StopKind::Return => RunKind::Return,
        };
        let delivery = planned.stop.delivery;
        let known = duty.held.iter().find(|known| known.delivery.id == delivery).map(|known| &known.delivery);
        let driven_s = (planned.arrive_at - before).num_seconds().max(0);
        let under_way =
            known.filter(|known| matches!(known.stage, Stage::EnRoute { .. } | Stage::AtDoor { .. }));
        let told = known.and_then(|known| known.planned);
        let earlier = duty.run.first().filter(|stop| stop.delivery == delivery && stop.kind == kind);
        let leg_s = match (under_way, told) {
            // Whoever is under way has part of the leg behind them; it is as long as before.
            (Some(_), Some(told)) => told.leg_s,
            _ if run.is_empty() && driven_s == 0 => earlier.map_or(0, |stop| stop.leg_s),
            _ => driven_s,
        };
        let arrive_at = match known.map(|known| &known.stage) {
            Some(Stage::AtDoor { since, .. }) => *since,
            _ if kind == RunKind::PickUp => planned.arrive_at,
            _ => planned.start_at,
        };
        run.push(RunStop { delivery, kind, arrive_at, depart_at: planned.depart_at, leg_s });
        before = planned.depart_at;
    }
    run
}

fn is_near(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    (one - other).num_seconds().abs() < PLAN_MOVES_S
}

/// Whether two runs are the same for everybody who follows them.
fn same_run(old: &[RunStop], new: &[RunStop]) -> bool {
    let same = |(one, other): (&RunStop, &RunStop)| {
        one.delivery == other.delivery && one.kind == other.kind && is_near(one.arrive_at, other.arrive_at)
    };
    old.len() == new.len() && old.iter().zip(new).all(same)
}

/// The commands: assign, offer, and the new times of doors.
fn wanted(duty: &OnDuty, given: &Given<'_>, run: &[RunStop]) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let door = |id: DeliveryId| run.iter().find(|stop| stop.delivery == id && stop.kind == RunKind::DropOff);
    let plan = |stop: &RunStop| Command::Plan {
        arrive_at: stop.arrive_at,
        leg_s: stop.leg_s,
        resequenced: comes_after_others(&duty.run, run, stop),
    };
    for known in &given.assigned {
        let id = known.delivery.id;
        let assign = Command::Assign { courier: duty.id };
        wanted.push(Wanted { delivery: id, command: assign, version: Some(known.version) });
        wanted.extend(door(id).map(|stop| Wanted { delivery: id, command: plan(stop), version: None }));
    }
    for known in &given.offered {
        let offer = Command::Offer { courier: duty.id };
        wanted.push(Wanted { delivery: known.delivery.id, command: offer, version: Some(known.version) });
    }
    for known in &duty.held {
        let delivery = &known.delivery;
        let tellable = matches!(
            delivery.stage,
            Stage::Assigned { .. } | Stage::Collected { .. } | Stage::EnRoute { .. }
        );
        let Some(stop) = door(delivery.id).filter(|_| tellable) else { continue };
        // The domain asks the same, so a command without effect is not even written.
        let resequenced = comes_after_others(&duty.run, run, stop);
        let moved = |planned: Planned| planned.moves_to(stop.arrive_at, stop.leg_s, resequenced);
        if delivery.planned.is_none_or(moved) {
            wanted.push(Wanted { delivery: delivery.id, command: plan(stop), version: Some(known.version) });
        }
    }
    wanted
}

/// Whether a stop comes after others than before, of those that stand in both runs. What is new or done is no other order.
fn comes_after_others(old: &[RunStop], new: &[RunStop], stop: &RunStop) -> bool {
    let same = |one: &RunStop, other: &RunStop| one.delivery == other.delivery && one.kind == other.kind;
    let before = |run: &[RunStop], other: &[RunStop]| -> Option<BTreeSet<(DeliveryId, RunKind)>> {
        let place = run.iter().position(|known| same(known, stop))?;
        let stays = |known: &&RunStop| other.iter().any(|their| same(known, their));
        Some(run.iter().take(place).filter(stays).map(|known| (known.delivery, known.kind)).collect())
    };
    match (before(old, new), before(new, old)) {
        (Some(old), Some(new)) => old != new,
        _ => false,
    }
}
