//! Owns: the topics that Parlor's own events go to, for its hub and for external ones. Every update on them is private.
//! Must not know: who subscribes.

use parlor_chat::events::{Audience, Event, EventKind, Payload};
use parlor_chat::messages::MessageKind;
use parlor_chat::{ConversationId, Error, Notify, PersonId};

use super::notice::Notice;

/// What all of Parlor's topics begin with.
pub const ROOT: &str = "/crm/internal-messenger/";
const CONVERSATIONS: &str = "/crm/internal-messenger/conversations/";
const USERS: &str = "/crm/internal-messenger/users/";
/// Of every conversation.
pub const CONVERSATION_TEMPLATE: &str = "/crm/internal-messenger/conversations/{id}";

/// One of Parlor's topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What a conversation's readers hear, private notes excepted.
    Conversation(ConversationId),
    /// Everything that a user may see.
    Inbox(PersonId),
    /// What a user wants to be told at once.
    Notifications(PersonId),
}

impl Topic {
    /// Reads a topic.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(id) = text.strip_prefix(CONVERSATIONS) {
            return id.parse().ok().map(Self::Conversation).filter(|topic| topic.to_string() == text);
        }
        let (id, list) = text.strip_prefix(USERS)?.split_once('/')?;
        let person = id.parse().ok()?;
        let topic = match list {
            "inbox" => Self::Inbox(person),
            "notifications" => Self::Notifications(person),
            _ => return None,
        };
        // An id has many spellings; only one is a topic.
        Some(topic).filter(|topic| topic.to_string() == text)
    }
}

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conversation(id) => write!(f, "{CONVERSATIONS}{id}"),
            Self::Inbox(id) => write!(f, "{USERS}{id}/inbox"),
            Self::Notifications(id) => write!(f, "{USERS}{id}/notifications"),
        }
    }
}

/// The conversation whose topic an event goes to; `open` leaves out what is for staff alone.
#[must_use]
pub fn conversation(event: &Event, open: bool) -> Option<ConversationId> {
    match event.audience {
        Audience::Conversation { staff_only, .. } if !(open && staff_only) => event.conversation,
        _ => None,
    }
}

/// The new message that an event tells of.
///
/// # Errors
/// `Damaged` when it cannot be read.
pub fn notice(event: &Event) -> Result<Option<Notice>, Error> {
    if event.kind != EventKind::MessagePosted {
        return Ok(None);
    }
    let (Payload::MessagePosted(told), Some(conversation)) = (event.payload()?, event.conversation) else {
        return Ok(None);
    };
    let message = told.message.read()?;
    Ok((message.kind == MessageKind::Text).then(|| Notice {
        conversation,
        author: message.author.map(|author| author.id),
        mentioned: message.mentions.iter().map(|mention| mention.user_id).collect(),
    }))
}

/// The topics that an event goes to on a hub that knows no persons. `users` take part in its conversation.
///
/// # Errors
/// `Damaged` when the event cannot be read.
pub fn topics(event: &Event, users: &[(PersonId, Notify)]) -> Result<Vec<String>, Error> {
    let mut topics = Vec::new();
    topics.extend(conversation(event, true).map(Topic::Conversation));
    match &event.audience {
        Audience::Person(person) => {
            topics.push(Topic::Inbox(*person));
            topics.extend(is_notification(event).then_some(Topic::Notifications(*person)));
        }
        Audience::Conversation { staff_only, .. } => {
            let notice = notice(event)?;
            for (person, notify) in users {
                topics.push(Topic::Inbox(*person));
                let told = notice.as_ref().is_some_and(|notice| notice.is_for(*person, *notify));
                topics.extend(told.then_some(Topic::Notifications(*person)));
            }
            // Whoever was removed hears of it, as the last.
            let gone = event.access.iter().filter(|change| !change.member && !staff_only);
            topics.extend(gone.map(|change| Topic::Inbox(change.person)));
        }
        Audience::Staff
        | Audience::Contact { .. }
        | Audience::Named
        | Audience::Nobody
        | Audience::Unreadable => {}
    }
    Ok(topics.iter().map(Topic::to_string).collect())
}

/// Whether the event is a notification by itself.
#[must_use]
pub fn is_notification(event: &Event) -> bool {
    matches!(event.kind, EventKind::NotificationCreated | EventKind::NotificationUpdated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, change, conversation, event, person};

    #[test]
    fn where_events_go_without_persons() {
        let json = serde_json::json!({"data": testing::posted(1, &[])});
        let posted = Event { json: json.to_string().into(), ..event(1, 7) };
        let users = [(person(1), Notify::All), (person(2), Notify::All), (person(3), Notify::None)];
        let found = topics(&posted, &users).unwrap();
        let wanted = [
            Topic::Conversation(conversation(7)),
            Topic::Inbox(person(1)),
            Topic::Inbox(person(2)),
            Topic::Notifications(person(2)),
            Topic::Inbox(person(3)),
        ];
        assert_eq!(found, wanted.map(|topic| topic.to_string()));
        let mut note = posted.clone();
        if let Audience::Conversation { staff_only, .. } = &mut note.audience {
            *staff_only = true;
        }
        assert_eq!(topics(&note, &users).unwrap()[0], Topic::Inbox(person(1)).to_string(), "inboxes only");
        let removed = change(2, 7, 9, false);
        assert!(topics(&removed, &users).unwrap().contains(&Topic::Inbox(person(9)).to_string()));
        let unreadable = Event { json: "{}".into(), ..posted };
        assert!(topics(&unreadable, &users).is_err(), "nobody can say whom it names");
        let told = Event {
            kind: EventKind::NotificationCreated,
            audience: Audience::Person(person(4)),
            ..event(3, 7)
        };
        assert_eq!(
            topics(&told, &[]).unwrap(),
            [Topic::Inbox(person(4)), Topic::Notifications(person(4))].map(|t| t.to_string())
        );
    }

    #[test]
    fn topics_are_read_as_they_are_written() {
        for topic in
            [Topic::Conversation(conversation(7)), Topic::Inbox(person(8)), Topic::Notifications(person(9))]
        {
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
            assert_eq!(Topic::parse(&topic.to_string().replace('-', "")), None, "another spelling");
        }
        for text in
            ["", "/crm/internal-messenger/conversations/", "/crm/internal-messenger/users/1/inbox", "x"]
        {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
    }
}
