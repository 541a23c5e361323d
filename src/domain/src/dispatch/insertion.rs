//! The cheapest place for a delivery in one courier's run.
//!
//! All pairs of positions after the fixed stops are tried, the drop-off behind the pick-up. A trial starts from the
//! remembered state before the pick-up, walks on, and ends as soon as a rule refuses or it is dearer than the best
//! found: costs only grow along a run. A run planned elsewhere is taken over by [`Route::adopt`] if every rule bears it.

use super::legs::{Legs, SECOND_US, Spot};
use super::problem::{Clearance, CourierState, OpenDelivery, StopKind};
use super::rules::{
    Refusal, hold_ends, over_capacity, over_weight, shift_ends, wait_too_long, way_home, window_missed,
};
use super::schedule::{Node, PlannedStop, Step, Walk};
use super::terms;
use super::weights::Weights;
use crate::id::DeliveryId;

/// What trials are judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'w> {
    pub(super) weights: &'w Weights,
    pub(super) now_us: i64,
    /// The new delivery may be late.
    pub(super) late: bool,
}

/// A courier's run while it is planned.
#[derive(Debug)]
pub(super) struct Route<'a> {
    pub(super) courier: &'a CourierState,
    pub(super) nodes: Vec<Node<'a>>,
    fixed: usize,
    limits: Limits,
    /// The state before each stop, and the cost until there; one more than stops.
    before: Vec<(Walk, f64)>,
    steps: Vec<Step>,
    /// How the run goes as it stands in the problem.
    base: Vec<Step>,
    /// What each stop is held against: how it goes as it stands in the problem, or, for one that is new, now.
    bounds: Vec<Step>,
    /// Deliveries in it, and in the run as it stands in the problem.
    carried: usize,
    standing: usize,
    /// What its stops cost that a detour before them could save.
    saveable: f64,
    /// Stops before those at its end to which nobody may go for now.
    head: usize,
}

/// A stop of a run that is thought of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) node: Node<'a>,
    /// The delivery, if it is new in the run.
    pub(super) open: Option<&'a OpenDelivery>,
    /// A new one that may be late.
    pub(super) late: bool,
}

/// A place found for a delivery: the pick-up goes before stop `pick_at`, the drop-off before stop `drop_at`, both
/// counted without the new ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Insertion {
    pick_at: usize,
    drop_at: usize,
    /// What it costs more.
    pub(super) added_cost: f64,
    pub(super) added_us: i64,
    pub(super) drop_off: Step,
}

/// Why a trial ended.
enum End {
    Refused(Refusal),
    /// Dearer than what is known.
    Dearer,
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a courier's run keeps within.
#[derive(Debug, Clone, Copy)]
struct Limits {
    capacity: i64,
    most_g: Option<i64>,
    shift_ends_us: i64,
    /// Where they have to be then, and when they would be by the run as it stands in the problem.
    home: Option<(Spot, i64)>,
}

/// A walk that is being tried.
#[derive(Clone, Copy)]
struct Trial<'t> {
    terms: &'t Terms<'t>,
    walk: Walk,
    cost: f64,
    most: f64,
    late: bool,
    limits: Limits,
}

impl Trial<'_> {
    /// Does a stop of the run; `before` is how it went without the new delivery.
    fn pass(&mut self, node: &Node<'_>, before: &Step, legs: &Legs<'_>) -> Result<Step, End> {
        let step = self.walk.step(node, legs);
        self.judge(node, &step, Some(before))?;
        Ok(step)
    }

    /// Does a stop of the new delivery.
    fn add(&mut self, node: &Node<'_>, legs: &Legs<'_>) -> Result<Step, End> {
        let step = self.walk.step(node, legs);
        self.judge(node, &step, None)?;
        Ok(step)
    }

    fn judge(&mut self, node: &Node<'_>, step: &Step, before: Option<&Step>) -> Result<(), End> {
        let weights = self.terms.weights;
        if node.stop.kind == StopKind::PickUp {
            shift_ends::check(step.start_us, before.map(|step| step.start_us), self.limits.shift_ends_us)?;
        }
        let max_wait_us = i64::from(weights.max_wait_s).saturating_mul(SECOND_US);
        wait_too_long::check(step.wait_us(), before.map(Step::wait_us), max_wait_us)?;
        if weights.keep_holds {
            hold_ends::check(step.start_us, before.map(|step| step.start_us), node.hold_ends_us)?;
        }
        if before.is_some() || !self.late {
            let tolerance_us = i64::from(weights.tolerance_s).saturating_mul(SECOND_US);
            window_missed::check(step.late_us, before.map(|step| step.late_us), tolerance_us)?;
        }
        self.cost += terms::stop(weights, self.terms.now_us, node, step);
        if self.cost > self.most { Err(End::Dearer) } else { Ok(()) }
    }

    fn fits(&self) -> Result<(), End> {
        over_capacity::check(self.walk.load, self.limits.capacity)?;
        Ok(over_weight::check(self.walk.weight_g, self.limits.most_g)?)
    }

    /// At the end of the run.
    fn ends(&self, legs: &Legs<'_>) -> Result<(), End> {
        let Some((home, before_us)) = self.limits.home else { return Ok(()) };
        Ok(way_home::check(self.walk.would_be_at(home, legs), before_us, self.limits.shift_ends_us)?)
    }
}

