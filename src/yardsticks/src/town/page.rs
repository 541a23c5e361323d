//! The study as lines for a terminal, as JSON, and as a page that needs nothing but itself.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::drawing::{columns, escape, key, map};
use super::figures::{Interval, Measure};
use super::scene::{Way, assumptions};
use super::study::{Row, Study, Variant};

const STYLE: &str = ":root{--ink:#1d2430;--dim:#667085;--paper:#fff;--grid:#d7dce3;--a:#8d99ae;--b:#d98f2b;--c:#2a7f62;--bad:#c0392b}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaf0;--dim:#9aa4b2;--paper:#14181f;--grid:#303846}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}
th,td{text-align:right;padding:.25rem .7rem;border-bottom:1px solid var(--grid)}td{white-space:nowrap}th:first-child,td:first-child{text-align:left;white-space:normal;min-width:9rem}
svg{width:100%;max-width:26rem}.row{display:flex;flex-wrap:wrap;gap:1rem}.row>*{flex:1 1 18rem;max-width:26rem;margin:0}
svg text{font-size:11px;fill:var(--dim)}svg .title{font-size:13px;fill:var(--ink)}svg .value{fill:#fff;font-weight:600}
.grid{stroke:var(--grid)}.whisker{stroke:var(--ink);stroke-width:2}.c0{fill:var(--a)}.c1{fill:var(--b)}.c2{fill:var(--c)}
.way{fill:none;stroke:var(--dim);stroke-width:1}.good{fill:var(--c)}.bad{fill:var(--bad)}.turned{fill:var(--b)}
.spared{fill:none;stroke:var(--dim);stroke-width:1.5}.shop{fill:var(--ink)}.map{border:1px solid var(--grid)}
.key span{margin-right:1.2rem;white-space:nowrap}.key svg{width:.8em;height:.8em;margin-right:.4em}";

/// `12.3 ± 0.4`, or a dash.
fn text(interval: Option<&Interval>, digits: usize) -> String {
    match interval {
        Some(one) if one.half.is_finite() => format!("{:.digits$} ± {:.digits$}", one.mean, one.half),
        Some(one) => format!("{:.digits$}", one.mean),
        None => "–".to_owned(),
    }
}

fn digits(measure: Measure) -> usize {
    match measure {
        Measure::Metres => 0,
        one if one.is_share() => 1,
        _ => 2,
    }
}

fn name(row: &Row) -> String {
    format!("{}{}", row.name, if row.measure.is_share() { " (%)" } else { "" })
}

/// The comparison's cells: each way, and the gate less "no call".
fn cells(row: &Row) -> [String; 5] {
    let digits = digits(row.measure);
    let way = |at: usize| text(row.ways.get(at).and_then(Option::as_ref), digits);
    let relative = row.relative.get(1).and_then(Option::as_ref).filter(|_| !row.measure.is_share());
    let difference = text(row.differences.get(1).and_then(Option::as_ref), digits);
    [
        way(0),
        way(1),
        way(2),
        difference,
        relative.map_or(String::new(), |one| format!("{} %", text(Some(one), 1))),
    ]
}

fn variant_cells(one: &Variant) -> [String; 6] {
    let all =
        [one.first_no_call, one.first_gate, one.per_hour, one.per_hour_on_the_way, one.delivered, one.moved];
    all.map(|interval| text(interval.as_ref(), 1))
}

const HEADS: [&str; 5] = ["no call", "call on the way", "the gate", "gate less no call", "the same in %"];
const VARIANT_HEADS: [&str; 6] = [
    "first attempt, no call (%)",
    "first attempt, gate (%)",
    "per courier-hour, gate (% more)",
    "call on the way (% more)",
    "delivered, gate (points)",
    "told arrival moved (%)",
];

/// The comparison in lines.
pub fn tell(study: &Study, variants: &[Variant], say: &mut dyn FnMut(&str)) {
    let scene = &study.scene;
    say(&format!(
        "{} parcels, {} couriers, {:.0} % out, {:.0} % answer by link, silence: {}; {} seeds from {}; mean ± half of the 95 % interval",
        scene.orders,
        scene.couriers,
        scene.absent * 100.0,
        scene.link_answer * 100.0,
        scene.silence.name(),
        study.seeds,
        study.seed
    ));
    let line = |first: &str, cells: &[String]| {
        cells.iter().fold(format!("{first:<48}"), |line, cell| format!("{line}{cell:>18}"))
    };
    say(&line("", &HEADS.map(str::to_owned)));
    study.rows.iter().for_each(|row| say(&line(&name(row), &cells(row))));
    if !variants.is_empty() {
        say("");
        say(
            "Under other assumptions: first attempts without a call and with the gate (%); deliveries per courier-hour against no",
        );
        say(
            "call, the gate and the call on the way (% more); delivered (points more); told arrivals moved (%)",
        );
        variants.iter().for_each(|one| say(&line(&one.name, &variant_cells(one))));
    }
}

/// Everything as JSON.
#[must_use]
pub fn json(study: &Study, variants: &[Variant]) -> Value {
    json!({ "study": study, "sensitivity": variants, "assumptions": assumptions(&study.scene) })
}

fn table<const N: usize>(heads: &[&str; N], rows: impl Iterator<Item = (String, [String; N])>) -> String {
    let mut out = String::from("<table><thead><tr><th></th>");
    for head in heads {
        let _ = write!(out, "<th>{}</th>", escape(head));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (first, cells) in rows {
        let _ = write!(out, "<tr><td>{}</td>", escape(&first));
        for cell in cells {
            let _ = write!(out, "<td>{}</td>", escape(&cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
    out
}

/// The plot of a measure, for each way.
#[must_use]
pub fn plot(row: &Row) -> String {
    let ways = Way::ALL.iter().zip(&row.ways).map(|(way, interval)| (way.name(), *interval));
    columns(&name(row), &ways.collect::<Vec<_>>(), digits(row.measure))
}

/// The page.
#[must_use]
pub fn html(study: &Study, variants: &[Variant]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>What asking first is worth</title><style>{STYLE}</style></head><body>\n<h1>What asking first is worth</h1>\n\
         <p>A made-up day, lived three ways with the same customers: {} seeds from {}, mean ± half of the 95 % interval (Student's t). \
         Differences are of the same seed. It is a simulation: what it says depends on the assumptions below.</p>\n",
        study.seeds, study.seed
    );
    out.push_str(&table(&HEADS, study.rows.iter().map(|row| (name(row), cells(row)))));
    out.push_str("<div class=\"row\">\n");
    for measure in [Measure::FirstAttempt, Measure::PerHour, Measure::Delivered, Measure::Metres] {
        out.push_str(&study.row(measure).map(plot).unwrap_or_default());
    }
    out.push_str("</div>\n<h2>One courier's day</h2>\n<p class=\"key\">");
    out.push_str(&key());
    out.push_str("</p>\n<div class=\"row\">\n");
    for (way, moments) in Way::ALL.iter().zip(&study.first) {
        let _ = writeln!(
            out,
            "<figure>{}<figcaption>{}</figcaption></figure>",
            map(way.name(), moments, study.scene.radius_m),
            way.name()
        );
    }
    out.push_str("</div>\n");
    if !variants.is_empty() {
        out.push_str("<h2>Under other assumptions</h2>\n");
        out.push_str(&table(
            &VARIANT_HEADS,
            variants.iter().map(|one| (one.name.clone(), variant_cells(one))),
        ));
    }
    out.push_str("<h2>Assumptions</h2>\n<ul>\n");
    for sentence in assumptions(&study.scene) {
        let _ = writeln!(out, "<li>{}</li>", escape(&sentence));
    }
    out.push_str("</ul>\n</body></html>\n");
    out
}
