//! Bringing a database to the schema of the program.
//!
//! Owns the order of migrations, the table that remembers them, and the lock that keeps two processes apart. What a
//! migration says on either engine is known by `translate.rs`.

use crate::translate::translate;
use crate::{Engine, Error, Sql, Tx, params, postgres, sqlite};

/// One step of the schema, the same file for both engines. See `translate.rs` for its language.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Ascending, from 1.
    pub version: i64,
    /// A few words, as in the name of the file.
    pub name: &'static str,
    /// The file: `include_str!`.
    pub sql: &'static str,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
);";

/// Waits for as long as another process migrates. Any number, as long as nothing else in the database uses it.
const LOCK: &str = "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7305808869231650160)";

static APPLIED: Sql = Sql::both(
    "parlor_db::migrate::APPLIED",
    "SELECT version, checksum, name FROM schema_migrations ORDER BY version",
)
.global();

static RECORD: Sql = Sql::both(
    "parlor_db::migrate::RECORD",
    "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
)
.global();

/// Applies what is missing, over a connection of its own.
pub(crate) fn migrate(engine: Engine, url: &str, migrations: &[Migration]) -> Result<Vec<i64>, Error> {
    if !migrations.is_sorted_by(|a, b| a.version < b.version) {
        return Err(Error::Migration("versions must ascend".into()));
    }
    let mut tx = match engine {
        Engine::Sqlite => {
            let mut conn = sqlite::Conn::writer(&sqlite::path_of(url)?)?;
            // What a migration removes may have been a secret.
            conn.overwrite_deleted()?;
            Tx::sqlite(conn)
        }
        Engine::Postgres => Tx::postgres(postgres::Conn::new(url)?),
    };
    let mut done = Vec::new();
    // Each in a transaction of its own, which looks again: another process may be doing the same.
    while let Some(version) = in_transaction(&mut tx, |tx| apply_next(tx, migrations))? {
        done.push(version);
    }
    Ok(done)
}

fn in_transaction<T>(tx: &mut Tx, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
    tx.begin_write()?;
    let result = work(tx).and_then(|value| tx.commit().map(|_| value));
    result.inspect_err(|_| tx.rollback())
}

/// Applies the first migration that is missing, if any.
fn apply_next(tx: &mut Tx, migrations: &[Migration]) -> Result<Option<i64>, Error> {
    if tx.engine() == Engine::Postgres {
        // SQLite's BEGIN IMMEDIATE is such a lock already.
        tx.script(LOCK)?;
    }
    tx.script(&translate(TABLE, tx.engine())?)?;
    let applied = tx.all(&APPLIED, params![], |row| {
        Ok((row.get::<i64>(0)?, row.get::<String>(1)?, row.get::<String>(2)?))
    })?;
    for (version, checksum, name) in &applied {
        let Some(known) = migrations.iter().find(|migration| migration.version == *version) else {
            return Err(Error::Migration(format!(
                "the database has version {version} ({name}), which this program does not know: it is too old"
            )));
        };
        if *checksum != checksum_of(known.sql) {
            return Err(Error::Migration(format!("version {version} ({name}) changed after it was applied")));
        }
    }
    let is_missing =
        |migration: &&Migration| applied.iter().all(|(version, ..)| *version != migration.version);
    let Some(next) = migrations.iter().find(is_missing) else { return Ok(None) };
    let failed =
        |error: Error| Error::Migration(format!("version {} ({}): {error}", next.version, next.name));
    tx.script(&translate(next.sql, tx.engine()).map_err(failed)?).map_err(failed)?;
    tx.execute(&RECORD, params![next.version, next.name, checksum_of(next.sql).as_str()])?;
    Ok(Some(next.version))
}

/// FNV-1a, which tells an edited file from the original and needs no dependency. Blind to the line ends of the checkout.
pub(crate) fn checksum_of(text: &str) -> String {
    let bytes = text.bytes().filter(|byte| *byte != b'\r');
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
