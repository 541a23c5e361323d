//! Statements: an account's entries, newest first, a line for each transfer.

use crate::app::view::MoneyView;
use crate::app::{App, Error};
use crate::store::deliveries::instant;
use crate::store::wallets::{self as rows, Line};
use callahead_domain::id::{AccountId, TransferId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One transfer, as one account saw it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatementLine {
    /// Which line of the account, from 1 up without a gap.
    pub number: i64,
    /// `trf_…`
    pub transfer_id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// `single`, `pending`, `post` or `void`.
    pub kind: String,
    /// `top_up`, `card_top_up`, `order_hold`, `capture`, `release`, `expire`, `refund`, `transfer`, `stall_payment`,
    /// `code_payment` or `payout`.
    pub operation: String,
    /// What it is about.
    pub reference: String,
    /// What came (above zero) or left (below zero).
    pub amount: MoneyView,
    /// How much more (above zero) or less is held since.
    pub hold_change: MoneyView,
    /// The balance after it.
    pub balance_after: MoneyView,
    /// What is held after it.
    pub held_after: MoneyView,
}

impl StatementLine {
    fn of(line: Line) -> StatementLine {
        let money = |amount: i64| MoneyView { amount, currency: line.transfer.currency.clone() };
        let sum = |layer: &str| {
            line.entries.iter().filter(|entry| entry.layer == layer).map(|entry| entry.amount).sum::<i64>()
        };
        let last = line.entries.first();
        StatementLine {
            number: line.version,
            transfer_id: TransferId::from_uuid(line.transfer.id).to_string(),
            at: instant(line.transfer.created_at),
            kind: line.transfer.kind.clone(),
            operation: line.transfer.code.clone(),
            reference: line.transfer.reference.clone(),
            amount: money(sum("posted")),
            hold_change: money(-sum("pending")),
            balance_after: money(last.map_or(0, |entry| entry.posted_after)),
            held_after: money(last.map_or(0, |entry| -entry.held_after)),
        }
    }
}

impl App {
    /// Lines of an account's statement, newest first, after the one a cursor names (its number as the cursor's bits).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn statement(
        &self,
        account: AccountId,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Uuid, StatementLine)>, Error> {
        let before = after.map(|cursor| i64::try_from(cursor.as_u128()).unwrap_or(0));
        let lines = rows::statement(self.db.read(), account.uuid(), before, limit).await?;
        let cursor = |line: &Line| Uuid::from_u128(u128::try_from(line.version).unwrap_or(0));
        Ok(lines.into_iter().map(|line| (cursor(&line), StatementLine::of(line))).collect())
    }
}
