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

use super::application::{Application, By};
use super::list;
use crate::app::{App, Ctx};
use crate::outbound;

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

/// Something that webhooks tell of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Happening {
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

/// What happened and is not written yet.
#[derive(Debug, Default)]
pub(super) struct Happenings {
    waiting: Mutex<Vec<(Instant, TenantId, Happening)>>,
    wake: Notify,
    /// Rows were written.
    written: Notify,
}

impl Happenings {
    fn put(&self, due: Instant, tenant: TenantId, happening: Happening) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((due, tenant, happening));
        self.wake.notify_one();
    }

    /// What is due, and when the next one is.
    fn take(&self) -> (Vec<(TenantId, Happening)>, Option<Instant>) {
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (due, later) = std::mem::take(&mut *waiting).into_iter().partition(|(at, ..)| *at <= now);
        *waiting = later;
        let next = waiting.iter().map(|(at, ..)| *at).min();
        let due: Vec<_> = due;
        (due.into_iter().map(|(_, tenant, happening)| (tenant, happening)).collect(), next)
    }
}

impl App {
    /// Whether the application's server wants to hear of such an event.
    pub(super) fn is_told(&self, application: &Application, event: &str) -> bool {
        application.options().webhooks.iter().any(|hook| hook.wants(event))
    }

    /// Something happened that the application's server may want to hear of.
    pub(super) fn happened(&self, tenant: TenantId, happening: Happening) {
        let late = matches!(happening, Happening::Vacated(_) | Happening::Removed(..));
        let due = Instant::now() + if late { GRACE } else { Duration::ZERO };
        self.pusher.happenings.put(due, tenant, happening);
    }

    /// Writes what happened as rows that are sent.
    async fn write_happenings(&self, tenant: TenantId, happenings: Vec<Happening>) -> Result<(), Error> {
        let Some(application) = self.application(By::Tenant(tenant)).await? else { return Ok(()) };
        let stays = |happening: &Happening| match happening {
            Happening::Vacated(channel) => self.roster.count(tenant, &list(channel)) == 0,
            Happening::Removed(channel, member) => self.roster.get(tenant, &list(channel), member).is_none(),
            _ => true,
        };
        let happenings: Vec<_> = happenings.into_iter().filter(stays).collect();
        let time_ms = self.clock.now().micros() / 1000;
        let no = application.tenant.no;
        self.write_plain(no, move |tx| {
            let mut events = Vec::new();
            for happening in &happenings {
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
    async fn send_due(self: &Arc<Self>) -> Result<(), Error> {
        let mut sending = JoinSet::new();
        for job in self.read_plain(|tx| hooks::due(tx, AT_ONCE)).await? {
            sending.spawn(self.clone().send_job(job));
        }
        while let Some(sent) = sending.join_next().await {
            if let Ok(Err(error)) = sent {
                tracing::warn!(%error, "a webhook could not be taken");
            }
        }
        Ok(())
    }

    async fn send_job(self: Arc<Self>, job: Job) -> Result<(), Error> {
        let application = self.application(By::Tenant(job.tenant)).await?;
        let no = application.as_ref().map_or(0, |application| application.tenant.no);
        let late = job.created_at.plus_seconds(GIVE_UP_SECONDS) <= self.clock.now();
        let Some(application) = application.filter(|_| !late) else {
            tracing::warn!(url = job.url, attempts = job.attempts, "a webhook was given up");
            return self.write_plain(no, move |tx| hooks::done(tx, &job)).await;
        };
        let place = usize::try_from(job.attempts).unwrap_or(0).min(BACK_OFF.len() - 1);
        let until = self.clock.now().plus_seconds(BACK_OFF[place]);
        let wanted = job.clone();
        if !self.write_plain(no, move |tx| hooks::claim(tx, &wanted, until)).await? {
            return Ok(());
        }
        let (url, body) = (job.url.clone(), job.body.clone());
        let (key, signature) = (application.app.key.clone(), application.signer().sign(body.as_bytes()));
        let private = self.config.private_fetches;
        let run = move || post(private, &url, body, &key, &signature);
        let posted = self.pusher.outbound.run(run).await;
        match posted {
            Ok(Ok(())) => self.write_plain(no, move |tx| hooks::done(tx, &job)).await,
            Ok(Err(why)) => {
                tracing::warn!(url = job.url, why, "a webhook was not taken, it is tried again");
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }
}

/// The event that tells what happened; none when it was told already.
fn tell(tx: &mut Tx<'_>, tenant: TenantId, happening: &Happening) -> Result<Option<Value>, Error> {
    let new = match happening {
        Happening::Occupied(channel) => hooks::enter(tx, tenant, channel, "")?,
        Happening::Vacated(channel) => hooks::leave(tx, tenant, channel, "")?,
        Happening::Added(channel, member) => hooks::enter(tx, tenant, channel, member)?,
        Happening::Removed(channel, member) => hooks::leave(tx, tenant, channel, member)?,
        Happening::Other(_) => true,
    };
    let event = match happening {
        Happening::Occupied(channel) => json!({"name": "channel_occupied", "channel": **channel}),
        Happening::Vacated(channel) => json!({"name": "channel_vacated", "channel": **channel}),
        Happening::Added(channel, member) => {
            json!({"name": "member_added", "channel": **channel, "user_id": **member})
        }
        Happening::Removed(channel, member) => {
            json!({"name": "member_removed", "channel": **channel, "user_id": **member})
        }
        Happening::Other(event) => event.clone(),
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
pub(super) fn start(app: &Ctx) {
    let happenings = &app.pusher.happenings;
    tokio::spawn(gather(Arc::downgrade(app), happenings.clone()));
    tokio::spawn(send(Arc::downgrade(app), happenings.clone()));
}

async fn gather(weak: Weak<App>, happenings: Arc<Happenings>) {
    if let Some(app) = weak.upgrade() {
        check_told(&app).await;
    }
    loop {
        let (due, next) = happenings.take();
        let mut by_tenant: HashMap<TenantId, Vec<Happening>> = HashMap::new();
        for (tenant, happening) in due {
            by_tenant.entry(tenant).or_default().push(happening);
        }
        for (tenant, due) in by_tenant {
            let Some(app) = weak.upgrade() else { return };
            if let Err(error) = app.write_happenings(tenant, due).await {
                tracing::warn!(%error, "webhooks could not be written");
            }
            happenings.written.notify_one();
        }
        let rest = next.map_or(LOOK, |next| next.saturating_duration_since(Instant::now())).min(LOOK);
        let _ = timeout(rest, happenings.wake.notified()).await;
        if weak.strong_count() == 0 {
            return;
        }
        sleep(GATHER).await;
    }
}

/// What was told before a restart may no longer hold.
async fn check_told(app: &Ctx) {
    match app.read_plain(hooks::states).await {
        Ok(states) => {
            let due = Instant::now() + START_GRACE;
            for (tenant, channel, member) in states {
                let channel = channel.into();
                let happening = match member.is_empty() {
                    true => Happening::Vacated(channel),
                    false => Happening::Removed(channel, member.into()),
                };
                app.pusher.happenings.put(due, tenant, happening);
            }
        }
        Err(error) => tracing::warn!(%error, "what webhooks told could not be read"),
    }
}

async fn send(weak: Weak<App>, happenings: Arc<Happenings>) {
    loop {
        let _ = timeout(LOOK, happenings.written.notified()).await;
        let Some(app) = weak.upgrade().filter(|app| !*app.stopping.borrow()) else { return };
        if let Err(error) = app.send_due().await {
            tracing::warn!(%error, "webhooks could not be read");
        }
    }
}
