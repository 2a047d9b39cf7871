//! Owns: the keys of each tenant's host application, read from the database and from published documents.
//! Must not know: tokens or requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{RowId, TenantId, Time};

use super::jwt::HostKey;

/// How long keys are believed without looking again.
const MAX_AGE_SECONDS: i64 = 30;
/// How long a published document is believed, and how soon it may be fetched again for an unknown key.
const DOCUMENT_AGE_SECONDS: i64 = 600;
const DOCUMENT_RETRY_SECONDS: i64 = 30;
const DOCUMENT_MAX_BYTES: u64 = 256 * 1024;

/// A tenant and the keys that its tokens may be signed with.
#[derive(Debug)]
pub struct TenantKeys {
    /// The tenant.
    pub tenant: Tenant,
    /// Its keys.
    pub keys: Vec<HostKey>,
    /// The stored keys whose published documents no longer have a key that they had.
    pub withdrawn: Vec<RowId>,
    loaded: Time,
}

/// The keys in memory.
#[derive(Debug, Default)]
pub struct KeyRing {
    tenants: Mutex<HashMap<String, Arc<TenantKeys>>>,
    documents: Mutex<HashMap<String, (Time, Vec<HostKey>)>>,
}

impl KeyRing {
    /// The keys of the tenant when they were read a short time ago.
    #[must_use]
    pub fn get(&self, slug: &str, now: Time) -> Option<Arc<TenantKeys>> {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tenants.get(slug)?;
        (now < found.loaded.plus_seconds(MAX_AGE_SECONDS)).then(|| found.clone())
    }

    /// Keys of the tenant were added or removed.
    pub fn forget(&self, tenant: TenantId) {
        let mut known = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, keys| keys.tenant.id != tenant);
    }

    /// Reads stored keys and remembers them. `extra` is the secret from the environment.
    pub async fn put(
        self: &Arc<Self>,
        tenant: Tenant,
        stored: Vec<tenants::HostKey>,
        extra: Option<HostKey>,
        now: Time,
    ) -> Arc<TenantKeys> {
        let (mut keys, mut withdrawn) = (extra.into_iter().collect::<Vec<_>>(), Vec::new());
        for key in stored {
            if key.kind == "jwks_url" {
                let before = self.remembered(&key.secret);
                let found = self.published(key.secret, now).await;
                if before.iter().any(|old| !found.iter().any(|new| new.root() == old.root())) {
                    withdrawn.push(key.id);
                }
                keys.extend(found.into_iter().map(|found| found.stored(key.id)));
            } else {
                let found = parse(&key.kind, key.kid, &key.secret).unwrap_or_default();
                keys.extend(found.into_iter().map(|found| found.stored(key.id)));
            }
        }
        let slug = tenant.slug.clone();
        let found = Arc::new(TenantKeys { tenant, keys, withdrawn, loaded: now });
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(slug, found.clone());
        found
    }

    fn remembered(&self, url: &str) -> Vec<HostKey> {
        let documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.get(url).map(|(_, keys)| keys.clone()).unwrap_or_default()
    }

    /// The keys of a published document; the old ones while it cannot be fetched.
    async fn published(self: &Arc<Self>, url: String, now: Time) -> Vec<HostKey> {
        let old = self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(&url).cloned();
        if let Some((at, keys)) = &old {
            let age = if keys.is_empty() { DOCUMENT_RETRY_SECONDS } else { DOCUMENT_AGE_SECONDS };
            if now < at.plus_seconds(age) {
                return keys.clone();
            }
        }
        let address = url.clone();
        let fetched = tokio::task::spawn_blocking(move || fetch(&address)).await.ok().flatten();
        let keys = match fetched {
            Some(keys) => keys,
            None => {
                tracing::warn!(url, "the keys of a host application cannot be fetched");
                old.map(|(_, keys)| keys).unwrap_or_default()
            }
        };
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).insert(url, (now, keys.clone()));
        keys
    }
}

/// Reads a stored key: `hs256`, `pem` (the key tells its algorithm) or `jwks`.
#[must_use]
pub fn parse(kind: &str, kid: Option<String>, secret: &str) -> Option<Vec<HostKey>> {
    match kind {
        "hs256" => (!secret.is_empty()).then(|| vec![HostKey::secret(kid, secret.as_bytes())]),
        "pem" => ["RS256", "ES256", "EdDSA"]
            .iter()
            .find_map(|algorithm| HostKey::pem(kid.clone(), algorithm, secret.as_bytes()))
            .map(|key| vec![key]),
        "jwks" => HostKey::jwks(secret).filter(|keys| !keys.is_empty()),
        _ => None,
    }
}

/// Fetches a published document.
#[must_use]
pub fn fetch(url: &str) -> Option<Vec<HostKey>> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .max_redirects(2)
        .build()
        .into();
    let mut response = agent.get(url).call().ok()?;
    let text = response.body_mut().with_config().limit(DOCUMENT_MAX_BYTES).read_to_string().ok()?;
    HostKey::jwks(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_finds_its_algorithm() {
        for pem in ["rs256", "es256", "eddsa"] {
            let path = format!("{}/tests/fixtures/{pem}.pub.pem", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            let keys = parse("pem", None, &text).unwrap();
            assert!(format!("{keys:?}").to_lowercase().contains(pem), "{keys:?}");
        }
        assert!(parse("pem", None, "junk").is_none());
        assert!(parse("hs256", None, "").is_none());
        assert!(parse("jwks", None, "{}").is_none());
    }
}
