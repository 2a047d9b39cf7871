//! Owns: Engine.IO 4 on the wire: packets in text frames, binary frames and polled payloads, the handshake, refusals.
//! Must not know: sessions, requests, or what messages say.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::Serialize;

/// The only version that is spoken.
pub const VERSION: &str = "4";
/// Between the packets of a polled payload.
pub const SEPARATOR: u8 = 0x1e;
/// Packets without content, as they are sent.
pub const CLOSE: &str = "1";
/// The server asks whether the client lives.
pub const PING: &str = "2";
/// The answer to a client that tries a WebSocket out.
pub const PROBED: &str = "3probe";
/// Ends a waiting poll without saying anything.
pub const NOOP: &str = "6";

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Not a packet that a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// It goes.
    Close,
    /// It tries a transport out.
    Probe,
    /// It lives.
    Pong,
    /// Something for whoever uses the engine.
    Text(&'a str),
    /// The same in bytes.
    Binary(Bytes),
    /// The tried transport is the one from now on.
    Upgrade,
    /// Nothing.
    Noop,
}

/// Reads a text frame, or a packet of a payload.
///
/// # Errors
/// An unknown type, a type that only servers send, or base64 that is none.
pub fn packet(text: &str) -> Result<Packet<'_>, Malformed> {
    let mut rest = text.chars();
    match (rest.next(), rest.as_str()) {
        (Some('1'), "") => Ok(Packet::Close),
        (Some('2'), "probe") => Ok(Packet::Probe),
        (Some('3'), _) => Ok(Packet::Pong),
        (Some('4'), message) => Ok(Packet::Text(message)),
        (Some('5'), "") => Ok(Packet::Upgrade),
        (Some('6'), "") => Ok(Packet::Noop),
        (Some('b'), encoded) => {
            BASE64.decode(encoded).map(|bytes| Packet::Binary(bytes.into())).map_err(|_| Malformed)
        }
        _ => Err(Malformed),
    }
}

/// The packets of a request's body.
pub fn payload(body: &str) -> impl Iterator<Item = Result<Packet<'_>, Malformed>> {
    body.split(char::from(SEPARATOR)).map(packet)
}

/// A packet on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The packet as text, its type included.
    Text(Bytes),
    /// A message in bytes.
    Binary(Bytes),
}

impl Frame {
    /// A packet made of text.
    pub fn text(packet: impl Into<String>) -> Self {
        Self::Text(Bytes::from(packet.into()))
    }

    /// Its length in a payload.
    #[must_use]
    pub fn polled_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => 1 + bytes.len().div_ceil(3) * 4,
        }
    }

    /// Adds the packet to a payload.
    pub fn append(&self, payload: &mut Vec<u8>) {
        if !payload.is_empty() {
            payload.push(SEPARATOR);
        }
        match self {
            Self::Text(text) => payload.extend_from_slice(text),
            Self::Binary(bytes) => {
                payload.push(b'b');
                payload.extend_from_slice(BASE64.encode(bytes).as_bytes());
            }
        }
    }
}

/// What the first packet says; times in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Open<'a> {
    /// The session's secret name.
    pub sid: &'a str,
    /// Transports that the client may change to.
    pub upgrades: &'a [&'a str],
    /// Between two pings.
    pub ping_interval: u64,
    /// How long an answer may take.
    pub ping_timeout: u64,
    /// Bytes of the largest body.
    pub max_payload: usize,
}

impl Open<'_> {
    /// The first packet.
    #[must_use]
    pub fn packet(&self) -> String {
        format!("0{}", serde_json::to_string(self).unwrap_or_default())
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Neither polling nor WebSocket.
    UnknownTransport,
    /// No such session, or no longer.
    UnknownSession,
    /// A session begins with GET.
    BadMethod,
    /// It does not fit the session.
    BadRequest,
    /// Not from there.
    Forbidden,
    /// As many are open as there may be.
    Full,
    /// Another version than 4.
    UnsupportedVersion,
}

impl Refusal {
    /// The HTTP status and the body, which is JSON.
    #[must_use]
    pub fn answer(self) -> (u16, &'static str) {
        match self {
            Self::UnknownTransport => (400, r#"{"code":0,"message":"Transport unknown"}"#),
            Self::UnknownSession => (400, r#"{"code":1,"message":"Session ID unknown"}"#),
            Self::BadMethod => (400, r#"{"code":2,"message":"Bad handshake method"}"#),
            Self::BadRequest => (400, r#"{"code":3,"message":"Bad request"}"#),
            Self::Forbidden => (403, r#"{"code":4,"message":"Forbidden"}"#),
            Self::Full => (429, r#"{"code":4,"message":"Too many connections"}"#),
            Self::UnsupportedVersion => (400, r#"{"code":5,"message":"Unsupported protocol version"}"#),
        }
    }
}

#[cfg(test)]
#[path = "engineio_tests.rs"]
mod tests;
