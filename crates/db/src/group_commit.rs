//! From operations to commits.
//!
//! Owns what happens to a batch of operations: one transaction for all of them, none of which can spoil another's part, one
//! commit, the notes, the answers; and what happens when that fails. Knows neither threads nor engines.

use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::deadline::{Deadline, Waits};
use crate::stats::Counters;
use crate::tx::NothingToGoBackTo;
use crate::{CommitHook, Error, Tx, TxError};

/// How often an operation is run again after a conflict, or a group after a lost connection.
const ATTEMPTS: u32 = 8;

/// A server that does not come back within this time fails the operations that wait for it.
const RETRY_FOR: Duration = Duration::from_secs(3);

/// An operation that waits for its turn.
pub(crate) trait Job: Send {
    /// Runs the closure and keeps its result. True if what it did may be committed.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Whether running it again may help.
    fn may_retry(&self, tx: &Tx) -> bool;
    /// Nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    /// Lives as long as somebody waits for it.
    fn caller(&self) -> Weak<()>;
    /// Answers with the kept result, or with the error that befell the group.
    fn answer(self: Box<Self>, refused: Option<Error>);
}

/// A closure, its result and the way back to its caller.
struct Op<T, E, F> {
    closure: F,
    panicked: bool,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    caller: Weak<()>,
}

/// Where the answer of a job arrives. Whoever drops it waits no longer.
pub(crate) struct Answer<T, E> {
    receiver: oneshot::Receiver<Result<T, E>>,
    waits: Waits,
}

impl<T, E: TxError> Answer<T, E> {
    pub(crate) async fn wait(self) -> Result<T, E> {
        let Answer { receiver, waits } = self;
        let answer = receiver.await;
        drop(waits);
        answered(answer)
    }

    pub(crate) fn wait_blocking(self) -> Result<T, E> {
        let Answer { receiver, waits } = self;
        let answer = receiver.blocking_recv();
        drop(waits);
        answered(answer)
    }
}

fn answered<T, E: TxError>(answer: Result<Result<T, E>, oneshot::error::RecvError>) -> Result<T, E> {
    // The sender is gone without a word only if its thread died.
    answer.unwrap_or_else(|_| Err(Error::Unavailable("the database thread ended".into()).into()))
}

/// A closure as a job, and where its answer will arrive.
pub(crate) fn job<T, E, F>(closure: F) -> (Box<dyn Job>, Answer<T, E>)
where
    T: Send + 'static,
    E: TxError,
    F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
{
    let (reply, receiver) = oneshot::channel();
    let waits = Waits::default();
    let caller = Arc::downgrade(&waits);
    (Box::new(Op { closure, panicked: false, result: None, reply, caller }), Answer { receiver, waits })
}

