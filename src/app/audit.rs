//! Whether the database keeps its promises: every invariant of the workflow that can be read off it, checked from
//! outside, delivery by delivery.
//!
//! Each page is read as of one moment, so a running service may be audited. What is found wrong is told in words; an
//! empty list means that all is well.

use super::App;
use super::error::Error;
use crate::store::audit::{self as rows, Page};
use crate::store::deliveries::load;
use crate::store::events::{StreamHead, verify_stream};
use callahead_domain::delivery::alarm::wake_at;
use callahead_domain::delivery::fold::fold;
use callahead_domain::delivery::proof::{HandOff, HandOffStatus};
use callahead_domain::delivery::state::{RefundStage, Stage};
use callahead_domain::delivery::{Delivery, Event};
use callahead_domain::id::{DeliveryId, JobId};
use callahead_domain::payment::{PaymentKind, PaymentState, provider};
use chrono::Duration;
use entity::{delivery, event, payment};
use uuid::Uuid;

/// Deliveries looked at in one go.
const PAGE: u64 = 100;
/// More complaints than this say nothing new.
const MOST: usize = 1_000;

/// One delivery with its rows, and what is wrong with it.
struct Case<'a> {
    page: &'a Page,
    row: &'a delivery::Model,
    state: Delivery,
    events: Vec<Event>,
    found: Vec<String>,
}

impl App {
    /// Everything that is wrong in the database; empty when all is well.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn audit(&self) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut after = None;
        while found.len() < MOST {
            let page = rows::page(&self.db, after, PAGE).await?;
            let Some(last) = page.deliveries.last() else { break };
            after = Some(last.id);
            for row in &page.deliveries {
                found.extend(self.check(&page, row));
            }
        }
        for job in rows::orphaned_jobs(self.db.read()).await? {
            found.push(format!("{}: a job without a delivery", JobId::from_uuid(job)));
        }
        Ok(found)
    }

    fn check(&self, page: &Page, row: &delivery::Model) -> Vec<String> {
        let id = DeliveryId::from_uuid(row.id);
        let name = |problem: String| format!("{id}: {problem}");
        let state = match load(row.clone()) {
            Ok(loaded) => loaded.delivery,
            Err(error) => return vec![name(error.to_string())],
        };
        let stream: Vec<event::Model> =
            page.events.iter().filter(|event| event.delivery_id == row.id).cloned().collect();
        let mut case = Case { page, row, state, events: Vec::new(), found: Vec::new() };
        case.check_stream(&stream);
        case.check_columns();
        case.check_money();
        case.check_hand_off();
        case.check_commands();
        case.check_jobs();
        let policy = self.book.get().policy(case.state.region.map(|pin| pin.region), case.state.shop);
        if row.wake_at.is_none() && wake_at(&case.state, &policy).is_some() {
            case.complain("something is due by itself and no alarm is set");
        }
        case.check_not_stuck();
        case.found.into_iter().map(name).collect()
    }
}

