//! Editing and deleting. An edit keeps what was said before; a deletion leaves a tombstone, and takes the text out of
//! the search index and out of the events that told it.

use parlor_db::params;
use serde_json::{Value, json};

use crate::{
    conversations::{self, Conversation, Membership, Visibility},
    error::{Result, conflict, forbidden, not_found},
    event::raw::Raw,
    events::{self, NewEvent, Payload, payloads},
    ids::MessageId,
    notifications,
    person::Actor,
    search, settings,
    tx::Tx,
    viewer::Viewer,
    visible,
};

use super::{
    Body, Mention, Message, MessageKind, html,
    mentions::{self, Named},
    quotes::forget_quotes,
    row::Stored,
    store,
};

/// Edits of one message: each keeps what it said before.
const MOST_EDITS: i64 = 200;

/// The message and its conversation, locked, if the actor sees both.
type Locked = (Conversation, Option<Membership>, Visibility, Stored);

fn lock(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Locked> {
    let (conversation, _) = store::place(tx, actor.tenant, id)?.ok_or(not_found("message"))?;
    let (conversation, me, visibility) =
        conversations::lock(tx, actor, conversation).map_err(|_| not_found("message"))?;
    let stored = store::by_id(tx, actor, id)?.ok_or(not_found("message"))?;
    if !Viewer::of(actor).sees(stored.is_private) {
        return Err(not_found("message"));
    }
    Ok((conversation, me, visibility, stored))
}

/// Changes the body of one's own message, inside the tenant's window.
pub fn edit(tx: &mut Tx, actor: &Actor, id: MessageId, body: &Body) -> Result<Message> {
    let (conversation, me, visibility, stored) = lock(tx, actor, id)?;
    let refuse = |rule, reason: &str| forbidden("message.edit", rule, reason).about("message", id);
    let own = stored.message.author.as_ref().is_some_and(|author| author.id == actor.id());
    if !own
        || stored.message.kind != MessageKind::Text
        || !conversations::takes_part(&conversation, me.as_ref(), Some(visibility))
    {
        return Err(refuse("author", "only its author edits a message"));
    }
    if stored.message.deleted_at.is_some() {
        return Err(conflict("deleted", "the message was deleted"));
    }
    // What is put in the place of a message is sent.
    if stored.is_private {
        conversations::check_note(actor, &conversation)?;
    }
    conversations::check_post(tx, actor, &conversation, me.as_ref(), visibility)?;
    let window = settings::load(tx, actor.tenant)?.edit_window_seconds;
    if window >= 0 && tx.now > stored.message.created_at.plus_seconds(window) {
        return Err(refuse("edit_window", "the time in which this message could be edited is over"));
    }
    if stored.body == body.text {
        return Ok(
            store::complete(tx, actor.tenant, Viewer::of(actor), conversation.id, vec![stored])?.remove(0)
        );
    }
    keep(tx, actor, &stored)?;
    let Named { mentions, nobody } = renamed(tx, actor, &conversation, me.as_ref(), &stored, body)?;
    let text = if mentions.is_empty() { None } else { Some(serde_json::to_string(&mentions)?) };
    tx.db.execute(&store::EDIT, params![actor.tenant, id, body.text.as_str(), text.as_deref(), tx.now])?;
    search::reindex(
        tx,
        actor.tenant,
        &search::Entry::of(&conversation, &stored.message, stored.no, &body.text),
        Some(&body.text),
    )?;
    retell(tx, actor, &stored, &body.text, &mentions)?;
    let message = announce(tx, actor, &conversation, id, Change::Edited)?;
    Ok(Message { names_nobody: nobody, ..message })
}

/// Keeps what the message says until now.
fn keep(tx: &mut Tx, actor: &Actor, stored: &Stored) -> Result<()> {
    let id = stored.message.id;
    let edited: i64 = tx.db.one(&store::EDITED, params![actor.tenant, id], |row| row.get(0))?;
    if edited >= MOST_EDITS {
        let reason = format!("this message was edited {MOST_EDITS} times: write a new one");
        return Err(conflict("edits", reason));
    }
    let (body, by) = (stored.body.as_str(), actor.id());
    let kept = params![actor.tenant, id, edited + 1, body, by, tx.now, stored.event_seq];
    tx.db.execute(&store::KEEP, kept)?;
    Ok(())
}

/// Mentions follow the text: who is newly named counts it, who no longer is does not.
fn renamed(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    me: Option<&Membership>,
    stored: &Stored,
    body: &Body,
) -> Result<Named> {
    let named = mentions::of(tx, actor, conversation, me, body, &stored.message.mentions)?;
    tx.db.execute(&store::UNMENTION, params![actor.tenant, conversation.id, stored.message.seq])?;
    mentions::store(tx, actor, conversation, stored.message.seq, &named.mentions)?;
    Ok(named)
}

/// Deletes a message: one's own, or any as owner or admin of the conversation. Deleting twice is no error.
pub fn delete(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Message> {
    let (conversation, me, _, stored) = lock(tx, actor, id)?;
    let own = stored.message.author.as_ref().is_some_and(|author| author.id == actor.id());
    let manages = me.is_some_and(|me| me.is_active() && me.role.manages()) && actor.is_staff();
    if stored.message.kind != MessageKind::Text || !(own || manages) {
        let reason = "only its author, and owners and admins of the conversation, delete a message";
        return Err(forbidden("message.delete", "author", reason).about("message", id));
    }
    if stored.message.deleted_at.is_some() {
        return Ok(
            store::complete(tx, actor.tenant, Viewer::of(actor), conversation.id, vec![stored])?.remove(0)
        );
    }
    tx.db.execute(&store::DELETE, params![actor.tenant, id, tx.now])?;
    tx.db.execute(
        &conversations::store::DELETED,
        params![actor.tenant, conversation.id, stored.message.seq],
    )?;
    tx.db.execute(&store::UNMENTION, params![actor.tenant, conversation.id, stored.message.seq])?;
    if stored.message.pinned_at.is_some() {
        tx.db.execute(&conversations::store::PINNED, params![actor.tenant, conversation.id, -1_i64])?;
    }
    if let Some(root) = stored.thread_root_seq {
        tx.db.execute(&store::COUNT_REPLY, params![actor.tenant, conversation.id, root, -1_i64])?;
    }
    let place = search::Entry::of(&conversation, &stored.message, stored.no, "");
    search::reindex(tx, actor.tenant, &place, None)?;
    retell(tx, actor, &stored, "", &[])?;
    forget_quotes(tx, actor.tenant, conversation.id, &[stored.message.seq])?;
    announce(tx, actor, &conversation, id, Change::Deleted)
}

/// Takes the old text out of every event that told it, so that a replay tells what holds. The first event told of the
/// message at all and tells what holds from now on; those after it told of edits, which the next one does anew. They are
/// withdrawn once and for all: an edit costs the same however many there were.
fn retell(tx: &mut Tx, actor: &Actor, stored: &Stored, body: &str, mentions: &[Mention]) -> Result<()> {
    let before = params![actor.tenant, stored.message.id];
    let mut told: Vec<i64> = tx.db.all(&store::TOLD_BEFORE, before, |row| row.get(0))?;
    told.extend(stored.event_seq);
    told.sort_unstable();
    told.dedup();
    let beginning = html::preview(body, notifications::SHOWN_CHARS);
    notifications::retell(tx, actor, stored.message.id, &beginning)?;
    let Some((first, edits)) = told.split_first() else { return Ok(()) };
    events::rewrite(tx, actor.tenant, *first, |data| say(data, body, mentions))?;
    for seq in edits {
        events::withdraw(tx, actor.tenant, *seq, |data| {
            say(data, "", &[]);
            if let Some(message) = data.get_mut("message") {
                message["reply_to"] = json!(null);
            }
        })?;
    }
    tx.db.execute(&store::WITHDRAWN, params![actor.tenant, stored.message.id, *first])?;
    Ok(())
}

/// What an event says of a message's words; where there are none, of nothing else in it either.
fn say(data: &mut Value, body: &str, mentions: &[Mention]) {
    let Some(message) = data.get_mut("message") else { return };
    message["body"] = json!(body);
    message["html"] = json!(html::render(body, mentions));
    message["mentions"] = json!(mentions);
    if body.is_empty() {
        message["related"] = json!(null);
        message["attachments"] = json!([]);
    }
}

/// What happened to a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Edited,
    Deleted,
}

impl Change {
    fn of(self, message: &Message) -> Result<Payload> {
        let message = Raw::new(message)?;
        Ok(match self {
            Self::Edited => Payload::MessageEdited(payloads::MessageEdited { message }),
            Self::Deleted => Payload::MessageDeleted(payloads::MessageDeleted { message }),
        })
    }
}

/// Tells the readers what the message is now, and keeps that event's number: a later change rewrites it.
pub(super) fn announce(
    tx: &mut Tx,
    actor: &Actor,
    conversation: &Conversation,
    id: MessageId,
    change: Change,
) -> Result<Message> {
    let stored = store::by_id(tx, actor, id)?.ok_or(not_found("message"))?;
    let (hidden, tenant, place) = (stored.is_private, actor.tenant, conversation.id);
    let pointing = stored.reply_to_seq.is_some() || stored.message.reply_count > 0;
    let shown =
        store::complete(tx, tenant, Viewer::of_readers(hidden), place, vec![stored.clone()])?.remove(0);
    let whole = match conversation.rules().notes && pointing && !hidden {
        true => store::complete(tx, tenant, Viewer::Staff, place, vec![stored])?.remove(0),
        false => shown.clone(),
    };
    let told = change.of(&shown)?;
    let seq = if hidden {
        let event = NewEvent::in_conversation(place, told, conversation.staff_readers());
        events::append(tx, actor, event)?
    } else {
        visible::tell_both(tx, actor, conversation, &told, &change.of(&whole)?)?
    };
    if change == Change::Edited {
        tx.db.execute(&store::TOLD, params![actor.tenant, id, seq])?;
    }
    Ok(if actor.is_staff() { whole } else { shown })
}
