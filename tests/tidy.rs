//! The house rules as a test: plain text checks that need no build of what they look at. Each check is a
//! function from text to complaints, tried on a bad sample at the end, so that none can pass by accident.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// One source file: its path from the root, with forward slashes, and its text.
struct File {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below these places whose name ends so, in a fixed order.
fn files(places: &[&str], ending: &str) -> Vec<File> {
    fn walk(dir: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("target") => {}
                true => walk(&path, ending, out),
                false if path.to_string_lossy().ends_with(ending) => out.push(path),
                false => {}
            }
        }
    }
    let mut paths = Vec::new();
    for place in places {
        walk(&root().join(place), ending, &mut paths);
    }
    paths.sort();
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    paths
        .iter()
        .map(|path| File { path: name(path), text: fs::read_to_string(path).unwrap_or_default() })
        .collect()
}

fn rust() -> Vec<File> {
    files(&["src", "entity/src", "migration/src", "tests", "benches"], ".rs")
}

/// Runs a check over files and fails with all complaints at once.
fn hold(files: &[File], check: impl Fn(&File) -> Vec<String>) {
    assert!(!files.is_empty(), "nothing to look at");
    let complaints: Vec<_> = files.iter().flat_map(check).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The code of a line: without its comment, and nothing of a comment line. Good enough for our style.
fn code(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or(line) }
}

/// The lines before a file's own test module, numbered from 1.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
}

/// Complains where a line's code holds one of the words.
fn without(file: &File, words: &[&str], why: &str) -> Vec<String> {
    let hits =
        file.text.lines().enumerate().filter(|(_, line)| words.iter().any(|word| code(line).contains(word)));
    hits.map(|(at, _)| format!("{}:{}: {why}", file.path, at + 1)).collect()
}

// ---- which room may come into which

/// Who may use whom, by the first part of the path below `src/` (docs/ARCHITECTURE.md). `app::ports`, the
/// config's types, `lifecycle` and `words` are open to everybody; `cli` and `startup` may use everything.
const DIRECTIONS: [(&str, &[&str]); 13] = [
    ("main", &["cli"]),
    ("config", &[]),
    ("lifecycle", &[]),
    ("telemetry", &[]),
    ("store", &[]),
    ("app", &["store", "travel", "webhook"]),
    ("http", &["app"]),
    ("jobs", &["app", "store::jobs", "notify", "pay", "webhook"]),
    ("travel", &["webhook"]),
    ("webhook", &[]),
    ("notify", &[]),
    ("pay", &["webhook"]),
    ("words", &[]),
];
const OPEN_TO_ALL: [&str; 4] = ["app::ports", "config", "lifecycle", "words"];

fn room(path: &str) -> Option<&str> {
    let below = path.strip_prefix("src/")?;
    let first = below.split('/').next()?;
    (!["domain", "yardsticks"].contains(&first)).then(|| first.trim_end_matches(".rs"))
}

