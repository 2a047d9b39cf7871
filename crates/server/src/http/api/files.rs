//! Owns: attached files over HTTP: upload, reading, and links that expire.

use std::sync::Arc;
use std::{fmt, io};

use axum::body::Body;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue,
};
use axum::response::{IntoResponse, Response};
use parlor_chat::attachments::{self, Attachment, StoredFile};
use parlor_chat::credentials::Root;
use parlor_chat::file_types::is_shown;
use parlor_chat::signing::{self, LinkFor};
use parlor_chat::{Actor, Error, PersonId, PersonKind, RowId, TenantId, Time, messages, tenants};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::adapters::blobs::{Blob, Form};
use crate::adapters::pictures::SMALL_SIDES;
use crate::app::{App, Ctx};
use crate::auth::load_actor;
use crate::auth::require_root;
use crate::request::Answer;
use crate::request::caller::Caller;
use crate::request::extract::{Created, Json, Path, Query};
use crate::request::problem::Problem;
use crate::request::ranges::{Part, Wanted};
use crate::services::{sending, uploads};

/// How long a link serves that a page asks for when it needs it.
const LINK_SECONDS: i64 = 600;
/// How long one serves that is in an answer of a contract, where it may be needed later.
pub(crate) const CONTRACT_LINK_SECONDS: i64 = 3_600;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    // The limit of other bodies is not that of files; files are counted as they come.
    let upload = OpenApiRouter::new().routes(routes!(upload)).layer(DefaultBodyLimit::disable());
    OpenApiRouter::new().merge(upload).routes(routes!(get, describe)).routes(routes!(link))
}

/// Links are outside `/api/v1`: their signature is all they need.
pub(crate) fn links() -> axum::Router<Ctx> {
    axum::Router::new().route("/files/{id}", axum::routing::get(serve))
}

/// A file, as multipart/form-data.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form")]
struct UploadForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A link.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    /// Serves without a token until it expires.
    pub url: String,
    /// When it expires.
    pub expires_at: Time,
}

/// What is signed in an address.
#[derive(Deserialize)]
pub(super) struct Signed {
    expires: i64,
    #[serde(rename = "for", default)]
    maker: String,
    signature: String,
    /// A small picture is enough.
    size: Option<u32>,
}

/// Which form of a file is asked for.
#[derive(Deserialize)]
struct Asked {
    size: Option<u32>,
}

/// For whom a link was made, and what that person came with.
struct Maker {
    kind: PersonKind,
    person: PersonId,
    root: Root,
}

impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.kind.name(), self.person, self.root)
    }
}

impl Maker {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let kind = match parts.next()? {
            "contact" => PersonKind::Contact,
            _ => PersonKind::User,
        };
        Some(Self { kind, person: parts.next()?.parse().ok()?, root: parts.next()?.parse().ok()? })
    }
}

/// Upload a file for a message (`attachment_ids`); what nobody claims is removed after a day
#[utoipa::path(post, path = "/files", tag = "files", operation_id = "upload_file",
    request_body(content = inline(UploadForm), content_type = "multipart/form-data"),
    responses((status = 201, body = Attachment)))]
async fn upload(
    State(app): State<Ctx>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Created<Attachment>, Problem> {
    let mut form = form.map_err(|_| Problem::malformed("send the file as multipart/form-data"))?;
    sending::allowance(&app, &caller).await?;
    while let Some(field) = form.next_field().await.map_err(uploads::cut_off)? {
        if field.name() == Some("file") {
            return Ok(Created(uploads::receive(&app, &caller, field).await?));
        }
    }
    Err(Problem::invalid("file", "required", "the form has no file"))
}

/// The bytes of a file, for readers of its conversation
#[utoipa::path(get, path = "/files/{id}", tag = "files", operation_id = "get_file",
    params(("id" = RowId, Path),
        ("size" = Option<u32>, Query, description = "Of a picture: a small one as JPEG, whose longest side has 200, 400 or 800 pixels; the picture itself where there is none (yet)")),
    responses((status = 200, content_type = "application/octet-stream", body = String),
        (status = 206, content_type = "application/octet-stream", body = String, description = "The part that `Range` asks for"),
        (status = 304, description = "It is what `If-None-Match` names"),
        (status = 416, description = "It has no such part")))]
