//! Owns: the web apps inside the binary: compressed forms, caching, and the policy that browsers enforce on them.
//! Must not know: the API.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::request::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[exclude = "*.map"]
struct Dist;

const PAGE: &str = "app/inbox.html";
/// Where the pages of `playground.rs` are, which are for nobody else.
const PLAYGROUND: &str = "playground/";

/// Everything that is no API: `/` leads to the app, `/app/*` without a file is the app's page.
pub async fn serve(request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::NOT_FOUND.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if path.is_empty() || path == "app" {
        return Redirect::temporary("/app/").into_response();
    }
    let page = path.starts_with("app/") && !path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if path.starts_with(PLAYGROUND) {
        return Problem::not_found("there is nothing at this address").into_response();
    }
    let name = match (page, path) {
        (true, _) => PAGE,
        (_, "favicon.ico") => "app/favicon.svg",
        (_, path) => path,
    };
    file(name, request.headers())
        .unwrap_or_else(|| Problem::not_found("there is nothing at this address").into_response())
}

/// A page or script of the playground.
pub(crate) fn playground(name: &str, headers: &HeaderMap) -> Option<Response> {
    file(&format!("{PLAYGROUND}{name}"), headers)
}

fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    if name.ends_with(".br") || name.ends_with(".gz") {
        return None;
    }
    let plain = Dist::get(name)?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&plain.metadata.sha256_hash()[..15]));
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let unchanged =
        known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let (file, encoding) = best(name, plain, headers);
    let body = if unchanged { Body::empty() } else { bytes(file) };
    let mut response = Response::new(body);
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let to = response.headers_mut();
    put(to, CONTENT_TYPE, media_type(name));
    put(to, CACHE_CONTROL, caching(name));
    put(to, VARY, "accept-encoding");
    put(to, ETAG, &tag);
    if let Some(encoding) = encoding {
        put(to, CONTENT_ENCODING, encoding);
    }
    if name.starts_with("embed/") {
        put(to, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        put(to, HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    }
    Some(response)
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The smallest form that the browser takes.
fn best(name: &str, plain: EmbeddedFile, headers: &HeaderMap) -> (EmbeddedFile, Option<&'static str>) {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |encoding: &str| {
        accepted.split(',').any(|part| {
            let mut words = part.split(';').map(str::trim);
            words.next() == Some(encoding) && !words.any(|q| matches!(q, "q=0" | "q=0.0"))
        })
    };
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if takes(encoding)
            && let Some(found) = Dist::get(&format!("{name}.{suffix}"))
        {
            return (found, Some(encoding));
        }
    }
    (plain, None)
}

fn bytes(file: EmbeddedFile) -> Body {
    match file.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes),
    }
}

fn caching(name: &str) -> &'static str {
    if name.starts_with("app/assets/") {
        "public, max-age=31536000, immutable"
    } else if name.starts_with("embed/") {
        "public, max-age=300, stale-while-revalidate=86400"
    } else {
        "no-cache"
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(serve(request.body(Body::empty()).unwrap()))
    }

    #[test]
    fn every_address_of_the_app_is_its_page() {
        for path in ["/app/", "/app/login", "/app/c/0190-abc", "/app/admin/users"] {
            let response = get(path, &[]);
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
        }
        assert_eq!(get("/", &[]).headers()["location"], "/app/");
        assert_eq!(get("/app/missing.js", &[]).status(), 404);
        assert_eq!(get("/../Cargo.toml", &[]).status(), 404);
        assert_eq!(get("/app/../../../../etc/passwd", &[]).status(), 200, "a page, never a file outside");
    }

    #[test]
    fn an_unchanged_page_is_not_sent_again() {
        let tag = get("/app/", &[]).headers()[ETAG].to_str().unwrap().to_owned();
        assert_eq!(get("/app/", &[("if-none-match", &tag)]).status(), 304);
        assert_eq!(get("/app/", &[("if-none-match", "\"other\"")]).status(), 200);
    }
}
