//! The table as Mermaid diagrams and Markdown tables, for `docs/WORKFLOW.md` and `callahead workflow`.

use super::state::{GateKind, StageKind};
use super::table::{DELIVERY, GATE_STEPS, Row};
use crate::call_ahead::Source;
use crate::payment::PaymentKind;
use crate::payment::table::PAYMENT;
use std::collections::BTreeSet;
use std::fmt::Write;

/// `docs/WORKFLOW.md`: what people wrote, and between markers what the table says.
pub fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (title, body) in diagrams() {
        let _ = write!(text, "\n## {title}\n\n```mermaid\n{body}```\n");
    }
    let _ = write!(text, "\n{}\n<!-- generated: end -->\n", markdown());
    text
}

const INTRODUCTION: &str = "\
# The workflow

Nobody goes to a door without an answer, and nobody pays before the parcel is in their hands. A delivery has two parts
that move side by side: its **stage** (where the parcel is) and its **gate** (what the customer has said). Beside them
stands the **payment**. Everything that may happen is a named row of one table, in `src/domain/src/delivery/table.rs`
and `src/domain/src/payment/table.rs`; what is not a row is answered with 409, the state and the allowed commands.

Three things are not drawn. The row `wake` leads from every stage: the alarm clock does what is due, such as an offer's
end, the next rung of the ladder, an answer that goes stale, or a hold that is over. A command that stays in its stage
has no arrow. And the stage alone does not say that a courier may set off: that needs a clearance, valid at the moment
of leaving, and a payment that lasts until the arrival.

What stands below is made from the table: `callahead workflow --format markdown > docs/WORKFLOW.md` writes this page
anew, and a test compares the two.

<!-- generated: begin, by `callahead workflow --format markdown` -->
";

/// The three machines as Mermaid state diagrams, one after another, each with its title.
pub fn mermaid() -> String {
    diagrams().map(|(title, body)| format!("---\ntitle: {title}\n---\n{body}")).join("\n")
}

/// Title and Mermaid text of each machine.
fn diagrams() -> [(&'static str, String); 3] {
    let stages = DELIVERY.iter().flat_map(|row| arrows(row.name, row.from, row.to, StageKind::name));
    let gates = GATE_STEPS.iter().flat_map(|(name, from, to)| {
        from.iter().filter(move |kind| *kind != to).map(move |kind| (kind.name(), to.name(), *name))
    });
    let money = DELIVERY.iter().chain(PAYMENT).flat_map(|row| {
        row.payment_arrows().into_iter().map(|(from, to)| (from.name(), to.name(), row.name))
    });
    [("Stage", diagram(stages)), ("Gate", diagram(gates)), ("Payment", diagram(money))]
}

type Arrow = (&'static str, &'static str, &'static str);

fn arrows<K: Copy + PartialEq>(
    name: &'static str,
    from: &[K],
    to: &[K],
    label: fn(K) -> &'static str,
) -> Vec<Arrow> {
    // The alarm clock's row names every stage; its arrows are drawn by what it does, not from all to all.
    if from.len() == StageKind::ALL.len() && to.len() == from.len() {
        return Vec::new();
    }
    let pairs = from.iter().flat_map(|a| to.iter().map(move |b| (*a, *b)));
    pairs.filter(|(a, b)| a != b).map(|(a, b)| (label(a), label(b), name)).collect()
}

fn diagram(arrows: impl Iterator<Item = Arrow>) -> String {
    let mut joined: Vec<(&str, &str, BTreeSet<&str>)> = Vec::new();
    for (from, to, name) in arrows {
        match joined.iter_mut().find(|(a, b, _)| *a == from && *b == to) {
            Some((_, _, names)) => drop(names.insert(name)),
            None => joined.push((from, to, BTreeSet::from([name]))),
        }
    }
    let mut text = "stateDiagram-v2\n".to_owned();
    for (from, to, names) in joined {
        let names: Vec<_> = names.into_iter().collect();
        let _ = writeln!(text, "    {from} --> {to}: {}", names.join(", "));
    }
    text
}

/// Every row as Markdown tables.
pub fn markdown() -> String {
    format!(
        "## Delivery\n\n{}\n## Payment\n\n{}\n## Gate\n\nThe gate is moved by events:\n\n{}\n## Answers\n\n{ANSWERS}\n\n{}",
        table(DELIVERY),
        table(PAYMENT),
        gate_table(),
        source_table()
    )
}

fn table(rows: &[Row]) -> String {
    let mut text = "| row | command | from | to | payment | who | guards | meaning |\n|---|---|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let payment = match (row.payment.is_empty(), row.payment_to.is_empty()) {
            (true, true) => String::new(),
            (false, true) => names(row.payment, PaymentKind::name),
            (true, false) => format!("→ {}", names(row.payment_to, PaymentKind::name)),
            (false, false) => {
                format!(
                    "{} → {}",
                    names(row.payment, PaymentKind::name),
                    names(row.payment_to, PaymentKind::name)
                )
            }
        };
        let guards: Vec<_> = row.guards.iter().map(|guard| guard.name).collect();
        let who: Vec<_> = row.who.iter().map(|role| role.name()).collect();
        let to = if row.to.is_empty() { "stays".to_owned() } else { names(row.to, StageKind::name) };
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} | {to} | {payment} | {} | {} | {} |",
            row.name,
            row.command.name(),
            names(row.from, StageKind::name),
            who.join(", "),
            guards.join(", "),
            row.meaning
        );
    }
    text
}

fn names<K: Copy>(kinds: &[K], label: fn(K) -> &'static str) -> String {
    if kinds.len() == StageKind::ALL.len() {
        return "any".to_owned();
    }
    kinds.iter().map(|kind| label(*kind)).collect::<Vec<_>>().join(", ")
}

const ANSWERS: &str = "\
The latest answer counts. Of two said at the same instant the one of the more trusted source counts, here the most
trusted first; each answer names its source and who wrote it down.";

fn source_table() -> String {
    let mut text = "| source | what it is |\n|---|---|\n".to_owned();
    for source in Source::ALL.into_iter().rev() {
        let _ = writeln!(text, "| `{}` | {} |", source.name(), source.meaning());
    }
    text
}

fn gate_table() -> String {
    let mut text = "| event | from | to |\n|---|---|---|\n".to_owned();
    for (event, from, to) in GATE_STEPS {
        let from =
            if from.len() == GateKind::ALL.len() { "any".to_owned() } else { names(from, GateKind::name) };
        let _ = writeln!(text, "| `{event}` | {from} | {} |", to.name());
    }
    text
}
