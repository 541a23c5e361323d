//! The rules, each with its name, and the walk that holds every claim to them.
#![expect(clippy::as_conversions, reason = "a leg's minutes are small and come from a fraction")]

use std::collections::BTreeMap;
use std::fmt;

use super::super::instance::Instance;
use super::claims::{Claims, Delivery, Move, Pickup, Stand, spot};

/// A rule of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Every line has its fields, and every order has one line.
    WholeLines,
    /// Every time is a whole minute.
    WholeMinutes,
    /// Every name stands in the instance.
    KnownNames,
    /// Placement and ready times are the instance's.
    TrueToInstance,
    /// An order is assigned once at most.
    AssignedOnce,
    /// An order has a delivery if and only if it has an assignment, and both tell the same courier and minute.
    FilesAgree,
    /// No order is assigned before it is placed.
    AssignedAfterPlacement,
    /// No order is assigned after its pick-up.
    AssignedBeforeDeparture,
    /// A bundle is of one restaurant.
    OneRestaurant,
    /// No pick-up before every order of the bundle is ready.
    PickUpWhenReady,
    /// No pick-up after the courier's shift.
    PickUpWithinShift,
    /// No leg before the courier's shift.
    LegWithinShift,
    /// A leg begins where the one before it ended.
    LegsConnect,
    /// A leg begins no earlier than the one before it ended.
    OnePlaceAtATime,
    /// The courier is at the restaurant at the pick-up, at the door at the drop-off.
    CourierIsThere,
    /// Half the service lies between the arrival and the pick-up or drop-off.
    ServiceBefore,
    /// Half the service lies between the pick-up or drop-off and the departure.
    ServiceAfter,
    /// A bundle is brought in its order, and before the courier's next pick-up.
    BundleInOrder,
}

/// A broken rule and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// `assignments`, `orders` or `couriers`.
    pub file: &'static str,
    /// Line in that file, counted from 1; 0 where a line is missing.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {:?}: {}", self.file, self.line, self.rule, self.what)
    }
}

/// A courier's time at one place.
#[derive(Debug, Clone, Copy)]
struct Stay {
    at: Stand,
    from: i64,
    until: i64,
}

struct Auditor<'a> {
    day: &'a Instance,
    claims: &'a Claims,
    stays: Vec<Vec<Stay>>,
    wrong: Vec<Violation>,
}

/// Every rule the claims break.
pub fn hold(day: &Instance, claims: &Claims) -> Vec<Violation> {
    let mut auditor = Auditor { day, claims, stays: Vec::new(), wrong: Vec::new() };
    auditor.walk();
    for pickup in &claims.pickups {
        auditor.assignment(pickup);
    }
    auditor.orders();
    auditor.sequences();
    auditor.wrong
}

