//! Owns: how many files one person sends us at once, and how many bytes a minute. In memory, of this node.
//! Must not know: what is in them, or how much may wait to be sent.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_chat::{PersonId, RowId, TenantId, Time};

/// UploadLimits of one person at once: the files of one message.
const AT_ONCE: usize = 10;
/// Above this many people those who rest are forgotten.
const SWEEP_AT: usize = 10_000;

/// Files that somebody is looking into: one look at each is enough.
#[derive(Debug, Default)]
pub(crate) struct Confirming {
    files: Mutex<HashSet<RowId>>,
}

/// A look that goes on as long as this lives.
#[derive(Debug)]
pub(crate) struct Look {
    confirming: Arc<Confirming>,
    file: RowId,
}

impl Confirming {
    /// `None` when somebody is at it already.
    pub(crate) fn begin(self: &Arc<Self>, file: RowId) -> Option<Look> {
        let first = self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(file);
        first.then(|| Look { confirming: self.clone(), file })
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.confirming.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.file);
    }
}

type Who = (TenantId, PersonId);

/// Everybody's uploads.
#[derive(Debug, Default)]
pub struct UploadLimits {
    people: Mutex<HashMap<Who, Allowance>>,
}

/// One person's.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    open: usize,
    /// Bytes that may come before the person has to wait; less than none after a large file.
    left: f64,
    at: Time,
}

impl Allowance {
    fn fill(&mut self, per_minute: f64, now: Time) {
        let seconds = (now.micros() - self.at.micros()).max(0) as f64 / 1e6;
        self.left = (self.left + seconds * per_minute / 60.0).min(per_minute);
        self.at = now;
    }
}

/// An upload that goes on as long as this lives.
#[derive(Debug)]
pub(crate) struct Turn {
    uploads: Arc<UploadLimits>,
    who: Who,
}

impl UploadLimits {
    fn people(&self) -> MutexGuard<'_, HashMap<Who, Allowance>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one; `Err` holds the seconds to wait. `megabytes` a minute may come, 0 is without limit.
    pub(crate) fn begin(self: &Arc<Self>, who: Who, megabytes: i64, now: Time) -> Result<Turn, u64> {
        let per_minute = if megabytes > 0 { megabytes as f64 * 1e6 } else { f64::MAX };
        let mut people = self.people();
        if people.len() >= SWEEP_AT {
            people.retain(|_, one| one.open > 0 || now < one.at.plus_seconds(60) || one.left < 0.0);
        }
        let one = people.entry(who).or_insert(Allowance { open: 0, left: per_minute, at: now });
        one.fill(per_minute, now);
        if one.open >= AT_ONCE {
            return Err(1);
        }
        if one.left <= 0.0 {
            return Err((-one.left * 60.0 / per_minute).ceil().max(1.0) as u64);
        }
        one.open += 1;
        Ok(Turn { uploads: self.clone(), who })
    }
}

impl Turn {
    /// So many bytes more have come.
    pub(crate) fn took(&self, bytes: usize) {
        if let Some(one) = self.uploads.people().get_mut(&self.who) {
            one.left -= bytes as f64;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(one) = self.uploads.people().get_mut(&self.who) {
            one.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_with_time_and_turns_with_their_end() {
        let uploads = Arc::new(UploadLimits::default());
        let who = |n| (TenantId(uuid::Uuid::nil()), PersonId(uuid::Uuid::from_u128(n)));
        let start = Time(0);
        let turns: Vec<_> = (0..AT_ONCE).map(|_| uploads.begin(who(1), 6, start).unwrap()).collect();
        assert_eq!(uploads.begin(who(1), 6, start).unwrap_err(), 1);
        assert!(uploads.begin(who(2), 6, start).is_ok(), "people are apart");
        turns[0].took(7_000_000);
        drop(turns);
        assert_eq!(uploads.begin(who(1), 6, start).unwrap_err(), 10, "one megabyte too many, six a minute");
        assert!(uploads.begin(who(1), 6, start.plus_seconds(11)).is_ok());
        assert!(uploads.begin(who(3), 0, start).is_ok_and(|turn| {
            turn.took(usize::MAX);
            uploads.begin(who(3), 0, start).is_ok()
        }));
    }
}
