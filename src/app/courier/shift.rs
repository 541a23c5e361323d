//! Working time: start, end, and where the courier is in between.

use super::{Base, cut, holds, invalid};
use crate::app::App;
use crate::app::book::Book;
use crate::app::change::{Asked, carry_out_loaded};
use crate::app::error::Error;
use crate::app::unit::Unit;
use crate::store::deliveries::{self, instant, micros};
use crate::store::guard::guarded_update;
use crate::store::positions::{self, NewPosition};
use crate::store::tx::Tx;
use crate::store::{sessions, shifts};
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::geo::point::Point;
use callahead_domain::id::{CourierId, ShiftId};
use chrono::{DateTime, Duration, Utc};
use entity::shift;
use sea_orm::{ActiveValue::Set, IntoActiveModel};
use serde::Serialize;
use std::sync::Arc;
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
}

/// How a shift is shown.
pub(super) fn view(row: &shift::Model) -> CourierShiftView {
    CourierShiftView {
        id: ShiftId::from_uuid(row.id).to_string(),
        started_at: instant(row.started_at),
        ends_at: instant(row.ends_at),
        ended_at: row.ended_at.map(instant),
        capacity: row.capacity,
    }
}

fn no_shift() -> Error {
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

/// Ends the shift. What is assigned or offered but not collected goes back to assignment in the same transaction.
///
/// # Errors
/// `no_shift`; `holding_parcels` with the deliveries held.
pub async fn end(app: &App, courier: CourierId) -> Result<CourierShiftView, Error> {
    let unit = End { base: Base::new(app, courier), book: app.book.get() };
    let row = app.lanes.write(unit).await?;
    app.bells.ring();
    Ok(view(&row))
}

#[derive(Debug)]
struct End {
    base: Base,
    book: Arc<Book>,
}

impl Unit for End {
    type Output = shift::Model;

    fn key(&self) -> Uuid {
        self.base.courier.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<shift::Model, Error> {
        let Base { courier, now, ids } = &self.base;
        ids.restart();
        let open = shifts::open_of(tx.reader(), courier.uuid()).await?.ok_or_else(no_shift)?;
        let mine = deliveries::of_couriers(tx.reader(), vec![courier.uuid()]).await?;
        let held = mine.iter().filter(|loaded| holds(&loaded.delivery, *courier));
        let held: Vec<String> = held.map(|loaded| loaded.delivery.id.to_string()).collect();
        if !held.is_empty() {
            let detail = format!(
                "{} deliveries are still held: hand over, return or transfer them first.",
                held.len()
            );
            return Err(Error::rule("holding_parcels", detail).fact("deliveries", held));
        }
        for loaded in &mine {
            let command = Command::Unassign { reason: "shift_ended".to_owned() };
            let asked = Asked {
                delivery: loaded.delivery.id,
                command,
                actor: Actor::System,
                now: *now,
                occurred_at: *now,
                expect: None,
            };
            carry_out_loaded(tx, loaded, &asked, &self.book, ids).await?;
        }
        let row = shift::ActiveModel {
            id: Set(open.id),
            ended_at: Set(Some(micros(*now))),
            run: Set("[]".to_owned()),
            ..Default::default()
        };
        guarded_update(tx, row, open.version).await?.ok()?;
        Ok(shift::Model {
            ended_at: Some(micros(*now)),
            run: "[]".to_owned(),
            version: open.version + 1,
            ..open
        })
    }
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

/// Keeps positions; answers how many lie within the shift. Those outside it, and those sent before, are passed over.
///
/// # Errors
/// `no_shift` when the courier never had one.
pub async fn report(app: &App, courier: CourierId, reported: Vec<Reported>) -> Result<usize, Error> {
    app.lanes.write(Report { base: Base::new(app, courier), reported }).await
}

#[derive(Debug)]
struct Report {
    base: Base,
    reported: Vec<Reported>,
}

impl Unit for Report {
    type Output = usize;

    fn key(&self) -> Uuid {
        self.base.courier.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<usize, Error> {
        let Base { courier, now, .. } = &self.base;
        let shift = shifts::latest_of(tx.reader(), courier.uuid()).await?.ok_or_else(no_shift)?;
        let first = instant(shift.started_at) - Duration::minutes(BEFORE_START_MIN);
        let last = shift.ended_at.map_or(*now + Duration::seconds(AHEAD_S), instant);
        let within = |report: &&Reported| first <= report.at && report.at <= last;
        let fits: Vec<&Reported> = self.reported.iter().filter(within).collect();
        let times = fits.iter().map(|report| micros(report.at));
        let (Some(from), Some(to)) = (times.clone().min(), times.max()) else { return Ok(0) };
        let mut known = positions::instants(tx.reader(), shift.id, from, to).await?;
        for report in &fits {
            if !known.insert(micros(report.at)) {
                continue;
            }
            let new = NewPosition {
                at: micros(report.at),
                lat: report.point.lat(),
                lon: report.point.lon(),
                accuracy_m: report.accuracy_m,
            };
            positions::insert(tx, courier.uuid(), shift.id, &new, micros(*now));
        }
        if let Some(newest) = fits.iter().max_by_key(|report| report.at) {
            shifts::move_to(tx, shift.id, newest.point, micros(newest.at)).await?;
        }
        Ok(fits.len())
    }
}
