//! Reported positions, kept by shift.

use super::StoreError;
use super::tx::Tx;
use entity::position;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QuerySelect,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// One position on its way in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewPosition {
    /// When, microseconds since the epoch.
    pub at: i64,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Metres.
    pub accuracy_m: Option<f64>,
    /// Nobody can have come there in the time.
    pub implausible: bool,
}

/// Keeps a position at the end of the group.
pub fn insert(tx: &Tx, courier: Uuid, shift: Uuid, new: &NewPosition, received_at: i64) {
    tx.insert(position::ActiveModel {
        id: NotSet,
        courier_id: Set(courier),
        shift_id: Set(shift),
        at: Set(new.at),
        lat: Set(new.lat),
        lon: Set(new.lon),
        accuracy_m: Set(new.accuracy_m),
        received_at: Set(received_at),
        implausible: Set(new.implausible),
    });
}

/// The instants of a shift's positions between two, both included: what a phone sends again is known by them.
pub async fn instants(
    conn: &impl ConnectionTrait,
    shift: Uuid,
    from: i64,
    to: i64,
) -> Result<HashSet<i64>, StoreError> {
    let found: Vec<i64> = position::Entity::find()
        .select_only()
        .column(position::Column::At)
        .filter(position::Column::ShiftId.eq(shift))
        .filter(position::Column::At.between(from, to))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(found.into_iter().collect())
}

/// How many of a shift's positions nobody can have come to, for shifts that have any.
pub async fn implausible(
    conn: &impl ConnectionTrait,
    shifts: Vec<Uuid>,
) -> Result<HashMap<Uuid, i64>, StoreError> {
    let found: Vec<(Uuid, i64)> = position::Entity::find()
        .select_only()
        .column(position::Column::ShiftId)
        .column_as(position::Column::Id.count(), "count")
        .filter(position::Column::ShiftId.is_in(shifts))
        .filter(position::Column::Implausible.eq(true))
        .group_by(position::Column::ShiftId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(found.into_iter().collect())
}
