//! `callahead simulate`: a made-up town's day lived three ways, compared over many seeds.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use callahead_yardsticks::town::study::{sensitivity, study, variants};
use callahead_yardsticks::town::{Scene, Silence, page};
use clap::Args;

use super::out;

/// Arguments of `callahead simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Parcels of a day.
    #[arg(long, default_value_t = 360)]
    pub orders: usize,
    /// Couriers of a day.
    #[arg(long, default_value_t = 5)]
    pub couriers: usize,
    /// Share of customers who are out, at every moment.
    #[arg(long, default_value_t = 0.15)]
    pub absent: f64,
    /// Share of customers who answer by link.
    #[arg(long, default_value_t = 0.6)]
    pub link_answer: f64,
    /// Share of calls that are answered.
    #[arg(long, default_value_t = 0.7)]
    pub phone_answer: f64,
    /// Share of customers nobody reaches all day.
    #[arg(long, default_value_t = 0.1)]
    pub silent: f64,
    /// Minutes a courier waits at a door nobody opens, in all three ways.
    #[arg(long, default_value_t = Scene::default().wait_min)]
    pub wait_min: f64,
    /// What the gate makes of those who never answer.
    #[arg(long, value_enum, default_value_t = SilenceChoice::Hold)]
    pub silence: SilenceChoice,
    /// Days to live through.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Days for each line of the tables of other assumptions; 0 leaves them out.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub sensitivity: u64,
    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR", default_value = "simulate-report")]
    pub out: PathBuf,
}

/// The gate's rule for silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SilenceChoice {
    /// Nobody goes; called once more at the end, then brought back.
    Hold,
    /// Called once more at the end, then gone to.
    Last,
    /// Gone to when its turn comes.
    TryDoor,
}

/// Does it and says what came of it.
pub(super) fn run(args: &SimulateArgs) -> Result<ExitCode, Box<dyn Error>> {
    let scene = Scene {
        orders: args.orders,
        couriers: args.couriers,
        absent: args.absent,
        link_answer: args.link_answer,
        phone_answer: args.phone_answer,
        silent: args.silent,
        wait_min: args.wait_min,
        silence: match args.silence {
            SilenceChoice::Hold => Silence::Hold,
            SilenceChoice::Last => Silence::Last,
            SilenceChoice::TryDoor => Silence::TryDoor,
        },
        ..Scene::default()
    };
    let mut days = out::progress(args.seeds, "days");
    let found = study(&scene, args.seed, args.seeds, &mut |done| days.set(done))?;
    days.finish();
    let mut others = Vec::new();
    if args.sensitivity > 0 {
        let count = u64::try_from(variants(&scene).len()).unwrap_or(0);
        let mut scenes = out::progress(count, "other assumptions");
        others = sensitivity(&scene, args.seed, args.sensitivity, &mut |done| scenes.set(done))?;
        scenes.finish();
    }
    page::tell(&found, &others, &mut |line: &str| out::line(line));
    let told = |error: std::io::Error| format!("{}: {error}", args.out.display());
    fs::create_dir_all(&args.out).map_err(told)?;
    let text = serde_json::to_string_pretty(&page::json(&found, &others))? + "\n";
    fs::write(args.out.join("report.json"), text).map_err(told)?;
    fs::write(args.out.join("report.html"), page::html(&found, &others)).map_err(told)?;
    out::line(&format!("Report: {}", args.out.join("report.html").display()));
    Ok(ExitCode::SUCCESS)
}
