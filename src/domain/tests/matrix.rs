//! Every stage, gate and payment state against every command and everybody who may ask. The snapshot shows the plain
//! cases for people to read; the assertions hold for all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use callahead_domain::actor::Actor;
use callahead_domain::delivery::table::{Row, rows};
use callahead_domain::delivery::{
    Command, CommandKind, Context, Delivery, Event, GateKind, Refusal, StageKind, allowed, apply,
};
use callahead_domain::payment::{Owed, PaymentKind, PaymentState};
use callahead_domain::policy::{GateMode, Policy, SilenceRule};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use support::Story;
use support::samples::{actors, commands, unusual, usual, with_gate, with_payment};

fn asked_by<'a>(story: &'a Story, actor: Actor, policy: &'a Policy) -> Context<'a> {
    Context { actor, now: story.now, occurred_at: story.now, policy }
}

/// Refusals that say no before the facts of the command are looked at.
const GUARDS: &[&str] = &[
    "illegal_transition",
    "role_may_not",
    "not_yours",
    "offer_ended",
    "authorisation_ends",
    "payment_not_authorised",
    "undo_too_late",
    "hand_off_decided",
];

fn after(delivery: &Delivery, events: &[Event]) -> Delivery {
    let mut out = delivery.clone();
    events.iter().for_each(|event| out.evolve(event));
    out
}

/// The row that answers, found without `apply`.
fn row_of(delivery: &Delivery, command: CommandKind, actor: Actor) -> Option<&'static Row> {
    rows().find(|row| {
        row.command == command
            && row.from.contains(&delivery.stage.kind())
            && (row.payment.is_empty() || row.payment.contains(&delivery.payment.kind()))
            && row.who.contains(&actor.role())
    })
}

/// What the cases have reached: rows, arrows between stages, and payment states led to.
#[derive(Default)]
struct Seen {
    rows: BTreeSet<&'static str>,
    arrows: BTreeSet<(&'static str, StageKind, StageKind)>,
    paid: BTreeSet<(&'static str, PaymentKind, PaymentKind)>,
    cases: usize,
}

impl Seen {
    fn case(&mut self, delivery: &Delivery, command: &Command, context: &Context<'_>) {
        self.cases += 1;
        let before = delivery.clone();
        let result = apply(delivery, command, context);
        assert_eq!(*delivery, before, "asking alone changes nothing");
        let row = row_of(delivery, command.kind(), context.actor);
        let Ok(events) = result else {
            return;
        };
        let row = row.unwrap_or_else(|| panic!("{command:?} was carried out without a row"));
        let next = after(delivery, &events);
        let (from, to) = (delivery.stage.kind(), next.stage.kind());
        assert!(from == to || row.to.contains(&to), "{}: {from:?} -> {to:?} by {command:?}", row.name);
        let (held, paid) = (delivery.payment.kind(), next.payment.kind());
        assert!(held == paid || row.payment_to.contains(&paid), "{}: {held:?} -> {paid:?}", row.name);
        self.rows.insert(row.name);
        self.arrows.insert((row.name, from, to));
        if held != paid {
            self.paid.insert((row.name, held, paid));
        }
    }

    fn all_commands(&mut self, delivery: &Delivery, story: &Story, policy: &Policy) {
        for (_, actor) in actors() {
            let context = asked_by(story, actor, policy);
            let may = allowed(delivery, &context);
            for kind in CommandKind::ALL {
                let all = commands(*kind, story.now);
                for command in &all {
                    self.case(delivery, command, &context);
                }
                let open = may.contains(kind);
                assert_eq!(open, passes_guards(delivery, &all, &context), "allowed: {kind:?} by {actor:?}");
            }
        }
    }
}

/// Whether some well-formed command of the kind is refused for its facts only, or not at all.
fn passes_guards(delivery: &Delivery, all: &[Command], context: &Context<'_>) -> bool {
    all.iter().any(|command| match apply(delivery, command, context) {
        Ok(_) => true,
        Err(refusal) => !GUARDS.contains(&refusal.code()),
    })
}

fn policies() -> Vec<Policy> {
    let usual = Policy::default();
    vec![
        Policy { gate: GateMode::Off, ..usual.clone() },
        Policy { silence: SilenceRule::TryDoor, ..usual.clone() },
        Policy { silence: SilenceRule::Last, fallback_proof: false, ..usual.clone() },
        Policy { silence: SilenceRule::Return, max_attempts: 1, ..usual.clone() },
        usual,
    ]
}

#[test]
fn every_pair_goes_where_the_table_says_or_nowhere_and_no_row_or_arrow_is_dead() {
    let mut seen = Seen::default();
    for stage in StageKind::ALL {
        let mut stories = vec![usual(*stage)];
        stories.extend(unusual(*stage));
        for story in &stories {
            for policy in &policies() {
                seen.all_commands(&story.delivery, story, policy);
            }
            for gate in GateKind::ALL {
                let gated = with_gate(&story.delivery, *gate, story.now);
                for payment in PaymentKind::ALL {
                    let delivery = with_payment(&gated, *payment, story.now);
                    seen.all_commands(&delivery, story, &story.policy);
                }
            }
        }
    }
    alarms(&mut seen);
    assert!(seen.cases > 100_000, "{} cases", seen.cases);
    let missing: Vec<_> = rows().map(|row| row.name).filter(|name| !seen.rows.contains(name)).collect();
    assert!(missing.is_empty(), "rows that lead nowhere: {missing:?}");
    let dead: Vec<_> = arrows().filter(|arrow| !seen.arrows.contains(arrow)).collect();
    assert!(dead.is_empty(), "arrows nobody goes: {dead:#?}");
    let unpaid: Vec<_> = payments().filter(|arrow| !seen.paid.contains(arrow)).collect();
    assert!(unpaid.is_empty(), "payment states nobody comes to: {unpaid:?}");
}

/// The alarm clock at times at which something is due.
fn alarms(seen: &mut Seen) {
    for stage in StageKind::ALL {
        for story in std::iter::once(usual(*stage)).chain(unusual(*stage)) {
            for gate in GateKind::ALL {
                let mut delivery = with_gate(&story.delivery, *gate, story.now);
                let mut late = story.clone();
                late.now += chrono::Duration::hours(5);
                seen.case(&delivery, &Command::Wake, &asked_by(&late, Actor::System, &late.policy));
                let (until, since) = (Some(story.now), story.now);
                let hand_off = support::hand_off_id(1);
                let owed = Some(Owed { hand_off, amount_minor: 3000 });
                for state in [
                    PaymentState::Authorised { until },
                    PaymentState::Authorising { since, owed: None },
                    PaymentState::Authorising { since, owed },
                    PaymentState::Released { at: since },
                ] {
                    delivery.payment.state = state;
                    seen.case(&delivery, &Command::Wake, &asked_by(&late, Actor::System, &late.policy));
                }
            }
        }
    }
}

/// Every arrow between two stages that the documentation draws.
fn arrows() -> impl Iterator<Item = (&'static str, StageKind, StageKind)> {
    rows()
        .filter(|row| row.name != "wake")
        .flat_map(|row| row.from.iter().flat_map(|from| row.to.iter().map(|to| (row.name, *from, *to))))
        .filter(|(_, from, to)| from != to)
}

/// Every arrow between two payment states that the documentation draws.
fn payments() -> impl Iterator<Item = (&'static str, PaymentKind, PaymentKind)> {
    rows().flat_map(|row| row.payment_arrows().into_iter().map(|(from, to)| (row.name, from, to)))
}

/// What the plainest command of a kind meets, in a word.
fn verdict(delivery: &Delivery, result: &Result<Vec<Event>, Refusal>) -> String {
    let events = match result {
        Ok(events) => events,
        Err(refusal) => return refusal.code().to_owned(),
    };
    let next = after(delivery, events);
    let mut said = "ok".to_owned();
    if next.stage.kind() != delivery.stage.kind() {
        let _ = write!(said, " > {}", next.stage.kind().name());
    }
    if next.payment.kind() != delivery.payment.kind() {
        let _ = write!(said, " + {}", next.payment.kind().name());
    }
    said
}

/// One line per command: what each role meets. Commands that lead nowhere from here stand together at the end.
fn lines(delivery: &Delivery, story: &Story) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for kind in CommandKind::ALL {
        let mut by_verdict: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, actor) in actors() {
            let context = asked_by(story, actor, &story.policy);
            // The first form that is carried out speaks for the kind, else the plainest one's refusal.
            let all = commands(*kind, story.now);
            let results: Vec<_> = all.iter().map(|command| apply(delivery, command, &context)).collect();
            let shown = results.iter().find(|result| result.is_ok()).or(results.first()).unwrap();
            by_verdict.entry(verdict(delivery, shown)).or_default().push(name);
        }
        by_verdict.remove("role_may_not");
        let told: Vec<_> =
            by_verdict.iter().map(|(verdict, who)| format!("{verdict} [{}]", who.join(" "))).collect();
        out.push((kind.name().to_owned(), told.join(", ")));
    }
    out
}

