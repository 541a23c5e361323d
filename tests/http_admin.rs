//! What operators keep, over a real socket: shops, keys, couriers, regions, pick-up points.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "support/app.rs"]
mod app;

use app::{Answer, TestApp, Town, square};
use reqwest::Method;
use serde_json::{Value, json};

async fn patch(app: &TestApp, path: &str, etag: &str, body: Value) -> Answer {
    let headers = [("if-match", etag)];
    let headers = if etag.is_empty() { &[][..] } else { &headers[..] };
    app.send(Method::PATCH, path, &app.operator, headers, Some(body)).await
}

async fn delete(app: &TestApp, path: &str) -> Answer {
    app.send(Method::DELETE, path, &app.operator, &[], None).await
}

async fn import(app: &TestApp, file: &Value) -> Answer {
    app.send(Method::PUT, "/v1/regions", &app.operator, &[], Some(file.clone())).await
}

/// The parameters and codes of a refusal's errors.
fn errors(problem: &Value) -> Vec<(&str, &str)> {
    let each = problem["errors"].as_array().unwrap().iter();
    each.map(|fault| (fault["param"].as_str().unwrap(), fault["code"].as_str().unwrap())).collect()
}

fn shop() -> Value {
    json!({"name": "Saltmarket Grocer", "currency": "KRW", "time_zone": "Asia/Seoul"})
}

