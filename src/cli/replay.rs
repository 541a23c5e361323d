//! `callahead replay` and `callahead demo`: a service of its own in this process, used by robots through its HTTP API.

use super::out;
use super::replay_exact::{self, PolicyChoice};
use crate::app::ports::{Clock, OsEntropy, SeededEntropy, SimClock, SystemClock};
use crate::config::{Config, Sources};
use crate::jobs;
use crate::lifecycle::Shutdown;
use crate::sim::demo;
use crate::sim::host::{Host, ScaledClock};
use crate::sim::replay::{self, Gate, ReplayOptions};
use crate::sim::report;
use crate::sim::robots::customer::Shares;
use crate::sim::world::NoAnswer;
use crate::startup::{self, Running, Workers, World};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use futures_util::future::BoxFuture;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// A service of its own in this process, standing still until it is told to go on.
pub(super) struct Hosted {
    running: Running,
    clock: Arc<SimClock>,
    operator: String,
}

impl Hosted {
    /// Starts one on an empty SQLite database in `folder`.
    pub(super) async fn start(
        folder: &Path,
        seed: u64,
        start: DateTime<Utc>,
        settings: &[(&str, String)],
    ) -> Result<Hosted, Box<dyn Error>> {
        let config = Config::load(&own_sources(folder, settings))?;
        let listener = startup::bind(&config).map_err(|error| error.to_string())?;
        let clock = Arc::new(SimClock::new(start));
        let world = World { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(seed)) };
        let built = startup::build(config, world).await.map_err(|error| error.to_string())?;
        let operator = built.operator_key.clone().ok_or("the database of a replay must be empty")?;
        let running = startup::start(built, listener, Workers::Driven).map_err(|error| error.to_string())?;
        Ok(Hosted { running, clock, operator })
    }

    /// Stops it.
    pub(super) async fn stop(self) -> Result<(), Box<dyn Error>> {
        self.running.stop().await.map_err(|error| error.to_string().into())
    }
}

impl Host for Hosted {
    fn base_url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    fn operator_key(&self) -> String {
        self.operator.clone()
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn set_now(&self, at: DateTime<Utc>) {
        self.clock.advance_to(at);
    }

    fn settle<'a>(&'a self) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async {
            jobs::settle(&self.running.built.app, &self.running.built.tools)
                .await
                .map_err(|error| error.to_string())
        })
    }

    fn next_due<'a>(&'a self) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, String>> {
        Box::pin(async { self.running.built.app.next_due().await.map_err(|error| error.to_string()) })
    }

    fn audit<'a>(&'a self) -> BoxFuture<'a, Result<Vec<String>, String>> {
        Box::pin(async { self.running.built.app.audit().await.map_err(|error| error.to_string()) })
    }
}

/// Arguments of `callahead replay`.
#[derive(Debug, Subcommand)]
pub enum Replay {
    /// A day of the Grubhub meal-delivery instances: `orders.txt`, `couriers.txt`, `restaurants.txt`,
    /// `instance_parameters.txt`.
    Mdrp(MdrpArgs),
}

/// What only says something of a day lived through the API.
const OF_THE_SERVICE: [&str; 11] = [
    "silent",
    "absent",
    "later",
    "decline",
    "no_answer",
    "capacity",
    "probes",
    "stuck_hours",
    "gate",
    "centre",
    "out",
];

