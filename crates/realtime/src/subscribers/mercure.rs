//! Owns: which events one subscriber gets: what it asked for, cut down to what its token allows. Must not know: the
//! connection, or how events arrive.

use std::collections::HashMap;
use std::sync::Arc;

use parlor_chat::events::{Audience, Event, EventKind, Payload};
use parlor_chat::publications::Publication;
use parlor_chat::{ConversationId, Error, Notify, PersonId};

use crate::encoded::EncodedEvent;
use crate::listeners::{Matcher, Name};
use crate::protocol::mercure::parlor_topics::{self, Topic};
use crate::protocol::mercure::{Selector, any, one};

/// A subscriber's interests and rights.
#[derive(Clone, Debug, Default)]
pub struct Subscriber {
    /// What it asked for.
    wanted: Arc<[Selector]>,
    /// Which private updates it may have.
    granted: Arc<[Selector]>,
    /// The person whose events arrive as well.
    me: Option<SubscribedPerson>,
    /// Whether the person's inbox and notifications are wanted and allowed.
    inbox: bool,
    notifications: bool,
    /// Parlor's own events go elsewhere.
    without_own: bool,
}

/// The person behind a subscriber.
#[derive(Clone, Debug)]
pub struct SubscribedPerson {
    /// The person whose events arrive.
    pub person: PersonId,
    /// The token names the person: Parlor's rules decide about conversations, and not the token's selectors.
    pub by_rules: bool,
    /// Conversations that the person does not want to hear everything of.
    pub quiet: HashMap<ConversationId, Notify>,
}

impl Subscriber {
    /// A subscriber without a person.
    #[must_use]
    pub fn new(wanted: Vec<Selector>, granted: Vec<Selector>) -> Self {
        Self { wanted: wanted.into(), granted: granted.into(), ..Self::default() }
    }

    /// Only what applications publish: Parlor's own events go to another hub.
    #[must_use]
    pub fn without_own(self) -> Self {
        Self { without_own: true, ..self }
    }

    /// The person is there from now on, with settings as they are now.
    pub fn become_person(&mut self, me: SubscribedPerson) {
        self.inbox = self.hears(Topic::Inbox(me.person), me.by_rules);
        self.notifications = self.hears(Topic::Notifications(me.person), me.by_rules);
        self.me = Some(me);
    }

    /// The users whose inbox or notifications are asked for by name, with the right to it.
    #[must_use]
    pub fn people(&self) -> Vec<PersonId> {
        let mut people = Vec::new();
        for topic in self.wanted.iter().filter_map(Selector::topic) {
            if let Some(Topic::Inbox(person) | Topic::Notifications(person)) = Topic::parse(topic)
                && self.names_exactly(topic)
                && !people.contains(&person)
            {
                people.push(person);
            }
        }
        people
    }

    /// Whether Parlor's own topics are asked for.
    #[must_use]
    pub fn asks_for_own(&self) -> bool {
        self.wanted.iter().any(|selector| selector.text.starts_with(parlor_topics::ROOT))
    }

    /// Whether conversations are heard by selector, and not by way of a person.
    fn vouched(&self) -> bool {
        !self.without_own && !self.me.as_ref().is_some_and(|me| me.by_rules)
    }

    /// What to listen to by name.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        for topic in self.wanted.iter().filter_map(Selector::topic) {
            names.push(Name::Topic(topic.clone()));
            if let Some(Topic::Conversation(id)) = Topic::parse(topic)
                && self.vouched()
                && one(&self.granted, topic)
            {
                names.push(Name::Conversation(id));
            }
        }
        names
    }

    /// What else to listen to: there are selectors for many topics.
    #[must_use]
    pub fn matcher(&self) -> Option<Matcher> {
        let open: Vec<_> =
            self.wanted.iter().filter(|selector| selector.topic().is_none()).cloned().collect();
        if open.is_empty() {
            return None;
        }
        let subscriber = Self { wanted: open.into(), ..self.clone() };
        Some(Arc::new(move |event| subscriber.listens(event)))
    }

    /// Whether an event is heard without being the person's.
    #[must_use]
    pub fn listens(&self, event: &Event) -> bool {
        match &event.publication {
            Some(publication) => self.wants_publication(publication),
            None => self.vouched() && self.wants_vouched(event),
        }
    }

    fn wants_publication(&self, publication: &Publication) -> bool {
        let Publication::Topics { topics, private, .. } = publication else { return false };
        any(&self.wanted, topics) && (!private || any(&self.granted, topics))
    }

    fn wants_vouched(&self, event: &Event) -> bool {
        self.talk(event, true).is_some_and(|topic| one(&self.granted, &topic))
    }

    /// The conversation's topic, when it is wanted.
    fn talk(&self, event: &Event, open: bool) -> Option<String> {
        if open && self.granted.is_empty() {
            return None;
        }
        let topic = Topic::Conversation(parlor_topics::conversation(event, open)?).to_string();
        one(&self.wanted, &topic).then_some(topic)
    }

    /// Whether an event that arrived is to be sent on. Whoever listens to a name has to ask too: the name says nothing
    /// of the token.
    #[must_use]
    pub fn wants(&self, published: &EncodedEvent) -> bool {
        let event = &published.event;
        if self.listens(event) {
            return true;
        }
        let Some(me) = self.me.as_ref().filter(|_| event.publication.is_none()) else { return false };
        (me.by_rules && self.talk(event, false).is_some())
            || self.inbox
            || (self.notifications && me.is_told(published))
    }

    fn hears(&self, topic: Topic, by_rules: bool) -> bool {
        let topic = topic.to_string();
        let granted = if by_rules { one(&self.granted, &topic) } else { self.names_exactly(&topic) };
        granted && one(&self.wanted, &topic)
    }

    /// Whether the token names the topic itself. Hosts give `*` to browsers; that must not open everybody's inbox to whoever
    /// asks for one by name.
    fn names_exactly(&self, topic: &str) -> bool {
        self.granted.iter().filter_map(Selector::topic).any(|granted| **granted == *topic)
    }

    /// Takes over what the person changes about a conversation.
    ///
    /// # Errors
    /// `Damaged` when it cannot be read what.
    pub fn follow(&mut self, event: &Event) -> Result<(), Error> {
        let Some(me) = &mut self.me else { return Ok(()) };
        if event.kind != EventKind::MeConversation || event.audience != Audience::Person(me.person) {
            return Ok(());
        }
        let (Payload::MeConversation(told), Some(id)) = (event.payload()?, event.conversation) else {
            return Ok(());
        };
        match told.me.notify.unless(told.me.muted) {
            Notify::All => me.quiet.remove(&id),
            less => me.quiet.insert(id, less),
        };
        Ok(())
    }
}

impl SubscribedPerson {
    fn is_told(&self, published: &EncodedEvent) -> bool {
        if parlor_topics::is_notification(&published.event) {
            return true;
        }
        published.notice().is_some_and(|notice| {
            let notify = self.quiet.get(&notice.conversation).copied().unwrap_or(Notify::All);
            notice.is_for(self.person, notify)
        })
    }
}

#[cfg(test)]
#[path = "mercure_tests.rs"]
mod tests;
