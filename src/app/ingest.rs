//! Taking an order in: order, parcels, delivery, payment, first event and the stored answer, in one group commit.
//!
//! The unit reads nothing, so that many orders go into the same multi-row inserts. Whether the key or the shop's own id
//! is known already is decided by the unique constraints.

use super::book::Book;
use super::change::jobs_of;
use super::couriers::skills_text;
use super::error::Error;
use super::ids::Ids;
use super::unit::Unit;
use super::view::{OrderFacts, OrderParts, OrderView};
use super::{App, secret};
use crate::store::deliveries::{self, Written, micros};
use crate::store::idempotency;
use crate::store::jobs::NewJob;
use crate::store::tx::Tx;
use crate::store::visits::HomeKeys;
use callahead_domain::actor::Actor;
use callahead_domain::courier::Skill;
use callahead_domain::delivery::event::{Accepted, Event};
use callahead_domain::delivery::state::{AddressProblem, Delivery, Holder, Parcel, RegionPin, Window};
use callahead_domain::geo::index::Located;
use callahead_domain::geo::point::Point;
use callahead_domain::id::{DeliveryId, OrderId, ParcelId, PaymentId, PickupPointId, ShopId};
use callahead_domain::money::Currency;
use callahead_domain::order::{Customer, Item};
use callahead_domain::payment::{Payment, PaymentState, provider};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Duration, Utc};
use entity::{orders, parcel, payment};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

/// A piece as the shop describes it.
#[derive(Debug, Clone)]
pub struct NewParcel {
    /// What is scanned; made up if empty.
    pub barcode: Option<String>,
    /// Its share of the payment.
    pub value_minor: Option<i64>,
    /// Grams.
    pub weight_g: Option<i64>,
}

/// A checked order.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Whose.
    pub shop: ShopId,
    /// The shop's own id.
    pub external_id: Option<String>,
    /// Where it is collected.
    pub pickup_point: PickupPointId,
    /// Who gets it.
    pub customer: Customer,
    /// Where, in words.
    pub address: String,
    /// Where, on the map.
    pub point: Option<Point>,
    /// The pieces, at least one.
    pub parcels: Vec<NewParcel>,
    /// Authorised, in minor units.
    pub total_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// The basket.
    pub items: Vec<Item>,
    /// Ready for collection.
    pub ready_at: Option<DateTime<Utc>>,
    /// The promised window.
    pub window: Option<Window>,
    /// The authorisation's end.
    pub authorised_until: Option<DateTime<Utc>>,
    /// Who holds the money, by name; the shop's own choice if absent.
    pub provider: Option<String>,
    /// What the money is taken from, in the provider's words.
    pub method: Option<String>,
    /// The provider's reference of the authorisation.
    pub provider_ref: Option<String>,
    /// For the courier.
    pub note: Option<String>,
    /// What its courier has to be fit for.
    pub needs: Vec<Skill>,
}

/// The key of a request, with what it was used for.
#[derive(Debug, Clone)]
pub struct RequestKey {
    /// Whose keys.
    pub scope: String,
    /// The key.
    pub key: String,
    /// SHA-256 of what tells the request from another one: the body, or method, address and body.
    pub fingerprint: Vec<u8>,
}

/// The unit.
#[derive(Debug)]
struct Ingest {
    order: NewOrder,
    facts: OrderFacts,
    accepted: Accepted,
    policy: Policy,
    provider: String,
    jobs: Vec<NewJob>,
    link_hash: Vec<u8>,
    home_keys: HomeKeys,
    request: RequestKey,
    answer: String,
    ids: Ids,
    now: DateTime<Utc>,
}

impl App {
    /// Accepts an order.
    ///
    /// # Errors
    /// `outside_every_region` where the policy refuses; [`Error::Conflict`] when the key or the external id is known.
    pub async fn ingest(&self, order: NewOrder, request: RequestKey) -> Result<OrderView, Error> {
        let book = self.book.get();
        let now = self.clock.now();
        let ids = Ids::new(now, self.entropy.as_ref());
        let shop = book.shops.get(&order.shop).ok_or(Error::Missing)?;
        let (region, problem, policy) = place(&order, &book)?;
        let provider = order.provider.clone().unwrap_or_else(|| shop.provider.clone());
        let accepted = accept(&order, &ids, now, (region, problem), &policy, &provider);
        let jobs = jobs_of(accepted.id, &[Event::Accepted(Box::new(accepted.clone()))], &policy, now, &ids)?;
        let facts = OrderFacts {
            id: accepted.order,
            external_id: order.external_id.clone(),
            pickup_point: order.pickup_point,
            customer: order.customer.clone(),
            address: order.address.clone(),
            note: order.note.clone(),
            items: order.items.clone(),
            needs: order.needs.clone(),
            created_at: now,
        };
        let delivery = Delivery::start(&accepted);
        let actor = Actor::Shop(order.shop);
        let parts = OrderParts { facts, delivery: &delivery, version: 1, courier: None, policy, actor, now };
        let view = self.order_view(&parts);
        let unit = Ingest {
            answer: serde_json::to_string(&view).map_err(Error::internal)?,
            home_keys: self.home_keys(
                &order.customer,
                &order.address,
                accepted.region.map(|pin| pin.region),
                &parts.policy,
            ),
            link_hash: secret::hash(&self.secrets.link(accepted.id.uuid())),
            provider,
            jobs,
            order,
            facts: parts.facts,
            accepted,
            policy: parts.policy,
            request,
            ids,
            now,
        };
        self.lanes.write(unit).await?;
        self.bells.ring();
        Ok(view)
    }
}