impl Auditor<'_> {
    fn tell(&mut self, rule: Rule, file: &'static str, line: usize, what: String) {
        self.wrong.push(Violation { rule, file, line, what });
    }

    /// Minutes of a leg: straight line at the instance's speed, rounded up.
    fn minutes(&self, from: Stand, to: Stand) -> i64 {
        let (Some(from), Some(to)) = (spot(self.day, from), spot(self.day, to)) else { return 0 };
        let metres = ((to.x - from.x).powi(2) + (to.y - from.y).powi(2)).sqrt();
        (metres / self.day.parameters.metres_per_min).ceil() as i64
    }

    /// Follows every courier through its legs and notes where it stood when.
    fn walk(&mut self) {
        let mut moves: BTreeMap<usize, Vec<&Move>> = BTreeMap::new();
        for leg in &self.claims.moves {
            moves.entry(leg.courier).or_default().push(leg);
        }
        for (courier, shift) in self.day.couriers.iter().enumerate() {
            let mut here = Stay { at: Stand::Start(courier), from: i64::from(shift.on_min), until: i64::MAX };
            let mut stays = Vec::new();
            for leg in moves.remove(&courier).unwrap_or_default() {
                if leg.departs < i64::from(shift.on_min) {
                    let what = format!("{} departs before its shift", shift.name);
                    self.tell(Rule::LegWithinShift, "couriers", leg.line, what);
                }
                if leg.from != here.at {
                    let what = format!("{} is at {:?}, not at {:?}", shift.name, here.at, leg.from);
                    self.tell(Rule::LegsConnect, "couriers", leg.line, what);
                }
                if leg.departs < here.from {
                    let what = format!("{} departs at {}, arrives at {}", shift.name, leg.departs, here.from);
                    self.tell(Rule::OnePlaceAtATime, "couriers", leg.line, what);
                }
                stays.push(Stay { until: leg.departs, ..here });
                let from = leg.departs + self.minutes(leg.from, leg.to);
                here = Stay { at: leg.to, from, until: i64::MAX };
            }
            stays.push(here);
            self.stays.push(stays);
        }
    }

    /// The stay in which a courier does something at a place, with the service before and after it.
    fn there(&mut self, file: &'static str, line: usize, (courier, at, when): (usize, Stand, i64)) {
        let service = match at {
            Stand::Door(_) => self.day.parameters.drop_off_service_min,
            _ => self.day.parameters.pick_up_service_min,
        };
        let (before, after) = (i64::from(service / 2), i64::from(service.div_ceil(2)));
        let stays = self.stays.get(courier).map_or(&[][..], Vec::as_slice);
        let found =
            stays.iter().copied().find(|stay| stay.at == at && stay.from <= when && when <= stay.until);
        let Some(stay) = found else {
            self.tell(Rule::CourierIsThere, file, line, format!("nobody is at {at:?} at {when}"));
            return;
        };
        if when < stay.from + before {
            let what = format!("arrives at {}, {before} min of service, done at {when}", stay.from);
            self.tell(Rule::ServiceBefore, file, line, what);
        }
        if stay.until != i64::MAX && stay.until < when + after {
            let what = format!("done at {when}, {after} min of service, departs at {}", stay.until);
            self.tell(Rule::ServiceAfter, file, line, what);
        }
    }

    fn assignment(&mut self, pickup: &Pickup) {
        let file = "assignments";
        let day = self.day;
        let orders = || pickup.orders.iter().filter_map(|order| day.orders.get(*order));
        let Some(first) = orders().next() else { return };
        if orders().any(|order| order.restaurant != first.restaurant) {
            self.tell(Rule::OneRestaurant, file, pickup.line, "orders of several restaurants".to_owned());
        }
        for order in orders() {
            if pickup.assigned < i64::from(order.placed_min) {
                let what =
                    format!("{} placed at {}, assigned at {}", order.name, order.placed_min, pickup.assigned);
                self.tell(Rule::AssignedAfterPlacement, file, pickup.line, what);
            }
            if pickup.at < i64::from(order.ready_min) {
                let what = format!("{} ready at {}, picked up at {}", order.name, order.ready_min, pickup.at);
                self.tell(Rule::PickUpWhenReady, file, pickup.line, what);
            }
        }
        if pickup.assigned > pickup.at {
            let what = format!("assigned at {}, picked up at {}", pickup.assigned, pickup.at);
            self.tell(Rule::AssignedBeforeDeparture, file, pickup.line, what);
        }
        let off = day.couriers.get(pickup.courier).map_or(0, |courier| i64::from(courier.off_min));
        if pickup.at > off {
            let what = format!("shift ends at {off}, picked up at {}", pickup.at);
            self.tell(Rule::PickUpWithinShift, file, pickup.line, what);
        }
        let at = Stand::Restaurant(first.restaurant);
        self.there(file, pickup.line, (pickup.courier, at, pickup.at));
    }

    /// Each order against the instance, its assignment and its courier's legs.
    fn orders(&mut self) {
        let mut assigned: BTreeMap<usize, &Pickup> = BTreeMap::new();
        for pickup in &self.claims.pickups {
            for order in &pickup.orders {
                if let Some(first) = assigned.insert(*order, pickup) {
                    let what = format!("order {order} stands in line {} too", first.line);
                    self.tell(Rule::AssignedOnce, "assignments", pickup.line, what);
                }
            }
        }
        for (order, known) in self.day.orders.iter().enumerate() {
            let Some(Some(claim)) = self.claims.deliveries.get(order) else {
                self.tell(Rule::WholeLines, "orders", 0, format!("no line for {}", known.name));
                continue;
            };
            if (claim.placed, claim.ready) != (i64::from(known.placed_min), i64::from(known.ready_min)) {
                let what = format!("{} is placed at {}, ready at {}", known.name, claim.placed, claim.ready);
                self.tell(Rule::TrueToInstance, "orders", claim.line, what);
            }
            self.agreement(claim, assigned.get(&order).copied());
            if let Some((_, drop_off, courier)) = claim.done {
                self.there("orders", claim.line, (courier, Stand::Door(order), drop_off));
            }
        }
    }

    fn agreement(&mut self, claim: &Delivery, assigned: Option<&Pickup>) {
        let told = claim.done.map(|(pick_up, _, courier)| (pick_up, courier));
        let wanted = assigned.map(|pickup| (pickup.at, pickup.courier));
        if told != wanted {
            let what = format!("pick-up and courier are {told:?}, assigned are {wanted:?}");
            self.tell(Rule::FilesAgree, "orders", claim.line, what);
        }
    }

    /// Each courier's pick-ups in time: the drop-offs follow in the bundle's order, and end before the next pick-up.
    fn sequences(&mut self) {
        let mut by_courier: BTreeMap<usize, Vec<&Pickup>> = BTreeMap::new();
        for pickup in &self.claims.pickups {
            by_courier.entry(pickup.courier).or_default().push(pickup);
        }
        for mut pickups in by_courier.into_values() {
            pickups.sort_by_key(|pickup| pickup.at);
            let mut busy_until = i64::MIN;
            for pickup in pickups {
                let mut last = pickup.at;
                let mut in_order = pickup.at > busy_until;
                for order in &pickup.orders {
                    let claim = self.claims.deliveries.get(*order).and_then(Option::as_ref);
                    let Some((_, drop_off, _)) = claim.and_then(|claim| claim.done) else { continue };
                    in_order &= drop_off > last;
                    last = drop_off;
                }
                busy_until = busy_until.max(last);
                if !in_order {
                    let what = "drop-offs out of the bundle's order, or among another bundle's".to_owned();
                    self.tell(Rule::BundleInOrder, "assignments", pickup.line, what);
                }
            }
        }
    }
}
