//! Owns: another key for the secrets of a database, step by step, so that a kill at any place loses nothing and running
//! again goes on: the new key is in the file before the database names it, and the old one leaves the file last. Must not
//! know: how a secret is sealed, or the command line.

use std::sync::Arc;

use parlor_chat::Error;
use parlor_chat::sealing::{Key, KeyId};
use parlor_chat::secrets::{self, State};
use parlor_chat::settings::Settings;
use parlor_db::Db;
use serde::Serialize;

use crate::adapters::secret_keys::{SecretKeys, Source, VARIABLE, new_key, source};
use crate::clock::Clock;
use crate::config::DataArgs;
use crate::database::Database;
use crate::error::StartError;
use crate::services::sealing;

/// What a database and this process have.
#[derive(Clone, Debug)]
pub struct Status {
    /// The key that seals; None before the first start.
    pub current: Option<KeyId>,
    /// The key before, while a rotation has not ended.
    pub previous: Option<KeyId>,
    /// Whether what older versions stored in the clear is sealed.
    pub sealed: bool,
    /// The keys at hand.
    pub own: Vec<KeyId>,
    /// Where those are kept.
    pub source: Source,
}

/// Looks at both and changes neither. Blocks.
///
/// # Errors
/// When the keys cannot be used, or are not those of the database.
pub fn status(data: &DataArgs, engine: Db) -> Result<Status, StartError> {
    let none = Arc::new(SecretKeys::given(Vec::new()));
    let bare = Database::new(engine, Clock::System, Settings::default(), none);
    let state = bare.read_blocking(secrets::state)?;
    let (keys, source) = (SecretKeys::load(data)?, source(data)?);
    match (&state, &keys) {
        (Some(state), Some(keys)) => sealing::matches(state, keys)?,
        (Some(state), None) => return Err(StartError::NoSecretKey(state.current, source.to_string())),
        (None, _) => {}
    }
    Ok(Status {
        current: state.map(|state| state.current),
        previous: state.and_then(|state| state.previous),
        sealed: state.is_some_and(|state| state.sealed),
        own: keys.map_or_else(Vec::new, |keys| keys.ids()),
        source,
    })
}

/// What a rotation has done.
#[derive(Clone, Debug, Serialize)]
pub struct Rotated {
    /// The key that seals now.
    pub key: String,
    /// Secrets that were sealed anew.
    pub secrets: u64,
    /// Whether it is another key than before; else only the end of an earlier rotation was left to do.
    pub changed: bool,
    /// Keys at hand that this database does not need, to be taken out by hand unless something else needs them.
    pub to_drop: Vec<String>,
    /// Where those are.
    pub place: String,
}

/// Seals every secret with another key: the first one at hand when that is not the one that seals already, else, in a
/// file, with a new one. Goes on with a rotation that was cut off. Servers may run meanwhile. Blocks.
///
/// # Errors
/// When there is no other key, or something cannot be written: run it again then.
pub fn rotate(db: &Database) -> Result<Rotated, StartError> {
    let turn = db.clone();
    let state = db.write_blocking(0, move |tx| -> Result<State, StartError> {
        let state = secrets::lock(tx)?;
        // The file is written inside of the transaction: of two rotations at once, one finds what the other has made.
        if state.previous.is_none()
            && let Some(target) = target(turn.keys(), &state)?
        {
            secrets::begin(tx, state.current, target)?;
        }
        Ok(secrets::lock(tx)?)
    })?;
    let resealed = sealing::reseal_all(db)?;
    let current = state.current;
    db.write_blocking(0, move |tx| -> Result<(), Error> { secrets::finish(tx, current) })?;
    let to_drop = drop_retired(db, current)?;
    Ok(Rotated {
        key: current.to_string(),
        secrets: resealed,
        changed: state.previous.is_some(),
        to_drop: to_drop.iter().map(ToString::to_string).collect(),
        place: match db.keys().source() {
            Source::Environment => VARIABLE.to_owned(),
            file @ Source::File(_) => file.to_string(),
        },
    })
}

/// The key to go to; None when only the end of an earlier rotation is left to do.
fn target(keys: &SecretKeys, state: &State) -> Result<Option<KeyId>, StartError> {
    let (known, current) = (keys.reload()?, state.current);
    let is_left = |key: &Key| Some(key.id()) == state.retired;
    match (known.first(), keys.source()) {
        (Some(first), _) if first.id() != current => Ok(Some(first.id())),
        (_, Source::File(_)) if known.iter().any(is_left) => Ok(None),
        (_, Source::File(_)) => {
            let new = new_key();
            let target = new.id();
            keys.replace([vec![new], known].concat())?;
            Ok(Some(target))
        }
        (_, Source::Environment) => Err(StartError::NoOtherKey(VARIABLE, current)),
    }
}

/// Takes the key that was replaced out of the file, and no other: what else is there may be another's. Answers the keys
/// at hand that this database does not need.
fn drop_retired(db: &Database, current: KeyId) -> Result<Vec<KeyId>, StartError> {
    let turn = db.clone();
    db.write_blocking(0, move |tx| -> Result<Vec<KeyId>, StartError> {
        let state = secrets::lock(tx)?;
        if state.current != current || state.previous.is_some() {
            return Ok(Vec::new());
        }
        let is_retired = |key: &Key| Some(key.id()) == state.retired;
        let mut known = turn.keys().reload()?;
        if matches!(turn.keys().source(), Source::File(_)) && known.iter().any(is_retired) {
            let kept: Vec<Key> = known.iter().filter(|key| !is_retired(key)).cloned().collect();
            match turn.keys().replace(kept.clone()) {
                Ok(()) => known = kept,
                // Every secret is sealed anew all the same: the file may be read-only.
                Err(error) => tracing::warn!(%error, "the replaced key stays in the file"),
            }
        }
        if !known.iter().any(is_retired) {
            secrets::forget_retired(tx)?;
        }
        Ok(known.iter().map(Key::id).filter(|id| *id != current).collect())
    })
}
