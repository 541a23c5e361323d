//! The http room.

pub mod pages;
