//! Shops, their pickup points and the keys they call with.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE shop (
    id {uuid} NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    language TEXT NOT NULL,
    phone TEXT,
    country TEXT,
    provider TEXT NOT NULL DEFAULT 'record',
    provider_url TEXT,
    provider_secret TEXT,
    policy TEXT NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE pickup_point (
    id {uuid} NOT NULL PRIMARY KEY,
    shop_id {uuid} NOT NULL REFERENCES shop (id),
    external_id TEXT,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    lat {float} NOT NULL,
    lon {float} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (shop_id, external_id)
) {strict};

CREATE TABLE api_key (
    id {uuid} NOT NULL PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('shop', 'dispatcher', 'operator')),
    shop_id {uuid} REFERENCES shop (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash {blob} NOT NULL UNIQUE,
    created_at {int} NOT NULL,
    expires_at {int},
    revoked_at {int},
    CHECK ((role = 'shop') = (shop_id IS NOT NULL))
) {strict};
CREATE INDEX api_key_shop ON api_key (shop_id);
";

/// Shops, their pickup points and the keys they call with.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_tables(manager, &["api_key", "pickup_point", "shop"]).await
    }
}
