//! First sights: users and contacts that a host application's signed token names. The token is the host's word;
//! its signature was checked before it came here.

use parlor_db::params;
use serde::Deserialize;

use crate::{
    contacts,
    error::{Error, Result, not_found},
    ids::{PersonId, RoleId, StoreId, TeamId},
    person::{Actor, PersonKind},
    rights::Rights,
    roles, stores, teams,
    tenants::{Tenant, system_actor},
    text::{email_key, shown_name},
    tx::Tx,
    users::{self, announce, local_access, memberships, store},
};

/// The claims of a host's token that say who it is. `exp` and `tenant` were used before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct HostClaims {
    /// The host's id of the person.
    pub sub: String,
    /// `user` (also when absent) or `contact`.
    pub kind: Option<String>,
    /// Shown name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Names of roles.
    pub roles: Option<Vec<String>>,
    /// Slugs or names of teams.
    pub teams: Option<Vec<String>>,
    /// The host's ids of stores.
    pub stores: Option<Vec<String>>,
}

/// Whom a token names, and what of it could not be read.
#[derive(Debug)]
pub struct Provisioned {
    /// The person.
    pub actor: Actor,
    /// Names that no role of the tenant has. They give nothing.
    pub unknown_roles: Vec<String>,
}

/// The actor a token names: made on first sight, brought up to date when the token says something new.
/// Writes nothing when nothing is new.
pub fn from_host(tx: &mut Tx, tenant: &Tenant, claims: &HostClaims) -> Result<Provisioned> {
    let unfit = |detail: &str| Error::Unauthorized { detail: detail.to_owned() };
    if claims.sub.is_empty() || claims.sub.len() > 200 || claims.sub.chars().any(char::is_control) {
        return Err(unfit("the token's \"sub\" must have 1 to 200 characters"));
    }
    match claims.kind.as_deref().unwrap_or("user") {
        "contact" => {
            let actor = contact(tx, tenant, claims)?;
            Ok(Provisioned { actor, unknown_roles: Vec::new() })
        }
        "user" => {
            let (id, unknown_roles) = user(tx, tenant, claims)?;
            Ok(Provisioned { actor: users::actor(tx, tenant, id)?, unknown_roles })
        }
        _ => Err(unfit("the token's \"kind\" must be \"user\" or \"contact\"")),
    }
}

/// How a token came to its account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is the host's already.
    Known,
    /// It was made here, and is the host's from now on.
    Linked,
    /// There was none.
    Made,
}

/// Where a token brings somebody, the greatest gain last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moved {
    Not,
    /// Without gaining anything.
    Elsewhere,
    /// To rights, teams or stores that the account did not have.
    Up,
}

impl Moved {
    /// From some places to others.
    fn among<T: PartialEq>(stored: &[T], wanted: &[T]) -> Moved {
        match wanted.iter().all(|place| stored.contains(place)) {
            false => Moved::Up,
            true if wanted.len() < stored.len() => Moved::Elsewhere,
            true => Moved::Not,
        }
    }
}

