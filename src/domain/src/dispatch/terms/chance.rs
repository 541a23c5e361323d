//! The chance that somebody is home: what a visit brings counts by it, what it takes counts in full. A visit nobody may
//! make for now brings nothing.

use super::super::problem::{Clearance, Stop, StopKind};

/// From 0 to 1; a pick-up is never in vain.
pub(in super::super) fn of(stop: &Stop) -> f64 {
    if stop.kind == StopKind::DropOff && stop.clearance == Clearance::Silent {
        return 0.0;
    }
    let known = stop.kind == StopKind::DropOff && !stop.home_chance.is_nan();
    if known { stop.home_chance.clamp(0.0, 1.0) } else { 1.0 }
}
