//! Shops: made, read and changed by operators.

use super::unit::Unit;
use super::wrong::Wrong;
use super::{App, Error};
use crate::config::Payments;
use crate::store::deliveries::{instant, micros};
use crate::store::guard::guarded_update;
use crate::store::tx::Tx;
use crate::store::{book, shops};
use crate::webhook::signature::SigningKey;
use crate::webhook::target::TargetRules;
use callahead_domain::contact::{Language, Phone};
use callahead_domain::id::ShopId;
use callahead_domain::money::Currency;
use callahead_domain::payment::provider::{RECORD, SHOP};
use callahead_domain::policy::Tightening;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entity::shop;
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::{Set, Unchanged};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How a shop's payments are taken.
#[derive(Debug, Clone, Default)]
pub struct PaymentWish {
    /// `record` or `shop`.
    pub provider: String,
    /// The shop's endpoint, for `shop`.
    pub url: Option<String>,
    /// How requests there are signed; made up if absent.
    pub secret: Option<String>,
}

/// A checked shop.
#[derive(Debug, Clone)]
pub struct NewShop {
    /// Its name.
    pub name: String,
    /// Its money.
    pub currency: Currency,
    /// Its zone.
    pub time_zone: Tz,
    /// Its language.
    pub language: Language,
    /// Its number.
    pub phone: Option<Phone>,
    /// ISO 3166 code, for numbers without a country.
    pub country: Option<String>,
    /// How its payments are taken; `record` if absent.
    pub payment: Option<PaymentWish>,
    /// Its stricter wishes.
    pub wishes: Tightening,
}

/// What is to change of a shop; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ShopChange {
    /// Its name.
    pub name: Option<String>,
    /// Its zone.
    pub time_zone: Option<Tz>,
    /// Its language.
    pub language: Option<Language>,
    /// Its number, or none.
    pub phone: Option<Option<Phone>>,
    /// Its country, or none.
    pub country: Option<Option<String>>,
    /// How its payments are taken.
    pub payment: Option<PaymentWish>,
    /// Its stricter wishes, all of them.
    pub wishes: Option<Tightening>,
}

/// How a shop's payments are taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShopPaymentView {
    /// `record` or `shop`.
    pub provider: String,
    /// The shop's endpoint.
    pub url: Option<String>,
    /// How requests there are signed. Shown once, in the answer to the request that had it made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A shop.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShopView {
    /// `shp_…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA zone.
    pub time_zone: String,
    /// Language tag.
    pub language: String,
    /// Its number, E.164.
    pub phone: Option<String>,
    /// ISO 3166 code, for numbers without a country.
    pub country: Option<String>,
    /// How its payments are taken.
    pub payment: ShopPaymentView,
    /// Its stricter wishes.
    #[schema(value_type = Object)]
    pub policy: serde_json::Value,
    /// For If-Match.
    pub version: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl ShopView {
    fn of(row: shop::Model, secret: Option<String>) -> ShopView {
        ShopView {
            id: ShopId::from_uuid(row.id).to_string(),
            name: row.name,
            currency: row.currency,
            time_zone: row.time_zone,
            language: row.language,
            phone: row.phone,
            country: row.country,
            // An endpoint stays known after a change to `record`, for payments that were begun with it.
            payment: ShopPaymentView {
                url: row.provider_url.filter(|_| row.provider == SHOP),
                provider: row.provider,
                secret,
            },
            policy: serde_json::from_str(&row.policy).unwrap_or_default(),
            version: row.version,
            created_at: instant(row.created_at),
        }
    }
}

/// Checks how payments are to be taken. `has_endpoint`: the shop has an address already.
pub fn wrong_payment(wish: &PaymentWish, settings: &Payments, has_endpoint: bool) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if ![RECORD, SHOP].contains(&wish.provider.as_str()) {
        wrong.push(Wrong::new("payment.provider", "unknown", format!("one of {RECORD}, {SHOP}")));
    }
    if wish.provider != SHOP && (wish.url.is_some() || wish.secret.is_some()) {
        let detail = format!("url and secret belong to the provider {SHOP}");
        wrong.push(Wrong::new("payment.provider", "not_allowed", detail));
    }
    let rules = TargetRules { allow_private: settings.allow_private, ..TargetRules::default() };
    match &wish.url {
        Some(url) => {
            if let Err(error) = rules.check(url) {
                wrong.push(Wrong::new("payment.url", "invalid_url", error.to_string()));
            }
        }
        None if wish.provider == SHOP && !has_endpoint => {
            wrong.push(Wrong::new(
                "payment.url",
                "missing_field",
                format!("the provider {SHOP} needs an address"),
            ));
        }
        None => {}
    }
    if let Some(Err(error)) = wish.secret.as_deref().map(SigningKey::parse) {
        wrong.push(Wrong::new("payment.secret", "invalid_secret", error.to_string()));
    }
    wrong
}