fn nowhere(told: &str) -> bool {
    told.starts_with("illegal_transition [") && !told.contains(',')
}

/// The lines that read otherwise than the usual ones.
fn changed(plain: &[(String, String)], other: &[(String, String)]) -> String {
    let mut text = String::new();
    for (command, told) in other.iter().filter(|line| !plain.contains(line)) {
        let told = if nowhere(told) { "illegal_transition" } else { told };
        let _ = writeln!(text, "    {command}: {told}");
    }
    text
}

#[test]
fn the_matrix_reads_as_before() {
    let mut text =
        "Whoever is not named may not ask (role_may_not); a command not named is an illegal_transition.\n\n"
            .to_owned();
    for stage in StageKind::ALL {
        let story = usual(*stage);
        let delivery = &story.delivery;
        let plain = lines(delivery, &story);
        let _ = writeln!(
            text,
            "{} (gate {}, payment {})",
            stage.name(),
            delivery.gate.kind().name(),
            delivery.payment.kind().name()
        );
        for (command, told) in plain.iter().filter(|(_, told)| !nowhere(told)) {
            let _ = writeln!(text, "  {command}: {told}");
        }
        let mut others: Vec<(Vec<&str>, String)> = Vec::new();
        for payment in PaymentKind::ALL.iter().filter(|kind| **kind != delivery.payment.kind()) {
            let told = changed(&plain, &lines(&with_payment(delivery, *payment, story.now), &story));
            match others.iter_mut().find(|(_, known)| *known == told) {
                Some((names, _)) => names.push(payment.name()),
                None => others.push((vec![payment.name()], told)),
            }
        }
        for (names, told) in others {
            let _ = write!(text, "  with the payment {}:\n{told}", names.join(", "));
        }
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}
