//! Owns: running jobs: claimed when they are due, kept while they run, ended in the transaction of their effects, tried
//! again when they fail. Must not know: why a job was enqueued.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_chat::jobs::{self, EVERYWHERE, Job, Queue, When, Work};
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Error, TenantId, Tx, conversations};
use parlor_db::Engine;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::app::{App, Ctx};
use crate::services::{pictures, purging};
use crate::workers::{maintenance, webhooks};

/// How long a claim lasts, and how often that of a running job is renewed.
const LEASE_SECONDS: i64 = 60;
const RENEW: Duration = Duration::from_secs(20);
/// How often jobs are looked for that other processes enqueued.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Jobs of a queue that run at once: what waits for other servers may be many.
const INSIDE_AT_ONCE: usize = 2;
const FILES_AT_ONCE: usize = 4;
const OUTSIDE_AT_ONCE: usize = 16;
/// Of those, what one tenant may have: its slow ones hold up its own.
const SHARE: usize = 4;

/// What claims jobs and does them.
#[derive(Clone, Debug)]
struct Runner {
    app: Ctx,
}

/// Starts the runners. They end with the application.
pub(super) fn start(app: &Ctx) {
    tokio::spawn(prepare(Arc::downgrade(app)));
    for (queue, at_once) in
        [(Queue::Inside, INSIDE_AT_ONCE), (Queue::Files, FILES_AT_ONCE), (Queue::Outside, OUTSIDE_AT_ONCE)]
    {
        tokio::spawn(run(Arc::downgrade(app), queue, at_once));
    }
}

/// The work that comes again and again comes with a start, too. On SQLite this is the only server: what ran in the one before it
/// waits again at once, not only when its claim is over.
async fn prepare(app: Weak<App>) {
    let Some(app) = app.upgrade() else { return };
    let alone = app.db.engine().engine() == Engine::Sqlite;
    let prepared = app.db.write_plain(0, move |tx| {
        if alone {
            jobs::release_all(tx)?;
        }
        for work in [Work::PruneExpired, Work::RemoveFiles] {
            jobs::enqueue(tx, EVERYWHERE, &work, Some(""), When::By(tx.now))?;
        }
        Ok(())
    });
    if let Err(error) = prepared.await {
        tracing::error!(%error, "enqueueing recurring jobs failed");
    }
}

async fn run(app: Weak<App>, queue: Queue, at_once: usize) {
    let mut running = JoinSet::new();
    // Whose they are.
    let mut tenants: HashMap<tokio::task::Id, TenantId> = HashMap::new();
    let share = at_once.min(SHARE);
    let Some(mut enqueued) = app.upgrade().map(|app| app.jobs_enqueued.subscribe()) else { return };
    loop {
        let Some(app) = app.upgrade().filter(|app| !*app.stopping.borrow()) else { return };
        let runner = Runner { app };
        let most = (at_once - running.len()).min(share);
        let mut took_all = false;
        match runner.claim(queue, most, &busy(&tenants, share)).await {
            Ok(claimed) => {
                took_all = claimed.len() == most;
                for job in claimed {
                    let tenant = job.tenant;
                    tenants.insert(running.spawn(runner.clone().work(job)).id(), tenant);
                }
            }
            Err(error) => tracing::warn!(%error, "claiming jobs failed; will retry"),
        }
        drop(runner);
        let full = running.len() >= at_once;
        if took_all && !full {
            // There may be more, of others.
            continue;
        }
        tokio::select! {
            _ = enqueued.changed(), if !full => {}
            () = sleep(POLL_INTERVAL), if !full => {}
            Some(ended) = running.join_next_with_id() => {
                let id = ended.map_or_else(|error| error.id(), |(id, _)| id);
                tenants.remove(&id);
            }
        }
    }
}

/// Tenants that have their share.
fn busy(running: &HashMap<tokio::task::Id, TenantId>, share: usize) -> Vec<TenantId> {
    let mut counts: HashMap<TenantId, usize> = HashMap::new();
    for tenant in running.values() {
        *counts.entry(*tenant).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count >= share).map(|(tenant, _)| tenant).collect()
}

