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
}

statements! {
    /// Begins one.
    pub static INSERT = both("
        INSERT INTO sessions (token_hash, tenant, person_kind, person_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)");
    /// By token.
    pub static FIND = both("
        SELECT tenant, person_kind, person_id, expires_at FROM sessions WHERE token_hash = $1 AND expires_at > $2").global();
    /// Ends one.
    pub static DELETE = both("DELETE FROM sessions WHERE token_hash = $1").global();
    /// Ends a person's.
    pub static DELETE_ALL = both("DELETE FROM sessions WHERE tenant = $1 AND person_id = $2");
    /// Ends those that are over.
    pub static EXPIRE = both("DELETE FROM sessions WHERE expires_at <= $1").global();
}

/// Begins a session.
pub fn begin(tx: &mut Tx, token_hash: &[u8; 32], session: &Session) -> Result<()> {
    tx.db.execute(
        &INSERT,
        params![&token_hash[..], session.tenant, session.kind, session.person, tx.now, session.expires_at],
    )?;
    Ok(())
}

/// The session with that token, unless it is over.
pub fn find(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<Option<Session>> {
    Ok(tx.db.opt(&FIND, params![&token_hash[..], tx.now], |row| {
        Ok(Session { tenant: row.get(0)?, kind: row.get(1)?, person: row.get(2)?, expires_at: row.get(3)? })
    })?)
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
