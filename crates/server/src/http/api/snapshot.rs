//! Owns: `GET /snapshot`: the first page of everything, with the cursor of the same moment.

use axum::extract::State;
use parlor_chat::conversations::{Totals, View};
use parlor_chat::snapshot;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::http::api::me::{Me, me};
use crate::request::caller::Caller;
use crate::request::extract::Json;
use crate::request::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(get))
}

/// Where a client starts.
#[derive(Serialize, ToSchema)]
struct Snapshot {
    /// From here on, events tell what happens.
    cursor: String,
    me: Me,
    /// The first page, as in the list.
    conversations: Vec<View>,
    /// The page after it.
    next: Option<String>,
    totals: Totals,
}

/// Me, my conversations (first page), my totals, and the cursor from which events go on
#[utoipa::path(get, path = "/snapshot", tag = "events", operation_id = "get_snapshot",
    responses((status = 200, body = Snapshot)))]
async fn get(State(app): State<Ctx>, caller: Caller) -> Result<Json<Snapshot>, Problem> {
    let read = app.db.read(&caller, |tx, actor| Ok((snapshot::take(tx, actor, None)?, me(tx, actor)?)));
    let (taken, me) = read.await?;
    let cursor = format!("{}.{}", taken.position.seq, app.cursor_tail(&caller, taken.position.epoch));
    let page = taken.conversations;
    Ok(Json(Snapshot { cursor, me, conversations: page.items, next: page.next, totals: taken.totals }))
}
