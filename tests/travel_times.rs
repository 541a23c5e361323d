//! Travel times from outside: a table service that answers, fails, and hangs, and a matrix file. Whatever it does, a
//! round of assignment comes to its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;
#[path = "support/table_service.rs"]
mod table_service;

use app::{TestApp, Town};
use callahead::app::ports::Clock;
use callahead::cli::doctor;
use callahead::config::{Config, Sources};
use callahead::startup::{self, World};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use table_service::{Fault, TableService};

async fn with_table(service: &TableService, more: &[(&str, &str)]) -> TestApp {
    let url = service.url();
    // As much time as a busy machine may need, where a test does not say otherwise.
    let patient = ("travel.http.timeout_ms", "5000");
    let mut settings = vec![("travel.source", "http"), ("travel.http.url", url.as_str()), patient];
    settings.extend(more);
    TestApp::with(&settings).await
}

/// A courier on duty, an order, and one round: how many minutes later the customer is planned to be served.
async fn round(app: &TestApp, town: &Town, order: &Value) -> i64 {
    let now = app.clock.now();
    app.built.app.dispatch_epoch(now).await.unwrap();
    let path = format!("/v1/deliveries/{}", order["delivery_id"].as_str().unwrap());
    let shown = app.get(&path, &town.dispatcher).await.expect(200);
    assert_eq!(shown["stage"]["stage"], "assigned", "{shown}");
    let arrival: DateTime<Utc> = shown["planned_arrival"].as_str().unwrap().parse().unwrap();
    (arrival - now).num_minutes()
}

async fn travel_check(app: &TestApp) -> String {
    let ready = app.get("/health/ready", "").await.expect(200);
    let checks = ready["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "travel_times").unwrap();
    assert_eq!(check["ok"], true, "a table that fails keeps nothing from work");
    check["found"].as_str().unwrap().to_owned()
}

async fn cancel(app: &TestApp, town: &Town, orders: &[&Value]) {
    for order in orders {
        let path = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
        app.post(&path, &town.shop_key, json!({"reason": "the test is over"})).await.expect(200);
    }
    app.settle().await;
}

async fn on_duty(app: &TestApp) -> Town {
    let town = app.town().await;
    Town::on_duty(app, &town.session).await;
    town
}

#[tokio::test]
async fn what_the_table_says_is_what_is_planned_and_it_is_asked_once() {
    let service = TableService::start();
    service.takes(1_800.0);
    let app = with_table(&service, &[("travel.http.profile", "bike")]).await;
    let town = on_duty(&app).await;
    let order = town.place(&app).await;
    let minutes = round(&app, &town, &order).await;
    assert!((60..66).contains(&minutes), "two ways of half an hour and a pick-up: {minutes}");
    let seen = service.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].profile, "bike");
    let mut places = seen[0].places.clone();
    places.sort();
    assert_eq!(places, ["126.9500,37.5500", "126.9510,37.5510", "126.9570,37.5580"], "courier, shop, door");
    for _ in 0..3 {
        app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    }
    assert_eq!(service.seen().len(), 1, "what is known is not asked for again");
    app.clock.advance_by(TimeDelta::seconds(3_601));
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    assert_eq!(service.seen().len(), 2, "an answer is believed for an hour");
    assert_eq!(travel_check(&app).await, "table service, circuit breaker closed");
    cancel(&app, &town, &[&order]).await;
}

#[tokio::test]
async fn a_table_that_fails_is_replaced_by_straight_lines() {
    let faults = [
        (Fault::Broken, "status 500"),
        (Fault::Garbage, "not the JSON expected"),
        (Fault::TooLong, "the answer is too long"),
        (Fault::WrongDimensions, "wrong dimensions"),
        (Fault::Code("NoTable"), "status 400, code \"NoTable\""),
        (Fault::Code("TooBig"), "status 400, code \"TooBig\""),
    ];
    let service = TableService::start();
    service.takes(1_800.0);
    let app = with_table(&service, &[("travel.http.max_age_s", "10")]).await;
    let town = on_duty(&app).await;
    for (fault, why) in faults {
        service.plan(fault);
        let order = town.place(&app).await;
        let before = service.seen().len();
        let minutes = round(&app, &town, &order).await;
        assert!((3..20).contains(&minutes), "{fault:?}: {minutes} minutes");
        assert_eq!(service.seen().len(), before + 1, "{fault:?}");
        let told = travel_check(&app).await;
        assert!(told.contains(why), "{fault:?}: {told}");
        cancel(&app, &town, &[&order]).await;
        // A table that answers in between closes the breaker's count of failures.
        service.plan(Fault::Clean);
        app.clock.advance_by(TimeDelta::seconds(11));
        let order = town.place(&app).await;
        round(&app, &town, &order).await;
        assert_eq!(travel_check(&app).await, "table service, circuit breaker closed");
        cancel(&app, &town, &[&order]).await;
        app.clock.advance_by(TimeDelta::seconds(11));
    }
}

#[tokio::test]
async fn no_way_is_an_answer_and_a_straight_line_takes_its_place() {
    let service = TableService::start();
    service.plan(Fault::Nulls);
    let app = with_table(&service, &[]).await;
    let town = on_duty(&app).await;
    let order = town.place(&app).await;
    assert!((3..20).contains(&round(&app, &town, &order).await));
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    assert_eq!(service.seen().len(), 1, "that there is no way is known");
    assert_eq!(travel_check(&app).await, "table service, circuit breaker closed");
    cancel(&app, &town, &[&order]).await;
}

