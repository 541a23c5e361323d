//! The town at work: a queue of (instant, robot, step), and after each instant's steps the service does what is due.
//! Everything a robot learns, it learns through the API: shops read their events, couriers their feed, customers their
//! page, the dispatcher the exception queue.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::SimError;
use super::api::{Api, ApiError, EVENTS_PAGE, ShopEvent, Verdict};
use super::host::Pace;
use super::rng::Rng;
use super::robots::courier::Courier;
use super::town::{OrderPlan, Town, TownPlan, redraw};

/// Rounds within one instant, at most: robots and service answering each other without time passing.
const MOST_ROUNDS: usize = 60;
/// How often the dispatcher looks at the exceptions.
const DESK_EVERY: TimeDelta = TimeDelta::minutes(1);
/// The service is let go on at least this often, so that dispatch looks at the town each minute.
const SETTLE_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Alarms are carried out at whole multiples of this, so that a day has few distinct instants.
const ALARM_GRID_S: i64 = 5;

/// Findings of one kind that are kept.
const MOST_FINDINGS: usize = 200;

/// Something to be done at an instant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The next order of the plan is placed.
    Place,
    /// A customer answers; place in [`World::orders`].
    Answer(usize),
    /// The dispatcher looks at the exceptions.
    Desk,
    /// A courier looks at the phone, or arrives.
    Courier(usize),
}

impl Step {
    /// Couriers act after the others' steps of the same instant have had their effect.
    fn turn(&self) -> u8 {
        u8::from(matches!(self, Step::Courier(_)))
    }
}

/// What the dispatcher does when nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoAnswer {
    /// Sends the courier to the door all the same; after a failed attempt, back to the shop.
    #[default]
    TryDoor,
    /// Sends the parcel back to the shop.
    Return,
}

/// How robots behave where the plan does not say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    /// Share of offers a courier declines.
    pub decline: f64,
    /// What the dispatcher does when nobody answers.
    pub no_answer: NoAnswer,
    /// Share of requests sent twice, wrong codes typed and hopeless commands tried, to see them answered rightly.
    pub probes: f64,
}

/// One order in the town.
#[derive(Debug, Clone)]
pub struct OrderState {
    /// What the plan says.
    pub plan: OrderPlan,
    /// Its id.
    pub order_id: String,
    /// Its delivery's id.
    pub delivery_id: String,
    /// The token of the customer's link.
    pub link: String,
    /// An answer is on its way.
    pub answering: bool,
    /// Failed attempts so far.
    pub failed: u32,
    /// The courier concerned, by place.
    pub courier: Option<usize>,
    /// Nothing moves any more.
    pub ended: bool,
}

/// What robots saw that a report or a check wants to know.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Verdicts on couriers' actions.
    pub verdicts: BTreeMap<String, u64>,
    /// Refusals by robot and code, with one in words.
    pub refusals: BTreeMap<(String, String), (u64, String)>,
    /// What the service did that it must not do, as seen by robots.
    pub findings: BTreeMap<&'static str, Vec<String>>,
    /// Answers the service gave.
    pub answers: u64,
    /// Times a courier looked at the phone.
    pub looks: u64,
    /// How often each kind of probe was made.
    pub probes: BTreeMap<&'static str, u64>,
}

/// The kinds of things robots find wrong: one invariant each.
pub mod found {
    /// The same request twice had two effects or two replies.
    pub const TWICE: &str = "twice";
    /// An illegal command was not answered as one.
    pub const ILLEGAL: &str = "illegal";
    /// Somebody saw what is not theirs.
    pub const SEEN: &str = "seen";
    /// An answer with status 500 or above, or one that breaks the contract.
    pub const BROKEN: &str = "broken";
}

impl Log {
    /// Notes something the service must not do.
    pub fn find(&mut self, kind: &'static str, what: String) {
        let known = self.findings.entry(kind).or_default();
        if known.len() < MOST_FINDINGS {
            known.push(what);
        }
    }

    /// Counts a verdict.
    pub fn verdict(&mut self, who: &str, verdict: &Verdict) {
        *self.verdicts.entry(verdict.verdict.clone()).or_default() += 1;
        if let Some(code) = verdict.code.as_ref().filter(|_| verdict.verdict != "duplicate") {
            self.refused(who, code, verdict.detail.as_deref().unwrap_or_default());
        }
    }

    /// Counts a refusal.
    pub fn refused(&mut self, who: &str, code: &str, words: &str) {
        let entry = self.refusals.entry((who.to_owned(), code.to_owned())).or_default();
        entry.0 += 1;
        if entry.1.is_empty() {
            entry.1 = words.to_owned();
        }
    }
}

