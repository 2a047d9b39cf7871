//! Conversations: one noun for all ten kinds, told apart by the table in `kinds.rs`. Owns their rows, who may do what
//! in them (`rules.rs`), opening (`open.rs`), lists (`list.rs`), changes (`update.rs`) and how clients see them (`view.rs`).

mod list;
mod open;
mod rules;
pub(crate) mod store;
mod update;
mod view;

pub use list::{ListFilter, list, searchable, totals};
pub(crate) use open::import;
pub use open::{NewConversation, Opened, open};
pub use rules::Can;
pub use store::statements;
pub use update::{ConversationChange, awakening, escalate_links, update, wake};
pub use view::{LastMessage, Me, View};

pub use list::Totals;
pub(crate) use list::{announce_me, me_view};
pub(crate) use rules::{check_invite, check_join, check_note, check_post};

use parlor_db::params;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    access::{Access, Facets},
    audit,
    error::{Result, invalid, not_found},
    events::Audience,
    ids::{ConversationId, PersonId, StoreId, TeamId},
    kinds::{Kind, Rules},
    person::Actor,
    rights::Right,
    settings,
    time::Time,
    tx::Tx,
    visible::Viewer,
};

/// A conversation's row.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table; migrations/0001_core.sql explains them")]
pub struct Conversation {
    pub id: ConversationId,
    pub kind: Kind,
    pub status: String,
    pub title: Option<String>,
    pub slug: Option<String>,
    pub description: Option<String>,
    pub subject: Option<String>,
    pub is_private: bool,
    pub replies_enabled: bool,
    pub created_by: Option<PersonId>,
    pub contact_id: Option<PersonId>,
    pub store_id: Option<StoreId>,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<PersonId>,
    pub priority: Option<String>,
    pub labels: Vec<String>,
    pub ticket_prefix: Option<String>,
    pub ticket_number: Option<i64>,
    pub source: Option<String>,
    pub platform: Option<String>,
    pub linked_conversation_id: Option<ConversationId>,
    pub related: Option<Related>,
    pub metadata: Value,
    pub snoozed_until: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_activity_at: Time,
    pub last_seq: i64,
    pub last_public_seq: i64,
    pub last_deleted_seq: i64,
    pub staff_count: i64,
    pub public_count: i64,
    pub team_read_seq: i64,
    pub team_read_count: i64,
    pub members: i64,
    pub pins: i64,
    pub purged_seq: i64,
}

/// A person's row in a conversation. With `left_at` it only remembers: read state, not membership.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of the table; unread.rs explains the counters")]
pub struct Membership {
    pub role: Role,
    pub left_at: Option<Time>,
    pub read_seq: i64,
    pub read_count: i64,
    pub delivered_seq: i64,
    pub own_count: i64,
    pub own_seq: i64,
    pub own_read: i64,
    pub muted: bool,
    pub notify: String,
    pub acknowledged_at: Option<Time>,
}

impl Membership {
    /// Whether the person takes part now.
    pub fn is_active(&self) -> bool {
        self.left_at.is_none()
    }
}

/// What a participant is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ParticipantRole)]
pub enum Role {
    /// Opened it, or was made so: may do everything in it.
    Owner,
    /// May manage it.
    Admin,
    /// Reads and posts.
    Member,
    /// Reads.
    Observer,
}

impl Role {
    /// Stored and public name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Member => "member",
            Role::Observer => "observer",
        }
    }

    /// Owners and admins.
    pub fn manages(self) -> bool {
        matches!(self, Role::Owner | Role::Admin)
    }
}

/// A record of the host application that a conversation or message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// What it is: "order", "product" …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id there.
    pub id: String,
    /// Shown on the card.
    pub title: String,
    /// Where it is found.
    pub url: Option<String>,
    /// Shown on the card.
    pub picture_url: Option<String>,
}

impl Related {
    /// Refuses what is too long, and addresses that are none.
    pub fn check(&self) -> Result<()> {
        let long = |text: &str, most: usize| text.is_empty() || text.chars().count() > most;
        if long(&self.kind, 60) || long(&self.id, 200) || long(&self.title, 300) {
            return Err(invalid(
                "related",
                "length",
                "type, id and title need 1 to 60, 200 and 300 characters",
            ));
        }
        crate::users::checked_url("related", self.url.as_deref())?;
        crate::users::checked_url("related", self.picture_url.as_deref())
    }
}

impl Conversation {
    /// The kind's rules.
    pub fn rules(&self) -> &'static Rules {
        self.kind.rules()
    }

    /// What decides who reads it, beside its participants.
    pub fn facets(&self) -> Facets {
        Facets { kind: self.kind, team: self.team_id, store: self.store_id, assignee: self.assignee_id }
    }

    /// Everybody who reads it.
    pub fn readers(&self) -> Audience {
        Audience::Conversation { facets: self.facets(), staff_only: false }
    }

    /// Everybody who reads a message of it.
    pub(crate) fn readers_of(&self, is_private: bool) -> Audience {
        if Viewer::of_readers(is_private).is_staff() { self.staff_readers() } else { self.readers() }
    }

    /// The newest place that they see.
    pub(crate) fn newest(&self, viewer: Viewer) -> i64 {
        if viewer.is_staff() { self.last_seq } else { self.last_public_seq }
    }

    /// Everybody who reads it, but contacts.
    pub fn staff_readers(&self) -> Audience {
        Audience::Conversation { facets: self.facets(), staff_only: true }
    }
}

