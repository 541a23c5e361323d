//! Offers: one courier is asked, and exactly one answer counts. What is picked up together is offered together, and taken
//! or declined as a whole.

use super::Base;
use super::feed::{self, StopView};
use crate::app::App;
use crate::app::book::Book;
use crate::app::change::{Asked, carry_out_loaded};
use crate::app::error::{Error, Refused};
use crate::app::unit::Unit;
use crate::store::deliveries::{self, Loaded};
use crate::store::dispatching;
use crate::store::shifts;
use crate::store::tx::Tx;
use callahead_domain::actor::Actor;
use callahead_domain::delivery::state::Stage;
use callahead_domain::delivery::{Command, Refusal};
use callahead_domain::id::{CourierId, DeliveryId};
use std::sync::Arc;
use uuid::Uuid;

/// Takes an offer, whichever delivery of it is named; answers that one's first stop.
///
/// # Errors
/// [`Error::Missing`] for a delivery never offered to them; `offer_ended` when it is over or taken;
/// `illegal_transition` when they have it already.
pub async fn accept(app: &App, courier: CourierId, delivery: DeliveryId) -> Result<StopView, Error> {
    reply(app, courier, delivery, Command::Accept).await?;
    feed::first_stop(app, courier, delivery).await
}

/// Says no to an offer, whichever delivery of it is named.
///
/// # Errors
/// As [`accept`].
pub async fn decline(
    app: &App,
    courier: CourierId,
    delivery: DeliveryId,
    reason: String,
) -> Result<(), Error> {
    reply(app, courier, delivery, Command::Decline { reason }).await
}

async fn reply(app: &App, courier: CourierId, delivery: DeliveryId, command: Command) -> Result<(), Error> {
    let unit = Reply { base: Base::new(app, courier), book: app.book.get(), delivery, command };
    app.lanes.write(unit).await?;
    app.bells.ring();
    Ok(())
}

#[derive(Debug)]
struct Reply {
    base: Base,
    book: Arc<Book>,
    delivery: DeliveryId,
    command: Command,
}

impl Unit for Reply {
    type Output = ();

    fn key(&self) -> Uuid {
        self.delivery.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        let Base { courier, now, ids } = &self.base;
        ids.restart();
        let loaded = deliveries::by_id(tx.reader(), self.delivery.uuid()).await?.ok_or(Error::Missing)?;
        if loaded.delivery.stage.courier() != Some(*courier) {
            // Who has it is not told.
            if !shifts::ever_had(tx.reader(), self.delivery.uuid(), &courier.to_string()).await? {
                return Err(Error::Missing);
            }
            let refusal = Refusal::OfferEnded { until: *now };
            return Err(Error::Refused(Box::new(Refused { refusal, standing: None })));
        }
        let mut bundle = bundle(tx, *courier, &loaded).await?;
        bundle.push(loaded);
        for loaded in &bundle {
            let asked = Asked {
                delivery: loaded.delivery.id,
                command: self.command.clone(),
                actor: Actor::Courier(*courier),
                now: *now,
                occurred_at: *now,
                expect: None,
            };
            carry_out_loaded(tx, loaded, &asked, &self.book, ids).await?;
        }
        Ok(())
    }
}

/// What else is in the offer: all that was offered to this courier until the same instant at the same pick-up point.
async fn bundle(tx: &Tx, courier: CourierId, answered: &Loaded) -> Result<Vec<Loaded>, Error> {
    let Stage::Offered { .. } = answered.delivery.stage else { return Ok(Vec::new()) };
    let mut mine = deliveries::of_couriers(tx.reader(), vec![courier.uuid()]).await?;
    mine.retain(|loaded| loaded.delivery.stage == answered.delivery.stage);
    let orders: Vec<Uuid> = mine.iter().map(|loaded| loaded.row.order_id).collect();
    let places = dispatching::wanted(tx.reader(), &orders).await?;
    let place = |loaded: &Loaded| places.get(&loaded.row.order_id).map(|wanted| wanted.pick_up.id);
    mine.retain(|loaded| loaded.row.id != answered.row.id && place(loaded) == place(answered));
    Ok(mine)
}