/// Who looks on.
pub struct Watch<'a> {
    /// Told how many orders have ended, of how many (0: without end).
    pub progress: &'a mut (dyn FnMut(u64, u64) + Send),
    /// Told in words what happens; not too often.
    pub say: &'a mut (dyn FnMut(&str) + Send),
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Watch")
    }
}

/// Orders to come, by placement.
pub type Orders = Box<dyn Iterator<Item = OrderPlan> + Send>;

/// A queued step: when, whose turn, its number, and what.
type Queued = (DateTime<Utc>, u8, u64, Step);

/// A town and everybody in it.
pub struct World<'a> {
    pub(crate) pace: Pace<'a>,
    pub(crate) api: Api,
    pub(crate) plan: TownPlan,
    pub(crate) town: Town,
    pub(crate) habits: Habits,
    pub(crate) watch: Watch<'a>,
    pub(crate) couriers: Vec<Courier>,
    pub(crate) orders: Vec<OrderState>,
    pub(crate) by_delivery: BTreeMap<String, usize>,
    pub(crate) log: Log,
    pub(crate) probe: Rng,
    pub(crate) next_order: Option<OrderPlan>,
    pub(crate) handled: BTreeMap<String, String>,
    /// Something was changed since the service was last let go on.
    pub(crate) touched: bool,
    /// After so many orders have ended, the regions are drawn anew, once.
    pub(crate) redraw_after: Option<u64>,
    /// A key with the role operator, for that.
    pub(crate) operator_key: String,
    source: Orders,
    total: u64,
    ended: u64,
    cursors: Vec<Option<String>>,
    queue: BinaryHeap<Reverse<Queued>>,
    queued: u64,
    settled_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "World({:?}, {} orders)", self.pace, self.orders.len())
    }
}

/// What a world begins with.
#[derive(Debug)]
pub struct Beginning<'a> {
    /// How time passes.
    pub pace: Pace<'a>,
    /// The service.
    pub api: Api,
    /// The plan.
    pub plan: TownPlan,
    /// The plan carried out.
    pub town: Town,
    /// How robots behave.
    pub habits: Habits,
    /// Who looks on.
    pub watch: Watch<'a>,
}

