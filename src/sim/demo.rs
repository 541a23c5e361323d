//! A small town on a river that lives until it is stopped: its robots act only through the HTTP API, and one customer
//! at a time is left to whoever watches.

use std::fmt;
use std::sync::Arc;

use callahead_domain::geo::point::Point;
use callahead_domain::geo::travel::GreatCircle;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Asia::Seoul;
use serde_json::{Value, json};

use super::SimError;
use super::api::Api;
use super::host::Pace;
use super::rng::Rng;
use super::robots::customer::{Kind, Persona, Shares};
use super::town::{CourierPlan, OrderPlan, PlacePlan, RegionPlan, ShopPlan, Times, TownPlan, set_up};
use super::world::{Beginning, Habits, NoAnswer, Watch, World};
use crate::app::ports::Clock;
use crate::lifecycle::Shutdown;

/// What the demo needs.
#[derive(Clone)]
pub struct Demo {
    /// Where the service answers.
    pub base_url: String,
    /// A key with the role operator.
    pub operator_key: String,
    /// The clock the service runs on.
    pub clock: Arc<dyn Clock>,
    /// Seconds of that clock in one second.
    pub speed: f64,
    /// Draws everything random.
    pub seed: u64,
    /// How the service reckons travel.
    pub travel: GreatCircle,
    /// Ends the demo.
    pub stop: Shutdown,
}

impl fmt::Debug for Demo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Demo({}, x{}, seed {})", self.base_url, self.speed, self.seed)
    }
}

const TIME_ZONE: &str = "Asia/Seoul";
/// The middle of the town: latitude and longitude.
const MIDDLE: (f64, f64) = (36.3500, 127.3800);
const COURIERS: usize = 12;
/// An order comes about this often.
const ORDER_EVERY_S: (i64, i64) = (60, 240);
/// Every so many orders one is the watcher's own; the first soon after the beginning.
const OWN_EVERY: u64 = 40;
const SHIFT_HOURS: i64 = 8;

const SHOPS: [(&str, f64, f64); 6] = [
    ("Ferry Road Noodles", -0.006, -0.010),
    ("Old Bridge Bakery", 0.004, -0.006),
    ("Mill Lane Pharmacy", 0.012, -0.014),
    ("Harbour Books", -0.010, 0.009),
    ("Lantern Hardware", -0.003, 0.012),
    ("Hillside Greens", 0.012, 0.011),
];
const COURIER_NAMES: [&str; 12] =
    ["Ara", "Bora", "Chan", "Dami", "Eun", "Gyu", "Hana", "Iseul", "Jun", "Kyung", "Mina", "Nuri"];
const CUSTOMER_NAMES: [&str; 12] = [
    "Mrs Ahn", "Mr Bae", "Ms Cha", "Mr Do", "Mrs Eom", "Ms Han", "Mr Im", "Mrs Jang", "Mr Kwon", "Ms Min",
    "Mr Noh", "Mrs Ryu",
];
const STREETS: [&str; 8] = [
    "Willow Street",
    "Ferry Road",
    "Mill Lane",
    "Lantern Row",
    "Quay Side",
    "Chestnut Hill",
    "Station Road",
    "Well Court",
];

/// The river's bed from south to north, as offsets east of the middle.
const RIVER: [(f64, f64); 5] =
    [(-0.025, 0.001), (-0.012, -0.002), (0.0, 0.002), (0.012, -0.001), (0.025, 0.002)];
const EDGE: f64 = 0.030;
/// North of here the east bank is the hillside; it is a bend of the river.
const HILL: f64 = 0.0;

