//! Full-text search over messages, limited inside the query to what the actor may see. Owns the index, its terms
//! (`terms.rs`) and the highlighted extracts (`snippet.rs`).
//!
//! A post does not write the index: one that grows by a few messages per commit costs several times what the message costs.
//! `logs.indexed` says how far the index goes; [`catch_up`] brings it to the newest message, in large steps, every second
//! and before a search.

mod snippet;
pub(crate) mod terms;

use parlor_db::{Engine, params, statements};
use serde::Serialize;

use crate::{
    access::{outsider, outsider_kinds},
    conversations::{self},
    error::{Result, invalid},
    ids::{ConversationId, PersonId, TenantId},
    kinds::Kind,
    messages::{
        Message,
        store::{self as message_store, columns, from_row},
    },
    page::{Page, limit},
    person::Actor,
    tenants::Tenant,
    time::Time,
    tx::Tx,
    visible::Eyes,
};

use terms::{MARK, QueryTerm};

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

/// Where a message is and who wrote it, as the index needs it.
pub(crate) struct Place {
    pub conversation: ConversationId,
    pub kind: Kind,
    pub author: PersonId,
    pub no: i64,
}

impl Place {
    pub(crate) fn of(conversation: &conversations::Conversation, message: &Message, no: i64) -> Place {
        Place {
            conversation: conversation.id,
            kind: conversation.kind,
            author: message.author.as_ref().map_or(PersonId(uuid::Uuid::nil()), |author| author.id),
            no,
        }
    }
}

/// How many conversations a question names in the index; beyond it the rows are filtered after the index.
const MOST_NAMED: usize = 3_000;

