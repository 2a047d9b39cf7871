//! Full-text search over messages, limited inside the query to what the actor may see. Owns the index, its terms
//! (`terms.rs`) and the highlighted extracts (`snippet.rs`).
//!
//! A post does not write the index: one that grows by a few messages per commit costs several times what the message costs.
//! `logs.indexed` says how far the index goes; [`catch_up`] brings it to the newest message, in large steps, every second
//! and before a search.

mod marks;
mod snippet;
pub(crate) mod terms;

use parlor_db::{Engine, Sql, params, statements};
use serde::Serialize;

use crate::{
    access::{outsider, outsider_kinds},
    attachments::Attachment,
    conversations::{self},
    error::{Result, invalid},
    ids::{ConversationId, PersonId, TenantId},
    kinds::Kind,
    messages::{
        Message,
        store::{self as message_store, Stored, columns, from_row, json},
    },
    page::{Page, limit},
    person::Actor,
    tenants::Tenant,
    time::Time,
    tx::Tx,
    visible::{Viewer, seen},
};

use terms::QueryTerm;

/// A question to the index.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Words, all of which a message must have.
    pub text: String,
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// Only in conversations of these kinds.
    pub kinds: Vec<Kind>,
    /// Only by this person.
    pub author: Option<PersonId>,
    /// Only older than this.
    pub before: Option<Time>,
    /// Only newer than this.
    pub after: Option<Time>,
    /// Only with such a thing.
    pub has: Option<Has>,
    /// A page's `next`.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
}

/// What a message may have beside words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// Any attached file.
    File,
    /// An attached picture.
    Picture,
    /// An address in its text.
    Link,
}

impl Has {
    /// By name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Has> {
        [Has::File, Has::Picture, Has::Link].into_iter().find(|has| has.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Has::File => "file",
            Has::Picture => "picture",
            Has::Link => "link",
        }
    }
}

/// A message that was found.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Hit {
    /// The message.
    pub message: Message,
    /// Where it is.
    pub conversation: Found,
    /// An extract with the found words in `<mark>`; everything else is escaped.
    pub snippet_html: String,
}

/// The conversation of a hit.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Found {
    /// Its id.
    pub id: ConversationId,
    /// Its kind.
    pub kind: Kind,
    /// Its title or subject.
    pub title: Option<String>,
}

/// Where a message is, who wrote it and what it has, as the index needs it.
pub(crate) struct Place {
    pub conversation: ConversationId,
    pub kind: Kind,
    pub author: PersonId,
    pub no: i64,
    pub at: Time,
    pub has: Vec<Has>,
}

impl Place {
    /// Of a message that says `body` from now on.
    pub(crate) fn of(
        conversation: &conversations::Conversation,
        message: &Message,
        no: i64,
        body: &str,
    ) -> Place {
        Place {
            conversation: conversation.id,
            kind: conversation.kind,
            author: message.author.as_ref().map_or(PersonId(uuid::Uuid::nil()), |author| author.id),
            no,
            at: message.created_at,
            has: has_of(body, &message.attachments),
        }
    }
}

/// What a message has beside words.
pub(crate) fn has_of(body: &str, attachments: &[Attachment]) -> Vec<Has> {
    let body = body.to_ascii_lowercase();
    let link = body.contains("http://") || body.contains("https://");
    let picture = attachments.iter().any(|file| file.content_type.starts_with("image/"));
    [(Has::File, !attachments.is_empty()), (Has::Picture, picture), (Has::Link, link)]
        .into_iter()
        .filter_map(|(has, it_has)| it_has.then_some(has))
        .collect()
}

/// How many conversations a question names in the index; beyond it the rows are filtered after the index.
const MOST_NAMED: usize = 3_000;
/// How many matching messages are looked at first, and at most at once: pages are small, and most matches are seen.
const FIRST_LOOK: usize = 200;
const WIDEST_LOOK: usize = 3_200;
/// PostgreSQL gives no match before it has found them all, so words that most messages have are looked for among so many
/// of the newest first.
const NEWEST: i64 = 4_000;

