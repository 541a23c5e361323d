//! Several payments for one order, what each is taken from, refunds, and what providers tell by themselves.
//!
//! On PostgreSQL columns and constraints are added in place. SQLite cannot change a constraint of a table, so the three
//! tables are copied, made anew and filled.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

/// SQLite: the tables as they are from now on.
const ANEW: &str = "
CREATE TABLE payment (
    id {uuid} NOT NULL PRIMARY KEY,
    order_id {uuid} NOT NULL REFERENCES orders (id),
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
    method TEXT,
    replaces {uuid},
    captured_minor {int} NOT NULL DEFAULT 0,
    refunded_minor {int} NOT NULL DEFAULT 0,
    UNIQUE (id, authorized_minor),
    CHECK (captured_minor BETWEEN 0 AND authorized_minor),
    CHECK (refunded_minor BETWEEN 0 AND captured_minor)
) {strict};
CREATE INDEX payment_delivery ON payment (delivery_id);
CREATE INDEX payment_order ON payment (order_id);
CREATE INDEX payment_provider_ref ON payment (provider, provider_ref) WHERE provider_ref IS NOT NULL;

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
    op TEXT NOT NULL CHECK (op IN ('authorise', 'capture', 'release', 'refund')),
    generation {small} NOT NULL,
    idem_key TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'unknown', 'done', 'refused', 'dead')),
    attempts {small} NOT NULL,
    first_sent_at {int},
    answer TEXT,
    updated_at {int} NOT NULL,
    refund_id {uuid}
) {strict};
CREATE INDEX provider_command_open ON provider_command (updated_at) WHERE state IN ('queued', 'sent', 'unknown');
";

const COPY: &str = "
CREATE TABLE payment_copy AS SELECT * FROM payment;
CREATE TABLE payment_resolution_copy AS SELECT * FROM payment_resolution;
CREATE TABLE provider_command_copy AS SELECT * FROM provider_command;
DROP TABLE provider_command;
DROP TABLE payment_resolution;
DROP TABLE payment;
";

const PAYMENT: &str =
    "id, order_id, delivery_id, shop_id, authorized_minor, currency, provider, provider_ref,
    authorized_until, state, version, updated_at";
const RESOLUTION: &str =
    "payment_id, authorized_minor, kind, amount_minor, hand_off_id, hand_off_status, void_reason";
const COMMAND: &str =
    "id, payment_id, op, generation, idem_key, body, state, attempts, first_sent_at, answer,
    updated_at";

/// SQLite: the rows come back.
fn fill() -> String {
    [("payment", PAYMENT), ("payment_resolution", RESOLUTION), ("provider_command", COMMAND)]
        .into_iter()
        .map(|(table, columns)| {
            format!(
                "INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}_copy;\nDROP TABLE {table}_copy;\n"
            )
        })
        .collect()
}

/// SQLite: the amounts of what was captured before.
const AMOUNTS_SQLITE: &str = "
UPDATE payment SET captured_minor = json_extract(state, '$.capture_minor')
    WHERE json_extract(state, '$.state') = 'captured';
";

/// PostgreSQL.
const IN_PLACE: &str = "
ALTER TABLE payment DROP CONSTRAINT payment_order_id_key;
CREATE INDEX payment_order ON payment (order_id);
ALTER TABLE payment
    ADD COLUMN method TEXT,
    ADD COLUMN replaces {uuid},
    ADD COLUMN captured_minor {int} NOT NULL DEFAULT 0,
    ADD COLUMN refunded_minor {int} NOT NULL DEFAULT 0;
UPDATE payment SET captured_minor = (state::json ->> 'capture_minor')::bigint
    WHERE state::json ->> 'state' = 'captured';
ALTER TABLE payment
    ADD CONSTRAINT payment_captured_check CHECK (captured_minor BETWEEN 0 AND authorized_minor),
    ADD CONSTRAINT payment_refunded_check CHECK (refunded_minor BETWEEN 0 AND captured_minor);
ALTER TABLE provider_command DROP CONSTRAINT provider_command_op_check;
ALTER TABLE provider_command
    ADD CONSTRAINT provider_command_op_check CHECK (op IN ('authorise', 'capture', 'release', 'refund'));
ALTER TABLE provider_command DROP CONSTRAINT provider_command_payment_id_op_generation_key;
ALTER TABLE provider_command ADD COLUMN refund_id {uuid};
";

