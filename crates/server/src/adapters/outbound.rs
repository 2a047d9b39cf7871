//! Owns: the one client for requests to other servers. Where people of a tenant name the address (published keys, webhooks),
//! it leads nowhere into the operator's own network. It follows no redirection, ends after a while, and reads no more
//! than was asked for; how many requests run at once is limited by [`Turns`].
//! Must not know: what is asked or told there.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlor_chat::TenantId;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, Url};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use url::Host;

use crate::error::StartError;

/// How long a request to an address of a tenant may take, from the name's resolution to the last byte.
const NAMED_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for an address of the operator.
const CONFIGURED_TIMEOUT: Duration = Duration::from_secs(10);
/// How long storage may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections to it that are kept.
const STORAGE_IDLE: usize = 8;
/// How long a connection is kept for the next request to the same server.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request may wait for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// What is said of an address that is not asked.
pub(crate) const PRIVATE: &str =
    "this address is in a private network, which only PARLOR_PRIVATE_FETCHES=true allows";

/// The client.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    /// For addresses that people of a tenant name.
    named: Client,
    /// For addresses that the operator configured.
    configured: Client,
    /// For files, which take as long as they are large.
    storage: Client,
    /// Whether people of a tenant may name private networks.
    private: bool,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The address, or what its name resolves to, is in a private network.
    #[error("{PRIVATE}")]
    Private,
    /// The server is not reached, or does not answer in time. Without the address: it may carry a secret.
    #[error("{0}")]
    Unreachable(String),
    /// More came than is read.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl Outbound {
    /// A client; `private` lets people of a tenant name addresses in private networks.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(private: bool) -> Result<Self, StartError> {
        let tls = tls().map_err(|error| StartError::Outbound(error.to_string()))?;
        let named = builder(&tls, NAMED_TIMEOUT);
        // A proxy would resolve the name where nobody looks at what comes out.
        let named = if private { named } else { named.no_proxy().dns_resolver(PublicResolver) };
        let build =
            |builder: ClientBuilder| builder.build().map_err(|error| StartError::Outbound(error.to_string()));
        let storage = unhurried(&tls).connect_timeout(CONNECT_TIMEOUT).pool_max_idle_per_host(STORAGE_IDLE);
        let configured = builder(&tls, CONFIGURED_TIMEOUT);
        Ok(Self { named: build(named)?, configured: build(configured)?, storage: build(storage)?, private })
    }

    /// Whether people of a tenant may name private networks, and servers without TLS.
    pub(crate) fn private(&self) -> bool {
        self.private
    }

    /// A request to an address that people of a tenant name.
    ///
    /// # Errors
    /// When the address is private by itself, or none.
    pub(crate) fn named(&self, method: Method, url: &str) -> Result<RequestBuilder, Failure> {
        let url = Url::parse(url).map_err(|error| Failure::Unreachable(error.to_string()))?;
        if !self.private && is_private_host(&url) {
            return Err(Failure::Private);
        }
        Ok(self.named.request(method, url))
    }

    /// A request to an address that the operator configured.
    pub(crate) fn configured(&self, method: Method, url: &str) -> RequestBuilder {
        self.configured.request(method, url)
    }

    /// A request to the operator's storage of files. How long it may rest, whoever sends it decides.
    pub(crate) fn storage(&self, method: Method, url: &str) -> RequestBuilder {
        self.storage.request(method, url)
    }
}

fn builder(tls: &ClientConfig, limit: Duration) -> ClientBuilder {
    unhurried(tls).timeout(limit).pool_max_idle_per_host(1)
}

fn unhurried(tls: &ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .redirect(Policy::none())
        .pool_idle_timeout(IDLE_TIMEOUT)
}

/// With the certificates that the program brings along: a container may have none.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    Ok(tls.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

/// Sends a request.
///
/// # Errors
/// Why nothing came back. An answer with an error status is an answer.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    request.send().await.map_err(failure)
}

