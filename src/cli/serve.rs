//! `callahead serve` and `callahead work`.

use super::out;
use crate::config::Config;
use crate::startup::{self, Built, Workers, World};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Answers requests and does the background work until told to stop.
pub(super) async fn serve(config: Config) -> Result<ExitCode, Box<dyn Error>> {
    let listener = startup::bind(&config).map_err(|error| error.to_string())?;
    let public_url = config.server.public_url.clone();
    let built = startup::build(config, World::default()).await.map_err(|error| error.to_string())?;
    built.app.shutdown.on_signals()?;
    // Kept before anybody is told that the service answers: whoever waits for that line may read it.
    let how_to_sign_in = keep_key(&built);
    let running =
        startup::start(built.clone(), listener, Workers::Running).map_err(|error| error.to_string())?;
    out::line(&format!("Listening on http://{} (public address {public_url})", running.address));
    out::line(&how_to_sign_in);
    out::line(&format!("API reference: http://{}/docs/", running.address));
    running.until_stopped().await.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Does the background work only, beside other processes that answer requests.
pub(super) async fn work(config: Config) -> Result<ExitCode, Box<dyn Error>> {
    let built = startup::build(config, World::default()).await.map_err(|error| error.to_string())?;
    let app = built.app.clone();
    app.shutdown.on_signals()?;
    out::line("Working: jobs, alarms and assignment");
    startup::spawn_workers(&built).await?;
    app.ledger.drain().await;
    app.lanes.drain().await;
    Ok(ExitCode::SUCCESS)
}

/// Brings a file into the database.
pub(super) async fn import(config: Config, what: &super::import::Import) -> Result<ExitCode, Box<dyn Error>> {
    let built = startup::build(config, World::default()).await.map_err(|error| error.to_string())?;
    let code = super::import::run(&built.app, what).await?;
    built.app.lanes.drain().await;
    Ok(code)
}

/// Where the operator's key of the first start is kept.
fn key_file(built: &Built) -> PathBuf {
    built.app.config.data.dir.join("operator.key")
}

/// How to sign in, in words. The key of the first start is shown once and kept in a file only its owner may read;
/// where that file cannot be written the line is the only place that has it.
fn keep_key(built: &Built) -> String {
    let file = key_file(built);
    let shown = file.display();
    match &built.operator_key {
        Some(key) => match write_private(&file, key) {
            Ok(()) => format!("Operator key: {key} (kept in {shown})"),
            Err(why) => format!("Operator key: {key} (keep it: {shown} cannot be written: {why})"),
        },
        None if file.exists() => format!("Operator key: in {shown}"),
        None => "Operator key: as given out before".to_owned(),
    }
}

fn write_private(file: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file)?;
    open.write_all(text.as_bytes())?;
    open.write_all(b"\n")?;
    open.sync_all()
}
