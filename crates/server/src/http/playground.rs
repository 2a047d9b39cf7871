//! Owns: pages that play a host application, with tokens for whoever asks. Only with `--playground`, for development.
//! Must not know: anything that the API does not give to every host.

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::assets;
use crate::app::Ctx;
use crate::auth::jwt::{Claims, sign};
use crate::request::extract::{Path, Query};
use crate::request::problem::Problem;

/// A page that forbids whatever the messenger does not need.
const STRICT: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; style-src 'none'; \
    base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types parlor svelte-trusted-html";
/// A page that forbids little, as most do.
const LOOSE: &str = "default-src * data: blob: 'unsafe-inline'";
/// How long a token serves when nothing else is asked for.
const SECONDS: i64 = 3600;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/playground", get(|| async { Redirect::temporary("/playground/") }))
        .route("/playground/", get(|headers: HeaderMap| async move { page("index.html", &headers) }))
        .route("/playground/token", get(token))
        .route(
            "/playground/{page}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move { page(&name, &headers) }),
        )
}

fn page(name: &str, headers: &HeaderMap) -> Response {
    let Some(mut response) = assets::playground(name, headers) else {
        return Problem::not_found("there is no such page").into_response();
    };
    let policy = if name == "strict.html" { STRICT } else { LOOSE };
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// Whoever the page wants to be.
#[derive(Deserialize)]
struct Wish {
    sub: String,
    name: Option<String>,
    email: Option<String>,
    /// Seconds.
    ttl: Option<i64>,
}

async fn token(State(app): State<Ctx>, Query(wish): Query<Wish>) -> Response {
    let now = app.clock.now().micros() / 1_000_000;
    let claims = Claims {
        tenant: parlor_chat::tenants::DEFAULT_SLUG.to_owned(),
        sub: wish.sub,
        kind: "user".to_owned(),
        name: wish.name,
        email: wish.email,
        roles: None,
        teams: None,
        stores: None,
        exp: (now + wish.ttl.unwrap_or(SECONDS)) as f64,
        nbf: None,
        iat: Some(now as f64),
        aud: None,
    };
    let secret = app.config.jwt_secret.clone().unwrap_or_default();
    match sign(&claims, secret.as_bytes(), None) {
        Some(token) => ([(CACHE_CONTROL, "no-store")], token).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
