//! Owns: which online people an event of a tenant reaches, found without asking everybody.
//! Must not know: order, queues' contents, history. The same rule as `Access::admits`; a test holds them together.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parlor_chat::access::{Access, AccessChange, Facets};
use parlor_chat::events::Audience;
use parlor_chat::{ConversationId, PersonId, Right, RoleId, StoreId, TeamId};

use crate::encoded::EncodedEvent;
use crate::listeners::Listeners;
use crate::mailbox::Mailbox;

/// One connection of a person.
#[derive(Debug)]
pub(crate) struct Connection {
    pub id: u64,
    pub mailbox: Arc<Mailbox>,
}

/// A person with at least one connection.
#[derive(Debug)]
pub(crate) struct Online {
    pub access: Access,
    pub roles: Vec<RoleId>,
    pub connections: Vec<Connection>,
    /// The turn of the last event given, so that two ways to a person give it once.
    stamp: u64,
}

/// A place in [`AudienceIndex::people`].
type Place = u32;

/// The online people of one tenant and the ways to them.
#[derive(Debug, Default)]
pub(crate) struct AudienceIndex {
    people: Vec<Option<Online>>,
    free: Vec<Place>,
    places: HashMap<PersonId, Place>,
    members: HashMap<ConversationId, Vec<Place>>,
    teams: HashMap<TeamId, Vec<Place>>,
    stores: HashMap<StoreId, Vec<Place>>,
    rights: HashMap<&'static str, Vec<Place>>,
    staff: Vec<Place>,
    pub listeners: Listeners,
    /// Counts what was given.
    turn: u64,
}

impl AudienceIndex {
    /// The next event's turn.
    pub fn next_turn(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }

    pub fn people(&self) -> impl Iterator<Item = &Online> {
        self.people.iter().flatten()
    }

    pub fn person(&self, person: PersonId) -> Option<&Online> {
        self.people.get(*self.places.get(&person)? as usize)?.as_ref()
    }

