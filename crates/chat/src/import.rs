//! Histories of other systems. Owns turning a batch of foreign messages into conversations, users and messages: in
//! order, once (an id that was imported before is passed over), and without an event per message: one event tells
//! clients which conversations to fetch anew. The reader of the file and the progress are the caller's.

use std::collections::{HashMap, hash_map::Entry};

use parlor_db::{params, statements};
use serde::Deserialize;
use serde_json::json;

use crate::{
    conversations::{self, Conversation, Role},
    error::{Result, not_found},
    events::{self, Audience, NewEvent},
    ids::{ConversationId, PersonId},
    kinds::Kind,
    messages::{self, Body, Import},
    participants,
    person::{Actor, Person, PersonKind},
    tenants::{Tenant, system_actor},
    time::Time,
    tx::Tx,
    users,
};

/// A line of the file (docs/import.md).
#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    /// Unique in the file.
    pub id: String,
    /// The channel's name, or anything that names the pair of a direct conversation.
    pub channel: String,
    /// "channel" or "direct".
    pub kind: String,
    /// "message" and "action" are written; "system" and "notice" are passed over.
    #[serde(rename = "type", default = "message")]
    pub type_: String,
    /// The author's name.
    pub user: String,
    /// When, RFC 3339.
    pub ts: String,
    /// What.
    pub text: String,
    /// The id of the message that it answers.
    pub parent: Option<String>,
    /// The id of that chain's first message.
    pub thread: Option<String>,
}

fn message() -> String {
    "message".to_owned()
}

/// A line with everything computed that needs no database.
pub struct Prepared {
    line: Line,
    at: Time,
    body: Body,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Messages written.
    pub written: u64,
    /// Messages that had been imported before.
    pub known: u64,
}

/// What an import has met so far. Kept by the caller between batches, replaced only when a batch has committed.
#[derive(Clone, Default)]
pub struct State {
    people: HashMap<String, Person>,
    places: HashMap<String, Place>,
}

#[derive(Clone)]
struct Place {
    id: ConversationId,
    /// Own messages by author so far.
    own: HashMap<PersonId, i64>,
}

