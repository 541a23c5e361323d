//! What callers are shown, by role. A shop sees its order; events carry no address, phone number or code.

use super::book::Book;
use super::{App, Error};
use crate::store::deliveries::{Loaded, instant};
use callahead_domain::actor::Actor;
use callahead_domain::courier::Skill;
use callahead_domain::delivery::state::{Holder, RefundStage, Stage};
use callahead_domain::delivery::{Context, Delivery, allowed};
use callahead_domain::geo::point::Point;
use callahead_domain::id::{OrderId, PickupPointId};
use callahead_domain::order::{Customer, Item};
use callahead_domain::payment::{PayBy, PaymentState};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Money in minor units.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MoneyView {
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
}

/// A point on the earth.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct PointView {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

impl From<Point> for PointView {
    fn from(point: Point) -> PointView {
        PointView { lat: point.lat(), lon: point.lon() }
    }
}

/// The customer's money.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentView {
    /// `pay_…`
    pub id: String,
    /// Where the money is.
    pub state: String,
    /// In a word for people: wanted, waiting, held, taken, given_back, owed.
    pub shown: String,
    /// Authorised.
    pub authorised: MoneyView,
    /// How the customer pays: `hold` or `cash`.
    pub by: String,
    /// Taken, once it is.
    pub captured: Option<MoneyView>,
    /// Given back of what was taken, or asked for.
    pub refunded: Option<MoneyView>,
    /// Owed for a hand-off that has happened.
    pub owed: Option<MoneyView>,
    /// Why the money is not held, or a capture failed.
    pub failure: Option<String>,
    /// Where the customer agrees to the payment, when they have to.
    pub action_url: Option<String>,
}

/// A customer, as the shop gave them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerView {
    /// Name.
    pub name: String,
    /// Telephone, E.164.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Language.
    pub language: String,
}

/// An address.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AddressView {
    /// In words.
    pub text: String,
    /// On the map.
    pub point: Option<PointView>,
    /// In the customer's own words, where the address could not be placed.
    pub told: Option<String>,
}

/// The address of a delivery.
pub(super) fn address_view(text: &str, delivery: &Delivery) -> AddressView {
    AddressView {
        text: text.to_owned(),
        point: delivery.place.map(PointView::from),
        told: delivery.address_told.clone(),
    }
}

/// One piece.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ParcelView {
    /// `prc_…`
    pub id: String,
    /// 1, 2, 3 …
    pub number: i32,
    /// What is scanned.
    pub barcode: String,
    /// Its share of the payment, minor units.
    pub value: Option<i64>,
    /// shop, courier, customer or lost.
    pub holder: String,
}

/// A promised window.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WindowView {
    /// Not before.
    pub from: DateTime<Utc>,
    /// Not after.
    pub until: DateTime<Utc>,
    /// IANA zone it was given in.
    pub time_zone: String,
}

/// A named thing with an id.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A region with the drawing an order was accepted under.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionPinView {
    /// `reg_…`
    pub id: String,
    /// Which drawing.
    pub version: i32,
    /// Its name.
    pub name: String,
}

/// A line of the basket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ItemView {
    /// What.
    pub name: String,
    /// How many.
    pub quantity: u32,
}

/// What shops and dispatchers both see of a delivery and its order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SharedView {
    /// `shp_…`
    pub shop_id: String,
    /// The money.
    pub payment: PaymentView,
    /// Who gets it.
    pub customer: CustomerView,
    /// Where.
    pub address: AddressView,
    /// The pieces.
    pub parcels: Vec<ParcelView>,
    /// The region, if the address lies in one.
    pub region: Option<RegionPinView>,
    /// Who carries it; dispatchers also see to whom it is offered.
    pub courier: Option<NamedView>,
    /// What its courier has to be fit for: `cash`, `cold`, `heavy`, `id`.
    pub needs: Vec<String>,
    /// Ready for collection.
    pub ready_at: DateTime<Utc>,
    /// The promised window.
    pub window: Option<WindowView>,
    /// The promise.
    pub promised_by: DateTime<Utc>,
    /// Planned arrival at the door.
    pub planned_arrival: Option<DateTime<Utc>>,
    /// The answer that counts.
    #[schema(value_type = Option<Object>)]
    pub answer: Option<Value>,
    /// Failed attempts at the door.
    pub attempts: u32,
    /// What this caller may ask for now.
    pub allowed: Vec<String>,
    /// The customer's page.
    pub tracking_url: String,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// For If-Match.
    pub version: i64,
}

