//! Who carries what, in which order: the assignment engine. Pure and deterministic; time and travel are inputs.
//!
//! # The interface
//!
//! A caller takes a snapshot of one region's couriers and open deliveries, a [`Problem`], and asks one of five
//! questions. None of them changes anything; what comes back is a proposal the caller acts on or throws away.
//!
//! - [`plan()`]: everybody's runs with the open deliveries worked in, and for every delivery that was not placed a
//!   coded reason per courier. Runs are tentative beyond what must leave now: offer each courier the first of
//!   their assignments, keep the rest for the next epoch, and ask again with the newer snapshot.
//! - [`explain()`]: what each courier would mean for one delivery, best first. "Why not courier 7" is answered here.
//! - [`resequence()`]: one courier's run after something changed (an answer, a hold), without new deliveries.
//! - [`schedule()`]: when the stops of a run happen, in the order given.
//! - [`what_if()`]: what a dispatcher's own decision would do to a courier's run, and which rules it would break.
//!
//! [`cost()`] is what a plan costs: the number the engine makes small. [`check()`] re-derives everything a plan claims with code of its own. It is run over plans in tests and may be
//! run in service; whoever improves the engine keeps it silent.
//!
//! # What a run is
//!
//! A courier stands at `at`, is free at `free_at`, holds `on_board` units and has `stops` in order. The first `fixed`
//! stops are promised or under way: nothing is put before them and they are not moved. A pick-up waits for its
//! ready time, a drop-off for the start of its window or the end of its hold; both through `not_before`. A promise is
//! `due`, and is kept if the stop starts by then. Pick-ups at one place in a row cost one service.
//!
//! # Inside
//!
//! `rules` has one file per reason to refuse, each with its code; `schedule` walks a run through time; `insertion`
//! finds the cheapest place for a delivery in a run; `engine` decides who gets it; `legs` remembers travel times.
//!
//! [`search`] is the optimiser on numbers alone, for static problems and rolling ones; [`formats`] reads files of them.

pub mod checker;
pub mod cost;
mod draft;
pub mod engine;
pub mod explain;
pub mod formats;
mod insertion;
mod legs;
mod live;
#[cfg(test)]
mod live_tests;
mod nearby;
pub mod plan;
pub mod problem;
pub mod resequence;
pub mod rules;
pub mod schedule;
pub mod search;
mod terms;
#[cfg(test)]
mod tests;
pub mod weights;
pub mod what_if;

pub use checker::{Breach, Violation, check};
pub use cost::cost;
pub use engine::{plain, plan};
pub use explain::{Explained, Verdict, explain};
pub use plan::{Assignment, Plan, Run, Unassigned};
pub use problem::{Clearance, CourierState, OpenDelivery, Problem, Stop, StopKind};
pub use resequence::resequence;
pub use rules::Refusal;
pub use schedule::{PlannedStop, schedule};
pub use weights::Weights;
pub use what_if::{Effect, WhatIf, what_if, what_if_without};
