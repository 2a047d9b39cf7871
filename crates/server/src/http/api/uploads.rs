//! Owns: files whose bytes go straight to where they are stored: asking for an address, the address where it is ours, and
//! confirming. Must not know: where files are stored.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use parlor_chat::attachments::Attachment;
use parlor_chat::signing::LinkFor;
use parlor_chat::uploads::{Announced, Upload, find};
use parlor_chat::{RowId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::files::{Signed, link_for, maker_of};
use crate::app::Ctx;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Json, Path, Query};
use crate::request::layers::cors;
use crate::request::problem::Problem;
use crate::services::sending;
use crate::services::uploads::{self, Asked, sent_as};

/// The longest name: what is kept of it is shorter.
const LONGEST_NAME: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(confirm))
}

/// Addresses for bytes are outside `/api/v1`: their signature is all they need. Pages of other sites put files there, too.
pub(crate) fn addresses(app: &Ctx) -> axum::Router<Ctx> {
    axum::Router::new().route("/uploads/{id}", axum::routing::put(put)).layer(cors(app))
}

/// A file that is to come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UploadRequest {
    /// Its name.
    name: String,
    /// What it is, where the uploader knows.
    #[serde(default)]
    content_type: String,
    /// In bytes, exactly.
    #[schema(minimum = 0)]
    size: i64,
}

/// Where its bytes go.
#[derive(Serialize, ToSchema)]
struct UploadAddress {
    /// The file; `attachment_ids` of a message take it once it is confirmed.
    id: RowId,
    /// Takes the bytes, once.
    url: String,
    /// The method of the request.
    #[schema(example = "PUT")]
    method: &'static str,
    /// The headers of the request, word for word, beside `Content-Length`.
    headers: BTreeMap<&'static str, String>,
    /// When the address ends.
    expires_at: Time,
}

/// Ask for an address to put the bytes of a file to; limits are told before anything is sent
#[utoipa::path(post, path = "/files/uploads", tag = "files", operation_id = "ask_upload",
    request_body = UploadRequest, responses((status = 201, body = UploadAddress)))]
async fn ask(
    State(app): State<Ctx>,
    caller: Caller,
    Json(input): Json<UploadRequest>,
) -> Result<Created<UploadAddress>, Problem> {
    let announced = announced(input)?;
    sending::allowance(&app, &caller).await?;
    let sent_as = sent_as(&announced).to_owned();
    let Asked { id, address, until } = uploads::ask(&app, &caller, announced).await?;
    let (url, mut headers) = match address {
        Some(address) => (address.url, address.headers.into_iter().collect()),
        None => {
            let headers = [("content-type", sent_as), ("if-none-match", "*".to_owned())];
            (link_for(LinkFor::Uploading, &app, &caller, id, until).url, BTreeMap::from(headers))
        }
    };
    // Every client counts by itself, and browsers let nobody else do so.
    headers.remove("content-length");
    Ok(Created(UploadAddress { id, url, method: "PUT", headers, expires_at: until }))
}

fn announced(input: UploadRequest) -> Result<Announced, Problem> {
    let UploadRequest { name, content_type, size } = input;
    let content_type = content_type.trim().to_owned();
    if !uploads::is_type(&content_type) {
        let detail = "a type is written like image/png, in at most 255 letters";
        return Err(Problem::invalid("content_type", "type", detail));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(Problem::invalid("name", "max_length", "a name may have 1,000 characters"));
    }
    if size < 0 {
        return Err(Problem::invalid("size", "range", "say how many bytes the file has, 0 or more"));
    }
    Ok(Announced { name, content_type, size })
}

/// Say that the bytes of a file are at their address; it is looked at, and waits to be sent with a message
#[utoipa::path(post, path = "/files/{id}/confirm", tag = "files", operation_id = "confirm_upload",
    params(("id" = RowId, Path)), responses((status = 200, body = Attachment)))]
async fn confirm(State(app): State<Ctx>, caller: Caller, Path(id): Path<RowId>) -> Answer<Attachment> {
    sending::allowance(&app, &caller).await?;
    Ok(Json(uploads::confirm(&app, &caller, id).await?))
}

/// Takes the bytes. What must be said is what was announced, as where the address is one of S3.
async fn put(
    State(app): State<Ctx>,
    Path(id): Path<RowId>,
    Query(signed): Query<Signed>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let actor = maker_of(LinkFor::Uploading, &app, id, &signed).await?;
    let announced = match app.db.read(&actor, move |tx, actor| find(tx, actor, id)).await? {
        Upload::Open { announced, .. } => announced,
        Upload::Confirmed(_) => {
            let detail = "this file is confirmed: nothing changes it any more";
            return Err(Problem::conflict("uploaded", detail));
        }
    };
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = sent_as(&announced);
    if said(CONTENT_TYPE) != Some(kind) {
        let detail = format!("the address is for bytes of the type {kind}: send it as Content-Type");
        return Err(Problem::forbidden("content_type", detail));
    }
    let size = announced.size;
    if said(CONTENT_LENGTH).is_some_and(|length| length != size.to_string()) {
        let detail = format!("the address is for {size} bytes: ask for another one");
        return Err(Problem::forbidden("content_length", detail));
    }
    uploads::put(&app, &actor, id, size, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
