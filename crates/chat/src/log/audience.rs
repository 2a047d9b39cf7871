//! Who may see an event. Owns the kinds of audience, and what of a conversation decides who reads it. Must not know: who
//! that is at some moment (`access.rs`).

use std::sync::Arc;

use parlor_db::row;

use crate::{
    ids::{ConversationId, PersonId, StoreId, TeamId},
    kinds::Kind,
};

/// What of a conversation decides who reads it, beside its participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facets {
    /// Its kind.
    pub kind: Kind,
    /// The assigned team.
    pub team: Option<TeamId>,
    /// Its store.
    pub store: Option<StoreId>,
    /// The assigned person.
    pub assignee: Option<PersonId>,
}

row! {
    /// The columns of it, of a conversation `c`.
    impl Facets, facet_columns! {
        kind: "c.kind",
        team: "c.team_id",
        store: "c.store_id",
        assignee: "c.assignee_id",
    }
}
pub(crate) use facet_columns;

/// Somebody became, or ceased to be, a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccessChange {
    /// The conversation that the person came into, or left.
    pub conversation: ConversationId,
    /// The person who lost or gained access.
    pub person: PersonId,
    /// Whether the person takes part from now on.
    pub member: bool,
}

/// Who may see an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One person, on all of its devices.
    Person(PersonId),
    /// Every user of the tenant.
    Staff,
    /// Whoever reads the conversation; with `staff_only`, no contact.
    Conversation {
        /// What decides who reads it, as it is now.
        facets: Facets,
        /// Contacts do not get it.
        staff_only: bool,
    },
    /// The staff who see a contact.
    Contact {
        /// The contact.
        id: PersonId,
        /// Its conversations: who reads one of them sees it.
        places: Arc<[(ConversationId, Facets)]>,
    },
    /// Whoever listens to the names of its publication.
    Named,
    /// Nobody: the server itself acts on it.
    Nobody,
    /// Nobody: what is stored of it cannot be read. A replay that meets it fails; whoever is online begins anew.
    Unreadable,
}

pub(crate) const TO_PERSON: i64 = 0;
pub(crate) const TO_STAFF: i64 = 1;
pub(crate) const TO_READERS: i64 = 2;
pub(crate) const TO_STAFF_READERS: i64 = 3;
pub(crate) const TO_NAMED: i64 = 4;
pub(crate) const TO_CONTACT: i64 = 5;
pub(crate) const TO_NOBODY: i64 = 6;
