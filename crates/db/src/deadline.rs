//! How long a read may go on: until its time is up, or until nobody waits for its answer any more.
//!
//! Owns the question only. How a running statement is stopped is known by each engine.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Held by a caller for as long as it waits.
pub(crate) type Waits = Arc<()>;

/// When a read has to end.
#[derive(Clone)]
pub(crate) struct Deadline {
    limit: Duration,
    until: Instant,
    caller: Weak<()>,
}

impl Deadline {
    /// Of a read that was asked for at a moment: waiting for its turn counts.
    pub(crate) fn new(asked: Instant, limit: Duration, caller: Weak<()>) -> Deadline {
        Deadline { limit, until: asked + limit, caller }
    }

    /// The time is up, or the caller is gone.
    pub(crate) fn is_reached(&self) -> bool {
        self.caller.strong_count() == 0 || Instant::now() >= self.until
    }

    /// The limit it was made with.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }
}
