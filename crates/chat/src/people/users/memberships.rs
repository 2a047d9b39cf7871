//! Where a user works: teams and stores. Owns putting a user into them and taking it out; `provisioning.rs` asks for it in the
//! host's words, administrators by id.

use parlor_db::params;

use crate::{
    error::{Result, invalid},
    ids::{PersonId, StoreId, TeamId, TenantId},
    lists::distinct,
    person::Actor,
    stores, teams,
    tx::Tx,
};

use super::{User, UserChange, authority, store};

/// What a change says of teams and stores.
pub(crate) fn set(tx: &mut Tx, actor: &Actor, user: &User, change: &UserChange) -> Result<()> {
    let tenant = actor.tenant;
    if let Some(wanted) = &change.teams {
        let wanted = &distinct("teams", wanted)?;
        let known = teams::all(tx, tenant)?;
        if wanted.iter().any(|team| !known.iter().any(|known| known.id == *team)) {
            return Err(invalid("teams", "known", "names a team that does not exist"));
        }
        for team in wanted.iter().filter(|team| !user.teams.contains(team)) {
            authority::require_team(tx, actor, *team, "user.teams")?;
        }
        set_teams(tx, tenant, user.id, &user.teams, wanted)?;
    }
    if let Some(wanted) = &change.stores {
        let wanted = &distinct("stores", wanted)?;
        let known = stores::all(tx, tenant)?;
        if wanted.iter().any(|store| !known.iter().any(|known| known.id == *store)) {
            return Err(invalid("stores", "known", "names a store that does not exist"));
        }
        for store in wanted.iter().filter(|store| !user.stores.contains(store)) {
            authority::require_store(tx, actor, *store, "user.stores")?;
        }
        set_stores(tx, tenant, user.id, &user.stores, wanted)?;
    }
    Ok(())
}

pub(crate) fn set_teams(
    tx: &mut Tx,
    tenant: TenantId,
    id: PersonId,
    stored: &[TeamId],
    wanted: &[TeamId],
) -> Result<()> {
    for team in stored.iter().filter(|team| !wanted.contains(team)) {
        tx.db.execute(&store::LEAVE_TEAM, params![tenant, *team, id])?;
    }
    for team in wanted {
        tx.db.execute(&teams::ADD, params![tenant, *team, id])?;
    }
    Ok(())
}

pub(crate) fn set_stores(
    tx: &mut Tx,
    tenant: TenantId,
    id: PersonId,
    stored: &[StoreId],
    wanted: &[StoreId],
) -> Result<()> {
    for gone in stored.iter().filter(|gone| !wanted.contains(gone)) {
        tx.db.execute(&store::LEAVE_STORE, params![tenant, *gone, id])?;
    }
    for wanted in wanted {
        tx.db.execute(&stores::ADD, params![tenant, *wanted, id])?;
    }
    Ok(())
}
