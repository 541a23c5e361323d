//! Each wrong setting is refused with its name, its value and what is allowed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::app::ports::{OsEntropy, SeededEntropy};
use callahead_domain::dispatch::Weights;
use callahead_domain::policy::Policy;
use secrecy::ExposeSecret;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn refused(sources: &Sources) -> Vec<Problem> {
    Config::load(sources).expect_err("should be refused").problems
}

fn scratch() -> PathBuf {
    use crate::app::ports::Entropy;
    let name: String = OsEntropy.ten().iter().map(|byte| format!("{byte:02x}")).collect();
    let dir = std::env::temp_dir().join(format!("callahead-config-{name}"));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn env(pairs: &[(&str, &str)]) -> Sources {
    Sources::defaults().with_environment(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

#[test]
fn the_defaults_are_accepted_and_are_what_the_reference_says() {
    let config = Config::load(&Sources::defaults()).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.server.body_limit_bytes, 262_144);
    assert_eq!(config.database.sqlite_path(), Some("callahead-data/callahead.db".into()));
    assert!(config.database.is_sqlite());
    assert_eq!(config.channels.order, ["email", "log"]);
    let rules: Policy = serde_json::from_value(config.policy).unwrap();
    assert_eq!(rules, Policy::default(), "default.toml says what the rules are");
    assert_eq!(config.dispatch.weights, Weights::default(), "default.toml says what a plan is good for");
    assert_eq!(config.testing.crash_at, None);
}

#[test]
fn every_wrong_value_is_refused_by_name_with_the_value_and_what_is_allowed() {
    let cases = [
        ("server.listen", "localhost", "an IP address and a port"),
        ("server.public_url", "ftp://here", "an http:// or https:// address"),
        ("server.public_url", "http://here/path", "without path"),
        ("server.workers", "-1", "a whole number from 0 to 1024"),
        ("server.body_limit_bytes", "12", "from 1024"),
        ("server.body_timeout_ms", "soon", "from 100"),
        ("server.max_connections_per_address", "1.5", "a whole number"),
        ("server.trusted_proxies", "10.0.0.0/40", "networks"),
        ("server.requests_per_second_per_key", "0", "from 1"),
        ("server.burst_per_key", "0", "from 1"),
        ("server.requests_per_second_per_address", "0", "from 1"),
        ("server.burst_per_address", "0", "from 1"),
        ("server.shutdown_s", "601", "to 600"),
        ("wallets.pin_above", "-1", "a whole number from 0"),
        ("wallets.code_limit", "-1", "a whole number from 0"),
        ("wallets.code_day_limit", "x", "a whole number from 0"),
        ("wallets.online_within_h", "0", "from 1 to 8760"),
        ("wallets.agree_within_s", "29", "from 30 to 3600"),
        ("dispatch.weights.late", "-1", "from 0 to 1000000"),
        ("dispatch.weights.late_doubles_after_s", "x", "to 604800"),
        ("dispatch.weights.door", "1000001", "to 1000000"),
        ("dispatch.weights.driving", "-1", "from 0"),
        ("dispatch.weights.waiting", "a", "whole"),
        ("dispatch.weights.tolerance_s", "604801", "to 604800"),
        ("dispatch.weights.max_wait_s", "-1", "from 0"),
        ("dispatch.weights.assumed_promise_s", "-1", "to 604800"),
        ("dispatch.weights.moved", "-1", "to 1000000"),
        ("dispatch.weights.moved_confirmed", "-1", "to 1000000"),
        ("dispatch.weights.told_slack_s", "-1", "to 604800"),
        ("dispatch.weights.change_courier", "-1", "from 0"),
        ("dispatch.weights.beyond_guarantee", "1.5", "whole"),
        ("dispatch.weights.ready", "-1", "from 0"),
        ("dispatch.weights.away", "-1", "from 0"),
        ("dispatch.weights.candidates", "0", "from 1 to 1000"),
        ("dispatch.weights.keep_holds", "1", "true or false"),
        ("dispatch.weights.allow_late", "maybe", "true or false"),
        ("database.url", "mysql://here/db", "sqlite://PATH or postgres://"),
        ("database.readers", "0", "from 1 to 256"),
        ("database.lanes", "65", "to 64"),
        ("database.queue", "", "from 1"),
        ("data.dir", "", "a directory"),
        ("jobs.workers", "0", "from 1"),
        ("jobs.lease_s", "1", "from 5"),
        ("jobs.poll_ms", "1", "from 10"),
        ("dispatch.enabled", "yes", "true or false"),
        ("dispatch.epoch_s", "0", "from 1"),
        ("dispatch.budget_ms", "10001", "to 10000"),
        ("dispatch.home_history_days", "3651", "to 3650"),
        ("travel.detour", "0.5", "a number from 1 to 5"),
        ("travel.speed_kmh", "NaN", "a number from 1 to 200"),
        ("travel.round_up_to_s", "0", "a whole number from 1 to 3600"),
        ("travel.source", "osrm", "one of great_circle, http, matrix"),
        ("travel.source", "http", "http only with the table service's address in travel.http.url"),
        ("travel.source", "matrix", "matrix only with a file in travel.matrix.file"),
        ("travel.learn", "perhaps", "true or false"),
        ("travel.http.url", "osrm:5000", "an http:// or https:// address"),
        ("travel.http.url", "http://kim:secret@osrm", "without query or password"),
        ("travel.http.url", "http://osrm/?key=1", "without query or password"),
        ("travel.http.profile", "car/../x", "letters, digits"),
        ("travel.http.timeout_ms", "0", "a whole number from 10 to 5000"),
        ("travel.http.places", "1", "from 2 to 1000"),
        ("travel.http.max_age_s", "1", "from 10"),
        ("travel.http.failures", "0", "from 1 to 100"),
        ("travel.http.pause_s", "0", "from 1 to 3600"),
        ("travel.matrix.file", "two\nlines", "the path of a file, in one line"),
        ("travel.matrix.within_m", "0", "a number from 1 to 50000"),
        ("courier_page.dispatch_phone", "12", "a telephone number with country code"),
        ("channels.order", "email,pigeon", "email, log"),
        ("channels.order", "log,log", "different names"),
        ("channels.email.enabled", "1", "true or false"),
        ("channels.email.host", "mail server", "a host name"),
        ("channels.email.port", "65536", "to 65535"),
        ("channels.email.security", "ssl", "one of starttls, tls, none"),
        ("channels.email.from", "nobody", "an address"),
        ("channels.email.timeout_ms", "1", "from 100"),
        ("payments.shop_timeout_ms", "1", "from 100"),
        ("payments.allow_private", "maybe", "true or false"),
        ("payments.stripe.url", "stripe", "an http or https address"),
        ("payments.stripe.timeout_ms", "1", "from 100"),
        ("log.format", "xml", "one of text, json"),
        ("log.filter", "callahead=loud", "a level"),
        ("testing.crash_at", "here:0", "N from 1"),
    ];
    let defaults = Config::load_with_settings(&Sources::defaults()).unwrap().1;
    let tried: Vec<_> = cases.iter().map(|case| case.0).collect();
    for setting in defaults.iter().filter(|s| s.shown != Shown::Secret && s.name != "channels.email.username")
    {
        assert!(tried.contains(&setting.name), "no wrong value of {} is tried", setting.name);
    }
    for (name, value, allowed) in cases {
        let problems = refused(&Sources::defaults().set(name, value));
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        assert_eq!(problems[0].name, name);
        assert_eq!(problems[0].value, format!("{value:?}"));
        assert_eq!(problems[0].origin, "the command line");
        assert!(problems[0].allowed.contains(allowed), "{}", problems[0]);
    }
}

#[test]
fn all_problems_are_told_at_once_each_with_where_it_came_from() {
    let dir = scratch();
    let file = dir.join("some.toml");
    std::fs::write(&file, "[server]\nworkers = 5000\nlisten = 8080\n[jobs]\nlease_s = \"long\"\n").unwrap();
    let sources =
        env(&[("CALLAHEAD_LOG__FORMAT", "xml"), ("DATABASE_URL", "nothing")]).with_file(file.clone());
    let told = Config::load(&sources).unwrap_err().to_string();
    let name = file.display();
    assert_eq!(
        told,
        format!(
            "5 settings cannot be used:
  server.listen = 8080 (from file {name}) is refused; allowed: an IP address and a port, such as 127.0.0.1:8080 or [::]:8080
  server.workers = 5000 (from file {name}) is refused; allowed: a whole number from 0 to 1024
  database.url = \"nothing\" (from environment variable DATABASE_URL) is refused; allowed: sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME
  jobs.lease_s = \"long\" (from file {name}) is refused; allowed: a whole number from 5 to 3600
  log.format = \"xml\" (from environment variable CALLAHEAD_LOG__FORMAT) is refused; allowed: one of text, json"
        )
    );
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let dir = scratch();
    let file = dir.join("some.toml");
    std::fs::write(&file, "[server]\nworkers = 3\nshutdown_s = 7\n[policy]\nladder = [1, 2]\n").unwrap();
    let sources = env(&[
        ("CALLAHEAD_SERVER__WORKERS", "4"),
        ("CALLAHEAD_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("CALLAHEAD_POLICY__SILENCE__MINUTES", "5"),
        ("CALLAHEAD_CONFIG", file.to_str().unwrap()),
        ("UNRELATED", "left alone"),
    ]);
    let config = Config::load(&sources).unwrap();
    assert_eq!((config.server.workers, config.server.shutdown_s, config.jobs.workers), (4, 7, 4));
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.policy["ladder"], serde_json::json!([1, 2]));
    assert_eq!(config.policy["silence"], serde_json::json!({"minutes": 5}));
    assert_eq!(Config::load(&sources.set("server.workers", "9")).unwrap().server.workers, 9);
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    let problems = refused(&env(&[("CALLAHEAD_SERVER__LISTN", "x"), ("CALLAHEAD_WORKERS", "1")]));
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2);
    assert!(
        told.iter().any(|t| t.contains("server.listn") && t.contains("did you mean server.listen?")),
        "{told:?}"
    );
    assert!(told.iter().any(|t| t.contains("CALLAHEAD_WORKERS") && t.contains(".workers?")), "{told:?}");
    assert!(refused(&Sources::defaults().set("server", "x"))[0].allowed.contains("a section, [server]"));
    assert!(refused(&Sources::defaults().set("policy", "x"))[0].allowed.contains("a section, [policy]"));
    assert!(refused(&Sources::defaults().set("zebra.stripes", "x"))[0].allowed.contains("--reference"));
}

#[test]
fn secrets_are_never_shown() {
    let told =
        |name, value: &str| Config::load(&Sources::defaults().set(name, value)).unwrap_err().to_string();
    assert!(!told("secrets.master", "abc123").contains("abc123"));
    assert!(!told("channels.email.password", "hunter2").contains("hunter2"));
    assert!(!told("secrets.mastr", "abc123").contains("abc123"));
    let text = told("database.url", "mysql://me:hunter2@here/db");
    assert!(text.contains("mysql://me:***@here/db") && !text.contains("hunter2"), "{text}");
    let key = "0123456789012345678901234567890123456789012345678901234567890123";
    let sources =
        Sources::defaults().set("secrets.master", key).set("database.url", "postgres://a:hunter2@b/c");
    let (config, asked) = Config::load_with_settings(&sources).unwrap();
    for text in [format!("{config:?}"), format!("{asked:?}"), show(&asked)] {
        assert!(!text.contains(key) && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn settings_that_do_not_fit_together_are_refused() {
    let host = refused(&Sources::defaults().set("channels.email.enabled", "true"));
    assert_eq!((host[0].name.as_str(), host.len()), ("channels.email.host", 1));
    let password = refused(&Sources::defaults().set("channels.email.username", "me"));
    assert_eq!((password[0].name.as_str(), password.len()), ("channels.email.password", 1));
}

#[test]
fn a_missing_or_broken_file_is_refused() {
    let missing = refused(&Sources::defaults().with_file("/no/such/callahead.toml".into()));
    assert_eq!(missing[0].name, "/no/such/callahead.toml");
    let dir = scratch();
    let file = dir.join("broken.toml");
    std::fs::write(&file, "[server\n").unwrap();
    assert!(refused(&Sources::defaults().with_file(file))[0].value.contains("line 1"));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_master_key_is_made_once_for_this_user_alone_and_stays() {
    let dir = scratch();
    let data = dir.join("deep/data");
    let config = Config::load(&Sources::defaults().set("data.dir", data.to_str().unwrap())).unwrap();
    let first = master_key(&config, &SeededEntropy::new(1)).unwrap();
    let second = master_key(&config, &SeededEntropy::new(2)).unwrap();
    assert_eq!(first.expose_secret(), second.expose_secret());
    let mode = std::fs::metadata(master_key_path(&config)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);
    std::fs::write(master_key_path(&config), "not a key").unwrap();
    assert!(matches!(master_key(&config, &OsEntropy), Err(MasterKeyError::Content { .. })));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn processes_that_start_at_once_share_one_master_key() {
    let dir = scratch();
    let config = Config::load(&Sources::defaults().set("data.dir", dir.to_str().unwrap())).unwrap();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| *master_key(&config, &OsEntropy).unwrap().expose_secret()))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_master_key_in_the_settings_is_used_as_it_is() {
    let sources = Sources::defaults().set("secrets.master", "ff".repeat(32)).set("data.dir", "/no/such");
    let key = master_key(&Config::load(&sources).unwrap(), &OsEntropy).unwrap();
    assert_eq!(key.expose_secret(), &[255; 32]);
}

#[test]
fn a_crash_point_is_read_with_its_passing() {
    let at = |text: &str| Config::load(&env(&[("CALLAHEAD_CRASH_AT", text)])).unwrap().testing.crash_at;
    assert_eq!(at("after_commit"), Some(("after_commit".into(), 1)));
    assert_eq!(at("after_commit:3"), Some(("after_commit".into(), 3)));
    assert_eq!(at(""), None);
}
