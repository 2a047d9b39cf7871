//! How long the log is kept. Owns forgetting its old part, with what points into it.

use crate::{error::Result, events, ids::TenantId, publications, time::Time, tx::Tx};

/// Forgets events older than `before`, at most `limit` of them; answers how many.
pub fn prune(tx: &mut Tx, tenant: TenantId, before: Time, limit: i64) -> Result<u64> {
    let Some((gone, last)) = events::prune(tx, tenant, before, limit)? else { return Ok(0) };
    publications::prune(tx, tenant, last)?;
    Ok(gone)
}
