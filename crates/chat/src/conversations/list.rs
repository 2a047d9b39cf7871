//! Lists of conversations: what the actor takes part in, and what it reads without taking part, newest activity first.

use parlor_db::{FromRow, Param, params};

use crate::{
    access::readable_kinds,
    error::Result,
    ids::ConversationId,
    kinds::{Kind, RULES},
    page::{Page, limit},
    person::Actor,
    rights::Right,
    text::Sought,
    tx::Tx,
    words::Status,
};

use super::{
    Totals, View,
    store::{self, Cursor, Listed},
    view,
};

/// Which conversations are wanted.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Of these kinds; of all when empty.
    pub kinds: Vec<Kind>,
    /// In these statuses; in all when empty.
    pub statuses: Vec<Status>,
    /// Only with something unread.
    pub unread: bool,
    /// Only where the actor takes part.
    pub mine: bool,
    /// Part of the title, the subject or a person's name.
    pub search: Option<String>,
    /// Public channels to join, instead of one's own conversations.
    pub joinable: bool,
    /// Every conversation of the tenant, for who may view all.
    pub every: bool,
    /// A page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
}

struct ListQuery {
    kinds: Vec<String>,
    statuses: Vec<String>,
    sought: Sought,
    cursor: Cursor,
    unread: bool,
    limit: i64,
}

/// A page of conversations, newest activity first.
pub fn list(tx: &mut Tx, actor: &Actor, filter: &ListFilter) -> Result<Page<View>> {
    let limit = limit(filter.limit);
    let names = |kinds: &[Kind]| kinds.iter().map(|kind| kind.name().to_owned()).collect::<Vec<_>>();
    let all: Vec<Kind> = RULES.iter().map(|rules| rules.kind).collect();
    let wanted = ListQuery {
        kinds: names(if filter.kinds.is_empty() { &all } else { &filter.kinds }),
        statuses: filter.statuses.iter().map(|status| status.name().to_owned()).collect(),
        sought: Sought::of(filter.search.as_deref())?,
        cursor: Cursor::parse(filter.after.as_deref())?,
        unread: filter.unread,
        limit: i64::try_from(limit + 1).unwrap_or(200),
    };
    let mut rows = if filter.every {
        actor.require(Right::ViewAll, "conversation.list_every")?;
        every(tx, actor, &wanted)?
    } else if filter.joinable {
        actor.require_staff("conversation.list_joinable")?;
        joinable(tx, actor, &wanted)?
    } else {
        let mut rows = mine(tx, actor, &wanted)?;
        if !filter.mine {
            rows.extend(outside(tx, actor, &wanted)?);
        }
        rows
    };
    rows.sort_by_key(|row| std::cmp::Reverse((row.conversation.last_activity_at, row.conversation.id)));
    let page = Page::cut(rows, limit, |row| Cursor::of(&row.conversation));
    Ok(Page { items: view::views(tx, actor, page.items)?, next: page.next })
}

impl ListQuery {
    /// The parameters that the statements of all lists begin with, those of one, and the patterns for keys.
    fn with<'a>(&'a self, actor: &Actor, own: &[Param<'a>]) -> Vec<Param<'a>> {
        let common = params![
            actor.tenant,
            actor.id(),
            &self.kinds[..],
            !self.statuses.is_empty(),
            &self.statuses,
            self.sought.written.as_str(),
            self.cursor.at,
            self.cursor.id
        ];
        [common, own, params![self.sought.folded.as_str(), self.sought.spelled.as_deref()]].concat()
    }
}

fn mine(tx: &mut Tx, actor: &Actor, wanted: &ListQuery) -> Result<Vec<Listed>> {
    let asked = wanted.with(actor, params![wanted.unread, wanted.limit]);
    Ok(match actor.is_contact() {
        true => tx.db.all(&store::MINE_AS_CONTACT, &asked, store::listed_as_contact)?,
        false => tx.db.all(&store::MINE, &asked, Listed::from_row)?,
    })
}

/// One statement per kind that the table of kinds opens to this actor, so that each walks an index.
fn outside(tx: &mut Tx, actor: &Actor, wanted: &ListQuery) -> Result<Vec<Listed>> {
    let reach = readable_kinds(actor);
    let teams: Vec<[u8; 16]> = actor.teams.iter().map(|id| id.0.into_bytes()).collect();
    let stores: Vec<[u8; 16]> = actor.stores.iter().map(|id| id.0.into_bytes()).collect();
    let mut rows = Vec::new();
    for kind in reach.kinds().into_iter().filter(|kind| wanted.kinds.iter().any(|name| name == kind.name())) {
        let own = params![
            kind,
            &teams[..],
            &stores[..],
            &reach.all[..],
            &reach.unassigned[..],
            wanted.unread,
            wanted.limit
        ];
        rows.extend(tx.db.all(&store::OUTSIDE, &wanted.with(actor, own), Listed::from_row)?);
    }
    Ok(rows)
}

fn every(tx: &mut Tx, actor: &Actor, wanted: &ListQuery) -> Result<Vec<Listed>> {
    let mut rows = Vec::new();
    for kind in &wanted.kinds {
        let asked = wanted.with(actor, params![kind.as_str(), wanted.limit]);
        rows.extend(tx.db.all(&store::EVERY, &asked, Listed::from_row)?);
    }
    Ok(rows)
}

fn joinable(tx: &mut Tx, actor: &Actor, wanted: &ListQuery) -> Result<Vec<Listed>> {
    let asked = wanted.with(actor, params![wanted.limit]);
    Ok(tx.db.all(&store::JOINABLE, &asked, Listed::from_row)?)
}

/// Unread of the actor over everything.
pub fn totals(tx: &mut Tx, actor: &Actor) -> Result<Totals> {
    totals_of(tx, actor, &RULES.each_ref().map(|rules| rules.kind))
}

/// Unread of the actor over conversations of these kinds: one walk over its own rows, one over what is for everybody.
pub fn totals_of(tx: &mut Tx, actor: &Actor, kinds: &[Kind]) -> Result<Totals> {
    let names: Vec<String> = kinds.iter().map(|kind| kind.name().to_owned()).collect();
    let asked = params![actor.tenant, actor.id(), &names[..]];
    let own = tx.db.one(&store::TOTALS, asked, Totals::from_row)?;
    let reads = |kind: &&Kind| kind.rules().everyone && readable_kinds(actor).kinds().contains(kind);
    let everyone: Vec<String> = kinds.iter().filter(reads).map(|kind| kind.name().to_owned()).collect();
    if everyone.is_empty() {
        return Ok(own);
    }
    let asked = params![actor.tenant, actor.id(), &everyone[..]];
    let everyone = tx.db.one(&store::TOTALS_EVERYONE, asked, Totals::from_row)?;
    Ok(Totals {
        unread: own.unread + everyone.unread,
        conversations: own.conversations + everyone.conversations,
        unmuted: own.unmuted + everyone.unmuted,
        mentions: own.mentions + everyone.mentions,
    })
}

/// The ids of the conversations in which the actor takes part, newest first: what a search may look into.
pub fn searchable(tx: &mut Tx, actor: &Actor) -> Result<Vec<ConversationId>> {
    Ok(tx.db.all(&crate::access::MINE, params![actor.tenant, actor.id()], |row| row.get(0))?)
}
