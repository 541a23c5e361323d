//! `callahead plan`, `callahead simulate` and `callahead replay mdrp --policy`, each as a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::disallowed_methods)] // names that differ between processes

use std::path::PathBuf;
use std::process::{Command, Output};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("callahead-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        name.to_owned()
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_callahead")).current_dir(&self.0).args(args).output().unwrap()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const PROBLEM: &str = r#"{"points": [[0, 0], [3, 4], [6, 8]],
    "requests": [{"id": "tea", "pick_up": {"place": 0}, "drop_off": {"place": 2}},
                 {"id": "rice", "pick_up": {"place": 0}, "drop_off": {"place": 1, "earliest": 60}}],
    "vehicles": [{"id": "mira", "start": 0, "capacity": 4}]}"#;

const LI_LIM: &str = "2 10 1\n0 0 0 0 0 100 0 0 0\n1 3 4 5 0 100 1 0 2\n2 6 8 -5 0 100 1 1 0\n";

#[test]
fn a_plan_is_printed_and_written() {
    let folder = Folder::new("plan");
    let file = folder.file("problem.json", PROBLEM);
    let planned = folder.run(&["plan", &file, "--ms", "20", "--out", "plan.json"]);
    assert!(planned.status.success(), "{}", text(&planned.stderr));
    let told = text(&planned.stdout);
    assert!(told.starts_with("mira:\n") && told.contains("60.00 drop off rice"), "{told}");
    assert!(told.contains("1 vehicles, travel 10.00, 2 of 2 requests carried"), "{told}");
    let plan: serde_json::Value = serde_json::from_str(&folder.read("plan.json")).unwrap();
    assert_eq!(plan["routes"][0]["stops"].as_array().unwrap().len(), 4);
    assert_eq!(text(&planned.stderr), "", "nothing but the plan where nobody watches");
}

#[test]
fn published_instances_are_planned_by_their_task_numbers() {
    let folder = Folder::new("plan-li-lim");
    let file = folder.file("one.txt", LI_LIM);
    let planned = folder.run(&["plan", &file, "--format", "li-lim", "--ms", "20"]);
    assert!(planned.status.success(), "{}", text(&planned.stderr));
    let told = text(&planned.stdout);
    assert!(told.starts_with("route 1: 1 2\n1 vehicles, travel 20.00, 1 of 1 requests"), "{told}");
}

const SOLOMON: &str = "R1\n\nVEHICLE\nNUMBER CAPACITY\n 2 10\n\nCUSTOMER\nCUST NO. XCOORD. YCOORD.\n\n\
    0 0 0 0 0 100 0\n 1 3 4 6 0 50 2\n 2 3 4 6 0 60 2\n";

#[test]
fn what_a_file_is_written_in_is_seen_from_it() {
    let folder = Folder::new("plan-guessed");
    let files = [
        ("one.txt", LI_LIM, "1 vehicles"),
        ("two.txt", SOLOMON, "2 vehicles"),
        ("three.txt", PROBLEM, "1 vehicles"),
    ];
    for (name, problem, vehicles) in files {
        // As an editor on another system would write it.
        let foreign = format!("\u{feff}{}\r\n\r\n", problem.replace('\n', "\r\n"));
        for text_of in [problem.to_owned(), foreign] {
            let file = folder.file(name, &text_of);
            let planned = folder.run(&["plan", &file, "--ms", "20"]);
            assert!(planned.status.success(), "{name}: {}", text(&planned.stderr));
            assert!(text(&planned.stdout).contains(vehicles), "{name}: {}", text(&planned.stdout));
        }
    }
    let file = folder.file("words.txt", "hello\n");
    let said = text(&folder.run(&["plan", &file]).stderr);
    assert!(said.contains("`hello`") && said.contains("neither JSON nor Solomon's"), "{said}");
}

#[test]
fn an_unreadable_file_is_told_with_line_and_field() {
    let folder = Folder::new("plan-bad");
    let bad = folder.file("bad.txt", &LI_LIM.replace("\n2 6", "\n2 six"));
    let json = folder.file("bad.json", &PROBLEM.replace("\"capacity\"", "\"capacty\""));
    for (args, wanted) in [
        (vec!["plan", &bad, "--format", "li-lim"], "bad.txt: line 4: the x should be a number, and is `six`"),
        (vec!["plan", &json], "bad.json: line 4, column"),
        (vec!["plan", &json], "capacty"),
        (vec!["plan", "nowhere.json"], "nowhere.json: "),
        (vec!["replay", "mdrp", "nowhere", "--policy", "fifo"], "nowhere/orders.txt: "),
        (vec!["simulate", "--absent", "0.9"], "absent is 0.9; allowed: 0 to 0.6"),
    ] {
        let refused = folder.run(&args);
        assert_eq!(refused.status.code(), Some(1), "{args:?}");
        let said = text(&refused.stderr);
        assert!(said.contains(wanted), "{args:?}: {said}");
    }
}

#[test]
fn a_days_solution_is_written_by_the_rules_and_audited() {
    let folder = Folder::new("replay-policy");
    folder.file(
        "orders.txt",
        "order\tx\ty\tplacement_time\trestaurant\tready_time\no1\t0\t600\t3\tr1\t5\no2\t900\t0\t9\tr1\t20\n",
    );
    folder.file("couriers.txt", "courier\tx\ty\ton_time\toff_time\nc1\t0\t0\t0\t90\n");
    folder.file("restaurants.txt", "restaurant\tx\ty\nr1\t100\t100\n");
    folder.file(
        "instance_parameters.txt",
        "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\tmaximum click-to-door\tpay per order\tguaranteed pay per hour\n320\t4\t4\t40\t90\t10\t15\n",
    );
    for policy in ["greedy", "fifo", "engine"] {
        let lived = folder.run(&["replay", "mdrp", ".", "--policy", policy, "--solution-out", policy]);
        assert!(lived.status.success(), "{}", text(&lived.stderr));
        let told = text(&lived.stdout);
        assert!(
            told.lines().any(|line| line.starts_with("  rules broken") && line.ends_with(" 0")),
            "{told}"
        );
        let orders = folder.read(&format!("{policy}/solution_info_orders.txt"));
        assert_eq!(orders.lines().count(), 3, "{orders}");
    }
    let alone = folder.run(&["replay", "mdrp", ".", "--solution-out", "x"]);
    assert!(alone.status.success(), "{}", text(&alone.stderr));
    let orders = "solution_info_orders.txt";
    assert_eq!(folder.read(&format!("x/{orders}")), folder.read(&format!("engine/{orders}")));
    let both = folder.run(&["replay", "mdrp", ".", "--solution-out", "y", "--absent", "0.1"]);
    assert_eq!(both.status.code(), Some(2), "nobody is absent by the instances' rules");
}

#[test]
fn a_town_is_compared_and_reported() {
    let folder = Folder::new("simulate");
    let args = ["simulate", "--orders", "24", "--couriers", "2", "--seeds", "2", "--out", "report"];
    let lived = folder.run(&args);
    assert!(lived.status.success(), "{}", text(&lived.stderr));
    let told = text(&lived.stdout);
    assert!(told.contains("deliveries per courier-hour") && told.contains("report.html"), "{told}");
    let report: serde_json::Value = serde_json::from_str(&folder.read("report/report.json")).unwrap();
    assert_eq!(report["study"]["tallies"].as_array().unwrap().len(), 2);
    assert!(!report["assumptions"].as_array().unwrap().is_empty());
    assert!(folder.read("report/report.html").contains("<svg"));
    assert_eq!(text(&folder.run(&args).stdout), told, "the same seeds tell the same");
}
