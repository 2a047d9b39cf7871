//! Telling everybody what a user is now.

use serde_json::json;

use crate::{
    audit,
    error::{Result, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::PersonId,
    person::Actor,
    tx::Tx,
};

use super::{User, store};

/// Writes the audit row of a change, and tells everybody what the user is now.
pub(crate) fn announce(tx: &mut Tx, actor: &Actor, id: PersonId, action: &str) -> Result<User> {
    let user = store::find(tx, actor.tenant, id)?.ok_or(not_found("user"))?;
    let details = json!({ "name": user.name, "active": user.active });
    audit::record(tx, actor, action, Some(("user", &id.to_string())), &details)?;
    tell(tx, actor, user)
}

/// Everybody sees the user as it is now.
pub(super) fn tell(tx: &mut Tx, actor: &Actor, user: User) -> Result<User> {
    let told = Payload::UserUpdated(payloads::UserUpdated { user: user.clone() });
    events::append(tx, actor, NewEvent::new(told, Audience::Staff))?;
    Ok(user)
}