fn policy_text(wishes: &Tightening) -> Result<String, Error> {
    serde_json::to_string(wishes).map_err(Error::internal)
}

struct Create {
    row: shop::Model,
}

impl Unit for Create {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.id
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        tx.insert(shop::ActiveModel::from(self.row.clone()));
        Ok(book::bump(tx).await?)
    }
}

struct Alter {
    id: ShopId,
    change: ShopChange,
    expect: Option<i64>,
    settings: Payments,
    /// Drawn beforehand, for an endpoint that has none.
    secret: String,
}

impl Alter {
    /// The row as it is to be, and the secret if it was made up now.
    fn altered(&self, row: &shop::Model) -> Result<(shop::ActiveModel, Option<String>), Error> {
        let change = &self.change;
        let mut next = shop::ActiveModel { id: Unchanged(row.id), ..Default::default() };
        if let Some(name) = &change.name {
            next.name = Set(name.clone());
        }
        if let Some(zone) = change.time_zone {
            next.time_zone = Set(zone.name().to_owned());
        }
        if let Some(language) = change.language {
            next.language = Set(language.tag().to_owned());
        }
        if let Some(phone) = &change.phone {
            next.phone = Set(phone.as_ref().map(ToString::to_string));
        }
        if let Some(country) = &change.country {
            next.country = Set(country.clone());
        }
        if let Some(wishes) = &change.wishes {
            next.policy = Set(policy_text(wishes)?);
        }
        let shown = match &change.payment {
            Some(wish) => self.alter_payment(row, wish, &mut next)?,
            None => None,
        };
        Ok((next, shown))
    }

    fn alter_payment(
        &self,
        row: &shop::Model,
        wish: &PaymentWish,
        next: &mut shop::ActiveModel,
    ) -> Result<Option<String>, Error> {
        let wrong = wrong_payment(wish, &self.settings, row.provider_url.is_some());
        if !wrong.is_empty() {
            return Err(super::wrong::refuse(&wrong));
        }
        next.provider = Set(wish.provider.clone());
        if wish.provider != SHOP {
            return Ok(None);
        }
        if let Some(url) = &wish.url {
            next.provider_url = Set(Some(url.clone()));
        }
        let (secret, shown) = match (&wish.secret, &row.provider_secret) {
            (Some(given), _) => (given.clone(), None),
            (None, Some(_)) => return Ok(None),
            (None, None) => (self.secret.clone(), Some(self.secret.clone())),
        };
        next.provider_secret = Set(Some(secret));
        Ok(shown)
    }
}

impl Unit for Alter {
    type Output = (shop::Model, Option<String>);

    fn key(&self) -> Uuid {
        self.id.uuid()
    }

    async fn run(&self, tx: &Tx) -> Result<Self::Output, Error> {
        let row = shops::by_id(tx.reader(), self.id.uuid()).await?.ok_or(Error::Missing)?;
        if self.expect.is_some_and(|expected| expected != row.version) {
            return Err(Error::StaleVersion { current: row.version });
        }
        let (next, shown) = self.altered(&row)?;
        if !next.is_changed() {
            return Ok((row, None));
        }
        guarded_update(tx, next, row.version).await?.ok()?;
        book::bump(tx).await?;
        let after = shops::by_id(tx.reader(), self.id.uuid()).await?.ok_or(Error::Missing)?;
        Ok((after, shown))
    }
}

impl App {
    fn new_secret(&self) -> Result<String, Error> {
        let key = SigningKey::from_bytes(self.entropy.thirty_two().to_vec());
        key.map(|key| key.to_text()).map_err(Error::internal)
    }

