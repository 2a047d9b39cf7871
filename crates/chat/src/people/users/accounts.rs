//! Accounts: making, changing and closing them, their roles and passwords. Owns who may do that; passwords arrive hashed.

use parlor_db::params;
use serde_json::{Value, json};

use crate::{
    audit,
    error::{Error, Result, conflict, forbidden, invalid, not_found},
    ids::{PersonId, RoleId},
    lists::distinct,
    person::{Actor, PersonKind},
    rights::Right,
    roles, sessions,
    tenants::Tenant,
    text::{check_id, checked_name, checked_url, email_key, shown_name},
    tx::Tx,
};

use super::{
    Credentials, NewUser, User, UserChange,
    announce::announce,
    authority, avatars,
    load::{credentials, managed},
    local_access, memberships, store,
};

/// A new user. Needs `manage_users`; with an `external_id` every right.
pub fn create(tx: &mut Tx, actor: &Actor, new: &NewUser, password_hash: Option<&str>) -> Result<User> {
    actor.require(Right::ManageUsers, "user.create")?;
    let email = new.email.as_deref().map(email_key).transpose()?;
    if let Some((_, key)) = &email
        && store::by_email(tx, actor.tenant, key)?.is_some()
    {
        return Err(conflict("email", "there is already a user with this e-mail address"));
    }
    let id = PersonId(tx.id());
    check_id("external_id", new.external_id.as_deref())?;
    if let Some(external) = new.external_id.as_deref() {
        require_external(tx, actor, id, external)?;
    }
    store::insert(
        tx,
        actor.tenant,
        id,
        &store::NewRow {
            kind: if new.bot { PersonKind::Bot } else { PersonKind::User },
            external_id: new.external_id.as_deref(),
            name: &checked_name(&new.name)?,
            email: email.as_ref().map(|(text, key)| (text.as_str(), key.as_str())),
            password_hash,
        },
    )?;
    match &new.roles {
        Some(roles) => set_roles(tx, actor, id, roles)?,
        None => {
            store::add_default_role(tx, actor.tenant, id)?;
            // Whoever knows the password can sign in with what the default role allows.
            if password_hash.is_some() {
                let rights = store::rights(tx, actor.tenant, id)?;
                authority::require_rights(actor, rights, "user.create", id)?;
            }
        }
    }
    announce(tx, actor, id, "user.create")
}

/// Makes a user hold every right, or takes that back. For the command line and the first run.
pub fn set_super_admin(tx: &mut Tx, actor: &Actor, id: PersonId, yes: bool) -> Result<User> {
    if !actor.super_admin {
        return Err(forbidden("user.super_admin", "super_admin", "only a super administrator may do this"));
    }
    tx.db.execute(&store::SET_SUPER_ADMIN, params![actor.tenant, id, yes])?;
    announce(tx, actor, id, "user.super_admin")
}

/// Changes a user. Needs `manage_users`.
pub fn update(tx: &mut Tx, actor: &Actor, id: PersonId, change: &UserChange) -> Result<User> {
    actor.require(Right::ManageUsers, "user.update")?;
    let user = managed(tx, actor, id, "user.update")?;
    let name = change.name.as_deref().map(checked_name).transpose()?.unwrap_or_else(|| user.name.clone());
    check_id("external_id", change.external_id.as_deref())?;
    let email = change.email.as_deref().map(email_key).transpose()?;
    if email.as_ref().is_some_and(|(text, _)| user.email.as_deref() != Some(text)) {
        authority::require_over(tx, actor, &user, "user.email")?;
    }
    if let Some((_, key)) = &email
        && store::by_email(tx, actor.tenant, key)?.is_some_and(|other| other.id != id)
    {
        return Err(conflict("email", "there is already a user with this e-mail address"));
    }
    let avatar = change.avatar_url.as_deref().or(user.avatar_url.as_deref());
    checked_url("avatar_url", avatar)?;
    if avatar != user.avatar_url.as_deref() {
        avatars::release(tx, actor.tenant, id)?;
    }
    if change.active == Some(false) && id == actor.id() {
        return Err(invalid("active", "not_oneself", "nobody can deactivate their own account"));
    }
    if let Some(external) = change.external_id.as_deref() {
        set_external(tx, actor, id, external)?;
    }
    store::update(tx, actor.tenant, id, &name, avatar, change.active.unwrap_or(user.active))?;
    if let Some((text, key)) = &email {
        tx.db.execute(&store::SET_EMAIL, params![actor.tenant, id, text.as_str(), key.as_str()])?;
    }
    if let Some(roles) = &change.roles {
        set_roles(tx, actor, id, roles)?;
    }
    memberships::set(tx, actor, &user, change)?;
    if change.active == Some(false) {
        sessions::end_all(tx, actor.tenant, id)?;
    }
    announce(tx, actor, id, "user.update")
}