/// The paths a file names with `crate::`, groups opened one level: `crate::{a::b, c}` gives `a::b` and `c`.
fn crate_paths(line: &str) -> Vec<String> {
    let end =
        |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
    let mut found = Vec::new();
    for rest in line.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => found.extend(
                group.trim_end_matches(&['}', ';', ' '][..]).split(',').map(|one| one.trim().to_owned()),
            ),
            None => found.push(rest[..end(rest)].trim_end_matches(':').to_owned()),
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

fn wrong_directions(file: &File) -> Vec<String> {
    let Some(room) = room(&file.path) else { return Vec::new() };
    if ["cli", "startup", "lib"].contains(&room) {
        return Vec::new();
    }
    let sim: &[&str] = &["startup"];
    let known = DIRECTIONS.iter().find(|(name, _)| *name == room).map(|(_, may)| *may);
    let Some(may) = known.or((room == "sim").then_some(sim)) else {
        return vec![format!("{}: room `{room}` has no line in DIRECTIONS", file.path)];
    };
    let within = |path: &str, place: &str| {
        path == place || path.strip_prefix(place).is_some_and(|r| r.starts_with("::"))
    };
    let mut complaints = Vec::new();
    for (at, line) in product_lines(&file.text) {
        for path in crate_paths(code(line)) {
            let first = path.split("::").next().unwrap_or_default();
            let open = |places: &[&str]| places.iter().any(|place| within(&path, place));
            let is_item = first.starts_with(char::is_uppercase);
            if first != room && !is_item && !open(may) && !open(&OPEN_TO_ALL) {
                complaints.push(format!("{}:{at}: {room} may not use {path}", file.path));
            }
        }
    }
    complaints
}

/// Rows are for the store and the use cases: nobody else touches data.
fn rows_in_the_wrong_room(file: &File) -> Vec<String> {
    let outside = room(&file.path).is_some_and(|room| !["store", "app", "cli", "startup"].contains(&room));
    let lines = product_lines(&file.text).filter(|(_, line)| outside && names_crate(code(line), "entity"));
    lines.map(|(at, _)| format!("{}:{at}: rows are for the store and the use cases", file.path)).collect()
}

fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// Crates a place must do without, whatever its manifest says.
fn foreign_crates(file: &File) -> Vec<String> {
    let banned: &[&str] = match file.path.as_str() {
        path if path.starts_with("src/domain/") => &[
            "tokio",
            "sea_orm",
            "sqlx",
            "actix_web",
            "lettre",
            "reqwest",
            "getrandom",
            "callahead",
            "callahead_yardsticks",
            "entity",
        ],
        path if path.starts_with("src/yardsticks/") => {
            &["callahead", "entity", "migration", "sea_orm", "tokio"]
        }
        path if path.starts_with("migration/") => &["entity", "callahead", "callahead_domain"],
        path if path.starts_with("entity/") => &["migration", "callahead", "callahead_domain"],
        // The yardsticks measure; no part of the service leans on them.
        path if path.starts_with("src/") && !path.starts_with("src/cli/") => &["callahead_yardsticks"],
        _ => &[],
    };
    // The replay reads the days the yardsticks read, with their reader and nothing else of theirs.
    let reader = |line: &str| {
        file.path.starts_with("src/sim/") && line.contains("callahead_yardsticks::mdrp::instance::")
    };
    let lines = file.text.lines().enumerate().filter(|(_, line)| !reader(line));
    let hits =
        lines.filter_map(|(at, line)| Some((at, banned.iter().find(|name| names_crate(code(line), name))?)));
    hits.map(|(at, name)| format!("{}:{}: must do without {name}", file.path, at + 1)).collect()
}

// ---- how a file looks

const LONGEST_FILE: usize = 600;

fn too_long(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let long = lines > LONGEST_FILE;
    long.then(|| format!("{}: {lines} lines, {LONGEST_FILE} are allowed", file.path)).into_iter().collect()
}

fn no_module_docs(file: &File) -> Vec<String> {
    let told = file.text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 6);
    let belongs_to_another = file.path.ends_with("/tests.rs");
    (!told && !belongs_to_another)
        .then(|| format!("{}:1: say in `//!` what this is for", file.path))
        .into_iter()
        .collect()
}

/// Words that promise work later. Put together here so that this file does not hold them itself.
fn unfinished(file: &File) -> Vec<String> {
    let words =
        [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["// X", "XX"].concat(), ["todo", "!("].concat()];
    let lines = file.text.lines().enumerate();
    let hits = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word.as_str())));
    hits.map(|(at, _)| format!("{}:{}: finish it, or write it down elsewhere", file.path, at + 1)).collect()
}

fn printing(file: &File) -> Vec<String> {
    let measures = ["benches/", "tests/", "src/domain/examples/"];
    if file.path == "src/cli/out.rs" || measures.iter().any(|place| file.path.starts_with(place)) {
        return Vec::new();
    }
    without(file, &["println!", "print!(", "dbg!("], "only cli/out.rs prints; log with `tracing`")
}

fn environment(file: &File) -> Vec<String> {
    if ["src/config/", "tests/", "benches/"].iter().any(|place| file.path.starts_with(place)) {
        return Vec::new();
    }
    without(file, &["env::var", "env::set_var"], "settings are read in config")
}

fn sleeping_tests(file: &File) -> Vec<String> {
    // Killing a process at a random moment is a matter of real time.
    if file.path == "tests/crash.rs" {
        return Vec::new();
    }
    let from = match file.path.starts_with("tests/") || file.path.ends_with("/tests.rs") {
        true => 0,
        false => product_lines(&file.text).count(),
    };
    let lines = file.text.lines().enumerate().skip(from);
    let word = ["sle", "ep"].concat();
    let asleep = |line: &str| {
        let mut pairs = line.match_indices(&word).map(|(at, _)| (&line[..at], &line[at + word.len()..]));
        pairs.any(|(before, after)| before.ends_with([':', '.', ' ']) && after.starts_with(['(', '_']))
    };
    let hits = lines.filter(|(_, line)| !code(line).contains("fn ") && asleep(code(line)));
    hits.map(|(at, _)| format!("{}:{}: wait for the thing itself, with a deadline", file.path, at + 1))
        .collect()
}

