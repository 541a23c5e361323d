//! Couriers over a real socket: signing in, shifts, positions, offers, the feed through a whole life, photos.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

#[path = "support/app.rs"]
mod app;

use app::{Answer, TestApp, Town, act};
use callahead::app::ports::Clock;
use callahead_domain::id::{CodeId, DeliveryId};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

const PHONE: &str = "+82 10-2000-0001";
const NOBODY: &str = "+82 10-2999-9999";

/// Asks for a code; answers the request's id and the right code.
async fn ask_code(app: &TestApp, phone: &str) -> (String, String) {
    let asked = app.post("/v1/courier/sign_in/code", "", json!({"phone": phone})).await.expect(202);
    let id = asked["request_id"].as_str().unwrap().to_owned();
    let uuid = id.parse::<CodeId>().unwrap().uuid();
    (id, app.built.app.secrets.sign_in_code(uuid))
}

async fn verify(app: &TestApp, id: &str, code: &str) -> Answer {
    app.post("/v1/courier/sign_in/verify", "", json!({"request_id": id, "code": code})).await
}

/// Another six digits.
fn other(code: &str, step: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + step) % 1_000_000)
}

async fn invite(app: &TestApp, courier: &str) -> Value {
    let invite =
        app.post(&format!("/v1/couriers/{courier}/invite"), &app.operator, json!({})).await.expect(201);
    invite["token"].clone()
}

async fn command(app: &TestApp, town: &Town, delivery: &str, body: Value) -> Value {
    app.post(&format!("/v1/deliveries/{delivery}/commands"), &town.dispatcher, body).await.expect(200)
}

async fn assigned(app: &TestApp, town: &Town) -> String {
    let order = town.place(app).await;
    let delivery = order["delivery_id"].as_str().unwrap().to_owned();
    command(app, town, &delivery, json!({"command": "assign", "courier_id": town.courier})).await;
    delivery
}

fn hand_off_code(app: &TestApp, delivery: &str) -> String {
    app.built.app.secrets.hand_off_code(delivery.parse::<DeliveryId>().unwrap(), 0)
}

#[tokio::test]
async fn an_invite_works_once_within_a_day() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let body = json!({"token": invite(&app, &town.courier).await});
        let signed = app.post("/v1/courier/sign_in/invite", "", body.clone()).await.expect(200);
        assert_eq!(signed["courier"]["name"], "Odo Brandt");
        app.post("/v1/courier/sign_in/invite", "", body).await.expect_problem(410, "gone");
        let unknown = json!({"token": format!("chi_{}", "a".repeat(43))});
        app.post("/v1/courier/sign_in/invite", "", unknown).await.expect_problem(404, "not_found");
        let late = json!({"token": invite(&app, &town.courier).await});
        app.clock.advance_by(TimeDelta::hours(25));
        app.post("/v1/courier/sign_in/invite", "", late).await.expect_problem(410, "gone");
        app.post("/v1/courier/sign_in/invite", "", json!({"token": "x", "y": 1}))
            .await
            .expect_problem(400, "unknown_field");
        app.settle().await;
    }
}

#[tokio::test]
async fn one_invite_pressed_twenty_times_at_once_opens_one_session() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let body = json!({"token": invite(&app, &town.courier).await});
        let tries = (0..20).map(|_| app.post("/v1/courier/sign_in/invite", "", body.clone()));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().all(|answer| [200, 410].contains(&answer.status)));
        app.settle().await;
    }
}

#[tokio::test]
async fn edge_42_the_newest_phone_acts_and_the_older_one_reads() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let delivery = assigned(&app, &town).await;
        let before = app.clock.now();
        app.clock.advance_by(TimeDelta::minutes(10));
        let body = json!({"token": invite(&app, &town.courier).await});
        let new = app.post("/v1/courier/sign_in/invite", "", body).await.expect(200)["token"]
            .as_str()
            .unwrap()
            .to_owned();
        app.get("/v1/courier/feed", &town.session).await.expect(200);
        app.post("/v1/courier/shift/end", &town.session, json!({}))
            .await
            .expect_problem(409, "session_superseded");
        let late = act(&app, &town.session, &delivery, "collect", Value::Null).await;
        assert_eq!((&late["verdict"], &late["code"]), (&json!("rejected"), &json!("session_superseded")));
        let action = |id: &str| json!({"actions": [{"action_id": id, "type": "collect", "delivery_id": delivery, "occurred_at": before, "device_seq": 1}]});
        let done = app.post("/v1/courier/actions", &town.session, action("old")).await.expect(200);
        assert_eq!(done["results"][0]["verdict"], "applied");
        let again = app.post("/v1/courier/actions", &new, action("old")).await.expect(200);
        assert_eq!(
            (&again["results"][0]["verdict"], &again["results"][0]["first"]),
            (&json!("duplicate"), &json!("applied"))
        );
        app.post("/v1/courier/sign_out", &new, json!({})).await.expect(204);
        app.get("/v1/courier/me", &new).await.expect_problem(401, "unauthenticated");
        app.settle().await;
    }
}

