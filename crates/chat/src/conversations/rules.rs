//! Who may do what in a conversation: the table of `kinds.rs` applied to one conversation and one actor.
//! The same functions answer what a client may offer (`Can`) and refuse what it should not have tried.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::{
    error::{Error, Result, forbidden},
    ids::{ConversationId, PersonId},
    kinds::Poster,
    matrix,
    person::{Actor, PersonKind},
    rights::Right,
    tx::Tx,
    words::Status,
};

use super::{Can, Conversation, Membership, Role, Visibility};

/// What the rules alone allow; the role matrix is asked by [`check_post`], and by [`closed_pairs`] for all that is shown.
pub(super) fn can(
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Visibility,
) -> Can {
    let rules = conversation.rules();
    let active = me.filter(|me| me.is_active());
    let refusal = refusal(actor, conversation, me, visibility).err();
    let manages = check_manage(actor, conversation, me, visibility).is_ok();
    let everyone_leaves = rules.membership && active.is_some() && !actor.is_contact();
    Can {
        post: refusal.is_none(),
        note: check_note(actor, conversation).is_ok() && visibility != Visibility::Override,
        manage: manages,
        invite: check_invite(actor, conversation, me, visibility).is_ok(),
        close: manages && rules.statuses.len() > 1,
        leave: everyone_leaves,
        join: check_join(actor, conversation, me, visibility).is_ok(),
        why_not_post: refusal.map(Cow::Borrowed),
    }
}

/// Refuses an actor who may not send here. Private notes have rules of their own.
pub(crate) fn check_post(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Visibility,
) -> Result<()> {
    if actor.person.kind == PersonKind::System {
        return Ok(());
    }
    let refuse =
        |rule| Error::about(forbidden("message.send", rule, explain(rule)), "conversation", conversation.id);
    refusal(actor, conversation, me, visibility).map_err(refuse)?;
    if conversation.rules().poster == Poster::PairByMatrix {
        let other = crate::participants::other(tx, actor, conversation.id)?;
        if !other.active {
            return Err(refuse("inactive"));
        }
        if !matrix::may_write(tx, actor.tenant, actor.id(), other.person.id)? {
            return Err(
                matrix::refusal("message.send", &other.person.name).about("conversation", conversation.id)
            );
        }
    }
    Ok(())
}

/// Refuses an actor who may not react to what was said here, or pin it: where nobody writes any more, to who only observes,
/// and between two of whom one may not write to the other. Where replies are switched off people react all the same.
pub(crate) fn check_react(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Visibility,
) -> Result<()> {
    if conversation.rules().poster == Poster::PairByMatrix {
        return check_post(tx, actor, conversation, me, visibility);
    }
    match refusal(actor, conversation, me, visibility) {
        Err(rule @ ("closed" | "archived" | "observer")) => {
            Err(forbidden("message.react", rule, explain(rule)).about("conversation", conversation.id))
        }
        _ => Ok(()),
    }
}

/// In which of these direct conversations the actor may not post although it takes part, and why: [`check_post`] would
/// refuse it there.
pub(super) fn closed_pairs(
    tx: &mut Tx,
    actor: &Actor,
    ids: &[[u8; 16]],
) -> Result<HashMap<ConversationId, &'static str>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let others = crate::participants::others(tx, actor, ids)?;
    let people: Vec<PersonId> = others.iter().map(|(_, person, _)| *person).collect();
    let open = matrix::writable(tx, actor.tenant, actor.id(), &people)?;
    let refused = |(id, person, active): (ConversationId, PersonId, bool)| match active {
        false => Some((id, "inactive")),
        true => (!open.contains(&person)).then_some((id, "matrix")),
    };
    Ok(others.into_iter().filter_map(refused).collect())
}

/// Refuses private notes where there are none, and to contacts.
pub(crate) fn check_note(actor: &Actor, conversation: &Conversation) -> Result<()> {
    if conversation.rules().notes && actor.is_staff() {
        return Ok(());
    }
    Err(forbidden("message.note", "note", explain("note")).about("conversation", conversation.id))
}

