//! `docs/WORKFLOW.md` says what the table says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use callahead_domain::delivery::diagram::{document, markdown, mermaid};
use callahead_domain::delivery::table::rows;
use callahead_domain::delivery::{CommandKind, GateKind, StageKind};
use callahead_domain::payment::PaymentKind;
use std::collections::HashSet;

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/WORKFLOW.md"))
        .unwrap_or_default()
}

#[test]
fn the_page_is_what_the_table_makes_it() {
    let (page, made) = (page(), document());
    let differs = page.lines().zip(made.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or_else(|| page.lines().count().min(made.lines().count())) + 1;
    assert!(
        page == made,
        "docs/WORKFLOW.md is stale from line {line} on; write it anew with \
         `callahead workflow --format markdown > docs/WORKFLOW.md`"
    );
}

#[test]
fn every_row_state_and_command_is_told() {
    let (page, drawn) = (document(), mermaid());
    for row in rows() {
        assert!(page.contains(&format!("| `{}` | `{}` |", row.name, row.command.name())), "{}", row.name);
        assert!(!row.meaning.is_empty());
    }
    let commands = CommandKind::ALL.iter().map(|kind| kind.name());
    let states = StageKind::ALL.iter().map(|kind| kind.name());
    let gates = GateKind::ALL.iter().map(|kind| kind.name());
    let money = PaymentKind::ALL.iter().map(|kind| kind.name());
    assert!(states.chain(gates).chain(money).all(|name| drawn.contains(name)));
    assert!(commands.into_iter().all(|name| markdown().contains(&format!("`{name}`"))));
}

#[test]
fn rows_have_names_of_their_own_and_no_pair_has_two_answers() {
    let names: HashSet<_> = rows().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().count());
    for stage in StageKind::ALL {
        for payment in PaymentKind::ALL {
            for command in CommandKind::ALL {
                let mut asked = HashSet::new();
                for row in rows().filter(|row| row.command == *command && row.leads_from(*stage, *payment)) {
                    assert!(
                        row.who.iter().all(|role| asked.insert(*role)),
                        "{}: two rows for one role",
                        row.name
                    );
                }
            }
        }
    }
}

#[test]
fn each_diagram_is_one_that_mermaid_reads() {
    let text = mermaid();
    assert_eq!(text.matches("stateDiagram-v2").count(), 3);
    for line in text.lines().filter(|line| line.starts_with("    ")) {
        let (states, names) = line.trim().split_once(": ").unwrap();
        let (from, to) = states.split_once(" --> ").unwrap();
        assert!(from != to && !names.is_empty());
        assert!([from, to].iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    }
}
