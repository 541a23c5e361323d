//! Fewer vehicles: a route is given up, and its requests are worked into the others. What stays absent often counts
//! more, so that the search turns to it (absence counters, Christiaens and Vanden Berghe 2020).

use super::budget::Budget;
use super::recreate::{Orders, recreate};
use super::solve::Search;
use super::state::State;
use super::travel::Travel;

/// Temperature, in shares of the average cost of a stop. Low: the way is shortened later.
const WARMTH: f64 = 0.1;

impl<T: Travel> Search<'_, '_, '_, '_, T> {
    /// Gives up routes until so much of the budget is spent. The best plan so far is kept, and stood on at the end.
    pub(super) fn use_fewer(&mut self, budget: &mut impl Budget, until: f64, unit: f64) {
        let vehicles = self.state.routes.len();
        let mut counts = vec![0_u32; self.state.core.requests.len()];
        let left_out = self.best.absent.len();
        for vehicle in 0..vehicles {
            self.state.close(vehicle as u32, self.state.routes[vehicle].is_idle());
        }
        loop {
            if budget.spent() >= until {
                break;
            }
            if self.state.absent.len() <= left_out {
                // Where vehicles are cheap, fewer are not always better.
                if self.state.cost < self.best.cost {
                    self.state.keep(&mut self.best);
                }
                if !self.give_up(&counts) {
                    break;
                }
            }
            self.absence_round(&mut counts, unit * WARMTH);
        }
        self.state.restore(&self.best);
        (0..vehicles).for_each(|vehicle| self.state.close(vehicle as u32, false));
    }

    /// Empties the route whose requests were absent least; false if there is none that can be.
    fn give_up(&mut self, counts: &[u32]) -> bool {
        let state = &mut self.state;
        let mut least: Option<(u64, u32)> = None;
        for (route, vehicle) in state.routes.iter().zip(0_u32..) {
            if route.is_idle() || route.first > 1 || state.core.cars[vehicle as usize].fixed_cost <= 0.0 {
                continue;
            }
            let sum: u64 = route.nodes().map(|node| u64::from(counts[(node / 2) as usize])).sum();
            // Equals are told apart by chance.
            let sum = (sum << 16) + self.rng.below(1 << 16) as u64;
            if least.is_none_or(|(other, _)| sum < other) {
                least = Some((sum, vehicle));
            }
        }
        let Some((_, vehicle)) = least else { return false };
        let mut requests: Vec<u32> = state.routes[vehicle as usize].nodes().map(|node| node / 2).collect();
        requests.sort_unstable();
        requests.dedup();
        state.mark();
        state.remove(vehicle, &requests);
        state.close(vehicle, true);
        state.mark();
        true
    }

    /// One ruin and recreate. Kept if what is absent was absent less often so far, or if no more is absent and the
    /// way is not much longer.
    fn absence_round(&mut self, counts: &mut [u32], temperature: f64) {
        let state = &mut self.state;
        state.mark();
        let before = measure(state, counts);
        if !self.strings.remove(state, &mut self.near, &self.settings.ruin, &mut self.rng) {
            return state.undo();
        }
        let order = Orders::draw(&mut self.rng);
        self.orders.sort(&mut state.absent, order, &mut self.rng);
        recreate(state, self.settings.blink, &mut self.rng, &mut self.waiting);
        let after = measure(state, counts);
        for request in &state.absent {
            counts[*request as usize] += 1;
        }
        let easier = after.counted < before.counted || after.absent == 0;
        let limit = before.way - temperature * (1.0 - self.rng.unit()).ln();
        if !easier && (after.absent > before.absent || after.way > limit) {
            state.undo();
        }
    }
}

/// What a round of giving up a route is judged by.
struct Measure {
    /// How often what is absent was absent so far.
    counted: u64,
    absent: usize,
    /// The cost but for what is absent.
    way: f64,
}

fn measure<T: Travel>(state: &State<'_, '_, T>, counts: &[u32]) -> Measure {
    let left_out = |request: &u32| state.core.requests[*request as usize].unassigned_cost;
    Measure {
        counted: state.absent.iter().map(|request| u64::from(counts[*request as usize])).sum(),
        absent: state.absent.len(),
        way: state.cost - state.absent.iter().map(left_out).sum::<f64>(),
    }
}
