//! Owns: the keys of Mercure publishers and subscribers, by tenant: those among the options and the stored ones.
//! Must not know: tokens, topics, or what a token is used for.

use std::sync::Arc;

use parlor_chat::host_keys::{self, Purpose};
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, TenantId};

use crate::auth::jwt::HostKey;
use crate::auth::keys;
use crate::config::MercureArgs;
use crate::database::Database;
use crate::ttl_cache::TtlCache;

/// How long keys are believed without looking again.
const MAX_AGE_SECONDS: i64 = 30;

/// Whose key a token must be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends updates.
    Publisher,
    /// Receives them.
    Subscriber,
}

/// A tenant's keys.
#[derive(Debug)]
pub struct MercureKeys {
    /// The tenant.
    pub tenant: Tenant,
    publishers: Vec<HostKey>,
    subscribers: Vec<HostKey>,
}

/// The keys in memory.
#[derive(Debug)]
pub(crate) struct MercureRing(TtlCache<String, Arc<MercureKeys>>);

impl Default for MercureRing {
    fn default() -> Self {
        Self(TtlCache::new(MAX_AGE_SECONDS))
    }
}

impl MercureRing {
    /// The tenant with this slug and its keys; `options` are those of the default tenant.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn of(
        &self,
        db: &Database,
        slug: &str,
        options: &MercureArgs,
    ) -> Result<Arc<MercureKeys>, Error> {
        let (now, generation) = (db.now(), self.0.generation());
        if let Some(known) = self.0.get(slug, now) {
            return Ok(known);
        }
        let wanted = slug.to_owned();
        let read = db.read_plain(move |tx| {
            let tenant = tenants::by_slug(tx, &wanted)?;
            let stored = host_keys::all(tx, tenant.id)?;
            Ok((tenant, stored))
        });
        let (tenant, stored) = read.await?;
        let mut found = MercureKeys { tenant, publishers: Vec::new(), subscribers: Vec::new() };
        if slug == tenants::DEFAULT_SLUG {
            found.add_options(options);
        }
        stored.iter().for_each(|key| found.add_stored(key));
        let found = Arc::new(found);
        self.0.put(slug.to_owned(), found.clone(), now, generation);
        Ok(found)
    }

    /// Keys of the tenant were added or removed.
    pub fn forget(&self, tenant: TenantId) {
        self.0.forget(|_, keys| keys.tenant.id == tenant);
    }
}

impl MercureKeys {
    pub(crate) fn of(&self, role: Role) -> &[HostKey] {
        match role {
            Role::Publisher => &self.publishers,
            Role::Subscriber => &self.subscribers,
        }
    }

    fn add_options(&mut self, options: &MercureArgs) {
        let named = |key: &Option<String>, algorithm: &str| {
            let key = key.as_deref().filter(|key| !key.is_empty());
            match key {
                Some(key) => HostKey::of(algorithm, key.as_bytes()),
                None => {
                    let secret = options.jwt_secret.as_deref().filter(|secret| !secret.is_empty());
                    secret.map(|secret| HostKey::secret(None, secret.as_bytes()))
                }
            }
        };
        self.publishers.extend(named(&options.publisher_key, &options.publisher_algorithm));
        self.subscribers.extend(named(&options.subscriber_key, &options.subscriber_algorithm));
    }

    fn add_stored(&mut self, key: &host_keys::HostKey) {
        match key.purpose {
            Purpose::Host => {}
            Purpose::Mercure => {
                let found = keys::read_stored(key);
                self.publishers.extend(found.iter().cloned());
                self.subscribers.extend(found);
            }
            Purpose::MercurePublisher => self.publishers.extend(keys::read_stored(key)),
            Purpose::MercureSubscriber => self.subscribers.extend(keys::read_stored(key)),
        }
    }
}
