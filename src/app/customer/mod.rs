//! The customer, known by an unguessable link and by nothing else: what they may see, answer and change.
//!
//! A link opens one delivery. What is unknown, malformed or long over is [`Error::Missing`], all alike.

mod answer;
pub mod offers;
mod view;

pub use view::LinkView;

use super::book::ShopEntry;
use super::scan::Shown;
use super::view::OrderFacts;
use super::{App, Error, secret};
use crate::store::deliveries::{self, instant, micros};
use crate::store::{couriers, customers, orders};
use callahead_domain::actor::Actor;
use callahead_domain::contact::Language;
use callahead_domain::delivery::proof::HandOffStatus;
use callahead_domain::delivery::state::{Delivery, Stage};
use callahead_domain::delivery::{CommandKind, Context, allowed};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Duration, Utc};

/// A link works this long after the delivery ended.
const OPEN_DAYS: i64 = 30;

/// Characters of a link's token: 128 bits as base64url without padding.
const TOKEN_CHARS: usize = 22;

/// A delivery as its customer meets it: everything a page or a view is made of, read once.
pub struct Visit {
    /// The delivery.
    pub delivery: Delivery,
    /// Its version.
    pub version: i64,
    /// What does not change.
    pub order: OrderFacts,
    /// The shop.
    pub shop: ShopEntry,
    /// The rules, zone included.
    pub policy: Policy,
    /// First name of the courier who has it on their run or brought it.
    pub courier: Option<String>,
    /// Doors before this one, while somebody is to come.
    pub stops_before: Option<u32>,
    /// When the courier's place was last known, while they are on the way here.
    pub seen_at: Option<DateTime<Utc>>,
    /// The hand-off code; absent while it is locked. Who calls decides whether it may be seen yet.
    pub code: Option<String>,
    /// The codes to scan, under the same rule.
    pub scan: Option<Shown>,
    /// What a form on the page sends back.
    pub form_token: String,
    /// The moment of looking.
    pub now: DateTime<Utc>,
    /// When the link closes, once the delivery has ended.
    pub closes_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("delivery", &self.delivery.id).finish_non_exhaustive()
    }
}

impl Visit {
    /// What the customer may ask for now.
    pub fn may(&self) -> Vec<CommandKind> {
        let context =
            Context { actor: Actor::Customer, now: self.now, occurred_at: self.now, policy: &self.policy };
        allowed(&self.delivery, &context)
    }

    /// Whether the courier stands at the door.
    pub fn at_door(&self) -> bool {
        matches!(self.delivery.stage, Stage::AtDoor { .. })
    }

    /// Whether the courier has set off for this door.
    pub fn under_way(&self) -> bool {
        matches!(self.delivery.stage, Stage::EnRoute { .. } | Stage::AtDoor { .. })
    }

    /// The order as the customer knows it: the shop's own id, or the end of ours.
    pub fn reference(&self) -> String {
        reference(&self.order)
    }

    /// The language the shop named for this customer.
    pub fn language(&self) -> Language {
        self.order.customer.language
    }

    /// Whether the answer that stands came too late to decide anything: the courier had set off before.
    pub fn answered_late(&self) -> bool {
        let Some(answer) = self.delivery.answer.as_ref().filter(|_| self.under_way()) else { return false };
        let decided = match (&self.delivery.gate, &self.delivery.cleared) {
            (callahead_domain::delivery::Gate::Silent { since }, _) => Some(*since),
            (_, Some(cleared)) => Some(cleared.since),
            _ => None,
        };
        decided.is_some_and(|at| answer.answered_at > at)
    }
}

/// An order as its customer knows it.
pub fn reference(order: &OrderFacts) -> String {
    let id = order.id.to_string();
    let end = id.get(id.len().saturating_sub(6)..).unwrap_or_default().to_uppercase();
    order.external_id.clone().unwrap_or(end)
}

/// The first word of a name.
pub fn first_name(name: &str) -> String {
    name.split_whitespace().next().unwrap_or_default().to_owned()
}

