//! "What if": a decision of a dispatcher's own, tried on a frozen copy of the present. Nothing is written and nobody is
//! kept from anything meanwhile.

use super::super::App;
use super::super::error::Error;
use super::super::view::NamedView;
use super::snapshot::{self, Known, OnDuty, View};
use super::stops::{self, Setting, open_delivery};
use super::travel;
use callahead_domain::delivery::state::Stage;
use callahead_domain::dispatch::{
    self, CourierState, Effect, OpenDelivery, Problem, Refusal, Weights, WhatIf, what_if, what_if_without,
};
use callahead_domain::geo::TravelTimes;
use callahead_domain::id::{CourierId, DeliveryId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Couriers told of where none was named, the best of them.
const MOST_COURIERS: usize = 20;

/// What a dispatcher thinks of doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idea {
    /// Give a delivery to this courier, or to whom.
    Assign {
        /// Which.
        delivery: DeliveryId,
        /// To whom; without it, everybody who comes into question.
        courier: Option<CourierId>,
    },
    /// Move all that is not collected to another courier.
    MoveRun {
        /// From whom.
        from: CourierId,
        /// To whom.
        to: CourierId,
    },
    /// A courier ends now; what is not collected goes to others.
    EndShift {
        /// Who.
        courier: CourierId,
    },
}

/// A rule that would be broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BrokenRuleView {
    /// For which delivery, `dlv_…`.
    pub delivery_id: String,
    /// The rule, as a stable word.
    pub code: &'static str,
    /// In words.
    pub detail: &'static str,
}

impl BrokenRuleView {
    /// A rule broken for a delivery.
    pub(super) fn new(rule: Refusal, delivery: DeliveryId) -> BrokenRuleView {
        BrokenRuleView { delivery_id: delivery.to_string(), code: rule.code(), detail: rule.meaning() }
    }
}

/// What would change for one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EffectView {
    /// `dlv_…`
    pub delivery_id: String,
    /// When they would be served.
    pub arrive_at: DateTime<Utc>,
    /// Seconds that is after the promise.
    pub late_s: i64,
    /// Seconds of lateness that are new; less than 0 if they would be less late.
    pub late_added_s: i64,
    /// Seconds later than now planned; null where it is not on this run now.
    pub later_s: Option<i64>,
}

impl From<Effect> for EffectView {
    fn from(effect: Effect) -> EffectView {
        let Effect { delivery, arrive_at, late_s, late_added_s, later_s } = effect;
        EffectView { delivery_id: delivery.to_string(), arrive_at, late_s, late_added_s, later_s }
    }
}

/// What it would mean for one courier.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CourierIfView {
    /// Who.
    pub courier: NamedView,
    /// No rule would be broken.
    pub fits: bool,
    /// Customers for whom something would change, in the order of the run.
    pub deliveries: Vec<EffectView>,
    /// Seconds of lateness added, over all customers of the run.
    pub late_added_s: i64,
    /// Seconds of driving added; less than 0 if some are saved.
    pub driving_added_s: i64,
    /// Rules that would be broken.
    pub rules_broken: Vec<BrokenRuleView>,
}

/// A delivery that would stay with the courier who has it on board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StaysView {
    /// `dlv_…`
    pub delivery_id: String,
    /// Where its parcels are.
    pub stage: &'static str,
}

/// A delivery nobody could be given by the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NobodyView {
    /// `dlv_…`
    pub delivery_id: String,
    /// Why not, the most frequent reason first.
    pub codes: Vec<&'static str>,
}

/// The answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhatIfView {
    /// The moment of the copy.
    pub at: DateTime<Utc>,
    /// Couriers it would mean something for, the best first where there is a choice.
    pub couriers: Vec<CourierIfView>,
    /// What the courier keeps because it is on board.
    pub stays: Vec<StaysView>,
    /// What would be left without a courier.
    pub nobody: Vec<NobodyView>,
}

