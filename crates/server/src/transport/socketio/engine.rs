//! Owns: Engine.IO 4 over HTTP: handshakes, polls, posts, upgrades, and the table of sessions.
//! Must not know: what messages say, or who sends them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Query, Request};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::StreamExt;
use parlor_realtime::protocol::engineio::{Frame, Malformed, Open, Refusal, VERSION};
use tokio::sync::{mpsc, oneshot};

use super::session::Session;
use crate::clock::random_seed;
use crate::request::problem::Problem;
use crate::transport::socketio::wire::{Handle, Options, Order, Sharing, Transport, Wire};
use crate::transport::websocket::{self, Upgrade};

/// Random bytes in the name of a session: 20 characters.
const SID_BYTES: usize = 15;

type Accept = dyn Fn(&Parts) -> Result<Box<dyn Wire>, Refusal> + Send + Sync;
type Origins = dyn Fn(&str) -> Sharing + Send + Sync;

/// An engine at one address.
pub struct Engine {
    pub(super) options: Options,
    accept: Box<Accept>,
    origins: Box<Origins>,
    sessions: Mutex<HashMap<String, Arc<Handle>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Marks a body on its way as long as it lives.
struct Posting<'a>(&'a Handle);

impl<'a> Posting<'a> {
    fn begin(handle: &'a Handle) -> Option<Self> {
        (!handle.posting.swap(true, Ordering::AcqRel)).then_some(Self(handle))
    }
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.0.posting.store(false, Ordering::Release);
    }
}

/// Tells the session when the client gives its poll up: what was meant for it may be lost.
struct Polling<'a> {
    handle: &'a Handle,
    answered: bool,
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let _ = self.handle.orders.send(Order::Abort);
        }
    }
}

