//! Searching messages, limited inside the query to what the actor may see.

use parlor_db::{Engine, FromRow, Sql, params, row, statements};
use serde::Serialize;

use crate::{
    access::{outsider, readable_kinds},
    conversations::{self},
    error::{Result, invalid},
    ids::{ConversationId, PersonId},
    kinds::Kind,
    messages::{
        Message,
        row::{Stored, message_columns},
        store as message_store,
    },
    page::{Page, limit},
    person::Actor,
    time::Time,
    tx::Tx,
    viewer::{Viewer, seen},
};

use super::{
    entry::Has,
    filter_terms, index, snippet,
    terms::{self, QueryTerm},
};

/// A query to the index.
#[derive(Clone, Debug, Default)]
pub struct Query {
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

/// How many conversations a query names in the index; beyond it the rows are filtered after the index.
const MOST_NAMED: usize = 3_000;
/// How many matching messages are looked at first, and at most at once: pages are small, and most matches are seen.
const FIRST_LOOK: usize = 200;
const WIDEST_LOOK: usize = 3_200;
/// PostgreSQL gives no match before it has found them all, so words that most messages have are looked for among so many
/// of the newest first.
const NEWEST: i64 = 4_000;

row! {
    /// What is told of the conversation `c` of a hit.
    struct FoundIn, found_columns! {
        kind: Kind = "c.kind",
        title: Option<String> = "COALESCE(c.title, c.subject)",
    }
}

/// Both engines begin with the numbers: SQLite joins in the order written, PostgreSQL plans the part before OFFSET by itself.
/// Left to themselves they may walk a tenant's messages to find them.
macro_rules! visible {
    ($from:literal, $which:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            ", ",
            found_columns!(),
            " FROM ",
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

/// Messages that match, newest first.
///
/// What it costs goes by what the words match, not by how much there is: the newest matches are looked at first, whoever
/// may see them. If they do not fill the page, the actor's conversations are named to the index as well, so that words
/// which are frequent where it does not read cost nothing more.
pub fn search(tx: &mut Tx, actor: &Actor, query: &Query) -> Result<Page<Hit>> {
    let words = terms::query(&query.text);
    let limited = query.author.is_some() || query.conversation.is_some() || query.has.is_some();
    if words.is_empty() && !limited {
        return Err(invalid("q", "not_empty", "give a word to search for"));
    }
    if let Some(conversation) = query.conversation {
        conversations::require_readable(tx, actor, conversation, "search")?;
    }
    let limit = limit(query.limit).min(100);
    let rows = matches(tx, actor, query, &words, limit + 1)?;
    let page = Page::cut(rows, limit, |(stored, _)| stored.no.to_string());
    let mut hits = Vec::new();
    for (stored, FoundIn { kind, title }) in page.items {
        let id = stored.message.conversation_id;
        let snippet_html = snippet::of(&stored.body, &words);
        let message =
            message_store::complete(tx, actor.tenant, Viewer::of(actor), id, vec![stored])?.remove(0);
        hits.push(Hit { message, conversation: Found { id, kind, title }, snippet_html });
    }
    Ok(Page { items: hits, next: page.next })
}

type Row = (Stored, FoundIn);

fn matches(
    tx: &mut Tx,
    actor: &Actor,
    query: &Query,
    words: &[QueryTerm],
    wanted: usize,
) -> Result<Vec<Row>> {
    let first = actor.tenant_no << 40;
    let newest: i64 = tx.db.one(&index::PROGRESS, params![actor.tenant], |row| row.get(0))?;
    let cursor = query.cursor.as_deref().and_then(|cursor| cursor.parse::<i64>().ok());
    let mut below = cursor.unwrap_or(i64::MAX).min(first + newest + 1);
    let mut expression = expression(tx, query, words);
    expression.extend(times(tx, actor, query)?);
    let mut rows = Vec::new();
    // The newest matches, wherever they are; then those where the actor reads, in ever wider steps.
    let (mut from, mut statement) = match tx.db.engine() {
        Engine::Sqlite => (first, &MATCHING),
        Engine::Postgres => (first.max(below - NEWEST), &MATCHING_AMONG),
    };
    let mut look = FIRST_LOOK;
    let mut named = query.conversation.is_some();
    loop {
        let found = matching(tx, statement, &expression, (from, below), look)?;
        rows.extend(visible(tx, actor, query, &found, wanted - rows.len())?);
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

/// Those of some messages that the actor may see and the query asks for.
fn visible(tx: &mut Tx, actor: &Actor, query: &Query, found: &[i64], wanted: usize) -> Result<Vec<Row>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let reach = readable_kinds(actor);
    let teams: Vec<[u8; 16]> = actor.teams.iter().map(|id| id.0.into_bytes()).collect();
    let stores: Vec<[u8; 16]> = actor.stores.iter().map(|id| id.0.into_bytes()).collect();
    Ok(tx.db.all(
        &VISIBLE,
        params![
            actor.tenant,
            actor.id(),
            found,
            Viewer::of(actor).is_staff(),
            query.before.unwrap_or(Time(i64::MAX)),
            query.after.unwrap_or(Time(i64::MIN)),
            &teams[..],
            &stores[..],
            &reach.all[..],
            &reach.unassigned[..],
            i64::try_from(wanted).unwrap_or(101)
        ],
        |row| Ok((Stored::from_row(row)?, FoundIn::read(row, Stored::WIDTH)?)),
    )?)
}

/// The query in the engine's own language: all that a message must have.
fn expression(tx: &Tx, query: &Query, words: &[QueryTerm]) -> Vec<String> {
    let mut every: Vec<String> =
        words.iter().flat_map(|word| any_of(tx, word.ways().map(|way| term(tx, way, word.prefix)))).collect();
    let marks = [
        query.author.map(filter_terms::author),
        query.conversation.map(filter_terms::conversation),
        query.has.map(filter_terms::has),
    ];
    every.extend(marks.into_iter().flatten().map(|mark| term(tx, &mark, false)));
    // Each kind once, however often it was asked for.
    let kinds = crate::kinds::RULES.iter().map(|rules| rules.kind).filter(|kind| query.kinds.contains(kind));
    every.extend(any_of(tx, kinds.map(|kind| term(tx, &filter_terms::kind(kind), false))));
    every
}

/// When the messages asked for came, unless that limits nothing.
fn times(tx: &mut Tx, actor: &Actor, query: &Query) -> Result<Option<String>> {
    if query.before.is_none() && query.after.is_none() {
        return Ok(None);
    }
    let first_and_last =
        |row: &parlor_db::Row<'_>| Ok((row.get::<Option<Time>>(0)?, row.get::<Option<Time>>(1)?));
    let (Some(first), Some(last)) = tx.db.one(&TIMES, params![actor.tenant], first_and_last)? else {
        return Ok(None);
    };
    let (from, to) = (query.after.unwrap_or(first).max(first), query.before.unwrap_or(last).min(last));
    let marks = if from > to { Some(vec![filter_terms::nowhere()]) } else { filter_terms::between(from, to) };
    Ok(marks.and_then(|marks| any_of(tx, marks.iter().map(|mark| term(tx, mark, false)))))
}

/// Where the actor reads, unless that is in so many places that naming them costs more than it spares.
fn readable(tx: &mut Tx, actor: &Actor) -> Result<Option<String>> {
    let mine = conversations::searchable(tx, actor)?;
    if mine.len() > MOST_NAMED {
        return Ok(None);
    }
    let mut places: Vec<String> = mine.into_iter().map(filter_terms::conversation).collect();
    places.extend(readable_kinds(actor).kinds().into_iter().map(filter_terms::kind));
    if places.is_empty() {
        places.push(filter_terms::nowhere());
    }
    Ok(any_of(tx, places.iter().map(|place| term(tx, place, false))))
}

fn any_of(tx: &Tx, terms: impl Iterator<Item = String>) -> Option<String> {
    let terms: Vec<String> = terms.collect();
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
