//! Who is on duty: open shifts with what their couriers hold.

use super::view::{NamedView, PointView};
use super::{App, Error};
use crate::store::deliveries::{self, instant};
use crate::store::positions;
use callahead_domain::id::{CourierId, DeliveryId, ShiftId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A courier on duty.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShiftView {
    /// `shf_…`
    pub id: String,
    /// Who.
    pub courier: NamedView,
    /// Since.
    pub started_at: DateTime<Utc>,
    /// Until.
    pub ends_at: DateTime<Utc>,
    /// Parcels at once.
    pub capacity: i32,
    /// A break lasts until then; null while there is none.
    pub break_until: Option<DateTime<Utc>>,
    /// Last seen.
    pub position: Option<PointView>,
    /// When.
    pub position_at: Option<DateTime<Utc>>,
    /// Reported places nobody can have come to in the time: a receiver that jumps, or a phone that does not tell the
    /// truth.
    pub implausible_positions: i64,
    /// Deliveries on the run, offered ones included.
    pub deliveries: Vec<String>,
}

impl App {
    /// Open shifts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shifts_on_duty(&self) -> Result<Vec<ShiftView>, Error> {
        let shifts = crate::store::shifts::open(self.db.read()).await?;
        let couriers: Vec<_> = shifts.iter().map(|shift| shift.courier_id).collect();
        let carried = deliveries::of_couriers(self.db.read(), couriers).await?;
        let ids = shifts.iter().map(|shift| shift.id).collect();
        let jumps = positions::implausible(self.db.read(), ids).await?;
        let mut views = Vec::with_capacity(shifts.len());
        for shift in shifts {
            let name =
                crate::store::couriers::name(self.db.read(), shift.courier_id).await?.unwrap_or_default();
            let held = carried.iter().filter(|loaded| loaded.row.courier_id == Some(shift.courier_id));
            views.push(ShiftView {
                id: ShiftId::from_uuid(shift.id).to_string(),
                courier: NamedView { id: CourierId::from_uuid(shift.courier_id).to_string(), name },
                started_at: instant(shift.started_at),
                ends_at: instant(shift.ends_at),
                capacity: shift.capacity,
                break_until: shift.break_until.map(instant),
                position: shift.lat.zip(shift.lon).map(|(lat, lon)| PointView { lat, lon }),
                position_at: shift.position_at.map(instant),
                implausible_positions: jumps.get(&shift.id).copied().unwrap_or(0),
                deliveries: held.map(|loaded| DeliveryId::from_uuid(loaded.row.id).to_string()).collect(),
            });
        }
        Ok(views)
    }
}
