//! Owns: the bounded queue between the hub and one session. Must not know: who fills or empties it.
//! The writer never waits: a full box is emptied and closed with [`Close::Resync`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::close::Close;
use crate::encoded::EncodedEvent;

/// The queue of one session. An idle one holds no buffer.
#[derive(Debug)]
pub struct Mailbox {
    inside: Mutex<Inside>,
    wake: Notify,
    limit: usize,
    is_last: bool,
}

#[derive(Debug, Default)]
struct Inside {
    queue: VecDeque<Arc<EncodedEvent>>,
    closed: Option<Close>,
    /// Last turn delivered: a listener reached by two routes is woken once.
    turn: u64,
}

impl Mailbox {
    /// An empty box for at most `limit` events.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { inside: Mutex::new(Inside::default()), wake: Notify::new(), limit, is_last: false }
    }

    /// The same for a client that gives up for long where nobody listens when it comes back: a server that stops asks it
    /// to leave last.
    #[must_use]
    pub fn last(limit: usize) -> Self {
        Self { is_last: true, ..Self::new(limit) }
    }

    /// Whether it is asked to leave last.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event, once for each `turn` of the hub; a full box closes instead.
    pub fn push(&self, event: &Arc<EncodedEvent>, turn: u64) {
        let mut inside = self.inside();
        if inside.closed.is_some() || inside.turn == turn {
            return;
        }
        inside.turn = turn;
        if inside.queue.len() >= self.limit {
            drop(inside);
            self.shut(Close::Resync, true);
            return;
        }
        let was_empty = inside.queue.is_empty();
        inside.queue.push_back(event.clone());
        drop(inside);
        // A reader that has been woken takes all there is: one wake for many events.
        if was_empty {
            self.wake.notify_one();
        }
    }

    /// Ends the session after what is already in the box. The first reason counts.
    pub fn close(&self, why: Close) {
        self.shut(why, false);
    }

    fn shut(&self, why: Close, forget: bool) {
        let mut inside = self.inside();
        inside.closed.get_or_insert(why);
        if forget {
            inside.queue = VecDeque::new();
        }
        drop(inside);
        self.wake.notify_one();
    }

    /// Everything that waits, or the reason of the end once nothing waits; `None` when there is nothing yet.
    pub fn take(&self) -> Option<Result<VecDeque<Arc<EncodedEvent>>, Close>> {
        let mut inside = self.inside();
        if inside.queue.is_empty() {
            return inside.closed.map(Err);
        }
        Some(Ok(std::mem::take(&mut inside.queue)))
    }

    /// Waits until [`Mailbox::take`] has something to give.
    pub async fn ready(&self) {
        loop {
            let woken = self.wake.notified();
            if self.has_something() {
                return;
            }
            woken.await;
        }
    }

    fn has_something(&self) -> bool {
        let inside = self.inside();
        !inside.queue.is_empty() || inside.closed.is_some()
    }

    /// How many events wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inside().queue.len()
    }

    /// Whether nothing waits and the session goes on.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.has_something()
    }
}
