//! Roles: a tenant's named sets of rights, each with its row of the matrix of who may write to whom. Owns their rows and
//! rules; what the matrix says of two users is in `matrix.rs`.

use parlor_db::{FromRow, params, row, statements};
use serde::Deserialize;
use serde_json::json;

use crate::{
    audit,
    error::{Error, Result, conflict, invalid, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{RoleId, TenantId},
    json::Json,
    lists::distinct,
    person::Actor,
    rights::{Right, Rights},
    text::{checked_line, line},
    tx::Tx,
};

pub use crate::resources::groups::Role;

/// What of a role is to change.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// A new name.
    pub name: Option<String>,
    /// A new set of rights.
    pub rights: Option<Vec<Right>>,
    /// Whether the matrix holds for it.
    pub restricted: Option<bool>,
    /// A new row of the matrix.
    pub writes_to: Option<Vec<RoleId>>,
    /// New users get it, in place of the present default.
    pub is_default: Option<bool>,
}

row! {
    impl Role, role_columns! {
        id: "id",
        name: "name",
        rights: Json "rights",
        restricted: "restricted",
        is_default: "is_default",
        ; writes_to: Vec::new(),
    }
}

statements! {
    /// All of a tenant.
    pub static LIST = both(concat!("
        SELECT ", role_columns!(), " FROM roles WHERE tenant = $1 ORDER BY name"));
    /// The matrix.
    pub static MATRIX = both("SELECT from_role, to_role FROM role_writes WHERE tenant = $1 ORDER BY from_role, to_role");
    /// A new one.
    pub static INSERT = both("
        INSERT INTO roles (tenant, id, name, rights, restricted, is_default) VALUES ($1, $2, $3, $4, $5, $6)");
    /// Changes one.
    pub static UPDATE = both("
        UPDATE roles SET name = $3, rights = $4, restricted = $5, is_default = $6 WHERE tenant = $1 AND id = $2");
    /// Takes the default away.
    pub static NO_DEFAULT = both("UPDATE roles SET is_default = FALSE WHERE tenant = $1");
    /// Deletes one.
    pub static DELETE = both("DELETE FROM roles WHERE tenant = $1 AND id = $2");
    /// Whether somebody has it.
    pub static USED = both("SELECT COUNT(*) FROM user_roles WHERE tenant = $1 AND role_id = $2");
    /// Clears a row of the matrix.
    pub static CLEAR_WRITES = both("DELETE FROM role_writes WHERE tenant = $1 AND from_role = $2");
    /// Clears a column of the matrix.
    pub static CLEAR_TARGET = both("DELETE FROM role_writes WHERE tenant = $1 AND to_role = $2");
    /// Sets a cell of the matrix.
    pub static ADD_WRITE = both("
        INSERT INTO role_writes (tenant, from_role, to_role) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, from_role, to_role) DO NOTHING");
}

/// A tenant's roles with the matrix.
pub fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Role>> {
    let mut roles = tx.db.all(&LIST, params![tenant], Role::from_row)?;
    let cells =
        tx.db.all(&MATRIX, params![tenant], |row| Ok((row.get::<RoleId>(0)?, row.get::<RoleId>(1)?)))?;
    for role in &mut roles {
        role.writes_to = cells.iter().filter(|(from, _)| *from == role.id).map(|(_, to)| *to).collect();
    }
    Ok(roles)
}

/// The keys of the roles that have a right.
pub(crate) fn with(tx: &mut Tx, tenant: TenantId, right: Right) -> Result<Vec<[u8; 16]>> {
    let with = all(tx, tenant)?.into_iter().filter(|role| role.rights.contains(&right));
    Ok(with.map(|role| role.id.0.into_bytes()).collect())
}

/// The roles, for staff.
pub fn list(tx: &mut Tx, actor: &Actor) -> Result<Vec<Role>> {
    actor.require_staff("role.list")?;
    all(tx, actor.tenant)
}

/// One role.
pub fn get(tx: &mut Tx, actor: &Actor, id: RoleId) -> Result<Role> {
    list(tx, actor)?.into_iter().find(|role| role.id == id).ok_or(not_found("role"))
}

/// What a new role is beside its rights.
#[derive(Clone, Copy, Default)]
pub(crate) struct Insert {
    pub restricted: bool,
    pub is_default: bool,
}

pub(crate) fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    id: RoleId,
    name: &str,
    rights: Rights,
    more: Insert,
) -> Result<()> {
    let rights = serde_json::to_string(&rights.list())?;
    tx.db.execute(&INSERT, params![tenant, id, name, rights.as_str(), more.restricted, more.is_default])?;
    Ok(())
}

/// A new role. Needs `manage_users`.
pub fn create(tx: &mut Tx, actor: &Actor, name: &str, change: &RoleChange) -> Result<Role> {
    actor.require(Right::ManageUsers, "role.create")?;
    let name = checked_name(name)?;
    let id = RoleId(tx.id());
    if all(tx, actor.tenant)?.iter().any(|role| is_name(&role.name, &name)) {
        return Err(conflict("name", format!("there is already a role \"{name}\"")));
    }
    insert(tx, actor.tenant, id, &name, Rights::default(), Insert::default())?;
    update(tx, actor, id, change)
}

/// Changes a role; all its users get their new rights at once. Needs `manage_users`.
pub fn update(tx: &mut Tx, actor: &Actor, id: RoleId, change: &RoleChange) -> Result<Role> {
    actor.require(Right::ManageUsers, "role.update")?;
    let mut role = get(tx, actor, id)?;
    let renamed = change.name.as_deref().map(checked_name).transpose()?.filter(|name| *name != role.name);
    // Tokens name roles, and new users get the default one: both give what is in it.
    if (renamed.is_some() || change.is_default == Some(true))
        && let Some(right) = role.rights.iter().find(|right| !actor.has(**right))
    {
        return Err(not_ones_own(*right, id));
    }
    if let Some(name) = renamed {
        if all(tx, actor.tenant)?.iter().any(|other| other.id != id && is_name(&other.name, &name)) {
            return Err(conflict("name", format!("there is already a role \"{name}\"")));
        }
        role.name = name;
    }
    if let Some(rights) = &change.rights {
        let rights: Rights = rights.iter().copied().collect();
        if let Some(right) = rights.list().into_iter().find(|right| !actor.has(*right)) {
            return Err(not_ones_own(right, id));
        }
        role.rights = rights.list();
    }
    role.restricted = change.restricted.unwrap_or(role.restricted);
    if change.is_default == Some(true) && !role.is_default {
        tx.db.execute(&NO_DEFAULT, params![actor.tenant])?;
        role.is_default = true;
    }
    let rights = serde_json::to_string(&role.rights)?;
    tx.db.execute(
        &UPDATE,
        params![actor.tenant, id, role.name.as_str(), rights.as_str(), role.restricted, role.is_default],
    )?;
    if let Some(writes_to) = &change.writes_to {
        set_writes(tx, actor, id, writes_to)?;
    }
    announce(tx, actor, id)
}

fn not_ones_own(right: Right, id: RoleId) -> Error {
    Error::Forbidden {
        right: Some(right),
        rule: "right",
        reason: format!("nobody can give the right \"{}\" without having it", right.name()),
        action: "role.update",
        entity: Some(("role", id.to_string())),
    }
}

/// Whether a role is meant by this name: the same letters, however they are put together in Unicode. Another case or
/// another accent is another name.
pub(crate) fn is_name(known: &str, named: &str) -> bool {
    line(known) == line(named)
}

/// Whether the tenant limits who writes to whom.
pub(crate) fn has_matrix(known: &[Role]) -> bool {
    known.iter().any(|role| role.restricted)
}

fn set_writes(tx: &mut Tx, actor: &Actor, id: RoleId, writes_to: &[RoleId]) -> Result<()> {
    let known = all(tx, actor.tenant)?;
    if writes_to.iter().any(|to| !known.iter().any(|role| role.id == *to)) {
        return Err(invalid("writes_to", "known", "names a role that does not exist"));
    }
    tx.db.execute(&CLEAR_WRITES, params![actor.tenant, id])?;
    for to in distinct("writes_to", writes_to)? {
        tx.db.execute(&ADD_WRITE, params![actor.tenant, id, to])?;
    }
    Ok(())
}

fn announce(tx: &mut Tx, actor: &Actor, id: RoleId) -> Result<Role> {
    let role = get(tx, actor, id)?;
    audit::record(tx, actor, "role.update", Some(("role", &id.to_string())), &serde_json::to_value(&role)?)?;
    let told = Payload::RoleUpdated(payloads::RoleUpdated::Changed { role: role.clone() });
    events::append(tx, actor, NewEvent::new(told, Audience::Staff))?;
    Ok(role)
}

/// Deletes a role that nobody has. Needs `manage_users`.
pub fn delete(tx: &mut Tx, actor: &Actor, id: RoleId) -> Result<()> {
    actor.require(Right::ManageUsers, "role.delete")?;
    let role = get(tx, actor, id)?;
    let used: i64 = tx.db.one(&USED, params![actor.tenant, id], |row| row.get(0))?;
    if role.is_default || used > 0 {
        return Err(conflict(
            "used",
            "give its users another role first; the default role cannot be deleted",
        ));
    }
    tx.db.execute(&CLEAR_WRITES, params![actor.tenant, id])?;
    tx.db.execute(&CLEAR_TARGET, params![actor.tenant, id])?;
    tx.db.execute(&DELETE, params![actor.tenant, id])?;
    audit::record(tx, actor, "role.delete", Some(("role", &id.to_string())), &json!({ "name": role.name }))?;
    let told = Payload::RoleUpdated(payloads::RoleUpdated::Deleted { role_id: id, deleted: true });
    events::append(tx, actor, NewEvent::new(told, Audience::Staff))?;
    Ok(())
}

fn checked_name(name: &str) -> Result<String> {
    checked_line("name", name, 60)
}
