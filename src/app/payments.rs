//! What a shop and the desk see and ask of an order's payments: every one of them, another way to pay, refunds.

use super::change::Change;
use super::view::MoneyView;
use super::wrong::Wrong;
use super::{App, Error};
use crate::store::deliveries::{Loaded, instant};
use crate::store::{deliveries, payments};
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::delivery::command::NewPayment;
use callahead_domain::id::{DeliveryId, OrderId, PaymentId, RefundId, ShopId};
use callahead_domain::payment::provider;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// How a payment is to be made, as a caller names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayWish {
    /// Who holds the money; the shop's own choice if absent.
    pub provider: Option<String>,
    /// What it is taken from, in the provider's words.
    pub method: Option<String>,
    /// The provider's reference of a hold made before.
    pub reference: Option<String>,
}

/// One payment of an order. An order has another one when a hold is renewed, or when money that is owed is asked for
/// once more.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnePaymentView {
    /// `pay_…`
    pub id: String,
    /// Who holds the money.
    pub provider: String,
    /// What they call it.
    pub reference: Option<String>,
    /// Where the money is.
    pub state: String,
    /// Held, or to be held.
    pub authorised: MoneyView,
    /// Taken.
    pub captured: MoneyView,
    /// Given back of it, or asked for.
    pub refunded: MoneyView,
    /// The hold ends then.
    pub authorised_until: Option<DateTime<Utc>>,
    /// The payment whose place it took.
    pub replaces: Option<String>,
    /// The last change.
    pub updated_at: DateTime<Utc>,
}

/// Money given back after it was captured.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundView {
    /// `rfd_…`
    pub id: String,
    /// `ord_…`
    pub order_id: String,
    /// The payment it belongs to.
    pub payment_id: String,
    /// How much.
    pub amount: MoneyView,
    /// Why.
    pub reason: String,
    /// `requested`, `sent`, `pending`, `succeeded` or `failed`.
    pub state: String,
    /// The provider's reference.
    pub reference: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Who asked.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

/// Refunds, the oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundList {
    /// The refunds.
    pub data: Vec<RefundView>,
}

/// Everything about an order's money.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentsView {
    /// Every payment, the oldest first; the last one counts.
    pub payments: Vec<OnePaymentView>,
    /// Every refund, the oldest first.
    pub refunds: Vec<RefundView>,
}

fn state_name(text: &str) -> String {
    let state = serde_json::from_str::<Value>(text).ok();
    state.and_then(|state| state.get("state")?.as_str().map(str::to_owned)).unwrap_or_default()
}

impl OnePaymentView {
    fn of(row: entity::payment::Model) -> OnePaymentView {
        let money = |amount| MoneyView { amount, currency: row.currency.clone() };
        OnePaymentView {
            id: PaymentId::from_uuid(row.id).to_string(),
            state: state_name(&row.state),
            authorised: money(row.authorized_minor),
            captured: money(row.captured_minor),
            refunded: money(row.refunded_minor),
            authorised_until: row.authorized_until.map(instant),
            replaces: row.replaces.map(|id| PaymentId::from_uuid(id).to_string()),
            updated_at: instant(row.updated_at),
            reference: row.provider_ref,
            provider: row.provider,
        }
    }
}

impl RefundView {
    fn of(row: entity::refund::Model, currency: &str) -> RefundView {
        RefundView {
            id: RefundId::from_uuid(row.id).to_string(),
            order_id: OrderId::from_uuid(row.order_id).to_string(),
            payment_id: PaymentId::from_uuid(row.payment_id).to_string(),
            amount: MoneyView { amount: row.amount_minor, currency: currency.to_owned() },
            reason: row.reason,
            state: row.state,
            reference: row.provider_ref,
            failure: row.failure,
            requested_by: row.requested_by,
            created_at: instant(row.created_at),
        }
    }
}

impl App {
    /// What is wrong with a wish to pay; places begin with `at`.
    pub fn wrong_wish(&self, shop: ShopId, wish: &PayWish, at: &str) -> Vec<Wrong> {
        let book = self.book.get();
        let Some(shop) = book.shops.get(&shop) else { return Vec::new() };
        let name = wish.provider.as_deref().unwrap_or(&shop.provider);
        let place = |field: &str| if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") };
        let mut wrong = Vec::new();
        if !self.offers(name, shop.provider_url.is_some()) {
            let open: Vec<&str> = provider::ALL
                .iter()
                .copied()
                .filter(|name| self.offers(name, shop.provider_url.is_some()))
                .collect();
            wrong.push(Wrong::new(place("provider"), "unknown", format!("one of {}", open.join(", "))));
            return wrong;
        }
        let named = wish.method.is_some() || wish.reference.is_some();
        if provider::wants_method(name) && !named {
            let detail = format!("{name} needs what the money is taken from, or the reference of a hold");
            wrong.push(Wrong::new(place("method"), "missing_field", detail));
        }
        if !provider::wants_method(name) && wish.method.is_some() {
            wrong.push(Wrong::new(place("method"), "not_allowed", format!("{name} takes no method")));
        }
        wrong
    }

