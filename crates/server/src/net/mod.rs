//! Connections beneath HTTP: accepting them, waiting for their end, giving up on those that do not read.

pub(crate) mod accept;
mod arriving;
pub(crate) mod place;
mod write_timeout;
