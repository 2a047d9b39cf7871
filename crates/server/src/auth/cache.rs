//! Owns: who the recently seen tokens belong to, so that a request costs no query to know its caller.
//! Must not know: how a token is checked. Entries are dropped by events and live a minute at most.

use std::collections::HashSet;
use std::sync::Arc;

use parlor_chat::credentials::{Ended, Root};
use parlor_chat::{Actor, TenantId, Time};

use crate::ttl_cache::TtlCache;

/// Longest life of an entry.
const MAX_AGE_SECONDS: i64 = 60;

/// How a caller proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// A token that the host application signed.
    HostToken,
    /// A key of a server.
    ApiKey,
    /// The cookie of a sign-in: calls that change something need the CSRF header.
    Cookie,
}

/// A caller that has been checked.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The person, with the rights that held when it was read.
    pub actor: Arc<Actor>,
    /// How the person proved it.
    pub method: AuthMethod,
    /// When the token ends.
    pub expires: Option<Time>,
    /// Names the token among connections.
    pub session_tag: u64,
    /// What the token rests on.
    pub root: Root,
    /// When the actor was read.
    pub loaded: Time,
}

type Digest = [u8; 32];

/// Callers by the digest of their token.
#[derive(Debug)]
pub struct AuthCache(TtlCache<Digest, Authenticated>);

impl Default for AuthCache {
    fn default() -> Self {
        Self(TtlCache::new(MAX_AGE_SECONDS))
    }
}

impl AuthCache {
    /// The caller with this token, if it was checked a short time ago and has not ended.
    #[must_use]
    pub fn get(&self, digest: &Digest, now: Time) -> Option<Authenticated> {
        self.0.get(digest, now).filter(|known| known.expires.is_none_or(|end| now < end))
    }

    /// To be read before the caller is: an answer older than an invalidation is not remembered.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// Remembers a caller that was read after `generation`.
    pub fn put(&self, digest: Digest, known: Authenticated, generation: u64) {
        let loaded = known.loaded;
        self.0.put(digest, known, loaded, generation);
    }

    /// The tenants of which somebody is remembered.
    #[must_use]
    pub fn tenants(&self) -> HashSet<TenantId> {
        self.0.map(|known| known.actor.tenant)
    }

    /// Forgets whoever came with what was lost.
    pub fn forget_ended(&self, tenant: TenantId, ended: &Ended) {
        self.0.forget(|_, known| {
            let tags = [known.session_tag, known.root.tag()];
            known.actor.tenant == tenant && ended.ends(&tags, Some(known.actor.id()))
        });
    }

    /// Forgets everybody of a tenant: somebody's rights changed.
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.0.forget(|_, known| known.actor.tenant == tenant);
    }
}
