//! Who reads what: the actor's reach, its test against one conversation, and the same as SQL. The three forms of the
//! rule (`Access::reads`, `outsider!`, the hub's index) are held together by tests.

use std::collections::HashSet;

use parlor_db::{params, statements};

pub use crate::audience::{AccessChange, Facets};
use crate::{
    error::Result,
    events::{Audience, Event},
    ids::{ConversationId, PersonId, StoreId, TeamId, TenantId},
    kinds::Kind,
    person::Actor,
    rights::{Right, Rights},
    tx::Tx,
};

/// What a person reaches at one moment.
#[derive(Clone, Debug)]
pub struct Access {
    /// The tenant.
    pub tenant: TenantId,
    /// The person whose reach it is.
    pub person: PersonId,
    /// A user or bot, not a contact.
    pub is_staff: bool,
    /// Where the person takes part now.
    pub conversations: HashSet<ConversationId>,
    /// The teams that it is in.
    pub teams: Vec<TeamId>,
    /// The stores that it works for.
    pub stores: Vec<StoreId>,
    /// What its roles allow.
    pub rights: Rights,
}

impl Access {
    /// Whether the person reads the conversation: as participant, or by what the kind's rules say of its facets.
    pub fn reads(&self, conversation: ConversationId, facets: &Facets) -> bool {
        self.conversations.contains(&conversation) || self.reads_as_outsider(facets)
    }

    /// Whether the person reads such a conversation without being a participant.
    pub fn reads_as_outsider(&self, facets: &Facets) -> bool {
        let rules = facets.kind.rules();
        self.is_staff
            && ((rules.team && facets.team.is_some_and(|team| self.teams.contains(&team)))
                || (rules.store && facets.store.is_some_and(|store| self.stores.contains(&store)))
                || rules.right.is_some_and(|right| self.rights.has(right))
                || (facets.team.is_none()
                    && facets.assignee.is_none()
                    && rules.unassigned.is_some_and(|right| self.rights.has(right))))
    }

    /// Whether the person sees a contact that has these conversations: by right, or because it reads one of them. The
    /// same as SQL is in contacts.rs.
    pub fn sees_contact(&self, places: &[(ConversationId, Facets)]) -> bool {
        self.is_staff
            && (SEE_CONTACTS.iter().any(|right| self.rights.has(*right))
                || places.iter().any(|(conversation, facets)| self.reads(*conversation, facets)))
    }

    /// Follows a change of participants.
    pub fn apply(&mut self, change: &AccessChange) {
        if change.person != self.person {
            return;
        }
        if change.member {
            self.conversations.insert(change.conversation);
        } else {
            self.conversations.remove(&change.conversation);
        }
    }
}

impl Access {
    /// Whether the person may see the event. Whoever is removed by it sees it as the last one.
    pub fn admits(&self, event: &Event) -> bool {
        if event.tenant != self.tenant {
            return false;
        }
        match &event.audience {
            Audience::Person(person) => *person == self.person,
            Audience::Staff => self.is_staff,
            Audience::Contact { places, .. } => self.sees_contact(places),
            Audience::Named | Audience::Nobody | Audience::Unreadable => false,
            Audience::Conversation { staff_only: true, .. } if !self.is_staff => false,
            Audience::Conversation { facets, .. } => {
                event.conversation.is_some_and(|conversation| self.reads(conversation, facets))
                    || event.access.iter().any(|change| change.person == self.person)
            }
        }
    }
}

impl Access {
    /// As [`Access::admits`], but an earlier removal admits nothing else: who was removed sees that one event.
    pub fn admits_on_replay(&self, event: &Event) -> bool {
        self.admits(event)
            && match &event.audience {
                Audience::Conversation { facets, .. } => {
                    event.conversation.is_some_and(|conversation| self.reads(conversation, facets))
                        || event.access.iter().any(|change| change.person == self.person && !change.member)
                }
                _ => true,
            }
    }
}

/// Who has one of these sees every contact: whoever manages them, and whoever reads every conversation.
pub(crate) const SEE_CONTACTS: [Right; 2] = [Right::Contacts, Right::ViewAll];

statements! {
    /// Where a person takes part.
    pub static MINE = both("
        SELECT conversation_id FROM participants
        WHERE tenant = $1 AND person_id = $2 AND left_at IS NULL");
}

/// The actor's reach now.
pub fn access(tx: &mut Tx, actor: &Actor) -> Result<Access> {
    let mine = tx.db.all(&MINE, params![actor.tenant, actor.id()], |row| row.get::<ConversationId>(0))?;
    Ok(Access {
        tenant: actor.tenant,
        person: actor.id(),
        is_staff: actor.is_staff(),
        conversations: mine.into_iter().collect(),
        teams: actor.teams.clone(),
        stores: actor.stores.clone(),
        rights: if actor.super_admin { Rights::all() } else { actor.rights },
    })
}

/// The outsider's part of the rule as SQL over a conversation `c`, for kinds that [`readable_kinds`] named.
/// Takes the numbers of four parameters: the actor's teams, stores, the names of kinds it reads by right, and of
/// those it reads while nobody is assigned.
macro_rules! outsider {
    ($teams:literal, $stores:literal, $by_right:literal, $unassigned:literal) => {
        concat!(
            "(c.kind = ANY(",
            $by_right,
            ") OR c.team_id = ANY(",
            $teams,
            ") OR c.store_id = ANY(",
            $stores,
            ") OR (c.team_id IS NULL AND c.assignee_id IS NULL AND c.kind = ANY(",
            $unassigned,
            ")))"
        )
    };
}
pub(crate) use outsider;

/// The kinds of which an actor may read conversations without taking part, by what.
#[derive(Clone, Debug, Default)]
pub struct ReadableKinds {
    /// All of them.
    pub all: Vec<String>,
    /// Those nobody is assigned to.
    pub unassigned: Vec<String>,
    /// Those of one's teams or stores.
    pub scoped: Vec<String>,
}

impl ReadableKinds {
    /// Every kind of the three lists once.
    pub fn kinds(&self) -> Vec<Kind> {
        crate::kinds::RULES
            .iter()
            .filter(|rules| {
                [&self.all, &self.unassigned, &self.scoped]
                    .iter()
                    .any(|list| list.iter().any(|name| name == rules.name))
            })
            .map(|rules| rules.kind)
            .collect()
    }
}

/// What the table of kinds lets this actor read without taking part.
pub fn readable_kinds(actor: &Actor) -> ReadableKinds {
    let mut found = ReadableKinds::default();
    if !actor.is_staff() {
        return found;
    }
    for rules in &crate::kinds::RULES {
        let name = || rules.name.to_owned();
        if rules.right.is_some_and(|right: Right| actor.has(right)) {
            found.all.push(name());
        } else {
            if rules.unassigned.is_some_and(|right| actor.has(right)) {
                found.unassigned.push(name());
            }
            if (rules.team && !actor.teams.is_empty()) || (rules.store && !actor.stores.is_empty()) {
                found.scoped.push(name());
            }
        }
    }
    found
}
