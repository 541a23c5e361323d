//! What a notice is made of: read once, when it is about to be sent, so that it says what is true then.
//!
//! Words and channels are not known here.

use super::App;
use super::error::Error;
use super::view::OrderFacts;
use crate::store::deliveries::{self, instant, micros};
use crate::store::{couriers, credentials, dispatching, orders};
use callahead_domain::call_ahead::RungKind;
use callahead_domain::contact::Language;
use callahead_domain::delivery::Delivery;
use callahead_domain::delivery::effect::Notice;
use callahead_domain::delivery::state::{Gate, Stage};
use callahead_domain::id::{CodeId, CourierId, DeliveryId};
use callahead_domain::policy::Policy;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

/// The window told to a customer begins at a whole number of these minutes ...
const WINDOW_STEP_MIN: i64 = 5;
/// ... and is this long.
const WINDOW_MIN: i64 = 15;
/// A notice that asks nothing is worth sending this long.
const WORTH_TELLING_H: i64 = 24;

/// The facts of one notice and who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeContent {
    /// How the customer is greeted.
    pub name: String,
    /// E.164.
    pub phone: Option<String>,
    /// A checked address.
    pub email: Option<String>,
    /// In which language.
    pub language: Language,
    /// The shop's name.
    pub shop: String,
    /// The shop's telephone number.
    pub shop_phone: Option<String>,
    /// The order as the customer knows it.
    pub reference: String,
    /// The moment of reading.
    pub now: DateTime<Utc>,
    /// The region's zone.
    pub zone: Tz,
    /// When the courier is to come.
    pub window: (DateTime<Utc>, DateTime<Utc>),
    /// When it happened: a failed attempt, a hand-off.
    pub at: DateTime<Utc>,
    /// The customer's page.
    pub link: String,
    /// The courier's first name.
    pub courier: Option<String>,
    /// Afterwards nobody needs it any more.
    pub useful_until: DateTime<Utc>,
}

/// A sign-in code on its way to a courier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInCode {
    /// How the courier is greeted.
    pub name: String,
    /// E.164.
    pub phone: String,
    /// In which language.
    pub language: Language,
    /// Six digits.
    pub code: String,
    /// The moment of reading.
    pub now: DateTime<Utc>,
    /// It cannot be used afterwards.
    pub expires_at: DateTime<Utc>,
}

/// A rung that has been climbed over is not sent any more: the one above says the same.
fn is_overtaken(notice: Notice, delivery: &Delivery) -> bool {
    let Gate::Asked { rung, .. } = delivery.gate else { return false };
    match notice {
        Notice::Ask => rung != RungKind::Notice,
        Notice::Reminder => rung != RungKind::Reminder,
        _ => false,
    }
}

/// The quarter of an hour a customer is told: from the last five minutes before the arrival shown to them.
fn told_window(delivery: &Delivery) -> (DateTime<Utc>, DateTime<Utc>) {
    let arrival = match (delivery.shown_arrival(), delivery.window) {
        (Some(shown), _) => shown,
        (None, Some(window)) => return (window.from, window.until),
        (None, None) => delivery.promised_by,
    };
    let step = WINDOW_STEP_MIN * 60;
    let from = DateTime::from_timestamp(arrival.timestamp().div_euclid(step) * step, 0).unwrap_or(arrival);
    (from, from + Duration::minutes(WINDOW_MIN))
}

fn happened_at(notice: Notice, delivery: &Delivery, now: DateTime<Utc>) -> DateTime<Utc> {
    match (notice, &delivery.failed, &delivery.stage) {
        (Notice::Missed, Some(failed), _) => failed.at,
        (Notice::HandedOver, _, Stage::HandedOver { hand_off, .. }) => hand_off.at,
        _ => now,
    }
}

