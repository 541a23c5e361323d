//! The ledger's invariants as questions to the database. Each counts what breaks it; zero is well.
//!
//! They look at everything at once, so they belong into one snapshot: [`check`] takes a transaction of its own.

use callahead_domain::id::TransferId;
use sea_orm::{ConnectionTrait, IsolationLevel, QueryResult, Statement, TransactionTrait};

use super::StoreError;
use super::db::{Db, DbKind};
use super::ledger;

/// One invariant and how often it is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `I1` to `I12`, and `R1` for refunds.
    pub name: &'static str,
    /// What must hold.
    pub rule: &'static str,
    /// How many rows break it.
    pub broken: i64,
}

/// Open holds: neither posted nor voided.
const OPEN: &str = "(SELECT * FROM ledger_transfer h WHERE h.kind = 'pending' AND NOT EXISTS \
                    (SELECT 1 FROM ledger_transfer r WHERE r.pending_id = h.id))";

/// Name, rule, and a query that gives one number.
const QUERIES: [(&str, &str, &str); 12] = [
    (
        "I1",
        "debits equal credits, posted and pending, in each currency",
        "SELECT COUNT(*) FROM (SELECT currency FROM ledger_account GROUP BY currency \
         HAVING SUM(debits_posted) <> SUM(credits_posted) OR SUM(debits_pending) <> SUM(credits_pending)) x",
    ),
    (
        "I2",
        "entries of a layer add up to zero in each currency",
        "SELECT COUNT(*) FROM (SELECT e.layer FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id \
         GROUP BY a.currency, e.layer HAVING SUM(e.amount) <> 0) x",
    ),
    (
        "I3",
        "entries of a transfer add up to zero in each layer, and every transfer has entries on both sides",
        "SELECT (SELECT COUNT(*) FROM (SELECT transfer_id FROM ledger_entry GROUP BY transfer_id, layer \
         HAVING SUM(amount) <> 0 OR COUNT(*) <> 2) x) + (SELECT COUNT(*) FROM ledger_transfer t WHERE NOT EXISTS \
         (SELECT 1 FROM ledger_entry e WHERE e.transfer_id = t.id))",
    ),
    (
        "I4",
        "what is available never falls below an account's floor",
        "SELECT COUNT(*) FROM ledger_account WHERE floor IS NOT NULL \
         AND credits_posted - debits_posted - debits_pending < floor",
    ),
    (
        "I5",
        "what an account took, gave and holds are the sums of its entries",
        "SELECT COUNT(*) FROM ledger_account a LEFT JOIN (SELECT account_id, \
         SUM(CASE WHEN layer = 'posted' AND amount > 0 THEN amount ELSE 0 END) AS came, \
         SUM(CASE WHEN layer = 'posted' AND amount < 0 THEN -amount ELSE 0 END) AS went, \
         SUM(CASE WHEN layer = 'pending' THEN amount ELSE 0 END) AS held \
         FROM ledger_entry GROUP BY account_id) e ON e.account_id = a.id \
         WHERE a.credits_posted <> COALESCE(e.came, 0) OR a.debits_posted <> COALESCE(e.went, 0) \
         OR a.credits_pending - a.debits_pending <> COALESCE(e.held, 0)",
    ),
    (
        "I6",
        "what is pending on an account is the sum of its open holds",
        "SELECT COUNT(*) FROM ledger_account a \
         LEFT JOIN (SELECT debit_account AS id, SUM(amount) AS held FROM {open} o GROUP BY debit_account) d ON d.id = a.id \
         LEFT JOIN (SELECT credit_account AS id, SUM(amount) AS held FROM {open} o GROUP BY credit_account) c ON c.id = a.id \
         WHERE a.debits_pending <> COALESCE(d.held, 0) OR a.credits_pending <> COALESCE(c.held, 0)",
    ),
    (
        "I7",
        "a hold is posted or voided at most once",
        "SELECT COUNT(*) FROM (SELECT pending_id FROM ledger_transfer WHERE pending_id IS NOT NULL \
         GROUP BY pending_id HAVING COUNT(*) > 1) x",
    ),
    (
        "I8",
        "a post takes at most its hold, between the same accounts, in the same currency",
        "SELECT COUNT(*) FROM ledger_transfer r JOIN ledger_transfer h ON h.id = r.pending_id \
         WHERE h.kind <> 'pending' OR r.amount > h.amount OR r.debit_account <> h.debit_account \
         OR r.credit_account <> h.credit_account OR r.currency <> h.currency",
    ),
    (
        "I9",
        "an account's version is that of its newest entry, and none is left out",
        "SELECT COUNT(*) FROM ledger_account a WHERE version <> \
         (SELECT COALESCE(MAX(account_version), 0) FROM ledger_entry e WHERE e.account_id = a.id) OR version <> \
         (SELECT COUNT(DISTINCT account_version) FROM ledger_entry e WHERE e.account_id = a.id)",
    ),
    (
        "I10",
        "each entry's running balances continue those of the entry before",
        "SELECT COUNT(*) FROM (SELECT account_id, account_version, MIN(posted_after) AS posted, \
         MIN(held_after) AS held, \
         COALESCE(LAG(MIN(posted_after)) OVER (PARTITION BY account_id ORDER BY account_version), 0) \
         + SUM(CASE WHEN layer = 'posted' THEN amount ELSE 0 END) AS posted_due, \
         COALESCE(LAG(MIN(held_after)) OVER (PARTITION BY account_id ORDER BY account_version), 0) \
         + SUM(CASE WHEN layer = 'pending' THEN amount ELSE 0 END) AS held_due, \
         MAX(posted_after) AS posted_too, MAX(held_after) AS held_too \
         FROM ledger_entry GROUP BY account_id, account_version) x \
         WHERE posted <> posted_due OR held <> held_due OR posted <> posted_too OR held <> held_too",
    ),
    (
        "I11",
        "a refused request was never carried out",
        "SELECT COUNT(*) FROM ledger_refusal f JOIN ledger_transfer t ON t.id = f.id",
    ),
    ("I12", "the database refuses to change what is written (its triggers are in place)", "{triggers}"),
];

