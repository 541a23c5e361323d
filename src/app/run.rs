//! A courier's run as it is kept in the shift's row: the stops in their order with their times. Written by assignment,
//! shown by the courier's feed.

use super::error::Error;
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is done at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// Parcels are taken from the shop.
    PickUp,
    /// Parcels are given to the customer.
    DropOff,
    /// Parcels are brought back to the shop.
    Return,
}

/// One stop of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStop {
    /// Whose parcels.
    pub delivery: DeliveryId,
    /// What is done.
    pub kind: StopKind,
    /// Planned arrival.
    pub arrive_at: DateTime<Utc>,
    /// Planned departure, waiting and service included.
    pub depart_at: DateTime<Utc>,
    /// Duration of the leg that leads here, in seconds.
    pub leg_s: i64,
}

/// Reads a stored run.
///
/// # Errors
/// [`Error::Internal`] when the text is no run.
pub fn parse(text: &str) -> Result<Vec<RunStop>, Error> {
    serde_json::from_str(text).map_err(Error::internal)
}

/// Writes a run as it is stored.
///
/// # Errors
/// [`Error::Internal`] never in practice: ids and times can always be written.
pub fn print(stops: &[RunStop]) -> Result<String, Error> {
    serde_json::to_string(stops).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_run_reads_back_as_it_was_written() {
        let text = r#"[{"delivery":"dlv_01jh2q00000000000000000000","kind":"pick_up","arrive_at":"2026-05-04T12:00:00Z","depart_at":"2026-05-04T12:02:00Z","leg_s":120}]"#;
        let stops = parse(text).unwrap();
        assert_eq!(stops.first().map(|stop| (stop.kind, stop.leg_s)), Some((StopKind::PickUp, 120)));
        assert_eq!(print(&stops).unwrap(), text);
        assert_eq!(parse("[]").unwrap(), vec![]);
        assert!(parse("{}").is_err());
    }
}
