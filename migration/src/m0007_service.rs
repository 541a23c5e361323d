//! What the service keeps for itself: jobs, remembered answers, leases, settings.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE job (
    id {uuid} NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    dedupe TEXT UNIQUE,
    payload TEXT NOT NULL,
    run_at {int} NOT NULL,
    attempts {small} NOT NULL,
    fence {int} NOT NULL,
    lease_owner TEXT,
    lease_until {int},
    parked_at {int},
    last_error TEXT,
    delivery_id {uuid},
    created_at {int} NOT NULL,
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CHECK (parked_at IS NULL OR lease_owner IS NULL)
) {strict};
CREATE INDEX job_due ON job (run_at) WHERE parked_at IS NULL;
CREATE INDEX job_parked ON job (parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX job_delivery ON job (delivery_id) WHERE delivery_id IS NOT NULL;

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint {blob} NOT NULL,
    status {small} NOT NULL,
    body TEXT NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (scope, key)
) {strict};
CREATE INDEX idempotency_created ON idempotency (created_at);

CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    fence {int} NOT NULL,
    until {int} NOT NULL
) {strict};

CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) {strict};
";

/// What the service keeps for itself: jobs, remembered answers, leases, settings.
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
        dialect::drop_tables(manager, &["setting", "lease", "idempotency", "job"]).await
    }
}
