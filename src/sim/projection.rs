//! The plane of a delivery day, laid on the earth.

use callahead_domain::geo::point::Point;
use callahead_yardsticks::mdrp::instance::{Instance, Spot};

/// Length of one degree of latitude on the sphere that distances are measured on.
const METRES_PER_DEGREE: f64 = 6_371_008.8 * std::f64::consts::PI / 180.0;

/// Lays the plane on the earth around a centre (equirectangular): the middle of the instance falls on it, and over
/// a town's width distances keep within a few parts in ten thousand.
#[derive(Debug, Clone, Copy)]
pub struct Projection {
    centre: Point,
    middle: Spot,
}

impl Projection {
    /// The middle of all places of the instance falls on `centre`.
    #[must_use]
    pub fn of(instance: &Instance, centre: Point) -> Projection {
        let doors = instance.orders.iter().map(|order| order.door);
        let starts = instance.couriers.iter().map(|courier| courier.start);
        let places = instance.restaurants.iter().map(|restaurant| restaurant.place);
        let all: Vec<Spot> = doors.chain(starts).chain(places).collect();
        let middle = |pick: fn(&Spot) -> f64| {
            let (low, high) =
                all.iter().map(pick).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                    (low.min(value), high.max(value))
                });
            if low.is_finite() && high.is_finite() { f64::midpoint(low, high) } else { 0.0 }
        };
        Projection { centre, middle: Spot { x: middle(|spot| spot.x), y: middle(|spot| spot.y) } }
    }

    /// Where a place of the plane lies; the centre where it would fall off the earth.
    #[must_use]
    pub fn point(&self, spot: Spot) -> Point {
        let lat = self.centre.lat() + (spot.y - self.middle.y) / METRES_PER_DEGREE;
        let narrow = self.centre.lat().to_radians().cos().max(1e-6);
        let lon = self.centre.lon() + (spot.x - self.middle.x) / (METRES_PER_DEGREE * narrow);
        Point::new(lat, lon).unwrap_or(self.centre)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use callahead_yardsticks::mdrp::instance::{Texts, parse};
    use std::path::Path;

    #[test]
    fn the_projection_keeps_distances_and_its_middle() {
        let texts = Texts {
            orders: "order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t0\t500\t3\tr1\t5\n".into(),
            couriers: "courier\tx\ty\ton_time\toff_time\nc1\t900\t0\t0\t90\n".into(),
            restaurants: "restaurant\tx\ty\nr1\t100\t100\n".into(),
            parameters: "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n".into(),
        };
        let day = parse(Path::new("day"), &texts).unwrap();
        let centre = Point::new(37.5665, 126.978).unwrap();
        let plane = Projection::of(&day, centre);
        assert_eq!(plane.point(Spot { x: 450.0, y: 250.0 }), centre);
        for (a, b) in
            [((0.0, 0.0), (3000.0, 4000.0)), ((0.0, 0.0), (5000.0, 0.0)), ((0.0, -2500.0), (0.0, 2500.0))]
        {
            let at = |(x, y): (f64, f64)| plane.point(Spot { x, y });
            let metres = at(a).distance_m(at(b));
            assert!((metres - 5000.0).abs() < 5.0, "{metres}");
        }
    }
}
