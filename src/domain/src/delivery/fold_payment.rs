//! What events do to the money.

use super::event::Event;
use super::state::{Delivery, Ending, Refund, RefundStage, Releasing};
use crate::id::PaymentId;
use crate::payment::{Owed, PaymentState as P, provider};
use chrono::{DateTime, Utc};

impl Delivery {
    pub(super) fn evolve_payment(&mut self, event: &Event) -> bool {
        if self.evolve_renewal(event) || self.evolve_refunds(event) {
            return true;
        }
        let Some(next) = self.next_payment(event) else { return false };
        self.payment.state = next;
        true
    }

    fn next_payment(&mut self, event: &Event) -> Option<P> {
        Some(match event {
            Event::Authorised { until, .. } | Event::PaymentRenewed { until } => self.held(*until),
            Event::ActionRequired { url, at, .. } => {
                P::ActionRequired { since: *at, url: url.clone(), owed: self.payment.owed() }
            }
            Event::Declined { code, at } => match self.payment.owed() {
                Some(owed) => recovering(owed, code, *at),
                None => P::Declined { code: code.clone(), at: *at },
            },
            Event::Replaced { payment, provider, amount_minor, at, .. } => {
                let owed = self.payment.owed();
                self.payment.id = *payment;
                self.payment.amount_minor = *amount_minor;
                self.payment.by = provider::pay_by(provider);
                self.authorised_until = None;
                P::Authorising { since: *at, owed }
            }
            Event::CaptureRequested { hand_off, amount_minor, at } => {
                P::CaptureDue { hand_off: *hand_off, amount_minor: *amount_minor, since: *at }
            }
            Event::CaptureUnknown { .. } | Event::Captured { .. } | Event::CaptureFailed { .. } => {
                return self.capture_came(event);
            }
            Event::ReleaseRequested { at, .. } => P::ReleaseDue { since: *at },
            Event::PaymentReleased { at, payment } => return self.released(*payment, *at),
            Event::PaymentExpired { at } => P::Expired { at: *at },
            Event::PaymentOwed { hand_off, amount_minor, code, at } => {
                self.now_owed(Owed { hand_off: *hand_off, amount_minor: *amount_minor }, code, *at)
            }
            Event::HoldGivenUp { payment, at } => {
                self.releasing.push(Releasing { payment: *payment, since: *at });
                recovering(self.payment.owed()?, "authorisation_unknown", *at)
            }
            Event::WrittenOff { reason, at, .. } => {
                let Owed { hand_off, amount_minor } = self.payment.owed()?;
                P::Uncollectable { hand_off, amount_minor, reason: reason.clone(), at: *at }
            }
            _ => return None,
        })
    }

    fn held(&mut self, until: Option<DateTime<Utc>>) -> P {
        self.authorised_until = until;
        self.ending = None;
        P::Authorised { until }
    }

    fn capture_came(&self, event: &Event) -> Option<P> {
        let (P::CaptureDue { hand_off, amount_minor, .. } | P::CaptureUnknown { hand_off, amount_minor, .. }) =
            &self.payment.state
        else {
            return None;
        };
        let (hand_off, amount_minor) = (*hand_off, *amount_minor);
        Some(match event {
            Event::CaptureUnknown { at, .. } => P::CaptureUnknown { hand_off, amount_minor, since: *at },
            Event::Captured { amount_minor, reference, at } => {
                P::Captured { hand_off, amount_minor: *amount_minor, at: *at, reference: reference.clone() }
            }
            Event::CaptureFailed { code, at } => {
                P::CaptureFailed { hand_off, amount_minor, code: code.clone(), since: *at }
            }
            _ => return None,
        })
    }

    fn now_owed(&mut self, wanted: Owed, code: &str, at: DateTime<Utc>) -> P {
        match &self.payment.state {
            P::Authorising { since, .. } => P::Authorising { since: *since, owed: Some(wanted) },
            P::ActionRequired { since, url, .. } => {
                P::ActionRequired { since: *since, url: url.clone(), owed: Some(wanted) }
            }
            P::ReleaseDue { since } => {
                let since = *since;
                self.releasing.push(Releasing { payment: self.payment.id, since });
                recovering(wanted, code, at)
            }
            _ => recovering(wanted, code, at),
        }
    }

    fn released(&mut self, payment: Option<PaymentId>, at: DateTime<Utc>) -> Option<P> {
        let payment = payment.unwrap_or(self.payment.id);
        self.releasing.retain(|hold| hold.payment != payment);
        match self.payment.state {
            P::ReleaseDue { .. } if payment == self.payment.id => Some(P::Released { at }),
            _ => Some(self.payment.state.clone()),
        }
    }

    fn evolve_renewal(&mut self, event: &Event) -> bool {
        match event {
            Event::PaymentEnding { until, .. } => {
                self.ending = Some(Ending { until: *until, renewing: false })
            }
            Event::RenewalDue { until, .. } => self.ending = Some(Ending { until: *until, renewing: true }),
            Event::RenewalStarted { payment, .. } => self.renewal = Some(*payment),
            Event::RenewalFailed { .. } => self.renewal = None,
            Event::HoldUnused { payment, at, .. } => {
                self.renewal = self.renewal.filter(|renewal| renewal != payment);
                self.releasing.push(Releasing { payment: *payment, since: *at });
            }
            Event::RenewalHeld { payment, before, until, at, .. } => {
                self.renewal = None;
                self.releasing.push(Releasing { payment: *before, since: *at });
                self.payment.id = *payment;
                self.payment.state = self.held(*until);
            }
            _ => return false,
        }
        true
    }

    fn evolve_refunds(&mut self, event: &Event) -> bool {
        let (refund, stage) = match event {
            Event::RefundRequested { refund, amount_minor, .. } => {
                let (id, amount_minor) = (*refund, *amount_minor);
                self.refunds.push(Refund { id, amount_minor, stage: RefundStage::Requested });
                return true;
            }
            Event::Refunded { refund, .. } => (*refund, RefundStage::Succeeded),
            Event::RefundFailed { refund, .. } => (*refund, RefundStage::Failed),
            _ => return false,
        };
        self.refunds.iter_mut().filter(|known| known.id == refund).for_each(|known| known.stage = stage);
        true
    }

    /// A hand-off was taken back: nothing is wanted for it any more.
    pub(super) fn unwant(&mut self, at: DateTime<Utc>) {
        let present = self.payment.id;
        let giving_back = self.releasing.iter().find(|hold| hold.payment == present).copied();
        match &mut self.payment.state {
            P::CaptureDue { .. } => self.payment.state = P::Authorised { until: self.authorised_until },
            P::Authorising { owed, .. } | P::ActionRequired { owed, .. } => *owed = None,
            P::Recovering { code, .. } if code == DECLINED => {
                self.payment.state = P::Declined { code: DECLINED.to_owned(), at };
            }
            P::Recovering { .. } => {
                self.releasing.retain(|hold| hold.payment != present);
                self.payment.state = match giving_back {
                    Some(hold) => P::ReleaseDue { since: hold.since },
                    None => P::Released { at },
                };
            }
            _ => {}
        }
    }
}

/// Owed because the provider had refused to hold the money.
pub(crate) const DECLINED: &str = "declined";

fn recovering(owed: Owed, code: &str, since: DateTime<Utc>) -> P {
    let Owed { hand_off, amount_minor } = owed;
    P::Recovering { hand_off, amount_minor, code: code.to_owned(), since }
}
