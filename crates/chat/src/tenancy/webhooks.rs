//! Webhooks about channels: what has been told, and what is on its way. Owns their storage: nothing is told twice by
//! two nodes, and nothing is lost by a restart. Must not know: HTTP, or what the bodies say.

use parlor_db::{params, statements};

use crate::{
    error::Result,
    ids::{RowId, TenantId},
    time::Time,
    tx::Tx,
};

/// A webhook on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The tenant whose application it is for.
    pub tenant: TenantId,
    /// Its id: attempts are counted by it.
    pub id: RowId,
    /// Where to.
    pub url: String,
    /// What, as it is signed.
    pub body: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is to be tried.
    pub next_at: Time,
    /// Since when.
    pub created_at: Time,
}

statements! {
    /// Remembers that a channel is occupied, or a member there.
    pub static ENTER = both("
        INSERT INTO channel_states (tenant, channel, member) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
    /// Forgets it.
    pub static LEAVE = both("DELETE FROM channel_states WHERE tenant = $1 AND channel = $2 AND member = $3");
    /// What was told, of all tenants.
    pub static STATES = both("SELECT tenant, channel, member FROM channel_states").global();
    /// Sends one on its way.
    pub static PUT = both("
        INSERT INTO channel_hooks (tenant, id, url, body, attempts, next_at, created_at) VALUES ($1, $2, $3, $4, 0, $5, $5)");
    /// Those that are to be tried now, of all tenants.
    pub static DUE = both("
        SELECT tenant, id, url, body, attempts, next_at, created_at FROM channel_hooks
        WHERE next_at <= $1 ORDER BY next_at LIMIT $2").global();
    /// Takes one, so that no other node tries it at the same time.
    pub static CLAIM = both("
        UPDATE channel_hooks SET next_at = $4, attempts = attempts + 1
        WHERE tenant = $1 AND id = $2 AND next_at = $3");
    /// It arrived, or never will.
    pub static DELETE = both("DELETE FROM channel_hooks WHERE tenant = $1 AND id = $2");
}

/// Remembers that a channel is occupied (without a member) or that a member is there; true when that is new.
pub fn enter(tx: &mut Tx, tenant: TenantId, channel: &str, member: &str) -> Result<bool> {
    Ok(tx.db.execute(&ENTER, params![tenant, channel, member])? > 0)
}

/// Forgets it; true when it was remembered.
pub fn leave(tx: &mut Tx, tenant: TenantId, channel: &str, member: &str) -> Result<bool> {
    Ok(tx.db.execute(&LEAVE, params![tenant, channel, member])? > 0)
}

/// Everything that was told and not taken back: tenant, channel, member.
pub fn states(tx: &mut Tx) -> Result<Vec<(TenantId, String, String)>> {
    Ok(tx.db.all(&STATES, params![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// Sends a body on its way.
pub fn put(tx: &mut Tx, tenant: TenantId, url: &str, body: &str) -> Result<()> {
    let id = RowId(tx.id());
    tx.db.execute(&PUT, params![tenant, id, url, body, tx.now])?;
    Ok(())
}

/// Those that are to be tried now.
pub fn due(tx: &mut Tx, limit: i64) -> Result<Vec<Job>> {
    Ok(tx.db.all(&DUE, params![tx.now, limit], |row| {
        Ok(Job {
            tenant: row.get(0)?,
            id: row.get(1)?,
            url: row.get(2)?,
            body: row.get(3)?,
            attempts: row.get(4)?,
            next_at: row.get(5)?,
            created_at: row.get(6)?,
        })
    })?)
}

/// Takes one until a time, after which it is tried again unless it is [`done`]; false when another node has it.
pub fn claim(tx: &mut Tx, job: &Job, until: Time) -> Result<bool> {
    Ok(tx.db.execute(&CLAIM, params![job.tenant, job.id, job.next_at, until])? > 0)
}

/// Forgets one: it arrived, or never will.
pub fn done(tx: &mut Tx, job: &Job) -> Result<()> {
    tx.db.execute(&DELETE, params![job.tenant, job.id])?;
    Ok(())
}
