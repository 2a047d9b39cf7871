//! SQLite and PostgreSQL behind one synchronous transaction.
//!
//! Owns connections, threads, group commit, snapshots, statements and migrations. Knows no business word: tables,
//! tenants and events belong to the crates above.
//!
//! An operation is a closure `FnMut(&mut Tx) -> Result<T, E>`. It runs on a thread of this crate, may be run again after a
//! conflict, and commits whole or not at all. Writes that wait at the same time share one commit.
//!
//! ```
//! use parlor_db::{Db, Error, Options, params};
//!
//! parlor_db::statements! {
//!     static NAME = both("SELECT $1 || ', ' || $2");
//! }
//!
//! # let folder = std::env::temp_dir().join(format!("parlor-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("doc.db");
//! let db = Db::open(path.to_str().unwrap(), Options::default())?;
//! let hello = db.read_blocking(|tx| tx.one(&NAME, params!["hello", "world"], |row| row.get::<String>(0)))?;
//! assert_eq!(hello, "hello, world");
//! # drop(db);
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), Error>(())
//! ```

mod deadline;
mod error;
mod group;
mod migrate;
mod postgres;
mod queue;
mod row;
mod sql;
mod sqlite;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod threads;
mod translate;
mod tx;
mod value;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

pub use error::{Error, TxError};
pub use migrate::Migration;
pub use row::Row;
pub use sql::Sql;
pub use stats::{BATCH_SIZES, Stats};
pub use tx::Tx;
pub use value::{FromValue, Param, Value};

use group::Answer;
use threads::Threads;

/// Something an operation leaves for the commit hook.
pub type Note = Box<dyn Any + Send>;

/// Called on the thread that committed, after the commit and before the callers get their answers, with the notes of
/// every committed operation in commit order. Must be quick: the lane waits.
pub type CommitHook = Arc<dyn Fn(Vec<Note>) + Send + Sync>;

/// The two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one file.
    Sqlite,
    /// A server.
    Postgres,
}

/// How to open a database.
#[derive(Clone)]
pub struct Options {
    /// Threads (and connections) that read.
    pub readers: usize,
    /// Threads (and connections) that write, on PostgreSQL. SQLite has one writer.
    pub lanes: usize,
    /// The most operations that share a commit. On PostgreSQL never more than 60, see `threads.rs`.
    pub max_batch: usize,
    /// The most operations that may wait, for each lane and for the readers; more are refused with [`Error::Full`].
    pub max_waiting: usize,
    /// How long a read may take; then its statement is stopped, and the read answers [`Error::TimedOut`].
    pub read_limit: Duration,
    /// Told of every commit.
    pub on_commit: Option<CommitHook>,
}

/// Far beyond what any read of a request should take, and short enough that a few of the worst do not keep the readers
/// from everybody else for long.
const READ_LIMIT: Duration = Duration::from_secs(10);

impl Default for Options {
    fn default() -> Options {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Options {
            readers: cores.clamp(2, 8),
            lanes: 4,
            max_batch: 128,
            max_waiting: 65_536,
            read_limit: READ_LIMIT,
            on_commit: None,
        }
    }
}

/// An open database. Cheap to clone. Dropping the last clone finishes the writes that wait, then closes.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    engine: Engine,
    threads: Threads,
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
        let threads = Threads::start(engine, url, options)?;
        Ok(Db { inner: Arc::new(Inner { url: url.to_owned(), engine, threads }) })
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
        let (job, answer) = group::job(closure);
        self.inner.threads.read(job)?;
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
        let (job, answer) = group::job(closure);
        self.inner.threads.write(lane, job)?;
        Ok(answer)
    }

    /// What was done so far, and what waits.
    pub fn stats(&self) -> Stats {
        self.inner.threads.stats()
    }

    /// Takes no more operations, finishes those that wait, and closes the connections. Blocks until then. Later calls
    /// answer [`Error::Unavailable`].
    pub fn shutdown(&self) {
        self.inner.threads.stop();
    }
}
