//! What follows from a message where a tenant has set it so: rows of the audit log, and of a direct one a notification to
//! the other person and the time at which it was read. When messages are posted and read, settings are asked for direct
//! ones only, so that no other kind pays for it: whether to audit it comes along with a message's body. Must not know rules.

use serde_json::json;

use crate::{
    audit,
    conversations::Conversation,
    error::Result,
    ids::{ConversationId, PersonId},
    kinds::Kind,
    messages::{Message, preview},
    notifications, participants,
    person::Actor,
    read_steps, settings,
    tx::Tx,
};

/// A conversation was opened for the first time.
pub(crate) fn opened(
    tx: &mut Tx,
    actor: &Actor,
    id: ConversationId,
    kind: Kind,
    with: &[PersonId],
) -> Result<()> {
    if !settings::load(tx, actor.tenant)?.audit_messages {
        return Ok(());
    }
    let id = id.to_string();
    let details = json!({ "kind": kind, "with": with });
    audit::record(tx, actor, "conversation.create", Some(("conversation", &id)), &details)
}

/// A message was posted whose body says that this is audited.
pub(crate) fn sent(tx: &mut Tx, actor: &Actor, message: &Message) -> Result<()> {
    let details = json!({ "conversation_id": message.conversation_id });
    let id = message.id.to_string();
    audit::record(tx, actor, "message.send", Some(("message", &id)), &details)
}

/// A direct message was posted.
pub(crate) fn posted(tx: &mut Tx, actor: &Actor, message: &Message) -> Result<()> {
    if settings::load(tx, actor.tenant)?.message_notifications {
        let other = participants::other(tx, actor, message.conversation_id)?;
        let beginning = preview(&message.body, notifications::SHOWN_CHARS);
        let related = message.related.as_ref();
        notifications::of_message(tx, actor, other.person.id, message.id, &beginning, related)?;
    }
    Ok(())
}

/// Messages of a direct conversation after `before` and up to `seq` were read.
pub(crate) fn read(tx: &mut Tx, actor: &Actor, place: &Conversation, before: i64, seq: i64) -> Result<()> {
    if place.kind != Kind::Direct {
        return Ok(());
    }
    let settings = settings::load(tx, actor.tenant)?;
    if settings.audit_messages {
        let id = place.id.to_string();
        let details = json!({ "after": before, "up_to": seq });
        audit::record(tx, actor, "message.read", Some(("conversation", &id)), &details)?;
    }
    if settings.erp_enabled {
        read_steps::keep(tx, actor, place.id, seq)?;
    }
    if settings.message_notifications {
        notifications::seen(tx, actor, place.id, before, seq)?;
    }
    Ok(())
}