/// What the trials of one run have shown so far.
struct Search {
    /// Cost above which nothing is of interest.
    most: f64,
    best: Option<Insertion>,
    refusal: Option<Refusal>,
}

impl Search {
    fn note(&mut self, end: End) {
        if let End::Refused(refusal) = end {
            self.refusal = self.refusal.max(Some(refusal));
        }
    }
}

impl<'a> Route<'a> {
    /// The run as it is.
    pub(super) fn new(courier: &'a CourierState, terms: &Terms<'_>, legs: &Legs<'_>) -> Self {
        let nodes: Vec<Node<'a>> = courier.stops.iter().map(|stop| Node::new(stop, legs)).collect();
        let mut route = Self {
            courier,
            fixed: courier.fixed.min(nodes.len()),
            nodes,
            limits: Limits {
                capacity: i64::from(courier.capacity),
                most_g: courier.max_weight_g.map(i64::from),
                shift_ends_us: courier.shift_ends_at.timestamp_micros(),
                home: None,
            },
            before: Vec::new(),
            steps: Vec::new(),
            base: Vec::new(),
            bounds: Vec::new(),
            carried: 0,
            standing: 0,
            saveable: 0.0,
            head: 0,
        };
        route.walk(terms, legs);
        route.base.clone_from(&route.steps);
        route.bounds.clone_from(&route.steps);
        route.standing = route.carried;
        route.head = route.untailed();
        if let (Some(home), Some((walk, _))) = (courier.home, route.before.last()) {
            let home = legs.spot(home);
            route.limits.home = Some((home, walk.would_be_at(home, legs)));
        }
        route
    }

    /// Walks the whole run and remembers every state.
    fn walk(&mut self, terms: &Terms<'_>, legs: &Legs<'_>) {
        let start_us = self.courier.free_at.timestamp_micros().max(terms.now_us);
        let mut walk = Walk::start(self.courier, start_us, legs);
        let mut cost: f64 = 0.0;
        self.steps.clear();
        self.before.clear();
        self.before.push((walk, cost));
        for node in &self.nodes {
            let step = walk.step(node, legs);
            cost += terms::stop(terms.weights, terms.now_us, node, &step);
            self.steps.push(step);
            self.before.push((walk, cost));
        }
        let movable = self.nodes.iter().zip(&self.steps).skip(self.fixed);
        self.saveable = movable.map(|(node, step)| terms::saveable(terms.weights, node, step)).sum();
        let bounds = self.nodes.iter().zip(&self.steps);
        self.bounds = bounds.map(|(node, step)| *self.base_of(node).unwrap_or(step)).collect();
        let mut deliveries: Vec<DeliveryId> = self.nodes.iter().map(|node| node.stop.delivery).collect();
        deliveries.sort_unstable();
        deliveries.dedup();
        self.carried = deliveries.len();
        self.head = self.untailed();
    }

    /// A door of the run as it stands to which nobody may go for now.
    pub(super) fn is_tail(&self, node: &Node<'_>) -> bool {
        let silent = node.stop.kind == StopKind::DropOff && node.stop.clearance == Clearance::Silent;
        silent && self.base_of(node).is_some()
    }

    /// Whether such doors stand at its end.
    pub(super) fn has_tail(&self) -> bool {
        self.nodes.iter().skip(self.fixed).any(|node| self.is_tail(node))
    }

    fn untailed(&self) -> usize {
        let tail = self.nodes.iter().skip(self.fixed).rev().take_while(|node| self.is_tail(node));
        self.nodes.len().saturating_sub(tail.count())
    }

    /// What the run costs.
    pub(super) fn cost(&self) -> f64 {
        self.before.last().map_or(0.0, |(_, cost)| *cost)
    }

    fn ends_us(&self) -> i64 {
        self.before.last().map_or(0, |(walk, _)| walk.at_us)
    }

