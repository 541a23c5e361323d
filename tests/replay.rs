//! A small made-up delivery day, lived through by the real binary: every invariant holds, every hand-off is captured,
//! and the same seed gives the same day.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ten orders of three restaurants within half an hour, three couriers for less than two hours.
fn write_day(dir: &Path) {
    let mut orders = String::from("order\tx\ty\tplacement_time\trestaurant\tready_time\n");
    for number in 0..10 {
        let (x, y) = (number * 997 % 3000, number * 613 % 2500);
        let (placed, restaurant) = (5 + number * 3, number % 3);
        writeln!(orders, "o{number}\t{x}\t{y}\t{placed}\tr{restaurant}\t{}", placed + 12).unwrap();
    }
    let couriers = "courier\tx\ty\ton_time\toff_time\nc0\t100\t100\t0\t100\nc1\t2500\t300\t0\t100\nc2\t900\t2000\t10\t100\n";
    let restaurants = "restaurant\tx\ty\nr0\t500\t500\nr1\t1500\t1200\nr2\t2400\t2000\n";
    let parameters = "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n";
    std::fs::create_dir_all(dir).unwrap();
    for (name, text) in [
        ("orders.txt", orders.as_str()),
        ("couriers.txt", couriers),
        ("restaurants.txt", restaurants),
        ("instance_parameters.txt", parameters),
    ] {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("callahead-day-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the day in a directory of its own and reads its report.
fn live(dir: &Path, name: &str, more: &[&str]) -> Value {
    let out = dir.join(name);
    let ran = Command::new(env!("CARGO_BIN_EXE_callahead"))
        .current_dir(dir)
        .args(["replay", "mdrp", "day", "--seed", "7", "--out", name])
        .args(more)
        .env("TMPDIR", folder(name))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{told}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(std::fs::read_to_string(out.join("report.html")).unwrap().contains("</html>"));
    serde_json::from_str(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap()
}

#[test]
fn a_small_day_ends_with_every_invariant_true_and_the_same_seed_gives_the_same_day() {
    let dir = folder("small");
    write_day(&dir.join("day"));
    let shares = ["--silent", "0.2", "--absent", "0.1", "--later", "0.1"];
    let first = live(&dir, "first", &[&shares[..], &["--gate", "both"]].concat());
    for run in first["runs"].as_array().unwrap() {
        assert!(run["checks"].as_array().unwrap().iter().all(|check| check["holds"] == true), "{run}");
        let figures = &run["figures"];
        assert_eq!(figures["orders"], 10);
        assert!(figures["delivered"].as_u64().unwrap() >= 6, "{figures}");
        assert_eq!(figures["captures"], figures["delivered"]);
        assert_eq!(figures["captures_minor"], figures["hand_offs_minor"]);
    }
    let again = live(&dir, "again", &shares);
    for told in ["figures", "verdicts", "refusals"] {
        assert_eq!(first["runs"][0][told], again["runs"][0][told]);
    }
}

#[test]
fn a_day_that_cannot_be_read_is_told_with_its_file() {
    let dir = folder("unreadable");
    let ran = Command::new(env!("CARGO_BIN_EXE_callahead"))
        .current_dir(&dir)
        .args(["replay", "mdrp", "nowhere"])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("nowhere/orders.txt"));
}

/// What lies in a folder for temporary files.
fn left_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_day_that_is_interrupted_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let dir = folder(&format!("interrupted{signal}"));
        let scratch = folder(&format!("scratch{signal}"));
        write_day(&dir.join("day"));
        let mut running = Command::new(env!("CARGO_BIN_EXE_callahead"))
            .current_dir(&dir)
            .args(["replay", "mdrp", "day", "--gate", "both"])
            .env("TMPDIR", &scratch)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let began = std::time::Instant::now();
        // Its database is there: the day has begun.
        while !left_in(&scratch).iter().any(|folder| folder.join("callahead.db").exists()) {
            assert!(began.elapsed().as_secs() < 60 && running.try_wait().unwrap().is_none());
            std::thread::yield_now();
        }
        let sent = Command::new("kill").args([signal, &running.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(running.wait().unwrap().code(), Some(130), "{signal}");
        assert_eq!(left_in(&scratch), Vec::<PathBuf>::new(), "{signal}");
        assert!(!dir.join("replay-report").exists(), "half a day is not reported");
    }
}

#[test]
fn the_robots_habits_can_be_chosen_and_nonsense_is_refused_by_name() {
    let dir = folder("habits");
    write_day(&dir.join("day"));
    let chosen =
        ["--silent", "1", "--absent", "0", "--later", "0", "--no-answer", "return", "--capacity", "2"];
    let day = live(&dir, "return", &[&chosen[..], &["--probes", "0", "--stuck-hours", "8"]].concat());
    let run = &day["runs"][0];
    let figures = &run["figures"];
    assert!(figures["silent"].as_u64().unwrap() > 0, "{figures}");
    assert_eq!((&figures["returned"], &figures["overrides"]), (&figures["silent"], &serde_json::json!(0)));
    let tried: Vec<&String> = run["probes"].as_object().unwrap().keys().collect();
    assert_eq!(tried, ["regions redrawn"], "nothing is sent twice or wrongly");
    for (wrong, named) in [
        (["--probes", "1.5"], "probes"),
        (["--capacity", "0"], "--capacity"),
        (["--stuck-hours", "49"], "--stuck-hours"),
        (["--no-answer", "shout"], "--no-answer"),
    ] {
        let ran = Command::new(env!("CARGO_BIN_EXE_callahead"))
            .current_dir(&dir)
            .args(["replay", "mdrp", "day"])
            .args(wrong)
            .output()
            .unwrap();
        assert!(!ran.status.success());
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(told.contains(named), "{told}");
    }
}
