//! Owns: background jobs that were given up, over HTTP: looked at, tried again, forgotten.

use axum::extract::State;
use parlor_chat::jobs::{self, DeadJob};
use parlor_chat::page::Page;
use parlor_chat::{Actor, Error, Right, RowId, Tx, audit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Done, Json, Path};
use crate::request::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(discard)).routes(routes!(retry))
}

/// Jobs that were given up, newest first, 200 at most; needs `manage_settings`
#[utoipa::path(get, path = "/jobs/dead", tag = "settings", operation_id = "list_dead_jobs",
    responses((status = 200, body = Page<DeadJob>)))]
async fn list(State(app): State<Ctx>, caller: Caller) -> Answer<Page<DeadJob>> {
    let run = app.db.read(&caller, |tx, actor| {
        actor.require(Right::ManageSettings, "job.list")?;
        Ok(Page { items: jobs::dead(tx, actor.tenant)?, next: None })
    });
    Ok(Json(run.await?))
}

/// Try a job again that was given up; needs `manage_settings`
#[utoipa::path(post, path = "/jobs/dead/{id}/retry", tag = "settings", operation_id = "retry_dead_job",
    params(("id" = RowId, Path)), responses((status = 204)))]
async fn retry(State(app): State<Ctx>, caller: Caller, Path(id): Path<RowId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| change(tx, actor, "job.retry", id, jobs::retry)).await?;
    Ok(Done)
}

/// Forget a job that was given up; needs `manage_settings`
#[utoipa::path(delete, path = "/jobs/dead/{id}", tag = "settings", operation_id = "discard_dead_job",
    params(("id" = RowId, Path)), responses((status = 204)))]
async fn discard(State(app): State<Ctx>, caller: Caller, Path(id): Path<RowId>) -> Result<Done, Problem> {
    app.db.write(&caller, move |tx, actor| change(tx, actor, "job.discard", id, jobs::discard)).await?;
    Ok(Done)
}

fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &'static str,
    id: RowId,
    act: fn(&mut Tx<'_>, parlor_chat::TenantId, RowId) -> Result<(), Error>,
) -> Result<(), Error> {
    actor.require(Right::ManageSettings, action)?;
    act(tx, actor.tenant, id)?;
    audit::record(tx, actor, action, Some(("job", &id.to_string())), &serde_json::json!({}))
}
