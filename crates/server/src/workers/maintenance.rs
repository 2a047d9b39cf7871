//! Owns: forgetting rows whose time is over. Must not know: what they were for.

use parlor_chat::jobs::{self, Work};
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, audit, idempotency, nonces, publications, retention, sessions};

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
    let mut pruned = Ok(());
    for tenant in app.db.read_plain(tenants::list).await? {
        // Damage of one tenant holds up nobody else.
        if let Err(error) = prune_tenant(app, &tenant).await {
            tracing::error!(%error, tenant = tenant.slug, "expired rows of a tenant are kept");
            pruned = Err(error);
        }
    }
    pruned
}

async fn prune_tenant(app: &App, tenant: &Tenant) -> Result<(), Error> {
    let (no, id) = (tenant.no, tenant.id);
    app.db.write_plain(no, move |tx| jobs::ensure(tx, id, &Work::Retention)).await?;
    let settings = app.settings(id).await?;
    let days_ago = |days: i64| app.clock.now().plus_seconds(-days * 86_400);
    let audit_before = days_ago(settings.audit_keep_days);
    while app.db.write_plain(no, move |tx| audit::prune(tx, id, audit_before, PRUNE_PAGE)).await? > 0 {
        tokio::task::yield_now().await;
    }
    let before = days_ago(settings.events_keep_days);
    while app.db.write_plain(no, move |tx| retention::prune(tx, id, before, PRUNE_PAGE)).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}
