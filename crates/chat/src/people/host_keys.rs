//! Keys with which host applications sign the tokens of a tenant. Owns their rows, who may see and change them, limits and
//! the audit of it. Whether a key can be read was checked before it came here.

use parlor_db::{FromRow, params, row, statements};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit,
    credentials::{self, Ended, Root},
    error::{Result, conflict, not_found},
    ids::{RowId, TenantId},
    person::Actor,
    rights::Right,
    sessions,
    time::Time,
    tx::Tx,
    words::words,
};

const MOST_KEYS: usize = 20;

words! {
    /// What tokens signed with a key are for.
    #[derive(Default)]
    #[schema(as = HostKeyPurpose)]
    pub enum Purpose {
        /// People of the host application.
        #[default]
        Host = "host",
        /// Mercure: publishing and subscribing.
        Mercure = "mercure",
        /// Mercure: publishing.
        MercurePublisher = "mercure-publisher",
        /// Mercure: subscribing.
        MercureSubscriber = "mercure-subscriber",
    }
}

words! {
    /// What a key is.
    #[derive(Default)]
    #[schema(as = HostKeyKind)]
    pub enum KeyKind {
        /// A secret that both sides know.
        #[default]
        Hs256 = "hs256",
        /// A public key: RSA for RS256, P-256 for ES256, Ed25519 for `EdDSA`.
        Pem = "pem",
        /// A JWKS document.
        Jwks = "jwks",
        /// The address of one.
        JwksUrl = "jwks_url",
    }
}

/// Both in one word, for the audit log and the command line: `hs256`, `mercure-publisher:pem`.
pub fn label(purpose: Purpose, kind: KeyKind) -> String {
    match purpose {
        Purpose::Host => kind.name().to_owned(),
        _ => format!("{}:{}", purpose.name(), kind.name()),
    }
}

/// A key with which a host application signs tokens.
#[derive(Clone, Debug)]
pub struct HostKey {
    /// Its id.
    pub id: RowId,
    /// What its tokens are for.
    pub purpose: Purpose,
    /// What it is.
    pub kind: KeyKind,
    /// The key id that tokens name, if any.
    pub kid: Option<String>,
    /// The secret, the PEM, the JWKS document or its address.
    pub secret: String,
    /// Since when.
    pub created_at: Time,
}

row! {
    impl HostKey, key_columns! {
        id: "id",
        purpose: "purpose",
        kind: "kind",
        kid: "kid",
        secret: "secret",
        created_at: "created_at",
    }
}

statements! {
    /// Its host keys.
    pub static LIST = both(concat!("
        SELECT ", key_columns!(), " FROM host_keys WHERE tenant = $1 ORDER BY id"));
    /// A new host key.
    pub static INSERT = both("
        INSERT INTO host_keys (tenant, id, purpose, kind, kid, secret, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    /// Revokes one.
    pub static DELETE = both("DELETE FROM host_keys WHERE tenant = $1 AND id = $2");
}

/// A key without what it is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HostKeyView {
    /// Its id.
    pub id: RowId,
    /// What its tokens are for.
    pub purpose: Purpose,
    /// What it is.
    pub kind: KeyKind,
    /// The key id that tokens name, if any.
    pub kid: Option<String>,
    /// The address of published keys; no secret.
    pub url: Option<String>,
    /// Since when.
    pub created_at: Time,
}

fn view(key: HostKey) -> HostKeyView {
    let url = (key.kind == KeyKind::JwksUrl).then(|| key.secret.clone());
    HostKeyView {
        id: key.id,
        purpose: key.purpose,
        kind: key.kind,
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

/// Whether the actor may add a key for this, for what is done before one is stored. Needs `manage_settings`, and every
/// right but for a publisher's: with the others one speaks as anybody.
pub fn may_create(actor: &Actor, purpose: Purpose) -> Result<()> {
    actor.require(Right::ManageSettings, "host_key.create")?;
    if purpose != Purpose::MercurePublisher {
        let why = "whoever holds this key can sign in as anybody, or listen as anybody";
        actor.require_every("host_key.create", why)?;
    }
    Ok(())
}

/// A new key. Needs what [`may_create`] asks.
pub fn create(
    tx: &mut Tx,
    actor: &Actor,
    purpose: Purpose,
    kind: KeyKind,
    kid: Option<&str>,
    secret: &str,
) -> Result<HostKeyView> {
    may_create(actor, purpose)?;
    if all(tx, actor.tenant)?.len() >= MOST_KEYS {
        return Err(conflict("most", format!("there are {MOST_KEYS} keys already: remove one first")));
    }
    let id = add(tx, actor.tenant, purpose, kind, kid, secret)?;
    let details = json!({ "kind": label(purpose, kind), "kid": kid });
    audit::record(tx, actor, "host_key.create", Some(("host_key", &id.to_string())), &details)?;
    let key = HostKey {
        id,
        purpose,
        kind,
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
    Ok(tx.db.all(&LIST, params![tenant], HostKey::from_row)?)
}

/// Adds a host key. The caller has checked that the secret can be read.
pub fn add(
    tx: &mut Tx,
    tenant: TenantId,
    purpose: Purpose,
    kind: KeyKind,
    kid: Option<&str>,
    secret: &str,
) -> Result<RowId> {
    let id = RowId(tx.id());
    tx.db.execute(&INSERT, params![tenant, id, purpose.name(), kind.name(), kid, secret, tx.now])?;
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