/// An order as its shop sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderView {
    /// `ord_…`
    pub id: String,
    /// The shop's own id.
    pub external_id: Option<String>,
    /// `dlv_…`
    pub delivery_id: String,
    /// `pup_…`
    pub pickup_point_id: String,
    /// Where the parcel is.
    pub status: String,
    /// What the customer has said.
    pub gate: String,
    /// For the courier.
    pub note: Option<String>,
    /// The basket.
    pub items: Vec<ItemView>,
    /// The hand-off and its proof.
    #[schema(value_type = Option<Object>)]
    pub hand_off: Option<Value>,
    /// What dispatchers see too.
    #[serde(flatten)]
    pub shared: SharedView,
}

/// The parts of an order that do not change with its delivery.
#[derive(Debug, Clone)]
pub struct OrderFacts {
    /// Its id.
    pub id: OrderId,
    /// The shop's own id.
    pub external_id: Option<String>,
    /// Where it is collected.
    pub pickup_point: PickupPointId,
    /// Who gets it.
    pub customer: Customer,
    /// Where, in words.
    pub address: String,
    /// For the courier.
    pub note: Option<String>,
    /// The basket.
    pub items: Vec<Item>,
    /// What its courier has to be fit for.
    pub needs: Vec<Skill>,
    /// Accepted.
    pub created_at: DateTime<Utc>,
}

impl OrderFacts {
    /// From its row.
    ///
    /// # Errors
    /// [`Error::Internal`] when the stored JSON cannot be read.
    pub fn read(row: &entity::orders::Model) -> Result<OrderFacts, Error> {
        Ok(OrderFacts {
            id: OrderId::from_uuid(row.id),
            external_id: row.external_id.clone(),
            pickup_point: PickupPointId::from_uuid(row.pickup_point_id),
            customer: serde_json::from_str(&row.customer).map_err(Error::internal)?,
            address: row.address.clone(),
            note: row.note.clone(),
            items: serde_json::from_str(&row.items).map_err(Error::internal)?,
            needs: serde_json::from_str(&row.needs).map_err(Error::internal)?,
            created_at: instant(row.created_at),
        })
    }

    /// The note that counts: the latest amendment's, else the one the order came with.
    pub fn note_now(&self, delivery: &Delivery) -> Option<String> {
        delivery.note.clone().or_else(|| self.note.clone())
    }
}

/// What was given back of the captured amount or is to be, in minor units.
fn refunded_minor(delivery: &Delivery) -> i64 {
    let counts = delivery.refunds.iter().filter(|refund| refund.stage != RefundStage::Failed);
    counts.fold(0, |sum, refund| sum.saturating_add(refund.amount_minor))
}

/// The money of a delivery.
pub fn payment_view(delivery: &Delivery) -> PaymentView {
    let payment = &delivery.payment;
    let money = |amount| MoneyView { amount, currency: payment.currency.code().to_owned() };
    PaymentView {
        id: payment.id.to_string(),
        state: payment.kind().name().to_owned(),
        shown: payment.shown().to_owned(),
        authorised: money(payment.amount_minor),
        by: match payment.by {
            PayBy::Hold => "hold".to_owned(),
            PayBy::Cash => "cash".to_owned(),
        },
        refunded: match refunded_minor(delivery) {
            0 => None,
            minor => Some(money(minor)),
        },
        owed: payment.owed().map(|owed| money(owed.amount_minor)),
        action_url: match &payment.state {
            PaymentState::ActionRequired { url, .. } => url.clone(),
            _ => None,
        },
        captured: match payment.state {
            PaymentState::Captured { amount_minor, .. } => Some(money(amount_minor)),
            _ => None,
        },
        failure: match &payment.state {
            PaymentState::CaptureFailed { code, .. }
            | PaymentState::Recovering { code, .. }
            | PaymentState::Declined { code, .. } => Some(code.clone()),
            _ => None,
        },
    }
}

/// The pieces of a delivery.
pub fn parcel_views(delivery: &Delivery) -> Vec<ParcelView> {
    let holder = |holder: Holder| match holder {
        Holder::Shop => "shop",
        Holder::Courier { .. } => "courier",
        Holder::Customer => "customer",
        Holder::Lost => "lost",
    };
    let view = |parcel: &callahead_domain::delivery::state::Parcel| ParcelView {
        id: parcel.id.to_string(),
        number: parcel.number,
        barcode: parcel.barcode.clone(),
        value: parcel.value_minor,
        holder: holder(parcel.holder).to_owned(),
    };
    delivery.parcels.iter().map(view).collect()
}

/// Skills by their wire names.
pub fn skill_names(skills: &[Skill]) -> Vec<String> {
    skills.iter().map(|skill| skill.name().to_owned()).collect()
}

/// The window of a delivery.
pub fn window_view(delivery: &Delivery) -> Option<WindowView> {
    delivery.window.map(|window| WindowView {
        from: window.from,
        until: window.until,
        time_zone: zone_name(window.zone),
    })
}

