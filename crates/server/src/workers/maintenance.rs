//! Owns: forgetting rows whose time is over. Must not know: what they were for.

use parlor_chat::jobs::{self, Work};
use parlor_chat::{Error, audit, idempotency, nonces, publications, retention, sessions, tenants};

use crate::app::App;

const PRUNE_PAGE: i64 = 10_000;
/// How long jobs that were given up can be looked at.
const DEAD_JOBS_KEPT_SECONDS: i64 = 30 * 86_400;

/// Forgets what was kept for a time, and sees to it that every tenant has its job of retention.
///
/// # Errors
/// When the database fails.
pub(super) async fn prune_expired(app: &App) -> Result<(), Error> {
    app.db.write_plain(0, sessions::expire).await?;
    app.db.write_plain(0, nonces::expire).await?;
    app.db.write_plain(0, publications::expire).await?;
    let day_ago = app.clock.now().plus_seconds(-86_400);
    app.db.write_plain(0, move |tx| idempotency::expire(tx, day_ago)).await?;
    let month_ago = app.clock.now().plus_seconds(-DEAD_JOBS_KEPT_SECONDS);
    app.db.write_plain(0, move |tx| jobs::prune_dead(tx, month_ago).map(|_| ())).await?;
    for tenant in app.db.read_plain(tenants::list).await? {
        app.db.write_plain(tenant.no, move |tx| jobs::ensure(tx, tenant.id, &Work::Retention)).await?;
        let settings = app.settings(tenant.id).await?;
        let keep = settings.events_keep_days;
        let audit_before = app.clock.now().plus_seconds(-settings.audit_keep_days * 86_400);
        while app
            .db
            .write_plain(tenant.no, move |tx| audit::prune(tx, tenant.id, audit_before, PRUNE_PAGE))
            .await?
            > 0
        {
            tokio::task::yield_now().await;
        }
        let before = app.clock.now().plus_seconds(-keep * 86_400);
        while app
            .db
            .write_plain(tenant.no, move |tx| retention::prune(tx, tenant.id, before, PRUNE_PAGE))
            .await?
            > 0
        {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
