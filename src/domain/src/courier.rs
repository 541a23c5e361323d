//! Couriers and their shifts.

use serde::{Deserialize, Serialize};

/// How a courier moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vehicle {
    /// On foot.
    Foot,
    /// Bicycle.
    Bicycle,
    /// Scooter or motorcycle.
    Scooter,
    /// Car or van.
    Car,
}

impl Vehicle {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Foot, Self::Bicycle, Self::Scooter, Self::Car];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Foot => "foot",
            Self::Bicycle => "bicycle",
            Self::Scooter => "scooter",
            Self::Car => "car",
        }
    }

    /// From the wire name.
    pub fn parse(name: &str) -> Option<Vehicle> {
        Self::ALL.into_iter().find(|vehicle| vehicle.name() == name)
    }
}
