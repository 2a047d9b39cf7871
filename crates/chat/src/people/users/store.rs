//! The SQL of users and its row mapping.

use parlor_db::{Error as DbError, FromRow, FromValue, Row, params, row, statements};

use crate::{
    error::{Result, not_found},
    folding,
    ids::{PersonId, RoleId, TenantId},
    json::Json,
    page::by_name,
    person::{Actor, Person, PersonKind, person_columns},
    rights::{Right, Rights},
    text::Sought,
    tx::Tx,
};

use super::{Credentials, Profile, User, UserFilter};

row! {
    /// The columns of a user `u`.
    impl User, user_columns! {
        id: "u.id",
        kind: "u.kind",
        name: "u.name",
        email: "u.email",
        avatar_url: "u.avatar_url",
        active: "u.active",
        super_admin: "u.super_admin",
        created_at: "u.created_at",
        time_zone: "u.time_zone",
        ; roles: Vec::new(), teams: Vec::new(), stores: Vec::new(),
    }
}

row! {
    impl Profile, profile_columns! {
        locale: "locale",
        time_zone: "time_zone",
        preferences: Json "preferences",
    }
}

row! {
    impl Credentials, credential_columns! {
        id: "id",
        password_hash: "password_hash",
        active: "active",
        external_id: "external_id",
    }
}

