//! `callahead doctor`: looks at everything the service stands on and says, line by line, what was found and
//! what to do. It changes nothing but a probe file that goes at once.

mod travel;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Datelike, Utc};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement};
use secrecy::ExposeSecret;

use super::migrate;
use crate::app::ports::{Clock, SystemClock};
use crate::config::{self, Config, EmailChannel, MailSecurity, Problem, Setting};
use crate::startup;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// The service runs, but somebody should know.
    Warn,
    /// The service would not run, or not safely.
    Fail,
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// What to do about it; empty when nothing is.
    pub advice: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { level, name, found, advice } = self;
        let level = match level {
            Level::Ok => "ok  ",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        write!(f, "{level}  {name}: {found}")?;
        if advice.is_empty() { Ok(()) } else { write!(f, " — {advice}") }
    }
}

fn finding(level: Level, name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { level, name, found: found.into(), advice: advice.into() }
}

fn ok(name: &'static str, found: impl Into<String>) -> Finding {
    finding(Level::Ok, name, found, "")
}

/// A setting that stops the start.
#[must_use]
pub fn wrong_setting(problem: &Problem) -> Finding {
    let Problem { name, origin, value, allowed } = problem;
    let found = if value.is_empty() {
        format!("{name} (from {origin})")
    } else {
        format!("{name} = {value} (from {origin})")
    };
    finding(Level::Fail, "settings", found, format!("allowed: {allowed}"))
}

/// Which settings differ from the defaults.
#[must_use]
pub fn settings(all: &[Setting]) -> Finding {
    let set: Vec<_> =
        all.iter().filter(|setting| setting.origin != "default").map(|setting| setting.name).collect();
    let found =
        if set.is_empty() { "all at their defaults".into() } else { format!("set: {}", set.join(", ")) };
    ok("settings", found)
}

/// Looks at everything, one thing after the other.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let (wall, steady) = (SystemClock.now(), Instant::now());
    let mut all = policy(config);
    all.extend([data_dir(&config.data.dir), master_key(config), free_disk(&config.data.dir)]);
    all.extend(database(config).await);
    all.extend(email(config).await);
    all.push(travel::travel(&config.travel).await);
    all.push(listen(config.server.listen).await);
    all.push(clock(wall, steady.elapsed(), SystemClock.now()));
    all
}

/// The rules of `[policy]` that stop the start.
fn policy(config: &Config) -> Vec<Finding> {
    let Err(wrong) = startup::default_policy(config) else { return Vec::new() };
    let told = wrong.to_string();
    let advice = "correct it in the file or the environment, or leave it out";
    told.lines().map(|line| finding(Level::Fail, "settings", line, advice)).collect()
}

fn data_dir(dir: &Path) -> Finding {
    const NAME: &str = "data directory";
    let shown = dir.display();
    match std::fs::metadata(dir) {
        Ok(data) if !data.is_dir() => {
            finding(Level::Fail, NAME, format!("{shown} is a file"), "set data.dir to a directory")
        }
        Ok(_) => match probe(dir) {
            Ok(()) => ok(NAME, format!("{shown} can be written")),
            Err(why) => finding(
                Level::Fail,
                NAME,
                format!("{shown}: {why}"),
                "let this user write there, or set data.dir",
            ),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = dir.ancestors().skip(1).find(|above| above.exists());
            let above = above.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
            match probe(above) {
                Ok(()) => ok(NAME, format!("{shown} is not there yet; the first start makes it")),
                Err(why) => finding(
                    Level::Fail,
                    NAME,
                    format!("{shown} is not there and cannot be made in {}: {why}", above.display()),
                    "let this user write there, or set data.dir",
                ),
            }
        }
        Err(error) => finding(
            Level::Fail,
            NAME,
            format!("{shown}: {error}"),
            "let this user look there, or set data.dir",
        ),
    }
}

/// Writes an empty file and takes it away again: rights alone do not tell (full, read-only).
fn probe(dir: &Path) -> std::io::Result<()> {
    let file = dir.join(format!(".probe.{}", std::process::id()));
    std::fs::File::create_new(&file)?;
    std::fs::remove_file(&file)
}

