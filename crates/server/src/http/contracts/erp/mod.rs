//! Owns: the paths of the ERP contract (docs/contracts/erp.md) and who may use them.
//! Must not know: rules; `services/erp.rs` serves Socket.IO with the same operations.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post, put};
use parlor_chat::words::NotificationStatus;
use parlor_chat::{MessageId, PersonId, RowId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::extract::{Created, Json, Path, Query};
use crate::request::problem::Problem;

pub(crate) mod member;
mod presence;
pub use parlor_realtime::contracts::erp as contract;

use crate::http::contracts::erp::member::Member;
use crate::services::erp::{self, Asked, SendInput};

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().nest(
        "/api/tenants/{tenant}",
        Router::new()
            .route("/messaging/conversations", get(conversations))
            .route("/messaging/conversation/{user}", get(conversation))
            .route("/messaging/message", post(send))
            .route("/messaging/{message}/read", put(read))
            .route("/notifications", get(notifications))
            .route("/notifications/{notification}/read", put(notification_read))
            .route("/presence", get(presence::list)),
    )
}

/// A page of a list.
#[derive(Deserialize)]
struct PageQuery {
    after: Option<String>,
    limit: Option<i64>,
}

/// A page of notifications.
#[derive(Deserialize)]
struct NotificationsQuery {
    after: Option<String>,
    limit: Option<i64>,
    status: Option<NotificationStatus>,
}

/// A part of a conversation: message ids, or places (`seq`).
#[derive(Deserialize)]
struct HistoryQuery {
    before: Option<String>,
    after: Option<String>,
    limit: Option<i64>,
}

async fn conversations(
    State(app): State<Ctx>,
    Member(caller): Member,
    Query(query): Query<PageQuery>,
) -> Answer<Value> {
    Ok(Json(erp::conversations(&app, &caller, query.after, query.limit).await?))
}

async fn conversation(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, user)): Path<(String, PersonId)>,
    Query(query): Query<HistoryQuery>,
) -> Answer<Value> {
    let asked = Asked { before: query.before, after: query.after, limit: query.limit };
    Ok(Json(erp::history(&app, &caller, user, asked).await?))
}

async fn send(
    State(app): State<Ctx>,
    Member(caller): Member,
    Json(input): Json<SendInput>,
) -> Result<Created<contract::Message>, Problem> {
    Ok(Created(erp::send(&app, &caller, input).await?))
}

async fn read(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, message)): Path<(String, MessageId)>,
) -> Answer<contract::Read> {
    Ok(Json(erp::read(&app, &caller, message).await?))
}

async fn notifications(
    State(app): State<Ctx>,
    Member(caller): Member,
    Query(query): Query<NotificationsQuery>,
) -> Answer<Value> {
    let page = app.db.read(&caller, move |tx, actor| {
        let after = query.after.as_deref();
        let page = parlor_chat::notifications::list(tx, actor, query.status, after, query.limit)?;
        Ok((page, parlor_chat::notifications::unread(tx, actor)?))
    });
    let (page, unread) = page.await?;
    let items = page.items.iter().map(shape).collect::<Result<Vec<_>, Problem>>()?;
    Ok(Json(json!({"items": items, "next": page.next, "unreadCount": unread})))
}

async fn notification_read(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, id)): Path<(String, RowId)>,
) -> Answer<contract::Notification> {
    let read = NotificationStatus::Read;
    let run =
        app.db.write(&caller, move |tx, actor| parlor_chat::notifications::set_status(tx, actor, id, read));
    Ok(Json(shape(&run.await?)?))
}

fn shape(native: &parlor_chat::notifications::Notification) -> Result<contract::Notification, Problem> {
    let native = serde_json::to_value(native).map_err(Problem::internal)?;
    Ok(contract::Notification::from_native(&native))
}