    /// What one more delivery costs here apart from the way.
    pub(super) fn price(&self, open: &OpenDelivery, weights: &Weights) -> f64 {
        terms::delivery(weights, self.courier, open, self.carried)
    }

    /// What the delivery adds at the very least, its price aside: its own way to the door right after the fixed stops, less
    /// what others would wait less or be told rightly for it. True where a detour never saves time: where a pick-up at the
    /// same place could share its service with the new one, nothing is known.
    pub(super) fn at_least(
        &self,
        (pick_up, drop_off): (&Node<'_>, &Node<'_>),
        terms: &Terms<'_>,
        legs: &Legs<'_>,
    ) -> f64 {
        let Some((walk, _)) = self.before.get(self.fixed) else { return 0.0 };
        let shares =
            |node: &Node<'_>| node.stop.kind == StopKind::PickUp && node.stop.place == pick_up.stop.place;
        if pick_up.stop.place.is_some() && self.nodes.iter().skip(self.fixed).any(shares) {
            return f64::NEG_INFINITY;
        }
        let slowness = self.courier.slowness();
        let there_us =
            walk.at_us.saturating_add(legs.leg_us(slowness, walk.spot(), pick_up.spot, walk.at_us));
        let start_us = there_us.max(pick_up.not_before_us);
        let door_us = start_us.saturating_add(legs.leg_us(slowness, pick_up.spot, drop_off.spot, start_us));
        let door_us = door_us.max(drop_off.not_before_us).saturating_sub(terms.now_us);
        terms::click_to_door::per_us(terms.weights, drop_off.chance) * terms::double(door_us) - self.saveable
    }

    /// The cheapest place that costs at most `most` more. Ties go to the later place: what stands stays first. `Err(None)`: there are
    /// places, all dearer.
    pub(super) fn best(
        &self,
        (pick_up, drop_off): (&Node<'_>, &Node<'_>),
        terms: &Terms<'_>,
        most: f64,
        legs: &Legs<'_>,
    ) -> Result<Insertion, Option<Refusal>> {
        let mut search = Search { most: self.cost() + most, best: None, refusal: None };
        let mut dearer = false;
        let tolerance_us = i64::from(terms.weights.tolerance_s).saturating_mul(SECOND_US);
        let last_us = if terms.late { i64::MAX } else { drop_off.due_us.saturating_add(tolerance_us) };
        for pick_at in self.fixed..=self.head {
            let Some((walk, cost)) = self.before.get(pick_at) else { break };
            // No place from here on is sooner, so that what refuses this one refuses them all.
            if walk.at_us.max(pick_up.not_before_us) > self.limits.shift_ends_us {
                search.note(End::Refused(Refusal::ShiftEnds));
                break;
            }
            let mut trial = self.trial((*walk, *cost), search.most, terms);
            let picked = trial.add(pick_up, legs).and_then(|_| trial.fits());
            let tried = picked.and_then(|()| {
                if trial.walk.at_us > last_us {
                    return Err(End::Refused(Refusal::WindowMissed));
                }
                self.drop_offs(trial, (pick_at, drop_off), &mut search, legs)
            });
            if let Err(end) = tried {
                dearer |= matches!(end, End::Dearer);
                search.note(end);
            }
        }
        search.best.ok_or(if dearer { None } else { search.refusal })
    }

    /// Tries every place of the drop-off behind a pick-up.
    fn drop_offs<'t>(
        &self,
        mut trial: Trial<'t>,
        (pick_at, drop_off): (usize, &Node<'_>),
        search: &mut Search,
        legs: &Legs<'_>,
    ) -> Result<(), End> {
        let mut dearer = false;
        for drop_at in pick_at..=self.head {
            trial.most = search.most;
            match self.tail(trial, (drop_at, drop_off), legs) {
                Ok((done, step)) => {
                    search.most = done.cost;
                    search.best = Some(Insertion {
                        pick_at,
                        drop_at,
                        added_cost: done.cost - self.cost(),
                        added_us: done.walk.at_us.saturating_sub(self.ends_us()),
                        drop_off: step,
                    });
                }
                Err(End::Dearer) => dearer = true,
                Err(refused) => search.note(refused),
            }
            if let (Some(node), Some(before)) = (self.nodes.get(drop_at), self.bounds.get(drop_at)) {
                trial.most = search.most;
                trial.pass(node, before, legs)?;
                trial.fits()?;
            }
        }
        if dearer { Err(End::Dearer) } else { Ok(()) }
    }