#[tokio::test]
async fn known_and_unknown_numbers_are_answered_alike() {
    for app in TestApp::each().await {
        app.town().await;
        let mut shapes = Vec::new();
        for phone in [PHONE, NOBODY] {
            let asked = app.post("/v1/courier/sign_in/code", "", json!({"phone": phone})).await;
            let fields: Vec<_> = asked.json.as_object().unwrap().keys().cloned().collect();
            let mut headers: Vec<_> = asked.headers.keys().cloned().collect();
            headers.sort();
            let id = asked.json["request_id"].as_str().unwrap().to_owned();
            let wrong = verify(&app, &id, "000000").await;
            shapes.push((
                asked.status,
                fields,
                headers,
                id.len(),
                wrong.status,
                wrong.json["code"].clone(),
                wrong.json["detail"].clone(),
            ));
        }
        assert_eq!(shapes[0], shapes[1]);
        let (id, code) = ask_code(&app, NOBODY).await;
        verify(&app, &id, &code).await.expect_problem(401, "wrong_code");
        for id in ["otp_0000000000000000000000000a", "nonsense"] {
            verify(&app, id, "123456").await.expect_problem(401, "wrong_code");
        }
        app.post("/v1/courier/sign_in/code", "", json!({"phone": "x"})).await.expect_problem(422, "invalid");
        app.settle().await;
    }
}

#[tokio::test]
async fn a_code_signs_in_once_and_ends_after_ten_minutes() {
    for app in TestApp::each().await {
        app.town().await;
        let (id, code) = ask_code(&app, PHONE).await;
        verify(&app, &id, &other(&code, 1)).await.expect_problem(401, "wrong_code");
        let signed = verify(&app, &id, &code).await.expect(200);
        app.get("/v1/courier/me", signed["token"].as_str().unwrap()).await.expect(200);
        verify(&app, &id, &code).await.expect_problem(410, "gone");
        let (id, code) = ask_code(&app, PHONE).await;
        app.clock.advance_by(TimeDelta::minutes(11));
        verify(&app, &id, &code).await.expect_problem(410, "gone");
        app.settle().await;
    }
}

#[tokio::test]
async fn five_wrong_codes_are_looked_at_even_at_once_and_across_a_restart() {
    for app in TestApp::each().await {
        app.town().await;
        let (id, code) = ask_code(&app, PHONE).await;
        for step in 1..=3 {
            verify(&app, &id, &other(&code, step)).await.expect_problem(401, "wrong_code");
        }
        let app = app.restarted(&[]).await;
        let guesses: Vec<_> = (4..=40).map(|step| other(&code, step)).collect();
        let tries = guesses.iter().map(|guess| verify(&app, &id, guess));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 2);
        assert_eq!(answers.iter().filter(|answer| answer.status == 410).count(), 35);
        verify(&app, &id, &code).await.expect_problem(410, "gone");
        app.settle().await;
    }
}

#[tokio::test]
async fn at_most_five_codes_an_hour_and_twenty_a_day_leave_for_one_number() {
    let app = TestApp::sqlite().await;
    app.town().await;
    let mut usable = 0;
    for hour in 0..6 {
        let asked = futures_util::future::join_all((0..7).map(|_| ask_code(&app, PHONE))).await;
        let mut in_hour = 0;
        for (id, code) in asked {
            in_hour += i32::from(verify(&app, &id, &code).await.status == 200);
        }
        assert!(in_hour <= 5, "{in_hour} codes in hour {hour}");
        usable += in_hour;
        app.clock.advance_by(TimeDelta::minutes(61));
    }
    assert_eq!(usable, 20);
    app.settle().await;
}

