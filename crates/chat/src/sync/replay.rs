//! What happened since a cursor: stored events as those who ask may see them today. Owns reading the log back. Must not
//! know: transports, and how events are written (`events.rs`).

use std::sync::Arc;

use parlor_db::{self as db, Row, params, statements};

use crate::{
    access::access,
    audience::{
        AccessChange, Audience, Facets, TO_CONTACT, TO_NAMED, TO_NOBODY, TO_PERSON, TO_READERS, TO_STAFF,
        TO_STAFF_READERS,
    },
    contacts,
    error::Result,
    events::{Event, EventKind, Payload, position},
    ids::{PersonId, StoreId, TeamId, TenantId},
    kinds::Kind,
    person::{Actor, Json},
    tx::Tx,
    visible,
};

statements! {
    /// Events after one, with what decides today who reads their conversation.
    pub static AFTER = both("
        SELECT e.seq, e.kind, e.at, e.conversation_id, e.person_id, e.audience, e.access, e.json,
               c.kind, c.team_id, c.store_id, c.assignee_id
        FROM events e LEFT JOIN conversations c ON c.tenant = e.tenant AND c.id = e.conversation_id
        WHERE e.tenant = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3");
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
    let readable = |read: Result<Audience, db::Error>| match read {
        Err(db::Error::Decode { .. }) => Ok(Audience::Unreadable),
        read => read,
    };
    // Who came or went unreadably may be anybody.
    let (audience, access) = match row.get::<Option<Json<Vec<AccessChange>>>>(6) {
        Ok(access) => (readable(audience(row))?, access.map(|access| access.0).unwrap_or_default()),
        Err(db::Error::Decode { .. }) => (Audience::Unreadable, Vec::new()),
        Err(error) => return Err(error),
    };
    let name: String = row.get(1)?;
    let kind = EventKind::in_log(&name);
    Ok(acted_on(Event {
        tenant,
        seq: row.get(0)?,
        kind,
        at: row.get(2)?,
        conversation: row.get(3)?,
        audience,
        access,
        json: row.get::<String>(7)?.into(),
        publication: None,
    }))
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
fn audience(row: &Row<'_>) -> Result<Audience, db::Error> {
    let code: i64 = row.get(5)?;
    let person: Option<PersonId> = row.get(4)?;
    let kind: Option<Kind> = row.get(8)?;
    Ok(match (code, person, kind) {
        (TO_PERSON, Some(person), _) => Audience::Person(person),
        (TO_READERS | TO_STAFF_READERS, _, Some(kind)) => Audience::Conversation {
            facets: Facets {
                kind,
                team: row.get::<Option<TeamId>>(9)?,
                store: row.get::<Option<StoreId>>(10)?,
                assignee: row.get::<Option<PersonId>>(11)?,
            },
            staff_only: code == TO_STAFF_READERS,
        },
        (TO_CONTACT, Some(id), _) => Audience::Contact { id, places: Arc::default() },
        (TO_NAMED, ..) => Audience::Named,
        (TO_STAFF, ..) => Audience::Staff,
        (TO_NOBODY, ..) => Audience::Nobody,
        _ => Audience::Unreadable,
    })
}
