//! Owns: what nodes tell each other through Redis (or Valkey): hints that a tenant's log has grown, what is told and
//! not kept, and the roster. The database is the truth: when Redis is away, the logs are looked at once a
//! second, and nobody loses an event. Must not know: what the messages mean to people.
//!
//! One channel carries batches of notes as JSON. Each node keeps its roster under a key that expires, so that a node
//! that dies takes its people along by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use parlor_chat::access::Facets;
use parlor_chat::events::{Audience, Event};
use parlor_chat::publications::Publication;
use parlor_chat::{ConversationId, Kind, PersonId, StoreId, TeamId, TenantId, Time};
use parlor_realtime::roster::{Change, NodeId, Told};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Client, RedisError};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::{App, Ctx};

/// How often a node says that it lives.
const BEAT: Duration = Duration::from_secs(3);
/// After how many seconds without a beat a node counts as dead.
const LIFE_SECONDS: u64 = 10;
/// Notes in one message.
const MOST: usize = 512;
/// How long a command may take before the connection counts as broken.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait before connecting again.
const AGAIN: Duration = Duration::from_millis(500);

/// The other nodes, as this one sees them.
#[derive(Debug)]
pub struct Cluster {
    /// This node.
    pub node: NodeId,
    notes: Option<UnboundedSender<Note>>,
    connected: AtomicBool,
}

/// What one node tells the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Note {
    /// A tenant's log has reached a number; `stale` when what is remembered of people or settings may be wrong now.
    Reached { tenant: TenantId, seq: i64, stale: bool },
    /// Something told and not kept.
    Tell(Box<Passing>),
    /// An entry of this node's roster.
    Roster(Told),
    /// The node has just come, or come back: read its roster anew, and show it yours.
    Hello,
    /// The node's roster has just been written for one that came: read it anew.
    Here,
}

#[derive(Debug, Serialize, Deserialize)]
struct Batch {
    from: NodeId,
    notes: Vec<Note>,
}

/// A passing event on its way to another node.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Passing {
    tenant: TenantId,
    kind: String,
    at: Time,
    conversation: Option<ConversationId>,
    to: To,
    json: String,
    publication: Option<Publication>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum To {
    Person(PersonId),
    Staff,
    Named,
    Nobody,
    Readers {
        kind: Kind,
        team: Option<TeamId>,
        store: Option<StoreId>,
        assignee: Option<PersonId>,
        staff_only: bool,
    },
}

impl Passing {
    fn of(event: &Event) -> Self {
        let to = match &event.audience {
            Audience::Person(person) => To::Person(*person),
            Audience::Staff => To::Staff,
            // What tells of contacts is kept, and read from the log by every node.
            Audience::Named | Audience::Contact { .. } => To::Named,
            Audience::Nobody | Audience::Unreadable => To::Nobody,
            Audience::Conversation { facets, staff_only } => {
                let Facets { kind, team, store, assignee } = *facets;
                To::Readers { kind, team, store, assignee, staff_only: *staff_only }
            }
        };
        Self {
            tenant: event.tenant,
            kind: event.kind.clone(),
            at: event.at,
            conversation: event.conversation,
            to,
            json: event.json.to_string(),
            publication: event.publication.as_deref().cloned(),
        }
    }

    fn event(self) -> Event {
        let audience = match self.to {
            To::Person(person) => Audience::Person(person),
            To::Staff => Audience::Staff,
            To::Named => Audience::Named,
            To::Nobody => Audience::Unreadable,
            To::Readers { kind, team, store, assignee, staff_only } => {
                Audience::Conversation { facets: Facets { kind, team, store, assignee }, staff_only }
            }
        };
        Event {
            tenant: self.tenant,
            seq: 0,
            kind: self.kind,
            at: self.at,
            conversation: self.conversation,
            audience,
            access: Vec::new(),
            json: self.json.into(),
            publication: self.publication.map(Arc::new),
        }
    }
}

/// The receiving end, given to [`start`].
pub(super) type Notes = UnboundedReceiver<Note>;

