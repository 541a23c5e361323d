//! What a courier's phone does: sign in, work a shift, see the next stop, answer offers, hand in what was done.
//!
//! | file | what |
//! |---|---|
//! | `sign_in` | by invite or by code; one phone acts at a time |
//! | `shift`, `shift_end` | working time and positions; what happens when the time is over |
//! | `feed` | offers and stops in their order; `next_action` says what to do at one, `order_of_stops` which comes first |
//! | `offers` | accept, decline |
//! | `actions` | what was done, perhaps offline, perhaps sent twice; `payload` reads its facts, `legs` keeps what speeds are learned from |
//! | `photos` | proof without a code |

pub mod actions;
pub mod breaks;
pub mod feed;
mod legs;
pub mod next_action;
pub mod offers;
mod order_of_stops;
pub mod payload;
pub mod photos;
pub mod shift;
pub mod shift_end;
pub mod sign_in;
pub mod watch;

use super::error::Error;
use super::ids::Ids;
use callahead_domain::delivery::state::{Delivery, Stage};
use callahead_domain::id::CourierId;
use chrono::{DateTime, Utc};

/// What a unit for a courier needs besides its own facts.
#[derive(Debug)]
struct Base {
    courier: CourierId,
    now: DateTime<Utc>,
    ids: Ids,
}

impl Base {
    fn new(app: &super::App, courier: CourierId) -> Base {
        Base { courier, now: app.clock.now(), ids: app.ids() }
    }
}

/// Cuts an instant that came from outside to whole microseconds.
fn cut(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// Whether the parcels are in this courier's hands.
fn holds(delivery: &Delivery, courier: CourierId) -> bool {
    let held = matches!(
        delivery.stage,
        Stage::Collected { .. } | Stage::EnRoute { .. } | Stage::AtDoor { .. } | Stage::Returning { .. }
    );
    held && delivery.stage.courier() == Some(courier)
}

/// A value that is not allowed.
fn invalid(param: &str, detail: impl Into<String>) -> Error {
    Error::rule("invalid", detail).at(param)
}

#[cfg(test)]
mod tests;
