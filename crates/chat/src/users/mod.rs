//! Users: staff and bots, with roles, teams and stores. Owns accounts and profiles, and loading an [`Actor`].
//! Passwords arrive hashed; tokens are checked before they arrive.

pub(crate) mod authority;
mod host;
mod places;
mod store;

pub use host::{HostClaims, Seen, from_host};
pub(crate) use store::like;
pub use store::statements;

use std::collections::HashSet;

use parlor_db::params;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    audit,
    error::{Error, Result, conflict, invalid, not_found},
    events::{self, Audience, NewEvent},
    ids::{PersonId, RoleId, StoreId, TeamId, TenantId},
    lists::distinct,
    page::{Page, limit},
    person::{Actor, Person, PersonKind},
    rights::{Right, Rights},
    roles,
    tenants::Tenant,
    time::Time,
    tx::Tx,
};

/// A user, as every user of the tenant sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct User {
    /// Its id.
    pub id: PersonId,
    /// User or bot.
    pub kind: PersonKind,
    /// Shown name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// Roles.
    pub roles: Vec<RoleId>,
    /// Teams.
    pub teams: Vec<TeamId>,
    /// Stores.
    pub stores: Vec<StoreId>,
    /// Whether it may sign in.
    pub active: bool,
    /// Holds every right.
    pub super_admin: bool,
    /// Since when.
    pub created_at: Time,
    /// IANA time zone; empty until a client has told it.
    pub time_zone: String,
}

/// What is one's own of a profile.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Profile {
    /// Language: en, fr, de, pt.
    pub locale: String,
    /// IANA time zone.
    pub time_zone: String,
    /// What clients keep for the person.
    #[schema(value_type = Object)]
    pub preferences: Value,
}

/// A new user.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Shown name.
    pub name: String,
    /// E-mail address, to sign in with.
    pub email: Option<String>,
    /// Roles; the tenant's default role when none is named.
    pub roles: Option<Vec<RoleId>>,
    /// A program's user.
    #[serde(default)]
    pub bot: bool,
    /// The host application's id of it (`sub` of its tokens): needs every right, for the host signs in as this user then.
    /// A bot has it only to be found by: nobody signs in as a bot.
    pub external_id: Option<String>,
}

/// What of a user is to change.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// A new name.
    pub name: Option<String>,
    /// A new address.
    pub email: Option<String>,
    /// A new picture.
    pub avatar_url: Option<String>,
    /// New roles.
    pub roles: Option<Vec<RoleId>>,
    /// New teams.
    pub teams: Option<Vec<TeamId>>,
    /// New stores.
    pub stores: Option<Vec<StoreId>>,
    /// May sign in.
    pub active: Option<bool>,
    /// The host application's id of it (`sub` of its tokens): needs every right, for the host signs in as this user then.
    pub external_id: Option<String>,
}

/// What people change of themselves.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<String>,
    /// Language: en, fr, de, pt.
    pub locale: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Replaces the preferences; at most 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    pub preferences: Option<Value>,
}

/// Which users are wanted.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of the name or address.
    pub search: Option<String>,
    /// Only active ones, or only inactive ones.
    pub active: Option<bool>,
    /// Only those that the actor may write to.
    pub writable: bool,
    /// A page's `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<i64>,
}

/// The credentials of an account, for the server's password check.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who.
    pub id: PersonId,
    /// The argon2 hash in PHC format.
    pub password_hash: Option<String>,
    /// May sign in.
    pub active: bool,
    /// The host application's id of it, if a host knows it.
    pub external_id: Option<String>,
}

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
            name: checked_name(&new.name)?,
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
        return Err(crate::error::forbidden(
            "user.super_admin",
            "super_admin",
            "only a super administrator may do this",
        ));
    }
    tx.db.execute(&store::SET_SUPER_ADMIN, params![actor.tenant, id, yes])?;
    announce(tx, actor, id, "user.super_admin")
}

/// Changes a user. Needs `manage_users`.
pub fn update(tx: &mut Tx, actor: &Actor, id: PersonId, change: &UserChange) -> Result<User> {
    actor.require(Right::ManageUsers, "user.update")?;
    let user = managed(tx, actor, id, "user.update")?;
    let name = change.name.as_deref().map(checked_name).transpose()?.unwrap_or(&user.name);
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
        crate::avatars::release(tx, actor.tenant, id)?;
    }
    if change.active == Some(false) && id == actor.id() {
        return Err(invalid("active", "not_oneself", "nobody can deactivate their own account"));
    }
    if let Some(external) = change.external_id.as_deref() {
        set_external(tx, actor, id, external)?;
    }
    store::update(tx, actor.tenant, id, name, avatar, change.active.unwrap_or(user.active))?;
    if let Some((text, key)) = &email {
        tx.db.execute(&store::SET_EMAIL, params![actor.tenant, id, text.as_str(), key.as_str()])?;
    }
    if let Some(roles) = &change.roles {
        set_roles(tx, actor, id, roles)?;
    }
    places::set(tx, actor, &user, change)?;
    if change.active == Some(false) {
        crate::sessions::end_all(tx, actor.tenant, id)?;
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
    if id == actor.id() { Ok(()) } else { host::end_local_ways(tx, actor, id) }
}

/// Refuses an actor, or an id of the host, that must not say who somebody is at the host.
fn require_external(tx: &mut Tx, actor: &Actor, id: PersonId, external: &str) -> Result<()> {
    authority::require_every(actor, "user.external_id", "the host signs in as this user then")?;
    if external.is_empty() || external.len() > 200 || external.chars().any(char::is_control) {
        return Err(invalid("external_id", "length", "use 1 to 200 characters"));
    }
    if store::by_external(tx, actor.tenant, external)?.is_some_and(|other| other != id) {
        return Err(conflict("external_id", "there is already a user with this id"));
    }
    Ok(())
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
    crate::sessions::end_all(tx, actor.tenant, id)?;
    audit::record(tx, actor, "user.password", Some(("user", &id.to_string())), &Value::Null)
}