/// Both.
const NEW: &str = "
CREATE UNIQUE INDEX provider_command_payment_id_op_generation_key
    ON provider_command (payment_id, op, generation) WHERE refund_id IS NULL;
CREATE UNIQUE INDEX provider_command_refund_id_generation_key
    ON provider_command (refund_id, generation) WHERE refund_id IS NOT NULL;

CREATE TABLE refund (
    id {uuid} NOT NULL PRIMARY KEY,
    payment_id {uuid} NOT NULL REFERENCES payment (id),
    order_id {uuid} NOT NULL REFERENCES orders (id),
    amount_minor {int} NOT NULL CHECK (amount_minor > 0),
    reason TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'sent', 'pending', 'succeeded', 'failed')),
    provider_ref TEXT,
    failure TEXT,
    created_at {int} NOT NULL,
    updated_at {int} NOT NULL
) {strict};
CREATE INDEX refund_payment ON refund (payment_id);
CREATE INDEX refund_order ON refund (order_id);

-- What a provider told by itself: kept as it came, once.
CREATE TABLE provider_event (
    provider TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT,
    raw {blob} NOT NULL,
    received_at {int} NOT NULL,
    PRIMARY KEY (provider, event_id)
) {strict};
CREATE INDEX provider_event_received ON provider_event (received_at);

-- What a provider's report says otherwise than our rows. Open until a person closes it.
CREATE TABLE payment_difference (
    id {uuid} NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ours_only', 'theirs_only', 'amount')),
    payment_id {uuid},
    ours_minor {int},
    theirs_minor {int},
    currency TEXT NOT NULL,
    found_at {int} NOT NULL,
    closed_at {int},
    closed_by TEXT,
    note TEXT,
    UNIQUE (provider, reference, kind)
) {strict};
CREATE INDEX payment_difference_open ON payment_difference (found_at) WHERE closed_at IS NULL;
";

const BACK_SQLITE: &str = "
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

/// What the older schema has no place for goes: orders keep their last payment.
const LESS: &str = "
DELETE FROM provider_command WHERE op = 'authorise' OR refund_id IS NOT NULL
    OR payment_id IN (SELECT replaces FROM payment WHERE replaces IS NOT NULL);
DELETE FROM payment_resolution WHERE payment_id IN (SELECT replaces FROM payment WHERE replaces IS NOT NULL);
DELETE FROM payment WHERE id IN (SELECT replaces FROM payment WHERE replaces IS NOT NULL);
";

const BACK_POSTGRES: &str = "
DROP INDEX provider_command_payment_id_op_generation_key;
DROP INDEX provider_command_refund_id_generation_key;
ALTER TABLE provider_command DROP COLUMN refund_id;
ALTER TABLE provider_command
    ADD CONSTRAINT provider_command_payment_id_op_generation_key UNIQUE (payment_id, op, generation);
ALTER TABLE provider_command DROP CONSTRAINT provider_command_op_check;
ALTER TABLE provider_command
    ADD CONSTRAINT provider_command_op_check CHECK (op IN ('capture', 'release', 'refund'));
ALTER TABLE payment DROP CONSTRAINT payment_refunded_check;
ALTER TABLE payment DROP CONSTRAINT payment_captured_check;
ALTER TABLE payment DROP COLUMN method, DROP COLUMN replaces, DROP COLUMN captured_minor, DROP COLUMN refunded_minor;
DROP INDEX payment_order;
ALTER TABLE payment ADD CONSTRAINT payment_order_id_key UNIQUE (order_id);
";

/// Several payments for one order, refunds, and what providers tell.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if dialect::is_sqlite(manager) {
            for script in [COPY, ANEW, &fill(), AMOUNTS_SQLITE] {
                dialect::run(manager, script).await?;
            }
        } else {
            dialect::run(manager, IN_PLACE).await?;
        }
        dialect::run(manager, NEW).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_tables(manager, &["payment_difference", "provider_event", "refund"]).await?;
        dialect::run(manager, LESS).await?;
        if dialect::is_sqlite(manager) {
            for script in [COPY, BACK_SQLITE, &fill()] {
                dialect::run(manager, script).await?;
            }
            return Ok(());
        }
        dialect::run(manager, BACK_POSTGRES).await
    }
}
