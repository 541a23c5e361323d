//! How the process ends: asked to (a graceful stop everybody can wait for) or at a named point, all at
//! once, because a test wants to see what a crash there leaves behind. Every room may come in here.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::config::Testing;

/// Tells everybody who holds a copy that it is time to stop. Cheap to clone; once triggered it stays so.
#[derive(Debug, Clone)]
pub struct Shutdown {
    state: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A token nobody has triggered yet.
    #[must_use]
    pub fn new() -> Self {
        Self { state: watch::Sender::new(false) }
    }

    /// Asks everybody to stop: take nothing new, finish what runs.
    pub fn trigger(&self) {
        self.state.send_replace(true);
    }

    /// Whether it is time to stop.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        *self.state.borrow()
    }

    /// Waits until it is time to stop; at once if it already is. Safe to drop and call again.
    pub async fn wait(&self) {
        let mut changes = self.state.subscribe();
        // The sender lives in `self`, so the only outcome is the awaited one.
        let _ = changes.wait_for(|stop| *stop).await;
    }

    /// Triggers on SIGTERM or SIGINT, from now on. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses to hand over the signals.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let token = self.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = term.recv() => "SIGTERM",
                _ = int.recv() => "SIGINT",
                () = token.wait() => return,
            };
            tracing::info!(signal = name, "stopping: finishing what runs");
            token.trigger();
        });
        Ok(())
    }
}

/// Where the process is to die, and how often it passed there.
#[derive(Debug)]
struct CrashPoint {
    name: String,
    nth: u64,
    passed: AtomicU64,
}

impl CrashPoint {
    /// Counts a passing and says whether this is the one to die at.
    fn is_due(&self, name: &str) -> bool {
        self.name == name && self.passed.fetch_add(1, Ordering::SeqCst).saturating_add(1) == self.nth
    }
}

static ARMED: OnceLock<CrashPoint> = OnceLock::new();

/// Sets the point at which this process dies, from `testing.crash_at`; once, at the start.
pub fn arm_crash_point(testing: &Testing) {
    if let Some((name, nth)) = testing.crash_at.clone() {
        tracing::warn!(name, nth, "testing.crash_at is set: this process will die there");
        let _ = ARMED.set(CrashPoint { name, nth, passed: AtomicU64::new(0) });
    }
}

/// Marks a point at which a crash must lose nothing. Costs one load unless a test armed it; the armed
/// passing ends the process at once, with no clean-up, as `kill -9` would.
pub fn crash_point(name: &str) {
    if ARMED.get().is_some_and(|point| point.is_due(name)) {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_waits_is_told_and_late_comers_too() {
        let shutdown = Shutdown::new();
        assert!(!shutdown.is_triggered());
        let waiting: Vec<_> = (0..3)
            .map(|_| shutdown.clone())
            .map(|token| tokio::spawn(async move { token.wait().await }))
            .collect();
        shutdown.clone().trigger();
        for one in waiting {
            assert!(one.await.is_ok());
        }
        shutdown.wait().await;
        assert!(shutdown.is_triggered());
    }

    #[test]
    fn a_crash_point_is_due_at_its_own_passing_only() {
        let point = CrashPoint { name: "here".into(), nth: 2, passed: AtomicU64::new(0) };
        let due: Vec<_> = ["here", "there", "here", "here"].iter().map(|name| point.is_due(name)).collect();
        assert_eq!(due, [false, false, true, false]);
    }

    #[test]
    fn an_unarmed_point_is_passed() {
        crash_point("anywhere");
    }
}
