//! What a customer does through the link. The latest answer wins, so pressing twice is harmless.

use super::Visit;
use crate::app::change::{Change, Changed};
use crate::app::view::OrderFacts;
use crate::app::{App, Error};
use crate::store::deliveries::{self, Loaded};
use crate::store::orders;
use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::Outcome;
use callahead_domain::call_ahead::answer::Source;
use callahead_domain::delivery::state::Stage;
use callahead_domain::delivery::{Command, GateKind, Reply};
use callahead_domain::geo::Point;
use callahead_domain::id::AnswerId;

/// Points this near are one door.
const ONE_DOOR_M: f64 = 50.0;

/// What a cancellation without words is recorded as.
const NO_REASON: &str = "the customer cancelled";

/// What an objection without words is recorded as.
const NOT_RECEIVED: &str = "the customer says they did not receive it";

impl App {
    async fn command_by_link(&self, visit: &Visit, command: Command) -> Result<Changed, Error> {
        self.change(Change::new(self, visit.delivery.id, command, Actor::Customer)).await
    }

    /// Records an answer, and gives the same answer for what else the same courier brings to the same door.
    ///
    /// # Errors
    /// [`Error::Refused`] with the coded reason; [`Error::Rule`] for a note nobody could read.
    pub async fn answer_by_link(&self, visit: &Visit, reply: Reply) -> Result<Changed, Error> {
        if reply.note.chars().any(|character| character.is_control() && character != '\n') {
            return Err(Error::rule("invalid", "A note has no control characters.").at("note"));
        }
        let changed = self.command_by_link(visit, Command::Answer { reply: reply.clone() }).await?;
        if speaks_for_the_door(&reply.outcome) {
            // The answer itself is kept; what stands beside it is a kindness.
            if let Err(error) = self.answer_beside(visit, &reply).await {
                tracing::warn!(delivery = %visit.delivery.id, %error, "the other orders of this door were not answered");
            }
        }
        Ok(changed)
    }

    /// Keeps a note for the courier beside the answer that stands; without an answer there is nothing to note.
    ///
    /// # Errors
    /// As [`App::answer_by_link`]; [`Error::Rule`] where no answer stands.
    pub async fn note_by_link(&self, visit: &Visit, note: &str) -> Result<Changed, Error> {
        let standing = visit.delivery.answer.as_ref();
        let answer =
            standing.ok_or_else(|| Error::rule("invalid", "There is no answer to note anything beside."))?;
        let reply = Reply {
            id: self.ids().make(AnswerId::from_parts),
            outcome: answer.outcome.clone(),
            note: note.trim().to_owned(),
            source: Source::Link,
            region: visit.delivery.region,
        };
        self.answer_by_link(visit, reply).await
    }

    /// Cancels: at once before collection, by way of the shop after. Cancelling twice is cancelling once.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is over already.
    pub async fn cancel_by_link(&self, visit: &Visit, reason: Option<&str>) -> Result<(), Error> {
        if matches!(
            visit.delivery.stage,
            Stage::Cancelled { .. } | Stage::Returning { .. } | Stage::Returned { .. }
        ) {
            return Ok(());
        }
        let reason =
            reason.map(str::trim).filter(|reason| !reason.is_empty()).unwrap_or(NO_REASON).to_owned();
        self.command_by_link(visit, Command::Cancel { reason }).await.map(drop)
    }

    /// Keeps the customer's own words of where an address lies that could not be placed; whoever places it reads them.
    ///
    /// # Errors
    /// [`Error::Refused`] for an empty or too long text, or where the address is placed.
    pub async fn correct_address_by_link(&self, visit: &Visit, text: &str) -> Result<(), Error> {
        let text = text.trim().to_owned();
        self.command_by_link(visit, Command::CorrectAddress { text }).await.map(drop)
    }

    /// Places an address that could not be placed where the customer set their pin.
    ///
    /// # Errors
    /// `outside_every_region` at `point`; [`Error::Refused`] where the address is placed.
    pub async fn locate_by_link(&self, visit: &Visit, place: Point) -> Result<(), Error> {
        let region = self.region_of(place)?;
        self.command_by_link(visit, Command::Locate { place, region }).await.map(drop)
    }

    /// Makes a new hand-off code; the old one is void.
    ///
    /// # Errors
    /// [`Error::Refused`] when nothing is to be handed over any more.
    pub async fn rotate_code_by_link(&self, visit: &Visit) -> Result<(), Error> {
        self.command_by_link(visit, Command::RotateCode).await.map(drop)
    }

    /// Objects to a hand-off without a code: nothing is captured until somebody has decided.
    ///
    /// # Errors
    /// [`Error::Refused`] when the hand-off does not wait for anybody's word.
    pub async fn dispute_by_link(&self, visit: &Visit, reason: &str) -> Result<(), Error> {
        let said = if reason.trim().is_empty() { NOT_RECEIVED } else { reason };
        self.command_by_link(visit, Command::DisputeHandOff { reason: said.trim().to_owned() })
            .await
            .map(drop)
    }

    /// One courier with several orders for one customer's door asks once.
    async fn answer_beside(&self, visit: &Visit, reply: &Reply) -> Result<(), Error> {
        for beside in self.beside(visit).await? {
            let reply = Reply { id: self.ids().make(AnswerId::from_parts), ..reply.clone() };
            let id = beside.delivery.id;
            let change = Change::new(self, id, Command::Answer { reply }, Actor::Customer);
            // Whoever answers that order in this very moment is right.
            if let Err(error) = self.change(change.expecting(Some(beside.row.version))).await {
                tracing::info!(delivery = %id, %error, "an answer for the same door was not taken");
            }
        }
        Ok(())
    }

    /// Other deliveries of the same courier, telephone number and door that wait for an answer.
    async fn beside(&self, visit: &Visit) -> Result<Vec<Loaded>, Error> {
        let own = &visit.delivery;
        let (Some(courier), Some(place), Some(phone)) =
            (own.runner(), own.place, &visit.order.customer.phone)
        else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for loaded in deliveries::of_couriers(self.db.read(), vec![courier.uuid()]).await? {
            let other = &loaded.delivery;
            let waits =
                other.is_askable() && matches!(other.gate.kind(), GateKind::NotAsked | GateKind::Asked);
            let near = other.place.is_some_and(|point| point.distance_m(place) <= ONE_DOOR_M);
            if other.id == own.id || !waits || !near {
                continue;
            }
            let order = orders::by_id(self.db.read(), loaded.row.order_id).await?;
            let order = order.as_ref().map(OrderFacts::read).transpose()?;
            if order.is_some_and(|order| order.customer.phone.as_ref() == Some(phone)) {
                found.push(loaded);
            }
        }
        Ok(found)
    }
}

/// Whether an answer is about who is home, and so holds for everything that comes to the door.
fn speaks_for_the_door(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::HomeNow
            | Outcome::HomeFrom { .. }
            | Outcome::HomeUntil { .. }
            | Outcome::NotToday { .. }
            | Outcome::ReceiverNamed { .. }
    )
}