/// Whether user `u` is an active person with one of these roles, or with every right.
macro_rules! has_role {
    ($roles:literal) => {
        concat!(
            "u.active = TRUE AND u.kind = 'user' AND (u.super_admin = TRUE OR EXISTS (
                SELECT 1 FROM user_roles h WHERE h.tenant = u.tenant AND h.user_id = u.id AND h.role_id = ANY(",
            $roles,
            ")))"
        )
    };
}
pub(crate) use has_role;

statements! {
    /// One with its roles, teams and stores.
    pub static FIND = both(concat!("
        SELECT ", user_columns!(), " FROM users u WHERE u.tenant = $1 AND u.id = $2"));
    /// A page by name.
    pub static PAGE = both(concat!("
        SELECT ", user_columns!(), "
        FROM users u
        WHERE u.tenant = $1 AND (u.name, u.id) > ($2, $3)
          AND ($4 = '' OR u.name_key LIKE $10 ESCAPE '!' OR u.name_key LIKE $11 ESCAPE '!'
               OR lowered(u.name) LIKE $4 ESCAPE '!' OR u.email_key LIKE $4 ESCAPE '!')
          AND ($5 = FALSE OR u.active = $6)
          AND ($7 = FALSE OR (u.id <> $8 AND EXISTS (
            SELECT 1 FROM user_roles a
            JOIN roles r ON r.tenant = a.tenant AND r.id = a.role_id
            LEFT JOIN role_writes w ON w.tenant = a.tenant AND w.from_role = a.role_id
            LEFT JOIN user_roles b ON b.tenant = w.tenant AND b.role_id = w.to_role AND b.user_id = u.id
            WHERE a.tenant = u.tenant AND a.user_id = $8 AND (r.restricted = FALSE OR b.user_id IS NOT NULL))))
        ORDER BY u.name, u.id LIMIT $9"));
    /// By address.
    pub static BY_EMAIL = both(concat!("
        SELECT ", credential_columns!(), " FROM users WHERE tenant = $1 AND email_key = $2"));
    /// By the host application's id.
    pub static BY_EXTERNAL = both("SELECT id FROM users WHERE tenant = $1 AND external_id = $2");
    /// Several, as people.
    pub static PEOPLE = both(concat!("
        SELECT ", person_columns!("id", "kind", "name", "avatar_url"), " FROM users
        WHERE tenant = $1 AND id = ANY($2) AND active = TRUE"));
    /// A new one.
    pub static INSERT = both("
        INSERT INTO users (tenant, id, kind, external_id, name, email, email_key, password_hash, avatar_url, locale,
                           time_zone, preferences, active, super_admin, created_at, name_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, '', '', '{}', TRUE, FALSE, $9, $10)");
    /// Name, picture, active.
    pub static UPDATE = both("
        UPDATE users SET name = $3, avatar_url = $4, active = $5, name_key = $6 WHERE tenant = $1 AND id = $2");
    /// Gives it another e-mail address.
    pub static SET_EMAIL = both("UPDATE users SET email = $3, email_key = $4 WHERE tenant = $1 AND id = $2");
    /// Gives it another password.
    pub static SET_PASSWORD = both("UPDATE users SET password_hash = $3 WHERE tenant = $1 AND id = $2");
    /// Takes the password away, where there is one.
    pub static DROP_PASSWORD = both("
        UPDATE users SET password_hash = NULL WHERE tenant = $1 AND id = $2 AND password_hash IS NOT NULL");
    /// The host application's id.
    pub static SET_EXTERNAL = both("UPDATE users SET external_id = $3 WHERE tenant = $1 AND id = $2");
    /// Every right.
    pub static SET_SUPER_ADMIN = both("UPDATE users SET super_admin = $3 WHERE tenant = $1 AND id = $2");
    /// How many hold every right.
    pub static SUPER_ADMINS = both("SELECT COUNT(*) FROM users WHERE tenant = $1 AND super_admin = TRUE");
    /// What its roles allow.
    pub static RIGHTS = both("
        SELECT r.rights FROM user_roles ur JOIN roles r ON r.tenant = ur.tenant AND r.id = ur.role_id
        WHERE ur.tenant = $1 AND ur.user_id = $2");
    /// Roles of several users.
    pub static ROLES = both("
        SELECT user_id, role_id FROM user_roles WHERE tenant = $1 AND user_id = ANY($2) ORDER BY user_id, role_id");
    /// Teams of several users.
    pub static TEAMS = both("
        SELECT user_id, team_id FROM team_members WHERE tenant = $1 AND user_id = ANY($2) ORDER BY user_id, team_id");
    /// Stores of several users.
    pub static STORES = both("
        SELECT user_id, store_id FROM store_users WHERE tenant = $1 AND user_id = ANY($2) ORDER BY user_id, store_id");
    /// Takes its roles away.
    pub static CLEAR_ROLES = both("DELETE FROM user_roles WHERE tenant = $1 AND user_id = $2");
    /// Gives it a role.
    pub static ADD_ROLE = both("
        INSERT INTO user_roles (tenant, user_id, role_id) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, user_id, role_id) DO NOTHING");
    /// Gives it the default role: where the matrix holds, only one that it holds for.
    pub static ADD_DEFAULT_ROLE = both("
        INSERT INTO user_roles (tenant, user_id, role_id)
        SELECT $1, $2, d.id FROM roles d WHERE d.tenant = $1 AND d.is_default = TRUE
          AND (d.restricted = TRUE OR NOT EXISTS (SELECT 1 FROM roles r WHERE r.tenant = $1 AND r.restricted = TRUE))
        ON CONFLICT (tenant, user_id, role_id) DO NOTHING");
    /// Takes it out of a team.
    pub static LEAVE_TEAM = both("DELETE FROM team_members WHERE tenant = $1 AND team_id = $2 AND user_id = $3");
    /// Takes it out of a store.
    pub static LEAVE_STORE = both("DELETE FROM store_users WHERE tenant = $1 AND store_id = $2 AND user_id = $3");
    /// Its own part.
    pub static PROFILE = both(concat!("SELECT ", profile_columns!(), " FROM users WHERE tenant = $1 AND id = $2"));
    /// Changes its own part.
    pub static SET_PROFILE = both("
        UPDATE users SET locale = $3, time_zone = $4, preferences = $5 WHERE tenant = $1 AND id = $2");
    /// How many others have one of these roles, or every right.
    pub static COUNT_WITH = both(concat!("
        SELECT COUNT(*) FROM users u WHERE u.tenant = $1 AND u.id <> $3 AND ", has_role!("$2")));
}

pub(crate) struct NewRow<'a> {
    pub kind: PersonKind,
    pub external_id: Option<&'a str>,
    pub name: &'a str,
    pub email: Option<(&'a str, &'a str)>,
    pub password_hash: Option<&'a str>,
}

pub(crate) fn insert(tx: &mut Tx, tenant: TenantId, id: PersonId, new: &NewRow<'_>) -> Result<()> {
    tx.db.execute(
        &INSERT,
        params![
            tenant,
            id,
            new.kind,
            new.external_id,
            new.name,
            new.email.map(|(text, _)| text),
            new.email.map(|(_, key)| key),
            new.password_hash,
            tx.now,
            folding::key(new.name).as_str()
        ],
    )?;
    Ok(())
}

fn pair<A: FromValue, B: FromValue>(row: &Row<'_>) -> Result<(A, B), DbError> {
    Ok((row.get(0)?, row.get(1)?))
}

fn complete(tx: &mut Tx, tenant: TenantId, mut users: Vec<User>) -> Result<Vec<User>> {
    let ids: Vec<[u8; 16]> = users.iter().map(|user| user.id.0.into_bytes()).collect();
    let roles: Vec<(PersonId, RoleId)> = tx.db.all(&ROLES, params![tenant, &ids[..]], pair)?;
    let teams: Vec<(PersonId, _)> = tx.db.all(&TEAMS, params![tenant, &ids[..]], pair)?;
    let stores: Vec<(PersonId, _)> = tx.db.all(&STORES, params![tenant, &ids[..]], pair)?;
    for user in &mut users {
        user.roles = roles.iter().filter(|(id, _)| *id == user.id).map(|(_, role)| *role).collect();
        user.teams = teams.iter().filter(|(id, _)| *id == user.id).map(|(_, team)| *team).collect();
        user.stores = stores.iter().filter(|(id, _)| *id == user.id).map(|(_, store)| *store).collect();
    }
    Ok(users)
}

pub(crate) fn find(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<Option<User>> {
    let found = tx.db.all(&FIND, params![tenant, id], User::from_row)?;
    Ok(complete(tx, tenant, found)?.pop())
}

pub(crate) fn list(tx: &mut Tx, actor: &Actor, filter: &UserFilter, limit: usize) -> Result<Vec<User>> {
    let (name, id) = by_name(filter.after.as_deref())?;
    let name = name.as_str();
    let sought = Sought::of(filter.search.as_deref())?;
    let found = tx.db.all(
        &PAGE,
        params![
            actor.tenant,
            name,
            id,
            sought.written.as_str(),
            filter.active.is_some(),
            filter.active.unwrap_or(true),
            filter.writable,
            actor.id(),
            i64::try_from(limit).unwrap_or(200),
            sought.folded.as_str(),
            sought.spelled.as_deref()
        ],
        User::from_row,
    )?;
    complete(tx, actor.tenant, found)
}

pub(crate) fn by_email(tx: &mut Tx, tenant: TenantId, key: &str) -> Result<Option<Credentials>> {
    Ok(tx.db.opt(&BY_EMAIL, params![tenant, key], Credentials::from_row)?)
}

pub(crate) fn by_external(tx: &mut Tx, tenant: TenantId, external_id: &str) -> Result<Option<PersonId>> {
    Ok(tx.db.opt(&BY_EXTERNAL, params![tenant, external_id], |row| row.get(0))?)
}

pub(crate) fn people(tx: &mut Tx, tenant: TenantId, ids: &[PersonId]) -> Result<Vec<Person>> {
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| id.0.into_bytes()).collect();
    Ok(tx.db.all(&PEOPLE, params![tenant, &ids[..]], Person::from_row)?)
}

pub(crate) fn rights(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<Rights> {
    let sets = tx.db.all(&RIGHTS, params![tenant, id], |row| row.get::<Json<Vec<Right>>>(0))?;
    Ok(sets.into_iter().flat_map(|set| set.0).collect())
}

pub(crate) fn update(
    tx: &mut Tx,
    tenant: TenantId,
    id: PersonId,
    name: &str,
    avatar_url: Option<&str>,
    active: bool,
) -> Result<()> {
    tx.db.execute(&UPDATE, params![tenant, id, name, avatar_url, active, folding::key(name).as_str()])?;
    Ok(())
}

pub(crate) fn replace_roles(tx: &mut Tx, tenant: TenantId, id: PersonId, roles: &[RoleId]) -> Result<()> {
    tx.db.execute(&CLEAR_ROLES, params![tenant, id])?;
    for role in roles {
        tx.db.execute(&ADD_ROLE, params![tenant, id, *role])?;
    }
    Ok(())
}

pub(crate) fn add_default_role(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<()> {
    tx.db.execute(&ADD_DEFAULT_ROLE, params![tenant, id])?;
    Ok(())
}

pub(crate) fn profile(tx: &mut Tx, tenant: TenantId, id: PersonId) -> Result<Profile> {
    let found = tx.db.opt(&PROFILE, params![tenant, id], Profile::from_row)?;
    found.ok_or(not_found("user"))
}

pub(crate) fn set_profile(tx: &mut Tx, tenant: TenantId, id: PersonId, profile: &Profile) -> Result<()> {
    let preferences = profile.preferences.to_string();
    tx.db.execute(
        &SET_PROFILE,
        params![tenant, id, profile.locale.as_str(), profile.time_zone.as_str(), preferences.as_str()],
    )?;
    Ok(())
}
