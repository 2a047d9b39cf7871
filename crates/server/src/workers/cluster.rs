//! Owns: talking to the other nodes through Redis: sending batches of notes and this node's heartbeat, receiving theirs.
//! Must not know: what the notes mean to people.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use parlor_realtime::presence::registry::{Change, NodeId};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Client, RedisError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::adapters::cluster::{Batch, Note, Notes, together};
use crate::app::{App, Ctx};

/// How often a node says that it lives.
const BEAT: Duration = Duration::from_secs(3);
/// After how many seconds without a beat a node counts as dead.
const LIFE_SECONDS: u64 = 10;
/// Notes in one message.
const MOST: usize = 512;
/// How long a command may take before the connection counts as broken.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait before connecting again.
const AGAIN: Duration = Duration::from_millis(500);

/// Starts talking to the other nodes.
///
/// # Errors
/// When the address of Redis cannot be read.
pub(super) fn start(app: &Ctx, url: &str, notes: Notes) -> Result<(), RedisError> {
    let client = Client::open(url)?;
    let channel = format!("{}:nodes", app.config.redis_prefix);
    tokio::spawn(send(Arc::downgrade(app), client.clone(), channel.clone(), notes));
    tokio::spawn(follow_registry(Arc::downgrade(app), app.registry.changes()));
    tokio::spawn(receive(Arc::downgrade(app), client, channel));
    Ok(())
}

/// ParlorChannel changes of the registry go out as notes.
async fn follow_registry(app: Weak<App>, mut changes: UnboundedReceiver<Change>) {
    while let Some(change) = changes.recv().await {
        let Some(app) = app.upgrade() else { return };
        if change.local {
            app.cluster.note(|| Note::Registry(app.registry.local_entry(&change)));
        }
    }
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    match timeout(COMMAND_TIMEOUT, client.get_multiplexed_async_connection()).await {
        Ok(connected) => connected,
        Err(_) => Err(late()),
    }
}

fn late() -> RedisError {
    RedisError::from((redis::ErrorKind::Io, "no answer in time"))
}

async fn in_time<T>(command: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    timeout(COMMAND_TIMEOUT, command).await.unwrap_or_else(|_| Err(late()))
}

/// Sends notes in batches, and beats. What cannot be sent is dropped: after a reconnection the registry goes out whole,
/// and logs are found by looking.
async fn send(app: Weak<App>, client: Client, channel: String, mut notes: Notes) {
    // That it was never there is told too, once.
    let (mut connection, mut warned) = (None, false);
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::new();
    loop {
        let beat = tokio::select! {
            count = notes.recv_many(&mut batch, MOST) => {
                if count == 0 { return }
                false
            }
            _ = beats.tick() => true,
        };
        let Some(app) = app.upgrade() else { return };
        let sent = send_batch(&app, &client, &mut connection, &channel, beat, &mut batch).await;
        if let Err(error) = sent {
            connection = None;
            if app.cluster.connected.swap(false, Ordering::Relaxed) || !std::mem::replace(&mut warned, true) {
                tracing::warn!(%error, "Redis cannot be reached; the logs are looked at instead");
            }
            drop(app);
            sleep(AGAIN).await;
        }
        batch.clear();
    }
}

async fn send_batch(
    app: &App,
    client: &Client,
    known: &mut Option<MultiplexedConnection>,
    channel: &str,
    beat: bool,
    batch: &mut Vec<Note>,
) -> Result<(), RedisError> {
    let fresh = known.is_none();
    let mut connection = match known.take() {
        Some(connection) => connection,
        None => connect(client).await?,
    };
    if fresh || beat || batch.iter().any(|note| matches!(note, Note::Here)) {
        in_time(heartbeat(app, &mut connection)).await?;
    }
    if fresh {
        batch.push(Note::Hello);
        if !app.cluster.connected.swap(true, Ordering::Relaxed) {
            tracing::info!(node = app.cluster.node, "in touch with other nodes through Redis");
        }
    }
    let notes = together(std::mem::take(batch));
    if !notes.is_empty() {
        let message = serde_json::to_string(&Batch { from: app.cluster.node, notes }).unwrap_or_default();
        let _: i64 = in_time(connection.publish(channel, message)).await?;
    }
    *known = Some(connection);
    Ok(())
}

