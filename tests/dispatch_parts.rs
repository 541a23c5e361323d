//! Regions planned apart: which process may plan what, what a change makes it plan again, and how much it looks at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{TestApp, Town};
use callahead::app::assign::EpochOutcome;
use callahead::app::ports::Clock;
use callahead::store::deliveries::micros;
use callahead::store::{dispatching, lease};
use chrono::TimeDelta;
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Two regions side by side, one courier in each.
struct Twins {
    town: Town,
    east: String,
    eastern_courier: String,
    eastern_session: String,
}

const IN_THE_WEST: (f64, f64) = (37.558, 126.957);
const IN_THE_EAST: (f64, f64) = (37.558, 127.043);

impl Twins {
    async fn build(app: &TestApp) -> Twins {
        let town = app.town().await;
        let ring = json!([[127.0, 37.5], [127.1, 37.5], [127.1, 37.6], [127.0, 37.6], [127.0, 37.5]]);
        let file = json!({"type": "FeatureCollection", "features": [{
            "type": "Feature", "properties": {"name": "Eastbank", "time_zone": "Asia/Seoul"},
            "geometry": {"type": "Polygon", "coordinates": [ring]}
        }]});
        let put = app.send(Method::PUT, "/v1/regions", &app.operator, &[], Some(file)).await.expect(200);
        let east = put["data"][0]["region"]["id"].as_str().unwrap().to_owned();
        let (eastern_courier, eastern_session) =
            Town::courier(app, "Second Courier", "+82 10-2000-0002", &east).await;
        Twins { town, east, eastern_courier, eastern_session }
    }

    async fn on_duty(&self, app: &TestApp) {
        Town::on_duty(app, &self.town.session).await;
        Town::on_duty(app, &self.eastern_session).await;
    }

    async fn place(&self, app: &TestApp, (lat, lon): (f64, f64)) -> Value {
        let mut body = self.town.order();
        body["address"]["point"] = json!({"lat": lat, "lon": lon});
        app.post("/v1/orders", &self.town.shop_key, body).await.expect(201)
    }

    async fn courier_of(&self, app: &TestApp, order: &Value) -> Option<String> {
        let path = format!("/v1/deliveries/{}", order["delivery_id"].as_str().unwrap());
        let shown = app.get(&path, &self.town.dispatcher).await.expect(200);
        shown["courier"]["id"].as_str().map(str::to_owned)
    }