/// A conversation and the actor's own row in it.
pub type Mine = (Conversation, Option<Membership>);

/// How the actor comes to see a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// As participant.
    Participant,
    /// By its team, store or right, or because everybody does.
    Outsider,
    /// As super administrator only.
    Override,
}

/// How the actor sees it, if at all. Asks nothing of the database.
pub(crate) fn sight(actor: &Actor, conversation: &Conversation, me: Option<&Membership>) -> Option<Sight> {
    if me.is_some_and(Membership::is_active) {
        return Some(Sight::Participant);
    }
    let reach = Access {
        tenant: actor.tenant,
        person: actor.id(),
        is_staff: actor.is_staff(),
        conversations: std::collections::HashSet::new(),
        teams: actor.teams.clone(),
        stores: actor.stores.clone(),
        rights: actor.rights,
    };
    if reach.reads_as_outsider(&conversation.facets()) {
        return Some(Sight::Outsider);
    }
    actor.has(Right::ViewAll).then_some(Sight::Override)
}

/// Loads a conversation that the actor may read, without locking it. A view that only a super administrator may have
/// leaves an audit row, so the transaction must be a writing one for those: see [`needs_audit`].
pub(crate) fn require_readable(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    action: &'static str,
) -> Result<Mine> {
    let (conversation, me) = store::load(tx, actor, id)?.ok_or(not_found("conversation"))?;
    match sight(actor, &conversation, me.as_ref()) {
        None => Err(not_found("conversation")),
        Some(Sight::Override) => {
            view_as_admin(tx, actor, &conversation, action)?;
            Ok((conversation, me))
        }
        Some(_) => Ok((conversation, me)),
    }
}

fn view_as_admin(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    action: &'static str,
) -> Result<()> {
    if conversation.kind == Kind::Direct && settings::load(tx, actor.tenant)?.super_admins_read_direct == 0 {
        return Err(not_found("conversation"));
    }
    let id = conversation.id.to_string();
    let details = serde_json::json!({ "by": action, "kind": conversation.kind });
    audit::record(tx, actor, "conversation.view_as_admin", Some(("conversation", &id)), &details)
}

/// Whether reading this conversation writes an audit row, so that the caller takes a writing transaction.
pub fn needs_audit(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<bool> {
    if !actor.has(Right::ViewAll) {
        return Ok(false);
    }
    let found = store::load(tx, actor, id)?;
    Ok(found
        .is_some_and(|(conversation, me)| sight(actor, &conversation, me.as_ref()) == Some(Sight::Override)))
}

/// Whether the actor reads the conversation, not counting what only a super administrator may look at.
pub fn is_reader(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<bool> {
    let found = store::load(tx, actor, id)?;
    Ok(found.is_some_and(|(conversation, me)| {
        matches!(sight(actor, &conversation, me.as_ref()), Some(Sight::Participant | Sight::Outsider))
    }))
}

/// Loads and locks a conversation that the actor may read: the first statement of every operation that changes it.
pub(crate) fn lock(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
) -> Result<(Conversation, Option<Membership>, Sight)> {
    let (conversation, me) = store::lock(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let sight = sight(actor, &conversation, me.as_ref()).ok_or(not_found("conversation"))?;
    Ok((conversation, me, sight))
}

/// Who is told that the actor types here: whoever would read the message, or the private note. Nobody when the actor
/// may not write it. No view of an administrator: who only looks on does not type.
pub fn typing_audience(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    is_private_note: bool,
) -> Result<Option<Audience>> {
    let (conversation, me) = store::load(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let sight = match sight(actor, &conversation, me.as_ref()) {
        None | Some(Sight::Override) => return Err(not_found("conversation")),
        Some(sight) => sight,
    };
    let allowed = match is_private_note {
        true => check_note(actor, &conversation),
        false => check_post(tx, actor, &conversation, me.as_ref(), sight),
    };
    match allowed {
        Ok(()) if is_private_note => Ok(Some(conversation.staff_readers())),
        Ok(()) => Ok(Some(conversation.readers())),
        Err(crate::Error::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Which staff is told that the actor looks at a conversation.
pub fn viewing_audience(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Option<Audience>> {
    let Some((conversation, me)) = store::load(tx, actor, id)? else { return Ok(None) };
    let seen = sight(actor, &conversation, me.as_ref());
    Ok(seen.filter(|sight| *sight != Sight::Override).map(|_| conversation.staff_readers()))
}

/// The direct conversation of the actor and another user, if there is one.
pub fn direct_with(tx: &mut Tx, actor: &Actor, other: PersonId) -> Result<Option<ConversationId>> {
    let pair = store::pair(actor.id(), other);
    Ok(tx.db.opt(&store::BY_PAIR, params![actor.tenant, pair.as_str()], |row| row.get(0))?)
}

/// One conversation with its participants and the actor's own part.
pub fn get(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<View> {
    let (conversation, me) = require_readable(tx, actor, id, "conversation.get")?;
    view::one(tx, actor, conversation, me)
}
