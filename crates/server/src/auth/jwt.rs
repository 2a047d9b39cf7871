//! Owns: what a token signed by a host application must look like to be believed.
//! Must not know: tenants' storage, requests, or where keys come from: verification is a pure function.
//!
//! The algorithm belongs to the key, never to the token: a token that names another one is refused before
//! its signature is looked at, so a public key can never serve as an HMAC secret, and `none` does not exist.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parlor_chat::RowId;
use parlor_chat::credentials::{Root, tag};
use parlor_chat::time::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

/// Seconds by which the host's clock may differ from ours.
pub const LEEWAY_SECONDS: i64 = 30;
/// No token serves longer than this from now on: one that leaks must end.
pub const LONGEST_SECONDS: i64 = 366 * 86_400;
/// No honest token is longer.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// What a host application says of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Slug of the tenant; `default` when absent.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// The host's own id of the person.
    #[serde(deserialize_with = "text_or_number")]
    pub sub: String,
    /// `user` (the default) or `contact`.
    #[serde(default = "default_kind")]
    pub kind: String,
    /// Name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Names of roles; absent leaves them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Slugs or names of teams; absent leaves them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<String>>,
    /// The host's ids of stores; absent leaves them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stores: Option<Vec<String>>,
    /// End of validity, seconds since 1970. Required.
    pub exp: f64,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<f64>,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<f64>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
}

/// Whom a token is for: one name, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether this is one of them.
    #[must_use]
    pub fn names(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Several(several) => several.iter().any(|one| one == wanted),
        }
    }
}

impl Claims {
    /// When the token ends.
    #[must_use]
    pub fn expires(&self) -> Time {
        Time((self.exp * 1e6) as i64)
    }
}

fn default_tenant() -> String {
    "default".to_owned()
}

fn default_kind() -> String {
    "user".to_owned()
}

/// Hosts number their users; a number is as good a name as a text.
fn text_or_number<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sub {
        Text(String),
        Number(i64),
    }
    Ok(match Sub::deserialize(input)? {
        Sub::Text(text) => text,
        Sub::Number(number) => number.to_string(),
    })
}

/// Why a token is not believed. The text may be shown to the caller: it tells nothing about keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a token, or claims of the wrong shape, or a required claim missing.
    Malformed,
    /// No key of the tenant serves for this algorithm and `kid`.
    NoKey,
    /// The signature does not fit.
    Signature,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Its end is too far away.
    TooLong,
    /// It is for somebody else.
    Audience,
}

impl Refusal {
    /// A sentence for the caller.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Malformed => "the token is malformed or lacks a required claim (sub, exp)",
            Self::NoKey => "no key of this tenant fits the token's algorithm and key id",
            Self::Signature => "the token's signature is wrong",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is not valid yet",
            Self::Audience => {
                "the token is not for Parlor: its aud must name the audience of the tenant's settings"
            }
            Self::TooLong => "the token serves too long: its \"exp\" must be within 366 days from now",
        }
    }
}

/// One key that a tenant's host application signs with; its algorithm is fixed with it.
#[derive(Clone)]
pub struct HostKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
    /// What tokens signed with it rest on.
    root: Root,
}

impl std::fmt::Debug for HostKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish()
    }
}

impl HostKey {
    /// A shared HS256 secret.
    #[must_use]
    pub fn secret(kid: Option<String>, secret: &[u8]) -> Self {
        Self {
            kid,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret),
            root: process(secret),
        }
    }

    /// The same key as the one that is stored under this id.
    #[must_use]
    pub fn stored(self, id: RowId) -> Self {
        Self { root: Root::HostKey(id), ..self }
    }

    /// What tokens signed with it rest on.
    #[must_use]
    pub fn root(&self) -> Root {
        self.root
    }

    /// A key for the algorithm of this name: a secret for HS…, else a public key in PEM; `None` when it is not one.
    #[must_use]
    pub fn of(algorithm: &str, key: &[u8]) -> Option<Self> {
        let algorithm: Algorithm = algorithm.parse().ok()?;
        let root = process(key);
        let key = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => DecodingKey::from_secret(key),
            Algorithm::ES256 | Algorithm::ES384 => DecodingKey::from_ec_pem(key).ok()?,
            Algorithm::EdDSA => DecodingKey::from_ed_pem(key).ok()?,
            _ => DecodingKey::from_rsa_pem(key).ok()?,
        };
        Some(Self { kid: None, algorithm, key, root })
    }

    /// A public key in PEM for `RS256`, `ES256` or `EdDSA`; `None` when it is not one.
    #[must_use]
    pub fn pem(kid: Option<String>, algorithm: &str, pem: &[u8]) -> Option<Self> {
        let (algorithm, key) = match algorithm {
            "RS256" => (Algorithm::RS256, DecodingKey::from_rsa_pem(pem).ok()?),
            "ES256" => (Algorithm::ES256, DecodingKey::from_ec_pem(pem).ok()?),
            "EdDSA" => (Algorithm::EdDSA, DecodingKey::from_ed_pem(pem).ok()?),
            _ => return None,
        };
        Some(Self { kid, algorithm, key, root: process(pem) })
    }

    /// The usable public keys of a JWKS document; `None` when it is not one.
    #[must_use]
    pub fn jwks(document: &str) -> Option<Vec<Self>> {
        let set: JwkSet = serde_json::from_str(document).ok()?;
        Some(set.keys.iter().filter_map(Self::jwk).collect())
    }

    fn jwk(jwk: &Jwk) -> Option<Self> {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return None;
        }
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            // A shared secret has no place in a published document.
            _ => return None,
        };
        let stated = jwk.common.key_algorithm.map(|stated| stated.to_string());
        if stated.is_some_and(|stated| stated != format!("{algorithm:?}")) {
            return None;
        }
        let (kid, key) = (jwk.common.key_id.clone(), DecodingKey::from_jwk(jwk).ok()?);
        // Until it is said where it is stored: tells it from other keys of the document.
        let root = process(&serde_json::to_vec(&jwk.algorithm).ok()?);
        Some(Self { kid, algorithm, key, root })
    }

    /// Whether this key may check a token with this header: same algorithm; same `kid` when both have one.
    fn serves(&self, header: &Header) -> bool {
        let kid_fits = match (&self.kid, &header.kid) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => true,
        };
        self.algorithm == header.alg && kid_fits
    }
}

