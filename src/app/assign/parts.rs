//! What can be planned apart: regions that share no courier.
//!
//! Couriers on duty tie regions together: those they serve, those of what they carry, and those something of which was
//! widened to them. A part is one connected set of
//! regions with its couriers and deliveries. Nobody in one part can carry anything of another, so each is planned by
//! itself, by whichever process has its turn.

use super::snapshot::{OnDuty, View};
use callahead_domain::geo::Point;
use callahead_domain::id::{CourierId, RegionId};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// A courier this far from where a plan last saw them is worth a new plan, in metres.
const MOVED_M: f64 = 300.0;

/// One part of a view.
#[derive(Debug)]
pub(super) struct Part {
    /// Sorted; never empty.
    pub(super) regions: Vec<RegionId>,
    pub(super) view: View,
}

impl Part {
    /// Picks the write lane: all units of a part wait for the same leases.
    pub(super) fn key(&self) -> Uuid {
        self.regions.first().map_or(Uuid::nil(), |region| region.uuid())
    }

    /// A mark of all a plan follows from, but the time and where couriers are.
    fn mark(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        (&self.regions, self.view.book.edition).hash(&mut hash);
        for duty in &self.view.couriers {
            (duty.shift, duty.shift_version, duty.ends_at, &duty.regions, duty.has_offer).hash(&mut hash);
            (&duty.skills, duty.max_weight_g, duty.covered, duty.break_until).hash(&mut hash);
            duty.home.map(|home| (home.lat().to_bits(), home.lon().to_bits())).hash(&mut hash);
            duty.held.iter().for_each(|known| (known.delivery.id, known.version).hash(&mut hash));
        }
        for known in &self.view.open {
            (known.delivery.id, known.version, &known.widened).hash(&mut hash);
        }
        hash.finish()
    }
}

/// The regions a courier ties together.
fn tied(duty: &OnDuty) -> BTreeSet<RegionId> {
    let carried = duty.held.iter().map(|known| known.region);
    duty.regions.iter().chain(&duty.reached).copied().chain(carried).collect()
}

/// By region, the smallest region it is connected with.
fn connected(sets: impl IntoIterator<Item = BTreeSet<RegionId>>) -> BTreeMap<RegionId, RegionId> {
    let mut groups: Vec<BTreeSet<RegionId>> = Vec::new();
    for mut set in sets {
        let (together, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| !group.is_disjoint(&set));
        together.into_iter().for_each(|group| set.extend(group));
        groups = apart;
        groups.push(set);
    }
    let named = groups.into_iter().filter_map(|group| Some((*group.first()?, group)));
    named.flat_map(|(first, group)| group.into_iter().map(move |region| (region, first))).collect()
}

/// The parts of a view, in the order of their smallest regions. Couriers who serve no region and carry nothing, and
/// deliveries of regions nobody on duty serves, are in none.
pub(super) fn of(view: View) -> Vec<Part> {
    let View { now, book, weights, couriers, open } = view;
    let first = connected(couriers.iter().map(tied));
    let mut parts: BTreeMap<RegionId, Part> = BTreeMap::new();
    for (region, first) in &first {
        let empty = || View { now, book: Arc::clone(&book), weights, couriers: Vec::new(), open: Vec::new() };
        let part = parts.entry(*first).or_insert_with(|| Part { regions: Vec::new(), view: empty() });
        part.regions.push(*region);
    }
    for duty in couriers {
        let part = tied(&duty).first().and_then(|region| parts.get_mut(first.get(region)?));
        if let Some(part) = part {
            part.view.couriers.push(duty);
        }
    }
    for known in open {
        if let Some(part) = first.get(&known.region).and_then(|first| parts.get_mut(first)) {
            part.view.open.push(known);
        }
    }
    parts.into_values().collect()
}

/// A part as it was when a round found nothing to change.
#[derive(Debug)]
struct Seen {
    mark: u64,
    at: DateTime<Utc>,
    places: HashMap<CourierId, Point>,
}

/// What this process has planned and found in order: a part is planned again when something it is made of changed, or
/// an epoch later. An answer in one region does not make another one be planned.
#[derive(Debug, Default)]
pub struct Planned(Mutex<HashMap<Uuid, Seen>>);

