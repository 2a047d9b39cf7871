//! Histories of other systems. Owns turning a batch of foreign messages into conversations, users and messages: in
//! order, once (an id that was imported before is passed over), and without an event per message: one event tells
//! clients which conversations to fetch anew. The reader of the file and the progress are the caller's.

use std::collections::{HashMap, hash_map::Entry};

use parlor_db::{params, statements};
use serde::Deserialize;

use crate::{
    conversations::{self, Conversation, Role},
    error::{Result, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{ConversationId, PersonId},
    kinds::Kind,
    messages::{self, Body, Import},
    participants,
    person::{Actor, Person, PersonKind},
    search::{self, terms},
    teams,
    tenants::{Tenant, system_actor},
    text::shown_name,
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
    /// The text, as Markdown.
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
    terms: String,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Messages written.
    pub written: u64,
    /// Messages that had been imported before.
    pub known: u64,
}

/// What an import has met so far. Kept by the caller between batches, so that nobody is looked up twice.
#[derive(Default)]
pub struct State {
    people: HashMap<String, Person>,
    places: HashMap<String, ImportedConversation>,
}

/// What a batch has met anew. It belongs to the state once the batch has committed, and to nobody if it has not.
#[derive(Default)]
pub struct Met {
    people: HashMap<String, Person>,
    places: HashMap<String, ImportedConversation>,
}

impl State {
    /// Takes over what a committed batch has met.
    pub fn take(&mut self, met: Met) {
        self.people.extend(met.people);
        for (channel, place) in met.places {
            match self.places.entry(channel) {
                Entry::Occupied(mut known) => known.get_mut().own.extend(place.own),
                Entry::Vacant(new) => {
                    new.insert(place);
                }
            }
        }
    }
}

/// A conversation into which messages were imported.
struct ImportedConversation {
    id: ConversationId,
    /// Own messages by author so far; in [`Met`] of those only who wrote in the batch, or of all of a place new to it.
    own: HashMap<PersonId, i64>,
}

/// Where messages are, and their threads' roots, by their ids in the file.
type Known = HashMap<String, (i64, Option<i64>)>;

/// A running batch.
struct Batch<'b> {
    tenant: &'b Tenant,
    system: Actor,
    state: &'b State,
    met: Met,
    outcome: Outcome,
}

/// What a batch changes in one conversation beside its messages.
#[derive(Default)]
struct Changes {
    /// Position and number of countable messages at the newest message of each author.
    wrote: HashMap<PersonId, (i64, i64)>,
    /// Replies more, by the thread's root.
    replies: HashMap<i64, i64>,
    members: i64,
    newest: Option<Time>,
}

