//! Owns: where time and randomness come from. Must not know: what they are used for.
//!
//! Everything else receives a [`Clock`], so that a test decides what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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

/// A clock that went back by more than this was ahead by mistake before: what is stored under that mistake stays ahead.
const FURTHEST_BACK: i64 = 86_400 * 1_000_000;

/// The times under which changes are stored: they never go back, because lists and ids are ordered by them. While the
/// clock is behind the last of them they run on at half its speed, so that it catches up and what waits for a time does
/// not wait for ever.
#[derive(Debug, Default)]
pub(crate) struct Stamps(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    /// What the clock said.
    clock: i64,
    /// What was given.
    given: i64,
}

impl Stamps {
    /// The next one, at this time of the clock.
    pub(crate) fn next(&self, now: Time) -> Time {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = (now.micros() - last.clock).max(0);
        let behind = last.given - now.micros();
        last.given = match behind {
            1..=FURTHEST_BACK => now.micros().max(last.given + (passed / 2).max(1)),
            _ => now.micros(),
        };
        last.clock = now.micros();
        Time(last.given)
    }

    /// Something was stored at that time, by another process or in another life of this one.
    pub(crate) fn not_before(&self, stored: Time, now: Time) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.micros() > last.given {
            *last = Last { clock: now.micros(), given: stored.micros() };
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

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn stamps_never_go_back_and_the_clock_catches_up() {
        let stamps = Stamps::default();
        let start = 1_000 * HOUR;
        let next = |at: i64| stamps.next(Time(at)).micros();
        assert_eq!((next(start), next(start)), (start, start), "as the clock says");
        assert_eq!(next(start - HOUR), start + 1, "behind");
        assert_eq!(next(start - HOUR), start + 2, "and each is another one");
        assert_eq!(next(start), start + 2 + HOUR / 2, "time goes on meanwhile");
        assert_eq!(next(start + HOUR), start + HOUR, "caught up");
        assert_eq!(next(start + 2 * HOUR), start + 2 * HOUR);
        assert_eq!(next(start - 30 * HOUR), start - 30 * HOUR, "it was wrong before");
    }

    #[test]
    fn what_others_stored_counts() {
        let stamps = Stamps::default();
        stamps.not_before(Time(10 * HOUR), Time(9 * HOUR));
        assert_eq!(stamps.next(Time(9 * HOUR)).micros(), 10 * HOUR + 1);
        stamps.not_before(Time(5 * HOUR), Time(9 * HOUR));
        assert_eq!(stamps.next(Time(9 * HOUR)).micros(), 10 * HOUR + 2);
    }
}
