//! Owns: making local accounts with a right from outside the roles: the first administrator, the command line's users.
//! Must not know: HTTP or terminals.

use parlor_chat::tenants::{Tenant, system_actor};
use parlor_chat::users::{self, NewUser, User};
use parlor_chat::{Actor, Result, Tx, roles};

/// A super administrator with the role `admin`.
///
/// # Errors
/// When the name or address does not serve or is taken.
pub fn add_administrator(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    name: &str,
    email: &str,
    hash: &str,
) -> Result<Actor> {
    let user = add_user(tx, tenant, name, email, &["admin".to_owned()], Some(hash))?;
    users::set_super_admin(tx, &system_actor(tenant), user.id, true)?;
    users::actor(tx, tenant, user.id)
}

/// A user with roles by name; without names the tenant's default role.
///
/// # Errors
/// When a role is not known, or the name or address does not serve or is taken.
pub fn add_user(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    name: &str,
    email: &str,
    role_names: &[String],
    hash: Option<&str>,
) -> Result<User> {
    let known = roles::all(tx, tenant.id)?;
    let mut wanted = Vec::new();
    for name in role_names {
        let role = known.iter().find(|role| role.name == *name);
        wanted.push(role.ok_or(parlor_chat::Error::NotFound { what: "role" })?.id);
    }
    let new = NewUser {
        name: name.to_owned(),
        email: Some(email.to_owned()),
        roles: (!wanted.is_empty()).then_some(wanted),
        ..NewUser::default()
    };
    users::create(tx, &system_actor(tenant), &new, hash)
}
