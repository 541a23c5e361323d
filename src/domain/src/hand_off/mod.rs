//! Hand-off: how a parcel comes into the right hands, and how that is proved.

pub mod chain;
pub mod code;
pub mod slip;
