//! Leases: of several processes on one database, who does a job. Owns their rows, not the jobs.

use parlor_db::{params, statements};

use crate::{error::Result, ids::TenantId, time::Time, tx::Tx};

statements! {
    /// Takes the lease, unless somebody's still runs.
    pub static TAKE = both("
        INSERT INTO leases (tenant, name, until) VALUES ($1, $2, $3)
        ON CONFLICT (tenant, name) DO UPDATE SET until = excluded.until WHERE leases.until <= $4");
    /// Keeps it until another time.
    pub static KEEP = both("UPDATE leases SET until = $3 WHERE tenant = $1 AND name = $2");
}

/// Takes a lease for some seconds; false while somebody holds it.
pub fn take(tx: &mut Tx, tenant: TenantId, name: &str, seconds: i64) -> Result<bool> {
    let until: Time = tx.now.plus_seconds(seconds);
    Ok(tx.db.execute(&TAKE, params![tenant, name, until, tx.now])? > 0)
}

/// The holder of a lease keeps it for some seconds from now.
pub fn keep(tx: &mut Tx, tenant: TenantId, name: &str, seconds: i64) -> Result<()> {
    let until: Time = tx.now.plus_seconds(seconds);
    tx.db.execute(&KEEP, params![tenant, name, until])?;
    Ok(())
}
