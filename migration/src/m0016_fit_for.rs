//! What couriers are fit for and orders need: skills, weights, the way home, breaks.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
ALTER TABLE courier ADD COLUMN skills TEXT NOT NULL DEFAULT '[]';
ALTER TABLE courier ADD COLUMN max_weight_g {int};
ALTER TABLE courier ADD COLUMN home_lat {float};
ALTER TABLE courier ADD COLUMN home_lon {float};
ALTER TABLE shift ADD COLUMN break_until {int};
ALTER TABLE orders ADD COLUMN needs TEXT NOT NULL DEFAULT '[]';
";

const DOWN: &str = "
ALTER TABLE orders DROP COLUMN needs;
ALTER TABLE shift DROP COLUMN break_until;
ALTER TABLE courier DROP COLUMN home_lon;
ALTER TABLE courier DROP COLUMN home_lat;
ALTER TABLE courier DROP COLUMN max_weight_g;
ALTER TABLE courier DROP COLUMN skills;
";

/// What couriers are fit for and orders need.
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
