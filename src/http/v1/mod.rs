//! Version 1 of the API, one file a resource.

pub mod events;
pub mod orders;
pub mod shared;
