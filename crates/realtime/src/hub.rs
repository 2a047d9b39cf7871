//! Owns: the order of each tenant's events and who is online to receive them.
//! Must not know: sockets, SQL. Gaps (another node wrote) are asked for through a callback.
//!
//! A tenant is known here only while somebody of it is joining or online.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use parlor_chat::access::Access;
use parlor_chat::credentials::Ended;
use parlor_chat::events::{Audience, Event};
use parlor_chat::{PersonId, RoleId, TenantId};

use crate::audience_index::{AudienceIndex, Connection};
use crate::close::Close;
use crate::encoded::EncodedEvent;
use crate::listeners::{Listeners, Matcher, Name};
use crate::mailbox::Mailbox;

mod access_changes;

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
    joined: AtomicUsize,
    /// Why whoever joins is sent away at once.
    stopped: OnceLock<Close>,
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
    early: BTreeMap<i64, Arc<EncodedEvent>>,
    /// A gap has been asked for.
    asked: bool,
    /// The newest number that another node told of.
    known: i64,
    recent: VecDeque<Arc<EncodedEvent>>,
    index: AudienceIndex,
    /// Everybody who joined, by number.
    members: HashMap<u64, Member>,
    /// Sessions that read history and are about to join.
    joining: usize,
}

/// Somebody who joined.
#[derive(Debug)]
struct Member {
    mailbox: Arc<Mailbox>,
    person: Option<PersonId>,
    /// What it came with.
    lives_by: Vec<u64>,
}

/// Somebody on the way to join: while it lives, the hub keeps the tenant's newest events.
#[derive(Debug)]
pub struct Ticket {
    hub: Arc<Hub>,
    tenant: TenantId,
    room: Arc<Mutex<Room>>,
}

/// Who joins, and what for.
#[derive(Default)]
pub struct Reach {
    /// The person whose events arrive, with the rights and roles read at the place joined at.
    pub person: Option<(Access, Vec<RoleId>)>,
    /// Tags of what it came with, its token and the root of that: losing one ends it.
    pub lives_by: Vec<u64>,
    /// What else is listened to from the start.
    pub names: Vec<Name>,
    /// What else is listened to, decided one by one.
    pub matcher: Option<Matcher>,
}

/// A place in the hub; leaving it is dropping it.
#[derive(Debug)]
pub struct Joined {
    hub: Arc<Hub>,
    tenant: TenantId,
    room: Arc<Mutex<Room>>,
    person: Option<PersonId>,
    id: u64,
    names: Mutex<HashSet<Name>>,
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
        Arc::new(Self {
            tenants: RwLock::default(),
            ids: AtomicU64::new(1),
            joined: AtomicUsize::new(0),
            stopped: OnceLock::new(),
            mailbox_limit,
            need,
        })
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
        let missing = lock(&room).offer(Arc::new(EncodedEvent::new(event)));
        if let Some(after) = missing {
            (self.need)(tenant, after);
        }
    }

    /// Tells something that is not kept (`Event::ephemeral`) to those online here.
    pub fn tell(&self, event: Event) {
        let Some(room) = self.room(event.tenant) else { return };
        lock(&room).index.deliver(&Arc::new(EncodedEvent::new(event)));
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
        let Some(room) = self.room(tenant) else { return };
        // What was told while the answer was on its way may not be in it.
        let missing = {
            let mut room = lock(&room);
            room.asked = false;
            room.reached(0)
        };
        if let Some(after) = missing {
            (self.need)(tenant, after);
        }
    }

    /// Ends connections that live by what was lost. Where it is in the tenant's log, delivering the event does it.
    pub fn end(&self, tenant: TenantId, ended: &Ended) {
        if let Some(room) = self.room(tenant) {
            lock(&room).end(ended);
        }
    }

    /// Ends every connection, and each that is still on its way to join as soon as it has: the server stops.
    pub fn stop(&self, why: Close) {
        // First the sign: whoever joins after a room was looked at sees it.
        let _ = self.stopped.set(why);
        let rooms: Vec<_> =
            self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for room in rooms {
            lock(&room).close_all(why);
        }
    }

    /// Everybody who joined, in no order that a client could know.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<Arc<Mailbox>> {
        let rooms: Vec<_> =
            self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let all = |room: &Arc<Mutex<Room>>| {
            lock(room).members.values().map(|member| member.mailbox.clone()).collect::<Vec<_>>()
        };
        rooms.iter().flat_map(all).collect()
    }

    /// The tenants that somebody is connected to.
    #[must_use]
    pub fn tenants(&self) -> Vec<TenantId> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// How many have joined: connections, of which those with a person and with channels count twice.
    #[must_use]
    pub fn joined(&self) -> usize {
        self.joined.load(Ordering::Relaxed)
    }

    /// How many events wait in all queues, and in the longest.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        let rooms: Vec<_> =
            self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let mut found = (0, 0);
        for room in rooms {
            for member in lock(&room).members.values() {
                let waiting = member.mailbox.waiting();
                found = (found.0 + waiting, found.1.max(waiting));
            }
        }
        found
    }

    /// Whether the person has a connection here.
    #[must_use]
    pub fn is_online(&self, tenant: TenantId, person: PersonId) -> bool {
        self.room(tenant).is_some_and(|room| lock(&room).index.person(person).is_some())
    }

    /// How many connections here listen to a name.
    #[must_use]
    pub fn listeners(&self, tenant: TenantId, name: &Name) -> usize {
        self.room(tenant).map_or(0, |room| lock(&room).index.listeners.count(name))
    }

    /// A queue with the hub's bound, to be shared by several ways of joining.
    #[must_use]
    pub fn mailbox(&self) -> Arc<Mailbox> {
        Arc::new(Mailbox::new(self.mailbox_limit))
    }

    /// The same for a client that is asked to leave last.
    #[must_use]
    pub fn last_mailbox(&self) -> Arc<Mailbox> {
        Arc::new(Mailbox::last(self.mailbox_limit))
    }

    fn forget_if_empty(&self, tenant: TenantId) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let empty = tenants.get(&tenant).is_some_and(|room| {
            let room = lock(room);
            room.joining == 0 && room.members.is_empty()
        });
        if empty {
            tenants.remove(&tenant);
        }
    }
}