impl Cluster {
    /// A node among others when there is a Redis, else one alone.
    pub(super) fn new(node: NodeId, with_redis: bool) -> (Self, Option<Notes>) {
        let (sender, receiver) = unbounded_channel();
        let cluster = Self { node, notes: with_redis.then_some(sender), connected: AtomicBool::new(false) };
        (cluster, with_redis.then_some(receiver))
    }

    /// Whether there are other nodes to talk to, and whether they can be reached now.
    #[must_use]
    pub fn state(&self) -> Option<bool> {
        self.notes.as_ref().map(|_| self.connected.load(Ordering::Relaxed))
    }

    /// A tenant's log has grown here. `stale` as in `Caches::forget_stale`.
    pub(super) fn reached(&self, tenant: TenantId, seq: i64, stale: bool) {
        self.note(|| Note::Reached { tenant, seq, stale });
    }

    /// Tells what is not kept to the other nodes.
    pub(super) fn tell(&self, event: &Event) {
        self.note(|| Note::Tell(Box::new(Passing::of(event))));
    }

    fn note(&self, note: impl FnOnce() -> Note) {
        if let Some(notes) = &self.notes {
            let _ = notes.send(note());
        }
    }
}

/// Starts talking to the other nodes.
///
/// # Errors
/// When the address of Redis cannot be read.
pub(super) fn start(app: &Ctx, url: &str, notes: Notes) -> Result<(), RedisError> {
    let client = Client::open(url)?;
    let channel = format!("{}:nodes", app.config.redis_prefix);
    tokio::spawn(send(Arc::downgrade(app), client.clone(), channel.clone(), notes));
    tokio::spawn(follow_roster(Arc::downgrade(app), app.roster.changes()));
    tokio::spawn(receive(Arc::downgrade(app), client, channel));
    Ok(())
}

/// Own changes of the roster go out as notes.
async fn follow_roster(app: Weak<App>, mut changes: UnboundedReceiver<Change>) {
    while let Some(change) = changes.recv().await {
        let Some(app) = app.upgrade() else { return };
        if change.local {
            app.cluster.note(|| Note::Roster(app.roster.told(&change)));
        }
    }
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    match timeout(PATIENCE, client.get_multiplexed_async_connection()).await {
        Ok(connected) => connected,
        Err(_) => Err(late()),
    }
}

fn late() -> RedisError {
    RedisError::from((redis::ErrorKind::Io, "no answer in time"))
}

async fn in_time<T>(command: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    timeout(PATIENCE, command).await.unwrap_or_else(|_| Err(late()))
}

/// Sends notes in batches, and beats. What cannot be sent is dropped: after a reconnection the roster goes out whole,
/// and logs are found by looking.
async fn send(app: Weak<App>, client: Client, channel: String, mut notes: Notes) {
    let mut connection = None;
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
        let sent = app.send(&client, &mut connection, &channel, beat, &mut batch).await;
        if let Err(error) = sent {
            connection = None;
            if app.cluster.connected.swap(false, Ordering::Relaxed) {
                tracing::warn!(%error, "Redis is away; the logs are looked at instead");
            }
            drop(app);
            sleep(AGAIN).await;
        }
        batch.clear();
    }
}

