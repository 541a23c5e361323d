//! Regions: drawn by operators as GeoJSON, each change of a drawing a new version. Open deliveries keep the drawing
//! they were accepted under.

use super::unit::Unit;
use super::wrong::{Wrong, wrong_knobs};
use super::{App, Error};
use crate::store::deliveries::{instant, micros};
use crate::store::guard::guarded_update;
use crate::store::tx::Tx;
use crate::store::{book, regions};
use callahead_domain::geo::index::Located;
use callahead_domain::geo::point::Point;
use callahead_domain::id::{DeliveryId, OrderId, RegionId, ShopId};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entity::region;
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::{Set, Unchanged};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// A region. Its drawing is told apart by `version`; the `ETag` of the region itself also counts other changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionView {
    /// `reg_…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Which drawing is in force.
    pub version: i32,
    /// The lower, the more it owns where regions overlap or touch.
    pub priority: i32,
    /// IANA zone.
    pub time_zone: String,
    /// Whether it takes new orders.
    pub active: bool,
    /// The rules it sets for itself; the others are the service's.
    #[schema(value_type = Object)]
    pub policy: Value,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last changed.
    pub updated_at: DateTime<Utc>,
}

/// A region with a drawing, as GeoJSON (RFC 7946).
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionFeature {
    /// Always `Feature`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it is.
    pub properties: RegionView,
    /// `Polygon` or `MultiPolygon`, longitude first.
    #[schema(value_type = Object)]
    pub geometry: Value,
}

/// One drawing of a region.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionVersionView {
    /// Its number, from 1.
    pub version: i32,
    /// Whether it is in force.
    pub current: bool,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// An open delivery that keeps an older drawing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AffectedView {
    /// `dlv_…`
    pub delivery_id: String,
    /// `ord_…`
    pub order_id: String,
    /// `shp_…`
    pub shop_id: String,
    /// Where the parcel is.
    pub stage: String,
    /// The drawing it was accepted under.
    pub region_version: Option<i32>,
}

/// The region at a point.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionHereView {
    /// `reg_…`
    pub id: String,
    /// Which drawing.
    pub version: i32,
    /// Its name.
    pub name: String,
}

/// The region nearest to a point that lies in none.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionNearView {
    /// `reg_…`
    pub id: String,
    /// Metres to its border.
    pub distance_m: f64,
}

/// Where a point lies.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LocatedView {
    /// The region that takes an order there.
    pub region: Option<RegionHereView>,
    /// The other regions it lies in.
    pub also: Vec<String>,
    /// When it lies in none.
    pub nearest: Option<RegionNearView>,
}

/// What is to change of a region beside its drawing; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct RegionChange {
    /// Whether it takes new orders.
    pub active: Option<bool>,
    /// Its priority.
    pub priority: Option<i32>,
    /// Its zone.
    pub time_zone: Option<Tz>,
    /// The rules it sets for itself, all of them; checked by [`wrong_knobs`].
    pub policy: Option<Map<String, Value>>,
}

pub(super) fn view(row: region::Model) -> RegionView {
    RegionView {
        id: RegionId::from_uuid(row.id).to_string(),
        name: row.name,
        version: row.current,
        priority: row.priority,
        time_zone: row.time_zone,
        active: row.active,
        policy: serde_json::from_str(&row.policy).unwrap_or_default(),
        created_at: instant(row.created_at),
        updated_at: instant(row.updated_at),
    }
}

struct Alter {
    id: RegionId,
    change: RegionChange,
    expect: Option<i64>,
    now: i64,
}

impl Unit for Alter {
    type Output = region::Model;

    fn key(&self) -> Uuid {
        self.id.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<region::Model, Error> {
        let id = self.id.uuid();
        let row = regions::by_id(tx.reader(), id).await?.ok_or(Error::Missing)?;
        if self.expect.is_some_and(|expected| expected != row.version) {
            return Err(Error::StaleVersion { current: row.version });
        }
        let mut next = region::ActiveModel { id: Unchanged(id), ..Default::default() };
        if let Some(active) = self.change.active {
            next.active = Set(active);
        }
        if let Some(priority) = self.change.priority {
            next.priority = Set(priority);
        }
        if let Some(zone) = self.change.time_zone {
            next.time_zone = Set(zone.name().to_owned());
        }
        if let Some(policy) = &self.change.policy {
            next.policy = Set(serde_json::to_string(policy).map_err(Error::internal)?);
        }
        if !next.is_changed() {
            return Ok(row);
        }
        next.updated_at = Set(self.now);
        guarded_update(tx, next, row.version).await?.ok()?;
        book::bump(tx).await?;
        regions::by_id(tx.reader(), id).await?.ok_or(Error::Missing)
    }
}

impl App {
    /// Checks the rules a region sets for itself; places begin with `policy`.
    pub fn wrong_region_policy(&self, own: &Map<String, Value>) -> Vec<Wrong> {
        wrong_knobs(own, &self.default_policy, "policy")
    }

