//! Owns: a subscriber of the event stream from its cursor until it is live: what it missed is read from the database, and
//! who it is now. Must not know: over which transport.

use std::sync::Arc;

use parlor_chat::access::access;
use parlor_chat::credentials::Root;
use parlor_chat::events::{self, Event};
use parlor_chat::replay::{self, Replay};
use parlor_chat::{Actor, Error, Tx, signing};
use parlor_realtime::presence::Attending;
use parlor_realtime::protocol::native::Incoming;
use parlor_realtime::{Close, EncodedEvent, Loaded, Session, Start};

use crate::app::{App, Ctx};
use crate::auth::{reload_actor, require_root};
use crate::budgets::Spending;
use crate::connections::{Connected, Visitor};
use crate::metrics::{Counted, Protocol};
use crate::request::caller::Caller;
use crate::services::presence;
use crate::transport::audited::{Audited, audited};

/// Events read from the database at once.
pub(crate) const PAGE: usize = 200;

/// A subscriber before its first event.
pub(crate) struct Opened {
    pub(crate) session: Session,
    /// The tail of all its cursors.
    pub(crate) tail: String,
    pub(crate) epoch: i64,
    /// What the caller's token rests on.
    pub(crate) root: Root,
    /// Where the client stands.
    pub(crate) at: i64,
    /// The client's cursor did not serve.
    pub(crate) reset: bool,
    /// The person is there as long as this.
    pub(crate) attending: Attending,
    pub(crate) protocol: Protocol,
    pub(crate) connected: Arc<Connected>,
    pub(crate) _counted: Counted,
    /// The audit log knows of it as long as this; a poll is no connection.
    audited: Option<Audited>,
}

impl Opened {
    /// Takes in what a client says of its user.
    pub(crate) async fn sign(&self, app: &Ctx, caller: &Caller, incoming: Incoming) {
        // Beyond the budget it says nothing: a client that types and looks around as people do never comes there.
        if app.db.spend(caller, Spending::Sign).await.is_err() {
            return;
        }
        let now = app.clock.now();
        match incoming {
            Incoming::Active => self.attending.active(now),
            Incoming::View(conversation) => self.attending.view(conversation, now),
            Incoming::Typing { conversation, typing, is_private_note } => {
                self.attending.active(now);
                if let Err(error) = presence::typing(app, caller, conversation, typing, is_private_note).await
                {
                    tracing::debug!(%error, "a sign of typing leads nowhere");
                }
            }
            Incoming::Ping | Incoming::Pong | Incoming::Unknown | Incoming::Malformed => {}
        }
    }

    /// Counts connections that are told to come back.
    pub(crate) fn ended(&self, app: &App, why: Close) {
        if why == Close::Resync {
            app.metrics.resync(self.protocol);
        }
    }

    /// Counts what was written.
    pub(crate) fn delivered(&self, app: &App, events: &[Arc<EncodedEvent>]) {
        if let Some(first) = events.first() {
            app.metrics.delivered(self.protocol, events.len(), first.event.at, app.clock.now());
        }
    }
}

/// Where a client's cursor leads: its own position, or the head of the log when it gave none or a useless one.
pub(crate) async fn open(
    app: &Ctx,
    caller: &Caller,
    given: Option<&str>,
    protocol: Protocol,
) -> Result<Opened, Error> {
    let tenant = caller.tenant;
    let connected = enter(app, caller)?;
    if protocol != Protocol::LongPoll {
        app.db.spend(caller, Spending::Sign).await?;
    }
    let position = app.db.read_plain(move |tx| events::position(tx, tenant)).await?;
    let given = given.filter(|text| !text.is_empty());
    let parsed = given.and_then(|text| signing::parse(text, tenant, caller.id(), &app.cursor_key));
    let serves =
        |(seq, epoch): &(i64, i64)| *epoch == position.epoch && (position.floor..=position.seq).contains(seq);
    let kept = parsed.filter(serves).map(|(seq, _)| seq);
    let at = kept.unwrap_or(position.seq);
    let opened = open_at(app, caller, position.epoch, at, protocol, connected);
    Ok(Opened { reset: given.is_some() && kept.is_none(), ..opened })
}