    /// Makes a shop. Its secret is in the answer if it was made up.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn create_shop(&self, new: NewShop) -> Result<ShopView, Error> {
        let now = self.clock.now();
        let own = new.payment.filter(|wish| wish.provider == SHOP);
        let made_up = match &own {
            Some(wish) if wish.secret.is_none() => Some(self.new_secret()?),
            _ => None,
        };
        let secret = own.as_ref().and_then(|wish| wish.secret.clone()).or_else(|| made_up.clone());
        let row = shop::Model {
            id: ShopId::from_parts(now, self.entropy.ten()).uuid(),
            name: new.name,
            currency: new.currency.code().to_owned(),
            time_zone: new.time_zone.name().to_owned(),
            language: new.language.tag().to_owned(),
            phone: new.phone.map(String::from),
            country: new.country,
            provider: if own.is_some() { SHOP } else { RECORD }.to_owned(),
            provider_url: own.and_then(|wish| wish.url),
            provider_secret: secret,
            policy: policy_text(&new.wishes)?,
            version: 1,
            created_at: micros(now),
        };
        self.lanes.write(Create { row: row.clone() }).await?;
        self.book_changed().await;
        Ok(ShopView::of(row, made_up))
    }

    /// One shop.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn shop(&self, id: ShopId) -> Result<ShopView, Error> {
        let row = shops::by_id(self.db.read(), id.uuid()).await?.ok_or(Error::Missing)?;
        Ok(ShopView::of(row, None))
    }

    /// Shops after this one, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn shops(&self, after: Option<Uuid>, limit: u64) -> Result<Vec<(Uuid, ShopView)>, Error> {
        let rows = shops::page(self.db.read(), after, limit).await?;
        Ok(rows.into_iter().map(|row| (row.id, ShopView::of(row, None))).collect())
    }

    /// Changes a shop.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::StaleVersion`] against `expect`, a rule about the endpoint.
    pub async fn change_shop(
        &self,
        id: ShopId,
        change: ShopChange,
        expect: Option<i64>,
    ) -> Result<ShopView, Error> {
        let unit =
            Alter { id, change, expect, settings: self.config.payments.clone(), secret: self.new_secret()? };
        let (row, shown) = self.lanes.write(unit).await?;
        self.book_changed().await;
        Ok(ShopView::of(row, shown))
    }

    /// Reads the book again after a change here. The change stands even if that fails: the next look at the edition
    /// repairs it.
    pub(super) async fn book_changed(&self) {
        if let Err(error) = self.reload_book().await {
            tracing::warn!(%error, "regions and shops could not be read again at once");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn wish(provider: &str, url: Option<&str>, secret: Option<&str>) -> PaymentWish {
        PaymentWish {
            provider: provider.to_owned(),
            url: url.map(str::to_owned),
            secret: secret.map(str::to_owned),
        }
    }

    fn params(wish: &PaymentWish, allow_private: bool, has_endpoint: bool) -> Vec<String> {
        let mut settings = crate::config::Config::load(&crate::config::Sources::defaults()).unwrap().payments;
        settings.allow_private = allow_private;
        wrong_payment(wish, &settings, has_endpoint).into_iter().map(|wrong| wrong.param).collect()
    }

    #[test]
    fn an_endpoint_needs_an_address_that_may_be_reached() {
        assert_eq!(params(&wish("record", None, None), true, false), Vec::<String>::new());
        assert_eq!(
            params(&wish("shop", Some("http://127.0.0.1:9/pay"), None), true, false),
            Vec::<String>::new()
        );
        assert_eq!(
            params(&wish("shop", Some("http://127.0.0.1:9/pay"), None), false, false),
            ["payment.url"]
        );
        assert_eq!(params(&wish("shop", Some("ftp://pay.example"), None), true, false), ["payment.url"]);
        assert_eq!(params(&wish("shop", None, None), true, false), ["payment.url"]);
        assert_eq!(params(&wish("shop", None, None), true, true), Vec::<String>::new());
    }

    #[test]
    fn every_wrong_value_of_a_payment_is_named() {
        let found = params(&wish("shop", Some("nowhere"), Some("whsec_short")), true, false);
        assert_eq!(found, ["payment.url", "payment.secret"]);
        assert_eq!(params(&wish("barter", None, None), true, false), ["payment.provider"]);
        assert_eq!(
            params(&wish("record", Some("https://pay.example"), None), true, false),
            ["payment.provider"]
        );
    }
}
