//! Regions and the numbered versions of their shapes.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE region (
    id {uuid} NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    priority {small} NOT NULL,
    time_zone TEXT NOT NULL,
    active {bool} NOT NULL,
    current {small} NOT NULL,
    policy TEXT NOT NULL,
    version {int} NOT NULL,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
) {strict};

CREATE TABLE region_version (
    region_id {uuid} NOT NULL REFERENCES region (id),
    number {small} NOT NULL,
    geometry TEXT NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (region_id, number)
) {strict};
";

/// Regions and the numbered versions of their shapes.
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
        dialect::drop_tables(manager, &["region_version", "region"]).await
    }
}
