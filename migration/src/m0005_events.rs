//! The event table: append only, and the database itself refuses anything else.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

/// `tx` is the writing transaction on PostgreSQL, so that a reader can stop before transactions still open; SQLite
/// has one writer and commits in order of position, so it is 0 there.
const UP: &str = "
CREATE TABLE event (
    position {serial},
    tx {int} NOT NULL DEFAULT {tx},
    id {uuid} NOT NULL UNIQUE,
    delivery_id {uuid} NOT NULL REFERENCES delivery (id),
    order_id {uuid} NOT NULL,
    shop_id {uuid} NOT NULL,
    seq {int} NOT NULL,
    kind TEXT NOT NULL,
    at {int} NOT NULL,
    recorded_at {int} NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL,
    prev_hash {blob} NOT NULL,
    hash {blob} NOT NULL,
    UNIQUE (delivery_id, seq)
) {strict};
CREATE INDEX event_feed ON event (tx, position);
CREATE INDEX event_shop_feed ON event (shop_id, tx, position);
";

const SQLITE_TRIGGERS: &str = "
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are append only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'events are append only'); END;
";

const POSTGRES_TRIGGERS: &str = "
CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'events are append only'; END $$;
CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event
FOR EACH ROW EXECUTE FUNCTION event_append_only();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION event_append_only();
";

/// The event table: append only, and the database itself refuses anything else.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if dialect::is_sqlite(manager) {
            dialect::run(manager, &UP.replace("{tx}", "0")).await?;
            dialect::run(manager, SQLITE_TRIGGERS).await
        } else {
            dialect::run(manager, &UP.replace("{tx}", "(pg_current_xact_id()::text::bigint)")).await?;
            dialect::run(manager, POSTGRES_TRIGGERS).await
        }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_tables(manager, &["event"]).await?;
        if dialect::is_sqlite(manager) {
            Ok(())
        } else {
            dialect::run(manager, "DROP FUNCTION event_append_only();").await
        }
    }
}
