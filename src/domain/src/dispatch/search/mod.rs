//! The optimiser: pick-ups and drop-offs put on routes, as well as the budget allows.
//!
//! # The interface
//!
//! A [`Model`] holds [`Request`]s (a pick-up, a drop-off, or both), [`Vehicle`]s and [`Terms`]: what counts. Places are
//! numbers; a [`Travel`] tells time and cost between two of them ([`Plane`] from coordinates, [`Matrix`] from a table).
//! Times are in any unit, as long as it is one, and costs likewise. [`solve()`] gives a [`Solution`]: for every
//! vehicle its stops in order. It builds a plan first and improves it until the [`Budget`] is spent:
//!
//! - a static problem: no start, [`Acceptance::Annealed`], a clock as the budget;
//! - a rolling one: the plan of the last epoch as the start, [`Acceptance::Steady`], a few hundred [`Rounds`]. Stops that
//!   are promised go into [`Vehicle::prefix`]; what is on board and not promised in order is a request with a
//!   drop-off alone that only that vehicle may carry. Stability is [`Request::preferred`].
//!
//! [`timetable()`] tells when the stops of a route happen. [`check_solution()`] re-derives everything with code of its
//! own.
//!
//! The two halves of [`solve()`] can be had alone: [`first()`] builds, and [`improve()`] goes on from a plan, asking a
//! [`Judge`] about every route it would accept.
//!
//! # What is minimised
//!
//! The sum of: what requests left out cost; what vehicles in use cost; for each leg its cost times
//! [`Terms::driving`]; for each stop its lateness and the time from `since` to its start, by the weights of the [`Visit`];
//! waiting; requests beyond those included; changes of vehicle. A weight well above all others makes an objective come
//! first: [`UNASSIGNED_COST`], a large [`Vehicle::fixed_cost`]. Keep such weights below 1e10 times the smallest difference
//! that matters; costs are doubles.
//!
//! # Inside
//!
//! `core` is the model in dense form; `route` drives a route and remembers what trials need; `insertion` finds the
//! cheapest place for a request in a route, in constant time per place if windows are hard and only the way counts;
//! `state` is the plan being worked on, with the way back; `ruin` takes strings of stops out, `recreate` puts requests
//! back, `solve` accepts or undoes; `fleet` gives routes up.
#![expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "the numeric core: indexes are dense, made and checked in `Model::check` and `Core::new`"
)]

mod budget;
mod checker;
mod core;
mod fleet;
mod insertion;
mod judge;
mod model;
mod recreate;
mod rng;
mod route;
mod ruin;
mod solution;
mod solve;
mod state;
#[cfg(test)]
mod tests;
mod travel;

pub use budget::{Budget, Rounds};
pub use checker::{Flaw, check_solution};
pub use judge::Judge;
pub use model::{
    Allowed, End, Model, ModelFault, Part, Request, SamePlace, Stop, Terms, UNASSIGNED_COST, Vehicle, Visit,
};
pub use ruin::Ruin;
pub use solution::{Score, Solution, Timing, timetable};
pub use solve::{Acceptance, Settings, first, improve, solve};
pub use travel::{Matrix, Plane, Travel};
