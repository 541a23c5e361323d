//! The feed: everything a courier's phone needs to go on without a signal. A phone that holds the current one is told so
//! by its tag.

use super::next_action::{NextAction, call_due, next_action};
use super::shift::{self, CourierShiftView};
use crate::app::App;
use crate::app::book::Book;
use crate::app::courier::order_of_stops::{Slot, arrange};
use crate::app::error::Error;
use crate::app::run::{self, StopKind};
use crate::app::scan::hex;
use crate::app::secret::Secrets;
use crate::app::view::{
    OrderFacts, PointView, RegionPinView, WindowView, region_view, skill_names, window_view,
};
use crate::store::deliveries::{self, Loaded};
use crate::store::shifts;
use callahead_domain::actor::Actor;
use callahead_domain::call_ahead::answer::{Answer, Outcome};
use callahead_domain::delivery::guard::clearance;
use callahead_domain::delivery::proof::ProofMethod;
use callahead_domain::delivery::state::{CODE_TRIES, Delivery, Holder, Stage};
use callahead_domain::delivery::{CommandKind, Context, allowed};
use callahead_domain::hand_off::chain::Anchor;
use callahead_domain::id::{CourierId, DeliveryId, PickupPointId};
use callahead_domain::policy::Policy;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use utoipa::ToSchema;

/// A place with a name.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct StopPickupView {
    /// Name.
    pub name: String,
    /// In words.
    pub address: String,
    /// On the map.
    pub point: Option<PointView>,
}

/// A proposal: one delivery, or several that are picked up together, taken or declined as a whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OfferView {
    /// `dlv_…`; the answer goes to any of its deliveries.
    pub delivery_id: String,
    /// All of them, `dlv_…`.
    pub deliveries: Vec<String>,
    /// Its end, by the server's clock.
    pub until: DateTime<Utc>,
    /// Where the parcels are.
    pub pickup: StopPickupView,
    /// Where the first goes.
    pub region: Option<RegionPinView>,
    /// How many, of all of them.
    pub parcels: usize,
    /// Planned arrival at the first door.
    pub planned_arrival: Option<DateTime<Utc>>,
}

/// Who is at the door.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopPersonView {
    /// Name.
    pub name: String,
    /// E.164, only while the courier needs it.
    pub phone: Option<String>,
}

/// One piece.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopParcelView {
    /// 1, 2, 3 …
    pub number: i32,
    /// What is scanned.
    pub barcode: String,
}

/// What the customer said.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopAnswerView {
    /// home_now, home_from, …
    pub outcome: String,
    /// For the courier.
    pub note: String,
    /// When it was said.
    pub at: DateTime<Utc>,
    /// courier, sms, link or app.
    pub source: String,
    /// Nobody arrives before.
    pub from: Option<DateTime<Utc>>,
    /// Nobody arrives after.
    pub until: Option<DateTime<Utc>>,
    /// The day wanted.
    pub day: Option<NaiveDate>,
    /// Another place, or words that are not understood.
    pub words: Option<String>,
}

/// A chain of changing codes, as far as a phone may know it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopChainView {
    /// When its first window begins.
    pub t0: DateTime<Utc>,
    /// How many windows of 30 seconds it has.
    pub windows: u16,
    /// `x(0)`, 32 hexadecimal digits.
    pub anchor: String,
}

/// What a phone checks codes against without a signal. Nothing of it can show a code, or find one by trying.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopProofView {
    /// What the codes name the delivery by, 16 hexadecimal digits.
    pub hid: String,
    /// Of today and of tomorrow, UTC.
    pub chains: Vec<StopChainView>,
    /// What a slip is checked against, 32 hexadecimal digits; null where a slip does not confirm.
    pub slip_digest: Option<String>,
    /// Codes that confirm the hand-off: ho1, hs1, code.
    pub any_of: Vec<String>,
    /// What must come with the code: photo, signature.
    pub plus: Vec<String>,
    /// Whether a photo or a signature may stand in for the code.
    pub fallback: bool,
}

