//! Owns: the paths of the team chat contract (docs/contracts/chat.md): threads, messages, purges, and the event stream
//! in its words. Must not know: rules.

use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use parlor_chat::conversations::{self, ListFilter, NewConversation};
use parlor_chat::messages::{self, Range};
use parlor_chat::page::Page;
use parlor_chat::users::{self, NamedUser};
use parlor_chat::{ConversationId, Kind, purges};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::http::admin::purges::{LogQuery, PurgeInput, run};
use crate::http::contracts::chat::views::KINDS;
use crate::http::contracts::opens::{Opens, mark_read};
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

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    // The limit of other bodies is not that of files; both are counted in `sending.rs`.
    let messages =
        OpenApiRouter::new().routes(routes!(history, sending::send)).layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(one))
        .merge(messages)
        .routes(routes!(poll))
        .routes(routes!(stream))
        .routes(routes!(nonce::make))
        .routes(routes!(nonce::connect))
}

/// What administrators do, beside what else stands under `/admin`.
pub(crate) fn admin_routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(purge)).routes(routes!(purge_log))
}

/// A page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// From the `Link` of the page before.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// Part of a title or of a name.
    search: Option<String>,
}

/// A new thread.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChatThreadInput)]
#[serde(deny_unknown_fields)]
struct ThreadInput {
    /// direct or group.
    #[serde(rename = "type")]
    kind: String,
    /// By Parlor's ids or the host's.
    #[schema(value_type = Vec<String>)]
    user_ids: Vec<NamedUser>,
    subject: Option<String>,
    client_id: Option<String>,
}

/// A part of a thread: message ids, or places (`seq`).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RangeQuery {
    /// Older than this.
    before: Option<String>,
    /// Newer than this.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// My threads, newest activity first
#[utoipa::path(get, path = "/chat/threads", tag = "chat contract", operation_id = "chat_list_threads", params(PageQuery),
    responses((status = 200, body = Vec<views::Thread>, description = "The next page is in the `Link` header")))]
async fn list(
    State(app): State<Ctx>,
    caller: Caller,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<PageQuery>,
) -> Result<BareList<views::Thread>, Problem> {
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

/// One thread
#[utoipa::path(get, path = "/chat/threads/{id}", tag = "chat contract", operation_id = "chat_get_thread",
    params(("id" = ConversationId, Path)), responses((status = 200, body = views::Thread)))]
async fn one(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Answer<views::Thread> {
    let run = app.db.read(&caller, move |tx, actor| {
        let view = views::of_contract(conversations::get(tx, actor, id)?)?;
        views::thread(tx, actor, &view)
    });
    Ok(Json(run.await?))
}

/// Open a thread; a direct one exists once per pair and is answered again
#[utoipa::path(post, path = "/chat/threads", tag = "chat contract", operation_id = "chat_open_thread", request_body = ThreadInput,
    responses((status = 201, body = views::Thread), (status = 200, body = views::Thread, description = "It was there already")))]
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
    let opened = services::sending::open(&app, &caller, new, |tx, actor, opened| {
        Ok((views::thread(tx, actor, &opened.conversation)?, opened.is_new))
    });
    let (thread, is_new) = opened.await.map_err(|refused| refused.in_words_of(&[("title", "subject")]))?;
    let status = if is_new { axum::http::StatusCode::CREATED } else { axum::http::StatusCode::OK };
    Ok((status, axum::Json(thread)).into_response())
}

/// A page of a thread
///
/// Opening it reads up to what is shown; looking for older or newer messages reads nothing.
#[utoipa::path(get, path = "/chat/threads/{id}/messages", tag = "chat contract", operation_id = "chat_list_messages",
    params(("id" = ConversationId, Path), RangeQuery), responses((status = 200, body = views::History)))]
async fn history(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Opens(opens): Opens,
    Query(query): Query<RangeQuery>,
) -> Answer<views::History> {
    let first = query.before.is_none() && query.after.is_none();
    let run = app.db.read(&caller, move |tx, actor| {
        views::of_contract(conversations::get(tx, actor, id)?)?;
        let range = match (&query.before, &query.after) {
            (Some(before), _) => Range::Before(messages::place(tx, actor, "before", before)?),
            (None, Some(after)) => Range::After(messages::place(tx, actor, "after", after)?),
            (None, None) => Range::Newest,
        };
        messages::page(tx, actor, id, range, query.limit)
    });
    let page = run.await?;
    if let Some(seq) = page.items.last().map(|message| message.seq).filter(|_| opens && first) {
        mark_read(&app, &caller, id, seq).await?;
    }
    let items = page.items.into_iter().map(|message| views::message(&app, &caller, message)).collect();
    Ok(Json(views::History { items, has_before: page.has_before, has_after: page.has_after }))
}

/// What has happened since a cursor
#[utoipa::path(get, path = "/chat/events", tag = "chat contract", operation_id = "chat_poll_events", params(long_poll::PollQuery),
    responses((status = 200, body = views::PolledEvents)))]
async fn poll(
    State(app): State<Ctx>,
    StreamCaller(caller): StreamCaller,
    Query(query): Query<long_poll::PollQuery>,
) -> Result<Json<long_poll::Polled>, Problem> {
    long_poll::answer_in(&app, &caller, query, Dialect::Chat).await
}

/// Events as they happen (`text/event-stream`)
#[utoipa::path(get, path = "/chat/events/stream", tag = "chat contract", operation_id = "chat_stream_events", params(sse::StreamQuery),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn stream(
    State(app): State<Ctx>,
    StreamCaller(caller): StreamCaller,
    headers: HeaderMap,
    Query(query): Query<sse::StreamQuery>,
) -> Result<Response, Problem> {
    sse::answer_in(app, caller, &headers, query, Dialect::Chat).await
}

/// Clear old messages, or count them
#[utoipa::path(post, path = "/admin/chat/purge", tag = "chat contract", operation_id = "chat_purge", request_body = PurgeInput,
    responses((status = 201, body = views::PurgeRow), (status = 200, body = views::PurgeCount, description = "It was only counted")))]
async fn purge(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<PurgeInput>,
) -> Result<Response, Problem> {
    let outcome = run(&app, &caller, input).await?;
    Ok(match outcome.purge {
        Some(purge) => {
            (axum::http::StatusCode::CREATED, axum::Json(views::PurgeRow::of(&purge))).into_response()
        }
        None => axum::Json(views::PurgeCount { dry_run: true, rows: outcome.rows }).into_response(),
    })
}

/// What was cleared, newest first
#[utoipa::path(get, path = "/admin/chat/purges", tag = "chat contract", operation_id = "chat_list_purges", params(LogQuery),
    responses((status = 200, body = Vec<views::PurgeRow>, description = "The next page is in the `Link` header")))]
async fn purge_log(
    State(app): State<Ctx>,
    caller: Caller,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<LogQuery>,
) -> Result<BareList<views::PurgeRow>, Problem> {
    let run = app.db.read(&caller, move |tx, actor| purges::list(tx, actor, query.after, query.limit));
    Ok(BareList::of(run.await?.map(|purge| views::PurgeRow::of(&purge)), &asked))
}