/// Where the address lies, and the rules there.
fn place(
    order: &NewOrder,
    book: &Book,
) -> Result<(Option<RegionPin>, Option<AddressProblem>, Policy), Error> {
    let Some(point) = order.point else {
        return Ok((None, Some(AddressProblem::NotLocated), book.policy(None, order.shop)));
    };
    match book.locate(point) {
        Located::Inside { region, version, .. } => {
            Ok((Some(RegionPin { region, version }), None, book.policy(Some(region), order.shop)))
        }
        Located::Nowhere { nearest } => {
            let policy = book.policy(None, order.shop);
            if policy.refuse_outside {
                let detail = match nearest {
                    Some((id, distance_m)) => format!("The nearest region is {id}, {distance_m:.0} m away."),
                    None => "There is no region yet.".to_owned(),
                };
                return Err(Error::rule("outside_every_region", detail).at("address.point"));
            }
            Ok((None, Some(AddressProblem::OutsideEveryRegion), policy))
        }
    }
}

fn accept(
    order: &NewOrder,
    ids: &Ids,
    now: DateTime<Utc>,
    (region, problem): (Option<RegionPin>, Option<AddressProblem>),
    policy: &Policy,
    provider: &str,
) -> Accepted {
    let parcels = order.parcels.iter().zip(1_i32..).map(|(new, number)| {
        let id = ids.make(ParcelId::from_parts);
        Parcel {
            id,
            number,
            barcode: new.barcode.clone().unwrap_or_else(|| id.to_string().to_uppercase()),
            value_minor: new.value_minor,
            holder: Holder::Shop,
        }
    });
    let ready_at = order.ready_at.unwrap_or(now);
    let promised_by =
        order.window.map_or(ready_at.max(now) + Duration::seconds(policy.promise_s), |window| window.until);
    Accepted {
        parcels: parcels.collect(),
        id: ids.make(DeliveryId::from_parts),
        order: ids.make(OrderId::from_parts),
        shop: order.shop,
        at: now,
        region,
        place: order.point,
        problem,
        ready_at,
        window: order.window,
        promised_by,
        payment: Payment {
            id: ids.make(PaymentId::from_parts),
            amount_minor: order.total_minor,
            currency: order.currency,
            by: provider::pay_by(provider),
            state: if provider::starts_authorised(provider) {
                PaymentState::Authorised { until: order.authorised_until }
            } else {
                PaymentState::Authorising { since: now, owed: None }
            },
        },
    }
}

impl Unit for Ingest {
    type Output = ();

    fn key(&self) -> Uuid {
        self.accepted.id.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        self.ids.restart();
        idempotency::insert(
            tx,
            entity::idempotency::Model {
                scope: self.request.scope.clone(),
                key: self.request.key.clone(),
                fingerprint: self.request.fingerprint.clone(),
                status: 201,
                body: self.answer.clone(),
                created_at: micros(self.now),
            },
        );
        tx.insert(self.order_row()?);
        let event = Event::Accepted(Box::new(self.accepted.clone()));
        let written = Written {
            events: std::slice::from_ref(&event),
            actor: Actor::Shop(self.order.shop),
            occurred_at: self.now,
            now: self.now,
            policy: &self.policy,
            event_ids: vec![self.ids.event().uuid()],
            jobs: self.jobs.clone(),
            proof: None,
            new_payment: None,
        };
        let keys = self.home_keys.clone();
        deliveries::insert(tx, &self.accepted, self.payment_row()?, self.link_hash.clone(), keys, written)?;
        for (piece, new) in self.accepted.parcels.iter().zip(&self.order.parcels) {
            tx.insert(parcel::ActiveModel {
                id: Set(piece.id.uuid()),
                order_id: Set(self.accepted.order.uuid()),
                delivery_id: Set(self.accepted.id.uuid()),
                number: Set(piece.number),
                barcode: Set(piece.barcode.clone()),
                value_minor: Set(piece.value_minor),
                weight_g: Set(new.weight_g),
            });
        }
        Ok(())
    }
}

impl Ingest {
    fn order_row(&self) -> Result<orders::ActiveModel, Error> {
        Ok(orders::ActiveModel {
            id: Set(self.accepted.order.uuid()),
            shop_id: Set(self.order.shop.uuid()),
            external_id: Set(self.order.external_id.clone()),
            pickup_point_id: Set(self.order.pickup_point.uuid()),
            customer: Set(serde_json::to_string(&self.facts.customer).map_err(Error::internal)?),
            address: Set(self.order.address.clone()),
            lat: Set(self.order.point.map(Point::lat)),
            lon: Set(self.order.point.map(Point::lon)),
            note: Set(self.order.note.clone()),
            total_minor: Set(self.order.total_minor),
            currency: Set(self.order.currency.code().to_owned()),
            items: Set(serde_json::to_string(&self.order.items).map_err(Error::internal)?),
            needs: Set(skills_text(&self.order.needs)?),
            version: Set(1),
            created_at: Set(micros(self.now)),
        })
    }

    fn payment_row(&self) -> Result<payment::ActiveModel, Error> {
        Ok(payment::ActiveModel {
            id: Set(self.accepted.payment.id.uuid()),
            order_id: Set(self.accepted.order.uuid()),
            delivery_id: Set(self.accepted.id.uuid()),
            shop_id: Set(self.order.shop.uuid()),
            authorized_minor: Set(self.order.total_minor),
            currency: Set(self.order.currency.code().to_owned()),
            provider: Set(self.provider.clone()),
            provider_ref: Set(self.order.provider_ref.clone()),
            authorized_until: Set(self.order.authorised_until.map(micros)),
            state: Set(serde_json::to_string(&self.accepted.payment.state).map_err(Error::internal)?),
            version: Set(1),
            updated_at: Set(micros(self.now)),
            method: Set(self.order.method.clone()),
            replaces: Set(None),
            captured_minor: Set(0),
            refunded_minor: Set(0),
        })
    }
}
