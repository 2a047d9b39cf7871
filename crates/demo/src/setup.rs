//! Owns: making the demo's people, teams, stores and roles, and the operations' transactions at the time of the story.
//! Must not know: what anybody says.

use std::collections::HashMap;

use parlor_chat::contacts::{self, ContactInput};
use parlor_chat::sealing::KeyRing;
use parlor_chat::settings::{self, Settings};
use parlor_chat::tenants::{self, Tenant, system_actor};
use parlor_chat::users::{self, NewUser, ProfileChange};
use parlor_chat::{Actor, Error, PersonId, RoleId, StoreId, TeamId, Time, Tx, roles, stores, teams};
use serde_json::{Value, json};

use super::hierarchy;
use super::people::{self, BOT, CUSTOMERS, ROLES, STAFF, STORES, TEAMS};

/// Runs operations one after the other in one transaction of the database, each at its own time.
pub(super) struct Timeline<'d> {
    pub db: &'d mut parlor_db::Tx,
    pub defaults: &'d Settings,
    pub keys: &'d dyn KeyRing,
    pub seed: u64,
    /// Operations so far; makes the ids of each its own.
    pub done: u64,
}

impl Timeline<'_> {
    /// The domain's transaction at a time.
    pub fn at(&mut self, at: Time) -> Tx<'_> {
        self.done += 1;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_be_bytes());
        seed[8..16].copy_from_slice(&self.done.to_be_bytes());
        Tx::new(self.db, at, seed, self.defaults, self.keys)
    }
}

/// A tenant with everybody in it, by the names that scripts use.
pub(super) struct Company {
    pub tenant: Tenant,
    pub actors: HashMap<&'static str, Actor>,
    pub teams: HashMap<&'static str, TeamId>,
    pub stores: HashMap<&'static str, StoreId>,
}

/// The tenant with this slug, made when missing.
pub(super) fn tenant(timeline: &mut Timeline<'_>, at: Time, slug: &str, name: &str) -> Result<Tenant, Error> {
    match tenants::by_slug(&mut timeline.at(at), slug) {
        Err(Error::NotFound { .. }) => tenants::create(&mut timeline.at(at), slug, name),
        found => found,
    }
}

/// The furniture maker.
pub(super) fn furniture_maker(
    timeline: &mut Timeline<'_>,
    at: Time,
    tenant: Tenant,
    hash: &str,
) -> Result<Company, Error> {
    let system = system_actor(&tenant);
    settle(timeline, at, &system, json!({ "retention_days": 365 }))?;
    for (name, rights) in &ROLES {
        let change = roles::RoleChange { rights: Some(rights.to_vec()), ..roles::RoleChange::default() };
        roles::create(&mut timeline.at(at), &system, name, &change)?;
    }
    let known = roles::all(&mut timeline.at(at), tenant.id)?;
    let role = |name: &str| known.iter().find(|role| role.name == name).map(|role| role.id);
    let mut ids: HashMap<&'static str, PersonId> = HashMap::new();
    for one in &STAFF {
        ids.insert(one.key, account(timeline, at, &system, one.key, one.name, role(one.role), hash)?);
    }
    let bot = NewUser { name: BOT.1.to_owned(), bot: true, ..NewUser::default() };
    ids.insert(BOT.0, users::create(&mut timeline.at(at), &system, &bot, None)?.id);
    users::set_super_admin(&mut timeline.at(at), &system, ids["ines"], true)?;
    let of = |keys: &[&str]| keys.iter().map(|key| ids[key]).collect::<Vec<_>>();
    let mut company =
        Company { tenant, actors: HashMap::new(), teams: HashMap::new(), stores: HashMap::new() };
    for (name, prefix, members) in &TEAMS {
        let prefix = Some((*prefix).to_owned());
        let change = teams::TeamChange { name: None, ticket_prefix: prefix, members: Some(of(members)) };
        company.teams.insert(name, teams::create(&mut timeline.at(at), &system, name, &change)?.id);
    }
    for (key, name, members) in &STORES {
        let store = stores::create(&mut timeline.at(at), &system, name, Some(key), Some(of(members)))?;
        company.stores.insert(key, store.id);
    }
    for (key, id) in ids {
        company.actors.insert(key, users::actor(&mut timeline.at(at), &company.tenant, id)?);
    }
    profiles(timeline, at, &company)?;
    customers(timeline, at, &mut company, &system)?;
    Ok(company)
}

