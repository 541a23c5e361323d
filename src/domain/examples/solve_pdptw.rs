//! Plans Li and Lim instances and checks the plans:
//! `cargo run --release -p callahead-domain --example solve_pdptw -- FILE... --ms 100 --seeds 5`.
//! The milliseconds are those of the processor where the system tells them (Linux), so that a busy machine measures alike.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use callahead_domain::dispatch::formats::li_lim;
use callahead_domain::dispatch::search::{Settings, check_solution, solve};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line says.
struct Options {
    files: Vec<String>,
    ms: u32,
    seeds: u64,
}

fn options() -> Result<Options, String> {
    let mut options = Options { files: Vec::new(), ms: 100, seeds: 1 };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next()?.parse().ok();
        match arg.as_str() {
            "--ms" => options.ms = number().ok_or("--ms needs a number")?,
            "--seeds" => options.seeds = number().ok_or("--seeds needs a number")?.into(),
            _ => options.files.push(arg),
        }
    }
    if options.files.is_empty() { Err("which file?".to_owned()) } else { Ok(options) }
}

/// Milliseconds of processor time of this thread so far.
fn cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e6)
}

fn run() -> Result<(), String> {
    let options = options()?;
    for path in &options.files {
        for seed in 1..=options.seeds {
            one(path, options.ms, seed)?;
        }
    }
    Ok(())
}

fn one(path: &str, ms: u32, seed: u64) -> Result<(), String> {
    let wall = Instant::now();
    let clock = move || cpu_ms().unwrap_or_else(|| wall.elapsed().as_secs_f64() * 1000.0);
    let started = clock();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let instance = li_lim::read(&text).map_err(|fault| format!("{path}: {fault}"))?;
    let settings = Settings { seed, ..Settings::default() };
    let mut asked = 0_u64;
    let mut spent = 0.0;
    // The processor's clock is slow to read: the other one tells when it is worth it.
    let mut read_at = Instant::now();
    let mut budget = || {
        asked += 1;
        let part = 1.0 / 200.0 * f64::from(ms) / 1000.0;
        if asked == 1 || read_at.elapsed().as_secs_f64() > part {
            read_at = Instant::now();
            spent = (clock() - started) / f64::from(ms);
        }
        spent
    };
    let found = solve(&instance.model, &instance.plane, None, &settings, &mut budget);
    let solution = found.map_err(|fault| fault.to_string())?;
    let took = clock() - started;
    let flaws = check_solution(&instance.model, &instance.plane, &solution);
    let score = solution.score;
    println!(
        "{path} seed {seed}: {} vehicles, distance {:.2}, {} unassigned, {asked} rounds, {took:.0} ms, flaws {flaws:?}",
        score.vehicles, score.travel, score.unassigned,
    );
    Ok(())
}
