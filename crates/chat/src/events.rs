//! The durable log: every change that a client can see is one event, written in the change's own transaction,
//! numbered per tenant without gaps in commit order. Owns appending, replay and pruning. Knows no transport.

use std::sync::Arc;

use parlor_db::{self as db, Row, params, statements};
use serde::Serialize;
use serde_json::value::RawValue;

pub use crate::access::{Access, AccessChange, Facets, access};
use crate::{
    contacts, credentials,
    error::{Error, Result},
    ids::{ConversationId, PersonId, StoreId, TeamId, TenantId},
    kinds::Kind,
    person::{Actor, Json, Person},
    publications::{self, Publication},
    time::Time,
    tx::Tx,
    visible,
};

/// A committed event, as hubs and replays hand it on.
#[derive(Clone, Debug)]
pub struct Event {
    /// Whose log.
    pub tenant: TenantId,
    /// Its number.
    pub seq: i64,
    /// "message.posted" …
    pub kind: String,
    /// When.
    pub at: Time,
    /// In which conversation, if in one.
    pub conversation: Option<ConversationId>,
    /// Who may see it.
    pub audience: Audience,
    /// Participants that came or went with it.
    pub access: Vec<AccessChange>,
    /// The public object of docs/protocols/native.md, encoded once; stored and sent as it is.
    pub json: Arc<str>,
    /// What an application published; such an event has no audience but whoever listens to its names.
    pub publication: Option<Arc<Publication>>,
}

impl Event {
    /// Something that is told and not kept: typing, presence. It has no number, nobody is sent it later.
    pub fn passing<D: Serialize>(
        tenant: TenantId,
        now: Time,
        actor: Option<&Person>,
        new: NewEvent<'_, D>,
    ) -> Result<Event> {
        let public = PassingPublic {
            kind: new.kind,
            at: now,
            conversation_id: new.conversation,
            actor,
            data: new.data,
        };
        Ok(Event {
            tenant,
            seq: 0,
            kind: new.kind.to_owned(),
            at: now,
            conversation: new.conversation,
            audience: new.audience,
            access: Vec::new(),
            json: serde_json::to_string(&public)?.into(),
            publication: None,
        })
    }

    /// Whether it is only told, not kept.
    pub fn is_passing(&self) -> bool {
        self.seq == 0
    }

    /// What to say of an event with an unreadable audience.
    #[must_use]
    pub fn damaged(&self) -> Error {
        Error::Damaged(format!("who may see event {} of tenant {} cannot be read", self.seq, self.tenant))
    }
}

/// Who may see an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One person, on all of its devices.
    Person(PersonId),
    /// Every user of the tenant.
    Staff,
    /// Whoever reads the conversation; with `staff_only`, no contact.
    Conversation {
        /// What decides who reads it, as it is now.
        facets: Facets,
        /// Contacts do not get it.
        staff_only: bool,
    },
    /// The staff who see a contact.
    Contact {
        /// Which.
        id: PersonId,
        /// Its conversations: who reads one of them sees it.
        places: Arc<[(ConversationId, Facets)]>,
    },
    /// Whoever listens to the names of its publication.
    Named,
    /// Nobody: the server itself acts on it.
    Nobody,
    /// Nobody: what is stored of it cannot be read. A replay that meets it fails; whoever is online begins anew.
    Unreadable,
}

const TO_PERSON: i64 = 0;
const TO_STAFF: i64 = 1;
const TO_READERS: i64 = 2;
const TO_STAFF_READERS: i64 = 3;
const TO_NAMED: i64 = 4;
const TO_CONTACT: i64 = 5;
const TO_NOBODY: i64 = 6;

