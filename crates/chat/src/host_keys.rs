//! Keys of host applications, as administrators see and change them. Owns rights, limits and the audit of it; the rows
//! are `tenants.rs`'s. Whether a key can be read was checked before it came here.

use serde::Serialize;
use serde_json::json;

use crate::{
    audit,
    error::{Result, conflict},
    ids::RowId,
    person::Actor,
    rights::Right,
    tenants,
    time::Time,
    tx::Tx,
    users,
};

const MOST_KEYS: usize = 20;
/// Keys of this purpose name nobody.
const PUBLISHER: &str = "mercure-publisher:";

/// A key without what it is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HostKeyView {
    /// Its id.
    pub id: RowId,
    /// What its tokens are for: host, mercure, mercure-publisher, mercure-subscriber.
    pub purpose: String,
    /// hs256, pem, jwks or jwks_url.
    pub kind: String,
    /// The key id that tokens name, if any.
    pub kid: Option<String>,
    /// The address of published keys; no secret.
    pub url: Option<String>,
    /// Since when.
    pub created_at: Time,
}

fn view(key: tenants::HostKey) -> HostKeyView {
    let (purpose, kind) = key.kind.split_once(':').unwrap_or(("host", key.kind.as_str()));
    let url = (kind == "jwks_url").then(|| key.secret.clone());
    HostKeyView {
        id: key.id,
        purpose: purpose.to_owned(),
        kind: kind.to_owned(),
        kid: key.kid,
        url,
        created_at: key.created_at,
    }
}

/// Every key of the tenant. Needs `manage_settings`.
pub fn list(tx: &mut Tx, actor: &Actor) -> Result<Vec<HostKeyView>> {
    actor.require(Right::ManageSettings, "host_key.list")?;
    Ok(tenants::host_keys(tx, actor.tenant)?.into_iter().map(view).collect())
}

/// Whether the actor may add a key of this kind, for what is done before one is stored. Needs `manage_settings`, and every
/// right but for a publisher's: with the others one speaks as anybody.
pub fn may_create(actor: &Actor, kind: &str) -> Result<()> {
    actor.require(Right::ManageSettings, "host_key.create")?;
    if !kind.starts_with(PUBLISHER) {
        let why = "whoever holds this key can sign in as anybody, or listen as anybody";
        users::authority::require_every(actor, "host_key.create", why)?;
    }
    Ok(())
}

/// A new key; `kind` as it is stored. Needs what [`may_create`] asks.
pub fn create(
    tx: &mut Tx,
    actor: &Actor,
    kind: &str,
    kid: Option<&str>,
    secret: &str,
) -> Result<HostKeyView> {
    may_create(actor, kind)?;
    if tenants::host_keys(tx, actor.tenant)?.len() >= MOST_KEYS {
        return Err(conflict("most", format!("there are {MOST_KEYS} keys already: remove one first")));
    }
    let id = tenants::add_host_key(tx, actor.tenant, kind, kid, secret)?;
    let details = json!({ "kind": kind, "kid": kid });
    audit::record(tx, actor, "host_key.create", Some(("host_key", &id.to_string())), &details)?;
    let key = tenants::HostKey {
        id,
        kind: kind.to_owned(),
        kid: kid.map(str::to_owned),
        secret: secret.to_owned(),
        created_at: tx.now,
    };
    Ok(view(key))
}

/// Removes a key. Needs `manage_settings`.
pub fn remove(tx: &mut Tx, actor: &Actor, id: RowId) -> Result<()> {
    actor.require(Right::ManageSettings, "host_key.remove")?;
    tenants::delete_host_key(tx, actor.tenant, id)?;
    audit::record(tx, actor, "host_key.remove", Some(("host_key", &id.to_string())), &json!({}))
}
