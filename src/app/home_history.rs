//! Whether somebody was home before: under which keyed hashes it is counted, what it makes of the next visit, and how a
//! customer is forgotten.

use super::unit::Unit;
use super::{App, Error};
use crate::store::deliveries;
use crate::store::orders;
use crate::store::tx::Tx;
use crate::store::visits::{self as rows, Count, HomeKeys};
use callahead_domain::call_ahead::home_chance::{
    Counted, History, HomeChance, MONTH_S, Word, comparable, home_chance, hour_of_week, weight,
};
use callahead_domain::delivery::Delivery;
use callahead_domain::id::{DeliveryId, RegionId};
use callahead_domain::order::Customer;
use callahead_domain::policy::Policy;
use chrono::{DateTime, Duration, Utc};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// Visits of the hour are counted as far back as this; they have halved twice by then.
const HOURS_BACK_DAYS: i64 = 180;

/// A door somebody is to be at.
#[derive(Debug, Clone)]
pub struct Door {
    region: Uuid,
    hour: u8,
    word: Word,
    keys: HomeKeys,
}

impl Door {
    /// The door of a delivery reached at `expected`. Who takes it in the customer's place, and where history is not
    /// kept, has none.
    pub fn of(
        delivery: &Delivery,
        region: RegionId,
        policy: &Policy,
        keys: &HomeKeys,
        expected: DateTime<Utc>,
    ) -> Door {
        let word = Word::of(delivery);
        let known = policy.home_history && word != Word::SomebodyElse;
        Door {
            region: region.uuid(),
            hour: hour_of_week(expected, policy.time_zone),
            word,
            keys: if known { keys.clone() } else { HomeKeys::default() },
        }
    }
}

/// Where a part of the chance comes from, with the visits it was counted from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IngredientView {
    /// answer: what the customer said; hour: visits in this hour of the week in the region; address: visits to this
    /// address; customer: visits to this customer elsewhere.
    pub what: &'static str,
    /// Visits at which somebody was there, each weighted by its age.
    pub found: f64,
    /// Visits at which nobody was.
    pub missed: f64,
    /// The chance before these visits.
    pub prior: f64,
    /// So many visits the chance before counts like.
    pub prior_visits: f64,
    /// What they add to the chance, or take from it. All together are the chance.
    pub contributes: f64,
}

/// The chance that somebody is home, and how it came about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HomeChanceView {
    /// From 0 to 1.
    pub value: f64,
    /// customer: they said so themselves; reported: to a courier or a dispatcher; somebody_else: a named receiver or another place;
    /// decided: a dispatcher cleared it; not_asked: nothing said yet; silent: no answer to any attempt.
    pub answer: &'static str,
    /// Its parts, in the order they were counted.
    pub ingredients: Vec<IngredientView>,
}

impl From<HomeChance> for HomeChanceView {
    fn from(chance: HomeChance) -> HomeChanceView {
        let part = |part: callahead_domain::call_ahead::home_chance::Ingredient| IngredientView {
            what: part.what.name(),
            found: part.counted.found,
            missed: part.counted.missed,
            prior: part.prior,
            prior_visits: part.prior_visits,
            contributes: part.contributes,
        };
        HomeChanceView {
            value: chance.value,
            answer: chance.word.name(),
            ingredients: chance.ingredients.into_iter().map(part).collect(),
        }
    }
}

/// The chances of these doors, in their order. Three questions to the database, however many doors.
pub async fn chances(
    conn: &impl ConnectionTrait,
    doors: &[Door],
    now: DateTime<Utc>,
) -> Result<Vec<HomeChance>, Error> {
    let set = |keys: fn(&HomeKeys) -> &Option<Vec<u8>>| -> Vec<Vec<u8>> {
        doors
            .iter()
            .filter_map(|door| keys(&door.keys).clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    };
    let by_customer = rows::of_customers(conn, &set(|keys| &keys.customer)).await?;
    let by_door = rows::of_doors(conn, &set(|keys| &keys.door)).await?;
    let regions: BTreeSet<Uuid> = doors.iter().map(|door| door.region).collect();
    let hours: BTreeSet<i32> = doors.iter().map(|door| i32::from(door.hour)).collect();
    let since = deliveries::micros(now - Duration::days(HOURS_BACK_DAYS));
    let regions: Vec<Uuid> = regions.into_iter().collect();
    let hours: Vec<i32> = hours.into_iter().collect();
    let by_hour = rows::of_hours(conn, &regions, &hours, since).await?;
    let month = now.timestamp().div_euclid(MONTH_S);
    let chance = |door: &Door| {
        let sum = |counts: &mut dyn Iterator<Item = &Count>| {
            let mut sum = Counted::default();
            for count in counts.filter(|count| count.answered == door.word.is_answer()) {
                sum.add(count.found, count.missed, weight(month - count.month));
            }
            sum
        };
        let HomeKeys { customer, door: address } = &door.keys;
        let here = by_hour.iter().filter(|(key, _)| *key == (door.region, i32::from(door.hour)));
        let at_door = by_door.iter().filter(|(key, _)| Some(key) == address.as_ref());
        let elsewhere =
            by_customer.iter().filter(|((key, at), _)| Some(key) == customer.as_ref() && at != address);
        let history = History {
            hour: sum(&mut here.map(|(_, count)| count)),
            address: sum(&mut at_door.map(|(_, count)| count)),
            customer: sum(&mut elsewhere.map(|(_, count)| count)),
        };
        home_chance(door.word, &history)
    };
    Ok(doors.iter().map(chance).collect())
}

impl App {
    /// Under which hashes visits of an order are counted. A customer is their telephone number, or their e-mail address
    /// where there is none.
    pub fn home_keys(
        &self,
        customer: &Customer,
        address: &str,
        region: Option<RegionId>,
        policy: &Policy,
    ) -> HomeKeys {
        if !policy.home_history {
            return HomeKeys::default();
        }
        let door = region.zip(comparable(address));
        HomeKeys {
            customer: self.contact_keys(customer).into_iter().next(),
            door: door.map(|(region, words)| self.secrets.door_key(region.uuid(), &words)),
        }
    }

    fn contact_keys(&self, customer: &Customer) -> Vec<Vec<u8>> {
        let phone = customer.phone.as_ref().map(|phone| phone.as_str().to_owned());
        let email = customer.email.as_ref().map(|email| email.as_str().to_lowercase());
        phone.into_iter().chain(email).map(|contact| self.secrets.customer_key(&contact)).collect()
    }

    /// Forgets what was counted of the customer of a delivery, whoever's orders it came from; nothing of what they ordered
    /// until now is counted later.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such delivery.
    pub async fn forget_customer(&self, delivery: DeliveryId) -> Result<(), Error> {
        let conn = self.db.read();
        let loaded = deliveries::by_id(conn, delivery.uuid()).await?.ok_or(Error::Missing)?;
        let order = orders::by_id(conn, loaded.row.order_id).await?.ok_or(Error::Missing)?;
        let customer: Customer = serde_json::from_str(&order.customer).map_err(Error::internal)?;
        let mut keys = self.contact_keys(&customer);
        keys.extend(loaded.row.customer_key);
        self.lanes.write(Forget { delivery: loaded.row.id, keys }).await
    }
}

#[derive(Debug)]
struct Forget {
    delivery: Uuid,
    keys: Vec<Vec<u8>>,
}

impl Unit for Forget {
    type Output = ();

    fn key(&self) -> Uuid {
        self.delivery
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        Ok(rows::forget(tx, self.keys.clone()).await?)
    }
}
