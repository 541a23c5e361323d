//! Hand-offs, payments, what became of them, and the commands sent to providers.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

const UP: &str = "
CREATE TABLE hand_off (
    id {uuid} NOT NULL PRIMARY KEY,
    delivery_id {uuid} NOT NULL REFERENCES delivery (id),
    status TEXT NOT NULL CHECK (status IN ('claimed', 'confirmed', 'rejected')),
    method TEXT NOT NULL,
    proof TEXT NOT NULL,
    at {int} NOT NULL,
    UNIQUE (id, status)
) {strict};
CREATE UNIQUE INDEX hand_off_delivery_id_key ON hand_off (delivery_id) WHERE status = 'confirmed';
CREATE INDEX hand_off_delivery ON hand_off (delivery_id);

CREATE TABLE payment (
    id {uuid} NOT NULL PRIMARY KEY,
    order_id {uuid} NOT NULL UNIQUE REFERENCES orders (id),
    delivery_id {uuid} NOT NULL REFERENCES delivery (id),
    shop_id {uuid} NOT NULL,
    authorized_minor {int} NOT NULL CHECK (authorized_minor >= 0),
    currency TEXT NOT NULL,
    provider TEXT NOT NULL,
    provider_ref TEXT,
    authorized_until {int},
    state TEXT NOT NULL,
    version {int} NOT NULL,
    updated_at {int} NOT NULL,
    UNIQUE (id, authorized_minor)
) {strict};
CREATE INDEX payment_delivery ON payment (delivery_id);
CREATE INDEX payment_provider_ref ON payment (provider, provider_ref) WHERE provider_ref IS NOT NULL;

-- The composite keys carry two facts into the row: the hand-off is confirmed (and cannot be un-confirmed while it is
-- referenced) and the authorised amount (which cannot be raised afterwards).
CREATE TABLE payment_resolution (
    payment_id {uuid} NOT NULL PRIMARY KEY,
    authorized_minor {int} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'void')),
    amount_minor {int} NOT NULL DEFAULT 0,
    hand_off_id {uuid} UNIQUE,
    hand_off_status TEXT CHECK (hand_off_status = 'confirmed'),
    void_reason TEXT,
    FOREIGN KEY (payment_id, authorized_minor) REFERENCES payment (id, authorized_minor),
    FOREIGN KEY (hand_off_id, hand_off_status) REFERENCES hand_off (id, status),
    CHECK ((kind = 'capture') = (hand_off_id IS NOT NULL AND hand_off_status IS NOT NULL)),
    CHECK ((kind = 'void') = (void_reason IS NOT NULL)),
    CHECK (kind = 'void' OR amount_minor > 0),
    CHECK (kind = 'capture' OR amount_minor = 0),
    CHECK (amount_minor <= authorized_minor)
) {strict};

CREATE TABLE provider_command (
    id {uuid} NOT NULL PRIMARY KEY,
    payment_id {uuid} NOT NULL REFERENCES payment (id),
    op TEXT NOT NULL CHECK (op IN ('capture', 'release', 'refund')),
    generation {small} NOT NULL,
    idem_key TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'unknown', 'done', 'refused', 'dead')),
    attempts {small} NOT NULL,
    first_sent_at {int},
    answer TEXT,
    updated_at {int} NOT NULL,
    UNIQUE (payment_id, op, generation)
) {strict};
CREATE INDEX provider_command_open ON provider_command (updated_at) WHERE state IN ('queued', 'sent', 'unknown');
";

/// Hand-offs, payments, what became of them, and the commands sent to providers.
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
        dialect::drop_tables(manager, &["provider_command", "payment_resolution", "payment", "hand_off"])
            .await
    }
}
