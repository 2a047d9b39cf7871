//! Owns: what subscribers are told about each other, on whichever node they are: members that come and go, how many
//! there are, watched users. EphemeralEvent in the order in which it happened. Must not know: connections.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_chat::TenantId;
use parlor_realtime::presence::registry::Change;
use parlor_realtime::protocol::pusher::{self, Kind, kind};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::app::App;
use crate::auth::pusher_apps::{Application, By};
use crate::transport::pusher::ephemeral::{EphemeralEvent, publish_here};
use crate::transport::pusher::lists::{LIST, SIGNED_IN};
use crate::transport::pusher::webhooks::{ChannelEvent, WebhookOutbox};

/// Changes looked at before other tasks get their turn.
const BATCH: usize = 256;
/// How soon counts that were held back are told.
const TICK: Duration = Duration::from_millis(250);
/// Above so many subscribers, counts are told only every few seconds.
const CROWD: u32 = 100;
const CROWD_INTERVAL: Duration = Duration::from_secs(5);

/// Subscription counts that are to be told.
#[derive(Default)]
struct Counts {
    waiting: HashMap<(TenantId, Arc<str>), u32>,
    /// When a crowd was told last.
    told: HashMap<(TenantId, Arc<str>), Instant>,
}

/// Runs until the application ends.
pub(super) async fn run(
    app: Weak<App>,
    webhooks: Arc<WebhookOutbox>,
    mut changes: UnboundedReceiver<Change>,
) {
    let mut counts = Counts::default();
    let mut batch = Vec::with_capacity(BATCH);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            taken = changes.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            _ = ticks.tick() => {}
        }
        let Some(app) = app.upgrade() else { return };
        for change in batch.drain(..) {
            follow(&app, &webhooks, &change, &mut counts).await;
        }
        publish_counts(&app, &mut counts);
    }
}

async fn follow(app: &App, webhooks: &WebhookOutbox, change: &Change, counts: &mut Counts) {
    if &*change.list == SIGNED_IN {
        follow_user(app, change);
        return;
    }
    let Some(channel) = change.list.strip_prefix(LIST) else { return };
    let application = match app.caches.pusher_apps.find(&app.db, By::Tenant(change.tenant)).await {
        Ok(Some(application)) => application,
        _ => return,
    };
    if kind(channel) == Kind::Presence {
        follow_member(app, change, channel);
    } else if application.options().subscription_counts {
        counts.waiting.insert((change.tenant, channel.into()), change.list_after);
    }
    report(webhooks, &application, change, channel);
}

fn follow_user(app: &App, change: &Change) {
    let online = change.after > 0;
    if (change.before > 0) == online {
        return;
    }
    let channel = format!("{}{}", pusher::WATCHED, change.member);
    let data = pusher::watched(&change.member, online);
    publish_here(
        app,
        change.tenant,
        EphemeralEvent { channel: &channel, name: pusher::WATCHLIST, data, except: None, user_id: None },
    );
}

fn follow_member(app: &App, change: &Change, channel: &str) {
    let (name, data) = match (change.before, change.after) {
        (0, 1..) => (pusher::MEMBER_ADDED, pusher::member_added(&change.member, change.value.as_deref())),
        (1.., 0) => (pusher::MEMBER_REMOVED, pusher::member_removed(&change.member)),
        _ => return,
    };
    let user_id = Some(&*change.member);
    publish_here(app, change.tenant, EphemeralEvent { channel, name, data, except: None, user_id });
}

fn publish_counts(app: &App, counts: &mut Counts) {
    let now = Instant::now();
    counts.told.retain(|_, at| now.duration_since(*at) < CROWD_INTERVAL);
    let Counts { waiting, told } = counts;
    waiting.retain(|key, count| {
        if *count > CROWD && told.contains_key(key) {
            return true;
        }
        if *count > CROWD {
            told.insert(key.clone(), now);
        }
        if *count > 0 {
            let data = pusher::subscription_count(*count);
            let (tenant, channel) = (key.0, &*key.1);
            let told = EphemeralEvent {
                channel,
                name: pusher::SUBSCRIPTION_COUNT,
                data,
                except: None,
                user_id: None,
            };
            publish_here(app, tenant, told);
        }
        false
    });
}

/// Tells the application's own server, if it wants to hear of it.
fn report(webhooks: &WebhookOutbox, application: &Application, change: &Change, channel: &str) {
    if application.options().webhooks.is_empty() {
        return;
    }
    let happened = |happening| webhooks.report(change.tenant, happening);
    // What another node sees, it reports; what a node that died saw, whoever is left.
    if change.list_before == 0 && change.local {
        happened(ChannelEvent::Occupied(channel.into()));
    }
    if kind(channel) == Kind::Presence && change.before == 0 && change.local {
        happened(ChannelEvent::Added(channel.into(), change.member.clone()));
    }
    if kind(channel) == Kind::Presence && change.after == 0 {
        happened(ChannelEvent::Removed(channel.into(), change.member.clone()));
    }
    if change.list_after == 0 {
        happened(ChannelEvent::Vacated(channel.into()));
    }
    let counts = application.options().subscription_counts && application.wants_webhook("subscription_count");
    if kind(channel) != Kind::Presence && change.local && counts {
        let told = serde_json::json!({"name": "subscription_count", "channel": channel,
            "subscription_count": change.list_after});
        happened(ChannelEvent::Other(told));
    }
}
