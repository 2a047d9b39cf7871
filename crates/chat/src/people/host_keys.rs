//! Keys with which host applications sign the tokens of a tenant. Owns their rows, who may see and change them, limits and
//! the audit of it. Whether a key can be read was checked before it came here.

use parlor_db::{params, statements};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit,
    credentials::{self, Ended, Root},
    error::{Result, conflict, not_found},
    ids::{RowId, TenantId},
    person::Actor,
    rights::Right,
    sealing::Place,
    secrets, sessions,
    time::Time,
    tx::Tx,
};

const MOST_KEYS: usize = 20;
/// Keys of this purpose name nobody.
const PUBLISHER: &str = "mercure-publisher:";

/// A key with which a host application signs tokens.
#[derive(Clone)]
pub struct HostKey {
    /// Its id.
    pub id: RowId,
    /// "hs256", "pem", "jwks" or "jwks_url"; with "mercure:", "mercure-publisher:" or "mercure-subscriber:" before it
    /// when it is for Mercure.
    pub kind: String,
    /// The key id that tokens name, if any.
    pub kid: Option<String>,
    /// The secret, the PEM, the JWKS document or its address.
    pub secret: String,
    /// Since when.
    pub created_at: Time,
}

impl std::fmt::Debug for HostKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostKey").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Where the secret of a key stands.
fn place(tenant: TenantId, id: RowId) -> Place {
    Place { tenant, table: "host_keys", column: "secret", row: id.to_string() }
}

statements! {
    /// Its host keys.
    pub static LIST = both("
        SELECT id, kind, kid, secret, created_at FROM host_keys WHERE tenant = $1 ORDER BY id");
    /// A new host key.
    pub static INSERT = both("
        INSERT INTO host_keys (tenant, id, kind, kid, secret, created_at) VALUES ($1, $2, $3, $4, $5, $6)");
    /// The same secret, sealed otherwise.
    pub static RESEAL = both("UPDATE host_keys SET secret = $4 WHERE tenant = $1 AND id = $2 AND secret = $3");
    /// Revokes one.
    pub static DELETE = both("DELETE FROM host_keys WHERE tenant = $1 AND id = $2");
}

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

fn view(key: HostKey) -> HostKeyView {
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
    Ok(all(tx, actor.tenant)?.into_iter().map(view).collect())
}

/// Whether the actor may add a key of this kind, for what is done before one is stored. Needs `manage_settings`, and every
/// right but for a publisher's: with the others one speaks as anybody.
pub fn may_create(actor: &Actor, kind: &str) -> Result<()> {
    actor.require(Right::ManageSettings, "host_key.create")?;
    if !kind.starts_with(PUBLISHER) {
        let why = "whoever holds this key can sign in as anybody, or listen as anybody";
        actor.require_every("host_key.create", why)?;
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
    if all(tx, actor.tenant)?.len() >= MOST_KEYS {
        return Err(conflict("most", format!("there are {MOST_KEYS} keys already: remove one first")));
    }
    let id = add(tx, actor.tenant, kind, kid, secret)?;
    let details = json!({ "kind": kind, "kid": kid });
    audit::record(tx, actor, "host_key.create", Some(("host_key", &id.to_string())), &details)?;
    let key = HostKey {
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
    delete(tx, actor.tenant, id)?;
    audit::record(tx, actor, "host_key.remove", Some(("host_key", &id.to_string())), &json!({}))
}

/// The keys with which host applications sign this tenant's tokens.
pub fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<HostKey>> {
    let mut keys = stored(tx, tenant)?;
    for key in &mut keys {
        key.secret = secrets::open(tx, &place(tenant, key.id), &key.secret)?;
    }
    Ok(keys)
}

/// The same with their secrets as they are stored.
fn stored(tx: &mut Tx, tenant: TenantId) -> Result<Vec<HostKey>> {
    Ok(tx.db.all(&LIST, params![tenant], |row| {
        Ok(HostKey {
            id: row.get(0)?,
            kind: row.get(1)?,
            kid: row.get(2)?,
            secret: row.get(3)?,
            created_at: row.get(4)?,
        })
    })?)
}

/// Seals the secrets of a tenant's keys with the key that holds; how many were not.
pub(crate) fn reseal(tx: &mut Tx, tenant: TenantId) -> Result<u64> {
    let mut done = 0;
    for HostKey { id, secret, .. } in stored(tx, tenant)? {
        if let Some(sealed) = secrets::renewed(tx, &place(tenant, id), &secret)? {
            done += tx.db.execute(&RESEAL, params![tenant, id, secret.as_str(), sealed.as_str()])?;
        }
    }
    Ok(done)
}

/// Adds a host key. The caller has checked that the secret can be read.
pub fn add(tx: &mut Tx, tenant: TenantId, kind: &str, kid: Option<&str>, secret: &str) -> Result<RowId> {
    let id = RowId(tx.id());
    let sealed = secrets::seal(tx, &place(tenant, id), secret)?;
    tx.db.execute(&INSERT, params![tenant, id, kind, kid, sealed.as_str(), tx.now])?;
    Ok(id)
}

/// Revokes a host key. The sign-ins and connections that it stands behind end.
pub fn delete(tx: &mut Tx, tenant: TenantId, id: RowId) -> Result<()> {
    if tx.db.execute(&DELETE, params![tenant, id])? == 0 {
        return Err(not_found("host key"));
    }
    let root = Root::HostKey(id);
    let mut tags = sessions::end_derived(tx, tenant, &root)?;
    tags.push(root.tag());
    credentials::ended(tx, tenant, &Ended { tags, ..Ended::default() })
}
