//! Owns: housekeeping: the search index, snoozes that are due, expired rows, retention, files that nothing refers to.
//! Must not know: what any of them is for.

use std::sync::Weak;
use std::time::Duration;

use parlor_chat::retention;
use parlor_chat::{
    Error, audit, conversations, idempotency, nonces, publications, search, sessions, tenants,
};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::services::purging;

/// How often search is indexed and snoozes end.
const OFTEN: Duration = Duration::from_secs(1);
/// How often old rows and files are removed.
const SELDOM: Duration = Duration::from_secs(600);
/// An upload that has not gone on for so long never will.
const STALE_UPLOAD: Duration = Duration::from_secs(86_400);
const PRUNE_PAGE: i64 = 10_000;

/// Runs until the application ends or stops.
pub(super) async fn run_often(app: Weak<App>) {
    let mut turns = interval(OFTEN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        if *app.stopping.borrow() {
            return;
        }
        if let Err(error) = catch_up(&app).await {
            tracing::warn!(%error, "search indexing and snooze wake-up failed; will retry");
        }
    }
}

/// Runs until the application ends.
pub(super) async fn run_seldom(app: Weak<App>) {
    let mut turns = interval(SELDOM);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        if let Err(error) = prune_expired(&app).await {
            tracing::warn!(%error, "pruning expired rows failed; will retry");
        }
        if let Err(error) = refresh_host_keys(&app).await {
            tracing::warn!(%error, "refreshing keys of host applications failed; will retry");
        }
        if let Err(error) = purging::keep_retention(&app).await {
            tracing::warn!(%error, "retention failed; will retry");
        }
        let blobs = app.blobs.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || blobs.sweep(STALE_UPLOAD)).await {
            tracing::warn!(%error, "removing unfinished uploads failed; will retry");
        }
        if let Err(error) = purging::remove_files(&app).await {
            tracing::warn!(%error, "removing files failed; will retry");
        }
    }
}

async fn catch_up(app: &App) -> Result<(), Error> {
    for tenant in app.db.read_plain(search::behind).await? {
        let no = tenant.no;
        while app.db.write_plain(no, move |tx| search::catch_up(tx, tenant.id, no)).await? {
            tokio::task::yield_now().await;
        }
    }
    for tenant in app.db.read_plain(conversations::due_snoozes).await? {
        app.db.write_plain(tenant.no, move |tx| conversations::unsnooze(tx, &tenant)).await?;
    }
    Ok(())
}

async fn prune_expired(app: &App) -> Result<(), Error> {
    app.db.write_plain(0, sessions::expire).await?;
    app.db.write_plain(0, nonces::expire).await?;
    app.db.write_plain(0, publications::expire).await?;
    let day_ago = app.clock.now().plus_seconds(-86_400);
    app.db.write_plain(0, move |tx| idempotency::expire(tx, day_ago)).await?;
    for tenant in app.db.read_plain(tenants::list).await? {
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

/// EncodedEvent keys may have been withdrawn, which ends connections.
async fn refresh_host_keys(app: &App) -> Result<(), Error> {
    for id in app.hub.tenants() {
        let tenant = app.db.read_plain(move |tx| tenants::by_id(tx, id)).await?;
        app.auth.host_keys(&tenant.slug).await?;
    }
    Ok(())
}
