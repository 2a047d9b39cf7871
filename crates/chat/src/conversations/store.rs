//! The SQL of conversations and its row mapping.

use parlor_db::{Error as DbError, FromRow, Row, params, row, statements};
use serde_json::Value;

use crate::{
    access::outsider,
    error::Result,
    folding,
    ids::{ConversationId, PersonId, StoreId, TeamId, TenantId},
    jobs::{self, When, Work},
    json::Json,
    kinds::Kind,
    page::cursor,
    person::Actor,
    related::Related,
    time::Time,
    tx::Tx,
    viewer::seen_place,
    words::Priority,
};

use super::{Conversation, Membership, Mine, Totals};

row! {
    /// The columns of a conversation `c`.
    impl Conversation, conversation_columns! {
        id: "c.id",
        kind: "c.kind",
        status: "c.status",
        title: "c.title",
        slug: "c.slug",
        description: "c.description",
        subject: "c.subject",
        is_private: "c.is_private",
        replies_enabled: "c.replies_enabled",
        created_by: "c.created_by",
        contact_id: "c.contact_id",
        store_id: "c.store_id",
        team_id: "c.team_id",
        assignee_id: "c.assignee_id",
        priority: "c.priority",
        labels: Json "c.labels",
        ticket_prefix: "c.ticket_prefix",
        ticket_number: "c.ticket_number",
        source: "c.source",
        platform: "c.platform",
        linked_conversation_id: "c.linked_conversation_id",
        related: Json "c.related",
        metadata: Json "c.metadata",
        snoozed_until: "c.snoozed_until",
        created_at: "c.created_at",
        updated_at: "c.updated_at",
        last_activity_at: "c.last_activity_at",
        last_seq: "c.last_seq",
        last_public_seq: "c.last_public_seq",
        last_deleted_seq: "c.last_deleted_seq",
        staff_count: "c.staff_count",
        public_count: "c.public_count",
        team_read_seq: "c.team_read_seq",
        team_read_count: "c.team_read_count",
        members: "c.members",
        pins: "c.pins",
        purged_seq: "c.purged_seq",
    }
}

row! {
    /// The columns of one person's row `p` in it, if there is one: then it has a role.
    impl Membership, membership_columns!($read:expr, $delivered:expr) {
        role: "p.role",
        left_at: "p.left_at",
        read_seq: [$read],
        read_count: "p.read_count",
        delivered_seq: [$delivered],
        own_count: "p.own_count",
        own_seq: "p.own_seq",
        own_read: "p.own_read",
        muted: "p.muted",
        notify: "p.notify",
        acknowledged_at: "p.acknowledged_at",
    }
}

row! {
    /// What lists tell beside that.
    struct Counts, count_columns!($unread:expr, $mentions:expr, $draft:expr) {
        unread: i64 = [$unread],
        mentions: i64 = [$mentions],
        draft: bool = [$draft],
    }
}

row! {
    /// The sums over rows `t` of them.
    impl Totals, total_columns! {
        unread: "CAST(COALESCE(SUM(t.unread), 0) AS BIGINT)",
        conversations: "CAST(COALESCE(SUM(CASE WHEN t.unread > 0 THEN 1 ELSE 0 END), 0) AS BIGINT)",
        unmuted: "CAST(COALESCE(SUM(CASE WHEN t.muted THEN 0 ELSE t.unread END), 0) AS BIGINT)",
        mentions: "CAST(COALESCE(SUM(t.mentions), 0) AS BIGINT)",
    }
}

/// The columns of both: see [`mine`].
macro_rules! columns {
    () => {
        columns!("p.read_seq", "p.delivered_seq")
    };
    ($read:expr, $delivered:expr) => {
        concat!(conversation_columns!(), ", ", membership_columns!($read, $delivered))
    };
}

/// The same to be shown: a contact stands at what it sees.
macro_rules! shown_columns {
    () => {
        columns!(
            seen_place!("p", "read_seq", "p.person_kind <> 'contact'"),
            seen_place!("p", "delivered_seq", "p.person_kind <> 'contact'")
        )
    };
}

