//! Owns: the audit log over HTTP.

use axum::extract::State;
use parlor_chat::audit::{self, AuditFilter, AuditRow};
use parlor_chat::page::Page;
use parlor_chat::{PersonId, RowId, Time};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Json, Query};

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// One action, such as `forbidden_attempt`.
    action: Option<String>,
    /// One actor.
    actor_id: Option<PersonId>,
    /// Part of the action, the actor's name, what it was about, its details or the address.
    search: Option<String>,
    /// Not before.
    from: Option<Time>,
    /// Before.
    to: Option<Time>,
    /// A page's `next`.
    after: Option<RowId>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// The audit log, newest first; needs `view_audit`
#[utoipa::path(get, path = "/audit", tag = "audit", operation_id = "list_audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditRow>)))]
async fn list(
    State(app): State<Ctx>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Answer<Page<AuditRow>> {
    let filter = AuditFilter {
        action: query.action,
        actor_id: query.actor_id,
        search: query.search,
        from: query.from,
        to: query.to,
        after: query.after,
        limit: query.limit,
    };
    app.db.spend_search(&caller, filter.search.as_ref()).await?;
    Ok(Json(app.db.read(&caller, move |tx, actor| audit::list(tx, actor, &filter)).await?))
}
