//! Reactions: emoji that readers give to a message.

use parlor_db::params;
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    conversations::{self, Membership},
    error::{Result, conflict, forbidden, invalid},
    events::{self, NewEvent, Payload, payloads},
    ids::{MessageId, PersonId},
    person::Actor,
    tx::Tx,
};

use super::{Reaction, query::readable, store};

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
    let told = Payload::MessageReacted(payloads::MessageReacted {
        message_id: id,
        emoji: emoji.to_owned(),
        user_id: actor.id(),
        added,
        reactions: summary.clone(),
    });
    let audience = conversation.readers_of(stored.is_private);
    events::append(tx, actor, NewEvent::in_conversation(place, told, audience))?;
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