impl Access {
    /// Whether the person may see the event. Whoever is removed by it sees it as the last one.
    pub fn admits(&self, event: &Event) -> bool {
        if event.tenant != self.tenant {
            return false;
        }
        match &event.audience {
            Audience::Person(person) => *person == self.person,
            Audience::Staff => self.is_staff,
            Audience::Contact { places, .. } => self.sees_contact(places),
            Audience::Named | Audience::Nobody | Audience::Unreadable => false,
            Audience::Conversation { staff_only: true, .. } if !self.is_staff => false,
            Audience::Conversation { facets, .. } => {
                event.conversation.is_some_and(|conversation| self.reads(conversation, facets))
                    || event.access.iter().any(|change| change.person == self.person)
            }
        }
    }
}

/// What is to be appended.
pub struct NewEvent<'a, D> {
    /// "message.posted" …
    pub kind: &'static str,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// Who may see it.
    pub audience: Audience,
    /// Participants that come or go with it.
    pub access: &'a [AccessChange],
    /// The event's own part.
    pub data: D,
}

/// Where a log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Changes when the log was started anew: older cursors are worthless then.
    pub epoch: i64,
    /// The newest event's number.
    pub seq: i64,
    /// Events up to this one are no longer kept.
    pub floor: i64,
}

#[derive(Serialize)]
struct Public<'a, D> {
    seq: i64,
    #[serde(rename = "type")]
    kind: &'a str,
    at: Time,
    conversation_id: Option<ConversationId>,
    actor: Option<&'a Person>,
    data: D,
}

#[derive(Serialize)]
struct PassingPublic<'a, D> {
    #[serde(rename = "type")]
    kind: &'a str,
    at: Time,
    conversation_id: Option<ConversationId>,
    actor: Option<&'a Person>,
    data: D,
}

