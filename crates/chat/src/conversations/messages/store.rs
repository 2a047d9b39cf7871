//! The SQL of messages; what a row of one is read into is in `row.rs`.

use std::collections::HashMap;

use parlor_db::{FromRow, params, row, statements};
use serde_json::Value;

use crate::{
    attachments::Attachment,
    error::Result,
    ids::{ConversationId, MessageId, PersonId, TenantId},
    person::{Actor, PersonKind, person_columns},
    related::Related,
    time::Time,
    tx::Tx,
    viewer::{Viewer, seen},
};

use super::{
    Mention, Message, MessageKind, Quote, html,
    row::{Stored, message_columns},
};

macro_rules! from {
    () => {
        " FROM messages m
          LEFT JOIN users u ON u.tenant = m.tenant AND u.id = m.author_id
          LEFT JOIN contacts k ON k.tenant = m.tenant AND k.id = m.author_id AND m.author_kind = 'contact' "
    };
}
row! {
    /// What a message said before.
    pub(super) struct StoredEdit, edit_columns! {
        pub version: i64 = "version",
        pub body: String = "body",
        pub editor_id: PersonId = "editor_id",
        pub replaced_at: Time = "replaced_at",
    }
}

statements! {
    /// The one with this client's id.
    pub static BY_CLIENT = both(concat!("SELECT ", message_columns!(), from!(), "
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.client_id = $3"));
    /// By id.
    pub static BY_ID = both(concat!("SELECT ", message_columns!(), from!(), " WHERE m.tenant = $1 AND m.id = $2"));
    /// Which messages are at some places.
    pub static IDS_AT = both("
        SELECT seq, id FROM messages
        WHERE tenant = $1 AND conversation_id = $2 AND seq = ANY($3) AND (is_private = FALSE OR $4)");
    /// Where one is, without the rest of it.
    pub static WHERE_IS = both("SELECT conversation_id, seq FROM messages WHERE tenant = $1 AND id = $2");
    /// Before a position, newest first.
    pub static BEFORE = both(concat!("SELECT ", message_columns!(), from!(), "
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.seq < $3 AND ", seen!("m", "$4"), "
        ORDER BY m.seq DESC LIMIT $5"));
    /// After a position, oldest first.
    pub static AFTER = both(concat!("SELECT ", message_columns!(), from!(), "
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.seq > $3 AND ", seen!("m", "$4"), "
        ORDER BY m.seq LIMIT $5"));
    /// Some of a conversation.
    pub static SOME = both(concat!("SELECT ", message_columns!(), from!(), "
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.seq = ANY($3)"));
    /// The replies of a thread.
    pub static THREAD = both(concat!("SELECT ", message_columns!(), from!(), "
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.thread_root_seq = $3 AND ", seen!("m", "$4"), "
        ORDER BY m.seq LIMIT 1000"));
    /// How many replies everybody sees of each of some threads.
    pub static REPLIES = both("
        SELECT thread_root_seq, COUNT(*) FROM messages
        WHERE tenant = $1 AND conversation_id = $2 AND thread_root_seq = ANY($3) AND is_private = FALSE
          AND deleted_at IS NULL GROUP BY thread_root_seq");
    /// How many pinned messages everybody sees in each of some conversations.
    pub static PINS = both("
        SELECT conversation_id, COUNT(*) FROM messages
        WHERE tenant = $1 AND conversation_id = ANY($2) AND pinned_at IS NOT NULL AND is_private = FALSE
        GROUP BY conversation_id");
    /// Pinned ones.
    pub static PINNED = both(concat!("SELECT ", message_columns!(), from!(), "
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.pinned_at IS NOT NULL AND ", seen!("m", "$3"), "
        ORDER BY m.pinned_at DESC LIMIT 200"));
    /// What Parlor noted down, before a position, newest first.
    pub static SYSTEM_MESSAGES = both(concat!("SELECT ", message_columns!(), from!(), "
        WHERE m.tenant = $1 AND m.conversation_id = $2 AND m.kind = 'system' AND m.seq < $3 AND ", seen!("m", "$4"), "
        ORDER BY m.seq DESC LIMIT $5"));
    /// The newest of each of several conversations. CROSS JOIN so that SQLite does not begin with all their messages.
    pub static LAST = both(concat!("SELECT ", message_columns!(), " FROM conversations c CROSS JOIN messages m
        LEFT JOIN users u ON u.tenant = m.tenant AND u.id = m.author_id
        LEFT JOIN contacts k ON k.tenant = m.tenant AND k.id = m.author_id AND m.author_kind = 'contact'
        WHERE c.tenant = $1 AND c.id = ANY($3) AND m.tenant = c.tenant AND m.conversation_id = c.id
          AND m.seq = (SELECT n.seq FROM messages n
            WHERE n.tenant = c.tenant AND n.conversation_id = c.id AND ", seen!("n", "$2"), "
            ORDER BY n.seq DESC LIMIT 1)"));
    /// A new one: see [`NewRow`].
    static INSERT = both("
        INSERT INTO messages (no, tenant, conversation_id, seq, id, kind, author_id, author_kind, body, is_private,
            client_id, reply_to_seq, thread_root_seq, reply_count, mentions, related, reactions, system, staff_count,
            public_count, own_count, event_seq, created_at, edited_at, deleted_at, pinned_at, external_id, external_status,
            attachments)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, NULL, $16, $17, $18, $19, $20, $21,
            NULL, NULL, NULL, $22, NULL, $23)");
    /// The author has written one more.
    pub static OWN = both("
        UPDATE participants SET own_count = $4, own_seq = $5, own_read = $6, read_seq = $7, read_count = $8
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3");
    /// The thread has one reply more, or fewer.
    pub static COUNT_REPLY = both("
        UPDATE messages SET reply_count = reply_count + $4 WHERE tenant = $1 AND conversation_id = $2 AND seq = $3");
    /// Somebody is named in it.
    pub static MENTION = both("
        INSERT INTO mentions (tenant, person_id, conversation_id, seq) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, person_id, conversation_id, seq) DO NOTHING");
    /// Members of its conversation are named in it.
    pub static MENTION_MEMBERS = both("
        INSERT INTO mentions (tenant, person_id, conversation_id, seq)
        SELECT p.tenant, p.person_id, p.conversation_id, $3 FROM participants p
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL AND p.person_id = ANY($4)
        ON CONFLICT (tenant, person_id, conversation_id, seq) DO NOTHING");
    /// Nobody is named in it any more.
    pub static UNMENTION = both("DELETE FROM mentions WHERE tenant = $1 AND conversation_id = $2 AND seq = $3");
    /// Those of a conversation whose name is one of these.
    pub static NAMED = both("
        SELECT u.id, u.name FROM participants p JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL
          AND (lowered(u.name) = ANY($3) OR u.id = ANY($4))");
    /// Users with one of these names, whoever they are.
    pub static NAMED_ANYWHERE = both("
        SELECT u.id, u.name FROM users u WHERE u.tenant = $1 AND u.active = TRUE
          AND (u.name = ANY($2) OR u.id = ANY($3))");
    /// Some of a conversation whose folded name is so, or begins so.
    pub static NAMED_LIKE = both("
        SELECT u.id, u.name FROM participants p JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL
          AND (u.name_key LIKE $3 ESCAPE '!' OR u.name_key LIKE $4 ESCAPE '!') LIMIT 50");
    /// Its other members who are people and active: all, or those of a list.
    pub static GROUP = both("
        SELECT u.id, u.name FROM participants p JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL AND p.person_id <> $3
          AND u.active = TRUE AND u.kind = 'user' AND ($4 = TRUE OR u.id = ANY($5))");
    /// Another body.
    pub static EDIT = both("
        UPDATE messages SET body = $3, mentions = $4, edited_at = $5 WHERE tenant = $1 AND id = $2");
    /// The newest event that tells its text.
    pub static TOLD = both("UPDATE messages SET event_seq = $3 WHERE tenant = $1 AND id = $2");
    /// What it said before.
    pub static KEEP = both("
        INSERT INTO message_edits (tenant, message_id, version, body, editor_id, replaced_at, event_seq)
        VALUES ($1, $2, $3, $4, $5, $6, $7)");
    /// How often it was edited.
    pub static EDITED = both("
        SELECT COALESCE(MAX(version), 0) FROM message_edits WHERE tenant = $1 AND message_id = $2");
    /// Events after this one tell nothing of it any more.
    pub static WITHDRAWN = both("
        UPDATE message_edits SET event_seq = NULL WHERE tenant = $1 AND message_id = $2 AND event_seq > $3");
    /// The events that told what it said before.
    pub static TOLD_BEFORE = both("
        SELECT event_seq FROM message_edits WHERE tenant = $1 AND message_id = $2 AND event_seq IS NOT NULL");
    /// What it said before, oldest first.
    pub static HISTORY = both(concat!("
        SELECT ", edit_columns!(), " FROM message_edits WHERE tenant = $1 AND message_id = $2 ORDER BY version"));
    /// A tombstone.
    pub static DELETE = both("
        UPDATE messages SET deleted_at = $3, pinned_at = NULL, mentions = NULL WHERE tenant = $1 AND id = $2");
    /// Pinned or not.
    pub static PIN = both("UPDATE messages SET pinned_at = $3 WHERE tenant = $1 AND id = $2");
    /// Gives an emoji.
    pub static REACT = both("
        INSERT INTO reactions (tenant, message_id, emoji, person_id, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, message_id, emoji, person_id) DO NOTHING");
    /// Takes it back.
    pub static UNREACT = both("
        DELETE FROM reactions WHERE tenant = $1 AND message_id = $2 AND emoji = $3 AND person_id = $4");
    /// All of one emoji are of another one: of the same in its one form.
    pub static REACT_ANEW = both("
        INSERT INTO reactions (tenant, message_id, emoji, person_id, created_at)
        SELECT tenant, message_id, $4, person_id, created_at FROM reactions
        WHERE tenant = $1 AND message_id = $2 AND emoji = $3
        ON CONFLICT (tenant, message_id, emoji, person_id) DO NOTHING");
    /// All of one emoji are gone.
    pub static UNREACT_ALL = both("DELETE FROM reactions WHERE tenant = $1 AND message_id = $2 AND emoji = $3");
    /// All of a message.
    pub static REACTIONS = both("
        SELECT emoji, person_id FROM reactions WHERE tenant = $1 AND message_id = $2 ORDER BY created_at, person_id");
    /// Their summary, kept with the message so that pages need no join.
    pub static SUMMARISE = both("UPDATE messages SET reactions = $3 WHERE tenant = $1 AND id = $2");
    /// Who has read up to it.
    pub static READERS = both(concat!("
        SELECT ", person_columns!("p.person_id", "p.person_kind", "COALESCE(u.name, k.name, '')",
                "COALESCE(u.avatar_url, k.avatar_url)"), ", CASE WHEN $5 THEN p.read_at ELSE p.seen_at END
        FROM participants p
        LEFT JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        LEFT JOIN contacts k ON k.tenant = p.tenant AND k.id = p.person_id AND p.person_kind = 'contact'
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.read_seq >= $3 AND p.read_at IS NOT NULL AND p.person_id <> $4
        ORDER BY p.read_at LIMIT 500"));
}

/// A message that is to be written, and the numbers of its conversation and its author with it.
pub(crate) struct NewRow<'a> {
    pub no: i64,
    pub id: MessageId,
    pub seq: i64,
    pub kind: MessageKind,
    pub author: (PersonId, PersonKind),
    pub body: &'a str,
    pub is_private: bool,
    pub client_id: Option<&'a str>,
    pub reply_to_seq: Option<i64>,
    pub thread_root_seq: Option<i64>,
    pub mentions: &'a [Mention],
    pub related: Option<&'a Related>,
    pub system: Option<&'a Value>,
    pub staff_count: i64,
    pub public_count: i64,
    pub own_count: i64,
    pub event_seq: Option<i64>,
    pub created_at: Time,
    pub external_id: Option<&'a str>,
    pub files: &'a [Attachment],
}

pub(crate) fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    conversation: ConversationId,
    new: &NewRow<'_>,
) -> Result<()> {
    let (author, author_kind) = new.author;
    let json = |written: Option<serde_json::Result<String>>| written.transpose();
    let mentions = json((!new.mentions.is_empty()).then(|| serde_json::to_string(new.mentions)))?;
    let files = json((!new.files.is_empty()).then(|| serde_json::to_string(new.files)))?;
    let related = json(new.related.map(serde_json::to_string))?;
    let system = json(new.system.map(serde_json::to_string))?;
    tx.db.execute_later(
        &INSERT,
        params![
            new.no,
            tenant,
            conversation,
            new.seq,
            new.id,
            new.kind,
            author,
            author_kind,
            new.body,
            new.is_private,
            new.client_id,
            new.reply_to_seq,
            new.thread_root_seq,
            mentions.as_deref(),
            related.as_deref(),
            system.as_deref(),
            new.staff_count,
            new.public_count,
            new.own_count,
            new.event_seq,
            new.created_at,
            new.external_id,
            files.as_deref()
        ],
    )?;
    Ok(())
}

/// Completes messages of one conversation with what they answer, as far as `viewer` see it: a quote, the root of a thread
/// and a number of replies tell of nothing that is hidden from them. One statement when any of them answers something.
pub(crate) fn complete(
    tx: &mut Tx,
    tenant: TenantId,
    viewer: Viewer,
    id: ConversationId,
    mut rows: Vec<Stored>,
) -> Result<Vec<Message>> {
    let mut wanted: Vec<i64> =
        rows.iter().flat_map(|row| [row.reply_to_seq, row.thread_root_seq]).flatten().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let quotes: HashMap<i64, Quote> = if wanted.is_empty() {
        HashMap::new()
    } else {
        let found = tx.db.all(&SOME, params![tenant, id, &wanted[..]], Stored::from_row)?;
        let seen = found.into_iter().filter(|stored| viewer.sees(stored.is_private));
        seen.map(|stored| (stored.message.seq, quote(stored.message))).collect()
    };
    if !viewer.is_staff() {
        count_seen_replies(tx, tenant, id, &mut rows)?;
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut message = row.message;
            message.reply_to = row.reply_to_seq.and_then(|seq| quotes.get(&seq).cloned());
            message.thread_root_id =
                row.thread_root_seq.and_then(|seq| quotes.get(&seq).map(|quote| quote.id));
            message
        })
        .collect())
}

/// Notes in a thread are no replies to whoever does not see them. One statement when any has replies.
fn count_seen_replies(tx: &mut Tx, tenant: TenantId, id: ConversationId, rows: &mut [Stored]) -> Result<()> {
    let roots: Vec<i64> =
        rows.iter().filter(|row| row.message.reply_count > 0).map(|row| row.message.seq).collect();
    if roots.is_empty() {
        return Ok(());
    }
    let found = tx.db.all(&REPLIES, params![tenant, id, &roots[..]], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let counts: HashMap<i64, i64> = found.into_iter().collect();
    for row in rows.iter_mut().filter(|row| row.message.reply_count > 0) {
        row.message.reply_count = counts.get(&row.message.seq).copied().unwrap_or(0);
    }
    Ok(())
}

pub(crate) fn quote(message: Message) -> Quote {
    Quote {
        id: message.id,
        seq: message.seq,
        author: message.author,
        preview: html::preview(&message.body, 120),
        deleted: message.deleted_at.is_some(),
    }
}

pub(crate) fn by_id(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Option<Stored>> {
    Ok(tx.db.opt(&BY_ID, params![actor.tenant, id], Stored::from_row)?)
}

pub(crate) fn by_seq(tx: &mut Tx, tenant: TenantId, id: ConversationId, seq: i64) -> Result<Option<Stored>> {
    Ok(tx.db.opt(&SOME, params![tenant, id, &[seq][..]], Stored::from_row)?)
}

pub(crate) fn place(tx: &mut Tx, tenant: TenantId, id: MessageId) -> Result<Option<(ConversationId, i64)>> {
    Ok(tx.db.opt(&WHERE_IS, params![tenant, id], |row| Ok((row.get(0)?, row.get(1)?)))?)
}
