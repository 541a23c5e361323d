//! One courier's changes as one unit: all of them or none.

use super::super::App;
use super::super::book::Book;
use super::super::change::{Asked, carry_out};
use super::super::error::Error;
use super::super::ids::Ids;
use super::super::unit::Unit;
use super::EpochOutcome;
use super::lease::needed;
use super::parts::Part;
use super::proposal::{Proposal, Wanted};
use crate::store::deliveries::micros;
use crate::store::dispatching;
use crate::store::lease::{self, Held};
use crate::store::tx::Tx;
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Debug)]
struct CourierUnit {
    key: Uuid,
    held: Vec<Held>,
    proposal: Proposal,
    book: Arc<Book>,
    ids: Ids,
    now: DateTime<Utc>,
}

/// What of a proposal took effect.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    /// False when the turn was lost: then nothing was written.
    in_turn: bool,
    assigned: usize,
    offered: usize,
    planned: usize,
}

impl Unit for CourierUnit {
    type Output = Written;

    fn key(&self) -> Uuid {
        self.key
    }

    async fn run(&self, tx: &Tx) -> Result<Written, Error> {
        self.ids.restart();
        for held in &self.held {
            if !lease::still_held(tx, held, micros(self.now)).await? {
                return Ok(Written::default());
            }
        }
        let mut written = Written { in_turn: true, ..Written::default() };
        for Wanted { delivery, command, version } in &self.proposal.wanted {
            let asked = Asked {
                delivery: *delivery,
                command: command.clone(),
                actor: Actor::System,
                now: self.now,
                occurred_at: self.now,
                expect: *version,
            };
            let changed = carry_out(tx, &asked, &self.book, &self.ids).await?;
            let one = usize::from(!changed.events.is_empty());
            match command {
                Command::Assign { .. } => written.assigned += one,
                Command::Offer { .. } => written.offered += one,
                _ => written.planned += one,
            }
        }
        // Under its version even where the run stays: what a courier is given, or offered, is decided once.
        let Proposal { shift, shift_version, run, .. } = &self.proposal;
        dispatching::write_run(tx, *shift, *shift_version, run.clone()).await?.ok()?;
        Ok(written)
    }
}

/// Writes the proposals, each by itself; a refused one waits for the next round.
pub(super) async fn write(
    app: &App,
    part: &Part,
    held: &[Held],
    proposals: Vec<Proposal>,
    outcome: &mut EpochOutcome,
) -> Result<(), Error> {
    let view = &part.view;
    let units = proposals.into_iter().map(|proposal| {
        app.lanes.write(CourierUnit {
            key: part.key(),
            held: needed(held, &proposal.courier_regions, &proposal.delivery_regions),
            proposal,
            book: Arc::clone(&view.book),
            ids: Ids::new(view.now, app.entropy.as_ref()),
            now: view.now,
        })
    });
    let mut lost = false;
    for written in futures_util::future::join_all(units).await {
        match written {
            Ok(written) if written.in_turn => {
                outcome.assigned += written.assigned;
                outcome.offered += written.offered;
                outcome.planned += written.planned;
            }
            Ok(_) => lost = true,
            Err(Error::Stale | Error::StaleVersion { .. } | Error::Refused(_) | Error::Missing) => {
                outcome.conflicts += 1
            }
            Err(error) => return Err(error),
        }
    }
    outcome.elsewhere += usize::from(lost);
    Ok(())
}
