//! Owns: a message to a thread, as JSON or as a form with files.

use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use parlor_chat::messages::NewMessage;
use parlor_chat::{ConversationId, RowId, conversations};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{contract, views};
use crate::app::Ctx;
use crate::request::caller::Caller;
use crate::request::extract::{Path, parse};
use crate::request::problem::Problem;
use crate::services::{sending, uploads};

/// As many as a message may have.
const MOST_FILES: usize = 10;

/// A message.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = ChatMessageInput)]
#[serde(deny_unknown_fields)]
struct MessageInput {
    #[serde(default)]
    body: String,
    /// Chosen by the client; the same one again answers the first result.
    client_id: Option<String>,
    /// What was uploaded before.
    #[serde(default)]
    attachment_ids: Vec<RowId>,
}

/// Send a message: as JSON, or as a form with `body`, `client_id` and files
#[utoipa::path(post, path = "/chat/threads/{id}/messages", tag = "chat contract", operation_id = "chat_send_message",
    params(("id" = ConversationId, Path)), request_body = MessageInput,
    responses((status = 201, body = contract::Message), (status = 200, body = contract::Message, description = "It was sent before")))]
pub(crate) async fn send(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    request: Request,
) -> Result<Response, Problem> {
    sending::allowance(&app, &caller).await?;
    // Nobody uploads to where nobody may look.
    app.db.read(&caller, move |tx, actor| views::of_contract(conversations::get(tx, actor, id)?)).await?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let input = if kind.starts_with("multipart/form-data") {
        form(&app, &caller, request).await?
    } else {
        let limit = app.config.body_limit;
        let bytes = axum::body::to_bytes(request.into_body(), limit).await;
        parse(&bytes.map_err(|_| Problem::too_large("the request body is too large"))?)?
    };
    let new = NewMessage {
        client_id: input.client_id,
        attachment_ids: input.attachment_ids,
        ..NewMessage::text(input.body)
    };
    let posted = sending::post_allowed(&app, &caller, id, new, |_, _| Ok(())).await?;
    let status = if posted.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(views::message(&app, &caller, posted.message))).into_response())
}

async fn form(app: &Ctx, caller: &Caller, request: Request) -> Result<MessageInput, Problem> {
    let unreadable = || Problem::malformed("the form could not be read to its end");
    let mut form = Multipart::from_request(request, app).await.map_err(|_| unreadable())?;
    let mut input = MessageInput::default();
    while let Some(mut field) = form.next_field().await.map_err(|_| unreadable())? {
        let name = field.name().unwrap_or_default().to_owned();
        // Browsers send an input of files in which nothing was chosen as a file without a name.
        if field.file_name() == Some("") {
            continue;
        }
        if field.file_name().is_some() {
            if input.attachment_ids.len() >= MOST_FILES {
                return Err(Problem::invalid("file", "count", "attach at most 10 files"));
            }
            input.attachment_ids.push(uploads::receive(app, caller, field).await?.id);
            continue;
        }
        let mut text = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|_| unreadable())? {
            text.extend_from_slice(&chunk);
            if text.len() > app.config.body_limit {
                return Err(Problem::too_large("the request body is too large"));
            }
        }
        let text = String::from_utf8(text).map_err(|_| Problem::malformed("the form is not valid UTF-8"))?;
        match name.as_str() {
            "body" => input.body = text,
            "client_id" => input.client_id = Some(text).filter(|text| !text.is_empty()),
            _ => {}
        }
    }
    Ok(input)
}
