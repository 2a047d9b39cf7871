//! Owns: the paths of the ERP contract (docs/contracts/erp.md) and who may use them.
//! Must not know: rules; `services/erp.rs` serves Socket.IO with the same operations.

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderName, HeaderValue};
use axum::routing::{get, post, put};
use parlor_chat::users::NamedUser;
use parlor_chat::words::NotificationStatus;
use parlor_chat::{MessageId, RowId};
use serde::Deserialize;
use serde_json::Value;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::bare_list::BareList;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Json, Path, Query};
use crate::request::layers::UNREAD_COUNT;
use crate::request::problem::Problem;

mod audit;
pub(crate) mod member;
mod presence;
pub use parlor_realtime::contracts::erp as contract;

use crate::http::contracts::erp::member::Member;
use crate::services::erp::{self, Asked, AskedList, SendInput};

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().nest(
        "/api/tenants/{tenant}",
        Router::new()
            .route("/messaging/conversations", get(conversations))
            .route("/messaging/conversation/{user}", get(conversation))
            .route("/messaging/message", post(send))
            .route("/messaging/audit", get(audit::list))
            .route("/messaging/{message}", put(edit).delete(remove))
            .route("/messaging/{message}/read", put(read))
            .route("/messaging/{message}/delivered", put(delivered))
            .route("/notifications", get(notifications))
            .route("/notifications/{notification}/read", put(notification_read))
            .route("/notifications/{notification}/archive", put(notification_archived))
            .route("/presence", get(presence::list)),
    )
}

/// What a message is to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditInput {
    content: String,
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
    OriginalUri(asked): OriginalUri,
    Query(query): Query<AskedList>,
) -> Result<BareList<Value>, Problem> {
    Ok(BareList::of(erp::conversations(&app, &caller, query).await?, &asked))
}

async fn conversation(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, user)): Path<(String, NamedUser)>,
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

async fn edit(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, message)): Path<(String, MessageId)>,
    Json(input): Json<EditInput>,
) -> Answer<contract::Message> {
    Ok(Json(erp::edit(&app, &caller, message, &input.content).await?))
}

async fn remove(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, message)): Path<(String, MessageId)>,
) -> Answer<contract::Message> {
    Ok(Json(erp::delete(&app, &caller, message).await?))
}

async fn delivered(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, message)): Path<(String, MessageId)>,
) -> Answer<Value> {
    Ok(Json(erp::delivered(&app, &caller, message).await?))
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
    OriginalUri(asked): OriginalUri,
    Query(query): Query<NotificationsQuery>,
) -> Result<([(HeaderName, HeaderValue); 1], BareList<contract::Notification>), Problem> {
    let page = app.db.read(&caller, move |tx, actor| {
        let after = query.after.as_deref();
        let page = parlor_chat::notifications::list(tx, actor, query.status, after, query.limit)?;
        Ok((page, parlor_chat::notifications::unread(tx, actor)?))
    });
    let (page, unread) = page.await?;
    let list = BareList::of(page.map(contract::Notification::of), &asked);
    Ok(([(UNREAD_COUNT, HeaderValue::from(unread))], list))
}

async fn notification_read(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, id)): Path<(String, RowId)>,
) -> Answer<contract::Notification> {
    set_status(&app, &caller, id, NotificationStatus::Read).await
}

async fn notification_archived(
    State(app): State<Ctx>,
    Member(caller): Member,
    Path((_, id)): Path<(String, RowId)>,
) -> Answer<contract::Notification> {
    set_status(&app, &caller, id, NotificationStatus::Archived).await
}

async fn set_status(
    app: &Ctx,
    caller: &Caller,
    id: RowId,
    status: NotificationStatus,
) -> Answer<contract::Notification> {
    let run =
        app.db.write(caller, move |tx, actor| parlor_chat::notifications::set_status(tx, actor, id, status));
    Ok(Json(contract::Notification::of(run.await?)))
}
