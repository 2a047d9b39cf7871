//! A conversation, its participants, and what the reader may do in it, as clients see them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    ids::{ConversationId, PersonId, StoreId, TeamId},
    kinds::Kind,
    person::Person,
    related::Related,
    time::Time,
    words::{Notify, Priority, Status, words},
};

use super::message::LastMessage;

/// A conversation, for clients.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Conversation)]
#[expect(missing_docs, reason = "docs/protocols/native.md describes the shape")]
pub struct View {
    pub id: ConversationId,
    pub kind: Kind,
    pub status: Status,
    pub title: Option<String>,
    pub slug: Option<String>,
    pub description: Option<String>,
    pub subject: Option<String>,
    pub is_private: bool,
    pub replies_enabled: bool,
    pub created_at: Time,
    pub updated_at: Time,
    pub created_by: Option<PersonId>,
    pub last_seq: i64,
    pub last_activity_at: Time,
    pub last_message: Option<LastMessage>,
    pub members_count: i64,
    pub participants: Vec<Participant>,
    pub contact_id: Option<PersonId>,
    pub store_id: Option<StoreId>,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<PersonId>,
    pub priority: Option<Priority>,
    pub labels: Vec<String>,
    pub number: Option<String>,
    pub source: Option<String>,
    pub platform: Option<String>,
    pub linked_conversation_id: Option<ConversationId>,
    pub related: Option<Related>,
    pub snoozed_until: Option<Time>,
    #[schema(value_type = Object)]
    pub metadata: Value,
    pub team_unread: Option<i64>,
    pub pinned_count: i64,
    /// The actor's own part; absent in events.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, required = true)]
    pub me: Option<Me>,
}

/// A conversation as its readers are told of it: without anybody's own part.
pub(crate) struct SharedConversation;

impl PartialSchema for SharedConversation {
    fn schema() -> RefOr<Schema> {
        let mut schema = View::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.remove("me");
            object.required.retain(|field| field != "me");
        }
        schema
    }
}

impl ToSchema for SharedConversation {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        View::schemas(schemas);
    }
}

/// The actor's own part of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ConversationMe)]
#[expect(missing_docs, reason = "docs/protocols/native.md describes the shape")]
pub struct Me {
    pub participant: bool,
    pub role: Option<Role>,
    pub unread: i64,
    pub mentions: i64,
    pub last_read_seq: i64,
    pub last_delivered_seq: i64,
    pub muted: bool,
    pub notify: Notify,
    pub draft: bool,
    pub acknowledged_at: Option<Time>,
    pub can: Can,
}

/// What the actor may do in a conversation now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Can {
    /// Send messages.
    pub post: bool,
    /// Leave private notes.
    pub note: bool,
    /// Change title, description, status …
    pub manage: bool,
    /// Add participants.
    pub invite: bool,
    /// Close, resolve, archive and open again.
    pub close: bool,
    /// Stop taking part.
    pub leave: bool,
    /// Become a participant.
    pub join: bool,
    /// A stable word that says why not, when posting is not allowed.
    #[schema(value_type = Option<String>)]
    pub why_not_post: Option<Cow<'static, str>>,
}

/// Somebody in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "docs/protocols/native.md describes the shape")]
pub struct Participant {
    pub person: Person,
    pub role: Role,
    pub joined_at: Time,
    pub left_at: Option<Time>,
    pub last_read_seq: i64,
    pub last_read_at: Option<Time>,
    pub last_delivered_seq: i64,
}

words! {
    /// What a participant is in a conversation.
    #[schema(as = ParticipantRole)]
    pub enum Role {
        /// Opened it, or was made so: may do everything in it.
        Owner = "owner",
        /// May manage it.
        Admin = "admin",
        /// Reads and posts.
        Member = "member",
        /// Reads, and does not write.
        Observer = "observer",
    }
}

impl Role {
    /// Owners and admins.
    pub fn manages(self) -> bool {
        matches!(self, Role::Owner | Role::Admin)
    }
}
