//! Re-derives everything a plan claims. Shares no code with the engine, and is slow and plain on purpose.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::plan::{Assignment, Plan, Run};
use super::problem::{Clearance, CourierState, OpenDelivery, Problem, Stop, StopKind};
use super::weights::Weights;
use crate::geo::TravelTimes;
use crate::geo::travel::round_up_s;
use crate::id::{CourierId, DeliveryId};

/// What a plan breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// A run of nobody in the problem, or a second run of somebody.
    UnknownRun,
    /// A courier without a run.
    MissingRun,
    /// A fixed stop was moved or preceded.
    FixedMoved,
    /// A stop of the run is gone.
    StopLost,
    /// A stop stands there that belongs neither to the run nor to a delivery assigned to it.
    StopForeign,
    /// A drop-off before its pick-up, or not exactly one of each.
    Precedence,
    /// A planned time is not what driving, waiting and working give.
    WrongTimes,
    /// More on board than fits, while a new delivery is.
    OverCapacity,
    /// More grams on board than may be, while a new delivery is.
    OverWeight,
    /// The courier does not serve the region.
    RegionNotServed,
    /// The delivery needs something the courier is not fit for.
    LacksSkill,
    /// The courier's shift is over.
    OffDuty,
    /// The courier is on a break.
    OnBreak,
    /// A dispatcher gave the delivery to somebody else.
    ReservedForAnother,
    /// The courier declined it.
    DeclinedBefore,
    /// The courier has an open offer.
    HasOpenOffer,
    /// A pick-up starts after the end of the shift and did not before.
    ShiftEnds,
    /// A wait longer than allowed that was not there before.
    WaitTooLong,
    /// The courier comes back after the end of the shift, and later than before.
    WayHome,
    /// A door is reached after the hold of its money, and was not before.
    HoldEnds,
    /// A promise broken that was kept before, or is broken by more.
    PromiseBroken,
    /// A delivery assigned twice, or one that is not open.
    WronglyAssigned,
    /// A delivery neither assigned nor told why not, or both.
    Unanswered,
    /// An assignment tells another arrival or lateness than its run.
    WrongAssignment,
}

/// One thing a plan breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// What is broken.
    pub breach: Breach,
    /// In whose run, where it is about one.
    pub courier: Option<CourierId>,
    /// For which delivery, where it is about one.
    pub delivery: Option<DeliveryId>,
}

/// How one stop goes.
struct Done<'a> {
    stop: &'a Stop,
    arrive_at: DateTime<Utc>,
    start_at: DateTime<Utc>,
    depart_at: DateTime<Utc>,
}

impl Done<'_> {
    fn wait(&self) -> TimeDelta {
        self.start_at - self.arrive_at
    }

    fn late(&self) -> TimeDelta {
        self.stop.due.map_or(TimeDelta::zero(), |due| (self.start_at - due).max(TimeDelta::zero()))
    }
}

struct Checker<'a> {
    problem: &'a Problem,
    plan: &'a Plan,
    travel: &'a dyn TravelTimes,
    weights: &'a Weights,
    found: Vec<Violation>,
}

/// All that is wrong with a plan, sorted; empty for a good one.
#[must_use]
pub fn check(problem: &Problem, plan: &Plan, travel: &dyn TravelTimes, weights: &Weights) -> Vec<Violation> {
    let mut checker = Checker { problem, plan, travel, weights, found: Vec::new() };
    checker.runs();
    checker.answers();
    checker.found.sort();
    checker.found.dedup();
    checker.found
}

/// How long a way takes this courier, in whole seconds rounded up.
fn own_s(courier: &CourierState, as_others_s: u32) -> u32 {
    let slowness = 1.0 / courier.speed_factor;
    match courier.speed_factor {
        faster if faster > 0.0 && faster != 1.0 && slowness > 0.0 && slowness < f64::INFINITY => {
            round_up_s(f64::from(as_others_s) * slowness, 1)
        }
        _ => as_others_s,
    }
}

