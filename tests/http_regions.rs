//! Regions over a real socket: files of drawings, versions, who keeps which, where a point lies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{Answer, TestApp, Town, square};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn import(app: &TestApp, file: &Value) -> Answer {
    app.send(Method::PUT, "/v1/regions", &app.operator, &[], Some(file.clone())).await
}

async fn import_text(app: &TestApp, text: impl Into<Vec<u8>>) -> Answer {
    let request = app.client.put(format!("{}/v1/regions", app.url)).bearer_auth(&app.operator);
    let request = request.header("content-type", "application/geo+json").body(text.into());
    app::read(request.send().await.unwrap()).await
}

/// Announces a file of so many bytes and sends none of them; the whole answer.
async fn announce(app: &TestApp, bytes: usize) -> String {
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT /v1/regions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/geo+json\r\n\
         content-length: {bytes}\r\nconnection: close\r\n\r\n",
        app.operator
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn patch(app: &TestApp, path: &str, etag: &str, body: Value) -> Answer {
    let headers = [("if-match", etag)];
    let headers = if etag.is_empty() { &[][..] } else { &headers[..] };
    app.send(Method::PATCH, path, &app.operator, headers, Some(body)).await
}

/// The parameters and codes of a refusal's errors.
fn errors(problem: &Value) -> Vec<(&str, &str)> {
    let each = problem["errors"].as_array().unwrap().iter();
    each.map(|fault| (fault["param"].as_str().unwrap(), fault["code"].as_str().unwrap())).collect()
}

fn file(features: &[Value]) -> Value {
    json!({"type": "FeatureCollection", "features": features})
}

fn feature(properties: Value, ring: Value) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}})
}

fn named(name: &str, ring: Value) -> Value {
    feature(json!({ "name": name }), ring)
}

fn box_at(lon: f64, lat: f64) -> Value {
    let (east, north) = (lon + 0.1, lat + 0.1);
    json!([[lon, lat], [east, lat], [east, north], [lon, north], [lon, lat]])
}

/// Name, version and result of each row of an import.
fn rows(answer: &Value) -> Vec<(&str, i64, &str)> {
    let each = answer["data"].as_array().unwrap().iter();
    let row = |row| -> (&str, i64, &str) {
        let row: &Value = row;
        let region = &row["region"];
        (
            region["name"].as_str().unwrap(),
            region["version"].as_i64().unwrap(),
            row["result"].as_str().unwrap(),
        )
    };
    each.map(row).collect()
}

