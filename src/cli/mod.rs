//! The commands of `callahead`. `main` comes in here; each command is one function here or one call into
//! the room that does the work. Only this room prints (through [`out`]).

pub mod doctor;
pub mod import;
pub mod ledger;
pub mod migrate;
pub mod out;
pub mod plan;
pub mod replay;
pub mod replay_exact;
mod serve;
pub mod simulate;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use callahead_domain::delivery::diagram;
use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, Setting, Sources};
use crate::{lifecycle, telemetry};

/// Delivery dispatch and courier coordination: nobody goes to a door without an answer, and nobody pays
/// before the parcel is in their hands.
#[derive(Debug, Parser)]
#[command(name = "callahead", version, about, max_term_width = 100)]
pub struct Cli {
    /// The file with settings [default: callahead.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do [default: serve].
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What `callahead` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer requests and do the background work.
    Serve,
    /// Do the background work only, beside other processes.
    Work,
    /// Bring the database's tables to this release [default: up], back, or show where they stand.
    Migrate {
        /// Which way.
        #[command(subcommand)]
        what: Option<migrate::Migrate>,
    },
    /// Check settings, database, channels, clock, disk and port, and say what to fix.
    Doctor,
    /// Look whether the money adds up.
    Ledger {
        /// What to do.
        #[command(subcommand)]
        what: ledger::Ledger,
    },
    /// Bring a file into the database.
    Import {
        /// What to import.
        #[command(subcommand)]
        what: import::Import,
    },
    /// Watch a small seeded town whose robots act only through the API.
    Demo(replay::DemoArgs),
    /// Live through a recorded delivery day under a simulated clock, and report.
    Replay {
        /// What to replay.
        #[command(subcommand)]
        what: replay::Replay,
    },
    /// Plan a file of pick-ups and drop-offs, and print who goes where.
    Plan(plan::PlanArgs),
    /// Live through a made-up town's day three ways, without a call, calling on the way and asking first, and compare.
    Simulate(simulate::SimulateArgs),
    /// Print the OpenAPI description of the API.
    Openapi,
    /// Print the state machines.
    Workflow {
        /// As what.
        #[arg(long, value_enum, default_value_t = WorkflowFormat::Mermaid)]
        format: WorkflowFormat,
    },
    /// Print the reference of errors (Markdown).
    Errors,
    /// Explain the settings, or list those in force.
    Config(ConfigArgs),
}

/// What the state machines are printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum WorkflowFormat {
    /// Mermaid state diagrams.
    Mermaid,
    /// The document docs/WORKFLOW.md.
    Markdown,
}

/// Arguments of `callahead config`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ConfigArgs {
    /// Print the reference of all settings (Markdown).
    #[arg(long)]
    pub reference: bool,
    /// Print the settings in force and where each came from; secrets are masked.
    #[arg(long)]
    pub show: bool,
}

/// Reads the arguments of this process and does what they ask.
#[must_use]
pub fn main() -> ExitCode {
    run(Cli::parse())
}

/// Does what the arguments ask. Exit codes: 0 done, 1 it went wrong, 2 the arguments or settings are wrong.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    // Two TLS stacks would make the first connection panic; there is one, and an earlier choice stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sources = Sources::of_process(cli.config);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => with_settings(&sources, serve::serve),
        Command::Work => with_settings(&sources, serve::work),
        Command::Import { what } => {
            with_settings(&sources, async |config| serve::import(config, &what).await)
        }
        Command::Ledger { what } => with_settings(&sources, async |config| ledger::run(&config, what).await),
        Command::Demo(args) => alone(replay::demo(args)),
        Command::Replay { what } => alone(replay::run(what)),
        Command::Plan(args) => done(plan::run(&args)),
        Command::Simulate(args) => done(simulate::run(&args)),
        Command::Openapi => print(crate::http::openapi::text(&crate::http::description()).map_err(Box::from)),
        Command::Workflow { format: WorkflowFormat::Mermaid } => print(Ok(diagram::mermaid())),
        Command::Workflow { format: WorkflowFormat::Markdown } => print(Ok(diagram::document())),
        Command::Errors => print(Ok(crate::http::catalogue::markdown())),
        Command::Config(args) => {
            let show = |(_, settings): (Config, Vec<Setting>)| config::show(&settings);
            let text = match args.reference {
                true => config::reference(),
                false => Config::load_with_settings(&sources).map(show),
            };
            text.map_or_else(
                |error| wrong_settings(&error),
                |text| {
                    out::text(&text);
                    ExitCode::SUCCESS
                },
            )
        }
        Command::Migrate { what } => with_settings(&sources, async |config| {
            migrate::run(&config.database, what.unwrap_or(migrate::Migrate::Up)).await?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Doctor => examine(&sources),
    }
}

fn done(outcome: Result<ExitCode, Box<dyn Error>>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        out::problem(&error.to_string());
        ExitCode::FAILURE
    })
}

fn print(text: Result<String, Box<dyn Error>>) -> ExitCode {
    match text {
        Ok(text) => {
            out::text(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            out::problem(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Carries out a command that brings its own settings.
fn alone(command: impl Future<Output = Result<ExitCode, Box<dyn Error>>>) -> ExitCode {
    let outcome =
        Config::load(&Sources::defaults().set("log.filter", "warn")).map_err(Box::from).and_then(|config| {
            telemetry::init(&config.log)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(command)
        });
    outcome.unwrap_or_else(|error| {
        out::problem(&error.to_string());
        ExitCode::FAILURE
    })
}

/// Loads the settings, starts the log and a runtime, and carries out a command that may wait. Its error is
/// printed and ends the process with 1.
fn with_settings(
    sources: &Sources,
    command: impl AsyncFnOnce(Config) -> Result<ExitCode, Box<dyn Error>>,
) -> ExitCode {
    let config = match Config::load(sources) {
        Ok(config) => config,
        Err(error) => return wrong_settings(&error),
    };
    let started = telemetry::init(&config.log).map_err(Box::from);
    lifecycle::arm_crash_point(&config.testing);
    let outcome = started.and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(command(config))
    });
    outcome.unwrap_or_else(|error| {
        out::problem(&error.to_string());
        ExitCode::FAILURE
    })
}

/// `callahead doctor`: one line a finding, those about settings first.
fn examine(sources: &Sources) -> ExitCode {
    let (config, settings) = match Config::load_with_settings(sources) {
        Ok(both) => both,
        Err(error) => {
            error.problems.iter().map(doctor::wrong_setting).for_each(|line| out::line(&line.to_string()));
            return ExitCode::FAILURE;
        }
    };
    out::line(&doctor::settings(&settings).to_string());
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::problem(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let findings = runtime.block_on(doctor::examine(&config));
    findings.iter().for_each(|finding| out::line(&finding.to_string()));
    match findings.iter().map(|finding| finding.level).max() {
        Some(doctor::Level::Fail) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

fn wrong_settings(error: &config::ConfigError) -> ExitCode {
    out::problem(&error.to_string());
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
