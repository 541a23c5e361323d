//! A recorded delivery day, lived through the HTTP API under a simulated clock.

use std::path::PathBuf;
use std::time::Instant;

use callahead_domain::geo::point::Point;
use callahead_domain::geo::travel::GreatCircle;
use callahead_yardsticks::mdrp::instance::{self, Instance};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::SimError;
use super::api::Api;
use super::collect::Collected;
use super::figures::{figures, minutes};
use super::host::{Host, Pace};
use super::invariants::{check_all, is_final};
use super::projection::Projection;
use super::report::Report;
use super::rng::Rng;
use super::robots::customer::{Persona, Shares};
use super::town::{
    CourierPlan, OrderPlan, PlacePlan, RegionPlan, ShopPlan, Times, TownPlan, box_around, set_up,
};
use super::world::{Beginning, Habits, NoAnswer, Watch, World};

/// The instances' minute 0, in seconds since the epoch: 4 May 2026, 08:00 in Seoul.
const MINUTE_0: i64 = 1_777_849_200;
/// The town is set up this long before.
const SET_UP_BEFORE: TimeDelta = TimeDelta::minutes(30);
const TIME_ZONE: &str = "Asia/Seoul";
/// Restaurants of one shop.
const PLACES_PER_SHOP: usize = 25;

/// Whether customers are asked before anybody comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// They are.
    #[default]
    Ask,
    /// Nobody is asked.
    Off,
}

impl Gate {
    /// The word of the policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Gate::Ask => "ask",
            Gate::Off => "off",
        }
    }
}

/// How a day is replayed.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// The instance's directory.
    pub dir: PathBuf,
    /// Draws everything random.
    pub seed: u64,
    /// Shares of customers.
    pub shares: Shares,
    /// Whether customers are asked.
    pub gate: Gate,
    /// Where on the earth the day takes place.
    pub centre: Point,
    /// Share of offers couriers decline; above 0 deliveries are offered, else assigned.
    pub decline: f64,
    /// What the dispatcher does when nobody answers.
    pub no_answer: NoAnswer,
    /// Parcels a courier carries at once.
    pub capacity: u32,
    /// Share of requests sent twice or wrongly on purpose.
    pub probes: f64,
    /// Hours after the last shift in which things may still end.
    pub stuck_hours: u32,
}

impl ReplayOptions {
    /// The defaults for an instance.
    ///
    /// # Errors
    /// Never for the built-in centre.
    pub fn of(dir: PathBuf) -> Result<ReplayOptions, SimError> {
        Ok(ReplayOptions {
            dir,
            seed: 1,
            shares: Shares::default(),
            gate: Gate::Ask,
            centre: centre("37.5665,126.9780")?,
            decline: 0.0,
            no_answer: NoAnswer::TryDoor,
            capacity: 5,
            probes: 0.02,
            stuck_hours: 4,
        })
    }

    /// Everything about the options that makes no sense.
    fn check(&self) -> Result<(), SimError> {
        let Shares { silent, absent, later } = self.shares;
        let named = [
            ("silent", silent),
            ("absent", absent),
            ("later", later),
            ("decline", self.decline),
            ("probes", self.probes),
        ];
        for (name, value) in named {
            if !(0.0..=1.0).contains(&value) {
                return Err(SimError::Option { name, value: value.to_string(), allowed: "0 to 1" });
            }
        }
        let sum = silent + absent + later;
        if sum > 1.0 {
            let value = sum.to_string();
            return Err(SimError::Option {
                name: "silent + absent + later",
                value,
                allowed: "at most 1 together",
            });
        }
        Ok(())
    }
}

/// Reads `latitude,longitude` in degrees.
///
/// # Errors
/// When it is not a place on the earth.
pub fn centre(text: &str) -> Result<Point, SimError> {
    let wrong = || SimError::Option {
        name: "centre",
        value: text.to_owned(),
        allowed: "latitude,longitude in degrees, such as 37.5665,126.9780",
    };
    let (lat, lon) = text.split_once(',').ok_or_else(wrong)?;
    let (lat, lon) = (lat.trim().parse().map_err(|_| wrong())?, lon.trim().parse().map_err(|_| wrong())?);
    Point::new(lat, lon).map_err(|_| wrong())
}

/// When the instances' minute 0 is.
#[must_use]
pub fn day_start() -> DateTime<Utc> {
    DateTime::from_timestamp(MINUTE_0, 0).unwrap_or_default()
}

/// Where the service's clock is to stand before the town is set up.
#[must_use]
pub fn clock_start() -> DateTime<Utc> {
    day_start() - SET_UP_BEFORE
}

