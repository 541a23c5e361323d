//! The travel times of a round: prepared before the engine is asked, because it cannot wait for anything.

use super::super::App;
use super::snapshot::{Known, View};
use crate::travel::Points;
use callahead_domain::geo::TravelTimes;
use std::sync::Arc;

/// Travel times between all points of a view, and of a delivery that is thought of beside it.
pub(super) async fn prepared(app: &App, view: &View, also: Option<&Known>) -> Arc<dyn TravelTimes> {
    let held = view.couriers.iter().flat_map(|duty| &duty.held);
    let stops = held.chain(&view.open).chain(also).flat_map(|known| [known.pick_up.point, known.door]);
    let couriers = view.couriers.iter().filter_map(|duty| duty.seen.map(|(point, _)| point));
    let points = Points { couriers: couriers.collect(), stops: stops.collect() };
    app.travel.prepare(&points, app.travel.base().into()).await
}
