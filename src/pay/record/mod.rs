//! For shops that settle elsewhere: a capture or release is marked and is done the moment it is asked for.
//!
//! The same record, outbox and job are used as for any other provider, so there is one path to keep right.

use futures_util::future::{BoxFuture, ready};

use super::{Caps, Frozen, Op, Outcome, PaymentProvider, PaymentRef, ShopTarget, Snapshot, Unavailable};

/// The provider that only keeps the record. It holds nothing, so asking it twice is asking it once.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordProvider;

/// The books after a command that always succeeds.
fn done(command: &Frozen) -> Outcome {
    let (captured_minor, released_minor) = match command.op {
        Op::Capture => (command.amount_minor, command.authorized_minor.saturating_sub(command.amount_minor)),
        Op::Release => (0, command.amount_minor),
    };
    Outcome::Done(Snapshot {
        reference: format!("record-{}", command.payment.id),
        authorized_minor: command.authorized_minor,
        captured_minor,
        released_minor,
        currency: command.currency,
    })
}

impl PaymentProvider for RecordProvider {
    fn name(&self) -> &'static str {
        "record"
    }

    fn caps(&self) -> Caps {
        Caps { retrieve: false, partial: true, key_ttl_s: u64::MAX }
    }

    fn capture<'a>(&'a self, _target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome> {
        Box::pin(ready(done(command)))
    }

    fn release<'a>(&'a self, _target: &'a ShopTarget, command: &'a Frozen) -> BoxFuture<'a, Outcome> {
        Box::pin(ready(done(command)))
    }

    fn retrieve<'a>(
        &'a self,
        _target: &'a ShopTarget,
        _payment: &'a PaymentRef,
    ) -> BoxFuture<'a, Result<Option<Snapshot>, Unavailable>> {
        Box::pin(ready(Err(Unavailable { why: "this provider keeps no books".to_owned() })))
    }
}
