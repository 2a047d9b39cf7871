//! Owns: telling applications' own servers what happens on channels: gathered, written as rows, sent and tried again.
//! What happened is told once, whichever node saw it; who left and came back at once never left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use parlor_chat::webhooks::{self as hooks, Job};
use parlor_chat::{Error, TenantId, Tx};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::adapters::outbound::{self, Outbound};
use crate::app::{App, Ctx};
use crate::auth::pusher_apps::By;
use crate::transport::pusher::lists::list;

/// What happens together is told together.
const GATHER: Duration = Duration::from_millis(50);
/// Who is away shorter than this never left.
const GRACE: Duration = Duration::from_secs(3);
/// After a start, time for clients to come back before they count as gone.
const START_GRACE: Duration = Duration::from_secs(15);
/// How often rows that are due are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Seconds until a webhook is tried again, longer than one try takes.
const BACK_OFF: [i64; 5] = [6, 10, 20, 40, 60];
/// A webhook that was not taken for so long never will be.
const GIVE_UP_SECONDS: i64 = 300;
const AT_ONCE: i64 = 16;

/// Something that webhooks report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChannelEvent {
    /// The first subscriber came.
    Occupied(Arc<str>),
    /// The last one left.
    Vacated(Arc<str>),
    /// A member came to a presence channel.
    Added(Arc<str>, Arc<str>),
    /// A member left it.
    Removed(Arc<str>, Arc<str>),
    /// The event as it is told.
    Other(Value),
}

/// What happened and is not stored yet.
#[derive(Debug, Default)]
pub(crate) struct WebhookOutbox {
    waiting: Mutex<Vec<(Instant, TenantId, ChannelEvent)>>,
    wake: Notify,
    /// Rows were written.
    written: Notify,
    outbound: Outbound,
}

impl WebhookOutbox {
    fn put(&self, due: Instant, tenant: TenantId, event: ChannelEvent) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((due, tenant, event));
        self.wake.notify_one();
    }

    /// Something happened that the application's server may want to hear of.
    pub fn report(&self, tenant: TenantId, event: ChannelEvent) {
        let late = matches!(event, ChannelEvent::Vacated(_) | ChannelEvent::Removed(..));
        self.put(Instant::now() + if late { GRACE } else { Duration::ZERO }, tenant, event);
    }

    /// What is due, and when the next one is.
    fn take(&self) -> (Vec<(TenantId, ChannelEvent)>, Option<Instant>) {
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (due, later) = std::mem::take(&mut *waiting).into_iter().partition(|(at, ..)| *at <= now);
        *waiting = later;
        let next = waiting.iter().map(|(at, ..)| *at).min();
        let due: Vec<_> = due;
        (due.into_iter().map(|(_, tenant, happening)| (tenant, happening)).collect(), next)
    }
}

/// Writes what happened as rows that are sent.
async fn write_events(app: &App, tenant: TenantId, events: Vec<ChannelEvent>) -> Result<(), Error> {
    let Some(application) = app.caches.pusher_apps.find(&app.db, By::Tenant(tenant)).await? else {
        return Ok(());
    };
    let stays = |happening: &ChannelEvent| match happening {
        ChannelEvent::Vacated(channel) => app.registry.count(tenant, &list(channel)) == 0,
        ChannelEvent::Removed(channel, member) => app.registry.get(tenant, &list(channel), member).is_none(),
        _ => true,
    };
    let happened: Vec<_> = events.into_iter().filter(stays).collect();
    let time_ms = app.clock.now().micros() / 1000;
    let no = application.tenant.no;
    app.db
        .write_plain(no, move |tx| {
            let mut events = Vec::new();
            for happening in &happened {
                events.extend(tell(tx, tenant, happening)?);
            }
            for hook in &application.options().webhooks {
                let wanted = |event: &&Value| event["name"].as_str().is_some_and(|name| hook.wants(name));
                let events: Vec<_> = events.iter().filter(wanted).collect();
                if !events.is_empty() {
                    let body = json!({"time_ms": time_ms, "events": events}).to_string();
                    hooks::put(tx, tenant, &hook.url, &body)?;
                }
            }
            Ok(())
        })
        .await
}

/// Sends what is due.
async fn send_due(app: &Ctx, outbox: &Arc<WebhookOutbox>) -> Result<(), Error> {
    let mut sending = JoinSet::new();
    for job in app.db.read_plain(|tx| hooks::due(tx, AT_ONCE)).await? {
        sending.spawn(send_job(app.clone(), outbox.clone(), job));
    }
    while let Some(sent) = sending.join_next().await {
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "sending a webhook failed");
        }
    }
    Ok(())
}

