//! The report of one or more runs of a day: lines for a terminal, `report.json`, and `report.html` that needs
//! nothing but itself.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::SimError;
use super::figures::{Figures, Spread, count_f};
use super::invariants::Check;
use super::plot::{Columns, Series, escape, histogram};

/// One run of a day.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The instance.
    pub instance: String,
    /// Whether customers were asked: `ask` or `off`.
    pub gate: &'static str,
    /// The seed of everything random.
    pub seed: u64,
    /// Shares of customers: silent, absent, later.
    pub shares: [f64; 3],
    /// Couriers of the day.
    pub couriers: usize,
    /// Hours of their shifts.
    pub courier_hours: f64,
    /// Seconds the run took.
    pub took_s: f64,
    /// What happened.
    pub figures: Figures,
    /// The invariants.
    pub checks: Vec<Check>,
    /// Orders that have not ended: name, stage, payment, what the exception queue says of them.
    pub open: Vec<(String, String, String, String)>,
    /// Verdicts on the couriers' actions.
    pub verdicts: BTreeMap<String, u64>,
    /// Refusals: robot, code, how often, one in words.
    pub refusals: Vec<(String, String, u64, String)>,
    /// Things tried to see them answered rightly.
    pub probes: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Whether every invariant holds.
    #[must_use]
    pub fn all_hold(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }

    fn name(&self) -> &'static str {
        if self.gate == "off" { "without asking" } else { "asking first" }
    }
}

/// Tells the runs in lines.
pub fn tell(reports: &[Report], say: &mut dyn FnMut(&str)) {
    for report in reports {
        say(&format!(
            "{}, {} (seed {}): {} orders, {} couriers, {:.1} s",
            report.instance,
            report.name(),
            report.seed,
            report.figures.orders,
            report.couriers,
            report.took_s
        ));
        for (what, value) in rows(report) {
            say(&format!("  {what:<34} {value}"));
        }
        for (order, stage, payment, matters) in &report.open {
            say(&format!("  open: order {order} is {stage}, the payment {payment}; exceptions: {matters}"));
        }
        for check in &report.checks {
            let number = check.number.map_or(String::new(), |number| format!(" ({number})"));
            let verdict = if check.holds { "holds" } else { "BROKEN" };
            say(&format!("  {verdict:<6} {}{number}: {}", check.name, check.must));
            for violation in check.violations.iter().take(5) {
                say(&format!("           {violation}"));
            }
            if check.violations.len() > 5 {
                say(&format!("           and {} more", check.violations.len() - 5));
            }
        }
    }
}

fn spread(of: &Spread) -> String {
    format!("{:.2} min mean, {:.1} median, {:.1} p90, {:.1} most", of.mean, of.p50, of.p90, of.max)
}

fn share(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// The figures with their names, the same in the terminal and on the page.
fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let of = &report.figures;
    let undelivered = if of.orders == 0 { 0.0 } else { count_f(of.undelivered) / count_f(of.orders) };
    vec![
        ("delivered", format!("{} of {}", of.delivered, of.orders)),
        (
            "undelivered",
            format!(
                "{} ({}): {} returned, {} cancelled, {} open",
                of.undelivered,
                share(undelivered),
                of.returned,
                of.cancelled,
                of.open
            ),
        ),
        ("click to door", spread(&of.click_to_door_min)),
        ("click to door, penalised mean", format!("{:.2} min", of.penalised_click_to_door_min)),
        ("ready to pick-up", spread(&of.ready_to_pick_up_min)),
        (
            "first attempt succeeded",
            format!("{} of {} ({})", of.first_attempt, of.doors, share(of.first_attempt_share)),
        ),
        ("attempts at doors", format!("{}, {} failed", of.attempts, of.failed_attempts)),
        ("ladders used up", format!("{}, {} overrides", of.silent, of.overrides)),
        ("confirmed hand-offs", format!("{}, {} minor units", of.hand_offs, of.hand_offs_minor)),
        ("captures", format!("{}, {} minor units", of.captures, of.captures_minor)),
        ("payments given back", of.releases.to_string()),
        (
            "answers by rung",
            listed(of.answers.iter().map(|(rung, by)| (rung.as_str(), by.values().sum::<usize>()))),
        ),
        ("rungs climbed", listed(of.asked.iter().map(|(rung, count)| (rung.as_str(), *count)))),
    ]
}

fn listed<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> String {
    let told: Vec<String> =
        counts.map(|(name, count)| format!("{} {count}", name.replace('_', " "))).collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}

