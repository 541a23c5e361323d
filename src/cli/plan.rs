//! `callahead plan`: reads a problem, plans it as well as the time allows, and prints who goes where.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use callahead_domain::dispatch::formats::json::{self, Named, PlanText, Ways};
use callahead_domain::dispatch::formats::{Benchmark, li_lim, solomon};
use callahead_domain::dispatch::search::{
    Flaw, Model, ModelFault, Settings, Solution, Travel, check_solution, solve,
};
use clap::Args;

use super::out;

/// Arguments of `callahead plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The problem.
    pub file: PathBuf,
    /// What the file is written in; without it, what it looks like.
    #[arg(long, value_enum)]
    pub format: Option<PlanFormat>,
    /// Milliseconds to plan for.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub ms: u64,
    /// Draws everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the plan goes as JSON, with every stop's times.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What a problem is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PlanFormat {
    /// Callahead's own: points or a table, requests, vehicles, weights.
    Json,
    /// Li and Lim: pick-ups and drop-offs with time windows.
    LiLim,
    /// Solomon: customers of a depot with time windows.
    Solomon,
}

/// A problem with names, and the task numbers of the file where it has some.
struct Read {
    named: Named,
    tasks: Option<Benchmark>,
}

impl PlanFormat {
    /// What a text looks like: JSON begins with a brace, Solomon's files name their sections, Li and Lim's are numbers.
    fn of(text: &str) -> PlanFormat {
        let names_a_section = |line: &str| line.trim().eq_ignore_ascii_case("VEHICLE");
        match text.trim_start().starts_with(['{', '[']) {
            true => PlanFormat::Json,
            false if text.lines().any(names_a_section) => PlanFormat::Solomon,
            false => PlanFormat::LiLim,
        }
    }

    /// What it says of a file it cannot read, where nobody named it.
    const fn guessed(self) -> &'static str {
        match self {
            PlanFormat::Json => "read as JSON",
            PlanFormat::LiLim => "read as Li and Lim's, as it is neither JSON nor Solomon's",
            PlanFormat::Solomon => "read as Solomon's",
        }
    }
}

fn read(file: &Path, format: Option<PlanFormat>) -> Result<Read, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let text = text.trim_start_matches('\u{feff}');
    let (format, hint) = match format {
        Some(format) => (format, String::new()),
        None => {
            (PlanFormat::of(text), format!(" ({}; --format names another)", PlanFormat::of(text).guessed()))
        }
    };
    let told = |fault: &dyn std::fmt::Display| format!("{}: {fault}{hint}", file.display());
    let tasks = match format {
        PlanFormat::Json => {
            let named = json::read(text).map_err(|fault| told(&fault))?;
            return Ok(Read { named, tasks: None });
        }
        PlanFormat::LiLim => li_lim::read(text).map_err(|fault| told(&fault))?,
        PlanFormat::Solomon => solomon::read(text).map_err(|fault| told(&fault))?,
    };
    let task = |place: u32| tasks.tasks.get(usize::try_from(place).ok()?).map(u32::to_string);
    let name = |request: &callahead_domain::dispatch::search::Request| {
        request.pick_up.and_then(|visit| task(visit.place)).unwrap_or_default()
    };
    let named = Named {
        requests: tasks.model.requests.iter().map(name).collect(),
        vehicles: (1..=tasks.model.vehicles.len()).map(|number| number.to_string()).collect(),
        model: tasks.model.clone(),
        ways: Ways::Plane(tasks.plane.clone()),
    };
    Ok(Read { named, tasks: Some(tasks) })
}

/// Plans and has the plan checked by code that shares nothing with the search.
fn search<T: Travel>(
    model: &Model,
    travel: &T,
    args: &PlanArgs,
) -> Result<(Solution, Vec<Flaw>), ModelFault> {
    let began = Instant::now();
    let whole = Duration::from_millis(args.ms);
    let mut progress = out::progress(args.ms, "ms");
    let settings = Settings { seed: args.seed, ..Settings::default() };
    let mut told = 0;
    let mut budget = || {
        let passed = began.elapsed();
        let ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        if ms >= told + 100 {
            told = ms;
            progress.set(ms.min(args.ms));
        }
        passed.as_secs_f64() / whole.as_secs_f64()
    };
    let found = solve(model, travel, None, &settings, &mut budget);
    progress.finish();
    let solution = found?;
    let flaws = check_solution(model, travel, &solution);
    Ok((solution, flaws))
}

/// Does it. Exit code 1 when the file cannot be read or the plan does not hold.
pub(super) fn run(args: &PlanArgs) -> Result<ExitCode, Box<dyn Error>> {
    let Read { named, tasks } = read(&args.file, args.format)?;
    let (solution, flaws) = match &named.ways {
        Ways::Plane(plane) => search(&named.model, plane, args)?,
        Ways::Matrix(matrix) => search(&named.model, matrix, args)?,
    };
    let plan = named.plan(&solution)?;
    match &tasks {
        Some(tasks) => {
            for (number, route) in (1..).zip(tasks.routes(&solution)) {
                let stops: Vec<String> = route.iter().map(u32::to_string).collect();
                out::line(&format!("route {number}: {}", stops.join(" ")));
            }
        }
        None => routes(&plan).iter().for_each(|line| out::line(line)),
    }
    if !plan.unassigned.is_empty() {
        out::line(&format!("nobody carries: {}", plan.unassigned.join(" ")));
    }
    out::line(&format!(
        "{} vehicles, travel {:.2}, {} of {} requests carried, cost {:.2}",
        plan.vehicles,
        plan.travel,
        named.requests.len() - plan.unassigned.len(),
        named.requests.len(),
        plan.cost
    ));
    if let Some(file) = &args.out {
        let text = serde_json::to_string_pretty(&plan)?;
        fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    for flaw in &flaws {
        out::problem(&format!("the plan does not hold: {flaw:?}"));
    }
    Ok(if flaws.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn routes(plan: &PlanText) -> Vec<String> {
    let mut lines = Vec::new();
    for route in &plan.routes {
        lines.push(format!("{}:", route.vehicle));
        for stop in &route.stops {
            let part = match stop.part {
                json::PartText::PickUp => "pick up",
                json::PartText::DropOff => "drop off",
            };
            lines.push(format!("  {:>10.2} {part:<8} {} ({} on board)", stop.start, stop.request, stop.load));
        }
    }
    lines
}
