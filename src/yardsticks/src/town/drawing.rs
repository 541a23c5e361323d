//! Pictures as SVG text: columns with their intervals, and a courier's day on a map. Colours come from the page's style.

use std::fmt::Write as _;

use super::count_f;
use super::figures::Interval;
use super::people::Spot;
use super::round::{Event, Moment};

/// Text fit for SVG and HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 30.0;

/// One column for each name, with its 95 % interval as a whisker. The axis starts at 0.
#[must_use]
pub fn columns(title: &str, rows: &[(&str, Option<Interval>)], digits: usize) -> String {
    let finite = |half: f64| if half.is_finite() { half } else { 0.0 };
    let most = rows.iter().filter_map(|(_, row)| row.map(|one| one.mean + finite(one.half)));
    let most = most.fold(1e-9, f64::max);
    let inner = HEIGHT - TOP - BOTTOM;
    let y = |value: f64| HEIGHT - BOTTOM - (value.max(0.0) / most) * inner;
    let slot = (WIDTH - LEFT - 8.0) / count_f(rows.len().max(1));
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\n\
         <text class=\"title\" x=\"4\" y=\"16\">{0}</text>\n",
        escape(title)
    );
    for part in [0.0, 0.5, 1.0] {
        let (value, right) = (most * part, WIDTH - 8.0);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>\
             <text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{value:.digits$}</text>",
            y(value),
            LEFT - 5.0,
            y(value) + 4.0
        );
    }
    for (at, (name, row)) in rows.iter().enumerate() {
        let middle = LEFT + slot * (count_f(at) + 0.5);
        let _ = writeln!(
            out,
            "<text x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - 10.0,
            escape(name)
        );
        let Some(one) = row else { continue };
        let (top, bottom) = (y(one.mean + finite(one.half)), y(one.mean - finite(one.half)));
        let _ = writeln!(
            out,
            "<rect class=\"c{at}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{:.digits$} ± {:.digits$}</title></rect>\
             <line class=\"whisker\" x1=\"{middle:.1}\" x2=\"{middle:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>\
             <text class=\"value\" x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{:.digits$}</text>",
            middle - slot * 0.3,
            y(one.mean),
            slot * 0.6,
            HEIGHT - BOTTOM - y(one.mean),
            one.mean,
            one.half,
            HEIGHT - BOTTOM - 6.0,
            one.mean
        );
    }
    out.push_str("</svg>\n");
    out
}

/// A courier's day on the plane, the shop in the middle: the way they drove and what happened at its stops.
#[must_use]
pub fn map(title: &str, moments: &[Moment], radius_m: f64) -> String {
    let size = 420.0;
    let at = |spot: Spot| {
        let place = |metres: f64| size / 2.0 + metres / radius_m.max(1.0) * (size / 2.0 - 12.0);
        (place(spot.0), place(-spot.1))
    };
    let mut out = format!(
        "<svg class=\"map\" viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\n",
        escape(title)
    );
    let driven = moments.iter().filter(|moment| moment.event != Event::NotGoneTo);
    let mut way = format!("{:.1},{:.1}", size / 2.0, size / 2.0);
    for moment in driven {
        let (x, y) = at(moment.spot);
        let _ = write!(way, " {x:.1},{y:.1}");
    }
    let _ = writeln!(out, "<polyline class=\"way\" points=\"{way}\"/>");
    for moment in moments {
        let ((x, y), (class, what)) = (at(moment.spot), dot(moment.event));
        let time = clock(moment.at_min);
        let _ = writeln!(
            out,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{time} {what}</title></circle>"
        );
    }
    out.push_str("</svg>\n");
    out
}

/// An event's class in the page's style, and what it is called.
const fn dot(event: Event) -> (&'static str, &'static str) {
    match event {
        Event::HandedOver => ("good", "handed over"),
        Event::NobodyOpened => ("bad", "nobody opened"),
        Event::TurnedRound => ("turned", "turned round"),
        Event::NotGoneTo => ("spared", "not gone to"),
        Event::Home => ("shop", "back at the shop"),
    }
}

/// What the dots of a map mean, each in its colour.
#[must_use]
pub fn key() -> String {
    let all = [Event::HandedOver, Event::NobodyOpened, Event::TurnedRound, Event::NotGoneTo, Event::Home];
    let one = |event: Event| {
        let (class, what) = dot(event);
        format!(
            "<span><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><circle class=\"{class}\" cx=\"5\" cy=\"5\" r=\"4\"/></svg>{what}</span>"
        )
    };
    all.map(one).concat()
}

/// Minutes from 9:00 as a time of day.
#[must_use]
pub fn clock(at_min: f64) -> String {
    let minutes = at_min.max(0.0).round();
    let hours = (minutes / 60.0).floor();
    format!("{:02.0}:{:02.0}", 9.0 + hours, minutes - hours * 60.0)
}
