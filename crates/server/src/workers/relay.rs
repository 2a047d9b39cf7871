//! Owns: handing Parlor's own updates to the external hub at MERCURE_URL: each tenant's log in order, every event at
//! least once, one node at a time. Must not know: which topics an event goes to (`protocol::mercure::parlor_topics`).

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_chat::events::{self, Audience, Event};
use parlor_chat::replay;
use parlor_chat::tails::Consumer::MercureRelay;
use parlor_chat::tenants::Tenant;
use parlor_chat::{Error, Notify, PersonId, TenantId, Time, Tx, participants, tails};
use parlor_db::Engine;
use parlor_realtime::protocol::mercure::{MAX_TOPICS, parlor_topics, wire};
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::adapters::outbound::{self, Outbound};
use crate::app::{App, Ctx};
use crate::error::StartError;

/// How often the logs are looked at for commits of other nodes.
const LOOK: Duration = Duration::from_millis(500);
/// Events handed on before the place is remembered.
const PAGE: usize = 50;
/// How long a turn lasts, and how much of it must be left to go on without asking again.
const TURN_SECONDS: i64 = 20;
const TURN_LEFT_SECONDS: i64 = 10;
/// The first and the longest pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One post to the hub.
struct Update {
    topics: Vec<String>,
    id: String,
    data: Arc<str>,
}

/// An event and the posts that it is.
struct Handed {
    seq: i64,
    updates: Vec<Update>,
}

/// Where we are with a tenant whose turn is ours.
#[derive(Clone, Copy)]
struct Turn {
    seq: i64,
    until: Time,
}

struct Relay {
    url: String,
    token: String,
    outbound: Outbound,
    node: String,
    turns: HashMap<TenantId, Turn>,
}

