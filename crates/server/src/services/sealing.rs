//! Owns: bringing keys and database together, at a start and on the command line: the first key, what older versions left
//! in the clear, another key. Must not know: how a secret is sealed, or where its keys are kept.

use std::sync::Arc;

use parlor_chat::Error;
use parlor_chat::reseal::reseal;
use parlor_chat::sealing::{KeyId, KeyRing};
use parlor_chat::secrets::{self, State};
use parlor_chat::settings::Settings;
use parlor_chat::tenants::{self, Tenant};
use parlor_db::{Db, Options};

use crate::adapters::secret_keys::{SecretKeys, source};
use crate::clock::Clock;
use crate::config::DataArgs;
use crate::database::Database;
use crate::error::StartError;

/// Tenants whose secrets are sealed in one transaction.
const BATCH: usize = 20;

/// The database with the keys that it asks for. A database without any gets the first key there is, or one that is made
/// in the data folder; what an older version stored in the clear is sealed before anything reads it. Blocks.
///
/// # Errors
/// When the keys are not those of the database, in a sentence that says what to do.
pub fn open(data: &DataArgs, engine: Db, clock: Clock, defaults: Settings) -> Result<Database, StartError> {
    let none = Arc::new(SecretKeys::given(Vec::new()));
    let bare = Database::new(engine, clock, defaults, none);
    let stored = bare.read_blocking(secrets::state)?;
    let db = bare.with_keys(Arc::new(keys_for(data, stored)?));
    let state = match stored {
        Some(state) => state,
        None => claim(&db)?,
    };
    matches(&state, db.keys())?;
    if !state.sealed {
        seal_what_is_in_the_clear(data, &db)?;
    }
    Ok(db)
}

fn keys_for(data: &DataArgs, stored: Option<State>) -> Result<SecretKeys, StartError> {
    match (SecretKeys::load(data)?, stored) {
        (Some(keys), _) => Ok(keys),
        (None, Some(state)) => Err(StartError::NoSecretKey(state.current, source(data)?.to_string())),
        (None, None) => {
            let keys = SecretKeys::make(data)?;
            let (key, file) = (keys.ids()[0], keys.source());
            tracing::warn!(%key, %file, "made the key of secrets: back it up, and not beside the database");
            Ok(keys)
        }
    }
}

fn claim(db: &Database) -> Result<State, StartError> {
    let first = db.keys().ids()[0];
    Ok(db.write_blocking(0, move |tx| -> Result<State, Error> { secrets::claim(tx, first) })?)
}

/// Whether every key that the database needs is at hand.
///
/// # Errors
/// A sentence that names both.
pub fn matches(state: &State, keys: &SecretKeys) -> Result<(), StartError> {
    match state.needed().find(|id| keys.key(*id).is_none()) {
        None => Ok(()),
        Some(needed) => Err(StartError::OtherSecretKey {
            needed,
            own: names(&keys.ids()),
            place: keys.source().to_string(),
        }),
    }
}

/// Key ids in a sentence.
#[must_use]
pub fn names(ids: &[KeyId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Over a connection that overwrites what it deletes. A kill in the middle leaves the rest to the next start.
fn seal_what_is_in_the_clear(data: &DataArgs, db: &Database) -> Result<(), StartError> {
    let options = Options { lanes: 1, readers: 1, secure_delete: true, ..Options::default() };
    let aside = db.on(Db::open(&data.database_url(), options)?);
    let sealed = reseal_all(&aside)?;
    aside.write_blocking(0, |tx| -> Result<(), Error> { secrets::all_sealed(tx) })?;
    aside.engine().shutdown();
    db.engine().empty_log()?;
    if sealed > 0 {
        tracing::info!(sealed, "secrets that an older version stored in the clear are sealed");
    }
    Ok(())
}

/// Seals every secret that is not sealed with the key that holds; how many those were.
///
/// # Errors
/// When one of them cannot be opened, or the database fails.
pub(crate) fn reseal_all(db: &Database) -> Result<u64, StartError> {
    let mut done = 0;
    for some in db.read_blocking(tenants::list)?.chunks(BATCH) {
        let some: Vec<Tenant> = some.to_vec();
        let sealed = db.write_blocking(0, move |tx| -> Result<u64, Error> {
            some.iter().map(|tenant| reseal(tx, tenant.id)).sum()
        });
        done += sealed?;
    }
    Ok(done)
}
