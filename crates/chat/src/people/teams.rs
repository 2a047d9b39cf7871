//! Teams: groups of users to whom support conversations and tickets are assigned. Owns them and their members.

use parlor_db::{FromRow, params, row, statements};
use serde::Deserialize;
use serde_json::json;

use crate::{
    audit,
    error::{Result, conflict, invalid, not_found},
    events::{self, Audience, NewEvent, Payload, payloads},
    ids::{PersonId, TeamId, TenantId},
    lists::distinct,
    person::Actor,
    rights::Right,
    text::{checked_line, line},
    tx::Tx,
    users,
};

pub use crate::resources::groups::Team;

/// What of a team is to change.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamChange {
    /// A new name.
    pub name: Option<String>,
    /// A new prefix.
    pub ticket_prefix: Option<String>,
    /// A new list of members.
    pub members: Option<Vec<PersonId>>,
}

row! {
    impl Team, team_columns! {
        id: "id",
        name: "name",
        slug: "slug",
        ticket_prefix: "ticket_prefix",
        ; members: Vec::new(),
    }
}

statements! {
    /// All of a tenant.
    pub static LIST = both(concat!("SELECT ", team_columns!(), " FROM teams WHERE tenant = $1 ORDER BY name"));
    /// All memberships.
    pub static MEMBERS = both("SELECT team_id, user_id FROM team_members WHERE tenant = $1 ORDER BY team_id, user_id");
    /// A team by its id.
    pub static BY_ID = both(concat!("SELECT ", team_columns!(), " FROM teams WHERE tenant = $1 AND id = $2"));
    /// A new one.
    pub static INSERT = both("
        INSERT INTO teams (tenant, id, name, slug, ticket_prefix) VALUES ($1, $2, $3, $4, $5)");
    /// Changes one.
    pub static UPDATE = both("UPDATE teams SET name = $3, ticket_prefix = $4 WHERE tenant = $1 AND id = $2");
    /// Empties one.
    pub static CLEAR = both("DELETE FROM team_members WHERE tenant = $1 AND team_id = $2");
    /// Adds a member.
    pub static ADD = both("
        INSERT INTO team_members (tenant, team_id, user_id) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, team_id, user_id) DO NOTHING");
    /// Removes one.
    pub static DELETE = both("DELETE FROM teams WHERE tenant = $1 AND id = $2");
}

/// A tenant's teams with their members.
pub fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Team>> {
    let mut teams = tx.db.all(&LIST, params![tenant], Team::from_row)?;
    let rows =
        tx.db.all(&MEMBERS, params![tenant], |row| Ok((row.get::<TeamId>(0)?, row.get::<PersonId>(1)?)))?;
    for team in &mut teams {
        team.members = rows.iter().filter(|(id, _)| *id == team.id).map(|(_, user)| *user).collect();
    }
    Ok(teams)
}

/// The teams, for staff.
pub fn list(tx: &mut Tx, actor: &Actor) -> Result<Vec<Team>> {
    actor.require_staff("team.list")?;
    all(tx, actor.tenant)
}

/// One team with its members.
pub fn get(tx: &mut Tx, actor: &Actor, id: TeamId) -> Result<Team> {
    list(tx, actor)?.into_iter().find(|team| team.id == id).ok_or(not_found("team"))
}

/// One team without its members.
pub(crate) fn head(tx: &mut Tx, tenant: TenantId, id: TeamId) -> Result<Team> {
    tx.db
        .opt(&BY_ID, params![tenant, id], Team::from_row)?
        .ok_or_else(|| invalid("team_id", "known", "there is no such team"))
}

/// A lower-case name of letters, digits and hyphens made of any text.
pub fn slug_of(text: &str) -> String {
    let mut slug = String::new();
    for c in line(text).to_lowercase().chars() {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').chars().take(80).collect()
}

/// The team that a token means by a name: its slug stays what it is when it gets another name.
pub(crate) fn named<'t>(known: &'t [Team], name: &str) -> Option<&'t Team> {
    let slug = slug_of(name);
    known.iter().find(|team| team.slug == slug).or_else(|| known.iter().find(|team| team.name == name))
}

/// Refuses a name by which tokens mean another team already.
fn require_free(known: &[Team], name: &str, except: Option<TeamId>) -> Result<()> {
    let slug = slug_of(name);
    let means = |team: &Team| team.slug == slug || slug_of(&team.name) == slug;
    match known.iter().any(|team| Some(team.id) != except && means(team)) {
        true => Err(conflict("name", "there is already a team with this name: choose another one")),
        false => Ok(()),
    }
}

/// A team's name, and what tokens know it by.
fn checked_slug(name: &str) -> Result<(String, String)> {
    let slug = slug_of(name);
    if slug.is_empty() {
        return Err(invalid("name", "length", "use 1 to 80 characters, with a letter or digit among them"));
    }
    Ok((checked_line("name", name, 80)?, slug))
}