/// Arguments of `callahead replay mdrp`.
#[derive(Debug, Args)]
pub struct MdrpArgs {
    /// The instance's directory.
    pub dir: PathBuf,
    /// Draws everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Share of customers who never answer the link.
    #[arg(long, default_value_t = 0.10)]
    pub silent: f64,
    /// Share of customers who do not open.
    #[arg(long, default_value_t = 0.08)]
    pub absent: f64,
    /// Share of customers who come home later.
    #[arg(long, default_value_t = 0.05)]
    pub later: f64,
    /// Share of offers couriers decline; above 0 deliveries are offered, else assigned.
    #[arg(long, default_value_t = 0.0)]
    pub decline: f64,
    /// What the dispatcher does when nobody answers: send the courier all the same, or the parcel back.
    #[arg(long, value_enum, default_value_t = NoAnswerChoice::TryDoor)]
    pub no_answer: NoAnswerChoice,
    /// Parcels a courier carries at once, 1 to 500.
    #[arg(long, value_name = "PARCELS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub capacity: u32,
    /// Share of requests sent twice or wrongly on purpose, to see them answered rightly.
    #[arg(long, default_value_t = 0.02)]
    pub probes: f64,
    /// Hours after the last shift in which things may still end, 0 to 48; what is open then counts as stuck.
    #[arg(long, value_name = "HOURS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=48))]
    pub stuck_hours: u32,
    /// Whether customers are asked; `both` lives through the day twice and compares.
    #[arg(long, value_enum, default_value_t = GateChoice::Ask)]
    pub gate: GateChoice,
    /// Where on the earth the day takes place.
    #[arg(long, value_name = "LAT,LON", default_value = "37.5665,126.9780")]
    pub centre: String,
    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR", default_value = "replay-report")]
    pub out: PathBuf,
    /// Live the day by the instances' own rules instead, without the API: everybody is home, and this decides.
    #[arg(long, value_enum, conflicts_with_all = OF_THE_SERVICE)]
    pub policy: Option<PolicyChoice>,
    /// The same, with the engine if --policy names nobody else: where the three files of the solution go, as the
    /// instances' own evaluator reads them.
    #[arg(long, value_name = "DIR", conflicts_with_all = OF_THE_SERVICE)]
    pub solution_out: Option<PathBuf>,
}

/// What the dispatcher does when nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum NoAnswerChoice {
    /// Sends the courier to the door; after a failed attempt, the parcel back to the shop.
    TryDoor,
    /// Sends the parcel back to the shop.
    Return,
}

/// Whether customers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum GateChoice {
    /// They are.
    Ask,
    /// Nobody is asked.
    Off,
    /// The day is lived through twice.
    Both,
}

/// Lives through the day and says what happened. Exit code 1 when an invariant is broken.
pub(super) async fn run(what: Replay) -> Result<ExitCode, Box<dyn Error>> {
    let Replay::Mdrp(args) = what;
    let engine = args.solution_out.is_some().then_some(PolicyChoice::Engine);
    if let Some(policy) = args.policy.or(engine) {
        return replay_exact::run(&args.dir, policy, args.seed, args.solution_out.as_deref());
    }
    let gates: &[Gate] = match args.gate {
        GateChoice::Ask => &[Gate::Ask],
        GateChoice::Off => &[Gate::Off],
        GateChoice::Both => &[Gate::Ask, Gate::Off],
    };
    let stop = Shutdown::new();
    stop.on_signals()?;
    let mut reports = Vec::new();
    for gate in gates {
        match one_day(&args, *gate, &stop).await? {
            Some(report) => reports.push(report),
            None => {
                out::problem("interrupted; nothing is left behind");
                return Ok(ExitCode::from(INTERRUPTED));
            }
        }
    }
    report::tell(&reports, &mut |line: &str| out::line(line));
    let saved = report::save(&reports, &args.out)?;
    out::line(&format!("Report: {}", saved.display()));
    let held = reports.iter().all(report::Report::all_hold);
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One day; `None` when it was interrupted.
async fn one_day(
    args: &MdrpArgs,
    gate: Gate,
    stop: &Shutdown,
) -> Result<Option<report::Report>, Box<dyn Error>> {
    let mut options = ReplayOptions::of(args.dir.clone())?;
    options.seed = args.seed;
    options.shares = Shares { silent: args.silent, absent: args.absent, later: args.later };
    options.decline = args.decline;
    options.no_answer = match args.no_answer {
        NoAnswerChoice::TryDoor => NoAnswer::TryDoor,
        NoAnswerChoice::Return => NoAnswer::Return,
    };
    options.capacity = args.capacity;
    options.probes = args.probes;
    options.stuck_hours = args.stuck_hours;
    options.gate = gate;
    options.centre = replay::centre(&args.centre)?;
    let travel = replay::travel(&options)?;
    let settings = [
        ("travel.detour", travel.detour.to_string()),
        ("travel.speed_kmh", (travel.speed_m_per_s * 3.6).to_string()),
        ("travel.round_up_to_s", travel.round_up_to_s.to_string()),
        ("travel.learn", "false".to_owned()),
    ];
    let folder = Temporary::new(args.seed)?;
    let host = Hosted::start(&folder.0, args.seed, replay::clock_start(), &settings).await?;
    let mut bar = None;
    let mut tell = |done, total| {
        bar.get_or_insert_with(|| out::progress(total, "orders")).set(done);
    };
    let lived = tokio::select! {
        report = replay::replay(&host, &options, &mut tell) => Some(report),
        () = stop.wait() => None,
    };
    if let Some(bar) = bar {
        bar.finish();
    }
    host.stop().await?;
    Ok(lived.transpose()?)
}

/// What a shell calls a process ended by SIGINT.
const INTERRUPTED: u8 = 130;

/// A folder of this process's own, gone when this is.
struct Temporary(PathBuf);

impl Temporary {
    fn new(seed: u64) -> std::io::Result<Temporary> {
        let folder = std::env::temp_dir().join(format!("callahead-replay-{}-{seed}", std::process::id()));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Temporary(folder))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            out::problem(&format!("{} could not be removed: {error}", self.0.display()));
        }
    }
}

