//! Owns: what is remembered between requests, and dropping it when an event says that it is no longer true.
//! Must not know: how it was found out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::credentials::{self, Ended};
use parlor_chat::events::Event;
use parlor_chat::settings::Settings;
use parlor_chat::{TenantId, Time};

use crate::auth::cache::Callers;
use crate::auth::keys::KeyRing;
use crate::auth::mercure::MercureRing;
use crate::transport::pusher::Applications;

/// The settings in force, by tenant, and when they were read.
pub(super) type TenantSettings = Mutex<HashMap<TenantId, (Time, Arc<Settings>)>>;

/// Events that change what people may do.
const PEOPLE: [&str; 6] =
    ["user.updated", "me.updated", "role.updated", "team.updated", "store.updated", "contact.updated"];

/// Every event that makes something old that is remembered.
pub(super) fn telling() -> Vec<String> {
    PEOPLE.iter().copied().chain(["settings.updated", credentials::ENDED]).map(str::to_owned).collect()
}

/// What is remembered, shared with the thread that commits.
#[derive(Clone, Debug)]
pub struct Caches {
    /// Recently seen tokens.
    pub callers: Arc<Callers>,
    /// Keys of host applications.
    pub keys: Arc<KeyRing>,
    /// Keys of Mercure publishers and subscribers.
    pub mercure: Arc<MercureRing>,
    /// Applications of the Pusher protocol.
    pub(crate) applications: Arc<Applications>,
    pub(super) settings: Arc<TenantSettings>,
}

impl Caches {
    /// Empty ones; `private` lets keys of host applications be fetched from private networks.
    pub(super) fn new(private: bool) -> Self {
        Self {
            callers: Arc::default(),
            keys: Arc::new(KeyRing::new(private)),
            mercure: Arc::default(),
            applications: Arc::default(),
            settings: Arc::default(),
        }
    }

    /// Drops what an event changes; answers whether other nodes may remember any of it.
    pub(super) fn forget_stale(&self, event: &Event) -> bool {
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
    pub(super) fn forget_tenant(&self, tenant: TenantId) {
        self.callers.forget_tenant(tenant);
        self.forget_settings(tenant);
        self.forget_keys(tenant);
    }

    /// Keys of the tenant's host applications were added or removed.
    pub fn forget_keys(&self, tenant: TenantId) {
        self.keys.forget(tenant);
        self.mercure.forget(tenant);
        self.applications.forget(tenant);
    }

    fn forget_settings(&self, tenant: TenantId) {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}
