//! Owns: what nodes tell each other through Redis (or Valkey): hints that a tenant's log has grown, ephemeral events, and
//! the registry. `workers/cluster.rs` sends and receives. The database is the truth: when Redis is away, the logs are looked at once a
//! second, and nobody loses an event. Must not know: what the messages mean to people.
//!
//! One channel carries batches of notes as JSON. Each node keeps its registry under a key that expires, so that a node
//! that dies takes its people along by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parlor_chat::access::Facets;
use parlor_chat::events::{Audience, Event, EventKind};
use parlor_chat::publications::Publication;
use parlor_chat::{ConversationId, Kind, PersonId, StoreId, TeamId, TenantId, Time};
use parlor_realtime::presence::registry::{EntryUpdate, NodeId};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The other nodes, as this one sees them.
#[derive(Debug)]
pub struct Cluster {
    /// This node.
    pub node: NodeId,
    notes: Option<UnboundedSender<Note>>,
    pub(crate) connected: AtomicBool,
}

/// What one node tells the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    /// A tenant's log has reached a number; `stale` when what is remembered of people or settings may be wrong now.
    Reached { tenant: TenantId, seq: i64, stale: bool },
    /// Something told and not kept.
    Tell(Box<Passing>),
    /// An entry of this node's registry.
    #[serde(rename = "roster")]
    Registry(EntryUpdate),
    /// The node has just come, or come back: read its registry anew, and show it yours.
    Hello,
    /// The node's registry has just been written for one that came: read it anew.
    Here,
}

/// A message on the channel of the nodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Batch {
    pub from: NodeId,
    pub notes: Vec<Note>,
}

/// A passing event on its way to another node.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Passing {
    tenant: TenantId,
    kind: String,
    at: Time,
    conversation: Option<ConversationId>,
    to: To,
    json: String,
    publication: Option<Publication>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum To {
    Person(PersonId),
    Staff,
    Named,
    Nobody,
    Readers {
        kind: Kind,
        team: Option<TeamId>,
        store: Option<StoreId>,
        assignee: Option<PersonId>,
        staff_only: bool,
    },
}

impl Passing {
    fn of(event: &Event) -> Self {
        let to = match &event.audience {
            Audience::Person(person) => To::Person(*person),
            Audience::Staff => To::Staff,
            // What tells of contacts is kept, and read from the log by every node.
            Audience::Named | Audience::Contact { .. } => To::Named,
            Audience::Nobody | Audience::Unreadable => To::Nobody,
            Audience::Conversation { facets, staff_only } => {
                let Facets { kind, team, store, assignee } = *facets;
                To::Readers { kind, team, store, assignee, staff_only: *staff_only }
            }
        };
        Self {
            tenant: event.tenant,
            kind: event.kind.name().to_owned(),
            at: event.at,
            conversation: event.conversation,
            to,
            json: event.json.to_string(),
            publication: event.publication.as_deref().cloned(),
        }
    }

    /// The event on this node. One of a kind that this version does not know reaches nobody.
    pub(crate) fn event(self) -> Event {
        let kind = EventKind::between_nodes(&self.kind);
        if kind == EventKind::Unknown {
            tracing::warn!(
                kind = self.kind,
                "another node tells of an unknown kind of event; it reaches nobody"
            );
        }
        let audience = match self.to {
            _ if kind == EventKind::Unknown => Audience::Unreadable,
            To::Person(person) => Audience::Person(person),
            To::Staff => Audience::Staff,
            To::Named => Audience::Named,
            To::Nobody => Audience::Unreadable,
            To::Readers { kind, team, store, assignee, staff_only } => {
                Audience::Conversation { facets: Facets { kind, team, store, assignee }, staff_only }
            }
        };
        Event {
            tenant: self.tenant,
            seq: 0,
            kind,
            at: self.at,
            conversation: self.conversation,
            audience,
            access: Vec::new(),
            json: self.json.into(),
            publication: self.publication.map(Arc::new),
        }
    }
}

/// The receiving end, for the worker that sends.
pub(crate) type Notes = UnboundedReceiver<Note>;

impl Cluster {
    /// A node among others when there is a Redis, else one alone.
    pub(crate) fn new(node: NodeId, with_redis: bool) -> (Self, Option<Notes>) {
        let (sender, receiver) = unbounded_channel();
        let cluster = Self { node, notes: with_redis.then_some(sender), connected: AtomicBool::new(false) };
        (cluster, with_redis.then_some(receiver))
    }

    /// Whether there are other nodes to talk to, and whether they can be reached now.
    #[must_use]
    pub fn state(&self) -> Option<bool> {
        self.notes.as_ref().map(|_| self.connected.load(Ordering::Relaxed))
    }

    /// A tenant's log has grown here. `stale` as in `Caches::invalidate`.
    pub(crate) fn reached(&self, tenant: TenantId, seq: i64, stale: bool) {
        self.note(|| Note::Reached { tenant, seq, stale });
    }

    /// Tells what is not kept to the other nodes.
    pub(crate) fn publish(&self, event: &Event) {
        self.note(|| Note::Tell(Box::new(Passing::of(event))));
    }

    pub(crate) fn note(&self, note: impl FnOnce() -> Note) {
        if let Some(notes) = &self.notes {
            let _ = notes.send(note());
        }
    }
}

/// Of several hints about one tenant the last one says it all.
pub(crate) fn together(notes: Vec<Note>) -> Vec<Note> {
    let mut reached: BTreeMap<TenantId, (i64, bool)> = BTreeMap::new();
    let mut others = Vec::with_capacity(notes.len());
    for note in notes {
        match note {
            Note::Reached { tenant, seq, stale } => {
                let known = reached.entry(tenant).or_default();
                *known = (known.0.max(seq), known.1 || stale);
            }
            other => others.push(other),
        }
    }
    let hints = reached.into_iter().map(|(tenant, (seq, stale))| Note::Reached { tenant, seq, stale });
    hints.chain(others).collect()
}