fn zone_name(zone: Tz) -> String {
    zone.name().to_owned()
}

/// The region a delivery is pinned to.
pub fn region_view(delivery: &Delivery, book: &Book) -> Option<RegionPinView> {
    let pin = delivery.region?;
    let name = book.regions.get(&pin.region).map(|entry| entry.name.clone()).unwrap_or_default();
    Some(RegionPinView { id: pin.region.to_string(), version: pin.version, name })
}

/// Everything the views of an order and its delivery are made of.
#[derive(Debug)]
pub struct OrderParts<'a> {
    /// What does not change.
    pub facts: OrderFacts,
    /// What does.
    pub delivery: &'a Delivery,
    /// Its version.
    pub version: i64,
    /// The courier's name, where one is concerned.
    pub courier: Option<String>,
    /// The rules that hold for it.
    pub policy: Policy,
    /// Who looks.
    pub actor: Actor,
    /// When.
    pub now: DateTime<Utc>,
}

impl App {
    /// The rules that hold for a delivery.
    pub(super) fn policy_of(&self, delivery: &Delivery) -> Policy {
        self.book.get().policy(delivery.region.map(|pin| pin.region), delivery.shop)
    }

    /// What a view of a stored order is made of.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn order_parts<'a>(
        &self,
        order: &entity::orders::Model,
        loaded: &'a Loaded,
        actor: Actor,
    ) -> Result<OrderParts<'a>, Error> {
        let delivery = &loaded.delivery;
        let courier = match delivery.stage.courier() {
            Some(id) => crate::store::couriers::name(self.db.read(), id.uuid()).await?,
            None => None,
        };
        Ok(OrderParts {
            facts: OrderFacts::read(order)?,
            delivery,
            version: loaded.row.version,
            courier,
            policy: self.policy_of(delivery),
            actor,
            now: self.clock.now(),
        })
    }

    /// What shops and dispatchers both see.
    pub(super) fn shared_view(&self, parts: &OrderParts<'_>) -> SharedView {
        let OrderParts { facts, delivery, version, courier, policy, actor, now } = parts;
        let context = Context { actor: *actor, now: *now, occurred_at: *now, policy };
        SharedView {
            shop_id: delivery.shop.to_string(),
            payment: payment_view(delivery),
            customer: CustomerView {
                name: facts.customer.name.clone(),
                phone: facts.customer.phone.as_ref().map(ToString::to_string),
                email: facts.customer.email.as_ref().map(ToString::to_string),
                language: facts.customer.language.tag().to_owned(),
            },
            address: address_view(&facts.address, delivery),
            parcels: parcel_views(delivery),
            region: region_view(delivery, &self.book.get()),
            courier: delivery
                .stage
                .courier()
                .map(|id| NamedView { id: id.to_string(), name: courier.clone().unwrap_or_default() }),
            needs: skill_names(&facts.needs),
            ready_at: delivery.ready_at,
            window: window_view(delivery),
            promised_by: delivery.promised_by,
            planned_arrival: delivery.planned.map(|planned| planned.arrive_at),
            answer: delivery.answer.as_ref().and_then(|answer| serde_json::to_value(answer).ok()),
            attempts: delivery.attempts,
            allowed: allowed(delivery, &context).into_iter().map(|kind| kind.name().to_owned()).collect(),
            tracking_url: self.link_url(&self.secrets.link(delivery.id.uuid())),
            created_at: facts.created_at,
            version: *version,
        }
    }

    /// An order as its shop sees it. Who it is offered to is none of the shop's business.
    pub fn order_view(&self, parts: &OrderParts<'_>) -> OrderView {
        let OrderParts { facts, delivery, .. } = parts;
        let mut shared = self.shared_view(parts);
        if matches!(delivery.stage, Stage::Offered { .. }) {
            shared.courier = None;
        }
        OrderView {
            id: facts.id.to_string(),
            external_id: facts.external_id.clone(),
            delivery_id: delivery.id.to_string(),
            pickup_point_id: facts.pickup_point.to_string(),
            status: delivery.stage.kind().name().to_owned(),
            gate: delivery.gate.kind().name().to_owned(),
            note: facts.note_now(delivery),
            items: facts
                .items
                .iter()
                .map(|item| ItemView { name: item.name.clone(), quantity: item.quantity })
                .collect(),
            hand_off: match &delivery.stage {
                Stage::HandedOver { hand_off, .. } => serde_json::to_value(hand_off).ok(),
                _ => None,
            },
            shared,
        }
    }

    /// An order read whole, as its shop sees it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shown_order(
        &self,
        order: &entity::orders::Model,
        loaded: &Loaded,
        actor: Actor,
    ) -> Result<OrderView, Error> {
        Ok(self.order_view(&self.order_parts(order, loaded, actor).await?))
    }
}