/// The root of tokens that are signed with a key among the options of the process.
pub(super) fn process(key: &[u8]) -> Root {
    Root::Process(tag(&Sha256::new().chain_update(b"key\0").chain_update(key).finalize().into()))
}

/// The tenant a token speaks for, before anything is believed: it only says whose keys to try.
#[must_use]
pub fn peek_tenant(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Peek {
        #[serde(default = "default_tenant")]
        tenant: String,
    }
    peek::<Peek>(token).map(|peek| peek.tenant)
}

/// Claims that nobody has checked.
#[must_use]
pub fn peek<C: DeserializeOwned>(token: &str) -> Option<C> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    jsonwebtoken::dangerous::insecure_decode_claims::<C>(token).ok()
}

/// A token's header, which nobody has checked.
///
/// # Errors
/// When it is none, or names an algorithm that does not exist here.
pub fn header(token: &str) -> Result<Header, Refusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::Malformed);
    }
    if names_extensions(token) {
        return Err(Refusal::Malformed);
    }
    jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)
}

/// RFC 7515, 4.1.11: a token that needs an extension to be understood is refused by who does not know it, and none is
/// known here.
fn names_extensions(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Critical {
        crit: Option<serde_json::Value>,
    }
    let head = token.split('.').next().and_then(|head| URL_SAFE_NO_PAD.decode(head).ok());
    let head = head.and_then(|head| serde_json::from_slice::<Critical>(&head).ok());
    head.is_some_and(|head| head.crit.is_some())
}

/// Believes `token` and says what it rests on, or says why not. Only the keys given count, and only with their own
/// algorithm.
///
/// # Errors
/// The first reason found.
pub fn verify(token: &str, keys: &[HostKey], now: Time) -> Result<(Claims, Root), Refusal> {
    let (claims, root) = verified(token, keys)?;
    Ok((in_time(claims, now)?, root))
}

/// The claims of a token whose signature fits one of the keys, and what it rests on. Times are not looked at.
///
/// # Errors
/// The first reason found.
pub fn verified<C: DeserializeOwned>(token: &str, keys: &[HostKey]) -> Result<(C, Root), Refusal> {
    let header = header(token)?;
    let mut refusal = Refusal::NoKey;
    for key in keys.iter().filter(|key| key.serves(&header)) {
        match verify_with(token, key) {
            Ok(claims) => return Ok((claims, key.root)),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

fn verify_with<C: DeserializeOwned>(token: &str, key: &HostKey) -> Result<C, Refusal> {
    let mut rules = Validation::new(key.algorithm);
    // Times are checked against our own clock, the audience against the tenant's settings.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    match jsonwebtoken::decode::<C>(token, &key.key, &rules) {
        Ok(data) => Ok(data.claims),
        Err(error) => Err(match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Refusal::Signature,
            _ => Refusal::Malformed,
        }),
    }
}

fn in_time(claims: Claims, now: Time) -> Result<Claims, Refusal> {
    let now = now.micros() as f64 / 1e6;
    let leeway = LEEWAY_SECONDS as f64;
    let sane = claims.exp.is_finite() && !claims.sub.is_empty() && claims.sub.len() <= 255;
    if !sane || !matches!(claims.kind.as_str(), "user" | "contact") {
        return Err(Refusal::Malformed);
    }
    if now >= claims.exp + leeway {
        return Err(Refusal::Expired);
    }
    if claims.exp > now + LONGEST_SECONDS as f64 {
        return Err(Refusal::TooLong);
    }
    if claims.nbf.is_some_and(|from| now < from - leeway) {
        return Err(Refusal::NotYet);
    }
    Ok(claims)
}

/// Signs a token with a shared secret: for `parlor token`, demos and tests.
#[must_use]
pub fn sign(claims: &Claims, secret: &[u8], kid: Option<String>) -> Option<String> {
    let header = Header { kid, ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).ok()
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
