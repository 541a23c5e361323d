//! What a round looks at: couriers on duty with what they hold, deliveries that wait, where parcels are picked up.

use super::super::App;
use super::super::book::Book;
use super::super::error::Error;
use super::super::home_history::{self, Door};
use super::super::run::{self, RunStop};
use super::stops::earliest;
use super::travel;
use crate::store::deliveries::{self, Loaded, instant, micros};
use crate::store::dispatching::{self as rows, Wanted};
use crate::store::visits::HomeKeys;
use callahead_domain::call_ahead::home_chance::{History, HomeChance, Word, home_chance};
use callahead_domain::courier::Skill;
use callahead_domain::delivery::Delivery;
use callahead_domain::delivery::attention::UNASSIGNED_ALARM_S;
use callahead_domain::delivery::state::{Gate, Stage};
use callahead_domain::dispatch::Weights;
use callahead_domain::geo::Point;
use callahead_domain::id::{CourierId, PickupPointId, RegionId};
use callahead_domain::payment::PaymentKind;
use callahead_domain::policy::{AssignMode, Policy};
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Deliveries of a region looked at in one round, the first harmed first.
const MOST_WAITING: i64 = 2_000;

/// Couriers of other regions a delivery is widened to at most, the nearest first.
const MOST_WIDENED: usize = 10;

/// A place where parcels are taken from a shop.
#[derive(Debug, Clone, Copy)]
pub(super) struct PickUp {
    pub(super) id: PickupPointId,
    pub(super) point: Point,
}

/// A delivery with what assignment needs to know of it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) delivery: Delivery,
    pub(super) version: i64,
    pub(super) region: RegionId,
    pub(super) pick_up: PickUp,
    pub(super) door: Point,
    pub(super) policy: Policy,
    /// Under which hashes visits to the door are counted.
    pub(super) home_keys: HomeKeys,
    /// The chance that somebody is home.
    pub(super) home: HomeChance,
    /// Couriers of other regions it comes into question for.
    pub(super) widened: Vec<CourierId>,
    /// What its courier has to be fit for.
    pub(super) needs: Vec<Skill>,
    /// By number, the grams of the parcels somebody has weighed.
    pub(super) grams: Vec<(i32, i64)>,
}

/// A courier on duty.
#[derive(Debug)]
pub(super) struct OnDuty {
    pub(super) id: CourierId,
    pub(super) name: String,
    pub(super) shift: Uuid,
    pub(super) shift_version: i64,
    pub(super) started_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
    pub(super) capacity: u32,
    /// How much faster than others their vehicle makes them.
    pub(super) speed_factor: f64,
    pub(super) regions: Vec<RegionId>,
    /// Regions they do not serve but are near to something of, that was widened to them.
    pub(super) reached: BTreeSet<RegionId>,
    pub(super) seen: Option<(Point, DateTime<Utc>)>,
    pub(super) run: Vec<RunStop>,
    /// On their run, oldest first.
    pub(super) held: Vec<Known>,
    pub(super) has_offer: bool,
    pub(super) skills: Vec<Skill>,
    /// Grams at once.
    pub(super) max_weight_g: Option<u32>,
    /// Where they have to be when the shift ends.
    pub(super) home: Option<Point>,
    pub(super) break_until: Option<DateTime<Utc>>,
    /// Deliveries their guaranteed pay covers, those in the run included.
    pub(super) covered: Option<u32>,
}

/// One look at everything.
#[derive(Debug)]
pub(super) struct View {
    pub(super) now: DateTime<Utc>,
    pub(super) book: Arc<Book>,
    pub(super) weights: Weights,
    pub(super) couriers: Vec<OnDuty>,
    /// Deliveries that may be given to somebody now.
    pub(super) open: Vec<Known>,
}

impl View {
    fn all(&mut self) -> Vec<&mut Known> {
        self.couriers.iter_mut().flat_map(|duty| &mut duty.held).chain(&mut self.open).collect()
    }

    /// Somebody on duty.
    pub(super) fn courier(&self, id: CourierId) -> Option<&OnDuty> {
        self.couriers.iter().find(|duty| duty.id == id)
    }

    /// As if this delivery, on a run or not, had been given to nobody yet.
    pub(super) fn as_open(&mut self, mut known: Known) {
        let id = known.delivery.id;
        let stood = self.open.iter_mut().find(|open| open.delivery.id == id);
        known.widened = stood.map(|open| std::mem::take(&mut open.widened)).unwrap_or_default();
        let offered_to = match known.delivery.stage {
            Stage::Offered { courier, .. } => Some(courier),
            _ => None,
        };
        for duty in &mut self.couriers {
            duty.held.retain(|held| held.delivery.id != id);
            duty.has_offer &= offered_to != Some(duty.id);
        }
        self.open.retain(|open| open.delivery.id != id);
        self.open.push(known);
    }
}