const SQLITE_TRIGGERS: &str = "SELECT 6 - COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND name IN \
    ('ledger_transfer_no_update', 'ledger_transfer_no_delete', 'ledger_entry_no_update', 'ledger_entry_no_delete', \
    'ledger_refusal_no_update', 'ledger_refusal_no_delete')";
const POSTGRES_TRIGGERS: &str = "SELECT 6 - COUNT(*) FROM pg_trigger WHERE tgenabled = 'O' AND NOT tgisinternal \
    AND tgrelid IN ('ledger_transfer'::regclass, 'ledger_entry'::regclass, 'ledger_refusal'::regclass)";

/// Asks them all, in one snapshot of the database.
pub async fn check(db: &Db) -> Result<Vec<Finding>, StoreError> {
    let level = (db.kind() == DbKind::Postgres).then_some(IsolationLevel::RepeatableRead);
    let snapshot = db.read().begin_with_config(level, None).await?;
    if db.kind() == DbKind::Postgres {
        // A large ledger takes longer to add up than a request may take.
        snapshot.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    }
    let triggers = match db.kind() {
        DbKind::Sqlite => SQLITE_TRIGGERS,
        DbKind::Postgres => POSTGRES_TRIGGERS,
    };
    let mut findings = Vec::with_capacity(QUERIES.len().saturating_add(1));
    for (name, rule, query) in QUERIES {
        let sql = query.replace("{open}", OPEN).replace("{triggers}", triggers);
        let row = snapshot.query_one_raw(Statement::from_string(db.kind().backend(), sql)).await?;
        let broken = row.ok_or(StoreError::Missing)?.try_get_by_index(0)?;
        findings.push(Finding { name, rule, broken });
    }
    let broken = refunds_beyond(&snapshot).await?;
    findings.push(Finding {
        name: "R1",
        rule: "what was given back of a transfer is at most what it took",
        broken,
    });
    snapshot.rollback().await?;
    Ok(findings)
}

/// Transfers of which more was given back than they took.
async fn refunds_beyond(conn: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let sql =
        "SELECT ref, CAST(SUM(amount) AS BIGINT) FROM ledger_transfer WHERE code = 'refund' GROUP BY ref";
    let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    let read = |row: &QueryResult| -> Result<(String, i64), StoreError> {
        Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
    };
    let mut broken = 0;
    for row in &rows {
        let (reference, back) = read(row)?;
        let of = match reference.parse::<TransferId>() {
            Ok(id) => ledger::transfer_by_id(conn, id).await?,
            Err(_) => None,
        };
        if of.is_none_or(|of| of.amount < back) {
            broken += 1;
        }
    }
    Ok(broken)
}