fn user(tx: &mut Tx, tenant: &Tenant, claims: &HostClaims) -> Result<(PersonId, Vec<String>)> {
    let system = system_actor(tenant);
    let email = claims.email.as_deref().and_then(|email| email_key(email).ok());
    let given = claims.name.as_deref().or(claims.email.as_deref()).unwrap_or(&claims.sub);
    let name = shown_name(given);
    let known = match store::by_external(tx, tenant.id, &claims.sub)? {
        Some(id) => Some((id, Way::Known)),
        None => linked(tx, tenant, claims, email.as_ref())?.map(|id| (id, Way::Linked)),
    };
    let (id, way) = match known {
        Some(found) => found,
        None => (made(tx, tenant, claims, &name, email)?, Way::Made),
    };
    let Some(stored) = store::find(tx, tenant.id, id)? else { return Ok((id, Vec::new())) };
    if stored.kind != PersonKind::User {
        let detail = "the token's \"sub\" is the id of a program, and nobody signs in as one: give the person another \"sub\", or use an API key";
        return Err(Error::Unauthorized { detail: detail.to_owned() });
    }
    let mut changed = way == Way::Made;
    if claims.name.is_some() && stored.name != name {
        store::update(tx, tenant.id, id, &name, stored.avatar_url.as_deref(), stored.active)?;
        changed = true;
    }
    let (moved, unknown) = follow_roles(tx, tenant, id, claims, &stored.roles)?;
    let moved = moved.max(follow_teams(tx, tenant, id, claims, &stored.teams)?).max(follow_stores(
        tx,
        tenant,
        id,
        claims,
        &stored.stores,
    )?);
    // What the host gives is reached by way of the host: whoever made the account here, or knows its password, must not
    // get it.
    if way == Way::Linked || (way == Way::Known && moved == Moved::Up) {
        local_access::end(tx, &system, id)?;
    }
    if changed || moved != Moved::Not {
        announce(tx, &system, id, "user.from_host")?;
    }
    Ok((id, unknown))
}

/// An account for somebody whom nobody knows here.
fn made(
    tx: &mut Tx,
    tenant: &Tenant,
    claims: &HostClaims,
    name: &str,
    email: Option<(String, String)>,
) -> Result<PersonId> {
    let id = PersonId(tx.id());
    let email = match email {
        Some((_, ref key)) if store::by_email(tx, tenant.id, key)?.is_some() => None,
        email => email,
    };
    let new = store::NewRow {
        kind: PersonKind::User,
        external_id: Some(&claims.sub),
        name,
        email: email.as_ref().map(|(text, key)| (text.as_str(), key.as_str())),
        password_hash: None,
    };
    store::insert(tx, tenant.id, id, &new)?;
    store::add_default_role(tx, tenant.id, id)?;
    Ok(id)
}

/// A local account with the same address becomes the host's only while it opens nothing: a person's, with no other host
/// identity, no right beyond the default role's, no team and no store. What a host says of addresses is often what its
/// users typed (docs/decisions/0025-rights-of-others.md). Others are linked by an administrator (`external_id`).
fn linked(
    tx: &mut Tx,
    tenant: &Tenant,
    claims: &HostClaims,
    email: Option<&(String, String)>,
) -> Result<Option<PersonId>> {
    let Some((_, key)) = email else { return Ok(None) };
    let account = store::by_email(tx, tenant.id, key)?.filter(|account| account.external_id.is_none());
    let Some(account) = account else { return Ok(None) };
    let Some(user) = store::find(tx, tenant.id, account.id)? else { return Ok(None) };
    let rights = store::rights(tx, tenant.id, account.id)?;
    let usual = default_rights(&roles::all(tx, tenant.id)?);
    let opens_nothing = user.kind == PersonKind::User
        && !user.super_admin
        && user.teams.is_empty()
        && user.stores.is_empty()
        && rights.list().into_iter().all(|right| usual.has(right));
    if !opens_nothing {
        return Ok(None);
    }
    tx.db.execute(&store::SET_EXTERNAL, params![tenant.id, account.id, claims.sub.as_str()])?;
    Ok(Some(account.id))
}

fn default_rights(known: &[roles::Role]) -> Rights {
    known.iter().filter(|role| role.is_default).flat_map(|role| role.rights.clone()).collect()
}

