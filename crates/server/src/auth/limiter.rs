//! Owns: token buckets in memory, by any key. Must not know: what is being limited.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use parlor_chat::time::Time;

/// Above this many keys the full buckets are thrown away: an attacker must not fill our memory.
const SWEEP_AT: usize = 10_000;

/// How much may be done: `burst` at once, and `per_minute` in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Actions in the long run.
    pub per_minute: f64,
    /// Actions at once after a rest.
    pub burst: f64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Time,
    rate: Rate,
}

impl Bucket {
    fn filled(self, now: Time) -> f64 {
        let seconds = (now.micros() - self.at.micros()).max(0) as f64 / 1e6;
        (self.left + seconds * self.rate.per_minute / 60.0).min(self.rate.burst)
    }
}

/// One token bucket per key.
#[derive(Debug)]
pub struct Limiter<K> {
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K> Default for Limiter<K> {
    fn default() -> Self {
        Self { buckets: Mutex::new(HashMap::new()) }
    }
}

impl<K: Hash + Eq> Limiter<K> {
    /// Takes one action from the bucket of `key`; `Err` holds the seconds to wait.
    ///
    /// # Errors
    /// When the bucket is empty.
    pub fn take(&self, key: K, rate: Rate, now: Time) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SWEEP_AT {
            buckets.retain(|_, bucket| bucket.filled(now) < bucket.rate.burst);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { left: rate.burst, at: now, rate });
        bucket.left = bucket.filled(now).min(rate.burst);
        bucket.rate = rate;
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - bucket.left) * 60.0 / rate.per_minute.max(0.01);
        Err(wait.ceil().max(1.0) as u64)
    }

    /// Gives the actions of `key` back: a successful sign-in forgets the failures before it.
    pub fn forget(&self, key: &K) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_minute: 6.0, burst: 3.0 };

    #[test]
    fn burst_then_wait_then_again() {
        let limiter = Limiter::default();
        let start = Time(0);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", RATE, start), Ok(()));
        }
        assert_eq!(limiter.take("a", RATE, start), Err(10));
        assert_eq!(limiter.take("b", RATE, start), Ok(()), "keys are apart");
        assert_eq!(limiter.take("a", RATE, start.plus_seconds(10)), Ok(()));
        assert!(limiter.take("a", RATE, start.plus_seconds(10)).is_err());
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let limiter = Limiter::default();
        let start = Time(60_000_000);
        for _ in 0..3 {
            limiter.take("a", RATE, start).unwrap();
        }
        assert!(limiter.take("a", RATE, Time(0)).is_err());
    }

    #[test]
    fn forget_refills() {
        let limiter = Limiter::default();
        let now = Time(0);
        for _ in 0..3 {
            limiter.take("a", RATE, now).unwrap();
        }
        limiter.forget(&"a");
        assert_eq!(limiter.take("a", RATE, now), Ok(()));
    }
}
