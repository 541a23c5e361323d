//! The life of bringing one order to one customer: a stage (where the parcel is), a gate (what the customer has said)
//! and a payment, moved by one table of named rows.
//!
//! `app` loads a [`Delivery`], asks [`apply()`] with a [`Command`], stores the events and what [`effect::effects`] says
//! must follow. Nothing here reads a clock or draws a random number.
//!
//! | file | what |
//! |---|---|
//! | `state` | the facts |
//! | `command`, `event` | what is asked, what happened |
//! | `table` | the rows; `guard` their conditions; `decide/` what they do |
//! | `apply`, `fold` | the two pure functions |
//! | `alarm` | the one alarm clock |
//! | `attention` | what needs a person, and by when |
//! | `effect` | what must follow outside |
//! | `diagram` | the table as Mermaid and Markdown |

pub mod alarm;
pub mod apply;
pub mod attention;
pub mod command;
pub mod decide;
pub mod diagram;
pub mod effect;
pub mod event;
pub mod fold;
mod fold_payment;
pub mod guard;
pub mod money;
pub mod proof;
pub mod refusal;
pub mod state;
pub mod table;

pub use apply::{Context, allowed, apply};
pub use command::{Command, CommandKind, Reply};
pub use event::{Accepted, Event};
pub use refusal::Refusal;
pub use state::{Delivery, Gate, GateKind, Stage, StageKind};
