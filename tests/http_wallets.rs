//! Wallets through the API: money in, from wallet to wallet, out again; receipts, cards, PINs, statements.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, clippy::panic)]

#[path = "support/app.rs"]
mod support;
#[path = "support/wallet.rs"]
mod wallet;

use reqwest::Method;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use support::{TestApp, Town};
use wallet::{Purse, sound, trf, won};

const MIRA: &str = "+82 10-3000-0001";
const ODO: &str = "+82 10-3000-0002";

fn gift(id: u128, to: &str, amount: i64) -> Value {
    json!({"transfer_id": trf(id), "to": {"phone": to}, "amount": won(amount), "note": "For the fish"})
}

#[tokio::test]
async fn money_comes_moves_and_leaves_and_every_statement_tells_it() {
    for app in TestApp::each().await {
        let mira = Purse::open(&app, MIRA, 10_000).await;
        let odo = Purse::open(&app, ODO, 0).await;
        let made = mira.post(&app, "transfers", gift(1, ODO, 3_000)).await.expect(200);
        assert_eq!(
            (made["operation"].as_str(), made["from"].as_str()),
            (Some("transfer"), Some(&*mira.account))
        );
        let out = json!({"transfer_id": trf(2), "amount": won(1_000), "receipt": "bank 1"});
        app.post(&format!("/v1/accounts/{}/payouts", odo.account), &app.operator, out).await.expect(200);
        assert_eq!(mira.figures(&app).await, (7_000, 0, 7_000));
        assert_eq!(odo.figures(&app).await, (2_000, 0, 2_000));
        let line = |name: &str, amount, after| (name.to_owned(), amount, after);
        assert_eq!(mira.lines(&app).await, [line("transfer", -3_000, 7_000), line("top_up", 10_000, 10_000)]);
        assert_eq!(odo.lines(&app).await, [line("payout", -1_000, 2_000), line("transfer", 3_000, 3_000)]);
        let too_much = mira.post(&app, "transfers", gift(3, ODO, 7_001)).await;
        let told = too_much.expect_problem(409, "insufficient_funds");
        assert_eq!(told["new_transfer_id_needed"], true);
        mira.top_up(&app, "more", 5_000).await.expect(200);
        mira.post(&app, "transfers", gift(3, ODO, 7_001)).await.expect_problem(409, "insufficient_funds");
        mira.post(&app, "transfers", gift(4, ODO, 7_001)).await.expect(200);
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_statement_is_read_page_by_page() {
    let app = TestApp::sqlite().await;
    let mira = Purse::open(&app, MIRA, 100).await;
    for number in 2..=5 {
        mira.top_up(&app, &format!("receipt {number}"), 100).await.expect(200);
    }
    let (mut after, mut numbers) = (String::new(), Vec::new());
    loop {
        let page = app.get(&format!("{}/statement?limit=2{after}", mira.path), "").await.expect(200);
        numbers.extend(page["data"].as_array().unwrap().iter().map(|line| line["number"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    app.get(&format!("{}/statement?limit=0", mira.path), "").await.expect_problem(400, "invalid_query");
    app.get(&format!("{}/statement?after=x", mira.path), "").await.expect_problem(400, "invalid_cursor");
}

#[tokio::test]
async fn the_same_request_is_carried_out_once_with_a_key_or_without() {
    for app in TestApp::each().await {
        let mira = Purse::open(&app, MIRA, 10_000).await;
        let _odo = Purse::open(&app, ODO, 0).await;
        let path = format!("{}/transfers", mira.path);
        let first = app.send(Method::POST, &path, "", &[], Some(gift(1, ODO, 500))).await.expect(200);
        let again = app.send(Method::POST, &path, "", &[], Some(gift(1, ODO, 500))).await.expect(200);
        assert_eq!(first, again);
        let key = [("idempotency-key", "one")];
        app.send(Method::POST, &path, "", &key, Some(gift(2, ODO, 500))).await.expect(200);
        let replayed = app.send(Method::POST, &path, "", &key, Some(gift(2, ODO, 500))).await;
        assert_eq!(replayed.headers["idempotent-replayed"], "true");
        app.send(Method::POST, &path, "", &[], Some(gift(2, ODO, 501)))
            .await
            .expect_problem(409, "transfer_id_taken");
        assert_eq!(mira.figures(&app).await, (9_000, 0, 9_000));
        mira.top_up(&app, "slip 7", 100).await.expect(200);
        let other_id = json!({"transfer_id": trf(77), "amount": won(100), "receipt": "slip 7"});
        app.post(&format!("/v1/wallets/{}/top_ups", mira.id), &app.operator, other_id)
            .await
            .expect_problem(409, "reference_used");
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_card_fills_one_wallet_once_and_numbers_cannot_be_guessed() {
    for app in TestApp::each().await {
        let (mira, odo) = (Purse::open(&app, MIRA, 0).await, Purse::open(&app, ODO, 0).await);
        let made = app
            .post("/v1/wallet_cards", &app.operator, json!({"amount": won(5_000), "count": 2}))
            .await
            .expect(201);
        let number = made["data"][0]["number"].as_str().unwrap().to_owned();
        assert_eq!(number.len(), 16);
        assert!(callahead_domain::luhn::is_valid(&number));
        let card = |id: u128, number: &str| json!({"transfer_id": trf(id), "number": number});
        // Written as on a card.
        let written = format!("{} {}-{} {}", &number[..4], &number[4..8], &number[8..12], &number[12..]);
        mira.post(&app, "cards", card(1, &written)).await.expect(200);
        mira.post(&app, "cards", card(1, &number)).await.expect(200);
        assert_eq!(mira.figures(&app).await.0, 5_000);
        odo.post(&app, "cards", card(2, &number)).await.expect_problem(409, "reference_used");
        let wrong_digit = format!("{}{}", &number[..15], (number.as_bytes()[15] - b'0' + 1) % 10);
        for typed in [wrong_digit.as_str(), "", "42", "4242 4242 4242 424x"] {
            let told = odo.post(&app, "cards", card(3, typed)).await.expect_problem(422, "invalid");
            assert_eq!(told["errors"][0]["code"], "wrong_digit");
        }
        for _ in 0..5 {
            odo.post(&app, "cards", card(3, "4242424242424242")).await.expect_problem(409, "card_unknown");
        }
        let other = made["data"][1]["number"].as_str().unwrap();
        odo.post(&app, "cards", card(4, other)).await.expect_problem(429, "too_many_tries");
        app.clock.advance_by(chrono::TimeDelta::hours(1));
        odo.post(&app, "cards", card(4, other)).await.expect(200);
        assert_eq!(odo.figures(&app).await.0, 5_000);
        sound(&app).await;
    }
}

#[tokio::test]
async fn large_amounts_need_the_pin_and_wrong_ones_lock_it() {
    for app in TestApp::each().await {
        let mira = Purse::open(&app, MIRA, 1_000_000).await;
        let _odo = Purse::open(&app, ODO, 0).await;
        let pay = |id: u128, pin: Option<&str>| {
            let mut body = gift(id, ODO, 50_001);
            body["pin"] = json!(pin);
            body
        };
        mira.post(&app, "transfers", gift(1, ODO, 50_000)).await.expect(200);
        let told = mira.post(&app, "transfers", pay(2, None)).await.expect_problem(409, "pin_required");
        assert_eq!(told["pin_set"], false);
        for pin in ["123", "12345678 9", "abcd"] {
            mira.post(&app, "pin", json!({"pin": pin})).await.expect_problem(422, "invalid");
        }
        assert_eq!(mira.post(&app, "pin", json!({"pin": "2468"})).await.expect(200)["pin_set"], true);
        mira.post(&app, "transfers", pay(2, Some("2468"))).await.expect(200);
        mira.post(&app, "pin", json!({"pin": "1357"})).await.expect_problem(409, "pin_required");
        let change = json!({"pin": "1357", "current_pin": "2468"});
        mira.post(&app, "pin", change).await.expect(200);
        for _ in 0..5 {
            mira.post(&app, "transfers", pay(3, Some("2468"))).await.expect_problem(409, "wrong_pin");
        }
        mira.post(&app, "transfers", pay(3, Some("1357"))).await.expect_problem(429, "too_many_tries");
        app.clock.advance_by(chrono::TimeDelta::hours(1));
        mira.post(&app, "transfers", pay(3, Some("1357"))).await.expect(200);
        app.post(&format!("/v1/wallets/{}/pin/reset", mira.id), &app.operator, json!({})).await.expect(200);
        mira.post(&app, "transfers", pay(4, Some("1357"))).await.expect_problem(409, "pin_required");
    }
}

#[tokio::test]
async fn a_frozen_account_pays_nothing_and_a_closed_one_is_empty() {
    for app in TestApp::each().await {
        let mira = Purse::open(&app, MIRA, 1_000).await;
        let odo = Purse::open(&app, ODO, 0).await;
        let act = async |purse: &Purse, what: &str| {
            app.post(&format!("/v1/accounts/{}/{what}", purse.account), &app.operator, json!({})).await
        };
        assert_eq!(act(&mira, "freeze").await.expect(200)["status"], "frozen");
        mira.post(&app, "transfers", gift(1, ODO, 1)).await.expect_problem(409, "account_frozen");
        mira.top_up(&app, "frozen or not", 1).await.expect(200);
        assert_eq!(act(&mira, "thaw").await.expect(200)["status"], "open");
        act(&mira, "close").await.expect_problem(409, "account_in_use");
        mira.post(&app, "transfers", gift(2, ODO, 1_001)).await.expect(200);
        assert_eq!(act(&mira, "close").await.expect(200)["status"], "closed");
        assert_eq!(act(&mira, "close").await.expect(200)["status"], "closed");
        act(&mira, "thaw").await.expect_problem(409, "account_closed");
        mira.top_up(&app, "too late", 1).await.expect_problem(409, "account_closed");
        odo.post(&app, "transfers", gift(3, MIRA, 1)).await.expect_problem(409, "account_closed");
        sound(&app).await;
    }
}

#[tokio::test]
async fn a_wallet_is_found_by_its_contact_and_opened_by_its_newest_link_only() {
    for app in TestApp::each().await {
        let mira = Purse::open(&app, MIRA, 0).await;
        Purse::open(&app, ODO, 0).await;
        let twice = json!({"contact": {"phone": "+821030000001"}, "name": "M", "currency": "KRW"});
        app.post("/v1/wallets", &app.operator, twice.clone()).await.expect_problem(409, "duplicate");
        let mut dollars = twice;
        dollars["currency"] = json!("USD");
        app.post("/v1/wallets", &app.operator, dollars).await.expect(201);
        let found = app.get("/v1/wallets?phone=%2B821030000001", &app.operator).await.expect(200);
        assert_eq!(found["data"].as_array().unwrap().len(), 2);
        assert_eq!(found["data"][0]["id"], mira.id.as_str());
        assert!(!found.to_string().contains("/v1/w/"), "no link in a list");
        assert_eq!(
            app.get("/v1/wallets", &app.operator).await.expect(200)["data"].as_array().unwrap().len(),
            3
        );
        app.get("/v1/wallets?email=x", &app.operator).await.expect_problem(422, "invalid");
        let renewed =
            app.post(&format!("/v1/wallets/{}/link", mira.id), &app.operator, json!({})).await.expect(200);
        app.get(&mira.path, "").await.expect_problem(404, "not_found");
        let token = renewed["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        app.get(&format!("/v1/w/{token}"), "").await.expect(200);
        for nobody in ["AAAAAAAAAAAAAAAAAAAAAA", "x"] {
            app.get(&format!("/v1/w/{nobody}"), "").await.expect_problem(404, "not_found");
        }
        let kept = entity::wallet::Entity::find().all(app.built.app.db.read()).await.unwrap();
        assert!(!format!("{kept:?}").contains(&token), "no link is stored");
    }
}

#[tokio::test]
async fn shops_see_their_own_accounts_and_nobody_elses() {
    for app in TestApp::each().await {
        let mira = Purse::open(&app, MIRA, 0).await;
        let (_, key, _) = Town::shop(&app, "Saltmarket Grocer").await;
        let (_, other, _) = Town::shop(&app, "Pell's Fish").await;
        let own = app.get("/v1/accounts", &key).await.expect(200);
        let account = own["data"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(
            (own["data"][0]["kind"].as_str(), own["data"].as_array().unwrap().len()),
            (Some("shop_payable"), 1)
        );
        app.get(&format!("/v1/accounts/{account}"), &key).await.expect(200);
        app.get(&format!("/v1/accounts/{account}/statement"), &app.operator).await.expect(200);
        for (path, token) in [(&account, &other), (&mira.account, &key)] {
            app.get(&format!("/v1/accounts/{path}"), token).await.expect_problem(404, "not_found");
            app.get(&format!("/v1/accounts/{path}/statement"), token).await.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn bad_input_is_told_by_its_place() {
    let app = TestApp::sqlite().await;
    let mira = Purse::open(&app, MIRA, 1_000).await;
    Purse::open(&app, ODO, 0).await;
    let mut to_both = gift(1, ODO, 1);
    to_both["to"]["email"] = json!("odo@example.org");
    let mut dollars = gift(1, ODO, 1);
    dollars["amount"]["currency"] = json!("USD");
    for (body, param) in [
        (gift(1, ODO, 0), "amount.amount"),
        (gift(1, ODO, -5), "amount.amount"),
        (dollars, "amount.currency"),
        (gift(1, "12", 1), "to.phone"),
        (to_both, "to"),
        (gift(1, MIRA, 1), "to"),
    ] {
        let told = mira.post(&app, "transfers", body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(told["errors"][0]["param"], param, "{body}");
    }
    mira.post(&app, "transfers", gift(1, "+82 10-3000-0099", 1)).await.expect_problem(409, "wallet_unknown");
    let mut no_id = gift(1, ODO, 1);
    no_id["transfer_id"] = json!("mine");
    mira.post(&app, "transfers", no_id).await.expect_problem(400, "wrong_type");
    mira.post(&app, "transfers", json!({})).await.expect_problem(400, "missing_field");
    let body = json!({"contact": {}, "name": "", "currency": "???"});
    let told = app.post("/v1/wallets", &app.operator, body).await.expect_problem(422, "invalid");
    let params: Vec<_> =
        told["errors"].as_array().unwrap().iter().map(|one| one["param"].as_str().unwrap()).collect();
    assert_eq!(params, ["contact", "name", "currency"]);
    let none = json!({"amount": won(1), "count": 0});
    app.post("/v1/wallet_cards", &app.operator, none).await.expect_problem(422, "invalid");
    assert_eq!(mira.figures(&app).await.0, 1_000);
}

#[test]
fn every_refusal_of_the_ledger_is_in_the_catalogue() {
    for refusal in callahead_domain::ledger::Refusal::ALL {
        let known = callahead::http::catalogue::ALL.iter().any(|entry| entry.code == refusal.code());
        assert!(known, "{refusal}");
    }
}
