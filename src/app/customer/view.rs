//! A delivery as its customer's own program sees it.

use super::Visit;
use crate::app::scan::hex;
use crate::app::view::{MoneyView, WindowView, window_view};
use callahead_domain::call_ahead::answer::Receiver;
use callahead_domain::contact::Language;
use callahead_domain::delivery::CommandKind;
use callahead_domain::delivery::proof::{HandOffStatus, ProofMethod};
use callahead_domain::delivery::state::Stage;
use callahead_domain::qr::{Repair, inline, svg};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The shop.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkShop {
    /// Its name.
    pub name: String,
    /// Its telephone.
    pub phone: Option<String>,
}

/// Who comes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkCourier {
    /// First name.
    pub first_name: String,
}

/// The customer's money.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkPayment {
    /// held, waiting, taken, given_back, owed.
    pub shown: String,
    /// Authorised for the order.
    pub total: MoneyView,
}

/// Who takes it instead of the customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkReceiver {
    /// Name.
    pub name: String,
    /// Telephone, E.164.
    pub phone: Option<String>,
}

/// A chain of changing codes: whoever holds the seed can show every code of the day.
#[derive(Clone, Serialize, ToSchema)]
pub struct LinkChain {
    /// What the codes name the delivery by, 16 hexadecimal digits.
    pub hid: String,
    /// `x(N)`, 32 hexadecimal digits.
    pub seed: String,
    /// When window 1 begins.
    pub t0: DateTime<Utc>,
    /// How many windows of 30 seconds there are.
    pub windows: u16,
}

/// The codes to be scanned.
#[derive(Clone, Serialize, ToSchema)]
pub struct LinkScan {
    /// The code of this moment, `HO1:…`.
    pub text: String,
    /// Its window ends here.
    pub until: DateTime<Utc>,
    /// The same as a picture, SVG.
    pub svg: String,
    /// To go on without a signal.
    pub chain: LinkChain,
    /// The code that stays the same, `HS1:…`, where it confirms the hand-off.
    pub slip: Option<String>,
}

/// A delivery as its customer sees it.
#[derive(Clone, Serialize, ToSchema)]
pub struct LinkView {
    /// The order as the customer knows it.
    pub order_ref: String,
    /// The shop.
    pub shop: LinkShop,
    /// Where the parcel is.
    pub stage: String,
    /// What the customer has said.
    pub gate: String,
    /// The promised window.
    pub window: Option<WindowView>,
    /// Planned arrival, as it was told: it moves only when the plan is far from it, and then a notice says so.
    pub planned_arrival: Option<DateTime<Utc>>,
    /// The promise.
    pub promised_by: DateTime<Utc>,
    /// The answer that counts.
    #[schema(value_type = Option<Object>)]
    pub answer: Option<Value>,
    /// Who takes it instead.
    pub receiver: Option<LinkReceiver>,
    /// Who comes, once it is sure.
    pub courier: Option<LinkCourier>,
    /// Doors before this one.
    pub stops_before: Option<u32>,
    /// The hand-off code: at the door, or on the way with `show_code=1`.
    pub code: Option<String>,
    /// The codes to be scanned, as the code is seen.
    pub scan: Option<LinkScan>,
    /// The money.
    pub payment: LinkPayment,
    /// The hand-off.
    #[schema(value_type = Option<Object>)]
    pub hand_off: Option<Value>,
    /// What can be done now: answers by their outcome, `cancel`, `rotate_code`, `dispute_hand_off`,
    /// `correct_address` and `locate`.
    pub can: Vec<String>,
    /// Languages of the page.
    pub languages: Vec<String>,
}

impl std::fmt::Debug for LinkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkView").field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LinkChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkChain")
    }
}

impl std::fmt::Debug for LinkScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkScan")
    }
}

/// Answers a customer can give.
const OUTCOMES: [&str; 8] = [
    "home_now",
    "home_from",
    "home_until",
    "not_today",
    "receiver_named",
    "other_place",
    "refused",
    "unclear",
];

fn can(visit: &Visit) -> Vec<String> {
    let names = visit.may().into_iter().flat_map(|kind| match kind {
        CommandKind::Answer => OUTCOMES.to_vec(),
        CommandKind::Cancel
        | CommandKind::RotateCode
        | CommandKind::DisputeHandOff
        | CommandKind::CorrectAddress
        | CommandKind::Locate => vec![kind.name()],
        _ => Vec::new(),
    });
    names.map(str::to_owned).collect()
}

fn status(status: &HandOffStatus) -> &'static str {
    match status {
        HandOffStatus::Claimed { .. } => "claimed",
        HandOffStatus::Confirmed { .. } => "confirmed",
        HandOffStatus::Rejected { .. } => "rejected",
    }
}

impl Visit {
    /// The code of this moment as a picture for a page. `label`: what a screen reader says of it.
    pub fn picture(&self, label: &str) -> Option<String> {
        inline(&self.scan?.token.text(), Repair::Strong, label).ok()
    }

    fn link_scan(&self) -> Option<LinkScan> {
        let shown = self.scan?;
        let rule = self.policy.proof_rule(self.delivery.payment.amount_minor);
        Some(LinkScan {
            text: shown.token.text(),
            until: shown.until,
            svg: svg(&shown.token.text(), Repair::Strong, "HO1").ok()?,
            chain: LinkChain {
                hid: hex(&shown.chain.hid),
                seed: hex(&shown.chain.seed),
                t0: shown.t0,
                windows: shown.chain.windows,
            },
            slip: rule.any_of.contains(&ProofMethod::Hs1).then(|| shown.slip.text()),
        })
    }

    /// The delivery as data. `show_code`: the customer says that the courier stands before them.
    pub fn view(&self, show_code: bool) -> LinkView {
        let delivery = &self.delivery;
        let seen = self.at_door() || (show_code && self.under_way());
        LinkView {
            order_ref: self.reference(),
            shop: LinkShop { name: self.shop.name.clone(), phone: self.shop.phone.clone() },
            stage: delivery.stage.kind().name().to_owned(),
            gate: delivery.gate.kind().name().to_owned(),
            window: window_view(delivery),
            planned_arrival: delivery.shown_arrival(),
            promised_by: delivery.promised_by,
            answer: delivery.answer.as_ref().and_then(|answer| serde_json::to_value(answer).ok()),
            receiver: delivery.receiver.clone().map(|Receiver { name, phone }| LinkReceiver { name, phone }),
            courier: self.courier.clone().map(|first_name| LinkCourier { first_name }),
            stops_before: self.stops_before,
            code: self.code.clone().filter(|_| seen),
            scan: if seen { self.link_scan() } else { None },
            payment: LinkPayment {
                shown: delivery.payment.shown().to_owned(),
                total: MoneyView {
                    amount: delivery.payment.amount_minor,
                    currency: delivery.payment.currency.code().to_owned(),
                },
            },
            hand_off: match &delivery.stage {
                Stage::HandedOver { hand_off, .. } => Some(json!({
                    "at": hand_off.at,
                    "method": hand_off.method.name(),
                    "receiver": hand_off.receiver,
                    "parcels": hand_off.parcels,
                    "status": status(&hand_off.status),
                })),
                _ => None,
            },
            can: can(self),
            languages: Language::ALL.iter().map(|language| language.tag().to_owned()).collect(),
        }
    }
}
