//! Snoozed conversations whose time has come.

use parlor_db::params;

use crate::{
    error::Result,
    ids::ConversationId,
    tenants::{Tenant, system_actor},
    tx::Tx,
};

use super::{ConversationChange, store, update::update};

/// Tenants that have snoozed conversations whose time has come.
pub fn due_snoozes(tx: &mut Tx) -> Result<Vec<Tenant>> {
    Ok(tx.db.all(&store::TENANTS_WITH_DUE_SNOOZES, params![tx.now], |row| {
        Ok(Tenant { id: row.get(0)?, slug: row.get(1)?, name: row.get(2)?, no: row.get(3)? })
    })?)
}

/// Opens snoozed conversations whose time has come. Answers how many.
pub fn unsnooze(tx: &mut Tx, tenant: &Tenant) -> Result<usize> {
    let system = system_actor(tenant);
    let due =
        tx.db.all(&store::DUE_SNOOZES, params![tenant.id, tx.now], |row| row.get::<ConversationId>(0))?;
    for id in &due {
        let change = ConversationChange { status: Some("open".to_owned()), ..ConversationChange::default() };
        update(tx, &system, *id, &change)?;
    }
    Ok(due.len())
}