/// Writes `report.json` and `report.html` into a directory, made if need be. Answers where the page is.
///
/// # Errors
/// When they cannot be written.
pub fn save(reports: &[Report], dir: &Path) -> Result<PathBuf, SimError> {
    let write = |path: PathBuf, text: String| match std::fs::write(&path, text) {
        Ok(()) => Ok(path),
        Err(source) => Err(SimError::Write { path, source }),
    };
    std::fs::create_dir_all(dir).map_err(|source| SimError::Write { path: dir.to_owned(), source })?;
    let document = serde_json::to_string_pretty(&json!({"runs": reports})).unwrap_or_default();
    write(dir.join("report.json"), document)?;
    write(dir.join("report.html"), html(reports))
}

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --paper: #ffffff; --line: #d8dee4;
  --c0: #0b6bcb; --c1: #d9730d; --c2: #2e8b57; --c3: #8a4fbf; --good: #1a7f37; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4ae; --paper: #12161b; --line: #30363d;
  --c0: #58a6ff; --c1: #f0a35e; --c2: #5fc98b; --c3: #c297ee; --good: #56d364; --bad: #ff7b72; } }
body { margin: 0 auto; padding: 1.5rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p.note { color: var(--soft); }
figure { margin: 0; } svg { width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 12px; }
svg .tick { fill: var(--soft); font-size: 11px; } svg .grid { stroke: var(--line); }
svg .mark { stroke: var(--ink); stroke-dasharray: 4 3; }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); }
div.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
td.good { color: var(--good); } td.bad { color: var(--bad); font-weight: 600; }
";

/// The page.
#[must_use]
pub fn html(reports: &[Report]) -> String {
    let title = reports
        .first()
        .map_or_else(|| "A day".to_owned(), |report| format!("A day of deliveries: {}", report.instance));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title><style>{STYLE}</style></head><body>\n<h1>{0}</h1>\n",
        escape(&title)
    );
    for report in reports {
        let note = format!(
            "{}: seed {}, customers {} silent, {} absent, {} home later; {} couriers, {:.1} courier hours; run in {:.1} s.",
            report.name(),
            report.seed,
            share(report.shares[0]),
            share(report.shares[1]),
            share(report.shares[2]),
            report.couriers,
            report.courier_hours,
            report.took_s
        );
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(&note));
    }
    summary(&mut out, reports);
    checks(&mut out, reports);
    section(
        &mut out,
        "Click to door",
        &spread_plot(reports, "Click to door", |of| &of.click_to_door_min, 5.0),
    );
    section(
        &mut out,
        "Ready to pick-up",
        &spread_plot(reports, "Ready to pick-up", |of| &of.ready_to_pick_up_min, 1.0),
    );
    reports.iter().filter(|report| report.gate != "off").for_each(|report| {
        section(&mut out, "Answers by rung and channel", &answers_plot(report));
    });
    reports.iter().for_each(|report| {
        section(&mut out, &format!("Over the day, {}", report.name()), &hours_plot(report));
    });
    section(&mut out, "First attempt at the door", &first_plot(reports));
    section(&mut out, "Captures against confirmed hand-offs", &captures_plot(reports));
    reports.iter().for_each(|report| open_orders(&mut out, report));
    reports.iter().for_each(|report| refusals(&mut out, report));
    out.push_str("</body></html>\n");
    out
}

fn section(out: &mut String, title: &str, plot: &Columns) {
    let _ = writeln!(out, "<h2>{}</h2>\n<figure>\n{}</figure>", escape(title), plot.svg());
    let head: Vec<String> =
        std::iter::once(plot.x.clone()).chain(plot.series.iter().map(|series| series.name.clone())).collect();
    let body = plot.labels.iter().enumerate().map(|(at, label)| {
        let value = |series: &Series| {
            series.values.get(at).map_or(String::new(), |value| format!("{value:.1}").replace(".0", ""))
        };
        std::iter::once(label.clone()).chain(plot.series.iter().map(value)).collect()
    });
    let filled: Vec<Vec<String>> =
        body.filter(|row: &Vec<String>| row.iter().skip(1).any(|cell| cell != "0")).collect();
    out.push_str("<details><summary>The same in numbers</summary>");
    table(out, &head, &filled);
    out.push_str("</details>\n");
}

