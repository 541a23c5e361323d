//! In which order a courier's stops are shown: where they are now first, then as the run says, and what the run does
//! not know yet after it.

use crate::app::run::{RunStop, StopKind};
use callahead_domain::delivery::state::{Delivery, Stage};
use callahead_domain::id::DeliveryId;
use chrono::{DateTime, Utc};

/// One stop and its place in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Whose parcels.
    pub delivery: DeliveryId,
    /// What is done.
    pub kind: StopKind,
    /// The run's arrival, where it knows the stop.
    pub arrive_at: Option<DateTime<Utc>>,
}

/// What a stage still asks of a courier.
fn kinds_of(stage: &Stage) -> &'static [StopKind] {
    match stage {
        Stage::Assigned { .. } => &[StopKind::PickUp, StopKind::DropOff],
        Stage::Collected { .. } | Stage::EnRoute { .. } | Stage::AtDoor { .. } => &[StopKind::DropOff],
        Stage::Returning { .. } => &[StopKind::Return],
        _ => &[],
    }
}

/// Where a stop stands: the door they are at, the door they go to, the run, the rest by stage and plan.
type Place = (u8, usize, u8, DateTime<Utc>, DeliveryId, StopKind);

fn place(delivery: &Delivery, kind: StopKind, run: &[RunStop]) -> Place {
    let known = |kind| run.iter().position(|stop| stop.delivery == delivery.id && stop.kind == kind);
    // A pick-up the run does not know stands before its own door.
    let index =
        known(kind).or_else(|| (kind == StopKind::PickUp).then(|| known(StopKind::DropOff)).flatten());
    let now = match delivery.stage {
        Stage::AtDoor { .. } => 0,
        Stage::EnRoute { .. } => 1,
        _ => 2,
    };
    let stage = match (&delivery.stage, kind) {
        (Stage::Collected { .. }, _) => 0,
        (_, StopKind::PickUp) => 1,
        (_, StopKind::DropOff) => 2,
        (_, StopKind::Return) => 3,
    };
    let planned = delivery.planned.map_or(delivery.promised_by, |planned| planned.arrive_at);
    (now, index.unwrap_or(usize::MAX), stage, planned, delivery.id, kind)
}

/// All stops of these deliveries in their order.
pub fn arrange<'a>(deliveries: impl Iterator<Item = &'a Delivery>, run: &[RunStop]) -> Vec<Slot> {
    let mut placed: Vec<(Place, Slot)> = Vec::new();
    for delivery in deliveries {
        for kind in kinds_of(&delivery.stage) {
            let stop = run.iter().find(|stop| stop.delivery == delivery.id && stop.kind == *kind);
            let slot =
                Slot { delivery: delivery.id, kind: *kind, arrive_at: stop.map(|stop| stop.arrive_at) };
            placed.push((place(delivery, *kind, run), slot));
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, slot)| slot).collect()
}
