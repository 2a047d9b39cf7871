//! Owns: the description of the API, generated from the handlers, and the page that shows it.
//! Must not know: what the operations do.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Redirect;
use axum::routing::get;
use parlor_chat::event::EventSchema;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response};

use crate::app::Ctx;
use crate::http::schemas;
use crate::request::problem::Document;

/// What is not a handler's.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Parlor",
        description = "One messaging system for a whole business. Errors are RFC 9457 problems; lists answer \
            `{items, next}`; events are the schema `Event`, told as docs/protocols/native.md says.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Document, EventSchema)),
    security(("bearer" = []), ("cookie" = []))
)]
struct Description;

/// The document of the API's operations, and of those of the contracts, which stand at the root.
#[must_use]
pub fn document(
    operations: utoipa::openapi::OpenApi,
    contracts: utoipa::openapi::OpenApi,
) -> utoipa::openapi::OpenApi {
    let mut document = Description::openapi().nest("/api/v1", operations);
    document.merge(contracts);
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT or API key").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::new(crate::request::caller::COOKIE_NAME);
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), RefOr::T(problem()));
        }
    }
    schemas::narrow(&mut document);
    document
}

fn problem() -> Response {
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    let mut response = Response::new("A problem");
    response.content.insert("application/problem+json".to_owned(), RefOr::T(Content::new(Some(schema))));
    response
}

/// The document as text, as it is checked in.
#[must_use]
pub fn text(document: &utoipa::openapi::OpenApi) -> String {
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

const PAGE: &str = include_str!("docs/index.html");
const SCRIPT: &str = include_str!("docs/docs.js");
const STYLE: &str = include_str!("docs/docs.css");

/// The document as it is checked in, which a test holds against the code: making it takes ten megabytes and half of a start.
const DOCUMENT: &str = include_str!("../../../../docs/api/openapi.json");

/// `/api/docs`, without anything from elsewhere, and the document.
pub(crate) fn routes() -> Router<Ctx> {
    let file = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text) })
    };
    Router::new()
        .route("/api/docs", get(|| async { Redirect::permanent("/api/docs/") }))
        .route("/api/docs/", file("text/html; charset=utf-8", PAGE))
        .route("/api/docs/docs.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/api/docs/docs.css", file("text/css; charset=utf-8", STYLE))
        .route("/api/v1/openapi.json", file("application/json", DOCUMENT))
}