/// What a message has beside words; `$1` is empty where it does not matter.
macro_rules! having {
    ($has:literal) => {
        concat!(
            "(CAST(",
            $has,
            " AS TEXT) = '' OR (",
            $has,
            " = 'file' AND m.attachments IS NOT NULL)",
            " OR (",
            $has,
            " = 'picture' AND m.attachments LIKE '%\"content_type\":\"image/%')",
            " OR (",
            $has,
            " = 'link' AND (m.body LIKE '%http://%' OR m.body LIKE '%https://%')))"
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
        SELECT m.no, m.body, m.conversation_id, c.kind, m.author_id
        FROM messages m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
        WHERE m.no > $2 AND m.no <= $3 AND m.tenant = $1 AND m.kind = 'text' AND m.deleted_at IS NULL ORDER BY m.no");
    /// Messages that match, newest first, that the actor may see.
    pub static SEARCH = dialect {
        sqlite: concat!("SELECT ", columns!(), ", c.kind, COALESCE(c.title, c.subject)
            FROM message_search s JOIN messages m ON m.no = s.rowid
            JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
            LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $2
            LEFT JOIN users u ON u.tenant = m.tenant AND u.id = m.author_id
            LEFT JOIN contacts k ON k.tenant = m.tenant AND k.id = m.author_id AND m.author_kind = 'contact'
            WHERE s.message_search MATCH $3 AND s.rowid > $4 AND s.rowid < $5 AND m.tenant = $1
              AND m.deleted_at IS NULL AND (m.is_private = FALSE OR $6) AND m.created_at < $7 AND m.created_at > $8
              AND ((p.person_id IS NOT NULL AND p.left_at IS NULL) OR ", outsider!("$9", "$10", "$11", "$12"), ")
              AND ", having!("$14"), "
            ORDER BY s.rowid DESC LIMIT $13"),
        postgres: concat!("SELECT ", columns!(), ", c.kind, COALESCE(c.title, c.subject)
            FROM message_search s JOIN messages m ON m.no = s.no
            JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
            LEFT JOIN participants p ON p.tenant = c.tenant AND p.conversation_id = c.id AND p.person_id = $2
            LEFT JOIN users u ON u.tenant = m.tenant AND u.id = m.author_id
            LEFT JOIN contacts k ON k.tenant = m.tenant AND k.id = m.author_id AND m.author_kind = 'contact'
            WHERE s.terms @@ CAST(CAST($3 AS TEXT) AS TSQUERY) AND s.no > $4 AND s.no < $5 AND m.tenant = $1
              AND m.deleted_at IS NULL AND (m.is_private = FALSE OR $6) AND m.created_at < $7 AND m.created_at > $8
              AND ((p.person_id IS NOT NULL AND p.left_at IS NULL) OR ", outsider!("$9", "$10", "$11", "$12"), ")
              AND ", having!("$14"), "
            ORDER BY s.no DESC LIMIT $13")
    };
}

/// Adds a message to the index.
pub(crate) fn index(tx: &mut Tx, place: &Place, terms: &str) -> Result<()> {
    let mut all = String::with_capacity(terms.len() + 120);
    all.push_str(terms);
    if !terms.is_empty() {
        all.push(' ');
    }
    all.push_str(&conversation_mark(place.conversation));
    all.push(' ');
    all.push_str(&author_mark(place.author));
    all.push(' ');
    all.push_str(&kind_mark(place.kind));
    tx.db.execute(&INDEX, params![place.no, all.as_str()])?;
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
        let place =
            Place { conversation: row.get(2)?, kind: row.get(3)?, author: row.get(4)?, no: row.get(0)? };
        Ok((place, row.get::<String>(1)?))
    })?;
    for (place, body) in pending {
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

fn conversation_mark(id: ConversationId) -> String {
    format!("{MARK}c{}", id.0.simple())
}

fn author_mark(id: PersonId) -> String {
    format!("{MARK}a{}", id.0.simple())
}

fn kind_mark(kind: Kind) -> String {
    format!("{MARK}k{}", kind.name().replace('_', ""))
}

/// Messages that match, newest first.
pub fn search(tx: &mut Tx, actor: &Actor, question: &Question) -> Result<Page<Hit>> {
    let words = terms::query(&question.text);
    let limited = question.author.is_some() || question.conversation.is_some() || question.has.is_some();
    if words.is_empty() && !limited {
        return Err(invalid("q", "not_empty", "give a word to search for"));
    }
    if let Some(conversation) = question.conversation {
        conversations::require_readable(tx, actor, conversation, "search")?;
    }
    let reach = outsider_kinds(actor);
    let expression = expression(tx, actor, question, &words, &reach.kinds())?;
    let teams: Vec<[u8; 16]> = actor.teams.iter().map(|id| id.0.into_bytes()).collect();
    let stores: Vec<[u8; 16]> = actor.stores.iter().map(|id| id.0.into_bytes()).collect();
    let below = question.cursor.as_deref().and_then(|cursor| cursor.parse::<i64>().ok());
    let limit = limit(question.limit).min(100);
    let rows = tx.db.all(
        &SEARCH,
        params![
            actor.tenant,
            actor.id(),
            expression.as_str(),
            actor.tenant_no << 40,
            below.unwrap_or((actor.tenant_no + 1) << 40).min((actor.tenant_no + 1) << 40),
            actor.is_staff(),
            question.before.unwrap_or(Time(i64::MAX)),
            question.after.unwrap_or(Time(i64::MIN)),
            &teams[..],
            &stores[..],
            &reach.all[..],
            &reach.unassigned[..],
            i64::try_from(limit + 1).unwrap_or(51),
            question.has.map_or("", Has::name)
        ],
        |row| Ok((from_row(row)?, row.get::<Kind>(27)?, row.get::<Option<String>>(28)?)),
    )?;
    let page = Page::cut(rows, limit, |(stored, _, _)| stored.no.to_string());
    let mut hits = Vec::new();
    for (stored, kind, title) in page.items {
        let id = stored.message.conversation_id;
        let snippet_html = snippet::of(&stored.body, &words);
        let message = message_store::complete(tx, actor.tenant, Eyes::of(actor), id, vec![stored])?.remove(0);
        hits.push(Hit { message, conversation: Found { id, kind, title }, snippet_html });
    }
    Ok(Page { items: hits, next: page.next })
}

/// The question in the engine's own language: every word, and where it may be.
fn expression(
    tx: &mut Tx,
    actor: &Actor,
    question: &Question,
    words: &[QueryTerm],
    outside: &[Kind],
) -> Result<String> {
    let mut every: Vec<String> = words.iter().map(|word| term(tx, &word.text, word.prefix)).collect();
    if let Some(author) = question.author {
        every.push(term(tx, &author_mark(author), false));
    }
    let or = if tx.db.engine() == Engine::Sqlite { " OR " } else { " | " };
    if !question.kinds.is_empty() {
        let kinds: Vec<String> =
            question.kinds.iter().map(|kind| term(tx, &kind_mark(*kind), false)).collect();
        every.push(format!("({})", kinds.join(or)));
    }
    if let Some(conversation) = question.conversation {
        every.push(term(tx, &conversation_mark(conversation), false));
    } else {
        let mine = conversations::searchable(tx, actor)?;
        if mine.len() <= MOST_NAMED {
            let mut places: Vec<String> =
                mine.iter().map(|id| term(tx, &conversation_mark(*id), false)).collect();
            places.extend(outside.iter().map(|kind| term(tx, &kind_mark(*kind), false)));
            if places.is_empty() {
                places.push(term(tx, &format!("{MARK}nowhere"), false));
            }
            every.push(format!("({})", places.join(or)));
        }
    }
    Ok(every.join(if tx.db.engine() == Engine::Sqlite { " AND " } else { " & " }))
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
