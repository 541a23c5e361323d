//! What the customer's pages show, as plain data. A handler fills one of these; the templates only draw.
//!
//! # What the forms send
//!
//! Every form is a POST to [`Frame::link`] with the hidden field `csrf`, and every form names its `answer`:
//!
//! | `answer` | further fields | what it is |
//! |---|---|---|
//! | `home_now` | | "Yes, I'll be home" |
//! | `later` | none | show [`LaterView`] |
//! | `later` | `slot` and `time`, either may be empty | a slot's start or a free time, RFC 3339; `time` wins |
//! | `not_today` | none | show [`NotTodayView`] |
//! | `not_today` | `day`, may be empty | a date, `2026-05-15` |
//! | `receiver_named` | none | show [`OtherView`] |
//! | `receiver_named` | `name`, `phone` | somebody else takes it |
//! | `refused` | none | show [`CancelView`] |
//! | `refused` | `confirm` = `yes` | cancel the order |
//! | `address` | `text` | where the address lies, for an order whose address was not found |
//! | `rotate_code` | | make a new code, where it is locked |
//! | `dispute` | `reason`, may be empty | object to a hand-off without a code |
//!
//! A follow-up form always sends a hidden `step` = `1`, so that an empty choice differs from the first press.
//! The note is a POST of `note` to `<link>/note`.
//!
//! # What the links ask for
//!
//! `?lang=ko` another language; `?step=later|not_today|receiver_named|refused` the follow-up page itself (the language
//! link on such a page carries it); `?change=1` the question again; `?code=1` the code before the courier is near;
//! `?still=1` the page on the way without refreshing itself.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

/// Two instants, the second not before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From.
    pub start: DateTime<Utc>,
    /// To.
    pub end: DateTime<Utc>,
}

/// What every page of a known delivery carries.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The shop's name.
    pub shop: String,
    /// The order as the customer knows it.
    pub reference: String,
    /// E.164, with the plus.
    pub shop_phone: Option<String>,
    /// The region's zone.
    pub zone: Tz,
    /// The moment of drawing: decides what `today` means.
    pub now: DateTime<Utc>,
    /// The path of the page without a query: `/t/<22 characters>`.
    pub link: String,
    /// The token every form sends back as `csrf`.
    pub csrf: String,
}

/// Why the question is asked now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AskReason {
    /// The ordinary question.
    #[default]
    Plain,
    /// The window has moved (U10).
    Late,
    /// The attempt failed at this time (U11).
    Missed {
        /// When the courier gave up.
        at: DateTime<Utc>,
    },
}

/// U1, and U10 and U11 in the same dress.
#[derive(Clone, Debug)]
pub struct AskView {
    /// See [`Frame`].
    pub frame: Frame,
    /// Why it is asked.
    pub reason: AskReason,
    /// When the courier is to come; absent as long as nobody knows.
    pub window: Option<Span>,
    /// Where to.
    pub address: String,
    /// Until when an answer can be changed.
    pub change_until: Option<DateTime<Utc>>,
    /// Set where a press could not be taken (too late, changed meanwhile): told on top.
    pub refused: Option<AnswerRefused>,
}

/// Why a press was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerRefused {
    /// The time to answer or change is over.
    TooLate,
    /// The delivery has moved on: the page shows how it stands now.
    MovedOn,
    /// The form was old or not ours.
    Stale,
    /// The courier has set off: an answer is kept and told, and decides nothing any more.
    SetOff,
    /// The courier is at the door: likewise.
    AtDoor,
}

/// A mistake in a follow-up form; shown in the summary and at its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// No slot and no time.
    NoTime,
    /// The time is not on offer any more.
    TimeTaken,
    /// No courier comes after this local time.
    AfterHours(NaiveTime),
    /// No day.
    NoDay,
    /// The day is not on offer any more.
    DayTaken,
    /// No name.
    NoName,
    /// The name is too long or holds what no name holds.
    BadName,
    /// Not a phone number.
    BadPhone,
    /// No address.
    NoAddress,
    /// The address is too long or holds what no address holds.
    BadAddress,
}

