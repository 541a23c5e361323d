//! Couriers: they look at their phone, do what it names next, and take the time that takes. They answer offers, call
//! when told to, and ring; whether a door opens is the customer's doing.

use std::collections::BTreeMap;

use callahead_domain::geo::point::Point;
use callahead_domain::geo::travel::TravelTimes;
use callahead_domain::hand_off::code::check_digit_ok;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::choose::{Move, View, call_is_due, choose};
use crate::sim::SimError;
use crate::sim::api::{Feed, Stop, Verdict};
use crate::sim::rng::Rng;
use crate::sim::town::CourierPlan;
use crate::sim::world::{World, found};

/// A courier looks at the phone at least each whole minute.
fn next_look(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(60 - now.timestamp().rem_euclid(60))
}

/// On the way the position is told this often.
const TELL_EVERY: TimeDelta = TimeDelta::minutes(2);
/// What was refused is tried again after this.
const PUT_OFF: TimeDelta = TimeDelta::minutes(1);
/// Things done in a row without time passing, at most.
const MOST_AT_ONCE: usize = 16;

/// Where the shift is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Before,
    On,
    Home,
}

/// A way under the wheels.
#[derive(Debug, Clone)]
struct Way {
    from: Point,
    to: Point,
    left: DateTime<Utc>,
    arrives: DateTime<Utc>,
}

/// One courier.
#[derive(Debug, Clone)]
pub struct Courier {
    /// When this robot is to be asked next.
    pub wake: Option<DateTime<Utc>>,
    name: String,
    session: Option<String>,
    duty: Duty,
    off_at: DateTime<Utc>,
    at: Point,
    since: DateTime<Utc>,
    free_at: DateTime<Utc>,
    told_at: DateTime<Utc>,
    way: Option<Way>,
    later: BTreeMap<String, DateTime<Utc>>,
    called: BTreeMap<String, DateTime<Utc>>,
    actions: u64,
    rng: Rng,
}

/// How one step of a courier goes on.
enum Then {
    Again,
    Wake(DateTime<Utc>),
    Sleep,
}

impl Courier {
    /// A courier before the shift.
    #[must_use]
    pub fn new(seed: u64, number: usize, plan: &CourierPlan) -> Courier {
        Courier {
            wake: None,
            name: plan.name.clone(),
            session: None,
            duty: Duty::Before,
            off_at: plan.off,
            at: plan.start,
            since: plan.on,
            free_at: plan.on,
            told_at: plan.on,
            way: None,
            later: BTreeMap::new(),
            called: BTreeMap::new(),
            actions: 0,
            rng: Rng::of(seed, &format!("courier {number}")),
        }
    }

    /// Whether the shift is over.
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.duty == Duty::Home
    }

    /// Whether the shift runs.
    #[must_use]
    pub fn is_on_duty(&self) -> bool {
        self.duty == Duty::On
    }

    fn is_on_the_way(&self) -> bool {
        self.way.is_some()
    }

    fn next_action_id(&mut self, seed: u64) -> (String, u64) {
        self.actions += 1;
        (format!("sim-{seed}-{}-{}", self.name, self.actions), self.actions)
    }

    fn on_the_way_at(&self, now: DateTime<Utc>) -> Point {
        self.way.as_ref().map_or(self.at, |way| between(way, now))
    }
}

/// Six digits that could be a code but are not this one.
fn another_code(code: &str) -> String {
    let begin = code.parse::<u32>().unwrap_or(0);
    let mut later = (1..100).map(|step| format!("{:06}", (begin + step) % 1_000_000));
    later.find(|text| check_digit_ok(text)).unwrap_or_default()
}

/// Where on the way, as the crow flies.
fn between(way: &Way, now: DateTime<Utc>) -> Point {
    let share = |span: TimeDelta| span.to_std().unwrap_or_default().as_secs_f64();
    let whole = share(way.arrives - way.left);
    let done = if whole > 0.0 { (share(now - way.left) / whole).clamp(0.0, 1.0) } else { 1.0 };
    let mix = |a: f64, b: f64| a + (b - a) * done;
    Point::new(mix(way.from.lat(), way.to.lat()), mix(way.from.lon(), way.to.lon())).unwrap_or(way.to)
}

