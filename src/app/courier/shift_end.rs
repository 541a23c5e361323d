//! The end of a shift, by the courier or by the clock: what is not collected goes back to assignment, what is carried
//! stays with whoever carries it, and the shift closes once their hands are empty.

use super::shift::{CourierShiftView, no_shift, view};
use super::{Base, holds};
use crate::app::App;
use crate::app::book::Book;
use crate::app::change::{Asked, carry_out_loaded};
use crate::app::error::Error;
use crate::app::ids::Ids;
use crate::app::unit::Unit;
use crate::store::deliveries::{self, Loaded, micros};
use crate::store::guard::guarded_update;
use crate::store::shifts;
use crate::store::tx::Tx;
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::delivery::state::Stage;
use callahead_domain::id::CourierId;
use chrono::{DateTime, Utc};
use entity::shift;
use futures_util::future::join_all;
use sea_orm::ActiveValue::Set;
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// Why a delivery is taken back when its courier's shift ends.
const SHIFT_ENDED: &str = "shift_ended";
/// Why a delivery is taken back from a courier who has no shift.
const OFF_DUTY: &str = "courier_off_duty";
/// Deliveries without a working courier taken back in one sweep.
const MOST_STRAYS: u64 = 500;

/// Ends the shift. What is assigned or offered but not collected goes back to assignment, whether or not parcels are
/// held; while they are, the shift stays open, and nothing new is given to this courier.
///
/// # Errors
/// `no_shift`; `holding_parcels` with the deliveries held.
pub async fn end(app: &App, courier: CourierId) -> Result<CourierShiftView, Error> {
    let unit = End { base: Base::new(app, courier), book: app.book.get(), over_only: false };
    let ended = app.lanes.write(unit).await?;
    app.bells.ring();
    match ended {
        Ended::Closed(row) => Ok(view(&row)),
        Ended::Holding(held) => {
            let detail = format!(
                "{} deliveries are still held: hand over, return or transfer them first.",
                held.len()
            );
            Err(Error::rule("holding_parcels", detail).fact("deliveries", held))
        }
        Ended::Running => Err(no_shift()),
    }
}

/// What became of a shift.
#[derive(Debug)]
enum Ended {
    /// It is over.
    Closed(shift::Model),
    /// These deliveries are still carried.
    Holding(Vec<String>),
    /// There is nothing to end: its time is not over, or it is closed.
    Running,
}

#[derive(Debug)]
struct End {
    base: Base,
    book: Arc<Book>,
    /// Only where the shift's time is over.
    over_only: bool,
}

impl Unit for End {
    type Output = Ended;

    fn key(&self) -> Uuid {
        self.base.courier.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<Ended, Error> {
        let Base { courier, now, ids } = &self.base;
        ids.restart();
        let Some(open) = shifts::open_of(tx.reader(), courier.uuid()).await? else {
            return Ok(Ended::Running);
        };
        if self.over_only && open.ends_at > micros(*now) {
            return Ok(Ended::Running);
        }
        let mine = deliveries::of_couriers(tx.reader(), vec![courier.uuid()]).await?;
        for loaded in mine.iter().filter(|loaded| !holds(&loaded.delivery, *courier)) {
            take_back(tx, loaded, SHIFT_ENDED, *now, &self.book, ids).await?;
        }
        let held = mine.iter().filter(|loaded| holds(&loaded.delivery, *courier));
        let held: Vec<String> = held.map(|loaded| loaded.delivery.id.to_string()).collect();
        if held.is_empty() {
            return close(tx, open, *now).await.map(Ended::Closed);
        }
        if open.ends_at > micros(*now) {
            // Assignment gives nothing to somebody whose time is over.
            let row =
                shift::ActiveModel { id: Set(open.id), ends_at: Set(micros(*now)), ..Default::default() };
            guarded_update(tx, row, open.version).await?.ok()?;
        }
        Ok(Ended::Holding(held))
    }
}

async fn close(tx: &Tx, open: shift::Model, now: DateTime<Utc>) -> Result<shift::Model, Error> {
    let (ended_at, run) = (Some(micros(now)), "[]".to_owned());
    let row = shift::ActiveModel {
        id: Set(open.id),
        ended_at: Set(ended_at),
        run: Set(run.clone()),
        ..Default::default()
    };
    guarded_update(tx, row, open.version).await?.ok()?;
    Ok(shift::Model { ended_at, run, version: open.version + 1, ..open })
}

async fn take_back(
    tx: &Tx,
    loaded: &Loaded,
    reason: &str,
    now: DateTime<Utc>,
    book: &Book,
    ids: &Ids,
) -> Result<(), Error> {
    let asked = Asked {
        delivery: loaded.delivery.id,
        command: Command::Unassign { reason: reason.to_owned() },
        actor: Actor::System,
        now,
        occurred_at: now,
        expect: None,
    };
    carry_out_loaded(tx, loaded, &asked, book, ids).await.map(drop)
}

/// A delivery that is assigned to somebody who does not work.
#[derive(Debug)]
struct Stray {
    delivery: Uuid,
    now: DateTime<Utc>,
    book: Arc<Book>,
    ids: Ids,
}

impl Unit for Stray {
    type Output = bool;

