//! A fresh database for one test, on either engine.
//!
//! Owns [`TestDb`] and [`TempDir`]. Migrated once for each process and set of migrations, then copied.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::TempPostgres;
use crate::{Db, Engine, Error, Migration, Options, Sql};

/// Picks the engine of [`TestDb::new`]: `sqlite` (the default) or `postgres`, so that one suite runs on both.
const ENGINE: &str = "PARLOR_TEST_ENGINE";

/// An open database with the given schema, removed on drop.
#[derive(Debug)]
pub struct TestDb {
    /// The database.
    pub db: Db,
    url: String,
    // After `db`, so that the file is removed when it is closed.
    _place: Place,
}

#[derive(Debug)]
enum Place {
    Folder { _folder: TempDir },
    Server { url: String },
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Place::Server { url } = self {
            // The whole server goes away with the process anyway. On a thread of its own: the test may be asynchronous.
            let drop_it = || TempPostgres::shared().and_then(|server| server.drop_database(url));
            std::thread::scope(|scope| drop(scope.spawn(drop_it).join()));
        }
    }
}

impl TestDb {
    /// A database of the engine that `PARLOR_TEST_ENGINE` names.
    pub fn new(migrations: &[Migration], options: Options) -> Result<TestDb, Error> {
        match std::env::var(ENGINE).as_deref() {
            Ok("postgres") => TestDb::on(Engine::Postgres, migrations, options),
            _ => TestDb::on(Engine::Sqlite, migrations, options),
        }
    }

    /// A database of this engine.
    pub fn on(engine: Engine, migrations: &[Migration], options: Options) -> Result<TestDb, Error> {
        let (url, place) = match template(engine, migrations)? {
            Template::File(bytes) => {
                let folder = TempDir::new()?;
                let path = folder.path().join("test.db");
                std::fs::write(&path, &*bytes).map_err(|error| failed("cannot copy the template", error))?;
                (path.display().to_string(), Place::Folder { _folder: folder })
            }
            Template::Name(name) => {
                let url = TempPostgres::shared()?.create_database(Some(&name))?;
                (url.clone(), Place::Server { url })
            }
        };
        let db = Db::open(&url, options)?;
        Ok(TestDb { db, url, _place: place })
    }

    /// Has PostgreSQL look at what the tables hold, as it does by itself in time. SQLite plans without that.
    pub fn analyze(&self) -> Result<(), Error> {
        static ANALYZE: Sql = Sql::both("parlor_db::testing::fresh::ANALYZE", "ANALYZE").global();
        match self.db.engine() {
            Engine::Sqlite => Ok(()),
            Engine::Postgres => self.db.write_blocking(0, |tx| tx.execute(&ANALYZE, &[]).map(drop)),
        }
    }

    /// Where the database is, to open it once more.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        self.db.shutdown();
    }
}

/// A migrated database nobody is connected to: the bytes of a file, or a name on the shared server.
#[derive(Clone)]
enum Template {
    File(Arc<Vec<u8>>),
    Name(String),
}

fn template(engine: Engine, migrations: &[Migration]) -> Result<Template, Error> {
    static MADE: Mutex<Option<HashMap<String, Template>>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default();
    let key = migrations.iter().fold(format!("{engine:?}"), |key, migration| key + "\0" + migration.sql);
    if let Some(template) = made.get(&key) {
        return Ok(template.clone());
    }
    let template = match engine {
        Engine::Sqlite => {
            let folder = TempDir::new()?;
            let path = folder.path().join("template.db");
            crate::migrate::migrate(engine, &path.display().to_string(), migrations)?;
            let bytes = std::fs::read(&path).map_err(|error| failed("cannot read the template", error))?;
            Template::File(Arc::new(bytes))
        }
        Engine::Postgres => Template::Name(TempPostgres::shared()?.template(migrations)?),
    };
    made.insert(key, template.clone());
    Ok(template)
}

/// A folder of its own, removed with everything in it on drop.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Makes a new folder.
    pub fn new() -> Result<TempDir, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parlor-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        // Left by a process that had our number and was killed.
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).map_err(|error| failed("cannot create a folder", error))?;
        Ok(TempDir { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}

fn failed(what: &str, error: std::io::Error) -> Error {
    Error::Unavailable(format!("{what}: {error}"))
}