statements! {
    /// A user by the name it was imported under.
    pub static USER = both("SELECT id, name FROM users WHERE tenant = $1 AND external_id = $2");
    /// A conversation by the name it was imported under.
    pub static CONVERSATION = both("
        SELECT id FROM conversations WHERE tenant = $1 AND created_by = $2 AND client_id = $3");
    /// A message by its id in the file, and its thread.
    pub static KNOWN = both("
        SELECT seq, thread_root_seq FROM messages WHERE tenant = $1 AND conversation_id = $2 AND client_id = $3");
    /// Own messages of everybody in a conversation.
    pub static OWN = both("
        SELECT person_id, own_count FROM participants WHERE tenant = $1 AND conversation_id = $2");
    /// An author's numbers after the batch. Who wrote last has read everything before it.
    pub static AUTHOR = both("
        UPDATE participants SET own_count = $4, own_seq = $5, own_read = $4, read_seq = $5, read_count = $6,
            delivered_seq = $5, read_at = $7
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3");
    /// The conversation's numbers after the batch.
    pub static CONVERSATION_AFTER = both("
        UPDATE conversations SET last_seq = $3, last_public_seq = $3, staff_count = $4, public_count = $4,
            last_activity_at = $5, created_at = CASE WHEN created_at > $5 THEN $5 ELSE created_at END
        WHERE tenant = $1 AND id = $2");
}

/// Reads a line. None for lines that carry no message.
pub fn prepare(line: Line) -> Result<Option<Prepared>, String> {
    if !matches!(line.type_.as_str(), "message" | "action") || line.text.trim().is_empty() {
        return Ok(None);
    }
    let at =
        Time::parse(&line.ts).ok_or_else(|| format!("{}: \"ts\" is not a time as in RFC 3339", line.id))?;
    if !matches!(line.kind.as_str(), "channel" | "direct") {
        return Err(format!("{}: \"kind\" must be channel or direct", line.id));
    }
    let text = if line.type_ == "action" { format!("*{}*", line.text.trim()) } else { line.text.clone() };
    let body = match Body::parse(&text.replace('\0', ""), 100_000) {
        Ok(body) => body,
        Err(crate::Error::Invalid { rule: "not_empty", .. }) => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", line.id)),
    };
    Ok(Some(Prepared { line, at, body }))
}

/// Writes a batch. All or nothing; the state belongs to what was committed.
pub fn batch(tx: &mut Tx, tenant: &Tenant, state: &mut State, lines: &[Prepared]) -> Result<Outcome> {
    let system = system_actor(tenant);
    let mut outcome = Outcome::default();
    let mut by_place: Vec<(String, Vec<&Prepared>)> = Vec::new();
    for line in lines {
        match by_place.iter_mut().find(|(channel, _)| *channel == line.line.channel) {
            Some((_, of_place)) => of_place.push(line),
            None => by_place.push((line.line.channel.clone(), vec![line])),
        }
    }
    let mut touched = Vec::new();
    for (channel, of_place) in by_place {
        touched.push(of_channel(tx, tenant, &system, state, &channel, &of_place, &mut outcome)?);
    }
    if outcome.written > 0 {
        let event = NewEvent {
            kind: "history.imported",
            conversation: None,
            audience: Audience::Staff,
            access: &[],
            data: json!({ "conversation_ids": touched }),
        };
        events::append(tx, &system, event)?;
    }
    Ok(outcome)
}

fn of_channel(
    tx: &mut Tx,
    tenant: &Tenant,
    system: &Actor,
    state: &mut State,
    channel: &str,
    lines: &[&Prepared],
    outcome: &mut Outcome,
) -> Result<ConversationId> {
    let mut authors = Vec::new();
    for line in lines {
        authors.push(author(tx, tenant, state, &line.line.user)?);
    }
    let mut place = place(tx, system, state, channel, lines)?;
    let (mut conversation, _) =
        conversations::store::lock(tx, system, place.id)?.ok_or(not_found("conversation"))?;
    let count = i64::try_from(lines.len()).unwrap_or(0);
    let (_, last) = events::take(tx, tenant.id, 0, count)?;
    let mut no = (tenant.no << 40) | (last - count);
    let mut wrote: HashMap<PersonId, (i64, i64)> = HashMap::new();
    let mut newest = None;
    for (line, person) in lines.iter().zip(&authors) {
        no += 1;
        if let Entry::Vacant(entry) = place.own.entry(person.id) {
            participants::insert(tx, system, &conversation, person, Role::Member)?;
            entry.insert(0);
        }
        if known(tx, tenant, place.id, &line.line.id)?.is_some() {
            outcome.known += 1;
            continue;
        }
        let own = place.own.get(&person.id).copied().unwrap_or(0) + 1;
        write(tx, tenant, system, &mut conversation, line, person, own, no)?;
        place.own.insert(person.id, own);
        wrote.insert(person.id, (conversation.last_seq, conversation.staff_count));
        newest = Some(line.at);
        outcome.written += 1;
    }
    finish(tx, tenant, &conversation, &place, &wrote, newest)?;
    let id = place.id;
    state.places.insert(channel.to_owned(), place);
    Ok(id)
}

#[expect(clippy::too_many_arguments, reason = "one row of the file and everything it is written with")]
fn write(
    tx: &mut Tx,
    tenant: &Tenant,
    system: &Actor,
    conversation: &mut Conversation,
    line: &Prepared,
    person: &Person,
    own: i64,
    no: i64,
) -> Result<()> {
    let parent = match &line.line.parent {
        Some(parent) => known(tx, tenant, conversation.id, parent)?,
        None => None,
    };
    let root = parent.map(|(seq, root)| root.unwrap_or(seq));
    let import = Import {
        author: person,
        at: line.at,
        body: &line.body,
        client_id: &line.line.id,
        reply_to_seq: parent.map(|(seq, _)| seq),
        thread_root_seq: root,
        own,
        no,
    };
    messages::append_import(tx, system, conversation, &import)
}

/// Where a message of the file is, and its thread's root.
fn known(
    tx: &mut Tx,
    tenant: &Tenant,
    place: ConversationId,
    id: &str,
) -> Result<Option<(i64, Option<i64>)>> {
    Ok(tx.db.opt(&KNOWN, params![tenant.id, place, id], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn finish(
    tx: &mut Tx,
    tenant: &Tenant,
    conversation: &Conversation,
    place: &Place,
    wrote: &HashMap<PersonId, (i64, i64)>,
    newest: Option<Time>,
) -> Result<()> {
    for (person, (seq, count)) in wrote {
        let own = place.own.get(person).copied().unwrap_or(0);
        tx.db.execute(&AUTHOR, params![tenant.id, place.id, *person, own, *seq, *count, tx.now])?;
    }
    if let Some(newest) = newest {
        let c = conversation;
        tx.db.execute(&CONVERSATION_AFTER, params![tenant.id, c.id, c.last_seq, c.staff_count, newest])?;
    }
    tx.db.one(&conversations::store::COUNT_MEMBERS, params![tenant.id, conversation.id], |row| {
        row.get::<i64>(0)
    })?;
    Ok(())
}

fn author(tx: &mut Tx, tenant: &Tenant, state: &mut State, name: &str) -> Result<Person> {
    if let Some(person) = state.people.get(name) {
        return Ok(person.clone());
    }
    let external: String = format!("import:{name}").chars().take(200).collect();
    let found = tx.db.opt(&USER, params![tenant.id, external.as_str()], |row| {
        Ok((row.get::<PersonId>(0)?, row.get::<String>(1)?))
    })?;
    let (id, shown) = match found {
        Some(found) => found,
        None => {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
            let shown = if shown.trim().is_empty() { "?".to_owned() } else { shown.trim().to_owned() };
            (users::import(tx, tenant, &external, &shown)?, shown)
        }
    };
    let person = Person { id, kind: PersonKind::User, name: shown, avatar_url: None };
    state.people.insert(name.to_owned(), person.clone());
    Ok(person)
}

fn place(tx: &mut Tx, system: &Actor, state: &State, channel: &str, lines: &[&Prepared]) -> Result<Place> {
    if let Some(place) = state.places.get(channel) {
        return Ok(place.clone());
    }
    let key: String = format!("import:{channel}").chars().take(100).collect();
    let found =
        tx.db.opt(&CONVERSATION, params![system.tenant, system.id(), key.as_str()], |row| row.get(0))?;
    let id = match found {
        Some(id) => id,
        None => open(tx, system, channel, &key, lines)?,
    };
    let own = tx.db.all(&OWN, params![system.tenant, id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Place { id, own: own.into_iter().collect() })
}

/// A channel becomes a public channel. A direct one becomes a group of its authors: the same pair may have several.
fn open(
    tx: &mut Tx,
    system: &Actor,
    channel: &str,
    key: &str,
    lines: &[&Prepared],
) -> Result<ConversationId> {
    let direct = lines.first().is_some_and(|line| line.line.kind == "direct");
    let kind = if direct { Kind::Group } else { Kind::Channel };
    let at = lines.first().map_or(tx.now, |line| line.at);
    conversations::import(tx, system, kind, channel, key, at)
}