#[tokio::test]
async fn while_the_table_hangs_rounds_go_on_and_the_breaker_opens_tries_once_and_closes() {
    let service = TableService::start();
    service.plan(Fault::Hangs);
    service.takes(1_800.0);
    let settings =
        [("travel.http.timeout_ms", "1000"), ("travel.http.failures", "2"), ("travel.http.pause_s", "30")];
    let app = with_table(&service, &settings).await;
    let town = on_duty(&app).await;
    let first = town.place(&app).await;
    assert!((3..20).contains(&round(&app, &town, &first).await), "assigned although nothing was answered");
    assert_eq!((service.seen().len(), service.answered()), (1, 0));
    let second = town.place(&app).await;
    round(&app, &town, &second).await;
    assert_eq!((service.seen().len(), service.answered()), (2, 0));
    assert_eq!(
        travel_check(&app).await,
        "table service, circuit breaker open until 01:00:30 UTC; last failure: timeout"
    );
    // Nothing is asked while it is open; then one request tries.
    let third = town.place(&app).await;
    round(&app, &town, &third).await;
    assert_eq!(service.seen().len(), 2);
    app.clock.advance_by(TimeDelta::seconds(30));
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    assert_eq!((service.seen().len(), service.answered()), (3, 0), "one try, and open again");
    let told = travel_check(&app).await;
    assert!(told.contains("open until 01:01:00 UTC"), "{told}");
    // The try that is answered closes it.
    service.plan(Fault::Clean);
    app.clock.advance_by(TimeDelta::seconds(30));
    app.built.app.dispatch_epoch(app.clock.now()).await.unwrap();
    assert_eq!((service.seen().len(), service.answered()), (4, 1));
    assert_eq!(travel_check(&app).await, "table service, circuit breaker closed");
    cancel(&app, &town, &[&first, &second, &third]).await;
}

#[tokio::test]
async fn a_matrix_file_is_what_is_planned_by() {
    let folder = scratch("matrix");
    let file = folder.join("town.csv");
    // Counter, the courier's corner, the door.
    let town = "37.55,126.95,0,900,1800\n37.551,126.951,900,0,900\n# the door\n37.558,126.957,1800,900,0\n";
    std::fs::write(&file, town).unwrap();
    let settings = [("travel.source", "matrix"), ("travel.matrix.file", file.to_str().unwrap())];
    let app = TestApp::with(&settings).await;
    let town = on_duty(&app).await;
    let order = town.place(&app).await;
    let minutes = round(&app, &town, &order).await;
    assert!((45..51).contains(&minutes), "15 minutes to the shop and 30 from there: {minutes}");
    assert_eq!(travel_check(&app).await, "a matrix of 3 places");
    cancel(&app, &town, &[&order]).await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_matrix_file_that_cannot_be_used_stops_the_start_and_each_wrong_line_is_named() {
    let folder = scratch("broken");
    let file = folder.join("town.csv");
    let start = async |name: &str| {
        let sources = Sources::defaults()
            .set("data.dir", folder.display().to_string())
            .set("database.url", "sqlite::memory:")
            .set("travel.source", "matrix")
            .set("travel.matrix.file", name);
        let started = startup::build(Config::load(&sources).unwrap(), World::default()).await;
        started.unwrap_err().to_string()
    };
    let shown = file.display().to_string();
    assert!(start(&shown).await.starts_with(&format!("travel.matrix.file {shown}: No such file")));
    std::fs::write(&file, "37.5,126.9,0,60\n37.6,126.9,soon,0\n37.7,126.9,1,2\n").unwrap();
    let told = start(&shown).await;
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    assert_eq!(
        lines[1..],
        [
            "line 1: 2 times, not 3, one for each place of the file",
            "line 2: time 1 is \"soon\"; allowed: seconds from 0 to 604800, or - for no way",
            "line 3: 2 times, not 3, one for each place of the file"
        ]
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_the_table_and_shows_how_the_running_service_gets_on_with_it() {
    let service = TableService::start();
    let app = with_table(&service, &[("travel.http.failures", "1")]).await;
    let town = on_duty(&app).await;
    let order = town.place(&app).await;
    service.plan(Fault::Broken);
    round(&app, &town, &order).await;
    let folder = scratch("doctor");
    let doctor = async |fault: Fault| {
        service.plan(fault);
        let listen = app.url.trim_start_matches("http://").to_owned();
        let sources = Sources::defaults()
            .set("data.dir", folder.display().to_string())
            .set("database.url", format!("sqlite://{}/none.db", folder.display()))
            .set("server.listen", listen)
            .set("travel.source", "http")
            .set("travel.http.url", service.url())
            .set("travel.http.timeout_ms", "5000");
        let all = doctor::examine(&Config::load(&sources).unwrap()).await;
        let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        let of = |name: &str| lines.iter().find(|line| line.contains(name)).unwrap().clone();
        (of("  travel times: "), of("  port: "))
    };
    let (table, port) = doctor(Fault::Clean).await;
    assert_eq!(table, format!("ok    travel times: {} answers", service.url()));
    assert!(port.starts_with("ok    port: a service already answers"), "{port}");
    let shown = "HTTP 200; travel times: table service, circuit breaker open until 01:00:30 UTC; last failure: status 500";
    assert!(port.contains(shown), "{port}");
    let (table, _) = doctor(Fault::Code("NoSegment")).await;
    assert_eq!(table, format!("ok    travel times: {} answers", service.url()), "no street at zero degrees");
    let (table, _) = doctor(Fault::Code("InvalidQuery")).await;
    assert!(table.starts_with("warn  travel times: ") && table.contains("InvalidQuery"), "{table}");
    std::fs::remove_dir_all(folder).unwrap();
    cancel(&app, &town, &[&order]).await;
}

fn scratch(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("callahead-travel-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
