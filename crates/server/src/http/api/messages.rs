//! Owns: messages over HTTP.

use axum::extract::State;
use parlor_chat::messages::{
    self, DeletedMessage, Edit, Message, MessagePage, NewMessage, Range, Reaction, Reader,
};
use parlor_chat::page::Page;
use parlor_chat::{ConversationId, MessageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path, Query};
use crate::request::idempotency::{Creation, Written};
use crate::request::problem::Problem;
use crate::services::sending;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(page, post))
        .routes(routes!(pins))
        .routes(routes!(noted))
        .routes(routes!(get, edit, delete))
        .routes(routes!(history))
        .routes(routes!(deleted, erase))
        .routes(routes!(thread))
        .routes(routes!(readers))
        .routes(routes!(pin, unpin))
        .routes(routes!(react, unreact))
}

/// Which part of a conversation: one of `before`, `after`, `around`, or none for the newest.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RangeQuery {
    /// Messages before this position.
    before: Option<i64>,
    /// Messages after this position.
    after: Option<i64>,
    /// Messages on both sides of this position.
    around: Option<i64>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// A new text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditInput {
    /// Markdown.
    body: String,
}

/// The reactions of a message.
#[derive(Serialize, ToSchema)]
struct Reactions {
    items: Vec<Reaction>,
}

/// A part of a conversation, ascending
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "messages", operation_id = "list_messages",
    params(("id" = ConversationId, Path), RangeQuery), responses((status = 200, body = MessagePage)))]
async fn page(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<RangeQuery>,
) -> Answer<MessagePage> {
    let range = match (query.before, query.after, query.around) {
        (None, None, None) => Range::Newest,
        (Some(seq), None, None) => Range::Before(seq),
        (None, Some(seq), None) => Range::After(seq),
        (None, None, Some(seq)) => Range::Around(seq),
        _ => return Err(Problem::invalid("before", "one_of", "give one of before, after and around")),
    };
    let run = app.db.read(&caller, move |tx, actor| messages::page(tx, actor, id, range, query.limit));
    Ok(Json(run.await?))
}

/// Send a message; the same `client_id` again answers the first result
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "messages", operation_id = "post_message",
    params(("id" = ConversationId, Path)), request_body = NewMessage,
    responses((status = 201, body = Message), (status = 200, body = Message, description = "It was sent before")))]
async fn post(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    creation: Creation<NewMessage>,
) -> Result<Written, Problem> {
    // A message has its own way of being sent once; the header is another name for it.
    let Creation { input, key, .. } = creation;
    let new = NewMessage { client_id: input.client_id.or(key), ..input };
    let posted = sending::post(&app, &caller, id, new, |_, _| Ok(())).await?;
    Ok(Written::new(posted.is_new, posted.json.get().to_owned()))
}

/// The pinned messages of a conversation
#[utoipa::path(get, path = "/conversations/{id}/pins", tag = "messages", operation_id = "list_pins",
    params(("id" = ConversationId, Path)), responses((status = 200, body = Page<Message>)))]
async fn pins(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Answer<Page<Message>> {
    let items = app.db.read(&caller, move |tx, actor| messages::pins(tx, actor, id)).await?;
    Ok(Json(Page { items, next: None }))
}

/// Which part of a conversation's history.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// What happened before this position; the newest when absent.
    before: Option<i64>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// What has happened to a conversation: its system messages alone, ascending
#[utoipa::path(get, path = "/conversations/{id}/history", tag = "messages", operation_id = "list_history",
    params(("id" = ConversationId, Path), HistoryQuery), responses((status = 200, body = MessagePage)))]
async fn noted(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<HistoryQuery>,
) -> Answer<MessagePage> {
    let run = app
        .db
        .read(&caller, move |tx, actor| messages::system_messages(tx, actor, id, query.before, query.limit));
    Ok(Json(run.await?))
}

/// One message
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", operation_id = "get_message",
    params(("id" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Answer<Message> {
    Ok(Json(app.db.read(&caller, move |tx, actor| messages::get(tx, actor, id)).await?))
}

/// Edit my message within the tenant's window
#[utoipa::path(patch, path = "/messages/{id}", tag = "messages", operation_id = "edit_message",
    params(("id" = MessageId, Path)), request_body = EditInput, responses((status = 200, body = Message)))]
async fn edit(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<MessageId>,
    Json(input): Json<EditInput>,
) -> Answer<Message> {
    let parsed = sending::edited_body(&app, &caller, &input.body).await?;
    Ok(Json(app.db.write(&caller, move |tx, actor| messages::edit(tx, actor, id, &parsed)).await?))
}