    /// The drop-off and all that follows it.
    fn tail<'t>(
        &self,
        mut trial: Trial<'t>,
        (drop_at, drop_off): (usize, &Node<'_>),
        legs: &Legs<'_>,
    ) -> Result<(Trial<'t>, Step), End> {
        let step = trial.add(drop_off, legs)?;
        for (node, before) in self.nodes.iter().zip(&self.bounds).skip(drop_at) {
            trial.pass(node, before, legs)?;
        }
        trial.ends(legs)?;
        Ok((trial, step))
    }

    /// Puts a delivery where it was found to fit.
    pub(super) fn insert(
        &mut self,
        (pick_up, drop_off): (Node<'a>, Node<'a>),
        place: &Insertion,
        terms: &Terms<'_>,
        legs: &Legs<'_>,
    ) {
        let count = self.nodes.len();
        self.nodes.insert(place.drop_at.min(count), drop_off);
        self.nodes.insert(place.pick_at.min(count), pick_up);
        self.walk(terms, legs);
    }

    /// The run in another order, with other new deliveries, if every rule bears it; if not, false, and it stays as it is.
    pub(super) fn adopt(&mut self, order: &[Piece<'a>], terms: &Terms<'_>, legs: &Legs<'_>) -> bool {
        let good = self.judge(order, terms, legs).is_some();
        if good {
            self.nodes = order.iter().map(|piece| piece.node).collect();
            self.walk(terms, legs);
        }
        good
    }

    /// What the run would cost in another order, with other new deliveries and the prices of those. `None` if it would
    /// break a rule that it does not break as it stands in the problem.
    pub(super) fn judge(&self, order: &[Piece<'a>], terms: &Terms<'_>, legs: &Legs<'_>) -> Option<f64> {
        let mut trial = self.trial(*self.before.first()?, f64::INFINITY, terms);
        let (mut carried, mut on_board) = (self.standing, 0_usize);
        let mut prices = 0.0;
        for Piece { node, open, late } in order {
            let step = trial.walk.step(node, legs);
            trial.late = *late;
            let base = if open.is_some() { None } else { self.base_of(node) };
            trial.judge(node, &step, base).ok()?;
            if let Some(open) = open {
                if node.stop.kind == StopKind::PickUp {
                    prices += terms::delivery(terms.weights, self.courier, open, carried);
                    carried = carried.saturating_add(1);
                    on_board = on_board.saturating_add(1);
                } else {
                    on_board = on_board.saturating_sub(1);
                }
            }
            if on_board > 0 {
                trial.fits().ok()?;
            }
        }
        trial.ends(legs).ok()?;
        Some(trial.cost + prices)
    }

    /// How a stop goes in the run as it stands in the problem; `None` for one that is new.
    pub(super) fn base_of(&self, node: &Node<'_>) -> Option<&Step> {
        let at = self.courier.stops.iter().position(|stop| std::ptr::eq(stop, node.stop))?;
        self.base.get(at)
    }

    fn trial<'t>(&self, (walk, cost): (Walk, f64), most: f64, terms: &'t Terms<'t>) -> Trial<'t> {
        Trial { terms, walk, cost, most, late: terms.late, limits: self.limits }
    }

    /// Deliveries in the run.
    pub(super) fn carried(&self) -> usize {
        self.carried
    }

    /// Where the courier has to be at the end, and when they would be at the latest by the rules, microseconds.
    pub(super) fn ends(&self) -> Option<(Spot, i64)> {
        self.limits.home.map(|(home, before_us)| (home, before_us.max(self.limits.shift_ends_us)))
    }

    /// Where and when the run begins, microseconds.
    pub(super) fn starts(&self) -> (Spot, i64) {
        self.before.first().map_or((Spot::default(), 0), |(walk, _)| (walk.spot(), walk.at_us))
    }

    /// The first so many stops stay.
    pub(super) fn fixed(&self) -> usize {
        self.fixed
    }

    /// How each stop goes, and what is on board after it.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&Node<'a>, &Step, i64)> {
        let loads = self.before.iter().skip(1).map(|(walk, _)| walk.load);
        self.nodes.iter().zip(&self.steps).zip(loads).map(|((node, step), load)| (node, step, load))
    }

    /// How many seconds later the run ends for a delivery.
    pub(super) fn added_s(&self, delivery: DeliveryId, legs: &Legs<'_>) -> i64 {
        let Some((mut walk, _)) = self.before.first().copied() else { return 0 };
        for node in self.nodes.iter().filter(|node| node.stop.delivery != delivery) {
            walk.step(node, legs);
        }
        self.ends_us().saturating_sub(walk.at_us) / SECOND_US
    }

    /// The run with its times.
    pub(super) fn planned(&self) -> Vec<PlannedStop> {
        self.nodes.iter().zip(&self.steps).map(|(node, step)| node.planned(step)).collect()
    }
}