impl Ticket {
    /// Joins with the reach and the replayed history of one read at `at` (the head of the log in that read). Events
    /// arrive in `mailbox`, each once, even when several ways of joining share it.
    ///
    /// # Errors
    /// Gives everything back when more has happened than the hub remembers, or the person's rights changed since:
    /// read again after `at`.
    pub fn join(
        self,
        mut reach: Reach,
        at: i64,
        mailbox: Arc<Mailbox>,
    ) -> Result<Joined, Box<(Ticket, Reach)>> {
        let mut room = lock(&self.room);
        if !room.catch_up(&mut reach, at, &mailbox) {
            drop(room);
            return Err(Box::new((self, reach)));
        }
        let id = self.hub.ids.fetch_add(1, Ordering::Relaxed);
        let person = reach.person.as_ref().map(|(access, _)| access.person);
        if let Some((access, roles)) = reach.person {
            room.index.add(access, roles, Connection { id, mailbox: mailbox.clone() });
        }
        for name in &reach.names {
            room.index.listeners.add(name.clone(), id, &mailbox);
        }
        if let Some(matcher) = reach.matcher {
            room.index.listeners.add_matcher(id, matcher, &mailbox);
        }
        room.members.insert(id, Member { mailbox: mailbox.clone(), person, lives_by: reach.lives_by });
        // Under the room's lock, as `stop` closes: one of the two sees the other.
        if let Some(why) = self.hub.stopped.get() {
            mailbox.close(*why);
        }
        drop(room);
        self.hub.joined.fetch_add(1, Ordering::Relaxed);
        let (hub, tenant, room) = (self.hub.clone(), self.tenant, self.room.clone());
        let names = Mutex::new(reach.names.into_iter().collect());
        Ok(Joined { hub, tenant, room, person, id, names, mailbox })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut room = lock(&self.room);
        room.joining -= 1;
        let empty = room.joining == 0 && room.members.is_empty();
        drop(room);
        if empty {
            self.hub.forget_if_empty(self.tenant);
        }
    }
}

