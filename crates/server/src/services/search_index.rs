//! Owns: bringing the search index up to date before somebody searches. Workers do it every second besides.
//! Must not know: what is searched for.

use parlor_chat::{Error, TenantId, search};

use crate::app::App;

/// Brings a tenant's search index to its newest message before a search. One that is far behind, as after an upgrade, is
/// left to the workers: whoever searches does not wait for it.
///
/// # Errors
/// When the database fails.
pub async fn catch_up(app: &App, tenant: TenantId, tenant_no: i64) -> Result<(), Error> {
    if app.db.read_plain(move |tx| search::is_behind(tx, tenant)).await? {
        app.db.write_plain(tenant_no, move |tx| search::catch_up(tx, tenant, tenant_no)).await?;
    }
    Ok(())
}
