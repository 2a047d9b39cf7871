//! Owns: in whose words the event stream speaks: the native ones, or those of the team chat contract. The sessions,
//! cursors and transports are the same.

use bytes::Bytes;
use parlor_realtime::EncodedEvent;
use parlor_realtime::protocol::native::Incoming;
use parlor_realtime::protocol::{chat, native};

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// docs/protocols/native.md
    Native,
    /// docs/contracts/chat.md
    Chat,
}

impl Dialect {
    /// The text frame of an event; empty when there is no word for it.
    pub(super) fn frame(self, published: &EncodedEvent) -> &Bytes {
        match self {
            Self::Native => published.native(),
            Self::Chat => published.chat(),
        }
    }

    /// The lines of an event after its `id`; empty when there is no word for it.
    pub(super) fn lines(self, published: &EncodedEvent) -> &Bytes {
        match self {
            Self::Native => published.sse(),
            Self::Chat => published.chat_lines(),
        }
    }

    /// The object of an event, for a poll.
    pub(super) fn object(self, published: &EncodedEvent) -> Option<String> {
        let text = match self {
            Self::Native => published.event.json.to_string(),
            Self::Chat => String::from_utf8(published.chat().to_vec()).unwrap_or_default(),
        };
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn ready(self, cursor: &str, reset: bool) -> String {
        match self {
            Self::Native => native::ready(cursor, reset),
            Self::Chat => chat::ready(cursor, reset),
        }
    }

    pub(super) fn ping(self, cursor: Option<&str>) -> String {
        match self {
            Self::Native => native::ping(cursor),
            Self::Chat => chat::ping(cursor),
        }
    }

    pub(super) fn pong(self) -> &'static str {
        match self {
            Self::Native => native::PONG,
            Self::Chat => chat::PONG,
        }
    }

    pub(super) fn incoming(self, text: &str) -> Incoming {
        match self {
            Self::Native => native::incoming(text),
            Self::Chat => chat::incoming(text),
        }
    }
}
