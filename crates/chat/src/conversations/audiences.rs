//! Who is told that somebody types in a conversation, or looks at it.

use crate::{
    error::{Result, not_found},
    events::Audience,
    ids::ConversationId,
    person::Actor,
    tx::Tx,
};

use super::{
    Visibility,
    load::visibility,
    rules::{check_note, check_post},
    store,
};

/// Who is told that the actor types here: whoever would read the message, or the private note. Nobody when the actor
/// may not write it. No view of an administrator: who only looks on does not type.
pub fn typing_audience(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    is_private_note: bool,
) -> Result<Option<Audience>> {
    let (conversation, me) = store::load(tx, actor, id)?.ok_or(not_found("conversation"))?;
    let visibility = match visibility(actor, &conversation, me.as_ref()) {
        None | Some(Visibility::Override) => return Err(not_found("conversation")),
        Some(visibility) => visibility,
    };
    let allowed = match is_private_note {
        true => check_note(actor, &conversation),
        false => check_post(tx, actor, &conversation, me.as_ref(), visibility),
    };
    match allowed {
        Ok(()) if is_private_note => Ok(Some(conversation.staff_readers())),
        Ok(()) => Ok(Some(conversation.readers())),
        Err(crate::Error::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Which staff is told that the actor looks at a conversation.
pub fn viewing_audience(tx: &mut Tx, actor: &Actor, id: ConversationId) -> Result<Option<Audience>> {
    let Some((conversation, me)) = store::load(tx, actor, id)? else { return Ok(None) };
    let seen = visibility(actor, &conversation, me.as_ref());
    Ok(seen.filter(|visibility| *visibility != Visibility::Override).map(|_| conversation.staff_readers()))
}
