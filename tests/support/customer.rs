//! A customer with a link and a browser that runs no script.
#![allow(dead_code)] // each test file uses another part of it

use super::support::{Answer, TestApp, Town};
use serde_json::{Value, json};

/// A customer with a browser that keeps no cookies and runs no script.
pub struct Customer<'a> {
    pub app: &'a TestApp,
    pub token: String,
    pub delivery: String,
}

impl<'a> Customer<'a> {
    pub fn of(app: &'a TestApp, order: &Value) -> Customer<'a> {
        Customer {
            app,
            token: Town::token(order),
            delivery: order["delivery_id"].as_str().unwrap().to_owned(),
        }
    }

    pub fn path(&self) -> String {
        format!("/t/{}", self.token)
    }

    pub async fn page(&self, query: &str) -> Answer {
        self.app.get(&format!("{}{query}", self.path()), "").await
    }

    /// The page's words, tags left out.
    pub async fn words(&self, query: &str) -> String {
        let page = self.page(query).await;
        assert_eq!(page.status, 200, "{}", page.text);
        text_of(&page.text)
    }

    pub async fn csrf(&self) -> String {
        let page = self.page("?change=1").await.text;
        field(&page, "csrf").unwrap_or_else(|| panic!("no form: {page}"))
    }

    /// Presses a button: the form's token with these fields.
    pub async fn press(&self, fields: &[(&str, &str)]) -> Answer {
        self.press_at("", fields).await
    }

    pub async fn press_at(&self, tail: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.app.post_form(&format!("{}{tail}", self.path()), &all).await
    }

    /// Presses, and is sent on to the page itself.
    pub async fn done(&self, fields: &[(&str, &str)]) {
        let answer = self.press(fields).await;
        assert_eq!(
            (answer.status, answer.headers["location"].as_str()),
            (303, self.path().as_str()),
            "{}",
            answer.text
        );
    }

    pub async fn seen(&self) -> Value {
        self.app.get(&format!("/v1/c/{}", self.token), "").await.expect(200)
    }

    pub async fn say(&self, tail: &str, body: Value) -> Answer {
        self.app.post(&format!("/v1/c/{}/{tail}", self.token), "", body).await
    }
}

pub fn field(html: &str, name: &str) -> Option<String> {
    let after = html.split_once(&format!("name=\"{name}\" value=\""))?.1;
    after.split('"').next().map(str::to_owned)
}

pub fn text_of(html: &str) -> String {
    let pieces = html.split('<').filter_map(|piece| piece.split_once('>').map(|(_, text)| text.trim()));
    pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

pub fn six_digits(html: &str) -> Option<String> {
    let after = html.split_once("<bdi aria-hidden=\"true\">")?.1;
    after.split('<').next().map(|code| code.replace(' ', ""))
}

/// On duty, with this order on the courier's run.
pub async fn assigned(app: &TestApp, town: &Town, delivery: &str) {
    let body = json!({"command": "assign", "courier_id": town.courier});
    let answer = app.post(&format!("/v1/deliveries/{delivery}/commands"), &town.dispatcher, body).await;
    assert!(answer.status == 200 || answer.json["code"] == "illegal_transition", "{}", answer.text);
}

/// These actions one after the other, a minute apart.
pub async fn through(app: &TestApp, town: &Town, delivery: &str, kinds: &[&str]) {
    for kind in kinds {
        app.clock.advance_by(chrono::TimeDelta::seconds(60));
        let verdict = town.act(app, delivery, kind, Value::Null).await;
        assert_eq!(verdict["verdict"], "applied", "{kind}: {verdict}");
    }
}

/// A town with a courier on duty who has one order on their run.
pub async fn started(app: &TestApp) -> (Town, Value) {
    let town = app.town().await;
    Town::on_duty(app, &town.session).await;
    let order = town.place(app).await;
    assigned(app, &town, order["delivery_id"].as_str().unwrap()).await;
    (town, order)
}
