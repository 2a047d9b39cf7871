//! Whom a message names: members by their names, and many at once by `@all` and `@here`. Owns the rows that count as
//! mentions; what is written after an `@` is found by `markdown/mention.rs`.

use parlor_db::params;

use crate::{
    conversations::{Conversation, Membership},
    error::{Result, invalid},
    person::Actor,
    text::literal,
    tx::Tx,
};

use super::{Body, MANY, Mention, body::GroupMention, markdown::Name, store as statements};

/// With so many members anybody may name them all at once; with more only owners and admins.
const FEW: i64 = 50;
/// With more nobody may.
const MOST: i64 = 500;

/// Whom a body names.
pub(super) struct Named {
    pub mentions: Vec<Mention>,
    /// Names that are nobody's here: the writer is told.
    pub nobody: Vec<String>,
}

/// Everybody whom the body names. `before` named it before it was edited: a name without an id is still theirs.
pub(super) fn of(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    body: &Body,
    before: &[Mention],
) -> Result<Named> {
    let mut found = named(tx, actor, conversation, &body.names, before)?;
    if let Some(group) = body.group.as_ref().filter(|_| conversation.rules().group_mentions) {
        found.append(&mut group_members(tx, actor, conversation, me, group)?);
        found.sort_by_key(|mention| mention.user_id);
        found.dedup_by_key(|mention| mention.user_id);
    }
    let is_nobody = |name: &&Name| !found.iter().any(|mention| name.is_of(&mention.name));
    let nobody = body.names.iter().filter(is_nobody).map(|name| name.name.clone()).collect();
    Ok(Named { mentions: found, nobody })
}

/// The members whom one word names, and the word itself.
fn group_members(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    group: &GroupMention,
) -> Result<Vec<Mention>> {
    let manages = me.is_some_and(|me| me.is_active() && me.role.manages());
    if conversation.members > if manages { MOST } else { FEW } {
        let detail =
            "with more than 50 members only owners and admins mention all at once, with more than 500 nobody";
        return Err(invalid("body", "mention_all", detail));
    }
    let online: Vec<[u8; 16]> = match group {
        GroupMention::All => Vec::new(),
        GroupMention::Here(people) => people.iter().map(|id| id.0.into_bytes()).collect(),
    };
    let all = *group == GroupMention::All;
    let mut found = tx.db.all(
        &statements::GROUP,
        params![actor.tenant, conversation.id, actor.id(), all, &online[..]],
        |row| Ok(Mention { user_id: row.get(0)?, name: row.get(1)? }),
    )?;
    found.push(Mention { user_id: MANY, name: group.word().to_owned() });
    Ok(found)
}

/// Whom a message names counts it; its author does not.
pub(super) fn store(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    seq: i64,
    mentions: &[Mention],
) -> Result<()> {
    let others = mentions.iter().map(|mention| mention.user_id);
    let others: Vec<_> = others.filter(|id| *id != actor.id() && *id != MANY).collect();
    if conversation.rules().everyone {
        for id in others {
            tx.db.execute_later(&statements::MENTION, params![actor.tenant, id, conversation.id, seq])?;
        }
    } else if !others.is_empty() {
        let keys: Vec<[u8; 16]> = others.iter().map(|id| id.0.into_bytes()).collect();
        tx.db.execute_later(
            &statements::MENTION_MEMBERS,
            params![actor.tenant, conversation.id, seq, &keys[..]],
        )?;
    }
    Ok(())
}

/// The members of the conversation whom the body names: by id, by full name, or by what only one of them is called: the
/// name without its accents, or the first name.
fn named(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    names: &[Name],
    before: &[Mention],
) -> Result<Vec<Mention>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, place) = (actor.tenant, conversation.id);
    let from_row = |row: &parlor_db::Row<'_>| Ok(Mention { user_id: row.get(0)?, name: row.get(1)? });
    let known = |name: &Name| name.whose(before, |mention| &mention.name).map(|mention| mention.user_id);
    let (ids, written): (Vec<_>, Vec<_>) =
        names.iter().map(|name| (name, name.id.or_else(|| known(name)))).partition(|(_, id)| id.is_some());
    let ids: Vec<[u8; 16]> = ids.iter().filter_map(|(_, id)| Some(id.as_ref()?.0.into_bytes())).collect();
    let written: Vec<&Name> = written.into_iter().map(|(name, _)| name).collect();
    let mut found: Vec<Mention> = if conversation.rules().everyone {
        let full: Vec<String> = written.iter().map(|name| name.name.clone()).collect();
        tx.db.all(&statements::NAMED_ANYWHERE, params![tenant, &full[..], &ids[..]], from_row)?
    } else {
        let lower: Vec<String> = written.iter().map(|name| name.name.to_lowercase()).collect();
        tx.db.all(&statements::NAMED, params![tenant, place, &lower[..], &ids[..]], from_row)?
    };
    for name in written.iter().take(10) {
        let is_found = found.iter().any(|mention| mention.name.to_lowercase() == name.name.to_lowercase());
        if is_found {
            continue;
        }
        let mut some: Vec<Mention> = Vec::new();
        for way in name.ways() {
            let (whole, first) = (format!("%\n{}\n%", literal(&way)), format!("%\n{} %", literal(&way)));
            let asked = params![tenant, place, whole.as_str(), first.as_str()];
            some.extend(tx.db.all(&statements::NAMED_LIKE, asked, from_row)?);
        }
        some.sort_by_key(|mention| mention.user_id);
        some.dedup_by_key(|mention| mention.user_id);
        found.extend(name.only(&some, |mention| &mention.name).cloned());
    }
    // An id counts with its person's name only: nobody is named under that of another.
    found.retain(|mention| names.iter().any(|name| name.is_of(&mention.name)));
    found.sort_by_key(|mention| mention.user_id);
    found.dedup_by_key(|mention| mention.user_id);
    Ok(found)
}
