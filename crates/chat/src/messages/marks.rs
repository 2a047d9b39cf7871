//! Marks on messages: reactions and pins.

use parlor_db::params;
use serde_json::json;
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    conversations::{self, Membership},
    error::{Result, conflict, forbidden, invalid, not_found},
    events::{self, NewEvent},
    ids::{ConversationId, MessageId, PersonId},
    person::Actor,
    tx::Tx,
    visible::Viewer,
};

use super::{Message, Reaction, pages::readable, store};

/// Gives or takes back an emoji. Doing it twice changes nothing and tells nobody.
pub fn react(tx: &mut Tx, actor: &Actor, id: MessageId, emoji: &str, added: bool) -> Result<Vec<Reaction>> {
    let stored = readable(tx, actor, id, "message.react")?;
    let place = stored.message.conversation_id;
    let (conversation, me, _) = conversations::lock(tx, actor, place)?;
    let reads = me.as_ref().is_some_and(Membership::is_active) || conversation.rules().everyone;
    if !reads {
        let reason = "only participants react; join the conversation first";
        return Err(forbidden("message.react", "not_participant", reason).about("message", id));
    }
    if stored.message.deleted_at.is_some() {
        return Err(conflict("deleted", "the message was deleted"));
    }
    check_emoji(emoji)?;
    if added
        && stored.message.reactions.len() >= 50
        && !stored.message.reactions.iter().any(|r| r.emoji == emoji)
    {
        return Err(invalid("emoji", "count", "a message takes at most 50 different emoji"));
    }
    let changed = if added {
        tx.db.execute(&store::REACT, params![actor.tenant, id, emoji, actor.id(), tx.now])?
    } else {
        tx.db.execute(&store::UNREACT, params![actor.tenant, id, emoji, actor.id()])?
    };
    if changed == 0 {
        return Ok(stored.message.reactions);
    }
    let summary = summarise(tx, actor, id)?;
    let event = NewEvent {
        kind: "message.reacted",
        conversation: Some(place),
        audience: conversation.readers_of(stored.is_private),
        access: &[],
        data: json!({ "message_id": id, "emoji": emoji, "user_id": actor.id(), "added": added, "reactions": summary }),
    };
    events::append(tx, actor, event)?;
    Ok(summary)
}

fn check_emoji(emoji: &str) -> Result<()> {
    let one = emoji.graphemes(true).count() == 1 && emoji.len() <= 40;
    let plain = emoji.chars().any(|c| c.is_alphabetic() || c.is_whitespace() || c.is_control());
    let keycap = emoji.contains('\u{20E3}');
    if one && !plain && (keycap || !emoji.is_ascii()) {
        return Ok(());
    }
    Err(invalid("emoji", "emoji", "use one emoji"))
}

fn summarise(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Vec<Reaction>> {
    let given = tx.db.all(&store::REACTIONS, params![actor.tenant, id], |row| {
        Ok((row.get::<String>(0)?, row.get::<PersonId>(1)?))
    })?;
    let mut summary: Vec<Reaction> = Vec::new();
    for (emoji, person) in given {
        match summary.iter_mut().find(|reaction| reaction.emoji == emoji) {
            Some(reaction) => {
                reaction.count += 1;
                if reaction.users.len() < 20 {
                    reaction.users.push(person);
                }
            }
            None => summary.push(Reaction { emoji, count: 1, users: vec![person] }),
        }
    }
    let text = if summary.is_empty() { None } else { Some(serde_json::to_string(&summary)?) };
    tx.db.execute(&store::SUMMARISE, params![actor.tenant, id, text.as_deref()])?;
    Ok(summary)
}

/// Pins a message, or takes the pin away. For participants of the staff.
pub fn pin(tx: &mut Tx, actor: &Actor, id: MessageId, pinned: bool) -> Result<Message> {
    let stored = readable(tx, actor, id, "message.pin")?;
    let place = stored.message.conversation_id;
    let (conversation, me, _) = conversations::lock(tx, actor, place)?;
    if actor.is_contact() || !me.as_ref().is_some_and(Membership::is_active) {
        let reason = "only participants of the staff pin messages";
        return Err(forbidden("message.pin", "not_participant", reason).about("message", id));
    }
    if stored.message.deleted_at.is_some() {
        return Err(conflict("deleted", "the message was deleted"));
    }
    if stored.message.pinned_at.is_some() != pinned {
        let at = pinned.then_some(tx.now);
        tx.db.execute(&store::PIN, params![actor.tenant, id, at])?;
        let change = if pinned { 1_i64 } else { -1 };
        tx.db.execute(&conversations::store::PINNED, params![actor.tenant, place, change])?;
        let event = NewEvent {
            kind: "message.pinned",
            conversation: Some(place),
            audience: conversation.readers_of(stored.is_private),
            access: &[],
            data: json!({ "message_id": id, "pinned_at": at }),
        };
        events::append(tx, actor, event)?;
    }
    let stored = store::by_id(tx, actor, id)?.ok_or(not_found("message"))?;
    Ok(store::complete(tx, actor.tenant, Viewer::of(actor), place, vec![stored])?.remove(0))
}

/// The pinned messages of a conversation, newest pin first.
pub fn pins(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Vec<Message>> {
    conversations::require_readable(tx, actor, id, "message.pins")?;
    let viewer = Viewer::of(actor);
    let rows = tx.db.all(&store::PINNED, params![actor.tenant, id, viewer.is_staff()], store::from_row)?;
    store::complete(tx, actor.tenant, viewer, id, rows)
}
