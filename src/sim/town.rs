//! Sets a town up through the API: regions, shops with keys and pick-up points, couriers with invites.

use callahead_domain::geo::point::Point;
use callahead_domain::geo::travel::GreatCircle;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::SimError;
use super::api::{Api, ApiError, Call};
use super::robots::customer::Persona;

/// What a town is made of.
#[derive(Debug, Clone)]
pub struct TownPlan {
    /// Draws everything random in it.
    pub seed: u64,
    /// IANA name.
    pub time_zone: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// Its regions.
    pub regions: Vec<RegionPlan>,
    /// Its shops.
    pub shops: Vec<ShopPlan>,
    /// Its couriers.
    pub couriers: Vec<CourierPlan>,
    /// How fast couriers move; the service is to reckon with the same.
    pub travel: GreatCircle,
    /// How long things take.
    pub times: Times,
}

/// How long things take at a shop and at a door, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From arriving at a pick-up point to having the parcels, and from there to leaving: half each.
    pub pick_up_s: i64,
    /// From arriving at a door to the hand-off, and from there to leaving: half each.
    pub drop_off_s: i64,
    /// Waiting at a door that does not open, before giving up.
    pub waiting_s: i64,
    /// One telephone call.
    pub call_s: i64,
}

/// One region.
#[derive(Debug, Clone)]
pub struct RegionPlan {
    /// Its name.
    pub name: String,
    /// Its border, any direction; closed by itself.
    pub ring: Vec<Point>,
    /// The knobs that differ from the default.
    pub policy: Value,
}

/// One shop.
#[derive(Debug, Clone)]
pub struct ShopPlan {
    /// Its name.
    pub name: String,
    /// Where its parcels are collected.
    pub places: Vec<PlacePlan>,
}

/// One pick-up point.
#[derive(Debug, Clone)]
pub struct PlacePlan {
    /// Its name.
    pub name: String,
    /// Its address in words.
    pub address: String,
    /// Where it is.
    pub point: Point,
}

/// One courier's shift.
#[derive(Debug, Clone)]
pub struct CourierPlan {
    /// Name, unique in the town.
    pub name: String,
    /// Where the shift begins.
    pub start: Point,
    /// When it begins.
    pub on: DateTime<Utc>,
    /// When it ends.
    pub off: DateTime<Utc>,
    /// Parcels carried at once.
    pub capacity: u32,
    /// Places in [`TownPlan::regions`].
    pub regions: Vec<usize>,
    /// Whether a new shift of the same length follows each.
    pub again: bool,
}

/// One order to come.
#[derive(Debug, Clone)]
pub struct OrderPlan {
    /// The shop's own name of it.
    pub name: String,
    /// Place in [`TownPlan::shops`].
    pub shop: usize,
    /// Place in the shop's places.
    pub place: usize,
    /// The door.
    pub door: Point,
    /// The door in words.
    pub address: String,
    /// When the shop hands it over.
    pub placed_at: DateTime<Utc>,
    /// When it can be collected.
    pub ready_at: DateTime<Utc>,
    /// The customer's name.
    pub customer: String,
    /// How they behave.
    pub persona: Persona,
    /// Authorised amount in minor units.
    pub total_minor: i64,
    /// `en` or `ko`.
    pub language: &'static str,
}

/// A town that is set up.
#[derive(Debug, Clone)]
pub struct Town {
    /// Region ids, in the plan's order.
    pub regions: Vec<String>,
    /// Shops, in the plan's order.
    pub shops: Vec<Shop>,
    /// Couriers, in the plan's order.
    pub couriers: Vec<Invited>,
    /// A key with the role dispatcher.
    pub dispatcher_key: String,
}

/// A shop that is set up.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Its id.
    pub id: String,
    /// Its API key.
    pub key: String,
    /// Ids of its pick-up points.
    pub places: Vec<String>,
}

/// A courier who may sign in.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Their id.
    pub id: String,
    /// The invite, good for one sign-in.
    pub invite: String,
}

/// Sets the town up.
///
/// # Errors
/// When the service refuses any part of it.
pub async fn set_up(api: &Api, operator: &str, plan: &TownPlan) -> Result<Town, SimError> {
    let setter = Setter { api, operator, seed: plan.seed };
    let regions = setter.regions(plan).await?;
    let mut shops = Vec::new();
    for (number, shop) in plan.shops.iter().enumerate() {
        shops.push(setter.shop(plan, shop, number).await?);
    }
    let mut couriers = Vec::new();
    for (number, courier) in plan.couriers.iter().enumerate() {
        couriers.push(setter.courier(courier, number, &regions).await?);
    }
    let key = Call::post("/v1/keys", json!({"role": "dispatcher", "name": "dispatcher's desk"}));
    let dispatcher_key = api.ask_text(setter.signed(key, "dispatcher"), "/key").await?;
    Ok(Town { regions, shops, couriers, dispatcher_key })
}

/// Draws every region a little wider, as a new version of it.
///
/// # Errors
/// When the service refuses.
pub async fn redraw(api: &Api, operator: &str, plan: &TownPlan, town: &Town) -> Result<(), ApiError> {
    let wider = plan.regions.iter().zip(&town.regions).map(|(region, id)| {
        let ring = box_around(&region.ring, 50.0).unwrap_or_else(|| region.ring.clone());
        let mut feature = feature(&RegionPlan { ring, ..region.clone() }, plan.time_zone);
        if let Some(slot) = feature.pointer_mut("/properties") {
            *slot = json!({"id": id, "name": region.name});
        }
        feature
    });
    let features: Vec<Value> = wider.collect();
    let collection = json!({"type": "FeatureCollection", "features": features});
    api.send(Call::put("/v1/regions", collection).by(operator)).await.map(drop)
}

