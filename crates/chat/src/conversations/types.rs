//! A conversation, and a person's row in it, as they are stored.

use serde::Serialize;
use serde_json::Value;

use crate::{
    access::Facets,
    events::Audience,
    ids::{ConversationId, PersonId, StoreId, TeamId},
    kinds::{Kind, Rules},
    related::Related,
    resources::conversation::Role,
    time::Time,
    viewer::Viewer,
    words::{Notify, Priority, Status},
};

/// A conversation's row.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table; migrations/0001_core.sql explains them")]
pub struct Conversation {
    pub id: ConversationId,
    pub kind: Kind,
    pub status: Status,
    pub title: Option<String>,
    pub slug: Option<String>,
    pub description: Option<String>,
    pub subject: Option<String>,
    pub is_private: bool,
    pub replies_enabled: bool,
    pub created_by: Option<PersonId>,
    pub contact_id: Option<PersonId>,
    pub store_id: Option<StoreId>,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<PersonId>,
    pub priority: Option<Priority>,
    pub labels: Vec<String>,
    pub ticket_prefix: Option<String>,
    pub ticket_number: Option<i64>,
    pub source: Option<String>,
    pub platform: Option<String>,
    pub linked_conversation_id: Option<ConversationId>,
    pub related: Option<Related>,
    pub metadata: Value,
    pub snoozed_until: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_activity_at: Time,
    pub last_seq: i64,
    pub last_public_seq: i64,
    pub last_deleted_seq: i64,
    pub staff_count: i64,
    pub public_count: i64,
    pub team_read_seq: i64,
    pub team_read_count: i64,
    pub members: i64,
    pub pins: i64,
    pub purged_seq: i64,
}

/// A person's row in a conversation. With `left_at` it only remembers: read state, not membership.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table; read_state.rs explains the counters")]
pub struct Membership {
    pub role: Role,
    pub left_at: Option<Time>,
    pub read_seq: i64,
    pub read_count: i64,
    pub delivered_seq: i64,
    pub own_count: i64,
    pub own_seq: i64,
    pub own_read: i64,
    pub muted: bool,
    pub notify: Notify,
    pub acknowledged_at: Option<Time>,
}

impl Membership {
    /// Whether the person takes part now.
    pub fn is_active(&self) -> bool {
        self.left_at.is_none()
    }
}

impl Conversation {
    /// The kind's rules.
    pub fn rules(&self) -> &'static Rules {
        self.kind.rules()
    }

    /// What decides who reads it, beside its participants.
    pub fn facets(&self) -> Facets {
        Facets { kind: self.kind, team: self.team_id, store: self.store_id, assignee: self.assignee_id }
    }

    /// Everybody who reads it.
    pub fn readers(&self) -> Audience {
        Audience::Conversation { facets: self.facets(), staff_only: false }
    }

    /// Everybody who reads a message of it.
    pub(crate) fn readers_of(&self, is_private: bool) -> Audience {
        if Viewer::of_readers(is_private).is_staff() { self.staff_readers() } else { self.readers() }
    }

    /// The newest place that they see.
    pub(crate) fn newest(&self, viewer: Viewer) -> i64 {
        if viewer.is_staff() { self.last_seq } else { self.last_public_seq }
    }

    /// Everybody who reads it, but contacts.
    pub fn staff_readers(&self) -> Audience {
        Audience::Conversation { facets: self.facets(), staff_only: true }
    }
}

/// A conversation and the actor's own row in it.
pub type Mine = (Conversation, Option<Membership>);

/// Unread of the actor over everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// Messages that are unread.
    pub unread: i64,
    /// Conversations with some.
    pub conversations: i64,
    /// Messages, without those in muted conversations.
    pub unmuted: i64,
    /// Unread messages that mention the actor.
    pub mentions: i64,
}
