//! The one place that prints: results to standard output, problems and progress to standard error.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Writes one line to standard output. A reader that went away (`| head`) is no error.
pub fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Writes text to standard output as it is.
pub fn text(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes one line to standard error: why a command cannot go on.
pub fn problem(text: &str) {
    let _ = writeln!(io::stderr().lock(), "callahead: {text}");
}

/// How far something is. Seen only on a terminal and only when it takes longer than a second, so that
/// quick work and piped output stay clean.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    may_show: bool,
}

/// Begins to count towards `total` (0: not known) of `what`, such as `orders`.
#[must_use]
pub fn progress(total: u64, what: &'static str) -> Progress {
    let bar = if total == 0 { ProgressBar::no_length() } else { ProgressBar::new(total) };
    bar.set_draw_target(ProgressDrawTarget::hidden());
    let template = if total == 0 {
        "{spinner} {human_pos} {msg} in {elapsed}"
    } else {
        "{wide_bar} {human_pos}/{human_len} {msg}, {eta} left"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    Progress { bar, started: Instant::now(), may_show: io::stderr().is_terminal() }
}

impl Progress {
    /// So much is done by now.
    pub fn set(&mut self, done: u64) {
        if self.may_show && self.started.elapsed() > Duration::from_secs(1) {
            self.may_show = false;
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        }
        self.bar.set_position(done);
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