/// Sets what the tenant's contract asks for.
fn settle(timeline: &mut Timeline<'_>, at: Time, system: &Actor, values: Value) -> Result<(), Error> {
    let changes = serde_json::from_value(values)?;
    settings::update(&mut timeline.at(at), system, &changes).map(drop)
}

fn account(
    timeline: &mut Timeline<'_>,
    at: Time,
    system: &Actor,
    key: &str,
    name: &str,
    role: Option<RoleId>,
    hash: &str,
) -> Result<PersonId, Error> {
    let role = role.ok_or(Error::NotFound { what: "role" })?;
    let new = NewUser {
        name: name.to_owned(),
        email: Some(people::email(key)),
        roles: Some(vec![role]),
        // So the playground's pages know them.
        external_id: Some(format!("demo-{key}")),
        ..NewUser::default()
    };
    Ok(users::create(&mut timeline.at(at), system, &new, Some(hash))?.id)
}

fn profiles(timeline: &mut Timeline<'_>, at: Time, company: &Company) -> Result<(), Error> {
    for one in &STAFF {
        let change = ProfileChange {
            locale: Some(one.locale.to_owned()),
            time_zone: Some(one.time_zone.to_owned()),
            ..ProfileChange::default()
        };
        users::update_profile(&mut timeline.at(at), &company.actors[one.key], &change)?;
    }
    Ok(())
}

fn customers(
    timeline: &mut Timeline<'_>,
    at: Time,
    company: &mut Company,
    system: &Actor,
) -> Result<(), Error> {
    for one in &CUSTOMERS {
        let input = ContactInput {
            name: Some(one.name.to_owned()),
            email: Some(one.email.to_owned()),
            phone: Some(one.phone.to_owned()),
            external_id: Some(format!("demo-{}", one.key)),
            attributes: Some(json!({ "city": one.city, "language": one.locale })),
            ..ContactInput::default()
        };
        let contact = contacts::create(&mut timeline.at(at), system, &input)?;
        let actor = contacts::actor(&mut timeline.at(at), &company.tenant, contact.id)?;
        company.actors.insert(one.key, actor);
    }
    Ok(())
}

/// The company with the hierarchy.
pub(super) fn with_hierarchy(
    timeline: &mut Timeline<'_>,
    at: Time,
    tenant: Tenant,
    hash: &str,
) -> Result<Company, Error> {
    let system = system_actor(&tenant);
    settle(timeline, at, &system, json!({ "erp_enabled": true }))?;
    let mut ids: HashMap<&str, RoleId> = HashMap::new();
    for (name, _) in &hierarchy::MATRIX {
        let change = roles::RoleChange {
            restricted: Some(true),
            is_default: Some(*name == "Employé"),
            ..roles::RoleChange::default()
        };
        ids.insert(name, roles::create(&mut timeline.at(at), &system, name, &change)?.id);
    }
    for (name, writes_to) in &hierarchy::MATRIX {
        let row = writes_to.iter().filter_map(|to| ids.get(to).copied()).collect();
        let change = roles::RoleChange { writes_to: Some(row), ..roles::RoleChange::default() };
        roles::update(&mut timeline.at(at), &system, ids[name], &change)?;
    }
    let mut company =
        Company { tenant, actors: HashMap::new(), teams: HashMap::new(), stores: HashMap::new() };
    for (key, name, role) in &hierarchy::PEOPLE {
        let id = account(timeline, at, &system, key, name, ids.get(role).copied(), hash)?;
        let actor = users::actor(&mut timeline.at(at), &company.tenant, id)?;
        let change = ProfileChange {
            locale: Some("fr".to_owned()),
            time_zone: Some("Europe/Paris".to_owned()),
            ..ProfileChange::default()
        };
        users::update_profile(&mut timeline.at(at), &actor, &change)?;
        company.actors.insert(key, actor);
    }
    Ok(company)
}
