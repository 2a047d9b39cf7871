//! The durable log: every change that a client can see is one event, written in the change's own transaction,
//! numbered per tenant without gaps in commit order. Owns appending and pruning. Knows no transport; who reads it back
//! is in `sync/replay.rs`.

use std::sync::Arc;

use parlor_db::{params, statements};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use crate::audience::{AccessChange, Audience, Facets};
use crate::{
    audience::{TO_CONTACT, TO_NAMED, TO_NOBODY, TO_PERSON, TO_READERS, TO_STAFF, TO_STAFF_READERS},
    error::{Error, Result},
    ids::{ConversationId, PersonId, TenantId},
    person::{Actor, Person},
    time::Time,
    tx::Tx,
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
    /// When its transaction ran.
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
    /// An event that is not kept: typing, presence. It has no number, and no replay has it.
    pub fn ephemeral<D: Serialize>(
        tenant: TenantId,
        now: Time,
        actor: Option<&Person>,
        new: NewEvent<'_, D>,
    ) -> Result<Event> {
        let public = EphemeralPublic {
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

    /// Whether it is not kept.
    pub fn is_ephemeral(&self) -> bool {
        self.seq == 0
    }

    /// What to say of an event with an unreadable audience.
    #[must_use]
    pub fn damaged(&self) -> Error {
        Error::Damaged(format!("who may see event {} of tenant {} cannot be read", self.seq, self.tenant))
    }
}

/// A publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Publication {
    /// An event on channels (Pusher).
    Channels {
        /// On which.
        channels: Vec<String>,
        /// The event's name.
        name: String,
        /// Forwarded as it came.
        data: String,
        /// The connection that does not get it.
        except: Option<String>,
        /// Whose client sent it, on presence channels.
        user_id: Option<String>,
    },
    /// An update of topics (Mercure).
    Topics {
        /// The canonical one, then its alternates.
        topics: Vec<String>,
        /// Forwarded as it came.
        data: String,
        /// Only for subscribers with a right to one of the topics.
        private: bool,
        /// Unique in the tenant.
        id: String,
        /// The event's type.
        name: Option<String>,
        /// Milliseconds until clients come back.
        retry: Option<u64>,
    },
}

impl Publication {
    /// The channels or topics.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::Channels { channels, .. } => channels,
            Self::Topics { topics, .. } => topics,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Channels { .. } => "channel.published",
            Self::Topics { .. } => "topic.published",
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
struct EphemeralPublic<'a, D> {
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

/// Rewrites the `data` of a stored event, so that replay no longer tells what was deleted. The staff may have been told of
/// the same message right after it: `visible.rs` tells.
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

/// The event object for an API answer: its text, not encoded a second time.
pub fn raw(event: &Event) -> Result<Box<RawValue>> {
    Ok(RawValue::from_string(event.json.to_string())?)
}

/// Forgets events older than `before`, at most `limit` of them: answers how many, and the last one's number. Cursors older
/// than what is kept get a reset.
pub(crate) fn prune(tx: &mut Tx, tenant: TenantId, before: Time, limit: i64) -> Result<Option<(u64, i64)>> {
    let position = position(tx, tenant)?;
    let last = tx.db.opt(&OLDER, params![tenant, position.floor, position.floor + limit, before], |row| {
        row.get::<i64>(0)
    })?;
    let Some(last) = last else { return Ok(None) };
    tx.db.execute(&RAISE_FLOOR, params![tenant, last])?;
    let gone = tx.db.execute(&PRUNE, params![tenant, position.floor, last])?;
    Ok(Some((gone, last)))
}
