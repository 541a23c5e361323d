//! Couriers, how they sign in, their shifts and positions.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE courier (
    id {uuid} NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    phone TEXT NOT NULL UNIQUE,
    language TEXT NOT NULL,
    vehicle TEXT NOT NULL,
    capacity {small} NOT NULL CHECK (capacity >= 0),
    regions TEXT NOT NULL,
    active {bool} NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL
) {strict};

CREATE TABLE invite (
    id {uuid} NOT NULL PRIMARY KEY,
    courier_id {uuid} NOT NULL REFERENCES courier (id),
    hash {blob} NOT NULL UNIQUE,
    expires_at {int} NOT NULL,
    used_at {int},
    created_at {int} NOT NULL
) {strict};
CREATE INDEX invite_courier ON invite (courier_id);

CREATE TABLE sign_in_code (
    id {uuid} NOT NULL PRIMARY KEY,
    phone TEXT NOT NULL,
    courier_id {uuid},
    hash {blob} NOT NULL,
    attempts {small} NOT NULL,
    expires_at {int} NOT NULL,
    used_at {int},
    created_at {int} NOT NULL
) {strict};
CREATE INDEX sign_in_code_phone ON sign_in_code (phone, created_at);

CREATE TABLE session (
    id {uuid} NOT NULL PRIMARY KEY,
    courier_id {uuid} NOT NULL REFERENCES courier (id),
    hash {blob} NOT NULL UNIQUE,
    created_at {int} NOT NULL,
    seen_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    superseded_at {int},
    revoked_at {int}
) {strict};
CREATE INDEX session_courier ON session (courier_id);

CREATE TABLE shift (
    id {uuid} NOT NULL PRIMARY KEY,
    courier_id {uuid} NOT NULL REFERENCES courier (id),
    started_at {int} NOT NULL,
    ends_at {int} NOT NULL,
    ended_at {int},
    capacity {small} NOT NULL CHECK (capacity >= 0),
    lat {float},
    lon {float},
    position_at {int},
    run TEXT NOT NULL,
    version {int} NOT NULL,
    CHECK ((lat IS NULL) = (lon IS NULL))
) {strict};
CREATE UNIQUE INDEX shift_courier_id_key ON shift (courier_id) WHERE ended_at IS NULL;
CREATE INDEX shift_courier ON shift (courier_id, started_at);

CREATE TABLE position (
    id {serial},
    courier_id {uuid} NOT NULL,
    shift_id {uuid} NOT NULL,
    at {int} NOT NULL,
    lat {float} NOT NULL,
    lon {float} NOT NULL,
    accuracy_m {float},
    received_at {int} NOT NULL
) {strict};
CREATE INDEX position_shift ON position (shift_id, at);
";

/// Couriers, how they sign in, their shifts and positions.
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
        dialect::drop_tables(manager, &["position", "shift", "session", "sign_in_code", "invite", "courier"])
            .await
    }
}
