//! What deleted messages said. Owns who reads that (those who audit, where they read the conversation; each look leaves a
//! row of the audit log), and removing it for good: the tombstone stays, nothing of its words does
//! (docs/decisions/0046-words-of-deleted-messages.md).

use parlor_db::{params, statements};
use serde::Serialize;
use serde_json::json;

use crate::{
    attachments::{self, Attachment},
    audit,
    error::{Result, conflict},
    ids::{ConversationId, MessageId},
    json::Json,
    person::{Actor, Person},
    rights::Right,
    time::Time,
    tx::Tx,
};

use super::{
    Edit,
    query::{edits, readable},
    row::Stored,
};

/// A deleted message, for those who audit.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DeletedMessage {
    /// The message.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// Who wrote it.
    pub author: Option<Person>,
    /// What it said; empty once it was removed for good.
    pub body: String,
    /// What it said before, oldest first.
    pub edits: Vec<Edit>,
    /// What was attached; the bytes are served to nobody.
    pub attachments: Vec<Attachment>,
    /// When it was written.
    pub created_at: Time,
    /// When it was deleted.
    pub deleted_at: Time,
}

statements! {
    /// The files of a message, also of a deleted one.
    pub static FILES = both("SELECT attachments FROM messages WHERE tenant = $1 AND id = $2");
    /// Takes away what a deleted message said.
    pub static ERASE = both("
        UPDATE messages SET body = '', attachments = NULL, related = NULL
        WHERE tenant = $1 AND id = $2 AND deleted_at IS NOT NULL");
    /// And what it said before.
    pub static ERASE_EDITS = both("DELETE FROM message_edits WHERE tenant = $1 AND message_id = $2");
}

/// What a deleted message said. Needs `view_audit`, of somebody who reads its conversation.
pub fn deleted(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<DeletedMessage> {
    const ACTION: &str = "message.view_deleted";
    actor.require(Right::ViewAudit, ACTION)?;
    let (stored, deleted_at) = tombstone(tx, actor, id, ACTION)?;
    let place = stored.message.conversation_id;
    audit::record(
        tx,
        actor,
        ACTION,
        Some(("message", &id.to_string())),
        &json!({ "conversation_id": place }),
    )?;
    let files: Option<Json<Vec<Attachment>>> =
        tx.db.one(&FILES, params![actor.tenant, id], |row| row.get(0))?;
    Ok(DeletedMessage {
        id,
        conversation_id: place,
        author: stored.message.author,
        edits: edits(tx, actor, id)?,
        body: stored.body,
        attachments: files.map(|files| files.0).unwrap_or_default(),
        created_at: stored.message.created_at,
        deleted_at,
    })
}

/// Removes for good what a deleted message said, with its earlier texts and its files. Needs `purge`, of somebody who reads
/// its conversation. Doing it twice changes nothing.
pub fn erase(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<()> {
    const ACTION: &str = "message.erase";
    actor.require(Right::Purge, ACTION)?;
    let (stored, _) = tombstone(tx, actor, id, ACTION)?;
    tx.db.execute(&ERASE, params![actor.tenant, id])?;
    tx.db.execute(&ERASE_EDITS, params![actor.tenant, id])?;
    attachments::release(tx, actor.tenant, &[id.0.into_bytes()])?;
    let details = json!({ "conversation_id": stored.message.conversation_id });
    audit::record(tx, actor, ACTION, Some(("message", &id.to_string())), &details)
}

fn tombstone(tx: &mut Tx, actor: &Actor, id: MessageId, action: &'static str) -> Result<(Stored, Time)> {
    let stored = readable(tx, actor, id, action)?;
    match stored.message.deleted_at {
        Some(at) => Ok((stored, at)),
        None => Err(conflict(
            "not_deleted",
            "this message is not deleted: it is read, and deleted, as others are",
        )),
    }
}
