//! Where idle couriers wait. What is known of today's demand says how long an order placed now at a restaurant would
//! be late for want of a courier near it; idle couriers step to where that comes down most.

use super::instance::Spot;
use super::policy::{View, halves};

/// A courier as cover: from when and from where it can take something new.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cover {
    /// Who.
    pub courier: usize,
    /// Where it will be free.
    pub spot: Spot,
    /// Minutes until then.
    pub delay_min: u32,
    /// It is idle with nothing planned, and may step.
    pub idle: bool,
}

/// How readily couriers step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepping {
    /// The longest step, minutes.
    pub longest_min: u32,
    /// What a step has to bring: minutes of expected lateness, for an order placed anywhere, per minute of the step.
    pub least_gain: f64,
    /// Share of orders that find the nearest courier taken, and need the second nearest.
    pub second: f64,
    /// So many orders a restaurant is thought to have had before the day began: those without any are not forgotten.
    pub prior: f64,
    /// An order counts half after this many minutes.
    pub half_life_min: f64,
}

/// What an order's preparation is thought to take before one was seen, minutes.
const PRIOR_PREPARATION_MIN: u32 = 15;
/// The rate of orders is that of so many minutes.
const RATE_MIN: u32 = 30;
/// Longest response that is told apart, minutes.
const MOST_MIN: usize = 120;

/// What is known of the day's demand.
#[derive(Debug, Clone)]
pub struct Demand {
    stepping: Stepping,
    /// By restaurant: orders so far, older ones counting less.
    recent: Vec<f64>,
    /// By minutes: orders so far that took as long to prepare.
    preparations: Vec<f64>,
    /// Orders counted.
    seen: usize,
    /// By minutes of response: expected lateness of the pick-up.
    late: Vec<f64>,
    /// Minutes between restaurants.
    apart: Vec<Vec<u32>>,
}

fn at(minutes: u32) -> usize {
    usize::try_from(minutes).unwrap_or(MOST_MIN).min(MOST_MIN)
}

impl Demand {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(stepping: Stepping) -> Demand {
        let mut preparations = vec![0.0; MOST_MIN + 1];
        if let Some(count) = preparations.get_mut(at(PRIOR_PREPARATION_MIN)) {
            *count = 1.0;
        }
        Demand { stepping, recent: Vec::new(), preparations, seen: 0, late: Vec::new(), apart: Vec::new() }
    }

    /// Takes the minute's new orders in. Called once a minute.
    pub fn observe(&mut self, view: &View<'_>) {
        if self.apart.is_empty() {
            self.recent = vec![0.0; view.restaurants.len()];
            let row =
                |from: Spot| view.restaurants.iter().map(|to| view.travel_min(from, to.place)).collect();
            self.apart = view.restaurants.iter().map(|from| row(from.place)).collect();
        }
        let fading = (-1.0 / self.stepping.half_life_min).exp2();
        self.recent.iter_mut().for_each(|count| *count *= fading);
        for order in view.orders.iter().skip(self.seen) {
            if let Some(count) = self.recent.get_mut(order.restaurant) {
                *count += 1.0;
            }
            if let Some(count) = self.preparations.get_mut(at(order.ready_min - order.placed_min)) {
                *count += 1.0;
            }
        }
        self.seen = view.orders.len();
        let (service, _) = halves(view.parameters.pick_up_service_min);
        let orders: f64 = self.preparations.iter().sum();
        let late = |response: u32| {
            let each = (0_u32..).zip(&self.preparations);
            each.map(|(took, count)| count * f64::from((response + service).saturating_sub(took)))
                .sum::<f64>()
                / orders
        };
        self.late = (0_u32..).take(MOST_MIN + 1).map(late).collect();
    }

    fn late(&self, response: u32) -> f64 {
        self.late.get(at(response)).copied().unwrap_or(0.0)
    }

