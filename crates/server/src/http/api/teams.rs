//! Owns: teams over HTTP.

use axum::extract::State;
use parlor_chat::TeamId;
use parlor_chat::page::Page;
use parlor_chat::teams::{self, Team, TeamChange};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path};
use crate::request::idempotency::{self, Creation, Written};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete))
}

/// A new team.
#[derive(Deserialize, ToSchema)]
struct TeamCreation {
    name: String,
    #[serde(flatten)]
    more: TeamChange,
}

/// Every team
#[utoipa::path(get, path = "/teams", tag = "teams", operation_id = "list_teams",
    responses((status = 200, body = Page<Team>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<Team>> {
    let items = app.db.read(&caller, teams::list).await?;
    Ok(Json(Page { items, next: None }))
}

/// One team
#[utoipa::path(get, path = "/teams/{id}", tag = "teams", operation_id = "get_team", params(("id" = TeamId, Path)),
    responses((status = 200, body = Team)))]
async fn get(State(app): State<Ctx>, caller: Caller, Path(id): Path<TeamId>) -> Answer<Team> {
    Ok(Json(app.db.read(&caller, move |tx, actor| teams::get(tx, actor, id)).await?))
}

/// Make a team; needs `manage_users`
#[utoipa::path(post, path = "/teams", tag = "teams", operation_id = "create_team", request_body = TeamCreation,
    responses((status = 201, body = Team)))]
async fn create(
    State(app): State<Ctx>,
    caller: Caller,
    input: Creation<TeamCreation>,
) -> Result<Written, Problem> {
    idempotency::create(&app, &caller, input, |tx, actor, input| {
        teams::create(tx, actor, &input.name, &input.more).map(|team| (team, true))
    })
    .await
}

/// Change a team; needs `manage_users`
#[utoipa::path(patch, path = "/teams/{id}", tag = "teams", operation_id = "change_team",
    params(("id" = TeamId, Path)), request_body = TeamChange, responses((status = 200, body = Team)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<TeamId>,
    Json(input): Json<TeamChange>,
) -> Answer<Team> {
    Ok(Json(app.db.write(&caller, move |tx, actor| teams::update(tx, actor, id, &input)).await?))
}

/// Delete a team to which no conversation belongs; needs `manage_users`
#[utoipa::path(delete, path = "/teams/{id}", tag = "teams", operation_id = "delete_team",
    params(("id" = TeamId, Path)), responses((status = 204)))]
async fn delete(State(app): State<Ctx>, caller: Caller, Path(id): Path<TeamId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| teams::delete(tx, actor, id)).await?;
    Ok(Done)
}
