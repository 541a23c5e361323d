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

/// What a courier has to be fit for, and a delivery may need. The wire and column name is the lower-case word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skill {
    /// Takes cash at the door.
    Cash,
    /// Keeps parcels cold.
    Cold,
    /// Carries heavy pieces.
    Heavy,
    /// Checks papers at the door.
    Id,
}

impl Skill {
    /// Every skill, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Cash, Self::Cold, Self::Heavy, Self::Id];

    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Cold => "cold",
            Self::Heavy => "heavy",
            Self::Id => "id",
        }
    }

    /// From the wire name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|skill| skill.name() == name)
    }
}
