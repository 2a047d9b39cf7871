//! Reading messages: pages around a position, one message, its history, its thread, who has read it.

use parlor_db::{FromRow, params};
use serde::Serialize;

use crate::{
    conversations,
    error::{Result, invalid, not_found},
    ids::{ConversationId, MessageId, PersonId},
    page::limit,
    person::{Actor, Person, PersonKind},
    time::Time,
    tx::Tx,
    viewer::Viewer,
};

use super::{
    Message, html,
    row::Stored,
    store::{self, StoredEdit},
};

/// Which messages of a conversation are wanted, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// The newest.
    Newest,
    /// Those before a position.
    Before(i64),
    /// Those after a position.
    After(i64),
    /// Those on both sides of a position, it included.
    Around(i64),
}

/// A page of a conversation, ascending.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MessagePage {
    /// Ascending by `seq`.
    pub items: Vec<Message>,
    /// Whether there are older ones.
    pub has_before: bool,
    /// Whether there are newer ones.
    pub has_after: bool,
}

/// What a message said before an edit.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Edit {
    /// 1, 2, 3 …
    pub version: i64,
    /// What it said.
    pub body: String,
    /// The same, rendered and sanitised.
    pub html: String,
    /// Who replaced it.
    pub editor_id: PersonId,
    /// When the next text took its place.
    pub replaced_at: Time,
}

/// Somebody who has read a message.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Reader {
    /// The person who has read it.
    pub person: Person,
    /// When the read position last moved.
    pub read_at: Option<Time>,
}

/// A page of a conversation.
pub fn page(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    range: Range,
    asked: Option<i64>,
) -> Result<MessagePage> {
    let (conversation, _) = conversations::require_readable(tx, actor, id, "message.list")?;
    let limit = i64::try_from(limit(asked)).unwrap_or(50);
    let viewer = Viewer::of(actor);
    let notes = viewer.is_staff();
    let before = |tx: &mut Tx, seq: i64, most: i64| -> Result<Vec<Stored>> {
        Ok(tx.db.all(&store::BEFORE, params![actor.tenant, id, seq, notes, most], Stored::from_row)?)
    };
    let after = |tx: &mut Tx, seq: i64, most: i64| -> Result<Vec<Stored>> {
        Ok(tx.db.all(&store::AFTER, params![actor.tenant, id, seq, notes, most], Stored::from_row)?)
    };
    let newest = conversation.newest(viewer);
    let (mut older, newer, has_after, most_older) = match range {
        Range::Newest => (before(tx, i64::MAX, limit + 1)?, Vec::new(), false, limit),
        Range::Before(seq) => (before(tx, seq, limit + 1)?, Vec::new(), newest >= seq, limit),
        Range::After(seq) => {
            let mut newer = after(tx, seq, limit + 1)?;
            let more = newer.len() > usize::try_from(limit).unwrap_or(50);
            newer.truncate(usize::try_from(limit).unwrap_or(50));
            let has_before = !before(tx, seq.saturating_add(1), 1)?.is_empty();
            let items = store::complete(tx, actor.tenant, viewer, id, newer)?;
            return Ok(MessagePage { items, has_before, has_after: more });
        }
        Range::Around(seq) => {
            let half = (limit / 2).max(1);
            let older = before(tx, seq.saturating_add(1), half + 1)?;
            let mut newer = after(tx, seq, half + 1)?;
            let more = newer.len() > usize::try_from(half).unwrap_or(25);
            newer.truncate(usize::try_from(half).unwrap_or(25));
            (older, newer, more, half)
        }
    };
    let most_older = usize::try_from(most_older).unwrap_or(50);
    let has_before = older.len() > most_older;
    older.truncate(most_older);
    older.reverse();
    older.extend(newer);
    Ok(MessagePage { items: store::complete(tx, actor.tenant, viewer, id, older)?, has_before, has_after })
}

/// What has happened to a conversation: the system messages before a position, or the newest.
pub fn system_messages(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    before: Option<i64>,
    asked: Option<i64>,
) -> Result<MessagePage> {
    let (conversation, _) = conversations::require_readable(tx, actor, id, "message.list")?;
    let viewer = Viewer::of(actor);
    let most = limit(asked);
    let wanted = i64::try_from(most).unwrap_or(50) + 1;
    let seq = before.unwrap_or(i64::MAX);
    let mut rows = tx.db.all(
        &store::SYSTEM_MESSAGES,
        params![actor.tenant, id, seq, viewer.is_staff(), wanted],
        Stored::from_row,
    )?;
    let has_before = rows.len() > most;
    rows.truncate(most);
    rows.reverse();
    Ok(MessagePage {
        items: store::complete(tx, actor.tenant, viewer, id, rows)?,
        has_before,
        has_after: conversation.newest(viewer) >= seq,
    })
}

