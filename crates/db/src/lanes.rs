//! The threads of an open database and the queues before them.
//!
//! Owns who runs where: SQLite has one writer, PostgreSQL a few lanes; both have readers. What a batch becomes is known
//! by `group_commit.rs`.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::group_commit::{Job, Writer, run_read};
use crate::queue::{Queue, Refused};
use crate::stats::Counters;
use crate::{Engine, Error, Options, Stats, Tx, postgres, sqlite};

/// PostgreSQL keeps 64 subtransactions of a session in shared memory; past that, every snapshot of every session has to
/// look on disk.
const POSTGRES_BATCH: usize = 60;

type Jobs = Arc<Queue<Waiting>>;

struct Waiting {
    lane: u64,
    asked: Instant,
    job: Box<dyn Job>,
}

pub(crate) struct Lanes {
    lanes: Vec<Jobs>,
    reads: Jobs,
    counters: Arc<Counters>,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Lanes {
    /// Opens every connection that can tell early that something is wrong, and starts the threads.
    pub(crate) fn start(engine: Engine, url: &str, options: Options) -> Result<Lanes, Error> {
        let lanes = if engine == Engine::Sqlite { 1 } else { options.lanes.max(1) };
        let batch =
            options.max_batch.clamp(1, if engine == Engine::Sqlite { usize::MAX } else { POSTGRES_BATCH });
        let queue = || Arc::new(Queue::new(options.max_waiting));
        let threads = Lanes {
            lanes: (0..lanes).map(|_| queue()).collect(),
            reads: queue(),
            counters: Arc::default(),
            handles: Mutex::default(),
        };
        let started = threads.start_all(engine, url, &options, batch);
        // Threads that did start must not wait forever.
        started.inspect_err(|_| threads.stop())?;
        Ok(threads)
    }

    fn start_all(&self, engine: Engine, url: &str, options: &Options, batch: usize) -> Result<(), Error> {
        for (index, lane) in self.lanes.iter().enumerate() {
            let tx = writing(engine, url, index == 0, options.secure_delete)?;
            let mut writer = Writer::new(tx, options.on_commit.clone());
            let (jobs, counters) = (lane.clone(), self.counters.clone());
            self.spawn(format!("db-write-{index}"), move || {
                let (mut waiting, mut ready) = (Vec::new(), Vec::new());
                while jobs.take(batch, &mut waiting) {
                    // Servers that share tenants lock them in one order, and so do not deadlock. Stable: the order of a
                    // tenant's own operations stays.
                    waiting.sort_by_key(|waiting: &Waiting| waiting.lane);
                    ready.extend(waiting.drain(..).map(|waiting| waiting.job));
                    writer.run(&mut ready, &counters);
                }
            })?;
        }
        for index in 0..options.readers.max(1) {
            let mut tx = reading(engine, url, options.read_limit)?;
            let (jobs, counters, limit) = (self.reads.clone(), self.counters.clone(), options.read_limit);
            self.spawn(format!("db-read-{index}"), move || {
                let mut one = Vec::new();
                while jobs.take(1, &mut one) {
                    one.drain(..).for_each(|Waiting { asked, job, .. }| {
                        let deadline = Deadline::new(asked, limit, job.caller());
                        run_read(&mut tx, job, &deadline, &counters);
                    });
                }
            })?;
        }
        Ok(())
    }

    fn spawn(&self, name: String, body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let handle = std::thread::Builder::new()
            .name(name)
            .spawn(body)
            .map_err(|error| Error::Unavailable(format!("cannot start a thread: {error}")))?;
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        Ok(())
    }

    pub(crate) fn read(&self, job: Box<dyn Job>) -> Result<(), Error> {
        self.reads.push(Waiting { lane: 0, asked: Instant::now(), job }).map_err(refused)
    }

    pub(crate) fn write(&self, lane: u64, job: Box<dyn Job>) -> Result<(), Error> {
        let index = (lane % self.lanes.len() as u64) as usize;
        self.lanes[index].push(Waiting { lane, asked: Instant::now(), job }).map_err(refused)
    }

    pub(crate) fn stats(&self) -> Stats {
        let writes = self.lanes.iter().map(|lane| lane.len()).sum();
        self.counters.stats(writes, self.reads.len())
    }

    /// Lets the threads finish what waits, and waits for them.
    pub(crate) fn stop(&self) {
        self.lanes.iter().for_each(|lane| lane.close());
        self.reads.close();
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        let me = std::thread::current().id();
        // The last `Db` may go away inside a closure on one of these threads, which cannot wait for itself.
        for handle in handles.into_iter().filter(|handle| handle.thread().id() != me) {
            // A panic of a thread was printed when it happened.
            handle.join().unwrap_or_default();
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.stop();
    }
}

fn refused(reason: Refused) -> Error {
    match reason {
        Refused::Full => Error::Overloaded("too many operations are waiting".into()),
        Refused::Closed => Error::Unavailable("the database is closed".into()),
    }
}

fn writing(engine: Engine, url: &str, first: bool, secure_delete: bool) -> Result<Tx, Error> {
    match engine {
        Engine::Sqlite => {
            let mut conn = sqlite::Conn::writer(&sqlite::path_of(url)?)?;
            if secure_delete {
                conn.overwrite_deleted()?;
            }
            Ok(Tx::sqlite(conn))
        }
        Engine::Postgres => {
            let mut conn = postgres::Conn::new(url)?;
            if first {
                // The others connect when they are needed.
                conn.connect()?;
            }
            Ok(Tx::postgres(conn))
        }
    }
}

fn reading(engine: Engine, url: &str, limit: Duration) -> Result<Tx, Error> {
    match engine {
        Engine::Sqlite => Ok(Tx::sqlite(sqlite::Conn::reader(&sqlite::path_of(url)?)?)),
        Engine::Postgres => Ok(Tx::postgres(postgres::Conn::reader(url, limit)?)),
    }
}
