//! Owns: telling people what changes of presence, typing and viewing: by time, or on any node.
//! Must not know: how it travels to other nodes or to sockets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_chat::events::{Audience, Ephemeral, Event, payloads};
use parlor_chat::{ConversationId, Error, PersonId, TenantId, Time, statuses};
use parlor_realtime::presence::registry::Change;
use parlor_realtime::presence::{Connection, Left, PEOPLE, PersonPresence, Thresholds};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::app::{App, Ctx};
use crate::services::presence::{viewers_audience, views};

/// Changes of one moment are told together: a crowd that comes back at once is one event, not thousands.
const TOGETHER: Duration = Duration::from_millis(250);
/// People in one event: a frame of some ten kilobytes.
const MOST: usize = 100;
/// How often what time changes is looked at.
const TICK: Duration = Duration::from_millis(500);

/// Starts the work of this module.
pub(super) fn start(app: &Ctx) {
    let changes = app.registry.changes();
    tokio::spawn(follow(Arc::downgrade(app), changes));
    tokio::spawn(watch_time(Arc::downgrade(app)));
}

/// What only time changes.
async fn watch_time(app: Weak<App>) {
    let mut turns = interval(TICK);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left = Vec::new();
    let mut turn = 0_u64;
    loop {
        turns.tick().await;
        let Some(app) = app.upgrade() else { return };
        let (now, thresholds) = (app.clock.now(), thresholds(&app).await);
        let usual = Thresholds { away: 300, offline: 0 };
        let gone = app.presence.tick(now, |tenant| thresholds.get(&tenant).copied().unwrap_or(usual));
        left.extend(gone);
        for stopped in app.presence.stopped_typing(now) {
            let told = Ephemeral::Typing(payloads::Typing { person_id: stopped.person, typing: false });
            let (conversation, audience) = (Some(stopped.conversation), stopped.audience);
            match Event::ephemeral(stopped.tenant, now, None, conversation, audience, told) {
                Ok(event) => app.publish_ephemeral(event),
                Err(error) => not_encoded(&error),
            }
        }
        turn += 1;
        // Those who left within some seconds share a write.
        if turn.is_multiple_of(10)
            && !left.is_empty()
            && let Err(error) = remember_left(&app, std::mem::take(&mut left)).await
        {
            tracing::warn!(%error, "storing when people were last seen failed");
        }
    }
}

/// Tells what changes in the registry, whichever node it comes from, to those online here.
async fn follow(app: Weak<App>, mut changes: UnboundedReceiver<Change>) {
    let mut viewing: HashMap<(TenantId, PersonId), BTreeSet<ConversationId>> = HashMap::new();
    let mut shown: HashMap<(TenantId, PersonId), Connection> = HashMap::new();
    let mut batch = Vec::new();
    while changes.recv_many(&mut batch, 10_000).await > 0 {
        sleep(TOGETHER).await;
        while let Ok(change) = changes.try_recv() {
            batch.push(change);
        }
        let Some(app) = app.upgrade() else { return };
        let mut moved: BTreeMap<TenantId, BTreeMap<PersonId, Option<Time>>> = BTreeMap::new();
        for change in batch.drain(..).filter(|change| &*change.list == PEOPLE) {
            if let Ok(person) = change.member.parse() {
                moved.entry(change.tenant).or_default().insert(person, last_activity(&change));
            }
        }
        for (tenant, people) in moved {
            let mut news = Vec::new();
            for (person, last_active) in people {
                let mut now = app.presence.shown(tenant, person);
                now.active_at = now.active_at.or(last_active);
                let key = (tenant, person);
                let before = viewing.remove(&key).unwrap_or_default();
                if before != now.viewing {
                    tell_viewing(&app, tenant, person, &before, &now.viewing).await;
                }
                if !now.viewing.is_empty() {
                    viewing.insert(key, now.viewing.clone());
                }
                if shown.get(&key).copied().unwrap_or_default() != now.connection {
                    match now.connection {
                        Connection::Offline => shown.remove(&key),
                        connection => shown.insert(key, connection),
                    };
                    news.push((person, now));
                }
            }
            for part in news.chunks(MOST) {
                tell_presence(&app, tenant, part.to_vec()).await;
            }
        }
    }
}

/// What somebody who has left brought along until then.
fn last_activity(change: &Change) -> Option<Time> {
    serde_json::from_str::<PersonPresence>(change.value.as_deref()?).ok()?.active_at
}

async fn thresholds(app: &App) -> HashMap<TenantId, Thresholds> {
    let mut found = HashMap::new();
    for tenant in app.hub.tenants() {
        if let Ok(settings) = app.settings(tenant).await {
            let thresholds =
                Thresholds { away: settings.away_after_seconds, offline: settings.offline_after_seconds };
            found.insert(tenant, thresholds);
        }
    }
    found
}

async fn remember_left(app: &App, left: Vec<Left>) -> Result<(), Error> {
    let mut by_tenant: BTreeMap<TenantId, Vec<(PersonId, Time)>> = BTreeMap::new();
    for Left { tenant, person, at } in left {
        by_tenant.entry(tenant).or_default().push((person, at));
    }
    for (tenant, people) in by_tenant {
        let no = app.db.read_plain(move |tx| parlor_chat::tenants::by_id(tx, tenant)).await?.no;
        app.db.write_plain(no, move |tx| statuses::seen(tx, tenant, &people)).await?;
    }
    Ok(())
}

async fn tell_presence(app: &App, tenant: TenantId, people: Vec<(PersonId, PersonPresence)>) {
    let now = app.clock.now();
    let views = match views(app, tenant, people).await {
        Ok(views) if views.is_empty() => return,
        Ok(views) => views,
        Err(error) => {
            tracing::warn!(%error, "publishing presence failed");
            return;
        }
    };
    let told = Ephemeral::Presence(payloads::Presence { people: views });
    match Event::ephemeral(tenant, now, None, None, Audience::Staff, told) {
        Ok(event) => app.hub.tell(event),
        Err(error) => not_encoded(&error),
    }
}

fn not_encoded(error: &Error) {
    tracing::warn!(%error, "an ephemeral event could not be encoded");
}

async fn tell_viewing(
    app: &App,
    tenant: TenantId,
    person: PersonId,
    before: &BTreeSet<ConversationId>,
    after: &BTreeSet<ConversationId>,
) {
    let now = app.clock.now();
    let changed =
        after.difference(before).map(|id| (*id, true)).chain(before.difference(after).map(|id| (*id, false)));
    for (conversation, viewing) in changed {
        let asked = app.db.read_plain(move |tx| viewers_audience(tx, tenant, person, conversation));
        let Ok(Some((actor, audience))) = asked.await else { continue };
        let told = Ephemeral::Viewing(payloads::Viewing { person_id: person, viewing });
        match Event::ephemeral(tenant, now, Some(&actor.person), Some(conversation), audience, told) {
            Ok(event) => app.hub.tell(event),
            Err(error) => not_encoded(&error),
        }
    }
}
