//! Sessions of people who signed in. Only the SHA-256 of a session's token is stored. Makes no token and sets no cookie.

use parlor_db::{FromRow, Row, params, row, statements};

use crate::{
    credentials::{self, Ended, Root, tag},
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
    /// The person who is signed in.
    pub person: PersonId,
    /// Until when.
    pub expires_at: Time,
    /// When it was last used; told now and then.
    pub seen_at: Option<Time>,
    /// The host's key behind the token that it was exchanged for: it ends with it.
    pub derived_from: Option<Root>,
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

row! {
    impl Session, session_columns! {
        tenant: "tenant",
        kind: "person_kind",
        person: "person_id",
        expires_at: "expires_at",
        seen_at: "seen_at",
        derived_from: "derived_from",
    }
}

row! {
    impl Device, device_columns! {
        token_hash: "token_hash",
        agent: "agent",
        ip: "ip",
        created_at: "created_at",
        seen_at: "seen_at",
        expires_at: "expires_at",
    }
}

statements! {
    /// Begins one.
    pub static INSERT = both("
        INSERT INTO sessions (token_hash, tenant, person_kind, person_id, created_at, expires_at, agent, ip, seen_at,
            derived_from)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $5, $9)");
    /// By token.
    pub static FIND = both(concat!("
        SELECT ", session_columns!(), " FROM sessions WHERE token_hash = $1 AND expires_at > $2")).global();
    /// A person's, the newest first.
    pub static LIST = both(concat!("
        SELECT ", device_columns!(), " FROM sessions
        WHERE tenant = $1 AND person_id = $2 AND expires_at > $3 ORDER BY created_at DESC"));
    /// It is in use.
    pub static SEEN = both("UPDATE sessions SET seen_at = $2 WHERE token_hash = $1").global();
    /// Ends a person's but one.
    pub static DELETE_OTHERS = both("
        DELETE FROM sessions WHERE tenant = $1 AND person_id = $2 AND token_hash <> $3 RETURNING token_hash");
    /// Ends one.
    pub static DELETE = both("DELETE FROM sessions WHERE token_hash = $1 RETURNING tenant").global();
    /// Ends a person's.
    pub static DELETE_ALL = both("DELETE FROM sessions WHERE tenant = $1 AND person_id = $2");
    /// Ends a person's, but for those that a host's token was exchanged for.
    pub static DELETE_LOCAL = both("
        DELETE FROM sessions WHERE tenant = $1 AND person_id = $2 AND derived_from IS NULL RETURNING token_hash");
    /// Ends those that a host's key stands behind.
    pub static DELETE_DERIVED = both("
        DELETE FROM sessions WHERE tenant = $1 AND derived_from = $2 RETURNING token_hash");
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
    let origin = session.derived_from.map(|root| root.to_string());
    tx.db.execute(
        &INSERT,
        params![&token_hash[..], *tenant, *kind, *person, tx.now, *expires_at, agent, ip, origin.as_deref()],
    )?;
    Ok(())
}

/// The session with that token, unless it is over.
pub fn find(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<Option<Session>> {
    Ok(tx.db.opt(&FIND, params![&token_hash[..], tx.now], Session::from_row)?)
}

/// Where a person is signed in, the newest first.
pub fn list(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<Vec<Device>> {
    Ok(tx.db.all(&LIST, params![tenant, person, tx.now], Device::from_row)?)
}

/// Remembers that a session is in use.
pub fn seen(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<()> {
    tx.db.execute(&SEEN, params![&token_hash[..], tx.now])?;
    Ok(())
}

/// Ends every session of a person but the one with this token.
pub fn end_others(tx: &mut Tx, tenant: TenantId, person: PersonId, token_hash: &[u8; 32]) -> Result<()> {
    let tags = tx.db.all(&DELETE_OTHERS, params![tenant, person, &token_hash[..]], tag_of)?;
    credentials::ended(tx, tenant, &Ended { tags, ..Ended::default() })
}

/// Ends a session.
pub fn end(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<()> {
    let tenant = tx.db.opt(&DELETE, params![&token_hash[..]], |row| row.get::<TenantId>(0))?;
    let ended = Ended { tags: vec![tag(token_hash)], ..Ended::default() };
    tenant.map_or(Ok(()), |tenant| credentials::ended(tx, tenant, &ended))
}

/// Ends every session of a person, and the connections of the person: those with another proof come back.
pub fn end_all(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<()> {
    tx.db.execute(&DELETE_ALL, params![tenant, person])?;
    credentials::ended(tx, tenant, &Ended { person_id: Some(person), ..Ended::default() })
}

/// Ends the sessions of a person that no host's token was exchanged for; answers their tags.
pub(crate) fn end_local(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<Vec<u64>> {
    Ok(tx.db.all(&DELETE_LOCAL, params![tenant, person], tag_of)?)
}

/// Ends the sessions that were made with tokens of a host's key; answers their tags.
pub(crate) fn end_derived(tx: &mut Tx, tenant: TenantId, root: &Root) -> Result<Vec<u64>> {
    Ok(tx.db.all(&DELETE_DERIVED, params![tenant, root.to_string().as_str()], tag_of)?)
}

/// The tag of a session that ended, by what was stored of its token.
fn tag_of(row: &Row<'_>) -> Result<u64, parlor_db::Error> {
    row.get(0).map(|hash| tag(&hash))
}

/// Forgets sessions that are over.
pub fn expire(tx: &mut Tx) -> Result<u64> {
    Ok(tx.db.execute(&EXPIRE, params![tx.now])?)
}