impl Known {
    /// The door when it is to be reached: as planned, or as soon as can be.
    fn doorstep(&self, now: DateTime<Utc>) -> Door {
        let delivery = &self.delivery;
        let soonest = earliest(delivery).unwrap_or(now).max(delivery.ready_at).max(now);
        let expected = delivery.planned.map_or(soonest, |planned| planned.arrive_at);
        Door::of(delivery, self.region, &self.policy, &self.home_keys, expected)
    }

    /// Whether it can still be given to any courier: it has not been collected, and is not over.
    pub(super) fn is_givable(&self) -> bool {
        matches!(self.delivery.stage, Stage::Received { .. } | Stage::Offered { .. } | Stage::Assigned { .. })
    }
}

/// Reads it.
pub(super) async fn read(app: &App, now: DateTime<Utc>) -> Result<View, Error> {
    let conn = app.db.read();
    let (book, weights) = (app.book.get(), app.config.dispatch.weights);
    let shifts = rows::open_shifts(conn).await?;
    if shifts.is_empty() {
        return Ok(View { now, book, weights, couriers: Vec::new(), open: Vec::new() });
    }
    let active: Vec<Uuid> =
        book.regions.iter().filter(|(_, entry)| entry.active).map(|(id, _)| id.uuid()).collect();
    let waiting = rows::waiting(conn, &active, MOST_WAITING).await?;
    let held =
        deliveries::of_couriers(conn, shifts.iter().map(|(shift, _)| shift.courier_id).collect()).await?;
    let orders: Vec<Uuid> = waiting.iter().chain(&held).map(|loaded| loaded.row.order_id).collect();
    let wanted = rows::wanted(conn, &orders).await?;
    let know = |loaded: Loaded| known(loaded, &wanted, &book);
    let open = waiting
        .into_iter()
        .filter(|loaded| may_be_given(&loaded.delivery, &book, now))
        .filter_map(know)
        .collect();
    let mut by_courier: HashMap<Uuid, Vec<Loaded>> = HashMap::new();
    for loaded in held {
        if let Some(courier) = loaded.row.courier_id {
            by_courier.entry(courier).or_default().push(loaded);
        }
    }
    let speeds = app.learned_speeds(now).await;
    let couriers = shifts.into_iter().map(|(shift, courier)| {
        let regions: Vec<RegionId> = serde_json::from_str(&courier.regions).unwrap_or_default();
        let who = (courier.vehicle.as_str(), regions.as_slice());
        let speed_factor = travel::speed_factor(app, (&book, now), speeds.as_deref(), who);
        let theirs = by_courier.remove(&courier.id).unwrap_or_default();
        let (offered, held): (Vec<_>, Vec<_>) =
            theirs.into_iter().partition(|loaded| matches!(loaded.delivery.stage, Stage::Offered { .. }));
        let point = place(shift.lat, shift.lon);
        OnDuty {
            id: CourierId::from_uuid(courier.id),
            name: courier.name,
            shift: shift.id,
            shift_version: shift.version,
            started_at: instant(shift.started_at),
            ends_at: instant(shift.ends_at),
            capacity: u32::try_from(shift.capacity).unwrap_or(0),
            // Somebody who was taken off the books finishes what they have.
            regions: if courier.active { regions } else { Vec::new() },
            speed_factor,
            reached: BTreeSet::new(),
            seen: point.map(|point| (point, shift.position_at.map_or(instant(shift.started_at), instant))),
            run: run::parse(&shift.run).unwrap_or_default(),
            held: held.into_iter().filter_map(know).collect(),
            has_offer: !offered.is_empty(),
            skills: serde_json::from_str(&courier.skills).unwrap_or_default(),
            max_weight_g: courier.max_weight_g.and_then(|most| u32::try_from(most).ok()),
            home: place(courier.home_lat, courier.home_lon),
            break_until: shift.break_until.map(instant).filter(|until| *until > now),
            covered: None,
        }
    });
    let couriers = couriers.collect();
    let mut view = View { now, book, weights, couriers, open };
    widen(&mut view);
    cover(app, &mut view).await?;
    count(app, &mut view.all(), now).await?;
    Ok(view)
}

/// Looks up how likely somebody is home at these doors, for all of them at once.
async fn count(app: &App, all: &mut [&mut Known], now: DateTime<Utc>) -> Result<(), Error> {
    let doors: Vec<Door> = all.iter().map(|known| known.doorstep(now)).collect();
    let chances = home_history::chances(app.db.read(), &doors, now).await?;
    all.iter_mut().zip(chances).for_each(|(known, chance)| known.home = chance);
    Ok(())
}