    /// Adds a connection; the reach of somebody already online stays as it is: it follows the events.
    pub fn add(&mut self, access: Access, roles: Vec<RoleId>, connection: Connection) {
        if let Some(place) = self.places.get(&access.person) {
            if let Some(online) = &mut self.people[*place as usize] {
                online.connections.push(connection);
            }
            return;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.people.push(None);
            Place::try_from(self.people.len() - 1).unwrap_or(Place::MAX)
        });
        self.places.insert(access.person, place);
        for conversation in &access.conversations {
            self.members.entry(*conversation).or_default().push(place);
        }
        if access.is_staff {
            self.staff.push(place);
            self.each_group(&access, |ways| ways.push(place));
        }
        let online = Online { access, roles, connections: vec![connection], stamp: 0 };
        self.people[place as usize] = Some(online);
    }

    /// Takes a connection away, and the person with the last one.
    pub fn remove(&mut self, person: PersonId, connection: u64) {
        let Some(place) = self.places.get(&person).copied() else { return };
        let Some(online) = &mut self.people[place as usize] else { return };
        online.connections.retain(|known| known.id != connection);
        if !online.connections.is_empty() {
            return;
        }
        let Some(gone) = self.people[place as usize].take() else { return };
        self.places.remove(&person);
        self.free.push(place);
        for conversation in &gone.access.conversations {
            forget(&mut self.members, conversation, place);
        }
        if gone.access.is_staff {
            self.staff.retain(|known| *known != place);
            self.each_group(&gone.access, |ways| ways.retain(|known| *known != place));
            self.teams.retain(|_, ways| !ways.is_empty());
            self.stores.retain(|_, ways| !ways.is_empty());
        }
    }

    fn each_group(&mut self, access: &Access, mut change: impl FnMut(&mut Vec<Place>)) {
        for team in &access.teams {
            change(self.teams.entry(*team).or_default());
        }
        for store in &access.stores {
            change(self.stores.entry(*store).or_default());
        }
        for right in access.rights.list() {
            change(self.rights.entry(right.name()).or_default());
        }
    }

    /// Gives the event to everybody it is for. Who is added gets it, who is removed gets it as the last.
    pub fn deliver(&mut self, published: &Arc<EncodedEvent>) {
        let event = &published.event;
        let turn = self.next_turn();
        self.listeners.deliver(published, turn);
        self.follow(event.access.iter().filter(|change| change.member));
        match &event.audience {
            Audience::Named | Audience::Nobody | Audience::Unreadable => {}
            Audience::Person(person) => {
                let place = self.places.get(person).copied();
                give(&mut self.people, place.as_slice(), published, turn, false);
            }
            Audience::Staff => give(&mut self.people, &self.staff, published, turn, false),
            Audience::Contact { places, .. } => self.tell_of_contact(places, published, turn),
            Audience::Conversation { facets, staff_only } => {
                self.spread(facets, *staff_only, published, turn);
            }
        }
        self.follow(event.access.iter().filter(|change| !change.member));
    }

    fn tell_of_contact(
        &mut self,
        places: &[(ConversationId, Facets)],
        published: &Arc<EncodedEvent>,
        turn: u64,
    ) {
        let sees = |place: &Place| {
            self.people[*place as usize].as_ref().is_some_and(|online| online.access.sees_contact(places))
        };
        let ways: Vec<Place> = self.staff.iter().copied().filter(sees).collect();
        give(&mut self.people, &ways, published, turn, true);
    }

    fn spread(&mut self, facets: &Facets, staff_only: bool, published: &Arc<EncodedEvent>, turn: u64) {
        let event = &published.event;
        let Some(conversation) = event.conversation else { return };
        let rules = facets.kind.rules();
        if let Some(ways) = self.members.get(&conversation) {
            give(&mut self.people, ways, published, turn, staff_only);
        }
        for change in &event.access {
            let place = self.places.get(&change.person).copied();
            give(&mut self.people, place.as_slice(), published, turn, staff_only);
        }
        let team = facets.team.filter(|_| rules.team).and_then(|team| self.teams.get(&team));
        let store = facets.store.filter(|_| rules.store).and_then(|store| self.stores.get(&store));
        let by_right = |right: Option<Right>| right.and_then(|right| self.rights.get(right.name()));
        let nobody = facets.team.is_none() && facets.assignee.is_none();
        let unassigned = by_right(rules.unassigned.filter(|_| nobody));
        for ways in [team, store, by_right(rules.right), unassigned].into_iter().flatten() {
            give(&mut self.people, ways, published, turn, false);
        }
    }

    fn follow<'a>(&mut self, changes: impl Iterator<Item = &'a AccessChange>) {
        for change in changes {
            let Some(place) = self.places.get(&change.person).copied() else { continue };
            let Some(online) = &mut self.people[place as usize] else { continue };
            let was = online.access.conversations.contains(&change.conversation);
            online.access.apply(change);
            match (was, change.member) {
                (false, true) => self.members.entry(change.conversation).or_default().push(place),
                (true, false) => forget(&mut self.members, &change.conversation, place),
                _ => {}
            }
        }
    }
}

fn forget<K: Hash + Eq>(ways: &mut HashMap<K, Vec<Place>>, key: &K, place: Place) {
    let Some(places) = ways.get_mut(key) else { return };
    if let Some(at) = places.iter().position(|known| *known == place) {
        places.swap_remove(at);
    }
    if places.is_empty() {
        ways.remove(key);
    }
}

fn give(
    people: &mut [Option<Online>],
    ways: &[Place],
    published: &Arc<EncodedEvent>,
    turn: u64,
    staff_only: bool,
) {
    for place in ways {
        let Some(online) = &mut people[*place as usize] else { continue };
        if online.stamp == turn || (staff_only && !online.access.is_staff) {
            continue;
        }
        online.stamp = turn;
        for connection in &online.connections {
            connection.mailbox.push(published, turn);
        }
    }
}
