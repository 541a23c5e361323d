//! Scanned hand-off codes: what the customer's side shows, what the courier's side may know, and what a scan is worth.
//!
//! A chain is of one delivery, rotation, courier and day (UTC), so that a new courier, a new code and a new day each
//! have a chain of their own; it is derived like every other secret (decision 0007) and nothing of it is stored.

use super::secret::Secrets;
use callahead_domain::base45::TokenError;
use callahead_domain::delivery::Delivery;
use callahead_domain::delivery::proof::Proof;
use callahead_domain::hand_off::chain::{
    self, Anchor, Chain, DAY_WINDOWS, Hid, Token, WINDOW_S, is_fresh, window_at, window_start,
};
use callahead_domain::hand_off::slip::{self, Slip};
use callahead_domain::id::{CourierId, DeliveryId};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

/// How late a phone's word of its own clock may be: the way of a request.
const SLACK_S: i64 = 30;

/// What was scanned, read but not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned {
    /// The changing code.
    Changing(Token),
    /// The slip's.
    Slip(Slip),
}

impl Scanned {
    /// Reads a scanned text; scanners add line ends and blanks.
    ///
    /// # Errors
    /// [`TokenError`] for what is no hand-off code.
    pub fn parse(text: &str) -> Result<Scanned, TokenError> {
        let text = text.trim();
        match text.starts_with(slip::PREFIX) {
            true => Slip::parse(text).map(Scanned::Slip),
            false => Token::parse(text).map(Scanned::Changing),
        }
    }

    /// Whose hand-off it says it is of.
    pub fn hid(&self) -> Hid {
        match self {
            Scanned::Changing(token) => token.hid,
            Scanned::Slip(slip) => slip.hid,
        }
    }
}

/// Why a scan proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worthless {
    /// It is of another delivery.
    Another,
    /// It is right and was shown at another moment.
    Stale,
    /// It is of a code that was replaced, of another courier's chain, or forged.
    Void,
}

/// The customer's half, while it may be shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The chain of the day.
    pub chain: Chain,
    /// When its first window began.
    pub t0: DateTime<Utc>,
    /// The code of this moment.
    pub token: Token,
    /// Its window ends here.
    pub until: DateTime<Utc>,
    /// The code that stays the same.
    pub slip: Slip,
}

/// When the chain of a moment began.
pub fn day_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.date_naive().and_time(NaiveTime::MIN).and_utc()
}

impl Secrets {
    /// The chain of a day.
    pub fn chain(&self, delivery: DeliveryId, rotation: u32, courier: CourierId, t0: DateTime<Utc>) -> Chain {
        let (of, by) = (delivery.uuid(), courier.uuid());
        let (rotation, day) = (rotation.to_be_bytes(), t0.timestamp().to_be_bytes());
        let seed = self.derived("ho1", &[of.as_bytes(), &rotation, by.as_bytes(), &day]);
        Chain { hid: self.hid(delivery), seed, windows: DAY_WINDOWS }
    }

    /// The slip of a rotation.
    pub fn slip(&self, delivery: DeliveryId, rotation: u32) -> Slip {
        let secret = self.derived("hs1", &[delivery.uuid().as_bytes(), &rotation.to_be_bytes()]);
        Slip { hid: self.hid(delivery), secret }
    }

    /// What the courier's phone checks today's and tomorrow's codes against, with when each chain began.
    pub fn anchors(
        &self,
        delivery: &Delivery,
        courier: CourierId,
        now: DateTime<Utc>,
    ) -> [(DateTime<Utc>, Anchor); 2] {
        let today = day_of(now);
        [today, today + TimeDelta::days(1)]
            .map(|t0| (t0, self.chain(delivery.id, delivery.code.rotation, courier, t0).anchor()))
    }

    /// What the customer shows at this moment; `None` while nobody carries it or the code is locked.
    pub fn shown_now(&self, delivery: &Delivery, now: DateTime<Utc>) -> Option<Shown> {
        let courier = delivery.runner().filter(|_| !delivery.code.locked())?;
        let t0 = day_of(now);
        let rotation = delivery.code.rotation;
        let chain = self.chain(delivery.id, rotation, courier, t0);
        let token = chain.shown_in(window_at(t0, now, chain.windows)?)?;
        let until = window_start(t0, token.window) + TimeDelta::seconds(WINDOW_S);
        Some(Shown { chain, t0, token, until, slip: self.slip(delivery.id, rotation) })
    }

    /// What a scan by this courier is worth; `at`: when it was scanned, by the server's clock as far as that is known.
    ///
    /// # Errors
    /// [`Worthless`], with why.
    pub fn judge_scan(
        &self,
        delivery: &Delivery,
        courier: CourierId,
        scanned: Scanned,
        at: DateTime<Utc>,
    ) -> Result<Proof, Worthless> {
        if scanned.hid() != self.hid(delivery.id) {
            return Err(Worthless::Another);
        }
        match scanned {
            Scanned::Slip(slip) => {
                let digest = self.slip(delivery.id, delivery.code.rotation).digest();
                slip.proves(slip.hid, digest).then_some(Proof::Hs1 {}).ok_or(Worthless::Void)
            }
            Scanned::Changing(token) => self.judge_token(delivery, courier, token, at),
        }
    }

    /// A changing code counts in its own window, give or take what two clocks may be apart: also one of the rotation
    /// before, if it was scanned before the rotation.
    fn judge_token(
        &self,
        delivery: &Delivery,
        courier: CourierId,
        token: Token,
        at: DateTime<Utc>,
    ) -> Result<Proof, Worthless> {
        let rotation = delivery.code.rotation_at(at);
        let slack = TimeDelta::seconds(SLACK_S);
        let around = slack + TimeDelta::seconds(i64::from(chain::TOLERANCE) * WINDOW_S);
        let made = |t0| self.chain(delivery.id, rotation, courier, t0).made(&token);
        let fits = |t0: &DateTime<Utc>| is_fresh(*t0, token.window, at, slack) && made(*t0);
        if let Some(t0) = [at, at - around, at + around].map(day_of).iter().find(|t0| fits(t0)) {
            return Ok(Proof::Ho1 { shown_at: window_start(*t0, token.window) });
        }
        let known = [day_of(at), day_of(at) - TimeDelta::days(1)].into_iter().any(made);
        Err(if known { Worthless::Stale } else { Worthless::Void })
    }
}

/// Bytes as the feed and the link write them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