    /// Which idle couriers step where, one step each.
    #[must_use]
    pub fn steps(&self, view: &View<'_>, covers: &[Cover]) -> Vec<(usize, usize)> {
        let mut steps = Vec::new();
        if !covers.iter().any(|cover| cover.idle) {
            return steps;
        }
        let share = self.share();
        let mut responses: Vec<Vec<u32>> = covers.iter().map(|cover| responses_of(view, cover)).collect();
        let mut table = soonest(&responses, view.restaurants.len());
        for (own, cover) in covers.iter().enumerate().filter(|(_, cover)| cover.idle) {
            let others = without(&table, own, &share);
            let Some(here) = responses.get_mut(own) else { continue };
            let Some(restaurant) = self.best(here, &others) else { continue };
            if let Some(there) = self.apart.get(restaurant) {
                here.clone_from(there);
            }
            responds_anew(&mut table, &responses, own);
            steps.push((cover.courier, restaurant));
        }
        steps
    }

    /// For each of `free`, what it is worth that the courier is left free there: minutes of lateness over the orders
    /// expected within `horizon_min`. `planned` is everybody at the end of what they have planned.
    #[must_use]
    pub fn worth(&self, view: &View<'_>, free: &[Cover], planned: &[Cover], horizon_min: f64) -> Vec<f64> {
        let share = self.share();
        let responses: Vec<Vec<u32>> = planned.iter().map(|cover| responses_of(view, cover)).collect();
        let table = soonest(&responses, view.restaurants.len());
        let since = view.now_min.saturating_sub(RATE_MIN);
        let recent = view.orders.iter().rev().take_while(|order| order.placed_min > since).count();
        let rate = f64::from(u32::try_from(recent).unwrap_or(u32::MAX)) / f64::from(RATE_MIN);
        let one = |cover: &Cover| {
            let own = planned.iter().position(|other| other.courier == cover.courier).unwrap_or(usize::MAX);
            let others = without(&table, own, &share);
            let here = responses_of(view, cover);
            self.saved(&here, &others) * rate * horizon_min
        };
        free.iter().map(one).collect()
    }

    /// By restaurant: its share of the orders to come.
    fn share(&self) -> Vec<f64> {
        let total: f64 = self.recent.iter().map(|count| count + self.stepping.prior).sum();
        self.recent.iter().map(|count| (count + self.stepping.prior) / total).collect()
    }

    /// Expected lateness of the next order that a courier saves who responds so. Only where at most one other is sooner
    /// does it make a difference.
    fn saved(&self, row: &[u32], others: &[Others]) -> f64 {
        let second_part = self.stepping.second;
        let matters = row.iter().zip(others).filter(|(own, others)| **own < others.second);
        let each = matters.map(|(own, Others { first, second, share })| {
            let (a, b) = if own < first { (*own, *first) } else { (*first, *own) };
            let (one, other) = (self.late(*first) - self.late(a), self.late(*second) - self.late(b));
            share * ((1.0 - second_part) * one + second_part * other)
        });
        each.sum()
    }

    /// The restaurant that is best to step to, if that is worth it.
    fn best(&self, here: &[u32], others: &[Others]) -> Option<usize> {
        let stays = self.saved(here, others);
        let mut found: Option<(f64, usize)> = None;
        for (restaurant, (minutes, there)) in here.iter().zip(&self.apart).enumerate() {
            if *minutes == 0 || *minutes > self.stepping.longest_min {
                continue;
            }
            let gain = self.saved(there, others) - stays - self.stepping.least_gain * f64::from(*minutes);
            if gain > 0.0 && found.is_none_or(|(most, _)| gain > most) {
                found = Some((gain, restaurant));
            }
        }
        found.map(|(_, restaurant)| restaurant)
    }
}

/// Minutes until a courier is at each restaurant.
fn responses_of(view: &View<'_>, cover: &Cover) -> Vec<u32> {
    view.restaurants.iter().map(|one| cover.delay_min + view.travel_min(cover.spot, one.place)).collect()
}

/// The three soonest responses to a restaurant, and whose they are.
type Soonest = [(u32, usize); 3];

const NOBODY: Soonest = [(u32::MAX, usize::MAX); 3];

/// For each restaurant the three soonest responses: enough to tell the two soonest of all but one.
fn soonest(responses: &[Vec<u32>], restaurants: usize) -> Vec<Soonest> {
    let mut table = vec![NOBODY; restaurants];
    for (own, row) in responses.iter().enumerate() {
        for (soonest, minutes) in table.iter_mut().zip(row) {
            put(soonest, (*minutes, own));
        }
    }
    table
}