fn master_key(config: &Config) -> Finding {
    const NAME: &str = "master key";
    if !config.secrets.master.expose_secret().is_empty() {
        return ok(NAME, "given by secrets.master");
    }
    let path = config::master_key_path(config);
    let shown = path.display();
    let Ok(data) = std::fs::metadata(&path) else {
        return ok(NAME, format!("{shown} is not there yet; the first start makes it"));
    };
    let mode = data.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let found = format!("{shown} can be read by others (mode {mode:o})");
        return finding(Level::Fail, NAME, found, format!("chmod 600 {shown}"));
    }
    match config::read_master_key(config) {
        Ok(_) => ok(NAME, format!("{shown}, for this user alone")),
        Err(error) => finding(Level::Fail, NAME, error.to_string(), "without it nobody can sign in"),
    }
}

/// Free space where the data is, or will be: of the nearest directory that is there.
fn free_disk(dir: &Path) -> Finding {
    const NAME: &str = "free disk";
    let here = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("."));
    match free_mib(here) {
        Some(free) if free < 100 => {
            finding(Level::Fail, NAME, format!("{free} MiB"), "make room: a full disk stops every order")
        }
        Some(free) if free < 1024 => finding(Level::Warn, NAME, format!("{free} MiB"), "make room soon"),
        Some(free) => ok(NAME, format!("{} GiB", free / 1024)),
        None => finding(Level::Warn, NAME, "cannot be told", "look for yourself: df -h"),
    }
}

/// Free mebibytes, as POSIX `df -Pk` tells them in the fourth column of its second line.
fn free_mib(dir: &Path) -> Option<u64> {
    let told = std::process::Command::new("df").arg("-Pk").arg("--").arg(dir).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    let kib: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib / 1024)
}

async fn database(config: &Config) -> Vec<Finding> {
    const NAME: &str = "database";
    let url = config.database.shown();
    if config.database.sqlite_path().is_some_and(|path| !path.exists()) {
        return vec![ok(NAME, format!("{url} is not there yet; the first start makes it"))];
    }
    let db = match migrate::connect(&config.database).await {
        Ok(db) => db,
        Err(why) => {
            let advice = "start the database, or set database.url (DATABASE_URL)";
            return vec![finding(Level::Fail, NAME, format!("{url}: {why}"), advice)];
        }
    };
    let mut all = vec![ok(NAME, format!("{url} answers")), tables(&db).await];
    all.extend(if config.database.is_sqlite() { vec![sqlite(&db).await] } else { postgres(&db).await });
    // The connection was only read from; how it ends changes nothing.
    let _ = db.close().await;
    all
}

async fn tables(db: &DatabaseConnection) -> Finding {
    const NAME: &str = "tables";
    match Migrator::get_pending_migrations_read_only(db).await {
        Ok(missing) if missing.is_empty() => ok(NAME, "up to date"),
        Ok(missing) => {
            let found = format!("{} changes are not applied", missing.len());
            finding(Level::Warn, NAME, found, "callahead migrate (serve does it by itself)")
        }
        Err(why) => finding(
            Level::Fail,
            NAME,
            why.to_string(),
            "this database belongs to a newer release or something else",
        ),
    }
}

async fn sqlite(db: &DatabaseConnection) -> Finding {
    const NAME: &str = "database file";
    match text(db, "PRAGMA quick_check(1)").await {
        Ok(word) if word == "ok" => {
            ok(NAME, "sound (synchronous FULL is set by the service on each connection)")
        }
        Ok(word) => finding(Level::Fail, NAME, word, "stop the service and restore a backup"),
        Err(why) => finding(Level::Fail, NAME, why.to_string(), "stop the service and look at the disk"),
    }
}

