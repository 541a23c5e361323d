//! What changes seldom and is asked for at every order: regions, their policies, shops. Read whole into memory, shared
//! by pointer, replaced whole when it changed here or on another replica.

use crate::store::{StoreError, book as rows};
use callahead_domain::contact::Language;
use callahead_domain::delivery::state::RegionPin;
use callahead_domain::geo::index::{Located, RegionIndex};
use callahead_domain::geo::point::Point;
use callahead_domain::geo::region::{Region, RegionShape};
use callahead_domain::id::{PickupPointId, RegionId, ShopId};
use callahead_domain::money::Currency;
use callahead_domain::policy::{Policy, Tightening};
use chrono_tz::Tz;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A region as the use cases need it.
#[derive(Debug, Clone)]
pub struct RegionEntry {
    /// Its name.
    pub name: String,
    /// Its current drawing.
    pub current: i32,
    /// Whether it takes new orders.
    pub active: bool,
    /// Its rules, zone included.
    pub policy: Policy,
}

/// A shop as the use cases need it.
#[derive(Debug, Clone)]
pub struct ShopEntry {
    /// Its name.
    pub name: String,
    /// Its telephone number.
    pub phone: Option<String>,
    /// ISO 3166 code, for numbers without a country.
    pub country: Option<String>,
    /// Its money.
    pub currency: Currency,
    /// Its language.
    pub language: Language,
    /// Its zone.
    pub time_zone: Tz,
    /// Its stricter wishes.
    pub tightening: Tightening,
    /// Who takes its payments.
    pub provider: String,
    /// Where, for a provider of the shop's own.
    pub provider_url: Option<String>,
    /// How requests there are signed.
    pub provider_secret: Option<String>,
}

/// A pick-up point as the use cases need it.
#[derive(Debug, Clone)]
pub struct PickupEntry {
    /// Whose.
    pub shop: ShopId,
    /// Its name.
    pub name: String,
    /// In words.
    pub address: String,
    /// On the map.
    pub point: Point,
}

/// Everything.
#[derive(Debug, Default)]
pub struct Book {
    /// Point to region, active regions only.
    pub index: Option<RegionIndex>,
    /// Regions by id, paused ones included.
    pub regions: HashMap<RegionId, RegionEntry>,
    /// Shops by id.
    pub shops: HashMap<ShopId, ShopEntry>,
    /// Pick-up points by id.
    pub pickup_points: HashMap<PickupPointId, PickupEntry>,
    /// The rules where a region says nothing.
    pub default_policy: Policy,
    /// Which edition this is.
    pub edition: i64,
}

/// The shared pointer to the current edition.
#[derive(Debug, Default)]
pub struct BookCell(RwLock<Arc<Book>>);

impl BookCell {
    /// A cell with this edition.
    pub fn new(book: Book) -> BookCell {
        BookCell(RwLock::new(Arc::new(book)))
    }

    /// The current edition.
    pub fn get(&self) -> Arc<Book> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces it, unless what is there is newer.
    pub fn set(&self, book: Book) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if held.edition <= book.edition {
            *held = Arc::new(book);
        }
    }
}

impl Book {
    /// Reads the current edition.
    ///
    /// # Errors
    /// When the database cannot be read; a region that cannot be read any more is left out and logged.
    pub async fn read(db: &crate::store::db::Db, default_policy: &Policy) -> Result<Book, StoreError> {
        Book::made_apart(rows::read(db.read()).await?, default_policy.clone()).await
    }

    /// Large regions take long to read and to index: not on a thread that answers requests meanwhile.
    async fn made_apart(found: rows::Rows, default_policy: Policy) -> Result<Book, StoreError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "pure reckoning of bounded length; a stop may wait for it"
        )]
        let made = tokio::task::spawn_blocking(move || Book::made_of(found, &default_policy));
        made.await.map_err(|error| StoreError::Broken(format!("the book could not be made: {error}")))
    }

    fn made_of(found: rows::Rows, default_policy: &Policy) -> Book {
        let mut book =
            Book { default_policy: default_policy.clone(), edition: found.edition, ..Book::default() };
        let mut shapes = Vec::new();
        for (row, geometry) in found.regions {
            let id = RegionId::from_uuid(row.id);
            let policy = policy_of(&row.policy, &row.time_zone, default_policy);
            if row.active {
                match shape_of(&geometry) {
                    Some(shape) => shapes.push(Region {
                        id,
                        version: row.current,
                        name: row.name.clone(),
                        priority: row.priority,
                        time_zone: policy.time_zone,
                        shape,
                        active: true,
                    }),
                    None => {
                        tracing::error!(region = %id, "stored shape cannot be read; the region takes no orders")
                    }
                }
            }
            book.regions
                .insert(id, RegionEntry { name: row.name, current: row.current, active: row.active, policy });
        }
        book.index = Some(RegionIndex::build(shapes));
        book.shops = found
            .shops
            .into_iter()
            .filter_map(|row| Some((ShopId::from_uuid(row.id), shop_of(row)?)))
            .collect();
        book.pickup_points = found.pickup_points.into_iter().filter_map(pickup_of).collect();
        book
    }

    /// The rules of an order of `shop` in `region`.
    pub fn policy(&self, region: Option<RegionId>, shop: ShopId) -> Policy {
        let base = region
            .and_then(|region| self.regions.get(&region))
            .map_or(&self.default_policy, |entry| &entry.policy);
        match self.shops.get(&shop) {
            Some(entry) => {
                let mut policy = base.for_shop(&entry.tightening);
                if region.is_none() {
                    policy.time_zone = entry.time_zone;
                }
                policy
            }
            None => base.clone(),
        }
    }

    /// Where a point lies.
    pub fn locate(&self, point: Point) -> Located {
        self.index.as_ref().map_or(Located::Nowhere { nearest: None }, |index| index.locate(point))
    }
}

