//! Owns: telling applications' own servers what happens on channels: gathered, and written as jobs, which send it.
//! What happened is told once, whichever node saw it; who left and came back at once never left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use parlor_chat::webhooks as hooks;
use parlor_chat::{Error, TenantId, Tx};
use parlor_realtime::protocol::pusher::id_json;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::app::{App, Ctx};
use crate::auth::pusher_apps::By;
use crate::transport::pusher::lists::list;

/// What happens together is written together, and told together where the application wants batches.
const GATHER: Duration = Duration::from_millis(50);
/// Who is away shorter than this never left.
const GRACE: Duration = Duration::from_secs(3);
/// After a start, time for clients to come back before they count as gone.
const START_GRACE: Duration = Duration::from_secs(15);
/// How often it is looked whether the application goes on.
const LOOK: Duration = Duration::from_secs(1);

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
                let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
                let wanted = |event: &&Value| {
                    hook.wants(&text(event, "name")) && hook.wants_channel(&text(event, "channel"))
                };
                let events: Vec<&Value> = events.iter().filter(wanted).collect();
                let at_once = if application.options().batch_webhooks { events.len().max(1) } else { 1 };
                for events in events.chunks(at_once) {
                    let body = json!({"time_ms": time_ms, "events": events}).to_string();
                    hooks::put(tx, tenant, &hook.url, &body)?;
                }
            }
            Ok(())
        })
        .await
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
            json!({"name": "member_added", "channel": **channel, "user_id": id_json(member)})
        }
        ChannelEvent::Removed(channel, member) => {
            json!({"name": "member_removed", "channel": **channel, "user_id": id_json(member)})
        }
        ChannelEvent::Other(event) => event.clone(),
    };
    Ok(new.then_some(event))
}

/// Starts writing. It ends with the application.
pub(super) fn start(app: &Ctx, outbox: &Arc<WebhookOutbox>) {
    tokio::spawn(gather(Arc::downgrade(app), outbox.clone()));
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
