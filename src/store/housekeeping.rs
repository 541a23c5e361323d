//! Forgetting what nobody needs any more, a handful of rows at a time so that no writer waits for long.

use sea_orm::{Statement, Value};

use super::StoreError;
use super::tx::Tx;

/// Rows deleted at most in one transaction and table.
pub const AT_ONCE: u64 = 1_000;

/// Before which instants (microseconds since the epoch) what is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Remembered answers and positions.
    pub long_ago: i64,
    /// Invites and sign-in codes.
    pub recently: i64,
    /// Visits that are counted.
    pub visits: i64,
    /// Finished legs.
    pub legs: i64,
}

/// Deletes one handful of each; answers the most rows deleted from one table, so that the caller knows whether to come
/// again.
pub async fn forget(tx: &Tx, before: Before) -> Result<u64, StoreError> {
    let answers = format!(
        "DELETE FROM idempotency WHERE (scope, key) IN \
         (SELECT scope, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT {AT_ONCE})"
    );
    // The oldest rows have the lowest ids, so nothing is searched for.
    let positions = format!(
        "DELETE FROM position WHERE id IN (SELECT id FROM position ORDER BY id LIMIT {AT_ONCE}) AND received_at < $1"
    );
    let invites = format!(
        "DELETE FROM invite WHERE id IN \
         (SELECT id FROM invite WHERE expires_at < $1 OR used_at < $1 LIMIT {AT_ONCE})"
    );
    let codes = format!(
        "DELETE FROM sign_in_code WHERE id IN (SELECT id FROM sign_in_code WHERE created_at < $1 LIMIT {AT_ONCE})"
    );
    let visits = format!(
        "DELETE FROM visit WHERE id IN (SELECT id FROM visit WHERE at < $1 ORDER BY at LIMIT {AT_ONCE})"
    );
    let legs = format!(
        "DELETE FROM leg WHERE (delivery_id, set_off_at) IN \
         (SELECT delivery_id, set_off_at FROM leg WHERE set_off_at < $1 ORDER BY set_off_at LIMIT {AT_ONCE})"
    );
    let mut most = 0;
    for (sql, limit) in [
        (answers, before.long_ago),
        (positions, before.long_ago),
        (invites, before.recently),
        (codes, before.recently),
        (visits, before.visits),
        (legs, before.legs),
    ] {
        let statement = Statement::from_sql_and_values(tx.kind().backend(), sql, [Value::from(limit)]);
        most = most.max(tx.execute(statement).await?);
    }
    Ok(most)
}