#[tokio::test]
async fn a_courier_has_one_open_shift_within_bounds() {
    for app in TestApp::each().await {
        let town = app.town().await;
        for minutes in [-1, 4, 16 * 60 + 1] {
            let body = json!({"ends_at": app.clock.now() + TimeDelta::minutes(minutes)});
            app.post("/v1/courier/shift", &town.session, body).await.expect_problem(422, "invalid");
        }
        app.get("/v1/courier/shift", &town.session).await.expect_problem(409, "no_shift");
        let body = json!({"ends_at": app.clock.now() + TimeDelta::hours(8), "capacity": 3});
        let tries = (0..20).map(|_| app.post("/v1/courier/shift", &town.session, body.clone()));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert!(answers.iter().all(|answer| answer.status == 201 || answer.json["code"] == "shift_open"));
        let shift = app.get("/v1/courier/shift", &town.session).await.expect(200);
        assert_eq!((shift["capacity"].as_i64(), &shift["ended_at"]), (Some(3), &Value::Null));
        let ended = app.post("/v1/courier/shift/end", &town.session, json!({})).await.expect(200);
        assert_eq!(ended["id"], shift["id"]);
        app.post("/v1/courier/shift/end", &town.session, json!({})).await.expect_problem(409, "no_shift");
        app.post("/v1/courier/shift", &town.session, body).await.expect(201);
        app.settle().await;
    }
}

#[tokio::test]
async fn edge_38_a_shift_does_not_end_while_parcels_are_held() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"gate": "off"})).await;
        Town::on_duty(&app, &town.session).await;
        let (held, waiting) = (assigned(&app, &town).await, assigned(&app, &town).await);
        let order = town.place(&app).await;
        let offered = order["delivery_id"].as_str().unwrap();
        command(&app, &town, offered, json!({"command": "offer", "courier_id": town.courier})).await;
        assert_eq!(town.act(&app, &held, "collect", Value::Null).await["verdict"], "applied");
        let refused = app
            .post("/v1/courier/shift/end", &town.session, json!({}))
            .await
            .expect_problem(409, "holding_parcels");
        assert_eq!(refused["deliveries"], json!([held]));
        for kind in ["set_off", "arrive"] {
            assert_eq!(town.act(&app, &held, kind, Value::Null).await["verdict"], "applied");
        }
        let code = hand_off_code(&app, &held);
        assert_eq!(town.act(&app, &held, "hand_over", json!({"code": code})).await["verdict"], "applied");
        app.post("/v1/courier/shift/end", &town.session, json!({})).await.expect(200);
        for free in [waiting.as_str(), offered] {
            let view = app.get(&format!("/v1/deliveries/{free}"), &town.dispatcher).await.expect(200);
            assert_eq!(view["stage"]["stage"], "received", "{view}");
        }
        app.past_the_grace().await;
    }
}

#[tokio::test]
async fn positions_are_taken_in_any_order_and_twice() {
    for app in TestApp::each().await {
        let town = app.town().await;
        let now = app.clock.now();
        let at = |seconds: i64, lat: f64| json!({"at": now + TimeDelta::seconds(seconds), "point": {"lat": lat, "lon": 126.95}, "accuracy_m": 12.5});
        let send = |positions: Vec<Value>| {
            app.post("/v1/courier/positions", &town.session, json!({"positions": positions}))
        };
        send(vec![at(0, 37.55)]).await.expect_problem(409, "no_shift");
        Town::on_duty(&app, &town.session).await;
        app.clock.advance_by(TimeDelta::minutes(30));
        let batch = vec![at(900, 37.57), at(60, 37.55), at(300, 37.56), at(-3600, 37.5), at(86_400, 37.5)];
        assert_eq!(send(batch.clone()).await.expect(202)["accepted"], 3);
        assert_eq!(send(batch).await.expect(202)["accepted"], 3);
        let courier = town.courier.parse::<callahead_domain::id::CourierId>().unwrap().uuid();
        let shift =
            callahead::store::shifts::open_of(app.built.app.db.read(), courier).await.unwrap().unwrap();
        assert_eq!(
            (shift.lat, shift.position_at),
            (Some(37.57), Some((now + TimeDelta::seconds(900)).timestamp_micros()))
        );
        let kept =
            callahead::store::positions::instants(app.built.app.db.read(), shift.id, i64::MIN, i64::MAX)
                .await
                .unwrap();
        assert_eq!(kept.len(), 3);
        send(vec![at(1, 91.0)]).await.expect_problem(422, "invalid");
        send((0..201).map(|second| at(second, 37.55)).collect()).await.expect_problem(422, "invalid");
        app.settle().await;
    }
}