// ---- documents

/// Documents nobody can find: not linked from the README or another document.
fn unlinked(documents: &[File]) -> Vec<String> {
    let Some(readme) = documents.iter().find(|file| file.path == "README.md") else { return Vec::new() };
    let mut reached = vec![readme];
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        next += 1;
        let base = from.path.rsplit_once('/').map_or("", |(dir, _)| dir);
        for target in links(&from.text).iter().map(|link| resolve(base, link)) {
            let found = documents
                .iter()
                .filter(|file| file.path == target || file.path == format!("{target}/README.md"));
            for file in found {
                if !reached.iter().any(|one| one.path == file.path) {
                    reached.push(file);
                }
            }
        }
    }
    let lost = documents.iter().filter(|file| !reached.iter().any(|one| one.path == file.path));
    lost.map(|file| format!("{}: no way from README.md leads here", file.path)).collect()
}

/// Links of a document to places that do not exist.
fn broken_links(file: &File, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let base = file.path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let local =
        links(&file.text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"));
    let gone = local.filter(|link| !link.is_empty() && !exists(&resolve(base, link)));
    gone.map(|link| format!("{}: the link to {link} leads nowhere", file.path)).collect()
}

/// The targets of Markdown links and pictures, without `#anchors`.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter_map(|link| link.split('#').next()).map(|link| link.trim().to_owned()).collect()
}

