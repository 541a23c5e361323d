//! Shops: they hand orders over when they are placed, and take returns in when the courier brings them.

use serde_json::{Value, json};

use crate::sim::SimError;
use crate::sim::api::{ApiError, Call};
use crate::sim::robots::customer::Kind;
use crate::sim::town::OrderPlan;
use crate::sim::world::{OrderState, World, found};

impl World<'_> {
    /// The next order of the plan is handed over.
    pub(crate) async fn place_order(&mut self) -> Result<(), SimError> {
        let Some(plan) = self.next_order.take() else { return Ok(()) };
        let Some(shop) = self.town.shops.get(plan.shop) else { return Ok(()) };
        let (key, place) = (shop.key.clone(), shop.places.get(plan.place).cloned().unwrap_or_default());
        let idempotency = format!("order-{}-{}", self.plan.seed, plan.name);
        let body = order_body(&plan, &place, self.plan.currency);
        let call = Call::post("/v1/orders", body).by(&key).keyed(idempotency);
        let answer = self.api.send(call.clone()).await;
        self.touched = true;
        if let Some(order) = self.tried("shop", answer)? {
            if self.probes("order sent twice") {
                let again = self.api.send(call).await;
                self.check_same_order(&order, again);
            }
            self.keep(plan, &order);
        }
        self.take_next_order();
        Ok(())
    }

    fn keep(&mut self, plan: OrderPlan, order: &Value) {
        let text = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let tracking = text("tracking_url");
        let link = tracking.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let link = link.rsplit('/').next().unwrap_or_default().to_owned();
        let (order_id, delivery_id) = (text("id"), text("delivery_id"));
        if order_id.is_empty() || delivery_id.is_empty() || link.is_empty() {
            self.log.find(
                found::BROKEN,
                format!("shop: an order without id, delivery_id or tracking_url: {order}"),
            );
            return;
        }
        let shop = self.plan.shops.get(plan.shop).map_or("", |shop| shop.name.as_str());
        if plan.persona.kind == Kind::Human {
            let line = format!(
                "{shop}: order {} is YOURS. Open your page and answer:\n\n    {tracking}\n",
                plan.name
            );
            (self.watch.say)(&line);
        } else {
            (self.watch.say)(&format!("{shop}: order {} for {}   {tracking}", plan.name, plan.customer));
        }
        self.by_delivery.insert(delivery_id.clone(), self.orders.len());
        let fresh = OrderState {
            plan,
            order_id,
            delivery_id,
            link,
            answering: false,
            failed: 0,
            courier: None,
            ended: false,
        };
        self.orders.push(fresh);
    }

    fn check_same_order(&mut self, first: &Value, again: Result<Value, ApiError>) {
        let same = again.as_ref().is_ok_and(|again| again.get("id") == first.get("id"));
        if !same {
            let told = again.map_or_else(|error| error.to_string(), |order| order.to_string());
            self.log.find(found::TWICE, format!("an order sent again with its key was answered: {told}"));
        }
    }

    /// The courier stands at the counter with parcels to give back.
    pub(crate) async fn shop_receives(&mut self, delivery: &str) -> Result<bool, SimError> {
        let Some(order) = self.by_delivery.get(delivery).and_then(|at| self.orders.get(*at)) else {
            return Ok(false);
        };
        let Some(key) = self.town.shops.get(order.plan.shop).map(|shop| shop.key.clone()) else {
            return Ok(false);
        };
        let path = format!("/v1/orders/{}/return/receive", order.order_id);
        let name = order.plan.name.clone();
        let answer = self.api.send(Call::post(path, json!({})).by(&key)).await;
        self.touched = true;
        let taken = self.tried("shop", answer)?.is_some();
        if taken {
            (self.watch.say)(&format!("order {name} is back at the shop"));
        }
        Ok(taken)
    }

    /// After a hand-off a cancellation comes too late, and is told so.
    pub(crate) async fn try_late_cancel(&mut self, delivery: &str) -> Result<(), SimError> {
        let Some(order) = self.by_delivery.get(delivery).and_then(|at| self.orders.get(*at)) else {
            return Ok(());
        };
        let Some(key) = self.town.shops.get(order.plan.shop).map(|shop| shop.key.clone()) else {
            return Ok(());
        };
        let name = order.plan.name.clone();
        let call = Call::post(format!("/v1/orders/{}/cancel", order.order_id), json!({"reason": "too late"}));
        match self.api.send(call.by(&key)).await {
            Err(ApiError::Refused(problem))
                if problem.status == 409
                    && problem.code == "illegal_transition"
                    && problem.document.get("current_state").is_some()
                    && problem.document.get("allowed").is_some() => {}
            Err(error @ ApiError::Transport { .. }) if self.pace.is_simulated() => return Err(error.into()),
            Err(error) => self.log.find(
                found::ILLEGAL,
                format!("cancelling order {name} after its hand-off: {error}; wanted 409 illegal_transition with current_state and allowed"),
            ),
            Ok(_) => self.log.find(found::ILLEGAL, format!("order {name} was cancelled after its hand-off")),
        }
        Ok(())
    }
}

fn order_body(plan: &OrderPlan, place: &str, currency: &str) -> Value {
    let telephone = plan.name.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 10_000_000);
    json!({
        "external_id": plan.name,
        "pickup_point_id": place,
        "customer": {
            "name": plan.customer, "phone": format!("+82103{telephone:07}"),
            "email": format!("{}@customers.example", plan.name), "language": plan.language,
        },
        "address": {"text": plan.address, "point": plan.door},
        "parcels": [{"barcode": format!("P-{}", plan.name)}],
        "total": {"amount": plan.total_minor, "currency": currency},
        "ready_at": plan.ready_at,
    })
}