fn with(mut body: Value, changes: Value) -> Value {
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

fn courier(region: &str) -> Value {
    let regions = if region.is_empty() { json!([]) } else { json!([region]) };
    json!({"name": "Odo Brandt", "phone": "+82 10-2000-0001", "vehicle": "bicycle", "capacity": 8, "regions": regions})
}

// ---- shops

#[actix_web::test]
async fn a_shop_is_made_read_listed_and_changed() {
    for app in TestApp::each().await {
        let full =
            json!({"language": "ko", "phone": "02-700-0001", "country": "KR", "policy": {"max_attempts": 1}});
        let made = app.post("/v1/shops", &app.operator, with(shop(), full)).await;
        assert_eq!(made.headers["etag"], "\"1\"");
        let made = made.expect(201);
        assert_eq!(made["phone"], "+8227000001");
        assert_eq!(made["payment"], json!({"provider": "record", "url": null}));
        assert_eq!(made["policy"], json!({"max_attempts": 1}));
        let path = format!("/v1/shops/{}", made["id"].as_str().unwrap());
        assert_eq!(app.get(&path, &app.operator).await.expect(200), made);
        assert_eq!(app.get("/v1/shops", &app.operator).await.expect(200)["data"], json!([made]));

        let changed =
            patch(&app, &path, "\"1\"", json!({"name": "Grocer", "phone": null, "policy": {}})).await;
        assert_eq!(changed.headers["etag"], "\"2\"");
        let changed = changed.expect(200);
        assert_eq!(
            (&changed["name"], &changed["phone"], &changed["policy"]),
            (&json!("Grocer"), &Value::Null, &json!({}))
        );
        assert_eq!((&changed["country"], &changed["language"]), (&json!("KR"), &json!("ko")));
        assert_eq!(patch(&app, &path, "", json!({})).await.expect(200)["version"], 2);
    }
}

#[actix_web::test]
async fn a_made_up_secret_is_shown_once_and_never_again() {
    let app = TestApp::sqlite().await;
    let payment = json!({"payment": {"provider": "shop", "url": "http://127.0.0.1:9/pay"}});
    let made = app.post("/v1/shops", &app.operator, with(shop(), payment)).await.expect(201);
    assert!(made["payment"]["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/v1/shops/{}", made["id"].as_str().unwrap());
    let read = app.get(&path, &app.operator).await;
    assert!(!read.text.contains("secret"), "{}", read.text);

    let plain = app.post("/v1/shops", &app.operator, shop()).await.expect(201);
    let path = format!("/v1/shops/{}", plain["id"].as_str().unwrap());
    let refused =
        patch(&app, &path, "", json!({"payment": {"provider": "shop"}})).await.expect_problem(422, "invalid");
    assert_eq!(errors(&refused), [("payment.url", "missing_field")]);
    let wish = json!({"payment": {"provider": "shop", "url": "https://pay.example/callahead"}});
    let changed = patch(&app, &path, "", wish.clone()).await.expect(200);
    assert!(changed["payment"]["secret"].as_str().unwrap().starts_with("whsec_"));
    let again = patch(&app, &path, "", wish).await.expect(200);
    assert_eq!(again["payment"], json!({"provider": "shop", "url": "https://pay.example/callahead"}));
}

#[actix_web::test]
async fn every_fault_of_a_shop_is_told_at_once() {
    let app = TestApp::sqlite().await;
    let body = json!({
        "name": " ", "currency": "won", "time_zone": "Mars/North", "language": "fr", "phone": "12", "country": "XX",
        "payment": {"provider": "shop", "url": "ftp://x", "secret": "whsec_short"}, "policy": {"max_attempts": 99}
    });
    let refused = app.post("/v1/shops", &app.operator, body).await.expect_problem(422, "invalid");
    let mut params: Vec<&str> = errors(&refused).iter().map(|(param, _)| *param).collect();
    params.sort_unstable();
    let mut wanted = [
        "name",
        "currency",
        "time_zone",
        "language",
        "phone",
        "country",
        "payment.url",
        "payment.secret",
        "policy.max_attempts",
    ];
    wanted.sort_unstable();
    assert_eq!(params, wanted);
    assert_eq!(app.get("/v1/shops", &app.operator).await.expect(200)["data"], json!([]));
}

#[actix_web::test]
async fn a_body_that_is_no_shop_is_refused_by_its_kind() {
    let app = TestApp::sqlite().await;
    let post = async |text: &[u8]| {
        app.post_bytes("/v1/shops", &app.operator, &[("content-type", "application/json")], text.to_vec())
            .await
    };
    post(b"{\"name\":").await.expect_problem(400, "malformed_json");
    post(b"{\"name\":\"\xff\"}").await.expect_problem(400, "invalid_utf8");
    post("[".repeat(200_000).as_bytes()).await.expect_problem(400, "too_deep");
    let deep = format!("{{\"policy\":{}1{}}}", "{\"a\":".repeat(300), "}".repeat(300));
    post(deep.as_bytes()).await.expect_problem(400, "too_deep");
    post(b"{}").await.expect_problem(400, "missing_field");
    let text = |value: Value| value.to_string().into_bytes();
    post(&text(with(shop(), json!({"owner": "me"})))).await.expect_problem(400, "unknown_field");
    post(&text(with(shop(), json!({"policy": {"call_lead_s": 1}}))))
        .await
        .expect_problem(400, "unknown_field");
    let refused = post(&text(with(shop(), json!({"payment": {"provider": 7}}))))
        .await
        .expect_problem(400, "wrong_type");
    assert_eq!(refused["param"], "payment.provider");
    let typed = [("content-type", "text/plain")];
    app.post_bytes("/v1/shops", &app.operator, &typed, text(shop()))
        .await
        .expect_problem(415, "unsupported_type");
}

#[actix_web::test]
async fn a_body_beyond_the_limit_is_refused() {
    let app = TestApp::with(&[("server.body_limit_bytes", "2048")]).await;
    let body = with(shop(), json!({"name": "a".repeat(2_048)}));
    app.post("/v1/shops", &app.operator, body).await.expect_problem(413, "too_large");
}

#[actix_web::test]
async fn of_two_who_change_the_same_version_one_wins() {
    for app in TestApp::each().await {
        let made = app.post("/v1/shops", &app.operator, shop()).await.expect(201);
        let path = format!("/v1/shops/{}", made["id"].as_str().unwrap());
        let tries = (0..20).map(|number| {
            let (app, path) = (&app, path.as_str());
            async move { patch(app, path, "\"1\"", json!({"name": format!("name {number}")})).await }
        });
        let answers = futures_util::future::join_all(tries).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        let stale = answers
            .iter()
            .filter(|answer| answer.status == 412 && answer.json["code"] == "stale_version")
            .count();
        assert_eq!(stale, 19);
        assert_eq!(app.get(&path, &app.operator).await.expect(200)["version"], 2);
        patch(&app, &path, "\"many\"", json!({"name": "x"})).await.expect_problem(400, "invalid_header");
    }
}

#[actix_web::test]
async fn lists_go_on_where_they_stopped() {
    let app = TestApp::sqlite().await;
    for number in 0..5 {
        app.clock.advance_by(chrono::TimeDelta::milliseconds(1));
        app.post("/v1/shops", &app.operator, with(shop(), json!({"name": format!("shop {number}")})))
            .await
            .expect(201);
    }
    let (mut names, mut path) = (Vec::new(), "/v1/shops?limit=2".to_owned());
    loop {
        let page = app.get(&path, &app.operator).await.expect(200);
        names.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/shops?limit=2&after={cursor}");
    }
    assert_eq!(names, ["shop 0", "shop 1", "shop 2", "shop 3", "shop 4"]);
    app.get("/v1/shops?limit=0", &app.operator).await.expect_problem(400, "invalid_query");
    app.get("/v1/shops?limit=x", &app.operator).await.expect_problem(400, "invalid_query");
    app.get("/v1/shops?after=!", &app.operator).await.expect_problem(400, "invalid_cursor");
}

// ---- keys

#[actix_web::test]
async fn a_key_works_until_it_is_ended_or_over() {
    for app in TestApp::each().await {
        let (shop, key, _) = Town::shop(&app, "Saltmarket Grocer").await;
        let list = format!("/v1/shops/{shop}/keys");
        let ends = app::beginning() + chrono::TimeDelta::hours(1);
        let short =
            app.post(&list, &app.operator, json!({"name": "till 2", "expires_at": ends})).await.expect(201);
        let short_key = short["key"].as_str().unwrap().to_owned();
        assert!(short_key.starts_with(short["prefix"].as_str().unwrap()));
        app.get("/v1/pickup_points", &short_key).await.expect(200);
        app.clock.advance_by(chrono::TimeDelta::hours(1));
        app.built.app.seen.clear();
        app.get("/v1/pickup_points", &short_key).await.expect_problem(401, "unauthenticated");

        let shown = app.get(&list, &app.operator).await;
        assert!(!shown.text.contains(&key));
        let shown = shown.expect(200);
        let till = |row: &&Value| row["name"] == "till";
        let first =
            shown["data"].as_array().unwrap().iter().find(till).unwrap()["id"].as_str().unwrap().to_owned();
        app.get("/v1/pickup_points", &key).await.expect(200);
        delete(&app, &format!("{list}/{first}")).await.expect(204);
        app.get("/v1/pickup_points", &key).await.expect_problem(401, "unauthenticated");
        delete(&app, &format!("{list}/{first}")).await.expect(204);
        let ended = app.get(&list, &app.operator).await.expect(200);
        let ended = ended["data"].as_array().unwrap().iter().filter(|row| row["revoked_at"].is_string());
        assert_eq!(ended.count(), 1);

        let (other, ..) = Town::shop(&app, "Other").await;
        delete(&app, &format!("/v1/shops/{other}/keys/{first}")).await.expect_problem(404, "not_found");
        delete(&app, &format!("/v1/keys/{first}")).await.expect_problem(404, "not_found");
        let past = json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"});
        app.post(&list, &app.operator, past).await.expect_problem(422, "invalid");
        let nobody = "/v1/shops/shp_00000000000000000000000000/keys";
        app.post(nobody, &app.operator, json!({"name": "x"})).await.expect_problem(404, "not_found");
        app.get(nobody, &app.operator).await.expect_problem(404, "not_found");
    }
}

#[actix_web::test]
async fn the_last_operators_key_cannot_be_ended() {
    let app = TestApp::sqlite().await;
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    let first = id(&app.get("/v1/keys", &app.operator).await.expect(200)["data"][0]);
    delete(&app, &format!("/v1/keys/{first}")).await.expect_problem(409, "last_operator_key");
    let dispatcher = json!({"role": "dispatcher", "name": "desk"});
    app.post("/v1/keys", &app.operator, dispatcher).await.expect(201);
    delete(&app, &format!("/v1/keys/{first}")).await.expect_problem(409, "last_operator_key");
    let second =
        app.post("/v1/keys", &app.operator, json!({"role": "operator", "name": "Ines"})).await.expect(201);
    delete(&app, &format!("/v1/keys/{first}")).await.expect(204);
    app.get("/v1/keys", &app.operator).await.expect_problem(401, "unauthenticated");
    let key = second["key"].as_str().unwrap();
    assert_eq!(app.get("/v1/keys", key).await.expect(200)["data"].as_array().unwrap().len(), 3);
    let refused =
        app.post("/v1/keys", key, json!({"role": "king", "name": ""})).await.expect_problem(422, "invalid");
    assert_eq!(errors(&refused), [("name", "bad_text"), ("role", "unknown")]);
}

// ---- roles

/// Every route of operators with a body that would do.
fn routes() -> Vec<(Method, &'static str, bool)> {
    const NOBODY: &str = "00000000000000000000000000";
    let path = |text: &str| -> &'static str { text.replace("{}", NOBODY).leak() };
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    vec![
        (post.clone(), "/v1/shops", false),
        (get.clone(), "/v1/shops", true),
        (get.clone(), path("/v1/shops/shp_{}"), true),
        (Method::PATCH, path("/v1/shops/shp_{}"), false),
        (post.clone(), path("/v1/shops/shp_{}/keys"), false),
        (get.clone(), path("/v1/shops/shp_{}/keys"), false),
        (Method::DELETE, path("/v1/shops/shp_{}/keys/key_{}"), false),
        (post.clone(), "/v1/keys", false),
        (get.clone(), "/v1/keys", false),
        (Method::DELETE, path("/v1/keys/key_{}"), false),
        (post.clone(), "/v1/couriers", false),
        (get.clone(), "/v1/couriers", true),
        (get.clone(), path("/v1/couriers/cou_{}"), true),
        (Method::PATCH, path("/v1/couriers/cou_{}"), false),
        (post, path("/v1/couriers/cou_{}/invite"), false),
        (put, "/v1/regions", false),
        (get.clone(), "/v1/regions", true),
        (get.clone(), path("/v1/regions/reg_{}"), true),
        (get.clone(), path("/v1/regions/reg_{}/versions"), true),
        (get.clone(), path("/v1/regions/reg_{}/affected"), true),
        (Method::PATCH, path("/v1/regions/reg_{}"), false),
        (get, "/v1/regions/locate?lat=1&lon=1", true),
    ]
}

#[actix_web::test]
async fn each_route_lets_in_whom_it_is_for() {
    let app = TestApp::sqlite().await;
    let (_, shop_key, _) = Town::shop(&app, "Saltmarket Grocer").await;
    let made =
        app.post("/v1/keys", &app.operator, json!({"role": "dispatcher", "name": "desk"})).await.expect(201);
    let dispatcher = made["key"].as_str().unwrap();
    for (method, path, staff) in routes() {
        let body = (method != Method::GET).then(|| json!({}));
        let ask = async |token: &str| app.send(method.clone(), path, token, &[], body.clone()).await;
        ask("").await.expect_problem(401, "unauthenticated");
        ask(&format!("cho_{}", "A".repeat(43))).await.expect_problem(401, "unauthenticated");
        ask(&shop_key).await.expect_problem(403, "forbidden");
        let answer = ask(dispatcher).await;
        assert_eq!(answer.status == 403, !staff, "{method} {path}: {}", answer.text);
        let answer = ask(&app.operator).await;
        assert!(![401, 403, 405, 500].contains(&answer.status), "{method} {path}: {}", answer.text);
    }
    app.get("/v1/pickup_points", &app.operator).await.expect_problem(403, "forbidden");
    app.post("/v1/pickup_points", dispatcher, json!({})).await.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn what_cannot_be_an_id_is_answered_like_an_id_nobody_has() {
    let app = TestApp::sqlite().await;
    for path in [
        "/v1/shops/x",
        "/v1/couriers/shp_1",
        "/v1/regions/%00",
        "/v1/regions/reg_x/versions",
        "/v1/shops/x/keys",
    ] {
        app.get(path, &app.operator).await.expect_problem(404, "not_found");
    }
}

// ---- couriers

#[actix_web::test]
async fn a_courier_is_made_changed_and_invited() {
    for app in TestApp::each().await {
        let put = import(&app, &square("Tidegate", json!({}))).await.expect(200);
        let region = put["data"][0]["region"]["id"].as_str().unwrap();
        let made = app.post("/v1/couriers", &app.operator, courier(region)).await.expect(201);
        assert_eq!((&made["phone"], &made["regions"]), (&json!("+821020000001"), &json!([region])));
        let path = format!("/v1/couriers/{}", made["id"].as_str().unwrap());
        assert_eq!(app.get(&path, &app.operator).await.expect(200), made);
        let changed = patch(&app, &path, "\"1\"", json!({"vehicle": "car", "regions": [], "language": "ko"}))
            .await
            .expect(200);
        assert_eq!(
            (&changed["vehicle"], &changed["regions"], &changed["version"]),
            (&json!("car"), &json!([]), &json!(2))
        );
        patch(&app, &path, "\"1\"", json!({"capacity": 3})).await.expect_problem(412, "stale_version");

        let invite = app.post(&format!("{path}/invite"), &app.operator, json!({})).await.expect(201);
        assert!(invite["token"].as_str().unwrap().starts_with("chi_"));
        assert_eq!(invite["expires_at"], "2026-05-05T01:00:00Z");
        let stopped = patch(&app, &path, "", json!({"active": false})).await.expect(200);
        assert_eq!(stopped["active"], false);
        app.post(&format!("{path}/invite"), &app.operator, json!({}))
            .await
            .expect_problem(422, "courier_inactive");
    }
}

#[actix_web::test]
async fn a_number_belongs_to_one_courier() {
    for app in TestApp::each().await {
        let tries = (0..10).map(|_| app.post("/v1/couriers", &app.operator, courier("")));
        let answers = futures_util::future::join_all(tries).await;
        let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(made.len(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            let problem = answer.clone().expect_problem(409, "duplicate");
            assert_eq!(problem["metadata"]["courier_id"], made[0].json["id"]);
        }
        let second = with(courier(""), json!({"phone": "+82 10 2000 0002"}));
        let second = app.post("/v1/couriers", &app.operator, second).await.expect(201);
        let path = format!("/v1/couriers/{}", second["id"].as_str().unwrap());
        let problem =
            patch(&app, &path, "", json!({"phone": "+821020000001"})).await.expect_problem(409, "duplicate");
        assert_eq!(problem["metadata"]["courier_id"], made[0].json["id"]);
    }
}

#[actix_web::test]
async fn every_fault_of_a_courier_is_told_at_once() {
    let app = TestApp::sqlite().await;
    let nobody = "reg_00000000000000000000000000";
    let body = json!({"name": "a\u{7}", "phone": "010-2000-0001", "language": "xx", "vehicle": "rocket", "capacity": 0, "regions": [nobody, "x"]});
    let refused = app.post("/v1/couriers", &app.operator, body).await.expect_problem(422, "invalid");
    let wanted = [
        ("name", "bad_text"),
        ("phone", "invalid_phone"),
        ("language", "unknown"),
        ("vehicle", "unknown"),
        ("capacity", "out_of_range"),
        ("regions[0]", "unknown"),
        ("regions[1]", "invalid_id"),
    ];
    assert_eq!(errors(&refused), wanted);
    let wrong = with(courier(""), json!({"capacity": 1.5}));
    app.post("/v1/couriers", &app.operator, wrong).await.expect_problem(400, "wrong_type");
    let huge = with(courier(""), json!({"capacity": 99_999_999_999_u64}));
    app.post("/v1/couriers", &app.operator, huge).await.expect_problem(400, "wrong_type");
}

// ---- pick-up points

#[actix_web::test]
async fn a_shop_has_pick_up_points_of_its_own() {
    for app in TestApp::each().await {
        let (_, key, counter) = Town::shop(&app, "Saltmarket Grocer").await;
        let (_, other, _) = Town::shop(&app, "Other").await;
        let body = json!({"name": "Yard", "address": "Back door\n2 Market Square", "point": {"lat": 37.5, "lon": 127.0}, "external_id": "yard"});
        let made = app.post("/v1/pickup_points", &key, body.clone()).await.expect(201);
        assert_eq!(made["point"], json!({"lat": 37.5, "lon": 127.0}));
        let again = app.post("/v1/pickup_points", &key, body.clone()).await.expect_problem(409, "duplicate");
        assert_eq!(again["metadata"]["pickup_point_id"], made["id"]);
        app.post("/v1/pickup_points", &other, body).await.expect(201);
        let list = app.get("/v1/pickup_points", &key).await.expect(200);
        let ids: Vec<&Value> = list["data"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
        assert!(ids.len() == 2 && ids.contains(&&json!(counter)) && ids.contains(&&made["id"]));
    }
}

#[actix_web::test]
async fn a_point_off_the_earth_is_no_pick_up_point() {
    let app = TestApp::sqlite().await;
    let (_, key, _) = Town::shop(&app, "Saltmarket Grocer").await;
    let body = |lat: Value, lon: Value| json!({"name": "", "address": "", "point": {"lat": lat, "lon": lon}});
    let refused =
        app.post("/v1/pickup_points", &key, body(json!(90.1), json!(0))).await.expect_problem(422, "invalid");
    let wanted = [("name", "bad_text"), ("address", "bad_text"), ("point", "latitude_out_of_range")];
    assert_eq!(errors(&refused), wanted);
    let refused = app
        .post("/v1/pickup_points", &key, body(json!(0), json!(-180.5)))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(errors(&refused)[2], ("point", "longitude_out_of_range"));
    app.post("/v1/pickup_points", &key, body(json!("north"), json!(0)))
        .await
        .expect_problem(400, "wrong_type");
    app.post("/v1/pickup_points", &key, body(Value::Null, json!(0))).await.expect_problem(400, "wrong_type");
    let more = json!({"name": "a", "address": "b", "point": {"lat": 0, "lon": 0, "height": 3}});
    app.post("/v1/pickup_points", &key, more).await.expect_problem(400, "unknown_field");
}
