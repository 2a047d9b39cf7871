//! API keys, with which servers call as a user. Only the SHA-256 of a key is stored; it is shown once, by whoever made it.

use parlor_db::{FromRow, Row, params, row, statements};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit,
    credentials::{self, Ended, tag},
    error::{Result, invalid, not_found},
    ids::{PersonId, RowId, TenantId},
    person::Actor,
    rights::Right,
    text::checked_name,
    time::Time,
    tx::Tx,
    users,
};

/// A key, without what it is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: RowId,
    /// What it is for.
    pub name: String,
    /// The user as whom it calls.
    pub user_id: PersonId,
    /// Since when.
    pub created_at: Time,
    /// When it was last used; told now and then.
    pub used_at: Option<Time>,
    /// Since when it no longer serves.
    pub revoked_at: Option<Time>,
}

row! {
    impl ApiKey, key_columns! {
        id: "id",
        name: "name",
        user_id: "user_id",
        created_at: "created_at",
        used_at: "used_at",
        revoked_at: "revoked_at",
    }
}

statements! {
    /// A tenant's.
    pub static LIST = both(concat!("
        SELECT ", key_columns!(), " FROM api_keys WHERE tenant = $1 ORDER BY id DESC"));
    /// By key.
    pub static FIND = both("SELECT tenant, user_id, used_at FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL").global();
    /// It is in use.
    pub static USED = both("UPDATE api_keys SET used_at = $2 WHERE key_hash = $1").global();
    /// A new one.
    pub static INSERT = both("
        INSERT INTO api_keys (tenant, id, name, key_hash, user_id, created_at, revoked_at)
        VALUES ($1, $2, $3, $4, $5, $6, NULL)");
    /// Revokes one.
    pub static REVOKE = both("
        UPDATE api_keys SET revoked_at = $3 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL
        RETURNING key_hash");
    /// Revokes those that call as a user.
    pub static REVOKE_OF = both("
        UPDATE api_keys SET revoked_at = $3 WHERE tenant = $1 AND user_id = $2 AND revoked_at IS NULL
        RETURNING key_hash");
}

/// The keys. Needs `manage_settings`.
pub fn list(tx: &mut Tx, actor: &Actor) -> Result<Vec<ApiKey>> {
    actor.require(Right::ManageSettings, "api_key.list")?;
    Ok(tx.db.all(&LIST, params![actor.tenant], ApiKey::from_row)?)
}

/// A new key that calls as a user: oneself, or a bot that has no right that the actor lacks. Needs `manage_settings`.
pub fn create(tx: &mut Tx, actor: &Actor, name: &str, user: PersonId, key_hash: &[u8; 32]) -> Result<ApiKey> {
    actor.require(Right::ManageSettings, "api_key.create")?;
    let name = checked_name(name)?;
    let found = users::get(tx, actor, user)?;
    if !found.active || (user != actor.id() && found.kind != crate::PersonKind::Bot) {
        return Err(invalid("user_id", "bot_or_self", "a key calls as yourself or as an active bot user"));
    }
    users::authority::require_over(tx, actor, &found, "api_key.create")?;
    let id = RowId(tx.id());
    tx.db.execute(&INSERT, params![actor.tenant, id, name.as_str(), &key_hash[..], user, tx.now])?;
    audit::record(tx, actor, "api_key.create", Some(("api_key", &id.to_string())), &json!({ "name": name }))?;
    Ok(ApiKey { id, name, user_id: user, created_at: tx.now, used_at: None, revoked_at: None })
}

/// Revokes a key. Needs `manage_settings`.
pub fn revoke(tx: &mut Tx, actor: &Actor, id: RowId) -> Result<()> {
    actor.require(Right::ManageSettings, "api_key.revoke")?;
    let revoked =
        tx.db.opt(&REVOKE, params![actor.tenant, id, tx.now], tag_of)?.ok_or(not_found("api key"))?;
    credentials::ended(tx, actor.tenant, &Ended { tags: vec![revoked], ..Ended::default() })?;
    audit::record(tx, actor, "api_key.revoke", Some(("api_key", &id.to_string())), &json!({}))
}

/// Revokes every key that calls as this user; answers their tags.
pub(crate) fn revoke_of(tx: &mut Tx, tenant: TenantId, user: PersonId) -> Result<Vec<u64>> {
    Ok(tx.db.all(&REVOKE_OF, params![tenant, user, tx.now], tag_of)?)
}

/// The tag of a key that was revoked, by what was stored of it.
fn tag_of(row: &Row<'_>) -> Result<u64, parlor_db::Error> {
    row.get(0).map(|hash| tag(&hash))
}

/// The tenant and user of a key that serves, and when it was last used.
pub fn find(tx: &mut Tx, key_hash: &[u8; 32]) -> Result<Option<(TenantId, PersonId, Option<Time>)>> {
    Ok(tx.db.opt(&FIND, params![&key_hash[..]], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// Remembers that a key is in use.
pub fn used(tx: &mut Tx, key_hash: &[u8; 32]) -> Result<()> {
    tx.db.execute(&USED, params![&key_hash[..], tx.now])?;
    Ok(())
}
