//! A second opinion on routes, where the model cannot say in full what they cost or whether they may be driven: travel
//! times that change with the hour, stops the model leaves out.

use super::model::Stop;

/// Judges single routes. The same vehicle and stops are always judged alike.
pub trait Judge {
    /// What a vehicle's route costs, its requests' prices included; `None` if it may not go so. The stops are all of
    /// its stops in order, the prefix among them. No cost is below zero.
    fn judge(&mut self, vehicle: u32, stops: &mut dyn Iterator<Item = Stop>) -> Option<f64>;
}
