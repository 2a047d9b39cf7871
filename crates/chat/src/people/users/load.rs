//! Reading users: one, pages, the [`Actor`] that one is, the credentials of an account.

use std::collections::HashSet;

use parlor_db::params;

use crate::{
    error::{Error, Result, invalid, not_found},
    ids::{PersonId, TenantId},
    page::{Page, limit},
    person::{Actor, Person},
    rights::{Right, Rights},
    roles,
    tenants::Tenant,
    text::email_key,
    tx::Tx,
};

use super::{Credentials, User, UserFilter, store};

/// Which of these are active users.
pub fn among(tx: &mut Tx, tenant: TenantId, people: &[PersonId]) -> Result<HashSet<PersonId>> {
    Ok(store::people(tx, tenant, people)?.into_iter().map(|person| person.id).collect())
}

/// Everything that rules ask of a user, or `Unauthorized` when there is no such active user.
pub fn actor(tx: &mut Tx, tenant: &Tenant, id: PersonId) -> Result<Actor> {
    let gone =
        || Error::Unauthorized { detail: "this account does not exist or is no longer active".to_owned() };
    let user = store::find(tx, tenant.id, id)?.filter(|user| user.active).ok_or_else(gone)?;
    let rights = store::rights(tx, tenant.id, id)?;
    Ok(Actor {
        tenant: tenant.id,
        tenant_no: tenant.no,
        person: person(&user),
        rights: if user.super_admin { Rights::all() } else { rights },
        super_admin: user.super_admin,
        roles: user.roles,
        teams: user.teams,
        stores: user.stores,
        ip: None,
    })
}

/// The user that the host application knows by this id.
pub fn by_external(tx: &mut Tx, tenant: TenantId, external_id: &str) -> Result<Option<PersonId>> {
    store::by_external(tx, tenant, external_id)
}

fn person(user: &User) -> Person {
    Person { id: user.id, kind: user.kind, name: user.name.clone(), avatar_url: user.avatar_url.clone() }
}

/// One user.
pub fn get(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<User> {
    actor.require_staff("user.get")?;
    store::find(tx, actor.tenant, id)?.ok_or(not_found("user"))
}

/// The one whom the host application knows under this id.
pub fn by_external_id(tx: &mut Tx, actor: &Actor, external_id: &str) -> Result<Option<User>> {
    actor.require_staff("user.get")?;
    let id = store::by_external(tx, actor.tenant, external_id)?;
    id.map_or(Ok(None), |id| store::find(tx, actor.tenant, id))
}

/// How many people beside this one have a right.
pub(crate) fn others_with(tx: &mut Tx, tenant: TenantId, right: Right, but: PersonId) -> Result<i64> {
    let roles = roles::with(tx, tenant, right)?;
    Ok(tx.db.one(&store::COUNT_WITH, params![tenant, &roles[..], but], |row| row.get(0))?)
}

/// A page of users, by name.
pub fn list(tx: &mut Tx, actor: &Actor, filter: &UserFilter) -> Result<Page<User>> {
    actor.require_staff("user.list")?;
    let limit = limit(filter.limit);
    let rows = store::list(tx, actor, filter, limit + 1)?;
    Ok(Page::cut(rows, limit, |user| format!("{}\n{}", user.name, user.id)))
}

/// Whether the tenant has a super administrator; a fresh installation has none.
pub fn has_super_admin(tx: &mut Tx, tenant: TenantId) -> Result<bool> {
    Ok(tx.db.one(&store::SUPER_ADMINS, params![tenant], |row| row.get::<i64>(0))? > 0)
}

/// A user whom the actor may change: of a super administrator only others of them change anything.
pub(crate) fn managed(tx: &mut Tx, actor: &Actor, id: PersonId, action: &'static str) -> Result<User> {
    let user = get(tx, actor, id)?;
    if user.super_admin && !actor.super_admin {
        let refusal =
            crate::error::forbidden(action, "super_admin", "only a super administrator may do this");
        return Err(refusal.about("user", id));
    }
    Ok(user)
}

/// Whether a text can be somebody's address.
pub fn is_email(text: &str) -> bool {
    email_key(text).is_ok()
}

/// The credentials behind an address, if it is somebody's.
pub fn credentials(tx: &mut Tx, tenant: TenantId, email: &str) -> Result<Option<Credentials>> {
    let Ok((_, key)) = email_key(email) else { return Ok(None) };
    store::by_email(tx, tenant, &key)
}

/// Refuses a list in which an id is no active user of the tenant.
pub(crate) fn require_all(
    tx: &mut Tx,
    tenant: TenantId,
    ids: &[PersonId],
    field: &'static str,
) -> Result<Vec<Person>> {
    let people = store::people(tx, tenant, ids)?;
    if let Some(missing) = ids.iter().find(|id| !people.iter().any(|person| person.id == **id)) {
        return Err(invalid(field, "known", format!("{missing} is not an active user")));
    }
    Ok(people)
}
