//! Owns: the tokens of Mercure publishers and subscribers, and those that Parlor itself gives to people.
//! Must not know: topics, or what a token is used for.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parlor_chat::credentials::Root;
use parlor_chat::tenants::Tenant;
use parlor_chat::{Actor, Error, PersonId, PersonKind, Time};
use parlor_realtime::protocol::mercure::{Dialect, Grants};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::jwt::{self, Audience, HostKey, Refusal};
use super::mercure_keys::{MercureKeys, Role};
use super::{Auth, load_actor};

/// How long a person's token serves, where nothing ends earlier.
const PERSON_SECONDS: i64 = 86_400;
/// How long a connection lasts at most, whatever its token says: tokens of publishers often have no end.
const LONGEST_SECONDS: i64 = jwt::LONGEST_SECONDS;
/// Marks tokens that Parlor signed itself.
const OWN_KID: &str = "parlor";

/// Whoever shows a token that is believed.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The tenant that it is for.
    pub tenant: Tenant,
    /// What it allows.
    pub grants: Grants,
    /// When it ends.
    pub expires: Time,
    /// The person that it names, when Parlor signed it.
    pub person: Option<Arc<Actor>>,
    /// Names the token that the person signed in with.
    pub tag: u64,
    /// What must last as long as the stream: the person's own proof, or the key that the token was signed with.
    pub root: Root,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    nbf: Option<f64>,
    tenant: Option<String>,
    iss: Option<Value>,
    aud: Option<Audience>,
    parlor: Option<Named>,
}

/// The person that Parlor gave a token to.
#[derive(Serialize, Deserialize)]
struct Named {
    person: PersonId,
    kind: PersonKind,
    /// What must still stand: the person's own proof.
    root: String,
    tag: u64,
}

impl Auth {
    /// The tenant with this slug and its keys.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn mercure_keys(&self, slug: &str) -> Result<Arc<MercureKeys>, Error> {
        self.caches.mercure.of(&self.db, slug, &self.config.mercure).await
    }

    /// Believes a token or says why not. `elsewhere` is the tenant where the token names none, `hub` the address that a
    /// token of 1.0 must be made for.
    ///
    /// # Errors
    /// `Unauthorized` with the reason.
    pub async fn mercure_bearer(
        &self,
        token: &str,
        role: Role,
        elsewhere: &str,
        hub: &str,
    ) -> Result<Bearer, Error> {
        let refused = |why: Refusal| super::unauthorized(why.text());
        let header = jwt::header(token).map_err(refused)?;
        let slug = jwt::peek::<Claims>(token).ok_or_else(|| refused(Refusal::Malformed))?.tenant;
        let ring = self.mercure_keys(slug.as_deref().unwrap_or(elsewhere)).await;
        let ring = ring.map_err(|error| match error {
            // Which tenants exist is nobody's business.
            Error::NotFound { .. } => refused(Refusal::NoKey),
            error => error,
        })?;
        let own = header.kid.as_deref() == Some(OWN_KID) && role == Role::Subscriber;
        let (value, root): (Value, Root) = if own {
            let key = HostKey::secret(Some(OWN_KID.to_owned()), &own_key(&self.signing_key));
            jwt::verified(token, &[key]).map_err(refused)?
        } else {
            jwt::verified(token, ring.of(role)).map_err(refused)?
        };
        let claims = Claims::deserialize(&value).map_err(|_| refused(Refusal::Malformed))?;
        let expires = claims.in_time(self.db.now()).map_err(refused)?;
        let dialect = dialect(&header);
        if dialect == Dialect::V1 && !claims.is_for(hub) {
            return Err(super::unauthorized("a token of this type needs iss, exp, and this hub as aud"));
        }
        let grants = Grants::parse(&value, dialect).ok_or_else(|| refused(Refusal::Malformed))?;
        let mut bearer = Bearer { tenant: ring.tenant.clone(), grants, expires, person: None, tag: 0, root };
        if let Some(named) = claims.parlor.filter(|_| own) {
            bearer.tag = named.tag;
            bearer.root = named.root.parse().map_err(|_| refused(Refusal::Malformed))?;
            bearer.person = Some(Arc::new(self.named(&bearer, named).await?));
        }
        Ok(bearer)
    }

    /// The person of a token that Parlor gave out, while the sign-in lasts and the account is open.
    async fn named(&self, bearer: &Bearer, named: Named) -> Result<Actor, Error> {
        let (tenant, root, process) = (bearer.tenant.clone(), bearer.root, self.process_keys());
        let read = move |tx: &mut parlor_chat::Tx<'_>| {
            super::require_root(tx, tenant.id, &root, &process)?;
            load_actor(tx, &tenant, named.kind, named.person)
        };
        self.db.read_plain(read).await
    }

    /// A token for a person, for Parlor's own hub, and when it ends. It serves no longer than what the person showed.
    #[must_use]
    pub fn mercure_token(&self, who: &PersonToken<'_>) -> Option<(String, Time)> {
        let latest = self.db.now().plus_seconds(PERSON_SECONDS);
        let expires = who.expires.map_or(latest, |end| end.min(latest));
        let named = Named {
            person: who.actor.id(),
            kind: who.actor.person.kind,
            root: who.root.to_string(),
            tag: who.tag,
        };
        let claims = json!({
            "tenant": who.tenant, "exp": expires.micros() / 1_000_000, "parlor": named,
            "mercure": {"subscribe": who.topics},
        });
        let header = Header { kid: Some(OWN_KID.to_owned()), ..Header::new(Algorithm::HS256) };
        let key = EncodingKey::from_secret(&own_key(&self.signing_key));
        Some((jsonwebtoken::encode(&header, &claims, &key).ok()?, expires))
    }

    /// A token for a person, for the hub at MERCURE_URL: it knows no persons, only topics.
    #[must_use]
    pub fn mercure_external_token(&self, who: &PersonToken<'_>) -> Option<(String, Time)> {
        let latest = self.db.now().plus_seconds(PERSON_SECONDS / 24);
        let expires = who.expires.map_or(latest, |end| end.min(latest));
        let claims =
            json!({"exp": expires.micros() / 1_000_000, "mercure": {"subscribe": who.topics, "publish": []}});
        Some((self.mercure_signed(&claims)?, expires))
    }

    /// Claims signed with MERCURE_JWT_SECRET.
    #[must_use]
    pub fn mercure_signed(&self, claims: &Value) -> Option<String> {
        let secret = self.config.mercure.jwt_secret.as_deref().filter(|secret| !secret.is_empty())?;
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).ok()
    }
}

