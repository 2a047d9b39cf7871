//! Who may hand out, or take over, what opens somebody else's account, and who may put people into places: only who
//! could do and read as much without it. Owns the rules; the operations ask them.

use parlor_db::{params, statements};

use crate::{
    error::{Error, Result, forbidden},
    ids::{PersonId, StoreId, TeamId, TenantId},
    kinds::{RULES, Rules},
    person::Actor,
    rights::{Right, Rights},
    tx::Tx,
};

use super::{User, store};

statements! {
    /// Whether conversations belong to a team.
    pub static OF_TEAM = both("SELECT 1 FROM conversations WHERE tenant = $1 AND team_id = $2 LIMIT 1");
    /// Whether conversations belong to a store.
    pub static OF_STORE = both("SELECT 1 FROM conversations WHERE tenant = $1 AND store_id = $2 LIMIT 1");
}

pub(crate) fn team_is_used(tx: &mut Tx, tenant: TenantId, team: TeamId) -> Result<bool> {
    Ok(tx.db.opt(&OF_TEAM, params![tenant, team], |row| row.get::<i64>(0))?.is_some())
}

pub(crate) fn store_is_used(tx: &mut Tx, tenant: TenantId, store: StoreId) -> Result<bool> {
    Ok(tx.db.opt(&OF_STORE, params![tenant, store], |row| row.get::<i64>(0))?.is_some())
}

/// Refuses an actor who would gain a right, or a place, by signing in as this user. Oneself is no gain.
pub(crate) fn require_over(tx: &mut Tx, actor: &Actor, user: &User, action: &'static str) -> Result<()> {
    if user.id == actor.id() || actor.super_admin {
        return Ok(());
    }
    if user.super_admin {
        let refusal = forbidden(action, "super_admin", "only a super administrator may do this");
        return Err(refusal.about("user", user.id));
    }
    let theirs = store::rights(tx, actor.tenant, user.id)?;
    if let Some(right) = theirs.list().into_iter().find(|right| !actor.has(*right)) {
        return Err(lacks(
            action,
            right,
            format!("{} has the right \"{}\"", user.name, right.name()),
            user.id,
        ));
    }
    let team = user.teams.iter().find(|team| !reaches_team(actor, **team));
    let store = user.stores.iter().find(|store| !reaches_store(actor, **store));
    if team.is_some() || store.is_some() {
        let refusal = forbidden(
            action,
            "place",
            "this user is in a team or a store whose conversations you may not read: ask somebody who may",
        );
        return Err(refusal.about("user", user.id));
    }
    Ok(())
}

/// Refuses an actor who gives rights that it does not have.
pub(crate) fn require_rights(
    actor: &Actor,
    rights: Rights,
    action: &'static str,
    user: PersonId,
) -> Result<()> {
    match rights.list().into_iter().find(|right| !actor.has(*right)) {
        None => Ok(()),
        Some(right) => Err(lacks(action, right, format!("this gives the right \"{}\"", right.name()), user)),
    }
}

fn lacks(action: &'static str, right: Right, what: String, user: PersonId) -> Error {
    Error::Forbidden {
        right: Some(right),
        rule: "right",
        reason: format!("{what}, which you do not have: ask somebody who has it"),
        action,
        entity: Some(("user", user.to_string())),
    }
}

/// Refuses to put anybody into a team whose conversations the actor may not read: whom it puts there may be its own
/// second account. A team to which nothing belongs yet opens nothing.
pub(crate) fn require_team(tx: &mut Tx, actor: &Actor, team: TeamId, action: &'static str) -> Result<()> {
    if reaches_team(actor, team) {
        return Ok(());
    }
    match team_is_used(tx, actor.tenant, team)? {
        false => Ok(()),
        true => Err(closed(action, "team").about("team", team)),
    }
}

/// The same of a store.
pub(crate) fn require_store(tx: &mut Tx, actor: &Actor, store: StoreId, action: &'static str) -> Result<()> {
    if reaches_store(actor, store) {
        return Ok(());
    }
    match store_is_used(tx, actor.tenant, store)? {
        false => Ok(()),
        true => Err(closed(action, "store").about("store", store)),
    }
}

fn closed(action: &'static str, place: &str) -> Error {
    let reason = format!(
        "nobody puts people into a {place} whose conversations they may not read: ask one of its members, or somebody with \"view_all\""
    );
    forbidden(action, "place", reason)
}

fn reaches_team(actor: &Actor, team: TeamId) -> bool {
    actor.teams.contains(&team) || reads_all(actor, |rules| rules.team)
}

fn reaches_store(actor: &Actor, store: StoreId) -> bool {
    actor.stores.contains(&store) || reads_all(actor, |rules| rules.store)
}

/// Whether the actor reads every conversation of the kinds that such a place opens.
fn reads_all(actor: &Actor, opened: impl Fn(&Rules) -> bool) -> bool {
    actor.has(Right::ViewAll)
        || RULES
            .iter()
            .filter(|rules| opened(rules))
            .all(|rules| rules.right.is_some_and(|right| actor.has(right)))
}
