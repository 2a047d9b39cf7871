//! Read state: who has read, received and acknowledged how far, and what is unread.
//!
//! Unread costs nothing per recipient. A conversation numbers its countable messages (`staff_count`, and `public_count`
//! without private notes); every message remembers the numbers at its place, and a participant those at its read
//! position. Unread is then a subtraction: countable messages after the position, less one's own after it (the same
//! trick with `own_count`), less deleted ones after it (looked at only if there are any). The property test in
//! tests/it/unread.rs holds this against counting by hand.

use parlor_db::{FromRow, params, statements};
use serde::Serialize;

use crate::{
    conversations::{self, Conversation, Me, Membership, Totals, Visibility},
    error::{Result, forbidden, invalid},
    events::{self, Audience, NewEvent, Payload, payloads},
    hooks,
    ids::{ConversationId, MessageId, PersonId},
    kinds::Kind,
    page::{Page, limit},
    participants,
    person::{Actor, Person, person_columns},
    time::Time,
    tx::Tx,
    users,
    viewer::Viewer,
    visible,
};

/// What is unread after a position was moved.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReadState {
    /// The actor's own part of the conversation.
    #[serde(flatten)]
    pub me: Me,
    /// Over everything.
    pub totals: Totals,
}

/// Who has acknowledged a broadcast or announcement.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Acks {
    /// How many have acknowledged it.
    pub acknowledged: i64,
    /// How many have read to its end.
    pub read: i64,
    /// How many it is for.
    pub total: i64,
    /// A page of those who have read or acknowledged it.
    #[serde(flatten)]
    pub page: Page<Ack>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Ack {
    /// The person who has read or acknowledged it.
    pub person: Person,
    /// When the read position last moved.
    pub read_at: Option<Time>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<Time>,
}

/// In larger conversations nobody is told who read what; the numbers can still be asked for.
const MOST_RECEIPTS: i64 = 200;

