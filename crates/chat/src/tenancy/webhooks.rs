//! Webhooks about channels: what has been told. Owns its storage, so that nothing is told twice by two nodes; what is on
//! its way is a job. Must not know: HTTP, or what the bodies say.

use parlor_db::{params, statements};

use crate::{
    error::Result,
    ids::TenantId,
    jobs::{self, When, Work},
    tx::Tx,
};

statements! {
    /// Remembers that a channel is occupied, or a member there.
    pub static ENTER = both("
        INSERT INTO channel_states (tenant, channel, member) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
    /// Forgets it.
    pub static LEAVE = both("DELETE FROM channel_states WHERE tenant = $1 AND channel = $2 AND member = $3");
    /// What was told, of all tenants.
    pub static STATES = both("SELECT tenant, channel, member FROM channel_states").global();
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
    let work = Work::Webhook { url: url.to_owned(), body: body.to_owned() };
    let when = When::At(tx.now);
    jobs::enqueue(tx, tenant, &work, None, when)
}
