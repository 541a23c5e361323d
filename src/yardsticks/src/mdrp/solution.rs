//! A day's solution and its three files, as the instances' own evaluator reads them: fields between spaces, a header
//! line each.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// One pick-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Minute in which its set was last changed.
    pub assigned_min: u32,
    /// Minute of the pick-up.
    pub pick_up_min: u32,
    /// The courier's name.
    pub courier: String,
    /// The orders' names in the order of their drop-offs.
    pub orders: Vec<String>,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its name.
    pub order: String,
    /// Minute of its placement.
    pub placed_min: u32,
    /// Minute it was ready.
    pub ready_min: u32,
    /// Pick-up minute, drop-off minute and courier; `None` if it was never delivered.
    pub delivered: Option<(u32, u32, String)>,
}

/// One leg of a courier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The courier's name.
    pub courier: String,
    /// Minute of departure.
    pub departs_min: u32,
    /// A restaurant's or order's name; `None` for the start of the shift.
    pub from: Option<String>,
    /// A restaurant's or order's name.
    pub to: String,
}

/// A day as it was lived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Solution {
    /// By pick-up.
    pub assignments: Vec<Assignment>,
    /// As in the instance.
    pub outcomes: Vec<Outcome>,
    /// By courier, then departure.
    pub legs: Vec<Leg>,
}

/// The names of the three files.
pub const FILES: [&str; 3] =
    ["solution_info_assignments.txt", "solution_info_orders.txt", "solution_info_couriers.txt"];

impl Solution {
    /// The texts of the three files, as in [`FILES`].
    #[must_use]
    pub fn texts(&self) -> [String; 3] {
        let mut assignments = "assignment_time pickup_time courier orders\n".to_owned();
        for one in &self.assignments {
            let orders = one.orders.join(" ");
            let _ =
                writeln!(assignments, "{} {} {} {orders}", one.assigned_min, one.pick_up_min, one.courier);
        }
        let mut orders = "order placement_time ready_time pickup_time dropoff_time courier\n".to_owned();
        for one in &self.outcomes {
            let _ = write!(orders, "{} {} {} ", one.order, one.placed_min, one.ready_min);
            let _ = match &one.delivered {
                Some((pick_up, drop_off, courier)) => writeln!(orders, "{pick_up} {drop_off} {courier}"),
                None => writeln!(orders, "- - -"),
            };
        }
        let mut legs = "courier departure_time origin destination\n".to_owned();
        for leg in &self.legs {
            let from = leg.from.as_deref().unwrap_or("0");
            let _ = writeln!(legs, "{} {} {from} {}", leg.courier, leg.departs_min, leg.to);
        }
        [assignments, orders, legs]
    }

    /// Writes the three files into a directory, which is made if it is not there.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        FILES.iter().zip(self.texts()).try_for_each(|(name, text)| fs::write(dir.join(name), text))
    }
}
