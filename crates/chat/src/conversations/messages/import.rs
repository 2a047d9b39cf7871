//! Messages of other systems' histories: rows and index, without an event each.

use parlor_db::params;

use crate::{
    conversations::Conversation,
    error::Result,
    ids::{ConversationId, MessageId, PersonId, TenantId},
    person::{Actor, Person},
    search,
    time::Time,
    tx::Tx,
};

use super::{
    Body, MessageKind,
    store::{self, NewRow},
};

/// A message of another system's history.
pub(crate) struct Import<'a> {
    pub author: &'a Person,
    pub at: Time,
    pub body: &'a Body,
    pub terms: &'a str,
    pub client_id: &'a str,
    pub reply_to_seq: Option<i64>,
    pub thread_root_seq: Option<i64>,
    /// Own messages of the author so far, this one included.
    pub own: i64,
    pub no: i64,
}

/// A thread of a history has so many replies more.
pub(crate) fn count_replies(
    tx: &mut Tx,
    tenant: TenantId,
    conversation: ConversationId,
    root: i64,
    replies: i64,
) -> Result<()> {
    tx.db.execute_later(&store::COUNT_REPLY, params![tenant, conversation, root, replies])?;
    Ok(())
}

/// Writes a message of a history: row and index, no event of its own. The caller writes the counters afterwards.
pub(crate) fn append_import(
    tx: &mut Tx,
    system: &Actor,
    conversation: &mut Conversation,
    import: &Import<'_>,
) -> Result<()> {
    conversation.last_seq += 1;
    conversation.last_public_seq = conversation.last_seq;
    conversation.staff_count += 1;
    conversation.public_count += 1;
    let id = MessageId(tx.id());
    let author: PersonId = import.author.id;
    let new = NewRow {
        no: import.no,
        id,
        seq: conversation.last_seq,
        kind: MessageKind::Text,
        author: (author, import.author.kind),
        body: &import.body.text,
        is_private: false,
        client_id: Some(import.client_id),
        reply_to_seq: import.reply_to_seq,
        thread_root_seq: import.thread_root_seq,
        mentions: &[],
        related: None,
        system: None,
        staff_count: conversation.staff_count,
        public_count: conversation.public_count,
        own_count: import.own,
        event_seq: None,
        created_at: import.at,
        external_id: None,
        files: &[],
    };
    store::insert(tx, system.tenant, conversation.id, &new)?;
    let place = search::Entry {
        conversation: conversation.id,
        kind: conversation.kind,
        author,
        no: import.no,
        at: import.at,
        has: search::has_of(&import.body.text, &[]),
    };
    search::index(tx, &place, import.terms)
}
