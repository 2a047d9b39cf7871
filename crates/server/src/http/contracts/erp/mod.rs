//! Owns: the paths of the ERP contract (docs/contracts/erp.md) and who may use them.
//! Must not know: rules; `services/erp.rs` serves Socket.IO with the same operations.

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderName, HeaderValue};
use parlor_chat::users::NamedUser;
use parlor_chat::words::NotificationStatus;
use parlor_chat::{MessageId, RowId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Ctx;
use crate::request::Answer;
use crate::request::bare_list::BareList;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Json, Query};
use crate::request::layers::UNREAD_COUNT;
use crate::request::problem::Problem;

mod audit;
pub(crate) mod member;
mod presence;
pub use parlor_realtime::contracts::erp as contract;

use crate::http::contracts::erp::member::{InTenant, Member};
use crate::services::erp::{self, Asked, AskedList, SendInput};

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    let routes = OpenApiRouter::new()
        .routes(routes!(conversations))
        .routes(routes!(conversation))
        .routes(routes!(send))
        .routes(routes!(audit::list))
        .routes(routes!(edit, remove))
        .routes(routes!(read))
        .routes(routes!(delivered))
        .routes(routes!(notifications))
        .routes(routes!(notification_read))
        .routes(routes!(notification_archived))
        .routes(routes!(presence::list));
    OpenApiRouter::new().nest("/api/tenants/{tenant}", routes)
}

/// What a message is to say.
#[derive(Deserialize, ToSchema)]
#[schema(as = ErpEditInput)]
#[serde(deny_unknown_fields)]
struct EditInput {
    content: String,
}

/// A page of notifications.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NotificationsQuery {
    /// From the `Link` of the page before.
    after: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// Only such.
    status: Option<NotificationStatus>,
}

/// My conversations with one other, newest activity first
#[utoipa::path(get, path = "/messaging/conversations", tag = "erp contract", operation_id = "erp_list_conversations",
    params(("tenant" = String, Path, description = "Its slug or its id"), AskedList), responses((status = 200, body = Vec<erp::Conversation>, description = "The next page is in the `Link` header")))]
async fn conversations(
    State(app): State<Ctx>,
    Member(caller): Member,
    OriginalUri(asked): OriginalUri,
    Query(query): Query<AskedList>,
) -> Result<BareList<erp::Conversation>, Problem> {
    Ok(BareList::of(erp::conversations(&app, &caller, query).await?, &asked))
}

/// What was said with somebody; empty while nothing was
#[utoipa::path(get, path = "/messaging/conversation/{user}", tag = "erp contract", operation_id = "erp_get_conversation",
    params(("tenant" = String, Path, description = "Its slug or its id"), ("user" = String, Path, description = "By Parlor's id or the host's"), Asked), responses((status = 200, body = erp::History)))]
async fn conversation(
    State(app): State<Ctx>,
    Member(caller): Member,
    InTenant(user): InTenant<NamedUser>,
    Query(asked): Query<Asked>,
) -> Answer<erp::History> {
    Ok(Json(erp::history(&app, &caller, user, asked).await?))
}

/// Send a message to somebody
#[utoipa::path(post, path = "/messaging/message", tag = "erp contract", operation_id = "erp_send_message",
    params(("tenant" = String, Path, description = "Its slug or its id")), request_body = SendInput, responses((status = 201, body = contract::Message)))]
async fn send(
    State(app): State<Ctx>,
    Member(caller): Member,
    Json(input): Json<SendInput>,
) -> Result<Created<contract::Message>, Problem> {
    Ok(Created(erp::send(&app, &caller, input).await?))
}

/// Change what one's own message says
#[utoipa::path(put, path = "/messaging/{message}", tag = "erp contract", operation_id = "erp_edit_message",
    params(("tenant" = String, Path, description = "Its slug or its id"), ("message" = MessageId, Path)), request_body = EditInput, responses((status = 200, body = contract::Message)))]
async fn edit(
    State(app): State<Ctx>,
    Member(caller): Member,
    InTenant(message): InTenant<MessageId>,
    Json(input): Json<EditInput>,
) -> Answer<contract::Message> {
    Ok(Json(erp::edit(&app, &caller, message, &input.content).await?))
}

/// Delete a message: nobody sees what it said
#[utoipa::path(delete, path = "/messaging/{message}", tag = "erp contract", operation_id = "erp_delete_message",
    params(("tenant" = String, Path, description = "Its slug or its id"), ("message" = MessageId, Path)), responses((status = 200, body = contract::Message)))]
async fn remove(
    State(app): State<Ctx>,
    Member(caller): Member,
    InTenant(message): InTenant<MessageId>,
) -> Answer<contract::Message> {
    Ok(Json(erp::delete(&app, &caller, message).await?))
}

/// A device of mine has everything up to a message
#[utoipa::path(put, path = "/messaging/{message}/delivered", tag = "erp contract", operation_id = "erp_message_delivered",
    params(("tenant" = String, Path, description = "Its slug or its id"), ("message" = MessageId, Path)), responses((status = 200, body = erp::Delivered)))]
async fn delivered(
    State(app): State<Ctx>,
    Member(caller): Member,
    InTenant(message): InTenant<MessageId>,
) -> Answer<erp::Delivered> {
    Ok(Json(erp::delivered(&app, &caller, message).await?))
}

/// Mark read up to a message
#[utoipa::path(put, path = "/messaging/{message}/read", tag = "erp contract", operation_id = "erp_read_message",
    params(("tenant" = String, Path, description = "Its slug or its id"), ("message" = MessageId, Path)), responses((status = 200, body = contract::Read)))]
async fn read(
    State(app): State<Ctx>,
    Member(caller): Member,
    InTenant(message): InTenant<MessageId>,
) -> Answer<contract::Read> {
    Ok(Json(erp::read(&app, &caller, message).await?))
}

/// My notifications, unread ones first; `X-Unread-Count` says how many are unread
#[utoipa::path(get, path = "/notifications", tag = "erp contract", operation_id = "erp_list_notifications",
    params(("tenant" = String, Path, description = "Its slug or its id"), NotificationsQuery), responses((status = 200, body = Vec<contract::Notification>, description = "The next page is in the `Link` header")))]
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

/// Mark a notification read
#[utoipa::path(put, path = "/notifications/{notification}/read", tag = "erp contract", operation_id = "erp_read_notification",
    params(("tenant" = String, Path, description = "Its slug or its id"), ("notification" = RowId, Path)), responses((status = 200, body = contract::Notification)))]
async fn notification_read(
    State(app): State<Ctx>,
    Member(caller): Member,
    InTenant(id): InTenant<RowId>,
) -> Answer<contract::Notification> {
    set_status(&app, &caller, id, NotificationStatus::Read).await
}

/// Put a notification away
#[utoipa::path(put, path = "/notifications/{notification}/archive", tag = "erp contract", operation_id = "erp_archive_notification",
    params(("tenant" = String, Path, description = "Its slug or its id"), ("notification" = RowId, Path)), responses((status = 200, body = contract::Notification)))]
async fn notification_archived(
    State(app): State<Ctx>,
    Member(caller): Member,
    InTenant(id): InTenant<RowId>,
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
