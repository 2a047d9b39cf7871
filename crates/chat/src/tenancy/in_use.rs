//! Owns: whether a database belongs to somebody already. What fills a fresh one must leave such a one alone. Must not
//! know: with what it is filled.

use parlor_db::{params, statements};

use crate::{
    error::Result,
    ids::TenantId,
    tenants::{self, Tenant},
    tx::Tx,
};

/// Roles that a tenant is made with.
const ROLES_AT_FIRST: i64 = 3;

statements! {
    /// The first thing found that somebody made in a tenant.
    pub static FIRST = both("
        SELECT u.what FROM (
            SELECT 1 AS place, 'a user' AS what WHERE EXISTS (SELECT 1 FROM users WHERE tenant = $1)
            UNION ALL
            SELECT 2, 'a customer' WHERE EXISTS (SELECT 1 FROM contacts WHERE tenant = $1)
            UNION ALL
            SELECT 3, 'a conversation' WHERE EXISTS (SELECT 1 FROM conversations WHERE tenant = $1)
            UNION ALL
            SELECT 4, 'a team' WHERE EXISTS (SELECT 1 FROM teams WHERE tenant = $1)
            UNION ALL
            SELECT 5, 'a store' WHERE EXISTS (SELECT 1 FROM stores WHERE tenant = $1)
            UNION ALL
            SELECT 6, 'a key of a host application' WHERE EXISTS (SELECT 1 FROM host_keys WHERE tenant = $1)
            UNION ALL
            SELECT 7, 'an API key' WHERE EXISTS (SELECT 1 FROM api_keys WHERE tenant = $1)
            UNION ALL
            SELECT 8, 'a setting' WHERE EXISTS (SELECT 1 FROM settings WHERE tenant = $1 AND is_null = FALSE)
            UNION ALL
            SELECT 9, 'a role' WHERE (SELECT COUNT(*) FROM roles WHERE tenant = $1) <> $2
            UNION ALL
            SELECT 10, 'a file' WHERE EXISTS (SELECT 1 FROM attachments WHERE tenant = $1)
            UNION ALL
            SELECT 11, 'an event' WHERE EXISTS (SELECT 1 FROM events WHERE tenant = $1)
        ) u ORDER BY u.place LIMIT 1");
}

fn first(tx: &mut Tx, tenant: TenantId) -> Result<Option<String>> {
    Ok(tx.db.opt(&FIRST, params![tenant, ROLES_AT_FIRST], |row| row.get::<String>(0))?)
}

/// What shows that the database is in use, in words; `None` when nothing was done with it but starting a server: then
/// there is no other tenant than `own`, and nobody has made anything in it.
pub fn sign(tx: &mut Tx, own: &str) -> Result<Option<String>> {
    let all: Vec<Tenant> = tenants::list(tx)?;
    if let Some(other) = all.iter().find(|tenant| tenant.slug != own) {
        return Ok(Some(format!("the tenant \"{}\"", other.slug)));
    }
    for tenant in &all {
        if let Some(what) = first(tx, tenant.id)? {
            return Ok(Some(what));
        }
    }
    Ok(None)
}
