//! Owns: a committed event on its way to many sessions, encoded once per protocol. Must not know: who gets it.

use std::sync::OnceLock;

use bytes::Bytes;
use parlor_chat::events::{Audience, Event};
use parlor_chat::{Error, Kind};

use crate::contracts::erp;
use crate::protocol::mercure::{Notice, parlor_topics};
use crate::protocol::pusher::Frames;
use crate::protocol::socketio;

/// An event and the bytes that each protocol makes of it, made by whoever needs them first.
#[derive(Debug)]
pub struct EncodedEvent {
    /// What happened.
    pub event: Event,
    made: Made,
}

/// What has been made of the event so far.
#[derive(Debug, Default)]
struct Made {
    native: OnceLock<Bytes>,
    sse: OnceLock<Bytes>,
    chat: OnceLock<Bytes>,
    chat_lines: OnceLock<Bytes>,
    pusher: OnceLock<Frames>,
    socketio: OnceLock<Bytes>,
    erp: OnceLock<Vec<Bytes>>,
    mercure: OnceLock<Bytes>,
    notice: OnceLock<Option<Notice>>,
}

impl EncodedEvent {
    /// Wraps a committed event.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self { event, made: Made::default() }
    }

    /// What a protocol makes of the event: nothing when it cannot be read, and then operators are told.
    fn readable<T: Default>(&self, made: Result<T, Error>) -> T {
        made.unwrap_or_else(|error| {
            tracing::error!(%error, "an unreadable event reaches nobody");
            T::default()
        })
    }

    /// The event's number in its tenant's log.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.event.seq
    }

    /// The WebSocket text frame of the native protocol.
    pub fn native(&self) -> &Bytes {
        self.made.native.get_or_init(|| crate::protocol::native::event(&self.event.json))
    }

    /// The lines of a server-sent event after its `id`.
    pub fn sse(&self) -> &Bytes {
        self.made.sse.get_or_init(|| crate::protocol::sse::event(self.event.kind.name(), &self.event.json))
    }

    /// The object of the team chat contract; empty when it has no word for the event.
    pub fn chat(&self) -> &Bytes {
        self.made.chat.get_or_init(|| self.readable(crate::protocol::chat::event(&self.event)))
    }

    /// The lines of the same as a server-sent event after its `id`.
    pub fn chat_lines(&self) -> &Bytes {
        self.made.chat_lines.get_or_init(|| self.readable(crate::protocol::chat::lines(&self.event)))
    }

    /// The lines of a Mercure update; `epoch` is that of the tenant's log.
    pub fn mercure(&self, epoch: i64) -> &Bytes {
        self.made.mercure.get_or_init(|| crate::protocol::mercure::wire::event(&self.event, epoch))
    }

    /// The new message that it tells of.
    pub fn notice(&self) -> Option<&Notice> {
        self.made.notice.get_or_init(|| self.readable(parlor_topics::notice(&self.event))).as_ref()
    }

    /// The Engine.IO packet of the main Socket.IO namespace.
    pub fn socketio(&self) -> &Bytes {
        let event = &self.event;
        self.made.socketio.get_or_init(|| socketio::published(event.kind.name(), &event.json, event.seq))
    }

    /// The Engine.IO packets of the ERP contract; none where it has no word for the event.
    pub fn erp(&self) -> &[Bytes] {
        let event = &self.event;
        self.made.erp.get_or_init(|| match event.audience {
            // The contract knows conversations of two.
            Audience::Conversation { facets, .. } if facets.kind != Kind::Direct => Vec::new(),
            _ => socketio::contract(&self.readable(erp::Event::all(event))),
        })
    }

    /// The frames of the Pusher protocol, one for each channel.
    pub fn pusher(&self) -> &Frames {
        self.made.pusher.get_or_init(|| Frames::new(&self.event))
    }
}
