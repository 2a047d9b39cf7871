//! Owns: oneself.

use axum::extract::State;
use parlor_chat::snapshot::{self, Me};
use parlor_chat::users::{self, ProfileChange};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::caller::Caller;
use super::extract::Json;
use crate::app::Ctx;

pub(super) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(get, change))
}

/// Who I am, with my rights, teams, preferences and the public settings
#[utoipa::path(get, path = "/me", tag = "me", operation_id = "get_me", responses((status = 200, body = Me)))]
async fn get(State(app): State<Ctx>, caller: Caller) -> Answer<Me> {
    Ok(Json(app.read(&caller, snapshot::me).await?))
}

/// Change my name, language, time zone or preferences
#[utoipa::path(patch, path = "/me", tag = "me", operation_id = "change_me", request_body = ProfileChange,
    responses((status = 200, body = Me)))]
async fn change(State(app): State<Ctx>, caller: Caller, Json(input): Json<ProfileChange>) -> Answer<Me> {
    let run = app.write(&caller, move |tx, actor| {
        users::update_profile(tx, actor, &input)?;
        let fresh = crate::app::App::reload_actor(tx, actor)?;
        snapshot::me(tx, &fresh)
    });
    Ok(Json(run.await?))
}
