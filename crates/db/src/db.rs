//! Owns: an open database, as callers use it. Must not know: what an operation does.

use std::sync::Arc;

use crate::group_commit::{self, Answer};
use crate::lanes::Lanes;
use crate::migrate::{self, Migration};
use crate::{Engine, Error, Options, Stats, Tx, TxError, sqlite};

/// An open database. Cheap to clone. Dropping the last clone finishes the writes that wait, then closes.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    engine: Engine,
    lanes: Lanes,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the URL, which may hold a password.
        f.debug_struct("Db").field("engine", &self.inner.engine).field("stats", &self.stats()).finish()
    }
}

impl Db {
    /// Opens `postgres://..` or `postgresql://..`; anything else is `sqlite:PATH` or the plain path of a file, which is
    /// created if missing.
    pub fn open(url: &str, options: Options) -> Result<Db, Error> {
        let engine = match url.starts_with("postgres://") || url.starts_with("postgresql://") {
            true => Engine::Postgres,
            false => Engine::Sqlite,
        };
        let lanes = Lanes::start(engine, url, options)?;
        Ok(Db { inner: Arc::new(Inner { url: url.to_owned(), engine, lanes }) })
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Applies the migrations that are missing, each in a transaction of its own, and tells which.
    ///
    /// Refuses a database that has a version unknown to the program, and a migration that changed since it was applied.
    /// Processes that start together wait for each other. Blocks.
    pub fn migrate(&self, migrations: &[Migration]) -> Result<Vec<i64>, Error> {
        migrate::migrate(self.inner.engine, &self.inner.url, migrations)
    }

    /// Empties SQLite's write-ahead log into the database, so that nothing that was overwritten there is left in the log;
    /// what another process still reads from stays. Blocks. On PostgreSQL nothing.
    pub fn empty_log(&self) -> Result<(), Error> {
        match self.inner.engine {
            Engine::Sqlite => sqlite::Conn::writer(&sqlite::path_of(&self.inner.url)?)?.empty_log(),
            Engine::Postgres => Ok(()),
        }
    }

    /// Runs a closure that only reads. All its statements see the database at one moment.
    ///
    /// If the returned future is dropped, a running statement is stopped. One that takes longer than
    /// [`Options::read_limit`] is stopped as well.
    pub async fn read<T, E>(
        &self,
        closure: impl FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError,
    {
        self.start_read(closure)?.wait().await
    }

    /// Runs a closure that may write, and answers once it is committed.
    ///
    /// Writes of one lane happen in the order of their calls; make the lane from the tenant. If the returned future is
    /// dropped, the closure is committed whole or not at all. The closure may be run several times before that, so it
    /// changes nothing but through `tx`, and it must not use the `Db`: on its own lane it would wait for itself.
    pub async fn write<T, E>(
        &self,
        lane: u64,
        closure: impl FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError,
    {
        self.start_write(lane, closure)?.wait().await
    }

    /// [`read`](Db::read) for code outside of any async runtime, such as the command line.
    pub fn read_blocking<T, E>(
        &self,
        closure: impl FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError,
    {
        self.start_read(closure)?.wait_blocking()
    }

    /// [`write`](Db::write) for code outside of any async runtime, such as the command line.
    pub fn write_blocking<T, E>(
        &self,
        lane: u64,
        closure: impl FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError,
    {
        self.start_write(lane, closure)?.wait_blocking()
    }

    fn start_read<T, E>(
        &self,
        closure: impl FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<Answer<T, E>, E>
    where
        T: Send + 'static,
        E: TxError,
    {
        let (job, answer) = group_commit::job(closure);
        self.inner.lanes.read(job)?;
        Ok(answer)
    }

    fn start_write<T, E>(
        &self,
        lane: u64,
        closure: impl FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<Answer<T, E>, E>
    where
        T: Send + 'static,
        E: TxError,
    {
        let (job, answer) = group_commit::job(closure);
        self.inner.lanes.write(lane, job)?;
        Ok(answer)
    }

    /// What was done so far, and what waits.
    pub fn stats(&self) -> Stats {
        self.inner.lanes.stats()
    }

    /// Takes no more operations, finishes those that wait, and closes the connections. Blocks until then. Later calls
    /// answer [`Error::Unavailable`].
    pub fn shutdown(&self) {
        self.inner.lanes.stop();
    }
}
