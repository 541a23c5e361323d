//! How fast the assignment engine decides, and what its budget buys: `cargo bench -p callahead-domain --bench dispatch`,
//! with sizes as `-- 100x20 1000x200` for some only.
//!
//! A town of generated shops, doors and couriers, the same every time; ready and promised times as on a busy evening. For
//! each size: the first plan (the quickest of five), the plan after budgets of wall time, the same with shifts that end so
//! soon that hundreds of deliveries find no place, and plain cheapest insertion of every delivery with every courier in the
//! same run (not at the largest size, where it takes minutes). Cost is in points per delivery, from the plan's own times,
//! by `dispatch::cost`. The checker looks at each plan that is small enough for it. One thread. Beside the time on the
//! clock stands the time on a core, which tells more on a machine that does other things too. Figures are printed, never
//! asserted; the peak of memory is the process's, so the sizes run from small to large.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

use callahead_domain::dispatch::{
    Clearance, CourierState, OpenDelivery, Plan, Problem, Stop, StopKind, Weights, check, cost, plain, plan,
};
use callahead_domain::geo::{GreatCircle, Point};
use callahead_domain::id::{CourierId, DeliveryId, PickupPointId, RegionId};
use chrono::{DateTime, TimeDelta};
use std::time::Instant;
use uuid::Uuid;

const SIZES: [(usize, usize); 3] = [(100, 20), (1_000, 200), (10_000, 5_000)];
const BUDGETS_MS: [u64; 5] = [10, 50, 200, 1_000, 5_000];
const PLAIN_AT_MOST: usize = 200_000;
const CHECKED_AT_MOST: usize = 1_000;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    for (deliveries, couriers) in SIZES {
        let name = format!("{deliveries}x{couriers}");
        if wanted.is_empty() || wanted.contains(&name) {
            bench(deliveries, couriers);
        }
    }
}

fn bench(deliveries: usize, couriers: usize) {
    let problem = town(deliveries, couriers);
    let travel = GreatCircle::default();
    let weights = Weights::default();
    println!("\n{deliveries} deliveries, {couriers} couriers\n");
    println!(
        "| plan | ms | on a core | points per delivery | without a courier | late | breaches | peak MB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let row = |name: &str, (ms, core_ms): (f64, f64), problem: &Problem, plan: &Plan| {
        let late = plan.assignments.iter().filter(|given| given.late_s > 0).count();
        let carried = Plan { unassigned: Vec::new(), ..plan.clone() };
        let breaches = if deliveries <= CHECKED_AT_MOST {
            check(problem, plan, &travel, &weights).len().to_string()
        } else {
            "not checked".to_owned()
        };
        println!(
            "| {name} | {ms:.1} | {core_ms:.1} | {:.0} | {} | {late} | {breaches} | {} |",
            cost(problem, &carried, &weights) / (deliveries - plan.unassigned.len()).max(1) as f64,
            plan.unassigned.len(),
            peak_mb(),
        );
        cost(problem, plan, &weights)
    };
    let within = |problem: &Problem, budget_ms: u64| {
        let (started, core_ms) = (Instant::now(), on_core_ms());
        let clock = || started.elapsed().as_secs_f64() * 1_000.0;
        let found = plan(problem, &travel, &weights, 1, &mut || match budget_ms {
            0 => 1.0,
            most => clock() / most as f64,
        });
        ((clock(), on_core_ms() - core_ms), found)
    };
    let quickest = |problem: &Problem| {
        let all = (0..5).map(|_| within(problem, 0));
        all.min_by(|(one, _), (other, _)| one.0.total_cmp(&other.0)).unwrap()
    };
    let (took, first) = quickest(&problem);
    row("first", took, &problem, &first);
    let mut best = f64::NAN;
    for budget_ms in BUDGETS_MS {
        let (took, found) = within(&problem, budget_ms);
        best = row(&format!("budget of {budget_ms} ms"), took, &problem, &found);
    }
    let mut full = problem.clone();
    full.couriers.iter_mut().for_each(|courier| courier.shift_ends_at = full.now + TimeDelta::minutes(12));
    let (took, first) = quickest(&full);
    row("shifts end: first", took, &full, &first);
    let (took, found) = within(&full, 200);
    row("shifts end: budget of 200 ms", took, &full, &found);
    if deliveries * couriers <= PLAIN_AT_MOST {
        let (started, core_ms) = (Instant::now(), on_core_ms());
        let found = plain(&problem, &travel, &weights);
        let took = (started.elapsed().as_secs_f64() * 1_000.0, on_core_ms() - core_ms);
        let cost = row("plain insertion", took, &problem, &found);
        println!("\nThe largest budget's plan costs {:.3} of plain insertion's.", best / cost);
    }
}

