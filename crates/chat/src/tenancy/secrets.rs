//! Which key seals the secrets of this database, and sealing with it. Owns the row that names it. Must not know: which
//! tables have secrets (`people/reseal.rs` goes through them), or where keys are kept.

use parlor_db::{Row, params, statements};

use crate::{
    error::{Error, Result},
    sealing::{self, Key, KeyId, Place},
    tx::Tx,
};

/// What the database says of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Seals what is written.
    pub current: KeyId,
    /// Sealed what a rotation has not come to yet.
    pub previous: Option<KeyId>,
    /// Replaced by a rotation, and not taken out of the key file yet.
    pub retired: Option<KeyId>,
    /// Whether nothing is left in the clear of what older versions stored.
    pub sealed: bool,
}

impl State {
    /// The keys that are needed to read everything.
    pub fn needed(&self) -> impl Iterator<Item = KeyId> {
        [Some(self.current), self.previous].into_iter().flatten()
    }
}

statements! {
    /// What holds.
    pub static STATE = both("SELECT current_key, previous_key, retired_key, sealed FROM secret_keys WHERE id = 1").global();
    /// The same, and no rotation begins before this transaction ends.
    pub static HOLD = dialect {
        sqlite: "SELECT current_key, previous_key, retired_key, sealed FROM secret_keys WHERE id = 1",
        postgres: "SELECT current_key, previous_key, retired_key, sealed FROM secret_keys WHERE id = 1 FOR SHARE",
    }.global();
    /// No other rotation begins or ends before this transaction ends.
    pub static LOCK = both("UPDATE secret_keys SET sealed = sealed WHERE id = 1").global();
    /// The first key.
    pub static CLAIM = both("
        INSERT INTO secret_keys (id, current_key, previous_key, sealed) VALUES (1, $1, NULL, FALSE)
        ON CONFLICT (id) DO NOTHING").global();
    /// Nothing is in the clear any more.
    pub static SEALED = both("UPDATE secret_keys SET sealed = TRUE WHERE id = 1").global();
    /// Another key from now on.
    pub static BEGIN = both("
        UPDATE secret_keys SET current_key = $2, previous_key = $1
        WHERE id = 1 AND current_key = $1 AND previous_key IS NULL").global();
    /// The one before is needed no more.
    pub static FINISH = both("
        UPDATE secret_keys SET retired_key = previous_key, previous_key = NULL
        WHERE id = 1 AND current_key = $1 AND previous_key IS NOT NULL").global();
    /// Nothing is left of it.
    pub static FORGET = both("UPDATE secret_keys SET retired_key = NULL WHERE id = 1").global();
}

/// Of the keys, as they are stored, and whether all is sealed.
type Names = (String, Option<String>, Option<String>, bool);

fn from_row(row: &Row<'_>) -> Result<Names, parlor_db::Error> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn read((current, previous, retired, sealed): Names) -> Result<State> {
    let id = |text: &str| -> Result<KeyId> {
        text.parse().map_err(|_| Error::Damaged(format!("{text:?} names no secret key")))
    };
    let other = |name: Option<String>| name.as_deref().map(id).transpose();
    Ok(State { current: id(&current)?, previous: other(previous)?, retired: other(retired)?, sealed })
}

/// What the database says; None before a first key was claimed.
pub fn state(tx: &mut Tx) -> Result<Option<State>> {
    tx.db.opt(&STATE, params![], from_row)?.map(read).transpose()
}

/// Gives the database its key, unless it has one: what holds then.
pub fn claim(tx: &mut Tx, key: KeyId) -> Result<State> {
    tx.db.execute(&CLAIM, params![key.to_string().as_str()])?;
    held(tx)
}

fn held(tx: &mut Tx) -> Result<State> {
    let row = tx.db.opt(&HOLD, params![], from_row)?;
    read(row.ok_or_else(|| Error::Damaged("the database has no secret key".to_owned()))?)
}

fn key_of(tx: &Tx, id: KeyId) -> Result<Key> {
    let lacks =
        || Error::Damaged(format!("secrets are sealed with the key {id}, which this server does not have"));
    tx.keys.key(id).ok_or_else(lacks)
}

/// Seals a text for its place with the key that holds.
pub(crate) fn seal(tx: &mut Tx, place: &Place, text: &str) -> Result<String> {
    let current = held(tx)?.current;
    sealing::seal(&key_of(tx, current)?, tx.keys.nonce(), place, text)
}

/// Opens what was sealed for this place.
pub(crate) fn open(tx: &Tx, place: &Place, stored: &str) -> Result<String> {
    sealing::open(tx.keys, place, stored)
}

/// The text to store instead, when it is not sealed with the key that holds: what older versions stored in the clear,
/// and what another key has sealed.
pub(crate) fn renewed(tx: &mut Tx, place: &Place, stored: &str) -> Result<Option<String>> {
    let state = held(tx)?;
    let by = sealing::sealed_with(stored);
    if by == Some(state.current) {
        return Ok(None);
    }
    // Before all is sealed there is one key: what is sealed with none of ours was never sealed, whatever it looks like.
    let is_plain = !state.sealed && by.is_none_or(|id| state.needed().all(|needed| needed != id));
    let text = if is_plain { stored.to_owned() } else { open(tx, place, stored)? };
    seal(tx, place, &text).map(Some)
}

/// Nothing is in the clear any more: from now on what is not sealed is damaged.
pub fn all_sealed(tx: &mut Tx) -> Result<()> {
    tx.db.execute(&SEALED, params![])?;
    Ok(())
}

/// What holds, and goes on holding until this transaction ends.
pub fn lock(tx: &mut Tx) -> Result<State> {
    tx.db.execute(&LOCK, params![])?;
    held(tx)
}

/// From now on another key seals; the one before is needed until [`finish`]. False when another rotation runs.
pub fn begin(tx: &mut Tx, from: KeyId, to: KeyId) -> Result<bool> {
    let (from, to) = (from.to_string(), to.to_string());
    Ok(tx.db.execute(&BEGIN, params![from.as_str(), to.as_str()])? > 0)
}

/// The retired key is out of the key file.
pub fn forget_retired(tx: &mut Tx) -> Result<()> {
    tx.db.execute(&FORGET, params![])?;
    Ok(())
}

/// Everything is sealed with this key.
pub fn finish(tx: &mut Tx, current: KeyId) -> Result<()> {
    tx.db.execute(&FINISH, params![current.to_string().as_str()])?;
    Ok(())
}
