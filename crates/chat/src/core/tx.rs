//! The transaction as the domain sees it: the database's, with the time and a source of ids. Owns no SQL.

use parlor_db as db;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use uuid::{Builder, Uuid};

use crate::{sealing::KeyRing, settings::Settings, time::Time};

/// A running transaction. The time stands still in it; the same seed gives the same ids, so that it can be run again.
pub struct Tx<'a> {
    pub(crate) db: &'a mut db::Tx,
    /// The time of the operation.
    pub now: Time,
    /// What holds where the tenant has set nothing: the environment's values, else the declared defaults.
    pub defaults: &'a Settings,
    /// The keys that seal secrets.
    pub(crate) keys: &'a dyn KeyRing,
    rng: StdRng,
}

impl<'a> Tx<'a> {
    /// Wraps the database's transaction. `seed` comes from the operating system's randomness.
    pub fn new(
        db: &'a mut db::Tx,
        now: Time,
        seed: [u8; 32],
        defaults: &'a Settings,
        keys: &'a dyn KeyRing,
    ) -> Tx<'a> {
        Tx { db, now, defaults, keys, rng: StdRng::from_seed(seed) }
    }

    /// A new UUIDv7 of this time (RFC 9562), with the microseconds in `rand_a` (6.2, method 3): lists by id are in the
    /// order of time.
    pub fn id(&mut self) -> Uuid {
        let micros = u64::try_from(self.now.0).unwrap_or(0);
        let millis = micros / 1000;
        let mut random = [0; 10];
        self.rng.fill_bytes(&mut random);
        // The version takes the upper half of the first byte.
        let [upper, lower] = u16::try_from(micros % 1000 * 4).unwrap_or(0).to_be_bytes();
        (random[0], random[1]) = (upper, lower);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A random positive number.
    pub fn number(&mut self) -> i64 {
        self.rng.random_range(1..i64::MAX)
    }
}