/// Numbers spread evenly over 0 to 1, the same every time (multiples of the golden ratio's kin).
fn spread(number: usize, step: f64) -> f64 {
    (number as f64 * step).fract()
}

/// A town whose size grows with its couriers: 5 x 5 km for 20 of them.
fn town(deliveries: usize, couriers: usize) -> Problem {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let wide = 0.045 * (couriers as f64 / 20.0).sqrt();
    let at = |number: usize| {
        let (x, y) = (spread(number, 0.754_877_666_246_692_7), spread(number, 0.569_840_290_998_053_2));
        Point::new(50.0 + y * wide, 8.0 + x * wide * 1.55).unwrap()
    };
    let region = RegionId::from_uuid(Uuid::from_u128(1));
    let shops = (couriers / 2).max(5);
    let courier = |number: usize| CourierState {
        id: CourierId::from_uuid(Uuid::from_u128(number as u128)),
        at: at(number * 3 + 7),
        free_at: now,
        shift_ends_at: now + TimeDelta::hours(4),
        capacity: 4,
        speed_factor: 1.0,
        on_board: 0,
        regions: vec![region],
        has_offer: false,
        stops: vec![],
        fixed: 0,
        home: None,
        break_until: None,
        skills: vec![],
        max_weight_g: None,
        on_board_g: 0,
        covered: None,
    };
    let open = |number: usize| {
        let id = DeliveryId::from_uuid(Uuid::from_u128(number as u128));
        let shop = (spread(number, 0.618_033_988_749_894_9) * shops as f64) as usize;
        let ready = now + TimeDelta::seconds((spread(number, 0.324_717_957_244_746) * 1_500.0) as i64);
        let pick_up = Stop {
            delivery: id,
            kind: StopKind::PickUp,
            point: at(shop * 5 + 1),
            place: Some(PickupPointId::from_uuid(Uuid::from_u128(shop as u128))),
            service_s: 120,
            not_before: Some(ready),
            due: None,
            load: 1,
            told: None,
            clearance: Clearance::Unasked,
            weight_g: 0,
            hold_ends: None,
            home_chance: 1.0,
        };
        // Doors lie around their shop, within 2 km or so.
        let near = |part: f64| (part - 0.5) * 0.036;
        let from = pick_up.point;
        let (up, right) = (spread(number, 0.414_213_562_373_095), spread(number, 0.732_050_807_568_877));
        let door = Point::new(from.lat() + near(up), from.lon() + 1.55 * near(right)).unwrap();
        let drop_off = Stop {
            kind: StopKind::DropOff,
            point: door,
            place: None,
            not_before: None,
            due: Some(ready + TimeDelta::minutes(45)),
            ..pick_up.clone()
        };
        OpenDelivery {
            id,
            region,
            pick_up,
            drop_off,
            declined: vec![],
            courier: None,
            needs: vec![],
            tentative: None,
            widened: vec![],
        }
    };
    Problem {
        now,
        couriers: (1..=couriers).map(courier).collect(),
        deliveries: (1..=deliveries).map(open).collect(),
    }
}

/// The time this process has spent on a core, in milliseconds; 0 where the system does not say.
fn on_core_ms() -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    told.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

/// The most memory the process has held, in megabytes; 0 where the system does not say.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
