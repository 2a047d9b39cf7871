//! Owns: whose reach an event about users, roles or teams changes, so that they come back with fresh rights.
//! Must not know: queues or order.

use parlor_chat::access::Access;
use parlor_chat::contacts::Contact;
use parlor_chat::events::payloads::RoleUpdated;
use parlor_chat::events::{Event, EventKind, Payload};
use parlor_chat::stores::Store;
use parlor_chat::teams::Team;
use parlor_chat::users::User;
use parlor_chat::{Rights, RoleId};

use crate::audience_index::AudienceIndex;
use crate::close::Close;

/// Ends the connections of those whose reach the event changes.
pub(super) fn close(index: &AudienceIndex, event: &Event) {
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
    User(User),
    Contact(Contact),
    Role(RoleId),
    Team(Team),
    Store(Store),
    /// It cannot be read: it may be about anybody.
    Unknown,
}

impl Change {
    fn verdict(&self, access: &Access, roles: &[RoleId]) -> Option<Close> {
        let me = &access.person;
        let changed = match self {
            Self::User(user) if user.id == *me => return user_verdict(user, access, roles),
            Self::User(_) => false,
            Self::Contact(contact) => contact.id == *me && contact.blocked,
            Self::Role(role) => roles.contains(role),
            Self::Team(team) => access.teams.contains(&team.id) != team.members.contains(me),
            Self::Store(store) => access.stores.contains(&store.id) != store.users.contains(me),
            Self::Unknown => true,
        };
        changed.then_some(Close::Resync)
    }
}

/// `None` for events that change nobody's reach.
fn parse(event: &Event) -> Option<Change> {
    if !changes_reach(event.kind) {
        return None;
    }
    Some(match event.payload() {
        Ok(Payload::UserUpdated(told)) => Change::User(told.user),
        Ok(Payload::ContactUpdated(told)) => Change::Contact(told.contact),
        Ok(Payload::RoleUpdated(RoleUpdated::Changed { role })) => Change::Role(role.id),
        Ok(Payload::RoleUpdated(RoleUpdated::Deleted { role_id, .. })) => Change::Role(role_id),
        Ok(Payload::TeamUpdated(told)) => Change::Team(told.team),
        Ok(Payload::StoreUpdated(told)) => Change::Store(told.store),
        Ok(_) | Err(_) => Change::Unknown,
    })
}

/// Whether an event of this kind may change who reads what. Who comes and goes in a conversation is in `Event::access`;
/// lost credentials and events that nobody can read are the business of the room.
fn changes_reach(kind: EventKind) -> bool {
    match kind {
        EventKind::UserUpdated
        | EventKind::TeamUpdated
        | EventKind::RoleUpdated
        | EventKind::StoreUpdated
        | EventKind::ContactUpdated => true,
        EventKind::MessagePosted
        | EventKind::MessageEdited
        | EventKind::MessageDeleted
        | EventKind::MessageReacted
        | EventKind::MessagePinned
        | EventKind::ConversationOpened
        | EventKind::ConversationUpdated
        | EventKind::ParticipantAdded
        | EventKind::ParticipantRemoved
        | EventKind::ParticipantUpdated
        | EventKind::Read
        | EventKind::Delivered
        | EventKind::Acknowledged
        | EventKind::MeConversation
        | EventKind::DraftSaved
        | EventKind::StatusUpdated
        | EventKind::MeUpdated
        | EventKind::SettingsUpdated
        | EventKind::HistoryImported
        | EventKind::HistoryPurged
        | EventKind::NotificationCreated
        | EventKind::NotificationUpdated
        | EventKind::CredentialEnded
        | EventKind::ChannelPublished
        | EventKind::TopicPublished
        | EventKind::Presence
        | EventKind::Typing
        | EventKind::Viewing
        | EventKind::ChannelEvent
        | EventKind::Unknown => false,
    }
}

fn user_verdict(user: &User, access: &Access, roles: &[RoleId]) -> Option<Close> {
    if !user.active {
        return Some(Close::Unauthorized);
    }
    let same = same_set(&user.roles, roles)
        && same_set(&user.teams, &access.teams)
        && same_set(&user.stores, &access.stores)
        && (!user.super_admin || access.rights == Rights::all());
    (!same).then_some(Close::Resync)
}

fn same_set<T: PartialEq>(left: &[T], right: &[T]) -> bool {
    left.len() == right.len() && left.iter().all(|item| right.contains(item))
}
