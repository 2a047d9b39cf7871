//! Stores: the parts of a tenant that sell (marketplace), with their users; and platforms, the brand labels.

use parlor_db::{FromRow, params, row, statements};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    audit,
    error::{Result, conflict, invalid, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{PersonId, StoreId, TenantId},
    lists::distinct,
    person::Actor,
    rights::Right,
    text::{check_id, checked_line, checked_name},
    tx::Tx,
    users,
};

pub use crate::resources::groups::Store;

/// What of a store is to change.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreChange {
    /// A new name.
    pub name: Option<String>,
    /// A new list of users.
    pub users: Option<Vec<PersonId>>,
}

/// A brand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Short name; conversations and contacts carry it.
    pub slug: String,
    /// Shown name.
    pub name: String,
}

row! {
    impl Store, store_columns! {
        id: "id",
        name: "name",
        external_id: "external_id",
        ; users: Vec::new(),
    }
}

statements! {
    /// All of a tenant.
    pub static LIST = both(concat!("SELECT ", store_columns!(), " FROM stores WHERE tenant = $1 ORDER BY name"));
    /// All store users.
    pub static USERS = both("SELECT store_id, user_id FROM store_users WHERE tenant = $1 ORDER BY store_id, user_id");
    /// Whether there is one.
    pub static EXISTS = both("SELECT name FROM stores WHERE tenant = $1 AND id = $2");
    /// A new one.
    pub static INSERT = both("INSERT INTO stores (tenant, id, name, external_id) VALUES ($1, $2, $3, $4)");
    /// Renames one.
    pub static UPDATE = both("UPDATE stores SET name = $3 WHERE tenant = $1 AND id = $2");
    /// Takes its users away.
    pub static CLEAR = both("DELETE FROM store_users WHERE tenant = $1 AND store_id = $2");
    /// Adds a user.
    pub static ADD = both("
        INSERT INTO store_users (tenant, store_id, user_id) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, store_id, user_id) DO NOTHING");
    /// Removes one.
    pub static DELETE = both("DELETE FROM stores WHERE tenant = $1 AND id = $2");
    /// All platforms.
    pub static PLATFORMS = both("SELECT slug, name FROM platforms WHERE tenant = $1 ORDER BY slug");
    /// Adds or renames a platform.
    pub static PUT_PLATFORM = both("
        INSERT INTO platforms (tenant, slug, name) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, slug) DO UPDATE SET name = excluded.name");
}

/// A tenant's stores with their users.
pub fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Store>> {
    let mut stores = tx.db.all(&LIST, params![tenant], Store::from_row)?;
    let rows =
        tx.db.all(&USERS, params![tenant], |row| Ok((row.get::<StoreId>(0)?, row.get::<PersonId>(1)?)))?;
    for store in &mut stores {
        store.users = rows.iter().filter(|(id, _)| *id == store.id).map(|(_, user)| *user).collect();
    }
    Ok(stores)
}

/// The stores, for staff.
pub fn list(tx: &mut Tx, actor: &Actor) -> Result<Vec<Store>> {
    actor.require_staff("store.list")?;
    all(tx, actor.tenant)
}

/// One store.
pub fn get(tx: &mut Tx, actor: &Actor, id: StoreId) -> Result<Store> {
    list(tx, actor)?.into_iter().find(|store| store.id == id).ok_or(not_found("store"))
}

/// Refuses an id that is no store of the tenant.
pub(crate) fn require(tx: &mut Tx, tenant: TenantId, id: StoreId) -> Result<()> {
    let name = tx.db.opt(&EXISTS, params![tenant, id], |row| row.get::<String>(0))?;
    name.map(|_| ()).ok_or_else(|| invalid("store_id", "known", "there is no such store"))
}

pub(crate) fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    name: &str,
    external_id: Option<&str>,
) -> Result<StoreId> {
    let name = checked_name(name)?;
    check_id("external_id", external_id)?;
    let id = StoreId(tx.id());
    tx.db.execute(&INSERT, params![tenant, id, name.as_str(), external_id])?;
    Ok(id)
}

/// A new store. Needs `manage_users`.
pub fn create(
    tx: &mut Tx,
    actor: &Actor,
    name: &str,
    external_id: Option<&str>,
    users: Option<Vec<PersonId>>,
) -> Result<Store> {
    actor.require(Right::ManageUsers, "store.create")?;
    let id = insert(tx, actor.tenant, name, external_id)?;
    update(tx, actor, id, &StoreChange { name: None, users })
}

/// Changes a store. Needs `manage_users`.
pub fn update(tx: &mut Tx, actor: &Actor, id: StoreId, change: &StoreChange) -> Result<Store> {
    actor.require(Right::ManageUsers, "store.update")?;
    let store = get(tx, actor, id)?;
    if let Some(name) = &change.name {
        tx.db.execute(&UPDATE, params![actor.tenant, id, checked_name(name)?.as_str()])?;
    }
    if let Some(members) = &change.users {
        let members = distinct("users", members)?;
        let new: Vec<_> = members.iter().copied().filter(|user| !store.users.contains(user)).collect();
        users::require_all(tx, actor.tenant, &new, "users")?;
        if !new.is_empty() {
            users::authority::require_store(tx, actor, id, "store.update")?;
        }
        tx.db.execute(&CLEAR, params![actor.tenant, id])?;
        for user in members {
            tx.db.execute(&ADD, params![actor.tenant, id, user])?;
        }
    }
    let store = get(tx, actor, id)?;
    audit::record(
        tx,
        actor,
        "store.update",
        Some(("store", &id.to_string())),
        &serde_json::to_value(&store)?,
    )?;
    announce(tx, actor, store.clone(), false)?;
    Ok(store)
}

/// Deletes a store to which no conversation belongs. Needs `manage_users`.
pub fn delete(tx: &mut Tx, actor: &Actor, id: StoreId) -> Result<()> {
    actor.require(Right::ManageUsers, "store.delete")?;
    let store = get(tx, actor, id)?;
    if users::authority::store_is_used(tx, actor.tenant, id)? {
        return Err(conflict("used", "conversations belong to this store"));
    }
    tx.db.execute(&CLEAR, params![actor.tenant, id])?;
    tx.db.execute(&DELETE, params![actor.tenant, id])?;
    audit::record(
        tx,
        actor,
        "store.delete",
        Some(("store", &id.to_string())),
        &json!({ "name": store.name }),
    )?;
    announce(tx, actor, Store { users: Vec::new(), ..store }, true)
}

fn announce(tx: &mut Tx, actor: &Actor, store: Store, deleted: bool) -> Result<()> {
    let told = Payload::StoreUpdated(payloads::StoreUpdated { store, deleted });
    events::append(tx, actor, NewEvent::new(told, Audience::Staff)).map(drop)
}

/// The tenant's platforms.
pub fn platforms(tx: &mut Tx, actor: &Actor) -> Result<Vec<Platform>> {
    actor.require_staff("platform.list")?;
    Ok(tx.db.all(&PLATFORMS, params![actor.tenant], |row| {
        Ok(Platform { slug: row.get(0)?, name: row.get(1)? })
    })?)
}

/// Adds or renames a platform. Needs `manage_settings`.
pub fn put_platform(tx: &mut Tx, actor: &Actor, platform: &Platform) -> Result<()> {
    actor.require(Right::ManageSettings, "platform.put")?;
    let slug = checked_line("slug", &platform.slug, 60)?;
    let name = checked_name(&platform.name)?;
    tx.db.execute(&PUT_PLATFORM, params![actor.tenant, slug.as_str(), name.as_str()])?;
    Ok(())
}
