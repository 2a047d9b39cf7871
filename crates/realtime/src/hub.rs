//! Owns: the order of each tenant's events and who is online to receive them.
//! Must not know: sockets, SQL. Gaps (another node wrote) are asked for through a callback.
//!
//! A tenant is known here only while somebody of it is joining or online.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use parlor_chat::access::Access;
use parlor_chat::events::Event;
use parlor_chat::{PersonId, RoleId, TenantId};

use crate::index::{Connection, Index};
use crate::mailbox::{Close, Mailbox};
use crate::published::Published;

mod affected;

/// Events that a session may be behind before it is told to come back.
pub const MAILBOX_LIMIT: usize = 4096;
/// Newest events kept, so that somebody who joins a busy tenant catches up.
const RECENT_LIMIT: usize = 1024;
/// Events that wait for a gap to be filled; past it everybody is told to come back.
const EARLY_LIMIT: usize = 10_000;

type Need = Box<dyn Fn(TenantId, i64) + Send + Sync>;

/// Spreads committed events to the sessions of one process.
pub struct Hub {
    tenants: RwLock<HashMap<TenantId, Arc<Mutex<Room>>>>,
    ids: AtomicU64,
    mailbox_limit: usize,
    need: Need,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("tenants", &self.tenants.read().map(|t| t.len()).unwrap_or(0)).finish()
    }
}

/// One tenant.
#[derive(Debug, Default)]
struct Room {
    /// The number that comes next; unknown until the first event or the first session.
    next: Option<i64>,
    /// Events that came before their turn.
    early: BTreeMap<i64, Arc<Published>>,
    /// A gap has been asked for.
    asked: bool,
    recent: VecDeque<Arc<Published>>,
    index: Index,
    /// Sessions that read history and are about to join.
    joining: usize,
}

/// Somebody on the way to join: while it lives, the hub keeps the tenant's newest events.
#[derive(Debug)]
pub struct Ticket {
    hub: Arc<Hub>,
    tenant: TenantId,
    room: Arc<Mutex<Room>>,
}

/// A place in the hub; leaving it is dropping it.
#[derive(Debug)]
pub struct Joined {
    hub: Arc<Hub>,
    tenant: TenantId,
    room: Arc<Mutex<Room>>,
    person: PersonId,
    id: u64,
    /// Where the events arrive.
    pub mailbox: Arc<Mailbox>,
}

fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// A hub that asks `need(tenant, after)` for the events after a number when some are missing; the answer comes
    /// through [`Hub::publish`]. `need` is called without any lock and must not wait.
    pub fn new(need: impl Fn(TenantId, i64) + Send + Sync + 'static) -> Arc<Self> {
        Self::with_limit(MAILBOX_LIMIT, need)
    }

    /// The same with another bound for a session's queue.
    pub fn with_limit(
        mailbox_limit: usize,
        need: impl Fn(TenantId, i64) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let need = Box::new(need);
        Arc::new(Self { tenants: RwLock::default(), ids: AtomicU64::new(1), mailbox_limit, need })
    }

    fn room(&self, tenant: TenantId) -> Option<Arc<Mutex<Room>>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }

    /// Says that somebody of the tenant reads history and will join: call before reading.
    pub fn ticket(self: &Arc<Self>, tenant: TenantId) -> Ticket {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let room = tenants.entry(tenant).or_default().clone();
        lock(&room).joining += 1;
        Ticket { hub: self.clone(), tenant, room }
    }

    /// Spreads an event. Those that come before their turn wait for the ones between.
    pub fn publish(&self, event: Event) {
        let tenant = event.tenant;
        let Some(room) = self.room(tenant) else { return };
        let missing = lock(&room).offer(Arc::new(Published::new(event)));
        if let Some(after) = missing {
            (self.need)(tenant, after);
        }
    }

    /// Another node says that the tenant's log reached `seq`.
    pub fn reached(&self, tenant: TenantId, seq: i64) {
        let Some(room) = self.room(tenant) else { return };
        let missing = lock(&room).reached(seq);
        if let Some(after) = missing {
            (self.need)(tenant, after);
        }
    }

    /// What was found of a gap has been published: ask again if it is still there.
    pub fn gap_answered(&self, tenant: TenantId) {
        if let Some(room) = self.room(tenant) {
            lock(&room).asked = false;
        }
    }

    /// Ends the connections that came with the token named `tag`, or all of the person's.
    pub fn sign_out(&self, tenant: TenantId, person: PersonId, tag: Option<u64>) {
        let Some(room) = self.room(tenant) else { return };
        if let Some(online) = lock(&room).index.person(person) {
            for connection in
                online.connections.iter().filter(|connection| tag.is_none_or(|tag| connection.tag == tag))
            {
                connection.mailbox.close(Close::Unauthorized);
            }
        }
    }

    /// Ends every connection: the server stops.
    pub fn close_all(&self, why: Close) {
        let rooms: Vec<_> =
            self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for room in rooms {
            lock(&room).close_all(why);
        }
    }

    /// The tenants that somebody is connected to.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantId> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        let rooms: Vec<_> =
            self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        rooms
            .iter()
            .map(|room| lock(room).index.people().map(|online| online.connections.len()).sum::<usize>())
            .sum()
    }

    fn forget_if_empty(&self, tenant: TenantId) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let empty = tenants.get(&tenant).is_some_and(|room| {
            let room = lock(room);
            room.joining == 0 && room.index.is_empty()
        });
        if empty {
            tenants.remove(&tenant);
        }
    }
}

