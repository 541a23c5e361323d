//! Orders paid from a wallet: the hold, what became of it, and what was given back, found by the payment.

use crate::app::{App, Error};
use crate::store::{deliveries, ledger, payments};
use callahead_domain::id::{PaymentId, ShopId, TransferId, WalletId};
use callahead_domain::ledger::{AccountKind, Action, Code, Holder, Request, Transfer, Verdict};
use callahead_domain::money::Money;
use chrono::Duration;

/// A hold outlives the promise by this, in days; the payment's own end comes before.
const SPARE_DAYS: i64 = 7;

/// A hold, its post or void, and the transfers back.
pub type OrderMoney = (Transfer, Option<Transfer>, Vec<Transfer>);

impl App {
    /// Holds money of a wallet for a payment, until a week after the promise.
    ///
    /// # Errors
    /// [`Error::Missing`] without such a payment; when the database cannot be reached.
    pub async fn hold_for_order(
        &self,
        id: TransferId,
        payment: PaymentId,
        wallet: WalletId,
        amount: Money,
    ) -> Result<Verdict, Error> {
        let row = payments::by_id(self.db.read(), payment.uuid()).await?.ok_or(Error::Missing)?;
        let loaded = deliveries::by_id(self.db.read(), row.delivery_id).await?.ok_or(Error::Missing)?;
        let shop = Holder::new(AccountKind::ShopPayable, ShopId::from_uuid(row.shop_id), amount.currency());
        let action = Action::Hold {
            debit: super::holder(wallet.uuid(), amount.currency()).account(),
            credit: self.ledger.open(&shop).await?,
            amount,
            expires_at: Some(loaded.delivery.promised_by + Duration::days(SPARE_DAYS)),
        };
        self.ledger.carry_out(Request::new(id, Code::OrderHold, payment, action)).await
    }

    /// Takes a hold, or a part of it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn post_for_order(
        &self,
        id: TransferId,
        payment: PaymentId,
        hold: TransferId,
        amount: i64,
    ) -> Result<Verdict, Error> {
        let action = Action::Post { hold, amount: Some(amount) };
        self.ledger.carry_out(Request::new(id, Code::Capture, payment, action)).await
    }

    /// Gives a hold back.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn void_for_order(
        &self,
        id: TransferId,
        payment: PaymentId,
        hold: TransferId,
    ) -> Result<Verdict, Error> {
        self.ledger.carry_out(Request::new(id, Code::Release, payment, Action::Void { hold })).await
    }

    /// Gives back of what was taken for an order.
    ///
    /// # Errors
    /// [`Error::Missing`] without such a transfer; when the database cannot be reached.
    pub async fn refund_for_order(
        &self,
        id: TransferId,
        of: TransferId,
        amount: Money,
    ) -> Result<Verdict, Error> {
        let taken = ledger::transfer_by_id(self.db.read(), of).await?.ok_or(Error::Missing)?;
        self.ledger.carry_out(Request::refund(id, of, taken.credit, taken.debit, amount)).await
    }

    /// What the ledger has of a payment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn order_money(&self, payment: PaymentId) -> Result<Option<OrderMoney>, Error> {
        let conn = self.db.read();
        let found = ledger::about(conn, Code::OrderHold, &payment.to_string()).await?;
        let Some(hold) = found.into_iter().next() else { return Ok(None) };
        let resolved = ledger::resolution(conn, hold.id).await?;
        let refunds = match &resolved {
            Some(post) => ledger::about(conn, Code::Refund, &post.id.to_string()).await?,
            None => Vec::new(),
        };
        Ok(Some((hold, resolved, refunds)))
    }
}
