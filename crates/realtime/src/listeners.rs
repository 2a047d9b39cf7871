//! Owns: who listens to names (channels, topics) or to whatever a test of their own admits, whoever they are.
//! Must not know: persons and their rights, order, what the names mean on a wire.

use std::collections::HashMap;
use std::sync::Arc;

use parlor_chat::ConversationId;
use parlor_chat::events::{Audience, Event};
use parlor_chat::publications::Publication;

use crate::encoded::EncodedEvent;
use crate::mailbox::Mailbox;

/// What can be listened to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A channel that applications publish on (Pusher).
    Channel(Arc<str>),
    /// A topic that applications publish on (Mercure).
    Topic(Arc<str>),
    /// What a conversation's readers get, private notes excepted: for whoever the host application vouches for.
    Conversation(ConversationId),
}

/// Decides about every publication and every event of a conversation that is not for staff alone. Must be quick.
pub type Matcher = Arc<dyn Fn(&Event) -> bool + Send + Sync>;

type Listener = (u64, Arc<Mailbox>);

/// Who listens to what.
#[derive(Default)]
pub(crate) struct Listeners {
    names: HashMap<Name, Vec<Listener>>,
    matchers: HashMap<u64, (Matcher, Arc<Mailbox>)>,
}

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listeners").field("names", &self.names.len()).finish_non_exhaustive()
    }
}

impl Listeners {
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.matchers.is_empty()
    }

    /// Listens to a name; false when it already did.
    pub fn add(&mut self, name: Name, id: u64, mailbox: &Arc<Mailbox>) -> bool {
        let listeners = self.names.entry(name).or_default();
        let known = listeners.iter().any(|(known, _)| *known == id);
        if !known {
            listeners.push((id, mailbox.clone()));
        }
        !known
    }

    pub fn remove(&mut self, name: &Name, id: u64) {
        let Some(listeners) = self.names.get_mut(name) else { return };
        if let Some(at) = listeners.iter().position(|(known, _)| *known == id) {
            listeners.swap_remove(at);
        }
        if listeners.is_empty() {
            self.names.remove(name);
        }
    }

    pub fn add_matcher(&mut self, id: u64, matcher: Matcher, mailbox: &Arc<Mailbox>) {
        self.matchers.insert(id, (matcher, mailbox.clone()));
    }

    pub fn remove_matcher(&mut self, id: u64) {
        self.matchers.remove(&id);
    }

    /// How many connections listen to a name.
    pub fn count(&self, name: &Name) -> usize {
        self.names.get(name).map_or(0, Vec::len)
    }

    pub fn deliver(&self, published: &Arc<EncodedEvent>, turn: u64) {
        if self.is_empty() {
            return;
        }
        let event = &published.event;
        match (&event.audience, event.publication.as_deref()) {
            (Audience::Named, Some(Publication::Channels { channels, .. })) => {
                self.each(channels, Name::Channel, published, turn);
            }
            (Audience::Named, Some(Publication::Topics { topics, .. })) => {
                self.each(topics, Name::Topic, published, turn);
            }
            (Audience::Conversation { staff_only: false, .. }, _) => {
                if let Some(conversation) = event.conversation {
                    self.give(&Name::Conversation(conversation), published, turn);
                }
            }
            _ => return,
        }
        for (matcher, mailbox) in self.matchers.values() {
            if matcher(event) {
                mailbox.push(published, turn);
            }
        }
    }

    fn each(&self, names: &[String], name: fn(Arc<str>) -> Name, published: &Arc<EncodedEvent>, turn: u64) {
        for text in names {
            self.give(&name(Arc::from(text.as_str())), published, turn);
        }
    }

    fn give(&self, name: &Name, published: &Arc<EncodedEvent>, turn: u64) {
        for (_, mailbox) in self.names.get(name).into_iter().flatten() {
            mailbox.push(published, turn);
        }
    }
}