/// Gives the roles that the token names; answers whether that gave rights, and the names that nobody made. Those give
/// nothing: a mistyped name must not open more than the right one.
fn follow_roles(
    tx: &mut Tx,
    tenant: &Tenant,
    id: PersonId,
    claims: &HostClaims,
    stored: &[RoleId],
) -> Result<(Moved, Vec<String>)> {
    let Some(names) = &claims.roles else { return Ok((Moved::Not, Vec::new())) };
    let known = roles::all(tx, tenant.id)?;
    let (mut wanted, mut unknown) = (Vec::new(), Vec::new());
    for name in names.iter().filter(|name| !name.trim().is_empty()) {
        match known.iter().find(|role| roles::is_name(&role.name, name)) {
            Some(role) => wanted.push(role.id),
            None => unknown.push(name.chars().take(60).collect()),
        }
    }
    // Where the matrix holds, nobody writes to anybody by a role that the token does not name.
    if wanted.is_empty() && !roles::has_matrix(&known) {
        wanted.extend(known.iter().filter(|role| role.is_default).map(|role| role.id));
    }
    wanted.sort_unstable();
    wanted.dedup();
    if wanted == stored {
        return Ok((Moved::Not, unknown));
    }
    let before = store::rights(tx, tenant.id, id)?;
    store::replace_roles(tx, tenant.id, id, &wanted)?;
    let now = store::rights(tx, tenant.id, id)?;
    let gains = now.list().into_iter().any(|right| !before.has(right));
    Ok((if gains { Moved::Up } else { Moved::Elsewhere }, unknown))
}

fn follow_teams(
    tx: &mut Tx,
    tenant: &Tenant,
    id: PersonId,
    claims: &HostClaims,
    stored: &[TeamId],
) -> Result<Moved> {
    let Some(names) = &claims.teams else { return Ok(Moved::Not) };
    let known = teams::all(tx, tenant.id)?;
    let mut wanted = Vec::new();
    for name in names {
        match teams::named(&known, name) {
            Some(team) => wanted.push(team.id),
            None => wanted.push(teams::insert(tx, tenant.id, name, None)?),
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let moved = Moved::among(stored, &wanted);
    if moved == Moved::Not {
        return Ok(moved);
    }
    memberships::set_teams(tx, tenant.id, id, stored, &wanted)?;
    Ok(moved)
}

fn follow_stores(
    tx: &mut Tx,
    tenant: &Tenant,
    id: PersonId,
    claims: &HostClaims,
    stored: &[StoreId],
) -> Result<Moved> {
    let Some(externals) = &claims.stores else { return Ok(Moved::Not) };
    let known = stores::all(tx, tenant.id)?;
    let mut wanted = Vec::new();
    for external in externals {
        match known.iter().find(|store| store.external_id.as_ref() == Some(external)) {
            Some(store) => wanted.push(store.id),
            None => wanted.push(stores::insert(tx, tenant.id, &shown_name(external), Some(external))?),
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let moved = Moved::among(stored, &wanted);
    if moved == Moved::Not {
        return Ok(moved);
    }
    memberships::set_stores(tx, tenant.id, id, stored, &wanted)?;
    Ok(moved)
}

/// The contact that a host's token names, made on first sight.
fn contact(tx: &mut Tx, tenant: &Tenant, claims: &HostClaims) -> Result<Actor> {
    let system = system_actor(tenant);
    let known = contacts::by_external(tx, tenant.id, &claims.sub)?;
    let given = claims.name.as_deref().or(claims.email.as_deref()).unwrap_or(&claims.sub);
    let name = shown_name(given);
    let id = match known {
        Some(id) => id,
        None => contacts::insert(tx, tenant.id, &name, "", Some(&claims.sub))?,
    };
    let mut contact = contacts::find(tx, tenant.id, id)?.ok_or(not_found("contact"))?;
    let before = (contact.name.clone(), contact.email.clone());
    if claims.name.is_some() && name != "?" {
        contact.name.clone_from(&name);
    }
    if let Some((email, _)) = claims.email.as_deref().and_then(|email| email_key(email).ok()) {
        let stored = contact.email.replace(email);
        if contacts::refuse_double(tx, tenant.id, &contact).is_err() {
            contact.email = stored;
        }
    }
    if known.is_none() || before != (contact.name.clone(), contact.email.clone()) {
        contacts::save(tx, tenant.id, &contact)?;
        contacts::announce(tx, &system, &contact)?;
    }
    contacts::actor(tx, tenant, id)
}