async fn get(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<RowId>,
    Query(asked): Query<Asked>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let side = side(asked.size)?;
    let file = app.db.read(&caller, move |tx, actor| messages::readable_file(tx, actor, id)).await?;
    bytes(&app, caller.tenant, file, side, &wanted).await
}

/// What a file shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Description {
    /// In words, for those who do not see it; empty takes them away.
    description: String,
}

/// Describe a file that I uploaded and have not sent yet
#[utoipa::path(patch, path = "/files/{id}", tag = "files", operation_id = "describe_file",
    params(("id" = RowId, Path)), request_body = Description, responses((status = 200, body = Attachment)))]
async fn describe(
    State(app): State<Ctx>,
    caller: Caller,
    Path(id): Path<RowId>,
    Json(input): Json<Description>,
) -> Answer<Attachment> {
    Ok(Json(
        app.db
            .write(&caller, move |tx, actor| attachments::describe(tx, actor, id, &input.description))
            .await?,
    ))
}

/// A link to a file that serves for ten minutes without a token, as for a picture in a page
#[utoipa::path(get, path = "/files/{id}/link", tag = "files", operation_id = "link_file",
    params(("id" = RowId, Path)), responses((status = 200, body = Link)))]
async fn link(State(app): State<Ctx>, caller: Caller, Path(id): Path<RowId>) -> Answer<Link> {
    app.db.read(&caller, move |tx, actor| messages::readable_file(tx, actor, id)).await?;
    Ok(Json(link_to(&app, &caller, id, LINK_SECONDS)))
}

/// A link to a file, for somebody who was found to be allowed to read it. It serves no longer than that holds, and no
/// longer than what the caller came with.
pub(crate) fn link_to(app: &App, caller: &Caller, id: RowId, seconds: i64) -> Link {
    link_for(LinkFor::Reading, app, caller, id, app.clock.now().plus_seconds(seconds))
}

/// A link that serves until a time.
pub(super) fn link_for(what: LinkFor, app: &App, caller: &Caller, id: RowId, until: Time) -> Link {
    // Whole seconds are in the address.
    let seconds = until.micros() / 1_000_000;
    let expires_at = Time(seconds * 1_000_000);
    let maker = Maker { kind: caller.person.kind, person: caller.id(), root: caller.root }.to_string();
    let signature = signing::sign_link(what, caller.tenant, id, &maker, expires_at, &app.cursor_key);
    let base = app.config.public_url().unwrap_or_default();
    let path = match what {
        LinkFor::Reading => "files",
        LinkFor::Uploading => "uploads",
    };
    let url = format!("{base}/{path}/{id}?expires={seconds}&for={maker}&signature={signature}");
    Link { url, expires_at }
}

async fn serve(
    State(app): State<Ctx>,
    Path(id): Path<RowId>,
    Query(signed): Query<Signed>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let actor = maker_of(LinkFor::Reading, &app, id, &signed).await?;
    let file = app.db.read(&actor, move |tx, actor| messages::readable_file(tx, actor, id)).await?;
    bytes(&app, actor.tenant, file, side(signed.size)?, &wanted).await
}

/// One of the sides that small pictures have.
fn side(asked: Option<u32>) -> Result<Option<u32>, Problem> {
    match asked {
        Some(side) if !SMALL_SIDES.contains(&side) => {
            Err(Problem::invalid("size", "range", "small pictures have 200, 400 or 800 pixels"))
        }
        asked => Ok(asked),
    }
}

/// For whom a link was made, when it is ours, its time is not over, and what that person came with still holds.
pub(super) async fn maker_of(
    what: LinkFor,
    app: &App,
    id: RowId,
    signed: &Signed,
) -> Result<Arc<Actor>, Problem> {
    let (now, expires) = (app.clock.now(), Time(signed.expires.saturating_mul(1_000_000)));
    let refused = || Problem::forbidden("link", "this link is not valid or has expired");
    let tenant = signing::verify_link(what, id, &signed.maker, expires, &signed.signature, &app.cursor_key);
    let tenant = tenant.filter(|_| expires > now).ok_or_else(refused)?;
    let Maker { kind, person, root } = Maker::read(&signed.maker).ok_or_else(refused)?;
    let process = app.auth.process_keys();
    let read = app.db.read_plain(move |tx| {
        require_root(tx, tenant, &root, &process)?;
        let tenant = tenants::by_id(tx, tenant)?;
        load_actor(tx, &tenant, kind, person)
    });
    match read.await {
        Err(Error::Unauthorized { .. }) => Err(refused()),
        read => Ok(Arc::new(read?)),
    }
}

