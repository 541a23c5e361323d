//! The meal delivery routing problem: the days Grubhub published, replayed minute by minute under their own rules.
//!
//! [`instance`] reads a day. [`world`] keeps its rules and asks a [`policy`] each minute what to do; what came of it is
//! a [`solution`], written as the files the instances' own evaluator reads. [`evaluate`] re-derives every rule and
//! figure from those files alone and shares nothing with the world but the reader.
//!
//! # Rules
//!
//! Whole minutes. A leg takes its straight line at the instance's speed, rounded up. An order is known from its
//! placement. A courier who has left for a restaurant gets there; until the pick-up the set of orders may change, all of
//! one restaurant. Half the pick-up service lies between arrival and pick-up, half between pick-up and departure, and so
//! at doors. Nothing is picked up before it is ready nor after the courier's shift; drop-offs may follow the shift.
//! An idle courier may be sent to a restaurant without an order, and is idle again once there.

pub mod coverage;
pub mod engine;
pub mod evaluate;
pub mod fifo;
pub mod greedy;
pub mod instance;
pub mod policy;
pub mod run;
pub mod solution;
pub mod world;
