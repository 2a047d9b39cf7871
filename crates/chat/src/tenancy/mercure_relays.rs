//! How far each tenant's log has been handed to an external hub, and which node does it. Owns the claim: one node at a
//! time. Must not know: hubs.

use parlor_db::{params, statements};

use crate::{error::Result, ids::TenantId, tenants::Tenant, time::Time, tx::Tx};

statements! {
    /// Tenants with events that were not handed on.
    pub static BEHIND = both("
        SELECT t.id, t.slug, t.name, t.no FROM tenants t JOIN logs l ON l.tenant = t.id
        LEFT JOIN relays r ON r.tenant = t.id
        WHERE r.seq IS NULL OR r.seq < l.head ORDER BY t.no").global();
    /// Takes the turn, unless another node has it; a log that was never handed on begins at its head.
    pub static CLAIM = both("
        INSERT INTO relays (tenant, seq, node, held_until)
        SELECT l.tenant, l.head, $2, $3 FROM logs l WHERE l.tenant = $1
        ON CONFLICT (tenant) DO UPDATE SET node = excluded.node, held_until = excluded.held_until
        WHERE relays.node = excluded.node OR relays.held_until < $4
        RETURNING seq");
    /// Remembers how far it went, while it is our turn.
    pub static ADVANCE = both("
        UPDATE relays SET seq = $3, held_until = $4 WHERE tenant = $1 AND node = $2");
}

/// The tenants with events that were not handed on, or whose log was never handed on.
pub fn behind(tx: &mut Tx) -> Result<Vec<Tenant>> {
    Ok(tx.db.all(&BEHIND, params![], |row| {
        Ok(Tenant { id: row.get(0)?, slug: row.get(1)?, name: row.get(2)?, no: row.get(3)? })
    })?)
}

/// Takes the turn until then; answers from where to go on, or `None` while another node has it.
pub fn claim(tx: &mut Tx, tenant: TenantId, node: &str, until: Time) -> Result<Option<i64>> {
    Ok(tx.db.opt(&CLAIM, params![tenant, node, until, tx.now], |row| row.get(0))?)
}

/// Everything up to `seq` has been handed on; false when another node has the turn by now.
pub fn advance(tx: &mut Tx, tenant: TenantId, node: &str, seq: i64, until: Time) -> Result<bool> {
    Ok(tx.db.execute(&ADVANCE, params![tenant, node, seq, until])? > 0)
}
