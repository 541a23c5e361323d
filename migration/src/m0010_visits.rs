//! Visits to doors are counted, whether somebody was there; whom and where they were to stands under keyed hashes only.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE visit (
    id {uuid} NOT NULL PRIMARY KEY,
    region_id {uuid} NOT NULL,
    hour {small} NOT NULL,
    answered {bool} NOT NULL,
    found {small} NOT NULL,
    missed {small} NOT NULL,
    customer_key {blob},
    door_key {blob},
    at {int} NOT NULL
) {strict};
CREATE INDEX visit_hour ON visit (region_id, hour, at);
CREATE INDEX visit_customer ON visit (customer_key) WHERE customer_key IS NOT NULL;
CREATE INDEX visit_door ON visit (door_key) WHERE door_key IS NOT NULL;
CREATE INDEX visit_at ON visit (at);
ALTER TABLE delivery ADD COLUMN customer_key {blob};
ALTER TABLE delivery ADD COLUMN door_key {blob};
CREATE INDEX delivery_customer ON delivery (customer_key) WHERE customer_key IS NOT NULL;
";

const DOWN: &str = "
DROP INDEX delivery_customer;
ALTER TABLE delivery DROP COLUMN door_key;
ALTER TABLE delivery DROP COLUMN customer_key;
DROP TABLE visit;
";

/// Visits to doors are counted.
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
        dialect::run(manager, DOWN).await
    }
}
