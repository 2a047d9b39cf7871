//! Owns: the nouns of the team chat contract (docs/contracts/chat.md): snake_case, times in seconds since 1970.
//! Must not know: who asks, or by which transport.

use parlor_chat::event::raw::Raw;
use parlor_chat::events::payloads::{MessageDeleted, MessageEdited};
use parlor_chat::events::{Audience, Ephemeral, Event as Logged, Payload};
use parlor_chat::kinds::Kind;
use parlor_chat::messages::{self, MessageKind};
use parlor_chat::{ConversationId, Error, MessageId, PersonId, RowId, Time};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ChatMessage)]
#[expect(missing_docs, reason = "docs/contracts/chat.md describes the shape")]
pub struct Message {
    pub id: MessageId,
    pub thread_id: ConversationId,
    pub author_id: Option<PersonId>,
    pub author_name: Option<String>,
    pub body: String,
    /// The rendering of the body, sanitised.
    pub html: String,
    /// Of the first file.
    pub attachment_path: Option<String>,
    /// Of the first file.
    pub attachment_name: Option<String>,
    pub attachments: Vec<Attachment>,
    pub is_system: bool,
    pub client_id: Option<String>,
    pub seq: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ChatAttachment)]
#[expect(missing_docs, reason = "docs/contracts/chat.md describes the shape")]
pub struct Attachment {
    pub path: String,
    pub name: String,
    pub content_type: String,
    pub size: i64,
}

/// Where a file is for whoever sends a token; the REST answers have signed links instead.
#[must_use]
pub fn plain_path(id: RowId) -> String {
    format!("/api/v1/files/{id}")
}

impl Message {
    /// A native message in this contract's words; `path` tells where a file is.
    #[must_use]
    pub fn of(native: messages::Message, path: impl Fn(RowId) -> String) -> Message {
        let attachments: Vec<Attachment> = native
            .attachments
            .into_iter()
            .map(|file| Attachment {
                path: path(file.id),
                name: file.name,
                content_type: file.content_type,
                size: file.size,
            })
            .collect();
        let updated_at = native.deleted_at.or(native.edited_at).unwrap_or(native.created_at);
        Message {
            id: native.id,
            thread_id: native.conversation_id,
            author_id: native.author.as_ref().map(|author| author.id),
            author_name: native.author.map(|author| author.name),
            body: native.body,
            html: native.html,
            attachment_path: attachments.first().map(|file| file.path.clone()),
            attachment_name: attachments.first().map(|file| file.name.clone()),
            attachments,
            is_system: native.kind == MessageKind::System,
            client_id: native.client_id,
            seq: native.seq,
            created_at: in_seconds(native.created_at),
            updated_at: in_seconds(updated_at),
            deleted_at: native.deleted_at.map(in_seconds),
        }
    }
}

/// An event of the log in this contract's words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ChatEvent)]
pub struct Event {
    /// message.sent, message.read, thread.updated, typing or presence.
    pub event: &'static str,
    /// Its number in the log; none of what is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seq: Option<i64>,
    /// In which thread.
    pub thread_id: Option<String>,
    /// When it happened, in seconds.
    pub at: Option<i64>,
    /// The event's own part.
    #[schema(value_type = Object)]
    pub data: Value,
}

impl Event {
    /// Reads an event; `None` when this contract has no word for it.
    ///
    /// # Errors
    /// `Damaged` when it cannot be read.
    pub fn from_log(logged: &Logged) -> Result<Option<Event>, Error> {
        if let Audience::Conversation { facets, .. } = logged.audience
            && !matches!(facets.kind, Kind::Direct | Kind::Group)
        {
            return Ok(None);
        }
        let translated =
            if logged.is_ephemeral() { translate_ephemeral(logged)? } else { translate(logged)? };
        Ok(translated.map(|(event, data)| Event {
            event,
            seq: (!logged.is_ephemeral()).then_some(logged.seq),
            thread_id: logged.conversation.map(|id| id.to_string()),
            at: Some(in_seconds(logged.at)),
            data,
        }))
    }
}

type Translated = Option<(&'static str, Value)>;

fn in_seconds(at: Time) -> i64 {
    at.micros() / 1_000_000
}

/// What an event of the log is called here, and what it carries.
fn translate(logged: &Logged) -> Result<Translated, Error> {
    let message = |raw: &Raw<messages::Message>| -> Result<Value, Error> {
        Ok(json!(Message::of(raw.read()?, plain_path)))
    };
    let updated = |more: Value| {
        let mut data = json!({ "reason": logged.kind.name() });
        if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
            data.extend(more);
        }
        Some(("thread.updated", data))
    };
    Ok(match logged.payload()? {
        Payload::MessagePosted(told) => Some(("message.sent", json!({ "message": message(&told.message)? }))),
        Payload::MessageEdited(MessageEdited { message: changed })
        | Payload::MessageDeleted(MessageDeleted { message: changed }) => {
            updated(json!({ "message": message(&changed)? }))
        }
        Payload::Read(told) => Some((
            "message.read",
            json!({
                "user_id": told.person_id, "last_read_message_id": told.message_id,
                "last_read_seq": told.last_read_seq, "last_read_at": in_seconds(told.last_read_at),
            }),
        )),
        Payload::HistoryPurged(told) => updated(json!({ "before": in_seconds(told.before) })),
        Payload::ConversationOpened(_)
        | Payload::ConversationUpdated(_)
        | Payload::ParticipantAdded(_)
        | Payload::ParticipantRemoved(_)
        | Payload::ParticipantUpdated(_)
        | Payload::MessagePinned(_)
        | Payload::MessageReacted(_) => updated(json!({})),
        Payload::Delivered(_)
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
        | Payload::NotificationCreated(_)
        | Payload::NotificationUpdated(_)
        | Payload::CredentialEnded(_)
        | Payload::ChannelPublished(_)
        | Payload::TopicPublished(_) => None,
    })
}

/// The same of what is not kept.
fn translate_ephemeral(told: &Logged) -> Result<Translated, Error> {
    Ok(match told.ephemeral_payload()? {
        Ephemeral::Typing(told) => {
            Some(("typing", json!({ "user_id": told.person_id, "typing": told.typing })))
        }
        Ephemeral::Presence(told) => Some(("presence", serde_json::to_value(told)?)),
        Ephemeral::Viewing(_) | Ephemeral::ChannelEvent(_) => None,
    })
}