/// Runs everything that is due, one after the other, until nothing is: for tests, which then know that it was done.
/// Answers why jobs failed.
pub async fn drain(app: &Ctx) -> Vec<String> {
    let runner = Runner { app: app.clone() };
    let mut failures = Vec::new();
    for queue in [Queue::Inside, Queue::Files, Queue::Outside] {
        loop {
            let claimed = runner.claim(queue, 1, &[]).await.unwrap_or_else(|error| {
                failures.push(error.to_string());
                Vec::new()
            });
            if claimed.is_empty() {
                break;
            }
            for job in claimed {
                failures.extend(runner.clone().work(job).await.err());
            }
        }
    }
    failures
}

impl Runner {
    async fn claim(&self, queue: Queue, most: usize, busy: &[TenantId]) -> Result<Vec<Job>, Error> {
        let now = self.app.clock.now();
        // Looking costs no write.
        let next = self.app.db.read_plain(move |tx| jobs::next_due(tx, queue)).await?;
        if most == 0 || next.is_none_or(|next| next > now) {
            return Ok(Vec::new());
        }
        let most = i64::try_from(most).unwrap_or(1);
        let busy = busy.to_vec();
        let claimed = self.app.db.write_plain(0, move |tx| {
            jobs::claim(tx, queue, tx.now.plus_seconds(LEASE_SECONDS), most, &busy)
        });
        let readable = |job: Result<Job, Error>| {
            job.inspect_err(|error| tracing::error!(%error, "a job cannot be read and was given up")).ok()
        };
        Ok(claimed.await?.into_iter().filter_map(readable).collect())
    }

    /// Does a job and ends it, or says why it failed.
    async fn work(self, job: Job) -> Result<(), String> {
        let done = tokio::select! {
            done = self.execute(&job) => done,
            () = self.renew(&job) => return Err("another runner took the job over".to_owned()),
        };
        let Err(error) = done else { return Ok(()) };
        let (failed, text) = (job.clone(), error.clone());
        let buried = self.app.db.write_plain(0, move |tx| jobs::fail(tx, &failed, &text)).await;
        let (kind, attempts) = (job.work.kind(), job.attempts);
        match buried {
            Ok(true) => tracing::warn!(error, kind, attempts, "a job failed and was given up"),
            Ok(false) => tracing::warn!(error, kind, attempts, "a job failed; will retry"),
            Err(other) => tracing::warn!(%other, error, kind, "a job failed, which could not be stored"),
        }
        Err(error)
    }

    /// Keeps the claim while the job runs; ends when somebody else has it.
    async fn renew(&self, job: &Job) {
        let mut turns = interval(RENEW);
        turns.tick().await;
        loop {
            turns.tick().await;
            let held = job.clone();
            let extended = self
                .app
                .db
                .write_plain(0, move |tx| jobs::extend(tx, &held, tx.now.plus_seconds(LEASE_SECONDS)));
            match extended.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "keeping a job failed; will retry"),
            }
        }
    }

    async fn execute(&self, job: &Job) -> Result<(), String> {
        let app = &self.app;
        let text = |error: Error| error.to_string();
        match &job.work {
            Work::Webhook { url, body } => webhooks::send(app, job.tenant, url, body).await?,
            Work::Unsnooze => return unsnooze(app, job).await.map_err(text),
            Work::Retention => purging::keep_retention(app, job.tenant).await.map_err(text)?,
            Work::SmallPictures { file } => pictures::make_small(app, job.tenant, *file).await?,
            Work::RemoveSent { file } => pictures::remove_sent(app, job.tenant, *file).await?,
            Work::RemoveFiles => purging::remove_files(app).await?,
            Work::PruneExpired => maintenance::prune_expired(app).await.map_err(text)?,
        }
        complete(app, job).await.map_err(text)
    }
}

async fn complete(app: &App, job: &Job) -> Result<(), Error> {
    let job = job.clone();
    app.db.write_plain(0, move |tx| jobs::complete(tx, &job)).await
}

/// The conversations open in the transaction that ends the job: once, whatever crashes.
async fn unsnooze(app: &App, job: &Job) -> Result<(), Error> {
    let (tenant, job) = (tenant(app, job.tenant).await?, job.clone());
    let work = move |tx: &mut Tx<'_>| {
        conversations::unsnooze(tx, &tenant)?;
        jobs::complete(tx, &job)
    };
    app.db.write_plain(0, work).await
}

async fn tenant(app: &App, id: TenantId) -> Result<Tenant, Error> {
    app.db.read_plain(move |tx| tenants::by_id(tx, id)).await
}
