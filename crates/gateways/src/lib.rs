//! The formats of the ways in and out beside HTTP, as pure codecs: bytes from strangers become values, values become bytes.
//!
//! Must not know: sockets, SQL, other crates of Parlor. Time, randomness and keys are parameters.

pub mod email;
pub mod push;
