//! Owns: conversations and messages as the CRM messenger contract shows them, and what of the core it shows at all.

use parlor_chat::conversations::{self, ListFilter, View};
use parlor_chat::{Actor, ConversationId, Error, Kind, Tx};
use serde_json::{Value, json};

/// Every conversation of the contract that somebody reads.
pub(super) fn filter() -> ListFilter {
    ListFilter { kinds: KINDS.iter().map(|(kind, _)| *kind).collect(), ..ListFilter::default() }
}

/// The conversation, if it is of the contract.
pub(super) fn known(tx: &mut Tx<'_>, actor: &Actor, id: ConversationId) -> Result<View, Error> {
    let view = conversations::get(tx, actor, id)?;
    match KINDS.iter().any(|(kind, _)| *kind == view.kind) {
        true => Ok(view),
        false => Err(Error::NotFound { what: "conversation" }),
    }
}

/// Unread over the conversations of the contract; muted ones stay silent but count.
pub(super) fn unread_total(tx: &mut Tx<'_>, actor: &Actor) -> Result<i64, Error> {
    Ok(conversations::totals_of(tx, actor, &KINDS.map(|(kind, _)| kind))?.unread)
}

/// A conversation, for one of its readers.
pub(super) fn conversation(view: &View) -> Value {
    let name = KINDS.iter().find(|(kind, _)| *kind == view.kind).map(|(_, name)| *name);
    let participants: Vec<Value> = view
        .participants
        .iter()
        .map(|one| {
            json!({
                "user_id": one.person.id, "name": one.person.name, "avatar_url": one.person.avatar_url,
                "role": one.role, "last_read_at": one.last_read_at,
            })
        })
        .collect();
    let last = view.last_message.as_ref();
    let shown = last.map(|last| {
        json!({
            "id": last.id, "author_id": last.author.as_ref().map(|author| author.id),
            "author_name": last.author.as_ref().map(|author| author.name.clone()),
            "preview": last.preview, "created_at": last.created_at,
        })
    });
    let me = view.me.as_ref();
    json!({
        "id": view.id,
        "type": name,
        "subject": view.title,
        "created_by": view.created_by,
        "replies_enabled": view.replies_enabled,
        "context_type": view.related.as_ref().map(|related| related.kind.clone()),
        "context_id": view.related.as_ref().map(|related| related.id.clone()),
        "context": view.related,
        "participants": participants,
        "participants_count": view.members_count,
        "last_message_id": last.map(|last| last.id),
        "last_message_at": last.map(|last| last.created_at),
        "last_message": shown,
        "unread_count": me.map_or(0, |me| me.unread),
        "muted": me.is_some_and(|me| me.muted),
        "can_reply": me.is_some_and(|me| me.can.post),
        "created_at": view.created_at,
        "updated_at": view.last_activity_at.max(view.updated_at),
    })
}

/// The kinds that this contract knows, under its names.
pub(crate) const KINDS: [(Kind, &str); 4] = [
    (Kind::Direct, "direct"),
    (Kind::Group, "group"),
    (Kind::Broadcast, "broadcast"),
    (Kind::Announcement, "global"),
];