/// The whole answer, at most `limit` bytes.
///
/// # Errors
/// When it ends early, or is longer.
pub(crate) async fn body(mut answer: Response, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failure)? {
        if body.len() + part.len() > limit {
            return Err(Failure::TooLong(limit));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The innermost reason says most; the others only say where it came up.
fn failure(error: reqwest::Error) -> Failure {
    let timed_out = error.is_timeout();
    let error = error.without_url();
    let mut cause: &dyn StdError = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.is::<PrivateAddress>() {
        true => Failure::Private,
        false if timed_out => Failure::Unreachable("it did not answer in time".to_owned()),
        false => Failure::Unreachable(cause.to_string()),
    }
}

/// Turns at asking other servers: slow ones must not take all that there is, and those of one tenant not what the others
/// have.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    share: usize,
    taken: Arc<Mutex<HashMap<TenantId, usize>>>,
}

/// Held while a tenant asks.
#[derive(Debug)]
pub(crate) struct Turn {
    _own: Own,
    _permit: OwnedSemaphorePermit,
}

/// One of a tenant's share.
#[derive(Debug)]
struct Own {
    tenant: TenantId,
    taken: Arc<Mutex<HashMap<TenantId, usize>>>,
}

/// Too many others wait, or too many of the tenant's own are under way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl Turns {
    /// So many at once, and of one tenant `share`.
    pub(crate) fn new(at_once: usize, share: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(at_once)), share, taken: Arc::default() }
    }

    /// A turn, held until it is dropped.
    ///
    /// # Errors
    /// At once when the tenant has its share; and when the turn does not come soon.
    pub(crate) async fn take(&self, tenant: TenantId) -> Result<Turn, Busy> {
        let own = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let own = taken.entry(tenant).or_default();
            if *own >= self.share {
                return Err(Busy);
            }
            *own += 1;
            Own { tenant, taken: self.taken.clone() }
        };
        let permit = timeout(TURN_TIMEOUT, self.all.clone().acquire_owned()).await;
        Ok(Turn { _own: own, _permit: permit.map_err(|_| Busy)?.map_err(|_| Busy)? })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.tenant) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

/// The host of an address, for the log: what else is in one may be a secret.
pub(crate) fn host_of(url: &str) -> String {
    Url::parse(url)
        .ok()
        .and_then(|url| Some(url.host_str()?.to_owned()))
        .unwrap_or_else(|| "no address".to_owned())
}

/// Whether the address names a private place by itself, before any resolution.
pub(crate) fn names_private(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| is_private_host(&url))
}

/// The URL has read every spelling of an address already.
fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => !is_public_v4(ip),
        Some(Host::Ipv6(ip)) => !is_public_v6(ip),
        Some(Host::Domain(name)) => {
            let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
            ["localhost", "local", "internal"].contains(&last)
        }
        None => false,
    }
}

/// Resolves names and leaves out what leads into private networks. The connection is made to what is left, so that
/// another answer a moment later changes nothing.
struct PublicResolver;

