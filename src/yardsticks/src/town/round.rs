//! A courier's day under one of the three ways.

use callahead_domain::dispatch::search::ModelFault;
use serde::Serialize;

use super::chance::Chance;
use super::count_f;
use super::people::{Answer, Customer, Spot};
use super::scene::{ASKS_FROM_MIN, STARTS_MIN, Scene, Silence, Way};
use super::tally::Tally;
use super::tour::{Call, Planned, tour};

/// A told time may be anticipated by this.
const SOONER_MIN: f64 = 8.0;
/// And be missed by this before it costs.
const LATER_MIN: f64 = 4.0;
/// Further than this from the told time, the arrival has moved.
const MOVED_MIN: f64 = 10.0;
/// The day is looked at again after so long at the latest.
const LOOK_MIN: f64 = 5.0;

/// What happened somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Handed over at the door.
    HandedOver,
    /// Nobody opened.
    NobodyOpened,
    /// The courier was told to turn round, half-way.
    TurnedRound,
    /// Called off before anybody set off, or never gone to.
    NotGoneTo,
    /// Back at the shop.
    Home,
}

/// A line of a courier's day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moment {
    /// Minutes from 9:00.
    pub at_min: f64,
    /// Where, in metres from the shop.
    pub spot: Spot,
    /// What.
    pub event: Event,
}

/// A lived day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lived {
    /// Its sums.
    pub tally: Tally,
    /// What happened, in order.
    pub moments: Vec<Moment>,
}

/// What is known of a customer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Nothing.
    Open,
    /// Asked; the answer by link comes then, if ever. The page shows the arrival as planned when it is answered.
    Asked { reply_min: Option<f64> },
    /// Said yes to this time.
    Yes { told_min: f64 },
    /// Said then to be home from a time on; told one when it came near.
    Later { said_min: f64, from_min: f64, told_min: Option<f64> },
    /// Answers nothing.
    Silent,
    /// The silence rule lets the courier go.
    Cleared,
    /// Over.
    Done,
}

#[derive(Debug, Clone)]
struct Parcel {
    customer: Customer,
    state: State,
    attempts: u32,
    calls: usize,
    called_min: f64,
    not_before_min: f64,
    /// Asked for later today, and not gone to since.
    is_awaited: bool,
}

impl Parcel {
    /// The stop as the optimiser sees it; `None` for what it should not plan.
    fn call(&self, scene: &Scene, way: Way) -> Option<Call> {
        let bound = |told: f64| (told - SOONER_MIN, told + LATER_MIN);
        let (earliest, due) = match self.state {
            State::Silent | State::Done => return None,
            State::Open | State::Cleared | State::Asked { .. } => (self.not_before_min, f64::INFINITY),
            State::Yes { told_min } => bound(told_min),
            State::Later { from_min, told_min: None, .. } => (from_min, f64::INFINITY),
            State::Later { from_min, told_min: Some(told), .. } => {
                (bound(told).0.max(from_min), bound(told).1)
            }
        };
        Some(Call {
            door: self.customer.door,
            earliest_min: earliest,
            due_min: due,
            service_min: match self.state {
                State::Yes { .. } | State::Later { .. } => scene.door_min(true),
                _ => scene.expected_min(way),
            },
            max_wait_min: scene.max_wait_min,
        })
    }
}

impl Parcel {
    /// The question goes out, by link; the ladder begins anew.
    fn ask(&mut self, scene: &Scene, now_min: f64, tally: &mut Tally) {
        let reply_min = self.customer.link_reply(scene, now_min);
        tally.notices +=
            if reply_min.is_some_and(|at| at <= now_min + scene.reminder_min) { 1.0 } else { 2.0 };
        self.called_min = f64::NEG_INFINITY;
        self.state = State::Asked { reply_min };
    }
}

struct Round<'a> {
    scene: &'a Scene,
    way: Way,
    parcels: Vec<Parcel>,
    plan: Vec<Planned>,
    now_min: f64,
    at: Spot,
    chance: Chance,
    lived: Lived,
}

/// Lives through a courier's day: these customers, first planned in this order.
///
/// # Errors
/// The optimiser refuses the scene's numbers.
pub fn live(scene: &Scene, way: Way, customers: Vec<Customer>, seed: u64) -> Result<Lived, ModelFault> {
    let parcel = |customer| Parcel {
        customer,
        state: State::Open,
        attempts: 0,
        calls: 0,
        called_min: f64::NEG_INFINITY,
        not_before_min: STARTS_MIN,
        is_awaited: false,
    };
    let planned = |call| Planned { call, arrive_min: STARTS_MIN, start_min: STARTS_MIN };
    let mut round = Round {
        scene,
        way,
        plan: (0..customers.len()).map(planned).collect(),
        parcels: customers.into_iter().map(parcel).collect(),
        now_min: STARTS_MIN,
        at: (0.0, 0.0),
        chance: Chance::of(seed, 9, 0),
        lived: Lived::default(),
    };
    if way == Way::Gate {
        let mut looked = ASKS_FROM_MIN;
        while looked < STARTS_MIN {
            round.look(looked)?;
            looked += LOOK_MIN;
        }
    }
    while round.step()? {}
    round.finish();
    Ok(round.lived)
}

