//! The actor's own part of a conversation, and telling its other devices of it.

use crate::{
    error::{Result, not_found},
    events::{self, Audience, NewEvent},
    ids::ConversationId,
    person::Actor,
    tx::Tx,
};

use super::{Me, store, view};

/// The actor's own part of one conversation, as it is now.
pub(crate) fn me_view(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Me> {
    let listed = store::me(tx, actor, id)?.ok_or(not_found("conversation"))?;
    Ok(view::me(actor, &listed))
}

/// Tells the actor's other devices what its own part is now.
pub(crate) fn announce_me(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Me> {
    let me = me_view(tx, actor, id)?;
    events::append(
        tx,
        actor,
        NewEvent {
            kind: "me.conversation",
            conversation: Some(id),
            audience: Audience::Person(actor.id()),
            access: &[],
            data: serde_json::json!({ "me": me }),
        },
    )?;
    Ok(me)
}