/// Messages of others that the person of row `p` has not read in conversation `c` (see read_state.rs). `p` may be absent.
macro_rules! unread {
    ($contact:literal) => {
        concat!(
            "(CASE WHEN c.last_seq <= COALESCE(p.read_seq, 0) THEN 0 ELSE
                (CASE WHEN ", $contact, " THEN c.public_count ELSE c.staff_count END)
                - COALESCE(p.read_count, c.purged) - COALESCE(p.own_count - p.own_read, 0)
                - (CASE WHEN c.last_deleted_seq <= COALESCE(p.read_seq, 0) THEN 0 ELSE
                    (SELECT COUNT(*) FROM messages d
                     WHERE d.tenant = c.tenant AND d.conversation_id = c.id AND d.seq > COALESCE(p.read_seq, 0)
                       AND d.deleted_at IS NOT NULL AND d.kind = 'text'
                       AND (p.person_id IS NULL OR d.author_id <> p.person_id)
                       AND (d.is_private = FALSE OR NOT (", $contact, ")))
                  END)
              END)"
        )
    };
}

/// Mentions of a person in conversation `c` after the read position of `p`.
macro_rules! mentions {
    ($person:literal) => {
        concat!(
            "(CASE WHEN c.last_seq <= COALESCE(p.read_seq, 0) THEN 0 ELSE
               (SELECT COUNT(*) FROM mentions n WHERE n.tenant = c.tenant AND n.person_id = ",
            $person,
            " AND n.conversation_id = c.id AND n.seq > COALESCE(p.read_seq, 0)) END)"
        )
    };
}

/// Whether a person has begun to write in conversation `c`.
macro_rules! draft {
    ($person:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM drafts d WHERE d.tenant = c.tenant AND d.person_id = ",
            $person,
            " AND d.conversation_id = c.id)"
        )
    };
}

/// When something last happened in conversation `c` that everybody sees.
macro_rules! seen_activity {
    () => {
        "COALESCE((SELECT n.created_at FROM messages n WHERE n.tenant = c.tenant AND n.conversation_id = c.id
            AND n.is_private = FALSE ORDER BY n.seq DESC LIMIT 1), c.created_at)"
    };
}

/// The filters of a list, over `c`. Kinds are compared as expressions, so that no engine takes the conversations of these
/// kinds one by one instead of those that a person takes part in. $3 kinds, $4 whether statuses are given, $5 statuses, $6 pattern or '',
/// $7 and $8 the cursor (activity, id), and the patterns for keys.
macro_rules! filters {
    ($folded:literal, $spelled:literal) => {
        concat!(matching!($folded, $spelled), " AND (c.last_activity_at, c.id) < ($7, $8)")
    };
}

/// The same without the cursor.
macro_rules! matching {
    ($folded:literal, $spelled:literal) => {
        concat!(
            "(c.kind || '') = ANY($3) AND ($4 = FALSE OR c.status = ANY($5))
         AND ($6 = '' OR c.title_key LIKE ", $folded, " ESCAPE '!' OR c.title_key LIKE ", $spelled, " ESCAPE '!' OR lowered(COALESCE(c.title, c.subject, '')) LIKE $6 ESCAPE '!'
              OR c.slug LIKE $6 ESCAPE '!'
              OR EXISTS (SELECT 1 FROM participants q JOIN users u ON u.tenant = q.tenant AND u.id = q.person_id
                         WHERE q.tenant = c.tenant AND q.conversation_id = c.id AND c.kind IN ('direct', 'group')
                           AND (u.name_key LIKE ", $folded, " ESCAPE '!' OR u.name_key LIKE ", $spelled, " ESCAPE '!' OR lowered(u.name) LIKE $6 ESCAPE '!'))
              OR EXISTS (SELECT 1 FROM contacts k WHERE k.tenant = c.tenant AND k.id = c.contact_id
                           AND (k.name_key LIKE ", $folded, " ESCAPE '!' OR k.name_key LIKE ", $spelled, " ESCAPE '!' OR lowered(k.name) LIKE $6 ESCAPE '!')))"
        )
    };
}

