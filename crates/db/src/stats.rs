//! Counters of the storage engine, for `/metrics` and for tests.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The bounds by which [`Stats::batches`] counts.
pub const BATCH_SIZES: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// What the engine did since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Transactions committed.
    pub commits: u64,
    /// Operations committed in them.
    pub operations: u64,
    /// The most operations that one transaction committed.
    pub largest_batch: u64,
    /// Transactions by their number of operations: how many had at most [`BATCH_SIZES`]`[i]` and more than the one before;
    /// the last are those that had more.
    pub batches: [u64; BATCH_SIZES.len() + 1],
    /// Reads answered.
    pub reads: u64,
    /// Runs repeated after a conflict or a lost connection.
    pub retries: u64,
    /// Writes that wait now.
    pub writes_waiting: u64,
    /// Reads that wait now.
    pub reads_waiting: u64,
}

impl Stats {
    /// Operations per transaction.
    pub fn average_batch(&self) -> f64 {
        self.operations as f64 / self.commits.max(1) as f64
    }
}

/// The live numbers behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    operations: AtomicU64,
    largest_batch: AtomicU64,
    batches: [AtomicU64; BATCH_SIZES.len() + 1],
    reads: AtomicU64,
    retries: AtomicU64,
}

impl Counters {
    pub(crate) fn committed(&self, operations: usize) {
        self.commits.fetch_add(1, Relaxed);
        self.operations.fetch_add(operations as u64, Relaxed);
        self.largest_batch.fetch_max(operations as u64, Relaxed);
        let place = BATCH_SIZES.iter().position(|size| operations as u64 <= *size);
        self.batches[place.unwrap_or(BATCH_SIZES.len())].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) {
        self.reads.fetch_add(1, Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(crate) fn stats(&self, writes_waiting: usize, reads_waiting: usize) -> Stats {
        Stats {
            commits: self.commits.load(Relaxed),
            operations: self.operations.load(Relaxed),
            largest_batch: self.largest_batch.load(Relaxed),
            batches: std::array::from_fn(|place| self.batches[place].load(Relaxed)),
            reads: self.reads.load(Relaxed),
            retries: self.retries.load(Relaxed),
            writes_waiting: writes_waiting as u64,
            reads_waiting: reads_waiting as u64,
        }
    }
}
