//! One gesture: all of a courier's run that is not collected goes to another courier, in one transaction or not at all.

use super::super::App;
use super::super::book::Book;
use super::super::change::{Asked, carry_out};
use super::super::error::Error;
use super::super::ids::Ids;
use super::super::run::{RunStop, print};
use super::super::unit::Unit;
use super::super::view::NamedView;
use super::snapshot::{self, OnDuty, View};
use super::stops::{self, open_delivery};
use super::travel;
use super::what_if::{BrokenRuleView, StaysView, off_duty, remaining, state_of};
use crate::store::couriers;
use crate::store::dispatching::write_run;
use crate::store::tx::Tx;
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::dispatch::{OpenDelivery, Refusal, what_if};
use callahead_domain::geo::TravelTimes;
use callahead_domain::id::{CourierId, DeliveryId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Looks at the present before giving up: somebody changes something of these two couriers all the time.
const LOOKS: u32 = 4;

/// What a dispatcher wants moved.
#[derive(Debug, Clone)]
pub struct Move {
    /// From whom.
    pub from: CourierId,
    /// To whom.
    pub to: CourierId,
    /// Why.
    pub reason: String,
    /// Although rules are broken by it.
    pub overrule: bool,
    /// Who wants it.
    pub actor: Actor,
}

/// What was moved.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MovedView {
    /// From whom.
    pub from: NamedView,
    /// To whom.
    pub to: NamedView,
    /// Deliveries that are the other courier's now.
    pub moved: Vec<String>,
    /// What stays with its courier because it is on board.
    pub stays: Vec<StaysView>,
    /// Rules broken by it, which were overridden.
    pub rules_broken: Vec<BrokenRuleView>,
}

/// One shift's row as it was looked at, and its run from now on.
#[derive(Debug)]
struct ShiftRun {
    id: Uuid,
    version: i64,
    run: String,
}

impl ShiftRun {
    fn without(duty: &OnDuty, gone: &BTreeSet<DeliveryId>) -> Result<ShiftRun, Error> {
        let left: Vec<RunStop> =
            duty.run.iter().filter(|stop| !gone.contains(&stop.delivery)).copied().collect();
        Ok(ShiftRun { id: duty.shift, version: duty.shift_version, run: print(&left)? })
    }
}

#[derive(Debug)]
struct MoveUnit {
    wanted: Move,
    /// With the versions they were judged by.
    deliveries: Vec<(DeliveryId, i64)>,
    /// Of both couriers: what was judged still holds when it is written.
    shifts: [ShiftRun; 2],
    book: Arc<Book>,
    ids: Ids,
    now: DateTime<Utc>,
}

impl Unit for MoveUnit {
    type Output = ();

    fn key(&self) -> Uuid {
        self.wanted.from.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        self.ids.restart();
        let Move { to, reason, actor, .. } = &self.wanted;
        let asked = |delivery, command, expect| Asked {
            delivery,
            command,
            actor: *actor,
            now: self.now,
            occurred_at: self.now,
            expect,
        };
        for (delivery, version) in &self.deliveries {
            let off = asked(*delivery, Command::Unassign { reason: reason.clone() }, Some(*version));
            carry_out(tx, &off, &self.book, &self.ids).await?;
            let on = asked(*delivery, Command::Assign { courier: *to }, None);
            carry_out(tx, &on, &self.book, &self.ids).await?;
        }
        for ShiftRun { id, version, run } in &self.shifts {
            write_run(tx, *id, *version, run.clone()).await?.ok()?;
        }
        Ok(())
    }
}

/// Rules the taker would break, with what they would be given.
fn judge(
    view: &View,
    wanted: &Move,
    open: &[OpenDelivery],
    travel: &dyn TravelTimes,
) -> Result<Vec<(Refusal, DeliveryId)>, Error> {
    let setting = stops::setting(view, travel);
    let takes = state_of(view, &setting, wanted.to, travel).ok_or_else(|| off_duty("to"))?;
    Ok(what_if(&takes, open, view.now, travel, &view.weights).broken)
}

