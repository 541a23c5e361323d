//! How a hand-off is proved. Only a confirmed hand-off takes the payment.

use crate::actor::Actor;
use crate::id::{HandOffId, PhotoId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The method of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofMethod {
    /// The changing code of the customer's page, scanned.
    Ho1,
    /// The code of the customer's slip, scanned.
    Hs1,
    /// The six-digit code of the customer's page.
    Code,
    /// A signature on the courier's phone.
    Signature,
    /// A photo of the parcel in a hand.
    Photo,
    /// A named person's word.
    Witness,
}

impl ProofMethod {
    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ho1 => "ho1",
            Self::Hs1 => "hs1",
            Self::Code => "code",
            Self::Signature => "signature",
            Self::Photo => "photo",
            Self::Witness => "witness",
        }
    }

    /// Whether only the customer can give it. Such a proof confirms by itself where the rule takes it.
    pub fn is_customers(self) -> bool {
        matches!(self, Self::Ho1 | Self::Hs1 | Self::Code)
    }
}

/// What the courier or a dispatcher brings as proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Proof {
    /// The changing code, scanned; the server found that it is this delivery's, of this rotation, and of that moment.
    Ho1 {
        /// When the window in which it was shown began.
        shown_at: DateTime<Utc>,
    },
    /// The slip's code, scanned; the server found that it is this delivery's and of this rotation.
    Hs1 {},
    /// A typed code; `matches` was decided by the server against the valid rotation.
    Code {
        /// Whether it is the valid code.
        matches: bool,
    },
    /// A signature.
    Signature {
        /// Who signed.
        signer: String,
        /// The strokes as drawn, an SVG path.
        strokes: String,
    },
    /// A photo stored before.
    Photo {
        /// Which.
        photo: PhotoId,
        /// Why there was no code.
        reason: String,
    },
    /// A dispatcher's decision.
    Witness {
        /// Why.
        reason: String,
    },
}

impl Proof {
    /// The method.
    pub fn method(&self) -> ProofMethod {
        match self {
            Proof::Ho1 { .. } => ProofMethod::Ho1,
            Proof::Hs1 {} => ProofMethod::Hs1,
            Proof::Code { .. } => ProofMethod::Code,
            Proof::Signature { .. } => ProofMethod::Signature,
            Proof::Photo { .. } => ProofMethod::Photo,
            Proof::Witness { .. } => ProofMethod::Witness,
        }
    }
}

/// Whether the hand-off counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum HandOffStatus {
    /// Waits for the shop, or until `until`.
    Claimed {
        /// Confirmed here if nobody objects.
        until: DateTime<Utc>,
    },
    /// Verified: the payment is taken.
    Confirmed {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Objected to: a dispatcher decides.
    Rejected {
        /// By whom.
        by: Actor,
        /// Why.
        reason: String,
    },
}

/// One hand-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandOff {
    /// Its id.
    pub id: HandOffId,
    /// How it was proved.
    pub method: ProofMethod,
    /// What was brought besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plus: Vec<ProofMethod>,
    /// When the scanned code was shown: no code shown up to then counts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<DateTime<Utc>>,
    /// Who took it: the customer's or the receiver's name where known.
    pub receiver: Option<String>,
    /// Numbers of the parcels given.
    pub parcels: Vec<i32>,
    /// When it happened at the door.
    pub at: DateTime<Utc>,
    /// What is to be captured for it, in minor units.
    pub amount_minor: i64,
    /// Whether it counts.
    pub status: HandOffStatus,
}
