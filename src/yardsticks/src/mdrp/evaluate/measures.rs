//! The figures of a day, from what the files claim.
#![expect(
    clippy::as_conversions,
    reason = "counts and minutes of a day are small, and become fractions here"
)]

use super::super::instance::Instance;
use super::claims::Claims;

/// What a day comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// Orders of the day.
    pub orders: usize,
    /// Those never delivered.
    pub undelivered: usize,
    /// Mean minutes from placement to door over delivered orders.
    pub click_to_door_min: f64,
    /// Mean minutes from ready to pick-up over delivered orders.
    pub ready_to_pick_up_min: f64,
    /// Mean minutes from placement to door over all orders, an undelivered one counting the maximum click-to-door.
    pub penalised_min: f64,
    /// Pay per delivered order: each courier gets the pay of its orders, or the guaranteed pay of its shift if more.
    pub cost_per_order: f64,
    /// Gini coefficient of the couriers' orders per hour on shift: 0 all alike, 1 one has all.
    pub gini: f64,
    /// Mean minutes from placement to door if every order left its restaurant when ready and alone: nobody is faster.
    pub floor_min: f64,
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Gini coefficient (mean absolute difference over twice the mean); 0 of nothing.
fn gini(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let total: f64 = values.iter().sum();
    let ranked: f64 = values.iter().enumerate().map(|(at, value)| (at as f64 + 1.0) * value).sum();
    if total > 0.0 { (2.0 * ranked / (count * total)) - (count + 1.0) / count } else { 0.0 }
}

/// The figures of these claims.
pub fn of(day: &Instance, claims: &Claims) -> Measures {
    let told = || claims.deliveries.iter().zip(&day.orders);
    let done = || told().filter_map(|(claim, order)| claim.as_ref()?.done.map(|done| (done, order)));
    let mut brought = vec![0.0_f64; day.couriers.len()];
    for ((_, _, courier), _) in done() {
        if let Some(count) = brought.get_mut(courier) {
            *count += 1.0;
        }
    }
    let hours = |at: usize| {
        day.couriers.get(at).map_or(0.0, |shift| f64::from(shift.off_min.saturating_sub(shift.on_min)) / 60.0)
    };
    let pay = |(at, count): (usize, &f64)| {
        (count * day.parameters.pay_per_order).max(hours(at) * day.parameters.guaranteed_pay_per_hour)
    };
    let delivered = done().count();
    let click_to_door = |((_, drop_off, _), order): ((i64, i64, usize), &super::super::instance::Order)| {
        (drop_off - i64::from(order.placed_min)) as f64
    };
    let most = f64::from(day.parameters.most_click_to_door_min);
    let per_hour = brought.iter().enumerate().filter(|(at, _)| hours(*at) > 0.0);
    Measures {
        orders: day.orders.len(),
        undelivered: day.orders.len() - delivered,
        click_to_door_min: mean(done().map(click_to_door)),
        ready_to_pick_up_min: mean(
            done().map(|((pick_up, ..), order)| (pick_up - i64::from(order.ready_min)) as f64),
        ),
        penalised_min: mean(told().map(|(claim, order)| {
            let done = claim.as_ref().and_then(|claim| claim.done);
            done.map_or(most, |done| click_to_door((done, order)))
        })),
        cost_per_order: brought.iter().enumerate().map(pay).sum::<f64>() / (delivered.max(1) as f64),
        gini: gini(per_hour.map(|(at, count)| count / hours(at)).collect()),
        floor_min: mean(day.orders.iter().map(|order| floor(day, order))),
    }
}

/// Placement to door if the order left its restaurant when ready.
fn floor(day: &Instance, order: &super::super::instance::Order) -> f64 {
    let place = day.restaurants.get(order.restaurant).map_or(order.door, |restaurant| restaurant.place);
    let metres = ((order.door.x - place.x).powi(2) + (order.door.y - place.y).powi(2)).sqrt();
    let minutes = (metres / day.parameters.metres_per_min).ceil();
    let leaves = f64::from(day.parameters.pick_up_service_min.div_ceil(2));
    let hands_over = f64::from(day.parameters.drop_off_service_min / 2);
    f64::from(order.ready_min) - f64::from(order.placed_min) + leaves + minutes + hands_over
}

#[cfg(test)]
mod tests {
    use super::gini;

    #[test]
    fn gini_of_equals_is_none_and_of_one_who_has_all_nearly_one() {
        assert!(gini(vec![2.0, 2.0, 2.0]).abs() < 1e-12);
        assert!((gini(vec![0.0, 0.0, 0.0, 8.0]) - 0.75).abs() < 1e-12);
        assert!((gini(vec![1.0, 3.0]) - 0.25).abs() < 1e-12);
        assert!(gini(Vec::new()).abs() < 1e-12);
    }
}
