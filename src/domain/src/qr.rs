//! QR pictures: the one place that draws them, as SVG.

use fast_qr::{ECL, QRBuilder};

/// Light modules around the picture; ISO/IEC 18004 asks for four.
pub const QUIET_ZONE: usize = 4;

/// How much of a picture may be dirty or torn and it still reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// About 15 percent (level M): for screens and clean paper.
    Normal,
    /// About 25 percent (level Q): for what hangs outside.
    Strong,
}

/// The text is longer than a QR picture can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR picture")]
pub struct TooLong;

/// The modules of a picture: true is dark. Rows from the top, without the quiet zone. The smallest version that
/// holds the text is taken, and the densest of the QR modes that can write all of it: digits, capitals, bytes.
///
/// # Errors
/// [`TooLong`] beyond what version 40 holds.
pub fn modules(text: &str, repair: Repair) -> Result<Vec<Vec<bool>>, TooLong> {
    let level = match repair {
        Repair::Normal => ECL::M,
        Repair::Strong => ECL::Q,
    };
    let code = QRBuilder::new(text).ecl(level).build().map_err(|_| TooLong)?;
    let row = |row: &[fast_qr::Module]| row.iter().map(|module| module.value()).collect();
    Ok(code.data.chunks(code.size).take(code.size).map(row).collect())
}

/// The picture as an SVG file, one unit per module, dark on white. `label` is what a screen reader says instead of it.
///
/// # Errors
/// [`TooLong`] as for [`modules`].
pub fn svg(text: &str, repair: Repair, label: &str) -> Result<String, TooLong> {
    let element = inline(text, repair, label)?;
    Ok(element.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 1))
}

/// The same as an element of an HTML page.
///
/// # Errors
/// [`TooLong`] as for [`modules`].
pub fn inline(text: &str, repair: Repair, label: &str) -> Result<String, TooLong> {
    let rows = modules(text, repair)?;
    let side = rows.len() + 2 * QUIET_ZONE;
    let path: String = rows.iter().enumerate().flat_map(|(y, row)| runs(row, y + QUIET_ZONE)).collect();
    let label = escaped(label);
    Ok(format!(
        "<svg viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{label}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

/// One path step for each run of dark modules in a row.
fn runs(row: &[bool], y: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut x = QUIET_ZONE;
    for run in row.chunk_by(|a, b| a == b) {
        if run.first() == Some(&true) {
            found.push(format!("M{x} {y}h{0}v1h-{0}z", run.len()));
        }
        x += run.len();
    }
    found
}

/// Text as it may stand in an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_label_cannot_leave_its_attribute() {
        let svg = svg("A", Repair::Normal, "\"><script>&").unwrap();
        assert!(svg.contains("aria-label=\"&quot;&gt;&lt;script&gt;&amp;\""));
        assert!(!svg.contains("<script"));
    }

    #[test]
    fn a_text_no_picture_holds_is_refused() {
        assert_eq!(modules(&"a".repeat(4_000), Repair::Normal), Err(TooLong));
    }

    #[test]
    fn runs_become_one_step_each() {
        assert_eq!(runs(&[true, true, false, true], 4), ["M4 4h2v1h-2z", "M7 4h1v1h-1z"]);
    }
}