/// Until when a notice made at `made_at` is worth a further try.
fn useful_until(
    notice: Notice,
    delivery: &Delivery,
    policy: &Policy,
    made_at: DateTime<Utc>,
) -> DateTime<Utc> {
    let arrival = delivery.planned.map(|planned| planned.arrive_at);
    match notice {
        // The next rung comes then, and says the same.
        Notice::Ask | Notice::Reminder | Notice::LastAsk => {
            let next = made_at + Duration::seconds(policy.reminder_after_s);
            arrival.map_or(next, |arrival| next.min(arrival))
        }
        Notice::OnTheWay | Notice::Late => {
            arrival.unwrap_or(made_at).max(made_at + Duration::seconds(policy.reminder_after_s))
        }
        Notice::Missed | Notice::HandedOver | Notice::Cancelled | Notice::PaymentWanted => {
            made_at + Duration::hours(WORTH_TELLING_H)
        }
    }
}

impl App {
    /// The facts of a notice; none when it would say something that is not true any more.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn notice_content(
        &self,
        delivery: DeliveryId,
        notice: Notice,
        made_at: DateTime<Utc>,
    ) -> Result<Option<NoticeContent>, Error> {
        let conn = self.db.read();
        let Some(loaded) = deliveries::by_id(conn, delivery.uuid()).await? else { return Ok(None) };
        let state = loaded.delivery;
        if !notice.is_still_true(&state) || is_overtaken(notice, &state) {
            return Ok(None);
        }
        let row = orders::by_id(conn, state.order.uuid()).await?.ok_or(Error::Missing)?;
        let order = OrderFacts::read(&row)?;
        let book = self.book.get();
        let policy = book.policy(state.region.map(|pin| pin.region), state.shop);
        let shop = book.shops.get(&state.shop);
        let courier = state.failed.as_ref().map(|failed| failed.courier).or(state.stage.courier());
        let courier = match courier {
            Some(id) => self.first_name(id).await?,
            None => None,
        };
        let now = self.clock.now();
        Ok(Some(NoticeContent {
            name: order.customer.name,
            phone: order.customer.phone.map(String::from),
            email: order.customer.email.map(|email| email.as_str().to_owned()),
            language: order.customer.language,
            shop: shop.map(|shop| shop.name.clone()).unwrap_or_default(),
            shop_phone: shop.and_then(|shop| shop.phone.clone()),
            reference: order.external_id.unwrap_or_else(|| order.id.to_string()),
            now,
            zone: policy.time_zone,
            window: told_window(&state),
            at: happened_at(notice, &state, now),
            link: self.link_url(&self.secrets.link(delivery.uuid())),
            courier,
            useful_until: useful_until(notice, &state, &policy, made_at),
        }))
    }

    async fn first_name(&self, courier: CourierId) -> Result<Option<String>, Error> {
        let name = couriers::name(self.db.read(), courier.uuid()).await?;
        Ok(name.and_then(|name| name.split_whitespace().next().map(str::to_owned)))
    }

    /// A sign-in code that is still wanted; none when it was used or has run out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sign_in_code_to_send(
        &self,
        courier: CourierId,
        request: CodeId,
    ) -> Result<Option<SignInCode>, Error> {
        let now = self.clock.now();
        let conn = self.db.read();
        let Some(row) = credentials::sign_in_code(conn, request.uuid()).await? else { return Ok(None) };
        if row.used_at.is_some() || row.expires_at <= micros(now) || row.courier_id != Some(courier.uuid()) {
            return Ok(None);
        }
        let Some(courier) = dispatching::courier(conn, courier.uuid()).await? else { return Ok(None) };
        Ok(Some(SignInCode {
            name: courier.name,
            phone: row.phone,
            language: Language::negotiate(&courier.language),
            code: self.secrets.sign_in_code(request.uuid()),
            now,
            expires_at: instant(row.expires_at),
        }))
    }
}

/// When a job was made: its id is of version 7 and begins with that moment.
pub fn made_at(job: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = job.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use callahead_domain::id::JobId;

    #[test]
    fn a_job_knows_when_it_was_made() {
        let at: DateTime<Utc> = "2026-05-04T01:02:03.456Z".parse().unwrap();
        assert_eq!(made_at(JobId::from_parts(at, [7; 10]).uuid()), Some(at));
        assert_eq!(made_at(Uuid::nil()), None);
    }
}
