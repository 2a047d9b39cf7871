//! Reactions: emoji that readers give to a message, stored in one form (`emoji.rs`).

use std::collections::BTreeSet;

use parlor_db::params;

use crate::{
    conversations,
    error::{Error, Result, conflict, forbidden, invalid},
    events::{self, NewEvent, Payload, payloads},
    ids::{MessageId, PersonId},
    person::Actor,
    tx::Tx,
};

use super::{
    Reaction,
    emoji::{MOST_USERS, one_form},
    query::readable,
    store,
};

/// Gives or takes back an emoji, in whichever form it is written. Doing it twice changes nothing and tells nobody.
pub fn react(tx: &mut Tx, actor: &Actor, id: MessageId, emoji: &str, added: bool) -> Result<Vec<Reaction>> {
    let stored = readable(tx, actor, id, "message.react")?;
    let place = stored.message.conversation_id;
    let (conversation, me, visibility) = conversations::lock(tx, actor, place)?;
    if !conversations::takes_part(&conversation, me.as_ref(), Some(visibility)) {
        let reason = "only participants react; join the conversation first";
        return Err(forbidden("message.react", "not_participant", reason).about("message", id));
    }
    if added {
        conversations::check_react(tx, actor, &conversation, me.as_ref(), visibility)?;
    }
    if stored.message.deleted_at.is_some() {
        return Err(conflict("deleted", "the message was deleted"));
    }
    // What was given before it was known to be no emoji can be taken back.
    let given = || stored.message.reactions.iter().find(|reaction| !added && reaction.emoji == emoji);
    let emoji =
        one_form(emoji).or_else(|| given().map(|reaction| reaction.emoji.as_str())).ok_or_else(no_emoji)?;
    bring_to_one_form(tx, actor, id)?;
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

fn no_emoji() -> Error {
    invalid(
        "emoji",
        "emoji",
        "react with one emoji, such as 👍: not with text, several emoji or a part of one",
    )
}

/// Rows of a message from before emoji had one form.
fn bring_to_one_form(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<()> {
    for emoji in given(tx, actor, id)?.into_iter().map(|(emoji, _)| emoji).collect::<BTreeSet<_>>() {
        if let Some(form) = one_form(&emoji).filter(|form| *form != emoji) {
            tx.db.execute(&store::REACT_ANEW, params![actor.tenant, id, emoji.as_str(), form])?;
            tx.db.execute(&store::UNREACT_ALL, params![actor.tenant, id, emoji.as_str()])?;
        }
    }
    Ok(())
}

fn given(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Vec<(String, PersonId)>> {
    Ok(tx.db.all(&store::REACTIONS, params![actor.tenant, id], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn summarise(tx: &mut Tx, actor: &Actor, id: MessageId) -> Result<Vec<Reaction>> {
    let mut summary: Vec<Reaction> = Vec::new();
    for (emoji, person) in given(tx, actor, id)? {
        match summary.iter_mut().find(|reaction| reaction.emoji == emoji) {
            Some(reaction) => {
                reaction.count += 1;
                if reaction.users.len() < MOST_USERS {
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
