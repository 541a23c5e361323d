//! call_ahead
