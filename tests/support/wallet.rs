//! Wallets through the API, for tests.
#![allow(dead_code)] // not every test uses all of it

use super::support::{Answer, TestApp};
use callahead_domain::id::TransferId;
use serde_json::{Value, json};
use uuid::Uuid;

/// A transfer's id as text.
pub fn trf(number: u128) -> String {
    TransferId::from_uuid(Uuid::from_u128(number)).to_string()
}

/// Korean won.
pub fn won(amount: i64) -> Value {
    json!({"amount": amount, "currency": "KRW"})
}

/// A wallet and the way into it.
#[derive(Debug, Clone)]
pub struct Purse {
    /// `wal_…`
    pub id: String,
    /// `acc_…`
    pub account: String,
    /// The start of its own addresses.
    pub path: String,
}

impl Purse {
    /// Opens a wallet of a telephone number, with this much in it.
    pub async fn open(app: &TestApp, phone: &str, amount: i64) -> Purse {
        let body = json!({"contact": {"phone": phone}, "name": "Mira Tolvane", "currency": "KRW"});
        let made = app.post("/v1/wallets", &app.operator, body).await.expect(201);
        let token = made["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let purse = Purse { id: text("id"), account: text("account_id"), path: format!("/v1/w/{token}") };
        if amount > 0 {
            purse.top_up(app, &format!("first of {phone}"), amount).await.expect(200);
        }
        purse
    }

    /// Puts money in; the receipt also makes the transfer's id.
    pub async fn top_up(&self, app: &TestApp, receipt: &str, amount: i64) -> Answer {
        let number = receipt.bytes().fold(7_u128, |sum, byte| sum.wrapping_mul(1_000_003) ^ u128::from(byte));
        let body = json!({"transfer_id": trf(number), "amount": won(amount), "receipt": receipt});
        app.post(&format!("/v1/wallets/{}/top_ups", self.id), &app.operator, body).await
    }

    /// One of its own requests.
    pub async fn post(&self, app: &TestApp, what: &str, body: Value) -> Answer {
        app.post(&format!("{}/{what}", self.path), "", body).await
    }

    /// Balance, held, available.
    pub async fn figures(&self, app: &TestApp) -> (i64, i64, i64) {
        let seen = app.get(&self.path, "").await.expect(200);
        let of = |name: &str| seen[name]["amount"].as_i64().unwrap();
        (of("balance"), of("held"), of("available"))
    }

    /// Its statement, newest first: operation, amount, balance after.
    pub async fn lines(&self, app: &TestApp) -> Vec<(String, i64, i64)> {
        let page = app.get(&format!("{}/statement", self.path), "").await.expect(200);
        let line = |line: &Value| {
            let figure = |name: &str| line[name]["amount"].as_i64().unwrap();
            (line["operation"].as_str().unwrap().to_owned(), figure("amount"), figure("balance_after"))
        };
        page["data"].as_array().unwrap().iter().map(line).collect()
    }
}

/// The invariants hold.
pub async fn sound(app: &TestApp) {
    let findings = app.built.app.check_ledger().await.unwrap();
    let broken: Vec<_> = findings.iter().filter(|one| one.broken != 0).collect();
    assert!(broken.is_empty(), "{broken:?}");
}
