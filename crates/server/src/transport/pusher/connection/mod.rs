//! Owns: `GET /app/{key}`: one connection, from the handshake to its end. What is said on it is in the files beside.

pub(crate) mod client_events;
mod parlor_channels;
mod sign_in;
pub(crate) mod subscribe;
pub(crate) mod types;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use parlor_chat::publications::Publication;
use parlor_chat::{Error, events};
use parlor_realtime::protocol::pusher::{self, CloseReason, Incoming};
use parlor_realtime::{Close, EncodedEvent, Joined, Reach};
use tokio::time::{Instant, sleep_until, timeout};

use crate::app::{App, Ctx};
use crate::auth::pusher_apps::{Application, By};
use crate::clock::random_seed;
use crate::connections::{Connected, Visitor};
use crate::http::assets;
use crate::metrics::{Counted, Protocol};
use crate::request::caller::ClientIp;
use crate::request::problem::Problem;
use crate::transport::pusher::connection::types::Step;
use crate::transport::pusher::connection::types::{Allowance, Person};
use crate::transport::pusher::subscriptions::Subscriptions;
use crate::transport::pusher::webhooks::WebhookOutbox;
use crate::transport::websocket::{self, Socket, Upgrade};

const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Channels that a connection may join in a second, once it has joined as many as it may be on.
const JOINS_A_SECOND: u32 = 10;
/// So many joins at once are no flood, however few channels a connection may be on.
const LEAST_JOINS: usize = 100;
/// Timers hold some two years at most.
const LONGEST: Duration = Duration::from_secs(86_400 * 365);

/// A WebSocket of the Pusher protocol. Refusals come after the handshake: that is where its clients look for them.
/// The web app lives under the same path: whoever asks for no WebSocket means one of its pages or files.
pub(super) async fn connect(
    State(app): State<Ctx>,
    State(webhooks): State<Arc<WebhookOutbox>>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    upgrade: Result<Upgrade, Problem>,
    ClientIp(ip): ClientIp,
    request: Request,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        // Who asks for a WebSocket and cannot have it is told so.
        Err(problem) if websocket::is_asked_for(request.headers()) => return problem.into_response(),
        Err(_) => return assets::serve(request).await,
    };
    let admitted = admit(&app, key, query.as_deref().unwrap_or_default(), ip).await;
    let limit = app.config.pusher.frame_limit;
    upgrade.accepting(limit).then(move |mut socket| async move {
        match admitted {
            Ok(admitted) => {
                Box::pin(Connection::new(app, webhooks, admitted, socket).run()).await;
            }
            Err(why) => farewell(&mut socket, why).await,
        }
    })
}

/// What a connection begins with.
struct Admitted {
    application: Arc<Application>,
    joined: Joined,
    connected: Arc<Connected>,
}

async fn admit(app: &Ctx, key: String, query: &str, ip: Option<IpAddr>) -> Result<Admitted, CloseReason> {
    let version = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "protocol");
    let version = version.ok_or(pusher::NO_VERSION)?.1;
    let version: u32 = version.parse().map_err(|_| pusher::BAD_VERSION)?;
    if !pusher::VERSIONS.contains(&version) {
        return Err(pusher::OTHER_VERSION);
    }
    let failed = |error: Error| {
        tracing::warn!(%error, "a connection could not be admitted");
        pusher::COME_BACK
    };
    let application =
        app.caches.pusher_apps.find(&app.db, By::Key(key)).await.map_err(failed)?.ok_or(pusher::NO_APP)?;
    if !application.options().enabled {
        return Err(pusher::DISABLED);
    }
    let stranger = Visitor::Stranger(Some(application.tenant.id));
    let connected = app.connections.enter(ip, stranger).map_err(|_| pusher::FULL)?;
    let joined = join(app, &application).await.map_err(failed)?;
    Ok(Admitted { application, joined, connected })
}

/// A place in the hub that listens to nothing yet.
async fn join(app: &App, application: &Application) -> Result<Joined, Error> {
    let (tenant, mailbox) = (application.tenant.id, app.hub.last_mailbox());
    let mut reach = Reach { lives_by: vec![application.app.tag()], ..Reach::default() };
    let mut ticket = app.hub.ticket(tenant);
    loop {
        let at = app.db.read_plain(move |tx| events::position(tx, tenant)).await?.seq;
        match ticket.join(reach, at, mailbox.clone()) {
            Ok(joined) => return Ok(joined),
            Err(back) => (ticket, reach) = *back,
        }
    }
}

