//! What is counted on a day.

use serde::Serialize;

/// What was counted over couriers. Sums; shares are made in [`super::figures`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Parcels handed over.
    pub delivered: f64,
    /// Doors gone to at least once.
    pub doors: f64,
    /// Of these, opened the first time.
    pub first_opened: f64,
    /// All attempts at doors.
    pub attempts: f64,
    /// Parcels brought back after an attempt.
    pub brought_back: f64,
    /// Parcels brought back that nobody was gone to with.
    pub not_gone_to: f64,
    /// Customers told a time after they had answered.
    pub told: f64,
    /// Of these, those for whom the arrival was more than 10 minutes from it.
    pub moved: f64,
    /// Customers who asked for a time later today.
    pub later: f64,
    /// Of these, those who were not gone to any more.
    pub later_missed: f64,
    /// Calls made.
    pub calls: f64,
    /// Questions and reminders sent.
    pub notices: f64,
    /// Minutes at work, from setting off to having given back what is left.
    pub minutes: f64,
    /// Of these, minutes of waiting for a time to come.
    pub waited: f64,
    /// Of these, minutes of driving.
    pub driven: f64,
    /// Of these, minutes at doors that were opened.
    pub at_open: f64,
    /// Of these, minutes at doors nobody opened.
    pub at_closed: f64,
    /// Of these, minutes of calling.
    pub calling: f64,
    /// Metres driven.
    pub metres: f64,
}

impl Tally {
    /// Adds another courier's.
    pub fn add(&mut self, other: &Tally) {
        let pairs = [
            (&mut self.delivered, other.delivered),
            (&mut self.doors, other.doors),
            (&mut self.first_opened, other.first_opened),
            (&mut self.attempts, other.attempts),
            (&mut self.brought_back, other.brought_back),
            (&mut self.not_gone_to, other.not_gone_to),
            (&mut self.told, other.told),
            (&mut self.moved, other.moved),
            (&mut self.later, other.later),
            (&mut self.later_missed, other.later_missed),
            (&mut self.calls, other.calls),
            (&mut self.notices, other.notices),
            (&mut self.minutes, other.minutes),
            (&mut self.waited, other.waited),
            (&mut self.driven, other.driven),
            (&mut self.at_open, other.at_open),
            (&mut self.at_closed, other.at_closed),
            (&mut self.calling, other.calling),
            (&mut self.metres, other.metres),
        ];
        pairs.into_iter().for_each(|(sum, part)| *sum += part);
    }
}
