//! Owns: what holds for all answers: who may call from other sites, caching, and what browsers are told to guard.
//! Must not know: what is answered.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HOST, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, LINK, RANGE, RETRY_AFTER,
};
use axum::http::{HeaderMap, Method, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::Ctx;
use crate::request::caller;
use crate::request::problem::{self, Problem};

/// What a page of the app may load; who may frame it stands at the end.
pub const APP_POLICY: &str = "default-src 'self'; style-src 'self'; img-src 'self' data: blob:; object-src 'none'; \
    base-uri 'none'; form-action 'self'";

/// How many are unread of what a contract's bare list shows a page of.
pub const UNREAD_COUNT: HeaderName = HeaderName::from_static("x-unread-count");

/// Pages of other sites may call with a token; never with our user's cookie, and never with the CSRF header.
pub fn cors(app: &Ctx) -> CorsLayer {
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
            IF_NONE_MATCH,
            IF_RANGE,
            RANGE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            problem::REQUEST_ID.clone(),
            RETRY_AFTER,
            LINK,
            UNREAD_COUNT,
            ACCEPT_RANGES,
            CONTENT_RANGE,
            ETAG,
        ])
        .max_age(std::time::Duration::from_secs(600))
}

/// Answers of the API belong to one caller at one moment.
pub async fn uncached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What browsers are told to guard, on every answer.
pub async fn protect(State(app): State<Ctx>, request: Request, next: Next) -> Response {
    let secure = caller::is_secure(request.headers(), &app);
    let embedded = request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "embed=1"));
    let mut response = match names_no_host(&request) {
        true => Problem::malformed("an HTTP/1.1 request has one Host header").into_response(),
        false => next.run(request).await,
    };
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
        // Files go straight to where they are stored.
        let storage = app.blobs.origin().map(|origin| format!(" {origin}")).unwrap_or_default();
        let policy = format!("{APP_POLICY}; connect-src 'self' ws: wss:{storage}; frame-ancestors {frames}");
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
        }
    }
    if secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(HeaderName::from_static("strict-transport-security"), year);
    }
    response
}

/// RFC 9112, 3.2: without a host, or with two, a request of HTTP/1.1 is refused.
fn names_no_host(request: &Request) -> bool {
    request.version() == Version::HTTP_11 && request.headers().get_all(HOST).iter().count() != 1
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}
