//! Whether what a proof rests on still holds: asks those who keep sign-ins and keys. Owns no rows.

use crate::{api_keys, credentials::Root, error::Result, host_keys, ids::TenantId, sessions, tx::Tx};

/// Whether a root still holds in the tenant. `process` are the tags of the keys among the options of this process.
pub fn stands(tx: &mut Tx, tenant: TenantId, root: &Root, process: &[u64]) -> Result<bool> {
    Ok(match root {
        Root::Session(digest) => match sessions::find(tx, digest)? {
            Some(session) if session.tenant == tenant => match session.derived_from {
                Some(Root::Session(_)) => false,
                Some(origin) => stands(tx, tenant, &origin, process)?,
                None => true,
            },
            _ => false,
        },
        Root::ApiKey(digest) => api_keys::find(tx, digest)?.is_some_and(|(known, ..)| known == tenant),
        Root::HostKey(id) => host_keys::all(tx, tenant)?.iter().any(|key| key.id == *id),
        Root::Process(tag) => process.contains(tag),
    })
}
