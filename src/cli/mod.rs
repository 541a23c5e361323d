//! The commands of `callahead`. `main` comes in here; each command is one function here or one call into
//! the room that does the work. Only this room prints (through [`out`]).

pub mod out;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, Sources};

/// Delivery dispatch and courier coordination: nobody goes to a door without an answer, and nobody pays
/// before the parcel is in their hands.
#[derive(Debug, Parser)]
#[command(name = "callahead", version, about, max_term_width = 100)]
pub struct Cli {
    /// The file with settings [default: callahead.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `callahead` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explain the settings, or list those in force.
    Config(ConfigArgs),
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
    match cli.command {
        Command::Config(args) if args.reference => finish(config::reference().map(|page| out::text(&page))),
        Command::Config(_) => finish(
            Config::load_with_settings(&sources).map(|(_, settings)| out::text(&config::show(&settings))),
        ),
    }
}

/// Ends a command that needs nothing but settings.
fn finish(outcome: Result<(), config::ConfigError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::problem(&error.to_string());
            ExitCode::from(2)
        }
    }
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
