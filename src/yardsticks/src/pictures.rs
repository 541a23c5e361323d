//! The pictures of the documentation, drawn from its own tables: a figure stands in one place, and a picture that no
//! longer fits its table is found by a test.

use std::fmt::Write as _;

use crate::town::count_f;
use crate::town::drawing::{columns, escape};
use crate::town::figures::Interval;

/// Why a picture cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// No table begins like this.
    #[error("no table begins with {0}")]
    NoTable(&'static str),
    /// A row that should be there is not.
    #[error("no row {0}")]
    NoRow(String),
    /// A cell without the number it should hold.
    #[error("the cell of {row} is {cell}, without a number")]
    NoNumber {
        /// Its row.
        row: String,
        /// As it stands.
        cell: String,
    },
}

const STYLE: &str = ":root{--ink:#1d2430;--dim:#667085;--paper:#fff;--grid:#d7dce3;--a:#8d99ae;--b:#d98f2b;--c:#2a7f62}\
@media(prefers-color-scheme:dark){:root{--ink:#e7eaf0;--dim:#9aa4b2;--paper:#14181f;--grid:#303846}}\
text{font:11px system-ui,sans-serif;fill:var(--dim)}.title{font-size:13px;fill:var(--ink)}.value{fill:#fff;font-weight:600}\
.paper{fill:var(--paper)}.grid{stroke:var(--grid)}.whisker{stroke:var(--ink);stroke-width:2}\
.c0{fill:var(--a)}.c1{fill:var(--b)}.c2{fill:var(--c)}\
.d0{fill:#c0392b}.d1{fill:#d98f2b}.d2{fill:#8d99ae}.d3{fill:#5b7bb4}.d4{fill:#2a7f62}.d5{fill:none;stroke:var(--dim);stroke-width:1.5}";

/// A table of a Markdown page: cells without their stars and ticks, the heads first.
fn table(page: &str, begins: &'static str) -> Result<Vec<Vec<String>>, PictureFault> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_matches('|');
        inner.split('|').map(|cell| cell.replace(['*', '`'], "").trim().to_owned()).collect()
    };
    let rows: Vec<Vec<String>> = page
        .lines()
        .skip_while(|line| !line.starts_with(begins))
        .take_while(|line| line.starts_with('|'))
        .filter(|line| !line.starts_with("|---"))
        .map(cells)
        .collect();
    if rows.is_empty() { Err(PictureFault::NoTable(begins)) } else { Ok(rows) }
}

/// The numbers of a text, in order, with a minus of any kind.
fn numbers(text: &str) -> Vec<f64> {
    let plain = text.replace('−', "-");
    let split = |c: char| !(c.is_ascii_digit() || c == '.' || c == '-');
    plain.split(split).filter_map(|part| part.parse().ok()).collect()
}

fn number(row: &str, cell: &str) -> Result<f64, PictureFault> {
    let fault = || PictureFault::NoNumber { row: row.to_owned(), cell: cell.to_owned() };
    numbers(cell).first().copied().ok_or_else(fault)
}

fn cell(row: &[String], at: usize) -> &str {
    row.get(at).map_or("", String::as_str)
}

/// Mean vehicles of a cell such as `9 / 1004 ×6, 10 / 1030 ×4`; `None` where nothing was found.
fn vehicles(text: &str) -> Option<f64> {
    let (mut sum, mut seeds) = (0.0, 0.0);
    for part in text.split(',').filter(|part| part.contains('/')) {
        let weight =
            part.split_once('×').and_then(|(_, times)| numbers(times).first().copied()).unwrap_or(1.0);
        sum += numbers(part).first().copied()? * weight;
        seeds += weight;
    }
    (seeds > 0.0).then(|| sum / seeds)
}

/// A row of dots: its name, and a value for each label.
struct Dots {
    name: &'static str,
    values: Vec<Option<f64>>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 46.0;
const TOP: f64 = 58.0;
const BOTTOM: f64 = 42.0;

fn svg(title: &str, height: f64, inner: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{0}\">\
         <title>{0}</title><style>{STYLE}</style><rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n{inner}</svg>\n",
        escape(title)
    )
}

