//! How long the search may go on. The crate has no clock: whoever calls brings one.

/// Asked before each round of the search.
pub trait Budget {
    /// The part of the budget that is spent: 0 at the start; at 1 or more the search ends. It may not fall.
    fn spent(&mut self) -> f64;

    /// The same, asked between rounds: none begins by it.
    fn so_far(&mut self) -> f64;
}

/// A closure over a clock is a budget: `|| started.elapsed().as_secs_f64() / 0.1`.
impl<F: FnMut() -> f64> Budget for F {
    fn spent(&mut self) -> f64 {
        self()
    }

    fn so_far(&mut self) -> f64 {
        self()
    }
}

/// So many rounds: the same plan wherever it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounds {
    all: u64,
    done: u64,
}

impl Rounds {
    /// `all` rounds. With 0 only the first plan is built.
    #[must_use]
    pub const fn new(all: u64) -> Self {
        Self { all, done: 0 }
    }
}

impl Budget for Rounds {
    fn spent(&mut self) -> f64 {
        if self.done >= self.all {
            return 1.0;
        }
        let part = self.so_far();
        self.done += 1;
        part
    }

    fn so_far(&mut self) -> f64 {
        if self.done >= self.all { 1.0 } else { self.done as f64 / self.all as f64 }
    }
}