/// The settings without which an acknowledged write can be lost, and the server's clock.
async fn postgres(db: &DatabaseConnection) -> Vec<Finding> {
    let mut all = Vec::new();
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        all.push(match text(db, &format!("SHOW {name}")).await {
            Ok(value) if value == "off" => {
                let advice = format!("set {name} = on in postgresql.conf: acknowledged orders can be lost");
                finding(Level::Fail, "durability", format!("{name} is off"), advice)
            }
            Ok(value) => ok("durability", format!("{name} is {value}")),
            Err(why) => {
                finding(Level::Fail, "durability", format!("{name}: {why}"), "look at the server's log")
            }
        });
    }
    all.push(match text(db, "SELECT pg_is_in_recovery()::text").await {
        Ok(word) if word == "false" => ok("database role", "primary"),
        _ => finding(Level::Fail, "database role", "a standby", "set database.url to the primary"),
    });
    let before = SystemClock.now();
    let theirs = text(db, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text").await;
    let theirs = theirs.ok().and_then(|ms| ms.parse().ok()).and_then(DateTime::from_timestamp_millis);
    all.push(apart(before, theirs, SystemClock.now()));
    all
}

/// How far the database's clock is from ours, which was read before and after it.
fn apart(before: DateTime<Utc>, theirs: Option<DateTime<Utc>>, after: DateTime<Utc>) -> Finding {
    const NAME: &str = "database clock";
    let Some(theirs) = theirs else {
        return finding(Level::Warn, NAME, "cannot be read", "look at the server's log");
    };
    let off_ms = (before - theirs).num_milliseconds().max((theirs - after).num_milliseconds()).max(0);
    let found = format!("{off_ms} ms from this machine's");
    match off_ms {
        0..=1_000 => ok(NAME, found),
        1_001..=10_000 => finding(Level::Warn, NAME, found, "run a time service on both machines"),
        _ => finding(
            Level::Fail,
            NAME,
            found,
            "run a time service on both machines: timers would fire wrongly",
        ),
    }
}

async fn text(db: &DatabaseConnection, sql: &str) -> Result<String, DbErr> {
    let row: Option<QueryResult> =
        db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.into()))?.try_get_by_index(0)
}

async fn email(config: &Config) -> Vec<Finding> {
    const NAME: &str = "e-mail";
    let email = &config.channels.email;
    if !email.enabled {
        let advice = "set channels.email.enabled and its server to reach customers";
        return vec![finding(Level::Warn, NAME, "off: notices go to the log only", advice)];
    }
    let place = format!("{}:{}", email.host, email.port);
    let advice = "check host, port, security and password under [channels.email]";
    let reached = match mailer(email) {
        Ok(mailer) => mailer.test_connection().await,
        Err(why) => Err(why),
    };
    let mut all = vec![match reached {
        Ok(true) => ok(NAME, format!("{place} answers and lets us in")),
        Ok(false) => finding(Level::Fail, NAME, format!("{place} hung up"), advice),
        Err(why) => finding(Level::Fail, NAME, format!("{place}: {why}"), advice),
    }];
    let local =
        ["://127.", "://localhost", "://[::1]"].iter().any(|part| config.server.public_url.contains(part));
    if local {
        let found = format!("links in e-mails begin with {}", config.server.public_url);
        all.push(finding(Level::Warn, "links", found, "set server.public_url to what customers can open"));
    }
    all
}

fn mailer(
    email: &EmailChannel,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    let tls = match email.security {
        MailSecurity::None => Tls::None,
        MailSecurity::StartTls => Tls::Required(TlsParameters::new(email.host.clone())?),
        MailSecurity::Tls => Tls::Wrapper(TlsParameters::new(email.host.clone())?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&email.host)
        .port(email.port)
        .tls(tls)
        .timeout(Some(Duration::from_millis(email.timeout_ms)));
    if !email.username.is_empty() {
        let password = email.password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(email.username.clone(), password));
    }
    Ok(builder.build())
}

