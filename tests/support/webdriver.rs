//! As much of the W3C WebDriver protocol as the browser's tests need, spoken to Debian's chromedriver. The crates that
//! speak all of it switch features of the product's own crates on (`serde_json/preserve_order`), and a test must not
//! change what is tested.
#![allow(dead_code)]

use serde_json::{Value, json};
use std::path::Path;

/// One session.
pub struct Driver {
    client: reqwest::Client,
    session: String,
}

impl Driver {
    /// Opens a browser with these capabilities behind the chromedriver at this address.
    pub async fn new(server: &str, capabilities: Value) -> Driver {
        let client = reqwest::Client::new();
        let body = json!({"capabilities": {"alwaysMatch": capabilities}});
        let answer = client.post(format!("{server}/session")).json(&body).send().await.unwrap();
        let opened: Value = answer.json().await.unwrap();
        let id = opened["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {opened}"));
        Driver { session: format!("{server}/session/{id}"), client }
    }

    /// A command; its value.
    pub async fn post(&self, command: &str, body: Value) -> Value {
        let answer =
            self.client.post(format!("{}/{command}", self.session)).json(&body).send().await.unwrap();
        Driver::value(command, answer).await
    }

    /// A question; its value.
    pub async fn get(&self, command: &str) -> Value {
        let answer = self.client.get(format!("{}/{command}", self.session)).send().await.unwrap();
        Driver::value(command, answer).await
    }

    async fn value(command: &str, answer: reqwest::Response) -> Value {
        let fine = answer.status().is_success();
        let mut told: Value = answer.json().await.unwrap();
        assert!(fine, "{command}: {}", told["value"]["message"]);
        told["value"].take()
    }

    /// Opens an address.
    pub async fn goto(&self, address: &str) {
        self.post("url", json!({ "url": address })).await;
    }

    /// Loads the page again.
    pub async fn refresh(&self) {
        self.post("refresh", json!({})).await;
    }

    /// Runs a script that returns.
    pub async fn execute(&self, script: &str) -> Value {
        self.post("execute/sync", json!({"script": script, "args": []})).await
    }

    /// Runs a script that calls its last argument.
    pub async fn execute_async(&self, script: &str) -> Value {
        self.post("execute/async", json!({"script": script, "args": []})).await
    }

    /// A command of the browser's debugging protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// Types into what a selector finds.
    pub async fn keys(&self, selector: &str, text: &str) {
        let found = self.post("element", json!({"using": "css selector", "value": selector})).await;
        let (_, id) = found.as_object().unwrap().iter().next().unwrap();
        self.post(&format!("element/{}/value", id.as_str().unwrap()), json!({ "text": text })).await;
    }

    /// Opens another tab and looks at it.
    pub async fn new_tab(&self) {
        let tab = self.post("window/new", json!({"type": "tab"})).await;
        self.look_at(&tab["handle"]).await;
    }

    /// All tabs.
    pub async fn tabs(&self) -> Vec<Value> {
        self.get("window/handles").await.as_array().unwrap().clone()
    }

    /// Looks at a tab.
    pub async fn look_at(&self, tab: &Value) {
        self.post("window", json!({ "handle": tab })).await;
    }

    /// Keeps a picture.
    pub async fn picture(&self, file: &Path) {
        use base64::Engine;
        let shot = self.get("screenshot").await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot.as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// Closes the browser.
    pub async fn quit(&self) {
        let _ = self.client.delete(&self.session).send().await;
    }
}
