//! Working time: its start, and where the courier is in it. Its end is in `shift_end`.

use super::{Base, cut, invalid};
use crate::app::App;
use crate::app::error::Error;
use crate::app::unit::Unit;
use crate::store::deliveries::{instant, micros};
use crate::store::positions::{self, NewPosition};
use crate::store::tx::Tx;
use crate::store::{sessions, shifts};
use callahead_domain::geo::is_plausible;
use callahead_domain::geo::point::Point;
use callahead_domain::id::{CourierId, ShiftId};
use chrono::{DateTime, Duration, Utc};
use entity::shift;
use sea_orm::IntoActiveModel;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The shortest shift.
const SHORTEST_MIN: i64 = 5;
/// The longest shift.
const LONGEST_H: i64 = 16;
/// Most parcels on a courier's hands.
const MOST_PARCELS: i32 = 500;
/// What a phone did a little before its shift started is taken as done in it.
pub(super) const BEFORE_START_MIN: i64 = 5;
/// A phone's clock may run ahead this much.
pub(super) const AHEAD_S: i64 = 60;

/// A shift.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CourierShiftView {
    /// `shf_…`
    pub id: String,
    /// Since when.
    pub started_at: DateTime<Utc>,
    /// Until when it is meant to last.
    pub ends_at: DateTime<Utc>,
    /// When it ended; null while it is open.
    pub ended_at: Option<DateTime<Utc>>,
    /// Parcels at most.
    pub capacity: i32,
    /// A break lasts until then; null while there is none.
    pub break_until: Option<DateTime<Utc>>,
}

/// How a shift is shown.
pub(super) fn view(row: &shift::Model) -> CourierShiftView {
    CourierShiftView {
        id: ShiftId::from_uuid(row.id).to_string(),
        started_at: instant(row.started_at),
        ends_at: instant(row.ends_at),
        ended_at: row.ended_at.map(instant),
        capacity: row.capacity,
        break_until: row.break_until.map(instant),
    }
}

pub(super) fn no_shift() -> Error {
    Error::rule("no_shift", "No shift is open.")
}

/// What a courier says when they start.
#[derive(Debug, Clone, Copy)]
pub struct NewShift {
    /// The end they mean.
    pub ends_at: DateTime<Utc>,
    /// Where they are.
    pub point: Option<Point>,
    /// Parcels at most; the courier's own if absent.
    pub capacity: Option<i32>,
}

/// Starts a shift.
///
/// # Errors
/// `invalid` for an end out of bounds, `shift_open` when one is open.
pub async fn start(app: &App, courier: CourierId, new: NewShift) -> Result<CourierShiftView, Error> {
    let base = Base::new(app, courier);
    let new = NewShift { ends_at: cut(new.ends_at), ..new };
    let (earliest, latest) =
        (base.now + Duration::minutes(SHORTEST_MIN), base.now + Duration::hours(LONGEST_H));
    if new.ends_at <= earliest || new.ends_at >= latest {
        return Err(invalid(
            "ends_at",
            format!("A shift lasts {SHORTEST_MIN} minutes to {LONGEST_H} hours."),
        ));
    }
    if new.capacity.is_some_and(|capacity| !(1..=MOST_PARCELS).contains(&capacity)) {
        return Err(invalid("capacity", format!("1 to {MOST_PARCELS} parcels.")));
    }
    let id = base.ids.make(ShiftId::from_parts);
    let started = app.lanes.write(Start { base, id, new }).await;
    let row = started.map_err(|error| match error {
        Error::Conflict { constraint } if constraint == shifts::ONE_OPEN => shift_open(),
        other => other,
    })?;
    app.bells.dispatch.notify_one();
    Ok(view(&row))
}

fn shift_open() -> Error {
    Error::rule("shift_open", "A shift is open already.")
}

#[derive(Debug)]
struct Start {
    base: Base,
    id: ShiftId,
    new: NewShift,
}

impl Unit for Start {
    type Output = shift::Model;