/// The port is free, or a service already answers there.
async fn listen(address: SocketAddr) -> Finding {
    const NAME: &str = "port";
    match std::net::TcpListener::bind(address) {
        Ok(_) => ok(NAME, format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match greeting(address).await {
            Some(told) => ok(NAME, format!("a service already answers on {address} ({told})")),
            None => {
                let found = format!("{address} is taken by something that does not speak HTTP");
                finding(Level::Fail, NAME, found, "stop it, or set server.listen")
            }
        },
        Err(error) => finding(
            Level::Fail,
            NAME,
            format!("{address}: {error}"),
            "set server.listen to an address of this machine",
        ),
    }
}

/// What an HTTP server there answers with within two seconds: its status, and, if it is this service, where its travel
/// times come from.
async fn greeting(address: SocketAddr) -> Option<String> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build().ok()?;
    let url = format!("http://{}/health/ready", SocketAddr::new(ip, address.port()));
    let answer = client.get(url).send().await.ok()?;
    let status = answer.status().as_u16();
    let ready: serde_json::Value = answer.json().await.unwrap_or_default();
    let checks = ready.get("checks").and_then(|checks| checks.as_array());
    let travel = checks
        .into_iter()
        .flatten()
        .find(|check| check.get("name").is_some_and(|name| name == "travel_times"));
    let found = travel.and_then(|check| check.get("found")?.as_str());
    Some(
        found.map_or_else(
            || format!("HTTP {status}"),
            |found| format!("HTTP {status}; travel times: {found}"),
        ),
    )
}

