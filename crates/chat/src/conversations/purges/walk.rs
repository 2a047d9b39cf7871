//! A purge: its place in the log of purges, and its walk over a tenant's old messages in steps of bounded work. Must not
//! know: what a step does to one conversation (`erase.rs`).
//!
//! Unread after a purge is what counting by hand gives: tests/it/purges.rs holds it against that.

use std::collections::BTreeMap;

use parlor_db::{FromRow, params, row, statements};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit, conversations,
    error::{Result, invalid, not_found},
    ids::{ConversationId, MessageId, PersonId, RowId},
    messages::MessageKind,
    page::{Page, limit},
    person::{Actor, PersonKind},
    rights::Right,
    time::Time,
    tx::Tx,
    words::words,
};

use super::erase::{Doomed, hide, remove};

words! {
    /// What is done to old messages.
    #[schema(as = PurgeMode)]
    pub enum Mode {
        /// Nobody sees them any more, as if their authors had deleted them; the rows stay for an audit.
        Logical = "logical",
        /// They are gone for good: rows, edits, reactions, files, index, and their text in the log of events.
        Permanent = "permanent",
    }
}

/// A purge that was done, or is being done.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Purge {
    /// Its id, ascending in time.
    pub id: RowId,
    /// Who asked for it; none for the scheduled job.
    pub admin_id: Option<PersonId>,
    /// When it was begun.
    pub executed_at: Time,
    /// Messages older than this were cleared.
    pub cutoff: Time,
    /// What became of them.
    pub mode: Mode,
    /// How many messages so far.
    pub rows_deleted: i64,
}

/// Where the walk is: everything up to here has been looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    at: Time,
    no: i64,
}

impl Walk {
    /// Before the oldest message.
    pub const START: Walk = Walk { at: Time(i64::MIN), no: i64::MIN };
}

/// How many messages one transaction looks at.
const STEP: i64 = 500;

row! {
    impl Purge, purge_columns! {
        id: "id",
        admin_id: "admin_id",
        executed_at: "executed_at",
        cutoff: "cutoff",
        mode: "mode",
        rows_deleted: "rows_deleted",
    }
}

row! {
    /// What is to be known of a message that goes.
    struct Old, old_columns! {
        conversation: ConversationId = "conversation_id",
        no: i64 = "no",
        id: MessageId = "id",
        seq: i64 = "seq",
        kind: MessageKind = "kind",
        is_private: bool = "is_private",
        deleted_at: Option<Time> = "deleted_at",
        pinned_at: Option<Time> = "pinned_at",
        event_seq: Option<i64> = "event_seq",
        root: Option<i64> = "thread_root_seq",
    }
}

