//! What each event tells: its `data`, as docs/protocols/native.md describes it. Must not know: who gets it, or how it is
//! stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::ended::Ended;
use super::raw::Raw;
use crate::{
    ids::{ConversationId, MessageId, PersonId, RoleId, RowId, TeamId},
    resources::{
        conversation::{Me, Participant, SharedConversation, View},
        groups::{Role, Store, Team},
        message::{Message, Reaction},
        notification::Notification,
        people::{Contact, Profile, User},
        presence::PresenceView,
    },
    setting_values::PublicSettings,
    time::Time,
    words::{NotificationStatus, Priority, Status},
};

/// Somebody, or Parlor itself, wrote a message.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessagePosted {
    /// The message, as it was posted.
    #[schema(value_type = Message)]
    pub message: Raw<Message>,
    /// What the message changes of its conversation.
    pub conversation: ConversationProgress,
    /// The author's read position, if the message moved it.
    pub author_read_seq: Option<i64>,
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConversationProgress {
    /// The place of its newest message.
    pub last_seq: i64,
    /// When something happened in it.
    pub last_activity_at: Time,
}

/// A message has another text.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessageEdited {
    /// The message, as it is now.
    #[schema(value_type = Message)]
    pub message: Raw<Message>,
}

/// A message was deleted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessageDeleted {
    /// What is left of it: its body is empty.
    #[schema(value_type = Message)]
    pub message: Raw<Message>,
}

/// Somebody reacted to a message, or no longer does.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessageReacted {
    /// The message.
    pub message_id: MessageId,
    /// The emoji.
    pub emoji: String,
    /// The person who reacted.
    pub user_id: PersonId,
    /// False when the reaction was taken back.
    pub added: bool,
    /// All reactions to the message, as they are now.
    pub reactions: Vec<Reaction>,
}

/// A message was pinned, or its pin taken away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessagePinned {
    /// The message.
    pub message_id: MessageId,
    /// When, if it is pinned now.
    pub pinned_at: Option<Time>,
}

/// A conversation was opened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConversationOpened {
    /// The conversation, without anybody's own part.
    #[schema(value_type = SharedConversation)]
    pub conversation: Box<View>,
}

/// Fields of a conversation have new values.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConversationUpdated {
    /// The fields that changed.
    #[schema(value_type = ConversationChanges)]
    pub changes: Box<ConversationChanges>,
    /// When; absent where only the team's unread count changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub updated_at: Option<Time>,
}

/// The new values of a conversation's fields; those that did not change are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the fields of a conversation")]
pub struct ConversationChanges {
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub title: Option<Option<String>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Status, required = false)]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub replies_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub is_private: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Priority, required = false)]
    pub priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    pub labels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub metadata: Option<Value>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TeamId>)]
    pub team_id: Option<Option<TeamId>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PersonId>)]
    pub assignee_id: Option<Option<PersonId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ConversationId, required = false)]
    pub linked_conversation_id: Option<ConversationId>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Time>)]
    pub snoozed_until: Option<Option<Time>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    pub team_unread: Option<i64>,
}

impl ConversationChanges {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Tells null from absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// People take part from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ParticipantAdded {
    /// Those who came.
    pub participants: Vec<Participant>,
    /// How many take part now.
    pub members_count: i64,
}

/// People no longer take part.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ParticipantRemoved {
    /// Those who went.
    pub participants: Vec<Participant>,
    /// How many take part now.
    pub members_count: i64,
}

/// Participants have another role.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ParticipantUpdated {
    /// The participants, as they are now.
    pub participants: Vec<Participant>,
}

/// Somebody has read further.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Read {
    /// The reader.
    pub person_id: PersonId,
    /// The place of the newest message that the person has read.
    pub last_read_seq: i64,
    /// Since when.
    pub last_read_at: Time,
    /// The message at that place.
    pub message_id: Option<MessageId>,
}

/// A device of somebody has received more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivered {
    /// The receiver.
    pub person_id: PersonId,
    /// The place of the newest message that arrived.
    pub last_delivered_seq: i64,
}

/// Somebody acknowledged a broadcast or an announcement.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Acknowledged {
    /// The person who acknowledged it.
    pub person_id: PersonId,
    /// When the person acknowledged it.
    pub acknowledged_at: Time,
}

/// One's own part of a conversation changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MeConversation {
    /// One's own part, as it is now.
    pub me: Me,
}

/// A draft was saved; an empty body removed it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DraftSaved {
    /// `reply`, `note` or the id of a thread's root.
    pub mode: String,
    /// Its text.
    pub body: String,
}

/// Somebody says something else of their presence.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StatusUpdated {
    /// The person.
    pub user_id: PersonId,
    /// Does not want to be disturbed.
    pub busy: bool,
    /// A few words.
    pub text: Option<String>,
    /// When the words end.
    pub text_until: Option<Time>,
}

/// One's own profile changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MeUpdated {
    /// The profile, as it is now.
    pub profile: Profile,
}

/// A user is new, or changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserUpdated {
    /// The user, as it is now.
    pub user: User,
}

/// A team is new, or changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TeamUpdated {
    /// The team, as it is now; without members when it was deleted.
    pub team: Team,
    /// Whether it was deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// A role is new, changed or gone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RoleUpdated {
    /// It is new, or changed.
    Changed {
        /// The role, as it is now.
        role: Role,
    },
    /// It is gone.
    Deleted {
        /// The role.
        role_id: RoleId,
        /// Always true.
        deleted: bool,
    },
}

/// A store is new, or changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StoreUpdated {
    /// The store, as it is now; without users when it was deleted.
    pub store: Store,
    /// Whether it was deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// A contact is new, or changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactUpdated {
    /// The contact, as it is now.
    pub contact: Contact,
}

/// Settings of the tenant changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SettingsUpdated {
    /// The public ones, as they are now.
    #[schema(value_type = PublicSettings)]
    pub settings: BTreeMap<String, Value>,
}

/// History was imported.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryImported {
    /// The conversations that are to be fetched anew.
    pub conversation_ids: Vec<ConversationId>,
}

/// Old messages were cleared.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HistoryPurged {
    /// The conversations of which nothing older is left.
    pub conversation_ids: Vec<ConversationId>,
    /// Messages before this time are gone.
    pub before: Time,
}

/// Somebody is told something.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationCreated {
    /// The notification.
    pub notification: Notification,
}

/// A notification has another status.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationUpdated {
    /// The notification.
    pub notification_id: RowId,
    /// Its status now.
    pub status: NotificationStatus,
}

/// A credential was lost; for the server itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CredentialEnded {
    /// What ends with it.
    pub ended: Ended,
}

/// Users are connected, away or gone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// Those who changed.
    pub people: Vec<PresenceView>,
}

/// Somebody types, or has stopped.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Typing {
    /// The person who types.
    pub person_id: PersonId,
    /// False when the person stopped.
    pub typing: bool,
}

/// Somebody of the staff looks at a conversation, or no longer does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct Viewing {
    /// The person who looks at it.
    pub person_id: PersonId,
    /// False when the person looks elsewhere.
    pub viewing: bool,
}
