//! The durable log: every change that a client can see is one event, written in the change's own transaction,
//! numbered per tenant without gaps in commit order. Owns appending and pruning. Knows no transport; who reads it back
//! is in `sync/replay.rs`.

use std::sync::Arc;

use parlor_db::{FromRow, params, row, statements};
use serde_json::Value;
use serde_json::value::RawValue;

pub use crate::audience::{AccessChange, Audience, Facets};
pub use crate::event::ended::Ended;
pub use crate::event::publication::Publication;
pub use crate::event::{Ephemeral, EventKind, Payload, payloads};
use crate::{
    audience::{TO_CONTACT, TO_NAMED, TO_NOBODY, TO_PERSON, TO_READERS, TO_STAFF, TO_STAFF_READERS},
    error::{Error, Result},
    event::Envelope,
    ids::{ConversationId, TenantId},
    person::{Actor, Person},
    time::Time,
    tx::Tx,
};

/// An event, as hubs and replays hand it on: committed, or ephemeral.
#[derive(Clone, Debug)]
pub struct Event {
    /// The tenant in whose log it is.
    pub tenant: TenantId,
    /// Its number.
    pub seq: i64,
    /// What happened.
    pub kind: EventKind,
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
    pub fn ephemeral(
        tenant: TenantId,
        now: Time,
        actor: Option<&Person>,
        conversation: Option<ConversationId>,
        audience: Audience,
        tells: Ephemeral,
    ) -> Result<Event> {
        let kind = tells.kind();
        debug_assert!(!kind.is_in_conversation() || conversation.is_some(), "{kind:?}");
        let envelope = Envelope {
            seq: None,
            kind: kind.name(),
            at: now,
            conversation_id: conversation,
            actor,
            data: (),
        };
        let json = envelope.around(tells.data()?)?.into();
        let publication = match tells {
            Ephemeral::ChannelEvent(publication) => Some(Arc::new(publication)),
            Ephemeral::Presence(_) | Ephemeral::Typing(_) | Ephemeral::Viewing(_) => None,
        };
        let access = Vec::new();
        Ok(Event { tenant, seq: 0, kind, at: now, conversation, audience, access, json, publication })
    }

    /// Whether it is not kept.
    pub fn is_ephemeral(&self) -> bool {
        self.seq == 0
    }