async fn send_job(app: Ctx, outbox: Arc<WebhookOutbox>, job: Job) -> Result<(), Error> {
    let application = app.caches.pusher_apps.find(&app.db, By::Tenant(job.tenant)).await?;
    let no = application.as_ref().map_or(0, |application| application.tenant.no);
    let late = job.created_at.plus_seconds(GIVE_UP_SECONDS) <= app.clock.now();
    let Some(application) = application.filter(|_| !late) else {
        tracing::warn!(url = job.url, attempts = job.attempts, "a webhook was given up");
        return app.db.write_plain(no, move |tx| hooks::done(tx, &job)).await;
    };
    let place = usize::try_from(job.attempts).unwrap_or(0).min(BACK_OFF.len() - 1);
    let until = app.clock.now().plus_seconds(BACK_OFF[place]);
    let wanted = job.clone();
    if !app.db.write_plain(no, move |tx| hooks::claim(tx, &wanted, until)).await? {
        return Ok(());
    }
    let (url, body) = (job.url.clone(), job.body.clone());
    let (key, signature) = (application.app.key.clone(), application.signer().sign(body.as_bytes()));
    let private = app.config.private_fetches;
    let run = move || post(private, &url, body, &key, &signature);
    let posted = outbox.outbound.run(run).await;
    match posted {
        Ok(Ok(())) => app.db.write_plain(no, move |tx| hooks::done(tx, &job)).await,
        Ok(Err(why)) => {
            tracing::warn!(url = job.url, why, "a webhook was refused; will retry");
            Ok(())
        }
        Err(_) => Ok(()),
    }
}

/// The event that tells what happened; none when it was told already.
fn tell(tx: &mut Tx<'_>, tenant: TenantId, happening: &ChannelEvent) -> Result<Option<Value>, Error> {
    let new = match happening {
        ChannelEvent::Occupied(channel) => hooks::enter(tx, tenant, channel, "")?,
        ChannelEvent::Vacated(channel) => hooks::leave(tx, tenant, channel, "")?,
        ChannelEvent::Added(channel, member) => hooks::enter(tx, tenant, channel, member)?,
        ChannelEvent::Removed(channel, member) => hooks::leave(tx, tenant, channel, member)?,
        ChannelEvent::Other(_) => true,
    };
    let event = match happening {
        ChannelEvent::Occupied(channel) => json!({"name": "channel_occupied", "channel": **channel}),
        ChannelEvent::Vacated(channel) => json!({"name": "channel_vacated", "channel": **channel}),
        ChannelEvent::Added(channel, member) => {
            json!({"name": "member_added", "channel": **channel, "user_id": **member})
        }
        ChannelEvent::Removed(channel, member) => {
            json!({"name": "member_removed", "channel": **channel, "user_id": **member})
        }
        ChannelEvent::Other(event) => event.clone(),
    };
    Ok(new.then_some(event))
}

/// Posts to an address that an administrator of the tenant named. Blocks.
fn post(private: bool, url: &str, body: String, key: &str, signature: &str) -> Result<(), String> {
    let request = outbound::agent(private)
        .post(url)
        .header("Content-Type", "application/json")
        .header("X-Pusher-Key", key)
        .header("X-Pusher-Signature", signature);
    let answer = request.send(body).map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
}

/// Starts writing and sending. Both end with the application.
pub(super) fn start(app: &Ctx, outbox: &Arc<WebhookOutbox>) {
    tokio::spawn(gather(Arc::downgrade(app), outbox.clone()));
    tokio::spawn(send(Arc::downgrade(app), outbox.clone()));
}

async fn gather(weak: Weak<App>, outbox: Arc<WebhookOutbox>) {
    if let Some(app) = weak.upgrade() {
        check_told(&app, &outbox).await;
    }
    loop {
        let (due, next) = outbox.take();
        let mut by_tenant: HashMap<TenantId, Vec<ChannelEvent>> = HashMap::new();
        for (tenant, happening) in due {
            by_tenant.entry(tenant).or_default().push(happening);
        }
        for (tenant, due) in by_tenant {
            let Some(app) = weak.upgrade() else { return };
            if let Err(error) = write_events(&app, tenant, due).await {
                tracing::warn!(%error, "storing webhooks failed");
            }
            outbox.written.notify_one();
        }
        let rest = next.map_or(LOOK, |next| next.saturating_duration_since(Instant::now())).min(LOOK);
        let _ = timeout(rest, outbox.wake.notified()).await;
        if weak.strong_count() == 0 {
            return;
        }
        sleep(GATHER).await;
    }
}

/// What was told before a restart may no longer hold.
async fn check_told(app: &App, outbox: &WebhookOutbox) {
    match app.db.read_plain(hooks::states).await {
        Ok(states) => {
            let due = Instant::now() + START_GRACE;
            for (tenant, channel, member) in states {
                let channel = channel.into();
                let happening = match member.is_empty() {
                    true => ChannelEvent::Vacated(channel),
                    false => ChannelEvent::Removed(channel, member.into()),
                };
                outbox.put(due, tenant, happening);
            }
        }
        Err(error) => tracing::warn!(%error, "reading the state of webhooks failed"),
    }
}

async fn send(weak: Weak<App>, outbox: Arc<WebhookOutbox>) {
    loop {
        let _ = timeout(LOOK, outbox.written.notified()).await;
        let Some(app) = weak.upgrade().filter(|app| !*app.stopping.borrow()) else { return };
        if let Err(error) = send_due(&app, &outbox).await {
            tracing::warn!(%error, "reading webhooks that are due failed; will retry");
        }
    }
}