/// Why nothing could be handed on.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the hub: {0}")]
    Unreachable(#[from] outbound::Failure),
    #[error("the hub answered {0}")]
    Status(u16),
    #[error(transparent)]
    Chat(#[from] Error),
}

/// Starts handing on, when there is an external hub.
///
/// # Errors
/// When nothing can sign for it.
pub(super) fn start(app: &Ctx) -> Result<(), StartError> {
    let Some(url) = app.config.mercure.external() else { return Ok(()) };
    let needed = || StartError::Environment("MERCURE_URL needs MERCURE_JWT_SECRET".to_owned());
    let token = app.auth.mercure_signed(&json!({"mercure": {"publish": ["*"]}})).ok_or_else(needed)?;
    // The one server of a data folder goes on at once after a crash: the turn is still its own.
    let node = match app.db.engine().engine() {
        Engine::Sqlite => "the only one".to_owned(),
        Engine::Postgres => app.cluster.node.to_string(),
    };
    let relay =
        Relay { url: url.to_owned(), token, outbound: app.outbound.clone(), node, turns: HashMap::new() };
    tokio::spawn(run(Arc::downgrade(app), relay));
    Ok(())
}

async fn run(app: Weak<App>, mut relay: Relay) {
    let mut pause = PAUSE;
    let Some(mut commits) = app.upgrade().map(|app| app.commits.subscribe()) else { return };
    loop {
        let Some(app) = app.upgrade() else { return };
        commits.mark_unchanged();
        let passed = relay.pass(&app).await;
        let stopping = *app.stopping.borrow();
        if stopping {
            relay.release(&app).await;
            return;
        }
        match passed {
            Ok(()) => {
                pause = PAUSE;
                let mut stopping = app.stopping.subscribe();
                tokio::select! {
                    _ = commits.changed() => {}
                    _ = stopping.wait_for(|stopping| *stopping) => {}
                    () = sleep(LOOK) => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, seconds = pause.as_secs(), "posting updates to the external Mercure hub failed; will retry");
                drop(app);
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

impl Relay {
    /// Hands on whatever waits. Damage in one tenant's log holds up nobody else.
    async fn pass(&mut self, app: &App) -> Result<(), Failure> {
        let mut passed = Ok(());
        for tenant in app.db.read_plain(|tx| tails::behind(tx, MercureRelay)).await? {
            loop {
                match self.page(app, &tenant).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(Failure::Chat(error)) => {
                        tracing::error!(%error, tenant = tenant.slug, "updates cannot be handed to the external Mercure hub");
                        passed = Err(Failure::Chat(error));
                        break;
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
        passed
    }

    /// Leaves the turns to others at once.
    async fn release(&self, app: &App) {
        for (tenant, turn) in &self.turns {
            let (tenant, seq, node, now) = (*tenant, turn.seq, self.node.clone(), app.clock.now());
            let released = app
                .db
                .write_plain(0, move |tx| tails::advance(tx, tenant, MercureRelay, &node, seq, now))
                .await;
            if let Err(error) = released {
                tracing::debug!(%error, "another node will wait for our turn to end");
            }
        }
    }

    /// Hands on a page of a tenant's events; false when there is nothing more to do.
    async fn page(&mut self, app: &App, tenant: &Tenant) -> Result<bool, Failure> {
        let Some(turn) = self.turn(app, tenant).await? else { return Ok(false) };
        let (id, after) = (tenant.id, turn.seq);
        let page = app.db.read_plain(move |tx| read(tx, id, after)).await?;
        if page.is_empty() {
            return Ok(false);
        }
        let full = page.len() == PAGE;
        let (done, posted) = self.post(app, tenant, page, after).await;
        let ours = self.moved(app, tenant, done).await?;
        posted?;
        Ok(full && ours)
    }

    /// Remembers how far we are, and keeps the turn; false when another node has it by now.
    async fn moved(&mut self, app: &App, tenant: &Tenant, done: i64) -> Result<bool, Failure> {
        let (id, node) = (tenant.id, self.node.clone());
        let until = app.clock.now().plus_seconds(TURN_SECONDS);
        let ours = app
            .db
            .write_plain(tenant.no, move |tx| tails::advance(tx, id, MercureRelay, &node, done, until))
            .await?;
        match ours {
            true => self.turns.insert(id, Turn { seq: done, until }),
            false => self.turns.remove(&id),
        };
        Ok(ours)
    }

    /// Our turn with a tenant, unless another node has it.
    async fn turn(&mut self, app: &App, tenant: &Tenant) -> Result<Option<Turn>, Failure> {
        let (now, id) = (app.clock.now(), tenant.id);
        let known = self.turns.get(&id).copied();
        if let Some(turn) = known.filter(|turn| now.plus_seconds(TURN_LEFT_SECONDS) < turn.until) {
            return Ok(Some(turn));
        }
        let (node, until) = (self.node.clone(), now.plus_seconds(TURN_SECONDS));
        let seq =
            app.db.write_plain(tenant.no, move |tx| tails::claim(tx, id, MercureRelay, &node, until)).await?;
        let turn = seq.map(|seq| Turn { seq, until });
        match turn {
            Some(turn) => self.turns.insert(id, turn),
            None => self.turns.remove(&id),
        };
        Ok(turn)
    }

    /// Posts one after the other; answers up to where that went well. A slow hub takes longer than a turn: it is renewed
    /// on the way, and whoever has lost it stops.
    async fn post(
        &mut self,
        app: &App,
        tenant: &Tenant,
        page: Vec<Handed>,
        after: i64,
    ) -> (i64, Result<(), Failure>) {
        let mut done = after;
        for event in page {
            for update in &event.updates {
                let ends = self.turns.get(&tenant.id).map(|turn| turn.until);
                let is_short =
                    ends.is_none_or(|until| app.clock.now().plus_seconds(TURN_LEFT_SECONDS) >= until);
                if is_short {
                    match self.moved(app, tenant, done).await {
                        Ok(true) => {}
                        Ok(false) => return (done, Ok(())),
                        Err(failure) => return (done, Err(failure)),
                    }
                }
                if let Err(failure) = self.send(update).await {
                    return (done, Err(failure));
                }
            }
            done = event.seq;
        }
        (done, Ok(()))
    }

    async fn send(&self, update: &Update) -> Result<(), Failure> {
        let fixed = [("private", "on"), ("id", &*update.id), ("data", &*update.data)];
        let topics = update.topics.iter().map(|topic| ("topic", topic.as_str()));
        let form: Vec<_> = topics.chain(fixed).collect();
        let request = self.outbound.configured(Method::POST, &self.url).bearer_auth(&self.token).form(&form);
        let answer = outbound::send(request).await?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            // Trying again would say the same for ever, and hold up everything behind it.
            status @ (400 | 413 | 422) => {
                tracing::error!(status, id = update.id, "the external hub refuses an update");
                Ok(())
            }
            status => Err(Failure::Status(status)),
        }
    }
}

/// A page of events, as they are to be posted.
fn read(tx: &mut Tx<'_>, tenant: TenantId, after: i64) -> Result<Vec<Handed>, Error> {
    let epoch = events::position(tx, tenant)?.epoch;
    let mut page = Vec::new();
    for event in &replay::since(tx, tenant, after, PAGE)? {
        let users = match (&event.audience, event.conversation) {
            (Audience::Conversation { facets, .. }, Some(id)) => {
                participants::audience(tx, tenant, id, facets.kind)?
            }
            _ => Vec::new(),
        };
        page.push(Handed { seq: event.seq, updates: updates(event, &topics(event, &users), epoch) });
    }
    Ok(page)
}

/// Where an event goes. One that cannot be read goes nowhere, and holds up nothing behind it.
fn topics(event: &Event, users: &[(PersonId, Notify)]) -> Vec<String> {
    let topics = match event.audience {
        Audience::Unreadable => Err(event.damaged()),
        _ => parlor_topics::topics(event, users),
    };
    topics.unwrap_or_else(|error| {
        tracing::error!(%error, "an unreadable event is not handed to the external Mercure hub");
        Vec::new()
    })
}

/// An update has a limited number of topics: an event for many is several updates, each with an id of its own.
fn updates(event: &Event, topics: &[String], epoch: i64) -> Vec<Update> {
    let id = wire::id(epoch, event.seq);
    let parts = topics.chunks(MAX_TOPICS).enumerate();
    parts
        .map(|(part, topics)| Update {
            topics: topics.to_vec(),
            id: if part == 0 { id.clone() } else { format!("{id}/{part}") },
            data: event.json.clone(),
        })
        .collect()
}
