//! What happened since a cursor: stored events as those who ask may see them today. Owns reading the log back. Must not
//! know: transports, and how events are written (`events.rs`).

use std::sync::Arc;

use parlor_db::{self as db, FromRow, Row, params, row, statements};

use crate::{
    access::access,
    audience::{
        AccessChange, Audience, Facets, TO_CONTACT, TO_NAMED, TO_NOBODY, TO_PERSON, TO_READERS, TO_STAFF,
        TO_STAFF_READERS, facet_columns,
    },
    contacts,
    error::Result,
    events::{Event, EventKind, Payload, position},
    ids::{ConversationId, PersonId, TenantId},
    json::Json,
    person::Actor,
    time::Time,
    tx::Tx,
    visible,
};

row! {
    /// What an event `e` tells.
    struct StoredEvent, event_columns! {
        seq: i64 = "e.seq",
        kind: String = "e.kind",
        at: Time = "e.at",
        conversation: Option<ConversationId> = "e.conversation_id",
        json: String = "e.json",
    }
}

row! {
    /// Whom it tells that, beside the readers of a conversation, and who came or went with it.
    struct Readers, readers_columns! {
        audience: i64 = "e.audience",
        person: Option<PersonId> = "e.person_id",
        access: Option<Vec<AccessChange>> = Json "e.access",
    }
}

statements! {
    /// Events after one, with what decides today who reads their conversation.
    pub static AFTER = both(concat!("
        SELECT ", event_columns!(), ", ", readers_columns!(), ", ", facet_columns!(), "
        FROM events e LEFT JOIN conversations c ON c.tenant = e.tenant AND c.id = e.conversation_id
        WHERE e.tenant = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3"));
    /// Whether there is one of these kinds after another one.
    pub static KINDS_AFTER = both("SELECT 1 FROM events WHERE tenant = $1 AND seq > $2 AND kind = ANY($3) LIMIT 1");
}

/// What a cursor still serves.
#[derive(Debug)]
pub enum Replay {
    /// The next events that the actor may see.
    Events {
        /// In the order of their numbers.
        events: Vec<Event>,
        /// Where to go on: the last one looked at, seen or not.
        seen: i64,
        /// Nothing is left.
        done: bool,
    },
    /// The cursor is older than the log, from its future or of another epoch.
    Reset,
}

/// Up to `limit` events after `after`, filtered by the rights the actor has now. An event whose audience cannot be
/// read is an error ([`Error::Damaged`](crate::Error::Damaged)): it may have been meant for this actor.
pub fn replay(tx: &mut Tx, actor: &Actor, epoch: i64, after: i64, limit: usize) -> Result<Replay> {
    let position = position(tx, actor.tenant)?;
    if epoch != position.epoch || after < position.floor || after > position.seq {
        return Ok(Replay::Reset);
    }
    if after == position.seq {
        return Ok(Replay::Events { events: Vec::new(), seen: after, done: true });
    }
    let access = access(tx, actor)?;
    let events = since(tx, actor.tenant, after, limit)?;
    if let Some(unreadable) = events.iter().find(|event| event.audience == Audience::Unreadable) {
        return Err(unreadable.damaged());
    }
    let seen = events.last().map_or(after, |event| event.seq);
    let done = events.len() < limit;
    let events = events.into_iter().filter(|event| access.admits_on_replay(event)).collect();
    Ok(Replay::Events { events, seen, done })
}

/// Up to `limit` events after `after`, for a hub: whoever takes them decides who sees them.
pub fn since(tx: &mut Tx, tenant: TenantId, after: i64, limit: usize) -> Result<Vec<Event>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut events = tx.db.all(&AFTER, params![tenant, after, limit], |row| from_row(tenant, row))?;
    visible::clean(tx, tenant, &mut events)?;
    contacts::address(tx, tenant, &mut events)?;
    Ok(events)
}

/// Whether an event of one of these kinds came after `after`.
pub fn any_since(tx: &mut Tx, tenant: TenantId, after: i64, kinds: &[EventKind]) -> Result<bool> {
    let kinds: Vec<String> = kinds.iter().map(|kind| kind.name().to_owned()).collect();
    Ok(tx.db.opt(&KINDS_AFTER, params![tenant, after, &kinds[..]], |row| row.get::<i64>(0))?.is_some())
}

fn from_row(tenant: TenantId, row: &Row<'_>) -> Result<Event, db::Error> {
    let stored = StoredEvent::from_row(row)?;
    let (audience, access) = match readers(row) {
        Ok(readers) => readers,
        // Who came or went unreadably may be anybody.
        Err(db::Error::Decode { .. }) => (Audience::Unreadable, Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(acted_on(Event {
        tenant,
        seq: stored.seq,
        kind: EventKind::in_log(&stored.kind),
        at: stored.at,
        conversation: stored.conversation,
        audience,
        access,
        json: stored.json.into(),
        publication: None,
    }))
}

/// Who may see a stored event, and who came or went with it.
fn readers(row: &Row<'_>) -> Result<(Audience, Vec<AccessChange>), db::Error> {
    let readers = Readers::read(row, StoredEvent::WIDTH)?;
    let facets = Facets::read_joined(row, StoredEvent::WIDTH + Readers::WIDTH)?;
    Ok((audience(readers.audience, readers.person, facets), readers.access.unwrap_or_default()))
}

/// Reads what the server itself acts on. Where it cannot be read, nobody knows whom it concerns: whoever has lost
/// something must not keep it because nobody can read what it was.
fn acted_on(event: Event) -> Event {
    let unreadable = |event| Event { audience: Audience::Unreadable, ..event };
    match (event.kind, &event.audience) {
        (EventKind::Unknown, _) => unreadable(event),
        (EventKind::ChannelPublished | EventKind::TopicPublished, Audience::Named) => match event.payload() {
            Ok(Payload::ChannelPublished(made) | Payload::TopicPublished(made)) => {
                Event { publication: Some(Arc::new(made)), ..event }
            }
            _ => unreadable(event),
        },
        (_, Audience::Named) => unreadable(event),
        (EventKind::CredentialEnded, _) if event.ended().is_err() => unreadable(event),
        _ => event,
    }
}

/// Who may see a stored event: never more than what is written there.
fn audience(code: i64, person: Option<PersonId>, facets: Option<Facets>) -> Audience {
    match (code, person, facets) {
        (TO_PERSON, Some(person), _) => Audience::Person(person),
        (TO_READERS | TO_STAFF_READERS, _, Some(facets)) => {
            Audience::Conversation { facets, staff_only: code == TO_STAFF_READERS }
        }
        (TO_CONTACT, Some(id), _) => Audience::Contact { id, places: Arc::default() },
        (TO_NAMED, ..) => Audience::Named,
        (TO_STAFF, ..) => Audience::Staff,
        (TO_NOBODY, ..) => Audience::Nobody,
        _ => Audience::Unreadable,
    }
}