statements! {
    /// The numbers of countable messages at a position.
    pub static AT = both("
        SELECT staff_count, public_count FROM messages
        WHERE tenant = $1 AND conversation_id = $2 AND seq <= $3 ORDER BY seq DESC LIMIT 1");
    /// How many countable messages are left after a position, where some before it were purged.
    pub static LEFT = both("
        SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN is_private = FALSE THEN 1 ELSE 0 END), 0) AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN author_id = $4 THEN 1 ELSE 0 END), 0) AS BIGINT)
        FROM messages WHERE tenant = $1 AND conversation_id = $2 AND seq > $3 AND kind = 'text'");
    /// Which message is at a position.
    pub static ID_AT = both("SELECT id FROM messages WHERE tenant = $1 AND conversation_id = $2 AND seq = $3");
    /// The number of somebody's messages before the first one after a position: those before it may have been purged.
    pub static OWN_AT = both("
        SELECT own_count - 1 FROM messages
        WHERE tenant = $1 AND conversation_id = $2 AND seq > $3 AND author_id = $4 AND kind = 'text'
        ORDER BY seq LIMIT 1");
    /// Moves the read position.
    pub static MOVE = both("
        UPDATE participants SET read_seq = $4, read_count = $5, own_read = $6, read_at = $7,
            seen_at = CASE WHEN $8 THEN $7 ELSE seen_at END,
            delivered_seq = CASE WHEN delivered_seq < $4 THEN $4 ELSE delivered_seq END
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3");
    /// Moves the delivered position, forwards only.
    pub static DELIVER = both("
        UPDATE participants SET delivered_seq = $4
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3 AND delivered_seq < $4");
    /// Acknowledges, once.
    pub static ACKNOWLEDGE = both("
        UPDATE participants SET acknowledged_at = $4
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3 AND acknowledged_at IS NULL");
    /// How many acknowledged, and how many have read to the end.
    pub static ACK_COUNTS = both("
        SELECT COUNT(acknowledged_at), CAST(COALESCE(SUM(CASE WHEN read_seq >= $3 THEN 1 ELSE 0 END), 0) AS BIGINT)
        FROM participants WHERE tenant = $1 AND conversation_id = $2 AND person_id <> $4 AND (left_at IS NULL OR $5)
          AND (read_at IS NOT NULL OR acknowledged_at IS NOT NULL)");
    /// A page of those who have read or acknowledged.
    pub static ACK_PAGE = both(concat!("
        SELECT ", person_columns!("p.person_id", "p.person_kind", "COALESCE(u.name, '')", "u.avatar_url"), ",
            p.read_at, p.acknowledged_at
        FROM participants p LEFT JOIN users u ON u.tenant = p.tenant AND u.id = p.person_id
        WHERE p.tenant = $1 AND p.conversation_id = $2 AND p.person_id > $3 AND p.person_id <> $4
          AND (p.left_at IS NULL OR $5) AND (p.read_at IS NOT NULL OR p.acknowledged_at IS NOT NULL)
        ORDER BY p.person_id LIMIT $6"));
}

/// Reads up to a message, or to the newest. Never moves back: what is newer stays unread.
pub fn read(tx: &mut Tx, actor: &Actor, id: ConversationId, seq: Option<i64>) -> Result<ReadState> {
    let (conversation, me, visibility) = conversations::lock(tx, actor, id)?;
    let seq = seq.unwrap_or(i64::MAX);
    if seq < 0 {
        return Err(invalid("seq", "range", "must be 0 or more"));
    }
    let seq = standing(tx, actor, &conversation, seq)?;
    let (before, received) = me.as_ref().map_or((0, 0), |me| (me.read_seq, me.delivered_seq));
    let moves = seq > before && visibility != Visibility::Override;
    let seen = if moves { seen(tx, actor, &conversation, seq)? } else { visible::MessagePosition::default() };
    if moves {
        participants::remember(tx, actor, id)?;
        place(tx, actor, &conversation, me.as_ref(), seq, seen.seq > before)?;
    }
    let mut conversation = conversation;
    if visibility != Visibility::Override && actor.is_staff() {
        read_for_team(tx, actor, &mut conversation, seq)?;
    }
    if moves {
        tell_read(tx, actor, &conversation, (before, received), seq, seen)?;
        conversations::announce_me(tx, actor, id)?;
        hooks::read(tx, actor, &conversation, before, seq)?;
    }
    state(tx, actor, id)
}

/// Where somebody stands who is to stand at `seq`: not beyond the newest, and contacts at what they see.
fn standing(tx: &mut Tx, actor: &Actor, conversation: &Conversation, seq: i64) -> Result<i64> {
    let viewer = Viewer::of(actor);
    let newest = conversation.newest(viewer);
    if viewer.is_staff() || !conversation.rules().notes || seq >= newest {
        return Ok(seq.min(newest));
    }
    Ok(visible::up_to(tx, actor.tenant, conversation.id, seq)?.seq)
}

/// Where everybody sees somebody stand who stands at `seq`.
fn seen(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    seq: i64,
) -> Result<visible::MessagePosition> {
    if !conversation.rules().notes || seq == conversation.last_public_seq {
        return Ok(visible::MessagePosition { seq, id: None });
    }
    visible::up_to(tx, actor.tenant, conversation.id, seq)
}

/// Tells who has read how far. Everybody hears of what everybody sees: of nothing while only notes were read.
fn tell_read(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    (before, received): (i64, i64),
    seq: i64,
    seen: visible::MessagePosition,
) -> Result<()> {
    let at = params![actor.tenant, conversation.id, seq];
    let message: Option<MessageId> = tx.db.opt(&ID_AT, at, |row| row.get(0))?;
    let now = tx.now;
    let told = |seq: i64, message: Option<MessageId>| {
        let person_id = actor.id();
        Payload::Read(payloads::Read {
            person_id,
            last_read_seq: seq,
            last_read_at: now,
            message_id: message,
        })
    };
    if seen.seq <= before && seen.seq > received {
        // What was read was received.
        let received = received_up_to(actor, seen.seq);
        receipt(tx, actor, conversation, Some(received.clone()), received)?;
    }
    let shown = (seen.seq > before).then(|| told(seen.seq, seen.id.or(message)));
    receipt(tx, actor, conversation, shown, told(seq, message))
}

fn received_up_to(actor: &Actor, seq: i64) -> Payload {
    Payload::Delivered(payloads::Delivered { person_id: actor.id(), last_delivered_seq: seq })
}

fn state(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<ReadState> {
    Ok(ReadState { me: conversations::me_view(tx, actor, id)?, totals: conversations::totals(tx, actor)? })
}

/// "Mark unread from here": `seq` is the first unread message.
pub fn unread_from(tx: &mut Tx, actor: &Actor, id: ConversationId, seq: i64) -> Result<ReadState> {
    let (conversation, me, visibility) = conversations::lock(tx, actor, id)?;
    // A contact is not told by a refusal how far the conversation goes beyond what it sees.
    let last =
        if actor.is_contact() && conversation.rules().notes { i64::MAX } else { conversation.last_seq };
    if !(1..=last).contains(&seq) {
        return Err(invalid("seq", "range", format!("must be from 1 to {}", conversation.last_seq)));
    }
    if visibility == Visibility::Override {
        return Err(forbidden(
            "conversation.unread",
            "not_participant",
            "you take no part in this conversation",
        )
        .about("conversation", id));
    }
    participants::remember(tx, actor, id)?;
    let seq = standing(tx, actor, &conversation, seq - 1)?;
    let before = me.as_ref().map_or(0, |me| me.read_seq);
    let shown = seen(tx, actor, &conversation, seq)?.seq != seen(tx, actor, &conversation, before)?.seq;
    place(tx, actor, &conversation, me.as_ref(), seq, shown)?;
    conversations::announce_me(tx, actor, id)?;
    state(tx, actor, id)
}

/// Puts the read position at `seq`, with the numbers of that place. `shown` says whether everybody sees it move.
fn place(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    seq: i64,
    shown: bool,
) -> Result<()> {
    let id = conversation.id;
    let numbers = numbers_at(tx, actor, conversation, me, seq)?;
    let (staff, public, own) = (numbers.staff, numbers.public, numbers.own);
    let count = if actor.is_contact() { public } else { staff };
    tx.db.execute(&MOVE, params![actor.tenant, id, actor.id(), seq, count, own, tx.now, shown])?;
    Ok(())
}

/// The numbers of a place.
struct Numbers {
    staff: i64,
    public: i64,
    own: i64,
}

fn numbers_at(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    seq: i64,
) -> Result<Numbers> {
    let c = conversation;
    let all = me.map_or(0, |me| me.own_count);
    if seq >= c.last_seq {
        return Ok(Numbers { staff: c.staff_count, public: c.public_count, own: all });
    }
    let place = params![actor.tenant, c.id, seq, actor.id()];
    if c.purged_seq > 0 && seq <= c.purged_seq {
        // The rows that had the numbers may be gone: those that are left are counted.
        return Ok(tx.db.one(&LEFT, place, |row| {
            let (staff, public, own): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Numbers { staff: c.staff_count - staff, public: c.public_count - public, own: all - own })
        })?);
    }
    let (staff, public) = tx
        .db
        .opt(&AT, params![actor.tenant, c.id, seq], |row| Ok((row.get(0)?, row.get(1)?)))?
        .unwrap_or((0, 0));
    let own = match me {
        Some(me) if seq < me.own_seq => tx.db.opt(&OWN_AT, place, |row| row.get(0))?.unwrap_or(all),
        _ => all,
    };
    Ok(Numbers { staff, public, own })
}

/// In support, what one of the staff has read is read for the team.
fn read_for_team(tx: &mut Tx, actor: &Actor, conversation: &mut Conversation, seq: i64) -> Result<()> {
    if conversation.kind != Kind::Support || seq <= conversation.team_read_seq {
        return Ok(());
    }
    let count = numbers_at(tx, actor, conversation, None, seq)?.staff;
    tx.db.execute(&conversations::store::TEAM_READ, params![actor.tenant, conversation.id, seq, count])?;
    conversation.team_read_seq = seq;
    conversation.team_read_count = count;
    let team_unread = Some(conversation.staff_count - count);
    let changes = Box::new(payloads::ConversationChanges { team_unread, ..Default::default() });
    let told = Payload::ConversationUpdated(payloads::ConversationUpdated { changes, updated_at: None });
    let event = NewEvent::in_conversation(conversation.id, told, conversation.staff_readers());
    events::append(tx, actor, event)?;
    Ok(())
}

/// Tells who has come how far: everybody `shown`, and the staff `exact` where that is something else.
fn receipt(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    shown: Option<Payload>,
    exact: Payload,
) -> Result<()> {
    if conversation.members > MOST_RECEIPTS || conversation.rules().everyone {
        return Ok(());
    }
    if let Some(shown) = shown {
        return visible::tell_both(tx, actor, conversation, &shown, &exact).map(drop);
    }
    let event = NewEvent::in_conversation(conversation.id, exact, conversation.staff_readers());
    events::append(tx, actor, event)?;
    Ok(())
}

/// A device of the actor has received everything up to here. Never moves back.
pub fn delivered(tx: &mut Tx, actor: &Actor, id: ConversationId, seq: i64) -> Result<()> {
    let (conversation, me, _) = conversations::lock(tx, actor, id)?;
    let seq = standing(tx, actor, &conversation, seq)?;
    let Some(me) = me.filter(|me| me.is_active() && me.delivered_seq < seq) else { return Ok(()) };
    let seen = seen(tx, actor, &conversation, seq)?;
    tx.db.execute(&DELIVER, params![actor.tenant, id, actor.id(), seq])?;
    let shown = (seen.seq > me.delivered_seq).then(|| received_up_to(actor, seen.seq));
    receipt(tx, actor, &conversation, shown, received_up_to(actor, seq))
}

/// Acknowledges a broadcast or announcement. Doing it twice changes nothing.
pub fn acknowledge(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Me> {
    let (conversation, _, visibility) = conversations::lock(tx, actor, id)?;
    let refuse = |rule, reason: &str| forbidden("conversation.ack", rule, reason).about("conversation", id);
    if !conversation.rules().acknowledged {
        return Err(refuse("kind", "only broadcasts and announcements are acknowledged"));
    }
    if visibility == Visibility::Override {
        return Err(refuse("not_participant", "it was not meant for you"));
    }
    participants::remember(tx, actor, id)?;
    if tx.db.execute(&ACKNOWLEDGE, params![actor.tenant, id, actor.id(), tx.now])? > 0 {
        let told = payloads::Acknowledged { person_id: actor.id(), acknowledged_at: tx.now };
        let audience = conversation.created_by.map_or_else(|| conversation.readers(), Audience::Person);
        let event = NewEvent::in_conversation(id, Payload::Acknowledged(told), audience);
        events::append(tx, actor, event)?;
        return conversations::announce_me(tx, actor, id);
    }
    conversations::me_view(tx, actor, id)
}

/// Who has read and acknowledged it. For its owners and admins.
pub fn acks(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    after: Option<PersonId>,
    asked: Option<i64>,
) -> Result<Acks> {
    let (conversation, me) = conversations::require_readable(tx, actor, id, "conversation.acks")?;
    let manages = me.is_some_and(|me| me.is_active() && me.role.manages()) || actor.super_admin;
    if !manages || !conversation.rules().acknowledged {
        return Err(forbidden(
            "conversation.acks",
            "not_manager",
            "only its owners and admins see who acknowledged",
        )
        .about("conversation", id));
    }
    let everyone = conversation.rules().everyone;
    let creator = conversation.created_by.unwrap_or(PersonId(uuid::Uuid::nil()));
    let counts = params![actor.tenant, id, conversation.last_seq, creator, everyone];
    let (acknowledged, read): (i64, i64) =
        tx.db.one(&ACK_COUNTS, counts, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let limit = limit(asked);
    let after = after.unwrap_or(PersonId(uuid::Uuid::nil()));
    let most = i64::try_from(limit + 1).unwrap_or(200);
    let rows = tx.db.all(&ACK_PAGE, params![actor.tenant, id, after, creator, everyone, most], |row| {
        let (read_at, acknowledged_at) = (row.get(Person::WIDTH)?, row.get(Person::WIDTH + 1)?);
        Ok(Ack { person: Person::from_row(row)?, read_at, acknowledged_at })
    })?;
    let page = Page::cut(rows, limit, |ack| ack.person.id.to_string());
    let others = match conversation.rules().right.filter(|_| everyone) {
        Some(right) => users::others_with(tx, actor.tenant, right, creator)?,
        None => (conversation.members - 1).max(0),
    };
    Ok(Acks { acknowledged, read, total: others, page })
}
