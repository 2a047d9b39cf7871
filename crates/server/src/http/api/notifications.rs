//! Owns: notifications over HTTP.

use axum::extract::State;
use parlor_chat::RowId;
use parlor_chat::notifications::{self, NewNotification, Notification};
use parlor_chat::page::Page;
use parlor_chat::words::NotificationStatus;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Json, Path, Query};
use crate::request::idempotency::{self, Creation, Written};
use crate::request::problem::Problem;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(list, send)).routes(routes!(change))
}

/// Which notifications.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Those of one status; all, the unread ones first, when absent.
    status: Option<NotificationStatus>,
    /// A page's `next`.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
}

/// A page with the number of unread ones.
#[derive(Serialize, ToSchema)]
struct Notifications {
    items: Vec<Notification>,
    next: Option<String>,
    unread: i64,
}

/// A new status.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusInput {
    /// unread, read or archived.
    status: NotificationStatus,
}

/// My notifications, the unread ones first, each part newest first
#[utoipa::path(get, path = "/notifications", tag = "notifications", operation_id = "list_notifications",
    params(ListQuery), responses((status = 200, body = Notifications)))]
async fn list(
    State(app): State<Ctx>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Answer<Notifications> {
    let run = app.db.read(&caller, move |tx, actor| {
        let after = query.after.as_deref();
        let page = notifications::list(tx, actor, query.status, after, query.limit)?;
        let unread = notifications::unread(tx, actor)?;
        Ok(Notifications { items: page.items, next: page.next, unread })
    });
    Ok(Json(run.await?))
}

/// Notify users of something in the host application; needs `manage_users`
#[utoipa::path(post, path = "/notifications", tag = "notifications", operation_id = "send_notification",
    request_body = NewNotification, responses((status = 201, body = Page<Notification>)))]
async fn send(
    State(app): State<Ctx>,
    caller: Caller,
    input: Creation<NewNotification>,
) -> Result<Written, Problem> {
    idempotency::create(&app, &caller, input, move |tx, actor, new| {
        let items = notifications::send(tx, actor, new)?;
        Ok((Page { items, next: None }, true))
    })
    .await
}

/// Mark a notification of mine read, unread or archived
#[utoipa::path(patch, path = "/notifications/{id}", tag = "notifications", operation_id = "change_notification",
    params(("id" = RowId, Path)), request_body = StatusInput, responses((status = 200, body = Notification)))]
async fn change(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<RowId>,
    Json(input): Json<StatusInput>,
) -> Answer<Notification> {
    let run = app.db.write(&caller, move |tx, actor| notifications::set_status(tx, actor, id, input.status));
    Ok(Json(run.await?))
}
