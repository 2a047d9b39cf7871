//! What a client starts from, and what it missed.

pub mod replay;
pub mod snapshot;