/// Dots over labels. The axis goes from `low` to `high` in steps; what lies above is drawn at its end with its value.
fn dots(title: &str, labels: &[String], rows: &[Dots], (low, high, step): (f64, f64, f64)) -> String {
    let y = |value: f64| HEIGHT - BOTTOM - (value.min(high) - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
    let slot = (WIDTH - LEFT - 12.0) / count_f(labels.len().max(1));
    let mut out = format!("<text class=\"title\" x=\"8\" y=\"18\">{}</text>\n", escape(title));
    let mut value = low;
    while value <= high {
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{0}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/><text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\">{value:.0}</text>",
            WIDTH - 12.0,
            y(value),
            LEFT - 6.0,
            y(value) + 4.0
        );
        value += step;
    }
    for (at, label) in labels.iter().enumerate() {
        let middle = LEFT + slot * (count_f(at) + 0.5);
        let _ = writeln!(
            out,
            "<text x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - if at % 2 == 0 { 24.0 } else { 10.0 },
            escape(label)
        );
    }
    let width = (WIDTH - 20.0) / count_f(rows.len().max(1));
    for (row, dots) in rows.iter().enumerate() {
        let x = 14.0 + width * count_f(row);
        let _ = writeln!(
            out,
            "<circle class=\"d{row}\" cx=\"{x:.1}\" cy=\"37\" r=\"5\"/><text x=\"{:.1}\" y=\"41\">{}</text>",
            x + 9.0,
            escape(dots.name)
        );
        for (at, value) in dots.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let aside = (count_f(row) - count_f(rows.len() - 1) / 2.0) * slot * 0.13;
            let middle = LEFT + slot * (count_f(at) + 0.5) + aside;
            let _ = writeln!(
                out,
                "<circle class=\"d{row}\" cx=\"{middle:.1}\" cy=\"{:.1}\" r=\"5\"><title>{}: {value:.2}</title></circle>",
                y(*value),
                escape(dots.name)
            );
            if *value > high {
                let _ = writeln!(
                    out,
                    "<text x=\"{:.1}\" y=\"{:.1}\">{value:.0} ↑</text>",
                    middle + 7.0,
                    y(*value) + 4.0
                );
            }
        }
    }
    svg(title, HEIGHT, &out)
}

/// Click to door of each meal-delivery day, against the other policies.
fn click_to_door(comparison: &str, measurements: &str) -> Result<String, PictureFault> {
    let others = table(comparison, "| day | nearest")?;
    let ours = table(measurements, "| day | click to door")?;
    let mut rows: Vec<Dots> = [
        "nearest idle courier",
        "first come, bundles",
        "rolling horizon",
        "reference",
        "the engine",
        "floor",
    ]
    .map(|name| Dots { name, values: Vec::new() })
    .into();
    let mut labels = Vec::new();
    for other in others.iter().skip(1) {
        let day = cell(other, 0);
        let own = ours.iter().find(|row| cell(row, 0) == day);
        let own = own.ok_or_else(|| PictureFault::NoRow(day.to_owned()))?;
        let values =
            [cell(other, 1), cell(other, 2), cell(other, 3), cell(own, 2), cell(own, 1), cell(own, 3)];
        for (row, value) in rows.iter_mut().zip(values) {
            row.values.push(Some(number(day, value)?));
        }
        labels.push(day.to_owned());
    }
    Ok(dots("Minutes from click to door, mean of a day", &labels, &rows, (26.0, 40.0, 2.0)))
}