/// Why the actor may not post, as a stable word.
fn refusal(
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Visibility,
) -> Result<(), &'static str> {
    let rules = conversation.rules();
    let active = me.filter(|me| me.is_active());
    if rules.closed.contains(&conversation.status) {
        return Err(if conversation.status == Status::Archived { "archived" } else { "closed" });
    }
    if active.is_some_and(|me| me.role == Role::Observer) {
        return Err("observer");
    }
    let outsider_posts =
        visibility == Visibility::Outsider && !(actor.super_admin && rules.right == Some(Right::SupportAll));
    match rules.poster {
        Poster::PairByMatrix | Poster::Members if active.is_none() => Err("not_participant"),
        Poster::Readers if active.is_none() && !outsider_posts => Err("not_participant"),
        Poster::CreatorUnlessReplies if conversation.created_by == Some(actor.id()) => Ok(()),
        Poster::CreatorUnlessReplies if !conversation.replies_enabled => Err("replies_disabled"),
        Poster::CreatorUnlessReplies if active.is_none() && visibility != Visibility::Outsider => {
            Err("not_participant")
        }
        _ => Ok(()),
    }
}

fn explain(rule: &str) -> &'static str {
    match rule {
        "closed" => "the conversation is closed; open it again to write in it",
        "archived" => "the channel is archived; nobody writes in it any more",
        "observer" => "you only observe this conversation",
        "replies_disabled" => "replies are switched off in this conversation",
        "inactive" => "this account is no longer active",
        "note" => "there are no private notes in this conversation",
        _ => "only participants write here; join the conversation first",
    }
}

/// Refuses an actor who may not change the conversation itself.
pub(super) fn check_manage(
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Visibility,
) -> Result<()> {
    let rules = conversation.rules();
    let active = me.filter(|me| me.is_active());
    let may = actor.is_staff()
        && if rules.workflow || rules.statuses.contains(&Status::Closed) {
            active.is_some_and(|me| me.role != Role::Observer) || visibility == Visibility::Outsider
        } else {
            active.is_some_and(|me| me.role.manages()) && rules.titled != crate::kinds::Titled::No
        };
    if may || actor.person.kind == PersonKind::System {
        return Ok(());
    }
    Err(forbidden(
        "conversation.update",
        "not_manager",
        "only its owners and admins may change this conversation",
    )
    .about("conversation", conversation.id))
}

/// Refuses an actor who may not add participants.
pub(crate) fn check_invite(
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Visibility,
) -> Result<()> {
    let rules = conversation.rules();
    let active = me.filter(|me| me.is_active());
    let may = actor.is_staff()
        && rules.membership
        && match rules.poster {
            Poster::CreatorUnlessReplies => active.is_some_and(|me| me.role.manages()),
            Poster::Readers => active.is_some() || visibility == Visibility::Outsider,
            _ => active.is_some_and(|me| me.role != Role::Observer),
        };
    if may || actor.person.kind == PersonKind::System {
        return Ok(());
    }
    Err(forbidden("participant.add", "not_manager", "you may not add people to this conversation")
        .about("conversation", conversation.id))
}

/// Refuses an actor who may not become a participant by itself: public channels can be joined, and support
/// conversations and tickets by those who read them.
pub(crate) fn check_join(
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    visibility: Visibility,
) -> Result<()> {
    let rules = conversation.rules();
    let public = rules.statuses.contains(&Status::Archived) && !conversation.is_private;
    let workflow = rules.workflow && visibility == Visibility::Outsider;
    let closed = rules.closed.contains(&conversation.status);
    if actor.is_staff() && !me.is_some_and(Membership::is_active) && (public || workflow) && !closed {
        return Ok(());
    }
    Err(forbidden(
        "participant.join",
        "not_open",
        "this conversation cannot be joined; ask one of its members",
    )
    .about("conversation", conversation.id))
}
