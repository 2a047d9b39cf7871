//! Owns: who is connected, active, looking at what and typing, from moment to moment; nothing of it is stored. What
//! this node knows of its connections goes into the registry, and what is shown is the best of all nodes.
//! Must not know: sockets, how it is told to anybody, what people say of themselves.

pub mod registry;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_chat::events::Audience;
use parlor_chat::{ConversationId, PersonId, TenantId, Time};
use serde::{Deserialize, Serialize};

use registry::{Member, Registry};

/// The registry's list of connected people.
pub const PEOPLE: &str = "people";
/// How long somebody may be without a connection before they have left: a reload is no leaving.
pub const GRACE_SECONDS: i64 = 3;
/// How long typing is shown without a new sign of it.
pub const TYPING_SECONDS: i64 = 5;
/// Signs of typing that come faster are not passed on.
const TYPING_AGAIN_SECONDS: i64 = 2;

/// What a connection shows of a person, best last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// None, or idle for so long that it counts as none.
    #[default]
    Offline,
    /// Connected and idle.
    Away,
    /// Connected and active.
    Online,
}

/// After how many seconds without activity somebody counts as away, and as offline; 0 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Away.
    pub away: i64,
    /// Offline, though connected.
    pub offline: i64,
}

/// What is shown of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonPresence {
    /// The best of all connections.
    pub connection: Connection,
    /// The last activity.
    pub active_at: Option<Time>,
    /// The conversations on the person's screens.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub viewing: BTreeSet<ConversationId>,
}

/// Who is connected to this node, and how.
#[derive(Debug)]
pub struct Presence {
    registry: Arc<Registry>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    next: u64,
    people: HashMap<(TenantId, PersonId), Here>,
    typing: HashMap<(TenantId, ConversationId, PersonId), Typing>,
}

/// A person on this node.
#[derive(Debug, Default)]
struct Here {
    screens: HashMap<u64, Screen>,
    /// Since when there is no connection.
    left_at: Option<Time>,
    told: Option<PersonPresence>,
}

#[derive(Debug)]
struct Screen {
    active_at: Time,
    viewing: Option<ConversationId>,
}

#[derive(Clone, Debug)]
struct Typing {
    until: Time,
    again: Time,
    is_private_note: bool,
    audience: Audience,
}

/// A connection of a person; it ends by being dropped.
#[derive(Debug)]
pub struct Attending {
    presence: Arc<Presence>,
    who: (TenantId, PersonId),
    id: u64,
}

/// Somebody's last connection to this node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The tenant of the person.
    pub tenant: TenantId,
    /// The person who left.
    pub person: PersonId,
    /// When the connection ended.
    pub at: Time,
}

/// What a sign of typing leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Readers have been told a moment ago.
    Known,
    /// Find out who may be told, and call [`Presence::typing_in`].
    Ask,
}

/// Somebody stopped typing without saying so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The tenant of the person.
    pub tenant: TenantId,
    /// The conversation typed in.
    pub conversation: ConversationId,
    /// The person who typed.
    pub person: PersonId,
    /// Who was told of it.
    pub audience: Audience,
}

