//! Keys of shops, dispatchers and operators. A key is shown once, when it is made; only its hash is kept.

use super::auth::{TokenKind, new_token};
use super::unit::Unit;
use super::{App, Error, secret};
use crate::store::deliveries::{instant, micros};
use crate::store::tx::Tx;
use crate::store::{keys, shops};
use callahead_domain::id::{KeyId, ShopId};
use chrono::{DateTime, Utc};
use entity::api_key;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How much of a key is shown in lists: its kind and six characters.
const SHOWN_CHARS: usize = 10;

/// A key as lists show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeyView {
    /// `key_…`
    pub id: String,
    /// `shop`, `dispatcher` or `operator`.
    pub role: String,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when; null: for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A key that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewKeyView {
    /// What is called with. Shown this once.
    pub key: String,
    /// The rest.
    #[serde(flatten)]
    pub shown: KeyView,
}

impl KeyView {
    fn of(row: api_key::Model) -> KeyView {
        KeyView {
            id: KeyId::from_uuid(row.id).to_string(),
            role: row.role,
            name: row.name,
            prefix: row.prefix,
            created_at: instant(row.created_at),
            expires_at: row.expires_at.map(instant),
            revoked_at: row.revoked_at.map(instant),
        }
    }
}

struct Create {
    row: api_key::Model,
}

impl Unit for Create {
    type Output = ();

    fn key(&self) -> Uuid {
        self.row.shop_id.unwrap_or_default()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        if let Some(shop) = self.row.shop_id {
            shops::by_id(tx.reader(), shop).await?.ok_or(Error::Missing)?;
        }
        tx.insert(api_key::ActiveModel::from(self.row.clone()));
        Ok(())
    }
}

struct Revoke {
    shop: Option<ShopId>,
    key: KeyId,
    now: i64,
}

impl Unit for Revoke {
    type Output = ();

    /// All keys of the service are ended in one lane, so that no two of them are the last but one at once.
    fn key(&self) -> Uuid {
        self.shop.map(ShopId::uuid).unwrap_or_default()
    }

    async fn run(&self, tx: &Tx) -> Result<(), Error> {
        let shop = self.shop.map(ShopId::uuid);
        let row = keys::find(tx.reader(), shop, self.key.uuid()).await?.ok_or(Error::Missing)?;
        if row.revoked_at.is_some() {
            return Ok(());
        }
        keys::revoke(tx, row.id, self.now).await?;
        if row.role == TokenKind::Operator.role() && keys::live_operators(tx.reader(), self.now).await? == 0 {
            return Err(Error::rule(
                "last_operator_key",
                "Make another operator's key before ending the last one.",
            ));
        }
        Ok(())
    }
}

impl App {
    /// Makes a key of a shop (`kind` [`TokenKind::Shop`]) or of the service (no `shop`).
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such shop.
    pub async fn create_key(
        &self,
        kind: TokenKind,
        shop: Option<ShopId>,
        name: String,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewKeyView, Error> {
        let now = self.clock.now();
        let token = new_token(self, kind);
        let row = api_key::Model {
            id: KeyId::from_parts(now, self.entropy.ten()).uuid(),
            role: kind.role().to_owned(),
            shop_id: shop.map(ShopId::uuid),
            name,
            prefix: token.chars().take(SHOWN_CHARS).collect(),
            hash: secret::hash(&token),
            created_at: micros(now),
            expires_at: expires_at.map(micros),
            revoked_at: None,
        };
        self.lanes.write(Create { row: row.clone() }).await?;
        Ok(NewKeyView { key: token, shown: KeyView::of(row) })
    }

    /// The keys of a shop, or of the service (no `shop`), after this one, oldest first.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such shop.
    pub async fn keys(
        &self,
        shop: Option<ShopId>,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Uuid, KeyView)>, Error> {
        let shop = shop.map(ShopId::uuid);
        if let Some(shop) = shop {
            shops::by_id(self.db.read(), shop).await?.ok_or(Error::Missing)?;
        }
        let rows = keys::page(self.db.read(), shop, after, limit).await?;
        Ok(rows.into_iter().map(|row| (row.id, KeyView::of(row))).collect())
    }

    /// Ends a key. Ending it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Missing`]; `last_operator_key`.
    pub async fn revoke_key(&self, shop: Option<ShopId>, key: KeyId) -> Result<(), Error> {
        self.lanes.write(Revoke { shop, key, now: micros(self.clock.now()) }).await?;
        self.seen.clear();
        Ok(())
    }

    /// Makes an operator's key when none is valid, as on the first start; answers it, to be shown once.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn ensure_operator(&self) -> Result<Option<String>, Error> {
        if keys::live_operators(self.db.read(), micros(self.clock.now())).await? > 0 {
            return Ok(None);
        }
        let made = self.create_key(TokenKind::Operator, None, "first operator".to_owned(), None).await?;
        Ok(Some(made.key))
    }
}
