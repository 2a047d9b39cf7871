//! Who is calling. Nothing here knows what a caller may do: that is the domain's.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_chat::credential_check;
use parlor_chat::credentials::{Ended, Root, tag};
use parlor_chat::host_keys;
use parlor_chat::provisioning;
use parlor_chat::provisioning::HostClaims;
use parlor_chat::settings;
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Actor, Error, PersonId, PersonKind, TenantId, Tx, api_keys, contacts, sessions, users};
use parlor_realtime::Hub;

use crate::app::cache::Caches;
use crate::config::ServeArgs;
use crate::database::Database;

pub mod cache;
pub mod invitation;
pub mod jwt;
pub mod keys;
pub mod limiter;
pub mod mercure;
pub(crate) mod mercure_keys;
pub mod password;
pub(crate) mod pusher_apps;
pub mod registration;
pub mod token;

use cache::{AuthMethod, Authenticated};
use jwt::{Claims, HostKey};
use password::Passwords;

/// What a caller shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A host's token or an API key.
    Bearer(String),
    /// The value of the session cookie.
    Session(String),
}

impl Credential {
    fn secret(&self) -> &str {
        match self {
            Self::Bearer(secret) | Self::Session(secret) => secret,
        }
    }
}

/// Using a token is remembered at most so often.
const SEEN_SECONDS: i64 = 600;

fn unauthorized(detail: &str) -> Error {
    Error::Unauthorized { detail: detail.to_owned() }
}

/// Finds out who calls, and signs people in.
#[derive(Debug)]
pub struct Auth {
    db: Database,
    hub: Arc<Hub>,
    caches: Caches,
    config: Arc<ServeArgs>,
    /// What tokens of our own are signed with.
    signing_key: Arc<[u8]>,
    /// Hashing of passwords.
    pub passwords: Passwords,
    /// Tags of the keys among the options.
    process_keys: Vec<u64>,
    /// Roles that tokens named and nobody made, which the log knows already.
    unknown_roles: Mutex<HashSet<(String, String)>>,
}

impl Auth {
    /// Looks callers up in this database, remembers them in these caches, and ends what rests on withdrawn keys.
    pub(crate) fn new(
        db: Database,
        hub: Arc<Hub>,
        caches: Caches,
        config: Arc<ServeArgs>,
        signing_key: Arc<[u8]>,
    ) -> Self {
        Self {
            db,
            hub,
            caches,
            signing_key,
            passwords: Passwords::new(std::thread::available_parallelism().map_or(1, usize::from)),
            process_keys: process_keys(&config),
            unknown_roles: Mutex::default(),
            config,
        }
    }

    /// Finds out who shows this credential.
    ///
    /// # Errors
    /// `Unauthorized` with the reason.
    pub async fn authenticate(&self, credential: &Credential) -> Result<Authenticated, Error> {
        let now = self.db.now();
        let digest = token::digest(credential.secret());
        if let Some(known) = self.caches.callers.get(&digest, now)
            && (known.method == AuthMethod::Cookie) == matches!(credential, Credential::Session(_))
        {
            return Ok(known);
        }
        let generation = self.caches.callers.generation();
        let mut known = match credential {
            Credential::Session(_) => self.by_session(digest).await?,
            Credential::Bearer(key) if key.starts_with(token::API_KEY_PREFIX) => {
                self.by_api_key(digest).await?
            }
            Credential::Bearer(jwt) => self.by_host_token(jwt).await?,
        };
        known.session_tag = tag(&digest);
        known.loaded = now;
        self.caches.callers.put(digest, known.clone(), generation);
        Ok(known)
    }

    async fn by_session(&self, digest: [u8; 32]) -> Result<Authenticated, Error> {
        let over = || unauthorized("the session is over, sign in again");
        let process = self.process_keys();
        let (actor, expires, seen) = self
            .db
            .read_plain(move |tx| {
                let session = sessions::find(tx, &digest)?.ok_or_else(over)?;
                if !credential_check::stands(tx, session.tenant, &Root::Session(digest), &process)? {
                    return Err(over());
                }
                let tenant = tenants::by_id(tx, session.tenant)?;
                let actor = load_actor(tx, &tenant, session.kind, session.person)?;
                Ok((actor, session.expires_at, session.seen_at))
            })
            .await?;
        if self.is_due(seen) {
            // Only for the list of devices: whoever calls is let in without it.
            let _ = self.db.write_plain(actor.tenant_no, move |tx| sessions::seen(tx, &digest)).await;
        }
        Ok(self.known(actor, AuthMethod::Cookie, Some(expires), Root::Session(digest)))
    }