/// The table after one courier's responses have changed.
fn responds_anew(table: &mut [Soonest], responses: &[Vec<u32>], own: usize) {
    for (restaurant, soonest) in table.iter_mut().enumerate() {
        let response = |row: &Vec<u32>| row.get(restaurant).copied().unwrap_or(u32::MAX);
        if soonest.iter().any(|(_, whose)| *whose == own) {
            *soonest = NOBODY;
            responses.iter().enumerate().for_each(|(whose, row)| put(soonest, (response(row), whose)));
        } else {
            put(soonest, (responses.get(own).map_or(u32::MAX, response), own));
        }
    }
}

/// Takes a response in, if it is among the three soonest; of equals the lower number counts as sooner.
fn put([first, second, third]: &mut Soonest, new: (u32, usize)) {
    if new < *first {
        (*first, *second, *third) = (new, *first, *second);
    } else if new < *second {
        (*second, *third) = (new, *second);
    } else if new < *third {
        *third = new;
    }
}

/// At a restaurant, the two soonest responses of everybody but one, and its share of the orders.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Others {
    first: u32,
    second: u32,
    share: f64,
}

fn without(table: &[Soonest], own: usize, share: &[f64]) -> Vec<Others> {
    let one = |([first, second, third], share): (&Soonest, &f64)| {
        let (first, second) = match own {
            _ if own == first.1 => (second, third),
            _ if own == second.1 => (first, third),
            _ => (first, second),
        };
        Others { first: first.0, second: second.0, share: *share }
    };
    table.iter().zip(share).map(one).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_two_soonest_of_all_but_one_are_what_a_search_without_it_finds() {
        let rows: Vec<Vec<u32>> = vec![vec![5, 9], vec![3, 9], vec![8, 1], vec![4, 7]];
        for own in 0..=rows.len() {
            let told: Vec<_> = without(&soonest(&rows, 2), own, &[0.5, 0.5]);
            for (restaurant, Others { first, second, .. }) in told.into_iter().enumerate() {
                let mut others: Vec<u32> = (rows.iter().enumerate())
                    .filter(|(at, _)| *at != own)
                    .filter_map(|(_, row)| row.get(restaurant).copied())
                    .collect();
                others.sort_unstable();
                assert_eq!(others.get(..2), Some(&[first, second][..]));
            }
        }
    }
    #[test]
    fn a_table_that_is_brought_up_to_date_is_the_one_made_anew() {
        let mut rows: Vec<Vec<u32>> =
            (0..9_u32).map(|n| (0..7).map(|m| (n * 7 + m * 5) % 11).collect()).collect();
        let mut table = soonest(&rows, 7);
        for own in [0, 4, 8, 4, 2] {
            rows[own] = rows[(own + 3) % 9].iter().map(|minutes| (minutes * 3 + 1) % 11).collect();
            responds_anew(&mut table, &rows, own);
            assert_eq!(table, soonest(&rows, 7));
        }
    }

    #[test]
    fn a_courier_saves_what_the_lateness_of_all_orders_falls_by() {
        let mut demand = Demand::new(Stepping {
            longest_min: 10,
            least_gain: 0.0,
            second: 0.3,
            prior: 1.0,
            half_life_min: 60.0,
        });
        demand.late = (0..=120_u32).map(|minutes| f64::from(minutes * minutes)).collect();
        let others = [(4, 6, 0.5), (2, 9, 0.3), (1, 3, 0.2)].map(|(first, second, share)| Others {
            first,
            second,
            share,
        });
        let row = [5, 1, 8];
        let lateness = |with: bool| -> f64 {
            let each = others.iter().zip(row).map(|(others, own)| {
                let mut sorted = vec![others.first, others.second];
                sorted.extend(with.then_some(own));
                sorted.sort_unstable();
                others.share * (0.7 * demand.late(sorted[0]) + 0.3 * demand.late(sorted[1]))
            });
            each.sum()
        };
        assert!((demand.saved(&row, &others) - (lateness(false) - lateness(true))).abs() < 1e-9);
    }
}
