//! Pins: messages that participants of the staff hold up for everybody.

use parlor_db::{FromRow, params};

use crate::{
    conversations::{self, Membership},
    error::{Result, conflict, forbidden, not_found},
    events::{self, NewEvent, Payload, payloads},
    ids::{ConversationId, MessageId},
    person::Actor,
    tx::Tx,
    viewer::Viewer,
};

use super::{Message, query::readable, row::Stored, store};

/// Pins a message, or takes the pin away. For participants of the staff.
pub fn pin(tx: &mut Tx, actor: &Actor, id: MessageId, pinned: bool) -> Result<Message> {
    let stored = readable(tx, actor, id, "message.pin")?;
    let place = stored.message.conversation_id;
    let (conversation, me, visibility) = conversations::lock(tx, actor, place)?;
    if actor.is_contact() || !me.as_ref().is_some_and(Membership::is_active) {
        let reason = "only participants of the staff pin messages";
        return Err(forbidden("message.pin", "not_participant", reason).about("message", id));
    }
    if pinned {
        conversations::check_react(tx, actor, &conversation, me.as_ref(), visibility)?;
    }
    if stored.message.deleted_at.is_some() {
        return Err(conflict("deleted", "the message was deleted"));
    }
    if stored.message.pinned_at.is_some() != pinned {
        let at = pinned.then_some(tx.now);
        tx.db.execute(&store::PIN, params![actor.tenant, id, at])?;
        let change = if pinned { 1_i64 } else { -1 };
        tx.db.execute(&conversations::store::PINNED, params![actor.tenant, place, change])?;
        let told = Payload::MessagePinned(payloads::MessagePinned { message_id: id, pinned_at: at });
        let audience = conversation.readers_of(stored.is_private);
        events::append(tx, actor, NewEvent::in_conversation(place, told, audience))?;
    }
    let stored = store::by_id(tx, actor, id)?.ok_or(not_found("message"))?;
    Ok(store::complete(tx, actor.tenant, Viewer::of(actor), place, vec![stored])?.remove(0))
}

/// The pinned messages of a conversation, newest pin first.
pub fn pins(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Vec<Message>> {
    conversations::require_readable(tx, actor, id, "message.pins")?;
    let viewer = Viewer::of(actor);
    let rows = tx.db.all(&store::PINNED, params![actor.tenant, id, viewer.is_staff()], Stored::from_row)?;
    store::complete(tx, actor.tenant, viewer, id, rows)
}