impl super::App {
    /// The region a point lies in, with its current drawing.
    ///
    /// # Errors
    /// `outside_every_region` at `point`, naming the nearest one.
    pub fn region_of(&self, point: Point) -> Result<RegionPin, super::Error> {
        match self.book.get().locate(point) {
            Located::Inside { region, version, .. } => Ok(RegionPin { region, version }),
            Located::Nowhere { nearest } => {
                let detail = match nearest {
                    Some((id, distance_m)) => format!("The nearest region is {id}, {distance_m:.0} m away."),
                    None => "There is no region yet.".to_owned(),
                };
                Err(super::Error::rule("outside_every_region", detail).at("point"))
            }
        }
    }
}

fn shape_of(geometry: &str) -> Option<RegionShape> {
    RegionShape::from_geojson(&serde_json::from_str(geometry).ok()?).ok()
}

/// A region's policy: its own knobs over the default ones, in its own zone.
pub fn policy_of(knobs: &str, time_zone: &str, default: &Policy) -> Policy {
    let mut base = serde_json::to_value(default).unwrap_or_default();
    let own: serde_json::Value = serde_json::from_str(knobs).unwrap_or_default();
    if let (Some(base), serde_json::Value::Object(own)) = (base.as_object_mut(), own) {
        base.extend(own);
    }
    let mut policy: Policy = serde_json::from_value(base).unwrap_or_else(|_| default.clone());
    if let Ok(zone) = time_zone.parse() {
        policy.time_zone = zone;
    }
    policy
}

fn shop_of(row: entity::shop::Model) -> Option<ShopEntry> {
    Some(ShopEntry {
        currency: Currency::parse(&row.currency).ok()?,
        language: Language::negotiate(&row.language),
        time_zone: row.time_zone.parse().unwrap_or(Tz::UTC),
        tightening: serde_json::from_str(&row.policy).unwrap_or_default(),
        name: row.name,
        phone: row.phone,
        country: row.country,
        provider: row.provider,
        provider_url: row.provider_url,
        provider_secret: row.provider_secret,
    })
}

fn pickup_of(row: entity::pickup_point::Model) -> Option<(PickupPointId, PickupEntry)> {
    let entry = PickupEntry {
        shop: ShopId::from_uuid(row.shop_id),
        name: row.name,
        address: row.address,
        point: Point::new(row.lat, row.lon).ok()?,
    };
    Some((PickupPointId::from_uuid(row.id), entry))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    /// Counts what is logged on the thread it is set for.
    struct Count(Arc<AtomicUsize>);

    impl<S: tracing::Subscriber> Layer<S> for Count {
        fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A region whose drawing cannot be read: whoever makes the book logs that, on the thread that makes it.
    fn broken() -> rows::Rows {
        let row = entity::region::Model {
            id: uuid::Uuid::from_u128(1),
            name: "Tidegate".to_owned(),
            time_zone: "Asia/Seoul".to_owned(),
            priority: 0,
            current: 1,
            active: true,
            policy: "{}".to_owned(),
            version: 1,
            created_at: 0,
            updated_at: 0,
        };
        rows::Rows {
            regions: vec![(row, "no geometry".to_owned())],
            shops: Vec::new(),
            pickup_points: Vec::new(),
            edition: 1,
        }
    }

    #[test]
    fn the_book_is_made_on_another_thread_than_the_one_that_answers() {
        let logged = Arc::new(AtomicUsize::new(0));
        let here = || tracing_subscriber::registry().with(Count(Arc::clone(&logged)));
        with_default(here(), || Book::made_of(broken(), &Policy::default()));
        assert_eq!(logged.swap(0, Ordering::SeqCst), 1, "made here, it is logged here");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let made = with_default(here(), || runtime.block_on(Book::made_apart(broken(), Policy::default())));
        assert_eq!((made.unwrap().regions.len(), logged.load(Ordering::SeqCst)), (1, 0));
    }
}
