//! A finished leg, from setting off to arriving at a door, kept so that speeds are learned from it. It is written in the
//! transaction of the arrival, which happens once however often a phone sends it.

use crate::app::book::Book;
use crate::app::error::Error;
use crate::store::deliveries::{Loaded, instant, micros};
use crate::store::tx::Tx;
use crate::store::{legs, sessions};
use callahead_domain::courier::Vehicle;
use callahead_domain::delivery::state::Stage;
use callahead_domain::geo::travel::speeds::is_telling;
use callahead_domain::id::CourierId;
use chrono::{DateTime, Duration, Timelike, Utc};
use entity::leg;
use uuid::Uuid;

/// Where somebody was so long before they set off is where they set off from.
const STOOD_MIN: i64 = 2;

/// Keeps the leg that ends with this arrival, if it says anything: it is known when and from where the courier set off,
/// they came to no other door meanwhile, and the speed is one their vehicle makes.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn keep(
    tx: &Tx,
    before: &Loaded,
    (courier, shift): (CourierId, Uuid),
    arrived: DateTime<Utc>,
    book: &Book,
) -> Result<(), Error> {
    let delivery = &before.delivery;
    let (Stage::EnRoute { .. }, Some(door), Some(pin)) = (&delivery.stage, delivery.place, delivery.region)
    else {
        return Ok(());
    };
    let (conn, courier_id) = (tx.reader(), courier.uuid());
    let Some(set_off_at) = legs::set_off_at(conn, before.row.id).await? else { return Ok(()) };
    let set_off = instant(set_off_at);
    let stood = micros(set_off - Duration::minutes(STOOD_MIN));
    let Some(from) = legs::place_between(conn, shift, stood, set_off_at).await? else { return Ok(()) };
    let row = sessions::courier(conn, courier_id).await?;
    let Some(vehicle) = row.and_then(|row| Vehicle::parse(&row.vehicle)) else { return Ok(()) };
    let (metres, seconds) = (from.distance_m(door), (arrived - set_off).num_seconds());
    if !is_telling(vehicle, metres, seconds) || legs::ended_after(conn, courier_id, set_off_at).await? {
        return Ok(());
    }
    let zone = book.policy(Some(pin.region), delivery.shop).time_zone;
    let hour = set_off.with_timezone(&zone).hour();
    legs::insert(
        tx,
        leg::Model {
            delivery_id: before.row.id,
            set_off_at,
            arrived_at: micros(arrived),
            courier_id,
            region_id: pin.region.uuid(),
            vehicle: vehicle.name().to_owned(),
            hour: i32::try_from(hour).map_err(Error::internal)?,
            metres: callahead_domain::geo::whole_metres(metres),
            seconds,
        },
    );
    Ok(())
}
