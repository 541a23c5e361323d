//! The customers' answers and the dispatcher's desk.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::SimError;
use crate::sim::robots::customer::Kind;
use crate::sim::world::{NoAnswer, Step, World};

impl World<'_> {
    /// A notice reached the customer: if they answer links, they will.
    pub(crate) fn customer_is_asked(&mut self, at: usize, now: DateTime<Utc>) {
        let Some(order) = self.orders.get_mut(at) else { return };
        if order.plan.persona.kind == Kind::Human {
            return;
        }
        if let Some(delay) = order.plan.persona.answers_after.filter(|_| !order.answering && !order.ended) {
            order.answering = true;
            self.queue(now + delay, Step::Answer(at));
        }
    }

    /// The customer answers on their page.
    pub(crate) async fn customer_answers(&mut self, at: usize, now: DateTime<Utc>) -> Result<(), SimError> {
        let Some(order) = self.orders.get_mut(at) else { return Ok(()) };
        order.answering = false;
        if order.ended {
            return Ok(());
        }
        let (link, says) = (order.link.clone(), order.plan.persona.says(now));
        let told = spoken(&order.plan.customer, &says);
        let view = self.api.customer(&link, false).await;
        let Some(view) = self.tried("customer", view)? else { return Ok(()) };
        if view.gate != "asked" && view.gate != "silent" {
            return Ok(());
        }
        let answer = self.api.answer(&link, says).await;
        self.touched = true;
        if self.tried("customer", answer)?.is_some() {
            (self.watch.say)(&told);
        }
        Ok(())
    }

    /// The dispatcher decides where nobody answers; everything else is left as it is.
    pub(crate) async fn look_at_exceptions(&mut self) -> Result<(), SimError> {
        let key = self.town.dispatcher_key.clone();
        let found = self.api.list("/v1/exceptions?kind=no_answer", &key).await;
        for matter in self.tried("dispatcher", found)?.unwrap_or_default() {
            let text = |name: &str| matter.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (delivery, since) = (text("delivery_id"), text("since"));
            if text("kind") == "no_answer" && self.handled.get(&delivery) != Some(&since) {
                let decided = self.decide(&key, &delivery).await?;
                if decided {
                    self.handled.insert(delivery, since);
                }
            }
        }
        Ok(())
    }

    /// Whether the service took the decision; before the parcels are collected it may not, and is asked again.
    async fn decide(&mut self, key: &str, delivery: &str) -> Result<bool, SimError> {
        let order = self.by_delivery.get(delivery).and_then(|at| self.orders.get(*at));
        let failed = order.map_or(0, |order| order.failed);
        let name = order.map_or_else(String::new, |order| order.plan.name.clone());
        let back = self.habits.no_answer == NoAnswer::Return || failed > 0;
        let command = match back {
            true => json!({"command": "start_return", "reason": "nobody answers"}),
            false => {
                json!({"command": "override", "reason": "nobody answers: try the door", "valid_s": 3600})
            }
        };
        let outcome = self.api.command(key, delivery, command).await;
        self.touched = true;
        let taken = self.tried("dispatcher", outcome)?.is_some();
        if taken {
            let what = if back { "back to the shop" } else { "try the door" };
            (self.watch.say)(&format!("dispatcher: nobody answers for order {name}: {what}"));
        }
        Ok(taken)
    }
}

/// An answer in words.
fn spoken(customer: &str, says: &Value) -> String {
    let outcome = says.get("outcome").and_then(Value::as_str).unwrap_or_default();
    let words = match outcome {
        "home_now" => "I am home.".to_owned(),
        "home_from" => "I am home later.".to_owned(),
        "home_until" => "I am home for a while yet.".to_owned(),
        "receiver_named" => "A neighbour takes it.".to_owned(),
        other => other.replace('_', " "),
    };
    format!("{customer} answers: {words}")
}