    /// What an event of the log tells: read anew at each call, for those few who need more than its kind.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read, or is not of the log.
    pub fn payload(&self) -> Result<Payload> {
        match Payload::read(self.kind, &self.json) {
            Ok(Some(payload)) => Ok(payload),
            Ok(None) => Err(self.unreadable("it is not of the log")),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    /// What an event tells that is not kept.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read, or is of the log.
    pub fn ephemeral_payload(&self) -> Result<Ephemeral> {
        if let (EventKind::ChannelEvent, Some(publication)) = (self.kind, &self.publication) {
            return Ok(Ephemeral::ChannelEvent((**publication).clone()));
        }
        match Ephemeral::read(self.kind, &self.json) {
            Ok(Some(tells)) => Ok(tells),
            Ok(None) => Err(self.unreadable("it is of the log")),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    /// What was lost, if the event tells that something was.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read what.
    pub fn ended(&self) -> Result<Option<Ended>> {
        if self.kind != EventKind::CredentialEnded {
            return Ok(None);
        }
        match self.payload()? {
            Payload::CredentialEnded(told) => Ok(Some(told.ended)),
            _ => Ok(None),
        }
    }

    /// What to say of an event with an unreadable audience.
    #[must_use]
    pub fn damaged(&self) -> Error {
        Error::Damaged(format!("who may see event {} of tenant {} cannot be read", self.seq, self.tenant))
    }

    fn unreadable(&self, why: impl std::fmt::Display) -> Error {
        let (kind, seq, tenant) = (self.kind.name(), self.seq, self.tenant);
        Error::Damaged(format!("what event {seq} ({kind}) of tenant {tenant} tells cannot be read: {why}"))
    }
}

/// What is to be appended.
pub struct NewEvent<'a> {
    tells: Payload,
    scope: Scope<'a>,
}

/// Where an event happens, and whom it concerns.
pub(crate) struct Scope<'a> {
    conversation: Option<ConversationId>,
    audience: Audience,
    access: &'a [AccessChange],
}

impl<'a> NewEvent<'a> {
    /// An event of no conversation.
    pub fn new(tells: Payload, audience: Audience) -> Self {
        Self { tells, scope: Scope { conversation: None, audience, access: &[] } }
    }

    /// An event of a conversation.
    pub fn in_conversation(id: ConversationId, tells: Payload, audience: Audience) -> Self {
        Self { tells, scope: Scope::of(id, audience) }
    }

    /// Participants come or go with it.
    #[must_use]
    pub fn with_access(mut self, access: &'a [AccessChange]) -> Self {
        self.scope.access = access;
        self
    }
}

impl<'a> Scope<'a> {
    /// A conversation, and who of its readers.
    pub fn of(id: ConversationId, audience: Audience) -> Self {
        Self { conversation: Some(id), audience, access: &[] }
    }

    /// Participants come or go.
    pub fn with_access(self, access: &'a [AccessChange]) -> Self {
        Self { access, ..self }
    }
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

row! {
    impl Position, position_columns! {
        epoch: "epoch",
        seq: "head",
        floor: "floor",
    }
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
    pub static POSITION = both(concat!("SELECT ", position_columns!(), " FROM logs WHERE tenant = $1"));
    /// When the newest events of all tenants were.
    pub static NEWEST = both("
        SELECT MAX(n.at) FROM (SELECT (SELECT e.at FROM events e WHERE e.tenant = l.tenant AND e.seq = l.head) AS at
            FROM logs l) n").global();
    /// The text of an event and of the next.
    pub static TEXT = both("
        SELECT seq, json FROM events WHERE tenant = $1 AND seq >= $2 AND seq <= $2 + 1 ORDER BY seq");
    /// Replaces an event's text: what was deleted must not come back by replay.
    pub static REWRITE = both("UPDATE events SET json = $3 WHERE tenant = $1 AND seq = $2");
    /// Replaces an event's text, and tells it to nobody any more.
    pub static WITHDRAW = both("UPDATE events SET json = $3, audience = $4 WHERE tenant = $1 AND seq = $2");
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
pub fn append(tx: &mut Tx, actor: &Actor, new: NewEvent<'_>) -> Result<i64> {
    let seq = next(tx, actor.tenant)?;
    append_as(tx, actor, seq, new)
}

/// Appends an event under a number that [`next`] gave.
pub(crate) fn append_as(tx: &mut Tx, actor: &Actor, seq: i64, new: NewEvent<'_>) -> Result<i64> {
    let kind = new.tells.kind();
    let envelope = envelope(tx, seq, kind, new.scope.conversation, Some(&actor.person));
    let json = match &new.tells {
        // Its message is JSON already, made once for the event and for the answer.
        Payload::MessagePosted(posted) => envelope.around(posted)?,
        told => envelope.around(told.data()?)?,
    };
    write(tx, event(tx, actor.tenant, seq, kind, new.scope, json))
}

/// Appends an event whose data was cut down to what its readers may know (`conversations/visible.rs`).
pub(crate) fn append_cut(
    tx: &mut Tx,
    actor: &Actor,
    kind: EventKind,
    scope: Scope<'_>,
    data: &Value,
) -> Result<i64> {
    let seq = next(tx, actor.tenant)?;
    let json = envelope(tx, seq, kind, scope.conversation, Some(&actor.person)).around(data)?;
    write(tx, event(tx, actor.tenant, seq, kind, scope, json))
}

/// Appends what an application published; answers its number.
pub(crate) fn append_publication(tx: &mut Tx, tenant: TenantId, publication: Publication) -> Result<i64> {
    let seq = next(tx, tenant)?;
    let kind = match &publication {
        Publication::Channels { .. } => EventKind::ChannelPublished,
        Publication::Topics { .. } => EventKind::TopicPublished,
    };
    let json = envelope(tx, seq, kind, None, None).around(&publication)?;
    let scope = Scope { conversation: None, audience: Audience::Named, access: &[] };
    let event = event(tx, tenant, seq, kind, scope, json);
    write(tx, Event { publication: Some(Arc::new(publication)), ..event })
}

fn envelope<'a>(
    tx: &Tx,
    seq: i64,
    kind: EventKind,
    conversation_id: Option<ConversationId>,
    actor: Option<&'a Person>,
) -> Envelope<'a, ()> {
    Envelope { seq: Some(seq), kind: kind.name(), at: tx.now, conversation_id, actor, data: () }
}

fn event(tx: &Tx, tenant: TenantId, seq: i64, kind: EventKind, scope: Scope<'_>, json: String) -> Event {
    Event {
        tenant,
        seq,
        kind,
        at: tx.now,
        conversation: scope.conversation,
        audience: scope.audience,
        access: scope.access.to_vec(),
        json: json.into(),
        publication: None,
    }
}

/// Writes the event's row, and notes it for the moment after the commit.
fn write(tx: &mut Tx, event: Event) -> Result<i64> {
    debug_assert_eq!(event.kind.is_in_conversation(), event.conversation.is_some(), "{:?}", event.kind);
    let (code, person) = match &event.audience {
        Audience::Person(person) => (TO_PERSON, Some(*person)),
        Audience::Contact { id, .. } => (TO_CONTACT, Some(*id)),
        Audience::Staff => (TO_STAFF, None),
        Audience::Conversation { staff_only: false, .. } => (TO_READERS, None),
        Audience::Conversation { staff_only: true, .. } => (TO_STAFF_READERS, None),
        Audience::Named => (TO_NAMED, None),
        Audience::Nobody => (TO_NOBODY, None),
        Audience::Unreadable => return Err(Error::Damaged("an event for nobody".to_owned())),
    };
    let access = if event.access.is_empty() { None } else { Some(serde_json::to_string(&event.access)?) };
    tx.db.execute_later(
        &INSERT,
        params![
            event.tenant,
            event.seq,
            event.kind.name(),
            event.at,
            event.conversation,
            person,
            code,
            access.as_deref(),
            &*event.json
        ],
    )?;
    let seq = event.seq;
    tx.db.note(event);
    Ok(seq)
}

/// Where the tenant's log stands.
pub fn position(tx: &mut Tx, tenant: TenantId) -> Result<Position> {
    Ok(tx.db.one(&POSITION, params![tenant], Position::from_row)?)
}

/// When the newest event of all was stored.
pub fn newest(tx: &mut Tx) -> Result<Option<Time>> {
    Ok(tx.db.one(&NEWEST, params![], |row| row.get(0))?)
}

/// Rewrites the `data` of a stored event, so that replay no longer tells what was deleted. The staff may have been told of
/// the same message right after it: `visible.rs` tells.
pub(crate) fn rewrite(tx: &mut Tx, tenant: TenantId, seq: i64, change: impl Fn(&mut Value)) -> Result<()> {
    change_told(tx, tenant, seq, change, |tx, at, text| {
        Ok(tx.db.execute(&REWRITE, params![tenant, at, text])?)
    })
}

/// Tells an event to nobody any more, because a later one tells all that it told: it stays as a number, without the words
/// that `change` takes out. For the staff's form of it holds the same.
pub(crate) fn withdraw(tx: &mut Tx, tenant: TenantId, seq: i64, change: impl Fn(&mut Value)) -> Result<()> {
    change_told(tx, tenant, seq, change, |tx, at, text| {
        Ok(tx.db.execute(&WITHDRAW, params![tenant, at, text, TO_NOBODY])?)
    })
}

fn change_told(
    tx: &mut Tx,
    tenant: TenantId,
    seq: i64,
    change: impl Fn(&mut Value),
    write: impl Fn(&mut Tx, i64, &str) -> Result<u64>,
) -> Result<()> {
    let texts =
        tx.db.all(&TEXT, params![tenant, seq], |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)))?;
    let mut about = None;
    for (at, text) in texts {
        let mut value: Value = serde_json::from_str(&text)?;
        let subject = value.pointer("/data/message/id").cloned().map(|id| (value["type"].clone(), id));
        if at != seq && (subject.is_none() || subject != about) {
            continue;
        }
        about = subject;
        if let Some(data) = value.get_mut("data") {
            change(data);
        }
        write(tx, at, &value.to_string())?;
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