    fn key(&self) -> Uuid {
        self.base.courier.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<shift::Model, Error> {
        let courier = self.base.courier.uuid();
        if shifts::open_of(tx.reader(), courier).await?.is_some() {
            return Err(shift_open());
        }
        let known = sessions::courier(tx.reader(), courier).await?.filter(|row| row.active);
        let known =
            known.ok_or_else(|| Error::rule("forbidden", "This courier does not work here any more."))?;
        let row = shift::Model {
            id: self.id.uuid(),
            courier_id: courier,
            started_at: micros(self.base.now),
            ends_at: micros(self.new.ends_at),
            ended_at: None,
            capacity: self.new.capacity.unwrap_or(known.capacity),
            lat: self.new.point.map(Point::lat),
            lon: self.new.point.map(Point::lon),
            position_at: self.new.point.map(|_| micros(self.base.now)),
            break_until: None,
            run: "[]".to_owned(),
            version: 1,
        };
        tx.insert(row.clone().into_active_model());
        Ok(row)
    }
}

/// The open shift.
///
/// # Errors
/// When the database cannot be asked.
pub async fn current(app: &App, courier: CourierId) -> Result<Option<CourierShiftView>, Error> {
    Ok(shifts::open_of(app.db.read(), courier.uuid()).await?.as_ref().map(view))
}

/// A reported position.
#[derive(Debug, Clone, Copy)]
pub struct Reported {
    /// When, by the phone's clock.
    pub at: DateTime<Utc>,
    /// Where.
    pub point: Point,
    /// Metres.
    pub accuracy_m: Option<f64>,
}

/// What became of reported positions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lie within the shift.
    pub accepted: usize,
    /// Of these, nobody can have come there in the time: kept, and not believed.
    pub implausible: usize,
}

/// Keeps positions. Those outside the shift, and those sent before, are passed over; those nobody can have come to in
/// the time are kept and marked, and nothing is planned from them.
///
/// # Errors
/// `no_shift` when the courier never had one.
pub async fn report(app: &App, courier: CourierId, reported: Vec<Reported>) -> Result<Taken, Error> {
    let (taken, place) = app.lanes.write(Report { base: Base::new(app, courier), reported }).await?;
    if place.is_some_and(|place| app.planned.has_moved(courier, place)) {
        app.bells.dispatch.notify_one();
    }
    Ok(taken)
}

#[derive(Debug)]
struct Report {
    base: Base,
    reported: Vec<Reported>,
}

impl Unit for Report {
    /// And the last place believed.
    type Output = (Taken, Option<Point>);

    fn key(&self) -> Uuid {
        self.base.courier.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<(Taken, Option<Point>), Error> {
        let Base { courier, now, .. } = &self.base;
        let shift = shifts::latest_of(tx.reader(), courier.uuid()).await?.ok_or_else(no_shift)?;
        let first = instant(shift.started_at) - Duration::minutes(BEFORE_START_MIN);
        let last = shift.ended_at.map_or(*now + Duration::seconds(AHEAD_S), instant);
        let within = |report: &&Reported| first <= report.at && report.at <= last;
        let mut fits: Vec<&Reported> = self.reported.iter().filter(within).collect();
        fits.sort_by_key(|report| report.at);
        let times = fits.iter().map(|report| micros(report.at));
        let (Some(from), Some(to)) = (times.clone().min(), times.max()) else {
            return Ok((Taken::default(), None));
        };
        let mut known = positions::instants(tx.reader(), shift.id, from, to).await?;
        let mut taken = Taken { accepted: fits.len(), implausible: 0 };
        let mut believed = last_place(&shift);
        for report in fits {
            let implausible = believed.is_some_and(|known| !can_be(known, report));
            taken.implausible += usize::from(implausible);
            if !implausible {
                believed = Some((report.point, report.at, report.accuracy_m.unwrap_or_default()));
            }
            if known.insert(micros(report.at)) {
                let new = NewPosition {
                    at: micros(report.at),
                    lat: report.point.lat(),
                    lon: report.point.lon(),
                    accuracy_m: report.accuracy_m,
                    implausible,
                };
                positions::insert(tx, courier.uuid(), shift.id, &new, micros(*now));
            }
        }
        if let Some((point, at, _)) = believed {
            shifts::move_to(tx, shift.id, point, micros(at)).await?;
        }
        Ok((taken, believed.map(|(point, ..)| point)))
    }
}

/// Where a courier was, when, and how exactly that is known in metres.
type Believed = (Point, DateTime<Utc>, f64);

/// The place of a shift that was believed last.
fn last_place(shift: &shift::Model) -> Option<Believed> {
    let point = shift.lat.zip(shift.lon).and_then(|(lat, lon)| Point::new(lat, lon).ok())?;
    Some((point, instant(shift.position_at?), 0.0))
}

fn can_be((point, at, accuracy_m): Believed, report: &Reported) -> bool {
    is_plausible(point, report.point, report.at - at, accuracy_m + report.accuracy_m.unwrap_or_default())
}
