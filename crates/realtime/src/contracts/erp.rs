//! Owns: the nouns of the ERP contract (docs/contracts/erp.md): camelCase, one-to-one conversations.
//! Must not know: who asks, or by which protocol.

use parlor_chat::events::{Ephemeral, Event as Logged, Payload};
use parlor_chat::statuses::{PresenceStatus, PresenceView};
use parlor_chat::{Error, Time};
use serde::Serialize;
use serde_json::Value;

use super::text;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Message {
    pub id: Option<String>,
    pub conversation_id: Option<String>,
    pub sender_id: Option<String>,
    pub content: String,
    pub related_entity_type: Option<String>,
    pub related_entity_id: Option<String>,
    /// The whole card of the record: type, id, title, url, picture_url.
    pub related: Option<Value>,
    pub attachments: Value,
    pub client_id: Option<String>,
    pub seq: i64,
    pub read: bool,
    pub read_at: Option<String>,
    pub created_at: Option<String>,
    pub edited_at: Option<String>,
    pub deleted_at: Option<String>,
}

/// How far somebody has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPosition {
    /// The participant who read.
    pub person: String,
    /// Up to which place.
    pub seq: i64,
    /// Since when.
    pub at: Option<String>,
}

impl Message {
    /// From a native message; `readers` are both participants.
    #[must_use]
    pub fn from_native(native: &Value, readers: &[ReadPosition]) -> Message {
        let author = native.get("author").unwrap_or(&Value::Null);
        let sender_id = text(author, "id");
        let seq = native.get("seq").and_then(Value::as_i64).unwrap_or(0);
        let related = native.get("related").filter(|related| related.is_object());
        let reader =
            readers.iter().find(|reader| Some(&reader.person) != sender_id.as_ref() && reader.seq >= seq);
        Message {
            id: text(native, "id"),
            conversation_id: text(native, "conversation_id"),
            sender_id,
            content: text(native, "body").unwrap_or_default(),
            related_entity_type: related.and_then(|related| text(related, "type")),
            related_entity_id: related.and_then(|related| text(related, "id")),
            related: related.cloned(),
            attachments: native.get("attachments").cloned().unwrap_or_else(|| Value::Array(Vec::new())),
            client_id: text(native, "client_id"),
            seq,
            read: reader.is_some(),
            read_at: reader.and_then(|reader| reader.at.clone()),
            created_at: text(native, "created_at"),
            edited_at: text(native, "edited_at"),
            deleted_at: text(native, "deleted_at"),
        }
    }
}

/// `messaging:new`: a message in its conversation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// The conversation of the message.
    pub conversation_id: Option<String>,
    /// What was said.
    pub message: Message,
}

/// `messaging:read`: somebody has read up to this message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Read {
    pub message_id: Option<String>,
    pub conversation_id: Option<String>,
    pub user_id: Option<String>,
    pub read_at: Option<String>,
}

/// A notification.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Notification {
    pub id: Option<String>,
    pub user_id: Option<String>,
    pub title: String,
    pub message: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub status: Option<String>,
    pub related_entity_type: Option<String>,
    pub related_entity_id: Option<String>,
    pub related: Option<Value>,
    pub message_id: Option<String>,
    pub push_sent: bool,
    pub push_sent_at: Option<String>,
    pub created_at: Option<String>,
}

impl Notification {
    /// From a native notification.
    #[must_use]
    pub fn from_native(native: &Value) -> Notification {
        let related = native.get("related").filter(|related| related.is_object());
        Notification {
            id: text(native, "id"),
            user_id: text(native, "user_id"),
            title: text(native, "title").unwrap_or_default(),
            message: text(native, "message").unwrap_or_default(),
            kind: text(native, "type"),
            status: text(native, "status"),
            related_entity_type: related.and_then(|related| text(related, "type")),
            related_entity_id: related.and_then(|related| text(related, "id")),
            related: related.cloned(),
            message_id: text(native, "message_id"),
            push_sent: native.get("push_sent").and_then(Value::as_bool).unwrap_or(false),
            push_sent_at: text(native, "push_sent_at"),
            created_at: text(native, "created_at"),
        }
    }
}