/// U6.
#[derive(Clone, Debug)]
pub struct LaterView {
    /// See [`Frame`].
    pub frame: Frame,
    /// Times on offer, soonest first.
    pub slots: Vec<Span>,
    /// Further times today, "not before": the list to choose from; may be empty.
    pub times: Vec<DateTime<Utc>>,
    /// Something cold waits in the shop's fridge.
    pub cold: bool,
    /// What the customer chose before, if it came back with an error.
    pub chosen: Option<DateTime<Utc>>,
    /// What was wrong.
    pub error: Option<FieldError>,
}

/// A day on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// On the region's calendar.
    pub date: NaiveDate,
    /// First hour couriers come.
    pub opens: NaiveTime,
    /// Last hour.
    pub closes: NaiveTime,
}

/// U7.
#[derive(Clone, Debug)]
pub struct NotTodayView {
    /// See [`Frame`].
    pub frame: Frame,
    /// Days on offer, soonest first.
    pub days: Vec<Day>,
    /// Something cold is packed again.
    pub cold: bool,
    /// What was wrong.
    pub error: Option<FieldError>,
}

/// U8.
#[derive(Clone, Debug)]
pub struct OtherView {
    /// See [`Frame`].
    pub frame: Frame,
    /// When the courier is to come.
    pub window: Option<Span>,
    /// As written before.
    pub name: String,
    /// As written before.
    pub phone: String,
    /// What was wrong, at most one per field.
    pub errors: Vec<FieldError>,
}

/// The address was not found: the customer says in words where it lies.
#[derive(Clone, Debug)]
pub struct AddressView {
    /// See [`Frame`].
    pub frame: Frame,
    /// As the shop has it.
    pub address: String,
    /// As the customer wrote it before.
    pub text: String,
    /// What the customer wrote is with the dispatcher.
    pub told: bool,
    /// Whether the order can be cancelled.
    pub may_cancel: bool,
    /// What was wrong.
    pub error: Option<FieldError>,
    /// Set where a press could not be taken: told on top.
    pub refused: Option<AnswerRefused>,
}

/// U9.
#[derive(Clone, Debug)]
pub struct CancelView {
    /// See [`Frame`].
    pub frame: Frame,
    /// What comes back, as `45.20 KPW`.
    pub given_back: String,
    /// What is kept for the trip, where something is.
    pub kept: Option<String>,
    /// Later today and another day are still on offer.
    pub may_wait: bool,
    /// The courier has it already: it goes back to the shop first.
    pub carried: bool,
}

/// What the customer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// At home.
    Home,
    /// At home not before that time.
    HomeFrom(DateTime<Utc>),
    /// At home until that time.
    HomeUntil(DateTime<Utc>),
    /// At that place nearby.
    Place(String),
    /// Not today; on that day where named.
    NotToday(Option<NaiveDate>),
    /// That person takes it.
    Receiver(String),
}

/// U2.
#[derive(Clone, Debug)]
pub struct AnsweredView {
    /// See [`Frame`].
    pub frame: Frame,
    /// What was answered.
    pub answer: Answered,
    /// When the courier is to come.
    pub window: Option<Span>,
    /// First name, once there is a courier.
    pub courier: Option<String>,
    /// Stops before this one, where known.
    pub stops_before: Option<u32>,
    /// The code for the door, where it may already be seen.
    pub code: Option<String>,
    /// The note for the courier: its present words (empty for none), or absent where no note is taken.
    pub note: Option<String>,
    /// The note has just been kept.
    pub note_kept: bool,
    /// The note, as typed, could not be kept.
    pub note_error: bool,
    /// Until when a changed answer still decides, where known.
    pub change_until: Option<DateTime<Utc>>,
}

/// The four steps of U3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// In the shop.
    Packed,
    /// With the courier.
    OnTheWay,
    /// The next stop.
    Next,
    /// At the door.
    AtDoor,
}