fn table(out: &mut String, head: &[String], body: &[Vec<String>]) {
    out.push_str("<div class=\"wide\"><table><thead><tr>");
    for cell in head {
        let _ = write!(out, "<th>{}</th>", escape(cell));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in body {
        out.push_str("<tr>");
        for cell in row {
            let class = match cell.as_str() {
                "holds" => " class=\"good\"",
                "broken" => " class=\"bad\"",
                _ => "",
            };
            let _ = write!(out, "<td{class}>{}</td>", escape(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn names(reports: &[Report], first: &str) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(reports.iter().map(|report| report.name().to_owned())).collect()
}

fn summary(out: &mut String, reports: &[Report]) {
    let columns: Vec<Vec<(&str, String)>> = reports.iter().map(rows).collect();
    let Some(first) = columns.first() else { return };
    let body: Vec<Vec<String>> = first
        .iter()
        .enumerate()
        .map(|(at, (what, _))| {
            let cell = |column: &Vec<(&str, String)>| column.get(at).map(|(_, value)| value.clone());
            std::iter::once((*what).to_owned()).chain(columns.iter().filter_map(cell)).collect()
        })
        .collect();
    out.push_str("<h2>Figures</h2>\n");
    table(out, &names(reports, "figure"), &body);
}

fn checks(out: &mut String, reports: &[Report]) {
    out.push_str("<h2>Invariants</h2>\n");
    for report in reports {
        let head =
            ["", "invariant", "number", "what must hold", "looked at", "what breaks it"].map(str::to_owned);
        let row = |check: &Check| {
            let broken: Vec<String> = check.violations.iter().take(10).cloned().collect();
            vec![
                if check.holds { "holds" } else { "broken" }.to_owned(),
                check.name.to_owned(),
                check.number.map_or(String::new(), |number| number.to_string()),
                check.must.to_owned(),
                check.looked_at.to_string(),
                broken.join("; "),
            ]
        };
        let _ = writeln!(out, "<p>{}</p>", escape(report.name()));
        table(out, &head, &report.checks.iter().map(row).collect::<Vec<_>>());
    }
}

fn spread_plot(reports: &[Report], title: &str, pick: fn(&Figures) -> &Spread, width: f64) -> Columns {
    let series = |report: &Report| Series {
        name: report.name().to_owned(),
        values: histogram(&pick(&report.figures).values, width, 24).1,
    };
    let mark = |report: &Report| {
        let mean = pick(&report.figures).mean;
        (mean / width, format!("mean {mean:.1} min, {}", report.name()))
    };
    Columns {
        title: format!(
            "{title}: orders by minutes, in steps of {width:.0}; the last column holds all beyond"
        ),
        x: "minutes".to_owned(),
        y: "orders".to_owned(),
        labels: histogram(&[], width, 24).0,
        series: reports.iter().map(series).collect(),
        marks: reports.iter().map(mark).collect(),
        values: None,
    }
}

/// The ladder from its lowest rung; an answer may also come before the customer is asked.
const RUNGS: [&str; 6] = ["before any", "notice", "reminder", "call", "second_call", "last_text"];

fn answers_plot(report: &Report) -> Columns {
    let of = &report.figures.answers;
    let mut channels: Vec<&String> = of.values().flat_map(BTreeMap::keys).collect();
    channels.sort();
    channels.dedup();
    let count = |rung: &str, channel: &str| of.get(rung).and_then(|by| by.get(channel)).copied().unwrap_or(0);
    let series = |channel: &&String| Series {
        name: (*channel).clone(),
        values: RUNGS.iter().map(|rung| count_f(count(rung, channel))).collect(),
    };
    Columns {
        title: "Answers that counted, by the rung that stood and the channel they came by".to_owned(),
        x: "rung".to_owned(),
        y: "answers".to_owned(),
        labels: RUNGS.iter().map(|rung| rung.replace('_', " ")).collect(),
        series: channels.iter().map(series).collect(),
        marks: Vec::new(),
        values: Some(0),
    }
}

fn hours_plot(report: &Report) -> Columns {
    let of = &report.figures;
    let series = |name: &str, counts: &[usize]| Series {
        name: name.to_owned(),
        values: counts.iter().map(|count| count_f(*count)).collect(),
    };
    Columns {
        title: "Orders placed and handed over in each hour".to_owned(),
        x: "hour since the first order".to_owned(),
        y: "orders".to_owned(),
        labels: (0..of.placed_by_hour.len()).map(|hour| hour.to_string()).collect(),
        series: vec![series("placed", &of.placed_by_hour), series("handed over", &of.delivered_by_hour)],
        marks: Vec::new(),
        values: None,
    }
}

fn first_plot(reports: &[Report]) -> Columns {
    Columns {
        title: "Share of doors that opened at the first attempt".to_owned(),
        x: "run".to_owned(),
        y: "percent".to_owned(),
        labels: reports.iter().map(|report| report.name().to_owned()).collect(),
        series: vec![Series {
            name: "handed over at the first attempt".to_owned(),
            values: reports.iter().map(|report| report.figures.first_attempt_share * 100.0).collect(),
        }],
        marks: Vec::new(),
        values: Some(1),
    }
}

fn captures_plot(reports: &[Report]) -> Columns {
    let series = |name: &str, pick: fn(&Figures) -> usize| Series {
        name: name.to_owned(),
        values: reports.iter().map(|report| count_f(pick(&report.figures))).collect(),
    };
    Columns {
        title: "Captures and confirmed hand-offs".to_owned(),
        x: "run".to_owned(),
        y: "how many".to_owned(),
        labels: reports.iter().map(|report| report.name().to_owned()).collect(),
        series: vec![series("confirmed hand-offs", |of| of.hand_offs), series("captures", |of| of.captures)],
        marks: Vec::new(),
        values: Some(0),
    }
}

fn open_orders(out: &mut String, report: &Report) {
    if report.open.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>Orders that have not ended, {}</h2>", escape(report.name()));
    let head = ["order", "stage", "payment", "exceptions"].map(str::to_owned);
    let row = |(order, stage, payment, matters): &(String, String, String, String)| {
        vec![order.clone(), stage.clone(), payment.clone(), matters.clone()]
    };
    table(out, &head, &report.open.iter().map(row).collect::<Vec<_>>());
}

fn refusals(out: &mut String, report: &Report) {
    let _ = writeln!(out, "<h2>What robots were refused, {}</h2>", escape(report.name()));
    let head = ["robot", "code", "times", "for example"].map(str::to_owned);
    let row = |(who, code, times, words): &(String, String, u64, String)| {
        vec![who.clone(), code.clone(), times.to_string(), words.clone()]
    };
    table(out, &head, &report.refusals.iter().map(row).collect::<Vec<_>>());
    let told: Vec<String> = report.verdicts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let tried: Vec<String> = report.probes.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let _ = writeln!(
        out,
        "<p class=\"note\">Verdicts on actions: {}. Tried on purpose: {}.</p>",
        told.join(", "),
        tried.join(", ")
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sim::plot::unbalanced;

    fn report(gate: &'static str) -> Report {
        let answers = BTreeMap::from([("notice".to_owned(), BTreeMap::from([("link".to_owned(), 3)]))]);
        let figures = Figures {
            orders: 4,
            delivered: 3,
            undelivered: 1,
            answers,
            click_to_door_min: Spread::of(vec![20.0, 31.0, 44.0]),
            placed_by_hour: vec![2, 2],
            delivered_by_hour: vec![1, 2],
            ..Figures::default()
        };
        let check = Check {
            name: "captures",
            number: Some(1),
            must: "a < b",
            looked_at: 4,
            holds: false,
            violations: vec!["order <o1>: \"x\"".to_owned()],
        };
        Report {
            instance: "day & night".to_owned(),
            gate,
            seed: 1,
            shares: [0.1, 0.08, 0.05],
            couriers: 2,
            courier_hours: 8.0,
            took_s: 1.5,
            figures,
            checks: vec![check],
            open: vec![("o9".into(), "received".into(), "authorised".into(), "nobody_took_it".into())],
            verdicts: BTreeMap::new(),
            refusals: vec![("courier".into(), "too_early".into(), 2, "<words>".into())],
            probes: BTreeMap::new(),
        }
    }

    #[test]
    fn the_page_is_well_formed_and_needs_nothing_else() {
        let page = html(&[report("ask"), report("off")]);
        assert_eq!(unbalanced(&page), Vec::<String>::new());
        assert!(
            page.contains("without asking")
                && page.contains("day &amp; night")
                && page.contains("&lt;words&gt;")
        );
        assert!(!page.contains("http") && !page.contains("<script"));
    }

    #[test]
    fn lines_name_each_figure_and_each_broken_invariant() {
        let mut lines = Vec::new();
        tell(&[report("ask")], &mut |line| lines.push(line.to_owned()));
        assert!(lines.iter().any(|line| line.contains("delivered") && line.contains("3 of 4")));
        assert!(lines.iter().any(|line| line.contains("BROKEN captures (1)")));
        assert!(!report("ask").all_hold());
    }
}
