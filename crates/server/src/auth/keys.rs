//! Owns: the keys of each tenant's host application, read from the database and from published documents.
//! Must not know: tokens or requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::host_keys::{self, KeyKind, Purpose};
use parlor_chat::tenants::Tenant;
use parlor_chat::{RowId, TenantId, Time};
use reqwest::Method;

use crate::adapters::outbound::{self, Busy, Failure, Outbound, Turns};
use crate::auth::jwt::HostKey;
use crate::ttl_cache::TtlCache;

/// How long keys are believed without looking again.
const MAX_AGE_SECONDS: i64 = 30;
/// How long a published document is believed, and how soon it may be fetched again for an unknown key.
const DOCUMENT_AGE_SECONDS: i64 = 600;
const DOCUMENT_RETRY_SECONDS: i64 = 30;
const DOCUMENT_MAX_BYTES: usize = 256 * 1024;
/// Documents fetched at once, and those of one tenant.
const FETCHES: usize = 16;
const FETCHES_OF_TENANT: usize = 2;

/// A tenant and the keys that its tokens may be signed with.
#[derive(Debug)]
pub struct TenantKeys {
    /// The tenant.
    pub tenant: Tenant,
    /// Its keys.
    pub keys: Vec<HostKey>,
    /// What its tokens must name in `aud`; empty when that is not looked at.
    pub audience: String,
    /// The stored keys whose published documents no longer have a key that they had.
    pub withdrawn: Vec<RowId>,
}

/// The keys in memory.
#[derive(Debug)]
pub struct KeyRing {
    tenants: TtlCache<String, Arc<TenantKeys>>,
    documents: Mutex<HashMap<String, Arc<Document>>>,
    outbound: Outbound,
    turns: Turns,
}

/// A published document: when it was fetched, and its keys. Who needs it while it is fetched waits for that.
type Document = tokio::sync::Mutex<Option<(Time, Vec<HostKey>)>>;

impl KeyRing {
    /// An empty one; documents are fetched by `outbound`.
    #[must_use]
    pub(crate) fn new(outbound: Outbound) -> Self {
        let (tenants, documents) = (TtlCache::new(MAX_AGE_SECONDS), Mutex::default());
        Self { tenants, documents, outbound, turns: Turns::new(FETCHES, FETCHES_OF_TENANT) }
    }

    /// Fetches a document, when the tenant's turn comes.
    pub(crate) async fn fetch(
        &self,
        tenant: TenantId,
        url: &str,
    ) -> Result<Result<Vec<HostKey>, Unusable>, Busy> {
        let _turn = self.turns.take(tenant).await?;
        Ok(fetch(&self.outbound, url).await)
    }

    /// The keys of the tenant when they were read a short time ago.
    #[must_use]
    pub fn get(&self, slug: &str, now: Time) -> Option<Arc<TenantKeys>> {
        self.tenants.get(slug, now)
    }

    /// To be taken before stored keys are read.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.tenants.generation()
    }

    /// Keys of the tenant were added or removed.
    pub fn forget(&self, tenant: TenantId) {
        self.tenants.forget(|_, keys| keys.tenant.id == tenant);
    }

    /// Parses keys that were read after `generation` and remembers them. `extra` is the secret from the environment.
    pub async fn put(
        self: &Arc<Self>,
        (tenant, audience): (Tenant, String),
        stored: Vec<host_keys::HostKey>,
        extra: Option<HostKey>,
        now: Time,
        generation: u64,
    ) -> Arc<TenantKeys> {
        let (mut keys, mut withdrawn) = (extra.into_iter().collect::<Vec<_>>(), Vec::new());
        for key in stored.into_iter().filter(|key| key.purpose == Purpose::Host) {
            if key.kind == KeyKind::JwksUrl {
                let (before, found) = self.published(tenant.id, key.secret, now).await;
                if before.iter().any(|old| !found.iter().any(|new| new.root() == old.root())) {
                    withdrawn.push(key.id);
                }
                keys.extend(found.into_iter().map(|found| found.stored(key.id)));
            } else {
                keys.extend(read_stored(&key));
            }
        }
        let slug = tenant.slug.clone();
        let found = Arc::new(TenantKeys { tenant, keys, audience, withdrawn });
        self.tenants.put(slug, found.clone(), now, generation);
        found
    }

    /// The keys of a published document as they were known, and as they are; the old ones while it cannot be fetched.
    async fn published(
        self: &Arc<Self>,
        tenant: TenantId,
        url: String,
        now: Time,
    ) -> (Vec<HostKey>, Vec<HostKey>) {
        let document = {
            let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            documents.entry(url.clone()).or_default().clone()
        };
        let mut known = document.lock().await;
        if let Some((at, keys)) = &*known {
            let age = if keys.is_empty() { DOCUMENT_RETRY_SECONDS } else { DOCUMENT_AGE_SECONDS };
            if now < at.plus_seconds(age) {
                return (keys.clone(), keys.clone());
            }
        }
        let before = known.take().map(|(_, keys)| keys).unwrap_or_default();
        let keys = match self.fetch(tenant, &url).await {
            Ok(Ok(keys)) => keys,
            failed => {
                // An address may hold a secret: only where it leads is named.
                let host = outbound::host_of(&url);
                tracing::warn!(host, ?failed, "the keys of a host application cannot be fetched");
                before.clone()
            }
        };
        *known = Some((now, keys.clone()));
        (before, keys)
    }
}

