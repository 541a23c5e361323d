//! Paying at stalls: by the stall's picture from the customer's phone, and by the customer's personal code.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, clippy::panic)]

#[path = "support/app.rs"]
mod support;
#[path = "support/wallet.rs"]
mod wallet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callahead::app::ports::Clock;
use callahead_domain::pay_code::{Alias, PayCode, PayNumber, window_at};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use support::{Answer, TestApp, Town};
use wallet::{Purse, sound, trf, won};

const MIRA: &str = "+82 10-3000-0001";
const ODO: &str = "+82 10-3000-0002";

/// A stall of a shop, and the shop's key.
struct Market {
    key: String,
    stall: Value,
}

impl Market {
    async fn open(app: &TestApp, shop: &str) -> Market {
        let (_, key, _) = Town::shop(app, shop).await;
        let body = json!({
            "name": "RYUGYONG SEAFOOD", "city": "SEOUL", "country": "KR",
            "local": {"language": "ko", "name": "류경 해산물"}, "point": {"lat": 37.55, "lon": 126.95}
        });
        let stall = app.post("/v1/stalls", &key, body).await.expect(201);
        Market { key, stall }
    }

    fn text(&self, name: &str) -> &str {
        self.stall[name].as_str().unwrap()
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/stalls/{}/{what}", self.text("id"))
    }

    async fn charge(&self, app: &TestApp, id: u128, code: &str, amount: i64, pin: Option<&str>) -> Answer {
        let body = json!({"transfer_id": trf(id), "code": code, "amount": won(amount), "pin": pin});
        app.post(&self.path("charges"), &self.key, body).await
    }

    async fn give_back(&self, app: &TestApp, id: u128, of: &str, amount: i64) -> Answer {
        let body = json!({"transfer_id": trf(id), "of": of, "amount": amount});
        app.post(&self.path("refunds"), &self.key, body).await
    }

    async fn payments(&self, app: &TestApp) -> Value {
        app.get(&self.path("payments"), &self.key).await.expect(200)
    }
}

/// A customer's device that makes personal codes.
struct Device {
    name: String,
    alias: Alias,
    key: Vec<u8>,
}

impl Device {
    async fn of(app: &TestApp, purse: &Purse) -> Device {
        let made = purse.post(app, "devices", json!({})).await.expect(201);
        let name = made["alias"].as_str().unwrap().to_owned();
        let key = STANDARD.decode(made["key"].as_str().unwrap()).unwrap();
        Device { alias: Alias(u64::from_str_radix(&name, 16).unwrap()), name, key }
    }

    /// The code its screen shows so many seconds from now.
    fn shows(&self, app: &TestApp, seconds: i64) -> String {
        let window = window_at(app.clock.now() + TimeDelta::seconds(seconds)).unwrap();
        PayCode::new(&self.key, self.alias, window).text()
    }

    fn digits(&self, app: &TestApp) -> String {
        PayNumber::new(&self.key, self.alias, window_at(app.clock.now()).unwrap()).text()
    }
}

fn to_stall(id: u128, stall: &str, amount: i64) -> Value {
    json!({"transfer_id": trf(id), "stall": stall, "amount": won(amount)})
}

#[tokio::test]
async fn a_customer_pays_what_the_picture_names_and_both_see_the_same_word() {
    for app in TestApp::each().await {
        let market = Market::open(&app, "Pell's Fish").await;
        let mira = Purse::open(&app, MIRA, 10_000).await;
        let picture = app.get(&market.path("qr.svg"), &market.key).await;
        assert_eq!((picture.status, &*picture.headers["content-type"]), (200, "image/svg+xml"));
        assert!(picture.text.starts_with("<svg"));
        let found = app.get(&format!("/v1/pay/{}", market.text("reference")), "").await.expect(200);
        assert_eq!(
            (found["name"].as_str(), found["shop"].as_str()),
            (Some("RYUGYONG SEAFOOD"), Some("Pell's Fish"))
        );
        assert_eq!(
            (found["local_name"].as_str(), found["status"].as_str()),
            (Some("류경 해산물"), Some("open"))
        );
        let body = json!({"transfer_id": trf(1), "qr": market.text("payload"), "amount": won(4_500)});
        let paid = mira.post(&app, "stall_payments", body.clone()).await.expect(200);
        mira.post(&app, "stall_payments", body).await.expect(200);
        assert_eq!(mira.figures(&app).await.0, 5_500);
        let seen = market.payments(&app).await;
        assert_eq!(seen["data"][0]["receipt_word"], paid["receipt_word"]);
        assert_eq!(paid["receipt_word"].as_str().unwrap().len(), 4);
        assert_eq!(
            (seen["today"]["paid"]["amount"].as_i64(), seen["today"]["payments"].as_i64()),
            (Some(4_500), Some(1))
        );
        sound(&app).await;
    }
}

