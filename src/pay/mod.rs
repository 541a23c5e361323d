//! The pay room.
