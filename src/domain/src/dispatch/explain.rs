//! Why a delivery went, or did not go, to a courier.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::engine::{couriers, points};
use super::insertion::{Insertion, Route, Terms};
use super::legs::{Legs, SECOND_US};
use super::problem::{CourierState, OpenDelivery, Problem};
use super::rules::{Refusal, may_carry};
use super::schedule::{Node, instant};
use super::weights::Weights;
use crate::geo::TravelTimes;
use crate::id::{CourierId, DeliveryId};

/// What one courier would mean for a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Who.
    pub courier: CourierId,
    /// Would or would not.
    pub verdict: Verdict,
}

/// Whether a courier could carry a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They could.
    Would {
        /// How many seconds later their run would end.
        added_s: i64,
        /// When the customer would be served.
        arrive_at: DateTime<Utc>,
        /// Seconds that is after the promise; 0 if it is kept.
        late_s: i64,
    },
    /// They may not.
    Refused(Refusal),
}

/// Every courier's verdict on one open delivery against the runs as they are, best first; refusals follow in the
/// order of how far they came, then of ids. As the engine does, it looks at late places only if nobody keeps the
/// promise and policy allows it. Empty if the delivery is not in the problem.
#[must_use]
pub fn explain(
    problem: &Problem,
    travel: &dyn TravelTimes,
    weights: &Weights,
    delivery: DeliveryId,
) -> Vec<Explained> {
    let Some(open) = problem.deliveries.iter().find(|open| open.id == delivery) else { return Vec::new() };
    let legs = Legs::new(travel, points(problem));
    let terms = |late| Terms { weights, now_us: problem.now.timestamp_micros(), late };
    let mut judged = judge(problem, open, &terms(false), &legs);
    if weights.allow_late && judged.iter().all(|(_, verdict)| verdict.is_err()) {
        judged = judge(problem, open, &terms(true), &legs);
    }
    let refused =
        |verdict: &Result<Insertion, Refusal>| verdict.as_ref().err().map(|refusal| Reverse(*refusal));
    let cost = |verdict: &Result<Insertion, Refusal>| verdict.as_ref().map_or(0.0, |found| found.added_cost);
    judged.sort_by(|(one, a), (other, b)| {
        let by_cost = || cost(a).total_cmp(&cost(b));
        refused(a).cmp(&refused(b)).then_with(by_cost).then(one.id.cmp(&other.id))
    });
    judged
        .into_iter()
        .map(|(courier, verdict)| Explained { courier: courier.id, verdict: told(verdict) })
        .collect()
}

type Judged<'a> = (&'a CourierState, Result<Insertion, Refusal>);

fn judge<'a>(
    problem: &'a Problem,
    open: &'a OpenDelivery,
    terms: &Terms<'_>,
    legs: &Legs<'_>,
) -> Vec<Judged<'a>> {
    let (pick_up, drop_off) = (Node::new(&open.pick_up, legs), Node::new(&open.drop_off, legs));
    let mut judged = Vec::new();
    for courier in couriers(problem) {
        let found = match may_carry(courier, open, problem.now) {
            Err(refusal) => Err(Some(refusal)),
            Ok(()) => {
                let route = Route::new(courier, terms, legs);
                let price = route.price(open, terms.weights);
                let found = route.best((&pick_up, &drop_off), terms, f64::INFINITY, legs);
                found.map(|mut found| {
                    found.added_cost += price;
                    found
                })
            }
        };
        match found {
            Ok(found) => judged.push((courier, Ok(found))),
            Err(Some(refusal)) => judged.push((courier, Err(refusal))),
            Err(None) => {}
        }
    }
    judged
}

fn told(verdict: Result<Insertion, Refusal>) -> Verdict {
    match verdict {
        Ok(found) => Verdict::Would {
            added_s: found.added_us / SECOND_US,
            arrive_at: instant(found.drop_off.start_us),
            late_s: found.drop_off.late_us / SECOND_US,
        },
        Err(refusal) => Verdict::Refused(refusal),
    }
}