/// The last words, for old clients also as an event.
async fn farewell(socket: &mut Socket, why: CloseReason) {
    let (code, reason) = why;
    let goodbye = async {
        if why != pusher::RESTART {
            socket.feed(pusher::error(code, reason).into()).await?;
        }
        socket.close(Some((code, reason))).await
    };
    let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
}

/// Two numbers that no other connection has.
fn new_socket_id() -> String {
    let seed = random_seed();
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{}.{}", number(&seed[..5]), number(&seed[5..10]))
}

/// One connection.
pub(super) struct Connection {
    pub app: Ctx,
    pub webhooks: Arc<WebhookOutbox>,
    pub application: Arc<Application>,
    socket: Socket,
    pub joined: Joined,
    pub subscriptions: Subscriptions,
    /// The person whose events it gets, once it is on one of Parlor's channels.
    pub person: Option<Person>,
    pub allowance: Allowance,
    /// Channels that it may join now: all that it may be on, and then some a second.
    pub joins: Allowance,
    /// When the token behind the person's subscriptions ends.
    pub ends: Option<Instant>,
    /// When it must have signed in or joined a private channel.
    authorize_by: Option<Instant>,
    pub connected: Arc<Connected>,
    heard: Instant,
    asked: bool,
    _counted: Counted,
}

impl Connection {
    fn new(
        app: Ctx,
        webhooks: Arc<WebhookOutbox>,
        Admitted { application, joined, connected }: Admitted,
        socket: Socket,
    ) -> Self {
        let now = Instant::now();
        let subscriptions = Subscriptions::new(app.clone(), application.tenant.id, new_socket_id());
        let within = u64::from(application.options().authorize_within);
        let authorize_by = (within > 0).then(|| now + Duration::from_secs(within));
        let counted = app.metrics.connection(Protocol::Pusher);
        let allowance = Allowance::new(app.config.pusher.client_events, app.config.pusher.client_events);
        let joins = Allowance::new(
            JOINS_A_SECOND,
            u32::try_from(app.config.pusher.channels.max(LEAST_JOINS)).unwrap_or(u32::MAX),
        );
        Self {
            app,
            webhooks,
            application,
            socket,
            joined,
            subscriptions,
            person: None,
            allowance,
            joins,
            ends: None,
            authorize_by,
            connected,
            heard: now,
            asked: false,
            _counted: counted,
        }
    }

    async fn run(mut self) {
        let most = self.application.options().max_connections;
        let end = match most > 0 && !self.subscriptions.count(most) {
            true => Some(pusher::OVER_QUOTA),
            false => self.live().await.err().flatten(),
        };
        // The subscriptions are free from here on, not only once the other side has heard it.
        let Self { mut socket, joined, subscriptions, person, connected, .. } = self;
        drop((joined, subscriptions, person, connected));
        if let Some(why) = end {
            farewell(&mut socket, why).await;
        }
    }

    async fn live(&mut self) -> Step {
        self.say(pusher::established(&self.subscriptions.socket_id, self.app.config.pusher.activity_timeout))
            .await?;
        let mailbox = self.joined.mailbox.clone();
        loop {
            let (next_turn, write_timeout) = (self.next_turn(), self.write_timeout());
            tokio::select! {
                () = mailbox.ready() => {
                    timeout(write_timeout, self.forward()).await.map_err(|_| None)??;
                }
                frame = self.socket.next() => {
                    (self.heard, self.asked) = (Instant::now(), false);
                    self.receive(frame).await?;
                }
                () = sleep_until(next_turn) => self.turn().await?,
            }
        }
    }

    /// How long the client may take to receive what is written to it.
    fn write_timeout(&self) -> Duration {
        Duration::from_secs(self.app.config.client_write_timeout)
    }

    /// When silence, the token or the time to sign in is over.
    fn next_turn(&self) -> Instant {
        let config = &self.app.config.pusher;
        let silence = config.activity_timeout + if self.asked { config.pong_timeout } else { 0 };
        let silent = self.heard + Duration::from_secs(silence);
        [self.ends, self.authorize_by].into_iter().flatten().fold(silent, Instant::min)
    }