impl<'a> World<'a> {
    /// A town at its beginning. `total` is the number of orders, 0 where they do not end.
    #[must_use]
    pub fn new(beginning: Beginning<'a>, source: Orders, total: u64) -> World<'a> {
        let Beginning { pace, api, plan, town, habits, watch } = beginning;
        let couriers =
            plan.couriers.iter().enumerate().map(|(at, one)| Courier::new(plan.seed, at, one)).collect();
        let cursors = vec![None; plan.shops.len()];
        let probe = Rng::of(plan.seed, "probes");
        World {
            pace,
            api,
            plan,
            town,
            habits,
            watch,
            couriers,
            cursors,
            probe,
            source,
            total,
            orders: Vec::new(),
            by_delivery: BTreeMap::new(),
            log: Log::default(),
            next_order: None,
            handled: BTreeMap::new(),
            touched: false,
            redraw_after: None,
            operator_key: String::new(),
            ended: 0,
            queue: BinaryHeap::new(),
            queued: 0,
            settled_at: None,
        }
    }

    /// Lets the town live until every order has ended and every courier is home, `end`, or a stop.
    ///
    /// # Errors
    /// When the service is not reached or cannot do its own work.
    pub async fn run(&mut self, end: DateTime<Utc>) -> Result<(), SimError> {
        self.begin();
        (self.watch.progress)(0, self.total);
        while let Some(at) = self.next_instant().await? {
            if at > end || !self.pace.wait_until(at).await {
                break;
            }
            self.instant().await?;
            if self.is_over() {
                break;
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        let now = self.pace.now();
        self.take_next_order();
        for at in 0..self.couriers.len() {
            let on = self.plan.couriers.get(at).map_or(now, |courier| courier.on);
            self.wake(at, on.max(now));
        }
        self.queue(now + DESK_EVERY, Step::Desk);
    }

    /// Takes the next order off the plan and queues its placement.
    pub(crate) fn take_next_order(&mut self) {
        self.next_order = self.source.next();
        if let Some(at) = self.next_order.as_ref().map(|order| order.placed_at) {
            self.queue(at.max(self.pace.now()), Step::Place);
        }
    }

    fn is_over(&self) -> bool {
        self.next_order.is_none()
            && self.orders.iter().all(|order| order.ended)
            && self.couriers.iter().all(Courier::is_home)
            && self.total > 0
    }

    /// Queues a step.
    pub(crate) fn queue(&mut self, at: DateTime<Utc>, step: Step) {
        self.queued += 1;
        self.queue.push(Reverse((at, step.turn(), self.queued, step)));
    }

    /// Lets a courier look at the phone at this instant, if nothing wakes them before.
    pub(crate) fn wake(&mut self, courier: usize, at: DateTime<Utc>) {
        if let Some(robot) = self.couriers.get_mut(courier)
            && robot.wake.is_none_or(|known| at < known)
        {
            robot.wake = Some(at);
            self.queue(at, Step::Courier(courier));
        }
    }

    async fn next_instant(&self) -> Result<Option<DateTime<Utc>>, SimError> {
        let own = self.queue.peek().map(|Reverse((at, ..))| *at);
        let due = self.pace.next_due().await.map_err(SimError::Host)?;
        let now = self.pace.now();
        let due = due.map(|at| on_grid(at.max(now)).max(now));
        Ok([own, due].into_iter().flatten().min())
    }

    async fn instant(&mut self) -> Result<(), SimError> {
        let now = self.pace.now();
        self.redraw_if_due().await?;
        let alarm = self.pace.next_due().await.map_err(SimError::Host)?.is_some_and(|at| at <= now);
        let long_ago = self.settled_at.is_none_or(|at| now - at >= SETTLE_EVERY);
        self.touched |= alarm || long_ago || !self.pace.is_simulated();
        for _ in 0..MOST_ROUNDS {
            if std::mem::take(&mut self.touched) {
                self.pace.settle().await.map_err(SimError::Host)?;
                self.settled_at = Some(now);
                self.read_events(now).await?;
            }
            let steps = self.due_steps(now);
            if steps.is_empty() && !self.touched {
                return Ok(());
            }
            for step in steps {
                self.step(step, now).await?;
            }
        }
        Ok(())
    }

    /// In the middle of the day the operator draws the regions anew; no open delivery may move for it.
    async fn redraw_if_due(&mut self) -> Result<(), SimError> {
        if self.redraw_after.is_some_and(|after| self.ended >= after) {
            self.redraw_after = None;
            let outcome = redraw(&self.api, &self.operator_key, &self.plan, &self.town).await;
            self.tried("operator", outcome)?;
            *self.log.probes.entry("regions redrawn").or_default() += 1;
        }
        Ok(())
    }

    /// The steps due now that have the same turn.
    fn due_steps(&mut self, now: DateTime<Utc>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut turn = None;
        while let Some(Reverse((at, next, _, _))) = self.queue.peek() {
            if *at > now || turn.is_some_and(|turn| turn != *next) {
                break;
            }
            turn = Some(*next);
            if let Some(Reverse((at, _, _, step))) = self.queue.pop()
                && self.is_taken(&step, at)
            {
                steps.push(step);
            }
        }
        steps
    }

    /// Whether the step is still to be done. A courier woken before its time has an older entry left in the queue.
    fn is_taken(&mut self, step: &Step, at: DateTime<Utc>) -> bool {
        let Step::Courier(courier) = step else { return true };
        self.couriers.get_mut(*courier).is_some_and(|robot| robot.wake.take_if(|wake| *wake == at).is_some())
    }

    async fn step(&mut self, step: Step, now: DateTime<Utc>) -> Result<(), SimError> {
        match step {
            Step::Place => self.place_order().await,
            Step::Answer(order) => self.customer_answers(order, now).await,
            Step::Desk => {
                self.queue(now + DESK_EVERY, Step::Desk);
                self.look_at_exceptions().await
            }
            Step::Courier(courier) => self.courier_step(courier, now).await,
        }
    }

    /// Every shop reads what is new, and those whom it concerns learn of it.
    async fn read_events(&mut self, now: DateTime<Utc>) -> Result<(), SimError> {
        for shop in 0..self.town.shops.len() {
            while self.read_page(shop, now).await? {}
        }
        Ok(())
    }

    /// One page of a shop's events; whether there may be more.
    async fn read_page(&mut self, shop: usize, now: DateTime<Utc>) -> Result<bool, SimError> {
        let Some(key) = self.town.shops.get(shop).map(|shop| shop.key.clone()) else { return Ok(false) };
        let after = self.cursors.get(shop).cloned().flatten();
        let page = self.api.events(&key, after.as_deref()).await;
        let Some(page) = self.tried("shop", page)? else { return Ok(false) };
        page.events.iter().for_each(|event| self.learn(event, now));
        if let (Some(slot), Some(cursor)) = (self.cursors.get_mut(shop), page.cursor) {
            *slot = Some(cursor);
        }
        Ok(page.events.len() >= EVENTS_PAGE)
    }

    fn learn(&mut self, event: &ShopEvent, now: DateTime<Utc>) {
        let Some(at) = self.by_delivery.get(&event.delivery_id).copied() else { return };
        match event.kind.as_str() {
            "order.assigned" | "order.offered" => self.learn_courier(at, event),
            "delivery.failed" => self.on_order(at, |order| order.failed += 1),
            "delivery.failure_undone" => {
                self.on_order(at, |order| order.failed = order.failed.saturating_sub(1))
            }
            "call_ahead.requested" => self.customer_is_asked(at, now),
            "delivery.handed_over" | "return.completed" | "order.cancelled" | "delivery.lost" => {
                self.ends(at)
            }
            _ => {}
        }
        if let Some(courier) = self.orders.get(at).and_then(|order| order.courier)
            && concerns_courier(&event.kind)
        {
            self.nudge(courier, now);
        }
    }

    fn on_order(&mut self, at: usize, change: impl FnOnce(&mut OrderState)) {
        if let Some(order) = self.orders.get_mut(at) {
            change(order);
        }
    }

    fn learn_courier(&mut self, at: usize, event: &ShopEvent) {
        let named = event.data.get("courier").and_then(serde_json::Value::as_str);
        let courier = named.and_then(|id| self.town.couriers.iter().position(|courier| courier.id == id));
        self.on_order(at, |order| order.courier = courier.or(order.courier));
    }

    fn ends(&mut self, at: usize) {
        let fresh = self.orders.get(at).is_some_and(|order| !order.ended);
        self.on_order(at, |order| order.ended = true);
        if fresh {
            self.ended += 1;
            (self.watch.progress)(self.ended, self.total);
        }
    }

    /// A courier's phone rings: they look at it now, unless they are on the way and it is no call.
    fn nudge(&mut self, courier: usize, now: DateTime<Utc>) {
        if self.couriers.get(courier).is_some_and(Courier::is_on_duty) {
            self.wake(courier, now);
        }
    }

    /// An answer of the service; a refusal is counted and answers nothing.
    ///
    /// # Errors
    /// When the service is not reached, and time does not pass by itself.
    pub(crate) fn tried<T>(
        &mut self,
        who: &str,
        outcome: Result<T, ApiError>,
    ) -> Result<Option<T>, SimError> {
        self.log.answers += 1;
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error @ ApiError::Transport { .. }) if self.pace.is_simulated() => Err(error.into()),
            Err(error) => {
                if !error.is_refusal() {
                    self.log.find(found::BROKEN, format!("{who}: {error}"));
                }
                self.log.refused(who, error.code(), &error.to_string());
                Ok(None)
            }
        }
    }

    /// Whether to try, this time, something the service must answer in one certain way.
    pub(crate) fn probes(&mut self, what: &'static str) -> bool {
        let now = self.probe.chance(self.habits.probes);
        if now {
            *self.log.probes.entry(what).or_default() += 1;
        }
        now
    }
}

/// Events after which a courier's phone may show something else.
fn concerns_courier(kind: &str) -> bool {
    matches!(
        kind,
        "order.assigned"
            | "order.offered"
            | "order.unassigned"
            | "order.cancelled"
            | "stop.cleared"
            | "stop.held"
            | "stop.hold_ended"
            | "call_ahead.requested"
            | "call_ahead.silent"
            | "call_ahead.expired"
            | "return.started"
            | "parcels.transferred"
    )
}

/// The next instant of the alarm grid.
fn on_grid(at: DateTime<Utc>) -> DateTime<Utc> {
    let grid = ALARM_GRID_S * 1_000_000;
    let past = at.timestamp_micros().rem_euclid(grid);
    if past == 0 { at } else { at + TimeDelta::microseconds(grid - past) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_fall_on_the_grid_and_never_before_their_time() {
        let t = |micros| DateTime::from_timestamp_micros(micros).unwrap_or_default();
        assert_eq!(on_grid(t(10_000_000)), t(10_000_000));
        assert_eq!(on_grid(t(10_000_001)), t(15_000_000));
        assert_eq!(on_grid(t(14_999_999)), t(15_000_000));
    }

    #[test]
    fn couriers_act_after_the_others_of_the_same_instant() {
        let mut heap = BinaryHeap::new();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        for (n, step) in [Step::Courier(0), Step::Place, Step::Courier(1), Step::Desk].into_iter().enumerate()
        {
            heap.push(Reverse((now, step.turn(), n, step)));
        }
        let order: Vec<Step> = std::iter::from_fn(|| heap.pop().map(|Reverse((.., step))| step)).collect();
        assert_eq!(order, [Step::Place, Step::Desk, Step::Courier(0), Step::Courier(1)]);
    }
}