impl World<'_> {
    fn courier(&mut self, at: usize) -> Option<&mut Courier> {
        self.couriers.get_mut(at)
    }

    /// A courier's turn: begins the shift, goes on with the way, or does what the phone says.
    pub(crate) async fn courier_step(&mut self, who: usize, now: DateTime<Utc>) -> Result<(), SimError> {
        let Some(courier) = self.courier(who) else { return Ok(()) };
        match courier.duty {
            Duty::Home => return Ok(()),
            Duty::Before => {
                if !self.begin_shift(who, now).await? {
                    self.wake(who, next_look(now));
                    return Ok(());
                }
            }
            Duty::On => {}
        }
        self.arrive_if_due(who, now).await?;
        if self.courier(who).is_some_and(|courier| courier.is_on_the_way()) {
            return self.on_the_way(who, now).await;
        }
        for _ in 0..MOST_AT_ONCE {
            match self.one_thing(who, now).await? {
                Then::Again => {}
                Then::Wake(at) => {
                    self.wake(who, at.min(next_look(now)).max(now));
                    return Ok(());
                }
                Then::Sleep => return Ok(()),
            }
        }
        self.wake(who, next_look(now));
        Ok(())
    }

    async fn begin_shift(&mut self, who: usize, now: DateTime<Utc>) -> Result<bool, SimError> {
        let (Some(plan), Some(invited)) = (self.plan.couriers.get(who).cloned(), self.town.couriers.get(who))
        else {
            return Ok(false);
        };
        let invite = invited.invite.clone();
        if self.session(who).is_none() {
            let answer = self.api.sign_in(&invite).await;
            let session = self.tried("courier", answer)?;
            if let Some(courier) = self.courier(who) {
                courier.session = session;
            }
        }
        let Some(session) = self.session(who) else { return Ok(false) };
        let Some((at, off_at)) = self.courier(who).map(|courier| (courier.at, courier.off_at)) else {
            return Ok(false);
        };
        let answer = self.api.start_shift(&session, off_at, at, plan.capacity).await;
        self.touched = true;
        let begun = self.tried("courier", answer)?.is_some();
        if let Some(courier) = self.courier(who).filter(|_| begun) {
            courier.duty = Duty::On;
            (courier.since, courier.free_at, courier.told_at) = (now, now, now);
        }
        Ok(begun)
    }

    fn session(&self, who: usize) -> Option<String> {
        self.couriers.get(who).and_then(|courier| courier.session.clone())
    }

    async fn arrive_if_due(&mut self, who: usize, now: DateTime<Utc>) -> Result<(), SimError> {
        let Some(courier) = self.courier(who) else { return Ok(()) };
        if let Some(way) = courier.way.take_if(|way| way.arrives <= now) {
            (courier.at, courier.since) = (way.to, now);
            self.tell_position(who, now).await?;
        }
        Ok(())
    }

    async fn tell_position(&mut self, who: usize, now: DateTime<Utc>) -> Result<(), SimError> {
        let Some(session) = self.session(who) else { return Ok(()) };
        let Some(courier) = self.courier(who) else { return Ok(()) };
        courier.told_at = now;
        let point = courier.on_the_way_at(now);
        let answer = self.api.position(&session, now, point).await;
        self.touched = true;
        self.tried("courier", answer).map(drop)
    }

    /// On the way only the phone rings: calls that are due are made at the roadside, offers are answered.
    async fn on_the_way(&mut self, who: usize, now: DateTime<Utc>) -> Result<(), SimError> {
        if self.couriers.get(who).is_some_and(|courier| now - courier.told_at >= TELL_EVERY) {
            self.tell_position(who, now).await?;
        }
        if let Some(feed) = self.look(who).await? {
            self.answer_offers(who, &feed).await?;
            let Some(courier) = self.couriers.get(who) else { return Ok(()) };
            if let Some(stop) = feed.stops.iter().find(|stop| call_is_due(stop, &courier.called, now)) {
                self.call(who, stop, now).await?;
            }
        }
        let arrives = self.courier(who).and_then(|courier| courier.way.as_ref().map(|way| way.arrives));
        self.wake(who, arrives.unwrap_or(now).min(next_look(now)).max(now));
        Ok(())
    }

    /// Reads the feed, and checks that it shows no more than it may.
    async fn look(&mut self, who: usize) -> Result<Option<Feed>, SimError> {
        let Some(session) = self.session(who) else { return Ok(None) };
        self.log.looks += 1;
        let answer = self.api.feed(&session).await;
        let feed = self.tried("courier", answer)?;
        for stop in feed.iter().flat_map(|feed| &feed.stops) {
            let phone = stop.customer.as_ref().and_then(|customer| customer.get("phone"));
            if stop.kind != "drop_off" && phone.is_some_and(|phone| !phone.is_null()) {
                let what = format!(
                    "a courier saw the customer's telephone at a {} of {}",
                    stop.kind, stop.delivery_id
                );
                self.log.find(found::SEEN, what);
            }
            let at = self.by_delivery.get(&stop.delivery_id).copied();
            if let Some(order) = at.and_then(|at| self.orders.get_mut(at)) {
                order.courier = Some(who);
            }
        }
        Ok(feed)
    }

    async fn answer_offers(&mut self, who: usize, feed: &Feed) -> Result<bool, SimError> {
        let Some(session) = self.session(who) else { return Ok(false) };
        for offer in &feed.offers {
            let decline = self.habits.decline;
            let takes = self.courier(who).is_some_and(|courier| !courier.rng.chance(decline));
            let answer = self.api.reply_to_offer(&session, &offer.delivery_id, takes).await;
            self.touched = true;
            self.tried("courier", answer)?;
        }
        Ok(!feed.offers.is_empty())
    }

    async fn one_thing(&mut self, who: usize, now: DateTime<Utc>) -> Result<Then, SimError> {
        let Some(feed) = self.look(who).await? else { return Ok(Then::Wake(next_look(now))) };
        if self.answer_offers(who, &feed).await? {
            return Ok(Then::Again);
        }
        let times = self.plan.times;
        let Some(courier) = self.couriers.get(who) else { return Ok(Then::Sleep) };
        let (at, since, free_at, off_at) = (courier.at, courier.since, courier.free_at, courier.off_at);
        let view = View { at, since, free_at, off_at, later: &courier.later, called: &courier.called, times };
        match choose(&view, &feed.stops, now) {
            Move::Act(stop, action) => self.do_action(who, stop, action, now).await,
            Move::Call(stop) => {
                self.call(who, stop, now).await?;
                Ok(Then::Again)
            }
            Move::Door(stop) => self.at_the_door(who, stop, now).await,
            Move::GiveBack(stop) => {
                if !self.shop_receives(&stop.delivery_id).await? {
                    self.put_off(who, stop, now);
                }
                Ok(Then::Again)
            }
            Move::Drive(_, to) => Ok(self.drive(who, to, now)),
            Move::Until(at) => Ok(Then::Wake(at)),
            Move::Idle => Ok(Then::Wake(next_look(now))),
            Move::GoHome => self.go_home(who, now).await,
        }
    }

    fn drive(&mut self, who: usize, to: Point, now: DateTime<Utc>) -> Then {
        let travel = self.plan.travel;
        let Some(courier) = self.courier(who) else { return Then::Sleep };
        let from = courier.at;
        let arrives = now + TimeDelta::seconds(i64::from(travel.travel_s(from, to, now)));
        courier.way = Some(Way { from, to, left: now, arrives });
        Then::Wake(arrives)
    }

    fn put_off(&mut self, who: usize, stop: &Stop, now: DateTime<Utc>) {
        if let Some(courier) = self.courier(who) {
            courier.later.insert(stop.delivery_id.clone(), now + PUT_OFF);
        }
    }

    fn busy_for(&mut self, who: usize, seconds: i64, now: DateTime<Utc>) {
        if let Some(courier) = self.courier(who) {
            courier.free_at = courier.free_at.max(now + TimeDelta::seconds(seconds));
        }
    }

    async fn do_action(
        &mut self,
        who: usize,
        stop: &Stop,
        action: &'static str,
        now: DateTime<Utc>,
    ) -> Result<Then, SimError> {
        let sent = self.send_action(who, stop, (action, json!({})), now).await?;
        if sent.is_none_or(|verdict| verdict.verdict != "applied") {
            self.put_off(who, stop, now);
            return Ok(Then::Again);
        }
        match action {
            "collect" => self.busy_for(who, self.plan.times.pick_up_s / 2, now),
            "set_off" => {
                if let Some(to) = stop.point {
                    return Ok(self.drive(who, to, now));
                }
            }
            _ => {}
        }
        Ok(Then::Again)
    }

    /// Sends an action, and now and then sends it again to see it answered as a duplicate.
    async fn send_action(
        &mut self,
        who: usize,
        stop: &Stop,
        (kind, payload): (&'static str, Value),
        now: DateTime<Utc>,
    ) -> Result<Option<Verdict>, SimError> {
        let (Some(session), seed) = (self.session(who), self.plan.seed) else { return Ok(None) };
        let Some(courier) = self.courier(who) else { return Ok(None) };
        let ((id, number), point) = (courier.next_action_id(seed), courier.on_the_way_at(now));
        let action = json!({
            "action_id": id, "type": kind, "delivery_id": stop.delivery_id, "occurred_at": now,
            "device_seq": number, "point": point, "payload": payload,
        });
        let answer = self.api.act(&session, action.clone()).await;
        self.touched = true;
        let Some(verdict) = self.tried("courier", answer)? else { return Ok(None) };
        self.log.verdict("courier", &verdict);
        if verdict.verdict == "applied" {
            self.tell(who, stop, kind);
            if self.probes("action sent twice") {
                let again = self.api.act(&session, action).await;
                let again = self.tried("courier", again)?;
                self.check_duplicate(&verdict, again);
            }
        }
        Ok(Some(verdict))
    }

    fn check_duplicate(&mut self, first: &Verdict, again: Option<Verdict>) {
        let same =
            again.as_ref().is_some_and(|again| again.verdict == "duplicate" && again.state == first.state);
        if !same {
            let what = format!("action {} sent again: {again:?}; first: {first:?}", first.action_id);
            self.log.find(found::TWICE, what);
        }
    }

    fn tell(&mut self, who: usize, stop: &Stop, kind: &str) {
        let Some(courier) = self.couriers.get(who) else { return };
        let order = self.by_delivery.get(&stop.delivery_id).and_then(|at| self.orders.get(*at));
        let order = order.map_or("?", |order| order.plan.name.as_str());
        let did = match kind {
            "collect" => "collects",
            "set_off" => "sets off with",
            "arrive" => return,
            "hand_over" => "hands over",
            "fail_attempt" => "finds nobody home for",
            "call" => "calls the customer of",
            other => other,
        };
        let line = format!("{} {did} order {order}", courier.name);
        (self.watch.say)(&line);
    }

    /// Calls the customer and reports what came of it.
    async fn call(&mut self, who: usize, stop: &Stop, now: DateTime<Utc>) -> Result<(), SimError> {
        let order = self.by_delivery.get(&stop.delivery_id).and_then(|at| self.orders.get(*at));
        let said = order
            .map_or_else(|| json!({"outcome": "unreachable"}), |order| order.plan.persona.on_the_phone(now));
        if let Some(courier) = self.courier(who) {
            courier.called.insert(stop.delivery_id.clone(), stop.call_due_at.map_or(now, |due| due.max(now)));
        }
        self.send_action(who, stop, ("call", said), now).await?;
        let took = self.plan.times.call_s;
        self.busy_for(who, took, now);
        if let Some(way) = self.courier(who).and_then(|courier| courier.way.as_mut()) {
            way.arrives += TimeDelta::seconds(took);
        }
        Ok(())
    }

    async fn at_the_door(&mut self, who: usize, stop: &Stop, now: DateTime<Utc>) -> Result<Then, SimError> {
        let order = self.by_delivery.get(&stop.delivery_id).and_then(|at| self.orders.get(*at));
        let Some(link) = order.map(|order| order.link.clone()) else {
            self.put_off(who, stop, now);
            return Ok(Then::Again);
        };
        let opens = order.is_some_and(|order| order.plan.persona.opens(now));
        let since = self.couriers.get(who).map_or(now, |courier| courier.since);
        if opens {
            let at = since + TimeDelta::seconds(self.plan.times.drop_off_s / 2);
            if at > now {
                return Ok(Then::Wake(at));
            }
            return self.hand_over(who, stop, &link, now).await;
        }
        let named = stop.next_action.enabled_at.filter(|_| stop.next_action.kind == "fail_attempt");
        let enough = named.unwrap_or(since + TimeDelta::seconds(self.plan.times.waiting_s));
        if enough > now {
            return Ok(Then::Wake(enough));
        }
        self.do_action_with(who, stop, ("fail_attempt", json!({"reason": "not_home"})), now).await?;
        Ok(Then::Again)
    }

    /// The customer reads the code from their page; the courier types it.
    async fn hand_over(
        &mut self,
        who: usize,
        stop: &Stop,
        link: &str,
        now: DateTime<Utc>,
    ) -> Result<Then, SimError> {
        let view = self.api.customer(link, true).await;
        let code = self.tried("customer", view)?.and_then(|view| view.code);
        let Some(code) = code else {
            self.log.refused("customer", "no_code", "the page shows no code at the door");
            self.put_off(who, stop, now);
            return Ok(Then::Again);
        };
        if self.probes("wrong code typed") {
            self.type_wrong_code(who, stop, &another_code(&code), now).await?;
        }
        let delivery = stop.delivery_id.clone();
        let given = self.do_action_with(who, stop, ("hand_over", json!({"code": code})), now).await?;
        if given && self.probes("cancelled after the hand-off") {
            self.try_late_cancel(&delivery).await?;
        }
        Ok(Then::Again)
    }

    async fn type_wrong_code(
        &mut self,
        who: usize,
        stop: &Stop,
        wrong: &str,
        now: DateTime<Utc>,
    ) -> Result<(), SimError> {
        let verdict = self.send_action(who, stop, ("hand_over", json!({"code": wrong})), now).await?;
        let refused = verdict.as_ref().is_some_and(|verdict| {
            verdict.verdict == "rejected" && verdict.code.as_deref() == Some("code_wrong")
        });
        if !refused {
            self.log.find(found::ILLEGAL, format!("a wrong code was answered {verdict:?}"));
        }
        Ok(())
    }

    /// Sends an action of the door; whether it was applied.
    async fn do_action_with(
        &mut self,
        who: usize,
        stop: &Stop,
        action: (&'static str, Value),
        now: DateTime<Utc>,
    ) -> Result<bool, SimError> {
        let half = if action.0 == "hand_over" { self.plan.times.drop_off_s / 2 } else { 0 };
        let verdict = self.send_action(who, stop, action, now).await?;
        let applied = verdict.is_some_and(|verdict| verdict.verdict == "applied");
        if applied {
            self.busy_for(who, half, now);
        } else {
            self.put_off(who, stop, now);
        }
        Ok(applied)
    }

    async fn go_home(&mut self, who: usize, now: DateTime<Utc>) -> Result<Then, SimError> {
        let Some(session) = self.session(who) else { return Ok(Then::Sleep) };
        let answer = self.api.end_shift(&session).await;
        self.touched = true;
        // Its time over, a shift ends by itself once nothing is carried.
        let ended_already = answer.as_ref().is_err_and(|error| error.code() == "no_shift");
        if !ended_already && self.tried("courier", answer)?.is_none() {
            return Ok(Then::Wake(next_look(now)));
        }
        let plan = self.plan.couriers.get(who).map(|plan| (plan.again, plan.off - plan.on));
        let Some(courier) = self.courier(who) else { return Ok(Then::Sleep) };
        match plan {
            Some((true, length)) => {
                courier.duty = Duty::Before;
                courier.off_at = now + length;
                Ok(Then::Wake(next_look(now)))
            }
            _ => {
                courier.duty = Duty::Home;
                Ok(Then::Sleep)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn another_code_is_well_formed_and_another() {
        for code in ["951332", "000000", "999990"] {
            let other = another_code(code);
            assert!(check_digit_ok(&other) && other != code, "{other}");
        }
    }

    #[test]
    fn a_courier_is_half_way_after_half_the_time() {
        let t = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let point = |lat| Point::new(lat, 10.0).unwrap();
        let way = Way { from: point(0.0), to: point(1.0), left: t(0), arrives: t(10) };
        assert_eq!(between(&way, t(5)), point(0.5));
        assert_eq!(between(&way, t(20)), point(1.0));
        assert_eq!(between(&Way { arrives: t(0), ..way }, t(0)), point(1.0));
    }
}