impl Ticket {
    /// Joins with the reach and the replayed history of one read at `at` (the head of the log in that read).
    ///
    /// # Errors
    /// Gives the ticket back when more has happened than the hub remembers, or the person's rights changed since:
    /// read again after `at`.
    pub fn join(self, mut access: Access, roles: Vec<RoleId>, at: i64, tag: u64) -> Result<Joined, Ticket> {
        let mailbox = Arc::new(Mailbox::new(self.hub.mailbox_limit));
        let id = self.hub.ids.fetch_add(1, Ordering::Relaxed);
        let person = access.person;
        let mut room = lock(&self.room);
        if !room.catch_up(&mut access, &roles, at, &mailbox) {
            drop(room);
            return Err(self);
        }
        room.index.add(access, roles, Connection { id, tag, mailbox: mailbox.clone() });
        drop(room);
        let (hub, tenant, room) = (self.hub.clone(), self.tenant, self.room.clone());
        Ok(Joined { hub, tenant, room, person, id, mailbox })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut room = lock(&self.room);
        room.joining -= 1;
        let empty = room.joining == 0 && room.index.is_empty();
        drop(room);
        if empty {
            self.hub.forget_if_empty(self.tenant);
        }
    }
}

impl Joined {
    /// The position up to which this session has had everything, when nothing waits for it.
    #[must_use]
    pub fn caught_up(&self) -> Option<i64> {
        let room = lock(&self.room);
        let next = room.next?;
        self.mailbox.is_idle().then_some(next - 1)
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let mut room = lock(&self.room);
        room.index.remove(self.person, self.id);
        let empty = room.joining == 0 && room.index.is_empty();
        drop(room);
        if empty {
            self.hub.forget_if_empty(self.tenant);
        }
    }
}

impl Room {
    /// Takes an event in; answers after which number some are missing, once.
    fn offer(&mut self, published: Arc<Published>) -> Option<i64> {
        let seq = published.seq();
        let next = *self.next.get_or_insert(seq);
        if seq < next {
            return None;
        }
        if seq > next {
            self.early.insert(seq, published);
            if self.early.len() > EARLY_LIMIT {
                self.give_up();
                return None;
            }
            return self.ask(next - 1);
        }
        self.deliver(published);
        while let Some(entry) =
            self.early.first_entry().filter(|entry| self.next.is_none_or(|next| *entry.key() <= next))
        {
            let waiting = entry.remove();
            if Some(waiting.seq()) == self.next {
                self.deliver(waiting);
            }
        }
        if self.early.is_empty() {
            self.asked = false;
        }
        None
    }

    fn reached(&mut self, seq: i64) -> Option<i64> {
        let next = self.next?;
        if seq >= next { self.ask(next - 1) } else { None }
    }

    fn ask(&mut self, after: i64) -> Option<i64> {
        (!std::mem::replace(&mut self.asked, true)).then_some(after)
    }

    /// The gap stays: nobody gets half a story.
    fn give_up(&mut self) {
        self.close_all(Close::Resync);
        self.next = self.early.last_key_value().map(|(seq, _)| seq + 1);
        self.early.clear();
        self.recent.clear();
        self.asked = false;
    }

    fn deliver(&mut self, published: Arc<Published>) {
        self.next = Some(published.seq() + 1);
        self.index.deliver(&published);
        affected::close(&self.index, &published.event);
        if self.recent.len() == RECENT_LIMIT {
            self.recent.pop_front();
        }
        self.recent.push_back(published);
    }

    fn close_all(&self, why: Close) {
        for connection in self.index.people().flat_map(|online| &online.connections) {
            connection.mailbox.close(why);
        }
    }

    /// Brings somebody who stands at `at` to where the room stands. False when that is not possible from memory.
    fn catch_up(&mut self, access: &mut Access, roles: &[RoleId], at: i64, mailbox: &Mailbox) -> bool {
        let next = *self.next.get_or_insert(at + 1);
        if next <= at + 1 {
            return true;
        }
        if self.recent.front().is_none_or(|oldest| oldest.seq() > at + 1) {
            return false;
        }
        for published in self.recent.iter().filter(|published| published.seq() > at) {
            let event = &published.event;
            if affected::verdict(access, roles, event).is_some() {
                return false;
            }
            event.access.iter().filter(|change| change.member).for_each(|change| access.apply(change));
            if access.admits(event) {
                mailbox.push(published);
            }
            event.access.iter().filter(|change| !change.member).for_each(|change| access.apply(change));
        }
        true
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
