//! Owns: how a listener of each protocol introduces itself and tells an event from the rest. Must not know: sockets.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::server::{APP_KEY, APP_SECRET};

/// What a frame is.
pub enum Seen {
    /// A message.
    Event,
    /// From now on messages arrive.
    Ready,
    /// To be answered so.
    Answer(String),
    Other,
}

/// A protocol, with what the listener needs to join.
#[derive(Clone)]
pub enum Speech {
    Native { token: String, cursor: Option<String> },
    Pusher { user: String, conversation: String },
    Mercure { token: String, conversation: String },
    SocketIo { token: String },
}

/// The protocols by name.
pub const PROTOCOLS: [&str; 4] = ["native", "pusher", "mercure", "socket.io"];

impl Speech {
    pub fn is_socket(&self) -> bool {
        !matches!(self, Self::Mercure { .. })
    }

    /// The request that opens the connection.
    pub fn request(&self) -> String {
        let (path, token) = match self {
            Self::Native { token, cursor: None } => ("/api/v1/ws".to_owned(), token.as_str()),
            Self::Native { token, cursor: Some(cursor) } => {
                (format!("/api/v1/ws?cursor={cursor}"), token.as_str())
            }
            Self::Pusher { .. } => (format!("/app/{APP_KEY}?protocol=7&client=bench&version=1"), ""),
            Self::SocketIo { .. } => ("/socket.io/?EIO=4&transport=websocket".to_owned(), ""),
            Self::Mercure { token, conversation } => {
                let topic = format!(
                    "/.well-known/mercure?topic=/crm/internal-messenger/conversations/{conversation}"
                );
                (topic, token.as_str())
            }
        };
        let token = match token {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let upgrade = match self.is_socket() {
            true => {
                "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                 sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            }
            false => "accept: text/event-stream\r\n",
        };
        format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{token}{upgrade}\r\n")
    }

    /// What a frame is, by its beginning. Events only told (presence) are none.
    pub fn hear(&self, beginning: &[u8]) -> Seen {
        let letter = |at: usize| beginning.get(at).copied().unwrap_or(0);
        match self {
            // {"type":"event","event":{"seq" | {"type":"ping" | {"cursor":…,"reset":…,"type":"ready"
            Self::Native { .. } => match (letter(9), letter(26)) {
                (b'e', b's') => Seen::Event,
                (b'e', _) => Seen::Other,
                (b'p', _) => Seen::Answer(r#"{"type":"pong"}"#.to_owned()),
                _ => self.native_with_cursor(beginning),
            },
            Self::Pusher { .. } if beginning.starts_with(br#"{"event":"m"#) => Seen::Event,
            Self::Pusher { user, conversation } => {
                let tells = |what: &str| memchr::memmem::find(beginning, what.as_bytes()).is_some();
                if tells("pusher:connection_established") {
                    Seen::Answer(subscribe(beginning, user, conversation))
                } else if tells("pusher:ping") {
                    Seen::Answer(r#"{"event":"pusher:pong","data":{}}"#.to_owned())
                } else if tells("pusher_internal:subscription_s") {
                    Seen::Ready
                } else {
                    Seen::Other
                }
            }
            // 0{…} | 2 | 40{…} | 42["message.posted"
            Self::SocketIo { token } => match (letter(0), letter(1), letter(4)) {
                (b'0', ..) => Seen::Answer(format!("40{{\"token\":\"{token}\"}}")),
                (b'2', ..) => Seen::Answer("3".to_owned()),
                (b'4', b'0', _) => Seen::Ready,
                (b'4', b'2', b'm') => Seen::Event,
                _ => Seen::Other,
            },
            Self::Mercure { .. } => Seen::Other,
        }
    }

    /// With a cursor, which comes before the type: `ready`, which tells of a reset, and pings, which do not.
    fn native_with_cursor(&self, beginning: &[u8]) -> Seen {
        match memchr::memmem::find(beginning, b"reset") {
            Some(_) => Seen::Ready,
            None if beginning.starts_with(b"{\"cursor\"") => Seen::Answer(r#"{"type":"pong"}"#.to_owned()),
            None => Seen::Other,
        }
    }
}

/// The host application's answer to a client that wants to join: the person, signed.
fn subscribe(established: &[u8], user: &str, conversation: &str) -> String {
    let text = String::from_utf8_lossy(established);
    let after = text.split("socket_id\\\":\\\"").nth(1).unwrap_or_default();
    let socket = after.split('\\').next().unwrap_or_default();
    let channel = format!("private-conversation-{conversation}");
    let data = format!("{{\"user_id\":\"{user}\"}}");
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap();
    mac.update(format!("{socket}:{channel}:{data}").as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::json!({"event": "pusher:subscribe", "data": {
        "channel": channel, "auth": format!("{APP_KEY}:{signature}"), "channel_data": data,
    }})
    .to_string()
}