impl App {
    async fn send(
        &self,
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
            in_time(self.beat(&mut connection)).await?;
        }
        if fresh {
            batch.push(Note::Hello);
            if !self.cluster.connected.swap(true, Ordering::Relaxed) {
                tracing::info!(node = self.cluster.node, "in touch with other nodes through Redis");
            }
        }
        let notes = together(std::mem::take(batch));
        if !notes.is_empty() {
            let message =
                serde_json::to_string(&Batch { from: self.cluster.node, notes }).unwrap_or_default();
            let _: i64 = in_time(connection.publish(channel, message)).await?;
        }
        *known = Some(connection);
        Ok(())
    }

    /// Says that this node lives and who is on it; forgets nodes that do not live.
    async fn beat(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        let own = serde_json::to_string(&self.roster.own()).unwrap_or_default();
        let _: () = connection.set_ex(self.key(self.cluster.node), own, LIFE_SECONDS).await?;
        for node in self.roster.nodes() {
            if !connection.exists::<_, bool>(self.key(node)).await? {
                tracing::warn!(node, "a node is gone");
                self.roster.hear_all(node, Vec::new());
            }
        }
        Ok(())
    }

    fn key(&self, node: NodeId) -> String {
        format!("{}:node:{node}", self.config.redis_prefix)
    }

    /// Reads the roster of one node, or of all others.
    async fn read_rosters(&self, client: &Client, only: Option<NodeId>) -> Result<(), RedisError> {
        let mut connection = connect(client).await?;
        let nodes = match only {
            Some(node) => vec![node],
            None => self.other_nodes(&mut connection).await?,
        };
        for node in nodes {
            let own: Option<String> = in_time(connection.get(self.key(node))).await?;
            let all = own.and_then(|own| serde_json::from_str(&own).ok()).unwrap_or_default();
            self.roster.hear_all(node, all);
        }
        Ok(())
    }

    async fn other_nodes(&self, connection: &mut MultiplexedConnection) -> Result<Vec<NodeId>, RedisError> {
        let pattern = format!("{}:node:*", self.config.redis_prefix);
        let mut found = Vec::new();
        let mut keys = in_time(connection.scan_match::<_, String>(pattern)).await?;
        while let Some(key) = keys.next().await {
            let node = key?.rsplit(':').next().and_then(|node| node.parse::<NodeId>().ok());
            found.extend(node.filter(|node| *node != self.cluster.node));
        }
        Ok(found)
    }

    async fn hear(&self, client: &Client, batch: Batch) {
        for note in batch.notes {
            match note {
                Note::Reached { tenant, seq, stale } => {
                    if stale {
                        self.caches.forget_tenant(tenant);
                    }
                    self.hub.reached(tenant, seq);
                }
                Note::Tell(passing) => self.hub.tell(passing.event()),
                Note::Roster(told) => self.roster.hear(batch.from, told),
                Note::Hello | Note::Here => {
                    if matches!(note, Note::Hello) {
                        self.cluster.note(|| Note::Here);
                    }
                    if let Err(error) = self.read_rosters(client, Some(batch.from)).await {
                        tracing::warn!(%error, "another node's roster could not be read");
                    }
                }
            }
        }
    }
}

/// Of several hints about one tenant the last one says it all.
fn together(notes: Vec<Note>) -> Vec<Note> {
    let mut reached: BTreeMap<TenantId, (i64, bool)> = BTreeMap::new();
    let mut others = Vec::with_capacity(notes.len());
    for note in notes {
        match note {
            Note::Reached { tenant, seq, stale } => {
                let known = reached.entry(tenant).or_default();
                *known = (known.0.max(seq), known.1 || stale);
            }
            other => others.push(other),
        }
    }
    let hints = reached.into_iter().map(|(tenant, (seq, stale))| Note::Reached { tenant, seq, stale });
    hints.chain(others).collect()
}

/// Hears what other nodes say, for ever.
async fn receive(app: Weak<App>, client: Client, channel: String) {
    while app.strong_count() > 0 {
        if let Err(error) = listen(&app, &client, &channel).await {
            tracing::debug!(%error, "other nodes cannot be heard");
        }
        sleep(AGAIN).await;
    }
}

async fn listen(app: &Weak<App>, client: &Client, channel: &str) -> Result<(), RedisError> {
    let mut ears = in_time(client.get_async_pubsub()).await?;
    in_time(ears.subscribe(channel)).await?;
    // First the ears, then the state: what changes between is heard.
    let mut known = BTreeSet::new();
    if let Some(app) = app.upgrade() {
        app.read_rosters(client, None).await?;
        known.extend(app.roster.nodes());
    }
    tracing::debug!(nodes = known.len(), "hearing other nodes");
    let mut messages = ears.on_message();
    loop {
        // A silent connection may be a dead one: beats come through the other connection only.
        let Ok(message) = timeout(Duration::from_secs(60), messages.next()).await else { return Ok(()) };
        let Some(message) = message else { return Ok(()) };
        let Some(app) = app.upgrade() else { return Ok(()) };
        let text: String = message.get_payload()?;
        match serde_json::from_str::<Batch>(&text) {
            Ok(batch) if batch.from == app.cluster.node => {}
            Ok(batch) => app.hear(client, batch).await,
            Err(error) => tracing::warn!(%error, "a note of another node could not be read"),
        }
    }
}