/// The answer with a file, or the part of it that is wanted: nothing in it can run in our origin. A file never changes, so
/// that its id is its entity tag.
pub(crate) async fn bytes(
    app: &Ctx,
    tenant: TenantId,
    stored: StoredFile,
    side: Option<u32>,
    wanted: &Wanted,
) -> Result<Response, Problem> {
    let Delivered { form, size, content_type, stored_as, etag } = delivered(&stored, side);
    let file = stored.file;
    let lasting = [
        (ETAG, header(&etag)?),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    let (status, part) = match wanted.part(&etag, size) {
        Part::Unchanged => return Ok((StatusCode::NOT_MODIFIED, lasting).into_response()),
        Part::Nowhere => return Ok(no_such_part(size)?.into_response()),
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Some(part) => (StatusCode::PARTIAL_CONTENT, *part.start()..part.end() + 1),
    };
    let blob = Blob { tenant, id: file.id, form };
    let body = match wanted.only_head {
        true => Body::empty(),
        false => {
            Body::from_stream(app.blobs.read(blob, stored_as.as_deref(), part.clone()).await.map_err(unread)?)
        }
    };
    let own = [
        (CONTENT_TYPE, header(told_type(&content_type))?),
        (CONTENT_LENGTH, HeaderValue::from(part.end - part.start)),
        (CONTENT_DISPOSITION, header(&disposition(&file))?),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'"),
        ),
    ];
    let mut response = (status, lasting, own, body).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let told = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        response.headers_mut().insert(CONTENT_RANGE, header(&told)?);
    }
    Ok(response)
}

/// Which bytes are delivered.
struct Delivered {
    form: Form,
    size: u64,
    content_type: String,
    stored_as: Option<String>,
    etag: String,
}

/// The small picture with this longest side, where there is one; otherwise the file.
fn delivered(stored: &StoredFile, side: Option<u32>) -> Delivered {
    let StoredFile { file, etag, cleaned, small } = stored;
    let bytes = |size: i64| u64::try_from(size).unwrap_or_default();
    let of_side = SMALL_SIDES.into_iter().zip(small).find(|(one, _)| Some(*one) == side);
    match of_side {
        Some((side, size)) => Delivered {
            form: Form::Small(side),
            size: bytes(*size),
            content_type: "image/jpeg".to_owned(),
            stored_as: None,
            etag: format!("\"{}.{side}\"", file.id),
        },
        None => Delivered {
            form: if *cleaned { Form::Cleaned } else { Form::Sent },
            size: bytes(file.size),
            content_type: file.content_type.clone(),
            stored_as: etag.clone(),
            etag: format!("\"{}\"", file.id),
        },
    }
}

/// Bytes that are missing are like a file that is; storage that does not answer may come back.
fn unread(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => Problem::not_found("file not found"),
        _ => Problem::unstored(&error),
    }
}

/// The type under which a file is delivered: only what is shown in its place has one.
fn told_type(content_type: &str) -> &str {
    match content_type {
        "text/plain" => "text/plain; charset=utf-8",
        known if is_shown(known) => known,
        _ => "application/octet-stream",
    }
}

fn disposition(file: &Attachment) -> String {
    let way = if is_shown(&file.content_type) { "inline" } else { "attachment" };
    format!("{way}; filename*=UTF-8''{}", percent(&file.name))
}

/// 416, with what there is.
fn no_such_part(size: u64) -> Result<Response, Problem> {
    let mut response = Problem::no_such_part(size).into_response();
    response.headers_mut().insert(CONTENT_RANGE, header(&format!("bytes */{size}"))?);
    Ok(response)
}

fn header(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(Problem::internal)
}

/// RFC 8187: what may stand in an extended value, everything else as bytes in hexadecimal.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
