//! What a use case answers when it does not do what it was asked.

use crate::store::StoreError;
use callahead_domain::delivery::Refusal;
use serde::Serialize;
use serde_json::{Map, Value};

/// Where a delivery stands for the caller who was refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Where the parcel is.
    pub stage: &'static str,
    /// What the customer has said.
    pub gate: &'static str,
    /// Where the money is.
    pub payment: &'static str,
    /// What this caller may ask for now.
    pub allowed: Vec<&'static str>,
    /// The version now.
    pub version: i64,
}

/// A command the domain refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// Where the delivery stands.
    pub standing: Option<Standing>,
}

/// A rule of a use case that does not allow what was asked; the code is one of the API's catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Stable code.
    pub code: &'static str,
    /// In words, for the caller.
    pub detail: String,
    /// Which value is meant.
    pub param: Option<String>,
    /// More members of the problem document.
    pub facts: Map<String, Value>,
}

/// Why a use case did not happen. Whatever the reason, it left nothing behind; only after [`Error::Unavailable`] it may
/// have happened all the same (the answer to the commit was lost), and asking again with the same key tells.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The domain refused the command.
    #[error("{}", .0.refusal)]
    Refused(Box<Refused>),
    /// A rule does not allow it.
    #[error("{}: {}", .0.code, .0.detail)]
    Rule(Box<Rule>),
    /// The caller has seen another version than the current one.
    #[error("the current version is {current}")]
    StaleVersion {
        /// The current one.
        current: i64,
    },
    /// Somebody else changed the thing at the same time, again and again.
    #[error("somebody else changed it at the same time")]
    Stale,
    /// There is no such thing, or not for this caller.
    #[error("there is no such thing")]
    Missing,
    /// Such a thing is there already.
    #[error("{constraint} is taken")]
    Conflict {
        /// The unique constraint: `<table>_<column>_<column>_key` or `<table>_pkey`, the same on both databases.
        constraint: String,
    },
    /// The write queue is full: try again in a moment.
    #[error("too much to write at once")]
    Overloaded,
    /// The database cannot be reached, cannot write, or was in somebody's way for too long: try again.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A mistake of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// A mistake of ours, from whatever told it.
    pub fn internal(cause: impl std::fmt::Display) -> Error {
        Error::Internal(cause.to_string())
    }

    /// A rule that does not allow what was asked.
    pub fn rule(code: &'static str, detail: impl Into<String>) -> Error {
        Error::Rule(Box::new(Rule { code, detail: detail.into(), param: None, facts: Map::new() }))
    }

    /// Names the value a rule is about.
    #[must_use]
    pub fn at(mut self, param: impl Into<String>) -> Error {
        if let Error::Rule(rule) = &mut self {
            rule.param = Some(param.into());
        }
        self
    }

    /// Adds a member to a rule's problem document.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Serialize) -> Error {
        if let Error::Rule(rule) = &mut self {
            rule.facts.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        }
        self
    }

    /// True when the database said it and not the use case: the transaction may be broken, or a neighbour's rows may
    /// be the cause.
    pub(super) fn is_from_database(&self) -> bool {
        matches!(self, Error::Conflict { .. } | Error::Unavailable(_) | Error::Internal(_))
    }

    /// True when running again in a fresh transaction may end better.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Error::Stale | Error::Unavailable(_))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::Stale => Error::Stale,
            StoreError::Missing => Error::Missing,
            StoreError::Conflict { constraint } => Error::Conflict { constraint },
            StoreError::Contended(_) => Error::Unavailable(error.to_string()),
            StoreError::Unavailable(cause) => Error::Unavailable(cause),
            StoreError::Violated(_) | StoreError::Broken(_) => Error::Internal(error.to_string()),
        }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Error {
        Error::from(StoreError::from(error))
    }
}
