//! Breaks within a shift: nothing new is given to a courier until it is over, and what is theirs waits behind it.

use super::shift::{CourierShiftView, no_shift, view};
use super::{Base, invalid};
use crate::app::App;
use crate::app::error::Error;
use crate::app::unit::Unit;
use crate::store::deliveries::{self, micros};
use crate::store::guard::guarded_update;
use crate::store::shifts;
use crate::store::tx::Tx;
use callahead_domain::delivery::state::Stage;
use callahead_domain::id::CourierId;
use chrono::Duration;
use entity::shift;
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

/// The longest break, in minutes.
const LONGEST_MIN: i64 = 120;

/// Starts a break of so many minutes from now, or gives one that runs another end.
///
/// # Errors
/// `invalid` for a length out of bounds, `no_shift`, `on_the_way` while a customer counts on the courier's arrival.
pub async fn begin(app: &App, courier: CourierId, minutes: i64) -> Result<CourierShiftView, Error> {
    if !(1..=LONGEST_MIN).contains(&minutes) {
        return Err(invalid("minutes", format!("A break lasts 1 to {LONGEST_MIN} minutes.")));
    }
    write(app, courier, Some(minutes)).await
}

/// Ends a break. Without one nothing happens.
///
/// # Errors
/// `no_shift`.
pub async fn end(app: &App, courier: CourierId) -> Result<CourierShiftView, Error> {
    write(app, courier, None).await
}

async fn write(app: &App, courier: CourierId, minutes: Option<i64>) -> Result<CourierShiftView, Error> {
    let row = app.lanes.write(Break { base: Base::new(app, courier), minutes }).await?;
    app.bells.dispatch.notify_one();
    Ok(view(&row))
}

#[derive(Debug)]
struct Break {
    base: Base,
    /// None to end it.
    minutes: Option<i64>,
}

impl Unit for Break {
    type Output = shift::Model;

    fn key(&self) -> Uuid {
        self.base.courier.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<shift::Model, Error> {
        let Base { courier, now, .. } = &self.base;
        let open = shifts::open_of(tx.reader(), courier.uuid()).await?.ok_or_else(no_shift)?;
        if self.minutes.is_some() {
            let mine = deliveries::of_couriers(tx.reader(), vec![courier.uuid()]).await?;
            let busy = |stage: &Stage| matches!(stage, Stage::EnRoute { .. } | Stage::AtDoor { .. });
            if mine.iter().any(|loaded| busy(&loaded.delivery.stage)) {
                let detail = "You are on the way to a door, or at it: finish there first.";
                return Err(Error::rule("on_the_way", detail));
            }
        }
        let break_until = self.minutes.map(|minutes| micros(*now + Duration::minutes(minutes)));
        if break_until == open.break_until {
            return Ok(open);
        }
        let row =
            shift::ActiveModel { id: Set(open.id), break_until: Set(break_until), ..Default::default() };
        guarded_update(tx, row, open.version).await?.ok()?;
        Ok(shift::Model { break_until, version: open.version + 1, ..open })
    }
}
