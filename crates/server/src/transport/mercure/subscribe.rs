//! Owns: `GET /.well-known/mercure`: the stream of one subscriber, from its first byte to its end.
//! Must not know: selectors and rights (`protocol::mercure::Subscriber`).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, PRAGMA};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use parlor_chat::access::{Access, access};
use parlor_chat::credentials::Root;
use parlor_chat::events::{self, Audience, Event, Position};
use parlor_chat::replay::{self, Replay};
use parlor_chat::tenants::{self, Tenant};
use parlor_chat::{Actor, ConversationId, Error, Notify, RoleId, participants, publications, users};
use parlor_realtime::presence::Attending;
use parlor_realtime::protocol::mercure::{Dialect, Subscribe, pairs, wire};
use parlor_realtime::subscribers::mercure::{SubscribedPerson, Subscriber};
use parlor_realtime::{Close, EncodedEvent, Loaded, Session, Start};
use tokio::time::{Instant, sleep_until};

use super::hub::{Asker, Refusal, ask};
use super::subscriptions::Announced;
use crate::app::{App, Ctx};
use crate::auth::mercure_keys::Role;
use crate::auth::{reload_actor, require_root};
use crate::clock::random_seed;
use crate::connections::{Connected, Visitor};
use crate::metrics::{Counted, Protocol};
use crate::request::caller::ClientIp;
use crate::transport::audited::{Audited, audited};

/// Events read from the database at once.
const PAGE: usize = 200;
/// Timers hold some two years at most.
const LONGEST: Duration = Duration::from_secs(86_400 * 365);

pub(super) async fn subscribe(
    State(app): State<Ctx>,
    method: Method,
    uri: Uri,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = pairs(uri.query().unwrap_or_default())?;
    let asker = ask(&app, &headers, &query, Role::Subscriber).await?;
    if asker.bearer.is_none() && !app.config.mercure.anonymous {
        return Err(Refusal::no_token());
    }
    let request = Subscribe::parse(&query)?;
    let mut subscriber = Subscriber::new(request.selectors.clone(), asker.grants().subscribe);
    let person = person(&app, &asker, &mut subscriber).await?;
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let last = header.map(str::to_owned).or(request.last_id.clone());
    let tenant = asker.tenant_id();
    let wanted = last.clone();
    let place = app.db.read_plain(move |tx| Place::find(tx, tenant, wanted.as_deref())).await?;
    let answer = head(&request, last.as_deref().map(|_| place.told()));
    if method == Method::HEAD {
        return Ok(answer.into_response());
    }
    let visitor = match (&person, &asker.bearer) {
        (Some(who), _) => Visitor::Person(tenant, who.actor.id()),
        (None, Some(_)) => Visitor::Bearer(tenant),
        (None, None) => Visitor::Stranger(Some(tenant)),
    };
    let connected = app.connections.enter(ip, visitor)?;
    let announced = Announced::begin(&app, &asker, &request).await;
    let mut stream = Stream::new(&app, asker, subscriber, person, &place);
    stream.connected = Some(connected);
    stream.announced = announced;
    stream.first = Some(match last {
        Some(_) => Bytes::from_static(wire::COMMENT.as_bytes()),
        // A browser that is cut off before its first event comes back to this place.
        None => Bytes::from(wire::advance(place.position.epoch, place.at)),
    });
    let body = Body::from_stream(stream::unfold(stream, |mut stream| async move {
        let chunk = stream.next().await?;
        Some((Ok::<_, Infallible>(chunk), stream))
    }));
    Ok((answer, body).into_response())
}