/// Lets the town live until it is stopped; `say` is told what happens, a line at a time.
///
/// # Errors
/// When the town cannot be set up. What goes wrong later is counted and lived with.
pub async fn demo(demo: Demo, say: &mut (dyn FnMut(&str) + Send)) -> Result<(), SimError> {
    let now = demo.clock.now();
    let plan = plan(&demo, now);
    let api = Api::new(&demo.base_url)?;
    let town = set_up(&api, &demo.operator_key, &plan).await?;
    say(&format!(
        "A town on a river: {} regions, {} shops, {} couriers; a minute passes in {:.1} s. Stop with Ctrl-C.",
        plan.regions.len(),
        plan.shops.len(),
        plan.couriers.len(),
        60.0 / demo.speed.max(0.001)
    ));
    let orders = Stream { seed: demo.seed, number: 0, at: now };
    let pace = Pace::Running { clock: demo.clock.clone(), speed: demo.speed, stop: demo.stop.clone() };
    let habits = Habits { decline: 0.1, no_answer: NoAnswer::TryDoor, probes: 0.0 };
    let (mut progress, clock) = (|_, _| {}, demo.clock.clone());
    let mut timed =
        |line: &str| say(&format!("{}  {line}", clock.now().with_timezone(&Seoul).format("%H:%M")));
    let watch = Watch { progress: &mut progress, say: &mut timed };
    let mut world = World::new(Beginning { pace, api, plan, town, habits, watch }, Box::new(orders), 0);
    world.run(DateTime::<Utc>::MAX_UTC).await?;
    let (placed, ended) = (world.orders.len(), world.orders.iter().filter(|order| order.ended).count());
    (world.watch.say)(&format!("The town rests: {placed} orders placed, {ended} of them ended."));
    Ok(())
}

fn place(lat: f64, lon: f64) -> Option<Point> {
    Point::new(MIDDLE.0 + lat, MIDDLE.1 + lon).ok()
}

fn ring(corners: impl IntoIterator<Item = (f64, f64)>) -> Vec<Point> {
    corners.into_iter().filter_map(|(lat, lon)| place(lat, lon)).collect()
}

fn regions(policy: &Value) -> Vec<RegionPlan> {
    let west = [(0.025, -EDGE), (-0.025, -EDGE)].into_iter().chain(RIVER);
    let north = RIVER.into_iter().filter(|(lat, _)| *lat >= HILL).chain([(0.025, EDGE), (HILL, EDGE)]);
    let south = RIVER.into_iter().filter(|(lat, _)| *lat <= HILL).chain([(HILL, EDGE), (-0.025, EDGE)]);
    let region =
        |name: &str, ring: Vec<Point>| RegionPlan { name: name.to_owned(), ring, policy: policy.clone() };
    vec![region("West Bank", ring(west)), region("Hillside", ring(north)), region("Harbour", ring(south))]
}

fn plan(demo: &Demo, now: DateTime<Utc>) -> TownPlan {
    let times = Times { pick_up_s: 120, drop_off_s: 120, waiting_s: 420, call_s: 60 };
    let policy = json!({
        "quiet": null, "assign": "offer", "promise_s": 2700,
        "pick_up_service_s": times.pick_up_s, "drop_off_service_s": times.drop_off_s, "waiting_s": times.waiting_s,
    });
    let shop = |(name, lat, lon): (&str, f64, f64)| ShopPlan {
        name: name.to_owned(),
        places: place(lat, lon)
            .map(|point| PlacePlan {
                name: "Counter".to_owned(),
                address: format!("{name}, at the counter"),
                point,
            })
            .into_iter()
            .collect(),
    };
    let mut rng = Rng::of(demo.seed, "couriers");
    let courier = |number: usize| {
        let (lat, lon) = somewhere(&mut rng);
        Some(CourierPlan {
            name: COURIER_NAMES.get(number % COURIER_NAMES.len()).copied().unwrap_or("Courier").to_owned(),
            start: place(lat, lon)?,
            on: now,
            off: now + TimeDelta::hours(SHIFT_HOURS),
            capacity: 4,
            regions: vec![0, 1, 2],
            again: true,
        })
    };
    TownPlan {
        seed: demo.seed,
        time_zone: TIME_ZONE,
        currency: "KRW",
        regions: regions(&policy),
        shops: SHOPS.into_iter().map(shop).collect(),
        couriers: (0..COURIERS).filter_map(courier).collect(),
        travel: demo.travel,
        times,
    }
}

