//! The index of messages. A post does not write it: an index that grows by a few messages per commit costs several times
//! what the message costs. `logs.indexed` says how far the index goes; [`catch_up`] brings it to the newest message, in
//! large steps, every second and before a search.

use parlor_db::{FromRow, params, row, statements};

use crate::{
    attachments::Attachment,
    error::Result,
    ids::{ConversationId, PersonId, TenantId},
    json::Json,
    kinds::Kind,
    tenants::{Tenant, tenant_columns},
    time::Time,
    tx::Tx,
};

use super::{
    entry::{Entry, has_of},
    filter_terms, terms,
};

row! {
    /// A message that is to be indexed.
    struct Pending, pending_columns! {
        no: i64 = "m.no",
        body: String = "m.body",
        conversation: ConversationId = "m.conversation_id",
        kind: Kind = "c.kind",
        author: PersonId = "m.author_id",
        attachments: Option<Vec<Attachment>> = Json "m.attachments",
        at: Time = "m.created_at",
    }
}

statements! {
    /// Adds a message.
    pub static INDEX = dialect {
        sqlite: "INSERT INTO message_search (rowid, terms) VALUES ($1, $2)",
        postgres: "INSERT INTO message_search (no, terms) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))"
    }.global();
    /// Takes a message out.
    pub static UNINDEX = dialect {
        sqlite: "DELETE FROM message_search WHERE rowid = $1",
        postgres: "DELETE FROM message_search WHERE no = $1"
    }.global();
    /// How far the messages and the index go.
    pub static PROGRESS = both("SELECT messages, indexed FROM logs WHERE tenant = $1");
    /// The same, locked: who is indexing or has changed a message decides which of both writes the index.
    pub static LOCK_PROGRESS = dialect {
        sqlite: "SELECT messages, indexed FROM logs WHERE tenant = $1",
        postgres: "SELECT messages, indexed FROM logs WHERE tenant = $1 FOR UPDATE"
    };
    /// The index goes this far.
    pub static INDEXED = both("UPDATE logs SET indexed = $2 WHERE tenant = $1");
    /// Tenants whose index is behind.
    pub static BEHIND = both(concat!("
        SELECT ", tenant_columns!(), " FROM logs l JOIN tenants t ON t.id = l.tenant
        WHERE l.indexed < l.messages")).global();
    /// Messages that are to be indexed.
    pub static PENDING = both(concat!("
        SELECT ", pending_columns!(), "
        FROM messages m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
        WHERE m.no > $2 AND m.no <= $3 AND m.tenant = $1 AND m.kind = 'text' AND m.deleted_at IS NULL ORDER BY m.no"));
}

/// Adds a message to the index.
pub(crate) fn index(tx: &mut Tx, place: &Entry, terms: &str) -> Result<()> {
    let all = [terms.to_owned()].into_iter().chain(filter_terms::of(place)).collect::<Vec<_>>().join(" ");
    tx.db.execute(&INDEX, params![place.no, all.trim_start()])?;
    Ok(())
}

/// How many messages [`catch_up`] takes in one transaction.
const STEP: i64 = 2_000;
/// The part of a message's number that counts within its tenant.
const WITHIN_TENANT: i64 = (1 << 40) - 1;

/// Whether messages wait to be indexed.
pub fn is_behind(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    Ok(tx.db.one(&PROGRESS, params![tenant], |row| Ok(row.get::<i64>(0)? > row.get::<i64>(1)?))?)
}

/// Tenants of which messages wait to be indexed.
pub fn behind(tx: &mut Tx) -> Result<Vec<Tenant>> {
    Ok(tx.db.all(&BEHIND, params![], Tenant::from_row)?)
}

/// Indexes what waits, at most some thousands of messages. Answers whether more wait.
pub fn catch_up(tx: &mut Tx, tenant: TenantId, tenant_no: i64) -> Result<bool> {
    let (messages, indexed) = progress(tx, tenant)?;
    let upto = messages.min(indexed + STEP);
    if upto <= indexed {
        return Ok(false);
    }
    let first = tenant_no << 40;
    let pending = tx.db.all(&PENDING, params![tenant, first | indexed, first | upto], Pending::from_row)?;
    for message in pending {
        let place = Entry {
            conversation: message.conversation,
            kind: message.kind,
            author: message.author,
            no: message.no,
            at: message.at,
            has: has_of(&message.body, &message.attachments.unwrap_or_default()),
        };
        index(tx, &place, &terms::of(&message.body))?;
    }
    tx.db.execute(&INDEXED, params![tenant, upto])?;
    Ok(upto < messages)
}

/// How far the messages and the index go; nobody else moves either until the end of the transaction.
pub(crate) fn progress(tx: &mut Tx, tenant: TenantId) -> Result<(i64, i64)> {
    Ok(tx.db.one(&LOCK_PROGRESS, params![tenant], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// A message says something else now, or nothing. One that still waits is indexed as it is then.
pub(crate) fn reindex(tx: &mut Tx, tenant: TenantId, place: &Entry, body: Option<&str>) -> Result<()> {
    let (_, indexed) = progress(tx, tenant)?;
    if place.no & WITHIN_TENANT > indexed {
        return Ok(());
    }
    tx.db.execute(&UNINDEX, params![place.no])?;
    match body {
        Some(body) => index(tx, place, &terms::of(body)),
        None => Ok(()),
    }
}

/// Messages are gone: so are their entries. Those that still wait are not found when their turn comes.
pub(crate) fn forget(tx: &mut Tx, tenant: TenantId, numbers: &[i64]) -> Result<()> {
    let (_, indexed) = progress(tx, tenant)?;
    for no in numbers.iter().filter(|no| **no & WITHIN_TENANT <= indexed) {
        tx.db.execute(&UNINDEX, params![*no])?;
    }
    Ok(())
}
