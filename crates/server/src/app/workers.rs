//! Owns: what happens beside requests: events to the hub, gaps filled from the database, old rows forgotten.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_chat::events::{self, Audience, Event};
use parlor_chat::{
    Error, TenantId, audit, conversations, idempotency, nonces, publications, replay, retention, search,
    sessions, tenants,
};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{App, Ctx, StartError, caches, presence, relay};
use crate::transport;

/// Events given to the hub before other tasks get their turn.
const PUBLISH_BATCH: usize = 64;
/// How often the logs of tenants with connections are looked at for commits of other processes.
const LOOK: Duration = Duration::from_secs(1);
/// How often old rows are forgotten.
const CLEAN: Duration = Duration::from_secs(600);
/// An upload that has not gone on for so long never will.
const OLD_UPLOAD: Duration = Duration::from_secs(86_400);
const GAP_PAGE: usize = 500;
const GAPS_AT_ONCE: usize = 16;
/// How long to wait after a read that failed.
const TRY_AGAIN: Duration = Duration::from_millis(200);
const PRUNE_PAGE: i64 = 10_000;

/// Starts the background work. It ends with the application. `lock` is held until then.
///
/// # Errors
/// An option that cannot be served.
pub(super) fn start(
    app: &Ctx,
    to_publish: UnboundedReceiver<Event>,
    to_fill: UnboundedReceiver<(TenantId, i64)>,
    lock: Option<File>,
) -> Result<(), StartError> {
    tokio::spawn(publish(Arc::downgrade(app), to_publish, lock));
    tokio::spawn(fill_gaps(Arc::downgrade(app), to_fill));
    tokio::spawn(look_around(Arc::downgrade(app)));
    tokio::spawn(clean(Arc::downgrade(app)));
    presence::start(app);
    transport::pusher::start(app);
    relay::start(app)
}

async fn publish(app: Weak<App>, mut committed: UnboundedReceiver<Event>, _lock: Option<File>) {
    let mut batch = Vec::with_capacity(PUBLISH_BATCH);
    while committed.recv_many(&mut batch, PUBLISH_BATCH).await > 0 {
        let Some(app) = app.upgrade() else { return };
        batch.drain(..).for_each(|event| app.hub.publish(event));
        app.relay_wake.notify_one();
        tokio::task::yield_now().await;
    }
}

async fn fill_gaps(app: Weak<App>, mut gaps: UnboundedReceiver<(TenantId, i64)>) {
    // One tenant's slow read must not hold up the others; the hub asks once at a time for each.
    let at_once = Arc::new(Semaphore::new(GAPS_AT_ONCE));
    while let Some((tenant, after)) = gaps.recv().await {
        let Some(app) = app.upgrade() else { return };
        let Ok(turn) = at_once.clone().acquire_owned().await else { return };
        tokio::spawn(async move {
            if let Err(error) = app.fill_gap(tenant, after).await {
                tracing::warn!(%error, "events of another process could not be read");
                sleep(TRY_AGAIN).await;
            }
            drop(turn);
            app.hub.gap_answered(tenant);
        });
    }
}

impl App {
    async fn fill_gap(&self, tenant: TenantId, mut after: i64) -> Result<(), Error> {
        loop {
            let page = self.read_plain(move |tx| replay::since(tx, tenant, after, GAP_PAGE)).await?;
            let (count, last) = (page.len(), page.last().map_or(after, |event| event.seq));
            for event in page {
                self.caches.forget_stale(&event);
                if event.audience == Audience::Unreadable {
                    tracing::error!(error = %event.damaged(), "an event is told to nobody");
                }
                self.hub.publish(event);
            }
            if count < GAP_PAGE {
                return Ok(());
            }
            after = last;
        }
    }