statements! {
    /// Takes the next number.
    pub static NEXT = both("UPDATE logs SET head = head + 1 WHERE tenant = $1 RETURNING head");
    /// Takes the next number, and the next message's.
    pub static NEXT_WITH_MESSAGE = both("
        UPDATE logs SET head = head + 1, messages = messages + 1 WHERE tenant = $1 RETURNING head, messages");
    /// Writes the event.
    pub static INSERT = both("
        INSERT INTO events (tenant, seq, kind, at, conversation_id, person_id, audience, access, json)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    /// Where the log stands.
    pub static POSITION = both("SELECT epoch, head, floor FROM logs WHERE tenant = $1");
    /// Events after one, with what decides today who reads their conversation.
    pub static AFTER = both("
        SELECT e.seq, e.kind, e.at, e.conversation_id, e.person_id, e.audience, e.access, e.json,
               c.kind, c.team_id, c.store_id, c.assignee_id
        FROM events e LEFT JOIN conversations c ON c.tenant = e.tenant AND c.id = e.conversation_id
        WHERE e.tenant = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3");
    /// Whether there is one of these kinds after another one.
    pub static KINDS_AFTER = both("SELECT 1 FROM events WHERE tenant = $1 AND seq > $2 AND kind = ANY($3) LIMIT 1");
    /// The text of an event and of the next.
    pub static TEXT = both("
        SELECT seq, json FROM events WHERE tenant = $1 AND seq >= $2 AND seq <= $2 + 1 ORDER BY seq");
    /// Replaces an event's text: what was deleted must not come back by replay.
    pub static REWRITE = both("UPDATE events SET json = $3 WHERE tenant = $1 AND seq = $2");
    /// The newest event that is older than a time.
    pub static OLDER = both("
        SELECT seq FROM events WHERE tenant = $1 AND seq > $2 AND seq <= $3 AND at < $4 ORDER BY seq DESC LIMIT 1");
    /// Forgets old events.
    pub static PRUNE = both("DELETE FROM events WHERE tenant = $1 AND seq > $2 AND seq <= $3");
    /// Remembers up to where the log was pruned.
    pub static RAISE_FLOOR = both("UPDATE logs SET floor = $2 WHERE tenant = $1");
}

/// Takes the next event number of the actor's tenant. Whoever takes it must append with it in the same transaction.
pub(crate) fn next(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    Ok(tx.db.one(&NEXT, params![tenant], |row| row.get(0))?)
}

/// Takes the next event number and the next message number.
pub(crate) fn next_with_message(tx: &mut Tx, actor: &Actor) -> Result<(i64, i64)> {
    let (seq, message): (i64, i64) =
        tx.db.one(&NEXT_WITH_MESSAGE, params![actor.tenant], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((seq, (actor.tenant_no << 40) | message))
}

/// Appends an event: the last statement of an operation. Answers its number.
pub fn append<D: Serialize>(tx: &mut Tx, actor: &Actor, new: NewEvent<'_, D>) -> Result<i64> {
    let seq = next(tx, actor.tenant)?;
    append_as(tx, actor, seq, new)
}

/// Appends an event under a number that [`next`] gave.
pub(crate) fn append_as<D: Serialize>(
    tx: &mut Tx,
    actor: &Actor,
    seq: i64,
    new: NewEvent<'_, D>,
) -> Result<i64> {
    let public = Public {
        seq,
        kind: new.kind,
        at: tx.now,
        conversation_id: new.conversation,
        actor: Some(&actor.person),
        data: new.data,
    };
    let json = serde_json::to_string(&public)?;
    let (code, person) = match &new.audience {
        Audience::Person(person) => (TO_PERSON, Some(*person)),
        Audience::Contact { id, .. } => (TO_CONTACT, Some(*id)),
        Audience::Staff => (TO_STAFF, None),
        Audience::Conversation { staff_only: false, .. } => (TO_READERS, None),
        Audience::Conversation { staff_only: true, .. } => (TO_STAFF_READERS, None),
        Audience::Named => (TO_NAMED, None),
        Audience::Nobody => (TO_NOBODY, None),
        Audience::Unreadable => return Err(Error::Damaged("an event for nobody".to_owned())),
    };
    let access = if new.access.is_empty() { None } else { Some(serde_json::to_string(new.access)?) };
    tx.db.execute_later(
        &INSERT,
        params![
            actor.tenant,
            seq,
            new.kind,
            tx.now,
            new.conversation,
            person,
            code,
            access.as_deref(),
            json.as_str()
        ],
    )?;
    tx.db.note(Event {
        tenant: actor.tenant,
        seq,
        kind: new.kind.to_owned(),
        at: tx.now,
        conversation: new.conversation,
        audience: new.audience,
        access: new.access.to_vec(),
        json: json.into(),
        publication: None,
    });
    Ok(seq)
}

/// Appends what an application published; answers its number.
pub(crate) fn append_publication(tx: &mut Tx, tenant: TenantId, publication: Publication) -> Result<i64> {
    let seq = next(tx, tenant)?;
    let kind = publication.kind();
    let public = Public { seq, kind, at: tx.now, conversation_id: None, actor: None, data: &publication };
    let json = serde_json::to_string(&public)?;
    let nowhere: Option<ConversationId> = None;
    let nobody: Option<PersonId> = None;
    let access: Option<&str> = None;
    tx.db.execute_later(
        &INSERT,
        params![tenant, seq, kind, tx.now, nowhere, nobody, TO_NAMED, access, json.as_str()],
    )?;
    tx.db.note(Event {
        tenant,
        seq,
        kind: kind.to_owned(),
        at: tx.now,
        conversation: None,
        audience: Audience::Named,
        access: Vec::new(),
        json: json.into(),
        publication: Some(Arc::new(publication)),
    });
    Ok(seq)
}

/// Where the tenant's log stands.
pub fn position(tx: &mut Tx, tenant: TenantId) -> Result<Position> {
    Ok(tx.db.one(&POSITION, params![tenant], |row| {
        Ok(Position { epoch: row.get(0)?, seq: row.get(1)?, floor: row.get(2)? })
    })?)
}

/// What a cursor still serves.
#[derive(Debug)]
pub enum Replay {
    /// The next events that the actor may see.
    Events {
        /// Ascending.
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
/// read is an error ([`Error::Damaged`]): it may have been meant for this actor.
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

impl Access {
    /// As [`Access::admits`], but an earlier removal admits nothing else: who was removed sees that one event.
    pub fn admits_on_replay(&self, event: &Event) -> bool {
        self.admits(event)
            && match &event.audience {
                Audience::Conversation { facets, .. } => {
                    event.conversation.is_some_and(|conversation| self.reads(conversation, facets))
                        || event.access.iter().any(|change| change.person == self.person && !change.member)
                }
                _ => true,
            }
    }
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
pub fn any_since(tx: &mut Tx, tenant: TenantId, after: i64, kinds: &[String]) -> Result<bool> {
    Ok(tx.db.opt(&KINDS_AFTER, params![tenant, after, kinds], |row| row.get::<i64>(0))?.is_some())
}

fn from_row(tenant: TenantId, row: &Row<'_>) -> Result<Event, db::Error> {
    let json: String = row.get(7)?;
    let (audience, publication) = match audience(row) {
        Ok(Audience::Named) => match published(&json) {
            Some(publication) => (Audience::Named, Some(publication)),
            None => (Audience::Unreadable, None),
        },
        // Who has lost something must not keep it because nobody can read what it was.
        Ok(Audience::Nobody) if !credentials::is_readable(&row.get::<String>(1)?, &json) => {
            (Audience::Unreadable, None)
        }
        Ok(audience) => (audience, None),
        Err(db::Error::Decode { .. }) => (Audience::Unreadable, None),
        Err(error) => return Err(error),
    };
    // Who came or went unreadably may be anybody.
    let (audience, access) = match row.get::<Option<Json<Vec<AccessChange>>>>(6) {
        Ok(access) => (audience, access.map(|access| access.0).unwrap_or_default()),
        Err(db::Error::Decode { .. }) => (Audience::Unreadable, Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(Event {
        tenant,
        seq: row.get(0)?,
        kind: row.get(1)?,
        at: row.get(2)?,
        conversation: row.get(3)?,
        audience,
        access,
        json: json.into(),
        publication,
    })
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

fn published(json: &str) -> Option<Arc<Publication>> {
    #[derive(serde::Deserialize)]
    struct Kept {
        data: Publication,
    }
    serde_json::from_str::<Kept>(json).ok().map(|kept| Arc::new(kept.data))
}

/// Rewrites the `data` of a stored event, so that replay no longer tells what was deleted. The staff may have been told of
/// the same message right after it: see [`visible::tell_both`].
pub(crate) fn rewrite(
    tx: &mut Tx,
    tenant: TenantId,
    seq: i64,
    change: impl Fn(&mut serde_json::Value),
) -> Result<()> {
    let texts =
        tx.db.all(&TEXT, params![tenant, seq], |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)))?;
    let mut about = None;
    for (at, text) in texts {
        let mut value: serde_json::Value = serde_json::from_str(&text)?;
        let subject = value.pointer("/data/message/id").cloned().map(|id| (value["type"].clone(), id));
        if at != seq && (subject.is_none() || subject != about) {
            continue;
        }
        about = subject;
        if let Some(data) = value.get_mut("data") {
            change(data);
        }
        tx.db.execute(&REWRITE, params![tenant, at, value.to_string().as_str()])?;
    }
    Ok(())
}

/// Forgets events older than `before`, at most `limit` of them. Cursors older than what is kept get a reset.
pub fn prune(tx: &mut Tx, tenant: TenantId, before: Time, limit: i64) -> Result<u64> {
    let position = position(tx, tenant)?;
    let last = tx.db.opt(&OLDER, params![tenant, position.floor, position.floor + limit, before], |row| {
        row.get::<i64>(0)
    })?;
    let Some(last) = last else { return Ok(0) };
    tx.db.execute(&RAISE_FLOOR, params![tenant, last])?;
    publications::prune(tx, tenant, last)?;
    Ok(tx.db.execute(&PRUNE, params![tenant, position.floor, last])?)
}

/// The event object for an API answer: its text, not encoded a second time.
pub fn raw(event: &Event) -> Result<Box<RawValue>> {
    Ok(RawValue::from_string(event.json.to_string())?)
}
