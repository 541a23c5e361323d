//! The whole search: build, use fewer vehicles, improve; the best seen is kept all the way.

use super::budget::Budget;
use super::core::Core;
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
    /// is never worse. For short runs from a good plan.
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

pub(super) struct Search<'c, 'm, 's, T> {
    pub(super) state: State<'c, 'm, T>,
    pub(super) settings: &'s Settings,
    pub(super) best: Kept,
    pub(super) orders: Orders,
    pub(super) near: Near,
    pub(super) strings: Strings,
    pub(super) waiting: Vec<u32>,
    pub(super) rng: Rng,
}

impl<'c, 'm, 's, T: Travel> Search<'c, 'm, 's, T> {
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
        self.orders.sort(&mut state.absent, order, &mut self.rng);
        recreate(state, self.settings.blink, &mut self.rng, &mut self.waiting);
        if state.cost > before - temperature * (1.0 - self.rng.unit()).ln() {
            state.undo();
        } else if state.cost < self.best.cost - 1e-9 {
            state.keep(&mut self.best);
        }
    }
}