/// A name that leads into private networks only.
#[derive(Debug, thiserror::Error)]
#[error("{PRIVATE}")]
struct PrivateAddress;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The client puts in the port.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            match public.is_empty() {
                true => Err(PrivateAddress.into()),
                false => Ok(Box::new(public.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address is one of the public Internet (the registries of special addresses, RFC 6890).
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        // This network, shared by a provider's customers, for protocols, 6to4 relays, measurements, the future.
        [0, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        [198, second, ..] if second == 18 || second == 19 => true,
        _ => false,
    };
    !(special
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || ip.is_unspecified())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let parts = ip.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // An IPv4 address in another dress: mapped, behind NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        // Protocols (Teredo among them) and documentation.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x3fff, second, ..] => second >= 0x1000,
        // Everything else that is public begins with 001.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses of the Internet.
    const PUBLIC: &str = "
        1.1.1.1 93.184.216.34 100.63.0.1 100.128.0.1 172.15.0.1 172.32.0.1 198.20.0.1
        223.255.255.1 2606:4700::1111 2a00:1450::1 ::ffff:1.1.1.1 64:ff9b::101:101 2002:101:101::1
        2001:4860:4860::8888
    ";

    /// Addresses of every other kind.
    const PRIVATE_ONES: &str = "
        0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254
        172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.168.1.1 198.18.0.1 198.19.255.1
        198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1
        ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b:1::1
        100::1 2001::1 2001:db8::1 2002:7f00:1::1 2002:a00:1:: 3fff::1 fc00::1 fd12:3456::1
        fe80::1 fec0::1 ff02::1
    ";

    #[test]
    fn what_is_public() {
        for public in PUBLIC.split_whitespace() {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in PRIVATE_ONES.split_whitespace() {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn what_names_a_private_place() {
        for private in [
            "https://127.0.0.1/",
            "https://127.0.0.1:8443/keys",
            "https://[::1]/",
            "https://user@10.0.0.1/x",
            "http://localhost",
            "https://LOCALHOST:3/",
            "https://a.localhost/",
            "https://localhost./",
            "https://db.internal/",
            "https://printer.local",
            "https://[::ffff:192.168.0.1]/",
        ] {
            assert!(names_private(private), "{private}");
        }
        for public in
            ["https://1.1.1.1/", "https://keys.example.com/", "https://notlocalhost/", "https://internal.io"]
        {
            assert!(!names_private(public), "{public}");
        }
    }

    #[tokio::test]
    async fn other_spellings_are_seen_through() {
        let outbound = Outbound::new(false).unwrap();
        for url in
            ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://localhost/", "http://[::1]/"]
        {
            assert!(matches!(outbound.named(Method::GET, url), Err(Failure::Private)), "{url}");
        }
        // What resolves to a private address is not connected to, whatever its name is.
        let refused = PublicResolver.resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(refused.is::<PrivateAddress>(), "{refused}");
    }

    /// A server on this machine that sends `answer` to whoever connects.
    async fn answering(answer: String) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}/secret-path")
    }

    #[tokio::test]
    async fn it_follows_nothing_and_reads_no_more_than_asked() {
        let outbound = Outbound::new(true).unwrap();
        let get = |url: String| send(outbound.named(Method::GET, &url).unwrap());

        let elsewhere = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_owned()).await;
        let redirecting = format!("HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(get(answering(redirecting).await).await.unwrap().status(), 302);

        let answer = get(elsewhere.clone()).await.unwrap();
        assert_eq!(body(answer, 2).await.unwrap(), b"hi");
        let answer = get(elsewhere).await.unwrap();
        assert!(matches!(body(answer, 1).await, Err(Failure::TooLong(1))));

        let endless =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", "1\r\nx\r\n".repeat(100));
        let answer = get(answering(endless).await).await.unwrap();
        assert!(matches!(body(answer, 10).await, Err(Failure::TooLong(10))));
    }

    #[tokio::test]
    async fn a_failure_does_not_tell_the_address() {
        let outbound = Outbound::new(true).unwrap();
        let request = outbound.named(Method::GET, "http://127.0.0.1:1/?token=abc").unwrap();
        let failure = send(request).await.unwrap_err().to_string();
        assert!(!failure.contains("token") && failure.contains("refused"), "{failure}");
    }

    #[tokio::test]
    async fn a_few_at_a_time() {
        let turns = Turns::new(3, 2);
        let [one, other, third] = [1, 2, 3].map(|n| TenantId(uuid::Uuid::from_u128(n)));
        let (first, _second) = (turns.take(one).await.unwrap(), turns.take(one).await.unwrap());
        assert_eq!(turns.take(one).await.unwrap_err(), Busy, "a tenant has its share");
        let _others = turns.take(other).await.unwrap();
        assert!(timeout(Duration::from_millis(20), turns.take(third)).await.is_err(), "all are taken");
        drop(first);
        assert!(turns.take(third).await.is_ok());
        assert!(turns.take(one).await.is_ok(), "whoever gave up waiting holds nothing");
    }
}
