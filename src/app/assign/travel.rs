//! The travel times of a round: prepared before the engine is asked, because it cannot wait for anything.

use super::super::App;
use super::super::book::Book;
use super::snapshot::{Known, View};
use crate::travel::Points;
use callahead_domain::courier::Vehicle;
use callahead_domain::geo::index::Located;
use callahead_domain::geo::travel::Speeds;
use callahead_domain::geo::{Learned, Point, TravelTimes};
use callahead_domain::id::{PickupPointId, RegionId};
use chrono::{DateTime, Timelike, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Travel times between all points of a view, and of a delivery that is thought of beside it.
pub(super) async fn prepared(app: &App, view: &View, also: Option<&Known>) -> Arc<dyn TravelTimes> {
    let held = view.couriers.iter().flat_map(|duty| &duty.held);
    let known: Vec<&Known> = held.chain(&view.open).chain(also).collect();
    let stops = known.iter().flat_map(|known| [known.pick_up.point, known.door]);
    let couriers = view.couriers.iter().filter_map(|duty| duty.seen.map(|(point, _)| point));
    let points = Points { couriers: couriers.collect(), stops: stops.collect() };
    let base = app.travel.base();
    let learned = match app.learned_speeds(view.now).await {
        Some(speeds) => {
            let at = |(point, region): (Point, RegionId)| {
                let straight = speeds.speed_m_per_s(region, None, Some(hour(&view.book, region, view.now)));
                (point, straight * base.detour)
            };
            Learned::new(base, ends(&view.book, &known).into_iter().map(at))
        }
        None => base.into(),
    };
    app.travel.prepare(&points, learned).await
}

/// Where ways end, with the region each lies in: a door in the one its order was accepted in.
fn ends(book: &Book, known: &[&Known]) -> Vec<(Point, RegionId)> {
    let mut shops: BTreeMap<PickupPointId, (Point, RegionId)> = BTreeMap::new();
    for Known { pick_up, region, .. } in known {
        shops.entry(pick_up.id).or_insert_with(|| match book.locate(pick_up.point) {
            Located::Inside { region, .. } => (pick_up.point, region),
            Located::Nowhere { .. } => (pick_up.point, *region),
        });
    }
    shops.into_values().chain(known.iter().map(|known| (known.door, known.region))).collect()
}

/// The hour of the day in a region's zone.
fn hour(book: &Book, region: RegionId, now: DateTime<Utc>) -> u32 {
    let zone =
        book.regions.get(&region).map_or(book.default_policy.time_zone, |entry| entry.policy.time_zone);
    now.with_timezone(&zone).hour()
}

/// How much faster than the mean a courier is in their first region in this hour, by what was learned of their vehicle; 1
/// where nothing was, and where the source of travel times knows no vehicles.
pub(super) fn speed_factor(
    app: &App,
    (book, now): (&Book, DateTime<Utc>),
    speeds: Option<&Speeds>,
    (vehicle, regions): (&str, &[RegionId]),
) -> f64 {
    let known =
        speeds.filter(|_| app.travel.knows_vehicles()).zip(Vehicle::parse(vehicle)).zip(regions.first());
    known.map_or(1.0, |((speeds, vehicle), region)| {
        speeds.speed_factor(*region, vehicle, hour(book, *region, now))
    })
}
