//! Stalls: where customers pay by QR. A stall's picture names the stall and nothing else that counts: who is paid, where
//! they are and whether they take payments is looked up here.

pub mod charge;
pub mod device;
mod pay;
mod report;

pub use pay::{DayView, Scan, StallPaymentView, StallPayments};
pub use report::{RegionPayments, RegionReport};

use super::unit::Unit;
use super::view::PointView;
use super::{App, Error};
use crate::store::deliveries::{instant, micros};
use crate::store::guard::guarded_update;
use crate::store::stalls as rows;
use crate::store::tx::Tx;
use callahead_domain::emvqr::{EmvError, LocalName, StallCode};
use callahead_domain::geo::index::Located;
use callahead_domain::geo::point::Point;
use callahead_domain::id::{RegionId, ShopId, StallId};
use callahead_domain::ledger::{AccountKind, Holder};
use callahead_domain::money::Currency;
use callahead_domain::qr::{self, Repair};
use chrono::{DateTime, Utc};
use entity::stall;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::IntoActiveModel;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who defined the template in a stall's picture.
pub const GUI: &str = "org.callahead.wallet";
/// Letters of a stall's reference: no two that are taken for one another.
const LETTERS: &[u8; 22] = b"3479ACDEFHJKMNPQRTVWXY";
/// Letters of a reference.
const LENGTH: usize = 8;
/// Farther away than this, the payer is warned: the picture may hang where it does not belong.
const FAR_M: f64 = 300.0;

/// A checked stall.
#[derive(Debug, Clone)]
pub struct NewStall {
    /// Its name in Latin letters, 25 characters at most.
    pub name: String,
    /// Its city, 15 characters at most.
    pub city: String,
    /// Language and name in the language of the place.
    pub local: Option<(String, String)>,
    /// Merchant category code.
    pub category: String,
    /// ISO 3166 code.
    pub country: String,
    /// Where.
    pub point: Point,
}

/// A stall, for its shop.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StallView {
    /// `stl_…`
    pub id: String,
    /// What stands in its picture.
    pub reference: String,
    /// Its name.
    pub name: String,
    /// Its name in the language of the place.
    pub local_name: Option<String>,
    /// Its city.
    pub city: String,
    /// Merchant category code.
    pub category: String,
    /// ISO 3166 code.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// Where.
    pub point: PointView,
    /// `reg_…`, the region it lies in.
    pub region_id: Option<String>,
    /// Whether it takes payments.
    pub open: bool,
    /// `acc_…`, its account in the ledger.
    pub account_id: String,
    /// What its picture says.
    pub payload: String,
    /// For If-Match.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A stall, for whoever scanned its picture.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StallFound {
    /// What stands in its picture.
    pub reference: String,
    /// Its name.
    pub name: String,
    /// Its name in the language of the place.
    pub local_name: Option<String>,
    /// Its city.
    pub city: String,
    /// The shop it belongs to.
    pub shop: String,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub point: PointView,
    /// `open` or `closed`.
    pub status: String,
    /// Metres from where the payer is, if that was told.
    pub distance_m: Option<i64>,
    /// Whether that is so far that the picture may be a stranger's.
    pub far: bool,
}

/// A stall as it is kept.
#[derive(Debug, Clone)]
pub struct Stall {
    row: stall::Model,
}

impl Stall {
    /// Its id.
    pub fn id(&self) -> StallId {
        StallId::from_uuid(self.row.id)
    }

    /// Its shop.
    pub fn shop(&self) -> ShopId {
        ShopId::from_uuid(self.row.shop_id)
    }

    /// Its money.
    ///
    /// # Errors
    /// For a row nobody of us wrote.
    pub fn currency(&self) -> Result<Currency, Error> {
        Currency::parse(&self.row.currency).map_err(Error::internal)
    }

    fn holder(&self) -> Result<Holder, Error> {
        Ok(Holder::new(AccountKind::Stall, self.id(), self.currency()?))
    }

    fn payload(&self) -> Result<String, EmvError> {
        let row = &self.row;
        let local = row.local_language.as_deref().zip(row.local_name.as_deref());
        let currency = Currency::parse(&row.currency).map_err(|_| EmvError::Missing { at: 53 })?;
        StallCode {
            gui: GUI,
            stall: &row.reference,
            category: &row.category,
            currency,
            amount_minor: None,
            country: &row.country,
            name: &row.name,
            city: &row.city,
            terminal: None,
            local: local.map(|(language, name)| LocalName { language, name, city: None }),
        }
        .text()
    }
}

struct Create {
    row: stall::Model,
}

impl Unit for Create {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.shop_id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        tx.insert(self.row.clone().into_active_model());
        Ok(())
    }
}

struct SetOpen {
    shop: ShopId,
    id: StallId,
    open: bool,
    expect: Option<i64>,
}

impl Unit for SetOpen {
    type Output = stall::Model;

