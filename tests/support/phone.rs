//! A courier's phone in a real browser: signed in by an invite link, with a gate between it and the service.
#![allow(dead_code)]

#[path = "browser.rs"]
pub mod browser;

use super::app::{TestApp, Town};
use browser::{Browser, Gate};
use callahead_domain::id::DeliveryId;
use serde_json::{Value, json};

/// One courier's phone and the town around it.
pub struct Phone {
    /// The service.
    pub app: TestApp,
    /// Where it works.
    pub town: Town,
    /// Between phone and service.
    pub gate: Gate,
    /// The page.
    pub page: Browser,
}

impl Phone {
    /// A phone in a town with these rules, on duty and signed in; none where no browser is installed.
    pub async fn on_duty(policy: Value) -> Option<Phone> {
        let phone = Phone::fresh(policy).await?;
        Town::on_duty(&phone.app, &phone.town.session).await;
        phone.sign_in().await;
        Some(phone)
    }

    /// A phone nobody has signed in on.
    pub async fn fresh(policy: Value) -> Option<Phone> {
        let page = Browser::start().await?;
        let app = TestApp::sqlite().await;
        let town = Town::with_policy(&app, policy).await;
        let gate = Gate::before(&app.url).await;
        Some(Phone { app, town, gate, page })
    }

    /// Opens an invite's link.
    pub async fn sign_in(&self) {
        let path = format!("/v1/couriers/{}/invite", self.town.courier);
        let invite = self.app.post(&path, &self.app.operator, json!({})).await.expect(201);
        self.open(&format!("/courier#invite={}", invite["token"].as_str().unwrap())).await;
        self.page.until("document.querySelector('[data-screen=empty], [data-screen=start], [data-screen=next], [data-screen=offer]') && document.querySelector('.sync')").await;
    }

    /// Opens a path of the service.
    pub async fn open(&self, path: &str) {
        self.page.driver.goto(&format!("{}{path}", self.gate.url)).await;
    }

    /// An order whose customer has answered by link that they are home.
    pub async fn answered(&self) -> Value {
        let order = self.town.place(&self.app).await;
        self.app.settle().await;
        self.answer(&order, "home_now").await;
        order
    }

    /// The customer answers by link.
    pub async fn answer(&self, order: &Value, outcome: &str) {
        let path = format!("/v1/c/{}/answers", Town::token(order));
        self.app.post(&path, "", json!({ "outcome": outcome })).await.expect(200);
    }

    /// The page looks at the service now, as it does by itself every few seconds.
    pub async fn look(&self) {
        self.page.eval("dispatchEvent(new Event('online'))").await;
    }

    /// The customer's six digits.
    pub fn code(&self, order: &Value) -> String {
        self.app.built.app.secrets.hand_off_code(id(order), 0)
    }

    /// Types digits on the page's own keys.
    pub async fn type_digits(&self, digits: &str) {
        for digit in digits.chars() {
            self.page.tap(&format!("#key-{digit}")).await;
        }
    }

    /// Where a delivery stands, and how its events are called.
    pub async fn stand(&self, order: &Value) -> (String, Vec<String>) {
        let path = format!("/v1/deliveries/{}", id(order));
        let view = self.app.get(&path, &self.town.dispatcher).await.expect(200);
        let line = self.app.get(&format!("{path}/timeline"), &self.town.dispatcher).await.expect(200);
        let events =
            line["data"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap().to_owned());
        (view["stage"]["stage"].as_str().unwrap().to_owned(), events.collect())
    }

    /// Waits until a delivery stands so at the service.
    pub async fn stands(&self, order: &Value, stage: &str) {
        let by = tokio::time::Instant::now() + std::time::Duration::from_secs(12);
        loop {
            let (now, events) = self.stand(order).await;
            if now == stage {
                return;
            }
            assert!(tokio::time::Instant::now() < by, "{now} and not {stage}: {events:?}");
            tokio::task::yield_now().await;
        }
    }

    /// Closes the page; jobs of what happened are carried out.
    pub async fn close(self) {
        self.page.close().await;
        self.app.settle().await;
        assert_eq!(self.app.audit().await, Vec::<String>::new());
        let mut app = self.app;
        app.leave_jobs = true;
    }
}

/// The delivery of an order.
pub fn id(order: &Value) -> DeliveryId {
    order["delivery_id"].as_str().unwrap().parse().unwrap()
}
