//! Sessions of people who signed in. Only the SHA-256 of a session's token is stored. Makes no token and sets no cookie.

use parlor_db::{params, statements};

use crate::{
    error::Result,
    ids::{PersonId, TenantId},
    person::PersonKind,
    time::Time,
    tx::Tx,
};

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The tenant.
    pub tenant: TenantId,
    /// User or contact.
    pub kind: PersonKind,
    /// Who.
    pub person: PersonId,
    /// Until when.
    pub expires_at: Time,
    /// When it was last used; told now and then.
    pub seen_at: Option<Time>,
}

/// Where a person is signed in.
#[derive(Clone, Debug)]
pub struct Device {
    /// What is stored of its token.
    pub token_hash: [u8; 32],
    /// The browser or program, in its own words.
    pub agent: Option<String>,
    /// The address it signed in from.
    pub ip: Option<String>,
    /// Since when.
    pub created_at: Time,
    /// When it was last used; told now and then.
    pub seen_at: Option<Time>,
    /// Until when.
    pub expires_at: Time,
}

statements! {
    /// Begins one.
    pub static INSERT = both("
        INSERT INTO sessions (token_hash, tenant, person_kind, person_id, created_at, expires_at, agent, ip, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $5)");
    /// By token.
    pub static FIND = both("
        SELECT tenant, person_kind, person_id, expires_at, seen_at FROM sessions WHERE token_hash = $1 AND expires_at > $2").global();
    /// A person's, the newest first.
    pub static LIST = both("
        SELECT token_hash, agent, ip, created_at, seen_at, expires_at FROM sessions
        WHERE tenant = $1 AND person_id = $2 AND expires_at > $3 ORDER BY created_at DESC");
    /// It is in use.
    pub static SEEN = both("UPDATE sessions SET seen_at = $2 WHERE token_hash = $1").global();
    /// Ends a person's but one.
    pub static DELETE_OTHERS = both("DELETE FROM sessions WHERE tenant = $1 AND person_id = $2 AND token_hash <> $3");
    /// Ends one.
    pub static DELETE = both("DELETE FROM sessions WHERE token_hash = $1").global();
    /// Ends a person's.
    pub static DELETE_ALL = both("DELETE FROM sessions WHERE tenant = $1 AND person_id = $2");
    /// Ends those that are over.
    pub static EXPIRE = both("DELETE FROM sessions WHERE expires_at <= $1").global();
}

/// Begins a session, of which `agent` and `ip` say where it is.
pub fn begin(
    tx: &mut Tx,
    token_hash: &[u8; 32],
    session: &Session,
    agent: Option<&str>,
    ip: Option<&str>,
) -> Result<()> {
    let Session { tenant, kind, person, expires_at, .. } = session;
    tx.db.execute(
        &INSERT,
        params![&token_hash[..], *tenant, *kind, *person, tx.now, *expires_at, agent, ip],
    )?;
    Ok(())
}

/// The session with that token, unless it is over.
pub fn find(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<Option<Session>> {
    Ok(tx.db.opt(&FIND, params![&token_hash[..], tx.now], |row| {
        Ok(Session {
            tenant: row.get(0)?,
            kind: row.get(1)?,
            person: row.get(2)?,
            expires_at: row.get(3)?,
            seen_at: row.get(4)?,
        })
    })?)
}

/// Where a person is signed in, the newest first.
pub fn list(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<Vec<Device>> {
    let rows = tx.db.all(&LIST, params![tenant, person, tx.now], |row| {
        Ok((row.get::<Vec<u8>>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    })?;
    let devices = rows.into_iter().filter_map(|(hash, agent, ip, created_at, seen_at, expires_at)| {
        let token_hash = hash.try_into().ok()?;
        Some(Device { token_hash, agent, ip, created_at, seen_at, expires_at })
    });
    Ok(devices.collect())
}

/// Remembers that a session is in use.
pub fn seen(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<()> {
    tx.db.execute(&SEEN, params![&token_hash[..], tx.now])?;
    Ok(())
}

/// Ends every session of a person but the one with this token.
pub fn end_others(tx: &mut Tx, tenant: TenantId, person: PersonId, token_hash: &[u8; 32]) -> Result<()> {
    tx.db.execute(&DELETE_OTHERS, params![tenant, person, &token_hash[..]])?;
    Ok(())
}

/// Ends a session.
pub fn end(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<()> {
    tx.db.execute(&DELETE, params![&token_hash[..]])?;
    Ok(())
}

/// Ends every session of a person.
pub fn end_all(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<()> {
    tx.db.execute(&DELETE_ALL, params![tenant, person])?;
    Ok(())
}

/// Forgets sessions that are over.
pub fn expire(tx: &mut Tx) -> Result<u64> {
    Ok(tx.db.execute(&EXPIRE, params![tx.now])?)
}
