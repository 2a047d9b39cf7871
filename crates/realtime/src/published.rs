//! Owns: a committed event on its way to many sessions, encoded once per protocol. Must not know: who gets it.

use std::sync::OnceLock;

use bytes::Bytes;
use parlor_chat::Kind;
use parlor_chat::events::{Audience, Event};

/// An event and the bytes that each protocol makes of it, made by whoever needs them first.
#[derive(Debug)]
pub struct Published {
    /// What happened.
    pub event: Event,
    native: OnceLock<Bytes>,
    sse: OnceLock<Bytes>,
    socketio: OnceLock<Bytes>,
    erp: OnceLock<Vec<Bytes>>,
}

impl Published {
    /// Wraps a committed event.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self {
            event,
            native: OnceLock::new(),
            sse: OnceLock::new(),
            socketio: OnceLock::new(),
            erp: OnceLock::new(),
        }
    }

    /// The event's number in its tenant's log.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.event.seq
    }

    /// The WebSocket text frame of the native protocol.
    pub fn native(&self) -> &Bytes {
        self.native.get_or_init(|| crate::protocol::native::event(&self.event.json))
    }

    /// The lines of a server-sent event after its `id`.
    pub fn sse(&self) -> &Bytes {
        self.sse.get_or_init(|| crate::protocol::sse::event(&self.event.kind, &self.event.json))
    }

    /// The Engine.IO packet of the main Socket.IO namespace.
    pub fn socketio(&self) -> &Bytes {
        let event = &self.event;
        self.socketio
            .get_or_init(|| crate::protocol::socketio::published(&event.kind, &event.json, event.seq))
    }

    /// The Engine.IO packets of the ERP contract; none where it has no word for the event.
    pub fn erp(&self) -> &[Bytes] {
        let event = &self.event;
        self.erp.get_or_init(|| match event.audience {
            // The contract knows conversations of two.
            Audience::Conversation { facets, .. } if facets.kind != Kind::Direct => Vec::new(),
            _ => crate::protocol::socketio::contract(&crate::shapes::erp::Event::all(&event.json)),
        })
    }
}
