//! Participants: who takes part in a conversation, in which role. Owns adding, removing, leaving, joining again, and
//! one's own preferences in a conversation. Read positions are moved by reads.rs.

use std::collections::HashMap;

use parlor_db::{Error as DbError, Row, params, statements};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    access::AccessChange,
    conversations::{self, Conversation, Me, Membership, Role, Sight},
    error::{Error, Result, forbidden, invalid, not_found},
    ids::{ConversationId, PersonId, TenantId},
    kinds::Poster,
    messages,
    page::{Page, limit},
    person::{Actor, Person, PersonKind},
    roles,
    time::Time,
    tx::Tx,
    users,
    visible::{self, Viewer, seen_place},
};

/// Somebody in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "docs/protocols/native.md describes the shape")]
pub struct Participant {
    pub person: Person,
    pub role: Role,
    pub joined_at: Time,
    pub left_at: Option<Time>,
    pub last_read_seq: i64,
    pub last_read_at: Option<Time>,
    pub last_delivered_seq: i64,
}

/// The other one of a direct conversation.
pub(crate) struct Other {
    pub person: Person,
    pub active: bool,
}

/// One's own preferences in a conversation.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// Stay silent here; it still counts.
    pub muted: Option<bool>,
    /// "all", "mentions" or "none".
    pub notify: Option<String>,
}

const MOST_AT_ONCE: usize = 1_000;
/// Lists show nobody of a conversation with more members than this.
pub(crate) const SMALL: i64 = 50;
const LARGE: i64 = 500;

/// The columns of a participant `p`, in the order of [`from_row`]; `$staff` says whether the staff looks.
macro_rules! columns {
    ($staff:literal) => {
        concat!(
            "p.conversation_id, p.person_id, p.person_kind, COALESCE(u.name, k.name, ''),
             COALESCE(u.avatar_url, k.avatar_url), p.role, p.joined_at, p.left_at, ",
            seen_place!("p", "read_seq", $staff),
            ", CASE WHEN ",
            $staff,
            " THEN p.read_at ELSE p.seen_at END, ",
            seen_place!("p", "delivered_seq", $staff)
        )
    };
}
macro_rules! people {
    () => {
        " LEFT JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
          LEFT JOIN contacts k ON k.tenant = p.tenant AND k.id = p.person_id AND p.person_kind = 'contact' "
    };
}

