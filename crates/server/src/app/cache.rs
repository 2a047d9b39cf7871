//! Owns: what is remembered between requests, and dropping it when an event says that it is no longer true.
//! Must not know: how it was found out.

use std::sync::Arc;

use parlor_chat::TenantId;
use parlor_chat::events::{Audience, Event, EventKind};
use parlor_chat::settings::Settings;

use crate::adapters::outbound::Outbound;
use crate::auth::cache::AuthCache;
use crate::auth::keys::KeyRing;
use crate::auth::mercure_keys::MercureRing;
use crate::auth::pusher_apps::PusherApps;
use crate::ttl_cache::TtlCache;

/// Another process may change settings without our hearing of it at once.
const SETTINGS_MAX_AGE_SECONDS: i64 = 30;

/// What an event makes old of all that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stale {
    /// What people may do.
    People,
    /// The tenant's settings.
    Settings,
    /// Keys, and who came with them.
    Credentials,
    /// Nothing.
    Nothing,
}

fn stale(kind: EventKind) -> Stale {
    match kind {
        EventKind::UserUpdated
        | EventKind::MeUpdated
        | EventKind::RoleUpdated
        | EventKind::TeamUpdated
        | EventKind::StoreUpdated
        | EventKind::ContactUpdated => Stale::People,
        EventKind::SettingsUpdated => Stale::Settings,
        EventKind::CredentialEnded => Stale::Credentials,
        EventKind::MessagePosted
        | EventKind::MessageEdited
        | EventKind::MessageDeleted
        | EventKind::MessageReacted
        | EventKind::MessagePinned
        | EventKind::ConversationOpened
        | EventKind::ConversationUpdated
        | EventKind::ParticipantAdded
        | EventKind::ParticipantRemoved
        | EventKind::ParticipantUpdated
        | EventKind::Read
        | EventKind::Delivered
        | EventKind::Acknowledged
        | EventKind::MeConversation
        | EventKind::DraftSaved
        | EventKind::StatusUpdated
        | EventKind::HistoryImported
        | EventKind::HistoryPurged
        | EventKind::NotificationCreated
        | EventKind::NotificationUpdated
        | EventKind::ChannelPublished
        | EventKind::TopicPublished
        | EventKind::Presence
        | EventKind::Typing
        | EventKind::Viewing
        | EventKind::ChannelEvent
        | EventKind::Unknown => Stale::Nothing,
    }
}

/// Every event that makes something old that is remembered.
pub(crate) fn invalidating() -> Vec<EventKind> {
    let kinds = EventKind::KEPT.iter().chain(EventKind::INTERNAL).copied();
    kinds.filter(|kind| stale(*kind) != Stale::Nothing).collect()
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
    /// Empty ones; published keys of host applications are fetched by `outbound`.
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self {
            callers: Arc::default(),
            keys: Arc::new(KeyRing::new(outbound)),
            mercure: Arc::default(),
            pusher_apps: Arc::default(),
            settings: Arc::new(TtlCache::new(SETTINGS_MAX_AGE_SECONDS)),
        }
    }

    /// Drops what an event changes; answers whether other nodes may remember any of it.
    pub(crate) fn invalidate(&self, event: &Event) -> bool {
        match stale(event.kind) {
            Stale::People => self.callers.forget_tenant(event.tenant),
            Stale::Settings => self.forget_settings(event.tenant),
            Stale::Credentials => {
                self.forget_keys(event.tenant);
                match event.ended() {
                    Ok(Some(ended)) => self.callers.forget_ended(event.tenant, &ended),
                    // It may have been anybody's.
                    Ok(None) | Err(_) => self.callers.forget_tenant(event.tenant),
                }
            }
            // What cannot be read may have been any of these.
            Stale::Nothing if event.audience == Audience::Unreadable => self.forget_tenant(event.tenant),
            Stale::Nothing => return false,
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
        // With the keys stands whom their tokens must be for.
        self.keys.forget(tenant);
    }
}