/// A courier with what they have been given but is not in their run yet worked in: the present, whole.
fn settled(
    courier: &CourierState,
    setting: &Setting,
    travel: &dyn TravelTimes,
    weights: &Weights,
) -> CourierState {
    let new = setting.new.get(&courier.id).cloned().unwrap_or_default();
    let found = what_if(courier, &new, setting.problem.now, travel, weights);
    let stops = found.after.into_iter().map(|planned| planned.stop).collect();
    // A dispatcher's decision is no second offer.
    CourierState { stops, has_offer: false, ..courier.clone() }
}

/// Somebody on duty as the engine sees them.
pub(super) fn state_of(
    view: &View,
    setting: &Setting,
    id: CourierId,
    travel: &dyn TravelTimes,
) -> Option<CourierState> {
    view.courier(id)?;
    let courier = setting.problem.couriers.iter().find(|courier| courier.id == id)?;
    Some(settled(courier, setting, travel, &view.weights))
}

/// What of a courier's deliveries can still go to another, and what is on board.
pub(super) fn remaining(duty: &OnDuty) -> (Vec<&Known>, Vec<StaysView>) {
    let (moves, stays): (Vec<&Known>, Vec<&Known>) =
        duty.held.iter().partition(|known| matches!(known.delivery.stage, Stage::Assigned { .. }));
    let stay = |known: &&Known| StaysView {
        delivery_id: known.delivery.id.to_string(),
        stage: known.delivery.stage.kind().name(),
    };
    (moves, stays.iter().map(stay).collect())
}

/// Somebody who is not at work can be given nothing.
pub(super) fn off_duty(param: &str) -> Error {
    Error::rule("courier_off_duty", "This courier has no shift, or its time is over.").at(param)
}

fn told(view: &View, found: &WhatIf) -> CourierIfView {
    let name = view.courier(found.courier).map(|duty| duty.name.clone()).unwrap_or_default();
    let deliveries: Vec<EffectView> = found.effects().into_iter().map(EffectView::from).collect();
    CourierIfView {
        courier: NamedView { id: found.courier.to_string(), name },
        fits: found.broken.is_empty(),
        late_added_s: deliveries.iter().map(|effect| effect.late_added_s).sum(),
        deliveries,
        driving_added_s: found.driving_added_s(),
        rules_broken: found.broken.iter().map(|(rule, id)| BrokenRuleView::new(*rule, *id)).collect(),
    }
}

fn assign(
    view: &mut View,
    known: Known,
    courier: Option<CourierId>,
    travel: &dyn TravelTimes,
) -> Result<WhatIfView, Error> {
    let open = open_delivery(&known, None);
    view.as_open(known);
    let setting = stops::setting(view, travel);
    let weights = view.weights;
    let who: Vec<CourierId> = match courier {
        Some(one) => vec![one],
        None => dispatch::explain(&setting.problem, travel, &weights, open.id)
            .into_iter()
            .map(|explained| explained.courier)
            .take(MOST_COURIERS)
            .collect(),
    };
    let mut couriers = Vec::with_capacity(who.len());
    for id in who {
        let state = state_of(view, &setting, id, travel).ok_or_else(|| off_duty("courier_id"))?;
        let found = what_if(&state, std::slice::from_ref(&open), view.now, travel, &weights);
        couriers.push(told(view, &found));
    }
    Ok(WhatIfView { at: view.now, couriers, stays: Vec::new(), nobody: Vec::new() })
}

fn move_run(
    view: &View,
    from: CourierId,
    to: CourierId,
    travel: &dyn TravelTimes,
) -> Result<WhatIfView, Error> {
    let setting = stops::setting(view, travel);
    let giver = view.courier(from).ok_or_else(|| off_duty("from"))?;
    let gives = state_of(view, &setting, from, travel).ok_or_else(|| off_duty("from"))?;
    let takes = state_of(view, &setting, to, travel).ok_or_else(|| off_duty("to"))?;
    let (moves, stays) = remaining(giver);
    let open: Vec<OpenDelivery> = moves.iter().map(|known| open_delivery(known, None)).collect();
    let ids: Vec<DeliveryId> = open.iter().map(|open| open.id).collect();
    let found =
        [what_if(&takes, &open, view.now, travel, &view.weights), what_if_without(&gives, &ids, travel)];
    let couriers = found.iter().map(|found| told(view, found)).collect();
    Ok(WhatIfView { at: view.now, couriers, stays, nobody: Vec::new() })
}