/// One stop.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopView {
    /// pick_up, drop_off or return.
    pub kind: StopKind,
    /// `dlv_…`
    pub delivery_id: String,
    /// `ord_…`
    pub order_id: String,
    /// Where the parcels are.
    pub stage: String,
    /// What the customer has said.
    pub gate: String,
    /// Where to go.
    pub point: Option<PointView>,
    /// Where to go, in words.
    pub address: String,
    /// The same in the customer's own words, where the address could not be placed at first.
    pub address_told: Option<String>,
    /// The shop's side.
    pub pickup_point: StopPickupView,
    /// The customer; null where the courier goes to the shop.
    pub customer: Option<StopPersonView>,
    /// The pieces that are with shop or courier.
    pub parcels: Vec<StopParcelView>,
    /// Planned arrival at this stop.
    pub planned_arrival: Option<DateTime<Utc>>,
    /// Ready for collection.
    pub ready_at: DateTime<Utc>,
    /// The promised window.
    pub window: Option<WindowView>,
    /// The promise.
    pub promised_by: DateTime<Utc>,
    /// For the courier, from the shop.
    pub note: Option<String>,
    /// What is asked of the courier: `cash`, `cold`, `heavy`, `id`.
    pub needs: Vec<String>,
    /// The answer that counts.
    pub answer: Option<StopAnswerView>,
    /// Who takes it instead of the customer.
    pub receiver: Option<StopPersonView>,
    /// How the hand-off is proved here; null where nothing is to be handed over.
    pub proof: Option<StopProofView>,
    /// Tries left before the code locks.
    pub code_tries_left: u32,
    /// Since when the courier should call.
    pub call_due_at: Option<DateTime<Utc>>,
    /// The one thing to do.
    pub next_action: NextAction,
    /// How long a courier waits at this door before giving up, in seconds.
    pub waiting_s: i64,
    /// Types of actions the state allows now.
    pub allowed: Vec<String>,
    /// Rises with every change.
    pub version: i64,
}

/// The feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FeedView {
    /// The server's clock.
    pub server_time: DateTime<Utc>,
    /// The open shift.
    pub shift: Option<CourierShiftView>,
    /// Changes whenever run or deliveries do.
    pub plan_version: String,
    /// Proposals.
    pub offers: Vec<OfferView>,
    /// Stops in their order.
    pub stops: Vec<StopView>,
}

/// What all stops of a feed are made with.
struct Show<'a> {
    book: &'a Book,
    secrets: &'a Secrets,
    facts: HashMap<uuid::Uuid, OrderFacts>,
    courier: CourierId,
    now: DateTime<Utc>,
    /// Deliveries that still lead to a door nobody has set off to.
    doors: Vec<DeliveryId>,
}

/// The feed and its tag.
///
/// # Errors
/// When the database cannot be read.
pub async fn feed(app: &App, courier: CourierId) -> Result<(FeedView, String), Error> {
    let now = app.clock.now();
    let shift = shifts::open_of(app.db.read(), courier.uuid()).await?;
    let mine = deliveries::of_couriers(app.db.read(), vec![courier.uuid()]).await?;
    let orders =
        shifts::orders_of_run(app.db.read(), mine.iter().map(|loaded| loaded.row.order_id).collect()).await?;
    let facts =
        orders.iter().map(|(id, row)| Ok((*id, OrderFacts::read(row)?))).collect::<Result<_, Error>>()?;
    let run = shift.as_ref().map_or(Ok(Vec::new()), |row| run::parse(&row.run))?;
    let doors =
        mine.iter().filter(|loaded| loaded.delivery.is_askable()).map(|loaded| loaded.delivery.id).collect();
    let book = app.book.get();
    let show = Show { book: &book, secrets: &app.secrets, facts, courier, now, doors };
    let by_id: HashMap<DeliveryId, &Loaded> =
        mine.iter().map(|loaded| (loaded.delivery.id, loaded)).collect();
    let slots = arrange(mine.iter().map(|loaded| &loaded.delivery), &run);
    let stops = slots.iter().filter_map(|slot| show.stop(slot, by_id.get(&slot.delivery)?)).collect();
    let view = FeedView {
        server_time: now,
        plan_version: plan_version(shift.iter().map(|row| (row.id, row.version)).chain(rows_of(&mine))),
        shift: shift.as_ref().map(shift::view),
        offers: show.offers(&mine),
        stops,
    };
    let tag = tag_of(&view)?;
    Ok((view, tag))
}