/// For whom a token is made.
#[derive(Debug)]
pub struct PersonToken<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// The tenant's slug.
    pub tenant: &'a str,
    /// What it says of topics.
    pub topics: &'a [String],
    /// When the person's own token ends.
    pub expires: Option<Time>,
    /// What the person's own proof rests on.
    pub root: Root,
    /// Names the person's own token.
    pub tag: u64,
}

/// A key of another purpose than the secret that it comes from.
fn own_key(secret: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"mercure subscriber\0").chain_update(secret).finalize().into()
}

fn dialect(header: &Header) -> Dialect {
    let v1 = header.typ.as_deref().is_some_and(|typ| {
        let typ = typ.to_ascii_lowercase();
        typ == "at+jwt" || typ == "application/at+jwt"
    });
    if v1 { Dialect::V1 } else { Dialect::Classic }
}

impl Claims {
    /// When what comes with the token ends, if it is valid now.
    fn in_time(&self, now: Time) -> Result<Time, Refusal> {
        let seconds = now.micros() as f64 / 1e6;
        if self.exp.into_iter().chain(self.nbf).any(|time| !time.is_finite()) {
            return Err(Refusal::Malformed);
        }
        if self.exp.is_some_and(|end| seconds >= end) {
            return Err(Refusal::Expired);
        }
        if self.nbf.is_some_and(|from| seconds < from - jwt::LEEWAY_SECONDS as f64) {
            return Err(Refusal::NotYet);
        }
        let latest = now.plus_seconds(LONGEST_SECONDS);
        Ok(self.exp.map_or(latest, |end| Time((end * 1e6) as i64).min(latest)))
    }

    fn is_for(&self, hub: &str) -> bool {
        let here = self.aud.as_ref().is_some_and(|aud| aud.names(hub));
        here && self.exp.is_some() && self.iss.as_ref().is_some_and(Value::is_string)
    }
}