fn head(request: &Subscribe, last: Option<String>) -> HeaderMap {
    let fixed = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "private, no-cache, no-store, must-revalidate, max-age=0"),
        (PRAGMA, "no-cache"),
        (HeaderName::from_static("expire"), "0"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
        (CONNECTION, "keep-alive"),
    ];
    let mut headers: HeaderMap =
        fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
    let name = match request.dialect {
        Dialect::Classic => HeaderName::from_static("last-event-id"),
        Dialect::V1 => HeaderName::from_static("mercure-last-event-id"),
    };
    if let Some(value) = last.and_then(|last| HeaderValue::from_str(&last).ok()) {
        headers.insert(name, value);
    }
    headers
}

/// The person whose events arrive as well: the one the token names, or the one whose topics a host's token allows.
async fn person(app: &App, asker: &Asker, subscriber: &mut Subscriber) -> Result<Option<Who>, Refusal> {
    if let Some(external) = app.config.mercure.external() {
        if subscriber.asks_for_own() {
            let at = app.config.mercure.public_url().unwrap_or(external);
            return Err(Refusal::not_found(format!("These topics are published at {at}.")));
        }
        *subscriber = std::mem::take(subscriber).without_own();
        return Ok(None);
    }
    let Some(bearer) = &asker.bearer else { return Ok(None) };
    if let Some(actor) = &bearer.person {
        return Ok(Some(Who { actor: actor.clone(), by_rules: true }));
    }
    let people = subscriber.people();
    if people.len() > 1 {
        return Err(Refusal::malformed("One connection serves the inbox of one user only."));
    }
    let Some(id) = people.first().copied() else { return Ok(None) };
    let tenant = asker.tenant.clone();
    match app.db.read_plain(move |tx| users::actor(tx, &tenant, id)).await {
        Ok(actor) => Ok(Some(Who { actor: Arc::new(actor), by_rules: false })),
        // A topic that nobody has yet is still a topic.
        Err(Error::Unauthorized { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[derive(Clone)]
struct Who {
    actor: Arc<Actor>,
    by_rules: bool,
}

/// Where a subscriber begins.
struct Place {
    position: Position,
    at: i64,
    /// What it asked for, when that was found.
    found: Option<String>,
}

impl Place {
    fn find(
        tx: &mut parlor_chat::Tx<'_>,
        tenant: parlor_chat::TenantId,
        id: Option<&str>,
    ) -> Result<Self, Error> {
        let position = events::position(tx, tenant)?;
        let head = Self { position, at: position.seq, found: None };
        let Some(id) = id else { return Ok(head) };
        if id == "earliest" {
            return Ok(Self { at: position.floor, found: Some(id.to_owned()), ..head });
        }
        let at = match publications::seq_of(tx, tenant, id)? {
            Some(seq) => Some(seq),
            None => wire::place(id).filter(|(epoch, _)| *epoch == position.epoch).map(|(_, seq)| seq),
        };
        Ok(match at.filter(|at| (position.floor..=position.seq).contains(at)) {
            Some(at) => Self { at, found: Some(id.to_owned()), ..head },
            None => head,
        })
    }

    /// What the subscriber is told of its beginning: its own id only when nothing is missing after it.
    fn told(&self) -> String {
        match &self.found {
            Some(id) => id.clone(),
            None if self.at == self.position.floor => "earliest".to_owned(),
            None => wire::id(self.position.epoch, self.at),
        }
    }
}

struct Stream {
    app: Ctx,
    tenant: Tenant,
    epoch: i64,
    who: Option<Who>,
    subscriber: Subscriber,
    session: Session,
    live: bool,
    /// What must last: the person's own proof, or the key behind the token.
    root: Option<Root>,
    /// When the token, or the time for one connection, ends.
    end: Option<Instant>,
    /// The last place that the client knows.
    told: i64,
    first: Option<Bytes>,
    announced: Option<Announced>,
    connected: Option<Arc<Connected>>,
    /// The person is there as long as this.
    _attending: Option<Attending>,
    /// The audit log knows of it as long as this.
    _audited: Option<Audited>,
    _counted: Counted,
}

impl Stream {
    fn new(app: &Ctx, asker: Asker, mut subscriber: Subscriber, who: Option<Who>, place: &Place) -> Self {
        let bearer = asker.bearer.as_ref();
        let left = bearer.map(|bearer| {
            let left = bearer.expires.micros() - app.clock.now().micros();
            Duration::from_micros(u64::try_from(left).unwrap_or(0))
        });
        let left = left.into_iter().chain(connection_time(app.config.mercure.write_timeout)).min();
        if let Some(who) = &who {
            let quiet = std::collections::HashMap::new();
            subscriber.become_person(SubscribedPerson {
                person: who.actor.id(),
                by_rules: who.by_rules,
                quiet,
            });
        }
        let now = app.clock.now();
        let attending = who.as_ref().map(|who| app.presence.attend(asker.tenant.id, who.actor.id(), now));
        let audited = who.as_ref().map(|who| audited(app, &who.actor, Protocol::Mercure));
        let root = bearer.map(|bearer| bearer.root);
        let lives_by = bearer.map_or(Vec::new(), |bearer| vec![bearer.tag, bearer.root.tag()]);
        let session = Session::new(&app.hub, asker.tenant.id, place.at, lives_by)
            .listening(subscriber.names(), subscriber.matcher());
        Self {
            app: app.clone(),
            tenant: asker.tenant,
            epoch: place.position.epoch,
            who,
            subscriber,
            session,
            live: false,
            root,
            end: left.map(|left| Instant::now() + left.min(LONGEST)),
            told: place.at,
            first: None,
            announced: None,
            connected: None,
            _attending: attending,
            _audited: audited,
            _counted: app.metrics.connection(Protocol::Mercure),
        }
    }

    /// The next bytes; `None` ends the stream, and the browser comes back with the last id.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        while !self.live {
            if *self.app.stopping.borrow() {
                return None;
            }
            let lines = self.read().await.ok()??;
            if !lines.is_empty() {
                return Some(lines);
            }
        }
        loop {
            let lines = self.wait().await?;
            if !lines.is_empty() {
                return Some(lines);
            }
        }
    }

    /// Sends a page of history on; `None` when the log was cut under it.
    async fn read(&mut self) -> Result<Option<Bytes>, Error> {
        let (who, tenant, after) = (self.who.clone(), self.tenant.clone(), self.session.last());
        let (root, process) = (self.root, self.app.auth.process_keys());
        let read = move |tx: &mut parlor_chat::Tx<'_>| {
            if let Some(root) = &root {
                require_root(tx, tenant.id, root, &process)?;
            }
            Page::read(tx, who.as_ref(), &tenant, after)
        };
        let page = self.app.db.read_plain(read).await?;
        if page.position.epoch != self.epoch {
            return Ok(None);
        }
        if let (Some(mine), Some(who)) = (page.quiet, &self.who) {
            let quiet = mine.into_iter().collect();
            let me = SubscribedPerson { person: who.actor.id(), by_rules: who.by_rules, quiet };
            self.subscriber.become_person(me);
        }
        let seen = page.events.last().map_or(after, |event| event.seq);
        let done = page.events.len() < PAGE;
        let reach = page.person.as_ref().map(|(access, _)| access);
        let lines = self.history(&page.events, reach);
        let replay = Replay::Events { events: Vec::new(), seen, done };
        match self.session.load(Loaded { person: page.person, replay }) {
            Start::More(_) => {}
            Start::Live(_) => self.live = true,
            Start::Reset => return Ok(None),
        }
        Ok(Some(lines))
    }

    fn history(&mut self, events: &[Event], reach: Option<&Access>) -> Bytes {
        let mut lines = Vec::new();
        for event in events {
            let published = EncodedEvent::new(event.clone());
            let arrives = reach.is_some_and(|access| access.admits_on_replay(event));
            if self.subscriber.listens(event) || (arrives && self.subscriber.wants(&published)) {
                lines.extend_from_slice(published.mercure(self.epoch));
                self.told = event.seq;
            }
        }
        Bytes::from(lines)
    }

    /// What happens next; empty when it was nothing for this subscriber.
    async fn wait(&mut self) -> Option<Bytes> {
        let alive = Instant::now() + Duration::from_secs(self.app.config.mercure.heartbeat);
        let until = self.end.map_or(alive, |end| end.min(alive));
        loop {
            tokio::select! {
                happened = self.session.next() => {
                    let lines = self.lines(&happened.inspect_err(|why| self.ended(*why)).ok()?);
                    // The silence goes on for a subscriber that gets nothing of it.
                    if !lines.is_empty() {
                        return Some(lines);
                    }
                }
                () = sleep_until(until) => return self.still_here(),
            }
        }
    }

    fn ended(&self, why: Close) {
        if why == Close::Resync {
            self.app.metrics.resync(Protocol::Mercure);
        }
    }

    fn lines(&mut self, happened: &[Arc<EncodedEvent>]) -> Bytes {
        let (mut wanted, mut first) = (Vec::with_capacity(happened.len()), None);
        for published in happened {
            if let Err(error) = self.subscriber.follow(&published.event) {
                tracing::error!(%error, "what a person wants to be told of may have changed unreadably");
            }
            if self.subscriber.wants(published) {
                wanted.push(published.mercure(self.epoch));
                self.told = self.told.max(published.seq());
                first.get_or_insert(published.event.at);
            }
        }
        if let Some(first) = first {
            let (app, now) = (&self.app, self.app.clock.now());
            app.metrics.delivered(Protocol::Mercure, wanted.len(), first, now);
        }
        if let [one] = wanted.as_slice() {
            return (*one).clone();
        }
        let mut lines = Vec::with_capacity(wanted.iter().map(|lines| lines.len()).sum());
        wanted.iter().for_each(|more| lines.extend_from_slice(more));
        Bytes::from(lines)
    }

    /// A sign of life, with a newer place to come back to when others had events since.
    fn still_here(&mut self) -> Option<Bytes> {
        if self.end.is_some_and(|end| end <= Instant::now()) {
            return None;
        }
        let position = self.session.position();
        if position <= self.told {
            return Some(Bytes::from_static(wire::COMMENT.as_bytes()));
        }
        self.told = position;
        Some(Bytes::from(wire::advance(self.epoch, position)))
    }
}

/// How long one connection lasts: 80 to 100 % of the limit, so that not all come back at once.
fn connection_time(limit: u64) -> Option<Duration> {
    let part = 0.8 + 0.2 * f64::from(random_seed()[0]) / 255.0;
    (limit > 0).then(|| Duration::from_secs(limit).mul_f64(part))
}

/// History, and what decides who gets it, read in one transaction.
struct Page {
    position: Position,
    events: Vec<Event>,
    person: Option<(Access, Vec<RoleId>)>,
    quiet: Option<Vec<(ConversationId, Notify)>>,
}

impl Page {
    fn read(
        tx: &mut parlor_chat::Tx<'_>,
        who: Option<&Who>,
        tenant: &Tenant,
        after: i64,
    ) -> Result<Self, Error> {
        let tenant = tenants::by_id(tx, tenant.id)?.id;
        let position = events::position(tx, tenant)?;
        let (person, quiet) = match who {
            Some(who) => {
                let fresh = reload_actor(tx, &who.actor)?;
                let quiet = participants::quiet(tx, tenant, fresh.id())?;
                (Some((access(tx, &fresh)?, fresh.roles)), Some(quiet))
            }
            None => (None, None),
        };
        let events = replay::since(tx, tenant, after.max(position.floor), PAGE)?;
        for unreadable in events.iter().filter(|event| event.audience == Audience::Unreadable) {
            tracing::error!(error = %unreadable.damaged(), "an event is told to nobody");
        }
        Ok(Self { position, events, person, quiet })
    }
}
