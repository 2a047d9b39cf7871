//! Owns: purges over HTTP.

use axum::extract::State;
use parlor_chat::page::Page;
use parlor_chat::purges::{self, Mode, Purge};
use parlor_chat::{RowId, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Json, Query};
use crate::request::problem::Problem;
use crate::services::purging;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, purge))
}

/// What is to be cleared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PurgeInput {
    /// Messages older than this: RFC 3339, a date, or seconds since 1970.
    #[schema(value_type = String)]
    before: serde_json::Value,
    /// logical or permanent.
    mode: Mode,
    /// Only count; clears nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What was cleared, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outcome {
    /// How many messages.
    pub rows: i64,
    /// The row in the log of purges; none when only counted.
    pub purge: Option<Purge>,
}

/// A page of the log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// A page's `next`.
    pub after: Option<RowId>,
    /// 1 to 200; 50 when absent.
    pub limit: Option<i64>,
}

/// Runs what was asked for; the contracts ask in the same words.
pub(crate) async fn run(app: &Ctx, caller: &Caller, input: PurgeInput) -> Result<Outcome, Problem> {
    let text = match &input.before {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (before, mode): (Time, Mode) = (purges::cutoff(&text)?, input.mode);
    if input.dry_run {
        let run = app.db.read(caller, move |tx, actor| purges::count(tx, actor, before, mode));
        return Ok(Outcome { rows: run.await?, purge: None });
    }
    let purged = purging::purge_to_end(app, &caller.actor, before, mode).await;
    let purge = purged.map_err(Problem::internal)??;
    Ok(Outcome { rows: purge.rows_deleted, purge: Some(purge) })
}

/// The log of purges, newest first; needs `purge`
#[utoipa::path(get, path = "/purges", tag = "purges", operation_id = "list_purges", params(LogQuery),
    responses((status = 200, body = Page<Purge>)))]
async fn list(State(app): State<Ctx>, caller: Caller, Query(query): Query<LogQuery>) -> Answer<Page<Purge>> {
    let run = app.db.read(&caller, move |tx, actor| purges::list(tx, actor, query.after, query.limit));
    Ok(Json(run.await?))
}

/// Clear the tenant's messages older than a time, or count them; needs `purge`
#[utoipa::path(post, path = "/purges", tag = "purges", operation_id = "purge", request_body = PurgeInput,
    responses((status = 200, body = Outcome)))]
async fn purge(State(app): State<Ctx>, caller: Caller, Json(input): Json<PurgeInput>) -> Answer<Outcome> {
    Ok(Json(run(&app, &caller, input).await?))
}