impl Round<'_> {
    /// Takes answers in, plans, and asks those whose time comes near.
    fn look(&mut self, now_min: f64) -> Result<(), ModelFault> {
        self.take_replies(now_min);
        self.replan()?;
        if self.way == Way::Gate {
            self.ask(now_min);
        }
        Ok(())
    }

    fn take_replies(&mut self, now_min: f64) {
        let due = |planned: &&Planned| {
            let state = self.parcels.get(planned.call).map(|parcel| parcel.state);
            matches!(state, Some(State::Asked { reply_min: Some(at) }) if at <= now_min)
        };
        let replies: Vec<Planned> = self.plan.iter().filter(due).copied().collect();
        for planned in replies {
            self.take_answer(planned.call, planned.start_min.max(now_min), self.scene.slip_link, now_min);
        }
    }

    /// Asks a customer and notes what they say.
    fn take_answer(&mut self, k: usize, about_min: f64, slip: f64, now_min: f64) {
        let Some(parcel) = self.parcels.get_mut(k) else { return };
        match parcel.customer.answer(self.scene, about_min, slip) {
            Answer::Yes => parcel.state = State::Yes { told_min: about_min },
            Answer::From(from_min) => {
                parcel.state = State::Later { said_min: now_min, from_min, told_min: None };
                self.lived.tally.later += if parcel.is_awaited { 0.0 } else { 1.0 };
                parcel.is_awaited = true;
            }
            Answer::NotToday => self.call_off(k, now_min),
        }
    }

    /// The parcel goes back without anybody going to the door again.
    fn call_off(&mut self, k: usize, now_min: f64) {
        let Some(parcel) = self.parcels.get_mut(k) else { return };
        parcel.state = State::Done;
        self.lived.tally.later_missed += if parcel.is_awaited { 1.0 } else { 0.0 };
        match parcel.attempts {
            0 => self.lived.tally.not_gone_to += 1.0,
            _ => self.lived.tally.brought_back += 1.0,
        }
        let spot = parcel.customer.door;
        self.lived.moments.push(Moment { at_min: now_min, spot, event: Event::NotGoneTo });
    }

    fn replan(&mut self) -> Result<(), ModelFault> {
        let open: Vec<(usize, Call)> = self
            .parcels
            .iter()
            .enumerate()
            .filter_map(|(k, parcel)| Some((k, parcel.call(self.scene, self.way)?)))
            .collect();
        let place = |k: usize| open.iter().position(|(other, _)| *other == k);
        let before: Vec<usize> = self.plan.iter().filter_map(|planned| place(planned.call)).collect();
        let calls: Vec<Call> = open.iter().map(|(_, call)| *call).collect();
        let draw = (self.chance.unit() * 1e9).round();
        let seed = format!("{draw}").parse().unwrap_or(1);
        let found = tour(self.scene, (self.at, self.now_min), &calls, &before, seed)?;
        let own = |planned: Planned| open.get(planned.call).map(|(k, _)| Planned { call: *k, ..planned });
        self.plan = found.into_iter().filter_map(own).collect();
        Ok(())
    }

    /// The gate's questions, and the times of those who come home later.
    fn ask(&mut self, now_min: f64) {
        for planned in &self.plan {
            let Some(parcel) = self.parcels.get_mut(planned.call) else { continue };
            if planned.start_min > now_min + self.scene.notice_lead_min {
                continue;
            }
            let is_old = |said_min: f64, from_min: f64| from_min > said_min + self.scene.answer_valid_min;
            match &mut parcel.state {
                State::Later { said_min, from_min, told_min: None } if is_old(*said_min, *from_min) => {
                    parcel.not_before_min = *from_min;
                    parcel.ask(self.scene, now_min, &mut self.lived.tally);
                }
                State::Open => parcel.ask(self.scene, now_min, &mut self.lived.tally),
                State::Later { told_min: told @ None, .. } => {
                    self.lived.tally.notices += 1.0;
                    *told = Some(planned.start_min);
                }
                _ => {}
            }
        }
    }

    /// One decision. False when nothing is left to do.
    fn step(&mut self) -> Result<bool, ModelFault> {
        self.look(self.now_min)?;
        if self.way == Way::Gate && self.call_the_near() {
            return Ok(true);
        }
        let Some(next) = self.plan.first().copied() else { return Ok(self.last_calls()) };
        let idle_min = next.start_min - next.arrive_min;
        if idle_min > 0.5 {
            self.wait(idle_min.min(LOOK_MIN));
            return Ok(true);
        }
        match self.way {
            Way::NoCall => self.go(next.call),
            Way::OnTheWay => self.go_calling(next.call),
            Way::Gate => self.go_asked(next.call),
        }
        Ok(true)
    }

    fn wait(&mut self, minutes: f64) {
        self.now_min += minutes;
        self.lived.tally.waited += minutes;
    }

    /// First calls to those asked in vain whose time is near. True if any was made.
    fn call_the_near(&mut self) -> bool {
        let near = self.plan.iter().find(|planned| {
            let parcel = self.parcels.get(planned.call);
            planned.start_min <= self.now_min + self.scene.call_lead_min && parcel.is_some_and(|p| {
                matches!(p.state, State::Asked { reply_min } if reply_min.is_none_or(|at| at > self.now_min))
                    && p.called_min == f64::NEG_INFINITY
                    && p.calls < self.scene.calls
            })
        });
        let Some(Planned { call, start_min, .. }) = near.copied() else { return false };
        self.phone(call, start_min);
        true
    }

    /// Calls a customer about a time. True if they answered.
    fn phone(&mut self, k: usize, about_min: f64) -> bool {
        let (scene, now_min) = (self.scene, self.now_min);
        let Some(parcel) = self.parcels.get_mut(k) else { return false };
        let taken = parcel.customer.takes_call(scene, now_min, parcel.calls);
        parcel.calls += 1;
        parcel.called_min = now_min;
        self.lived.tally.calls += 1.0;
        let minutes = if taken { scene.call_min } else { scene.ring_min };
        self.lived.tally.calling += minutes;
        self.now_min += minutes;
        if taken {
            self.take_answer(k, about_min.max(self.now_min), scene.slip_call, self.now_min);
        }
        taken
    }

    /// The gate at the next stop: goes if cleared, else calls, else lets it be.
    fn go_asked(&mut self, k: usize) {
        let Some(parcel) = self.parcels.get(k) else { return };
        if matches!(parcel.state, State::Yes { .. } | State::Later { .. } | State::Cleared) {
            return self.go(k);
        }
        let since_min = self.now_min - parcel.called_min;
        if parcel.calls < self.scene.calls && since_min < self.scene.gap_min {
            return self.go_meanwhile(self.scene.gap_min - since_min);
        }
        let about_min = self.now_min + self.leg_min(k);
        let may_call = parcel.calls + 1 < self.scene.calls;
        let answered = may_call && self.phone(k, about_min);
        if !answered
            && let Some(parcel) =
                self.parcels.get_mut(k).filter(|parcel| parcel.calls + 1 >= self.scene.calls)
        {
            parcel.state = match self.scene.silence {
                Silence::TryDoor => State::Cleared,
                Silence::Hold | Silence::Last => State::Silent,
            };
        }
    }

    /// The first stop may not be called again yet: goes to the nearest in the plan that is cleared, else waits.
    fn go_meanwhile(&mut self, until_min: f64) {
        let now_min = self.now_min;
        let free = |planned: &&Planned| {
            let state = self.parcels.get(planned.call).map(|parcel| parcel.state);
            let sooner = match state {
                Some(State::Yes { told_min }) => told_min - SOONER_MIN,
                Some(State::Cleared) => now_min,
                _ => return false,
            };
            sooner <= now_min + self.leg_min(planned.call)
        };
        match self.plan.iter().take(4).find(free).map(|planned| planned.call) {
            Some(k) => self.go(k),
            None => self.wait(until_min.max(0.1)),
        }
    }

    /// Nothing is planned any more: the silent are called once more. True if that gave something to do.
    fn last_calls(&mut self) -> bool {
        let silent: Vec<usize> = (0..self.parcels.len())
            .filter(|k| self.parcels.get(*k).is_some_and(|parcel| parcel.state == State::Silent))
            .collect();
        let mut again = false;
        for k in silent {
            let about_min = self.now_min + self.leg_min(k);
            let may = self.parcels.get(k).is_some_and(|parcel| parcel.calls < self.scene.calls);
            let answered = may && self.phone(k, about_min);
            match (answered, self.scene.silence) {
                (true, _) => again = true,
                (false, Silence::Last) => {
                    again = true;
                    if let Some(parcel) = self.parcels.get_mut(k) {
                        parcel.state = State::Cleared;
                    }
                }
                (false, _) => self.call_off(k, self.now_min),
            }
        }
        again
    }

    /// Planned minutes from here to a door.
    fn leg_min(&self, k: usize) -> f64 {
        let door = self.parcels.get(k).map_or(self.at, |parcel| parcel.customer.door);
        metres(self.scene, self.at, door) / self.scene.metres_per_min
    }

    fn drive(&mut self, to: Spot, factor: f64) {
        let way_m = metres(self.scene, self.at, to);
        let minutes = way_m / self.scene.metres_per_min * factor;
        self.lived.tally.metres += way_m;
        self.lived.tally.driven += minutes;
        self.now_min += minutes;
        self.at = to;
    }

    /// Drives half-way, calls, and goes on unless told not to.
    fn go_calling(&mut self, k: usize) {
        let (scene, leg_min) = (self.scene, self.leg_min(k));
        let Some(parcel) = self.parcels.get_mut(k) else { return };
        if matches!(parcel.state, State::Later { .. }) {
            return self.go(k);
        }
        let factor = parcel.customer.leg_factor(scene);
        let door = parcel.customer.door;
        self.drive((f64::midpoint(self.at.0, door.0), f64::midpoint(self.at.1, door.1)), factor);
        let about_min = self.now_min + scene.call_min + leg_min / 2.0 * factor;
        self.phone(k, about_min);
        match self.parcels.get(k).map(|parcel| parcel.state) {
            Some(State::Later { .. } | State::Done) => {
                let moment = Moment { at_min: self.now_min, spot: self.at, event: Event::TurnedRound };
                self.lived.moments.push(moment);
            }
            _ => {
                self.drive(door, factor);
                self.at_door(k);
            }
        }
    }

    fn go(&mut self, k: usize) {
        let Some(parcel) = self.parcels.get_mut(k) else { return };
        let (door, factor) = (parcel.customer.door, parcel.customer.leg_factor(self.scene));
        self.drive(door, factor);
        self.at_door(k);
    }

    fn at_door(&mut self, k: usize) {
        let scene = self.scene;
        let earliest = self.parcels.get(k).and_then(|parcel| parcel.call(scene, self.way));
        let ahead_min = earliest.map_or(0.0, |call| call.earliest_min - self.now_min).max(0.0);
        self.wait(ahead_min);
        self.note_told(k);
        let Some(parcel) = self.parcels.get_mut(k) else { return };
        let opened = parcel.customer.is_home(self.now_min);
        let tally = &mut self.lived.tally;
        tally.attempts += 1.0;
        if parcel.attempts == 0 {
            tally.doors += 1.0;
            tally.first_opened += if opened { 1.0 } else { 0.0 };
        }
        parcel.attempts += 1;
        parcel.is_awaited = false;
        let minutes = scene.door_min(opened) * parcel.customer.door_factor(scene);
        *(if opened { &mut tally.at_open } else { &mut tally.at_closed }) += minutes;
        self.now_min += minutes;
        let event = if opened { Event::HandedOver } else { Event::NobodyOpened };
        self.lived.moments.push(Moment { at_min: self.now_min, spot: parcel.customer.door, event });
        if opened {
            tally.delivered += 1.0;
            parcel.state = State::Done;
        } else if parcel.attempts >= scene.attempts {
            tally.brought_back += 1.0;
            parcel.state = State::Done;
        } else {
            parcel.state = State::Open;
            parcel.not_before_min = self.now_min + scene.again_min;
            parcel.called_min = f64::NEG_INFINITY;
        }
    }

    /// Counts whether a customer's told time was kept.
    fn note_told(&mut self, k: usize) {
        let Some(parcel) = self.parcels.get_mut(k) else { return };
        let told = match parcel.state {
            State::Yes { told_min } => Some(told_min),
            State::Later { told_min, .. } => told_min,
            _ => None,
        };
        if let Some(told_min) = told {
            self.lived.tally.told += 1.0;
            let moved = (self.now_min - told_min).abs() > MOVED_MIN;
            self.lived.tally.moved += if moved { 1.0 } else { 0.0 };
        }
    }

    /// Brings back what is left. Who was told a time and not gone to counts as moved.
    fn finish(&mut self) {
        for k in 0..self.parcels.len() {
            let Some(parcel) = self.parcels.get(k) else { continue };
            match parcel.state {
                State::Done => continue,
                State::Yes { .. } | State::Later { told_min: Some(_), .. } => {
                    self.lived.tally.told += 1.0;
                    self.lived.tally.moved += 1.0;
                }
                _ => {}
            }
            self.call_off(k, self.now_min);
        }
        self.drive((0.0, 0.0), 1.0);
        let left = count_f(self.parcels.len()) - self.lived.tally.delivered;
        self.now_min += left * self.scene.give_back_min;
        self.lived.moments.push(Moment { at_min: self.now_min, spot: self.at, event: Event::Home });
        self.lived.tally.minutes = self.now_min - STARTS_MIN;
    }
}

fn metres(scene: &Scene, from: Spot, to: Spot) -> f64 {
    (to.0 - from.0).hypot(to.1 - from.1) * scene.detour
}