/// How the service is to reckon travel for this instance: straight lines at the instance's speed, whole minutes up.
///
/// # Errors
/// When the instance cannot be read.
pub fn travel(options: &ReplayOptions) -> Result<GreatCircle, SimError> {
    Ok(travel_of(&instance::read(&options.dir)?))
}

fn travel_of(day: &Instance) -> GreatCircle {
    GreatCircle { detour: 1.0, speed_m_per_s: day.parameters.metres_per_min / 60.0, round_up_to_s: 60 }
}

/// Lives through the day and reports. `progress` is told how many orders have ended, of how many.
///
/// # Errors
/// When the instance cannot be read, an option makes no sense, or the service fails.
pub async fn replay(
    host: &dyn Host,
    options: &ReplayOptions,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Report, SimError> {
    options.check()?;
    let began = Instant::now();
    let day = instance::read(&options.dir)?;
    let (plan, orders) = plan(&day, options);
    host.set_now(clock_start());
    let api = Api::new(&host.base_url())?;
    let town = set_up(&api, &host.operator_key(), &plan).await?;
    host.set_now(day_start());
    let total = u64::try_from(orders.len()).unwrap_or(u64::MAX);
    let end = plan.couriers.iter().map(|courier| courier.off).max().unwrap_or_else(day_start)
        + TimeDelta::hours(i64::from(options.stuck_hours));
    let shifts: f64 = plan.couriers.iter().map(|courier| minutes(courier.off - courier.on) / 60.0).sum();
    let couriers = plan.couriers.len();
    let habits = Habits { decline: options.decline, no_answer: options.no_answer, probes: options.probes };
    let watch = Watch { progress, say: &mut |_| {} };
    let pace = Pace::Simulated(host);
    let mut world =
        World::new(Beginning { pace, api, plan, town, habits, watch }, Box::new(orders.into_iter()), total);
    world.redraw_after = Some(total / 2);
    world.operator_key = host.operator_key();
    world.run(end).await?;
    let collected = world.collect().await?;
    let audit = host.audit().await.map_err(SimError::Host)?;
    let checks = check_all(&collected, &world.log, options.gate == Gate::Off, audit);
    let most = f64::from(day.parameters.most_click_to_door_min);
    let log = std::mem::take(&mut world.log);
    Ok(Report {
        instance: day.name,
        gate: options.gate.name(),
        seed: options.seed,
        shares: [options.shares.silent, options.shares.absent, options.shares.later],
        couriers,
        courier_hours: shifts,
        took_s: began.elapsed().as_secs_f64(),
        figures: figures(&collected.records, most),
        checks,
        open: open_orders(&collected),
        verdicts: log.verdicts,
        refusals: log
            .refusals
            .into_iter()
            .map(|((who, code), (times, words))| (who, code, times, words))
            .collect(),
        probes: log.probes,
    })
}

/// What has not ended, and what the exception queue says of it.
fn open_orders(all: &Collected) -> Vec<(String, String, String, String)> {
    let open = all.records.iter().filter(|record| !is_final(record));
    let told = open.map(|record| {
        let mine = all.exceptions.iter().filter(|(delivery, _)| *delivery == record.delivery_id);
        let kinds: Vec<&str> = mine.map(|(_, kind)| kind.as_str()).collect();
        (record.name.clone(), record.stage().to_owned(), record.payment().to_owned(), kinds.join(", "))
    });
    told.collect()
}

fn minute(minute: u32) -> DateTime<Utc> {
    day_start() + TimeDelta::minutes(i64::from(minute))
}

/// The town of an instance and its orders by placement.
fn plan(day: &Instance, options: &ReplayOptions) -> (TownPlan, Vec<OrderPlan>) {
    let plane = Projection::of(day, options.centre);
    let orders: Vec<OrderPlan> = day.orders.iter().map(|order| order_plan(order, &plane, options)).collect();
    let places: Vec<PlacePlan> = day
        .restaurants
        .iter()
        .map(|restaurant| PlacePlan {
            name: restaurant.name.clone(),
            address: format!("Restaurant {}", restaurant.name),
            point: plane.point(restaurant.place),
        })
        .collect();
    let couriers: Vec<CourierPlan> =
        day.couriers.iter().map(|courier| courier_plan(courier, &plane, options)).collect();
    let mut points: Vec<Point> = orders.iter().map(|order| order.door).collect();
    points.extend(places.iter().map(|place| place.point));
    points.extend(couriers.iter().map(|courier| courier.start));
    let region = RegionPlan {
        name: day.name.clone(),
        ring: box_around(&points, 500.0).unwrap_or_default(),
        policy: policy(day, options),
    };
    let times = times(day);
    let shops = places
        .chunks(PLACES_PER_SHOP)
        .enumerate()
        .map(|(number, places)| ShopPlan {
            name: format!("Kitchen street {}", number + 1),
            places: places.to_vec(),
        })
        .collect();
    let travel = travel_of(day);
    let plan = TownPlan {
        seed: options.seed,
        time_zone: TIME_ZONE,
        currency: "KRW",
        regions: vec![region],
        shops,
        couriers,
        travel,
        times,
    };
    (plan, orders)
}

fn order_plan(order: &instance::Order, plane: &Projection, options: &ReplayOptions) -> OrderPlan {
    let ready_at = minute(order.ready_min);
    let mut rng = Rng::of(options.seed, &format!("order {}", order.name));
    OrderPlan {
        name: order.name.clone(),
        shop: order.restaurant / PLACES_PER_SHOP,
        place: order.restaurant % PLACES_PER_SHOP,
        door: plane.point(order.door),
        address: format!("Door of {}", order.name),
        placed_at: minute(order.placed_min),
        ready_at,
        customer: format!("Customer {}", order.name),
        persona: Persona::draw(options.seed, &order.name, options.shares, ready_at),
        total_minor: rng.between(80, 450) * 100,
        language: if rng.chance(0.5) { "ko" } else { "en" },
    }
}

fn courier_plan(courier: &instance::Courier, plane: &Projection, options: &ReplayOptions) -> CourierPlan {
    CourierPlan {
        name: courier.name.clone(),
        start: plane.point(courier.start),
        on: minute(courier.on_min),
        off: minute(courier.off_min),
        capacity: options.capacity,
        regions: vec![0],
        again: false,
    }
}

fn times(day: &Instance) -> Times {
    let seconds = |minutes: u32| i64::from(minutes) * 60;
    Times {
        pick_up_s: seconds(day.parameters.pick_up_service_min),
        drop_off_s: seconds(day.parameters.drop_off_service_min),
        waiting_s: 420,
        call_s: 60,
    }
}

fn policy(day: &Instance, options: &ReplayOptions) -> Value {
    let times = times(day);
    let assign = if options.decline > 0.0 { "offer" } else { "direct" };
    json!({
        "quiet": null, "gate": options.gate.name(), "assign": assign,
        "pick_up_service_s": times.pick_up_s, "drop_off_service_s": times.drop_off_s,
        "waiting_s": times.waiting_s, "silence": "hold",
        "promise_s": i64::from(day.parameters.target_click_to_door_min) * 60,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use callahead_domain::policy::Policy;
    use std::path::Path;

    fn day() -> Instance {
        let texts = instance::Texts {
            orders: "order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t0\t500\t3\tr1\t5\n".into(),
            couriers: "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t0\t90\n".into(),
            restaurants: "restaurant\tx\ty\nr1\t100\t100\n".into(),
            parameters: "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n".into(),
        };
        instance::parse(Path::new("day"), &texts).unwrap()
    }

    #[test]
    fn minute_0_is_eight_in_the_morning_in_seoul() {
        let local = day_start().with_timezone(&chrono_tz::Asia::Seoul);
        assert_eq!(local.to_rfc3339(), "2026-05-04T08:00:00+09:00");
    }

    #[test]
    fn the_policy_is_one_the_domain_knows_and_finds_nothing_wrong_with() {
        let options = ReplayOptions::of("x".into()).unwrap();
        let policy: Policy = serde_json::from_value(policy(&day(), &options)).unwrap();
        assert!(policy.problems().is_empty());
        assert_eq!((policy.quiet, policy.pick_up_service_s), (None, 240));
    }

    #[test]
    fn the_plan_is_the_same_for_the_same_seed_and_customers_stay_who_they_are_without_the_gate() {
        let asking = ReplayOptions::of("x".into()).unwrap();
        let off = ReplayOptions { gate: Gate::Off, ..asking.clone() };
        let ((_, one), (_, two)) = (plan(&day(), &asking), plan(&day(), &off));
        let who =
            |orders: &[OrderPlan]| orders.iter().map(|o| (o.persona.kind, o.total_minor)).collect::<Vec<_>>();
        assert_eq!(who(&one), who(&two));
    }

    #[test]
    fn options_that_make_no_sense_are_told_by_name() {
        let good = ReplayOptions::of("x".into()).unwrap();
        assert!(good.check().is_ok());
        let shares = Shares { silent: 0.6, absent: 0.6, later: 0.0 };
        let told = ReplayOptions { shares, ..good.clone() }.check().unwrap_err().to_string();
        assert_eq!(told, "silent + absent + later is 1.2; allowed: at most 1 together");
        assert!(ReplayOptions { decline: -0.1, ..good }.check().is_err());
        assert!(centre("91,0").is_err() && centre("here").is_err() && centre("1.5, 2").is_ok());
    }
}