    fn key(&self) -> Uuid {
        self.delivery
    }

    async fn run(&self, tx: &Tx) -> Result<bool, Error> {
        self.ids.restart();
        let loaded = deliveries::by_id(tx.reader(), self.delivery).await?.ok_or(Error::Missing)?;
        let Stage::Assigned { courier } = loaded.delivery.stage else { return Ok(false) };
        if shifts::open_of(tx.reader(), courier.uuid()).await?.is_some() {
            return Ok(false);
        }
        take_back(tx, &loaded, OFF_DUTY, self.now, &self.book, &self.ids).await?;
        Ok(true)
    }
}

impl App {
    /// Ends the shifts whose time is over at `now`, and takes back what is assigned to couriers who do not work. Answers
    /// how much was changed; a courier who still carries parcels keeps them, and the shift, until they are given away.
    ///
    /// # Errors
    /// When the database cannot be reached; what was changed until then stays so.
    pub async fn end_shifts(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let over = self.shifts_to_end(now).await?;
        let ending = over.into_iter().map(|courier| {
            let base = Base { courier, now, ids: Ids::new(now, self.entropy.as_ref()) };
            self.lanes.write(End { base, book: self.book.get(), over_only: true })
        });
        let mut changed = 0_usize;
        for ended in join_all(ending).await {
            match ended {
                Ok(Ended::Closed(_) | Ended::Holding(_)) => changed += 1,
                // Somebody else changed it at the same time: the next look tells.
                Ok(Ended::Running) | Err(Error::Stale | Error::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        let strays = shifts::strays(self.db.read(), MOST_STRAYS).await?;
        let taking = strays.into_iter().map(|delivery| {
            let ids = Ids::new(now, self.entropy.as_ref());
            self.lanes.write(Stray { delivery, now, book: self.book.get(), ids })
        });
        for taken in join_all(taking).await {
            match taken {
                Ok(taken) => changed += usize::from(taken),
                Err(Error::Stale | Error::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        if changed > 0 {
            self.bells.ring();
        }
        Ok(changed)
    }

    /// Couriers whose time is over and for whom something is left to do: parcels to take back, or a shift to close.
    async fn shifts_to_end(&self, now: DateTime<Utc>) -> Result<Vec<CourierId>, Error> {
        let over = shifts::over(self.db.read(), micros(now)).await?;
        if over.is_empty() {
            return Ok(Vec::new());
        }
        let theirs = deliveries::of_couriers(self.db.read(), over.clone()).await?;
        let (mut holding, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        for loaded in &theirs {
            if let Some(courier) = loaded.delivery.stage.courier() {
                let all = if holds(&loaded.delivery, courier) { &mut holding } else { &mut waiting };
                all.insert(courier);
            }
        }
        let over = over.into_iter().map(CourierId::from_uuid);
        Ok(over.filter(|courier| waiting.contains(courier) || !holding.contains(courier)).collect())
    }
}
