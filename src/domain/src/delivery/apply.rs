//! `apply(delivery, command, context) -> events | refusal`: no I/O, no clock, no randomness.

use super::command::{Command, CommandKind};
use super::event::Event;
use super::guard::is_yours;
use super::refusal::Refusal;
use super::state::Delivery;
use super::table::{Row, candidates, rows};
use crate::actor::{Actor, Role};
use crate::policy::Policy;
use chrono::{DateTime, Utc};

/// Who asks, when, and under which rules.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Who asks.
    pub actor: Actor,
    /// The server's time.
    pub now: DateTime<Utc>,
    /// When it was done; earlier than `now` for what a phone did offline.
    pub occurred_at: DateTime<Utc>,
    /// The region's policy, tightened by the shop.
    pub policy: &'a Policy,
}

/// What happens if `command` is asked for now.
///
/// # Errors
/// The coded reason; nothing has changed then.
pub fn apply(delivery: &Delivery, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Refusal> {
    // What a phone with a fast clock says of the future happened now at the latest.
    let context = &Context { occurred_at: context.occurred_at.min(context.now), ..*context };
    let row = permitted(delivery, command.kind(), context.actor.role())?;
    check(row, delivery, context)?;
    (row.decide)(delivery, command, context)
}

fn permitted(delivery: &Delivery, command: CommandKind, role: Role) -> Result<&'static Row, Refusal> {
    let (stage, payment) = (delivery.stage.kind(), delivery.payment.kind());
    let mut known = false;
    for row in candidates(command, stage, payment) {
        known = true;
        if row.who.contains(&role) {
            return Ok(row);
        }
    }
    if known {
        return Err(Refusal::RoleMayNot { command, role });
    }
    Err(Refusal::NotAllowedHere { command, stage, gate: delivery.gate.kind(), payment })
}

fn check(row: &Row, delivery: &Delivery, context: &Context<'_>) -> Result<(), Refusal> {
    is_yours(delivery, context)?;
    row.guards.iter().try_for_each(|guard| (guard.check)(delivery, context))
}

/// The commands this actor may ask for now, in the order of the table, each once.
pub fn allowed(delivery: &Delivery, context: &Context<'_>) -> Vec<CommandKind> {
    let (stage, payment, role) = (delivery.stage.kind(), delivery.payment.kind(), context.actor.role());
    let mut found: Vec<CommandKind> = Vec::new();
    for row in rows() {
        let fits = row.leads_from(stage, payment)
            && row.who.contains(&role)
            && check(row, delivery, context).is_ok();
        if fits && !found.contains(&row.command) {
            found.push(row.command);
        }
    }
    found
}
