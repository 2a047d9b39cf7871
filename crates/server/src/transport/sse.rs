//! Owns: `GET /events/stream`: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use parlor_realtime::EncodedEvent;
use parlor_realtime::protocol::sse;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};
use utoipa::IntoParams;

use super::dialect::Dialect;
use super::subscriber::{Opened, Stage, advance, begin_anew, open, time_left};
use crate::app::Ctx;
use crate::metrics::Protocol;
use crate::request::caller::{Caller, StreamCaller};
use crate::request::extract::Query;
use crate::request::problem::Problem;

const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// From where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The cursor, where no `Last-Event-ID` is sent.
    cursor: Option<String>,
}

/// Events as they happen (`text/event-stream`)
#[utoipa::path(get, path = "/events/stream", tag = "events", operation_id = "stream_events", params(StreamQuery),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn stream(
    State(app): State<Ctx>,
    StreamCaller(caller): StreamCaller,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, Problem> {
    answer_in(app, caller, &headers, query, Dialect::Native).await
}

/// The same in the words of a dialect.
pub(crate) async fn answer_in(
    app: Ctx,
    caller: Caller,
    headers: &HeaderMap,
    query: StreamQuery,
    dialect: Dialect,
) -> Result<Response, Problem> {
    // After a reconnection the browser's header is newer than the address it was opened with.
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let opened = open(&app, &caller, header.or(query.cursor.as_deref()), Protocol::Sse).await?;
    let first = Bytes::from(sse::ready(opened.at, &opened.tail, opened.reset));
    let end =
        time_left(&app, &caller).map(|left| Instant::now() + left.min(Duration::from_secs(86_400 * 365)));
    let state = Stream { app, caller, opened, dialect, stage: Stage::Reading, end, first: Some(first) };
    let body = Body::from_stream(stream::unfold(state, |mut state| async move {
        let chunk = state.next().await?;
        Some((Ok::<_, Infallible>(chunk), state))
    }));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

struct Stream {
    app: Ctx,
    caller: Caller,
    opened: Opened,
    dialect: Dialect,
    stage: Stage,
    /// When the token ends.
    end: Option<Instant>,
    first: Option<Bytes>,
}

impl Stream {
    /// The next bytes; `None` ends the stream, and the browser comes back with its cursor.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        while self.stage == Stage::Reading {
            let (events, stage) = advance(&self.app, &self.caller, &mut self.opened).await.ok()?;
            self.stage = stage;
            if !events.is_empty() {
                return Some(self.lines(events.into_iter().map(EncodedEvent::new)));
            }
            if stage == Stage::Reset && !self.opened.reset {
                // As for a cursor that does not serve: ending the stream would bring the client back with the same one.
                self.opened = begin_anew(&self.app, &self.caller, &self.opened).await.ok()?;
                self.stage = Stage::Reading;
                return Some(Bytes::from(sse::ready(self.opened.at, &self.opened.tail, true)));
            }
        }
        if self.stage != Stage::Live {
            return None;
        }
        self.wait().await
    }

    async fn wait(&mut self) -> Option<Bytes> {
        let alive = Instant::now() + KEEP_ALIVE;
        let until = self.end.map_or(alive, |end| end.min(alive));
        tokio::select! {
            happened = self.opened.session.next() => {
                let published = happened.inspect_err(|why| self.opened.ended(&self.app, *why)).ok()?;
                self.opened.delivered(&self.app, &published);
                Some(self.lines(published.iter().map(AsRef::<EncodedEvent>::as_ref)))
            }
            () = sleep_until(until) => {
                let ended = self.end.is_some_and(|end| end <= Instant::now());
                let position = self.opened.session.position();
                (!ended).then(|| Bytes::from(sse::keep_alive(position, &self.opened.tail)))
            }
        }
    }

    fn lines<P: std::borrow::Borrow<EncodedEvent>>(&self, events: impl Iterator<Item = P>) -> Bytes {
        let mut chunk = Vec::new();
        for published in events {
            let published = published.borrow();
            let lines = self.dialect.lines(published);
            if lines.is_empty() {
                continue;
            }
            if !published.event.is_ephemeral() {
                sse::id(&mut chunk, published.seq(), &self.opened.tail);
            }
            chunk.extend_from_slice(lines);
        }
        Bytes::from(chunk)
    }
}