impl Presence {
    /// Nobody is here yet.
    #[must_use]
    pub fn new(registry: Arc<Registry>) -> Arc<Self> {
        Arc::new(Self { registry, inside: Mutex::default() })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection of the person begins, active.
    pub fn attend(self: &Arc<Self>, tenant: TenantId, person: PersonId, now: Time) -> Attending {
        let mut inside = self.inside();
        inside.next += 1;
        let id = inside.next;
        let here = inside.people.entry((tenant, person)).or_default();
        here.screens.insert(id, Screen { active_at: now, viewing: None });
        here.left_at = None;
        self.tell(&mut inside, tenant, person, now, None);
        Attending { presence: self.clone(), who: (tenant, person), id }
    }

    /// The person did something that was not on a connection: it called the API.
    pub fn touch(&self, tenant: TenantId, person: PersonId, now: Time) {
        let mut inside = self.inside();
        let Some(here) = inside.people.get_mut(&(tenant, person)) else { return };
        let Some(screen) = here.screens.values_mut().max_by_key(|screen| screen.active_at) else { return };
        screen.active_at = now;
        self.tell(&mut inside, tenant, person, now, None);
    }

    /// What time alone changes: who became away, who has left for good.
    pub fn tick(&self, now: Time, thresholds: impl Fn(TenantId) -> Thresholds) -> Vec<Left> {
        let mut inside = self.inside();
        let people: Vec<_> = inside.people.keys().copied().collect();
        let mut left = Vec::new();
        for (tenant, person) in people {
            let Some(here) = inside.people.get_mut(&(tenant, person)) else { continue };
            if here.screens.is_empty() {
                let at = *here.left_at.get_or_insert(now);
                if now >= at.plus_seconds(GRACE_SECONDS) {
                    inside.people.remove(&(tenant, person));
                    self.registry.leave(tenant, PEOPLE, &person.to_string());
                    left.push(Left { tenant, person, at });
                }
            } else {
                self.tell(&mut inside, tenant, person, now, Some(thresholds(tenant)));
            }
        }
        left
    }

    /// What all nodes together show of a person.
    #[must_use]
    pub fn shown(&self, tenant: TenantId, person: PersonId) -> PersonPresence {
        self.registry.get(tenant, PEOPLE, &person.to_string()).map(|member| best(&member)).unwrap_or_default()
    }

    /// Everybody who is connected somewhere.
    #[must_use]
    pub fn people(&self, tenant: TenantId) -> Vec<(PersonId, PersonPresence)> {
        let members = self.registry.members(tenant, PEOPLE);
        members.iter().filter_map(|member| Some((member.id.parse().ok()?, best(member)))).collect()
    }

    /// A sign that the person types, a note or for everybody. Who may be told is asked again with every sign that is passed
    /// on: meanwhile the person may have been removed.
    pub fn typing(
        &self,
        who: (TenantId, ConversationId, PersonId),
        is_private_note: bool,
        now: Time,
    ) -> Sign {
        match self.inside().typing.get_mut(&who) {
            Some(typing) if typing.is_private_note == is_private_note && now < typing.again => {
                typing.until = now.plus_seconds(TYPING_SECONDS);
                Sign::Known
            }
            _ => Sign::Ask,
        }
    }

    /// The person types, and this audience is told. Answers whom to tell that it types no longer: those who saw it type a
    /// note before, or something that is no note.
    pub fn typing_in(
        &self,
        who: (TenantId, ConversationId, PersonId),
        is_private_note: bool,
        audience: Audience,
        now: Time,
    ) -> Option<Audience> {
        let (until, again) = (now.plus_seconds(TYPING_SECONDS), now.plus_seconds(TYPING_AGAIN_SECONDS));
        let before = self.inside().typing.insert(who, Typing { until, again, is_private_note, audience })?;
        (before.is_private_note != is_private_note && now < before.until).then_some(before.audience)
    }

    /// The person types no longer; answers whom to tell.
    pub fn stop_typing(
        &self,
        tenant: TenantId,
        conversation: ConversationId,
        person: PersonId,
    ) -> Option<Audience> {
        self.inside().typing.remove(&(tenant, conversation, person)).map(|typing| typing.audience)
    }

    /// Those who have given no sign of typing for too long.
    pub fn stopped_typing(&self, now: Time) -> Vec<Stopped> {
        let mut stopped = Vec::new();
        self.inside().typing.retain(|(tenant, conversation, person), typing| {
            let (tenant, conversation, person) = (*tenant, *conversation, *person);
            if typing.until <= now {
                stopped.push(Stopped { tenant, conversation, person, audience: typing.audience.clone() });
            }
            typing.until > now
        });
        stopped
    }

    /// Puts what this node knows into the registry, if it is news.
    fn tell(
        &self,
        inside: &mut Inside,
        tenant: TenantId,
        person: PersonId,
        now: Time,
        thresholds: Option<Thresholds>,
    ) {
        let Some(here) = inside.people.get_mut(&(tenant, person)) else { return };
        let Some(active_at) = here.screens.values().map(|screen| screen.active_at).max() else { return };
        let viewing: BTreeSet<_> = here.screens.values().filter_map(|screen| screen.viewing).collect();
        let before = here.told.as_ref();
        let connection = match (thresholds, before) {
            (Some(thresholds), _) => idle(active_at, now, thresholds),
            // Whatever calls without thresholds was an activity, or changed nothing about it.
            (None, Some(before)) if active_at < now => before.connection,
            (None, _) => Connection::Online,
        };
        if before.is_some_and(|before| before.connection == connection && before.viewing == viewing) {
            return;
        }
        let first = before.is_none();
        let shown = PersonPresence { connection, active_at: Some(active_at), viewing };
        let value = serde_json::to_string(&shown).unwrap_or_default();
        here.told = Some(shown);
        let member = person.to_string();
        if first {
            self.registry.enter(tenant, PEOPLE, &member, Some(&value));
        } else {
            self.registry.set(tenant, PEOPLE, &member, &value);
        }
    }
}

fn idle(active_at: Time, now: Time, thresholds: Thresholds) -> Connection {
    let longer_than = |seconds: i64| seconds > 0 && now >= active_at.plus_seconds(seconds);
    match () {
        () if longer_than(thresholds.offline) => Connection::Offline,
        () if longer_than(thresholds.away) => Connection::Away,
        () => Connection::Online,
    }
}

/// The best of what the nodes say.
#[must_use]
pub fn best(member: &Member) -> PersonPresence {
    let mut best = PersonPresence::default();
    for value in &member.values {
        let Ok(shown) = serde_json::from_str::<PersonPresence>(value) else { continue };
        best.connection = best.connection.max(shown.connection);
        best.active_at = best.active_at.max(shown.active_at);
        best.viewing.extend(shown.viewing);
    }
    best
}

impl Attending {
    /// The person did something on this connection.
    pub fn active(&self, now: Time) {
        self.change(now, |screen| screen.active_at = now);
    }

    /// The person looks at a conversation on this connection, or at none.
    pub fn view(&self, conversation: Option<ConversationId>, now: Time) {
        self.change(now, |screen| {
            screen.viewing = conversation;
            screen.active_at = now;
        });
    }

    fn change(&self, now: Time, change: impl FnOnce(&mut Screen)) {
        let (tenant, person) = self.who;
        let mut inside = self.presence.inside();
        let here = inside.people.get_mut(&self.who);
        let Some(screen) = here.and_then(|here| here.screens.get_mut(&self.id)) else { return };
        change(screen);
        self.presence.tell(&mut inside, tenant, person, now, None);
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        let mut inside = self.presence.inside();
        if let Some(here) = inside.people.get_mut(&self.who) {
            here.screens.remove(&self.id);
        }
    }
}

#[cfg(test)]
#[path = "presence_tests.rs"]
mod tests;
