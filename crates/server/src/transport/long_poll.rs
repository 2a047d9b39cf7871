//! Owns: `GET /events`: answers what happened, or waits for it.

use std::time::Duration;

use axum::extract::State;
use parlor_chat::event::EventSchema;
use parlor_realtime::{Close, EncodedEvent};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use super::dialect::Dialect;
use super::subscriber::{Opened, Stage, advance, open};
use crate::app::Ctx;
use crate::metrics::Protocol;
use crate::request::caller::{Caller, StreamCaller};
use crate::request::extract::{Json, Query};
use crate::request::problem::Problem;

const LONGEST_WAIT: u64 = 55;

/// From where, and for how long.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PollQuery {
    /// The cursor; without it the answer is the present cursor and no events.
    after: Option<String>,
    /// Seconds to wait for something to happen, at most 55; 0 when absent.
    wait: Option<u64>,
}

/// What happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct Polled {
    /// Events, as in docs/protocols/native.md.
    #[schema(value_type = Vec<EventSchema>)]
    items: Vec<Box<RawValue>>,
    /// To be given as `after` the next time.
    cursor: String,
    /// The cursor did not serve: fetch a snapshot.
    reset: bool,
}

/// Events after a cursor, waiting for them if there are none
#[utoipa::path(get, path = "/events", tag = "events", operation_id = "poll_events", params(PollQuery),
    responses((status = 200, body = Polled)))]
pub(super) async fn poll(
    State(app): State<Ctx>,
    StreamCaller(caller): StreamCaller,
    Query(query): Query<PollQuery>,
) -> Result<Json<Polled>, Problem> {
    answer_in(&app, &caller, query, Dialect::Native).await
}

/// The same in the words of a dialect.
pub(crate) async fn answer_in(
    app: &Ctx,
    caller: &Caller,
    query: PollQuery,
    dialect: Dialect,
) -> Result<Json<Polled>, Problem> {
    let mut opened = open(app, caller, query.after.as_deref(), Protocol::LongPoll).await?;
    if opened.reset || query.after.as_deref().is_none_or(str::is_empty) {
        let reset = opened.reset;
        return answer(&opened, Vec::new(), opened.at, reset);
    }
    let mut stage = Stage::Reading;
    while stage == Stage::Reading {
        let (events, next) = advance(app, caller, &mut opened).await?;
        stage = next;
        if stage == Stage::Reset {
            return answer(&opened, Vec::new(), opened.at, true);
        }
        if !events.is_empty() {
            let last = opened.session.last();
            let events: Vec<_> = events.into_iter().map(EncodedEvent::new).collect();
            return answer(&opened, texts(dialect, events.iter())?, last, false);
        }
    }
    let wait = Duration::from_secs(query.wait.unwrap_or(0).min(LONGEST_WAIT));
    let happened = timeout(wait, opened.session.next()).await;
    if matches!(happened, Ok(Err(Close::Unauthorized))) {
        return Err(Problem::unauthorized("what this token rests on has ended: sign in again"));
    }
    let published: Vec<_> = happened.ok().and_then(Result::ok).unwrap_or_default();
    opened.delivered(app, &published);
    let items = texts(dialect, published.iter().map(AsRef::as_ref))?;
    let at = if published.is_empty() { opened.session.position() } else { opened.session.last() };
    answer(&opened, items, at, false)
}

fn texts<'a>(
    dialect: Dialect,
    events: impl Iterator<Item = &'a EncodedEvent>,
) -> Result<Vec<Box<RawValue>>, Problem> {
    let objects = events.filter_map(|published| dialect.object(published));
    objects.map(|text| RawValue::from_string(text).map_err(Problem::internal)).collect()
}

fn answer(opened: &Opened, items: Vec<Box<RawValue>>, at: i64, reset: bool) -> Result<Json<Polled>, Problem> {
    Ok(Json(Polled { items, cursor: format!("{at}.{}", opened.tail), reset }))
}
