//! Which events a subscriber gets, where a protocol lets it choose. Must not know: frames, sockets.

pub mod mercure;