/// Delete a message; a tombstone stays
#[utoipa::path(delete, path = "/messages/{id}", tag = "messages", operation_id = "delete_message",
    params(("id" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn delete(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Answer<Message> {
    Ok(Json(app.db.write(&caller, move |tx, actor| messages::delete(tx, actor, id)).await?))
}

/// The earlier texts of a message
#[utoipa::path(get, path = "/messages/{id}/history", tag = "messages", operation_id = "get_history",
    params(("id" = MessageId, Path)), responses((status = 200, body = Page<Edit>)))]
async fn history(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Answer<Page<Edit>> {
    let items = app.db.read(&caller, move |tx, actor| messages::history(tx, actor, id)).await?;
    Ok(Json(Page { items, next: None }))
}

/// What a deleted message said, for those who audit; each look leaves an audit row
#[utoipa::path(get, path = "/messages/{id}/deleted", tag = "messages", operation_id = "get_deleted_message",
    params(("id" = MessageId, Path)), responses((status = 200, body = DeletedMessage)))]
async fn deleted(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Answer<DeletedMessage> {
    Ok(Json(app.db.write(&caller, move |tx, actor| messages::deleted(tx, actor, id)).await?))
}

/// Remove for good what a deleted message said; its tombstone stays
#[utoipa::path(delete, path = "/messages/{id}/deleted", tag = "messages", operation_id = "erase_message",
    params(("id" = MessageId, Path)), responses((status = 204)))]
async fn erase(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| messages::erase(tx, actor, id)).await?;
    Ok(Done)
}

/// The thread of a message: its root and the replies, ascending
#[utoipa::path(get, path = "/messages/{id}/thread", tag = "messages", operation_id = "get_thread",
    params(("id" = MessageId, Path)), responses((status = 200, body = Page<Message>)))]
async fn thread(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Answer<Page<Message>> {
    let items = app.db.read(&caller, move |tx, actor| messages::thread(tx, actor, id)).await?;
    Ok(Json(Page { items, next: None }))
}

/// Who has read a message
#[utoipa::path(get, path = "/messages/{id}/readers", tag = "messages", operation_id = "get_readers",
    params(("id" = MessageId, Path)), responses((status = 200, body = Page<Reader>)))]
async fn readers(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Answer<Page<Reader>> {
    let items = app.db.read(&caller, move |tx, actor| messages::readers(tx, actor, id)).await?;
    Ok(Json(Page { items, next: None }))
}

/// Pin a message
#[utoipa::path(put, path = "/messages/{id}/pin", tag = "messages", operation_id = "pin_message",
    params(("id" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn pin(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Answer<Message> {
    Ok(Json(app.db.write(&caller, move |tx, actor| messages::pin(tx, actor, id, true)).await?))
}

/// Unpin a message
#[utoipa::path(delete, path = "/messages/{id}/pin", tag = "messages", operation_id = "unpin_message",
    params(("id" = MessageId, Path)), responses((status = 204)))]
async fn unpin(State(app): State<Ctx>, caller: Caller, Path(id): Path<MessageId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| messages::pin(tx, actor, id, false)).await?;
    Ok(Done)
}

/// React with an emoji
#[utoipa::path(put, path = "/messages/{id}/reactions/{emoji}", tag = "messages", operation_id = "react",
    params(("id" = MessageId, Path), ("emoji" = String, Path)), responses((status = 200, body = Reactions)))]
async fn react(
    State(app): State<Ctx>,
    caller: Caller,
    Path((id, emoji)): Path<(MessageId, String)>,
) -> Answer<Reactions> {
    let items = app.db.write(&caller, move |tx, actor| messages::react(tx, actor, id, &emoji, true)).await?;
    Ok(Json(Reactions { items }))
}

/// Take a reaction back
#[utoipa::path(delete, path = "/messages/{id}/reactions/{emoji}", tag = "messages", operation_id = "unreact",
    params(("id" = MessageId, Path), ("emoji" = String, Path)), responses((status = 200, body = Reactions)))]
async fn unreact(
    State(app): State<Ctx>,
    caller: Caller,
    Path((id, emoji)): Path<(MessageId, String)>,
) -> Answer<Reactions> {
    let items = app.db.write(&caller, move |tx, actor| messages::react(tx, actor, id, &emoji, false)).await?;
    Ok(Json(Reactions { items }))
}