    async fn by_api_key(&self, digest: [u8; 32]) -> Result<Authenticated, Error> {
        let (actor, used) = self
            .db
            .read_plain(move |tx| {
                let unknown = || unauthorized("this API key is not known or was revoked");
                let (tenant, user, used) = api_keys::find(tx, &digest)?.ok_or_else(unknown)?;
                let tenant = tenants::by_id(tx, tenant)?;
                Ok((users::actor(tx, &tenant, user)?, used))
            })
            .await?;
        if self.is_due(used) {
            let _ = self.db.write_plain(actor.tenant_no, move |tx| api_keys::used(tx, &digest)).await;
        }
        Ok(self.known(actor, AuthMethod::ApiKey, None, Root::ApiKey(digest)))
    }

    fn is_due(&self, last: Option<parlor_chat::Time>) -> bool {
        last.is_none_or(|last| self.db.now() >= last.plus_seconds(SEEN_SECONDS))
    }

    async fn by_host_token(&self, jwt: &str) -> Result<Authenticated, Error> {
        let (tenant, claims, root) = self.verify_host_token(jwt).await?;
        let expires = claims.expires().plus_seconds(jwt::LEEWAY_SECONDS);
        let actor = self.host_actor(tenant, claims).await?;
        Ok(self.known(actor, AuthMethod::HostToken, Some(expires), root))
    }

    /// Checks a host's token against the keys of the tenant that it names, and of no other.
    ///
    /// # Errors
    /// `Unauthorized` with the reason.
    pub async fn verify_host_token(&self, jwt: &str) -> Result<(Tenant, Claims, Root), Error> {
        let malformed = || unauthorized(jwt::Refusal::Malformed.text());
        let slug = jwt::peek_tenant(jwt).ok_or_else(malformed)?;
        let ring = self.host_keys(&slug).await?;
        let (claims, root) =
            jwt::verify(jwt, &ring.keys, self.db.now()).map_err(|why| unauthorized(why.text()))?;
        if claims.tenant != ring.tenant.slug {
            return Err(malformed());
        }
        if !ring.audience.is_empty() && !claims.aud.as_ref().is_some_and(|aud| aud.names(&ring.audience)) {
            return Err(unauthorized(jwt::Refusal::Audience.text()));
        }
        Ok((ring.tenant.clone(), claims, root))
    }

    /// The person a checked token names, made on first sight.
    ///
    /// # Errors
    /// `Unauthorized` when the account is closed.
    pub async fn host_actor(&self, tenant: Tenant, claims: Claims) -> Result<Actor, Error> {
        let claims = HostClaims {
            sub: claims.sub,
            kind: Some(claims.kind),
            name: claims.name,
            email: claims.email,
            roles: claims.roles,
            teams: claims.teams,
            stores: claims.stores,
        };
        let slug = tenant.slug.clone();
        let seen =
            self.db.write_plain(tenant.no, move |tx| provisioning::from_host(tx, &tenant, &claims)).await?;
        for role in &seen.unknown_roles {
            self.warn_unknown_role(&slug, role);
        }
        Ok(seen.actor)
    }

    /// Warns once of a role that tokens name and nobody made.
    fn warn_unknown_role(&self, tenant: &str, role: &str) {
        const MOST: usize = 1_000;
        let mut warned = self.unknown_roles.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() < MOST && warned.insert((tenant.to_owned(), role.to_owned())) {
            tracing::warn!(tenant, role, "tokens name a role that does not exist: it gives nothing");
        }
    }

    /// The tenant with this slug, and the keys of its host application.
    ///
    /// # Errors
    /// `Unauthorized` when there is no such tenant.
    pub(crate) async fn host_keys(&self, slug: &str) -> Result<Arc<keys::TenantKeys>, Error> {
        let now = self.db.now();
        if let Some(known) = self.caches.keys.get(slug, now) {
            return Ok(known);
        }
        let (wanted, generation) = (slug.to_owned(), self.caches.keys.generation());
        let read = self.db.read_plain(move |tx| {
            let tenant = tenants::by_slug(tx, &wanted)?;
            let keys = host_keys::all(tx, tenant.id)?;
            let audience = settings::load(tx, tenant.id)?.token_audience;
            Ok(((tenant, audience), keys))
        });
        let ((tenant, audience), stored) = match read.await {
            // Which tenants exist is nobody's business.
            Err(Error::NotFound { .. }) => return Err(unauthorized(jwt::Refusal::NoKey.text())),
            read => read?,
        };
        let secret = self.config.jwt_secret.as_deref().filter(|secret| !secret.is_empty());
        let extra = secret
            .filter(|_| tenant.slug == tenants::DEFAULT_SLUG)
            .map(|secret| HostKey::secret(None, secret.as_bytes()));
        let found = self.caches.keys.put((tenant, audience), stored, extra, now, generation).await;
        if !found.withdrawn.is_empty() {
            // Whoever came with a key that is still published comes back.
            let tags = found.withdrawn.iter().map(|id| Root::HostKey(*id).tag()).collect();
            let ended = Ended { tags, again: true, ..Ended::default() };
            self.caches.callers.forget_ended(found.tenant.id, &ended);
            self.hub.end(found.tenant.id, &ended);
        }
        Ok(found)
    }

