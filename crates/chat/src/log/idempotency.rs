//! Answers of creations that a client may repeat. Owns the stored answers; knows no HTTP but the status's number.

use parlor_db::{params, statements};

use crate::{
    error::{Result, conflict},
    person::Actor,
    time::Time,
    tx::Tx,
};

statements! {
    /// The stored answer.
    pub static FIND = both("
        SELECT request_hash, status, body FROM idempotency WHERE tenant = $1 AND person_id = $2 AND key = $3");
    /// Stores an answer.
    pub static INSERT = both("
        INSERT INTO idempotency (tenant, person_id, key, request_hash, status, body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)");
    /// Forgets old answers.
    pub static EXPIRE = both("DELETE FROM idempotency WHERE created_at < $1").global();
}

/// The answer that the same request got before; a conflict when the key came with another request.
pub fn find(tx: &mut Tx, actor: &Actor, key: &str, request_hash: &[u8; 32]) -> Result<Option<(i64, String)>> {
    let found = tx.db.opt(&FIND, params![actor.tenant, actor.id(), key], |row| {
        Ok((row.get::<Vec<u8>>(0)?, row.get::<i64>(1)?, row.get::<String>(2)?))
    })?;
    match found {
        Some((hash, _, _)) if hash != request_hash => {
            Err(conflict("idempotency_key", "this Idempotency-Key was used for another request"))
        }
        found => Ok(found.map(|(_, status, body)| (status, body))),
    }
}

/// Stores an answer. Two at once: the second one fails as a whole, and finds the first one when it is repeated.
pub fn put(
    tx: &mut Tx,
    actor: &Actor,
    key: &str,
    request_hash: &[u8; 32],
    status: i64,
    body: &str,
) -> Result<()> {
    let stored = tx
        .db
        .execute(&INSERT, params![actor.tenant, actor.id(), key, &request_hash[..], status, body, tx.now]);
    match stored {
        Err(error) if error.unique_constraint().is_some() => {
            Err(conflict("idempotency_key", "the same request is being answered right now"))
        }
        stored => stored.map(|_| ()).map_err(Into::into),
    }
}

/// Forgets answers from before a time.
pub fn expire(tx: &mut Tx, before: Time) -> Result<u64> {
    Ok(tx.db.execute(&EXPIRE, params![before])?)
}