/// The first stop of a delivery that is on the courier's run.
///
/// # Errors
/// [`Error::Missing`] when it is not.
pub async fn first_stop(app: &App, courier: CourierId, delivery: DeliveryId) -> Result<StopView, Error> {
    let (view, _) = feed(app, courier).await?;
    let id = delivery.to_string();
    view.stops.into_iter().find(|stop| stop.delivery_id == id).ok_or(Error::Missing)
}

fn short(hash: impl AsRef<[u8]>) -> String {
    hash.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn rows_of(mine: &[Loaded]) -> impl Iterator<Item = (uuid::Uuid, i64)> {
    mine.iter().map(|loaded| (loaded.row.id, loaded.row.version))
}

/// A mark of the shift and the deliveries of a feed, each with its version: first the open shift, then by id.
pub(super) fn plan_version(rows: impl Iterator<Item = (uuid::Uuid, i64)>) -> String {
    let mut hash = Sha256::new();
    for (id, version) in rows {
        hash.update(id.as_bytes());
        hash.update(version.to_be_bytes());
    }
    short(hash.finalize())
}

/// A mark of everything shown but the clock.
fn tag_of(view: &FeedView) -> Result<String, Error> {
    let shown = (&view.shift, &view.plan_version, &view.offers, &view.stops);
    let bytes = serde_json::to_vec(&shown).map_err(Error::internal)?;
    Ok(short(Sha256::digest(bytes)))
}

impl Show<'_> {
    fn pickup(&self, facts: Option<&OrderFacts>) -> StopPickupView {
        let entry = facts.and_then(|facts| self.book.pickup_points.get(&facts.pickup_point));
        entry.map_or_else(StopPickupView::default, |entry| StopPickupView {
            name: entry.name.clone(),
            address: entry.address.clone(),
            point: Some(entry.point.into()),
        })
    }

    /// Open offers; what was offered together from one pick-up point is one.
    fn offers(&self, mine: &[Loaded]) -> Vec<OfferView> {
        let mut bundles: Vec<((PickupPointId, DateTime<Utc>), OfferView)> = Vec::new();
        for delivery in mine.iter().map(|loaded| &loaded.delivery) {
            let (Stage::Offered { until, .. }, Some(facts)) =
                (&delivery.stage, self.facts.get(&delivery.order.uuid()))
            else {
                continue;
            };
            let (key, until) = ((facts.pickup_point, *until), *until);
            if self.now >= until {
                continue;
            }
            if let Some((_, offer)) = bundles.iter_mut().find(|(known, _)| *known == key) {
                offer.deliveries.push(delivery.id.to_string());
                offer.parcels += delivery.parcels.len();
                continue;
            }
            let offer = OfferView {
                delivery_id: delivery.id.to_string(),
                deliveries: vec![delivery.id.to_string()],
                until,
                pickup: self.pickup(Some(facts)),
                region: region_view(delivery, self.book),
                parcels: delivery.parcels.len(),
                planned_arrival: delivery.planned.map(|planned| planned.arrive_at),
            };
            bundles.push((key, offer));
        }
        bundles.into_iter().map(|(_, offer)| offer).collect()
    }

    fn proof(&self, delivery: &Delivery, policy: &Policy) -> StopProofView {
        let rule = policy.proof_rule(delivery.payment.amount_minor);
        let names = |methods: &[ProofMethod]| methods.iter().map(|method| method.name().to_owned()).collect();
        let slip = || self.secrets.slip(delivery.id, delivery.code.rotation);
        let chains = self.secrets.anchors(delivery, self.courier, self.now);
        StopProofView {
            hid: hex(&self.secrets.hid(delivery.id)),
            chains: chains
                .map(|(t0, Anchor { value, windows, .. })| StopChainView { t0, windows, anchor: hex(&value) })
                .to_vec(),
            slip_digest: rule.any_of.contains(&ProofMethod::Hs1).then(|| hex(&slip().digest())),
            any_of: names(rule.any_of),
            plus: names(rule.plus),
            fallback: policy.fallback_proof,
        }
    }

    fn stop(&self, slot: &Slot, loaded: &Loaded) -> Option<StopView> {
        let delivery = &loaded.delivery;
        let facts = self.facts.get(&delivery.order.uuid())?;
        let pickup = self.pickup(Some(facts));
        let policy = self.book.policy(delivery.region.map(|pin| pin.region), delivery.shop);
        let actor = Actor::Courier(self.courier);
        let context = Context { actor, now: self.now, occurred_at: self.now, policy: &policy };
        let last_in_run = self.doors.iter().all(|other| *other == delivery.id);
        let call_due_at = call_due(delivery, self.now);
        let to_door = slot.kind == StopKind::DropOff;
        let near =
            matches!(delivery.stage, Stage::Collected { .. } | Stage::EnRoute { .. } | Stage::AtDoor { .. });
        let needed = to_door && (near || call_due_at.is_some());
        let person = |name: &str, phone: Option<String>| StopPersonView {
            name: name.to_owned(),
            phone: phone.filter(|_| needed),
        };
        let customer = person(&facts.customer.name, facts.customer.phone.as_ref().map(ToString::to_string));
        let receiver =
            delivery.receiver.as_ref().map(|receiver| person(&receiver.name, receiver.phone.clone()));
        let door_at = delivery.planned.map(|planned| planned.arrive_at).filter(|_| to_door);
        Some(StopView {
            kind: slot.kind,
            delivery_id: delivery.id.to_string(),
            order_id: delivery.order.to_string(),
            stage: delivery.stage.kind().name().to_owned(),
            gate: delivery.gate.kind().name().to_owned(),
            point: if to_door { delivery.place.map(PointView::from) } else { pickup.point },
            address: if to_door { facts.address.clone() } else { pickup.address.clone() },
            address_told: delivery.address_told.clone().filter(|_| to_door),
            pickup_point: pickup,
            customer: to_door.then_some(customer),
            parcels: pieces(delivery),
            planned_arrival: slot.arrive_at.or(door_at),
            ready_at: delivery.ready_at,
            window: window_view(delivery),
            promised_by: delivery.promised_by,
            note: facts.note_now(delivery),
            needs: skill_names(&facts.needs),
            answer: delivery.answer.as_ref().map(answer_view),
            receiver: receiver.filter(|_| to_door),
            proof: to_door.then(|| self.proof(delivery, &policy)),
            code_tries_left: CODE_TRIES.saturating_sub(delivery.code.tries),
            call_due_at,
            next_action: next_action(slot.kind, delivery, last_in_run, &context),
            waiting_s: policy.waiting_s,
            allowed: allowed_here(delivery, last_in_run, &context),
            version: loaded.row.version,
        })
    }
}

