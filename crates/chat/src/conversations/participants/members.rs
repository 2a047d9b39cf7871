//! Taking part in a conversation: adding, removing, leaving, joining again, roles. Owns who may do that, and telling it.

use parlor_db::params;

use crate::{
    access::AccessChange,
    conversations::{self, Conversation, Me, Membership, Role, Visibility},
    error::{Error, Result, forbidden, invalid, not_found},
    events::{Payload, payloads},
    ids::{ConversationId, PersonId},
    kinds::Poster,
    matrix,
    messages::{self, NamedThen, SystemMessage},
    page::{Page, limit},
    person::{Actor, Person, PersonKind},
    tx::Tx,
    users,
    viewer::Viewer,
    visible,
};

use super::{
    Participant,
    store::{self, count, find, first, insert},
};

const MOST_AT_ONCE: usize = 1_000;

/// A page of those who take part.
pub fn list(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    after: Option<PersonId>,
    asked: Option<i64>,
) -> Result<Page<Participant>> {
    conversations::require_readable(tx, actor, id, "participant.list")?;
    let limit = limit(asked);
    let after = after.unwrap_or(PersonId(uuid::Uuid::nil()));
    let most = i64::try_from(limit + 1).unwrap_or(200);
    let asked = params![actor.tenant, id, after, most, Viewer::of(actor).is_staff()];
    let rows = tx.db.all(&store::PAGE, asked, |row| store::from_row(row).map(|(_, found)| found))?;
    Ok(Page::cut(rows, limit, |participant| participant.person.id.to_string()))
}

/// Adds users to a conversation, or lets them come back. Those who already take part are passed over.
pub fn add(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    ids: &[PersonId],
    role: Role,
) -> Result<Vec<Participant>> {
    let (conversation, me, visibility) = conversations::lock(tx, actor, id)?;
    conversations::check_invite(actor, &conversation, me.as_ref(), visibility)?;
    if ids.is_empty() || ids.len() > MOST_AT_ONCE {
        return Err(invalid("user_ids", "count", "name 1 to 1,000 users"));
    }
    let manages = me.as_ref().is_some_and(|me| me.is_active() && me.role.manages());
    if role.manages() && !manages {
        return Err(forbidden("participant.add", "not_manager", "only its owners and admins make others so")
            .about("conversation", id));
    }
    let people = users::require_all(tx, actor.tenant, ids, "user_ids")?;
    check_matrix(tx, actor, &people, "participant.add")?;
    let wanted: Vec<[u8; 16]> = people.iter().map(|person| person.id.0.into_bytes()).collect();
    let present =
        tx.db.all(&store::AMONG, params![actor.tenant, id, &wanted[..]], |row| row.get::<PersonId>(0))?;
    let new: Vec<Person> = people.into_iter().filter(|person| !present.contains(&person.id)).collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    add_members(tx, actor, &conversation, &new, role, |people| SystemMessage::ParticipantsAdded { people })
}

/// Refuses when the matrix does not let the actor write to one of them.
pub(crate) fn check_matrix(
    tx: &mut Tx,
    actor: &Actor,
    people: &[Person],
    action: &'static str,
) -> Result<()> {
    if actor.person.kind == PersonKind::System {
        return Ok(());
    }
    for person in people.iter().filter(|person| person.id != actor.id()) {
        if !matrix::may_write(tx, actor.tenant, actor.id(), person.id)? {
            return Err(matrix::refusal(action, &person.name).about("user", person.id));
        }
    }
    Ok(())
}

/// Lets people in, with the event that opens the conversation to them and the line that tells the others.
pub(crate) fn add_members(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    people: &[Person],
    role: Role,
    line: fn(Vec<NamedThen<PersonId>>) -> SystemMessage,
) -> Result<Vec<Participant>> {
    let mut entered = Vec::new();
    let mut access = Vec::new();
    for person in people {
        insert(tx, actor, conversation, person, role)?;
        entered.extend(find(tx, actor, conversation.id, person.id)?);
        access.push(AccessChange { conversation: conversation.id, person: person.id, member: true });
    }
    let members = count(tx, actor, conversation)?;
    let told = payloads::ParticipantAdded { participants: entered.clone(), members_count: members };
    visible::tell(tx, actor, conversation, &access, &Payload::ParticipantAdded(told))?;
    let names = people.iter().map(NamedThen::of).collect();
    messages::append_system(tx, actor, conversation.id, &line(names))?;
    Ok(entered)
}

/// Removes somebody, or leaves. The last owner of a conversation hands it on before leaving it to others.
pub fn remove(tx: &mut Tx, actor: &Actor, id: ConversationId, person: PersonId) -> Result<()> {
    let (conversation, me, visibility) = conversations::lock(tx, actor, id)?;
    let leaving = person == actor.id();
    let refuse = |rule, reason: &str| forbidden("participant.remove", rule, reason).about("conversation", id);
    if !conversation.rules().membership || actor.is_contact() {
        return Err(refuse("fixed", "nobody joins or leaves this kind of conversation"));
    }
    let active = me.as_ref().filter(|me| me.is_active());
    if !leaving && !may_remove(&conversation, active, visibility) {
        return Err(refuse("not_manager", "only its owners and admins remove others"));
    }
    let Some(gone) = find(tx, actor, id, person)?.filter(|found| found.left_at.is_none()) else {
        return Err(not_found("participant"));
    };
    if gone.person.kind == PersonKind::Contact {
        return Err(refuse("contact", "the contact of a conversation cannot be removed"));
    }
    if !leaving && gone.role == Role::Owner && active.is_none_or(|me| me.role != Role::Owner) {
        return Err(refuse("owner", "an owner can be removed by another owner only"));
    }
    remove_member(tx, actor, &conversation, &gone, leaving)
}

