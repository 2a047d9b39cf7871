//! Loading and locking a conversation that the actor may read, and how it comes to read it. Owns the audit of views that
//! only an administrator may have.

use parlor_db::params;

use crate::{
    access::Access,
    audit,
    error::{Result, not_found},
    ids::{ConversationId, PersonId},
    kinds::Kind,
    person::Actor,
    rights::Right,
    settings,
    tx::Tx,
};

use super::{Conversation, Membership, Mine, store};

/// How the actor comes to see a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// As participant.
    Participant,
    /// By its team, store or right, or because everybody does.
    Outsider,
    /// As super administrator only.
    Override,
}

/// How the actor sees it, if at all. Asks nothing of the database.
pub(crate) fn visibility(
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
) -> Option<Visibility> {
    if me.is_some_and(Membership::is_active) {
        return Some(Visibility::Participant);
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
        return Some(Visibility::Outsider);
    }
    actor.has(Right::ViewAll).then_some(Visibility::Override)
}

/// Whether it counts as taking part: as participant, or because it is one of those that the conversation is for.
pub(crate) fn takes_part(
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Option<Visibility>,
) -> bool {
    me.is_some_and(Membership::is_active)
        || (conversation.rules().everyone && visibility == Some(Visibility::Outsider))
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
    match visibility(actor, &conversation, me.as_ref()) {
        None => Err(not_found("conversation")),
        Some(Visibility::Override) => {
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
    if conversation.kind == Kind::Direct && !settings::load(tx, actor.tenant)?.super_admins_read_direct {
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
    Ok(found.is_some_and(|(conversation, me)| {
        visibility(actor, &conversation, me.as_ref()) == Some(Visibility::Override)
    }))
}

/// Whether the actor reads the conversation, not counting what only a super administrator may look at.
pub fn is_reader(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<bool> {
    let found = store::load(tx, actor, id)?;
    Ok(found.is_some_and(|(conversation, me)| {
        matches!(
            visibility(actor, &conversation, me.as_ref()),
            Some(Visibility::Participant | Visibility::Outsider)
        )
    }))
}

/// Loads and locks a conversation that the actor may read: the first statement of every operation that changes it.
pub(crate) fn lock(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
) -> Result<(Conversation, Option<Membership>, Visibility)> {
    let (conversation, me) = store::lock(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let visibility = visibility(actor, &conversation, me.as_ref()).ok_or(not_found("conversation"))?;
    Ok((conversation, me, visibility))
}

/// The direct conversation of the actor and another user, if there is one.
pub fn direct_with(tx: &mut Tx, actor: &Actor, other: PersonId) -> Result<Option<ConversationId>> {
    let pair = store::pair(actor.id(), other);
    Ok(tx.db.opt(&store::BY_PAIR, params![actor.tenant, pair.as_str()], |row| row.get(0))?)
}