/// The message, if the actor sees it, and where it is.
pub(super) fn readable(tx: &mut Tx, actor: &Actor, id: MessageId, action: &'static str) -> Result<Stored> {
    let stored = store::by_id(tx, actor, id)?.ok_or(not_found("message"))?;
    let place = stored.message.conversation_id;
    conversations::require_readable(tx, actor, place, action).map_err(|error| match error {
        crate::Error::NotFound { .. } => not_found("message"),
        other => other,
    })?;
    if Viewer::of(actor).sees(stored.is_private) { Ok(stored) } else { Err(not_found("message")) }
}

/// The ids of the messages that the actor sees at some places of a conversation that it reads.
pub fn ids_at(
    tx: &mut Tx,
    actor: &Actor,
    place: ConversationId,
    seqs: &[i64],
) -> Result<Vec<(i64, MessageId)>> {
    let asked = params![actor.tenant, place, seqs, Viewer::of(actor).is_staff()];
    Ok(tx.db.all(&store::IDS_AT, asked, |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// One message.
pub fn get(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Message> {
    let stored = readable(tx, actor, id, "message.get")?;
    let place = stored.message.conversation_id;
    Ok(store::complete(tx, actor.tenant, Viewer::of(actor), place, vec![stored])?.remove(0))
}

/// A place in a conversation: a number, or the id of the message that has it.
pub fn place(tx: &mut Tx, actor: &Actor, field: &'static str, text: &str) -> Result<i64> {
    match (text.parse::<i64>(), text.parse::<MessageId>()) {
        (Ok(seq), _) => Ok(seq),
        (_, Ok(id)) => Ok(get(tx, actor, id)?.seq),
        _ => Err(invalid(field, "place", "give the number or the id of a message")),
    }
}

/// What it said before, oldest first. A deleted message tells nothing any more.
pub fn history(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Vec<Edit>> {
    let stored = readable(tx, actor, id, "message.history")?;
    if stored.message.deleted_at.is_some() {
        return Ok(Vec::new());
    }
    edits(tx, actor, id)
}

pub(super) fn edits(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Vec<Edit>> {
    let edits = tx.db.all(&store::HISTORY, params![actor.tenant, id], StoredEdit::from_row)?;
    let shown = |StoredEdit { version, body, editor_id, replaced_at }| Edit {
        version,
        html: html::render(&body, &[]),
        body,
        editor_id,
        replaced_at,
    };
    Ok(edits.into_iter().map(shown).collect())
}

/// The thread of a message, its root first: the root itself, and every reply, as far as the actor sees them.
pub fn thread(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Vec<Message>> {
    let stored = readable(tx, actor, id, "message.thread")?;
    let viewer = Viewer::of(actor);
    let place = stored.message.conversation_id;
    let root_seq = stored.thread_root_seq.unwrap_or(stored.message.seq);
    let root = match stored.thread_root_seq {
        None => Some(stored),
        Some(seq) => store::by_seq(tx, actor.tenant, place, seq)?,
    };
    let mut rows: Vec<Stored> = root.into_iter().filter(|root| viewer.sees(root.is_private)).collect();
    let replies = params![actor.tenant, place, root_seq, viewer.is_staff()];
    rows.extend(tx.db.all(&store::THREAD, replies, Stored::from_row)?);
    store::complete(tx, actor.tenant, viewer, place, rows)
}

/// Who, beside its author, has read up to it: the first 500.
pub fn readers(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Vec<Reader>> {
    let stored = readable(tx, actor, id, "message.readers")?;
    let author = stored.message.author.as_ref().map_or(actor.id(), |author| author.id);
    let place = stored.message.conversation_id;
    let rows = tx.db.all(
        &store::READERS,
        params![actor.tenant, place, stored.message.seq, author, Viewer::of(actor).is_staff()],
        |row| {
            let read_at = row.get(Person::WIDTH)?;
            Ok(Reader { person: Person::from_row(row)?, read_at })
        },
    )?;
    let private = stored.is_private;
    Ok(rows.into_iter().filter(|reader| !private || reader.person.kind != PersonKind::Contact).collect())
}
