//! The double-entry ledger: accounts with four counters each, transfers and entries that nobody changes, and the ids of
//! requests that were refused, which stay refused.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect;

/// The last unique index names the operations whose reference can be used once: a receipt, a card, a customer's code.
const UP: &str = "
CREATE TABLE ledger_account (
    id {uuid} NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('world', 'wallet', 'shop_payable', 'stall')),
    owner_ref TEXT NOT NULL,
    currency TEXT NOT NULL,
    floor {int},
    debits_posted {int} NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_posted {int} NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    debits_pending {int} NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    credits_pending {int} NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    version {int} NOT NULL DEFAULT 0,
    frozen_at {int},
    closed_at {int},
    created_at {int} NOT NULL,
    CHECK (floor IS NULL OR credits_posted - debits_posted - debits_pending >= floor)
) {strict};
CREATE UNIQUE INDEX ledger_account_owner_ref_kind_currency_key ON ledger_account (owner_ref, kind, currency);

CREATE TABLE ledger_transfer (
    id {uuid} NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('single', 'pending', 'post', 'void')),
    debit_account {uuid} NOT NULL REFERENCES ledger_account (id),
    credit_account {uuid} NOT NULL REFERENCES ledger_account (id),
    amount {int} NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    pending_id {uuid} REFERENCES ledger_transfer (id),
    expires_at {int},
    code TEXT NOT NULL,
    ref TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    created_at {int} NOT NULL,
    CHECK (debit_account <> credit_account),
    CHECK ((kind IN ('post', 'void')) = (pending_id IS NOT NULL)),
    CHECK (kind = 'post' OR amount > 0),
    CHECK (expires_at IS NULL OR kind = 'pending')
) {strict};
CREATE UNIQUE INDEX ledger_transfer_pending_id_key ON ledger_transfer (pending_id) WHERE pending_id IS NOT NULL;
CREATE UNIQUE INDEX ledger_transfer_code_ref_key ON ledger_transfer (code, ref)
    WHERE code IN ('top_up', 'card_top_up', 'code_payment');
CREATE INDEX ledger_transfer_expires ON ledger_transfer (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX ledger_transfer_ref ON ledger_transfer (ref, code);
CREATE INDEX ledger_transfer_debit ON ledger_transfer (debit_account, code, created_at);

CREATE TABLE ledger_entry (
    account_id {uuid} NOT NULL REFERENCES ledger_account (id),
    account_version {int} NOT NULL,
    transfer_id {uuid} NOT NULL REFERENCES ledger_transfer (id),
    layer TEXT NOT NULL CHECK (layer IN ('posted', 'pending')),
    amount {int} NOT NULL,
    posted_after {int} NOT NULL,
    held_after {int} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (account_id, account_version, layer)
) {strict};
CREATE INDEX ledger_entry_transfer ON ledger_entry (transfer_id);

CREATE TABLE ledger_refusal (
    id {uuid} NOT NULL PRIMARY KEY,
    request_hash TEXT NOT NULL,
    code TEXT NOT NULL,
    at {int} NOT NULL
) {strict};
";

/// Tables nobody changes, children first.
const IMMUTABLE: [&str; 3] = ["ledger_refusal", "ledger_entry", "ledger_transfer"];

const SQLITE_TRIGGERS: &str = "
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;
";

const POSTGRES_FUNCTION: &str = "
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append only'; END $$;
";

const POSTGRES_TRIGGERS: &str = "
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
";

/// The double-entry ledger.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await?;
        let triggers = match dialect::is_sqlite(manager) {
            true => SQLITE_TRIGGERS,
            false => {
                dialect::run(manager, POSTGRES_FUNCTION).await?;
                POSTGRES_TRIGGERS
            }
        };
        for table in IMMUTABLE {
            dialect::run(manager, &triggers.replace("{table}", table)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_tables(manager, &IMMUTABLE).await?;
        dialect::drop_tables(manager, &["ledger_account"]).await?;
        if dialect::is_sqlite(manager) {
            Ok(())
        } else {
            dialect::run(manager, "DROP FUNCTION ledger_append_only();").await
        }
    }
}
