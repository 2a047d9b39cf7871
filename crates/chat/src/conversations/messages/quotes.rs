//! Quotations of messages in the stored events of those that answer them.

use parlor_db::{params, statements};
use serde_json::json;

use crate::{
    error::Result,
    events,
    ids::{ConversationId, TenantId},
    tx::Tx,
};

statements! {
    /// The events that quote them.
    pub static QUOTED = both("
        SELECT m.event_seq FROM messages m
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.thread_root_seq IS NOT NULL
          AND m.reply_to_seq = ANY($3) AND m.event_seq IS NOT NULL
        UNION
        SELECT e.event_seq FROM messages m JOIN message_edits e ON e.tenant = m.tenant AND e.message_id = m.id
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.thread_root_seq IS NOT NULL
          AND m.reply_to_seq = ANY($3) AND e.event_seq IS NOT NULL");
}

/// Takes the words of deleted messages out of the stored events of those that answer them.
pub(crate) fn forget_quotes(
    tx: &mut Tx,
    tenant: TenantId,
    place: ConversationId,
    seqs: &[i64],
) -> Result<()> {
    let quoted: Vec<i64> = tx.db.all(&QUOTED, params![tenant, place, seqs], |row| row.get(0))?;
    for seq in quoted {
        events::rewrite(tx, tenant, seq, |data| {
            if let Some(quote) = data.get_mut("message").and_then(|message| message.get_mut("reply_to"))
                && quote.is_object()
            {
                quote["preview"] = json!("");
                quote["deleted"] = json!(true);
            }
        })?;
    }
    Ok(())
}