#[tokio::test]
async fn what_is_printed_is_not_believed() {
    let app = TestApp::sqlite().await;
    let market = Market::open(&app, "Pell's Fish").await;
    let mira = Purse::open(&app, MIRA, 10_000).await;
    let payload = market.text("payload").to_owned();
    let scan = async |qr: &str, amount: i64| {
        let body = json!({"transfer_id": trf(1), "qr": qr, "amount": won(amount)});
        mira.post(&app, "stall_payments", body).await
    };
    // One letter off, another scheme's picture, nothing at all.
    let broken = payload.replace("RYUGYONG", "RYUGYANG");
    let other = "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A";
    for (qr, code) in
        [(broken.as_str(), "not_readable"), ("", "not_readable"), ("https://pay.example", "not_readable")]
    {
        let told = scan(qr, 100).await.expect_problem(422, "invalid");
        assert_eq!(told["errors"][0]["code"], code, "{qr}");
    }
    let told = scan(other, 2372).await.expect_problem(422, "invalid");
    assert_eq!(told["errors"][0]["code"], "not_ours");
    for unknown in ["AAAAAAAA", "x", "AAAA-AAA", "%F0%9F%98%80"] {
        app.get(&format!("/v1/pay/{unknown}"), "").await.expect_problem(404, "not_found");
    }
    assert_eq!(mira.figures(&app).await.0, 10_000);
    // Where the payer stands.
    let path = format!("/v1/pay/{}", market.text("reference"));
    let near = app.get(&format!("{path}?lat=37.551&lon=126.951"), "").await.expect(200);
    let far = app.get(&format!("{path}?lat=37.56&lon=126.96"), "").await.expect(200);
    assert_eq!((near["far"].as_bool(), far["far"].as_bool()), (Some(false), Some(true)));
    app.get(&format!("{path}?lat=91&lon=0"), "").await.expect_problem(400, "invalid_query");
    app.get(&format!("{path}?lat=1"), "").await.expect_problem(400, "invalid_query");
}

