//! Owns: who the recently seen tokens belong to, so that a request costs no query to know its caller.
//! Must not know: how a token is checked. Entries are dropped by events and live a minute at most.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_chat::credentials::{Ended, Root};
use parlor_chat::{Actor, TenantId, Time};

/// Longest life of an entry.
const MAX_AGE_SECONDS: i64 = 60;
/// More tokens than this are not remembered.
const MAX_ENTRIES: usize = 50_000;

/// How a caller proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A token that the host application signed.
    HostToken,
    /// A key of a server.
    ApiKey,
    /// The cookie of a sign-in: calls that change something need the CSRF header.
    Cookie,
}

/// A caller that has been checked.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who.
    pub actor: Arc<Actor>,
    /// By what.
    pub means: Means,
    /// When the token ends.
    pub expires: Option<Time>,
    /// Names the token among connections.
    pub tag: u64,
    /// What the token rests on.
    pub root: Root,
    /// When the actor was read.
    pub loaded: Time,
}

type Digest = [u8; 32];

/// Callers by the digest of their token.
#[derive(Debug, Default)]
pub struct Callers {
    entries: Mutex<HashMap<Digest, Known>>,
    generation: AtomicU64,
}

impl Callers {
    fn entries(&self) -> MutexGuard<'_, HashMap<Digest, Known>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller with this token, if it was checked a short time ago and has not ended.
    #[must_use]
    pub fn get(&self, digest: &Digest, now: Time) -> Option<Known> {
        let known = self.entries().get(digest)?.clone();
        let fresh = now < known.loaded.plus_seconds(MAX_AGE_SECONDS);
        let valid = known.expires.is_none_or(|end| now < end);
        (fresh && valid).then_some(known)
    }

    /// To be read before the caller is: an answer older than an invalidation is not remembered.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Remembers a caller that was read after `generation`.
    pub fn put(&self, digest: Digest, known: Known, generation: u64) {
        let mut entries = self.entries();
        if self.generation() != generation {
            return;
        }
        if entries.len() >= MAX_ENTRIES {
            let now = known.loaded;
            entries.retain(|_, entry| now < entry.loaded.plus_seconds(MAX_AGE_SECONDS));
            // Not one by one: walking them all for every newcomer would cost more than asking again.
            if entries.len() >= MAX_ENTRIES / 10 * 9 {
                entries.clear();
            }
        }
        entries.insert(digest, known);
    }

    /// The tenants of which somebody is remembered.
    #[must_use]
    pub fn tenants(&self) -> HashSet<TenantId> {
        self.entries().values().map(|entry| entry.actor.tenant).collect()
    }

    /// Forgets whoever came with what was lost.
    pub fn forget_ended(&self, tenant: TenantId, ended: &Ended) {
        let mut entries = self.entries();
        self.generation.fetch_add(1, Ordering::SeqCst);
        entries.retain(|_, entry| {
            let tags = [entry.tag, entry.root.tag()];
            entry.actor.tenant != tenant || !ended.ends(&tags, Some(entry.actor.id()))
        });
    }

    /// Forgets everybody of a tenant: somebody's rights changed.
    pub fn forget_tenant(&self, tenant: TenantId) {
        let mut entries = self.entries();
        self.generation.fetch_add(1, Ordering::SeqCst);
        entries.retain(|_, entry| entry.actor.tenant != tenant);
    }
}
