//! One kind of plot, drawn as SVG text: columns in groups, with axes, a legend and, where wanted, marks on the
//! horizontal axis. Colours come from the page's style, so that light and dark both work.

use std::fmt::Write;

use super::figures::count_f;

/// One row of columns.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// One value for each label.
    pub values: Vec<f64>,
}

/// A plot.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// What it shows, for those who do not see it.
    pub title: String,
    /// Under the horizontal axis.
    pub x: String,
    /// Beside the vertical axis.
    pub y: String,
    /// One for each group of columns.
    pub labels: Vec<String>,
    /// Each with a value per label.
    pub series: Vec<Series>,
    /// Lines across, at a place counted in labels, with their words.
    pub marks: Vec<(f64, String)>,
    /// Digits after the point of the values written over the columns; `None`: not written.
    pub values: Option<usize>,
}

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 52.0;

/// Text fit for an SVG or HTML text.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A round number at or above `value`, and the step of its grid lines.
fn scale(value: f64) -> (f64, f64) {
    let value = if value.is_finite() && value > 0.0 { value } else { 1.0 };
    let power = 10_f64.powf((value / 4.0).log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| step * 5.0 >= value);
    let step = step.unwrap_or(power * 10.0);
    ((value / step).ceil() * step, step)
}

fn number(value: f64) -> String {
    if (value - value.round()).abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

impl Columns {
    /// The plot as an SVG element.
    #[must_use]
    pub fn svg(&self) -> String {
        let most = self.series.iter().flat_map(|series| &series.values).copied().fold(0.0, f64::max);
        let (top, step) = scale(most);
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\n",
            escape(&self.title)
        );
        self.grid(&mut out, top, step);
        self.columns(&mut out, top);
        self.names(&mut out);
        self.across(&mut out);
        self.legend(&mut out);
        out.push_str("</svg>\n");
        out
    }

    fn slot(&self) -> f64 {
        (WIDTH - LEFT - RIGHT) / count_f(self.labels.len().max(1))
    }

    fn grid(&self, out: &mut String, top: f64, step: f64) {
        let inner = HEIGHT - TOP - BOTTOM;
        let mut value = 0.0;
        while value <= top + step / 2.0 {
            let y = HEIGHT - BOTTOM - value / top * inner;
            let right = WIDTH - RIGHT;
            let _ = writeln!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>"
            );
            let (x, y) = (LEFT - 6.0, y + 4.0);
            let _ = writeln!(
                out,
                "<text class=\"tick\" x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text>",
                number(value)
            );
            value += step;
        }
        let (x, y) = (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 6.0);
        let _ = writeln!(
            out,
            "<text class=\"axis\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
            escape(&self.x)
        );
        let middle = f64::midpoint(TOP, HEIGHT - BOTTOM);
        let _ = writeln!(
            out,
            "<text class=\"axis\" transform=\"translate(14 {middle}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            escape(&self.y)
        );
    }

    fn columns(&self, out: &mut String, top: f64) {
        let slot = self.slot();
        let width = slot * 0.8 / count_f(self.series.len().max(1));
        for (place, series) in self.series.iter().enumerate() {
            for (at, value) in series.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
                let x = LEFT + slot * (count_f(at) + 0.1) + width * count_f(place);
                let height = (value / top * (HEIGHT - TOP - BOTTOM)).max(0.0);
                let y = HEIGHT - BOTTOM - height;
                let label = self.labels.get(at).map_or("", String::as_str);
                let _ = writeln!(
                    out,
                    "<rect class=\"c{place}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{}: {} {}</title></rect>",
                    escape(label),
                    escape(&series.name),
                    number(*value)
                );
                if let Some(digits) = self.values {
                    let (x, y) = (x + width / 2.0, y - 4.0);
                    let _ = writeln!(
                        out,
                        "<text class=\"tick\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{value:.digits$}</text>"
                    );
                }
            }
        }
    }

    fn names(&self, out: &mut String) {
        let slot = self.slot();
        let every = (52.0 / slot).ceil().max(1.0);
        let mut next = 0.0;
        for (at, label) in self.labels.iter().enumerate() {
            if count_f(at) < next {
                continue;
            }
            next += every;
            let (x, y) = (LEFT + slot * (count_f(at) + 0.5), HEIGHT - BOTTOM + 18.0);
            let _ = writeln!(
                out,
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
                escape(label)
            );
        }
    }

    fn across(&self, out: &mut String) {
        for (row, (place, words)) in self.marks.iter().enumerate() {
            let x = (LEFT + self.slot() * place).clamp(LEFT, WIDTH - RIGHT);
            let (top, bottom) = (TOP - 2.0, HEIGHT - BOTTOM);
            let _ = writeln!(
                out,
                "<line class=\"mark\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>"
            );
            let (end, aside) = if x > WIDTH * 0.75 { ("end", -4.0) } else { ("start", 4.0) };
            let (x, y) = (x + aside, TOP + 10.0 + 14.0 * count_f(row));
            let _ = writeln!(
                out,
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{end}\">{}</text>",
                escape(words)
            );
        }
    }

    fn legend(&self, out: &mut String) {
        if self.series.len() < 2 {
            return;
        }
        let mut x = LEFT;
        for (place, series) in self.series.iter().enumerate() {
            let _ =
                writeln!(out, "<rect class=\"c{place}\" x=\"{x:.1}\" y=\"8\" width=\"12\" height=\"12\"/>");
            let _ = writeln!(
                out,
                "<text class=\"tick\" x=\"{:.1}\" y=\"18\">{}</text>",
                x + 17.0,
                escape(&series.name)
            );
            x += 40.0 + 7.0 * count_f(series.name.chars().count());
        }
    }
}

