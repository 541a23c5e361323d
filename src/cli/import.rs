//! `callahead import`: brings a file into the database without the service's HTTP API.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;

use super::out;
use crate::app::App;
use crate::app::region_file::{Drawn, ImportedView};
use crate::app::wrong::Wrong;

/// What to import.
#[derive(Debug, Clone, Subcommand)]
pub enum Import {
    /// Regions from a GeoJSON FeatureCollection: by their property `id`, else by `name`, else new ones.
    Regions {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Does it and says what became of each row. Exit code 1 when the file was refused; then nothing was changed.
///
/// # Errors
/// When the file cannot be read or the database not be written.
pub async fn run(app: &App, what: &Import) -> Result<ExitCode, Box<dyn Error>> {
    match what {
        Import::Regions { file } => regions(app, file).await,
    }
}

async fn regions(app: &App, file: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let drawings = match watched(text.len() / 1024, "KiB to check", app.read_regions(text)).await? {
        Ok(drawings) => drawings,
        Err(wrong) => return Ok(refused(file, &wrong)),
    };
    match watched(drawings.len(), "regions to write", app.import_regions(drawings)).await? {
        Ok(rows) => {
            rows.iter().for_each(|row| out::line(&told(row)));
            Ok(ExitCode::SUCCESS)
        }
        Err(wrong) => Ok(refused(file, &wrong)),
    }
}

/// Waits for work of unknown length; on a terminal it is seen after a second.
async fn watched<T>(count: usize, what: &'static str, work: impl Future<Output = T>) -> T {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let mut progress = out::progress(0, what);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                progress.finish();
                return done;
            }
            _ = tick.tick() => progress.set(count),
        }
    }
}

fn told(row: &ImportedView) -> String {
    let result = match row.result {
        Drawn::Created => "created",
        Drawn::NewVersion => "new version",
        Drawn::Unchanged => "unchanged",
    };
    let region = &row.region;
    let affected = match row.affected_open_deliveries {
        0 => String::new(),
        count => format!("; open deliveries that keep an older drawing: {count}"),
    };
    format!("{} {} ({}): {result}{affected}", region.id, region.name, region.version)
}

fn refused(file: &Path, wrong: &[Wrong]) -> ExitCode {
    out::problem(&format!("{}: nothing was changed", file.display()));
    for fault in wrong {
        let at = if fault.param.is_empty() { "the file" } else { &fault.param };
        out::problem(&format!("{at}: {} ({})", fault.detail, fault.code));
    }
    ExitCode::FAILURE
}