fn resolve(base: &str, link: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

// ---- the rules, held

#[test]
fn rooms_are_used_in_one_direction() {
    hold(&files(&["src"], ".rs"), wrong_directions);
    hold(&files(&["src"], ".rs"), rows_in_the_wrong_room);
    hold(&rust(), foreign_crates);
}

#[test]
fn files_are_short_finished_and_say_what_they_are_for() {
    hold(&rust(), too_long);
    hold(&rust(), no_module_docs);
    hold(&rust(), unfinished);
}

#[test]
fn printing_and_the_environment_have_one_place_each() {
    hold(&rust(), printing);
    hold(&rust(), environment);
}

#[test]
fn tests_do_not_sleep() {
    hold(&rust(), sleeping_tests);
}

#[test]
fn every_document_can_be_found_and_its_links_lead_somewhere() {
    let mut documents = files(&["docs"], ".md");
    if let Ok(text) = fs::read_to_string(root().join("README.md")) {
        documents.push(File { path: "README.md".into(), text });
    }
    let lost = unlinked(&documents);
    assert!(lost.is_empty(), "\n{}\n", lost.join("\n"));
    hold(&documents, |file| broken_links(file, |path| root().join(path).exists()));
}

// ---- the checks, checked

fn sample(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

#[test]
fn a_wrong_direction_is_seen() {
    let wrong = [
        ("src/store/jobs.rs", "use crate::http::problem;"),
        ("src/app/order.rs", "let x = crate::jobs::run();"),
        ("src/http/v1/orders.rs", "use crate::{app::unit, store::tx};"),
        ("src/jobs/runner.rs", "use crate::store::tx::Tx;"),
        ("src/notify/email.rs", "use crate::app::unit::Unit;"),
        ("src/domainish/x.rs", ""),
        ("src/sim/robot.rs", "use crate::store::tx;"),
        ("src/config/mod.rs", "use crate::startup::App;"),
    ];
    for (path, text) in wrong {
        assert_eq!(wrong_directions(&sample(path, text)).len(), 1, "{path}: {text}");
    }
    let right = [
        (
            "src/store/jobs.rs",
            "use crate::app::ports::Clock;\nuse crate::store::tx::Tx;\nuse crate::lifecycle;",
        ),
        ("src/app/order.rs", "use crate::store::tx::Tx; // not crate::http"),
        (
            "src/http/v1/orders.rs",
            "/// See crate::store::tx.\nuse crate::app::unit;\nuse crate::config::Server;",
        ),
        ("src/jobs/runner.rs", "use crate::store::jobs::Claim;"),
        ("src/cli/mod.rs", "use crate::sim::town;"),
        ("src/domain/src/geo/mod.rs", "use crate::id::RegionId;"),
        ("src/yardsticks/src/mdrp/run.rs", "use crate::mdrp::world::World;"),
        (
            "src/pay/shop/mod.rs",
            "use crate::webhook::sign;\n#[cfg(test)]\nmod tests { use crate::store::tx; }",
        ),
    ];
    for (path, text) in right {
        assert_eq!(wrong_directions(&sample(path, text)), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn rows_and_foreign_crates_in_the_wrong_place_are_seen() {
    assert_eq!(rows_in_the_wrong_room(&sample("src/http/v1/a.rs", "use entity::order;")).len(), 1);
    assert_eq!(rows_in_the_wrong_room(&sample("src/store/a.rs", "use entity::order;")).len(), 0);
    assert_eq!(rows_in_the_wrong_room(&sample("src/http/a.rs", "use my_entity::x;")).len(), 0);
    for (path, text) in [
        ("src/domain/src/lib.rs", "use tokio::sync::Mutex;"),
        ("src/domain/src/lib.rs", "fn f() -> sea_orm::DbErr {}"),
        ("src/domain/src/lib.rs", "use callahead_yardsticks::mdrp;"),
        ("src/yardsticks/src/lib.rs", "use callahead::sim::mdrp;"),
        ("src/app/assign/mod.rs", "use callahead_yardsticks::mdrp;"),
        ("src/sim/replay.rs", "use callahead_yardsticks::mdrp::engine::Engine;"),
        ("src/app/assign/mod.rs", "use callahead_yardsticks::mdrp::instance::read;"),
        ("migration/src/m1.rs", "use entity::order;"),
        ("entity/src/lib.rs", "use callahead_domain::id::OrderId;"),
    ] {
        assert_eq!(foreign_crates(&sample(path, text)).len(), 1, "{path}: {text}");
    }
    assert_eq!(foreign_crates(&sample("src/store/a.rs", "use tokio::sync::Mutex;")).len(), 0);
    let reader = sample("src/sim/replay.rs", "use callahead_yardsticks::mdrp::instance::read;");
    assert_eq!(foreign_crates(&reader).len(), 0);
    assert_eq!(foreign_crates(&sample("src/cli/plan.rs", "use callahead_yardsticks::town;")).len(), 0);
}

#[test]
fn an_untidy_file_is_seen() {
    assert_eq!(too_long(&sample("a.rs", &"x\n".repeat(601))).len(), 1);
    assert_eq!(too_long(&sample("a.rs", &"x\n".repeat(600))).len(), 0);
    assert_eq!(no_module_docs(&sample("a.rs", "use x;")).len(), 1);
    assert_eq!(no_module_docs(&sample("a.rs", "//!\n")).len(), 1);
    assert_eq!(no_module_docs(&sample("a.rs", "//! Orders.\n")).len(), 0);
    assert_eq!(unfinished(&sample("a.rs", &["// TO", "DO: later"].concat())).len(), 1);
    assert_eq!(printing(&sample("src/app/a.rs", "    println!(\"x\");")).len(), 1);
    assert_eq!(printing(&sample("src/app/a.rs", "// println! is not for us")).len(), 0);
    assert_eq!(printing(&sample("src/cli/out.rs", "println!()")).len(), 0);
    assert_eq!(environment(&sample("src/app/a.rs", "let x = std::env::var(\"X\");")).len(), 1);
    assert_eq!(environment(&sample("src/config/source.rs", "std::env::vars_os()")).len(), 0);
}

#[test]
fn a_sleeping_test_is_seen() {
    let nap = ["tokio::time::sle", "ep(d).await;"].concat();
    assert_eq!(sleeping_tests(&sample("tests/a.rs", &nap)).len(), 1);
    assert_eq!(sleeping_tests(&sample("src/jobs/a.rs", &nap)).len(), 0);
    assert_eq!(
        sleeping_tests(&sample("src/jobs/a.rs", &format!("x\n#[cfg(test)]\nmod tests {{\n{nap}\n}}"))).len(),
        1
    );
}

#[test]
fn a_lost_document_and_a_broken_link_are_seen() {
    let documents = [
        sample("README.md", "[map](docs/A.md) [out](https://example.org)"),
        sample("docs/A.md", "[lists](checklists/add.md#steps)"),
        sample("docs/checklists/add.md", "[up](../A.md)"),
        sample("docs/LOST.md", ""),
    ];
    assert_eq!(unlinked(&documents), ["docs/LOST.md: no way from README.md leads here"]);
    let there = |path: &str| path == "docs/A.md";
    assert_eq!(broken_links(&sample("docs/checklists/x.md", "[a](../A.md) [b](#here)"), there).len(), 0);
    assert_eq!(broken_links(&sample("docs/checklists/x.md", "[a](../B.md)"), there).len(), 1);
}