/// Vehicles above the best known, against the solvers.
fn fleet(comparison: &str) -> Result<String, PictureFault> {
    let all = table(comparison, "| instance | best known")?;
    let mut rows: Vec<Dots> =
        ["OR-tools, 5 s", "VROOM, 0.5 to 60 s", "PyVRP, 1 s", "the engine, 0.1 s", "the engine, 1 s"]
            .map(|name| Dots { name, values: Vec::new() })
            .into();
    let mut labels = Vec::new();
    for line in all.iter().skip(1) {
        let best = number(cell(line, 0), cell(line, 1))?;
        let quick = cell(line, 4).split(';').next().unwrap_or_default();
        let cells = [cell(line, 6), cell(line, 5), quick, cell(line, 2), cell(line, 3)];
        for (row, text) in rows.iter_mut().zip(cells) {
            row.values.push(vehicles(text).map(|count| (count / best - 1.0) * 100.0));
        }
        labels.push(cell(line, 0).to_owned());
    }
    Ok(dots("Vehicles more than the best known, percent", &labels, &rows, (0.0, 40.0, 10.0)))
}

/// The town's three ways with their intervals.
fn town(comparison: &str) -> Result<String, PictureFault> {
    let all = table(comparison, "| | no call | call on the way | the gate")?;
    let shown = [
        ("first attempt succeeded", 1),
        ("deliveries per courier-hour", 2),
        ("parcels delivered that day", 1),
        ("courier minutes per delivery", 2),
    ];
    let mut inner = String::new();
    for (at, (name, digits)) in shown.into_iter().enumerate() {
        let found = all.iter().find(|row| cell(row, 0) == name);
        let row = found.ok_or_else(|| PictureFault::NoRow(name.to_owned()))?;
        let interval = |at: usize| match numbers(cell(row, at))[..] {
            [mean, half, ..] => Ok(Some(Interval { mean, half })),
            _ => Err(PictureFault::NoNumber { row: name.to_owned(), cell: cell(row, at).to_owned() }),
        };
        let unit = if cell(row, 1).contains('%') { ", percent" } else { "" };
        let ways = [("no call", interval(1)?), ("call on the way", interval(2)?), ("the gate", interval(3)?)];
        let plot = columns(&format!("{name}{unit}"), &ways, digits);
        let (x, y) = (if at % 2 == 0 { 20.0 } else { 390.0 }, if at < 2 { 4.0 } else { 244.0 });
        inner.push_str(&plot.replacen(
            "<svg ",
            &format!("<svg x=\"{x}\" y=\"{y}\" width=\"350\" height=\"240\" "),
            1,
        ));
    }
    Ok(svg("A town three ways, mean and 95 % interval", 490.0, &inner))
}

/// Every picture as its file's name and its text.
///
/// # Errors
/// A table or a figure that should be in the pages is not.
pub fn all(comparison: &str, measurements: &str) -> Result<Vec<(&'static str, String)>, PictureFault> {
    Ok(vec![
        ("click-to-door.svg", click_to_door(comparison, measurements)?),
        ("vehicles.svg", fleet(comparison)?),
        ("town.svg", town(comparison)?),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_pictures_are_those_of_the_tables() {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let read = |name: &str| std::fs::read_to_string(docs.join(name)).unwrap();
        for (name, picture) in all(&read("COMPARISON.md"), &read("MEASUREMENTS.md")).unwrap() {
            let stands = read(&format!("pictures/{name}"));
            assert!(
                stands == picture,
                "{name}: `cargo run -p callahead-yardsticks --example pictures` draws it anew"
            );
        }
    }

    #[test]
    fn cells_are_read_as_they_are_meant() {
        assert_eq!(vehicles("9 / 1004 ×6, 10 / 1030 ×4"), Some(9.4));
        assert_eq!(vehicles("10 / 1027 in 0.5 s"), Some(10.0));
        assert_eq!((vehicles("none in 5 s"), vehicles("–")), (None, None));
        assert_eq!(numbers("−8.6 ± 0.7 points"), vec![-8.6, 0.7]);
        let page = "text\n| a | b |\n|---|---|\n| `x` | **1** |\n\n| a | c |\n";
        assert_eq!(table(page, "| a |").unwrap(), vec![vec!["a", "b"], vec!["x", "1"]]);
        assert_eq!(table(page, "| z"), Err(PictureFault::NoTable("| z")));
    }
}