/// Reads a stored key. A PEM tells its algorithm; what is at an address is not read here.
#[must_use]
pub fn parse(kind: KeyKind, kid: Option<String>, secret: &str) -> Option<Vec<HostKey>> {
    match kind {
        KeyKind::Hs256 => (!secret.is_empty()).then(|| vec![HostKey::secret(kid, secret.as_bytes())]),
        KeyKind::Pem => ["RS256", "ES256", "EdDSA"]
            .iter()
            .find_map(|algorithm| HostKey::pem(kid.clone(), algorithm, secret.as_bytes()))
            .map(|key| vec![key]),
        KeyKind::Jwks => HostKey::jwks(secret).filter(|keys| !keys.is_empty()),
        KeyKind::JwksUrl => None,
    }
}

/// The keys of a row. It was read when it was stored: one that cannot be read now serves nobody, and the log says so.
pub(super) fn read_stored(key: &host_keys::HostKey) -> Vec<HostKey> {
    let found = parse(key.kind, key.kid.clone(), &key.secret);
    if found.is_none() {
        let (id, kind) = (key.id, host_keys::label(key.purpose, key.kind));
        tracing::error!(%id, kind, "a stored key cannot be read: no token signed with it is accepted");
    }
    found.into_iter().flatten().map(|found| found.stored(key.id)).collect()
}

/// Why a document gives no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It would have to be fetched without TLS.
    Insecure,
    /// It is in a private network.
    Private,
    /// Nothing, or no keys, came from there.
    Unreachable,
}

/// Fetches a published document, from private networks and without TLS only where that is allowed.
///
/// # Errors
/// When it gives no keys.
pub(crate) async fn fetch(outbound: &Outbound, url: &str) -> Result<Vec<HostKey>, Unusable> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !(scheme.as_deref() == Some("https") || (outbound.private() && scheme.as_deref() == Some("http"))) {
        return Err(Unusable::Insecure);
    }
    let failed = |failure| match failure {
        Failure::Private => Unusable::Private,
        Failure::Unreachable(_) | Failure::TooLong(_) => Unusable::Unreachable,
    };
    let request = outbound.named(Method::GET, url).map_err(failed)?;
    let answer = outbound::send(request).await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(Unusable::Unreachable);
    }
    let body = outbound::body(answer, DOCUMENT_MAX_BYTES).await.map_err(failed)?;
    let keys = std::str::from_utf8(&body).ok().and_then(HostKey::jwks).filter(|keys| !keys.is_empty());
    keys.ok_or(Unusable::Unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_finds_its_algorithm() {
        for pem in ["rs256", "es256", "eddsa"] {
            let path = format!("{}/tests/fixtures/{pem}.pub.pem", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            let keys = parse(KeyKind::Pem, None, &text).unwrap();
            assert!(format!("{keys:?}").to_lowercase().contains(pem), "{keys:?}");
        }
        assert!(parse(KeyKind::Pem, None, "junk").is_none());
        assert!(parse(KeyKind::Hs256, None, "").is_none());
        assert!(parse(KeyKind::Jwks, None, "{}").is_none());
    }
}