    async fn turn(&mut self) -> Step {
        let now = Instant::now();
        let over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if over(self.ends) || over(self.authorize_by) {
            return Err(Some(pusher::UNAUTHORIZED));
        }
        if self.asked {
            return Err(Some(pusher::SILENT));
        }
        self.asked = true;
        self.say(pusher::PING).await
    }

    /// The connection showed that it may be here.
    pub fn authorized(&mut self) {
        self.authorize_by = None;
    }

    /// The person's token serves so many microseconds longer, at least.
    pub fn lives_on(&mut self, micros: i64) {
        let end = Instant::now() + Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(LONGEST);
        self.ends = Some(self.ends.map_or(end, |known| known.max(end)));
    }

    async fn receive(&mut self, frame: Option<websocket::Incoming>) -> Step {
        let text = match frame {
            None => return Err(None),
            Some(websocket::Incoming::Control) => return Ok(()),
            Some(websocket::Incoming::Binary(_)) => return Err(Some(pusher::MALFORMED)),
            Some(websocket::Incoming::Text(text)) => text,
        };
        match pusher::incoming(&text) {
            Incoming::Ping => self.say(pusher::PONG).await,
            Incoming::Pong | Incoming::Unknown => Ok(()),
            Incoming::Subscribe(wanted) => self.subscribe(wanted).await,
            Incoming::Unsubscribe(channel) => {
                self.unsubscribe(&channel);
                Ok(())
            }
            Incoming::SignIn(user) => self.sign_in(user).await,
            Incoming::Client { event, channel, data } => self.tell_others(&event, &channel, data).await,
            Incoming::Malformed => Err(Some(pusher::MALFORMED)),
        }
    }

    /// Everything that waits leaves in one write.
    async fn forward(&mut self) -> Step {
        let Some(taken) = self.joined.mailbox.take() else { return Ok(()) };
        let events = taken.map_err(|why| {
            if why == Close::Resync {
                self.app.metrics.resync(Protocol::Pusher);
            }
            Some(pusher::close(why))
        })?;
        for published in &events {
            match published.event.publication.as_deref() {
                Some(Publication::Channels { .. }) => self.forward_publication(published).await?,
                Some(Publication::Topics { .. }) => {}
                None => self.forward_own(published).await?,
            }
        }
        self.socket.flush().await.map_err(|_| None)?;
        if let Some(first) = events.front() {
            let now = self.app.clock.now();
            self.app.metrics.delivered(Protocol::Pusher, events.len(), first.event.at, now);
        }
        Ok(())
    }

    async fn forward_publication(&mut self, published: &EncodedEvent) -> Step {
        let Some(Publication::Channels { channels, name, except, user_id, .. }) =
            published.event.publication.as_deref()
        else {
            return Ok(());
        };
        if except.as_deref() == Some(&self.subscriptions.socket_id) {
            return Ok(());
        }
        let presence = [pusher::MEMBER_ADDED, pusher::MEMBER_REMOVED].contains(&name.as_str());
        for (at, channel) in channels.iter().enumerate() {
            if channel.starts_with(pusher::TERMINATED) {
                return Err(Some(pusher::UNAUTHORIZED));
            }
            if !channel.starts_with(pusher::WATCHED) {
                let Some(subscription) = self.subscriptions.get(channel) else { continue };
                // Nobody hears of their own coming and going.
                let oneself = presence && subscription.member.as_deref() == user_id.as_deref();
                let of_people = presence || name.starts_with("client-");
                let hidden = of_people && subscription.own.is_some() && self.is_contact();
                if oneself || hidden || !self.still_reads(channel).await? {
                    continue;
                }
            }
            self.feed(published.pusher().nth(at, channel)).await?;
        }
        Ok(())
    }

    /// Contacts hear on Parlor's channels what happens in the conversation, and neither who of the staff looks on nor what
    /// they whisper, which may be about a private note.
    fn is_contact(&self) -> bool {
        self.person.as_ref().is_some_and(|person| !person.actor.is_staff())
    }

    /// Puts a frame into the next write.
    pub async fn feed(&mut self, frame: Bytes) -> Step {
        self.socket.feed(frame).await.map_err(|_| None)
    }

    /// Writes a frame.
    pub async fn say(&mut self, frame: impl Into<Bytes>) -> Step {
        match timeout(self.write_timeout(), self.socket.say(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }
}
