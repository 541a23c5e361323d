//! Couriers as operators keep them: made, changed, invited, stopped.

use super::auth::{TokenKind, new_token};
use super::unit::Unit;
use super::view::PointView;
use super::{App, Error, secret};
use crate::store::couriers;
use crate::store::deliveries::{instant, micros, of_couriers};
use crate::store::guard::guarded_update;
use crate::store::tx::Tx;
use callahead_domain::contact::{Language, Phone};
use callahead_domain::courier::{Skill, Vehicle};
use callahead_domain::geo::point::Point;
use callahead_domain::id::{CourierId, InviteId, RegionId};
use chrono::{DateTime, Duration, Utc};
use entity::{courier, invite};
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::{Set, Unchanged};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long an invite can be used.
const INVITE_HOURS: i64 = 24;
/// What two couriers cannot share.
const PHONE_TAKEN: &str = "courier_phone_key";

/// A checked courier.
#[derive(Debug, Clone)]
pub struct NewCourier {
    /// Name.
    pub name: String,
    /// Number.
    pub phone: Phone,
    /// Language.
    pub language: Language,
    /// How they move.
    pub vehicle: Vehicle,
    /// Parcels at once.
    pub capacity: i32,
    /// Where they work.
    pub regions: Vec<RegionId>,
    /// What they are fit for.
    pub skills: Vec<Skill>,
    /// Grams at once.
    pub max_weight_g: Option<u32>,
    /// Where they have to be when a shift ends.
    pub home: Option<Point>,
}

/// What is to change of a courier; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct CourierChange {
    /// Name.
    pub name: Option<String>,
    /// Number.
    pub phone: Option<Phone>,
    /// Language.
    pub language: Option<Language>,
    /// How they move.
    pub vehicle: Option<Vehicle>,
    /// Parcels at once.
    pub capacity: Option<i32>,
    /// Where they work, all of it.
    pub regions: Option<Vec<RegionId>>,
    /// What they are fit for, all of it.
    pub skills: Option<Vec<Skill>>,
    /// Grams at once; `Some(None)` for no limit.
    pub max_weight_g: Option<Option<u32>>,
    /// Where they have to be when a shift ends; `Some(None)` for anywhere.
    pub home: Option<Option<Point>>,
    /// Whether they work.
    pub active: Option<bool>,
}

/// A courier.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CourierView {
    /// `cou_…`
    pub id: String,
    /// Name.
    pub name: String,
    /// Number, E.164.
    pub phone: String,
    /// Language tag.
    pub language: String,
    /// `foot`, `bicycle`, `scooter` or `car`.
    pub vehicle: String,
    /// Parcels at once.
    pub capacity: i32,
    /// `reg_…`, where they work.
    pub regions: Vec<String>,
    /// What they are fit for: `cash`, `cold`, `heavy`, `id`.
    pub skills: Vec<String>,
    /// Grams at once; null for no limit.
    pub max_weight_g: Option<i64>,
    /// Where they have to be when a shift ends; null for anywhere.
    pub home: Option<PointView>,
    /// Whether they work.
    pub active: bool,
    /// For If-Match.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl CourierView {
    pub(super) fn of(row: courier::Model) -> CourierView {
        CourierView {
            id: CourierId::from_uuid(row.id).to_string(),
            name: row.name,
            phone: row.phone,
            language: row.language,
            vehicle: row.vehicle,
            capacity: row.capacity,
            regions: serde_json::from_str(&row.regions).unwrap_or_default(),
            skills: serde_json::from_str(&row.skills).unwrap_or_default(),
            max_weight_g: row.max_weight_g,
            home: row.home_lat.zip(row.home_lon).map(|(lat, lon)| PointView { lat, lon }),
            active: row.active,
            version: row.version,
            created_at: instant(row.created_at),
        }
    }
}

/// An invite that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InviteView {
    /// What the courier's phone signs in with, once. Shown this once.
    pub token: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

fn regions_text(regions: &[RegionId]) -> Result<String, Error> {
    serde_json::to_string(regions).map_err(Error::internal)
}

/// Skills as they are stored.
pub(super) fn skills_text(skills: &[Skill]) -> Result<String, Error> {
    serde_json::to_string(skills).map_err(Error::internal)
}

struct Create {
    row: courier::Model,
}

impl Unit for Create {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        tx.insert(courier::ActiveModel::from(self.row.clone()));
        Ok(())
    }
}

struct Alter {
    id: CourierId,
    change: CourierChange,
    expect: Option<i64>,
    now: i64,
}

impl Alter {
    fn altered(&self, row: &courier::Model) -> Result<courier::ActiveModel, Error> {
        let change = &self.change;
        let mut next = courier::ActiveModel { id: Unchanged(row.id), ..Default::default() };
        if let Some(name) = &change.name {
            next.name = Set(name.clone());
        }
        if let Some(phone) = &change.phone {
            next.phone = Set(phone.to_string());
        }
        if let Some(language) = change.language {
            next.language = Set(language.tag().to_owned());
        }
        if let Some(vehicle) = change.vehicle {
            next.vehicle = Set(vehicle.name().to_owned());
        }
        if let Some(capacity) = change.capacity {
            next.capacity = Set(capacity);
        }
        if let Some(regions) = &change.regions {
            next.regions = Set(regions_text(regions)?);
        }
        if let Some(skills) = &change.skills {
            next.skills = Set(skills_text(skills)?);
        }
        if let Some(most) = change.max_weight_g {
            next.max_weight_g = Set(most.map(i64::from));
        }
        if let Some(home) = change.home {
            next.home_lat = Set(home.map(Point::lat));
            next.home_lon = Set(home.map(Point::lon));
        }
        if let Some(active) = change.active {
            next.active = Set(active);
        }
        Ok(next)
    }
}