/// A histogram in bins of equal width from 0: labels are the bins' beginnings; beyond the last bin is counted in it.
#[must_use]
pub fn histogram(values: &[f64], width: f64, bins: usize) -> (Vec<String>, Vec<f64>) {
    let edge = |bin: usize| width * count_f(bin);
    let within = |bin: usize| {
        let last = bin + 1 == bins;
        let low = |value: f64| value >= edge(bin) || bin == 0;
        values.iter().filter(|value| low(**value) && (**value < edge(bin + 1) || last)).count()
    };
    ((0..bins).map(|bin| number(edge(bin))).collect(), (0..bins).map(|bin| count_f(within(bin))).collect())
}

/// Every opened element of an SVG or HTML text that is not closed in its turn; for tests of what is drawn.
#[cfg(test)]
pub(crate) fn unbalanced(text: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut wrong = Vec::new();
    for part in text.split('<').skip(1) {
        let Some((tag, _)) = part.split_once('>') else {
            wrong.push(part.to_owned());
            continue;
        };
        let name =
            |tag: &str| tag.split_whitespace().next().unwrap_or_default().trim_end_matches('/').to_owned();
        match tag.strip_prefix('/') {
            Some(closed) if open.last() == Some(&name(closed)) => drop(open.pop()),
            Some(closed) => wrong.push(name(closed)),
            None if tag.ends_with('/')
                || tag.starts_with('!')
                || ["meta", "br"].contains(&name(tag).as_str()) => {}
            None => open.push(name(tag)),
        }
    }
    wrong.extend(open);
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_is_well_formed_whatever_its_words_and_values() {
        let plot = Columns {
            title: "a < b & \"c\"".into(),
            labels: vec!["<1".into(), "2".into()],
            series: vec![
                Series { name: "one & two".into(), values: vec![1.0, f64::NAN] },
                Series { name: "three".into(), values: vec![0.0, 12.5] },
            ],
            marks: vec![(1.5, "mean > 1".into())],
            values: Some(1),
            ..Columns::default()
        };
        let svg = plot.svg();
        assert_eq!(unbalanced(&svg), Vec::<String>::new(), "{svg}");
        assert!(svg.contains("a &lt; b &amp;") && !svg.contains("NaN"));
        assert_eq!(unbalanced(&Columns::default().svg()), Vec::<String>::new());
    }

    #[test]
    fn the_scale_ends_on_a_round_number_above_the_largest() {
        for value in [0.0, 0.7, 1.0, 3.0, 17.0, 100.0, 252.0, 99_999.0] {
            let (top, step) = scale(value);
            assert!(top >= value && step > 0.0 && top / step <= 6.0, "{value}: {top} {step}");
        }
    }

    #[test]
    fn a_histogram_loses_nothing() {
        let (labels, counts) = histogram(&[-1.0, 0.0, 4.9, 5.0, 99.0], 5.0, 3);
        assert_eq!(labels, ["0", "5", "10"]);
        assert_eq!(counts, [3.0, 1.0, 1.0]);
    }
}
