//! Owns: the Mercure hub at `/.well-known/mercure`: who is asking, CORS, and errors in the protocol's own form.
//! Must not know: how updates are stored or spread.

use axum::Router;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::routing::get;
use parlor_realtime::protocol::mercure::PATH;
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use crate::app::Ctx;
use crate::transport::mercure::hub::is_named;

pub(crate) mod grant;
mod hub;
mod publish;
mod subscribe;
mod subscriptions;

/// Everything at the hub's address.
pub(crate) fn routes(app: &Ctx) -> Router<Ctx> {
    let list = get(subscriptions::list);
    Router::new()
        .route(PATH, get(subscribe::subscribe).post(publish::publish))
        .route("/.well-known/mercure/subscriptions", list.clone())
        .route("/.well-known/mercure/subscriptions/{*rest}", list)
        .layer(cors(app))
}

/// Pages of named origins may come with the cookie; with `*`, others may come with a token.
fn cors(app: &Ctx) -> CorsLayer {
    let (any, named) = (app.clone(), app.clone());
    let any = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        let star = any.config.mercure.cors_origins.iter().any(|known| known == "*");
        star || origin.to_str().is_ok_and(|origin| any.config.allows_origin(origin)) || is_named(&any, origin)
    };
    let named = move |origin: &HeaderValue, _: &axum::http::request::Parts| is_named(&named, origin);
    let [last, last_v1] = ["last-event-id", "mercure-last-event-id"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(any))
        .allow_credentials(AllowCredentials::predicate(named))
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, last.clone()])
        .expose_headers([ETAG, WWW_AUTHENTICATE, last, last_v1])
        .max_age(std::time::Duration::from_secs(600))
}
