//! Owns: the nouns of the ERP contract (docs/contracts/erp.md): camelCase, one-to-one conversations.
//! Must not know: who asks, or by which protocol.

use serde::Serialize;
use serde_json::Value;

use super::{Told, text};

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
pub struct Reader {
    /// Who.
    pub person: String,
    /// Up to which place.
    pub seq: i64,
    /// Since when.
    pub at: Option<String>,
}

impl Message {
    /// From a native message; `readers` are both participants.
    #[must_use]
    pub fn from_native(native: &Value, readers: &[Reader]) -> Message {
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
    /// Where.
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
    /// From one of the people of a native `presence` event.
    #[must_use]
    pub fn from_native(native: &Value) -> Presence {
        let status = match native.get("status").and_then(Value::as_str) {
            Some("online" | "busy") => "online",
            Some("away") => "idle",
            _ => "offline",
        };
        let last_seen = text(native, "last_seen_at").or_else(|| text(native, "last_active_at"));
        Presence { user_id: text(native, "user_id"), status, last_seen }
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
    #[must_use]
    pub fn all(json: &str) -> Vec<Event> {
        if let Some(event) = Event::from_log(json) {
            return vec![event];
        }
        let told = Told::parse(json).filter(|told| told.kind == "presence");
        let people = told.as_ref().and_then(|told| told.data.get("people")?.as_array());
        let people = people.into_iter().flatten();
        people.map(|person| Event::Presence(Presence::from_native(person))).collect()
    }

    /// Reads a stored event; `None` when this contract has no word for it.
    #[must_use]
    pub fn from_log(json: &str) -> Option<Event> {
        let told = Told::parse(json)?;
        let conversation_id = told.conversation_id;
        match told.kind.as_str() {
            "message.posted" => {
                let message = told.data.get("message")?;
                if message.get("kind").and_then(Value::as_str) != Some("text") {
                    return None;
                }
                Some(Event::New(NewMessage { conversation_id, message: Message::from_native(message, &[]) }))
            }
            "read" => Some(Event::Read(Read {
                message_id: text(&told.data, "message_id"),
                conversation_id,
                user_id: text(&told.data, "person_id"),
                read_at: text(&told.data, "last_read_at"),
            })),
            "notification.created" => {
                let payload = Notification::from_native(told.data.get("notification")?);
                Some(Event::Notify(Notify { kind: payload.kind.clone(), payload }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_in_the_words_of_the_contract() {
        let posted = json!({
            "seq": 8, "type": "message.posted", "at": "2026-11-21T08:00:00Z", "conversation_id": "c",
            "data": {"message": {"id": "m", "conversation_id": "c", "seq": 3, "kind": "text", "author": {"id": "ana"},
                "body": "hello", "related": {"type": "sale", "id": "7", "title": "Sale 7"},
                "created_at": "2026-11-21T08:00:00Z"}},
        });
        let event = Event::from_log(&posted.to_string()).unwrap();
        let shown = serde_json::to_value(&event).unwrap();
        assert_eq!((event.name(), &shown["conversationId"]), ("messaging:new", &json!("c")));
        let message = &shown["message"];
        assert_eq!(
            (&message["senderId"], &message["content"], &message["relatedEntityId"], &message["read"]),
            (&json!("ana"), &json!("hello"), &json!("7"), &json!(false))
        );
        let read = json!({
            "seq": 9, "type": "read", "at": "2026-11-21T08:00:01Z", "conversation_id": "c",
            "data": {"person_id": "ben", "last_read_seq": 3, "last_read_at": "2026-11-21T08:00:01Z", "message_id": "m"},
        });
        let shown = serde_json::to_value(Event::from_log(&read.to_string()).unwrap()).unwrap();
        assert_eq!((&shown["messageId"], &shown["readAt"]), (&json!("m"), &json!("2026-11-21T08:00:01Z")));
        let there = json!({
            "type": "presence", "at": "2026-11-21T08:00:01Z", "conversation_id": null,
            "data": {"people": [{"user_id": "ana", "status": "away", "last_active_at": "t1", "last_seen_at": null},
                {"user_id": "ben", "status": "offline", "last_seen_at": "t2"}]},
        });
        let shown = serde_json::to_value(Event::all(&there.to_string())).unwrap();
        let expected = json!([{"userId": "ana", "status": "idle", "lastSeen": "t1"},
            {"userId": "ben", "status": "offline", "lastSeen": "t2"}]);
        assert_eq!(shown, expected);
        assert!(
            Event::from_log(r#"{"type":"role.updated","at":"","conversation_id":null,"data":{}}"#).is_none()
        );
    }

    #[test]
    fn a_message_is_read_by_the_other_one_only() {
        let native = json!({"id": "m", "seq": 3, "author": {"id": "ana"}, "body": "hello"});
        let reader =
            |person: &str, seq| Reader { person: person.to_owned(), seq, at: Some("now".to_owned()) };
        assert!(!Message::from_native(&native, &[reader("ana", 9), reader("ben", 2)]).read);
        let seen = Message::from_native(&native, &[reader("ana", 9), reader("ben", 3)]);
        assert_eq!((seen.read, seen.read_at.as_deref()), (true, Some("now")));
    }
}