impl<T, E, F> Job for Op<T, E, F>
where
    T: Send,
    E: TxError,
    F: FnMut(&mut Tx) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> bool {
        if self.panicked {
            // What the closure captured may be half-changed. Its result stays.
            return false;
        }
        let result = match catch_unwind(AssertUnwindSafe(|| (self.closure)(tx))) {
            Ok(Ok(_)) if tx.failure().is_some() => Err(Error::Poisoned.into()),
            Ok(result) => result,
            Err(panic) => {
                self.panicked = true;
                Err(Error::Panicked(words_of(panic.as_ref())).into())
            }
        };
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn may_retry(&self, tx: &Tx) -> bool {
        let told = self.result.as_ref().and_then(|result| result.as_ref().err()).and_then(TxError::db);
        !self.panicked
            && (told.is_some_and(Error::is_retryable) || tx.failure().is_some_and(Error::is_retryable))
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn caller(&self) -> Weak<()> {
        self.caller.clone()
    }

    fn answer(self: Box<Self>, refused: Option<Error>) {
        let result = match (refused, self.result) {
            (None, Some(result)) => result,
            (Some(error), _) => Err(error.into()),
            (None, None) => Err(Error::internal("the operation was not run").into()),
        };
        // A caller who went away does not want to know.
        drop(self.reply.send(result));
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

/// Why a group was not committed. In all cases but `Refused` nothing was written.
enum Trouble {
    /// An operation failed after it had written, and there is no savepoint to go back to.
    NoSavepoint,
    /// One operation conflicts with another transaction, or took the others down with it.
    Apart(Error),
    /// The connection broke before anything was committed.
    Lost(Error),
    /// No use trying again: every operation gets this error.
    Refused(Error),
}

/// Commits writes.
///
/// A savepoint for each operation costs: on SQLite a copy of every page it touches, on PostgreSQL a subtransaction, and
/// with it a list of lockers for every row that two of them change. So a group first runs without. If then an operation
/// fails that has written something, the group is rolled back and run again with savepoints, and so are the next ones.
pub(crate) struct Writer {
    tx: Tx,
    hook: Option<CommitHook>,
    /// How many of the coming groups get savepoints at once.
    careful: u32,
}

/// After an operation failed halfway, others like it may follow.
const CAREFUL: u32 = 16;

impl Writer {
    pub(crate) fn new(tx: Tx, hook: Option<CommitHook>) -> Writer {
        Writer { tx, hook, careful: 0 }
    }

    /// Runs the batch and answers every caller.
    pub(crate) fn run(&mut self, batch: &mut Vec<Box<dyn Job>>, counters: &Counters) {
        // Nothing of them was begun, so leaving them out is not doing them by halves.
        batch.retain(|job| !job.is_abandoned());
        if batch.is_empty() {
            return;
        }
        let outcome = self.commit_with_retries(batch, counters);
        match outcome {
            Ok(()) => batch.drain(..).for_each(|job| job.answer(None)),
            Err(Trouble::Apart(_)) if batch.len() > 1 => {
                // One by one, so that the one in the way does not take its neighbours with it again.
                for job in batch.drain(..) {
                    self.run(&mut vec![job], counters);
                }
            }
            Err(Trouble::NoSavepoint) => {
                let error = Error::internal("a group failed without savepoints, twice");
                batch.drain(..).for_each(|job| job.answer(Some(error.clone())));
            }
            Err(Trouble::Apart(error) | Trouble::Lost(error) | Trouble::Refused(error)) => {
                batch.drain(..).for_each(|job| job.answer(Some(error.clone())));
            }
        }
    }

    fn commit_with_retries(
        &mut self,
        batch: &mut [Box<dyn Job>],
        counters: &Counters,
    ) -> Result<(), Trouble> {
        let (mut attempt, started) = (0, Instant::now());
        loop {
            let mut outcome = self.commit(batch, counters);
            if matches!(outcome, Err(Trouble::NoSavepoint)) {
                self.careful = CAREFUL;
                outcome = self.commit(batch, counters);
            }
            attempt += 1;
            match &outcome {
                Err(Trouble::Apart(error))
                    if batch.len() == 1 && error.is_retryable() && attempt < ATTEMPTS => {}
                Err(Trouble::Lost(_)) if attempt < ATTEMPTS && started.elapsed() < RETRY_FOR => {}
                _ => return outcome,
            }
            counters.retried();
            std::thread::sleep(pause(attempt));
        }
    }

    /// One transaction for the whole batch.
    fn commit(&mut self, batch: &mut [Box<dyn Job>], counters: &Counters) -> Result<(), Trouble> {
        self.tx.begin_write().map_err(|error| match error {
            Error::Unavailable(_) => Trouble::Lost(error),
            // Among others: another process has held the file for as long as we wait.
            other => Trouble::Refused(other),
        })?;
        let kept = self.run_all(batch).inspect_err(|_| self.tx.rollback())?;
        if kept == 0 {
            self.tx.rollback();
            return Ok(());
        }
        let notes = self.tx.commit().map_err(|error| {
            let culprit = !self.tx.is_alive();
            self.tx.rollback();
            match error {
                // The server may have committed before the connection broke. Running again could do it twice.
                Error::Unavailable(text) => {
                    Trouble::Refused(Error::Unavailable(format!("outcome of the commit unknown: {text}")))
                }
                // A conflict, or a failure that came to light late: some operation's own fault.
                Error::Serialization(_) | Error::ForeignKey | Error::Unique { .. } => Trouble::Apart(error),
                other if culprit => Trouble::Apart(other),
                other => Trouble::Refused(other),
            }
        })?;
        counters.committed(kept);
        if let Some(hook) = self.hook.as_ref().filter(|_| !notes.is_empty()) {
            // A hook that panics must not take the lane with it; what it was told is committed all the same.
            catch_unwind(AssertUnwindSafe(|| hook(notes))).unwrap_or_default();
        }
        Ok(())
    }

    /// Runs every operation in the open transaction; tells how many are to be committed.
    fn run_all(&mut self, batch: &mut [Box<dyn Job>]) -> Result<usize, Trouble> {
        let tx = &mut self.tx;
        // Undoing the only operation is undoing the transaction.
        let alone = batch.len() == 1;
        let savepoints = !alone && self.careful > 0;
        self.careful = self.careful.saturating_sub(1);
        let mut kept = 0;
        for job in batch.iter_mut() {
            tx.start_operation(savepoints).map_err(Trouble::Apart)?;
            let keep = job.run(tx);
            if !tx.is_alive() {
                return Err(match tx.failure() {
                    Some(error @ Error::Unavailable(_)) => Trouble::Lost(error.clone()),
                    // SQLite gave the transaction up (disk full, say). Alone, the culprit just failed.
                    _ if alone && !keep => return Ok(0),
                    Some(error) => Trouble::Apart(error.clone()),
                    None => Trouble::Lost(Error::Unavailable("the transaction was lost".into())),
                });
            }
            if !keep && job.may_retry(tx) {
                let cause = tx.failure().cloned();
                return Err(Trouble::Apart(cause.unwrap_or_else(|| Error::Serialization("again".into()))));
            }
            match keep {
                true => tx.keep_operation(savepoints).map_err(Trouble::Apart)?,
                false if alone => return Ok(0),
                false if savepoints => {
                    self.careful = CAREFUL;
                    tx.undo_operation().map_err(Trouble::Apart)?;
                }
                false => tx.forget_operation().map_err(|NothingToGoBackTo| Trouble::NoSavepoint)?,
            }
            kept += usize::from(keep);
        }
        Ok(kept)
    }
}

/// Runs one read in a snapshot of its own and answers. It ends when its time is up or its caller gone.
pub(crate) fn run_read(tx: &mut Tx, mut job: Box<dyn Job>, deadline: &Deadline, counters: &Counters) {
    if job.is_abandoned() {
        return;
    }
    if deadline.is_reached() {
        // It has waited for too long already: running it now would only make the next ones wait.
        return job.answer(Some(Error::TimedOut(deadline.limit())));
    }
    let started = Instant::now();
    for attempt in 1.. {
        let begun = tx.begin_read(deadline.clone());
        let again = match &begun {
            Ok(()) => !job.run(tx) && (!tx.is_alive() || job.may_retry(tx)),
            Err(error) => matches!(error, Error::Unavailable(_)),
        };
        if again && attempt < ATTEMPTS && started.elapsed() < RETRY_FOR {
            tx.rollback();
            counters.retried();
            std::thread::sleep(pause(attempt));
            continue;
        }
        counters.read();
        // The result stands; the caller need not wait for the end of the transaction.
        job.answer(begun.err());
        tx.rollback();
        return;
    }
}

/// From 2 milliseconds to a second, long enough in all for a server to restart. Random, so that two lanes in each
/// other's way do not stay in step.
fn pause(attempt: u32) -> Duration {
    let most = 1_000u64 << (attempt.min(7) * 3 / 2);
    Duration::from_micros(most / 2 + RandomState::new().hash_one(attempt) % most)
}