/// Whether a text has the shape of a token: no database is asked about anything else.
pub(super) fn is_token(text: &str) -> bool {
    text.len() == TOKEN_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// When a delivery ended; `changed` is its last change, for an end that keeps no time of its own.
fn ended_at(delivery: &Delivery, changed: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match &delivery.stage {
        Stage::HandedOver { hand_off, .. } => match hand_off.status {
            HandOffStatus::Confirmed { at } => Some(at.max(hand_off.at)),
            _ => Some(hand_off.at),
        },
        Stage::Returned { at } | Stage::Cancelled { at, .. } => Some(*at),
        Stage::Lost { .. } => Some(changed),
        _ => None,
    }
}

impl App {
    /// Opens a customer's link.
    ///
    /// # Errors
    /// [`Error::Missing`] for anything but a link of a delivery that is open or ended less than 30 days ago.
    pub async fn visit(&self, token: &str) -> Result<Visit, Error> {
        if !is_token(token) {
            return Err(Error::Missing);
        }
        let now = self.clock.now();
        let loaded = deliveries::by_link(self.db.read(), secret::hash(token)).await?.ok_or(Error::Missing)?;
        let delivery = loaded.delivery;
        let ended = ended_at(&delivery, instant(loaded.row.updated_at));
        let closes_at = ended.map(|at| at + Duration::days(OPEN_DAYS));
        if closes_at.is_some_and(|closes| closes <= now) {
            return Err(Error::Missing);
        }
        let row = orders::by_id(self.db.read(), loaded.row.order_id).await?.ok_or(Error::Missing)?;
        let book = self.book.get();
        let shop = book.shops.get(&delivery.shop).cloned().ok_or(Error::Missing)?;
        let policy = book.policy(delivery.region.map(|pin| pin.region), delivery.shop);
        let (courier, stops_before, seen_at) = self.who_comes(&delivery).await?;
        let code = (!delivery.code.locked())
            .then(|| self.secrets.hand_off_code(delivery.id, delivery.code.rotation));
        Ok(Visit {
            scan: self.secrets.shown_now(&delivery, now),
            form_token: self.secrets.form_token(delivery.id.uuid()),
            version: loaded.row.version,
            order: OrderFacts::read(&row)?,
            delivery,
            shop,
            policy,
            courier,
            stops_before,
            seen_at,
            code,
            now,
            closes_at,
        })
    }

    /// First name, doors before this one, last seen.
    async fn who_comes(
        &self,
        delivery: &Delivery,
    ) -> Result<(Option<String>, Option<u32>, Option<DateTime<Utc>>), Error> {
        // An offer is nobody's promise yet.
        let concerned = delivery.stage.courier().filter(|_| !matches!(delivery.stage, Stage::Offered { .. }));
        let Some(courier) = concerned.map(|id| id.uuid()) else { return Ok((None, None, None)) };
        let name = couriers::name(self.db.read(), courier).await?.map(|name| first_name(&name));
        let coming = matches!(delivery.stage, Stage::Assigned { .. } | Stage::Collected { .. });
        let before = match delivery.planned.filter(|_| coming) {
            Some(planned) => {
                Some(customers::stops_before(self.db.read(), courier, micros(planned.arrive_at)).await?)
            }
            None => None,
        };
        let seen = match &delivery.stage {
            Stage::EnRoute { .. } => customers::seen_at(self.db.read(), courier).await?.map(instant),
            _ => None,
        };
        Ok((name, before.and_then(|count| u32::try_from(count).ok()), seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twenty_two_url_safe_characters_are_a_token() {
        assert!(is_token("Zm9vYmFyYmF6cXV4Zm9vYg") && is_token("__________-_______--__"));
        for wrong in [
            "",
            "Zm9vYmFyYmF6cXV4Zm9vY",
            "Zm9vYmFyYmF6cXV4Zm9vYgg",
            "Zm9vYmFyYmF6cXV4Zm9v+g",
            "Zm9vYmFyYmF6cXV4Zm9v==",
        ] {
            assert!(!is_token(wrong), "{wrong}");
        }
    }

    #[test]
    fn customers_learn_the_first_name_only() {
        assert_eq!(first_name("  Odo Brandt "), "Odo");
        assert_eq!(first_name("김철수"), "김철수");
        assert_eq!(first_name(""), "");
    }
}