impl Planned {
    /// Whether a part should be planned now.
    pub(super) fn is_due(&self, part: &Part, epoch: TimeDelta) -> bool {
        let planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = planned.get(&part.key()) else { return true };
        let age = part.view.now - seen.at;
        let fresh = age < epoch && age >= TimeDelta::zero() && seen.mark == part.mark();
        !fresh
            || part.view.couriers.iter().any(|duty| {
                let place = duty.seen.map(|(point, _)| point);
                place.is_some_and(|place| is_far(seen.places.get(&duty.id), place))
            })
    }

    /// A round found nothing to change.
    pub(super) fn in_order(&self, part: &Part) {
        let places = part.view.couriers.iter().filter_map(|duty| Some((duty.id, duty.seen?.0))).collect();
        let seen = Seen { mark: part.mark(), at: part.view.now, places };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(part.key(), seen);
    }

    /// It has to be looked at again.
    pub(super) fn forget(&self, part: &Part) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&part.key());
    }

    /// Parts that are none any more are forgotten.
    pub(super) fn only(&self, parts: &[Part]) {
        let keys: BTreeSet<Uuid> = parts.iter().map(Part::key).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| keys.contains(key));
    }

    /// Whether a courier's place matters to a plan made here: they are far from where it saw them.
    pub fn has_moved(&self, courier: CourierId, place: Point) -> bool {
        let planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = planned.values().find_map(|seen| seen.places.get(&courier));
        known.is_some_and(|known| is_far(Some(known), place))
    }
}

/// Far from the place a plan was made with; a plan made without one wants it.
fn is_far(known: Option<&Point>, place: Point) -> bool {
    known.is_none_or(|known| known.distance_m(place) > MOVED_M)
}

/// What one plan may spend on becoming better, so that a round ends within the epoch: no more than `most`, and no more
/// than its share of what is left of the epoch after `used`, with `left` plans to make and `side_by_side` made at once.
/// A round that has used the epoch up improves nothing; the first plan, which keeps all rules, is always made.
pub(super) fn share(
    most: std::time::Duration,
    epoch: std::time::Duration,
    used: std::time::Duration,
    left: usize,
    side_by_side: usize,
) -> std::time::Duration {
    let at_once = u32::try_from(side_by_side.max(1)).unwrap_or(u32::MAX);
    let left = u32::try_from(left.max(1)).unwrap_or(u32::MAX);
    most.min(epoch.saturating_sub(used).saturating_mul(at_once) / left)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    fn region(number: u128) -> RegionId {
        RegionId::from_uuid(Uuid::from_u128(number))
    }

    fn set(numbers: &[u128]) -> BTreeSet<RegionId> {
        numbers.iter().map(|number| region(*number)).collect()
    }

    #[test]
    fn regions_hang_together_by_the_couriers_they_share() {
        let first = connected([set(&[1, 2]), set(&[5]), set(&[3, 4]), set(&[4, 2]), set(&[]), set(&[6, 5])]);
        let of = |number| first.get(&region(number)).copied();
        for number in 1..=4 {
            assert_eq!(of(number), Some(region(1)), "{number}");
        }
        assert_eq!((of(5), of(6), of(7)), (Some(region(5)), Some(region(5)), None));
    }

    #[test]
    fn improvement_is_shed_when_a_round_takes_too_long_and_never_more_than_the_budget_is_spent() {
        let ms = Duration::from_millis;
        let (most, epoch) = (ms(50), ms(10_000));
        assert_eq!(share(most, epoch, ms(0), 1, 1), ms(50));
        assert_eq!(share(most, epoch, ms(0), 1_000, 1), ms(10), "a thousand regions share the epoch");
        assert_eq!(share(most, epoch, ms(0), 1_000, 4), ms(40));
        assert_eq!(share(most, epoch, ms(9_000), 100, 1), ms(10));
        assert_eq!(share(most, epoch, ms(10_000), 1, 2), ms(0), "the epoch is over: the first plan alone");
        assert_eq!(share(most, epoch, ms(60_000), 0, 0), ms(0));
        assert_eq!(share(ms(0), epoch, ms(0), 1, 1), ms(0));
    }
}
