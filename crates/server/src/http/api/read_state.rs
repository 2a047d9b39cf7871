//! Owns: read and delivered positions, acknowledgements and totals over HTTP.

use axum::extract::State;
use parlor_chat::conversations::{self, Me, Totals};
use parlor_chat::read_state::{self, Acks, ReadState};
use parlor_chat::{ConversationId, PersonId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path, Query};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(delivered))
        .routes(routes!(unread_from))
        .routes(routes!(acknowledge))
        .routes(routes!(acks))
        .routes(routes!(totals))
}

/// Up to where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadInput {
    /// The newest message when absent.
    seq: Option<i64>,
}

/// A position.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Position {
    seq: i64,
}

/// A page of people.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// A page's `next`.
    after: Option<PersonId>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// I have read up to here; never moves back
#[utoipa::path(post, path = "/conversations/{id}/read", tag = "reads", operation_id = "mark_read",
    params(("id" = ConversationId, Path)), request_body = ReadInput, responses((status = 200, body = ReadState)))]
async fn read(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<ReadInput>,
) -> Answer<ReadState> {
    Ok(Json(app.db.write(&caller, move |tx, actor| read_state::read(tx, actor, id, input.seq)).await?))
}

/// My device has received up to here; never moves back
#[utoipa::path(post, path = "/conversations/{id}/delivered", tag = "reads", operation_id = "mark_delivered",
    params(("id" = ConversationId, Path)), request_body = Position, responses((status = 204)))]
async fn delivered(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<Position>,
) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| read_state::delivered(tx, actor, id, input.seq)).await?;
    Ok(Done)
}

/// Mark unread from here: this message is the first unread one
#[utoipa::path(post, path = "/conversations/{id}/unread", tag = "reads", operation_id = "mark_unread",
    params(("id" = ConversationId, Path)), request_body = Position, responses((status = 200, body = ReadState)))]
async fn unread_from(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<Position>,
) -> Answer<ReadState> {
    Ok(Json(app.db.write(&caller, move |tx, actor| read_state::unread_from(tx, actor, id, input.seq)).await?))
}

/// Acknowledge a broadcast or announcement
#[utoipa::path(post, path = "/conversations/{id}/ack", tag = "reads", operation_id = "acknowledge",
    params(("id" = ConversationId, Path)), responses((status = 200, body = Me)))]
async fn acknowledge(State(app): State<Ctx>, caller: Caller, Path(id): Path<ConversationId>) -> Answer<Me> {
    Ok(Json(app.db.write(&caller, move |tx, actor| read_state::acknowledge(tx, actor, id)).await?))
}

/// Who has read and acknowledged a broadcast or announcement
#[utoipa::path(get, path = "/conversations/{id}/acks", tag = "reads", operation_id = "list_acks",
    params(("id" = ConversationId, Path), PageQuery), responses((status = 200, body = Acks)))]
async fn acks(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<PageQuery>,
) -> Answer<Acks> {
    let run =
        app.db.read(&caller, move |tx, actor| read_state::acks(tx, actor, id, query.after, query.limit));
    Ok(Json(run.await?))
}

/// My unread messages over everything
#[utoipa::path(get, path = "/unread", tag = "reads", operation_id = "get_unread",
    responses((status = 200, body = Totals)))]
async fn totals(State(app): State<Ctx>, caller: Caller) -> Answer<Totals> {
    Ok(Json(app.db.read(&caller, conversations::totals).await?))
}