/// Whose access here the host takes over has it from the host: what others made before for this account ends.
fn set_external(tx: &mut Tx, actor: &Actor, id: PersonId, external: &str) -> Result<()> {
    require_external(tx, actor, id, external)?;
    if store::by_external(tx, actor.tenant, external)? == Some(id) {
        return Ok(());
    }
    tx.db.execute(&store::SET_EXTERNAL, params![actor.tenant, id, external])?;
    if id == actor.id() { Ok(()) } else { local_access::end(tx, actor, id) }
}

/// Refuses an actor, or an id of the host, that must not say who somebody is at the host.
fn require_external(tx: &mut Tx, actor: &Actor, id: PersonId, external: &str) -> Result<()> {
    actor.require_every("user.external_id", "the host signs in as this user then")?;
    if external.is_empty() || external.len() > 200 || external.chars().any(char::is_control) {
        return Err(invalid("external_id", "length", "use 1 to 200 characters"));
    }
    if store::by_external(tx, actor.tenant, external)?.is_some_and(|other| other != id) {
        return Err(conflict("external_id", "there is already a user with this id"));
    }
    Ok(())
}

fn set_roles(tx: &mut Tx, actor: &Actor, id: PersonId, roles: &[RoleId]) -> Result<()> {
    let roles = &distinct("roles", roles)?;
    let known = roles::all(tx, actor.tenant)?;
    for role in roles {
        let role = known
            .iter()
            .find(|known| known.id == *role)
            .ok_or_else(|| invalid("roles", "known", "names a role that does not exist"))?;
        if let Some(right) = role.rights.iter().find(|right| !actor.has(**right)) {
            return Err(Error::Forbidden {
                right: Some(*right),
                rule: "right",
                reason: format!("nobody can give the role \"{}\" without having its rights", role.name),
                action: "user.roles",
                entity: Some(("user", id.to_string())),
            });
        }
    }
    store::replace_roles(tx, actor.tenant, id, roles)
}

/// Sets a password. Oneself, or with `manage_users` and every right of the user. Ends every session of the user.
pub fn set_password(tx: &mut Tx, actor: &Actor, id: PersonId, hash: &str) -> Result<()> {
    if id != actor.id() {
        actor.require(Right::ManageUsers, "user.password")?;
        let user = managed(tx, actor, id, "user.password")?;
        authority::require_over(tx, actor, &user, "user.password")?;
    }
    tx.db.execute(&store::SET_PASSWORD, params![actor.tenant, id, hash])?;
    sessions::end_all(tx, actor.tenant, id)?;
    audit::record(tx, actor, "user.password", Some(("user", &id.to_string())), &Value::Null)
}

/// The user, whom the actor may let choose a password. Needs `manage_users` and every right of the user; nobody invites
/// themselves: one's own password is changed with the present one.
pub fn invitable(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<User> {
    actor.require(Right::ManageUsers, "user.invite")?;
    if id == actor.id() {
        let reason =
            "nobody invites themselves: change your password with the present one, or ask somebody else";
        return Err(forbidden("user.invite", "oneself", reason).about("user", id));
    }
    let user = managed(tx, actor, id, "user.invite")?;
    authority::require_over(tx, actor, &user, "user.invite")?;
    Ok(user)
}

/// The present credentials of somebody who is to choose a password.
pub fn invite(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<Credentials> {
    let user = invitable(tx, actor, id)?;
    let Some(email) = user.email.as_deref().filter(|_| user.active && user.kind == PersonKind::User) else {
        return Err(conflict("email", "only an active person with an e-mail address can be invited"));
    };
    let present = credentials(tx, actor.tenant, email)?.ok_or(not_found("user"))?;
    audit::record(tx, actor, "user.invite", Some(("user", &id.to_string())), &json!({ "name": user.name }))?;
    Ok(present)
}

/// Ends every sign-in of a user. Needs `manage_users`; tokens of a host application serve on until they end.
pub fn sign_out(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<()> {
    actor.require(Right::ManageUsers, "user.sign_out")?;
    let user = managed(tx, actor, id, "user.sign_out")?;
    sessions::end_all(tx, actor.tenant, id)?;
    audit::record(tx, actor, "user.sign_out", Some(("user", &id.to_string())), &json!({ "name": user.name }))
}

/// A user of an imported history: it can be seen, but cannot sign in until a host or an administrator lets it.
pub(crate) fn import(tx: &mut Tx, tenant: &Tenant, external_id: &str, name: &str) -> Result<PersonId> {
    let id = PersonId(tx.id());
    let row = store::NewRow {
        kind: PersonKind::User,
        external_id: Some(external_id),
        name: &shown_name(name),
        email: None,
        password_hash: None,
    };
    store::insert(tx, tenant.id, id, &row)?;
    store::add_default_role(tx, tenant.id, id)?;
    Ok(id)
}
