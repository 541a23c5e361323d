//! What is wrong with a file, and where.

use thiserror::Error;

/// Where a file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct FormatFault {
    /// Counted from 1; one after the last line where something is missing at the end.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The line ends too early.
    #[error("the {0} is missing")]
    Missing(&'static str),
    /// More on the line than belongs there.
    #[error("there is more on the line than the {0} fields it should have")]
    TooMany(usize),
    /// A field that should be a number is none.
    #[error("the {0} should be a number, and is `{1}`")]
    NotANumber(&'static str, String),
    /// A number that is not finite, below zero, or has a fraction where none can be.
    #[error("the {0} is out of range: `{1}`")]
    OutOfRange(&'static str, String),
    /// A section's heading is not where it should be.
    #[error("`{0}` should stand here")]
    NoHeading(&'static str),
    /// The same number twice.
    #[error("task {0} is listed twice")]
    Twice(u32),
    /// There is no first task to be the depot.
    #[error("there is no task 0: the depot")]
    NoDepot,
    /// A task names a partner that does not exist or does not name it.
    #[error("task {0} names task {1} as its other half, which is not so")]
    Partner(u32, u32),
    /// A task is neither a pick-up nor a drop-off, or both.
    #[error("task {0} should name either its pick-up or its drop-off")]
    Unpaired(u32),
    /// What comes on board is not what leaves.
    #[error("tasks {0} and {1} do not carry the same load")]
    Load(u32, u32),
    /// A window that ends before it starts.
    #[error("the window of task {0} ends before it starts")]
    Window(u32),
}

impl Problem {
    /// The problem, on a line counted from 0.
    pub(super) const fn on(self, index: usize) -> FormatFault {
        FormatFault { line: index + 1, problem: self }
    }
}