fn pieces(delivery: &Delivery) -> Vec<StopParcelView> {
    let here = delivery
        .parcels
        .iter()
        .filter(|parcel| matches!(parcel.holder, Holder::Shop | Holder::Courier { .. }));
    here.map(|parcel| StopParcelView { number: parcel.number, barcode: parcel.barcode.clone() }).collect()
}

fn answer_view(answer: &Answer) -> StopAnswerView {
    let mut view = StopAnswerView {
        outcome: answer.outcome.name().to_owned(),
        note: answer.note.clone(),
        at: answer.answered_at,
        source: serde_json::to_value(answer.source)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default(),
        from: None,
        until: None,
        day: None,
        words: None,
    };
    match &answer.outcome {
        Outcome::HomeFrom { from } => view.from = Some(*from),
        Outcome::HomeUntil { until } => view.until = Some(*until),
        Outcome::NotToday { day } => view.day = *day,
        Outcome::OtherPlace { place, .. } => view.words = Some(place.clone()),
        Outcome::Unclear { words } | Outcome::Refused { reason: words } => view.words = Some(words.clone()),
        _ => {}
    }
    view
}

/// Types of actions, by what the table allows and, for setting off, by the clearance it needs.
fn allowed_here(delivery: &Delivery, last_in_run: bool, context: &Context<'_>) -> Vec<String> {
    let kinds = allowed(delivery, context).into_iter().filter(|kind| match kind {
        CommandKind::SetOff => clearance(delivery, last_in_run, context).is_ok(),
        _ => true,
    });
    let name = |kind: CommandKind| if kind == CommandKind::Answer { "call" } else { kind.name() };
    kinds.map(|kind| name(kind).to_owned()).collect()
}