impl Engine {
    /// An engine. `accept` sees the first request of each session and answers what is behind it; `origins` says what
    /// pages of an origin may do.
    pub fn new(
        options: Options,
        accept: impl Fn(&Parts) -> Result<Box<dyn Wire>, Refusal> + Send + Sync + 'static,
        origins: impl Fn(&str) -> Sharing + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (accept, origins) = (Box::new(accept), Box::new(origins));
        Arc::new(Self { options, accept, origins, sessions: Mutex::default() })
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Handle>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers any request at the engine's address.
    pub async fn serve(self: Arc<Self>, request: Request) -> Response {
        let origin = request.headers().get(ORIGIN).cloned();
        let wanted = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let answered = match *request.method() {
            Method::OPTIONS => Ok(plain(StatusCode::NO_CONTENT, "", Bytes::new())),
            _ => self.clone().answer(request).await,
        };
        let mut response = answered.unwrap_or_else(refuse);
        self.share(origin, wanted, &mut response);
        response
    }

    /// `wanted` are the headers that a page asks for: clients may send any of their own.
    fn share(&self, origin: Option<HeaderValue>, wanted: Option<HeaderValue>, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let Some(origin) = origin else { return };
        let sharing = origin.to_str().map_or(Sharing::Nothing, |origin| (self.origins)(origin));
        headers.append(VARY, HeaderValue::from_static("origin"));
        if sharing == Sharing::Nothing {
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.append(VARY, HeaderValue::from_static("access-control-request-headers"));
        let usual = HeaderValue::from_static("authorization, content-type");
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.unwrap_or(usual));
        if sharing == Sharing::Trusted {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    async fn answer(self: Arc<Self>, request: Request) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        let query =
            Query::<HashMap<String, String>>::try_from_uri(&parts.uri).map_err(|_| Refusal::BadRequest)?;
        let polling = match query.get("transport").map(String::as_str) {
            Some("polling") => true,
            Some("websocket") => false,
            _ => return Err(Refusal::UnknownTransport),
        };
        if query.get("EIO").map(String::as_str) != Some(VERSION) {
            return Err(Refusal::UnsupportedVersion);
        }
        if !polling && websocket::is_other_version(&parts.headers) {
            return Ok(Problem::other_version().into_response());
        }
        let handle = match query.get("sid") {
            Some(sid) => Some(self.sessions().get(sid).cloned().ok_or(Refusal::UnknownSession)?),
            None if parts.method != Method::GET => return Err(Refusal::BadMethod),
            None => None,
        };
        match (handle, polling, &parts.method) {
            (None, true, _) => self.open(&parts),
            (None, false, _) => self.open_websocket(&mut parts).await,
            (Some(handle), true, &Method::GET) => poll(&handle).await,
            (Some(handle), true, &Method::POST) => self.post(&handle, &parts, body).await,
            (Some(handle), false, &Method::GET) => self.upgrade(handle, &mut parts).await,
            _ => Err(Refusal::BadRequest),
        }
    }

    /// A session that begins with polling.
    fn open(self: Arc<Self>, parts: &Parts) -> Result<Response, Refusal> {
        let wire = (self.accept)(parts)?;
        let (sid, session) = self.clone().begin(wire, Transport::Polling(None));
        let open = self.first_packet(&sid, &["websocket"]);
        tokio::spawn(session.run());
        Ok(packets(open))
    }

    /// A session that is a WebSocket from the beginning.
    async fn open_websocket(self: Arc<Self>, parts: &mut Parts) -> Result<Response, Refusal> {
        let upgrade = self.websocket(parts).await?;
        let wire = (self.accept)(parts)?;
        Ok(upgrade.then(move |socket| async move {
            let (sid, mut session) = self.clone().begin(wire, Transport::WebSocket(Box::new(socket)));
            session.send(Frame::text(self.first_packet(&sid, &[])));
            session.run().await;
        }))
    }

    fn first_packet(&self, sid: &str, upgrades: &[&str]) -> String {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let open = Open {
            sid,
            upgrades,
            ping_interval: milliseconds(self.options.ping_interval),
            ping_timeout: milliseconds(self.options.ping_timeout),
            max_payload: self.options.max_payload,
        };
        open.packet()
    }

    fn begin(self: Arc<Self>, wire: Box<dyn Wire>, transport: Transport) -> (String, Session) {
        let sid = new_sid();
        let (orders, to_do) = mpsc::unbounded_channel();
        let on_websocket = AtomicBool::new(matches!(transport, Transport::WebSocket(_)));
        let handle = Arc::new(Handle { orders, posting: AtomicBool::new(false), on_websocket });
        self.sessions().insert(sid.clone(), handle.clone());
        let (options, name) = (self.options, sid.clone());
        let forget = Box::new(move || self.forget(&name));
        (sid, Session::new(options, forget, handle, wire, transport, to_do))
    }

    pub(super) fn forget(&self, sid: &str) {
        self.sessions().remove(sid);
    }

    async fn websocket(&self, parts: &mut Parts) -> Result<Upgrade, Refusal> {
        let upgrade = Upgrade::from_request_parts(parts, &()).await.map_err(|_| Refusal::BadRequest)?;
        Ok(upgrade.accepting(self.options.max_payload))
    }

    /// A session that polls tries a WebSocket out.
    async fn upgrade(&self, handle: Arc<Handle>, parts: &mut Parts) -> Result<Response, Refusal> {
        let upgrade = self.websocket(parts).await?;
        Ok(upgrade.then(move |mut socket| async move {
            if handle.on_websocket.load(Ordering::Acquire) {
                // Clients look for a connection that is closed, not for a refusal.
                let _ = socket.close(None).await;
                return;
            }
            let _ = handle.orders.send(Order::Upgrade(Box::new(socket)));
        }))
    }

    async fn post(&self, handle: &Handle, parts: &Parts, body: Body) -> Result<Response, Refusal> {
        if handle.on_websocket.load(Ordering::Acquire) {
            return Err(Refusal::BadRequest);
        }
        let Some(_posting) = Posting::begin(handle) else { return broken(handle) };
        let body = match read(parts, body, self.options.max_payload).await {
            Some(Ok(body)) => body,
            Some(Err(Malformed)) => return broken(handle),
            None => {
                return Ok(plain(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "application/json",
                    Bytes::from_static(b"{}"),
                ));
            }
        };
        let (reply, answer) = oneshot::channel();
        let _ = handle.orders.send(Order::Post(body, reply));
        answer.await.unwrap_or(Err(Refusal::UnknownSession))?;
        Ok(plain(StatusCode::OK, "text/html", Bytes::from_static(b"ok")))
    }
}

/// Ends a session whose client breaks the rules.
fn broken(handle: &Handle) -> Result<Response, Refusal> {
    let _ = handle.orders.send(Order::Abort);
    Err(Refusal::BadRequest)
}

async fn poll(handle: &Handle) -> Result<Response, Refusal> {
    if handle.on_websocket.load(Ordering::Acquire) {
        return Err(Refusal::BadRequest);
    }
    let (reply, answer) = oneshot::channel();
    let _ = handle.orders.send(Order::Poll(reply));
    let mut polling = Polling { handle, answered: false };
    let answered = answer.await;
    polling.answered = true;
    answered.unwrap_or(Err(Refusal::UnknownSession)).map(packets)
}

/// The body as text; `None` when it is too large.
async fn read(parts: &Parts, body: Body, most: usize) -> Option<Result<String, Malformed>> {
    let announced =
        parts.headers.get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return None;
    }
    let mut text = Vec::with_capacity(announced.unwrap_or(0));
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return Some(Err(Malformed)) };
        if text.len() + chunk.len() > most {
            return None;
        }
        text.extend_from_slice(&chunk);
    }
    Some(String::from_utf8(text).map_err(|_| Malformed))
}

/// A name that nobody can guess.
#[must_use]
pub fn new_sid() -> String {
    let seed = random_seed();
    URL_SAFE_NO_PAD.encode(seed.get(..SID_BYTES).unwrap_or(&seed))
}

fn packets(payload: impl Into<Bytes>) -> Response {
    plain(StatusCode::OK, "text/plain; charset=UTF-8", payload.into())
}

fn refuse(why: Refusal) -> Response {
    let (status, body) = why.answer();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    plain(status, "application/json", Bytes::from_static(body.as_bytes()))
}

fn plain(status: StatusCode, kind: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if !kind.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}
