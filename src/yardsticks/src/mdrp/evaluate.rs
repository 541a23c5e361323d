//! The independent evaluator: reads the three solution files, walks every courier through its legs, and holds what is
//! claimed to every rule. Figures come from the files too. It knows nothing of the world that wrote them.

mod claims;
mod measures;
mod rules;

use std::fs;
use std::io;
use std::path::Path;

use super::instance::Instance;
use super::solution::FILES;
pub use measures::Measures;
pub use rules::{Rule, Violation};

/// What the evaluator found.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Every rule broken, in the order of the files. Measures mean nothing while there is one.
    pub violations: Vec<Violation>,
    /// The day's figures.
    pub measures: Measures,
}

/// Reads the files of a solution from a directory and audits them.
///
/// # Errors
/// A file that cannot be read.
pub fn audit_dir(day: &Instance, dir: &Path) -> io::Result<Audit> {
    let [assignments, orders, legs] = FILES;
    let texts = [assignments, orders, legs].map(|name| fs::read_to_string(dir.join(name)));
    let [assignments, orders, legs] = texts;
    Ok(audit(day, [&assignments?, &orders?, &legs?]))
}

/// Audits the texts of the three files: assignments, orders, couriers.
#[must_use]
pub fn audit(day: &Instance, texts: [&str; 3]) -> Audit {
    let (claims, mut violations) = claims::read(day, texts);
    violations.extend(rules::hold(day, &claims));
    Audit { violations, measures: measures::of(day, &claims) }
}
