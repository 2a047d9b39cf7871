//! The rows of participants: the SQL, and reading and writing one without asking whether that is allowed.

use std::collections::HashMap;

use parlor_db::{Error as DbError, FromRow, Row, params, row, statements};

use crate::{
    conversations::{self, Conversation, Role},
    error::{Result, not_found},
    ids::{ConversationId, PersonId, TenantId},
    person::{Actor, Person, PersonKind, person_columns},
    resources::conversation::Participant,
    time::Time,
    tx::Tx,
    users::store::has_role,
    viewer::{Viewer, seen_place},
};

/// The other one of a direct conversation.
pub(crate) struct Other {
    pub person: Person,
    pub active: bool,
}

/// Lists show nobody of a conversation with more members than this.
pub(crate) const SMALL: i64 = 50;
const LARGE: i64 = 500;

row! {
    /// A participant `p`, who is a user `u` or a contact `k`; `$staff` says whether the staff looks.
    struct ParticipantRow, participant_columns!($staff:expr) {
        conversation: ConversationId = "p.conversation_id",
        id: PersonId = "p.person_id",
        kind: PersonKind = "p.person_kind",
        name: String = "COALESCE(u.name, k.name, '')",
        avatar_url: Option<String> = "COALESCE(u.avatar_url, k.avatar_url)",
        role: Role = "p.role",
        joined_at: Time = "p.joined_at",
        left_at: Option<Time> = "p.left_at",
        last_read_seq: i64 = [seen_place!("p", "read_seq", $staff)],
        last_read_at: Option<Time> = ["CASE WHEN ", $staff, " THEN p.read_at ELSE p.seen_at END"],
        last_delivered_seq: i64 = [seen_place!("p", "delivered_seq", $staff)],
    }
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
        SELECT ", participant_columns!("$4"), " FROM participants p", people!(), "
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL ORDER BY p.joined_at, p.person_id LIMIT $3"));
    /// A page of a conversation's, by id.
    pub static PAGE = both(concat!("
        SELECT ", participant_columns!("$5"), " FROM participants p", people!(), "
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL AND p.person_id > $3
        ORDER BY p.person_id LIMIT $4"));
    /// One person's row, whether it takes part or only remembers.
    pub static FIND = both(concat!("
        SELECT ", participant_columns!("$4"), " FROM participants p", people!(), "
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.person_id = $3"));
    /// Some of each of several small conversations, the actor last.
    pub static PREVIEWS = both(concat!("
        SELECT ", participant_columns!("$4"), " FROM (
            SELECT q.*, ROW_NUMBER() OVER (PARTITION BY q.conversation_id
                ORDER BY (CASE WHEN q.person_id = $2 THEN 1 ELSE 0 END), q.joined_at, q.person_id) AS place
            FROM participants q WHERE q.tenant = $1 AND q.conversation_id = ANY($3) AND q.left_at IS NULL
        ) p", people!(), " WHERE p.place <= 5 ORDER BY p.conversation_id, p.place"));
    /// The other one.
    pub static OTHER = both(concat!("
        SELECT ", person_columns!("u.id", "u.kind", "u.name", "u.avatar_url"), ", u.active FROM participants p
        JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.person_id <> $3 LIMIT 1"));
    /// The other ones of several direct conversations, and whether they may still sign in.
    pub static OTHERS = both("
        SELECT p.conversation_id, u.id, u.active FROM participants p
        JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.tenant = $1 AND p.conversation_id = ANY($2) AND p.person_id <> $3");
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
    pub static SET_PREFERENCES = both("
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
    /// The people for whom an announcement is, and of what they want to be told.
    pub static EVERYBODY = both(concat!("
        SELECT u.id, COALESCE(p.muted, FALSE), COALESCE(p.notify, 'all') FROM users u
        LEFT JOIN participants p ON p.tenant = u.tenant AND p.conversation_id = $2 AND p.person_id = u.id
        WHERE u.tenant = $1 AND ((", has_role!("$3"), ") OR (p.person_id IS NOT NULL AND p.left_at IS NULL))
        ORDER BY u.id"));
    /// Which of these people take part already.
    pub static AMONG = both("
        SELECT person_id FROM participants
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = ANY($3) AND left_at IS NULL");
}

pub(crate) fn from_row(row: &Row<'_>) -> Result<(ConversationId, Participant), DbError> {
    let part = ParticipantRow::from_row(row)?;
    let participant = Participant {
        person: Person { id: part.id, kind: part.kind, name: part.name, avatar_url: part.avatar_url },
        role: part.role,
        joined_at: part.joined_at,
        left_at: part.left_at,
        last_read_seq: part.last_read_seq,
        last_read_at: part.last_read_at,
        last_delivered_seq: part.last_delivered_seq,
    };
    Ok((part.conversation, participant))
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
        Ok(Other { person: Person::from_row(row)?, active: row.get(Person::WIDTH)? })
    })?;
    found.ok_or(not_found("participant"))
}

/// The other ones of direct conversations, and whether they are active.
pub(crate) fn others(
    tx: &mut Tx,
    actor: &Actor,
    ids: &[[u8; 16]],
) -> Result<Vec<(ConversationId, PersonId, bool)>> {
    let asked = params![actor.tenant, ids, actor.id()];
    Ok(tx.db.all(&OTHERS, asked, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
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

pub(crate) fn count(tx: &mut Tx, actor: &Actor, conversation: &Conversation) -> Result<i64> {
    let statement = &conversations::store::COUNT_MEMBERS;
    Ok(tx.db.one(statement, params![actor.tenant, conversation.id], |row| row.get(0))?)
}
