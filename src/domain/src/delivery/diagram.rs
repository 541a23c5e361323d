//! The table as Mermaid diagrams and Markdown tables, for `docs/WORKFLOW.md` and `callahead workflow`.

use super::state::{GateKind, StageKind};
use super::table::{DELIVERY, GATE_STEPS, Row};
use crate::payment::PaymentKind;
use crate::payment::table::PAYMENT;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The three machines as Mermaid state diagrams, one after another.
pub fn mermaid() -> String {
    let stages = DELIVERY.iter().flat_map(|row| arrows(row.name, row.from, row.to, StageKind::name));
    let gates = GATE_STEPS.iter().flat_map(|(name, from, to)| {
        from.iter().filter(move |kind| *kind != to).map(move |kind| (kind.name(), to.name(), *name))
    });
    let own = PAYMENT.iter().flat_map(|row| arrows(row.name, row.payment, row.payment_to, PaymentKind::name));
    let led = DELIVERY
        .iter()
        .filter(|row| row.name != "wake")
        .flat_map(|row| arrows(row.name, &[PaymentKind::Authorised], row.payment_to, PaymentKind::name));
    [("Stage", diagram(stages)), ("Gate", diagram(gates)), ("Payment", diagram(led.chain(own)))]
        .map(|(title, body)| format!("---\ntitle: {title}\n---\n{body}"))
        .join("\n")
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
        "## Delivery\n\n{}\n## Payment\n\n{}\n## Gate\n\nThe gate is moved by events:\n\n{}",
        table(DELIVERY),
        table(PAYMENT),
        gate_table()
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

fn gate_table() -> String {
    let mut text = "| event | from | to |\n|---|---|---|\n".to_owned();
    for (event, from, to) in GATE_STEPS {
        let from =
            if from.len() == GateKind::ALL.len() { "any".to_owned() } else { names(from, GateKind::name) };
        let _ = writeln!(text, "| `{event}` | {from} | {} |", to.name());
    }
    text
}