statements! {
    /// A user by the name it was imported under.
    pub static USER = both("SELECT id, name FROM users WHERE tenant = $1 AND external_id = $2");
    /// A conversation by the name it was imported under.
    pub static CONVERSATION = both("
        SELECT id FROM conversations WHERE tenant = $1 AND created_by = $2 AND client_id = $3");
    /// Messages by their ids in the file, and their threads.
    pub static KNOWN = both("
        SELECT client_id, seq, thread_root_seq FROM messages
        WHERE tenant = $1 AND conversation_id = $2 AND client_id = ANY($3)");
    /// Own messages of everybody in a conversation.
    pub static OWN = both("
        SELECT person_id, own_count FROM participants WHERE tenant = $1 AND conversation_id = $2");
    /// Takes so many message numbers. These messages are indexed at once, and nothing waits before them.
    pub static NUMBERS = both("
        UPDATE logs SET messages = messages + $2, indexed = indexed + $2 WHERE tenant = $1 RETURNING messages");
    /// An author's numbers after the batch. Who wrote last has read everything before it.
    pub static AUTHOR = both("
        UPDATE participants SET own_count = $4, own_seq = $5, own_read = $4, read_seq = $5, read_count = $6,
            delivered_seq = $5, read_at = $7
        WHERE tenant = $1 AND conversation_id = $2 AND person_id = $3");
    /// The conversation's numbers after the batch. Members are added up: counting them anew would walk over all.
    pub static CONVERSATION_AFTER = both("
        UPDATE conversations SET last_seq = $3, last_public_seq = $3, staff_count = $4, public_count = $4,
            last_activity_at = $5, created_at = CASE WHEN created_at > $5 THEN $5 ELSE created_at END,
            members = members + $6
        WHERE tenant = $1 AND id = $2");
}

/// Reads a line. None for lines that carry no message.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote the file.
pub fn prepare(line: Line) -> Result<Option<Prepared>, String> {
    if !matches!(line.type_.as_str(), "message" | "action") || line.text.trim().is_empty() {
        return Ok(None);
    }
    check(&line)?;
    let at = Time::parse(&line.ts).ok_or("\"ts\" is not a time as in RFC 3339")?;
    let text = if line.type_ == "action" { format!("*{}*", line.text.trim()) } else { line.text.clone() };
    let body = match Body::parse(&text.replace('\0', ""), 100_000) {
        Ok(body) => body,
        Err(crate::Error::Invalid { rule: "not_empty", .. }) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let terms = terms::of(&body.text);
    Ok(Some(Prepared { line, at, body, terms }))
}

/// Refuses what could not be found again by a later import, or would be shown as nothing.
fn check(line: &Line) -> Result<(), String> {
    let fits = |text: &str, most: usize| !text.trim().is_empty() && text.chars().count() <= most;
    if !matches!(line.kind.as_str(), "channel" | "direct") {
        return Err("\"kind\" must be channel or direct".to_owned());
    }
    for (field, text, most) in
        [("id", &line.id, 100), ("channel", &line.channel, 90), ("user", &line.user, 120)]
    {
        if !fits(text, most) || text.contains('\0') {
            return Err(format!("\"{field}\" must have 1 to {most} characters"));
        }
    }
    if line.kind == "channel" && teams::slug_of(&line.channel).is_empty() {
        return Err("\"channel\" needs a letter or digit".to_owned());
    }
    Ok(())
}

/// Writes a batch. All or nothing; what it has met belongs to the state once it has committed.
///
/// # Errors
/// When a channel's name is taken by a channel that was not imported, or the database refuses.
pub fn batch(tx: &mut Tx, tenant: &Tenant, state: &State, lines: &[Prepared]) -> Result<(Outcome, Met)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut by_place: Vec<(&str, Vec<&Prepared>)> = Vec::new();
    for line in lines {
        let channel = line.line.channel.as_str();
        let place = *places.entry(channel).or_insert_with(|| {
            by_place.push((channel, Vec::new()));
            by_place.len() - 1
        });
        by_place[place].1.push(line);
    }
    while search::catch_up(tx, tenant.id, tenant.no)? {}
    let system = system_actor(tenant);
    let mut batch = Batch { tenant, system, state, met: Met::default(), outcome: Outcome::default() };
    let mut touched = Vec::new();
    for (channel, of_place) in by_place {
        touched.extend(batch.of_channel(tx, channel, &of_place)?);
    }
    if !touched.is_empty() {
        let told = Payload::HistoryImported(payloads::HistoryImported { conversation_ids: touched });
        events::append(tx, &batch.system, NewEvent::new(told, Audience::Staff))?;
    }
    Ok((batch.outcome, batch.met))
}

impl Batch<'_> {
    /// Writes what is new of a conversation; none when nothing is.
    fn of_channel(
        &mut self,
        tx: &mut Tx,
        channel: &str,
        lines: &[&Prepared],
    ) -> Result<Option<ConversationId>> {
        let (id, mut known) = self.place(tx, channel, lines)?;
        let new: Vec<&&Prepared> = lines.iter().filter(|line| !known.contains_key(&line.line.id)).collect();
        self.outcome.known += (lines.len() - new.len()) as u64;
        if new.is_empty() {
            return Ok(None);
        }
        let (mut conversation, _) =
            conversations::store::lock(tx, &self.system, id)?.ok_or(not_found("conversation"))?;
        let count = i64::try_from(new.len()).unwrap_or(0);
        let last: i64 = tx.db.one(&NUMBERS, params![self.tenant.id, count], |row| row.get(0))?;
        let first = (self.tenant.no << 40) | (last - count + 1);
        let mut changes = Changes::default();
        for (no, line) in (first..).zip(new) {
            if known.contains_key(&line.line.id) {
                self.outcome.known += 1;
                continue;
            }
            let root = self.write(tx, channel, &mut conversation, line, no, &known, &mut changes)?;
            known.insert(line.line.id.clone(), (conversation.last_seq, root));
            self.outcome.written += 1;
        }
        self.finish(tx, channel, &conversation, &changes)?;
        Ok(Some(id))
    }

    /// Writes one message; answers its thread's root.
    #[expect(clippy::too_many_arguments, reason = "one row of the file and everything it is written with")]
    fn write(
        &mut self,
        tx: &mut Tx,
        channel: &str,
        conversation: &mut Conversation,
        line: &Prepared,
        no: i64,
        known: &Known,
        changes: &mut Changes,
    ) -> Result<Option<i64>> {
        let author = self.author(tx, &line.line.user)?;
        let own = match self.own(channel, author.id) {
            Some(own) => own + 1,
            None => {
                participants::insert(tx, &self.system, conversation, &author, Role::Member)?;
                changes.members += 1;
                1
            }
        };
        let answered = [&line.line.parent, &line.line.thread];
        let answered = answered.into_iter().flatten().find_map(|id| known.get(id)).copied();
        let root = answered.map(|(seq, root)| root.unwrap_or(seq));
        let import = Import {
            author: &author,
            at: line.at,
            body: &line.body,
            terms: &line.terms,
            client_id: &line.line.id,
            reply_to_seq: answered.map(|(seq, _)| seq),
            thread_root_seq: root,
            own,
            no,
        };
        messages::append_import(tx, &self.system, conversation, &import)?;
        if let Some(place) = self.met.places.get_mut(channel) {
            place.own.insert(author.id, own);
        }
        if let Some(root) = root {
            *changes.replies.entry(root).or_default() += 1;
        }
        changes.wrote.insert(author.id, (conversation.last_seq, conversation.staff_count));
        changes.newest = Some(line.at);
        Ok(root)
    }

    /// How many messages an author has in a conversation; none who takes no part in it yet.
    fn own(&self, channel: &str, author: PersonId) -> Option<i64> {
        let of =
            |places: &HashMap<String, ImportedConversation>| places.get(channel)?.own.get(&author).copied();
        of(&self.met.places).or_else(|| of(&self.state.places))
    }

    fn finish(
        &self,
        tx: &mut Tx,
        channel: &str,
        conversation: &Conversation,
        changes: &Changes,
    ) -> Result<()> {
        let (tenant, c) = (self.tenant.id, conversation);
        for (person, (seq, count)) in &changes.wrote {
            let own = self.own(channel, *person).unwrap_or(0);
            tx.db.execute_later(&AUTHOR, params![tenant, c.id, *person, own, *seq, *count, tx.now])?;
        }
        for (root, replies) in &changes.replies {
            messages::count_replies(tx, tenant, c.id, *root, *replies)?;
        }
        if let Some(newest) = changes.newest {
            let after = params![tenant, c.id, c.last_seq, c.staff_count, newest, changes.members];
            tx.db.execute_later(&CONVERSATION_AFTER, after)?;
        }
        Ok(())
    }

    fn author(&mut self, tx: &mut Tx, name: &str) -> Result<Person> {
        if let Some(person) = self.met.people.get(name).or_else(|| self.state.people.get(name)) {
            return Ok(person.clone());
        }
        let external = format!("import:{name}");
        let found = tx.db.opt(&USER, params![self.tenant.id, external.as_str()], |row| {
            Ok((row.get::<PersonId>(0)?, row.get::<String>(1)?))
        })?;
        let (id, shown) = match found {
            Some(found) => found,
            None => {
                let shown = shown_name(name);
                (users::import(tx, self.tenant, &external, &shown)?, shown)
            }
        };
        let person = Person { id, kind: PersonKind::User, name: shown, avatar_url: None };
        self.met.people.insert(name.to_owned(), person.clone());
        Ok(person)
    }

    /// The conversation of a channel, made when missing, and which of these lines and of those they answer it has.
    fn place(&mut self, tx: &mut Tx, channel: &str, lines: &[&Prepared]) -> Result<(ConversationId, Known)> {
        let mut place = ImportedConversation { id: ConversationId(uuid::Uuid::nil()), own: HashMap::new() };
        let mut is_new = false;
        if let Some(known) = self.state.places.get(channel) {
            place.id = known.id;
        } else {
            let key = format!("import:{channel}");
            let found = params![self.tenant.id, self.system.id(), key.as_str()];
            place.id = match tx.db.opt(&CONVERSATION, found, |row| row.get(0))? {
                Some(id) => id,
                None => {
                    is_new = true;
                    open(tx, &self.system, channel, &key, lines)?
                }
            };
            if !is_new {
                let own = params![self.tenant.id, place.id];
                let own = tx.db.all(&OWN, own, |row| Ok((row.get(0)?, row.get(1)?)))?;
                place.own = own.into_iter().collect();
            }
        }
        let id = place.id;
        self.met.places.insert(channel.to_owned(), place);
        Ok((id, if is_new { Known::new() } else { self.known(tx, id, lines)? }))
    }

    fn known(&self, tx: &mut Tx, place: ConversationId, lines: &[&Prepared]) -> Result<Known> {
        let mut ids: Vec<String> = lines
            .iter()
            .flat_map(|line| [Some(&line.line.id), line.line.parent.as_ref(), line.line.thread.as_ref()])
            .flatten()
            .cloned()
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = tx.db.all(&KNOWN, params![self.tenant.id, place, &ids[..]], |row| {
            Ok((row.get::<String>(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        Ok(rows.into_iter().collect())
    }
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
    conversations::open_imported(tx, system, kind, channel, key, at)
}