/// Arguments of `callahead demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Seconds of the town in one second.
    #[arg(long, default_value_t = 30.0)]
    pub speed: f64,
    /// Where the demo answers.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Draws everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// A town of robots on a service of its own, until Ctrl-C.
pub(super) async fn demo(args: DemoArgs) -> Result<ExitCode, Box<dyn Error>> {
    let folder = Temporary::new(args.seed)?;
    let url = format!("http://127.0.0.1:{}", args.port);
    let settings = [
        ("server.listen", format!("127.0.0.1:{}", args.port)),
        ("server.public_url", url.clone()),
        ("server.workers", "2".to_owned()),
        ("dispatch.epoch_s", "1".to_owned()),
        ("log.filter", "warn".to_owned()),
    ];
    let config = Config::load(&own_sources(&folder.0, &settings))?;
    let travel = crate::travel::great_circle(&config.travel);
    let listener = startup::bind(&config).map_err(|error| error.to_string())?;
    let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(SystemClock.now(), args.speed));
    let world = World { clock: Arc::clone(&clock), entropy: Arc::new(OsEntropy) };
    let built = startup::build(config, world).await.map_err(|error| error.to_string())?;
    let operator_key = built.operator_key.clone().ok_or("the demo's database must be empty")?;
    let stop = built.app.shutdown.clone();
    stop.on_signals()?;
    let running = startup::start(built, listener, Workers::Running).map_err(|error| error.to_string())?;
    out::line(&format!("Listening on {url}; API reference: {url}/docs/; operator key: {operator_key}"));
    let town = demo::Demo {
        base_url: url,
        operator_key,
        clock,
        speed: args.speed,
        seed: args.seed,
        travel,
        stop: stop.clone(),
    };
    let lived = demo::demo(town, &mut |line: &str| out::line(line)).await;
    stop.trigger();
    running.stop().await.map_err(|error| error.to_string())?;
    lived?;
    Ok(ExitCode::SUCCESS)
}

fn own_sources(folder: &Path, settings: &[(&str, String)]) -> Sources {
    let mut sources = Sources::defaults()
        .set("server.listen", "127.0.0.1:0")
        .set("server.workers", "1")
        .set("database.url", format!("sqlite://{}", folder.join("callahead.db").display()))
        .set("data.dir", folder.display().to_string());
    let limits = [
        "requests_per_second_per_key",
        "burst_per_key",
        "requests_per_second_per_address",
        "burst_per_address",
    ];
    for limit in limits {
        sources = sources.set(&format!("server.{limit}"), "1000000");
    }
    for (name, value) in settings {
        sources = sources.set(name, value.clone());
    }
    sources
}
