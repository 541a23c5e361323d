//! A leg a courier finished: from where they set off to a door.

use sea_orm::entity::prelude::*;

/// A leg a courier finished: from where they set off to a door.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "leg")]
pub struct Model {
    /// Key of the delivery it led to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: Uuid,
    /// Microseconds since the epoch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub set_off_at: i64,
    /// Microseconds since the epoch.
    pub arrived_at: i64,
    /// Key of the courier.
    pub courier_id: Uuid,
    /// Key of the region it ended in.
    pub region_id: Uuid,
    /// Vehicle.
    pub vehicle: String,
    /// Hour of the day at which it began, in the region's zone.
    pub hour: i32,
    /// Great circle metres.
    pub metres: i64,
    /// From setting off to arriving.
    pub seconds: i64,
}

/// None: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