    /// Whether payments can be made with a provider here; `has_endpoint`: the shop has an address of its own.
    pub fn offers(&self, name: &str, has_endpoint: bool) -> bool {
        match name {
            provider::RECORD | provider::WALLET => true,
            provider::SHOP => has_endpoint,
            provider::STRIPE => self.config.payments.stripe.is_offered(),
            _ => false,
        }
    }

    /// The command that asks for another payment of an order.
    ///
    /// # Errors
    /// Names each wrong value.
    pub fn another_payment(&self, shop: ShopId, wish: PayWish) -> Result<Command, Error> {
        let wrong = self.wrong_wish(shop, &wish, "");
        if !wrong.is_empty() {
            return Err(super::wrong::refuse(&wrong));
        }
        let book = self.book.get();
        let own = book.shops.get(&shop).map(|shop| shop.provider.clone());
        let provider = wish.provider.or(own).ok_or(Error::Missing)?;
        let id = self.ids().make(PaymentId::from_parts);
        let (method, reference) = (wish.method, wish.reference);
        Ok(Command::Authorise { payment: NewPayment { id, provider, method, reference } })
    }

    async fn delivery_row(&self, delivery: DeliveryId) -> Result<Loaded, Error> {
        deliveries::by_id(self.db.read(), delivery.uuid()).await?.ok_or(Error::Missing)
    }

    /// The shop of a delivery.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn shop_of_delivery(&self, delivery: DeliveryId) -> Result<ShopId, Error> {
        Ok(self.delivery_row(delivery).await?.delivery.shop)
    }

    /// Everything about the money of a shop's order.
    ///
    /// # Errors
    /// [`Error::Missing`] unless it is this shop's.
    pub async fn payments_of_order(&self, shop: ShopId, order: OrderId) -> Result<PaymentsView, Error> {
        let (row, loaded) = self.own_order(shop, order).await?;
        self.payments_view(row.id, &loaded).await
    }

    /// Everything about the money of a delivery.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn payments_of_delivery(&self, delivery: DeliveryId) -> Result<PaymentsView, Error> {
        let loaded = self.delivery_row(delivery).await?;
        self.payments_view(loaded.row.order_id, &loaded).await
    }

    async fn payments_view(&self, order: Uuid, loaded: &Loaded) -> Result<PaymentsView, Error> {
        let conn = self.db.read();
        let currency = loaded.delivery.payment.currency;
        let refunds = payments::refunds_of_order(conn, order).await?;
        Ok(PaymentsView {
            payments: payments::of_order(conn, order).await?.into_iter().map(OnePaymentView::of).collect(),
            refunds: refunds.into_iter().map(|row| RefundView::of(row, currency.code())).collect(),
        })
    }

    /// Gives captured money of a shop's order back.
    ///
    /// # Errors
    /// [`Error::Missing`] unless it is this shop's; [`Error::Refused`].
    pub async fn refund_order(
        &self,
        shop: ShopId,
        order: OrderId,
        amount_minor: i64,
        reason: String,
    ) -> Result<RefundView, Error> {
        let (_, loaded) = self.own_order(shop, order).await?;
        self.refund(loaded.delivery.id, Actor::Shop(shop), amount_minor, reason).await
    }

    /// Gives captured money of a delivery back.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Refused`].
    pub async fn refund(
        &self,
        delivery: DeliveryId,
        actor: Actor,
        amount_minor: i64,
        reason: String,
    ) -> Result<RefundView, Error> {
        let refund = self.ids().make(RefundId::from_parts);
        let command = Command::RequestRefund { refund, amount_minor, reason };
        let changed = self.change(Change::new(self, delivery, command, actor)).await?;
        let row = payments::refund_by_id(self.db.read(), refund.uuid()).await?.ok_or(Error::Missing)?;
        Ok(RefundView::of(row, changed.delivery.payment.currency.code()))
    }
}
