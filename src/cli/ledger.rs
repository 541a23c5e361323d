//! `callahead ledger`: looks whether the money adds up.

use std::error::Error;
use std::process::ExitCode;

use clap::Subcommand;

use super::out;
use crate::config::Config;
use crate::store::db::{Db, DbSettings};
use crate::store::ledger_check;
use secrecy::ExposeSecret;

/// What to do with the ledger.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Ledger {
    /// Add everything up on the live database and print each invariant with its verdict.
    Check,
}

/// Does it. Exit code 1 when an invariant is broken. Reads only; may run beside the service.
pub(super) async fn run(config: &Config, what: Ledger) -> Result<ExitCode, Box<dyn Error>> {
    let db = Db::open(&DbSettings::new(config.database.url.expose_secret())).await?;
    let findings = match what {
        Ledger::Check => ledger_check::check(&db).await,
    };
    db.close().await?;
    let findings = findings?;
    for finding in &findings {
        let verdict = match finding.broken {
            0 => "holds ".to_owned(),
            broken => format!("BROKEN ({broken})"),
        };
        out::line(&format!("{:<4} {verdict} {}", finding.name, finding.rule));
    }
    let broken = findings.iter().filter(|finding| finding.broken != 0).count();
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