fn somewhere(rng: &mut Rng) -> (f64, f64) {
    let within = |rng: &mut Rng, edge: f64| (rng.unit() * 2.0 - 1.0) * edge;
    (within(rng, 0.018), within(rng, 0.020))
}

/// Orders without end.
struct Stream {
    seed: u64,
    number: u64,
    at: DateTime<Utc>,
}

impl Iterator for Stream {
    type Item = OrderPlan;

    fn next(&mut self) -> Option<OrderPlan> {
        self.number += 1;
        let mut rng = Rng::of(self.seed, &format!("order {}", self.number));
        let gap = if self.number <= 2 { 5 } else { rng.between(ORDER_EVERY_S.0, ORDER_EVERY_S.1) };
        self.at += TimeDelta::seconds(gap);
        let own = self.number % OWN_EVERY == 2;
        let ready_at = self.at + TimeDelta::minutes(if own { 60 } else { rng.between(2, 15) });
        let name = format!("T{:05}", self.number);
        let persona = match own {
            true => Persona::of_kind(Kind::Human, &mut rng, ready_at),
            false => Persona::draw(self.seed, &name, Shares::default(), ready_at),
        };
        let (lat, lon) = somewhere(&mut rng);
        let first = rng.pick(&CUSTOMER_NAMES).copied().unwrap_or("Somebody");
        let street = rng.pick(&STREETS).copied().unwrap_or("Main Street");
        Some(OrderPlan {
            name,
            shop: usize::try_from(rng.between(0, 5)).unwrap_or(0),
            place: 0,
            door: place(lat, lon)?,
            address: format!("{} {street}", rng.between(1, 90)),
            placed_at: self.at,
            ready_at,
            customer: if own { "You".to_owned() } else { first.to_owned() },
            persona,
            total_minor: rng.between(50, 600) * 100,
            language: if own || rng.chance(0.5) { "en" } else { "ko" },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::sim::host::ScaledClock;
    use callahead_domain::geo::collection::parse_collection;
    use callahead_domain::policy::Policy;

    fn demo() -> Demo {
        Demo {
            base_url: "http://127.0.0.1:1".into(),
            operator_key: "cho_x".into(),
            clock: Arc::new(ScaledClock::new(DateTime::UNIX_EPOCH, 30.0)),
            speed: 30.0,
            seed: 1,
            travel: GreatCircle::default(),
            stop: Shutdown::new(),
        }
    }

    #[test]
    fn the_towns_regions_are_ones_the_service_takes() {
        let plan = plan(&demo(), DateTime::UNIX_EPOCH);
        let features: Vec<Value> = plan
            .regions
            .iter()
            .map(|region| {
                let mut ring: Vec<[f64; 2]> =
                    region.ring.iter().map(|point| [point.lon(), point.lat()]).collect();
                ring.push(ring[0]);
                json!({"type": "Feature", "properties": {"name": region.name},
                       "geometry": {"type": "Polygon", "coordinates": [ring]}})
            })
            .collect();
        let text = json!({"type": "FeatureCollection", "features": features}).to_string();
        assert_eq!(parse_collection(&text).unwrap().len(), 3);
        let policy: Policy = serde_json::from_value(plan.regions[0].policy.clone()).unwrap();
        assert!(policy.problems().is_empty());
        assert_eq!(plan.couriers.len(), COURIERS);
    }

    #[test]
    fn the_second_order_is_the_watchers_own_and_time_goes_on() {
        let orders: Vec<OrderPlan> =
            Stream { seed: 1, number: 0, at: DateTime::UNIX_EPOCH }.take(100).collect();
        let own: Vec<usize> = (0..100).filter(|at| orders[*at].persona.kind == Kind::Human).collect();
        assert_eq!(own, [1, 41, 81]);
        assert!(orders.windows(2).all(|pair| pair[0].placed_at < pair[1].placed_at));
        assert!(orders.iter().all(|order| order.shop < SHOPS.len()));
    }
}