fn later(at: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
    at.checked_add_signed(TimeDelta::seconds(i64::from(seconds))).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl<'a> Checker<'a> {
    fn report(&mut self, breach: Breach, courier: Option<CourierId>, delivery: Option<DeliveryId>) {
        self.found.push(Violation { breach, courier, delivery });
    }

    fn runs(&mut self) {
        let plan = self.plan;
        for run in &plan.runs {
            let same = plan.runs.iter().filter(|other| other.courier == run.courier).count();
            match self.problem.couriers.iter().find(|courier| courier.id == run.courier) {
                Some(courier) if same == 1 => self.run(courier, run),
                _ => self.report(Breach::UnknownRun, Some(run.courier), None),
            }
        }
        let problem = self.problem;
        for courier in &problem.couriers {
            if !plan.runs.iter().any(|run| run.courier == courier.id) {
                self.report(Breach::MissingRun, Some(courier.id), None);
            }
        }
    }

    fn run(&mut self, courier: &'a CourierState, run: &'a Run) {
        self.stops_kept(courier, run);
        self.precedence(courier, run);
        let new: Vec<&Assignment> =
            self.plan.assignments.iter().filter(|given| given.courier == courier.id).collect();
        let stops: Vec<&Stop> = run.stops.iter().map(|planned| &planned.stop).collect();
        let done = self.derive(courier, &stops);
        for (planned, done) in run.stops.iter().zip(&done) {
            let told = (planned.arrive_at, planned.start_at, planned.depart_at);
            if told != (done.arrive_at, done.start_at, done.depart_at) {
                self.report(Breach::WrongTimes, Some(courier.id), Some(planned.stop.delivery));
            }
        }
        self.capacity(courier, &stops, &new);
        self.times(courier, &done, &new);
        self.way_home(courier, &done);
    }

    /// Nothing lost, nothing foreign, fixed stops in their places.
    fn stops_kept(&mut self, courier: &CourierState, run: &Run) {
        let planned: Vec<&Stop> = run.stops.iter().map(|planned| &planned.stop).collect();
        for (place, stop) in courier.stops.iter().enumerate() {
            if place < courier.fixed && planned.get(place) != Some(&stop) {
                self.report(Breach::FixedMoved, Some(courier.id), Some(stop.delivery));
            }
            let had = courier.stops.iter().filter(|other| *other == stop).count();
            if planned.iter().filter(|other| **other == stop).count() != had {
                self.report(Breach::StopLost, Some(courier.id), Some(stop.delivery));
            }
        }
        for stop in planned {
            let assigned = self.plan.assignments.iter().any(|given| {
                given.courier == courier.id
                    && self
                        .open(given.delivery)
                        .is_some_and(|open| *stop == open.pick_up || *stop == open.drop_off)
            });
            if !assigned && !courier.stops.contains(stop) {
                self.report(Breach::StopForeign, Some(courier.id), Some(stop.delivery));
            }
        }
    }

    fn open(&self, delivery: DeliveryId) -> Option<&'a OpenDelivery> {
        self.problem.deliveries.iter().find(|open| open.id == delivery)
    }

    /// Each assigned delivery once in the run, and no drop-off before a pick-up.
    fn precedence(&mut self, courier: &CourierState, run: &Run) {
        let places = |delivery: DeliveryId, wanted: StopKind| -> Vec<usize> {
            let all = run.stops.iter().enumerate();
            let mine = all.filter(|(_, done)| done.stop.delivery == delivery && done.stop.kind == wanted);
            mine.map(|(place, _)| place).collect()
        };
        let plan = self.plan;
        for given in plan.assignments.iter().filter(|given| given.courier == courier.id) {
            let pick_ups = places(given.delivery, StopKind::PickUp);
            let drop_offs = places(given.delivery, StopKind::DropOff);
            let right = matches!((&pick_ups[..], &drop_offs[..]), ([up], [off]) if up < off);
            if !right {
                self.report(Breach::Precedence, Some(courier.id), Some(given.delivery));
            }
        }
        let before = |stops: &[Stop], delivery| {
            let up = stops.iter().position(|s| s.delivery == delivery && s.kind == StopKind::PickUp);
            let off = stops.iter().position(|s| s.delivery == delivery && s.kind != StopKind::PickUp);
            matches!((up, off), (Some(up), Some(off)) if off < up)
        };
        let stops: Vec<Stop> = run.stops.iter().map(|planned| planned.stop.clone()).collect();
        for stop in &courier.stops {
            if before(&stops, stop.delivery) && !before(&courier.stops, stop.delivery) {
                self.report(Breach::Precedence, Some(courier.id), Some(stop.delivery));
            }
        }
    }

    /// Drives a sequence of stops.
    fn derive(&self, courier: &CourierState, stops: &[&'a Stop]) -> Vec<Done<'a>> {
        let mut clock = courier.free_at.max(self.problem.now);
        let mut at = courier.at;
        let mut done: Vec<Done<'a>> = Vec::new();
        let mut longest = 0;
        for stop in stops {
            let as_others_s = self.travel.travel_s(at, stop.point, clock);
            let arrive_at = later(clock, own_s(courier, as_others_s));
            let mut start_at = stop.not_before.map_or(arrive_at, |ready| ready.max(arrive_at));
            if let Clearance::Asked { at } | Clearance::Held { until: at } = stop.clearance {
                start_at = start_at.max(at);
            }
            let together = done.last().is_some_and(|last| {
                last.stop.kind == StopKind::PickUp
                    && stop.kind == StopKind::PickUp
                    && stop.place.is_some()
                    && stop.place == last.stop.place
            });
            if !together {
                longest = 0;
            }
            clock = later(start_at, stop.service_s.saturating_sub(longest));
            longest = longest.max(stop.service_s);
            at = stop.point;
            done.push(Done { stop, arrive_at, start_at, depart_at: clock });
        }
        done
    }

    fn capacity(&mut self, courier: &CourierState, stops: &[&Stop], new: &[&Assignment]) {
        let mut on_board = i64::from(courier.on_board);
        let mut grams = i64::from(courier.on_board_g);
        let mut carried: Vec<DeliveryId> = Vec::new();
        for stop in stops {
            if stop.kind == StopKind::PickUp {
                on_board += i64::from(stop.load);
                grams += i64::from(stop.weight_g);
                carried.extend(new.iter().map(|given| given.delivery).filter(|id| *id == stop.delivery));
            } else {
                on_board -= i64::from(stop.load);
                grams -= i64::from(stop.weight_g);
                carried.retain(|delivery| *delivery != stop.delivery);
            }
            if on_board > i64::from(courier.capacity) && !carried.is_empty() {
                self.report(Breach::OverCapacity, Some(courier.id), Some(stop.delivery));
            }
            let most = courier.max_weight_g.unwrap_or(u32::MAX);
            if grams > i64::from(most) && courier.max_weight_g.is_some() && !carried.is_empty() {
                self.report(Breach::OverWeight, Some(courier.id), Some(stop.delivery));
            }
        }
    }

    /// Shift end, waits and promises: of new stops as they are, of others against the run without the new ones.
    fn times(&mut self, courier: &'a CourierState, done: &[Done<'a>], new: &[&Assignment]) {
        let alone: Vec<&Stop> = courier.stops.iter().collect();
        let before = self.derive(courier, &alone);
        let max_wait = TimeDelta::seconds(i64::from(self.weights.max_wait_s));
        let tolerance = TimeDelta::seconds(i64::from(self.weights.tolerance_s));
        for now in done {
            let stop = now.stop;
            let is_new = new.iter().any(|given| given.delivery == stop.delivery);
            let was = before.iter().find(|was| !is_new && was.stop == stop);
            let after_shift = now.start_at > courier.shift_ends_at;
            let after_shift_before = was.is_some_and(|was| was.start_at > courier.shift_ends_at);
            if stop.kind == StopKind::PickUp && after_shift && !after_shift_before {
                self.report(Breach::ShiftEnds, Some(courier.id), Some(stop.delivery));
            }
            if now.wait() > max_wait && was.is_none_or(|was| now.wait() > was.wait()) {
                self.report(Breach::WaitTooLong, Some(courier.id), Some(stop.delivery));
            }
            let unpaid = |done: &Done<'_>| {
                stop.kind == StopKind::DropOff && stop.hold_ends.is_some_and(|ends| done.start_at >= ends)
            };
            if self.weights.keep_holds && unpaid(now) && !was.is_some_and(unpaid) {
                self.report(Breach::HoldEnds, Some(courier.id), Some(stop.delivery));
            }
            let forgiven = is_new && self.weights.allow_late;
            if !forgiven && now.late() > tolerance && was.is_none_or(|was| now.late() > was.late()) {
                self.report(Breach::PromiseBroken, Some(courier.id), Some(stop.delivery));
            }
        }
    }

    /// Back in time, or as late as without what is new.
    fn way_home(&mut self, courier: &CourierState, done: &[Done<'_>]) {
        let (Some(home), Some(last)) = (courier.home, done.last()) else { return };
        let back =
            |clock: DateTime<Utc>, at| later(clock, own_s(courier, self.travel.travel_s(at, home, clock)));
        let alone: Vec<&Stop> = courier.stops.iter().collect();
        let before = match self.derive(courier, &alone).last() {
            Some(was) => back(was.depart_at, was.stop.point),
            None => back(courier.free_at.max(self.problem.now), courier.at),
        };
        if back(last.depart_at, last.stop.point) > courier.shift_ends_at.max(before) {
            self.report(Breach::WayHome, Some(courier.id), Some(last.stop.delivery));
        }
    }

    /// Every delivery has exactly one answer, and who got one may have it.
    fn answers(&mut self) {
        let (plan, problem) = (self.plan, self.problem);
        for given in &plan.assignments {
            let times = plan.assignments.iter().filter(|other| other.delivery == given.delivery).count();
            let courier = problem.couriers.iter().find(|courier| courier.id == given.courier);
            match (self.open(given.delivery), courier) {
                (Some(open), Some(courier)) if times == 1 => self.assignment(given, open, courier),
                _ => self.report(Breach::WronglyAssigned, Some(given.courier), Some(given.delivery)),
            }
        }
        for open in &problem.deliveries {
            let standing = problem.couriers.iter().flat_map(|courier| &courier.stops);
            let in_a_run = standing.into_iter().any(|stop| stop.delivery == open.id);
            let given = plan.assignments.iter().filter(|given| given.delivery == open.id).count();
            let refused = plan.unassigned.iter().filter(|left| left.delivery == open.id).count();
            if given + refused != usize::from(!in_a_run) {
                self.report(Breach::Unanswered, None, Some(open.id));
            }
        }
    }

    fn assignment(&mut self, given: &Assignment, open: &OpenDelivery, courier: &CourierState) {
        let named = open.courier == Some(courier.id);
        let broken = [
            (
                !courier.regions.contains(&open.region) && !open.widened.contains(&courier.id),
                Breach::RegionNotServed,
            ),
            (courier.shift_ends_at <= self.problem.now, Breach::OffDuty),
            (!named && open.needs.iter().any(|need| !courier.skills.contains(need)), Breach::LacksSkill),
            (!named && courier.break_until > Some(self.problem.now), Breach::OnBreak),
            (open.courier.is_some() && open.courier != Some(courier.id), Breach::ReservedForAnother),
            (open.declined.contains(&courier.id), Breach::DeclinedBefore),
            (courier.has_offer, Breach::HasOpenOffer),
        ];
        for (_, breach) in broken.into_iter().filter(|(broken, _)| *broken) {
            self.report(breach, Some(courier.id), Some(open.id));
        }
        let runs = self.plan.runs.iter().filter(|run| run.courier == courier.id);
        let door = runs.flat_map(|run| &run.stops).find(|planned| planned.stop == open.drop_off);
        let told = door.is_some_and(|door| {
            let late = open.drop_off.due.map_or(0, |due| (door.start_at - due).num_seconds().max(0));
            door.start_at == given.arrive_at && late == given.late_s
        });
        if !told {
            self.report(Breach::WrongAssignment, Some(courier.id), Some(open.id));
        }
    }
}
