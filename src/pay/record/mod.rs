//! For shops that settle elsewhere: a command is marked and is done the moment it is asked for.
//!
//! The same record, outbox and job are used as for any other provider, so there is one path to keep right.

use futures_util::future::{BoxFuture, ready};

use super::{Caps, Frozen, Outcome, PaymentProvider, PaymentRef, ShopTarget, Snapshot, Unavailable};

/// The provider that only keeps the record. It holds nothing, so asking it twice is asking it once.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordProvider;

impl PaymentProvider for RecordProvider {
    fn name(&self) -> &'static str {
        "record"
    }

    fn caps(&self) -> Caps {
        Caps { retrieve: false, partial: true, recharge: false, key_ttl_s: u64::MAX }
    }

    fn send<'a>(&'a self, _target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome> {
        let reference = format!("record-{}", command.payment.id);
        Box::pin(ready(Outcome::Done(Snapshot::after(command, reference))))
    }

    fn retrieve<'a>(
        &'a self,
        _target: &'a ShopTarget,
        _payment: &'a PaymentRef,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Unavailable>> {
        Box::pin(ready(Err(Unavailable { why: "this provider keeps no books".to_owned() })))
    }
}
