//! HTTP: one file per noun, each handler a few lines over an operation of the domain.
//!
//! Only this folder and `transport/` know axum. Errors are made in `problem.rs`, callers in `caller.rs`.
#![expect(unused_qualifications, reason = "utoipa::path repeats the types of queries with their paths")]

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
};
use axum::http::{HeaderMap, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

use crate::app::Ctx;
use crate::transport;

pub mod assets;
pub mod caller;
pub mod extract;
pub mod once;
pub mod openapi;
mod playground;
pub mod problem;

mod api_keys;
mod app;
mod attempts;
mod audit;
mod avatars;
mod contacts;
pub mod contracts;
mod conversations;
mod devices;
mod drafts;
mod entering;
pub(crate) mod files;
mod health;
mod host_keys;
mod invitations;
pub(crate) mod me;
pub(crate) mod messages;
mod notifications;
mod participants;
mod presence;
pub(crate) mod purges;
mod reads;
mod roles;
mod search;
mod sessions;
mod settings;
mod setup;
mod stores;
mod system;
mod teams;
mod tenant;
mod users;

use extract::Json;
use problem::Problem;

/// What a handler answers.
pub(crate) type Answer<T> = Result<Json<T>, Problem>;

/// Every operation of `/api/v1`, with its description.
pub(crate) fn api() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .merge(setup::routes())
        .merge(sessions::routes())
        .merge(me::routes())
        .merge(avatars::routes())
        .merge(devices::routes())
        .merge(invitations::routes())
        .merge(conversations::routes())
        .merge(participants::routes())
        .merge(messages::routes())
        .merge(presence::routes())
        .merge(reads::routes())
        .merge(drafts::routes())
        .merge(files::routes())
        .merge(notifications::routes())
        .merge(purges::routes())
        .merge(search::routes())
        .merge(users::routes())
        .merge(teams::routes())
        .merge(roles::routes())
        .merge(stores::routes())
        .merge(contacts::routes())
        .merge(settings::routes())
        .merge(tenant::routes())
        .merge(api_keys::routes())
        .merge(host_keys::routes())
        .merge(app::routes())
        .merge(audit::routes())
        .merge(system::routes())
        .merge(transport::routes())
}

/// Everything the server answers.
pub fn router(app: &Ctx) -> Router {
    let api = api().split_for_parts().0.fallback(nothing).layer(from_fn(uncached)).layer(cors(app));
    let playground = if app.config.playground { playground::routes() } else { Router::new() };
    Router::new()
        .nest("/api/v1", api)
        .merge(playground)
        .merge(transport::pusher::routes(app))
        .merge(contracts::routes(app))
        .merge(files::links())
        .merge(avatars::addresses())
        .merge(openapi::routes())
        .merge(health::routes())
        .merge(transport::socketio::routes(app))
        .merge(transport::mercure::routes(app))
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(app.config.body_limit))
        .layer(from_fn_with_state(app.clone(), protect))
        .layer(from_fn(problem::render))
        .with_state(app.clone())
}

async fn nothing() -> Problem {
    Problem::not_found("there is nothing at this address")
}

/// Pages of other sites may call with a token; never with our user's cookie, and never with the CSRF header.
fn cors(app: &Ctx) -> CorsLayer {
    let app = app.clone();
    let named = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        origin.to_str().is_ok_and(|origin| app.config.allows_origin(origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(named))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([problem::REQUEST_ID.clone(), RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(600))
}

/// Answers of the API belong to one caller at one moment.
async fn uncached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What browsers are told to guard, on every answer.
async fn protect(State(app): State<Ctx>, request: Request, next: Next) -> Response {
    let secure = caller::is_secure(request.headers(), &app);
    let embedded = request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "embed=1"));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), payment=()"),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if is_html(headers) {
        let frames = if embedded { app.config.frame_ancestors() } else { "'none'".to_owned() };
        if let Ok(policy) = HeaderValue::from_str(&format!("{} {frames}", assets::APP_POLICY)) {
            headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
        }
    }
    if secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(HeaderName::from_static("strict-transport-security"), year);
    }
    response
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}
