//! A push service for tests, as a value: it checks every request as services do, decrypts it as the device would, and
//! answers what it was told to. Must not know: sockets. A test of the server puts it behind a port by handing it the path,
//! headers and body of each request, and sending back its answer.

use std::collections::{HashMap, HashSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use ring::aead::Aad;
use serde::Deserialize;

use super::encryption::{HEADER_BYTES, MOST_BODY, SALT_BYTES, cipher, shared_secret};
use super::keys::{KEY_BYTES, POINT_BYTES, PrivateKey, point, public_key, text};

/// What the service answers to a push that is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 201, and the device gets it.
    Takes,
    /// 410: the device is no longer subscribed.
    Gone,
    /// 404: it never was.
    Missing,
    /// 429: after seven seconds again.
    Slow,
    /// 503: after nobody knows how long.
    Down,
    /// 413: whatever it is, it is too large.
    Full,
}

/// A subscription that the service gave to a device.
#[derive(Clone, Debug)]
pub struct Subscribed {
    /// Address, public key and secret, as the browser tells them.
    pub endpoint: String,
    /// The device's public key.
    pub p256dh: String,
    /// The device's secret.
    pub auth: String,
}

/// A push as the device shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The number of the subscription, in the order in which they were made.
    pub subscription: usize,
    /// What it says.
    pub text: String,
    /// Its headers, as they came.
    pub ttl: u32,
    /// How soon it is to be shown.
    pub urgency: String,
    /// What it replaces.
    pub topic: Option<String>,
}

/// The service's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<&'static str>,
    /// What is wrong with the request.
    pub why: String,
}

/// The service.
#[derive(Debug)]
pub struct PushService {
    origin: String,
    devices: Vec<Device>,
    received: Vec<Received>,
    /// Salt and key of each push: none may come twice.
    used: HashSet<Vec<u8>>,
}

#[derive(Debug)]
struct Device {
    mode: Mode,
    private: PrivateKey,
    auth: Vec<u8>,
    /// The only sender that it takes pushes of.
    sender: String,
}

/// Why a request is refused: status and reason.
type Refusal = (u16, &'static str);

impl PushService {
    /// One at this origin, such as `http://127.0.0.1:4000`.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.to_owned(), devices: Vec::new(), received: Vec::new(), used: HashSet::new() }
    }

    /// A device subscribes, for pushes of the sender with this public key. `seed` makes its keys; each its own.
    ///
    /// # Panics
    /// With a seed of 0.
    pub fn subscribe(&mut self, sender: &str, mode: Mode, seed: u8) -> Subscribed {
        let private = PrivateKey::from_bytes(&[seed; KEY_BYTES]).expect("a seed above 0");
        let auth = vec![seed; 16];
        let subscribed = Subscribed {
            endpoint: format!("{}/push/{}", self.origin, self.devices.len()),
            p256dh: text(&point(&private.public())),
            auth: text(&auth),
        };
        self.devices.push(Device { mode, private, auth, sender: sender.to_owned() });
        subscribed
    }

    /// Answers otherwise from now on.
    pub fn set_mode(&mut self, subscription: usize, mode: Mode) {
        self.devices[subscription].mode = mode;
    }

    /// What devices have got, oldest first.
    #[must_use]
    pub fn received(&self) -> &[Received] {
        &self.received
    }

    /// What a device shows that was off all the time: of each topic the last one.
    #[must_use]
    pub fn shown_after_sleep(&self, subscription: usize) -> Vec<&Received> {
        let mine = || self.received.iter().filter(|push| push.subscription == subscription).enumerate();
        let replaced = |at: usize, push: &Received| {
            push.topic.is_some() && mine().any(|(other, later)| other > at && later.topic == push.topic)
        };
        mine().filter(|(at, push)| !replaced(*at, push)).map(|(_, push)| push).collect()
    }

    /// Takes a request (a POST) in. `now`: seconds since 1970.
    pub fn receive(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8], now: i64) -> Answer {
        let headers: HashMap<String, &str> =
            headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), *value)).collect();
        let answer = |status, retry_after| Answer { status, retry_after, why: String::new() };
        match self.check(path, &headers, body, now) {
            Err((status, why)) => Answer { status, retry_after: None, why: why.to_owned() },
            Ok((Mode::Takes, push)) => {
                self.received.push(push);
                answer(201, None)
            }
            Ok((Mode::Gone, _)) => answer(410, None),
            Ok((Mode::Missing, _)) => answer(404, None),
            Ok((Mode::Slow, _)) => answer(429, Some("7")),
            Ok((Mode::Down, _)) => answer(503, None),
            Ok((Mode::Full, _)) => answer(413, None),
        }
    }

    fn check(
        &mut self,
        path: &str,
        headers: &HashMap<String, &str>,
        body: &[u8],
        now: i64,
    ) -> Result<(Mode, Received), Refusal> {
        let subscription = path.strip_prefix("/push/").and_then(|number| number.parse().ok());
        let subscription: usize = subscription.ok_or((404, "no such path"))?;
        let device = self.devices.get(subscription).ok_or((404, "no such subscription"))?;
        let header = |name: &str| headers.get(name).copied();
        let ttl = header("ttl").and_then(|ttl| ttl.parse().ok()).ok_or((400, "TTL"))?;
        let urgency = header("urgency").unwrap_or("normal");
        if !["very-low", "low", "normal", "high"].contains(&urgency) {
            return Err((400, "Urgency"));
        }
        let topic = header("topic");
        let fits =
            |topic: &str| (1..=32).contains(&topic.len()) && topic.bytes().all(|b| b.is_ascii_alphanumeric());
        if topic.is_some_and(|topic| !fits(topic)) {
            return Err((400, "Topic"));
        }
        if header("content-encoding") != Some("aes128gcm") {
            return Err((415, "Content-Encoding"));
        }
        check_sender(header("authorization"), &device.sender, &self.origin, now)?;
        let plaintext = device.decrypt(body)?;
        let text = String::from_utf8(plaintext).map_err(|_| (400, "not UTF-8"))?;
        if !self.used.insert(body[..HEADER_BYTES + POINT_BYTES].to_vec()) {
            return Err((400, "salt and key were used before"));
        }
        let topic = topic.map(str::to_owned);
        let mode = device.mode;
        Ok((mode, Received { subscription, text, ttl, urgency: urgency.to_owned(), topic }))
    }
}

