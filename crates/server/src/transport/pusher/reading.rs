//! Owns: who may read a conversation, asked for the channels that are Parlor's. Must not know: connections.

use std::sync::Arc;

use parlor_chat::{Actor, ConversationId, Error, conversations};

use crate::app::Ctx;
use crate::auth::reload_actor;

/// Whether the person reads the conversation by the rights it has now.
pub(crate) async fn reads(
    app: &Ctx,
    actor: &Arc<Actor>,
    conversation: ConversationId,
) -> Result<bool, Error> {
    let who = actor.clone();
    app.db
        .read_plain(move |tx| {
            let fresh = reload_actor(tx, &who)?;
            conversations::is_reader(tx, &fresh, conversation)
        })
        .await
}
