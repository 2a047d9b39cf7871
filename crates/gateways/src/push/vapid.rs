//! VAPID (RFC 8292): how a push service knows who sends. Must not know: where keys are kept.

use std::fmt;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde::Serialize;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::keys::{KEY_BYTES, NotAKey, POINT_BYTES, PrivateKey, point, public_key, read, text};
use super::subscription::Endpoint;

/// How long a token is good; a push service refuses more than 24 hours (RFC 8292, section 2).
const LIFE_SECONDS: i64 = 12 * 3_600;
const HEADER: &[u8] = br#"{"typ":"JWT","alg":"ES256"}"#;

/// The keys of this Parlor. Browsers bind their subscriptions to the public one: another one needs new subscriptions.
#[derive(Clone)]
pub struct VapidKeys {
    private: PrivateKey,
    public: String,
}

impl VapidKeys {
    /// From random bytes.
    ///
    /// # Errors
    /// When they are no key, which is as good as never.
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Result<Self, NotAKey> {
        PrivateKey::from_bytes(bytes).map(Self::of)
    }

    /// Reads both keys, each Base64 for URLs without padding.
    ///
    /// # Errors
    /// When one is no key, or they do not belong together.
    pub fn parse(private: &str, public: &str) -> Result<Self, NotAKey> {
        let keys = Self::of(PrivateKey::parse(private)?);
        let point = read::<POINT_BYTES>(public)?;
        let same = public_key(&*point)? == keys.private.public();
        if same { Ok(keys) } else { Err(NotAKey::Pair) }
    }

    fn of(private: PrivateKey) -> Self {
        let public = text(&point(&private.public()));
        Self { private, public }
    }

    /// The private key, to be kept sealed.
    #[must_use]
    pub fn private(&self) -> Zeroizing<String> {
        self.private.to_text()
    }

    /// The public key, which browsers subscribe with (`applicationServerKey`).
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The header `Authorization` for the endpoint's push service, and all its other endpoints. `now`: seconds since 1970.
    ///
    /// # Errors
    /// When the claims cannot be written as JSON, which these texts always can.
    pub fn authorization(
        &self,
        endpoint: &Endpoint,
        subject: &Subject,
        now: i64,
    ) -> Result<Authorization, serde_json::Error> {
        let expires = now.saturating_add(LIFE_SECONDS);
        let claims = Claims { aud: &endpoint.origin(), exp: expires, sub: &subject.0 };
        let signed = format!("{}.{}", text(HEADER), text(&serde_json::to_vec(&claims)?));
        let signature: Signature = SigningKey::from(&self.private.0).sign(signed.as_bytes());
        let value = format!("vapid t={signed}.{}, k={}", text(&signature.to_bytes()), self.public);
        Ok(Authorization { value, expires })
    }
}

impl fmt::Debug for VapidKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VapidKeys").field("public", &self.public).finish_non_exhaustive()
    }
}

/// A header for one push service.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Its value.
    pub value: String,
    /// When it is no longer taken; seconds since 1970.
    pub expires: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

/// Whom a push service can turn to: `mailto:` with an address, or the URL of a page. Apple's service refuses a token whose
/// subject has no domain of the public Internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

/// A text that is no subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use mailto: with an address, or https:, at a domain of the public Internet")]
pub struct NotASubject;

impl Subject {
    /// Reads a subject.
    ///
    /// # Errors
    /// When it is neither form, or its domain is none of the public Internet.
    pub fn parse(text: &str) -> Result<Self, NotASubject> {
        let fits = text.len() <= 320 && text.bytes().all(|byte| byte.is_ascii_graphic());
        let known = match text.strip_prefix("mailto:") {
            Some(address) => is_address(address),
            None => is_page(text),
        };
        if fits && known { Ok(Self(text.to_owned())) } else { Err(NotASubject) }
    }
}

/// One plain address: an atom with dots (RFC 5322, section 3.2.3) at a public domain.
fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&'*+-/=^_`{|}~".contains(&b))
    };
    let plain = !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    local.len() <= 64
        && local.split('.').all(atom)
        && plain
        && Host::parse(domain).is_ok_and(|host| is_public_domain(&host))
}

fn is_page(text: &str) -> bool {
    let Some(url) = Url::parse(text).ok().filter(|url| url.scheme() == "https") else { return false };
    let host = url.host().map(|host| host.to_owned());
    url.username().is_empty() && url.password().is_none() && host.is_some_and(|host| is_public_domain(&host))
}

/// A name of two parts or more, not below one that is reserved for other uses (RFC 6761, RFC 6762, `internal` of ICANN).
fn is_public_domain(host: &Host) -> bool {
    const RESERVED: [&str; 7] = ["example", "internal", "invalid", "local", "localhost", "onion", "test"];
    let Host::Domain(name) = host else { return false };
    let mut parts = name.split('.').rev();
    let reserved = parts.next().is_none_or(|last| RESERVED.contains(&last));
    !reserved && name.contains('.') && name.split('.').all(|part| !part.is_empty() && part.len() <= 63)
}

#[cfg(test)]
#[path = "vapid_tests.rs"]
mod tests;