#[tokio::test]
async fn edge_40_of_a_thousand_accepts_exactly_one_wins() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let (_, stranger) = Town::courier(&app, "Pell Marrow", "+82 10-2000-0002", &town.region).await;
        let order = town.place(&app).await;
        let delivery = order["delivery_id"].as_str().unwrap();
        command(&app, &town, delivery, json!({"command": "offer", "courier_id": town.courier})).await;
        let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
        assert_eq!(feed["offers"][0]["delivery_id"], delivery);
        let path = format!("/v1/courier/offers/{delivery}/accept");
        let one = async |number: usize| {
            let session = if number % 10 == 9 { &stranger } else { &town.session };
            let mut answers = Vec::new();
            for _ in 0..4 {
                answers.push((number % 10 == 9, app.post(&path, session, json!({})).await));
            }
            answers
        };
        let answers = futures_util::future::join_all((0..250).map(one)).await;
        let answers: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(answers.len(), 1000);
        let won: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(won[0].1.json["next_action"]["kind"], "collect");
        for (strange, answer) in answers.iter().filter(|(_, answer)| answer.status != 200) {
            let expected = if *strange { (404, "not_found") } else { (409, "illegal_transition") };
            assert_eq!((answer.status, answer.json["code"].as_str().unwrap()), expected, "{}", answer.text);
            assert!(!strange || !answer.text.contains("cou_"));
        }
        app.settle().await;
    }
}

#[tokio::test]
async fn edge_41_an_offer_ends_and_can_be_declined_without_penalty() {
    for app in TestApp::each().await {
        let town = app.town().await;
        Town::on_duty(&app, &town.session).await;
        let order = town.place(&app).await;
        let delivery = order["delivery_id"].as_str().unwrap();
        let offer = json!({"command": "offer", "courier_id": town.courier});
        command(&app, &town, delivery, offer.clone()).await;
        let decline = format!("/v1/courier/offers/{delivery}/decline");
        app.post(&decline, &town.session, json!({"reason": "flat tyre"})).await.expect(204);
        app.post(&decline, &town.session, json!({})).await.expect_problem(409, "offer_ended");
        app.post(&decline, &town.session, json!({"why": 1})).await.expect_problem(400, "unknown_field");
        command(&app, &town, delivery, offer).await;
        app.clock.advance_by(TimeDelta::hours(1));
        let accept = format!("/v1/courier/offers/{delivery}/accept");
        app.post(&accept, &town.session, json!({})).await.expect_problem(409, "offer_ended");
        let feed = app.get("/v1/courier/feed", &town.session).await.expect(200);
        assert_eq!(feed["offers"], json!([]));
        app.settle().await;
    }
}

fn stop<'a>(feed: &'a Value, kind: &str) -> &'a Value {
    let stops = feed["stops"].as_array().unwrap();
    stops.iter().find(|stop| stop["kind"] == kind).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn the_feed_names_the_next_action_through_a_whole_life() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let feed = async || app.get("/v1/courier/feed", &town.session).await.expect(200);
    assert_eq!(feed().await["stops"], json!([]));
    let delivery = assigned(&app, &town).await;
    let first = feed().await;
    assert_eq!(stop(&first, "pick_up")["next_action"]["kind"], "collect");
    assert_eq!(stop(&first, "pick_up")["customer"], Value::Null);
    assert_eq!(stop(&first, "drop_off")["next_action"]["why"], "collect_first");
    assert_eq!(stop(&first, "drop_off")["customer"]["phone"], Value::Null);
    town.act(&app, &delivery, "collect", Value::Null).await;
    let carried = feed().await;
    assert_ne!(carried["plan_version"], first["plan_version"]);
    let door = stop(&carried, "drop_off");
    assert_eq!(door["next_action"]["kind"], "wait");
    assert_eq!(door["customer"]["phone"], "+821030000001");
    assert!(!door["allowed"].as_array().unwrap().contains(&json!("set_off")));
    let early = town.act(&app, &delivery, "set_off", Value::Null).await;
    assert_eq!((&early["verdict"], &early["code"]), (&json!("conflict"), &json!("not_cleared")));
    town.act(&app, &delivery, "call", json!({"outcome": "home_now", "note": "blue gate"})).await;
    let cleared = feed().await;
    let door = stop(&cleared, "drop_off");
    assert_eq!(door["next_action"]["kind"], "set_off");
    assert_eq!(
        (&door["answer"]["outcome"], &door["answer"]["note"]),
        (&json!("home_now"), &json!("blue gate"))
    );
    town.act(&app, &delivery, "set_off", Value::Null).await;
    assert_eq!(stop(&feed().await, "drop_off")["next_action"]["kind"], "arrive");
    town.act(&app, &delivery, "arrive", Value::Null).await;
    let there = feed().await;
    let next = &stop(&there, "drop_off")["next_action"];
    assert_eq!((&next["kind"], &next["alternative"]["kind"]), (&json!("hand_over"), &json!("fail_attempt")));
    let soon = town.act(&app, &delivery, "fail_attempt", json!({"reason": "not_home"})).await;
    assert_eq!(soon["code"], "wait_longer");
    town.act(&app, &delivery, "fail_attempt", json!({"reason": "refused"})).await;
    let back = feed().await;
    assert_eq!(stop(&back, "return")["next_action"]["kind"], "return");
    assert_eq!(stop(&back, "return")["address"], "1 Market Square");
    town.act(&app, &delivery, "undo_fail", Value::Null).await;
    let code = hand_off_code(&app, &delivery);
    assert_eq!(town.act(&app, &delivery, "hand_over", json!({"code": code})).await["verdict"], "applied");
    assert_eq!(feed().await["stops"], json!([]));
    app.past_the_grace().await;
}