    /// Brings a tenant's search index to its newest message before a search. One that is far behind, as after an upgrade,
    /// is left to the housekeeping: whoever searches does not wait for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catch_up_search(&self, tenant: TenantId, tenant_no: i64) -> Result<(), Error> {
        if self.read_plain(move |tx| search::is_behind(tx, tenant)).await? {
            self.write_plain(tenant_no, move |tx| search::catch_up(tx, tenant, tenant_no)).await?;
        }
        Ok(())
    }

    async fn keep_house(&self) -> Result<(), Error> {
        for tenant in self.read_plain(search::behind).await? {
            let no = tenant.no;
            while self.write_plain(no, move |tx| search::catch_up(tx, tenant.id, no)).await? {
                tokio::task::yield_now().await;
            }
        }
        for tenant in self.read_plain(conversations::due_snoozes).await? {
            self.write_plain(tenant.no, move |tx| conversations::unsnooze(tx, &tenant)).await?;
        }
        Ok(())
    }

    async fn look_at_logs(&self) -> Result<(), Error> {
        for tenant in self.hub.tenants() {
            let position = self.read_plain(move |tx| events::position(tx, tenant)).await?;
            self.hub.reached(tenant, position.seq);
        }
        Ok(())
    }

    /// What other processes change of tenants that nobody is connected to, but of which callers are remembered.
    async fn look_at_the_remembered(&self, seen: &mut HashMap<TenantId, i64>) -> Result<(), Error> {
        let mut tenants = self.caches.callers.tenants();
        self.hub.tenants().iter().for_each(|online| {
            tenants.remove(online);
        });
        seen.retain(|tenant, _| tenants.contains(tenant));
        for tenant in tenants {
            let known = seen.get(&tenant).copied();
            let (head, stale) = self
                .read_plain(move |tx| {
                    let head = events::position(tx, tenant)?.seq;
                    let after = known.unwrap_or(head).min(head);
                    let stale = after < head && replay::any_since(tx, tenant, after, &caches::telling())?;
                    Ok((head, stale))
                })
                .await?;
            if stale {
                self.caches.forget_tenant(tenant);
            }
            seen.insert(tenant, head);
        }
        Ok(())
    }

    /// Published keys may have been withdrawn, which ends connections.
    async fn look_at_keys(&self) -> Result<(), Error> {
        for id in self.hub.tenants() {
            let tenant = self.read_plain(move |tx| tenants::by_id(tx, id)).await?;
            self.host_keys(&tenant.slug).await?;
        }
        Ok(())
    }

    async fn forget_old(&self) -> Result<(), Error> {
        self.write_plain(0, sessions::expire).await?;
        self.write_plain(0, nonces::expire).await?;
        self.write_plain(0, publications::expire).await?;
        let day_ago = self.clock.now().plus_seconds(-86_400);
        self.write_plain(0, move |tx| idempotency::expire(tx, day_ago)).await?;
        for tenant in self.read_plain(tenants::list).await? {
            let settings = self.settings(tenant.id).await?;
            let keep = settings.events_keep_days;
            let audit_before = self.clock.now().plus_seconds(-settings.audit_keep_days * 86_400);
            while self
                .write_plain(tenant.no, move |tx| audit::prune(tx, tenant.id, audit_before, PRUNE_PAGE))
                .await?
                > 0
            {
                tokio::task::yield_now().await;
            }
            let before = self.clock.now().plus_seconds(-keep * 86_400);
            while self
                .write_plain(tenant.no, move |tx| retention::prune(tx, tenant.id, before, PRUNE_PAGE))
                .await?
                > 0
            {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

/// The command line and other nodes commit too; without a message bus their events are found here.
async fn look_around(app: Weak<App>) {
    let mut turns = interval(LOOK);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = HashMap::new();
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        if *app.stopping.borrow() {
            return;
        }
        if let Err(error) = app.look_at_logs().await {
            tracing::debug!(%error, "logs could not be looked at");
        }
        if let Err(error) = app.look_at_the_remembered(&mut seen).await {
            tracing::debug!(%error, "logs could not be looked at");
        }
        if let Err(error) = app.keep_house().await {
            tracing::warn!(%error, "the search index and the sleepers have to wait");
        }
    }
}

async fn clean(app: Weak<App>) {
    let mut turns = interval(CLEAN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        if let Err(error) = app.forget_old().await {
            tracing::warn!(%error, "old rows could not be forgotten");
        }
        if let Err(error) = app.look_at_keys().await {
            tracing::warn!(%error, "keys of host applications could not be looked at");
        }
        if let Err(error) = app.keep_retention().await {
            tracing::warn!(%error, "old messages could not be cleared");
        }
        let files = app.files.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || files.sweep(OLD_UPLOAD)).await {
            tracing::warn!(%error, "what is left of old uploads could not be removed");
        }
        if let Err(error) = app.remove_files().await {
            tracing::warn!(%error, "files could not be removed");
        }
    }
}
