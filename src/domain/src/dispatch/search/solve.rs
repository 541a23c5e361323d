//! The whole search: build, use fewer vehicles, improve; the best seen is kept all the way.

use super::budget::{Budget, Rounds};
use super::core::{Core, stop_of};
use super::judge::Judge;
use super::model::{Model, ModelFault};
use super::recreate::{Order, Orders, recreate};
use super::rng::Rng;
use super::ruin::{Near, Ruin, Strings};
use super::solution::Solution;
use super::state::{Kept, State};
use super::travel::Travel;

/// How a worse plan is accepted on the way to a better one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Acceptance {
    /// Simulated annealing from `hot` to `cold` over the budget. Both in shares of the average cost of a stop. For
    /// long runs that know their budget.
    Annealed {
        /// At the start.
        hot: f64,
        /// At the end.
        cold: f64,
    },
    /// Annealing at one temperature. A run with a larger budget goes through the same plans and on from there, so it
    /// is never worse. For short runs from a good plan. (An annealed one is never worse than what it begins with.)
    Steady(f64),
}

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The same seed, model, start and number of rounds give the same plan.
    pub seed: u64,
    /// How much is changed in a round.
    pub ruin: Ruin,
    /// Which changes are kept.
    pub acceptance: Acceptance,
    /// The chance that a vehicle is overlooked for a request in a round.
    pub blink: f64,
    /// The part of the budget, from 0 to 1, that goes first into using fewer vehicles, where those cost something of
    /// their own ([`super::Vehicle::fixed_cost`]). With [`Acceptance::Steady`] none of it does.
    pub fleet: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            ruin: Ruin::default(),
            acceptance: Acceptance::Annealed { hot: 1.0, cold: 0.02 },
            blink: 0.01,
            fleet: 0.6,
        }
    }
}

/// Plans until the budget is spent, from an earlier plan if there is one. The result is never worse, by
/// [`super::Score::cost`], than that plan as far as it is still allowed: of a plan that does not fit the model what fits
/// is taken over.
///
/// # Errors
/// [`Model::check`] found a fault.
pub fn solve<T: Travel>(
    model: &Model,
    travel: &T,
    from: Option<&Solution>,
    settings: &Settings,
    budget: &mut impl Budget,
) -> Result<Solution, ModelFault> {
    model.check(travel.places())?;
    let core = Core::new(model, travel);
    let mut search = Search::new(&core, settings);
    if let Some(from) = from {
        search.state.take_over(from);
    }
    search.build();
    search.improve(budget);
    search.state.restore(&search.best);
    Ok(search.state.solution())
}

/// The first plan alone, from an earlier one if there is one: what is left out is put where it costs least, the most
/// urgent first.
///
/// # Errors
/// [`Model::check`] found a fault.
pub fn first<T: Travel>(
    model: &Model,
    travel: &T,
    from: Option<&Solution>,
    settings: &Settings,
) -> Result<Solution, ModelFault> {
    solve(model, travel, from, settings, &mut Rounds::new(0))
}

/// Goes on from a plan until the budget is spent, with a judge's opinion on what routes cost and which may be driven.
/// What the plan leaves out must fit nowhere in it: such requests are tried only with routes that change. `None` if
/// nothing better was found, or if the plan cannot be gone on from: a part of it does not fit the model, or the judge
/// refuses a route.
///
/// With [`Acceptance::Steady`] the plan after more rounds never costs more than the one after fewer, as the judge counts
/// it.
///
/// # Errors
/// [`Model::check`] found a fault.
pub fn improve<T: Travel>(
    model: &Model,
    travel: &T,
    from: &Solution,
    settings: &Settings,
    (budget, judge): (&mut impl Budget, &mut dyn Judge),
) -> Result<Option<Solution>, ModelFault> {
    model.check(travel.places())?;
    let core = Core::new(model, travel);
    let mut search = Search::new(&core, settings);
    search.state.take_over(from);
    search.state.absent.sort_unstable();
    let Some(judged) = Judged::new(judge, &search.state) else { return Ok(None) };
    let start = judged.best;
    if search.state.absent != from.unassigned {
        return Ok(None);
    }
    search.judged = Some(judged);
    search.state.settled = true;
    search.state.keep(&mut search.best);
    search.improve(budget);
    let better = search.judged.as_ref().is_some_and(|judged| judged.best < start);
    search.state.restore(&search.best);
    Ok(better.then(|| search.state.solution()))
}

/// What a judge has said.
pub(super) struct Judged<'j> {
    judge: &'j mut dyn Judge,
    /// By vehicle.
    costs: Vec<f64>,
    /// Of the routes being tried.
    trial: Vec<(u32, f64)>,
    /// Of the best plan seen: what is left out, and the routes.
    best: (f64, f64),
}

impl<'j> Judged<'j> {
    /// `None` if a route may not be driven.
    fn new<T: Travel>(judge: &'j mut dyn Judge, state: &State<'_, '_, T>) -> Option<Self> {
        let mut costs = Vec::with_capacity(state.routes.len());
        for (route, vehicle) in state.routes.iter().zip(0..) {
            costs.push(judge.judge(vehicle, &mut route.nodes().map(stop_of))?);
        }
        let best = (state.left_out(), costs.iter().sum());
        Some(Self { judge, costs, trial: Vec::new(), best })
    }

