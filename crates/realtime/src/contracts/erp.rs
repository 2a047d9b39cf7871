//! Owns: the nouns of the ERP contract (docs/contracts/erp.md): camelCase, one-to-one conversations.
//! Must not know: who asks, or by which protocol.

use parlor_chat::attachments::Attachment;
use parlor_chat::conversations::Related;
use parlor_chat::events::{Audience, Ephemeral, Event as Logged, Payload};
use parlor_chat::kinds::Kind;
use parlor_chat::messages::{self, MessageKind};
use parlor_chat::statuses::{PresenceStatus, PresenceView};
use parlor_chat::words::{NotificationKind, NotificationStatus};
use parlor_chat::{ConversationId, Error, MessageId, PersonId, RowId, Time, notifications};
use serde::Serialize;
use utoipa::ToSchema;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ErpMessage)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub sender_id: Option<PersonId>,
    pub content: String,
    pub related_entity_type: Option<String>,
    pub related_entity_id: Option<String>,
    /// The whole card of the record: type, id, title, url, picture_url.
    pub related: Option<Related>,
    pub attachments: Vec<Attachment>,
    pub client_id: Option<String>,
    pub seq: i64,
    /// Whether a device of the other one has it.
    pub delivered: bool,
    pub read: bool,
    pub read_at: Option<Time>,
    pub created_at: Time,
    pub edited_at: Option<Time>,
    pub deleted_at: Option<Time>,
}

impl Deleted {
    fn of(native: messages::Message) -> Self {
        let messages::Message { conversation_id, id, deleted_at, .. } = native;
        Self { conversation_id, message_id: id, deleted_at }
    }
}

/// How far somebody has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPosition {
    /// The participant who read.
    pub person: PersonId,
    /// Up to which place.
    pub seq: i64,
    /// Since when.
    pub at: Option<Time>,
    /// Up to which place its devices have everything.
    pub delivered: i64,
    /// How it came there, first steps first; none of what was read before they were kept.
    pub steps: Vec<(i64, Time)>,
}

impl ReadPosition {
    /// When the message at this place was read.
    fn read_at(&self, seq: i64) -> Option<Time> {
        self.steps.iter().find(|(to, _)| *to >= seq).map(|(_, at)| *at).or(self.at)
    }
}

impl Message {
    /// A native message in this contract's words; `readers` are both participants.
    #[must_use]
    pub fn of(native: messages::Message, readers: &[ReadPosition]) -> Message {
        let sender_id = native.author.map(|author| author.id);
        let other = readers.iter().find(|reader| Some(reader.person) != sender_id);
        let reader = other.filter(|reader| reader.seq >= native.seq);
        Message {
            id: native.id,
            conversation_id: native.conversation_id,
            sender_id,
            content: native.body,
            related_entity_type: native.related.as_ref().map(|related| related.kind.clone()),
            related_entity_id: native.related.as_ref().map(|related| related.id.clone()),
            related: native.related,
            attachments: native.attachments,
            client_id: native.client_id,
            seq: native.seq,
            delivered: other.is_some_and(|other| other.delivered.max(other.seq) >= native.seq),
            read: reader.is_some(),
            read_at: reader.and_then(|reader| reader.read_at(native.seq)),
            created_at: native.created_at,
            edited_at: native.edited_at,
            deleted_at: native.deleted_at,
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

/// `messaging:edited`: what a message says now.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Edited {
    pub conversation_id: ConversationId,
    pub message_id: MessageId,
    pub content: String,
    pub edited_at: Option<Time>,
}

impl Edited {
    fn of(native: messages::Message) -> Self {
        Self {
            conversation_id: native.conversation_id,
            message_id: native.id,
            content: native.body,
            edited_at: native.edited_at,
        }
    }
}

/// `messaging:deleted`: a message is to be shown no more.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Deleted {
    pub conversation_id: ConversationId,
    pub message_id: MessageId,
    pub deleted_at: Option<Time>,
}

/// `messaging:delivered`: a device of somebody has everything up to this place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Delivered {
    pub conversation_id: Option<String>,
    pub user_id: PersonId,
    pub seq: i64,
}

/// `messaging:read`: somebody has read up to this message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ErpRead)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Read {
    pub message_id: Option<String>,
    pub conversation_id: Option<String>,
    pub user_id: Option<String>,
    pub read_at: Option<String>,
}

/// A notification.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ErpNotification)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "docs/contracts/erp.md describes the shape")]
pub struct Notification {
    pub id: RowId,
    pub user_id: PersonId,
    pub title: String,
    pub message: String,
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    pub status: NotificationStatus,
    pub related_entity_type: Option<String>,
    pub related_entity_id: Option<String>,
    pub related: Option<Related>,
    pub message_id: Option<MessageId>,
    pub push_sent: bool,
    pub push_sent_at: Option<Time>,
    pub created_at: Time,
}

impl Notification {
    /// A native notification in this contract's words.
    #[must_use]
    pub fn of(native: notifications::Notification) -> Notification {
        Notification {
            id: native.id,
            user_id: native.user_id,
            title: native.title,
            message: native.message,
            kind: native.kind,
            status: native.status,
            related_entity_type: native.related.as_ref().map(|related| related.kind.clone()),
            related_entity_id: native.related.as_ref().map(|related| related.id.clone()),
            related: native.related,
            message_id: native.message_id,
            push_sent: native.push_sent,
            push_sent_at: native.push_sent_at,
            created_at: native.created_at,
        }
    }
}

