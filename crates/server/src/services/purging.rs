//! Owns: carrying purges out, by order or because a tenant keeps messages for some days only, and removing the files
//! that nothing refers to any more. Must not know: what is cleared with a message.

use std::sync::Arc;
use std::time::Duration;

use parlor_chat::jobs::EVERYWHERE;
use parlor_chat::purges::{self, Mode, Purge, Walk};
use parlor_chat::tenants::{self, system_actor};
use parlor_chat::{Actor, Error, RowId, TenantId, Time, Tx, attachments, upload_quota, uploads};
use tokio::task::JoinError;
use uuid::Uuid;

use crate::adapters::blobs::{Blob, Blobs, Form};
use crate::adapters::pictures::SMALL_SIDES;
use crate::app::{App, Ctx};
use crate::database::Database;

const DAY_SECONDS: i64 = 86_400;
/// An upload that has not gone on for so long never will.
const STALE_UPLOAD: Duration = Duration::from_secs(86_400);
const FILES_AT_ONCE: i64 = 200;

/// Clears everything older than a time, in steps, and answers the row of the log. Goes on when the caller does not wait for
/// the end.
///
/// # Errors
/// Without the right; when the database fails, what was cleared until then stays cleared.
pub(crate) async fn purge_to_end(
    app: &Ctx,
    actor: &Arc<Actor>,
    before: Time,
    mode: Mode,
) -> Result<Result<Purge, Error>, JoinError> {
    let (app, actor) = (app.clone(), actor.clone());
    tokio::spawn(async move { purge(&app, &actor, before, mode).await }).await
}

async fn purge(app: &App, actor: &Arc<Actor>, before: Time, mode: Mode) -> Result<Purge, Error> {
    let purge = app.db.write(actor, move |tx, actor| purges::begin(tx, actor, before, mode)).await?;
    let mut walk = Some(Walk::START);
    while let Some(from) = walk {
        let this = purge.clone();
        walk = app.db.write_paid(actor, move |tx, actor| purges::step(tx, actor, &this, from)).await?;
        tokio::task::yield_now().await;
    }
    let id = purge.id;
    app.db.read(actor, move |tx, actor| purges::get(tx, actor, id)).await
}

/// Clears what a tenant keeps no longer.
///
/// # Errors
/// When the database fails.
pub async fn keep_retention(app: &App, tenant: TenantId) -> Result<(), Error> {
    let days = app.settings(tenant).await?.retention_days;
    if days <= 0 {
        return Ok(());
    }
    let tenant = app.db.read_plain(move |tx| tenants::by_id(tx, tenant)).await?;
    let before = app.clock.now().plus_seconds(-days * DAY_SECONDS);
    let actor = Arc::new(system_actor(&tenant));
    let count = move |tx: &mut Tx<'_>, actor: &Actor| purges::count(tx, actor, before, Mode::Permanent);
    if app.db.read(&actor, count).await? > 0 {
        let purge = purge(app, &actor, before, Mode::Permanent).await?;
        tracing::info!(tenant = tenant.slug, messages = purge.rows_deleted, "cleared what is kept no longer");
    }
    Ok(())
}

/// Removes the files of purged messages, those that nobody has claimed for a day, and what is left of unfinished uploads.
///
/// # Errors
/// When the database fails, or a file cannot be removed.
pub async fn remove_files(app: &App) -> Result<(), String> {
    let day_ago = app.clock.now().plus_seconds(-upload_quota::WAITS_SECONDS);
    let give_up = move |tx: &mut Tx<'_>| {
        attachments::give_up(tx, day_ago)?;
        uploads::give_up(tx)
    };
    app.db.write_plain(0, give_up).await.map_err(text)?;
    remove_abandoned(&app.db, &app.blobs).await?;
    let blobs = app.blobs.clone();
    match tokio::task::spawn_blocking(move || blobs.sweep(STALE_UPLOAD)).await {
        Ok(swept) => swept.map(|_| ()).map_err(text),
        Err(error) => Err(text(error)),
    }
}

/// Whatever a file may be kept as.
fn forms() -> impl Iterator<Item = Form> {
    [Form::Sent, Form::Cleaned].into_iter().chain(SMALL_SIDES.map(Form::Small))
}

/// Removes the bytes of all files that nothing refers to. Whoever else does so at the same time is in nobody's way; one that
/// stays is in no other's.
///
/// # Errors
/// When the database fails; when a file cannot be removed, after the others.
pub(crate) async fn remove_abandoned(db: &Database, blobs: &Blobs) -> Result<(), String> {
    let mut after = (EVERYWHERE, RowId(Uuid::nil()));
    let mut stayed = None;
    loop {
        let read = move |tx: &mut Tx<'_>| attachments::abandoned(tx, after, FILES_AT_ONCE);
        let found = db.read_plain(read).await.map_err(text)?;
        let Some(last) = found.last() else { break };
        after = *last;
        for (tenant, id) in found {
            match remove_all(blobs, Blob::sent(tenant, id)).await {
                Ok(()) => {
                    let done = db.write_plain(0, move |tx| attachments::removed(tx, tenant, id)).await;
                    done.map_err(text)?;
                }
                Err(error) => stayed = Some(text(error)),
            }
        }
    }
    stayed.map_or(Ok(()), Err)
}

async fn remove_all(blobs: &Blobs, blob: Blob) -> std::io::Result<()> {
    for form in forms() {
        blobs.remove(blob.in_form(form)).await?;
    }
    Ok(())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
