//! What the README tells a newcomer to type, typed: the first order in five lines, and the demo.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const README: &str = include_str!("../README.md");

/// A running command; stopped when the test ends.
struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let number = child.id().to_string();
        let signal = |name: &str| Command::new("kill").args([name, &number]).status();
        // As a person would, with Ctrl-C, so that it tidies up.
        let _ = signal("-INT");
        let (ended, wait) = std::sync::mpsc::channel();
        std::thread::spawn(move || ended.send(child.wait().is_ok()));
        if wait.recv_timeout(Duration::from_secs(20)).is_err() {
            let _ = signal("-KILL");
        }
    }
}

/// Starts the binary in a folder of its own; its lines as they come.
fn start(folder: &Path, arguments: &[&str]) -> (Running, impl Iterator<Item = String> + use<>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callahead"));
    command.args(arguments).current_dir(folder).env("CALLAHEAD_SERVER__LISTEN", "127.0.0.1:0");
    command.env("CALLAHEAD_LOG__FILTER", "error").env_remove("DATABASE_URL");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (Running(Some(child)), lines.map_while(Result::ok))
}

fn address(line: &str) -> String {
    let word = line.split([' ', ';']).find(|word| word.starts_with("http://")).expect(line);
    word.to_owned()
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("callahead-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_five_lines_of_the_readme_make_an_order_with_a_page_of_its_own() {
    let folder = scratch("readme");
    let (_service, mut lines) = start(&folder, &[]);
    let here = address(&lines.next().expect("it says where it listens"));
    // The rest is read too, so that nothing it prints has to wait.
    std::thread::spawn(move || lines.for_each(drop));

    let blocks = README.split("```sh\n").filter_map(|part| part.split("```").next());
    let five =
        blocks.clone().find(|block| block.starts_with("api()")).expect("the README shows the first order");
    assert!(five.lines().count() <= 5, "five lines, as promised");
    assert!(five.contains("http://127.0.0.1:8080"));
    let typed = five.replace("http://127.0.0.1:8080", &here);
    let said = Command::new("bash").arg("-c").arg(typed).current_dir(&folder).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();

    let page =
        said.rsplit_once("\"tracking_url\":\"").and_then(|(_, rest)| rest.split('"').next()).expect(&said);
    let page = page.split_once("/t/").map(|(_, token)| format!("{here}/t/{token}")).expect(page);
    let shown = Command::new("curl").args(["-s", &page]).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Saltmarket"), "{page}");
    std::fs::remove_dir_all(&folder).ok();
}

#[test]
fn the_demo_brings_parcels_to_doors_and_leaves_one_page_to_answer() {
    let folder = scratch("demo");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (_town, mut lines) = start(&folder, &["demo", "--port", &port, "--speed", "120"]);
    let first = lines.next().expect("it says where it listens");
    assert!(address(&first).starts_with("http://127.0.0.1:"), "{first}");
    let (mut yours, mut answered, mut handed_over) = (false, false, false);
    // It goes on until it is stopped; what does not come within so many lines does not come.
    for line in lines.by_ref().take(400) {
        yours |= line.contains("is YOURS");
        answered |= line.contains("answers: ");
        handed_over |= line.contains("hands over order");
        if yours && answered && handed_over {
            break;
        }
    }
    assert!(
        yours && answered && handed_over,
        "yours {yours}, answered {answered}, handed over {handed_over}"
    );
    std::fs::remove_dir_all(&folder).ok();
}