    fn known(
        &self,
        actor: Actor,
        method: AuthMethod,
        expires: Option<parlor_chat::Time>,
        root: Root,
    ) -> Authenticated {
        Authenticated { actor: Arc::new(actor), method, expires, session_tag: 0, root, loaded: self.db.now() }
    }

    /// The tags of the keys among the options of this process.
    #[must_use]
    pub fn process_keys(&self) -> Vec<u64> {
        self.process_keys.clone()
    }

    /// Begins a session and answers its token. `agent` is the browser, in its own words; `derived_from` the host's key,
    /// where it was a host's token that was shown.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn begin_session(
        &self,
        actor: &Actor,
        agent: Option<String>,
        derived_from: Option<Root>,
    ) -> Result<String, Error> {
        let token = token::new_session_token();
        let digest = token::digest(&token);
        let session = sessions::Session {
            tenant: actor.tenant,
            kind: actor.person.kind,
            person: actor.id(),
            expires_at: self.db.now().plus_seconds(self.config.session_days * 86_400),
            seen_at: None,
            derived_from,
        };
        let ip = actor.ip.clone();
        let run = self.db.write_plain(actor.tenant_no, move |tx| {
            sessions::begin(tx, &digest, &session, agent.as_deref(), ip.as_deref())
        });
        run.await?;
        Ok(token)
    }

    /// The user with this address and password in the tenant.
    ///
    /// # Errors
    /// `Unauthorized`, the same for every reason.
    pub async fn check_password(
        &self,
        slug: String,
        email: String,
        password: String,
    ) -> Result<Actor, Error> {
        let wrong = || unauthorized("the e-mail address or the password is wrong");
        let found = self
            .db
            .read_plain(move |tx| match tenants::by_slug(tx, &slug) {
                Ok(tenant) => Ok(users::credentials(tx, tenant.id, &email)?.map(|found| (tenant, found))),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            })
            .await?;
        let (who, hash) = match found {
            Some((tenant, found)) if found.active => (Some((tenant, found.id)), found.password_hash),
            _ => (None, None),
        };
        let right = self.passwords.verify(password, hash).await;
        let (tenant, id) = who.filter(|_| right).ok_or_else(wrong)?;
        self.db.read_plain(move |tx| users::actor(tx, &tenant, id)).await
    }
}

/// Refuses whoever came with something that no longer stands.
///
/// # Errors
/// `Unauthorized`.
pub fn require_root(tx: &mut Tx<'_>, tenant: TenantId, root: &Root, process: &[u64]) -> Result<(), Error> {
    match credential_check::stands(tx, tenant, root, process)? {
        true => Ok(()),
        false => Err(unauthorized("what this was made with has ended: sign in again")),
    }
}

/// Reads the actor again, past the cache: for connections, which must start from what is true now.
///
/// # Errors
/// `Unauthorized` when the account is closed.
pub fn reload_actor(tx: &mut Tx<'_>, actor: &Actor) -> Result<Actor, Error> {
    let tenant = tenants::by_id(tx, actor.tenant)?;
    let fresh = load_actor(tx, &tenant, actor.person.kind, actor.id())?;
    Ok(Actor { ip: actor.ip.clone(), ..fresh })
}

pub(crate) fn load_actor(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    kind: PersonKind,
    person: PersonId,
) -> Result<Actor, Error> {
    match kind {
        PersonKind::Contact => contacts::actor(tx, tenant, person),
        _ => users::actor(tx, tenant, person),
    }
}

/// The tags of the keys among the options.
fn process_keys(config: &ServeArgs) -> Vec<u64> {
    let mercure = &config.mercure;
    let keys = [&config.jwt_secret, &mercure.jwt_secret, &mercure.publisher_key, &mercure.subscriber_key];
    let keys = keys.into_iter().flatten().filter(|key| !key.is_empty());
    keys.map(|key| jwt::process(key.as_bytes()).tag()).collect()
}
