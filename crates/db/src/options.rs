//! Owns: how a database is opened, and what is told of its commits. Must not know: connections or threads.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// Something an operation leaves for the commit hook.
pub type Note = Box<dyn Any + Send>;

/// Called on the thread that committed, after the commit and before the callers get their answers, with the notes of
/// every committed operation in commit order. Must be quick: the lane waits.
pub type CommitHook = Arc<dyn Fn(Vec<Note>) + Send + Sync>;

/// How to open a database.
#[derive(Clone)]
pub struct Options {
    /// Threads (and connections) that read.
    pub readers: usize,
    /// Threads (and connections) that write, on PostgreSQL. SQLite has one writer.
    pub lanes: usize,
    /// The most operations that share a commit. On PostgreSQL never more than 60, see `lanes.rs`.
    pub max_batch: usize,
    /// The most operations that may wait, for each lane and for the readers; more are refused with
    /// [`Error::Overloaded`](crate::Error::Overloaded).
    pub max_waiting: usize,
    /// How long a read may take; then its statement is stopped, and the read answers [`Error::TimedOut`](crate::Error::TimedOut).
    pub read_limit: Duration,
    /// Whether SQLite overwrites what is deleted. Slower; PostgreSQL has nothing of the kind.
    pub secure_delete: bool,
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
            secure_delete: false,
            on_commit: None,
        }
    }
}