/// The wall clock shows a likely year and ran as fast as the steady one while we looked.
fn clock(before: DateTime<Utc>, passed: Duration, after: DateTime<Utc>) -> Finding {
    const NAME: &str = "clock";
    let year = after.year();
    if !(2025..2100).contains(&year) {
        return finding(Level::Fail, NAME, format!("the year is {year}"), "set this machine's clock");
    }
    let moved_ms = (after - before).num_milliseconds();
    let passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
    let jump_ms = moved_ms.saturating_sub(passed_ms);
    match jump_ms.abs() {
        0..=500 => ok(NAME, after.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
        _ => finding(
            Level::Warn,
            NAME,
            format!("it jumped by {jump_ms} ms"),
            "let a time service slew it, not set it",
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::app::ports::{Entropy, OsEntropy};
    use crate::config::Sources;
    use std::fs;
    use std::io::{Read, Write};
    use std::path::PathBuf;

    fn scratch() -> PathBuf {
        let name: String = OsEntropy.ten().iter().map(|byte| format!("{byte:02x}")).collect();
        let dir = std::env::temp_dir().join(format!("callahead-doctor-{name}"));
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    fn settings_in(dir: &Path) -> Sources {
        let dir = dir.to_str().unwrap();
        let free = Sources::defaults().set("server.listen", "127.0.0.1:0");
        free.set("data.dir", dir).set("database.url", format!("sqlite://{dir}/callahead.db"))
    }

    async fn found(sources: Sources) -> Vec<Finding> {
        examine(&Config::load(&sources).unwrap()).await
    }

    fn level(all: &[Finding], name: &str) -> Level {
        let levels: Vec<_> = all.iter().filter(|one| one.name == name).map(|one| one.level).collect();
        assert_eq!(levels.len(), 1, "{name}: {all:?}");
        levels.first().copied().unwrap()
    }

    #[tokio::test]
    async fn a_fresh_place_is_healthy_and_stays_untouched() {
        let dir = scratch();
        let all = found(settings_in(&dir)).await;
        assert!(all.iter().all(|one| one.level < Level::Fail), "{all:?}");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn tables_are_missing_before_and_up_to_date_after_migrate() {
        let dir = scratch();
        let sources = settings_in(&dir);
        fs::write(dir.join("callahead.db"), "").unwrap();
        assert_eq!(level(&found(sources.clone()).await, "tables"), Level::Warn);
        let config = Config::load(&sources).unwrap();
        for what in [migrate::Migrate::Up, migrate::Migrate::Status, migrate::Migrate::Down { steps: 1 }] {
            migrate::run(&config.database, what).await.unwrap();
        }
        assert_eq!(level(&found(sources.clone()).await, "tables"), Level::Warn);
        migrate::run(&config.database, migrate::Migrate::Up).await.unwrap();
        let all = found(sources).await;
        assert_eq!((level(&all, "tables"), level(&all, "database file")), (Level::Ok, Level::Ok));
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_and_a_server_that_is_not_there_fail() {
        let dir = scratch();
        fs::write(dir.join("callahead.db"), "x".repeat(9000)).unwrap();
        let all = found(settings_in(&dir)).await;
        assert!(
            all.iter().any(|one| one.level == Level::Fail && one.name.starts_with("database")),
            "{all:?}"
        );
        let all =
            found(settings_in(&dir).set("database.url", "postgres://me:hunter2@127.0.0.1:1/none")).await;
        assert_eq!(level(&all, "database"), Level::Fail);
        assert!(!format!("{all:?}").contains("hunter2"));
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_rule_that_stops_the_start_and_a_place_where_nothing_can_be_made_fail() {
        let dir = scratch();
        let sources = settings_in(&dir).set("policy.max_attempts", "many").set("policy.call_lead_s", "x");
        let told = found(sources).await;
        let lines: Vec<_> =
            told.iter().filter(|one| one.level == Level::Fail).map(ToString::to_string).collect();
        assert_eq!(lines.len(), 2, "{told:?}");
        assert!(
            lines
                .iter()
                .any(|line| line.contains("policy.max_attempts = \"many\"") && line.contains("such as 2"))
        );
        let told = found(settings_in(&dir).set("policy.zebra", "1").set("policy.max_attempts", "3")).await;
        assert!(
            told.iter().any(|one| one.found.starts_with("policy.zebra: there is no such setting")),
            "{told:?}"
        );
        let told = found(settings_in(&dir).set("policy.call_lead_s", "60")).await;
        assert!(
            told.iter()
                .any(|one| one.found.contains("policy.call_lead_s = 60 is refused; allowed: 480 to 1200"))
        );
        assert_eq!(data_dir(Path::new("/proc/nothing/here")).level, Level::Fail);
        assert_eq!(data_dir(&dir.join("not/yet")).level, Level::Ok);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_key_others_can_read_and_a_spoilt_key_fail() {
        let dir = scratch();
        let config = Config::load(&settings_in(&dir)).unwrap();
        assert_eq!(master_key(&config).level, Level::Ok);
        config::master_key(&config, &OsEntropy).unwrap();
        assert_eq!(master_key(&config).level, Level::Ok);
        let key = config::master_key_path(&config);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(master_key(&config).to_string().starts_with("FAIL  master key: "));
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&key, "gone").unwrap();
        assert_eq!(master_key(&config).level, Level::Fail);
        assert_eq!(data_dir(&key).level, Level::Fail);
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_port_held_by_something_else_fails_and_one_that_answers_is_fine() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        let other = std::thread::spawn(move || {
            for answer in ["nonsense\r\n\r\n", "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"] {
                let mut caller = held.accept().unwrap().0;
                let _ = caller.read(&mut [0; 1024]).unwrap();
                caller.write_all(answer.as_bytes()).unwrap();
            }
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        assert_eq!(listen(address).await.level, Level::Fail);
        assert!(listen(address).await.found.contains("HTTP 204"));
        other.join().unwrap();
    }

    #[tokio::test]
    async fn a_mail_server_that_is_not_there_fails() {
        let sources = Sources::defaults()
            .set("channels.email.enabled", "true")
            .set("channels.email.host", "127.0.0.1")
            .set("channels.email.port", "1")
            .set("channels.email.security", "none");
        let all = email(&Config::load(&sources).unwrap()).await;
        assert_eq!((level(&all, "e-mail"), level(&all, "links")), (Level::Fail, Level::Warn));
    }

    #[test]
    fn clocks_that_are_wrong_or_jump_are_seen() {
        let at = |s: i64| DateTime::from_timestamp(s, 0).unwrap();
        let now = 1_800_000_000;
        assert_eq!(clock(at(now), Duration::from_secs(2), at(now + 2)).level, Level::Ok);
        assert_eq!(clock(at(now), Duration::from_secs(2), at(now + 60)).level, Level::Warn);
        assert_eq!(clock(at(0), Duration::from_secs(2), at(2)).level, Level::Fail);
        assert_eq!(apart(at(now), Some(at(now + 1)), at(now + 2)).level, Level::Ok);
        assert_eq!(apart(at(now), Some(at(now + 7)), at(now + 2)).level, Level::Warn);
        assert_eq!(apart(at(now), Some(at(now - 70)), at(now + 2)).level, Level::Fail);
        assert_eq!(apart(at(now), None, at(now)).level, Level::Warn);
    }
}