async fn region_named(app: &TestApp, name: &str) -> String {
    let list = app.get("/v1/regions", &app.operator).await.expect(200);
    let rows = list["data"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_drawing_is_a_new_version_only_when_it_differs() {
    for app in TestApp::each().await {
        let first = file(&[named("north", box_at(1.0, 2.0)), named("south", box_at(1.0, 1.0))]);
        let put = import(&app, &first).await.expect(200);
        assert_eq!(rows(&put), [("north", 1, "created"), ("south", 1, "created")]);
        let again = import(&app, &first).await.expect(200);
        assert_eq!(rows(&again), [("north", 1, "unchanged"), ("south", 1, "unchanged")]);
        let turned = json!([[1.1, 2.1], [1.0, 2.1], [1.0, 2.0], [1.1, 2.0], [1.1, 2.1]]);
        let second = file(&[
            named("north", turned),
            named("south", box_at(1.0, 1.05)),
            named("west", box_at(0.5, 0.5)),
        ]);
        let put = import(&app, &second).await.expect(200);
        assert_eq!(
            rows(&put),
            [("north", 1, "unchanged"), ("south", 2, "new_version"), ("west", 1, "created")]
        );
        let path = format!("/v1/regions/{}", region_named(&app, "south").await);
        let versions = app.get(&format!("{path}/versions?limit=1"), &app.operator).await.expect(200);
        assert_eq!(
            (&versions["data"][0]["version"], &versions["data"][0]["current"]),
            (&json!(1), &json!(false))
        );
        let after = versions["next_cursor"].as_str().unwrap();
        let rest = app.get(&format!("{path}/versions?after={after}"), &app.operator).await.expect(200);
        assert_eq!((&rest["data"][0]["version"], &rest["data"][0]["current"]), (&json!(2), &json!(true)));
        let old = app.get(&format!("{path}?version=1"), &app.operator).await.expect(200);
        assert_eq!(old["geometry"]["coordinates"][0][0], json!([1.0, 1.0]));
        app.get(&format!("{path}?version=3"), &app.operator).await.expect_problem(404, "not_found");
    }
}

#[actix_web::test]
async fn a_feature_that_was_read_can_be_changed_and_imported_again() {
    let app = TestApp::sqlite().await;
    let properties =
        json!({"name": "north", "priority": 5, "time_zone": "Asia/Seoul", "policy": {"max_calls": 1}});
    import(&app, &file(&[feature(properties, box_at(1.0, 2.0))])).await.expect(200);
    let path = format!("/v1/regions/{}", region_named(&app, "north").await);
    let read = app.get(&path, &app.operator).await;
    assert_eq!(
        (read.headers["etag"].as_str(), read.headers["content-type"].as_str()),
        ("\"1\"", "application/geo+json")
    );
    let mut read = read.expect(200);
    assert_eq!((&read["type"], &read["properties"]["policy"]), (&json!("Feature"), &json!({"max_calls": 1})));
    assert_eq!(rows(&import(&app, &file(&[read.clone()])).await.expect(200)), [("north", 1, "unchanged")]);
    read["properties"]["name"] = json!("hills");
    read["geometry"]["coordinates"][0] = box_at(1.0, 2.5);
    assert_eq!(rows(&import(&app, &file(&[read])).await.expect(200)), [("hills", 2, "new_version")]);
    let read = app.get(&path, &app.operator).await.expect(200);
    let kept =
        (&read["properties"]["priority"], &read["properties"]["time_zone"], &read["properties"]["version"]);
    assert_eq!(kept, (&json!(5), &json!("Asia/Seoul"), &json!(2)));
}

#[actix_web::test]
async fn open_deliveries_keep_the_drawing_they_were_accepted_under() {
    for app in TestApp::each().await {
        import(&app, &square("Tidegate", json!({}))).await.expect(200);
        let region = region_named(&app, "Tidegate").await;
        let (_, key, pickup) = Town::shop(&app, "Saltmarket Grocer").await;
        let order = json!({
            "pickup_point_id": pickup, "customer": {"name": "Mira Tolvane"}, "total": {"amount": 24000, "currency": "KRW"},
            "address": {"text": "14 Tidegate Lane", "point": {"lat": 37.558, "lon": 126.957}}
        });
        let placed = app.post("/v1/orders", &key, order.clone()).await.expect(201);
        assert_eq!(placed["region"], json!({"id": region, "version": 1, "name": "Tidegate"}));
        let affected = format!("/v1/regions/{region}/affected");
        assert_eq!(app.get(&affected, &app.operator).await.expect(200)["data"], json!([]));

        let away = file(&[named("Tidegate", box_at(10.0, 10.0))]);
        let put = import(&app, &away).await.expect(200);
        assert_eq!(put["data"][0]["affected_open_deliveries"], 1);
        let rows = app.get(&affected, &app.operator).await.expect(200);
        assert_eq!(rows["data"][0]["delivery_id"], placed["delivery_id"]);
        assert_eq!((&rows["data"][0]["region_version"], &rows["next_cursor"]), (&json!(1), &Value::Null));
        let path = format!("/v1/orders/{}", placed["id"].as_str().unwrap());
        assert_eq!(app.get(&path, &key).await.expect(200)["region"]["version"], 1);
        let outside = app.post("/v1/orders", &key, order).await.expect(201);
        assert_eq!((&outside["region"], &outside["status"]), (&Value::Null, &json!("needs_address")));

        let cancel = json!({"reason": "changed their mind"});
        app.post(&format!("{path}/cancel"), &key, cancel).await.expect(200);
        assert_eq!(app.get(&affected, &app.operator).await.expect(200)["data"], json!([]));
        app.settle().await;
    }
}

#[actix_web::test]
async fn a_point_lies_in_one_region_or_near_one() {
    let app = TestApp::sqlite().await;
    let locate = async |lat: f64, lon: f64| {
        app.get(&format!("/v1/regions/locate?lat={lat}&lon={lon}"), &app.operator).await.expect(200)
    };
    let nothing = locate(1.0, 1.0).await;
    assert_eq!(nothing, json!({"region": null, "also": [], "nearest": null}));
    let first = feature(json!({"name": "first", "priority": 1}), box_at(1.0, 1.0));
    let second = feature(json!({"name": "second", "priority": 2}), box_at(1.05, 1.0));
    import(&app, &file(&[second, first])).await.expect(200);
    let (first, second) = (region_named(&app, "first").await, region_named(&app, "second").await);
    let both = locate(1.05, 1.07).await;
    assert_eq!(both["region"], json!({"id": first, "version": 1, "name": "first"}));
    assert_eq!(both["also"], json!([second]));
    let near = locate(1.05, 1.16).await;
    assert_eq!((&near["region"], &near["nearest"]["id"]), (&Value::Null, &json!(second)));
    assert!((1_000.0..1_200.0).contains(&near["nearest"]["distance_m"].as_f64().unwrap()));

    let path = format!("/v1/regions/{first}");
    patch(&app, &path, "", json!({"active": false})).await.expect(200);
    assert_eq!(locate(1.05, 1.07).await["region"]["id"], json!(second));
    patch(&app, &path, "", json!({"active": true, "priority": 3})).await.expect(200);
    assert_eq!(locate(1.05, 1.07).await["region"]["id"], json!(second));
    for query in ["lat=91&lon=0", "lat=0&lon=181", "lat=NaN&lon=0", "lat=inf&lon=0", "lat=x&lon=0", "lat=0"] {
        app.get(&format!("/v1/regions/locate?{query}"), &app.operator)
            .await
            .expect_problem(400, "invalid_query");
    }
}

#[actix_web::test]
async fn a_regions_rules_are_changed_under_its_version() {
    for app in TestApp::each().await {
        import(&app, &square("Tidegate", json!({"max_calls": 1}))).await.expect(200);
        let path = format!("/v1/regions/{}", region_named(&app, "Tidegate").await);
        let changed = patch(
            &app,
            &path,
            "\"1\"",
            json!({"time_zone": "Asia/Pyongyang", "policy": {"call_lead_s": 600}}),
        )
        .await;
        assert_eq!(changed.headers["etag"], "\"2\"");
        let changed = changed.expect(200);
        assert_eq!((&changed["policy"], &changed["version"]), (&json!({"call_lead_s": 600}), &json!(1)));
        patch(&app, &path, "\"1\"", json!({"priority": 2})).await.expect_problem(412, "stale_version");
        let tries = (0..10).map(|number| {
            let (app, path) = (&app, path.as_str());
            async move { patch(app, path, "\"2\"", json!({"priority": number + 1})).await.status }
        });
        let statuses = futures_util::future::join_all(tries).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
        assert!(statuses.iter().all(|status| [200, 412].contains(status)));

        let wrong = json!({"time_zone": "Mars", "policy": {"call_lead_s": 1, "max_calls": 99}});
        let refused = patch(&app, &path, "", wrong).await.expect_problem(422, "invalid");
        let wanted = [
            ("time_zone", "unknown"),
            ("policy.call_lead_s", "out_of_range"),
            ("policy.max_calls", "out_of_range"),
        ];
        assert_eq!(errors(&refused), wanted);
        let wrong = json!({"policy": {"colour": 1, "silence": "shout", "time_zone": "UTC"}});
        let refused = patch(&app, &path, "", wrong).await.expect_problem(422, "invalid");
        let wanted = [
            ("policy.colour", "unknown_field"),
            ("policy.silence", "wrong_type"),
            ("policy.time_zone", "unknown_field"),
        ];
        assert_eq!(errors(&refused), wanted);
        patch(&app, &path, "", json!({"name": "other"})).await.expect_problem(400, "unknown_field");
        patch(&app, &path, "", json!({"active": "no"})).await.expect_problem(400, "wrong_type");
        patch(&app, &path, "", json!({"priority": 2_147_483_648_u64}))
            .await
            .expect_problem(400, "wrong_type");
    }
}

#[actix_web::test]
async fn one_bad_feature_refuses_the_whole_file() {
    for app in TestApp::each().await {
        let bow = json!([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]);
        let curl = json!([[0, 0], [4, 0], [4, 3], [2, -1], [0, 3], [0, 0]]);
        let far = json!([[0, 0], [200, 0], [200, 1], [0, 0]]);
        let high = json!([[0, 0], [1, 0], [1, 91], [0, 0]]);
        let world = json!([[-179, 0], [179, 0], [179, 1], [-179, 1], [-179, 0]]);
        let hole = json!({"type": "Polygon", "coordinates": [box_at(0.0, 0.0), box_at(5.0, 5.0)]});
        let features = [
            named("good", box_at(1.0, 1.0)),
            named("bow", bow),
            named("curl", curl),
            named("far", far),
            named("high", high),
            named("short", json!([[0, 0], [1, 1]])),
            named("text", json!([["a", "b"], [1, 1], [2, 2]])),
            named("world", world),
            json!({"type": "Feature", "properties": {"name": "hole"}, "geometry": hole}),
            json!({"type": "Feature", "properties": {"name": "point"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}),
            json!({"type": "Feature", "properties": {"name": "none"}, "geometry": null}),
            feature(json!({"priority": 1.5, "time_zone": "Mars"}), box_at(2.0, 2.0)),
            named("good", box_at(3.0, 3.0)),
            json!(7),
        ];
        let refused = import(&app, &file(&features)).await.expect_problem(422, "invalid_shape");
        let wanted = [
            ("features[1]", "self_crossing"),
            ("features[2]", "self_crossing"),
            ("features[3]", "off_the_earth"),
            ("features[4]", "off_the_earth"),
            ("features[5]", "ring_too_short"),
            ("features[6]", "malformed_coordinates"),
            ("features[7]", "crosses_antimeridian"),
            ("features[8]", "hole_outside"),
            ("features[9]", "not_a_polygon"),
            ("features[10]", "not_a_polygon"),
            ("features[11]", "name_missing"),
            ("features[11]", "priority_not_whole"),
            ("features[11]", "time_zone_unknown"),
            ("features[12]", "name_twice"),
            ("features[13]", "name_missing"),
            ("features[13]", "not_a_polygon"),
        ];
        assert_eq!(errors(&refused), wanted);
        let detail = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with("bow: part 1, ring 1 (outer ring) near longitude 0.5"), "{detail}");
        assert_eq!(app.get("/v1/regions", &app.operator).await.expect(200)["data"], json!([]));
    }
}

#[actix_web::test]
async fn a_feature_must_be_of_one_region_that_is_there() {
    let app = TestApp::sqlite().await;
    import(&app, &file(&[named("north", box_at(1.0, 2.0)), named("south", box_at(1.0, 1.0))]))
        .await
        .expect(200);
    let north = region_named(&app, "north").await;
    let nobody = "reg_00000000000000000000000000";
    let with_id = |id: &str, name: &str| feature(json!({"id": id, "name": name}), box_at(7.0, 7.0));
    let cases = [
        (with_id(nobody, "x"), "features[0].properties.id", "unknown"),
        (with_id("reg_x", "x"), "features[0].properties.id", "invalid_id"),
        (with_id(&north, "south"), "features[0].properties.name", "name_taken"),
        (
            feature(json!({"name": "x", "policy": {"colour": 1}}), box_at(7.0, 7.0)),
            "features[0].properties.policy.colour",
            "unknown_field",
        ),
        (
            feature(json!({"name": "x", "policy": "strict"}), box_at(7.0, 7.0)),
            "features[0].properties.policy",
            "wrong_type",
        ),
    ];
    for (bad, param, code) in cases {
        let refused = import(&app, &file(&[bad, named("new", box_at(8.0, 8.0))]))
            .await
            .expect_problem(422, "invalid_shape");
        assert_eq!(errors(&refused), [(param, code)]);
    }
    let twice = file(&[named("north", box_at(7.0, 7.0)), with_id(&north, "hills")]);
    let refused = import(&app, &twice).await.expect_problem(422, "invalid_shape");
    assert_eq!(errors(&refused), [("features[1].properties.id", "region_twice")]);
    assert_eq!(app.get("/v1/regions", &app.operator).await.expect(200)["data"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn what_is_no_file_of_regions_is_refused_by_its_kind() {
    let app = TestApp::sqlite().await;
    import_text(&app, "{\"type\":").await.expect_problem(400, "malformed_json");
    import_text(&app, "").await.expect_problem(400, "malformed_json");
    import_text(&app, b"{\"type\":\"\xff\"}".to_vec()).await.expect_problem(400, "invalid_utf8");
    import_text(&app, "[".repeat(100_000)).await.expect_problem(400, "too_deep");
    let refused = import_text(&app, "[]").await.expect_problem(422, "invalid_shape");
    assert_eq!(errors(&refused), [("", "not_a_feature_collection")]);
    let refused = import(&app, &file(&[])).await.expect_problem(422, "invalid_shape");
    assert_eq!(errors(&refused), [("", "no_features")]);
    let crs = json!({"type": "name", "properties": {"name": "EPSG:5179"}});
    let metres = json!({"type": "FeatureCollection", "crs": crs, "features": [named("a", box_at(1.0, 1.0))]});
    let refused = import(&app, &metres).await.expect_problem(422, "invalid_shape");
    assert_eq!(errors(&refused), [("", "unsupported_crs")]);
    let headers = [("content-type", "text/csv")];
    let answer = app
        .client
        .put(format!("{}/v1/regions", app.url))
        .bearer_auth(&app.operator)
        .header(headers[0].0, headers[0].1);
    app::read(answer.body("a,b").send().await.unwrap()).await.expect_problem(415, "unsupported_type");
}

#[actix_web::test]
async fn a_citys_file_is_taken_and_one_beyond_the_limit_is_not() {
    let app = TestApp::sqlite().await;
    let circle = |points: u32| -> Value {
        let corner = |number: u32| {
            let angle = f64::from(number) / f64::from(points) * std::f64::consts::TAU;
            json!([10.0 + angle.cos(), 10.0 + angle.sin()])
        };
        (0..points).map(corner).collect()
    };
    // Written out beforehand: a connection left idle for seconds is closed by the service.
    let large = file(&[named("city", circle(30_000))]).to_string();
    let too_fine = file(&[named("city", circle(100_001))]).to_string();
    assert!(large.len() > 1_000_000);
    assert_eq!(rows(&import_text(&app, large).await.expect(200)), [("city", 1, "created")]);
    let refused = import_text(&app, too_fine).await.expect_problem(422, "invalid_shape");
    assert_eq!(errors(&refused), [("features[0]", "too_many_points")]);
    let answer = announce(&app, 33 * 1024 * 1024).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"too_large\""), "{answer}");
    assert_eq!(app.get("/v1/regions", &app.operator).await.expect(200)["data"][0]["version"], 1);
}

#[actix_web::test]
async fn a_file_sent_many_times_at_once_makes_each_region_once() {
    for app in TestApp::each().await {
        let both = file(&[named("north", box_at(1.0, 2.0)), named("south", box_at(1.0, 1.0))]);
        let answers = futures_util::future::join_all((0..12).map(|_| import(&app, &both))).await;
        let created = answers.iter().filter(|answer| answer.json["data"][0]["result"] == "created").count();
        assert_eq!(created, 1);
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(
            app.get("/v1/regions", &app.operator).await.expect(200)["data"].as_array().unwrap().len(),
            2
        );
    }
}
