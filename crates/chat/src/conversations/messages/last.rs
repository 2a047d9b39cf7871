//! What lists tell of the messages of a conversation: its newest one, how many are pinned.

use std::collections::HashMap;

use parlor_db::{FromRow, params};

use crate::{
    error::Result,
    ids::{ConversationId, TenantId},
    person::Actor,
    tx::Tx,
    viewer::Viewer,
};

use super::{LastMessage, Message, html, row::Stored, store};

/// How a message begins; one without words is named by its first file.
fn shortened(message: &Message) -> String {
    match message.attachments.first() {
        Some(file) if message.body.is_empty() => file.name.clone(),
        _ => html::preview(&message.body, 140),
    }
}

/// How many pinned messages everybody sees in each of these conversations that has some.
pub(crate) fn seen_pins(
    tx: &mut Tx,
    tenant: TenantId,
    ids: &[[u8; 16]],
) -> Result<HashMap<ConversationId, i64>> {
    let found = tx.db.all(&store::PINS, params![tenant, ids], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.into_iter().collect())
}

/// The newest message of each of several conversations that the actor reads.
pub(crate) fn last(
    tx: &mut Tx,
    actor: &Actor,
    ids: &[[u8; 16]],
) -> Result<Vec<(ConversationId, LastMessage)>> {
    let rows = tx.db.all(
        &store::LAST,
        params![actor.tenant, Viewer::of(actor).is_staff(), ids],
        Stored::from_row,
    )?;
    Ok(rows
        .into_iter()
        .map(|stored| {
            let message = stored.message;
            let last = LastMessage {
                id: message.id,
                seq: message.seq,
                kind: message.kind,
                preview: shortened(&message),
                author: message.author,
                is_private_note: message.is_private_note,
                deleted: message.deleted_at.is_some(),
                system: message.system,
                created_at: message.created_at,
                names_nobody: Vec::new(),
            };
            (message.conversation_id, last)
        })
        .collect())
}