/// U3.
#[derive(Clone, Debug)]
pub struct OnTheWayView {
    /// See [`Frame`].
    pub frame: Frame,
    /// First name.
    pub courier: String,
    /// When the courier is expected.
    pub expected_at: Option<DateTime<Utc>>,
    /// The end of the promised window.
    pub promised_by: Option<DateTime<Utc>>,
    /// How far it is.
    pub step: Step,
    /// When the courier's place was last known.
    pub seen_at: Option<DateTime<Utc>>,
    /// The page refreshes itself; false after `?still=1`.
    pub refreshing: bool,
    /// The customer may still say that nobody is home.
    pub may_change: bool,
    /// The customer may look at the code before the courier is near.
    pub may_show_code: bool,
    /// An answer came after the courier had set off.
    pub kept: bool,
}

/// U4.
#[derive(Clone, Debug)]
pub struct NearView {
    /// See [`Frame`].
    pub frame: Frame,
    /// First name.
    pub courier: String,
    /// True at the door, false where the customer asked for the code before.
    pub at_door: bool,
    /// Six digits; absent while it is locked after too many tries.
    pub code: Option<String>,
    /// The code of this half minute as a picture, SVG; the page is then loaded anew every thirty seconds.
    pub picture: Option<String>,
    /// Parcels to receive.
    pub parcels: u32,
    /// What is paid on hand-off, as `48.20 KPW`.
    pub total: Option<String>,
    /// An answer came after the courier had set off.
    pub kept: bool,
}

/// How the hand-off was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofKind {
    /// The code, said or shown.
    Code,
    /// A scan.
    Scan,
    /// A photo.
    Photo,
    /// A signature.
    Signature,
    /// Somebody of the service vouched for it.
    Witness,
}

/// Where the money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyState {
    /// Held, not taken.
    Held,
    /// Taken.
    Taken,
    /// Given back.
    GivenBack,
    /// Waits for the shop to agree with the proof.
    WaitingForShop,
    /// Could not be taken.
    Owed,
    /// Not held yet.
    Wanted,
}

/// One line of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyLine {
    /// What happened to it.
    pub state: MoneyState,
    /// As `48.20 KPW`.
    pub amount: String,
}

/// U5.
#[derive(Clone, Debug)]
pub struct ReceiptView {
    /// See [`Frame`].
    pub frame: Frame,
    /// When it was handed over.
    pub at: DateTime<Utc>,
    /// The receiver's name where it was not the customer.
    pub receiver: Option<String>,
    /// First name.
    pub courier: Option<String>,
    /// How it was proved.
    pub proof: ProofKind,
    /// What was bought, with its price where the shop gave one.
    pub items: Vec<(String, Option<String>)>,
    /// The order's total, as `48.20 KPW`.
    pub total: String,
    /// Held, taken, given back.
    pub money: Vec<MoneyLine>,
    /// When the page closes.
    pub closes_on: Option<NaiveDate>,
    /// The customer may still object to this hand-off.
    pub may_object: bool,
    /// Somebody has objected.
    pub objected: bool,
}

/// Why there is nothing to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoneReason {
    /// No such link, or one long over: told alike, so that nobody learns which.
    Unknown,
    /// Over, and the page has closed.
    Finished,
    /// Cancelled.
    Cancelled,
    /// On its way back to the shop, or there.
    Returned,
    /// Lost; the shop knows.
    Lost,
}

/// U12 and the sad ends.
#[derive(Clone, Debug)]
pub struct GoneView {
    /// Absent for an unknown link: nothing may be told.
    pub frame: Option<Frame>,
    /// Why.
    pub reason: GoneReason,
    /// Where the money is.
    pub money: Vec<MoneyLine>,
}

/// What went wrong, for the plain error page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request could not be understood, or its form was old.
    BadRequest,
    /// Too many requests.
    TooMany,
    /// Our fault.
    Internal,
}

/// The plain error page.
#[derive(Clone, Debug)]
pub struct ErrorView {
    /// What went wrong.
    pub kind: ErrorKind,
    /// For a complaint: the request's id.
    pub request_id: Option<String>,
    /// Where to go on: the customer's page, where known.
    pub link: Option<String>,
}
