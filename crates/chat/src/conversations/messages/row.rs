//! The row of a message: its columns, and what they are read into. Must not know: which statements select them.

use parlor_db::{Error as DbError, FromRow, Row, row};
use serde_json::Value;

use crate::{
    attachments::Attachment,
    ids::{ConversationId, MessageId, PersonId},
    json::Json,
    person::{Person, PersonKind},
    related::Related,
    time::Time,
};

use super::{Mention, Message, MessageKind, Reaction, emoji::in_one_form, html};

row! {
    /// A message `m` as it is stored, and its author, who is a user `u` or a contact `k`.
    struct MessageRow, message_columns! {
        no: i64 = "m.no",
        id: MessageId = "m.id",
        conversation_id: ConversationId = "m.conversation_id",
        seq: i64 = "m.seq",
        kind: MessageKind = "m.kind",
        author_id: Option<PersonId> = "m.author_id",
        author_kind: PersonKind = "m.author_kind",
        author_name: String = "COALESCE(u.name, k.name, '')",
        author_avatar: Option<String> = "COALESCE(u.avatar_url, k.avatar_url)",
        body: String = "m.body",
        is_private: bool = "m.is_private",
        client_id: Option<String> = "m.client_id",
        reply_to_seq: Option<i64> = "m.reply_to_seq",
        thread_root_seq: Option<i64> = "m.thread_root_seq",
        reply_count: i64 = "m.reply_count",
        mentions: Option<Vec<Mention>> = Json "m.mentions",
        related: Option<Related> = Json "m.related",
        reactions: Option<Vec<Reaction>> = Json "m.reactions",
        system: Option<Value> = Json "m.system",
        event_seq: Option<i64> = "m.event_seq",
        created_at: Time = "m.created_at",
        edited_at: Option<Time> = "m.edited_at",
        deleted_at: Option<Time> = "m.deleted_at",
        pinned_at: Option<Time> = "m.pinned_at",
        external_id: Option<String> = "m.external_id",
        status: Option<String> = "m.external_status",
        attachments: Option<Vec<Attachment>> = Json "m.attachments",
    }
}

pub(crate) use message_columns;

/// A message and what its JSON does not tell.
#[derive(Clone)]
pub(crate) struct Stored {
    pub message: Message,
    /// For the staff only: a private note, or what Parlor noted down for the staff.
    pub is_private: bool,
    pub no: i64,
    pub reply_to_seq: Option<i64>,
    pub thread_root_seq: Option<i64>,
    pub event_seq: Option<i64>,
    /// The body, also of a deleted one.
    pub body: String,
}

impl FromRow for Stored {
    const WIDTH: usize = MessageRow::WIDTH;

    fn read(row: &Row<'_>, first: usize) -> Result<Stored, DbError> {
        MessageRow::read(row, first).map(stored)
    }
}

/// Of a deleted message nothing is shown but that it was there.
fn stored(row: MessageRow) -> Stored {
    let kind = row.author_kind;
    let author = row.author_id.map(|id| {
        let name = if kind == PersonKind::System { "Parlor".to_owned() } else { row.author_name };
        Person { id, kind, name, avatar_url: row.author_avatar }
    });
    let is_deleted = row.deleted_at.is_some();
    let shown = if is_deleted { "" } else { row.body.as_str() };
    let mentions = row.mentions.unwrap_or_default();
    let message = Message {
        id: row.id,
        conversation_id: row.conversation_id,
        seq: row.seq,
        kind: row.kind,
        author,
        body: shown.to_owned(),
        is_private_note: row.kind == MessageKind::Text && row.is_private,
        client_id: row.client_id,
        reply_to: None,
        thread_root_id: None,
        reply_count: row.reply_count,
        html: html::render(shown, &mentions),
        mentions,
        attachments: row.attachments.filter(|_| !is_deleted).unwrap_or_default(),
        related: row.related.filter(|_| !is_deleted),
        reactions: in_one_form(row.reactions.filter(|_| !is_deleted).unwrap_or_default()),
        system: row.system,
        created_at: row.created_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
        pinned_at: row.pinned_at,
        external_id: row.external_id,
        status: row.status,
        names_nobody: Vec::new(),
    };
    Stored {
        message,
        is_private: row.is_private,
        no: row.no,
        reply_to_seq: row.reply_to_seq,
        thread_root_seq: row.thread_root_seq,
        event_seq: row.event_seq,
        body: row.body,
    }
}
