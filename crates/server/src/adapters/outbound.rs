//! Owns: requests to addresses that people of a tenant name: of published keys, of webhooks. They lead nowhere into the
//! operator's own network, follow no redirection, end after a while, and are few at a time, on threads of their own: the
//! pool that files are read with never waits for somebody else's server.
//! Must not know: what is asked or told there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How long one request may take, from the name's resolution to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a request may wait for its turn.
const TURN: Duration = Duration::from_secs(10);

/// What is said of an address that is not asked.
pub(crate) const PRIVATE: &str =
    "this address is in a private network, which only PARLOR_PRIVATE_FETCHES=true allows";

/// Why nothing was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// Too many others wait.
    Turn,
    /// No thread could be had.
    Thread,
}

/// Turns at asking other servers.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    turns: Arc<Semaphore>,
}

impl Default for Outbound {
    /// For webhooks: the slow ones must not hold up those of other tenants.
    fn default() -> Self {
        Self::new(16)
    }
}

impl Outbound {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)) }
    }

    /// Runs a request on a thread of its own, when its turn comes.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        request: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let turn = timeout(TURN, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Busy::Turn)?.map_err(|_| Busy::Turn)?;
        let (answer, answered) = oneshot::channel();
        let work = move || {
            let _ = answer.send(request());
            // Held to the end, even when nobody waits for the answer any more.
            drop(turn);
        };
        let thread = std::thread::Builder::new().name("outbound".to_owned()).spawn(work);
        thread.map_err(|_| Busy::Thread)?;
        answered.await.map_err(|_| Busy::Thread)
    }
}

/// A client for one request. `private` lets it into private networks.
pub(crate) fn agent(private: bool) -> Agent {
    let config = Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0);
    if private {
        return config.build().into();
    }
    // A proxy would resolve the name where nobody looks at what comes out.
    Agent::with_parts(config.proxy(None).build(), DefaultConnector::default(), Guard::default())
}

/// Whether the address names a private place by itself, before any resolution.
pub(crate) fn names_private(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
    let local = ["localhost", "local", "internal"].iter().any(|name| {
        let end = host.len().saturating_sub(name.len());
        host.get(end..).is_some_and(|ending| ending.eq_ignore_ascii_case(name))
            && (end == 0 || host.as_bytes().get(end - 1) == Some(&b'.'))
    });
    local || host.parse::<IpAddr>().is_ok_and(|ip| !is_public(ip))
}

/// Resolves names and leaves out what leads into private networks. The connection is made to what is left, so that
/// another answer a moment later changes nothing.
#[derive(Debug, Default)]
struct Guard(DefaultResolver);

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let mut public = self.empty();
        found.iter().filter(|address| is_public(address.ip())).for_each(|address| public.push(*address));
        if public.is_empty() {
            return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, PRIVATE).into());
        }
        Ok(public)
    }
}

/// Whether an address is one of the public Internet (the registries of special addresses, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
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

    #[test]
    fn other_spellings_are_seen_through_when_they_are_resolved() {
        for url in
            ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://localhost/", "http://[::1]/"]
        {
            let refused = agent(false).get(url).call().unwrap_err().to_string();
            // Where the system does not take a spelling for an address, no name is found.
            assert!(refused.contains("private network") || refused.contains("host"), "{url}: {refused}");
        }
    }

    #[tokio::test]
    async fn a_few_at_a_time() {
        let (outbound, most) = (Outbound::new(2), Arc::new(std::sync::Mutex::new((0, 0))));
        let run = (0..8).map(|_| {
            let most = most.clone();
            outbound.run(move || {
                {
                    let mut now = most.lock().unwrap();
                    now.0 += 1;
                    now.1 = now.1.max(now.0);
                }
                std::thread::sleep(Duration::from_millis(20));
                most.lock().unwrap().0 -= 1;
            })
        });
        assert!(futures_util::future::join_all(run).await.iter().all(Result::is_ok));
        assert_eq!(*most.lock().unwrap(), (0, 2));
    }
}
