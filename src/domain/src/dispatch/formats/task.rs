//! What a line says of a place, alike in all published instances.

use super::fault::{FormatFault, Problem};
use super::lines::Fields;
use crate::dispatch::search::Visit;

/// A place with its load and window. Time is distance.
pub(super) struct Task {
    /// Of the line, counted from 0.
    pub(super) line: usize,
    pub(super) number: u32,
    pub(super) point: (f64, f64),
    pub(super) demand: i32,
    pub(super) earliest: f64,
    pub(super) latest: f64,
    service: f64,
}

impl Task {
    /// Number, x, y, demand, earliest, latest, service.
    pub(super) fn read(line: usize, fields: &mut Fields<'_>) -> Result<Self, FormatFault> {
        let task = Self {
            line,
            number: fields.count("number")?,
            point: (fields.number("x")?, fields.number("y")?),
            demand: fields.whole("demand")?,
            earliest: fields.number("earliest time")?,
            latest: fields.number("latest time")?,
            service: fields.amount("service time")?,
        };
        match task.earliest <= task.latest {
            true => Ok(task),
            false => Err(Problem::Window(task.number).on(line)),
        }
    }

    /// The visit to it.
    pub(super) fn visit(&self, place: u32) -> Visit {
        Visit { earliest: self.earliest, latest: self.latest, service: self.service, ..Visit::at(place) }
    }
}
