//! What another hold would be made of: for one that ends, and for money that is owed.

use super::{App, Error};
use crate::store::{deliveries, payments};
use callahead_domain::delivery::Delivery;
use callahead_domain::delivery::command::NewPayment;
use callahead_domain::id::{DeliveryId, PaymentId};
use callahead_domain::payment::PaymentKind;

/// Payments of one order after which no more are made by themselves.
const MOST_PAYMENTS: usize = 4;

/// Another hold from the same method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recharge {
    /// The payment to ask for.
    pub again: NewPayment,
    /// Whether the present hold lasts until the planned arrival.
    pub covers_the_plan: bool,
}

impl App {
    /// What a hold that ends would be renewed with; none when there is nothing to renew.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn renewal_due(&self, delivery: DeliveryId) -> Result<Option<Recharge>, Error> {
        let wanted = |state: &Delivery| {
            let live = !state.stage.kind().is_final() && state.renewal.is_none();
            live && state.payment.kind() == PaymentKind::Authorised && state.ending.is_some()
        };
        self.recharge(delivery, wanted).await
    }

    /// What money that is owed would be asked for with; none when nothing is owed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recovery_due(&self, delivery: DeliveryId) -> Result<Option<Recharge>, Error> {
        let owed = |state: &Delivery| {
            matches!(state.payment.kind(), PaymentKind::Recovering | PaymentKind::CaptureFailed)
        };
        self.recharge(delivery, owed).await
    }

    async fn recharge(
        &self,
        delivery: DeliveryId,
        wanted: impl Fn(&Delivery) -> bool,
    ) -> Result<Option<Recharge>, Error> {
        let conn = self.db.read();
        let Some(loaded) = deliveries::by_id(conn, delivery.uuid()).await? else { return Ok(None) };
        if !wanted(&loaded.delivery) {
            return Ok(None);
        }
        let all = payments::of_order(conn, loaded.row.order_id).await?;
        let present = loaded.delivery.payment.id.uuid();
        let Some(row) = all.iter().find(|row| row.id == present).filter(|_| all.len() < MOST_PAYMENTS) else {
            return Ok(None);
        };
        let plan = loaded.delivery.planned.map(|planned| planned.arrive_at);
        Ok(Some(Recharge {
            again: NewPayment {
                id: self.ids().make(PaymentId::from_parts),
                provider: row.provider.clone(),
                method: row.method.clone(),
                reference: None,
            },
            covers_the_plan: plan.is_some_and(|arrival| loaded.delivery.payment.covers(arrival)),
        }))
    }
}
