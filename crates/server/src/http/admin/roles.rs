//! Owns: roles and the matrix over HTTP.

use axum::extract::State;
use parlor_chat::matrix::{self, Verdict};
use parlor_chat::page::Page;
use parlor_chat::roles::{self, Role, RoleChange};
use parlor_chat::{PersonId, RoleId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path, Query};
use crate::request::idempotency::{self, Creation, Written};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(verdict))
}

/// Two users.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Pair {
    /// Who writes.
    from: PersonId,
    /// To whom.
    to: PersonId,
}

/// Whether the matrix lets one user write to another, and why; needs `manage_users`
#[utoipa::path(get, path = "/matrix/verdict", tag = "roles", operation_id = "ask_matrix", params(Pair),
    responses((status = 200, body = Verdict)))]
async fn verdict(State(app): State<Ctx>, caller: Caller, Query(pair): Query<Pair>) -> Answer<Verdict> {
    Ok(Json(app.db.read(&caller, move |tx, actor| matrix::explain(tx, actor, pair.from, pair.to)).await?))
}

/// A new role.
#[derive(Deserialize, ToSchema)]
struct RoleCreation {
    name: String,
    #[serde(flatten)]
    more: RoleChange,
}

/// Every role with its rights and its row of the matrix
#[utoipa::path(get, path = "/roles", tag = "roles", operation_id = "list_roles",
    responses((status = 200, body = Page<Role>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<Role>> {
    let items = app.db.read(&caller, roles::list).await?;
    Ok(Json(Page { items, next: None }))
}

/// One role
#[utoipa::path(get, path = "/roles/{id}", tag = "roles", operation_id = "get_role", params(("id" = RoleId, Path)),
    responses((status = 200, body = Role)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<RoleId>) -> Answer<Role> {
    Ok(Json(app.db.read(&caller, move |tx, actor| roles::get(tx, actor, id)).await?))
}

/// Make a role; needs `manage_users`
#[utoipa::path(post, path = "/roles", tag = "roles", operation_id = "create_role", request_body = RoleCreation,
    responses((status = 201, body = Role)))]
async fn create(
    State(app): State<Ctx>,
    caller: Caller,
    input: Creation<RoleCreation>,
) -> Result<Written, Problem> {
    idempotency::create(&app, &caller, input, |tx, actor, input| {
        roles::create(tx, actor, &input.name, &input.more).map(|role| (role, true))
    })
    .await
}

/// Change a role; needs `manage_users`
#[utoipa::path(patch, path = "/roles/{id}", tag = "roles", operation_id = "change_role",
    params(("id" = RoleId, Path)), request_body = RoleChange, responses((status = 200, body = Role)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<RoleId>,
    Json(input): Json<RoleChange>,
) -> Answer<Role> {
    Ok(Json(app.db.write(&caller, move |tx, actor| roles::update(tx, actor, id, &input)).await?))
}

/// Delete a role that nobody needs; needs `manage_users`
#[utoipa::path(delete, path = "/roles/{id}", tag = "roles", operation_id = "delete_role",
    params(("id" = RoleId, Path)), responses((status = 204)))]
async fn delete(State(app): State<Ctx>, caller: Caller, Path(id): Path<RoleId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| roles::delete(tx, actor, id)).await?;
    Ok(Done)
}
