//! What applications publish on channels and topics of their own: events of the tenant's log that no person's rights
//! decide about. Owns their storage, the last event of cache channels and the ids of updates. Must not know: wire
//! formats, or who may publish where.

use parlor_db::{FromRow, params, row, statements};

pub use crate::events::Publication;

use crate::{error::Result, events, ids::TenantId, time::Time, tx::Tx};

row! {
    impl Cached, cached_columns! {
        name: "name",
        data: "data",
        expires_at: "expires_at",
    }
}

statements! {
    /// Remembers where an update is.
    pub static PUT_UPDATE = both("
        INSERT INTO topic_updates (tenant, id, seq) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, id) DO UPDATE SET seq = excluded.seq");
    /// Where an update is.
    pub static UPDATE_SEQ = both("SELECT seq FROM topic_updates WHERE tenant = $1 AND id = $2");
    /// The newest update up to a place in the log.
    pub static UPDATE_BEFORE = both("
        SELECT id FROM topic_updates WHERE tenant = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1");
    /// Forgets with the log.
    pub static PRUNE_UPDATES = both("DELETE FROM topic_updates WHERE tenant = $1 AND seq <= $2");
    /// Keeps the last event of a cache channel.
    pub static PUT_CACHED = both("
        INSERT INTO channel_cache (tenant, channel, name, data, expires_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, channel) DO UPDATE
        SET name = excluded.name, data = excluded.data, expires_at = excluded.expires_at");
    /// The last event of a cache channel.
    pub static CACHED = both(concat!("
        SELECT ", cached_columns!(), " FROM channel_cache WHERE tenant = $1 AND channel = $2 AND expires_at > $3"));
    /// Forgets old ones, of all tenants.
    pub static EXPIRE_CACHED = both("DELETE FROM channel_cache WHERE expires_at <= $1").global();
}

/// Appends a publication to the tenant's log; answers its number.
pub fn publish(tx: &mut Tx, tenant: TenantId, publication: Publication) -> Result<i64> {
    let id = match &publication {
        Publication::Topics { id, .. } => Some(id.clone()),
        Publication::Channels { .. } => None,
    };
    let seq = events::append_publication(tx, tenant, publication)?;
    if let Some(id) = id {
        tx.db.execute_later(&PUT_UPDATE, params![tenant, id.as_str(), seq])?;
    }
    Ok(seq)
}

/// Where the update with this id is, if the log still has it.
pub fn seq_of(tx: &mut Tx, tenant: TenantId, id: &str) -> Result<Option<i64>> {
    Ok(tx.db.opt(&UPDATE_SEQ, params![tenant, id], |row| row.get(0))?)
}

/// The id of the newest update at or before a place in the log.
pub fn last_id(tx: &mut Tx, tenant: TenantId, seq: i64) -> Result<Option<String>> {
    Ok(tx.db.opt(&UPDATE_BEFORE, params![tenant, seq], |row| row.get(0))?)
}

/// The last event of a cache channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// The event's name.
    pub name: String,
    /// What it carried.
    pub data: String,
    /// Until when it is kept.
    pub expires_at: Time,
}

/// Keeps an event as the last one of a cache channel.
pub fn keep(tx: &mut Tx, tenant: TenantId, channel: &str, event: &Cached) -> Result<()> {
    let row = params![tenant, channel, event.name.as_str(), event.data.as_str(), event.expires_at];
    tx.db.execute(&PUT_CACHED, row)?;
    Ok(())
}

/// The event that a cache channel still has.
pub fn cached(tx: &mut Tx, tenant: TenantId, channel: &str) -> Result<Option<Cached>> {
    Ok(tx.db.opt(&CACHED, params![tenant, channel, tx.now], Cached::from_row)?)
}

/// Forgets what cache channels no longer have.
pub fn expire(tx: &mut Tx) -> Result<u64> {
    Ok(tx.db.execute(&EXPIRE_CACHED, params![tx.now])?)
}

pub(crate) fn prune(tx: &mut Tx, tenant: TenantId, up_to: i64) -> Result<()> {
    tx.db.execute(&PRUNE_UPDATES, params![tenant, up_to])?;
    Ok(())
}
