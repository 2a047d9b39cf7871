//! Owns: what is remembered between requests, and dropping it when an event says that it is no longer true.
//! Must not know: how it was found out.

use std::sync::Arc;

use parlor_chat::TenantId;
use parlor_chat::credentials::{self, Ended};
use parlor_chat::events::Event;
use parlor_chat::settings::Settings;

use crate::auth::cache::AuthCache;
use crate::auth::keys::KeyRing;
use crate::auth::mercure_keys::MercureRing;
use crate::auth::pusher_apps::PusherApps;
use crate::ttl_cache::TtlCache;

/// Another process may change settings without our hearing of it at once.
const SETTINGS_MAX_AGE_SECONDS: i64 = 30;

/// Events that change what people may do.
const PEOPLE: [&str; 6] =
    ["user.updated", "me.updated", "role.updated", "team.updated", "store.updated", "contact.updated"];

/// Every event that makes something old that is remembered.
pub(crate) fn invalidating() -> Vec<String> {
    PEOPLE.iter().copied().chain(["settings.updated", credentials::ENDED]).map(str::to_owned).collect()
}

/// What is remembered, shared with the thread that commits.
#[derive(Clone, Debug)]
pub struct Caches {
    /// Recently seen tokens.
    pub callers: Arc<AuthCache>,
    /// Keys of host applications.
    pub keys: Arc<KeyRing>,
    /// Keys of Mercure publishers and subscribers.
    pub(crate) mercure: Arc<MercureRing>,
    /// Applications of the Pusher protocol.
    pub(crate) pusher_apps: Arc<PusherApps>,
    /// The settings in force, by tenant.
    pub settings: Arc<TtlCache<TenantId, Arc<Settings>>>,
}

impl Caches {
    /// Empty ones; `private` lets keys of host applications be fetched from private networks.
    pub(crate) fn new(private: bool) -> Self {
        Self {
            callers: Arc::default(),
            keys: Arc::new(KeyRing::new(private)),
            mercure: Arc::default(),
            pusher_apps: Arc::default(),
            settings: Arc::new(TtlCache::new(SETTINGS_MAX_AGE_SECONDS)),
        }
    }

    /// Drops what an event changes; answers whether other nodes may remember any of it.
    pub(crate) fn invalidate(&self, event: &Event) -> bool {
        match event.kind.as_str() {
            "settings.updated" => self.forget_settings(event.tenant),
            kind if PEOPLE.contains(&kind) => self.callers.forget_tenant(event.tenant),
            _ => match Ended::of(event) {
                Some(ended) => {
                    self.forget_keys(event.tenant);
                    self.callers.forget_ended(event.tenant, &ended);
                }
                None => return false,
            },
        }
        true
    }

    /// Another process changed people, keys or settings of the tenant.
    pub(crate) fn forget_tenant(&self, tenant: TenantId) {
        self.callers.forget_tenant(tenant);
        self.forget_settings(tenant);
        self.forget_keys(tenant);
    }

    /// Keys of the tenant's host applications were added or removed.
    pub fn forget_keys(&self, tenant: TenantId) {
        self.keys.forget(tenant);
        self.mercure.forget(tenant);
        self.pusher_apps.forget(tenant);
    }

    fn forget_settings(&self, tenant: TenantId) {
        self.settings.forget(|known, _| *known == tenant);
    }
}
