//! Small days made from a seed, so that no published instance is needed here.
#![allow(clippy::unwrap_used, dead_code)]

use std::fmt::Write as _;
use std::path::Path;

use callahead_yardsticks::mdrp::instance::{Instance, Texts, parse};

/// Numbers that look random and are the same for the same seed (a linear congruence, high bits).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1))
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A day of two hours in a town four kilometres wide.
pub fn day(seed: u64, orders: u64, couriers: u64) -> Instance {
    let mut dice = Dice::new(seed);
    let restaurants = 1 + dice.below(4);
    let mut texts = Texts {
        orders: "order\tx\ty\tplacement_time\trestaurant\tready_time\n".into(),
        couriers: "courier\tx\ty\ton_time\toff_time\n".into(),
        restaurants: "restaurant\tx\ty\n".into(),
        parameters: "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n".into(),
    };
    let place = |dice: &mut Dice| (dice.below(4000), dice.below(4000));
    for at in 0..restaurants {
        let (x, y) = place(&mut dice);
        writeln!(texts.restaurants, "r{at}\t{x}\t{y}").unwrap();
    }
    for at in 0..couriers {
        let ((x, y), on) = (place(&mut dice), dice.below(40));
        writeln!(texts.couriers, "c{at}\t{x}\t{y}\t{on}\t{}", on + 30 + dice.below(120)).unwrap();
    }
    for at in 0..orders {
        let ((x, y), placed) = (place(&mut dice), dice.below(120));
        let (restaurant, ready) = (dice.below(restaurants), placed + 1 + dice.below(25));
        writeln!(texts.orders, "o{at}\t{x}\t{y}\t{placed}\tr{restaurant}\t{ready}").unwrap();
    }
    parse(Path::new("small"), &texts).unwrap()
}