    async fn finish(&self, app: &TestApp, orders: &[Value]) {
        for order in orders {
            let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
            app.post(&path, &self.town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
        }
        app.settle().await;
        assert_eq!(app.audit().await, Vec::<String>::new());
    }
}

async fn round(app: &TestApp) -> EpochOutcome {
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap()
}

/// Another process holds the lease of a region for a while.
async fn held_by_another(app: &TestApp, region: &str, seconds: i64) {
    let until = micros(app.clock.now() + TimeDelta::seconds(seconds));
    let sql = format!(
        "INSERT INTO lease (name, owner, fence, until) VALUES ('dispatch/{region}', 'another', 7, {until}) \
         ON CONFLICT (name) DO UPDATE SET owner = 'another', fence = 7, until = excluded.until"
    );
    app.built.app.db.writer().execute_unprepared(&sql).await.unwrap();
}

async fn lease_of(app: &TestApp, region: &str) -> Option<entity::lease::Model> {
    lease::find(app.built.app.db.read(), &format!("dispatch/{region}")).await.unwrap()
}

/// A second process on the database of the first.
async fn beside(first: &TestApp) -> TestApp {
    let url = secrecy::ExposeSecret::expose_secret(&first.built.app.config.database.url).to_owned();
    let mut second = TestApp::at(&url, &[]).await;
    second.leave_jobs = true; // the first one's database, still at work when this one ends
    second.clock.advance_to(first.clock.now());
    second.built.app.reload_book().await.unwrap();
    second
}

#[tokio::test]
async fn a_region_another_process_plans_is_left_to_it_and_the_one_beside_it_is_planned_meanwhile() {
    for app in TestApp::each().await {
        let twins = Twins::build(&app).await;
        twins.on_duty(&app).await;
        let (west, east) = (twins.place(&app, IN_THE_WEST).await, twins.place(&app, IN_THE_EAST).await);
        held_by_another(&app, &twins.town.region, 8).await;
        let outcome = round(&app).await;
        assert_eq!((outcome.elsewhere, outcome.planned_parts, outcome.assigned), (1, 1, 1), "{outcome:?}");
        assert_eq!(twins.courier_of(&app, &west).await, None);
        assert_eq!(twins.courier_of(&app, &east).await, Some(twins.eastern_courier.clone()));
        // The other one died: its turn passes on when it ends, under a higher number.
        app.clock.advance_by(TimeDelta::seconds(7));
        assert_eq!(round(&app).await.elsewhere, 1);
        app.clock.advance_by(TimeDelta::seconds(1));
        let outcome = round(&app).await;
        assert_eq!((outcome.elsewhere, outcome.assigned), (0, 1), "{outcome:?}");
        assert_eq!(twins.courier_of(&app, &west).await, Some(twins.town.courier.clone()));
        assert_eq!(lease_of(&app, &twins.town.region).await.unwrap().fence, 8);
        twins.finish(&app, &[west, east]).await;
    }
}

#[tokio::test]
async fn a_courier_of_two_regions_ties_them_together_and_their_leases_are_taken_all_or_none() {
    for app in TestApp::each().await {
        let twins = Twins::build(&app).await;
        let both = json!({"regions": [twins.east, twins.town.region]});
        let path = format!("/v1/couriers/{}", twins.eastern_courier);
        app.send(Method::PATCH, &path, &app.operator, &[], Some(both)).await.expect(200);
        twins.on_duty(&app).await;
        let west = twins.place(&app, IN_THE_WEST).await;
        held_by_another(&app, &twins.east, 8).await;
        let outcome = round(&app).await;
        assert_eq!((outcome.elsewhere, outcome.planned_parts), (1, 0), "one part, and not ours: {outcome:?}");
        assert!(lease_of(&app, &twins.town.region).await.is_none_or(|row| row.until == 0));
        app.clock.advance_by(TimeDelta::seconds(8));
        assert_eq!(round(&app).await.assigned, 1);
        for region in [&twins.east, &twins.town.region] {
            assert_eq!(lease_of(&app, region).await.unwrap().owner, app.built.app.owner, "{region}");
        }
        // What it held before two parts became one is given up rather than held against the other.
        held_by_another(&app, &twins.east, 8).await;
        assert_eq!(round(&app).await.elsewhere, 1);
        assert_eq!(lease_of(&app, &twins.town.region).await.unwrap().until, 0);
        app.clock.advance_by(TimeDelta::seconds(8));
        twins.finish(&app, &[west]).await;
    }
}

#[tokio::test]
async fn a_turn_is_given_up_when_there_is_nothing_to_write_so_that_whoever_hears_of_the_next_change_acts() {
    for first in TestApp::each().await {
        let twins = Twins::build(&first).await;
        twins.on_duty(&first).await;
        let second = beside(&first).await;
        let mut orders = vec![twins.place(&first, IN_THE_WEST).await];
        assert_eq!(round(&first).await.assigned, 1);
        assert_eq!(round(&second).await.elsewhere, 1);
        let outcome = round(&first).await;
        assert_eq!((outcome.changed(), outcome.planned_parts), (false, 1), "{outcome:?}");
        orders.push(twins.place(&first, IN_THE_WEST).await);
        assert_eq!(
            round(&second).await.assigned,
            1,
            "in the same second, without waiting for a lease to end"
        );
        assert_eq!(lease_of(&first, &twins.town.region).await.unwrap().owner, second.built.app.owner);
        // A process that dies here keeps the region from the others for eight seconds at most.
        orders.push(twins.place(&first, IN_THE_WEST).await);
        assert_eq!(round(&first).await.elsewhere, 1);
        first.clock.advance_by(TimeDelta::seconds(8));
        assert_eq!(round(&first).await.assigned, 1);
        // The dead one wakes with its clock behind and finds that it is another's turn.
        assert_eq!(round(&second).await.elsewhere, 1);
        twins.finish(&first, &orders).await;
    }
}

#[tokio::test]
async fn two_processes_that_race_over_two_regions_give_every_delivery_once() {
    for first in TestApp::each().await {
        let twins = Twins::build(&first).await;
        twins.on_duty(&first).await;
        let second = beside(&first).await;
        let mut orders = Vec::new();
        for number in 0..8_i32 {
            // Every other time a courier who serves both comes and goes: the parts change under the race.
            let regions =
                if number % 2 == 0 { vec![&twins.east] } else { vec![&twins.east, &twins.town.region] };
            let path = format!("/v1/couriers/{}", twins.eastern_courier);
            let patch = json!({ "regions": regions });
            first.send(Method::PATCH, &path, &first.operator, &[], Some(patch)).await.expect(200);
            orders.push(twins.place(&first, IN_THE_WEST).await);
            orders.push(twins.place(&first, IN_THE_EAST).await);
            let _ = tokio::join!(round(&first), round(&second));
            let _ = tokio::join!(round(&second), round(&first));
        }
        first.clock.advance_by(TimeDelta::seconds(9));
        second.clock.advance_to(first.clock.now());
        first.settle().await;
        for order in &orders {
            let path = format!("/v1/orders/{}/timeline", order["id"].as_str().unwrap());
            let timeline = first.get(&path, &twins.town.shop_key).await.expect(200);
            let events = timeline["data"].as_array().unwrap();
            let given = events.iter().filter(|event| event["event"] == "order.assigned").count();
            assert_eq!(given, 1, "{timeline}");
        }
        twins.finish(&first, &orders).await;
    }
}

#[tokio::test]
async fn two_processes_that_race_never_offer_a_courier_two_things_at_once() {
    for first in TestApp::each().await {
        let town = Town::with_policy(&first, json!({"assign": "offer"})).await;
        Town::on_duty(&first, &town.session).await;
        let second = beside(&first).await;
        for _ in 0..4 {
            town.place(&first).await;
        }
        for _ in 0..3 {
            let _ = tokio::join!(round(&first), round(&second));
            let feed = first.get("/v1/courier/feed", &town.session).await.expect(200);
            assert_eq!(feed["offers"].as_array().unwrap().len(), 1, "{}", feed["offers"]);
            town.place(&first).await;
        }
        assert_eq!(first.audit().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_nobody_of_its_region_takes_goes_to_the_next_one_s_couriers_who_are_near_enough() {
    for app in TestApp::each().await {
        let twins = Twins::build(&app).await;
        let path = format!("/v1/regions/{}", twins.town.region);
        let widen = async |metres: i64| {
            let policy = json!({"policy": {"widen_m": metres}});
            app.send(Method::PATCH, &path, &app.operator, &[], Some(policy)).await.expect(200);
        };
        // Only the other region's courier is on duty, 130 metres from the counter.
        Town::on_duty(&app, &twins.eastern_session).await;
        let order = twins.place(&app, IN_THE_WEST).await;
        app.advance(100).await;
        assert_eq!(twins.courier_of(&app, &order).await, None, "by default nobody leaves their regions");
        widen(100).await;
        app.advance(20).await;
        assert_eq!(twins.courier_of(&app, &order).await, None, "too far");
        widen(200).await;
        app.advance(20).await;
        assert_eq!(twins.courier_of(&app, &order).await, Some(twins.eastern_courier.clone()));
        let feed = app.get("/v1/courier/feed", &twins.eastern_session).await.expect(200);
        assert_eq!(feed["stops"].as_array().unwrap().len(), 2);
        assert!(feed["stops"][0]["planned_arrival"].is_string(), "it stands in the run: {feed}");
        // A new one waits its time for somebody of the region first.
        let fresh = twins.place(&app, IN_THE_WEST).await;
        app.advance(80).await;
        assert_eq!(twins.courier_of(&app, &fresh).await, None);
        app.advance(20).await;
        assert_eq!(twins.courier_of(&app, &fresh).await, Some(twins.eastern_courier.clone()));
        twins.finish(&app, &[order, fresh]).await;
    }
}

#[tokio::test]
async fn a_declined_offer_is_widened_at_once_and_the_stranger_s_region_is_planned_with_it() {
    let app = TestApp::sqlite().await;
    let twins = Twins::build(&app).await;
    let path = format!("/v1/regions/{}", twins.town.region);
    let policy = json!({"policy": {"assign": "offer", "widen_m": 200}});
    app.send(Method::PATCH, &path, &app.operator, &[], Some(policy)).await.expect(200);
    twins.on_duty(&app).await;
    let order = twins.place(&app, IN_THE_WEST).await;
    app.settle().await;
    assert_eq!(twins.courier_of(&app, &order).await, Some(twins.town.courier.clone()));
    let path = format!("/v1/courier/offers/{}/decline", order["delivery_id"].as_str().unwrap());
    app.post(&path, &twins.town.session, json!({})).await.expect(204);
    held_by_another(&app, &twins.east, 8).await;
    assert_eq!(round(&app).await.elsewhere, 1, "its courier is another process's to plan");
    app.clock.advance_by(TimeDelta::seconds(8));
    assert_eq!(round(&app).await.offered, 1);
    assert_eq!(twins.courier_of(&app, &order).await, Some(twins.eastern_courier.clone()));
    twins.finish(&app, &[order]).await;
}

#[tokio::test]
async fn a_change_in_one_region_does_not_make_another_one_be_planned_until_its_epoch() {
    let app = TestApp::sqlite().await;
    let twins = Twins::build(&app).await;
    twins.on_duty(&app).await;
    let mut orders = vec![twins.place(&app, IN_THE_WEST).await, twins.place(&app, IN_THE_EAST).await];
    app.settle().await;
    while round(&app).await.planned_parts > 0 {}
    orders.push(twins.place(&app, IN_THE_EAST).await);
    let outcome = round(&app).await;
    assert_eq!((outcome.planned_parts, outcome.assigned), (1, 1), "{outcome:?}");
    while round(&app).await.planned_parts > 0 {}
    app.clock.advance_by(TimeDelta::seconds(9));
    assert_eq!(round(&app).await.planned_parts, 0);
    app.clock.advance_by(TimeDelta::seconds(1));
    assert_eq!(round(&app).await.planned_parts, 2, "time passes for both");
    twins.finish(&app, &orders).await;
}

#[tokio::test]
async fn a_courier_who_is_far_from_where_the_plan_saw_them_rings_for_a_new_one() {
    let app = TestApp::sqlite().await;
    let twins = Twins::build(&app).await;
    twins.on_duty(&app).await;
    let order = twins.place(&app, IN_THE_WEST).await;
    app.settle().await;
    while round(&app).await.planned_parts > 0 {}
    let bell = || tokio::time::timeout(Duration::ZERO, app.built.app.bells.dispatch.notified());
    let _ = bell().await;
    for (lat, wanted) in [(37.552, 0), (37.556, 1)] {
        app.clock.advance_by(TimeDelta::seconds(2));
        let place = json!({"positions": [{"at": app.clock.now(), "point": {"lat": lat, "lon": 126.951}, "accuracy_m": 500}]});
        app.post("/v1/courier/positions", &twins.town.session, place).await.expect(202);
        assert_eq!(usize::from(bell().await.is_ok()), wanted, "{lat}");
        assert_eq!(round(&app).await.planned_parts, wanted, "{lat}");
    }
    twins.finish(&app, &[order]).await;
}

#[tokio::test]
async fn a_region_flooded_with_orders_does_not_hide_those_of_another() {
    for app in TestApp::each().await {
        let twins = Twins::build(&app).await;
        let mut orders = Vec::new();
        for place in [IN_THE_WEST, IN_THE_WEST, IN_THE_WEST, IN_THE_EAST] {
            app.clock.advance_by(TimeDelta::seconds(1));
            orders.push(twins.place(&app, place).await);
        }
        let id = |region: &str| region.parse::<callahead_domain::id::RegionId>().unwrap().uuid();
        let regions: Vec<Uuid> = vec![id(&twins.town.region), id(&twins.east)];
        let found = dispatching::waiting(app.built.app.db.read(), &regions, 2).await.unwrap();
        let found: Vec<String> = found.iter().map(|one| one.delivery.id.to_string()).collect();
        let wanted: Vec<&str> = [0, 1, 3]
            .into_iter()
            .map(|place: usize| orders[place]["delivery_id"].as_str().unwrap())
            .collect();
        assert_eq!(found, wanted, "the first harmed of each");
        twins.finish(&app, &orders).await;
    }
}
