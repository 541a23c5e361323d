//! Files of problems: published instances and our own JSON. Text in, a model out; faults name the line and the field.

mod benchmark;
mod fault;
pub mod json;
pub mod li_lim;
mod lines;
pub mod solomon;
mod task;

pub use benchmark::{Benchmark, REQUEST_COST, VEHICLE_COST};
pub use fault::{FormatFault, Problem};
#[cfg(test)]
mod tests;