/// `notify:new`: what kind of news, and the news.
#[derive(Clone, Debug, Serialize)]
pub struct Notify {
    /// message, alert or system.
    #[serde(rename = "type")]
    pub kind: NotificationKind,
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
    /// `messaging:edited`
    Edited(Edited),
    /// `messaging:deleted`
    Deleted(Deleted),
    /// `messaging:delivered`
    Delivered(Delivered),
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
            Event::Edited(_) => "messaging:edited",
            Event::Deleted(_) => "messaging:deleted",
            Event::Delivered(_) => "messaging:delivered",
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

    /// Reads an event of the log; `None` when this contract has no word for it: it knows conversations of two only.
    fn from_log(logged: &Logged) -> Result<Option<Event>, Error> {
        if let Audience::Conversation { facets, .. } = logged.audience
            && facets.kind != Kind::Direct
        {
            return Ok(None);
        }
        let conversation_id = logged.conversation.map(|id| id.to_string());
        Ok(match logged.payload()? {
            Payload::MessagePosted(told) => {
                let native = told.message.read()?;
                (native.kind == MessageKind::Text).then(|| {
                    let message = Message::of(native, &[]);
                    Event::New(NewMessage { conversation_id, message })
                })
            }
            Payload::MessageEdited(told) => Some(Event::Edited(Edited::of(told.message.read()?))),
            Payload::MessageDeleted(told) => Some(Event::Deleted(Deleted::of(told.message.read()?))),
            Payload::Delivered(told) => Some(Event::Delivered(Delivered {
                conversation_id,
                user_id: told.person_id,
                seq: told.last_delivered_seq,
            })),
            Payload::Read(told) => Some(Event::Read(Read {
                message_id: told.message_id.map(|id| id.to_string()),
                conversation_id,
                user_id: Some(told.person_id.to_string()),
                read_at: Some(told.last_read_at.rfc3339()),
            })),
            Payload::NotificationCreated(told) => {
                let payload = Notification::of(told.notification);
                Some(Event::Notify(Notify { kind: payload.kind, payload }))
            }
            Payload::MessageReacted(_)
            | Payload::MessagePinned(_)
            | Payload::ConversationOpened(_)
            | Payload::ConversationUpdated(_)
            | Payload::ParticipantAdded(_)
            | Payload::ParticipantRemoved(_)
            | Payload::ParticipantUpdated(_)
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
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn logged(seq: i64, kind: EventKind, data: Value) -> Logged {
        let json = json!({"data": data}).to_string().into();
        let audience = Audience::Conversation { facets: testing::facets(Kind::Direct), staff_only: false };
        Logged { kind, seq, json, audience, ..testing::event(seq, 7) }
    }

    #[test]
    fn events_in_the_words_of_the_contract() {
        let sale = json!({"type": "sale", "id": "7", "title": "Sale 7"});
        let message = testing::message(1, json!({ "related": sale }));
        let progress = json!({"last_seq": 3, "last_activity_at": "2026-11-21T08:00:00Z"});
        let posted = json!({"message": message, "conversation": progress});
        let event = Event::all(&logged(8, EventKind::MessagePosted, posted)).unwrap().remove(0);
        let shown = serde_json::to_value(&event).unwrap();
        let place = json!(testing::conversation(7));
        assert_eq!((event.name(), &shown["conversationId"]), ("messaging:new", &place));
        let message = &shown["message"];
        assert_eq!(
            (&message["senderId"], &message["content"], &message["relatedEntityId"], &message["read"]),
            (&json!(testing::person(1)), &json!("hello"), &json!("7"), &json!(false))
        );
        let edited = logged(9, EventKind::MessageEdited, json!({"message": testing::message(1, json!({}))}));
        let shown = Event::all(&edited).unwrap().remove(0);
        assert_eq!(shown.name(), "messaging:edited");
        assert_eq!(serde_json::to_value(&shown).unwrap()["content"], "hello");
        let deleted = Logged { kind: EventKind::MessageDeleted, ..edited.clone() };
        assert_eq!(Event::all(&deleted).unwrap()[0].name(), "messaging:deleted");
        let in_group = Logged { audience: testing::event(9, 7).audience, ..edited };
        assert!(Event::all(&in_group).unwrap().is_empty(), "the contract knows conversations of two");
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
        let native: messages::Message = serde_json::from_value(testing::message(1, json!({}))).unwrap();
        let reader = |n, seq| ReadPosition {
            person: testing::person(n),
            seq,
            at: Some(Time(seq)),
            delivered: 3,
            steps: Vec::new(),
        };
        let unread = Message::of(native.clone(), &[reader(1, 9), reader(2, 2)]);
        assert_eq!((unread.read, unread.delivered), (false, true), "it has arrived");
        let seen = Message::of(native.clone(), &[reader(1, 9), reader(2, 3)]);
        assert_eq!((seen.read, seen.read_at), (true, Some(Time(3))));
        let on = ReadPosition { steps: vec![(2, Time(20)), (5, Time(50)), (9, Time(90))], ..reader(2, 9) };
        let seen = Message::of(native, &[on]);
        assert_eq!((seen.seq, seen.read_at), (3, Some(Time(50))), "when this one was read, not the newest");
    }
}
