//! `callahead replay mdrp DIR --policy`: the day by the instances' own rules, minute by minute, and the evaluator's verdict.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use callahead_yardsticks::mdrp::engine::{Engine, Tuning};
use callahead_yardsticks::mdrp::evaluate::audit;
use callahead_yardsticks::mdrp::fifo::FirstCome;
use callahead_yardsticks::mdrp::greedy::Greedy;
use callahead_yardsticks::mdrp::instance;
use callahead_yardsticks::mdrp::policy::{Command, Policy, View};
use callahead_yardsticks::mdrp::run::live;

use super::out;

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PolicyChoice {
    /// Each order goes to the nearest idle courier.
    Greedy,
    /// First come, cheapest insertion, bundles of three.
    Fifo,
    /// The assignment engine.
    Engine,
}

/// A policy whose minutes are counted.
struct Watched {
    inner: Box<dyn Policy>,
    progress: out::Progress,
}

impl Policy for Watched {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn decide(&mut self, view: &View<'_>) -> Vec<Command> {
        self.progress.set(u64::from(view.now_min));
        self.inner.decide(view)
    }
}

/// Lives the day and tells the figures. Exit code 1 when the evaluator finds a rule broken.
pub(super) fn run(
    dir: &Path,
    choice: PolicyChoice,
    seed: u64,
    solution_out: Option<&Path>,
) -> Result<ExitCode, Box<dyn Error>> {
    let day = instance::read(dir)?;
    let inner: Box<dyn Policy> = match choice {
        PolicyChoice::Greedy => Box::new(Greedy),
        PolicyChoice::Fifo => Box::new(FirstCome::default()),
        PolicyChoice::Engine => Box::new(Engine::new(seed, Tuning::default())),
    };
    let last = day.couriers.iter().map(|courier| courier.off_min).max().unwrap_or(0);
    let mut watched = Watched { inner, progress: out::progress(u64::from(last), "minutes of the day") };
    let lived = live(&day, &mut watched)?;
    let name = watched.name();
    watched.progress.finish();
    let texts = lived.solution.texts();
    let audit = audit(&day, texts.each_ref().map(String::as_str));
    if let Some(folder) = solution_out {
        lived.solution.write(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let m = &audit.measures;
    out::line(&format!(
        "{}, {name} (seed {seed}): {} orders, {} couriers",
        day.name,
        m.orders,
        day.couriers.len()
    ));
    let rows = [
        ("click to door", format!("{:.2} min mean, {:.2} at least", m.click_to_door_min, m.floor_min)),
        ("click to door, penalised mean", format!("{:.2} min", m.penalised_min)),
        ("ready to pick-up", format!("{:.2} min mean", m.ready_to_pick_up_min)),
        ("undelivered", m.undelivered.to_string()),
        ("pay per order", format!("{:.2}", m.cost_per_order)),
        ("Gini of orders per hour", format!("{:.3}", m.gini)),
        ("longest minute's thought", format!("{:.1} ms", lived.longest_epoch.as_secs_f64() * 1e3)),
        ("rules broken", audit.violations.len().to_string()),
    ];
    rows.iter().for_each(|(what, value)| out::line(&format!("  {what:<34} {value}")));
    audit.violations.iter().for_each(|violation| out::line(&format!("  BROKEN {violation}")));
    Ok(if audit.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