/// The same subscriber at the head of the log: what it missed cannot be told, so it begins anew from a snapshot.
pub(crate) async fn begin_anew(app: &Ctx, caller: &Caller, opened: &Opened) -> Result<Opened, Error> {
    let tenant = caller.tenant;
    let position = app.db.read_plain(move |tx| events::position(tx, tenant)).await?;
    app.metrics.resync(opened.protocol);
    let (protocol, audited) = (opened.protocol, opened.audited.clone());
    let anew = stand_at(app, caller, position.epoch, position.seq, protocol, opened.connected.clone());
    Ok(Opened { reset: true, audited, ..anew })
}

/// Counts one more connection of the caller.
fn enter(app: &App, caller: &Caller) -> Result<Arc<Connected>, Error> {
    let ip = caller.ip.as_deref().and_then(|ip| ip.parse().ok());
    app.connections.enter(ip, Visitor::Person(caller.tenant, caller.id()))
}

/// A subscriber that stands at a position of the log.
pub(crate) fn open_at(
    app: &Ctx,
    caller: &Caller,
    epoch: i64,
    at: i64,
    protocol: Protocol,
    connected: Arc<Connected>,
) -> Opened {
    let stays = protocol != Protocol::LongPoll;
    let audited = stays.then(|| audited(app, &caller.actor, protocol));
    Opened { audited, ..stand_at(app, caller, epoch, at, protocol, connected) }
}

fn stand_at(
    app: &Ctx,
    caller: &Caller,
    epoch: i64,
    at: i64,
    protocol: Protocol,
    connected: Arc<Connected>,
) -> Opened {
    Opened {
        session: Session::new(&app.hub, caller.tenant, at, caller.lives_by()),
        root: caller.root,
        tail: app.cursor_tail(caller, epoch),
        epoch,
        at,
        reset: false,
        attending: app.presence.attend(caller.tenant, caller.id(), app.clock.now()),
        protocol,
        connected,
        _counted: app.metrics.connection(protocol),
        audited: None,
    }
}

/// Reads the next page of history and who the subscriber is now, in one transaction.
pub(crate) async fn load(
    app: &App,
    actor: &Arc<Actor>,
    root: Root,
    epoch: i64,
    after: i64,
) -> Result<Loaded, Error> {
    let (who, process) = (actor.clone(), app.auth.process_keys());
    app.db
        .read_plain(move |tx: &mut Tx<'_>| {
            require_root(tx, who.tenant, &root, &process)?;
            let fresh = reload_actor(tx, &who)?;
            let replay = match replay::replay(tx, &fresh, epoch, after, PAGE) {
                // What is missing cannot be told: the client begins anew from a snapshot.
                Err(error @ Error::Damaged(_)) => {
                    tracing::error!(%error, "history cannot be told");
                    Replay::Reset
                }
                replay => replay?,
            };
            Ok(Loaded { person: Some((access(tx, &fresh)?, fresh.roles)), replay })
        })
        .await
}

/// The next step of a session that is not live yet.
pub(crate) async fn advance(
    app: &App,
    actor: &Arc<Actor>,
    opened: &mut Opened,
) -> Result<(Vec<Event>, Stage), Error> {
    let loaded = load(app, actor, opened.root, opened.epoch, opened.session.last()).await?;
    Ok(absorb(app, opened, loaded))
}

/// Takes what was read into the session.
pub(crate) fn absorb(app: &App, opened: &mut Opened, loaded: Loaded) -> (Vec<Event>, Stage) {
    match opened.session.load(loaded) {
        // A long history would outlast the time that a stopping server waits.
        Start::More(events) if *app.stopping.borrow() => (events, Stage::Stopping),
        Start::More(events) => (events, Stage::Reading),
        Start::Live(events) => (events, Stage::Live),
        Start::Reset => (Vec::new(), Stage::Reset),
    }
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// More history is to be read.
    Reading,
    /// What happens arrives by itself.
    Live,
    /// What it missed cannot be told: the log was cut under it, or is damaged there.
    Reset,
    /// The server stops: the client comes back with its cursor.
    Stopping,
}

/// How long the caller's token still serves.
pub(crate) fn time_left(app: &App, caller: &Caller) -> Option<std::time::Duration> {
    let left = caller.expires?.micros() - app.clock.now().micros();
    Some(std::time::Duration::from_micros(u64::try_from(left).unwrap_or(0)))
}

/// Waits for the end of the caller's token; for ever when it has none.
pub(crate) async fn token_ended(left: Option<std::time::Duration>) {
    // Timers hold some two years at most.
    const LONGEST: std::time::Duration = std::time::Duration::from_secs(86_400 * 365);
    match left {
        Some(left) => tokio::time::sleep(left.min(LONGEST)).await,
        None => std::future::pending().await,
    }
}