statements! {
    /// One, with the actor's row.
    pub static FIND = both(concat!("
        SELECT ", columns!(), " FROM conversations c
        LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $3
        WHERE c.tenant = $1 AND c.id = $2"));
    /// The same, locked until the end of the transaction.
    pub static LOCK = dialect {
        sqlite: concat!("
        SELECT ", columns!(), " FROM conversations c
        LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $3
        WHERE c.tenant = $1 AND c.id = $2"),
        postgres: concat!("
        SELECT ", columns!(), " FROM conversations c
        LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $3
        WHERE c.tenant = $1 AND c.id = $2 FOR UPDATE OF c")
    };
    /// A page of those in which the actor takes part. CROSS JOIN so that SQLite walks these, not everybody's by activity.
    pub static MINE = both(concat!("
        SELECT ", columns!(), ", ", count_columns!(unread!("p.person_kind = 'contact'"), mentions!("$2"), draft!("$2")), "
        FROM participants p CROSS JOIN conversations c
        WHERE p.tenant = $1 AND p.person_id = $2 AND p.left_at IS NULL
          AND c.tenant = p.tenant AND c.id = p.conversation_id AND ", filters!("$11", "$12"), "
          AND ($9 = FALSE OR ", unread!("p.person_kind = 'contact'"), " > 0)
        ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $10"));
    /// The same for a contact: newest first by what it sees, for the order and the times tell of what happened.
    pub static MINE_AS_CONTACT = both(concat!("
        SELECT ", shown_columns!(), ", ", count_columns!(unread!("p.person_kind = 'contact'"), mentions!("$2"), draft!("$2")), ", ",
            seen_activity!(), "
        FROM participants p CROSS JOIN conversations c
        WHERE p.tenant = $1 AND p.person_id = $2 AND p.left_at IS NULL
          AND c.tenant = p.tenant AND c.id = p.conversation_id AND ", matching!("$11", "$12"), "
          AND (", seen_activity!(), ", c.id) < ($7, $8)
          AND ($9 = FALSE OR ", unread!("p.person_kind = 'contact'"), " > 0)
        ORDER BY ", seen_activity!(), " DESC, c.id DESC LIMIT $10"));
    /// A page of those of one kind that the actor reads without taking part.
    pub static OUTSIDE = both(concat!("
        SELECT ", columns!(), ", ", count_columns!(unread!("FALSE"), mentions!("$2"), draft!("$2")), "
        FROM conversations c
        LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $2
        WHERE c.tenant = $1 AND ", filters!("$16", "$17"), "
          AND c.kind = $9 AND (p.person_id IS NULL OR p.left_at IS NOT NULL)
          AND ", outsider!("$10", "$11", "$12", "$13"), "
          AND ($14 = FALSE OR ", unread!("FALSE"), " > 0)
        ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $15"));
    /// A page of all of them, for who may view all.
    pub static EVERY = both(concat!("
        SELECT ", columns!(), ", ", count_columns!(unread!("FALSE"), "CAST(0 AS BIGINT)", "FALSE"), "
        FROM conversations c
        LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $2
        WHERE c.tenant = $1 AND ", filters!("$11", "$12"), " AND c.kind = $9
        ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $10"));
    /// Public channels that the actor can join.
    pub static JOINABLE = both(concat!("
        SELECT ", columns!(), ", ", count_columns!("CAST(0 AS BIGINT)", "CAST(0 AS BIGINT)", "FALSE"), " FROM conversations c
        LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $2
        WHERE c.tenant = $1 AND ", filters!("$10", "$11"), " AND c.kind = 'channel' AND c.is_private = FALSE
          AND (p.person_id IS NULL OR p.left_at IS NOT NULL)
        ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $9"));
    /// The actor's own part of one.
    pub static ME = both(concat!("
        SELECT ", shown_columns!(), ", ", count_columns!(unread!("p.person_kind = 'contact'"), mentions!("$3"), draft!("$3")), "
        FROM conversations c
        LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $3
        WHERE c.tenant = $1 AND c.id = $2"));
    /// A new one: see [`NewRow`].
    static INSERT = both("
        INSERT INTO conversations (tenant, id, kind, status, title, slug, description, subject, is_private,
            replies_enabled, pair, created_by, client_id, contact_id, store_id, team_id, assignee_id, priority, labels,
            ticket_prefix, ticket_number, source, platform, linked_conversation_id, related, metadata, snoozed_until,
            created_at, updated_at, last_activity_at, last_seq, last_public_seq, last_deleted_seq, staff_count,
            public_count, team_read_seq, team_read_count, members, pins, title_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, NULL, $27, $27, $27, 0, 0, 0, 0, 0, 0, 0, 0, 0, $28)
        ON CONFLICT DO NOTHING");
    /// By the pair of a direct conversation.
    pub static BY_PAIR = both("SELECT id FROM conversations WHERE tenant = $1 AND pair = $2");
    /// By slug.
    pub static BY_SLUG = both("SELECT id FROM conversations WHERE tenant = $1 AND slug = $2");
    /// By the id that its opener chose.
    pub static BY_CLIENT = both("
        SELECT id FROM conversations WHERE tenant = $1 AND created_by = $2 AND client_id = $3");
    /// Writes what [`super::update`] may change.
    pub static UPDATE = both("
        UPDATE conversations SET status = $3, title = $4, description = $5, subject = $6, is_private = $7,
            replies_enabled = $8, team_id = $9, assignee_id = $10, priority = $11, labels = $12,
            linked_conversation_id = $13, metadata = $14, snoozed_until = $15, updated_at = $16,
            title_key = $17
        WHERE tenant = $1 AND id = $2");
    /// Counts members anew.
    pub static COUNT_MEMBERS = both("
        UPDATE conversations SET members = (SELECT COUNT(*) FROM participants p
            WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.left_at IS NULL)
        WHERE tenant = $1 AND id = $2 RETURNING members");
    /// As many members as it is for.
    pub static SET_MEMBERS = both("
        UPDATE conversations SET members = $3 WHERE tenant = $1 AND id = $2 RETURNING members");
    /// A message was posted.
    pub static POSTED = both("
        UPDATE conversations SET last_seq = $3, last_public_seq = $4, staff_count = $5, public_count = $6,
            last_activity_at = $7, team_read_seq = $8, team_read_count = $9
        WHERE tenant = $1 AND id = $2");
    /// A message was deleted.
    pub static DELETED = both("
        UPDATE conversations SET last_deleted_seq = $3 WHERE tenant = $1 AND id = $2 AND last_deleted_seq < $3");
    /// A message was pinned or unpinned.
    pub static PINNED = both("UPDATE conversations SET pins = pins + $3 WHERE tenant = $1 AND id = $2");
    /// Somebody of the staff read up to here.
    pub static TEAM_READ = both("
        UPDATE conversations SET team_read_seq = $3, team_read_count = $4 WHERE tenant = $1 AND id = $2");
    /// Snoozed ones whose time has come.
    pub static DUE_SNOOZES = both("
        SELECT id FROM conversations WHERE tenant = $1 AND snoozed_until <= $2 ORDER BY snoozed_until LIMIT 100");
    /// When the next snooze of a tenant ends.
    pub static NEXT_SNOOZE = both("
        SELECT MIN(snoozed_until) FROM conversations WHERE tenant = $1 AND snoozed_until IS NOT NULL");
    /// Unread of the actor over everything it takes part in.
    pub static TOTALS = both(concat!("
        SELECT ", total_columns!(), "
        FROM (SELECT ", unread!("p.person_kind = 'contact'"), " AS unread, ", mentions!("$2"), " AS mentions, p.muted AS muted
              FROM participants p JOIN conversations c ON c.tenant = p.tenant AND c.id = p.conversation_id
              WHERE p.tenant = $1 AND p.person_id = $2 AND p.left_at IS NULL AND c.last_seq > p.read_seq
                AND (c.kind || '') = ANY($3)) t"));
    /// Unread of the actor over the kinds that are for everybody.
    pub static TOTALS_EVERYONE = both(concat!("
        SELECT ", total_columns!(), "
        FROM (SELECT ", unread!("FALSE"), " AS unread, ", mentions!("$2"), " AS mentions, COALESCE(p.muted, FALSE) AS muted
              FROM conversations c
              LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $2
              WHERE c.tenant = $1 AND c.kind = ANY($3) AND (p.person_id IS NULL OR p.left_at IS NOT NULL)) t"));
}

fn mine(row: &Row<'_>) -> Result<Mine, DbError> {
    Ok((Conversation::from_row(row)?, Membership::read_joined(row, Conversation::WIDTH)?))
}

/// A row of a list: the conversation, the actor's row, and what follows from both.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub conversation: Conversation,
    pub me: Option<Membership>,
    pub unread: i64,
    pub mentions: i64,
    pub draft: bool,
}

impl FromRow for Listed {
    const WIDTH: usize = Conversation::WIDTH + Membership::WIDTH + Counts::WIDTH;

    fn read(row: &Row<'_>, first: usize) -> Result<Listed, DbError> {
        let after = first + Conversation::WIDTH;
        let counts = Counts::read(row, after + Membership::WIDTH)?;
        Ok(Listed {
            conversation: Conversation::read(row, first)?,
            me: Membership::read_joined(row, after)?,
            unread: counts.unread.max(0),
            mentions: counts.mentions,
            draft: counts.draft,
        })
    }
}

/// A row of a contact's list: something has happened when it saw it.
pub(super) fn listed_as_contact(row: &Row<'_>) -> Result<Listed, DbError> {
    let mut listed = Listed::from_row(row)?;
    listed.conversation.last_activity_at = row.get(Listed::WIDTH)?;
    Ok(listed)
}

pub(crate) fn load(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Option<Mine>> {
    Ok(tx.db.opt(&FIND, params![actor.tenant, id, actor.id()], mine)?)
}

pub(crate) fn lock(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Option<Mine>> {
    Ok(tx.db.opt(&LOCK, params![actor.tenant, id, actor.id()], mine)?)
}

pub(super) fn me(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Option<Listed>> {
    Ok(tx.db.opt(&ME, params![actor.tenant, id, actor.id()], Listed::from_row)?)
}

/// A conversation that is to be written; what a kind does not have is empty.
pub(super) struct NewRow<'a> {
    pub kind: Kind,
    pub title: Option<&'a str>,
    pub slug: Option<&'a str>,
    pub description: Option<&'a str>,
    pub subject: Option<&'a str>,
    pub is_private: bool,
    pub replies_enabled: bool,
    pub pair: Option<&'a str>,
    pub created_by: PersonId,
    pub client_id: Option<&'a str>,
    pub contact_id: Option<PersonId>,
    pub store_id: Option<StoreId>,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<PersonId>,
    pub priority: Option<Priority>,
    pub labels: &'a [String],
    pub ticket_prefix: Option<&'a str>,
    pub ticket_number: Option<i64>,
    pub source: Option<&'a str>,
    pub platform: Option<&'a str>,
    pub linked_conversation_id: Option<ConversationId>,
    pub related: Option<&'a Related>,
    pub metadata: Option<&'a Value>,
    pub created_at: Time,
}

/// Writes it in the first status of its kind, unless there is one already that it would be.
pub(super) fn insert(tx: &mut Tx, tenant: TenantId, id: ConversationId, new: &NewRow<'_>) -> Result<bool> {
    let related = new.related.map(serde_json::to_string).transpose()?;
    let metadata = new.metadata.map_or_else(|| "{}".to_owned(), Value::to_string);
    let made = tx.db.execute(
        &INSERT,
        params![
            tenant,
            id,
            new.kind,
            new.kind.rules().statuses[0],
            new.title,
            new.slug,
            new.description,
            new.subject,
            new.is_private,
            new.replies_enabled,
            new.pair,
            new.created_by,
            new.client_id,
            new.contact_id,
            new.store_id,
            new.team_id,
            new.assignee_id,
            new.priority,
            serde_json::to_string(new.labels)?.as_str(),
            new.ticket_prefix,
            new.ticket_number,
            new.source,
            new.platform,
            new.linked_conversation_id,
            related.as_deref(),
            metadata.as_str(),
            new.created_at,
            folding::key(new.title.or(new.subject).unwrap_or_default()).as_str()
        ],
    )?;
    Ok(made == 1)
}

/// The order in which pages of lists go.
pub(super) struct Cursor {
    pub at: Time,
    pub id: ConversationId,
}

impl Cursor {
    pub(super) fn parse(text: Option<&str>) -> Result<Cursor> {
        let read = |text: &str| {
            let (at, id) = text.split_once('_')?;
            Some(Cursor { at: Time(at.parse().ok()?), id: id.parse().ok()? })
        };
        let first = Cursor { at: Time(i64::MAX), id: ConversationId(uuid::Uuid::max()) };
        Ok(cursor(text, read)?.unwrap_or(first))
    }

    pub(super) fn of(conversation: &Conversation) -> String {
        format!("{}_{}", conversation.last_activity_at.0, conversation.id)
    }
}

/// The key of a pair of users, the same from both sides.
pub(super) fn pair(one: PersonId, other: PersonId) -> String {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    format!("{low}:{high}")
}

/// A conversation of the tenant is snoozed until then: the job that opens them looks no later.
pub(crate) fn wake_by(tx: &mut Tx, tenant: TenantId, until: Time) -> Result<()> {
    jobs::enqueue(tx, tenant, &Work::Unsnooze, Some(""), When::By(until))
}
