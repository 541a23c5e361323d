//! Pick-up points: where a shop hands parcels to couriers.

use super::unit::Unit;
use super::view::PointView;
use super::{App, Error};
use crate::store::deliveries::{instant, micros};
use crate::store::tx::Tx;
use crate::store::{book, pickup_points};
use callahead_domain::geo::point::Point;
use callahead_domain::id::{PickupPointId, ShopId};
use chrono::{DateTime, Utc};
use entity::pickup_point;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// A checked pick-up point.
#[derive(Debug, Clone)]
pub struct NewPickupPoint {
    /// The shop's own id.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Where, in words.
    pub address: String,
    /// Where, on the map.
    pub point: Point,
}

/// A pick-up point.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PickupPointView {
    /// `pup_…`
    pub id: String,
    /// The shop's own id.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Where, in words.
    pub address: String,
    /// Where, on the map.
    pub point: PointView,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl PickupPointView {
    fn of(row: pickup_point::Model) -> PickupPointView {
        PickupPointView {
            id: PickupPointId::from_uuid(row.id).to_string(),
            external_id: row.external_id,
            name: row.name,
            address: row.address,
            point: PointView { lat: row.lat, lon: row.lon },
            created_at: instant(row.created_at),
        }
    }
}

struct Create {
    row: pickup_point::Model,
}

impl Unit for Create {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.shop_id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        tx.insert(pickup_point::ActiveModel::from(self.row.clone()));
        Ok(book::bump(tx).await?)
    }
}

impl App {
    /// Makes a pick-up point of a shop.
    ///
    /// # Errors
    /// `duplicate` when the shop has one with this id of its own; `metadata.pickup_point_id` names it.
    pub async fn create_pickup_point(
        &self,
        shop: ShopId,
        new: NewPickupPoint,
    ) -> Result<PickupPointView, Error> {
        let now = self.clock.now();
        let row = pickup_point::Model {
            id: PickupPointId::from_parts(now, self.entropy.ten()).uuid(),
            shop_id: shop.uuid(),
            external_id: new.external_id,
            name: new.name,
            address: new.address,
            lat: new.point.lat(),
            lon: new.point.lon(),
            created_at: micros(now),
        };
        match self.lanes.write(Create { row: row.clone() }).await {
            Ok(()) => {
                self.book_changed().await;
                Ok(PickupPointView::of(row))
            }
            Err(Error::Conflict { constraint }) => Err(self.known_pickup_point(&row, constraint).await?),
            Err(error) => Err(error),
        }
    }

    async fn known_pickup_point(
        &self,
        row: &pickup_point::Model,
        constraint: String,
    ) -> Result<Error, Error> {
        let external = row.external_id.as_deref().unwrap_or_default();
        let known = pickup_points::id_by_external_id(self.db.read(), row.shop_id, external).await?;
        Ok(known.map_or(Error::Conflict { constraint }, |id| {
            let id = PickupPointId::from_uuid(id).to_string();
            Error::rule("duplicate", "A pick-up point with this external_id exists.")
                .at("external_id")
                .fact("metadata", json!({ "pickup_point_id": id }))
        }))
    }

    /// A shop's pick-up points after this one, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn pickup_points(
        &self,
        shop: ShopId,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Uuid, PickupPointView)>, Error> {
        let rows = pickup_points::page(self.db.read(), shop.uuid(), after, limit).await?;
        Ok(rows.into_iter().map(|row| (row.id, PickupPointView::of(row))).collect())
    }
}
