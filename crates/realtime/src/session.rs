//! Owns: one subscriber's way from stored history to live events: nothing missed, nothing twice.
//! Must not know: sockets, SQL. The caller reads the database and feeds what it read.
//!
//! The order that makes it right: hold a ticket (the hub keeps what is new), read history in pages, and with the
//! last page join at the very position it was read at; live events up to that position are dropped.

use std::sync::Arc;

use parlor_chat::access::Access;
use parlor_chat::events::Event;
use parlor_chat::replay::Replay;
use parlor_chat::{RoleId, TenantId};

use crate::close::Close;
use crate::encoded::EncodedEvent;
use crate::hub::{Hub, Joined, Reach, Ticket};
use crate::listeners::{Matcher, Name};
use crate::mailbox::Mailbox;

/// What the caller read in ONE transaction.
#[derive(Debug)]
pub struct Loaded {
    /// The person's reach and roles in that transaction; none for a subscriber that listens to names only.
    pub person: Option<(Access, Vec<RoleId>)>,
    /// History after [`Session::last`].
    pub replay: Replay,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("last", &self.last)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What a page of history led to.
#[derive(Debug)]
pub enum Start {
    /// Send these and load the next page.
    More(Vec<Event>),
    /// Send these; from now on [`Session::next`] gives what happens.
    Live(Vec<Event>),
    /// The position does not serve; begin anew from a snapshot.
    Reset,
}

/// One subscriber.
pub struct Session {
    /// Everything up to here has been given.
    last: i64,
    lives_by: Vec<u64>,
    names: Vec<Name>,
    matcher: Option<Matcher>,
    state: State,
}

#[derive(Debug)]
enum State {
    Reading {
        ticket: Ticket,
        mailbox: Arc<Mailbox>,
    },
    Live(Joined),
    /// Between the two, and after a reset.
    Ended,
}

impl Session {
    /// A subscriber that has seen everything up to `last`. `lives_by` are tags of what it came
    /// with.
    #[must_use]
    pub fn new(hub: &Arc<Hub>, tenant: TenantId, last: i64, lives_by: Vec<u64>) -> Self {
        let state = State::Reading { ticket: hub.ticket(tenant), mailbox: hub.mailbox() };
        Self { last, lives_by, names: Vec::new(), matcher: None, state }
    }

    /// Also listens to these names, and to what a test admits.
    #[must_use]
    pub fn listening(mut self, names: Vec<Name>, matcher: Option<Matcher>) -> Self {
        self.names = names;
        self.matcher = matcher;
        self
    }

    /// The position from which to load.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Takes a page of history in.
    pub fn load(&mut self, loaded: Loaded) -> Start {
        let Replay::Events { events, seen, done } = loaded.replay else {
            self.state = State::Ended;
            return Start::Reset;
        };
        self.last = seen.max(self.last);
        if !done {
            return Start::More(events);
        }
        let State::Reading { ticket, mailbox } = std::mem::replace(&mut self.state, State::Ended) else {
            return Start::Reset;
        };
        let reach = Reach {
            person: loaded.person,
            lives_by: std::mem::take(&mut self.lives_by),
            names: std::mem::take(&mut self.names),
            matcher: self.matcher.take(),
        };
        match ticket.join(reach, self.last, mailbox.clone()) {
            Ok(joined) => {
                self.state = State::Live(joined);
                Start::Live(events)
            }
            Err(back) => {
                let (ticket, reach) = *back;
                (self.names, self.matcher, self.lives_by) = (reach.names, reach.matcher, reach.lives_by);
                self.state = State::Reading { ticket, mailbox };
                Start::More(events)
            }
        }
    }

    /// Waits for what happens next. May be dropped while waiting; nothing is lost by it.
    ///
    /// # Errors
    /// The reason of the end, after everything before it was given.
    pub async fn next(&mut self) -> Result<Vec<Arc<EncodedEvent>>, Close> {
        loop {
            let State::Live(joined) = &self.state else { return Err(Close::Resync) };
            joined.mailbox.ready().await;
            let Some(taken) = joined.mailbox.take() else { continue };
            let last = self.last;
            let fresh: Vec<_> = taken?
                .into_iter()
                .filter(|published| published.event.is_ephemeral() || published.seq() > last)
                .collect();
            if !fresh.is_empty() {
                self.last = fresh.iter().map(|published| published.seq()).fold(last, i64::max);
                return Ok(fresh);
            }
        }
    }

    /// Also listens to this name from now on; not before it is live.
    pub fn listen(&self, name: Name) {
        if let State::Live(joined) = &self.state {
            joined.listen(name);
        }
    }

    /// Listens to it no longer.
    pub fn forget(&self, name: &Name) {
        if let State::Live(joined) = &self.state {
            joined.forget(name);
        }
    }

    /// A position that is safe to come back to, further than the last event given when others had events since.
    #[must_use]
    pub fn position(&self) -> i64 {
        match &self.state {
            State::Live(joined) => joined.caught_up().unwrap_or(0).max(self.last),
            _ => self.last,
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
