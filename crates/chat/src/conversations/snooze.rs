//! Snoozed conversations whose time has come. One job of each tenant opens them, at the time of the next.

use parlor_db::params;

use crate::{
    error::Result,
    ids::ConversationId,
    tenants::{Tenant, system_actor},
    time::Time,
    tx::Tx,
    words::Status,
};

use super::{ConversationChange, store, update::update};

/// Opens snoozed conversations whose time has come, and enqueues the next time. Answers how many.
pub fn unsnooze(tx: &mut Tx, tenant: &Tenant) -> Result<usize> {
    let system = system_actor(tenant);
    let due =
        tx.db.all(&store::DUE_SNOOZES, params![tenant.id, tx.now], |row| row.get::<ConversationId>(0))?;
    for id in &due {
        let change = ConversationChange { status: Some(Status::Open), ..ConversationChange::default() };
        update(tx, &system, *id, &change)?;
    }
    let next: Option<Time> = tx.db.one(&store::NEXT_SNOOZE, params![tenant.id], |row| row.get(0))?;
    if let Some(next) = next {
        store::wake_by(tx, tenant.id, next)?;
    }
    Ok(due.len())
}