fn may_remove(conversation: &Conversation, active: Option<&Membership>, visibility: Visibility) -> bool {
    match conversation.rules().poster {
        Poster::Readers => active.is_some() || visibility == Visibility::Outsider,
        _ => active.is_some_and(|me| me.role.manages()),
    }
}

fn remove_member(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    gone: &Participant,
    leaving: bool,
) -> Result<()> {
    let id = conversation.id;
    let people = vec![NamedThen::of(&gone.person)];
    let line = match leaving {
        true => SystemMessage::ParticipantLeft { people },
        false => SystemMessage::ParticipantRemoved { people },
    };
    messages::append_system(tx, actor, id, &line)?;
    tx.db.execute(&store::LEAVE, params![actor.tenant, id, gone.person.id, tx.now])?;
    transfer_ownership(tx, actor, id, gone)?;
    let members = count(tx, actor, conversation)?;
    let mut gone = gone.clone();
    gone.left_at = Some(tx.now);
    let access = [AccessChange { conversation: id, person: gone.person.id, member: false }];
    let told = payloads::ParticipantRemoved { participants: vec![gone], members_count: members };
    visible::tell(tx, actor, conversation, &access, &Payload::ParticipantRemoved(told))
}

/// When the last owner goes, whoever has been there longest becomes owner, so that somebody can manage it.
fn transfer_ownership(tx: &mut Tx, actor: &Actor, id: ConversationId, gone: &Participant) -> Result<()> {
    if gone.role != Role::Owner {
        return Ok(());
    }
    let owners: i64 = tx.db.one(&store::OWNERS, params![actor.tenant, id], |row| row.get(0))?;
    if owners > 0 {
        return Ok(());
    }
    let next = first(tx, actor.tenant, Viewer::Staff, id, 0, 50)?;
    let next = next.iter().find(|found| found.role == Role::Admin).or(next.first());
    if let Some(next) = next.filter(|next| next.person.kind != PersonKind::Contact) {
        tx.db.execute(&store::SET_ROLE, params![actor.tenant, id, next.person.id, Role::Owner.name()])?;
    }
    Ok(())
}

/// Becomes a participant: of a public channel, or of a support conversation or ticket that one reads.
pub fn join(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Me> {
    let (conversation, me) = conversations::store::lock(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let visibility = conversations::visibility(actor, &conversation, me.as_ref());
    if me.as_ref().is_some_and(Membership::is_active) {
        return conversations::me_view(tx, actor, id);
    }
    let refused = conversations::check_join(
        actor,
        &conversation,
        me.as_ref(),
        visibility.unwrap_or(Visibility::Override),
    );
    if let Err(refusal) = refused {
        return Err(if visibility.is_none() { not_found("conversation") } else { refusal });
    }
    let person = actor.person.clone();
    add_members(tx, actor, &conversation, &[person], Role::Member, |people| {
        SystemMessage::ParticipantJoined { people }
    })?;
    conversations::me_view(tx, actor, id)
}

/// Gives a participant another role. For owners, and admins up to their own.
pub fn set_role(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    person: PersonId,
    role: Role,
) -> Result<Participant> {
    let (conversation, me, _) = conversations::lock(tx, actor, id)?;
    let mine = me.filter(Membership::is_active).map(|me| me.role);
    let stored = find(tx, actor, id, person)?
        .filter(|found| found.left_at.is_none())
        .ok_or(not_found("participant"))?;
    let touches_owner = role == Role::Owner || stored.role == Role::Owner;
    let may = mine == Some(Role::Owner) || (mine == Some(Role::Admin) && !touches_owner);
    if !may || !conversation.rules().membership || stored.person.kind == PersonKind::Contact {
        return Err(forbidden("participant.role", "not_manager", "only its owners and admins give roles")
            .about("conversation", id));
    }
    let owners: i64 = tx.db.one(&store::OWNERS, params![actor.tenant, id], |row| row.get(0))?;
    if stored.role == Role::Owner && role != Role::Owner && owners <= 1 {
        return Err(Error::Conflict {
            rule: "last_owner",
            detail: "a conversation keeps an owner; make somebody else owner first".to_owned(),
        });
    }
    tx.db.execute(&store::SET_ROLE, params![actor.tenant, id, person, role.name()])?;
    let changed = find(tx, actor, id, person)?.ok_or(not_found("participant"))?;
    let told = payloads::ParticipantUpdated { participants: vec![changed.clone()] };
    visible::tell(tx, actor, &conversation, &[], &Payload::ParticipantUpdated(told))?;
    Ok(changed)
}
