//! Every way into an account that was made here, and not by its host: ending them all.

use parlor_db::params;
use serde_json::json;

use crate::{
    api_keys, audit,
    credentials::{self, Ended},
    error::Result,
    ids::PersonId,
    person::Actor,
    sessions,
    tx::Tx,
};

use super::store;

/// Ends every way into an account that was made here: its password and sign-ins with it, and its API keys. An invitation
/// stands for the password and the host's id that it was made with. Sign-ins by the host's tokens go on.
pub(crate) fn end(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<()> {
    let tenant = actor.tenant;
    let password = tx.db.execute(&store::DROP_PASSWORD, params![tenant, id])? > 0;
    let sessions = sessions::end_local(tx, tenant, id)?;
    let keys = api_keys::revoke_of(tx, tenant, id)?;
    if !password && sessions.is_empty() && keys.is_empty() {
        return Ok(());
    }
    let details = json!({ "password": password, "sessions": sessions.len(), "api_keys": keys.len() });
    let tags = sessions.into_iter().chain(keys).collect();
    credentials::ended(tx, tenant, &Ended { tags, ..Ended::default() })?;
    audit::record(tx, actor, "user.local_ways_ended", Some(("user", &id.to_string())), &details)
}