    async fn region_row(&self, id: RegionId) -> Result<region::Model, Error> {
        regions::by_id(self.db.read(), id.uuid()).await?.ok_or(Error::Missing)
    }

    /// Regions after this one, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn regions(&self, after: Option<Uuid>, limit: u64) -> Result<Vec<(Uuid, RegionView)>, Error> {
        let rows = regions::page(self.db.read(), after, limit).await?;
        Ok(rows.into_iter().map(|row| (row.id, view(row))).collect())
    }

    /// A region with its current drawing or an older one, as the text of a GeoJSON feature, and the version for
    /// `ETag`.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such region or drawing.
    pub async fn region_feature(&self, id: RegionId, version: Option<i32>) -> Result<(String, i64), Error> {
        let row = self.region_row(id).await?;
        let (etag, number) = (row.version, version.unwrap_or(row.current));
        let geometry = regions::drawing(self.db.read(), row.id, number).await?.ok_or(Error::Missing)?;
        let properties = RegionView { version: number, ..view(row) };
        let properties = serde_json::to_string(&properties).map_err(Error::internal)?;
        // The drawing can be large and is JSON already; there is no need to read it to write it.
        Ok((format!(r#"{{"type":"Feature","properties":{properties},"geometry":{geometry}}}"#), etag))
    }

    /// The drawings of a region after this number.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn region_versions(
        &self,
        id: RegionId,
        after: i32,
        limit: u64,
    ) -> Result<Vec<RegionVersionView>, Error> {
        let row = self.region_row(id).await?;
        let found = regions::versions(self.db.read(), row.id, after, limit).await?;
        let shown = |(version, at)| RegionVersionView {
            version,
            current: version == row.current,
            created_at: instant(at),
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// Open deliveries of a region that keep an older drawing, after this one.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn affected_by_region(
        &self,
        id: RegionId,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Uuid, AffectedView)>, Error> {
        let row = self.region_row(id).await?;
        let found = regions::pinned(self.db.read(), row.id, row.current, after, limit).await?;
        let shown = |pinned: regions::Pinned| AffectedView {
            delivery_id: DeliveryId::from_uuid(pinned.id).to_string(),
            order_id: OrderId::from_uuid(pinned.order_id).to_string(),
            shop_id: ShopId::from_uuid(pinned.shop_id).to_string(),
            stage: pinned.stage,
            region_version: pinned.region_version,
        };
        Ok(found.into_iter().map(|pinned| (pinned.id, shown(pinned))).collect())
    }

    /// Which region takes an order at this point.
    pub fn locate(&self, point: Point) -> LocatedView {
        let book = self.book.get();
        match book.locate(point) {
            Located::Inside { region, version, also } => {
                let name = book.regions.get(&region).map(|entry| entry.name.clone()).unwrap_or_default();
                let also = also.into_iter().map(|id| id.to_string()).collect();
                LocatedView {
                    region: Some(RegionHereView { id: region.to_string(), version, name }),
                    also,
                    nearest: None,
                }
            }
            Located::Nowhere { nearest } => {
                let near =
                    |(id, distance_m): (RegionId, f64)| RegionNearView { id: id.to_string(), distance_m };
                LocatedView { region: None, also: Vec::new(), nearest: nearest.map(near) }
            }
        }
    }

    /// Changes a region beside its drawing. Answers it with the version for `ETag`.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::StaleVersion`] against `expect`.
    pub async fn change_region(
        &self,
        id: RegionId,
        change: RegionChange,
        expect: Option<i64>,
    ) -> Result<(RegionView, i64), Error> {
        let unit = Alter { id, change, expect, now: micros(self.clock.now()) };
        let row = self.lanes.write(unit).await?;
        self.book_changed().await;
        let etag = row.version;
        Ok((view(row), etag))
    }
}
