//! Owns: drafts over HTTP.

use axum::extract::State;
use parlor_chat::ConversationId;
use parlor_chat::drafts::{self, Draft};
use parlor_chat::page::Page;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::budgets::Spending;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path, Query};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, remove))
}

/// A draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DraftInput {
    /// Empty removes it.
    body: String,
    /// `reply` (when absent), `note`, or the id of a thread's root.
    mode: Option<String>,
}

/// Which draft.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DraftQuery {
    /// `reply` (when absent), `note`, or the id of a thread's root.
    mode: Option<String>,
}

fn reply() -> String {
    "reply".to_owned()
}

/// All my drafts
#[utoipa::path(get, path = "/drafts", tag = "drafts", operation_id = "list_drafts",
    responses((status = 200, body = Page<Draft>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<Draft>> {
    let items = app.db.read(&caller, drafts::list).await?;
    Ok(Json(Page { items, next: None }))
}

/// My drafts of a conversation
#[utoipa::path(get, path = "/conversations/{id}/draft", tag = "drafts", operation_id = "get_drafts",
    params(("id" = ConversationId, Path)), responses((status = 200, body = Page<Draft>)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<ConversationId>) -> Answer<Page<Draft>> {
    let items = app.db.read(&caller, move |tx, actor| drafts::of_conversation(tx, actor, id)).await?;
    Ok(Json(Page { items, next: None }))
}

/// Save a draft
#[utoipa::path(put, path = "/conversations/{id}/draft", tag = "drafts", operation_id = "put_draft",
    params(("id" = ConversationId, Path)), request_body = DraftInput, responses((status = 204)))]
async fn put(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(input): Json<DraftInput>,
) -> Result<Done, Problem> {
    app.db.spend(&caller, Spending::Draft).await?;
    let mode = input.mode.unwrap_or_else(reply);
    app.db.write_paid(&caller, move |tx, actor| drafts::put(tx, actor, id, &mode, &input.body)).await?;
    Ok(Done)
}

/// Remove a draft
#[utoipa::path(delete, path = "/conversations/{id}/draft", tag = "drafts", operation_id = "delete_draft",
    params(("id" = ConversationId, Path), DraftQuery), responses((status = 204)))]
async fn remove(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<DraftQuery>,
) -> Result<Done, Problem> {
    app.db.spend(&caller, Spending::Draft).await?;
    let mode = query.mode.unwrap_or_else(reply);
    app.db.write_paid(&caller, move |tx, actor| drafts::put(tx, actor, id, &mode, "")).await?;
    Ok(Done)
}