    fn key(&self) -> Uuid {
        self.shop.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<stall::Model, Error> {
        let found = rows::by_id(tx.reader(), self.id.uuid()).await?;
        let row = found.filter(|row| row.shop_id == self.shop.uuid()).ok_or(Error::Missing)?;
        if self.expect.is_some_and(|expected| expected != row.version) {
            return Err(Error::StaleVersion { current: row.version });
        }
        if row.open == self.open {
            return Ok(row);
        }
        let next = stall::ActiveModel { id: Unchanged(row.id), open: Set(self.open), ..Default::default() };
        guarded_update(tx, next, row.version).await?.ok()?;
        Ok(stall::Model { open: self.open, version: row.version.saturating_add(1), ..row })
    }
}

impl App {
    /// Makes a stall of a shop.
    ///
    /// # Errors
    /// `invalid` for a name or a city that does not fit into the picture.
    pub async fn create_stall(&self, shop: ShopId, new: NewStall) -> Result<StallView, Error> {
        let now = self.clock.now();
        let book = self.book.get();
        let currency = book.shops.get(&shop).ok_or(Error::Missing)?.currency;
        let region = match book.locate(new.point) {
            Located::Inside { region, .. } => Some(region.uuid()),
            Located::Nowhere { .. } => None,
        };
        let (local_language, local_name) = new.local.unzip();
        let row = stall::Model {
            id: StallId::from_parts(now, self.entropy.ten()).uuid(),
            shop_id: shop.uuid(),
            reference: self.stall_reference(),
            name: new.name,
            city: new.city,
            local_language,
            local_name,
            category: new.category,
            country: new.country,
            currency: currency.code().to_owned(),
            lat: new.point.lat(),
            lon: new.point.lon(),
            region_id: region,
            open: true,
            version: 1,
            created_at: micros(now),
        };
        let made = Stall { row };
        if let Err(error) = made.payload() {
            let detail = format!("the picture cannot be made: {error}");
            return Err(super::wrong::refuse(&[super::wrong::Wrong::new("", "not_printable", detail)]));
        }
        self.ledger.open(&made.holder()?).await?;
        self.lanes.write(Create { row: made.row.clone() }).await?;
        self.stall_view(&made)
    }

    fn stall_reference(&self) -> String {
        let letters = u64::try_from(LETTERS.len()).unwrap_or(1);
        let mut rest = self.entropy.sixteen().iter().fold(0_u64, |sum, byte| (sum << 4) ^ u64::from(*byte));
        let mut next = || {
            let place = usize::try_from(rest % letters).unwrap_or(0);
            rest /= letters;
            char::from(LETTERS.get(place).copied().unwrap_or(b'A'))
        };
        (0..LENGTH).map(|_| next()).collect()
    }

    /// A stall of this shop.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another's.
    pub async fn stall(&self, shop: ShopId, id: StallId) -> Result<Stall, Error> {
        let row = rows::by_id(self.db.read(), id.uuid()).await?.ok_or(Error::Missing)?;
        if row.shop_id == shop.uuid() { Ok(Stall { row }) } else { Err(Error::Missing) }
    }

    /// A stall as its shop sees it.
    ///
    /// # Errors
    /// For a row nobody of us wrote.
    pub fn stall_view(&self, stall: &Stall) -> Result<StallView, Error> {
        let row = &stall.row;
        Ok(StallView {
            id: stall.id().to_string(),
            reference: row.reference.clone(),
            name: row.name.clone(),
            local_name: row.local_name.clone(),
            city: row.city.clone(),
            category: row.category.clone(),
            country: row.country.clone(),
            currency: row.currency.clone(),
            point: PointView { lat: row.lat, lon: row.lon },
            region_id: row.region_id.map(|region| RegionId::from_uuid(region).to_string()),
            open: row.open,
            account_id: stall.holder()?.account().to_string(),
            payload: stall.payload().map_err(Error::internal)?,
            version: row.version,
            created_at: instant(row.created_at),
        })
    }

    /// A shop's stalls after this one, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn stalls(
        &self,
        shop: ShopId,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Uuid, StallView)>, Error> {
        let found = rows::page(self.db.read(), shop.uuid(), after, limit).await?;
        found.into_iter().map(|row| Ok((row.id, self.stall_view(&Stall { row })?))).collect()
    }

    /// Opens or closes a stall.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::StaleVersion`] against `expect`.
    pub async fn set_stall_open(
        &self,
        shop: ShopId,
        id: StallId,
        open: bool,
        expect: Option<i64>,
    ) -> Result<StallView, Error> {
        let row = self.lanes.write(SetOpen { shop, id, open, expect }).await?;
        self.stall_view(&Stall { row })
    }

    /// The picture a stall prints, as SVG.
    ///
    /// # Errors
    /// For a row nobody of us wrote.
    pub fn stall_picture(&self, stall: &Stall) -> Result<String, Error> {
        let payload = stall.payload().map_err(Error::internal)?;
        qr::svg(&payload, Repair::Normal, &stall.row.name).map_err(Error::internal)
    }

    /// The stall with a reference.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn stall_by_reference(&self, reference: &str) -> Result<Stall, Error> {
        let wanted = reference.trim().to_ascii_uppercase();
        if wanted.len() != LENGTH || !wanted.bytes().all(|letter| LETTERS.contains(&letter)) {
            return Err(Error::Missing);
        }
        let row = rows::by_reference(self.db.read(), &wanted).await?.ok_or(Error::Missing)?;
        Ok(Stall { row })
    }

    /// What a payer is shown of a stall before they pay; `here`: where they are.
    ///
    /// # Errors
    /// For a row nobody of us wrote.
    pub fn stall_found(&self, stall: &Stall, here: Option<Point>) -> Result<StallFound, Error> {
        let row = &stall.row;
        let place = Point::new(row.lat, row.lon).map_err(Error::internal)?;
        let distance = here.map(|here| here.distance_m(place).round());
        let shop = self.book.get().shops.get(&stall.shop()).map(|shop| shop.name.clone());
        Ok(StallFound {
            reference: row.reference.clone(),
            name: row.name.clone(),
            local_name: row.local_name.clone(),
            city: row.city.clone(),
            shop: shop.unwrap_or_default(),
            currency: row.currency.clone(),
            point: PointView { lat: row.lat, lon: row.lon },
            status: if row.open { "open" } else { "closed" }.to_owned(),
            distance_m: distance.and_then(|metres| format!("{metres:.0}").parse().ok()),
            far: distance.is_some_and(|metres| metres > FAR_M),
        })
    }
}