/// The user, whom the actor may let choose a password. Needs `manage_users` and every right of the user; nobody invites
/// themselves: one's own password is changed with the present one.
pub fn invitable(tx: &mut Tx, actor: &Actor, id: PersonId) -> Result<User> {
    actor.require(Right::ManageUsers, "user.invite")?;
    if id == actor.id() {
        let reason =
            "nobody invites themselves: change your password with the present one, or ask somebody else";
        return Err(crate::error::forbidden("user.invite", "oneself", reason).about("user", id));
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
    crate::sessions::end_all(tx, actor.tenant, id)?;
    audit::record(tx, actor, "user.sign_out", Some(("user", &id.to_string())), &json!({ "name": user.name }))
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

/// One's own profile.
pub fn profile(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<Profile> {
    store::profile(tx, tenant, id)
}

/// Changes one's own profile.
pub fn update_profile(tx: &mut Tx, actor: &Actor, change: &ProfileChange) -> Result<()> {
    actor.require_staff("me.update")?;
    let user = get(tx, actor, actor.id())?;
    let mut profile = profile(tx, actor.tenant, actor.id())?;
    if let Some(locale) = &change.locale {
        if !["en", "fr", "de", "pt"].contains(&locale.as_str()) {
            return Err(invalid("locale", "known", "use en, fr, de or pt"));
        }
        profile.locale.clone_from(locale);
    }
    if let Some(zone) = &change.time_zone {
        let fits = (1..=64).contains(&zone.len())
            && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
        if !fits {
            return Err(invalid("time_zone", "format", "use an IANA name such as Europe/Vienna"));
        }
        profile.time_zone.clone_from(zone);
    }
    if let Some(preferences) = &change.preferences {
        if !preferences.is_object() || preferences.to_string().len() > 16_384 {
            return Err(invalid("preferences", "object", "use an object of at most 16 KiB"));
        }
        profile.preferences = preferences.clone();
    }
    store::set_profile(tx, actor.tenant, actor.id(), &profile)?;
    if let Some(name) = &change.name
        && *name != user.name
    {
        store::update(
            tx,
            actor.tenant,
            user.id,
            checked_name(name)?,
            user.avatar_url.as_deref(),
            user.active,
        )?;
        announce(tx, actor, user.id, "user.update")?;
    }
    events::append(
        tx,
        actor,
        NewEvent {
            kind: "me.updated",
            conversation: None,
            audience: Audience::Person(actor.id()),
            access: &[],
            data: json!({ "profile": profile }),
        },
    )?;
    Ok(())
}

/// The address of a user's picture, checked and put in its place by `avatars`.
pub(crate) fn set_avatar_url(tx: &mut Tx, actor: &Actor, user: &User, url: Option<&str>) -> Result<User> {
    store::update(tx, actor.tenant, user.id, &user.name, url, user.active)?;
    tell(tx, actor, User { avatar_url: url.map(str::to_owned), ..user.clone() })
}

fn announce(tx: &mut Tx, actor: &Actor, id: PersonId, action: &str) -> Result<User> {
    let user = store::find(tx, actor.tenant, id)?.ok_or(not_found("user"))?;
    let details = json!({ "name": user.name, "active": user.active });
    audit::record(tx, actor, action, Some(("user", &id.to_string())), &details)?;
    tell(tx, actor, user)
}

/// Everybody sees the user as it is now.
fn tell(tx: &mut Tx, actor: &Actor, user: User) -> Result<User> {
    events::append(
        tx,
        actor,
        NewEvent {
            kind: "user.updated",
            conversation: None,
            audience: Audience::Staff,
            access: &[],
            data: json!({ "user": user }),
        },
    )?;
    Ok(user)
}

/// A user of an imported history: it can be seen, but cannot sign in until a host or an administrator lets it.
pub(crate) fn import(tx: &mut Tx, tenant: &Tenant, external_id: &str, name: &str) -> Result<PersonId> {
    let id = PersonId(tx.id());
    let row = store::NewRow {
        kind: PersonKind::User,
        external_id: Some(external_id),
        name: checked_name(name)?,
        email: None,
        password_hash: None,
    };
    store::insert(tx, tenant.id, id, &row)?;
    store::add_default_role(tx, tenant.id, id)?;
    Ok(id)
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

/// A name of 1 to 120 characters without control characters, trimmed.
pub(crate) fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    let fits = (1..=120).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(invalid("name", "length", "use 1 to 120 characters")) }
}

/// An address as written and as compared. Refuses what cannot be one.
pub(crate) fn email_key(email: &str) -> Result<(String, String)> {
    let email = email.trim();
    let fits = email.len() <= 254
        && email
            .split_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && host.len() >= 3 && !host.contains('@'))
        && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits {
        Ok((email.to_owned(), email.to_lowercase()))
    } else {
        Err(invalid("email", "format", "is not an e-mail address"))
    }
}

/// An absolute http(s) address or a path on this server, when given.
pub(crate) fn checked_url(field: &'static str, url: Option<&str>) -> Result<()> {
    match url {
        Some(url)
            if !(url.starts_with("https://")
                || url.starts_with("http://")
                || (url.starts_with('/') && !url.starts_with("//"))) =>
        {
            Err(invalid(field, "url", "use an address that begins with https://, http:// or /"))
        }
        Some(url) if url.len() > 2_000 || url.chars().any(char::is_control) => {
            Err(invalid(field, "length", "use at most 2,000 characters"))
        }
        _ => Ok(()),
    }
}