#[tokio::test]
async fn a_phone_that_has_the_feed_is_told_so() {
    let app = TestApp::sqlite().await;
    let town = app.town().await;
    Town::on_duty(&app, &town.session).await;
    let tag = app.get("/v1/courier/feed", &town.session).await.headers["etag"].clone();
    app.clock.advance_by(TimeDelta::seconds(5));
    let known = [("if-none-match", tag.as_str())];
    let same = app.send(Method::GET, "/v1/courier/feed", &town.session, &known, None).await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    assigned(&app, &town).await;
    app.send(Method::GET, "/v1/courier/feed", &town.session, &known, None).await.expect(200);
    app.settle().await;
}

#[tokio::test]
async fn a_photo_is_an_image_of_a_delivery_on_the_run() {
    for app in TestApp::each().await {
        let town = Town::with_policy(&app, json!({"gate": "off"})).await;
        Town::on_duty(&app, &town.session).await;
        let (_, stranger) = Town::courier(&app, "Pell Marrow", "+82 10-2000-0002", &town.region).await;
        let delivery = assigned(&app, &town).await;
        let path = format!("/v1/courier/photos?delivery_id={delivery}");
        let jpeg = [vec![0xff, 0xd8, 0xff, 0xe0], vec![7; 1000]].concat();
        let send = async |session: &str, kind: &str, bytes: Vec<u8>| {
            app.post_bytes(&path, session, &[("content-type", kind)], bytes).await
        };
        send(&town.session, "image/svg+xml", jpeg.clone()).await.expect_problem(415, "unsupported_type");
        send(&town.session, "image/png", jpeg.clone()).await.expect_problem(422, "invalid");
        send(&town.session, "image/jpeg", vec![0xff; 300_000]).await.expect_problem(413, "too_large");
        send(&stranger, "image/jpeg", jpeg.clone()).await.expect_problem(404, "not_found");
        let photo = send(&town.session, "image/jpeg", jpeg.clone()).await.expect(201)["photo_id"].clone();
        let proof = |photo: &Value| json!({"photo": {"photo_id": photo, "reason": "phone off"}});
        for kind in ["collect", "set_off", "arrive"] {
            town.act(&app, &delivery, kind, Value::Null).await;
        }
        let unknown = json!("pho_0000000000000000000000000a");
        assert_eq!(town.act(&app, &delivery, "hand_over", proof(&unknown)).await["code"], "unknown_photo");
        let done = town.act(&app, &delivery, "hand_over", proof(&photo)).await;
        assert_eq!((&done["verdict"], &done["state"]["stage"]), (&json!("applied"), &json!("handed_over")));
        let order = app.get(&format!("/v1/deliveries/{delivery}"), &town.dispatcher).await.expect(200);
        assert_eq!(order["payment"]["state"], "authorised");
        send(&town.session, "image/jpeg", jpeg).await.expect_problem(404, "not_found");
        app.settle().await;
    }
}
