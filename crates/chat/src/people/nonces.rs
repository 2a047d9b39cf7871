//! Nonces: a secret that stands for somebody once, for a minute, where a token cannot be sent. Only the SHA-256 of one
//! is stored. Makes no secret.

use parlor_db::{FromRow, params, row, statements};

use crate::{
    credentials::Root,
    error::Result,
    ids::{PersonId, TenantId},
    person::PersonKind,
    time::Time,
    tx::Tx,
};

/// For whom a nonce stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// The tenant.
    pub tenant: TenantId,
    /// User or contact.
    pub kind: PersonKind,
    /// The person for whom it stands.
    pub person: PersonId,
    /// Names the token that it was made with among connections.
    pub tag: i64,
    /// When that token ends.
    pub token_expires_at: Option<Time>,
    /// What that token rests on: a nonce serves no longer than it.
    pub derived_from: Option<Root>,
}

row! {
    impl Nonce, nonce_columns! {
        tenant: "tenant",
        kind: "person_kind",
        person: "person_id",
        tag: "tag",
        token_expires_at: "token_expires_at",
        derived_from: "derived_from",
    }
}

statements! {
    /// A new one.
    pub static INSERT = both("
        INSERT INTO nonces (digest, tenant, person_kind, person_id, tag, token_expires_at, expires_at, derived_from)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    /// Takes one: it serves nobody after that.
    pub static TAKE = both(concat!("
        DELETE FROM nonces WHERE digest = $1 RETURNING ", nonce_columns!(), ", expires_at")).global();
    /// Forgets those that are over.
    pub static EXPIRE = both("DELETE FROM nonces WHERE expires_at <= $1").global();
}

/// Stores one that serves until a time.
pub fn begin(tx: &mut Tx, digest: &[u8; 32], nonce: &Nonce, until: Time) -> Result<()> {
    let origin = nonce.derived_from.map(|root| root.to_string());
    tx.db.execute(
        &INSERT,
        params![
            &digest[..],
            nonce.tenant,
            nonce.kind,
            nonce.person,
            nonce.tag,
            nonce.token_expires_at,
            until,
            origin.as_deref()
        ],
    )?;
    Ok(())
}

/// For whom it stands, this once.
pub fn take(tx: &mut Tx, digest: &[u8; 32]) -> Result<Option<Nonce>> {
    let now = tx.now;
    let found = tx.db.opt(&TAKE, params![&digest[..]], |row| {
        Ok((Nonce::from_row(row)?, row.get::<Time>(Nonce::WIDTH)?))
    })?;
    Ok(found.filter(|(_, until)| *until > now).map(|(nonce, _)| nonce))
}

/// Forgets those that are over.
pub fn expire(tx: &mut Tx) -> Result<u64> {
    Ok(tx.db.execute(&EXPIRE, params![tx.now])?)
}
