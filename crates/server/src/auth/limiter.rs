//! Owns: token buckets in memory, by any small key. Must not know: what is being limited.
//!
//! Strangers choose keys, so that a key has a fixed size, there are only so many, and forgetting costs the same
//! however many there are: the younger half takes the place of the older one when it is full.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use parlor_chat::time::Time;
use sha2::{Digest, Sha256};

/// So many keys are remembered at least, and twice as many at most: some ten megabytes.
const HALF: usize = 50_000;

/// A key of any parts, made small. Parts of different lengths never make the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of what is limited (`purpose`) and for whom.
    #[must_use]
    pub fn of(purpose: &'static str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new().chain_update(purpose).chain_update([0]);
        for part in parts {
            hash = hash.chain_update((part.len() as u64).to_be_bytes()).chain_update(part);
        }
        let mut key = [0; 16];
        key.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Self(key)
    }
}

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

/// Buckets of two ages.
#[derive(Debug)]
struct Halves<K> {
    young: HashMap<K, Bucket>,
    old: HashMap<K, Bucket>,
}

/// One token bucket per key.
#[derive(Debug)]
pub struct Limiter<K> {
    buckets: Mutex<Halves<K>>,
    half: usize,
}

impl<K> Default for Limiter<K> {
    fn default() -> Self {
        Self { buckets: Mutex::new(Halves { young: HashMap::new(), old: HashMap::new() }), half: HALF }
    }
}

impl<K: Hash + Eq + Copy> Limiter<K> {
    fn buckets(&self) -> MutexGuard<'_, Halves<K>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one action from the bucket of `key`; `Err` holds the seconds to wait.
    ///
    /// # Errors
    /// When the bucket is empty.
    pub fn take(&self, key: K, rate: Rate, now: Time) -> Result<(), u64> {
        let mut halves = self.buckets();
        let known = halves.young.remove(&key).or_else(|| halves.old.remove(&key));
        let mut bucket = known.unwrap_or(Bucket { left: rate.burst, at: now, rate });
        bucket.left = bucket.filled(now).min(rate.burst);
        bucket.rate = rate;
        bucket.at = now;
        let enough = bucket.left >= 1.0;
        if enough {
            bucket.left -= 1.0;
        }
        if halves.young.len() >= self.half {
            halves.old = std::mem::take(&mut halves.young);
        }
        halves.young.insert(key, bucket);
        if enough {
            return Ok(());
        }
        let wait = (1.0 - bucket.left) * 60.0 / rate.per_minute.max(0.01);
        Err(wait.ceil().max(1.0) as u64)
    }

    /// Gives the actions of `key` back: a successful sign-in forgets the failures before it.
    pub fn forget(&self, key: &K) {
        let mut halves = self.buckets();
        halves.young.remove(key);
        halves.old.remove(key);
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        let halves = self.buckets();
        halves.young.len() + halves.old.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    #[test]
    fn many_keys_are_forgotten_by_halves() {
        let limiter = Limiter { half: 100, ..Limiter::default() };
        let now = Time(0);
        for _ in 0..3 {
            limiter.take(0, RATE, now).unwrap();
        }
        for key in 1..10_000 {
            limiter.take(key, RATE, now).unwrap();
            assert!(limiter.len() <= 200, "{}", limiter.len());
            // Whoever comes again is not forgotten.
            assert!(limiter.take(0, RATE, now).is_err(), "{key}");
        }
    }

    #[test]
    fn keys_of_different_parts_differ() {
        let same = Key::of("a", &[b"b", b"c"]);
        assert_eq!(same, Key::of("a", &[b"b", b"c"]));
        let others = [
            ("a", &[b"bc" as &[u8]] as &[&[u8]]),
            ("a", &[b"b", b"", b"c"]),
            ("ab", &[b"c"]),
            ("a", &[b"b/c"]),
        ];
        for (purpose, parts) in others {
            assert_ne!(same, Key::of(purpose, parts));
        }
    }
}
