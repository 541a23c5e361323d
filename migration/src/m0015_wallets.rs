//! Wallets of customers, prepaid cards, stalls, the devices that make personal codes, and how often somebody tried.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

/// What money is where stands in the ledger alone; a card is used up when the ledger has its top-up, a charge is paid
/// when the ledger has its transfer.
const UP: &str = "
CREATE TABLE wallet (
    id {uuid} NOT NULL PRIMARY KEY,
    contact TEXT NOT NULL,
    currency TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    pin_hash TEXT,
    link_rotation {small} NOT NULL,
    link_hash {blob} NOT NULL UNIQUE,
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (contact, currency)
) {strict};

CREATE TABLE wallet_card (
    id {uuid} NOT NULL PRIMARY KEY,
    number_hash {blob} NOT NULL UNIQUE,
    amount {int} NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE attempt (
    subject {uuid} NOT NULL,
    kind TEXT NOT NULL,
    count {small} NOT NULL,
    since {int} NOT NULL,
    PRIMARY KEY (subject, kind)
) {strict};

CREATE TABLE stall (
    id {uuid} NOT NULL PRIMARY KEY,
    shop_id {uuid} NOT NULL REFERENCES shop (id),
    reference TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    local_language TEXT,
    local_name TEXT,
    category TEXT NOT NULL,
    country TEXT NOT NULL,
    currency TEXT NOT NULL,
    lat {float} NOT NULL,
    lon {float} NOT NULL,
    region_id {uuid},
    open {bool} NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL
) {strict};
CREATE INDEX stall_shop ON stall (shop_id, id);

CREATE TABLE pay_device (
    alias {int} NOT NULL PRIMARY KEY,
    short_alias {int} NOT NULL UNIQUE,
    wallet_id {uuid} NOT NULL REFERENCES wallet (id),
    skew_s {int} NOT NULL,
    seen_at {int} NOT NULL,
    revoked_at {int},
    created_at {int} NOT NULL
) {strict};
CREATE INDEX pay_device_wallet ON pay_device (wallet_id);

CREATE TABLE stall_charge (
    id {uuid} NOT NULL PRIMARY KEY,
    stall_id {uuid} NOT NULL REFERENCES stall (id),
    wallet_id {uuid} NOT NULL REFERENCES wallet (id),
    alias {int} NOT NULL,
    half_minute {int} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    waits_until {int} NOT NULL,
    declined_at {int},
    created_at {int} NOT NULL,
    UNIQUE (alias, half_minute)
) {strict};
CREATE INDEX stall_charge_wallet ON stall_charge (wallet_id, waits_until);
";

/// Wallets, cards, stalls, devices, charges and tries.
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
        let tables = ["stall_charge", "pay_device", "stall", "attempt", "wallet_card", "wallet"];
        dialect::drop_tables(manager, &tables).await
    }
}
