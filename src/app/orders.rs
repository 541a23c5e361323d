//! Orders as their shop reads and commands them. Every finder is scoped by the shop.

use super::change::Change;
use super::view::OrderView;
use super::{App, Error};
use crate::store::deliveries::Loaded;
use crate::store::{idempotency, orders as rows};
use callahead_domain::actor::Actor;
use callahead_domain::delivery::Command;
use callahead_domain::id::{OrderId, ShopId};
use uuid::Uuid;

/// Which orders of a list.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Only in this stage.
    pub status: Option<String>,
    /// Only with this id of the shop's own.
    pub external_id: Option<String>,
    /// Only after this order.
    pub after: Option<Uuid>,
    /// Rows at most.
    pub limit: u64,
}

impl App {
    /// The stored answer of a request, if its key is known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn stored_answer(
        &self,
        scope: &str,
        key: &str,
    ) -> Result<Option<entity::idempotency::Model>, Error> {
        Ok(idempotency::find(self.db.read(), scope, key).await?)
    }

    /// The order with this id of the shop's own.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn order_by_external_id(
        &self,
        shop: ShopId,
        external_id: &str,
    ) -> Result<Option<OrderId>, Error> {
        let found = rows::by_external_id(self.db.read(), shop.uuid(), external_id).await?;
        Ok(found.map(OrderId::from_uuid))
    }

    /// One order of a shop.
    ///
    /// # Errors
    /// [`Error::Missing`] unless it is this shop's.
    pub async fn order_of(&self, shop: ShopId, order: OrderId) -> Result<OrderView, Error> {
        let (row, loaded) = self.own_order(shop, order).await?;
        self.shown_order(&row, &loaded, Actor::Shop(shop)).await
    }

    /// A shop's order with its delivery.
    ///
    /// # Errors
    /// [`Error::Missing`] unless it is this shop's.
    pub async fn own_order(
        &self,
        shop: ShopId,
        order: OrderId,
    ) -> Result<(entity::orders::Model, Loaded), Error> {
        rows::of_shop(self.db.read(), shop.uuid(), order.uuid()).await?.ok_or(Error::Missing)
    }

    /// A shop's orders, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn orders_of(
        &self,
        shop: ShopId,
        filter: OrderFilter,
    ) -> Result<Vec<(Uuid, OrderView)>, Error> {
        let found = rows::list(
            self.db.read(),
            shop.uuid(),
            &filter.status,
            &filter.external_id,
            filter.after,
            filter.limit,
        )
        .await?;
        let mut views = Vec::with_capacity(found.len());
        for (row, loaded) in found {
            views.push((row.id, self.shown_order(&row, &loaded, Actor::Shop(shop)).await?));
        }
        Ok(views)
    }

    /// A shop's command about its order.
    ///
    /// # Errors
    /// [`Error::Missing`] unless it is this shop's; [`Error::Refused`], [`Error::StaleVersion`].
    pub async fn command_order(
        &self,
        shop: ShopId,
        order: OrderId,
        command: Command,
        expect: Option<i64>,
    ) -> Result<OrderView, Error> {
        let (_, loaded) = self.own_order(shop, order).await?;
        self.change(Change::new(self, loaded.delivery.id, command, Actor::Shop(shop)).expecting(expect))
            .await?;
        self.order_of(shop, order).await
    }
}
