//! Ruin: strings of stops near one another are taken out (slack induction by string removals, Christiaens and Vanden
//! Berghe 2020).

use super::core::{Core, NONE};
use super::rng::Rng;
use super::state::State;
use super::travel::Travel;

/// Stops known near each stop. A ruin looks at fewer.
const NEAR: usize = 120;
/// A stop in the middle of a longer string is spared as often as not; another one with this chance.
const SPARE_ANOTHER: f64 = 0.01;

/// How much is taken out at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruin {
    /// Stops taken out on average, not counting those that have to go with them.
    pub average_stops: f64,
    /// The longest string taken from one route.
    pub longest_string: f64,
}

impl Default for Ruin {
    fn default() -> Self {
        Self { average_stops: 10.0, longest_string: 10.0 }
    }
}

/// For stops, the stops near them, found when they are first asked for.
#[derive(Debug, Default)]
pub(super) struct Near {
    movable: Vec<u32>,
    lists: Vec<Vec<u32>>,
    sorting: Vec<(f64, u32)>,
}

impl Near {
    pub(super) fn new<T: Travel>(core: &Core<'_, T>) -> Self {
        let movable =
            core.requests.iter().flat_map(|req| [req.first, req.second]).filter(|node| *node != NONE);
        Self {
            movable: movable.collect(),
            lists: vec![Vec::new(); core.requests.len() * 2],
            sorting: Vec::new(),
        }
    }

    pub(super) fn any(&self, rng: &mut Rng) -> Option<u32> {
        self.movable.get(rng.below(self.movable.len())).copied()
    }

    /// The nearest first, the stop itself among them.
    pub(super) fn to<T: Travel>(&mut self, core: &Core<'_, T>, node: u32) -> &[u32] {
        let list = &mut self.lists[node as usize];
        if list.is_empty() {
            let place = core.node(node).place;
            self.sorting.clear();
            self.sorting.extend(self.movable.iter().map(|other| {
                let own =
                    if *other == node { -1.0 } else { core.travel.apart(place, core.node(*other).place) };
                (own, *other)
            }));
            let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            if self.sorting.len() > NEAR {
                self.sorting.select_nth_unstable_by(NEAR, order);
                self.sorting.truncate(NEAR);
            }
            self.sorting.sort_unstable_by(order);
            list.extend(self.sorting.iter().map(|(_, other)| *other));
        }
        list
    }
}

/// Room that is used again.
#[derive(Debug, Default)]
pub(super) struct Strings {
    ruined: Vec<u32>,
    out: Vec<u32>,
}

impl Strings {
    /// Takes strings out around a stop; false if a route does not go without what was taken.
    pub(super) fn remove<T: Travel>(
        &mut self,
        state: &mut State<'_, '_, T>,
        near: &mut Near,
        ruin: &Ruin,
        rng: &mut Rng,
    ) -> bool {
        let core = state.core;
        let Some(seed) = near.any(rng) else { return true };
        let placed = (near.movable.len() as f64).max(1.0);
        let longest = ruin.longest_string.min(placed / state.used.max(1) as f64).max(1.0);
        let most_strings = (4.0 * ruin.average_stops / (1.0 + longest) - 1.0).max(1.0);
        let strings = (1.0 + rng.unit() * most_strings) as usize;
        self.ruined.clear();
        for node in near.to(core, seed) {
            if self.ruined.len() >= strings {
                break;
            }
            let vehicle = state.route_of[core.node(*node).request as usize];
            if vehicle == NONE || self.ruined.contains(&vehicle) {
                continue;
            }
            self.ruined.push(vehicle);
            self.cut(state, vehicle, *node, longest, rng);
            if !state.remove(vehicle, &self.out) {
                return false;
            }
        }
        true
    }

    /// Chooses a string around a stop of a route: its requests, each once.
    fn cut<T: Travel>(
        &mut self,
        state: &State<'_, '_, T>,
        vehicle: u32,
        node: u32,
        longest: f64,
        rng: &mut Rng,
    ) {
        let route = &state.routes[vehicle as usize];
        let stops = &route.pos[route.first..route.gaps()];
        let length = (1.0 + rng.unit() * longest.min(stops.len() as f64)) as usize;
        let length = length.clamp(1, stops.len());
        let mut spared = 0;
        if length > 1 && length < stops.len() && rng.unit() < 0.5 {
            spared = 1;
            while length + spared < stops.len() && rng.unit() < SPARE_ANOTHER {
                spared += 1;
            }
        }
        let window = length + spared;
        let at = stops.iter().position(|pos| pos.node == node).unwrap_or(0);
        let low = (at + 1).saturating_sub(window);
        let high = at.min(stops.len() - window);
        let begin = low + rng.below(high + 1 - low);
        let spare_from = begin + if spared > 0 { 1 + rng.below(length - 1) } else { window };
        self.out.clear();
        for (at, pos) in stops.iter().enumerate().skip(begin).take(window) {
            let request = pos.node / 2;
            let is_spared = at >= spare_from && at < spare_from + spared;
            if !is_spared && !self.out.contains(&request) {
                self.out.push(request);
            }
        }
    }
}
