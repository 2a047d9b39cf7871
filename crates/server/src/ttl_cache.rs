//! Owns: values that are believed for some seconds. Must not know: what they are.
//!
//! A reader takes the `generation` before it reads, and gives it back with the value: what was read before something was
//! forgotten is not put, or a change that came in between would stay unseen for the life of the entry.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use parlor_chat::Time;

/// More entries than this are not kept.
const MAX_ENTRIES: usize = 50_000;

/// A cache whose entries live a number of seconds at most.
#[derive(Debug)]
pub struct TtlCache<K, V> {
    seconds: i64,
    state: Mutex<State<K, V>>,
}

#[derive(Debug)]
struct State<K, V> {
    generation: u64,
    entries: HashMap<K, (Time, V)>,
}

impl<K: Eq + Hash, V: Clone> TtlCache<K, V> {
    /// An empty one; entries live so many seconds.
    #[must_use]
    pub fn new(seconds: i64) -> Self {
        Self { seconds, state: Mutex::new(State { generation: 0, entries: HashMap::new() }) }
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, if it was put a short time ago.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Time) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let state = self.state();
        let (at, value) = state.entries.get(key)?;
        // A clock that goes back makes nothing live longer.
        (*at <= now && now < at.plus_seconds(self.seconds)).then(|| value.clone())
    }

    /// To be taken before the value is read.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Keeps a value that was read at this time, after this generation was taken.
    pub fn put(&self, key: K, value: V, read_at: Time, generation: u64) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        if state.entries.len() >= MAX_ENTRIES {
            let seconds = self.seconds;
            state.entries.retain(|_, (at, _)| read_at < at.plus_seconds(seconds));
            // Not one by one: walking them all for every newcomer would cost more than reading again.
            if state.entries.len() >= MAX_ENTRIES / 10 * 9 {
                state.entries.clear();
            }
        }
        state.entries.insert(key, (read_at, value));
    }

    /// Forgets the entries of which this holds.
    pub fn forget(&self, stale: impl Fn(&K, &V) -> bool) {
        let mut state = self.state();
        state.generation += 1;
        state.entries.retain(|key, (_, value)| !stale(key, value));
    }

    /// Something of every value that is kept.
    pub fn map<T, C: FromIterator<T>>(&self, of: impl Fn(&V) -> T) -> C {
        self.state().entries.values().map(|(_, value)| of(value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_end_with_their_time() {
        let cache = TtlCache::new(30);
        cache.put("a".to_owned(), 1, Time(0), cache.generation());
        assert_eq!(cache.get("a", Time(0).plus_seconds(29)), Some(1));
        assert_eq!(cache.get("a", Time(0).plus_seconds(30)), None);
        assert_eq!(cache.get("a", Time(-1)), None, "put in the future");
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let cache = TtlCache::new(30);
        let before = cache.generation();
        cache.forget(|_: &String, _| true);
        cache.put("a".to_owned(), 1, Time(0), before);
        assert_eq!(cache.get("a", Time(0)), None);
    }

    #[test]
    fn only_what_is_stale_is_forgotten() {
        let cache = TtlCache::new(30);
        for n in 0..4 {
            cache.put(n, n, Time(0), cache.generation());
        }
        cache.forget(|key, _| key % 2 == 0);
        let mut left: Vec<i32> = cache.map(|value| *value);
        left.sort_unstable();
        assert_eq!(left, [1, 3]);
    }

    #[test]
    fn many_entries_do_not_fill_the_memory() {
        let cache = TtlCache::new(30);
        for n in 0..MAX_ENTRIES * 2 {
            cache.put(n, (), Time(0), cache.generation());
        }
        assert!(cache.map::<_, Vec<()>>(|()| ()).len() <= MAX_ENTRIES);
    }
}