statements! {
    /// A new one.
    pub static INSERT = both("
        INSERT INTO purges (tenant, id, admin_id, executed_at, cutoff, mode, rows_deleted)
        VALUES ($1, $2, $3, $4, $5, $6, 0)");
    /// It has cleared some more.
    pub static ADD = both("UPDATE purges SET rows_deleted = rows_deleted + $3 WHERE tenant = $1 AND id = $2");
    /// A purge by its id.
    pub static FIND = both(concat!("SELECT ", purge_columns!(), " FROM purges WHERE tenant = $1 AND id = $2"));
    /// A page, newest first.
    pub static PAGE = both(concat!("
        SELECT ", purge_columns!(), " FROM purges WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3"));
    /// How many messages are older than a time.
    pub static COUNT = both("
        SELECT COUNT(*) FROM messages
        WHERE tenant = $1 AND created_at < $2 AND ($3 OR (kind = 'text' AND deleted_at IS NULL))");
    /// The next ones that are older.
    pub static OLDEST = both("
        SELECT no, conversation_id, created_at FROM messages
        WHERE tenant = $1 AND created_at < $2 AND (created_at, no) > ($3, $4) ORDER BY created_at, no LIMIT $5");
    /// What is to be known of messages that go.
    pub static DOOMED = both(concat!("
        SELECT ", old_columns!(), " FROM messages WHERE tenant = $1 AND no = ANY($2) ORDER BY conversation_id, seq"));
}

/// How many messages a purge would clear now. Needs `purge`.
pub fn count(tx: &mut Tx, actor: &Actor, before: Time, mode: Mode) -> Result<i64> {
    actor.require(Right::Purge, "purge.count")?;
    let every = mode == Mode::Permanent;
    Ok(tx.db.one(&COUNT, params![actor.tenant, before, every], |row| row.get(0))?)
}

/// Begins a purge: from now on it is in the log and in the audit. Needs `purge`.
pub fn begin(tx: &mut Tx, actor: &Actor, before: Time, mode: Mode) -> Result<Purge> {
    actor.require(Right::Purge, "purge")?;
    if before > tx.now {
        return Err(invalid("before", "past", "lies in the future"));
    }
    let id = RowId(tx.id());
    let admin = Some(actor.id()).filter(|_| actor.person.kind != PersonKind::System);
    tx.db.execute(&INSERT, params![actor.tenant, id, admin, tx.now, before, mode])?;
    let details = json!({ "before": before, "mode": mode });
    audit::record(tx, actor, "history.purge", Some(("purge", &id.to_string())), &details)?;
    get(tx, actor, id)
}

/// Clears some more. `None` when nothing older is left.
pub fn step(tx: &mut Tx, actor: &Actor, purge: &Purge, from: Walk) -> Result<Option<Walk>> {
    actor.require(Right::Purge, "purge")?;
    let found = tx.db.all(&OLDEST, params![actor.tenant, purge.cutoff, from.at, from.no, STEP], |row| {
        Ok((row.get::<i64>(0)?, row.get::<ConversationId>(1)?, row.get::<Time>(2)?))
    })?;
    let Some(&(no, _, at)) = found.last() else { return Ok(None) };
    let system = Actor::system(actor.tenant, actor.tenant_no);
    let numbers: Vec<i64> = found.iter().map(|(no, ..)| *no).collect();
    let mut places: Vec<ConversationId> = found.into_iter().map(|(_, place, _)| place).collect();
    places.sort_unstable();
    places.dedup();
    // Every conversation before the log, and in one order, so that nobody waits for us in a circle.
    let mut locked = BTreeMap::new();
    for id in places {
        let (conversation, _) =
            conversations::store::lock(tx, &system, id)?.ok_or(not_found("conversation"))?;
        locked.insert(id, (conversation, Vec::new()));
    }
    // Read again under the locks: somebody may have deleted one meanwhile.
    let rows = tx.db.all(&DOOMED, params![actor.tenant, &numbers[..]], Old::from_row)?;
    for (place, message) in rows.into_iter().map(doomed) {
        if let Some((_, messages)) = locked.get_mut(&place) {
            messages.push(message);
        }
    }
    let mut gone = 0;
    for (conversation, messages) in locked.into_values() {
        gone += match purge.mode {
            Mode::Logical => hide(tx, &system, &conversation, messages, purge.cutoff)?,
            Mode::Permanent => remove(tx, &system, &conversation, &messages, purge.cutoff)?,
        };
    }
    tx.db.execute(&ADD, params![actor.tenant, purge.id, gone])?;
    Ok(Some(Walk { at, no }))
}

fn doomed(old: Old) -> (ConversationId, Doomed) {
    let doomed = Doomed {
        no: old.no,
        id: old.id,
        seq: old.seq,
        is_text: old.kind == MessageKind::Text,
        is_private: old.is_private,
        is_deleted: old.deleted_at.is_some(),
        is_pinned: old.pinned_at.is_some(),
        event_seq: old.event_seq,
        root: old.root,
    };
    (old.conversation, doomed)
}

/// One purge. Needs `purge`.
pub fn get(tx: &mut Tx, actor: &Actor, id: RowId) -> Result<Purge> {
    actor.require(Right::Purge, "purge.get")?;
    tx.db.opt(&FIND, params![actor.tenant, id], Purge::from_row)?.ok_or(not_found("purge"))
}

/// The log of purges, newest first. Needs `purge`.
pub fn list(tx: &mut Tx, actor: &Actor, after: Option<RowId>, asked: Option<i64>) -> Result<Page<Purge>> {
    actor.require(Right::Purge, "purge.list")?;
    let limit = limit(asked);
    let after = after.unwrap_or(RowId(uuid::Uuid::max()));
    let most = i64::try_from(limit + 1).unwrap_or(200);
    let rows = tx.db.all(&PAGE, params![actor.tenant, after, most], Purge::from_row)?;
    Ok(Page::cut(rows, limit, |purge| purge.id.to_string()))
}

/// Reads a time before which messages go: RFC 3339, a date (its first moment, UTC), or seconds since 1970.
pub fn cutoff(text: &str) -> Result<Time> {
    let text = text.trim();
    let seconds = text.parse::<i64>().ok().map(|seconds| Time(0).plus_seconds(seconds));
    let found = seconds.or_else(|| Time::parse(text)).or_else(|| Time::parse(&format!("{text}T00:00:00Z")));
    found.ok_or_else(|| invalid("before", "time", "use a date, a time as in RFC 3339, or seconds since 1970"))
}
