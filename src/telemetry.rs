//! What the service writes about itself: one line an event, to standard error, as text or JSON. Only
//! `cli` comes in here, once, at the start; everybody else uses the macros of `tracing`.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Why nothing can be written.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.filter` cannot be read; config refuses it before.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody started already.
    #[error("logging is already started")]
    Started(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts writing, for the whole process.
///
/// # Errors
/// When called a second time.
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    let colours = log.format == LogFormat::Text && io::stderr().is_terminal();
    let layer = layer(log, Lines { colours, out: io::stderr })?;
    tracing_subscriber::registry().with(layer).try_init()?;
    Ok(())
}

/// The layer that writes what `log` asks for.
fn layer<F, W>(log: &Log, lines: Lines<F>) -> Result<Box<dyn Layer<Registry> + Send + Sync>, TelemetryError>
where
    F: Fn() -> W + Send + Sync + 'static,
    W: Write + 'static,
{
    let filter = EnvFilter::builder().parse(&log.filter)?;
    let base = tracing_subscriber::fmt::layer().with_ansi(lines.colours).with_writer(lines);
    Ok(match log.format {
        LogFormat::Json => base.json().flatten_event(true).with_filter(filter).boxed(),
        LogFormat::Text => base.with_filter(filter).boxed(),
    })
}

/// Where lines go. Control characters inside an event are written as `\u{..}`, so that no value can forge
/// a line or steer a terminal.
#[derive(Debug, Clone)]
struct Lines<F> {
    colours: bool,
    out: F,
}

impl<'a, F, W> MakeWriter<'a> for Lines<F>
where
    F: Fn() -> W + 'a,
    W: Write,
{
    type Writer = Line<W>;

    fn make_writer(&'a self) -> Line<W> {
        Line { colours: self.colours, out: (self.out)() }
    }
}

/// Takes one event a call.
struct Line<W> {
    colours: bool,
    out: W,
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        self.out.write_all(one_line(&text, self.colours).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The event on one line. With colours, the formatter's own escape sequences stay; it has already made
/// those in values harmless.
fn one_line(event: &str, colours: bool) -> String {
    let body = event.strip_suffix('\n').unwrap_or(event);
    let mut line = String::with_capacity(event.len());
    for letter in body.chars() {
        match letter {
            '\t' => line.push(' '),
            '\u{1b}' if colours => line.push(letter),
            _ if letter.is_control() => line.extend(letter.escape_default()),
            _ => line.push(letter),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: &Log, say: impl FnOnce()) -> String {
        let kept = Kept::default();
        let to = kept.clone();
        let layer = layer(log, Lines { colours: false, out: move || to.clone() }).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn log(format: LogFormat) -> Log {
        Log { format, filter: "info".into() }
    }

    #[test]
    fn no_value_can_forge_a_line() {
        let evil = "a\n2026-01-01T00:00:00Z ERROR forged\r\u{1b}[2J";
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(&log(format), || tracing::info!(name = %evil, "said {evil}"));
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text}");
        }
    }

    #[test]
    fn json_lines_are_objects_and_the_filter_holds() {
        let text = logged(&log(LogFormat::Json), || {
            tracing::debug!("unheard");
            tracing::warn!(orders = 3, "heard");
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((line["message"].as_str(), line["orders"].as_i64()), (Some("heard"), Some(3)));
    }
}