#[tokio::test]
async fn a_slip_of_the_hand_is_asked_about_and_a_closed_stall_takes_nothing() {
    for app in TestApp::each().await {
        let market = Market::open(&app, "Pell's Fish").await;
        let mira = Purse::open(&app, MIRA, 10_000).await;
        let stall = market.text("reference").to_owned();
        mira.post(&app, "stall_payments", to_stall(1, &stall, 500)).await.expect(200);
        let told = mira
            .post(&app, "stall_payments", to_stall(2, &stall, 500))
            .await
            .expect_problem(409, "paid_just_now");
        assert_eq!(told["transfer_id"], trf(1));
        mira.post(&app, "stall_payments", to_stall(3, &stall, 501)).await.expect(200);
        let mut again = to_stall(2, &stall, 500);
        again["again"] = json!(true);
        mira.post(&app, "stall_payments", again).await.expect(200);
        app.clock.advance_by(TimeDelta::seconds(61));
        mira.post(&app, "stall_payments", to_stall(4, &stall, 500)).await.expect(200);
        let path = format!("/v1/stalls/{}", market.text("id"));
        let close = async |etag: &str| {
            app.send(Method::PATCH, &path, &market.key, &[("if-match", etag)], Some(json!({"open": false})))
                .await
        };
        close("\"7\"").await.expect_problem(412, "stale_version");
        assert_eq!(close("\"1\"").await.expect(200)["open"], false);
        mira.post(&app, "stall_payments", to_stall(5, &stall, 1)).await.expect_problem(409, "stall_closed");
        let device = Device::of(&app, &mira).await;
        let code = device.shows(&app, 0);
        market.charge(&app, 6, &code, 1, None).await.expect_problem(409, "stall_closed");
        assert_eq!(mira.figures(&app).await.0, 7_999);
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_personal_code_pays_once_also_when_it_was_made_offline() {
    for app in TestApp::each().await {
        let market = Market::open(&app, "Pell's Fish").await;
        let mira = Purse::open(&app, MIRA, 10_000).await;
        let device = Device::of(&app, &mira).await;
        let code = device.shows(&app, 0);
        let paid = market.charge(&app, 1, &code, 700, None).await.expect(200);
        assert_eq!(paid["state"], "paid");
        let again = market.charge(&app, 1, &code, 700, None).await.expect(200);
        assert_eq!(paid, again, "sent again it is the same payment");
        market.charge(&app, 1, &code, 701, None).await.expect_problem(409, "transfer_id_taken");
        market.charge(&app, 2, &code, 700, None).await.expect_problem(409, "code_used");
        market.charge(&app, 2, &device.digits(&app), 700, None).await.expect_problem(409, "code_used");
        app.clock.advance_by(TimeDelta::seconds(30));
        let typed = device.digits(&app);
        let spaced = format!("{} {} {}", &typed[..6], &typed[6..12], &typed[12..]);
        assert_eq!(market.charge(&app, 3, &spaced, 300, None).await.expect(200)["state"], "paid");
        let word = paid["receipt_word"].as_str().unwrap();
        let seen = market.payments(&app).await;
        assert!(seen["data"].as_array().unwrap().iter().any(|one| one["receipt_word"] == word));
        assert_eq!(mira.figures(&app).await.0, 9_000);
        app.clock.advance_by(TimeDelta::seconds(300));
        // One window ahead and two behind are taken, no other.
        for (id, seconds, taken) in [(10, 30, true), (11, -60, true), (12, 60, false), (13, -90, false)] {
            let answer = market.charge(&app, id, &device.shows(&app, seconds), 1, None).await;
            match taken {
                true => drop(answer.expect(200)),
                false => drop(answer.expect_problem(409, "bad_code")),
            }
        }
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_wrong_clock_is_learned() {
    let app = TestApp::sqlite().await;
    let market = Market::open(&app, "Pell's Fish").await;
    let mira = Purse::open(&app, MIRA, 10_000).await;
    let device = Device::of(&app, &mira).await;
    let online = async |seconds: i64| {
        let at = app.clock.now() + TimeDelta::seconds(seconds);
        mira.post(&app, &format!("devices/{}/online", device.name), json!({"at": at})).await
    };
    market.charge(&app, 1, &device.shows(&app, 600), 1, None).await.expect_problem(409, "bad_code");
    online(600).await.expect(200);
    market.charge(&app, 1, &device.shows(&app, 600), 1, None).await.expect(200);
    market.charge(&app, 2, &device.shows(&app, 0), 1, None).await.expect_problem(409, "bad_code");
    let told = online(13 * 3_600).await.expect_problem(422, "invalid");
    assert_eq!(told["errors"][0]["code"], "clock_wrong");
    let path = format!("{}/devices/{}", mira.path, device.name);
    app.send(Method::DELETE, &path, "", &[], None).await.expect(204);
    app.send(Method::DELETE, &path, "", &[], None).await.expect_problem(404, "not_found");
    online(600).await.expect_problem(404, "not_found");
    app.clock.advance_by(TimeDelta::seconds(60));
    market.charge(&app, 3, &device.shows(&app, 600), 1, None).await.expect_problem(409, "bad_code");
}

#[tokio::test]
async fn codes_are_not_guessed_at_a_stall() {
    for app in TestApp::each().await {
        let market = Market::open(&app, "Pell's Fish").await;
        let mira = Purse::open(&app, MIRA, 10_000).await;
        let device = Device::of(&app, &mira).await;
        let good = device.shows(&app, 0);
        let forged = PayCode::new(b"another key", device.alias, window_at(app.clock.now()).unwrap()).text();
        let short = format!("28{:09}0000000", device.alias.short());
        for bad in ["", "PP1:", &forged, &short, "280000000000000000"] {
            market.charge(&app, 1, bad, 1, None).await.expect_problem(409, "bad_code");
        }
        market.charge(&app, 1, &good, 1, None).await.expect_problem(429, "too_many_tries");
        // Another stall is not held up by it.
        let other = Market::open(&app, "Saltmarket Grocer").await;
        other.charge(&app, 2, &good, 1, None).await.expect(200);
        app.clock.advance_by(TimeDelta::minutes(10));
        market.charge(&app, 1, &device.shows(&app, 0), 1, None).await.expect(200);
        // Good scans do not use the tries up.
        for id in 10..20 {
            app.clock.advance_by(TimeDelta::seconds(30));
            market.charge(&app, id, &device.shows(&app, 0), 1, None).await.expect(200);
        }
    }
}

#[tokio::test]
async fn above_the_limits_the_customer_agrees_on_the_phone_or_by_pin() {
    for app in TestApp::each().await {
        let market = Market::open(&app, "Pell's Fish").await;
        let mira = Purse::open(&app, MIRA, 1_000_000).await;
        let odo = Purse::open(&app, ODO, 0).await;
        mira.post(&app, "pin", json!({"pin": "2468"})).await.expect(200);
        let device = Device::of(&app, &mira).await;
        let next = || {
            app.clock.advance_by(TimeDelta::seconds(30));
            device.shows(&app, 0)
        };
        let waiting = market.charge(&app, 1, &next(), 30_001, None).await.expect(200);
        assert_eq!((waiting["state"].as_str(), &waiting["receipt_word"]), (Some("waiting"), &Value::Null));
        let asked = app.get(&format!("{}/charges", mira.path), "").await.expect(200);
        assert_eq!(
            (asked["data"][0]["id"].as_str(), asked["data"][0]["stall"].as_str()),
            (Some(&*trf(1)), Some("RYUGYONG SEAFOOD"))
        );
        let agree = format!("charges/{}/agree", trf(1));
        odo.post(&app, &agree, json!({})).await.expect_problem(404, "not_found");
        let paid = mira.post(&app, &agree, json!({})).await.expect(200);
        assert_eq!(paid["state"], "paid");
        assert_eq!(mira.post(&app, &agree, json!({})).await.expect(200), paid);
        let path = market.path(&format!("charges/{}", trf(1)));
        assert_eq!(app.get(&path, &market.key).await.expect(200)["receipt_word"], paid["receipt_word"]);
        // By PIN at the stall, also under the id that waits.
        assert_eq!(market.charge(&app, 2, &next(), 60_000, None).await.expect(200)["state"], "waiting");
        let code = device.shows(&app, 0);
        market.charge(&app, 2, &code, 60_000, Some("1111")).await.expect_problem(409, "wrong_pin");
        assert_eq!(market.charge(&app, 2, &code, 60_000, Some("2468")).await.expect(200)["state"], "paid");
        // On the phone a large amount needs the PIN too.
        market.charge(&app, 3, &next(), 60_000, None).await.expect(200);
        let agree = format!("charges/{}/agree", trf(3));
        mira.post(&app, &agree, json!({})).await.expect_problem(409, "pin_required");
        mira.post(&app, &agree, json!({"pin": "2468"})).await.expect(200);
        // Declined, and too late.
        market.charge(&app, 4, &next(), 40_000, None).await.expect(200);
        mira.post(&app, &format!("charges/{}/decline", trf(4)), json!({})).await.expect(200);
        mira.post(&app, &format!("charges/{}/agree", trf(4)), json!({}))
            .await
            .expect_problem(409, "charge_over");
        let code = next();
        market.charge(&app, 5, &code, 40_000, None).await.expect(200);
        app.clock.advance_by(TimeDelta::seconds(120));
        mira.post(&app, &format!("charges/{}/agree", trf(5)), json!({}))
            .await
            .expect_problem(409, "charge_over");
        assert_eq!(market.charge(&app, 5, &code, 40_000, Some("2468")).await.expect(200)["state"], "over");
        mira.post(&app, &format!("charges/{}/decline", trf(1)), json!({}))
            .await
            .expect_problem(409, "charge_over");
        assert_eq!(app.get(&format!("{}/charges", mira.path), "").await.expect(200)["data"], json!([]));
        assert_eq!(mira.figures(&app).await.0, 1_000_000 - 30_001 - 120_000);
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_days_codes_and_a_device_long_offline_are_asked_about() {
    for app in TestApp::each().await {
        let market = Market::open(&app, "Pell's Fish").await;
        let mira = Purse::open(&app, MIRA, 1_000_000).await;
        let device = Device::of(&app, &mira).await;
        let next = || {
            app.clock.advance_by(TimeDelta::seconds(30));
            device.shows(&app, 0)
        };
        for id in 1..=3 {
            assert_eq!(market.charge(&app, id, &next(), 30_000, None).await.expect(200)["state"], "paid");
        }
        assert_eq!(market.charge(&app, 4, &next(), 10_001, None).await.expect(200)["state"], "waiting");
        assert_eq!(market.charge(&app, 5, &next(), 10_000, None).await.expect(200)["state"], "paid");
        let agreed = mira.post(&app, &format!("charges/{}/agree", trf(4)), json!({})).await.expect(200);
        assert_eq!(agreed["state"], "paid");
        app.clock.advance_by(TimeDelta::hours(25));
        assert_eq!(market.charge(&app, 6, &next(), 10_000, None).await.expect(200)["state"], "paid");
        app.clock.advance_by(TimeDelta::hours(48));
        assert_eq!(market.charge(&app, 7, &next(), 1, None).await.expect(200)["state"], "waiting");
        let at = app.clock.now();
        mira.post(&app, &format!("devices/{}/online", device.name), json!({"at": at})).await.expect(200);
        assert_eq!(market.charge(&app, 8, &next(), 1, None).await.expect(200)["state"], "paid");
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_stall_gives_back_within_the_day_and_never_more_than_it_took() {
    for app in TestApp::each().await {
        let market = Market::open(&app, "Pell's Fish").await;
        let other = Market::open(&app, "Saltmarket Grocer").await;
        let mira = Purse::open(&app, MIRA, 10_000).await;
        mira.post(&app, "stall_payments", to_stall(1, market.text("reference"), 4_000)).await.expect(200);
        market.give_back(&app, 2, &trf(1), 1_000).await.expect(200);
        market.give_back(&app, 2, &trf(1), 1_000).await.expect(200);
        market.give_back(&app, 3, &trf(1), 3_001).await.expect_problem(409, "exceeds_taken");
        market.give_back(&app, 4, &trf(1), 0).await.expect_problem(422, "invalid");
        other.give_back(&app, 5, &trf(1), 1).await.expect_problem(404, "not_found");
        market.give_back(&app, 5, &trf(99), 1).await.expect_problem(404, "not_found");
        let seen = market.payments(&app).await;
        assert_eq!(seen["today"]["given_back"]["amount"], 1_000);
        // Seoul's midnight, fourteen hours after ten in the morning.
        app.clock.advance_by(TimeDelta::hours(15));
        market.give_back(&app, 2, &trf(1), 1_000).await.expect(200);
        market.give_back(&app, 6, &trf(1), 500).await.expect_problem(409, "refund_too_late");
        let body = json!({"transfer_id": trf(6), "of": trf(1), "amount": 500});
        app.post("/v1/refunds", &app.operator, body).await.expect(200);
        assert_eq!(mira.figures(&app).await.0, 7_500);
        assert_eq!(mira.lines(&app).await[0], ("refund".to_owned(), 500, 7_500));
        let accounts = app.get("/v1/accounts", &market.key).await.expect(200);
        assert_eq!(
            (accounts["data"][1]["kind"].as_str(), accounts["data"][1]["balance"]["amount"].as_i64()),
            (Some("stall"), Some(2_500))
        );
        let first = mira.lines(&app).await.len();
        assert_eq!(first, 4);
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_top_up_is_not_given_back_as_a_payment() {
    let app = TestApp::sqlite().await;
    let mira = Purse::open(&app, MIRA, 10_000).await;
    let page = app.get(&format!("{}/statement", mira.path), "").await.expect(200);
    let body = json!({"transfer_id": trf(1), "of": page["data"][0]["transfer_id"], "amount": 1});
    app.post("/v1/refunds", &app.operator, body).await.expect_problem(409, "not_refundable");
}

#[tokio::test]
async fn stalls_of_others_look_like_nothing_and_bad_ones_are_refused() {
    let app = TestApp::sqlite().await;
    let market = Market::open(&app, "Pell's Fish").await;
    let (_, other, _) = Town::shop(&app, "Saltmarket Grocer").await;
    for what in ["", "/qr.svg", "/payments", &format!("/charges/{}", trf(1))] {
        let path = format!("/v1/stalls/{}{what}", market.text("id"));
        app.get(&path, &other).await.expect_problem(404, "not_found");
    }
    assert_eq!(app.get("/v1/stalls", &other).await.expect(200)["data"], json!([]));
    assert_eq!(app.get("/v1/stalls", &market.key).await.expect(200)["data"].as_array().unwrap().len(), 1);
    let body = json!({"name": "A stall with a name that is too long", "city": "", "country": "kr", "category": "12", "local": {"language": "KO", "name": ""}, "point": {"lat": 99, "lon": 0}});
    let told = app.post("/v1/stalls", &other, body).await.expect_problem(422, "invalid");
    let params: Vec<_> =
        told["errors"].as_array().unwrap().iter().map(|one| one["param"].as_str().unwrap()).collect();
    assert_eq!(params, ["name", "city", "local.language", "local.name", "category", "country", "point"]);
}

#[tokio::test]
async fn the_report_tells_who_buys_by_phone_and_who_pays_by_qr_in_each_region() {
    for mut app in TestApp::each().await {
        app.leave_jobs = true;
        let town = app.town().await;
        town.place(&app).await;
        town.place(&app).await;
        let market = Market::open(&app, "Pell's Fish").await;
        let (mira, odo) = (Purse::open(&app, MIRA, 10_000).await, Purse::open(&app, ODO, 10_000).await);
        mira.post(&app, "stall_payments", to_stall(1, market.text("reference"), 400)).await.expect(200);
        mira.post(&app, "stall_payments", to_stall(2, market.text("reference"), 500)).await.expect(200);
        let device = Device::of(&app, &odo).await;
        market.charge(&app, 3, &device.shows(&app, 0), 1, None).await.expect(200);
        let span = "from=2026-05-04T00:00:00Z&until=2026-05-05T00:00:00Z";
        let report = app.get(&format!("/v1/reports/regions?{span}"), &town.dispatcher).await.expect(200);
        let wanted = json!({"region_id": town.region, "name": "Tidegate", "orders": 2, "customers": 1, "qr_payments": 3, "qr_wallets": 2});
        assert_eq!(report["data"], json!([wanted]));
        let before = "from=2026-05-03T00:00:00Z&until=2026-05-04T00:00:00Z";
        let report = app.get(&format!("/v1/reports/regions?{before}"), &app.operator).await.expect(200);
        assert_eq!(report["data"], json!([]));
        let wrong = "from=2026-05-05T00:00:00Z&until=2026-05-04T00:00:00Z";
        app.get(&format!("/v1/reports/regions?{wrong}"), &app.operator)
            .await
            .expect_problem(400, "invalid_query");
    }
}