/// `notify:new`: what kind of news, and the news.
#[derive(Clone, Debug, Serialize)]
pub struct Notify {
    /// message, alert or system.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The notification.
    pub payload: Notification,
}

/// `presence:update`: who is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Presence {
    pub user_id: Option<String>,
    /// online, idle or offline.
    pub status: &'static str,
    pub last_seen: Option<String>,
}

impl Presence {
    /// From what others see of a user.
    #[must_use]
    pub fn of(person: &PresenceView) -> Presence {
        let status = match person.status {
            PresenceStatus::Online | PresenceStatus::Busy => "online",
            PresenceStatus::Away => "idle",
            PresenceStatus::Offline => "offline",
        };
        let last_seen = person.last_seen_at.or(person.last_active_at).map(Time::rfc3339);
        Presence { user_id: Some(person.user_id.to_string()), status, last_seen }
    }
}

/// What an event of the log is to a client of this contract.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// `messaging:new`
    New(NewMessage),
    /// `messaging:read`
    Read(Read),
    /// `notify:new`
    Notify(Notify),
    /// `presence:update`
    Presence(Presence),
}

impl Event {
    /// The event's name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Event::New(_) => "messaging:new",
            Event::Read(_) => "messaging:read",
            Event::Notify(_) => "notify:new",
            Event::Presence(_) => "presence:update",
        }
    }

    /// All that an event is in this contract: presence tells of many people at once, which it does one by one.
    ///
    /// # Errors
    /// `Damaged` when it cannot be read.
    pub fn all(logged: &Logged) -> Result<Vec<Event>, Error> {
        if !logged.is_ephemeral() {
            return Ok(Event::from_log(logged)?.into_iter().collect());
        }
        Ok(match logged.ephemeral_payload()? {
            Ephemeral::Presence(told) => {
                told.people.iter().map(|person| Event::Presence(Presence::of(person))).collect()
            }
            Ephemeral::Typing(_) | Ephemeral::Viewing(_) | Ephemeral::ChannelEvent(_) => Vec::new(),
        })
    }

    /// Reads an event of the log; `None` when this contract has no word for it.
    fn from_log(logged: &Logged) -> Result<Option<Event>, Error> {
        let conversation_id = logged.conversation.map(|id| id.to_string());
        Ok(match logged.payload()? {
            Payload::MessagePosted(told) => {
                let native: Value = serde_json::from_str(told.message.json().get())?;
                let by_somebody = native.get("kind").and_then(Value::as_str) == Some("text");
                by_somebody.then(|| {
                    let message = Message::from_native(&native, &[]);
                    Event::New(NewMessage { conversation_id, message })
                })
            }
            Payload::Read(told) => Some(Event::Read(Read {
                message_id: told.message_id.map(|id| id.to_string()),
                conversation_id,
                user_id: Some(told.person_id.to_string()),
                read_at: Some(told.last_read_at.rfc3339()),
            })),
            Payload::NotificationCreated(told) => {
                let payload = Notification::from_native(&serde_json::to_value(told.notification)?);
                Some(Event::Notify(Notify { kind: payload.kind.clone(), payload }))
            }
            Payload::MessageEdited(_)
            | Payload::MessageDeleted(_)
            | Payload::MessageReacted(_)
            | Payload::MessagePinned(_)
            | Payload::ConversationOpened(_)
            | Payload::ConversationUpdated(_)
            | Payload::ParticipantAdded(_)
            | Payload::ParticipantRemoved(_)
            | Payload::ParticipantUpdated(_)
            | Payload::Delivered(_)
            | Payload::Acknowledged(_)
            | Payload::MeConversation(_)
            | Payload::DraftSaved(_)
            | Payload::StatusUpdated(_)
            | Payload::MeUpdated(_)
            | Payload::UserUpdated(_)
            | Payload::TeamUpdated(_)
            | Payload::RoleUpdated(_)
            | Payload::StoreUpdated(_)
            | Payload::ContactUpdated(_)
            | Payload::SettingsUpdated(_)
            | Payload::HistoryImported(_)
            | Payload::HistoryPurged(_)
            | Payload::NotificationUpdated(_)
            | Payload::CredentialEnded(_)
            | Payload::ChannelPublished(_)
            | Payload::TopicPublished(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use parlor_chat::events::EventKind;
    use serde_json::json;

    use super::*;
    use crate::testing;

    fn logged(seq: i64, kind: EventKind, data: Value) -> Logged {
        let json = json!({"data": data}).to_string().into();
        Logged { kind, seq, json, ..testing::event(seq, 7) }
    }

    #[test]
    fn events_in_the_words_of_the_contract() {
        let message = json!({"id": "m", "conversation_id": "c", "seq": 3, "kind": "text", "author": {"id": "ana"},
            "body": "hello", "related": {"type": "sale", "id": "7", "title": "Sale 7"},
            "created_at": "2026-11-21T08:00:00Z"});
        let progress = json!({"last_seq": 3, "last_activity_at": "2026-11-21T08:00:00Z"});
        let posted = json!({"message": message, "conversation": progress});
        let event = Event::all(&logged(8, EventKind::MessagePosted, posted)).unwrap().remove(0);
        let shown = serde_json::to_value(&event).unwrap();
        let place = json!(testing::conversation(7));
        assert_eq!((event.name(), &shown["conversationId"]), ("messaging:new", &place));
        let message = &shown["message"];
        assert_eq!(
            (&message["senderId"], &message["content"], &message["relatedEntityId"], &message["read"]),
            (&json!("ana"), &json!("hello"), &json!("7"), &json!(false))
        );
        let (ana, ben) = (testing::person(1), testing::person(2));
        let read = json!({"person_id": ben, "last_read_seq": 3, "last_read_at": "2026-11-21T08:00:01Z", "message_id": ana});
        let shown = serde_json::to_value(Event::all(&logged(9, EventKind::Read, read)).unwrap()).unwrap();
        assert_eq!(
            (&shown[0]["messageId"], &shown[0]["readAt"]),
            (&json!(ana), &json!("2026-11-21T08:00:01Z"))
        );
        let (t1, t2) = ("2026-11-21T08:00:01Z", "2026-11-21T08:00:02Z");
        let there = json!({"people": [
            {"user_id": ana, "status": "away", "busy": false, "last_active_at": t1},
            {"user_id": ben, "status": "offline", "busy": false, "last_seen_at": t2}]});
        let shown =
            serde_json::to_value(Event::all(&logged(0, EventKind::Presence, there)).unwrap()).unwrap();
        let expected = json!([{"userId": ana, "status": "idle", "lastSeen": t1},
            {"userId": ben, "status": "offline", "lastSeen": t2}]);
        assert_eq!(shown, expected);
        let gone = json!({"role_id": ana, "deleted": true});
        assert!(Event::all(&logged(10, EventKind::RoleUpdated, gone)).unwrap().is_empty());
        assert!(
            Event::all(&logged(11, EventKind::Read, json!({}))).is_err(),
            "what cannot be read is an error"
        );
    }

    #[test]
    fn a_message_is_read_by_the_other_one_only() {
        let native = json!({"id": "m", "seq": 3, "author": {"id": "ana"}, "body": "hello"});
        let reader =
            |person: &str, seq| ReadPosition { person: person.to_owned(), seq, at: Some("now".to_owned()) };
        assert!(!Message::from_native(&native, &[reader("ana", 9), reader("ben", 2)]).read);
        let seen = Message::from_native(&native, &[reader("ana", 9), reader("ben", 3)]);
        assert_eq!((seen.read, seen.read_at.as_deref()), (true, Some("now")));
    }
}