pub(crate) fn insert(tx: &mut Tx, tenant: TenantId, name: &str, prefix: Option<&str>) -> Result<TeamId> {
    let (name, slug) = checked_slug(name)?;
    let prefix = match prefix {
        Some(prefix) => checked_prefix(prefix)?,
        None => default_prefix(&slug),
    };
    let id = TeamId(tx.id());
    tx.db.execute(&INSERT, params![tenant, id, name.as_str(), slug.as_str(), prefix.as_str()])?;
    Ok(id)
}

fn default_prefix(slug: &str) -> String {
    match slug {
        "support" => "SUP".to_owned(),
        "dev" | "tech" => slug.to_ascii_uppercase(),
        _ => "ADMIN".to_owned(),
    }
}

fn checked_prefix(prefix: &str) -> Result<String> {
    let prefix = prefix.trim().to_ascii_uppercase();
    let fits = (1..=10).contains(&prefix.len())
        && prefix.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if fits {
        Ok(prefix)
    } else {
        Err(invalid("ticket_prefix", "format", "use 1 to 10 of the characters A-Z and 0-9"))
    }
}

/// A new team. Needs `manage_users`.
pub fn create(tx: &mut Tx, actor: &Actor, name: &str, change: &TeamChange) -> Result<Team> {
    actor.require(Right::ManageUsers, "team.create")?;
    require_free(&all(tx, actor.tenant)?, name, None)?;
    let id = insert(tx, actor.tenant, name, change.ticket_prefix.as_deref())?;
    update(tx, actor, id, &TeamChange { name: None, ticket_prefix: None, members: change.members.clone() })
}

/// Changes a team. Needs `manage_users`; for another name also what it takes to put people into it, because a token that
/// has the name puts its person into the team.
pub fn update(tx: &mut Tx, actor: &Actor, id: TeamId, change: &TeamChange) -> Result<Team> {
    actor.require(Right::ManageUsers, "team.update")?;
    let teams = list(tx, actor)?;
    let team = teams.iter().find(|team| team.id == id).cloned().ok_or(not_found("team"))?;
    let renamed = change.name.as_deref().map(checked_slug).transpose()?.map(|(name, _)| name);
    if let Some(name) = renamed.as_ref().filter(|name| **name != team.name) {
        users::authority::require_team(tx, actor, id, "team.update")?;
        require_free(&teams, name, Some(id))?;
    }
    let name = renamed.unwrap_or(team.name);
    let prefix =
        change.ticket_prefix.as_deref().map(checked_prefix).transpose()?.unwrap_or(team.ticket_prefix);
    tx.db.execute(&UPDATE, params![actor.tenant, id, name.as_str(), prefix.as_str()])?;
    if let Some(members) = &change.members {
        let members = distinct("members", members)?;
        // Whoever is there already may have left the company meanwhile.
        let new: Vec<_> = members.iter().copied().filter(|user| !team.members.contains(user)).collect();
        users::require_all(tx, actor.tenant, &new, "members")?;
        if !new.is_empty() {
            users::authority::require_team(tx, actor, id, "team.update")?;
        }
        tx.db.execute(&CLEAR, params![actor.tenant, id])?;
        for user in members {
            tx.db.execute(&ADD, params![actor.tenant, id, user])?;
        }
    }
    let team = get(tx, actor, id)?;
    audit::record(tx, actor, "team.update", Some(("team", &id.to_string())), &serde_json::to_value(&team)?)?;
    announce(tx, actor, team.clone(), false)?;
    Ok(team)
}

/// Deletes a team to which no conversation belongs. Needs `manage_users`.
pub fn delete(tx: &mut Tx, actor: &Actor, id: TeamId) -> Result<()> {
    actor.require(Right::ManageUsers, "team.delete")?;
    let team = get(tx, actor, id)?;
    if users::authority::team_is_used(tx, actor.tenant, id)? {
        return Err(conflict("used", "conversations belong to this team: give them to another one first"));
    }
    tx.db.execute(&CLEAR, params![actor.tenant, id])?;
    tx.db.execute(&DELETE, params![actor.tenant, id])?;
    audit::record(tx, actor, "team.delete", Some(("team", &id.to_string())), &json!({ "name": team.name }))?;
    announce(tx, actor, Team { members: Vec::new(), ..team }, true)
}

fn announce(tx: &mut Tx, actor: &Actor, team: Team, deleted: bool) -> Result<()> {
    let told = Payload::TeamUpdated(payloads::TeamUpdated { team, deleted });
    events::append(tx, actor, NewEvent::new(told, Audience::Staff)).map(drop)
}
