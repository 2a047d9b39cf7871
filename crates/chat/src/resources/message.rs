//! A message and its parts, as clients see them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ids::{ConversationId, MessageId, PersonId, RowId, TeamId},
    person::Person,
    related::Related,
    time::Time,
    words::{Priority, Status, words},
};

words! {
    /// What a message is.
    pub enum MessageKind {
        /// Somebody wrote it.
        Text = "text",
        /// Parlor noted it down; its payload is typed.
        System = "system",
    }
}

/// A person, team or ticket as a system message names it: it may be gone since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NamedThen<Id> {
    /// Its id.
    pub id: Id,
    /// Its name then.
    pub name: String,
}

impl NamedThen<PersonId> {
    pub(crate) fn of(person: &Person) -> Self {
        Self { id: person.id, name: person.name.clone() }
    }
}

/// A ticket as a system message names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TicketThen {
    /// Its id.
    pub id: ConversationId,
    /// Its number.
    pub number: String,
}

/// What a system message tells. Clients make the text, in the reader's language; they pass over a type that they do not
/// know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each says what was changed, and to what")]
pub enum SystemMessage {
    ParticipantsAdded { people: Vec<NamedThen<PersonId>> },
    ParticipantJoined { people: Vec<NamedThen<PersonId>> },
    ParticipantLeft { people: Vec<NamedThen<PersonId>> },
    ParticipantRemoved { people: Vec<NamedThen<PersonId>> },
    TitleChanged { title: Option<String> },
    StatusChanged { from: Status, status: Status },
    PriorityChanged { priority: Priority },
    TeamAssigned { team: Option<NamedThen<TeamId>> },
    Assigned { assignee: Option<NamedThen<PersonId>> },
    TicketOpened { ticket: TicketThen },
    TicketResolved { ticket: TicketThen },
}

/// A message, for clients.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "docs/protocols/native.md describes the shape")]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub seq: i64,
    pub kind: MessageKind,
    pub author: Option<Person>,
    pub body: String,
    /// The body, rendered and sanitised.
    pub html: String,
    pub is_private_note: bool,
    pub client_id: Option<String>,
    pub reply_to: Option<Quote>,
    pub thread_root_id: Option<MessageId>,
    pub reply_count: i64,
    pub mentions: Vec<Mention>,
    pub related: Option<Related>,
    pub attachments: Vec<Attachment>,
    pub reactions: Vec<Reaction>,
    pub pinned_at: Option<Time>,
    pub created_at: Time,
    pub edited_at: Option<Time>,
    pub deleted_at: Option<Time>,
    #[schema(value_type = Option<SystemMessage>)]
    pub system: Option<Value>,
    pub external_id: Option<String>,
    pub status: Option<String>,
    /// Names in its text that are nobody's in this conversation. In the answers to its author only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names_nobody: Vec<String>,
}

/// The message that is answered, shortened.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "as in a message")]
pub struct Quote {
    pub id: MessageId,
    pub seq: i64,
    pub author: Option<Person>,
    pub preview: String,
    pub deleted: bool,
}

/// Stands among the mentions for the word that named many: `@all` or `@here`.
pub(crate) const MANY: PersonId = PersonId(uuid::Uuid::nil());

/// Somebody named in a message. Those whom `@all` or `@here` named are there one by one, and the word itself without a
/// person: its id is zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mention {
    /// The user who is named; zero for `@all` and `@here`.
    pub user_id: PersonId,
    /// As named then.
    pub name: String,
}

/// An emoji and who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// How many gave it.
    pub count: i64,
    /// The first 20 of them.
    pub users: Vec<PersonId>,
}

/// The newest message that the actor sees, shortened.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "as in a message")]
pub struct LastMessage {
    pub id: MessageId,
    pub seq: i64,
    pub kind: MessageKind,
    pub author: Option<Person>,
    pub preview: String,
    pub is_private_note: bool,
    pub deleted: bool,
    #[schema(value_type = Option<SystemMessage>)]
    pub system: Option<Value>,
    pub created_at: Time,
    /// Names in its text that are nobody's in this conversation. In the answer to who opened the conversation with it only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names_nobody: Vec<String>,
}

/// An attached file, for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attachment {
    /// Its id.
    pub id: RowId,
    /// As its uploader named it.
    pub name: String,
    /// Found by looking into it, whatever its name says.
    pub content_type: String,
    /// In bytes.
    pub size: i64,
    /// Of a picture, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub width: Option<i64>,
    /// Of a picture, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub height: Option<i64>,
    /// What it shows, for those who do not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<String>,
}
