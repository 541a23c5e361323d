//! What the customer said, as data.

use crate::geo::point::Point;
use crate::id::AnswerId;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// What was said, or what came of asking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Home now.
    HomeNow,
    /// Home from this instant; a stated range is rounded against us, so this is its far end.
    HomeFrom {
        /// Nobody arrives before.
        from: DateTime<Utc>,
    },
    /// Home until this instant, then leaving.
    HomeUntil {
        /// Nobody arrives after.
        until: DateTime<Utc>,
    },
    /// Not today; the day wanted, if one was named.
    NotToday {
        /// Local day of the address.
        #[serde(default)]
        day: Option<NaiveDate>,
    },
    /// Somebody else takes it, for this delivery only.
    ReceiverNamed {
        /// Who.
        receiver: Receiver,
    },
    /// Another place nearby.
    OtherPlace {
        /// The place in words.
        place: String,
        /// Where, if a pin was set.
        #[serde(default)]
        point: Option<Point>,
    },
    /// Does not want it.
    Refused {
        /// Why, in their words.
        #[serde(default)]
        reason: String,
    },
    /// It rang and nobody answered.
    NoAnswer,
    /// The phone is off or out of reach.
    Unreachable,
    /// The number is somebody else's: it is not contacted again.
    WrongNumber,
    /// A machine answered; never a yes.
    Voicemail,
    /// Words that do not surely mean one of the above.
    Unclear {
        /// What was said.
        words: String,
    },
}

/// Who takes the parcel instead of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// Name, 1 to 120 characters.
    pub name: String,
    /// Telephone number in E.164, if given.
    #[serde(default)]
    pub phone: Option<String>,
}

/// By which way an answer came, most trusted last: at the same instant the higher one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The courier's report of a call.
    Courier,
    /// What a dispatcher was told, in their own name.
    Dispatcher,
    /// A text message.
    Sms,
    /// The customer's link.
    Link,
    /// The shopping app.
    App,
}

impl Source {
    /// Every one, the least trusted first.
    pub const ALL: [Source; 5] =
        [Source::Courier, Source::Dispatcher, Source::Sms, Source::Link, Source::App];

    /// The wire name.
    pub fn name(self) -> &'static str {
        match self {
            Source::Courier => "courier",
            Source::Dispatcher => "dispatcher",
            Source::Sms => "sms",
            Source::Link => "link",
            Source::App => "app",
        }
    }

    /// What it means, for the documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Source::Courier => "the courier's report of a call",
            Source::Dispatcher => "what a dispatcher was told, recorded in their own name",
            Source::Sms => "a text message from the customer's number",
            Source::Link => "the customer's own page, or a program with its link",
            Source::App => "the shopping app, signed in",
        }
    }
}

/// Who wrote the answer down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorder {
    /// The customer.
    Customer,
    /// The courier.
    Courier,
    /// A dispatcher.
    Dispatcher,
    /// The service.
    System,
}

/// One answer, kept for ever; the latest counts and names the one it supersedes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Its id.
    pub id: AnswerId,
    /// What was said.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// A note for the courier, up to 140 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The way it came.
    pub source: Source,
    /// Who recorded it.
    pub recorded_by: Recorder,
    /// When it was said (phone time, corrected).
    pub answered_at: DateTime<Utc>,
    /// Until when it holds, for answers that clear.
    #[serde(default)]
    pub valid_until: Option<DateTime<Utc>>,
    /// The answer it replaces.
    #[serde(default)]
    pub supersedes: Option<AnswerId>,
}

impl Outcome {
    /// The wire name.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::HomeNow => "home_now",
            Outcome::HomeFrom { .. } => "home_from",
            Outcome::HomeUntil { .. } => "home_until",
            Outcome::NotToday { .. } => "not_today",
            Outcome::ReceiverNamed { .. } => "receiver_named",
            Outcome::OtherPlace { .. } => "other_place",
            Outcome::Refused { .. } => "refused",
            Outcome::NoAnswer => "no_answer",
            Outcome::Unreachable => "unreachable",
            Outcome::WrongNumber => "wrong_number",
            Outcome::Voicemail => "voicemail",
            Outcome::Unclear { .. } => "unclear",
        }
    }

    /// Whether this says how an attempt to ask ended, and not what the customer wants.
    pub fn is_attempt_result(&self) -> bool {
        matches!(self, Outcome::NoAnswer | Outcome::Unreachable | Outcome::WrongNumber | Outcome::Voicemail)
    }

    /// Whether a courier who comes now comes in vain.
    pub fn is_against_coming_now(&self) -> bool {
        matches!(
            self,
            Outcome::Refused { .. }
                | Outcome::NotToday { .. }
                | Outcome::HomeFrom { .. }
                | Outcome::OtherPlace { .. }
        )
    }

    /// Whether a customer may say this about themself.
    pub fn is_sayable_by_customer(&self) -> bool {
        !self.is_attempt_result()
    }
}

impl Answer {
    /// Whether this answer counts over `other`: later wins, at the same instant the more trusted source, then the id,
    /// so that the order never depends on arrival.
    pub fn outranks(&self, other: &Answer) -> bool {
        (self.answered_at, self.source, self.id) > (other.answered_at, other.source, other.id)
    }
}