struct Setter<'a> {
    api: &'a Api,
    operator: &'a str,
    seed: u64,
}

impl<'a> Setter<'a> {
    fn signed(&self, call: Call<'a>, what: &str) -> Call<'a> {
        call.by(self.operator).keyed(format!("town-{}-{what}", self.seed))
    }

    async fn regions(&self, plan: &TownPlan) -> Result<Vec<String>, SimError> {
        let path = "/v1/regions";
        let features: Vec<Value> =
            plan.regions.iter().map(|region| feature(region, plan.time_zone)).collect();
        let collection = json!({"type": "FeatureCollection", "features": features});
        let answer = self.api.send(Call::put(path, collection).by(self.operator)).await?;
        let rows = answer.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        let found: Vec<String> = rows.iter().filter_map(|row| id_within(row, "reg_")).collect();
        if found.len() == plan.regions.len() {
            return Ok(found);
        }
        let why = format!("{} region ids for {} regions", found.len(), plan.regions.len());
        Err(ApiError::Unreadable { path: path.to_owned(), why }.into())
    }

    async fn shop(&self, plan: &TownPlan, shop: &ShopPlan, number: usize) -> Result<Shop, SimError> {
        let body = json!({
            "name": shop.name, "currency": plan.currency, "time_zone": plan.time_zone, "language": "en",
            "phone": format!("+82 2 731 {number:04}"), "country": "KR",
        });
        let call = self.signed(Call::post("/v1/shops", body), &format!("shop-{number}"));
        let id = self.api.ask_text(call, "/id").await?;
        let call = Call::post(format!("/v1/shops/{id}/keys"), json!({"name": "till"}));
        let key = self.api.ask_text(self.signed(call, &format!("shop-{number}-key")), "/key").await?;
        let mut places = Vec::new();
        for (at, place) in shop.places.iter().enumerate() {
            let body = json!({
                "name": place.name, "address": place.address, "point": place.point,
                "external_id": format!("{at}"),
            });
            let call = Call::post("/v1/pickup_points", body).by(&key);
            let call = call.keyed(format!("town-{}-shop-{number}-place-{at}", self.seed));
            places.push(self.api.ask_text(call, "/id").await?);
        }
        Ok(Shop { id, key, places })
    }

    async fn courier(
        &self,
        courier: &CourierPlan,
        number: usize,
        regions: &[String],
    ) -> Result<Invited, SimError> {
        let served: Vec<&String> = courier.regions.iter().filter_map(|at| regions.get(*at)).collect();
        let body = json!({
            "name": courier.name, "phone": format!("+82102{number:07}"), "language": "en",
            "vehicle": "scooter", "capacity": courier.capacity, "regions": served,
        });
        let call = self.signed(Call::post("/v1/couriers", body), &format!("courier-{number}"));
        let id = self.api.ask_text(call, "/id").await?;
        let call = Call::post(format!("/v1/couriers/{id}/invite"), json!({}));
        let invite = self.api.ask_text(self.signed(call, &format!("invite-{number}")), "/token").await?;
        Ok(Invited { id, invite })
    }
}

/// A region as a GeoJSON feature.
fn feature(region: &RegionPlan, time_zone: &str) -> Value {
    let mut ring: Vec<[f64; 2]> = region.ring.iter().map(|point| [point.lon(), point.lat()]).collect();
    ring.extend(ring.first().copied());
    json!({
        "type": "Feature",
        "properties": {"name": region.name, "time_zone": time_zone, "policy": region.policy},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    })
}

/// The first text with this prefix anywhere in a value: its own fields first, then what lies deeper.
fn id_within(value: &Value, prefix: &str) -> Option<String> {
    match value {
        Value::String(text) => text.starts_with(prefix).then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(|item| id_within(item, prefix)),
        Value::Object(fields) => {
            let own = fields.get("id").and_then(|id| id_within(id, prefix));
            own.or_else(|| fields.values().find_map(|field| id_within(field, prefix)))
        }
        _ => None,
    }
}

/// A box around points with so many metres to spare on each side; `None` of no points.
#[must_use]
pub fn box_around(points: &[Point], spare_m: f64) -> Option<Vec<Point>> {
    let fold = |pick: fn(&Point) -> f64| {
        points
            .iter()
            .map(pick)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let ((south, north), (west, east)) = (fold(|point| point.lat()), fold(|point| point.lon()));
    let up = spare_m / 111_000.0;
    let aside = up / f64::midpoint(south, north).to_radians().cos().max(0.01);
    let corners = [
        (south - up, west - aside),
        (south - up, east + aside),
        (north + up, east + aside),
        (north + up, west - aside),
    ];
    corners.into_iter().map(|(lat, lon)| Point::new(lat, lon).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use callahead_domain::geo::region::RegionShape;

    #[test]
    fn a_box_around_points_is_a_region_the_service_takes() {
        let points = [Point::new(37.5, 126.9).unwrap(), Point::new(37.6, 127.1).unwrap()];
        let ring = box_around(&points, 500.0).unwrap();
        let region = RegionPlan { name: "box".into(), ring, policy: json!({}) };
        let feature = feature(&region, "Asia/Seoul");
        assert!(RegionShape::from_geojson(feature.get("geometry").unwrap()).is_ok());
        assert_eq!(box_around(&[], 1.0), None);
    }

    #[test]
    fn an_id_is_found_wherever_the_answer_keeps_it() {
        assert_eq!(
            id_within(&json!({"region": {"id": "reg_1"}, "outcome": "created"}), "reg_").as_deref(),
            Some("reg_1")
        );
        assert_eq!(id_within(&json!({"id": "reg_2", "was": ["reg_1"]}), "reg_").as_deref(), Some("reg_2"));
        assert_eq!(id_within(&json!({"id": 7}), "reg_"), None);
    }
}
