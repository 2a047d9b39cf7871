//! Subscriptions as browsers give them (Push API, `PushSubscription`): where a push is sent, and for whom it is encrypted.
//! Must not know: whether the address is a public one (only its resolution tells), or whose device it is.

use p256::PublicKey;
use url::Url;

use super::keys::{NotAKey, POINT_BYTES, public_key, read};

/// The longest address of a push service that is taken.
const MOST_ENDPOINT: usize = 2_048;
const AUTH_BYTES: usize = 16;

/// Whether a push service without TLS is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// It is not.
    Refused,
    /// On this machine, for tests.
    OnLoopback,
}

/// Which part of a subscription cannot be read, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASubscription {
    /// The address is longer than any push service's.
    #[error("use an address of at most {MOST_ENDPOINT} characters")]
    EndpointLength,
    /// The address is none.
    #[error("use the address that the browser gave")]
    EndpointUrl,
    /// The address is not encrypted on its way.
    #[error("use an address that begins with https://")]
    EndpointScheme,
    /// The address has parts that no push service's has.
    #[error("use an address without user, password and fragment")]
    EndpointParts,
    /// The device's public key.
    #[error("{0}")]
    P256dh(NotAKey),
    /// The device's secret.
    #[error("{0}")]
    Auth(NotAKey),
}

impl NotASubscription {
    /// The field, as browsers name it.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::P256dh(_) => "p256dh",
            Self::Auth(_) => "auth",
            _ => "endpoint",
        }
    }
}

/// Where a push service takes the pushes of one device. Whoever knows it and has the keys can reach the device, so it is
/// treated as a secret: it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// The keys of a device.
#[derive(Clone)]
pub struct SubscriptionKeys {
    pub(crate) public: PublicKey,
    auth: [u8; AUTH_BYTES],
}

/// A device that can be reached by a push.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Where it is pushed to.
    pub endpoint: Endpoint,
    /// For whom a push is encrypted.
    pub keys: SubscriptionKeys,
}

impl Subscription {
    /// Reads the parts of a subscription.
    ///
    /// # Errors
    /// Which part cannot be read.
    pub fn parse(
        endpoint: &str,
        p256dh: &str,
        auth: &str,
        plain: PlainHttp,
    ) -> Result<Self, NotASubscription> {
        let endpoint = Endpoint::parse(endpoint, plain)?;
        Ok(Self { endpoint, keys: SubscriptionKeys::parse(p256dh, auth)? })
    }
}

impl SubscriptionKeys {
    /// Reads the keys, each Base64 for URLs without padding.
    ///
    /// # Errors
    /// Which of them cannot be read.
    pub fn parse(p256dh: &str, auth: &str) -> Result<Self, NotASubscription> {
        let point = read::<POINT_BYTES>(p256dh).map_err(NotASubscription::P256dh)?;
        let public = public_key(&*point).map_err(NotASubscription::P256dh)?;
        let auth = read(auth).map_err(NotASubscription::Auth)?;
        Ok(Self { public, auth: *auth })
    }

    pub(crate) fn auth(&self) -> &[u8] {
        &self.auth
    }
}

impl Endpoint {
    /// Reads the address of a push service.
    ///
    /// # Errors
    /// When it is too long, cannot be read, is not `https:`, or has a user, a password or a fragment.
    pub fn parse(text: &str, plain: PlainHttp) -> Result<Self, NotASubscription> {
        if text.len() > MOST_ENDPOINT {
            return Err(NotASubscription::EndpointLength);
        }
        // Reading a URL would leave out line breaks and spaces around it.
        let printed = text.bytes().all(|byte| byte.is_ascii_graphic());
        let url = Url::parse(text).ok().filter(|_| printed).ok_or(NotASubscription::EndpointUrl)?;
        let loopback = plain == PlainHttp::OnLoopback && url.scheme() == "http" && is_loopback(&url);
        if url.scheme() != "https" && !loopback {
            return Err(NotASubscription::EndpointScheme);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(NotASubscription::EndpointParts);
        }
        Ok(Self(url))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its host, which says whose push service it is.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Scheme, host and port, for whom VAPID's tokens are.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({})", self.origin())
    }
}

impl std::fmt::Debug for SubscriptionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubscriptionKeys")
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
