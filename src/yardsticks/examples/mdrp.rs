//! Replays days of the meal delivery routing problem under a policy and prints what the evaluator makes of them:
//! `cargo run --release -p callahead-yardsticks --example mdrp -- DIR... --policy greedy|fifo|engine`.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use callahead_yardsticks::mdrp::engine::{Engine, Tuning};
use callahead_yardsticks::mdrp::evaluate::audit;
use callahead_yardsticks::mdrp::fifo::FirstCome;
use callahead_yardsticks::mdrp::greedy::Greedy;
use callahead_yardsticks::mdrp::instance::read;
use callahead_yardsticks::mdrp::policy::Policy;
use callahead_yardsticks::mdrp::run::live;

struct Options {
    dirs: Vec<PathBuf>,
    policy: String,
    seed: u64,
    solution_out: Option<PathBuf>,
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
    let mut options = Options { dirs: Vec::new(), policy: "engine".into(), seed: 1, solution_out: None };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--policy" => options.policy = value()?,
            "--seed" => options.seed = value()?.parse()?,
            "--solution-out" => options.solution_out = Some(value()?.into()),
            _ => options.dirs.push(argument.into()),
        }
    }
    Ok(options)
}

fn policy(options: &Options) -> Result<Box<dyn Policy>, Box<dyn Error>> {
    match options.policy.as_str() {
        "greedy" => Ok(Box::new(Greedy)),
        "fifo" => Ok(Box::new(FirstCome::default())),
        "engine" => Ok(Box::new(Engine::new(options.seed, Tuning::default()))),
        other => Err(format!("no policy '{other}'; there are greedy, fifo, engine").into()),
    }
}

fn one(options: &Options, dir: &Path, out: &mut impl io::Write) -> Result<(), Box<dyn Error>> {
    let day = read(dir)?;
    let mut policy = policy(options)?;
    let lived = live(&day, policy.as_mut())?;
    let texts = lived.solution.texts();
    let audit = audit(&day, texts.each_ref().map(String::as_str));
    if let Some(out) = &options.solution_out {
        lived.solution.write(&out.join(&day.name))?;
    }
    let m = &audit.measures;
    writeln!(
        out,
        "{:<16} {:>6.2} {:>6.2} {:>6.2} {:>6.2} {:>6.2} {:>6.2} {:>5.3} {:>8.1} {:>6.2}",
        day.name,
        m.click_to_door_min,
        m.ready_to_pick_up_min,
        100.0 * f64::from(u32::try_from(m.undelivered)?) / f64::from(u32::try_from(m.orders)?),
        m.penalised_min,
        m.floor_min,
        m.cost_per_order,
        m.gini,
        lived.longest_epoch.as_secs_f64() * 1e3,
        lived.thinking.as_secs_f64() * 1e3 / f64::from(lived.epochs),
    )?;
    for violation in &audit.violations {
        writeln!(out, "  {violation}")?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options(std::env::args().skip(1))?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:<16} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>5} {:>8} {:>6}",
        options.policy, "CtD", "RtP", "lost%", "penal.", "floor", "cost", "Gini", "max ms", "ms"
    )?;
    options.dirs.iter().try_for_each(|dir| one(&options, dir, &mut out))
}
