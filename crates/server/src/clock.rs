//! Owns: where time and randomness come from. Must not know: what they are used for.
//!
//! Everything else receives a [`Clock`], so that a test decides what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parlor_chat::time::Time;
use uuid::{Builder, Uuid};

/// The present time: the machine's, or one that a test holds in its hand.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// Stands still until it is moved; microseconds since 1970.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn fixed(at: Time) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.micros())))
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Time {
        match self {
            Self::System => Time(system_micros()),
            Self::Fixed(at) => Time(at.load(Ordering::SeqCst)),
        }
    }

    /// An id that sorts by the time at which it was made (version 7).
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let (seed, millis) = (random_seed(), u64::try_from(self.now().micros() / 1000).unwrap_or(0));
        Builder::from_unix_timestamp_millis(millis, &std::array::from_fn(|at| seed[at])).into_uuid()
    }

    /// Moves a fixed clock on; the machine's clock stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Self::Fixed(at) = self {
            at.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn system_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// An id that nobody can guess (version 4).
#[must_use]
pub fn random_id() -> Uuid {
    let seed = random_seed();
    Builder::from_random_bytes(std::array::from_fn(|at| seed[at])).into_uuid()
}

/// 32 bytes nobody can guess: the seed of a transaction, a session token, a key.
///
/// # Panics
/// When the operating system gives no randomness: nothing safe can be done without it.
#[must_use]
pub fn random_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the operating system gives randomness");
    seed
}
