//! Owns: people's pictures over HTTP: choosing one, taking it away, and the addresses at which browsers find them.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use parlor_chat::users::User;
use parlor_chat::{Error, PersonId, RowId, TenantId, avatars};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::adapters::pictures::{self, Refusal};
use crate::app::Ctx;
use crate::auth::limiter::Rate;
use crate::clock::random_id;
use crate::http::api::files::bytes;
use crate::request::caller::Caller;
use crate::request::extract::{Json, Path};
use crate::request::problem::Problem;
use crate::request::ranges::Wanted;
use crate::request::{Answer, attempts};
use crate::services::uploads;

/// The most bytes of a picture that is sent.
const LIMIT: usize = 8_000_000;
/// Opening a picture takes time and memory.
const RATE: Rate = Rate { per_minute: 10.0, burst: 10.0 };

type Sent = Result<Bytes, BytesRejection>;

pub(crate) fn routes() -> OpenApiRouter<Ctx> {
    let set = OpenApiRouter::new().routes(routes!(set_mine, remove_mine)).routes(routes!(set, remove));
    set.layer(DefaultBodyLimit::max(LIMIT))
}

/// Outside `/api/v1`, like links to files: a picture in a page carries no token.
pub(crate) fn addresses() -> axum::Router<Ctx> {
    axum::Router::new().route("/files/avatars/{tenant}/{id}", axum::routing::get(serve))
}

/// Choose my picture: the bytes of a PNG, JPEG, WebP or GIF, of which the middle is kept
#[utoipa::path(put, path = "/me/avatar", tag = "me", operation_id = "set_my_avatar",
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = User)))]
async fn set_mine(State(app): State<Ctx>, caller: Caller, sent: Sent) -> Answer<User> {
    put(&app, &caller, caller.id(), sent).await
}

/// Take my picture away
#[utoipa::path(delete, path = "/me/avatar", tag = "me", operation_id = "remove_my_avatar",
    responses((status = 200, body = User)))]
async fn remove_mine(State(app): State<Ctx>, caller: Caller) -> Answer<User> {
    let id = caller.id();
    Ok(Json(app.db.write(&caller, move |tx, actor| avatars::remove(tx, actor, id)).await?))
}

/// Choose a user's picture; needs `manage_users`
#[utoipa::path(put, path = "/users/{id}/avatar", tag = "users", operation_id = "set_avatar",
    params(("id" = PersonId, Path)),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = User)))]
async fn set(State(app): State<Ctx>, caller: Caller, Path(id): Path<PersonId>, sent: Sent) -> Answer<User> {
    put(&app, &caller, id, sent).await
}

/// Take a user's picture away; needs `manage_users`
#[utoipa::path(delete, path = "/users/{id}/avatar", tag = "users", operation_id = "remove_avatar",
    params(("id" = PersonId, Path)), responses((status = 200, body = User)))]
async fn remove(State(app): State<Ctx>, caller: Caller, Path(id): Path<PersonId>) -> Answer<User> {
    Ok(Json(app.db.write(&caller, move |tx, actor| avatars::remove(tx, actor, id)).await?))
}

/// Whoever may not is told so before the picture is opened.
async fn put(app: &Ctx, caller: &Caller, user: PersonId, sent: Sent) -> Answer<User> {
    app.db.read(caller, move |tx, actor| avatars::changeable(tx, actor, user)).await?;
    attempts::limit_work(app, caller, "avatar", RATE)?;
    let picture = small(app, sent.map_err(|rejection| unread(&rejection))?).await?;
    // Its address is open to whoever knows it, so that it cannot be guessed.
    let id = RowId(random_id());
    Ok(Json(
        uploads::store(app, caller, id, "avatar", &picture, move |tx, actor, new| {
            avatars::set(tx, actor, user, new)
        })
        .await?,
    ))
}

fn unread(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge { field: "picture", limit: LIMIT }.into(),
        _ => Problem::malformed("the picture could not be read to its end"),
    }
}

/// The square that is kept. One picture is opened at a time, so that many cannot fill the memory.
async fn small(app: &Ctx, bytes: Bytes) -> Result<Vec<u8>, Problem> {
    let turn = app.limits.pictures.acquire().await.map_err(Problem::internal)?;
    let done = tokio::task::spawn_blocking(move || pictures::square(&bytes)).await;
    drop(turn);
    // A decoder that gave up is an answer too.
    done.unwrap_or(Err(Refusal::NoPicture)).map_err(|why| match why {
        Refusal::NoPicture => Problem::invalid("picture", "picture", "use a picture: PNG, JPEG, WebP or GIF"),
        Refusal::TooLarge => {
            Problem::invalid("picture", "measures", "use a picture of at most 24 megapixels")
        }
    })
}

/// A picture at its address. It never changes: another picture has another address.
async fn serve(
    State(app): State<Ctx>,
    Path((tenant, id)): Path<(TenantId, RowId)>,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let file = app.db.read_plain(move |tx| avatars::served(tx, tenant, id)).await?;
    let mut response = bytes(&app, tenant, file, None, &wanted).await?.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    Ok(response)
}