/// Both engines begin with the numbers: SQLite joins in the order written, PostgreSQL plans the part before OFFSET by itself.
/// Left to themselves they may walk a tenant's messages to find them.
macro_rules! visible {
    ($from:literal, $which:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", c.kind, COALESCE(c.title, c.subject) FROM ",
            $from,
            " JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
            LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $2
            LEFT JOIN users u ON u.tenant = m.tenant AND u.id = m.author_id
            LEFT JOIN contacts k ON k.tenant = m.tenant AND k.id = m.author_id AND m.author_kind = 'contact'
            WHERE ",
            $which,
            " AND m.tenant = $1 AND m.deleted_at IS NULL AND ",
            seen!("m", "$4"),
            "
              AND m.created_at < $5 AND m.created_at > $6
              AND ((p.person_id IS NOT NULL AND p.left_at IS NULL) OR ",
            outsider!("$7", "$8", "$9", "$10"),
            ") ORDER BY m.no DESC LIMIT $11"
        )
    };
}

statements! {
    /// Adds a message.
    pub static INDEX = dialect {
        sqlite: "INSERT INTO message_search (rowid, terms) VALUES ($1, $2)",
        postgres: "INSERT INTO message_search (no, terms) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))"
    }.global();
    /// Takes a message out.
    pub static UNINDEX = dialect {
        sqlite: "DELETE FROM message_search WHERE rowid = $1",
        postgres: "DELETE FROM message_search WHERE no = $1"
    }.global();
    /// How far the messages and the index go.
    pub static PROGRESS = both("SELECT messages, indexed FROM logs WHERE tenant = $1");
    /// The same, locked: who is indexing or has changed a message decides which of both writes the index.
    pub static LOCK_PROGRESS = dialect {
        sqlite: "SELECT messages, indexed FROM logs WHERE tenant = $1",
        postgres: "SELECT messages, indexed FROM logs WHERE tenant = $1 FOR UPDATE"
    };
    /// The index goes this far.
    pub static INDEXED = both("UPDATE logs SET indexed = $2 WHERE tenant = $1");
    /// Tenants whose index is behind.
    pub static BEHIND = both("
        SELECT t.id, t.slug, t.name, t.no FROM logs l JOIN tenants t ON t.id = l.tenant
        WHERE l.indexed < l.messages").global();
    /// Messages that are to be indexed.
    pub static PENDING = both("
        SELECT m.no, m.body, m.conversation_id, c.kind, m.author_id, m.attachments, m.created_at
        FROM messages m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
        WHERE m.no > $2 AND m.no <= $3 AND m.tenant = $1 AND m.kind = 'text' AND m.deleted_at IS NULL ORDER BY m.no");
    /// When the first and the last message came.
    pub static TIMES = both("
        SELECT (SELECT created_at FROM messages WHERE tenant = $1 ORDER BY created_at, no LIMIT 1),
            (SELECT created_at FROM messages WHERE tenant = $1 ORDER BY created_at DESC, no DESC LIMIT 1)");
    /// Messages that match, newest first: whether the actor may see them is asked of [`VISIBLE`].
    ///
    /// PostgreSQL is made to go by the words: with the limit inside it may walk every message from the newest on, which
    /// is quick for words that most messages have, and no others.
    pub static MATCHING = dialect {
        sqlite: "SELECT rowid FROM message_search WHERE message_search MATCH $1 AND rowid > $2 AND rowid < $3
            ORDER BY rowid DESC LIMIT $4",
        postgres: "WITH found AS MATERIALIZED (
                SELECT no FROM message_search
                WHERE terms @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND no + 0 > $2 AND no + 0 < $3)
            SELECT no FROM found ORDER BY no DESC LIMIT $4"
    }.global();
    /// The same, going by the numbers: for a short stretch of them.
    pub static MATCHING_AMONG = dialect {
        sqlite: "SELECT rowid FROM message_search WHERE message_search MATCH $1 AND rowid > $2 AND rowid < $3
            ORDER BY rowid DESC LIMIT $4",
        postgres: "SELECT no FROM message_search
            WHERE terms @@ CAST(CAST($1 AS TEXT) AS TSQUERY) AND no > $2 AND no < $3 ORDER BY no DESC LIMIT $4"
    }.global();
    /// Those of some messages that the actor may see, newest first.
    pub static VISIBLE = dialect {
        sqlite: visible!("rarray($3) f CROSS JOIN messages m ON m.no = f.value", "TRUE"),
        postgres: visible!("(SELECT * FROM messages WHERE no = ANY($3) OFFSET 0) m", "TRUE")
    };
}

/// Adds a message to the index.
pub(crate) fn index(tx: &mut Tx, place: &Place, terms: &str) -> Result<()> {
    let all = [terms.to_owned()].into_iter().chain(marks::of(place)).collect::<Vec<_>>().join(" ");
    tx.db.execute(&INDEX, params![place.no, all.trim_start()])?;
    Ok(())
}

/// How many messages [`catch_up`] takes in one transaction.
const STEP: i64 = 2_000;
/// The part of a message's number that counts within its tenant.
const WITHIN_TENANT: i64 = (1 << 40) - 1;

/// Whether messages wait to be indexed.
pub fn is_behind(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    Ok(tx.db.one(&PROGRESS, params![tenant], |row| Ok(row.get::<i64>(0)? > row.get::<i64>(1)?))?)
}

/// Tenants of which messages wait to be indexed.
pub fn behind(tx: &mut Tx) -> Result<Vec<Tenant>> {
    Ok(tx.db.all(&BEHIND, params![], |row| {
        Ok(Tenant { id: row.get(0)?, slug: row.get(1)?, name: row.get(2)?, no: row.get(3)? })
    })?)
}

/// Indexes what waits, at most some thousands of messages. Answers whether more wait.
pub fn catch_up(tx: &mut Tx, tenant: TenantId, tenant_no: i64) -> Result<bool> {
    let (messages, indexed) = progress(tx, tenant)?;
    let upto = messages.min(indexed + STEP);
    if upto <= indexed {
        return Ok(false);
    }
    let first = tenant_no << 40;
    let pending = tx.db.all(&PENDING, params![tenant, first | indexed, first | upto], |row| {
        let place = Place {
            conversation: row.get(2)?,
            kind: row.get(3)?,
            author: row.get(4)?,
            no: row.get(0)?,
            at: row.get(6)?,
            has: Vec::new(),
        };
        Ok((place, row.get::<String>(1)?, row.get::<Option<String>>(5)?))
    })?;
    for (mut place, body, attachments) in pending {
        let attachments: Vec<Attachment> = json(attachments).unwrap_or_default();
        place.has = has_of(&body, &attachments);
        index(tx, &place, &terms::of(&body))?;
    }
    tx.db.execute(&INDEXED, params![tenant, upto])?;
    Ok(upto < messages)
}

/// How far the messages and the index go; nobody else moves either until the end of the transaction.
pub(crate) fn progress(tx: &mut Tx, tenant: TenantId) -> Result<(i64, i64)> {
    Ok(tx.db.one(&LOCK_PROGRESS, params![tenant], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// A message says something else now, or nothing. One that still waits is indexed as it is then.
pub(crate) fn reindex(tx: &mut Tx, tenant: TenantId, place: &Place, body: Option<&str>) -> Result<()> {
    let (_, indexed) = progress(tx, tenant)?;
    if place.no & WITHIN_TENANT > indexed {
        return Ok(());
    }
    tx.db.execute(&UNINDEX, params![place.no])?;
    match body {
        Some(body) => index(tx, place, &terms::of(body)),
        None => Ok(()),
    }
}

/// Messages are gone: so are their entries. Those that still wait are not found when their turn comes.
pub(crate) fn forget(tx: &mut Tx, tenant: TenantId, numbers: &[i64]) -> Result<()> {
    let (_, indexed) = progress(tx, tenant)?;
    for no in numbers.iter().filter(|no| **no & WITHIN_TENANT <= indexed) {
        tx.db.execute(&UNINDEX, params![*no])?;
    }
    Ok(())
}

/// Messages that match, newest first.
///
/// What it costs goes by what the words match, not by how much there is: the newest matches are looked at first, whoever
/// may see them. If they do not fill the page, the actor's conversations are named to the index as well, so that words
/// which are frequent where it does not read cost nothing more.
pub fn search(tx: &mut Tx, actor: &Actor, question: &Question) -> Result<Page<Hit>> {
    let words = terms::query(&question.text);
    let limited = question.author.is_some() || question.conversation.is_some() || question.has.is_some();
    if words.is_empty() && !limited {
        return Err(invalid("q", "not_empty", "give a word to search for"));
    }
    if let Some(conversation) = question.conversation {
        conversations::require_readable(tx, actor, conversation, "search")?;
    }
    let limit = limit(question.limit).min(100);
    let rows = matches(tx, actor, question, &words, limit + 1)?;
    let page = Page::cut(rows, limit, |(stored, _, _)| stored.no.to_string());
    let mut hits = Vec::new();
    for (stored, kind, title) in page.items {
        let id = stored.message.conversation_id;
        let snippet_html = snippet::of(&stored.body, &words);
        let message =
            message_store::complete(tx, actor.tenant, Viewer::of(actor), id, vec![stored])?.remove(0);
        hits.push(Hit { message, conversation: Found { id, kind, title }, snippet_html });
    }
    Ok(Page { items: hits, next: page.next })
}

type Row = (Stored, Kind, Option<String>);

fn matches(
    tx: &mut Tx,
    actor: &Actor,
    question: &Question,
    words: &[QueryTerm],
    wanted: usize,
) -> Result<Vec<Row>> {
    let first = actor.tenant_no << 40;
    let newest: i64 = tx.db.one(&PROGRESS, params![actor.tenant], |row| row.get(0))?;
    let cursor = question.cursor.as_deref().and_then(|cursor| cursor.parse::<i64>().ok());
    let mut below = cursor.unwrap_or(i64::MAX).min(first + newest + 1);
    let mut expression = expression(tx, question, words);
    expression.extend(times(tx, actor, question)?);
    let mut rows = Vec::new();
    // The newest matches, wherever they are; then those where the actor reads, in ever wider steps.
    let (mut from, mut statement) = match tx.db.engine() {
        Engine::Sqlite => (first, &MATCHING),
        Engine::Postgres => (first.max(below - NEWEST), &MATCHING_AMONG),
    };
    let mut look = FIRST_LOOK;
    let mut named = question.conversation.is_some();
    loop {
        let found = matching(tx, statement, &expression, (from, below), look)?;
        rows.extend(visible(tx, actor, question, &found, wanted - rows.len())?);
        let is_end = found.len() < look && from == first;
        if is_end || rows.len() >= wanted {
            return Ok(rows);
        }
        below = found.last().copied().unwrap_or(below);
        if !std::mem::replace(&mut named, true) {
            expression.extend(readable(tx, actor)?);
        }
        (from, statement) = (first, &MATCHING);
        look = (look * 2).min(WIDEST_LOOK);
    }
}

fn matching(
    tx: &mut Tx,
    statement: &'static Sql,
    expression: &[String],
    (from, below): (i64, i64),
    most: usize,
) -> Result<Vec<i64>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let and = if tx.db.engine() == Engine::Sqlite { " AND " } else { " & " };
    Ok(tx.db.all(statement, params![expression.join(and).as_str(), from, below, most], |row| row.get(0))?)
}

/// Those of some messages that the actor may see and the question asks for.
fn visible(
    tx: &mut Tx,
    actor: &Actor,
    question: &Question,
    found: &[i64],
    wanted: usize,
) -> Result<Vec<Row>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let reach = outsider_kinds(actor);
    let teams: Vec<[u8; 16]> = actor.teams.iter().map(|id| id.0.into_bytes()).collect();
    let stores: Vec<[u8; 16]> = actor.stores.iter().map(|id| id.0.into_bytes()).collect();
    Ok(tx.db.all(
        &VISIBLE,
        params![
            actor.tenant,
            actor.id(),
            found,
            Viewer::of(actor).is_staff(),
            question.before.unwrap_or(Time(i64::MAX)),
            question.after.unwrap_or(Time(i64::MIN)),
            &teams[..],
            &stores[..],
            &reach.all[..],
            &reach.unassigned[..],
            i64::try_from(wanted).unwrap_or(101)
        ],
        |row| Ok((from_row(row)?, row.get::<Kind>(27)?, row.get::<Option<String>>(28)?)),
    )?)
}

/// The question in the engine's own language: all that a message must have.
fn expression(tx: &Tx, question: &Question, words: &[QueryTerm]) -> Vec<String> {
    let mut every: Vec<String> = words.iter().map(|word| term(tx, &word.text, word.prefix)).collect();
    let marks = [
        question.author.map(marks::author),
        question.conversation.map(marks::conversation),
        question.has.map(marks::has),
    ];
    every.extend(marks.into_iter().flatten().map(|mark| term(tx, &mark, false)));
    // Each kind once, however often it was asked for.
    let kinds =
        crate::kinds::RULES.iter().map(|rules| rules.kind).filter(|kind| question.kinds.contains(kind));
    every.extend(any_of(tx, kinds.map(marks::kind)));
    every
}

/// When the messages asked for came, unless that limits nothing.
fn times(tx: &mut Tx, actor: &Actor, question: &Question) -> Result<Option<String>> {
    if question.before.is_none() && question.after.is_none() {
        return Ok(None);
    }
    let first_and_last =
        |row: &parlor_db::Row<'_>| Ok((row.get::<Option<Time>>(0)?, row.get::<Option<Time>>(1)?));
    let (Some(first), Some(last)) = tx.db.one(&TIMES, params![actor.tenant], first_and_last)? else {
        return Ok(None);
    };
    let (from, to) = (question.after.unwrap_or(first).max(first), question.before.unwrap_or(last).min(last));
    let marks = if from > to { Some(vec![marks::nowhere()]) } else { marks::between(from, to) };
    Ok(marks.and_then(|marks| any_of(tx, marks.into_iter())))
}

/// Where the actor reads, unless that is in so many places that naming them costs more than it spares.
fn readable(tx: &mut Tx, actor: &Actor) -> Result<Option<String>> {
    let mine = conversations::searchable(tx, actor)?;
    if mine.len() > MOST_NAMED {
        return Ok(None);
    }
    let mut places: Vec<String> = mine.into_iter().map(marks::conversation).collect();
    places.extend(outsider_kinds(actor).kinds().into_iter().map(marks::kind));
    if places.is_empty() {
        places.push(marks::nowhere());
    }
    Ok(any_of(tx, places.into_iter()))
}

fn any_of(tx: &Tx, marks: impl Iterator<Item = String>) -> Option<String> {
    let terms: Vec<String> = marks.map(|mark| term(tx, &mark, false)).collect();
    let or = if tx.db.engine() == Engine::Sqlite { " OR " } else { " | " };
    (!terms.is_empty()).then(|| format!("({})", terms.join(or)))
}

/// One term, quoted. Terms hold letters, digits and marks only, so nothing in them can end the quotation.
fn term(tx: &Tx, text: &str, prefix: bool) -> String {
    match (tx.db.engine(), prefix) {
        (Engine::Sqlite, false) => format!("\"{text}\""),
        (Engine::Sqlite, true) => format!("\"{text}\"*"),
        (Engine::Postgres, false) => format!("'{text}'"),
        (Engine::Postgres, true) => format!("'{text}':*"),
    }
}