fn end_shift(view: &View, courier: CourierId, travel: &dyn TravelTimes) -> Result<WhatIfView, Error> {
    let setting = stops::setting(view, travel);
    let leaver = view.courier(courier).ok_or_else(|| off_duty("courier_id"))?;
    let (moves, stays) = remaining(leaver);
    let open: Vec<OpenDelivery> = moves.iter().map(|known| open_delivery(known, None)).collect();
    let others = view.couriers.iter().filter(|duty| duty.id != courier);
    let states: Vec<CourierState> =
        others.filter_map(|duty| state_of(view, &setting, duty.id, travel)).collect();
    let problem = Problem { now: view.now, couriers: states, deliveries: open };
    let weights = view.weights;
    let plan = dispatch::plain(&problem, travel, &weights);
    let mut couriers = Vec::new();
    for state in &problem.couriers {
        let mine = |open: &&OpenDelivery| {
            plan.assignments.iter().any(|given| given.delivery == open.id && given.courier == state.id)
        };
        let given: Vec<OpenDelivery> = problem.deliveries.iter().filter(mine).cloned().collect();
        if !given.is_empty() {
            couriers.push(told(view, &what_if(state, &given, view.now, travel, &weights)));
        }
    }
    let nobody = plan.unassigned.iter().map(|left| {
        let mut codes: Vec<&'static str> = left.reasons.iter().map(|(_, refusal)| refusal.code()).collect();
        let counted = codes.clone();
        codes.sort_by_key(|code| {
            (std::cmp::Reverse(counted.iter().filter(|other| *other == code).count()), *code)
        });
        codes.dedup();
        NobodyView { delivery_id: left.delivery.to_string(), codes }
    });
    Ok(WhatIfView { at: view.now, couriers, stays, nobody: nobody.collect() })
}

impl App {
    /// What would come of an idea, as things are now.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such delivery; `courier_off_duty`; `not_givable` for a delivery that is
    /// collected, over, or without a place on the map; `same_courier`.
    #[expect(
        clippy::disallowed_methods,
        reason = "pure reckoning of bounded length, waited for by the caller"
    )]
    pub async fn what_if(&self, idea: Idea) -> Result<WhatIfView, Error> {
        let known = match idea {
            Idea::Assign { delivery, .. } => {
                let known = snapshot::one(self, delivery.uuid()).await?.filter(Known::is_givable);
                Some(known.ok_or_else(|| {
                    let detail = "The delivery is collected, over, or has no place on the map.";
                    Error::rule("not_givable", detail).at("delivery_id")
                })?)
            }
            _ => None,
        };
        if matches!(idea, Idea::MoveRun { from, to } if from == to) {
            return Err(Error::rule("same_courier", "The run is this courier's already.").at("to"));
        }
        let mut view = snapshot::read(self, self.clock.now()).await?;
        let travel = travel::prepared(self, &view, known.as_ref()).await;
        let think = move || match (idea, known) {
            (Idea::Assign { courier, .. }, Some(known)) => assign(&mut view, known, courier, travel.as_ref()),
            (Idea::Assign { .. }, None) => Err(Error::Missing),
            (Idea::MoveRun { from, to }, _) => move_run(&view, from, to, travel.as_ref()),
            (Idea::EndShift { courier }, _) => end_shift(&view, courier, travel.as_ref()),
        };
        tokio::task::spawn_blocking(think).await.map_err(Error::internal)?
    }
}
