//! One reported position of a courier.

use sea_orm::entity::prelude::*;

/// One reported position of a courier.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "position")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Key of the courier.
    pub courier_id: Uuid,
    /// Key of the shift.
    pub shift_id: Uuid,
    /// Microseconds since the epoch.
    pub at: i64,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Metres.
    pub accuracy_m: Option<f64>,
    /// Microseconds since the epoch.
    pub received_at: i64,
    /// Nobody can have come there in the time.
    pub implausible: bool,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
