//! Of what a participant wants to be told.

use parlor_db::{Error as DbError, Row, params};
use serde::Deserialize;

use crate::{
    conversations::{self, Me},
    error::Result,
    ids::{ConversationId, PersonId, TenantId},
    kinds::Kind,
    person::Actor,
    roles,
    tx::Tx,
    words::Notify,
};

use super::store::{self, remember};

/// One's own preferences in a conversation.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// Stay silent here; it still counts.
    pub muted: Option<bool>,
    /// Of which new messages to be told.
    pub notify: Option<Notify>,
}

/// Changes one's own preferences in a conversation.
pub fn set_preferences(tx: &mut Tx, actor: &Actor, id: ConversationId, change: &MeChange) -> Result<Me> {
    let (_, me, _) = conversations::lock(tx, actor, id)?;
    remember(tx, actor, id)?;
    let muted = change.muted.unwrap_or(me.as_ref().is_some_and(|me| me.muted));
    let notify = change.notify.or(me.map(|me| me.notify)).unwrap_or_default();
    tx.db.execute(&store::SET_PREFERENCES, params![actor.tenant, id, actor.id(), muted, notify])?;
    conversations::announce_me(tx, actor, id)
}

/// The conversations of which a person does not want to be told everything, and what.
pub fn quiet(tx: &mut Tx, tenant: TenantId, person: PersonId) -> Result<Vec<(ConversationId, Notify)>> {
    Ok(tx.db.all(&store::QUIET, params![tenant, person], |row| Ok((row.get(0)?, wanted(row)?)))?)
}

/// The users whom a conversation of this kind is for, each with what it wants to be told of: those who take part, or
/// everybody who reads it by right.
pub fn audience(
    tx: &mut Tx,
    tenant: TenantId,
    id: ConversationId,
    kind: Kind,
) -> Result<Vec<(PersonId, Notify)>> {
    let rules = kind.rules();
    let Some(right) = rules.right.filter(|_| rules.everyone) else { return users(tx, tenant, id) };
    let roles = roles::with(tx, tenant, right)?;
    Ok(tx
        .db
        .all(&store::EVERYBODY, params![tenant, id, &roles[..]], |row| Ok((row.get(0)?, wanted(row)?)))?)
}

/// The users who take part, each with what it wants to be told of.
fn users(tx: &mut Tx, tenant: TenantId, id: ConversationId) -> Result<Vec<(PersonId, Notify)>> {
    Ok(tx.db.all(&store::USERS, params![tenant, id], |row| Ok((row.get(0)?, wanted(row)?)))?)
}

fn wanted(row: &Row<'_>) -> Result<Notify, DbError> {
    Ok(row.get::<Notify>(2)?.unless(row.get(1)?))
}
