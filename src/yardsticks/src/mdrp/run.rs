//! Lives a day under a policy and takes its time.

use std::time::{Duration, Instant};

use super::instance::Instance;
use super::policy::Policy;
use super::solution::Solution;
use super::world::{Misstep, World};

/// A day that was lived.
#[derive(Debug, Clone)]
pub struct Lived {
    /// What was done.
    pub solution: Solution,
    /// The longest the policy thought about one minute.
    pub longest_epoch: Duration,
    /// How long it thought about all of them.
    pub thinking: Duration,
    /// Minutes of the day.
    pub epochs: u32,
}

/// Lives the day from minute 0 to the end of the last shift.
///
/// # Errors
/// The first command of the policy that breaks a rule.
pub fn live(day: &Instance, policy: &mut dyn Policy) -> Result<Lived, Misstep> {
    let mut world = World::new(day);
    let (mut longest_epoch, mut thinking) = (Duration::ZERO, Duration::ZERO);
    let last = world.last_min();
    for minute in 0..=last {
        world.begin(minute);
        let began = Instant::now();
        let commands = policy.decide(&world.view());
        let took = began.elapsed();
        longest_epoch = longest_epoch.max(took);
        thinking += took;
        world.carry_out(commands)?;
        world.end();
    }
    Ok(Lived { solution: world.finish(), longest_epoch, thinking, epochs: last + 1 })
}