impl Joined {
    /// Listens to one more name; false when it already did.
    pub fn listen(&self, name: Name) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.clone()) && lock(&self.room).index.listeners.add(name, self.id, &self.mailbox)
    }

    /// Listens to a name no longer; false when it did not.
    pub fn forget(&self, name: &Name) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.remove(name);
        if known {
            lock(&self.room).index.listeners.remove(name, self.id);
        }
        known
    }

    /// It came with one more proof: losing that ends it, too.
    pub fn lives_by(&self, tags: &[u64]) {
        if let Some(member) = lock(&self.room).members.get_mut(&self.id) {
            member.lives_by.extend(tags.iter().filter(|tag| **tag != 0));
            member.lives_by.sort_unstable();
            member.lives_by.dedup();
        }
    }

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
        self.hub.joined.fetch_sub(1, Ordering::Relaxed);
        let names = std::mem::take(self.names.get_mut().unwrap_or_else(PoisonError::into_inner));
        let mut room = lock(&self.room);
        room.members.remove(&self.id);
        if let Some(person) = self.person {
            room.index.remove(person, self.id);
        }
        names.iter().for_each(|name| room.index.listeners.remove(name, self.id));
        room.index.listeners.remove_matcher(self.id);
        let empty = room.joining == 0 && room.members.is_empty();
        drop(room);
        if empty {
            self.hub.forget_if_empty(self.tenant);
        }
    }
}

impl Room {
    /// Takes an event in; answers after which number some are missing, once.
    fn offer(&mut self, published: Arc<EncodedEvent>) -> Option<i64> {
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
        self.known = self.known.max(seq);
        let next = self.next?;
        if self.known >= next { self.ask(next - 1) } else { None }
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

    fn deliver(&mut self, published: Arc<EncodedEvent>) {
        self.next = Some(published.seq() + 1);
        self.index.deliver(&published);
        access_changes::close(&self.index, &published.event);
        match published.event.ended() {
            // It may have been for anybody: they begin anew.
            _ if published.event.audience == Audience::Unreadable => self.close_all(Close::Resync),
            Err(_) => self.close_all(Close::Resync),
            Ok(Some(ended)) => self.end(&ended),
            Ok(None) => {}
        }
        if self.recent.len() == RECENT_LIMIT {
            self.recent.pop_front();
        }
        self.recent.push_back(published);
    }

    fn close_all(&self, why: Close) {
        self.members.values().for_each(|member| member.mailbox.close(why));
    }

    fn end(&self, ended: &Ended) {
        let why = if ended.again { Close::Resync } else { Close::Unauthorized };
        let lost = self.members.values().filter(|member| ended.ends(&member.lives_by, member.person));
        lost.for_each(|member| member.mailbox.close(why));
    }

    /// Brings somebody who stands at `at` to where the room stands. False when that is not possible from memory.
    fn catch_up(&mut self, reach: &mut Reach, at: i64, mailbox: &Arc<Mailbox>) -> bool {
        let next = *self.next.get_or_insert(at + 1);
        if next <= at + 1 {
            return true;
        }
        if self.recent.front().is_none_or(|oldest| oldest.seq() > at + 1) {
            return false;
        }
        let mut heard = Listeners::default();
        reach.names.iter().for_each(|name| {
            heard.add(name.clone(), 0, mailbox);
        });
        if let Some(matcher) = &reach.matcher {
            heard.add_matcher(0, matcher.clone(), mailbox);
        }
        let missed = self.recent.iter().filter(|published| published.seq() > at);
        let person = reach.person.as_ref().map(|(access, _)| access.person);
        let lost = |event: &Event| match event.ended() {
            _ if event.audience == Audience::Unreadable => true,
            Err(_) => true,
            Ok(ended) => ended.is_some_and(|ended| ended.ends(&reach.lives_by, person)),
        };
        if missed.clone().any(|published| lost(&published.event)) {
            return false;
        }
        if let Some((access, roles)) = &reach.person
            && missed
                .clone()
                .any(|published| access_changes::verdict(access, roles, &published.event).is_some())
        {
            return false;
        }
        for published in missed.cloned().collect::<Vec<_>>() {
            let turn = self.index.next_turn();
            heard.deliver(&published, turn);
            let Some((access, _)) = &mut reach.person else { continue };
            let event = &published.event;
            event.access.iter().filter(|change| change.member).for_each(|change| access.apply(change));
            if access.admits(event) {
                mailbox.push(&published, turn);
            }
            event.access.iter().filter(|change| !change.member).for_each(|change| access.apply(change));
        }
        true
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
