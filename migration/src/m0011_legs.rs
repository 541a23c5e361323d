//! Legs couriers finished, from which speeds are learned.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE leg (
    delivery_id {uuid} NOT NULL REFERENCES delivery (id),
    set_off_at {int} NOT NULL,
    arrived_at {int} NOT NULL,
    courier_id {uuid} NOT NULL,
    region_id {uuid} NOT NULL,
    vehicle TEXT NOT NULL,
    hour {small} NOT NULL CHECK (hour BETWEEN 0 AND 23),
    metres {int} NOT NULL CHECK (metres > 0),
    seconds {int} NOT NULL CHECK (seconds > 0),
    PRIMARY KEY (delivery_id, set_off_at)
) {strict};
CREATE INDEX leg_set_off ON leg (set_off_at);
CREATE INDEX leg_courier ON leg (courier_id, arrived_at);
";

/// Legs couriers finished.
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
        dialect::drop_tables(manager, &["leg"]).await
    }
}
