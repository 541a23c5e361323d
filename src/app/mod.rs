//! The app room.

pub mod ports;
