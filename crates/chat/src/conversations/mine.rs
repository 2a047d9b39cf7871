//! The actor's own part of a conversation, and telling its other devices of it.

use crate::{
    error::{Result, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::ConversationId,
    person::Actor,
    tx::Tx,
};

use super::{Me, store, view};

/// The actor's own part of one conversation, as it is now.
pub(crate) fn me_view(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Me> {
    let listed = store::me(tx, actor, id)?.ok_or(not_found("conversation"))?;
    view::part(tx, actor, &listed)
}

/// Tells the actor's other devices what its own part is now.
pub(crate) fn announce_me(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Me> {
    let me = me_view(tx, actor, id)?;
    let told = Payload::MeConversation(payloads::MeConversation { me: me.clone() });
    events::append(tx, actor, NewEvent::in_conversation(id, told, Audience::Person(actor.id())))?;
    Ok(me)
}
