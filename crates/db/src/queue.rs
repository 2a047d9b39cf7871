//! A queue of jobs between many callers and a few threads.
//!
//! Unlike a channel it hands a whole batch over under one lock, wakes a thread only if one sleeps, and knows its length.
//! Owns no thread and knows nothing of databases.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Why a job was not taken.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    ready: Condvar,
    limit: usize,
}

struct State<J> {
    waiting: VecDeque<J>,
    sleepers: usize,
    closed: bool,
}

impl<J> Queue<J> {
    pub(crate) fn new(limit: usize) -> Queue<J> {
        let state = State { waiting: VecDeque::new(), sleepers: 0, closed: false };
        Queue { state: Mutex::new(state), ready: Condvar::new(), limit }
    }

    pub(crate) fn push(&self, job: J) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.limit {
            return Err(Refused::Full);
        }
        state.waiting.push_back(job);
        let wake = state.sleepers > 0;
        drop(state);
        if wake {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Moves up to `max` jobs into `batch`, waiting for the first. False once the queue is closed and empty.
    pub(crate) fn take(&self, max: usize, batch: &mut Vec<J>) -> bool {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return false;
            }
            state.sleepers += 1;
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.sleepers -= 1;
        }
        let count = state.waiting.len().min(max);
        batch.extend(state.waiting.drain(..count));
        true
    }

    /// No more jobs are taken; those that wait are still handed out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    // No code of a caller runs under this lock, so a poisoned one is as good as new.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_out_batches_in_order_and_drains_after_closing() {
        let queue = Queue::new(3);
        assert!((1..=3).all(|job| queue.push(job).is_ok()));
        assert_eq!(queue.push(4), Err(Refused::Full));
        let mut batch = Vec::new();
        assert!(queue.take(2, &mut batch));
        queue.close();
        assert_eq!((batch.as_slice(), queue.push(5)), ([1, 2].as_slice(), Err(Refused::Closed)));
        assert!(queue.take(2, &mut batch));
        assert!(!queue.take(2, &mut batch));
        assert_eq!(batch, [1, 2, 3]);
    }
}
