//! The facts about a delivery's money beside its present payment.

use super::state::Delivery;
use crate::id::{PaymentId, RefundId};
use crate::payment::PaymentKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What was done about a hold that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Its end.
    pub until: DateTime<Utc>,
    /// Renewing it was asked for; before that people were only warned.
    pub renewing: bool,
}

/// A hold that is to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Releasing {
    /// Of which payment.
    pub payment: PaymentId,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Money given back after it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Minor units of the payment's currency.
    pub amount_minor: i64,
    /// How far it is.
    pub stage: RefundStage,
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStage {
    /// Asked for; the provider is on it.
    Requested,
    /// The customer has it.
    Succeeded,
    /// It will not come.
    Failed,
}

impl Delivery {
    /// Whether the customer or the shop has to see to the payment before the courier comes, or to pay what is owed.
    pub fn wants_payment(&self) -> bool {
        match self.payment.kind() {
            PaymentKind::CaptureFailed | PaymentKind::Recovering => true,
            PaymentKind::Declined
            | PaymentKind::ActionRequired
            | PaymentKind::Released
            | PaymentKind::Expired => self.payment.owed().is_some() || !self.stage.kind().is_final(),
            PaymentKind::Authorised => self.ending.is_some() && !self.stage.kind().is_final(),
            _ => false,
        }
    }
}
