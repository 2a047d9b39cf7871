//! Who is calling. Nothing here knows what a caller may do: that is the domain's.

pub mod jwt;
pub mod limiter;
pub mod password;
pub mod token;