impl Unit for Alter {
    type Output = courier::Model;

    fn key(&self) -> Uuid {
        self.id.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<courier::Model, Error> {
        let id = self.id.uuid();
        let row = couriers::by_id(tx.reader(), id).await?.ok_or(Error::Missing)?;
        if self.expect.is_some_and(|expected| expected != row.version) {
            return Err(Error::StaleVersion { current: row.version });
        }
        let next = self.altered(&row)?;
        if !next.is_changed() {
            return Ok(row);
        }
        if row.active && self.change.active == Some(false) {
            let held = of_couriers(tx.reader(), vec![id]).await?;
            if !held.is_empty() {
                let detail = format!(
                    "{} deliveries are with this courier; reassign or finish them first.",
                    held.len()
                );
                return Err(Error::rule("holding_parcels", detail));
            }
            couriers::end_work(tx, id, self.now).await?;
        }
        guarded_update(tx, next, row.version).await?.ok()?;
        couriers::by_id(tx.reader(), id).await?.ok_or(Error::Missing)
    }
}

struct Invite {
    row: invite::Model,
}

impl Unit for Invite {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.courier_id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        let courier = couriers::by_id(tx.reader(), self.row.courier_id).await?.ok_or(Error::Missing)?;
        if !courier.active {
            return Err(Error::rule("courier_inactive", "This courier does not work; set active first."));
        }
        couriers::end_invites(tx, courier.id, self.row.created_at).await?;
        tx.insert(invite::ActiveModel::from(self.row.clone()));
        Ok(())
    }
}

impl App {
    /// Makes a courier.
    ///
    /// # Errors
    /// `duplicate` when the number is another courier's; `metadata.courier_id` names them.
    pub async fn create_courier(&self, new: NewCourier) -> Result<CourierView, Error> {
        let now = self.clock.now();
        let row = courier::Model {
            id: CourierId::from_parts(now, self.entropy.ten()).uuid(),
            name: new.name,
            phone: new.phone.to_string(),
            language: new.language.tag().to_owned(),
            vehicle: new.vehicle.name().to_owned(),
            capacity: new.capacity,
            regions: regions_text(&new.regions)?,
            skills: skills_text(&new.skills)?,
            max_weight_g: new.max_weight_g.map(i64::from),
            home_lat: new.home.map(Point::lat),
            home_lon: new.home.map(Point::lon),
            active: true,
            version: 1,
            created_at: micros(now),
        };
        match self.lanes.write(Create { row: row.clone() }).await {
            Ok(()) => Ok(CourierView::of(row)),
            Err(error) => Err(self.told_by_phone(error, Some(&new.phone)).await?),
        }
    }

    /// A taken number's refusal, naming the courier who has it; other errors as they are.
    async fn told_by_phone(&self, error: Error, phone: Option<&Phone>) -> Result<Error, Error> {
        let Some(phone) = phone else { return Ok(error) };
        if !matches!(&error, Error::Conflict { constraint } if constraint == PHONE_TAKEN) {
            return Ok(error);
        }
        let known = couriers::id_by_phone(self.db.read(), phone.as_str()).await?;
        Ok(known.map_or(error, |id| {
            let id = CourierId::from_uuid(id).to_string();
            Error::rule("duplicate", "A courier with this number exists.")
                .at("phone")
                .fact("metadata", json!({ "courier_id": id }))
        }))
    }

    /// One courier.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn courier(&self, id: CourierId) -> Result<CourierView, Error> {
        let row = couriers::by_id(self.db.read(), id.uuid()).await?.ok_or(Error::Missing)?;
        Ok(CourierView::of(row))
    }

    /// Couriers after this one, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn couriers(&self, after: Option<Uuid>, limit: u64) -> Result<Vec<(Uuid, CourierView)>, Error> {
        let rows = couriers::page(self.db.read(), after, limit).await?;
        Ok(rows.into_iter().map(|row| (row.id, CourierView::of(row))).collect())
    }

    /// Changes a courier. One who stops working is signed out, and their shift ends.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::StaleVersion`] against `expect`, `duplicate` number, `holding_parcels` when one
    /// who is to stop has deliveries.
    pub async fn change_courier(
        &self,
        id: CourierId,
        change: CourierChange,
        expect: Option<i64>,
    ) -> Result<CourierView, Error> {
        let phone = change.phone.clone();
        let stops = change.active == Some(false);
        let unit = Alter { id, change, expect, now: micros(self.clock.now()) };
        let row = match self.lanes.write(unit).await {
            Ok(row) => row,
            Err(error) => return Err(self.told_by_phone(error, phone.as_ref()).await?),
        };
        if stops {
            self.seen.clear();
        }
        self.bells.dispatch.notify_one();
        Ok(CourierView::of(row))
    }

    /// Invites a courier's phone: one sign-in within a day. Earlier invites end.
    ///
    /// # Errors
    /// [`Error::Missing`]; `courier_inactive`.
    pub async fn invite_courier(&self, id: CourierId) -> Result<InviteView, Error> {
        let now = self.clock.now();
        let expires_at = now + Duration::hours(INVITE_HOURS);
        let token = new_token(self, TokenKind::Invite);
        let row = invite::Model {
            id: InviteId::from_parts(now, self.entropy.ten()).uuid(),
            courier_id: id.uuid(),
            hash: secret::hash(&token),
            expires_at: micros(expires_at),
            used_at: None,
            created_at: micros(now),
        };
        self.lanes.write(Invite { row }).await?;
        Ok(InviteView { token, expires_at })
    }
}
