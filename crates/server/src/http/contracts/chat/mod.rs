//! Owns: the paths of the team chat contract (docs/contracts/chat.md): threads, messages, purges, and the event stream
//! in its words. Must not know: rules.

use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use parlor_chat::conversations::{self, ListFilter, NewConversation};
use parlor_chat::messages::{self, Range};
use parlor_chat::page::Page;
use parlor_chat::users::{self, NamedUser};
use parlor_chat::{ConversationId, Kind, purges, read_state};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::http::admin::purges::{LogQuery, PurgeInput, run};
use crate::http::contracts::chat::views::KINDS;
use crate::http::contracts::opens::Opens;
use crate::request::Answer;
use crate::request::bare_list::BareList;
use crate::request::caller::{Caller, StreamCaller};
use crate::request::extract::{Json, Path, Query};
use crate::request::problem::Problem;
use crate::services;
use crate::transport::{Dialect, long_poll, sse};

mod nonce;
mod sending;
mod views;
pub use parlor_realtime::contracts::chat as contract;

pub(crate) fn routes() -> Router<Ctx> {
    // The limit of other bodies is not that of files; both are counted in `sending.rs`.
    let messages = get(history).post(sending::send).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/chat/threads", get(list).post(open))
        .route("/chat/threads/{id}", get(one))
        .route("/chat/threads/{id}/messages", messages)
        .route("/chat/events", get(poll))
        .route("/chat/events/stream", get(stream))
        .route("/chat/ws-nonce", post(nonce::make))
        .route("/ws/chat", get(nonce::connect))
}

/// What administrators do, beside what else stands under `/admin`.
pub(crate) fn admin_routes() -> Router<Ctx> {
    Router::new().route("/admin/chat/purge", post(purge)).route("/admin/chat/purges", get(purge_log))
}

#[derive(Deserialize)]
struct PageQuery {
    after: Option<String>,
    limit: Option<i64>,
    search: Option<String>,
}

/// A new thread.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreadInput {
    /// direct or group.
    #[serde(rename = "type")]
    kind: String,
    user_ids: Vec<NamedUser>,
    subject: Option<String>,
    client_id: Option<String>,
}

/// A part of a thread: message ids, or places (`seq`).
#[derive(Deserialize)]
struct RangeQuery {
    before: Option<String>,
    after: Option<String>,
    limit: Option<i64>,
}

async fn list(
    State(app): State<Ctx>,
    caller: Caller,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<PageQuery>,
) -> Result<BareList<Value>, Problem> {
    let PageQuery { after, limit, search } = query;
    let filter =
        ListFilter { kinds: KINDS.to_vec(), mine: true, after, limit, search, ..ListFilter::default() };
    app.db.spend_search(&caller, filter.search.as_ref()).await?;
    let run = app.db.read(&caller, move |tx, actor| {
        let page = conversations::list(tx, actor, &filter)?;
        let threads = page.items.iter().map(|view| views::thread(tx, actor, view));
        Ok(Page { items: threads.collect::<Result<Vec<_>, _>>()?, next: page.next })
    });
    Ok(BareList::of(run.await?, &asked))
}

async fn one(State(app): State<Ctx>, caller: Caller, Path(id): Path<ConversationId>) -> Answer<Value> {
    let run = app.db.read(&caller, move |tx, actor| {
        let view = views::of_contract(conversations::get(tx, actor, id)?)?;
        views::thread(tx, actor, &view)
    });
    Ok(Json(run.await?))
}

async fn open(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<ThreadInput>,
) -> Result<Response, Problem> {
    let kind = Kind::parse(&input.kind).filter(|kind| KINDS.contains(kind));
    let kind = kind.ok_or_else(|| Problem::invalid("type", "known", "use direct or group"))?;
    let named = input.user_ids;
    let user_ids = app.db.read(&caller, move |tx, actor| users::named(tx, actor, &named, "user_ids")).await?;
    let new = NewConversation {
        user_ids,
        title: input.subject.filter(|_| kind == Kind::Group),
        client_id: input.client_id,
        ..NewConversation::of(kind)
    };
    let (thread, is_new) = services::sending::open(&app, &caller, new, |tx, actor, opened| {
        Ok((views::thread(tx, actor, &opened.conversation)?, opened.is_new))
    })
    .await?;
    let status = if is_new { axum::http::StatusCode::CREATED } else { axum::http::StatusCode::OK };
    Ok((status, axum::Json(thread)).into_response())
}

/// A page of a thread. Opening it reads up to what is shown; looking for older or newer messages reads nothing.
async fn history(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Opens(opens): Opens,
    Query(query): Query<RangeQuery>,
) -> Answer<Value> {
    let run = app.db.write(&caller, move |tx, actor| {
        views::of_contract(conversations::get(tx, actor, id)?)?;
        let range = match (&query.before, &query.after) {
            (Some(before), _) => Range::Before(views::place(tx, actor, before)?),
            (None, Some(after)) => Range::After(views::place(tx, actor, after)?),
            (None, None) => Range::Newest,
        };
        let page = messages::page(tx, actor, id, range, query.limit)?;
        let last = page.items.last().map(|message| message.seq);
        let first = query.before.is_none() && query.after.is_none();
        if let Some(seq) = last.filter(|_| opens && first) {
            read_state::read(tx, actor, id, Some(seq))?;
        }
        Ok(page)
    });
    let page = run.await?;
    let items = page.items.into_iter().map(|message| views::message(&app, &caller, message));
    let items: Vec<_> = items.collect();
    Ok(Json(json!({"items": items, "has_before": page.has_before, "has_after": page.has_after})))
}

async fn poll(
    State(app): State<Ctx>,
    StreamCaller(caller): StreamCaller,
    Query(query): Query<long_poll::PollQuery>,
) -> Result<Json<long_poll::Polled>, Problem> {
    long_poll::answer_in(&app, &caller, query, Dialect::Chat).await
}

async fn stream(
    State(app): State<Ctx>,
    StreamCaller(caller): StreamCaller,
    headers: HeaderMap,
    Query(query): Query<sse::StreamQuery>,
) -> Result<Response, Problem> {
    sse::answer_in(app, caller, &headers, query, Dialect::Chat).await
}

async fn purge(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<PurgeInput>,
) -> Result<Response, Problem> {
    let outcome = run(&app, &caller, input).await?;
    Ok(match outcome.purge {
        Some(purge) => (axum::http::StatusCode::CREATED, axum::Json(views::purge(&purge))).into_response(),
        None => axum::Json(json!({"dry_run": true, "rows": outcome.rows})).into_response(),
    })
}

async fn purge_log(
    State(app): State<Ctx>,
    caller: Caller,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<LogQuery>,
) -> Result<BareList<Value>, Problem> {
    let run = app.db.read(&caller, move |tx, actor| purges::list(tx, actor, query.after, query.limit));
    Ok(BareList::of(run.await?.map(|purge| views::purge(&purge)), &asked))
}
