//! How many buy by phone and how many pay by QR, region by region.

use crate::app::{App, Error};
use crate::store::deliveries::micros;
use crate::store::stalls as rows;
use callahead_domain::id::{RegionId, StallId};
use callahead_domain::ledger::{AccountKind, Holder};
use callahead_domain::money::Currency;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// One region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegionPayments {
    /// `reg_…`; null: in none.
    pub region_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Orders accepted.
    pub orders: i64,
    /// Customers who ordered.
    pub customers: i64,
    /// Payments at stalls by QR, of both kinds.
    pub qr_payments: i64,
    /// Wallets that paid at stalls by QR.
    pub qr_wallets: i64,
}

/// Every region in which something happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionReport {
    /// From this instant.
    pub from: DateTime<Utc>,
    /// To before this one.
    pub until: DateTime<Utc>,
    /// By name, what lies in no region last.
    pub data: Vec<RegionPayments>,
}

impl App {
    /// How many bought by phone and how many paid by QR between two instants, the second excluded.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn region_report(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<RegionReport, Error> {
        let (first, last) = (micros(from), micros(until));
        let mut regions: BTreeMap<Option<Uuid>, RegionPayments> = BTreeMap::new();
        for found in rows::ordered(self.db.read(), first, last).await? {
            let entry = regions.entry(found.region).or_default();
            (entry.orders, entry.customers) = (found.orders, found.customers);
        }
        let places = self.stall_regions().await?;
        let mut wallets: BTreeMap<Option<Uuid>, BTreeSet<Uuid>> = BTreeMap::new();
        for paid in rows::paid_by_qr(self.db.read(), first, last).await? {
            let region = places.get(&paid.stall).copied().flatten();
            let entry = regions.entry(region).or_default();
            entry.qr_payments = entry.qr_payments.saturating_add(paid.count);
            wallets.entry(region).or_default().insert(paid.wallet);
        }
        let book = self.book.get();
        let mut data = Vec::new();
        for (region, mut entry) in regions {
            let paid = wallets.get(&region).map_or(0, BTreeSet::len);
            entry.qr_wallets = i64::try_from(paid).unwrap_or(i64::MAX);
            let id = region.map(RegionId::from_uuid);
            entry.region_id = id.map(|id| id.to_string());
            entry.name = id.and_then(|id| book.regions.get(&id)).map(|region| region.name.clone());
            data.push(entry);
        }
        data.sort_by_key(|entry| (entry.region_id.is_none(), entry.name.clone()));
        Ok(RegionReport { from, until, data })
    }

    /// In which region each stall's account is.
    async fn stall_regions(&self) -> Result<HashMap<Uuid, Option<Uuid>>, Error> {
        let mut places = HashMap::new();
        for row in rows::all(self.db.read()).await? {
            let currency = Currency::parse(&row.currency).map_err(Error::internal)?;
            let holder = Holder::new(AccountKind::Stall, StallId::from_uuid(row.id), currency);
            places.insert(holder.account().uuid(), row.region_id);
        }
        Ok(places)
    }
}