    /// What the routes touched since the mark cost more than before; `None` if one may not be driven.
    fn ask<T: Travel>(&mut self, state: &State<'_, '_, T>) -> Option<f64> {
        self.trial.clear();
        let mut more = 0.0;
        for vehicle in state.touched() {
            let stops = &mut state.routes[vehicle as usize].nodes().map(stop_of);
            let cost = self.judge.judge(vehicle, stops)?;
            more += cost - self.costs[vehicle as usize];
            self.trial.push((vehicle, cost));
        }
        Some(more)
    }

    /// Those routes are driven from now on; whether the plan is the best so far.
    fn accept(&mut self, left_out: f64) -> bool {
        for (vehicle, cost) in &self.trial {
            self.costs[*vehicle as usize] = *cost;
        }
        let now = (left_out, self.costs.iter().sum());
        let is_best = now < self.best;
        if is_best {
            self.best = now;
        }
        is_best
    }
}

pub(super) struct Search<'c, 'm, 's, 'j, T> {
    pub(super) state: State<'c, 'm, T>,
    pub(super) settings: &'s Settings,
    pub(super) best: Kept,
    pub(super) orders: Orders,
    pub(super) near: Near,
    pub(super) strings: Strings,
    pub(super) waiting: Vec<u32>,
    pub(super) rng: Rng,
    judged: Option<Judged<'j>>,
}

impl<'c, 'm, 's, T: Travel> Search<'c, 'm, 's, '_, T> {
    fn new(core: &'c Core<'m, T>, settings: &'s Settings) -> Self {
        Self {
            state: State::new(core),
            settings,
            best: Kept::default(),
            orders: Orders::new(core),
            near: Near::new(core),
            strings: Strings::default(),
            waiting: Vec::new(),
            rng: Rng::new(settings.seed),
            judged: None,
        }
    }

    /// A first plan: the most urgent first, each where it costs least.
    fn build(&mut self) {
        self.state.mark();
        let mut absent = std::mem::take(&mut self.state.absent);
        self.orders.sort(&mut absent, Order::Urgent, &mut self.rng);
        self.state.absent = absent;
        recreate(&mut self.state, 0.0, &mut self.rng, &mut self.waiting);
        self.state.keep(&mut self.best);
    }

    /// The cost of a stop on average, what is left out and vehicles aside.
    fn unit(&self) -> f64 {
        let state = &self.state;
        let stops: usize = state.routes.iter().map(|route| route.pos.len().saturating_sub(2)).sum();
        let travelled: f64 = state
            .routes
            .iter()
            .filter_map(|route| Some(route.pos.last()?.cost - route.pos.first()?.cost))
            .sum();
        travelled.max(0.0) / stops.max(1) as f64
    }

    fn improve(&mut self, budget: &mut impl Budget) {
        let unit = self.unit();
        let mut from = 0.0;
        let annealed = matches!(self.settings.acceptance, Acceptance::Annealed { .. });
        if annealed && self.state.core.cars.iter().any(|car| car.fixed_cost > 0.0) {
            from = self.settings.fleet.clamp(0.0, 1.0);
            self.use_fewer(budget, from, unit);
        }
        loop {
            let spent = budget.spent();
            if spent >= 1.0 {
                return;
            }
            let warmth = match self.settings.acceptance {
                Acceptance::Annealed { hot, cold } => {
                    let part = ((spent - from) / (1.0 - from)).clamp(0.0, 1.0);
                    hot * (cold / hot).powf(part)
                }
                Acceptance::Steady(warmth) => warmth,
            };
            self.round(unit * warmth);
        }
    }

    /// One ruin and recreate.
    fn round(&mut self, temperature: f64) {
        let state = &mut self.state;
        state.mark();
        let before = state.cost;
        if !self.strings.remove(state, &mut self.near, &self.settings.ruin, &mut self.rng) {
            return state.undo();
        }
        let order = Orders::draw(&mut self.rng);
        let left = state.left_before();
        if left > 0 && self.rng.below(2) == 0 {
            // What was taken out goes back first, and what was left out has what room remains.
            state.absent.rotate_left(left);
            let taken = state.absent.len() - left;
            self.orders.sort(&mut state.absent[..taken], order, &mut self.rng);
        } else {
            self.orders.sort(&mut state.absent, order, &mut self.rng);
        }
        recreate(state, self.settings.blink, &mut self.rng, &mut self.waiting);
        let bearable = -temperature * (1.0 - self.rng.unit()).ln();
        if state.cost > before + bearable {
            return state.undo();
        }
        let is_best = match &mut self.judged {
            None => state.cost < self.best.cost - 1e-9,
            Some(judged) => {
                let more = judged.ask(state).map(|more| more + state.left_out() - state.left_out_before());
                if more.is_none_or(|more| more > bearable) {
                    return state.undo();
                }
                judged.accept(state.left_out())
            }
        };
        if is_best {
            state.keep(&mut self.best);
        }
    }
}