fn refused(broken: &[BrokenRuleView]) -> Error {
    let detail = "The other courier cannot carry all of it without breaking rules. Send override to do it all the same.";
    Error::rule("rules_broken", detail).fact("rules_broken", broken)
}

/// The reason as it is kept: with the rules that were overridden.
fn reason(given: &str, broken: &[BrokenRuleView]) -> String {
    let codes: BTreeSet<&str> = broken.iter().map(|rule| rule.code).collect();
    if codes.is_empty() {
        return given.to_owned();
    }
    let codes: Vec<&str> = codes.into_iter().collect();
    format!("{given} (overridden: {})", codes.join(", "))
}

impl App {
    /// Moves all of a courier's run that is not collected to another courier, or nothing of it. What is on board stays,
    /// and so does an offer they have not answered. A pick-up at the same moment stays with who collected it.
    ///
    /// # Errors
    /// [`Error::Missing`] without such a courier; `courier_off_duty`, `same_courier`; `rules_broken` with the rules,
    /// unless they are overridden; [`Error::Stale`] when others change these couriers' deliveries again and again.
    pub async fn move_run(&self, wanted: Move) -> Result<MovedView, Error> {
        couriers::name(self.db.read(), wanted.from.uuid()).await?.ok_or(Error::Missing)?;
        if wanted.from == wanted.to {
            return Err(Error::rule("same_courier", "The run is this courier's already.").at("to"));
        }
        for _ in 0..LOOKS {
            match self.try_move(&wanted).await {
                Err(Error::Stale | Error::StaleVersion { .. }) => {}
                other => return other,
            }
        }
        Err(Error::Stale)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "pure reckoning of bounded length, waited for by the caller"
    )]
    async fn try_move(&self, wanted: &Move) -> Result<MovedView, Error> {
        let view = snapshot::read(self, self.clock.now()).await?;
        let (travel, asked) = (travel::prepared(self, &view, None).await, wanted.clone());
        let giver = view.courier(wanted.from).ok_or_else(|| off_duty("id"))?;
        let open: Vec<OpenDelivery> =
            remaining(giver).0.iter().map(|known| open_delivery(known, None)).collect();
        let judged = tokio::task::spawn_blocking(move || {
            let broken = judge(&view, &asked, &open, travel.as_ref());
            broken.map(|broken| (view, broken))
        });
        let (view, broken) = judged.await.map_err(Error::internal)??;
        let on_duty = |id, param| view.courier(id).ok_or_else(|| off_duty(param));
        let (giver, taker) = (on_duty(wanted.from, "id")?, on_duty(wanted.to, "to")?);
        if taker.ends_at <= view.now {
            return Err(off_duty("to"));
        }
        let (moves, stays) = remaining(giver);
        let rules_broken: Vec<BrokenRuleView> =
            broken.iter().map(|(rule, id)| BrokenRuleView::new(*rule, *id)).collect();
        if !rules_broken.is_empty() && !wanted.overrule {
            return Err(refused(&rules_broken));
        }
        let named = |duty: &OnDuty| NamedView { id: duty.id.to_string(), name: duty.name.clone() };
        let moved = MovedView {
            from: named(giver),
            to: named(taker),
            moved: moves.iter().map(|known| known.delivery.id.to_string()).collect(),
            stays,
            rules_broken,
        };
        if moves.is_empty() {
            return Ok(moved);
        }
        let gone = moves.iter().map(|known| known.delivery.id).collect();
        self.lanes
            .write(MoveUnit {
                wanted: Move { reason: reason(&wanted.reason, &moved.rules_broken), ..wanted.clone() },
                deliveries: moves.iter().map(|known| (known.delivery.id, known.version)).collect(),
                shifts: [ShiftRun::without(giver, &gone)?, ShiftRun::without(taker, &BTreeSet::new())?],
                book: Arc::clone(&view.book),
                ids: Ids::new(view.now, self.entropy.as_ref()),
                now: view.now,
            })
            .await?;
        self.bells.ring();
        Ok(moved)
    }
}
