//! Recreate: what is absent is put back, one after the other, each where it costs least.

use super::core::{Core, NONE};
use super::rng::Rng;
use super::state::State;
use super::travel::Travel;

/// What requests are sorted by.
#[derive(Debug, Clone, Copy)]
struct Keys {
    load: f64,
    far: f64,
    window: f64,
    earliest: f64,
    latest: f64,
}

/// In which order absent requests are put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Random,
    /// The largest first.
    Load,
    /// The farthest first, from the first vehicle's start and from pick-up to drop-off.
    Far,
    Close,
    /// The narrowest window first.
    Window,
    /// The earliest first.
    Earliest,
    /// Whose window ends last first.
    Latest,
    /// Whose window, or promise, ends first first.
    Urgent,
}

#[derive(Debug)]
pub(super) struct Orders {
    keys: Vec<Keys>,
    sorting: Vec<(f64, u32)>,
}

impl Orders {
    pub(super) fn new<T: Travel>(core: &Core<'_, T>) -> Self {
        let home = core.cars.first().map(|car| core.node(car.start).place);
        let keys = core.requests.iter().map(|req| {
            if req.first == NONE {
                return Keys { load: 0.0, far: 0.0, window: 0.0, earliest: 0.0, latest: 0.0 };
            }
            let first = core.node(req.first);
            let last = if req.second == NONE { first } else { core.node(req.second) };
            let from_home = home.map_or(0.0, |home| core.cost(home, first.place));
            let latest = last.latest.min(last.due);
            Keys {
                load: f64::from(first.load.abs()),
                far: from_home + core.cost(first.place, last.place),
                window: (first.latest - first.earliest) + (latest - last.earliest),
                earliest: first.earliest,
                latest,
            }
        });
        Self { keys: keys.collect(), sorting: Vec::new() }
    }

    /// An order drawn with the weights of the paper.
    pub(super) fn draw(rng: &mut Rng) -> Order {
        match rng.below(17) {
            0..4 => Order::Random,
            4..8 => Order::Load,
            8..10 => Order::Far,
            10 => Order::Close,
            11..13 => Order::Window,
            13..15 => Order::Earliest,
            _ => Order::Latest,
        }
    }

    pub(super) fn sort(&mut self, requests: &mut [u32], order: Order, rng: &mut Rng) {
        if order == Order::Random {
            return rng.shuffle(requests);
        }
        let key = |request: u32| {
            let keys = &self.keys[request as usize];
            match order {
                Order::Random => 0.0,
                Order::Load => -keys.load,
                Order::Far => -keys.far,
                Order::Close => keys.far,
                Order::Window => keys.window,
                Order::Earliest => keys.earliest,
                Order::Latest => -keys.latest,
                Order::Urgent => keys.latest,
            }
        };
        self.sorting.clear();
        self.sorting.extend(requests.iter().map(|request| (key(*request), *request)));
        self.sorting.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (request, (_, sorted)) in requests.iter_mut().zip(&self.sorting) {
            *request = *sorted;
        }
    }
}

/// Moments of not looking, by chance.
#[derive(Debug)]
pub(super) struct Blinks<'r> {
    rng: &'r mut Rng,
    /// Looks until the next.
    left: u64,
    /// 1 / ln(1 - chance); 0 for never.
    scale: f64,
}

impl<'r> Blinks<'r> {
    /// Each look is one with this chance, below 1.
    pub(super) fn new(chance: f64, rng: &'r mut Rng) -> Self {
        let scale = if chance > 0.0 { 1.0 / (1.0 - chance.min(0.99)).ln() } else { 0.0 };
        let mut blinks = Self { rng, left: 0, scale };
        blinks.draw();
        blinks
    }

    /// One draw for many looks: their number up to the next is geometric.
    fn draw(&mut self) {
        self.left =
            if self.scale == 0.0 { u64::MAX } else { ((1.0 - self.rng.unit()).ln() * self.scale) as u64 };
    }

    #[inline]
    pub(super) fn blink(&mut self) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.draw();
        true
    }
}

/// Puts back what is absent in the order it stands there. Each vehicle is overlooked with the chance `blink`, which
/// makes for variety. What fits nowhere, or costs more than leaving it out, stays absent.
pub(super) fn recreate<T: Travel>(
    state: &mut State<'_, '_, T>,
    blink: f64,
    rng: &mut Rng,
    waiting: &mut Vec<u32>,
) {
    waiting.clear();
    std::mem::swap(waiting, &mut state.absent);
    put_back(state, waiting, Blinks::new(blink, rng));
    // A fuller route may take what an emptier one could not, and nobody is to be overlooked.
    while state.settled && state.absent.len() < waiting.len() {
        waiting.clear();
        std::mem::swap(waiting, &mut state.absent);
        put_back(state, waiting, Blinks::new(0.0, rng));
    }
}

fn put_back<T: Travel>(state: &mut State<'_, '_, T>, waiting: &[u32], mut blinks: Blinks<'_>) {
    for request in waiting.iter().copied() {
        let most = state.core.requests[request as usize].unassigned_cost;
        let found = if state.is_settled(request) {
            state.best_touched(request, most)
        } else {
            state.best(request, most, &mut blinks)
        };
        if !found.is_some_and(|(vehicle, place)| state.insert(request, vehicle, &place)) {
            state.absent.push(request);
        }
    }
}
