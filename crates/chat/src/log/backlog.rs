//! How long the oldest work of each background job has waited, how large the database is, and whether it takes more. Owns the questions, for
//! operators. Must not know: who does the work.

use parlor_db::{params, statements};

use crate::{error::Result, time::Time, tx::Tx};

statements! {
    /// The oldest message that the search index lacks, over all tenants.
    pub static SEARCH = both("
        SELECT MIN((SELECT m.created_at FROM messages m WHERE m.no = t.no * 1099511627776 + l.indexed + 1))
        FROM logs l JOIN tenants t ON t.id = l.tenant WHERE l.indexed < l.messages").global();
    /// The oldest webhook on its way, over all tenants.
    pub static WEBHOOKS = both("SELECT MIN(created_at) FROM jobs WHERE kind = 'webhook' AND dead_at IS NULL").global();
    /// The oldest event that an external hub lacks, over all tenants.
    pub static RELAY = both("
        SELECT MIN((SELECT e.at FROM events e WHERE e.tenant = r.tenant AND e.seq = r.seq + 1)) FROM tails r
        WHERE r.consumer = 'mercure_relay'").global();
    /// How large the database is.
    pub static BYTES = dialect {
        sqlite: "SELECT p.page_count * s.page_size FROM pragma_page_count() p, pragma_page_size() s",
        postgres: "SELECT pg_database_size(current_database())",
    }.global();
    /// Changes nothing, and is written all the same. PostgreSQL's disk is watched where it stands.
    pub static TRY_OUT = dialect {
        sqlite: "UPDATE secret_keys SET sealed = sealed WHERE id = 1",
        postgres: "UPDATE secret_keys SET sealed = sealed WHERE id = 1 AND FALSE",
    }.global();
}

/// Since when the oldest work of each job waits; `None` when none does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that cannot be found yet.
    pub search: Option<Time>,
    /// Webhooks that no application has taken yet.
    pub webhooks: Option<Time>,
    /// Events that an external hub has not taken yet.
    pub relay: Option<Time>,
}

/// How large the database is, in bytes.
pub fn database_bytes(tx: &mut Tx) -> Result<Option<i64>> {
    Ok(tx.db.opt(&BYTES, params![], |row| row.get(0))?)
}

/// Writes something, to see whether that is possible.
pub fn try_out(tx: &mut Tx) -> Result<()> {
    tx.db.execute(&TRY_OUT, params![])?;
    Ok(())
}

/// Looks at every job.
pub fn oldest(tx: &mut Tx) -> Result<Backlog> {
    let mut ask = |sql| tx.db.one(sql, params![], |row| row.get(0));
    Ok(Backlog { search: ask(&SEARCH)?, webhooks: ask(&WEBHOOKS)?, relay: ask(&RELAY)? })
}
