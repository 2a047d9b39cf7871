//! Owns: finding what other processes (the command line, other nodes) have committed, and giving it to the hub and caches.
//! Must not know: who listens.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_chat::events::{self, Audience};
use parlor_chat::replay;
use parlor_chat::{Error, TenantId};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::app::App;
use crate::app::cache::invalidating;

/// How often logs are polled for commits of other processes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
const GAP_PAGE: usize = 500;
const GAPS_AT_ONCE: usize = 16;
/// How long to wait after a read that failed.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Reads what the hub lacks. Runs until the application ends.
pub(super) async fn fill_gaps(app: Weak<App>, mut gaps: UnboundedReceiver<(TenantId, i64)>) {
    // One tenant's slow read must not hold up the others; the hub asks once at a time for each.
    let at_once = Arc::new(Semaphore::new(GAPS_AT_ONCE));
    while let Some((tenant, after)) = gaps.recv().await {
        let Some(app) = app.upgrade() else { return };
        let Ok(turn) = at_once.clone().acquire_owned().await else { return };
        tokio::spawn(async move {
            if let Err(error) = fill_gap(&app, tenant, after).await {
                tracing::warn!(%error, "reading events of another process failed; will retry");
                sleep(RETRY_AFTER).await;
            }
            drop(turn);
            app.hub.gap_answered(tenant);
        });
    }
}

async fn fill_gap(app: &App, tenant: TenantId, mut after: i64) -> Result<(), Error> {
    loop {
        let page = app.db.read_plain(move |tx| replay::since(tx, tenant, after, GAP_PAGE)).await?;
        let (count, last) = (page.len(), page.last().map_or(after, |event| event.seq));
        for event in page {
            app.db.not_before(event.at);
            app.caches.invalidate(&event);
            if event.audience == Audience::Unreadable {
                tracing::error!(error = %event.damaged(), "an unreadable event reaches nobody");
            }
            app.hub.publish(event);
        }
        if count < GAP_PAGE {
            return Ok(());
        }
        after = last;
    }
}

/// The command line and other nodes commit too; without a message bus their events are found here. Runs until the
/// application ends or stops.
pub(super) async fn poll(app: Weak<App>) {
    let mut turns = interval(POLL_INTERVAL);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = HashMap::new();
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        if *app.stopping.borrow() {
            return;
        }
        if let Err(error) = poll_online(&app).await {
            tracing::debug!(%error, "polling the logs of connected tenants failed; will retry");
        }
        if let Err(error) = poll_remembered(&app, &mut seen).await {
            tracing::debug!(%error, "polling the logs of cached tenants failed; will retry");
        }
    }
}

/// Tenants with connections here.
async fn poll_online(app: &App) -> Result<(), Error> {
    for tenant in app.hub.tenants() {
        let position = app.db.read_plain(move |tx| events::position(tx, tenant)).await?;
        app.hub.reached(tenant, position.seq);
    }
    Ok(())
}

/// What other processes change of tenants that nobody is connected to, but of which callers are remembered. A tenant is
/// never unseen again: what is remembered of it later is held against the place that is known.
async fn poll_remembered(app: &App, seen: &mut HashMap<TenantId, i64>) -> Result<(), Error> {
    let mut tenants = app.caches.callers.tenants();
    app.hub.tenants().iter().for_each(|online| {
        tenants.remove(online);
    });
    for tenant in tenants {
        let known = seen.get(&tenant).copied();
        let (head, stale) = app
            .db
            .read_plain(move |tx| {
                let head = events::position(tx, tenant)?.seq;
                let Some(known) = known else {
                    // Something may have changed after it was remembered and before this first look.
                    return Ok((head, true));
                };
                let stale = known < head && replay::any_since(tx, tenant, known, &invalidating())?;
                Ok((head, stale))
            })
            .await?;
        if stale {
            app.caches.forget_tenant(tenant);
        }
        seen.insert(tenant, head);
    }
    Ok(())
}