statements! {
    /// The first ones of a conversation, in the order in which they came.
    pub static FIRST = both(concat!("
        SELECT ", columns!("$4"), " FROM participants p", people!(), "
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL ORDER BY p.joined_at, p.person_id LIMIT $3"));
    /// A page of a conversation's, by id.
    pub static PAGE = both(concat!("
        SELECT ", columns!("$5"), " FROM participants p", people!(), "
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL AND p.person_id > $3
        ORDER BY p.person_id LIMIT $4"));
    /// One.
    pub static FIND = both(concat!("
        SELECT ", columns!("$4"), " FROM participants p", people!(), "
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.person_id = $3"));
    /// Some of each of several small conversations, the actor last.
    pub static PREVIEWS = both(concat!("
        SELECT ", columns!("$4"), " FROM (
            SELECT q.*, ROW_NUMBER() OVER (PARTITION BY q.conversation_id
                ORDER BY (CASE WHEN q.person_id = $2 THEN 1 ELSE 0 END), q.joined_at, q.person_id) AS place
            FROM participants q WHERE q.tenant = $1 AND q.conversation_id = ANY($3) AND q.left_at IS NULL
        ) p", people!(), " WHERE p.place <= 5 ORDER BY p.conversation_id, p.place"));
    /// The other one.
    pub static OTHER = both("
        SELECT u.id, u.kind, u.name, u.avatar_url, u.active FROM participants p
        JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.person_id <> $3 LIMIT 1");
    /// A new one, or one who comes back: everything so far counts as read.
    pub static JOIN = both("
        INSERT INTO participants (tenant, conversation_id, person_id, person_kind, role, joined_at, left_at, read_seq,
            read_count, read_at, delivered_seq, own_count, own_seq, own_read, muted, notify, acknowledged_at)
        VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, $8, NULL, $7, 0, 0, 0, FALSE, 'all', NULL)
        ON CONFLICT (tenant, conversation_id, person_id) DO UPDATE SET role = excluded.role, left_at = NULL,
            joined_at = excluded.joined_at, read_seq = excluded.read_seq, read_count = excluded.read_count,
            delivered_seq = excluded.delivered_seq, own_read = participants.own_count");
    /// A row that only remembers, for somebody who reads without taking part.
    pub static REMEMBER = both("
        INSERT INTO participants (tenant, conversation_id, person_id, person_kind, role, joined_at, left_at, read_seq,
            read_count, read_at, delivered_seq, own_count, own_seq, own_read, muted, notify, acknowledged_at)
        VALUES ($1, $2, $3, $4, 'member', $5, $5, 0,
            (SELECT c.purged FROM conversations c WHERE c.tenant = $1 AND c.id = $2), NULL, 0, 0, 0, 0, FALSE, 'all', NULL)
        ON CONFLICT (tenant, conversation_id, person_id) DO NOTHING");
    /// Ends taking part.
    pub static LEAVE = both("
        UPDATE participants SET left_at = $4 WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3
          AND left_at IS NULL");
    /// Another role.
    pub static SET_ROLE = both("
        UPDATE participants SET role = $4 WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3
          AND left_at IS NULL");
    /// How many owners there are.
    pub static OWNERS = both("
        SELECT COUNT(*) FROM participants WHERE tenant = $1 AND conversation_id = $2 AND role = 'owner' AND left_at IS NULL");
    /// One's own preferences.
    pub static PREFER = both("
        UPDATE participants SET muted = $4, notify = $5 WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3");
    /// Where a person does not want to be told of everything.
    pub static QUIET = both("
        SELECT conversation_id, muted, notify FROM participants
        WHERE tenant = $1 AND person_id = $2 AND (muted OR notify <> 'all')");
    /// The users who take part, and of what they want to be told.
    pub static USERS = both("
        SELECT person_id, muted, notify FROM participants
        WHERE tenant = $1 AND conversation_id = $2 AND left_at IS NULL AND person_kind = 'user'
        ORDER BY person_id");
    /// Which of these people take part already.
    pub static AMONG = both("
        SELECT person_id FROM participants
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = ANY($3) AND left_at IS NULL");
}

fn from_row(row: &Row<'_>) -> Result<(ConversationId, Participant), DbError> {
    let person = Person { id: row.get(1)?, kind: row.get(2)?, name: row.get(3)?, avatar_url: row.get(4)? };
    let participant = Participant {
        person,
        role: row.get(5)?,
        joined_at: row.get(6)?,
        left_at: row.get(7)?,
        last_read_seq: row.get(8)?,
        last_read_at: row.get(9)?,
        last_delivered_seq: row.get(10)?,
    };
    Ok((row.get(0)?, participant))
}

/// Those who came first, oldest first; of a large conversation any `most` of them, for its members would have to be sorted.
pub(crate) fn first(
    tx: &mut Tx,
    tenant: TenantId,
    viewer: Viewer,
    id: ConversationId,
    members: i64,
    most: i64,
) -> Result<Vec<Participant>> {
    let only = |row: &Row<'_>| from_row(row).map(|(_, found)| found);
    if members > LARGE {
        let nobody = PersonId(uuid::Uuid::nil());
        return Ok(tx.db.all(&PAGE, params![tenant, id, nobody, most, viewer.is_staff()], only)?);
    }
    Ok(tx.db.all(&FIRST, params![tenant, id, most, viewer.is_staff()], only)?)
}

/// One, as the staff sees it.
pub(crate) fn find(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    person: PersonId,
) -> Result<Option<Participant>> {
    let asked = params![actor.tenant, id, person, true];
    Ok(tx.db.opt(&FIND, asked, |row| from_row(row).map(|(_, found)| found))?)
}

pub(crate) fn previews(
    tx: &mut Tx,
    actor: &Actor,
    ids: &[[u8; 16]],
) -> Result<HashMap<ConversationId, Vec<Participant>>> {
    let rows = tx.db.all(
        &PREVIEWS,
        params![actor.tenant, actor.id(), ids, Viewer::of(actor).is_staff()],
        from_row,
    )?;
    let mut found: HashMap<ConversationId, Vec<Participant>> = HashMap::new();
    for (id, participant) in rows {
        found.entry(id).or_default().push(participant);
    }
    Ok(found)
}

pub(crate) fn other(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Other> {
    let found = tx.db.opt(&OTHER, params![actor.tenant, id, actor.id()], |row| {
        Ok(Other {
            person: Person { id: row.get(0)?, kind: row.get(1)?, name: row.get(2)?, avatar_url: row.get(3)? },
            active: row.get(4)?,
        })
    })?;
    found.ok_or(not_found("participant"))
}

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
    let rows = tx.db.all(&PAGE, asked, |row| from_row(row).map(|(_, found)| found))?;
    Ok(Page::cut(rows, limit, |participant| participant.person.id.to_string()))
}

/// Writes the row of somebody who takes part from now on. Announces nothing.
pub(crate) fn insert(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    person: &Person,
    role: Role,
) -> Result<()> {
    let (seq, count) = match person.kind {
        PersonKind::Contact => (conversation.last_public_seq, conversation.public_count),
        _ => (conversation.last_seq, conversation.staff_count),
    };
    tx.db.execute(
        &JOIN,
        params![actor.tenant, conversation.id, person.id, person.kind, role.name(), tx.now, seq, count],
    )?;
    Ok(())
}

/// Makes sure that there is a row for the actor, who reads without taking part.
pub(crate) fn remember(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<()> {
    tx.db.execute(&REMEMBER, params![actor.tenant, id, actor.id(), actor.person.kind, tx.now])?;
    Ok(())
}

/// Adds users to a conversation, or lets them come back. Those who already take part are passed over.
pub fn add(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    ids: &[PersonId],
    role: Role,
) -> Result<Vec<Participant>> {
    let (conversation, me, sight) = conversations::lock(tx, actor, id)?;
    conversations::check_invite(actor, &conversation, me.as_ref(), sight)?;
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
    let present = tx.db.all(&AMONG, params![actor.tenant, id, &wanted[..]], |row| row.get::<PersonId>(0))?;
    let new: Vec<Person> = people.into_iter().filter(|person| !present.contains(&person.id)).collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    enter(tx, actor, &conversation, &new, role, "participants_added")
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
        if !roles::may_write(tx, actor.tenant, actor.id(), person.id)? {
            return Err(roles::matrix_refusal(action, &person.name).about("user", person.id));
        }
    }
    Ok(())
}

/// Lets people in, with the event that opens the conversation to them and the line that tells the others.
pub(crate) fn enter(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    people: &[Person],
    role: Role,
    line: &'static str,
) -> Result<Vec<Participant>> {
    let mut entered = Vec::new();
    let mut access = Vec::new();
    for person in people {
        insert(tx, actor, conversation, person, role)?;
        entered.extend(find(tx, actor, conversation.id, person.id)?);
        access.push(AccessChange { conversation: conversation.id, person: person.id, member: true });
    }
    let members = count(tx, actor, conversation)?;
    let data = json!({ "participants": entered, "members_count": members });
    visible::tell(tx, actor, conversation, "participant.added", &access, data)?;
    let names: Vec<_> = people.iter().map(|person| json!({ "id": person.id, "name": person.name })).collect();
    messages::system(tx, actor, conversation.id, json!({ "type": line, "people": names }))?;
    Ok(entered)
}

fn count(tx: &mut Tx, actor: &Actor, conversation: &Conversation) -> Result<i64> {
    let statement = &conversations::store::COUNT_MEMBERS;
    Ok(tx.db.one(statement, params![actor.tenant, conversation.id], |row| row.get(0))?)
}

/// Removes somebody, or leaves. The last owner of a conversation hands it on before leaving it to others.
pub fn remove(tx: &mut Tx, actor: &Actor, id: ConversationId, person: PersonId) -> Result<()> {
    let (conversation, me, sight) = conversations::lock(tx, actor, id)?;
    let leaving = person == actor.id();
    let refuse = |rule, reason: &str| forbidden("participant.remove", rule, reason).about("conversation", id);
    if !conversation.rules().membership || actor.is_contact() {
        return Err(refuse("fixed", "nobody joins or leaves this kind of conversation"));
    }
    let active = me.as_ref().filter(|me| me.is_active());
    if !leaving && !may_remove(&conversation, active, sight) {
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
    take_out(tx, actor, &conversation, &gone, leaving)
}

fn may_remove(conversation: &Conversation, active: Option<&Membership>, sight: Sight) -> bool {
    match conversation.rules().poster {
        Poster::Readers => active.is_some() || sight == Sight::Outsider,
        _ => active.is_some_and(|me| me.role.manages()),
    }
}

fn take_out(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    gone: &Participant,
    leaving: bool,
) -> Result<()> {
    let id = conversation.id;
    let line = if leaving { "participant_left" } else { "participant_removed" };
    let person = json!({ "id": gone.person.id, "name": gone.person.name });
    messages::system(tx, actor, id, json!({ "type": line, "people": [person] }))?;
    tx.db.execute(&LEAVE, params![actor.tenant, id, gone.person.id, tx.now])?;
    hand_on(tx, actor, id, gone)?;
    let members = count(tx, actor, conversation)?;
    let mut gone = gone.clone();
    gone.left_at = Some(tx.now);
    let access = [AccessChange { conversation: id, person: gone.person.id, member: false }];
    let data = json!({ "participants": [gone], "members_count": members });
    visible::tell(tx, actor, conversation, "participant.removed", &access, data)
}

/// When the last owner goes, whoever has been there longest becomes owner, so that somebody can manage it.
fn hand_on(tx: &mut Tx, actor: &Actor, id: ConversationId, gone: &Participant) -> Result<()> {
    if gone.role != Role::Owner {
        return Ok(());
    }
    let owners: i64 = tx.db.one(&OWNERS, params![actor.tenant, id], |row| row.get(0))?;
    if owners > 0 {
        return Ok(());
    }
    let next = first(tx, actor.tenant, Viewer::Staff, id, 0, 50)?;
    let next = next.iter().find(|found| found.role == Role::Admin).or(next.first());
    if let Some(next) = next.filter(|next| next.person.kind != PersonKind::Contact) {
        tx.db.execute(&SET_ROLE, params![actor.tenant, id, next.person.id, Role::Owner.name()])?;
    }
    Ok(())
}

/// Becomes a participant: of a public channel, or of a support conversation or ticket that one reads.
pub fn join(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Me> {
    let (conversation, me) = conversations::store::lock(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let sight = conversations::sight(actor, &conversation, me.as_ref());
    if me.as_ref().is_some_and(Membership::is_active) {
        return conversations::me_view(tx, actor, id);
    }
    let refused =
        conversations::check_join(actor, &conversation, me.as_ref(), sight.unwrap_or(Sight::Override));
    if let Err(refusal) = refused {
        return Err(if sight.is_none() { not_found("conversation") } else { refusal });
    }
    let person = actor.person.clone();
    enter(tx, actor, &conversation, &[person], Role::Member, "participant_joined")?;
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
    let owners: i64 = tx.db.one(&OWNERS, params![actor.tenant, id], |row| row.get(0))?;
    if stored.role == Role::Owner && role != Role::Owner && owners <= 1 {
        return Err(Error::Conflict {
            rule: "last_owner",
            detail: "a conversation keeps an owner; make somebody else owner first".to_owned(),
        });
    }
    tx.db.execute(&SET_ROLE, params![actor.tenant, id, person, role.name()])?;
    let changed = find(tx, actor, id, person)?.ok_or(not_found("participant"))?;
    let data = json!({ "participants": [changed] });
    visible::tell(tx, actor, &conversation, "participant.updated", &[], data)?;
    Ok(changed)
}

/// Changes one's own preferences in a conversation.
pub fn prefer(tx: &mut Tx, actor: &Actor, id: ConversationId, change: &MeChange) -> Result<Me> {
    let (_, me, _) = conversations::lock(tx, actor, id)?;
    if let Some(notify) = &change.notify
        && !["all", "mentions", "none"].contains(&notify.as_str())
    {
        return Err(invalid("notify", "known", "use all, mentions or none"));
    }
    remember(tx, actor, id)?;
    let muted = change.muted.unwrap_or(me.as_ref().is_some_and(|me| me.muted));
    let notify = change.notify.clone().or(me.map(|me| me.notify)).unwrap_or_else(|| "all".to_owned());
    tx.db.execute(&PREFER, params![actor.tenant, id, actor.id(), muted, notify.as_str()])?;
    conversations::announce_me(tx, actor, id)
}

/// Where a person does not want to be told of everything: the conversation, whether it is muted, and `notify`.
pub fn quiet(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<Vec<(ConversationId, bool, String)>> {
    Ok(tx.db.all(&QUIET, params![tenant, person], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// The users who take part, each with whether it is muted and `notify`.
pub fn users(tx: &mut Tx, tenant: TenantId, id: ConversationId) -> Result<Vec<(PersonId, bool, String)>> {
    Ok(tx.db.all(&USERS, params![tenant, id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}