impl Device {
    /// RFC 8291, section 3.4, and RFC 8188, section 2.
    fn decrypt(&self, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        if body.len() > MOST_BODY {
            return Err((413, "larger than 4,096 octets"));
        }
        let short = || (400, "the body ends early");
        let (header, rest) = body.split_at_checked(HEADER_BYTES).ok_or_else(short)?;
        let (sender, record) = rest.split_at_checked(POINT_BYTES).ok_or_else(short)?;
        let size =
            header[SALT_BYTES..HEADER_BYTES - 1].iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
        if usize::from(header[HEADER_BYTES - 1]) != POINT_BYTES || size < record.len() {
            return Err((400, "not one record with a key"));
        }
        let refused = |_| (400, "cannot be decrypted");
        let sender = public_key(sender).map_err(|_| (400, "the key is no point"))?;
        let input = shared_secret(&self.private, &sender, &self.auth, &self.private.public(), &sender);
        let (cipher, nonce) = cipher(&input.map_err(refused)?, &header[..SALT_BYTES]).map_err(refused)?;
        let mut record = record.to_vec();
        let padded = cipher.open_in_place(nonce, Aad::empty(), &mut record).map_err(refused)?;
        let end = padded.iter().rposition(|byte| *byte != 0).filter(|end| padded[*end] == 2);
        end.map(|end| padded[..end].to_vec()).ok_or((400, "no delimiter of a last record"))
    }
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    exp: i64,
    sub: String,
}

/// RFC 8292, section 4.2, and what Apple's service adds to it.
fn check_sender(header: Option<&str>, sender: &str, origin: &str, now: i64) -> Result<(), Refusal> {
    let parts = header.and_then(|header| header.strip_prefix("vapid t=")?.split_once(", k="));
    let (token, key) = parts.ok_or((401, "no VAPID"))?;
    if key != sender {
        return Err((403, "another sender's key"));
    }
    let decoded = |part: &str| BASE64URL.decode(part).map_err(|_| (403, "not Base64"));
    let (signed, signature) = token.rsplit_once('.').ok_or((403, "no JWT"))?;
    let (head, claims) = signed.split_once('.').ok_or((403, "no JWT"))?;
    let key = VerifyingKey::from_sec1_bytes(&decoded(key)?).map_err(|_| (403, "not a key"))?;
    let signature = Signature::from_slice(&decoded(signature)?).map_err(|_| (403, "not a signature"))?;
    key.verify(signed.as_bytes(), &signature).map_err(|_| (403, "the signature is of something else"))?;
    let head: HashMap<String, String> =
        serde_json::from_slice(&decoded(head)?).map_err(|_| (403, "the header is no JSON"))?;
    if head.get("alg").map(String::as_str) != Some("ES256") {
        return Err((403, "alg"));
    }
    let claims: Claims = serde_json::from_slice(&decoded(claims)?).map_err(|_| (403, "claims"))?;
    if claims.aud != origin {
        return Err((403, "aud"));
    }
    if claims.exp <= now || claims.exp > now + 86_400 {
        return Err((403, "exp"));
    }
    let reachable = claims.sub.starts_with("https://") || claims.sub.starts_with("mailto:");
    if !reachable || claims.sub.ends_with("localhost") {
        return Err((403, "sub"));
    }
    Ok(())
}

#[cfg(test)]
#[path = "testing_tests.rs"]
mod tests;