/// Says that this node lives and who is on it; forgets nodes that do not live.
async fn heartbeat(app: &App, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    let own = serde_json::to_string(&app.registry.local()).unwrap_or_default();
    let _: () = connection.set_ex(key(app, app.cluster.node), own, LIFE_SECONDS).await?;
    for node in app.registry.nodes() {
        if !connection.exists::<_, bool>(key(app, node)).await? {
            tracing::warn!(node, "a node is gone");
            app.registry.replace_node(node, Vec::new());
        }
    }
    Ok(())
}

fn key(app: &App, node: NodeId) -> String {
    format!("{}:node:{node}", app.config.redis_prefix)
}

/// Reads the registry of one node, or of all others.
async fn read_registries(app: &App, client: &Client, only: Option<NodeId>) -> Result<(), RedisError> {
    let mut connection = connect(client).await?;
    let nodes = match only {
        Some(node) => vec![node],
        None => other_nodes(app, &mut connection).await?,
    };
    for node in nodes {
        let own: Option<String> = in_time(connection.get(key(app, node))).await?;
        let all = own.and_then(|own| serde_json::from_str(&own).ok()).unwrap_or_default();
        app.registry.replace_node(node, all);
    }
    Ok(())
}

async fn other_nodes(app: &App, connection: &mut MultiplexedConnection) -> Result<Vec<NodeId>, RedisError> {
    let pattern = format!("{}:node:*", app.config.redis_prefix);
    let mut found = Vec::new();
    let mut keys = in_time(connection.scan_match::<_, String>(pattern)).await?;
    while let Some(key) = keys.next().await {
        let node = key?.rsplit(':').next().and_then(|node| node.parse::<NodeId>().ok());
        found.extend(node.filter(|node| *node != app.cluster.node));
    }
    Ok(found)
}

async fn receive_batch(app: &App, client: &Client, batch: Batch) {
    for note in batch.notes {
        match note {
            Note::Reached { tenant, seq, stale } => {
                if stale {
                    app.caches.forget_tenant(tenant);
                }
                app.hub.reached(tenant, seq);
            }
            Note::Tell(passing) => app.hub.tell(passing.event()),
            Note::Registry(told) => app.registry.apply_remote(batch.from, told),
            Note::Hello | Note::Here => {
                if matches!(note, Note::Hello) {
                    app.cluster.note(|| Note::Here);
                }
                if let Err(error) = read_registries(app, client, Some(batch.from)).await {
                    tracing::warn!(%error, "reading another node's registry failed");
                }
            }
        }
    }
}

/// Receives until the application ends.
async fn receive(app: Weak<App>, client: Client, channel: String) {
    while app.strong_count() > 0 {
        if let Err(error) = listen(&app, &client, &channel).await {
            tracing::debug!(%error, "receiving from other nodes failed; will retry");
        }
        sleep(AGAIN).await;
    }
}

async fn listen(app: &Weak<App>, client: &Client, channel: &str) -> Result<(), RedisError> {
    let mut subscription = in_time(client.get_async_pubsub()).await?;
    in_time(subscription.subscribe(channel)).await?;
    // Subscribe to Redis before reading the state: what changes between is received.
    let mut known = BTreeSet::new();
    if let Some(app) = app.upgrade() {
        read_registries(&app, client, None).await?;
        known.extend(app.registry.nodes());
    }
    tracing::debug!(nodes = known.len(), "receiving from other nodes");
    let mut messages = subscription.on_message();
    loop {
        // A silent connection may be a dead one: beats come through the other connection only.
        let Ok(message) = timeout(Duration::from_secs(60), messages.next()).await else { return Ok(()) };
        let Some(message) = message else { return Ok(()) };
        let Some(app) = app.upgrade() else { return Ok(()) };
        let text: String = message.get_payload()?;
        match serde_json::from_str::<Batch>(&text) {
            Ok(batch) if batch.from == app.cluster.node => {}
            Ok(batch) => receive_batch(&app, client, batch).await,
            Err(error) => tracing::warn!(%error, "a note of another node is malformed"),
        }
    }
}
