//! Owns: carrying purges out, by order or because a tenant keeps messages for some days only, and removing the files
//! that nothing refers to any more. Must not know: what is cleared with a message.

use std::sync::Arc;

use parlor_chat::purges::{self, Mode, Purge, Walk};
use parlor_chat::tenants::{self, system_actor};
use parlor_chat::{Actor, Error, Time, attachments, leases, upload_quota};

use crate::app::App;

const DAY_SECONDS: i64 = 86_400;
/// The name of the lease of the scheduled job.
const RETENTION: &str = "retention";
/// How long a node may be silent in the job before another takes it over.
const HELD_SECONDS: i64 = 900;
const FILES_AT_ONCE: i64 = 200;

/// Clears everything older than a time, in steps, and answers the row of the log.
///
/// # Errors
/// Without the right; when the database fails, what was cleared until then stays cleared.
pub async fn purge(app: &App, actor: &Arc<Actor>, before: Time, mode: Mode) -> Result<Purge, Error> {
    let purge = app.db.write(actor, move |tx, actor| purges::begin(tx, actor, before, mode)).await?;
    let mut walk = Some(Walk::START);
    while let Some(from) = walk {
        let this = purge.clone();
        walk = app.db.write(actor, move |tx, actor| purges::step(tx, actor, &this, from)).await?;
        tokio::task::yield_now().await;
    }
    remove_files(app).await?;
    let id = purge.id;
    app.db.read(actor, move |tx, actor| purges::get(tx, actor, id)).await
}

/// Once a day, and on one node only, clears what tenants keep no longer.
///
/// # Errors
/// When the database fails.
pub async fn keep_retention(app: &App) -> Result<(), Error> {
    for tenant in app.db.read_plain(tenants::list).await? {
        let days = app.settings(tenant.id).await?.retention_days;
        if days <= 0 {
            continue;
        }
        let id = tenant.id;
        let mine = move |tx: &mut parlor_chat::Tx<'_>| leases::take(tx, id, RETENTION, HELD_SECONDS);
        if !app.db.write_plain(tenant.no, mine).await? {
            continue;
        }
        let before = app.clock.now().plus_seconds(-days * DAY_SECONDS);
        let actor = Arc::new(system_actor(&tenant));
        let count = move |tx: &mut parlor_chat::Tx<'_>, actor: &Actor| {
            purges::count(tx, actor, before, Mode::Permanent)
        };
        if app.db.read(&actor, count).await? > 0 {
            let purge = purge(app, &actor, before, Mode::Permanent).await?;
            tracing::info!(
                tenant = tenant.slug,
                messages = purge.rows_deleted,
                "cleared what is kept no longer"
            );
        }
        let kept = move |tx: &mut parlor_chat::Tx<'_>| leases::keep(tx, id, RETENTION, DAY_SECONDS - 600);
        app.db.write_plain(tenant.no, kept).await?;
    }
    Ok(())
}

/// Removes the files of purged messages, and those that nobody has claimed for a day.
///
/// # Errors
/// When the database fails.
pub async fn remove_files(app: &App) -> Result<(), Error> {
    let day_ago = app.clock.now().plus_seconds(-upload_quota::WAITS_SECONDS);
    app.db.write_plain(0, move |tx| attachments::give_up(tx, day_ago)).await?;
    loop {
        let found = app.db.read_plain(|tx| attachments::abandoned(tx, FILES_AT_ONCE)).await?;
        let mut stayed = found.is_empty();
        for (tenant, id) in found {
            match app.blobs.remove(tenant, id).await {
                Ok(()) => app.db.write_plain(0, move |tx| attachments::removed(tx, tenant, id)).await?,
                Err(error) => {
                    tracing::warn!(%error, "removing a file failed; will retry");
                    stayed = true;
                }
            }
        }
        if stayed {
            return Ok(());
        }
    }
}