/// What nobody of its region takes comes into question for the nearest couriers of other regions, as far as its policy
/// lets it: after a decline, an offer that passed, or as long without a courier as a dispatcher is told of it.
fn widen(view: &mut View) {
    let View { now, couriers, open, .. } = view;
    for known in open.iter_mut().filter(|known| known.policy.widen_m > 0) {
        let Stage::Received { since } = known.delivery.stage else { continue };
        if known.delivery.rounds == 0 && since + Duration::seconds(UNASSIGNED_ALARM_S) > *now {
            continue;
        }
        let others = couriers.iter_mut().filter(|duty| {
            !duty.regions.is_empty() && !duty.regions.contains(&known.region) && duty.ends_at > *now
        });
        let mut near: Vec<(f64, &mut OnDuty)> = others
            .filter_map(|duty| Some((duty.seen?.0.distance_m(known.pick_up.point), duty)))
            .filter(|(metres, _)| {
                i32::try_from(known.policy.widen_m).is_ok_and(|most| *metres <= f64::from(most))
            })
            .collect();
        near.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        for (_, duty) in near.into_iter().take(MOST_WIDENED) {
            duty.reached.insert(known.region);
            known.widened.push(duty.id);
        }
    }
}

fn place(lat: Option<f64>, lon: Option<f64>) -> Option<Point> {
    lat.zip(lon).and_then(|(lat, lon)| Point::new(lat, lon).ok())
}

/// Where a region's policy guarantees pay: how many deliveries that of the whole shift covers, less those handed over.
async fn cover(app: &App, view: &mut View) -> Result<(), Error> {
    let View { book, couriers, .. } = view;
    for duty in couriers {
        let region = duty.regions.first().and_then(|region| book.regions.get(region));
        let each_hour = region.map_or(0, |region| region.policy.guaranteed_per_hour);
        if each_hour == 0 {
            continue;
        }
        let seconds = (duty.ends_at - duty.started_at).num_seconds().max(0);
        let all = u64::try_from(seconds).unwrap_or(0).saturating_mul(u64::from(each_hour)) / 3_600;
        let done = rows::handed_over_since(app.db.read(), duty.id.uuid(), micros(duty.started_at)).await?;
        duty.covered = Some(u32::try_from(all.saturating_sub(done)).unwrap_or(u32::MAX));
    }
    Ok(())
}

/// A delivery that has a door, a region and a pick-up point.
fn known(loaded: Loaded, wanted: &HashMap<Uuid, Wanted>, book: &Book) -> Option<Known> {
    let delivery = loaded.delivery;
    let region = delivery.region?.region;
    let Wanted { pick_up, needs, grams } = wanted.get(&loaded.row.order_id)?;
    Some(Known {
        version: loaded.row.version,
        region,
        pick_up: PickUp {
            id: PickupPointId::from_uuid(pick_up.id),
            point: Point::new(pick_up.lat, pick_up.lon).ok()?,
        },
        door: delivery.place?,
        policy: book.policy(Some(region), delivery.shop),
        home_keys: HomeKeys { customer: loaded.row.customer_key, door: loaded.row.door_key },
        home: home_chance(Word::of(&delivery), &History::default()),
        widened: Vec::new(),
        needs: serde_json::from_str(needs).unwrap_or_default(),
        grams: grams.clone(),
        delivery,
    })
}

/// Whether a delivery that waits may be given to a courier now. What is left out needs no courier yet (a hold), or a
/// person first (a refusal, an ended authorisation, declined by everybody who was asked).
fn may_be_given(delivery: &Delivery, book: &Book, now: DateTime<Utc>) -> bool {
    let policy = book.policy(delivery.region.map(|pin| pin.region), delivery.shop);
    let gate = match delivery.gate {
        Gate::Held { until, .. } => until <= now,
        Gate::Refused { .. } => false,
        _ => true,
    };
    let asked_enough = policy.assign == AssignMode::Offer && delivery.rounds >= policy.offer_rounds;
    gate && !asked_enough && delivery.payment.kind() == PaymentKind::Authorised
}

/// One delivery as assignment knows it, whatever its stage.
pub(super) async fn one(app: &App, delivery: Uuid) -> Result<Option<Known>, Error> {
    let conn = app.db.read();
    let loaded = deliveries::by_id(conn, delivery).await?.ok_or(Error::Missing)?;
    let wanted = rows::wanted(conn, &[loaded.row.order_id]).await?;
    let mut known = known(loaded, &wanted, &app.book.get());
    count(app, &mut known.iter_mut().collect::<Vec<_>>(), app.clock.now()).await?;
    Ok(known)
}
