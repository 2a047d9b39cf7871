//! Owns: `GET /snapshot`: the first page of everything, with the cursor of the same moment.

use axum::extract::State;
use parlor_chat::snapshot::{self, Snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Ctx;
use crate::http::caller::Caller;
use crate::http::extract::Json;
use crate::http::problem::Problem;

/// A snapshot and its cursor.
#[derive(Serialize, ToSchema)]
pub(super) struct Positioned {
    /// From here on, events tell what happens.
    cursor: String,
    #[serde(flatten)]
    snapshot: Snapshot,
}

/// Me, my conversations (first page), my totals, and the cursor from which events go on
#[utoipa::path(get, path = "/snapshot", tag = "events", operation_id = "get_snapshot",
    responses((status = 200, body = Positioned)))]
pub(super) async fn get(State(app): State<Ctx>, caller: Caller) -> Result<Json<Positioned>, Problem> {
    let (snapshot, position) = app.read(&caller, snapshot::take).await?;
    let cursor = format!("{}.{}", position.seq, app.cursor_tail(&caller, position.epoch));
    Ok(Json(Positioned { cursor, snapshot }))
}
