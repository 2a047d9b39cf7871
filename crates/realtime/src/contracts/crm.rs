//! Owns: the nouns of the CRM messenger contract (docs/contracts/crm.md): snake_case, times as RFC 3339.
//! Must not know: who asks.

use parlor_chat::attachments::Attachment;
use parlor_chat::messages::{self, MessageKind};
use parlor_chat::{ConversationId, MessageId, PersonId, Time};
use serde::Serialize;
use utoipa::ToSchema;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CrmMessage)]
#[expect(missing_docs, reason = "docs/contracts/crm.md describes the shape")]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub author_id: Option<PersonId>,
    pub author_name: Option<String>,
    pub body: String,
    pub html: String,
    pub attachments: Vec<Attachment>,
    pub is_system: bool,
    pub client_id: Option<String>,
    pub seq: i64,
    pub created_at: Time,
    pub updated_at: Time,
    pub deleted_at: Option<Time>,
}

impl Message {
    /// A native message in this contract's words.
    #[must_use]
    pub fn of(native: messages::Message) -> Message {
        Message {
            id: native.id,
            conversation_id: native.conversation_id,
            author_id: native.author.as_ref().map(|author| author.id),
            author_name: native.author.map(|author| author.name),
            body: native.body,
            html: native.html,
            attachments: native.attachments,
            is_system: native.kind == MessageKind::System,
            client_id: native.client_id,
            seq: native.seq,
            created_at: native.created_at,
            updated_at: native.deleted_at.or(native.edited_at).unwrap_or(native.created_at),
            deleted_at: native.deleted_at,
        }
    }
}
