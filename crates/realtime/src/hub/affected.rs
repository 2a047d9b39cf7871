//! Owns: whose reach an event about users, roles or teams changes, so that they come back with fresh rights.
//! Must not know: queues or order.

use parlor_chat::access::Access;
use parlor_chat::events::Event;
use parlor_chat::{PersonId, Rights, RoleId, StoreId, TeamId};
use serde::Deserialize;

use crate::index::Index;
use crate::mailbox::Close;

/// The parts of an event's data that say who may read what.
#[derive(Deserialize)]
struct Envelope {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    user: Option<User>,
    role: Option<Role>,
    team: Option<Team>,
    store: Option<Store>,
    contact: Option<Contact>,
}

#[derive(Deserialize)]
struct User {
    id: PersonId,
    active: bool,
    roles: Vec<RoleId>,
    teams: Vec<TeamId>,
    stores: Vec<StoreId>,
    #[serde(default)]
    super_admin: bool,
}

#[derive(Deserialize)]
struct Role {
    id: RoleId,
}

#[derive(Deserialize)]
struct Team {
    id: TeamId,
    members: Vec<PersonId>,
}

#[derive(Deserialize)]
struct Store {
    id: StoreId,
    users: Vec<PersonId>,
}

#[derive(Deserialize)]
struct Contact {
    id: PersonId,
    blocked: bool,
}

/// Ends the connections of those whose reach the event changes.
pub(super) fn close(index: &Index, event: &Event) {
    let Some(change) = parse(event) else { return };
    for online in index.people() {
        if let Some(why) = change.verdict(&online.access, &online.roles) {
            online.connections.iter().for_each(|connection| connection.mailbox.close(why));
        }
    }
}

/// Whether the event changes this person's reach, and how their connections must end.
pub(super) fn verdict(access: &Access, roles: &[RoleId], event: &Event) -> Option<Close> {
    parse(event)?.verdict(access, roles)
}

/// What an event says of the reach of people.
enum Change {
    To(Box<Data>),
    /// It cannot be read: it may be about anybody.
    Unknown,
}

impl Change {
    fn verdict(&self, access: &Access, roles: &[RoleId]) -> Option<Close> {
        match self {
            Self::To(data) => data.verdict(access, roles),
            Self::Unknown => Some(Close::Resync),
        }
    }
}

/// `None` for events that change nobody's reach.
fn parse(event: &Event) -> Option<Change> {
    let telling =
        ["user.updated", "me.updated", "role.updated", "team.updated", "store.updated", "contact.updated"];
    if !telling.contains(&event.kind.as_str()) {
        return None;
    }
    // A change that names nobody is as unreadable as one that is no JSON.
    let data = serde_json::from_str::<Envelope>(&event.json).ok().map(|envelope| envelope.data);
    Some(data.filter(Data::names_somebody).map_or(Change::Unknown, |data| Change::To(Box::new(data))))
}

impl Data {
    fn names_somebody(&self) -> bool {
        self.user.is_some()
            || self.role.is_some()
            || self.team.is_some()
            || self.store.is_some()
            || self.contact.is_some()
    }

    fn verdict(&self, access: &Access, roles: &[RoleId]) -> Option<Close> {
        if let Some(user) = self.user.as_ref().filter(|user| user.id == access.person) {
            if !user.active {
                return Some(Close::Unauthorized);
            }
            let same = same_set(&user.roles, roles)
                && same_set(&user.teams, &access.teams)
                && same_set(&user.stores, &access.stores)
                && (!user.super_admin || access.rights == Rights::all());
            return (!same).then_some(Close::Resync);
        }
        if let Some(contact) = self.contact.as_ref().filter(|contact| contact.id == access.person) {
            return contact.blocked.then_some(Close::Resync);
        }
        if let Some(role) = &self.role {
            return roles.contains(&role.id).then_some(Close::Resync);
        }
        let moved = match (&self.team, &self.store) {
            (Some(team), _) => access.teams.contains(&team.id) != team.members.contains(&access.person),
            (_, Some(store)) => access.stores.contains(&store.id) != store.users.contains(&access.person),
            _ => false,
        };
        moved.then_some(Close::Resync)
    }
}

fn same_set<T: PartialEq>(left: &[T], right: &[T]) -> bool {
    left.len() == right.len() && left.iter().all(|item| right.contains(item))
}
