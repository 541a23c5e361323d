//! The ledger of this service as the books of the wallet provider.

use crate::app::{App, Error};
use crate::pay::Unavailable;
use crate::pay::wallet::{Ask, Books, Entered};
use callahead_domain::id::{PaymentId, TransferId};
use callahead_domain::ledger::Verdict;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The application's ledger.
#[derive(Debug, Clone)]
pub struct LedgerBooks(pub Arc<App>);

fn unavailable(error: Error) -> Unavailable {
    Unavailable { why: error.to_string() }
}

impl Books for LedgerBooks {
    fn ask(&self, id: TransferId, ask: Ask) -> BoxFuture<'_, Result<Verdict, Unavailable>> {
        Box::pin(async move {
            let verdict = match ask {
                Ask::Hold { payment, wallet, amount } => {
                    self.0.hold_for_order(id, payment, wallet, amount).await
                }
                Ask::Post { payment, hold, amount } => self.0.post_for_order(id, payment, hold, amount).await,
                Ask::Void { payment, hold } => self.0.void_for_order(id, payment, hold).await,
                Ask::Refund { of, amount } => self.0.refund_for_order(id, of, amount).await,
            };
            verdict.map_err(unavailable)
        })
    }

    fn entered(&self, payment: PaymentId) -> BoxFuture<'_, Result<Option<Entered>, Unavailable>> {
        Box::pin(async move {
            let found = self.0.order_money(payment).await.map_err(unavailable)?;
            Ok(found.map(|(hold, resolved, refunds)| Entered { hold, resolved, refunds }))
        })
    }
}
