//! Of what a participant wants to be told.

use parlor_db::params;
use serde::Deserialize;

use crate::{
    conversations::{self, Me},
    error::{Result, invalid},
    ids::{ConversationId, PersonId, TenantId},
    person::Actor,
    tx::Tx,
};

use super::store::{self, remember};

/// One's own preferences in a conversation.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// Stay silent here; it still counts.
    pub muted: Option<bool>,
    /// "all", "mentions" or "none".
    pub notify: Option<String>,
}

/// Changes one's own preferences in a conversation.
pub fn set_preferences(tx: &mut Tx, actor: &Actor, id: ConversationId, change: &MeChange) -> Result<Me> {
    let (_, me, _) = conversations::lock(tx, actor, id)?;
    if let Some(notify) = &change.notify
        && !["all", "mentions", "none"].contains(&notify.as_str())
    {
        return Err(invalid("notify", "known", "use all, mentions or none"));
    }
    remember(tx, actor, id)?;
    let muted = change.muted.unwrap_or(me.as_ref().is_some_and(|me| me.muted));
    let notify = change.notify.clone().or(me.map(|me| me.notify)).unwrap_or_else(|| "all".to_owned());
    tx.db.execute(&store::SET_PREFERENCES, params![actor.tenant, id, actor.id(), muted, notify.as_str()])?;
    conversations::announce_me(tx, actor, id)
}

/// Where a person does not want to be told of everything: the conversation, whether it is muted, and `notify`.
pub fn muted(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<Vec<(ConversationId, bool, String)>> {
    Ok(tx
        .db
        .all(&store::MUTED, params![tenant, person], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// The users who take part, each with whether it is muted and `notify`.
pub fn users(tx: &mut Tx, tenant: TenantId, id: ConversationId) -> Result<Vec<(PersonId, bool, String)>> {
    Ok(tx.db.all(&store::USERS, params![tenant, id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}