impl Case<'_> {
    fn complain(&mut self, problem: impl Into<String>) {
        self.found.push(problem.into());
    }

    /// The chain is whole and the state is what its events say.
    fn check_stream(&mut self, stream: &[event::Model]) {
        let head = StreamHead { seq: self.row.seq, hash: self.row.head_hash.clone() };
        if let Err(seq) = verify_stream(stream, &head) {
            self.complain(format!("the chain of events breaks at {seq}"));
        }
        for row in stream {
            match serde_json::from_str::<Event>(&row.data) {
                Ok(event) if event.kind() == row.kind => self.events.push(event),
                Ok(event) => self.complain(format!(
                    "event {} says {} and is filed as {}",
                    row.seq,
                    event.kind(),
                    row.kind
                )),
                Err(error) => self.complain(format!("event {} cannot be read: {error}", row.seq)),
            }
        }
        match fold(&self.events) {
            Ok(folded) if folded == self.state => {}
            Ok(_) => self.complain("the state is not the fold of its events"),
            Err(error) => self.complain(error.to_string()),
        }
    }

    fn check_columns(&mut self) {
        let state = &self.state;
        let told = (self.row.stage.as_str(), self.row.gate.as_str(), self.row.courier_id, self.row.region_id);
        let is = (
            state.stage.kind().name(),
            state.gate.kind().name(),
            state.stage.courier().map(|courier| courier.uuid()),
            state.region.map(|pin| pin.region.uuid()),
        );
        if told != is {
            self.complain("the columns disagree with the state");
        }
    }

    fn payment(&self) -> Option<&payment::Model> {
        self.page.payments.iter().find(|payment| payment.id == self.state.payment.id.uuid())
    }

    /// The payment's row, its resolution and the state say the same; nothing above the authorised amount.
    fn check_money(&mut self) {
        let Some(payment) = self.payment().cloned() else {
            return self.complain("the payment's row is missing");
        };
        match serde_json::from_str::<PaymentState>(&payment.state) {
            Ok(state) if state == self.state.payment.state => {}
            _ => self.complain("the payment's row disagrees with the state"),
        }
        let amount = match &self.state.payment.state {
            PaymentState::CaptureDue { amount_minor, .. }
            | PaymentState::CaptureUnknown { amount_minor, .. }
            | PaymentState::Captured { amount_minor, .. }
            | PaymentState::CaptureFailed { amount_minor, .. } => Some(*amount_minor),
            _ => None,
        };
        if amount.is_some_and(|amount| amount > payment.authorized_minor) {
            self.complain("more is captured than was authorised");
        }
        let resolution = self.page.resolutions.iter().find(|row| row.payment_id == payment.id);
        let told = resolution.map(|row| (row.kind.as_str(), row.amount_minor, row.hand_off_id));
        let wanted = match &self.state.payment.state {
            PaymentState::CaptureDue { hand_off, amount_minor, .. }
            | PaymentState::CaptureUnknown { hand_off, amount_minor, .. }
            | PaymentState::Captured { hand_off, amount_minor, .. }
            | PaymentState::CaptureFailed { hand_off, amount_minor, .. } => {
                Some(("capture", *amount_minor, Some(hand_off.uuid())))
            }
            PaymentState::ReleaseDue { .. } | PaymentState::Released { .. } => Some(("void", 0, None)),
            PaymentState::Authorised { .. }
            | PaymentState::Expired { .. }
            | PaymentState::Authorising { .. }
            | PaymentState::ActionRequired { .. }
            | PaymentState::Declined { .. } => None,
            // Owed: given back before, or taken back by the provider after.
            PaymentState::Recovering { .. } | PaymentState::Uncollectable { .. } => told,
        };
        if told != wanted {
            self.complain(format!(
                "the payment is {} and its resolution {told:?}",
                self.state.payment.kind().name()
            ));
        }
    }

    /// The hand-off that was confirmed for good: of the whole, or of the parcels taken before the rest went back.
    fn confirmed(&self) -> Option<&HandOff> {
        let whole = match &self.state.stage {
            Stage::HandedOver { hand_off, .. } => Some(hand_off),
            Stage::Returned { .. } | Stage::Lost { .. } => self.state.partial.as_ref(),
            _ => None,
        };
        whole.filter(|hand_off| matches!(hand_off.status, HandOffStatus::Confirmed { .. }))
    }

    /// No capture without a confirmed hand-off, no confirmed hand-off without a capture.
    fn check_hand_off(&mut self) {
        let kind = self.state.payment.kind();
        let captures = matches!(
            kind,
            PaymentKind::CaptureDue
                | PaymentKind::CaptureUnknown
                | PaymentKind::Captured
                | PaymentKind::CaptureFailed
                | PaymentKind::Recovering
                | PaymentKind::Uncollectable
        ) || self.state.payment.owed().is_some();
        let confirmed = self.confirmed().map(|hand_off| hand_off.id.uuid());
        if confirmed.is_some() && !captures {
            self.complain(format!("handed over and confirmed, but the payment is {}", kind.name()));
        }
        if captures && confirmed.is_none() {
            self.complain(format!("the payment is {} without a confirmed hand-off", kind.name()));
        }
        let filed = |id: Uuid| {
            self.page
                .hand_offs
                .iter()
                .any(|row| row.id == id && row.status == "confirmed" && row.delivery_id == self.row.id)
        };
        if confirmed.is_some_and(|id| !filed(id)) {
            self.complain("the confirmed hand-off is not on file");
        }
    }

    /// At most one effect at the provider, and the one that the payment claims.
    fn check_commands(&mut self) {
        let payment = self.state.payment.id.uuid();
        let done = |op: &str| {
            let commands = self.page.commands.iter();
            commands.filter(|row| row.payment_id == payment && row.op == op && row.state == "done").count()
        };
        let (captures, releases) = (done("capture"), done("release"));
        if captures + releases > 1 {
            self.complain(format!("{captures} captures and {releases} releases took effect"));
        }
        let kind = self.state.payment.kind();
        let revoked = matches!(kind, PaymentKind::Recovering | PaymentKind::Uncollectable);
        if (kind == PaymentKind::Captured) != (captures == 1) && !(captures == 1 && revoked) {
            self.complain(format!("the payment is {} and {captures} captures are done", kind.name()));
        }
        // A hold that never came about is given back without a word to the provider.
        let started = self.payment().is_some_and(|row| provider::starts_authorised(&row.provider));
        let empty = kind == PaymentKind::Released && releases == 0 && !started && done("authorise") == 0;
        if (kind == PaymentKind::Released) != (releases == 1) && !(releases == 1 && revoked) && !empty {
            self.complain(format!("the payment is {} and {releases} releases are done", kind.name()));
        }
    }

    /// Money that is due has its job, waiting or parked where a person sees it.
    fn check_jobs(&mut self) {
        let has = |kind: &str| {
            self.page.jobs.iter().any(|job| job.delivery_id == Some(self.row.id) && job.kind == kind)
        };
        let lost = match self.state.payment.kind() {
            PaymentKind::CaptureDue | PaymentKind::CaptureUnknown => !has("capture_payment"),
            PaymentKind::ReleaseDue => !has("release_payment"),
            PaymentKind::Authorising => !has("authorise_payment"),
            _ => false,
        };
        let lost = lost
            || (!self.state.releasing.is_empty() && !has("release_payment"))
            || (self.state.renewal.is_some() && !has("authorise_payment"))
            || (self.state.refunds.iter().any(|refund| refund.stage == RefundStage::Requested)
                && !has("refund_payment"));
        if lost {
            self.complain(format!("the payment is {} and no job is there", self.state.payment.kind().name()));
        }
    }

    /// What cannot move by itself is shown to a person, at the latest when the promise is broken.
    fn check_not_stuck(&mut self) {
        if self.state.stage.kind().is_final() || self.row.wake_at.is_some() {
            return;
        }
        let limit = self.state.promised_by + Duration::hours(5);
        let shown = self.row.attention_at.is_some_and(|at| at <= limit.timestamp_micros());
        if !shown {
            self.complain("it cannot move by itself and nobody is told");
        }
    }
}
