//! Owns: how every failure looks over HTTP (RFC 9457). The one place; nobody else writes an error's status or body.
//!
//! A handler answers `Err(Problem)`. The problem travels in the response's extensions, and [`render`], the outermost
//! layer, writes the body, because only there the request's id is known. Answers of axum itself (unknown path, wrong
//! method) are turned into problems on the way out as well.

use std::io;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parlor_chat::{Error, Right};
use serde::Serialize;

use crate::clock::random_id;

/// The header that carries the request's id, both ways.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// In a response's extensions: a protocol with an error format of its own made this answer, it stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct AsIs;

/// Why a request was refused or failed.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Document>);

/// What a caller reads of a refusal or failure.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "about:blank")]
    kind: &'static str,
    /// A short summary, the same for every problem of this code.
    #[schema(value_type = String, example = "Invalid input")]
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16, example = 422)]
    status: StatusCode,
    /// A stable word: `unauthorized`, `forbidden`, `not_found`, `conflict`, `gone`, `too_large`, `invalid`,
    /// `malformed`, `range`, `rate_limited`, `unavailable`, `disk_full`, `internal`.
    #[schema(value_type = String, example = "invalid")]
    code: &'static str,
    /// What went wrong, for people.
    detail: String,
    /// The field that breaks a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// The rule, a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rule: Option<String>,
    /// The right that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    right: Option<String>,
    /// Seconds to wait.
    #[serde(skip)]
    retry_after: Option<u64>,
    /// The request's id, to be quoted when asking for help.
    request_id: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn status_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Document {
            kind: "about:blank",
            title,
            status,
            code,
            detail: detail.into(),
            field: None,
            rule: None,
            right: None,
            retry_after: None,
            request_id: String::new(),
        }))
    }

    /// Who calls is not known.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Sign in first", detail)
    }

    /// The caller may not.
    pub fn forbidden(rule: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail).rule(rule)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// It cannot be read at all.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed request", detail)
    }

    /// A body that ended before its end: it came too slowly, or as `detail` says.
    pub fn of_cut_body(error: &(dyn std::error::Error + 'static), detail: &str) -> Self {
        let timed_out = |cause: &(dyn std::error::Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
        };
        if std::iter::successors(Some(error), |error| error.source()).any(timed_out) {
            let detail = "the body did not arrive in time: send at least 500 bytes a second";
            return Self::malformed(detail).with_status(StatusCode::REQUEST_TIMEOUT);
        }
        Self::malformed(detail)
    }

    /// A WebSocket of another version than the one that there is (RFC 6455, 4.2.2).
    #[must_use]
    pub fn other_version() -> Self {
        let detail = "this server speaks version 13 of WebSocket";
        Self::new(StatusCode::UPGRADE_REQUIRED, "malformed", "Upgrade required", detail)
    }

    /// A field breaks a rule.
    pub fn invalid(field: &str, rule: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid input", detail)
            .field(field)
            .rule(rule)
    }

    /// The same for callers who know a field by another name: pairs of our name and theirs.
    #[must_use]
    pub fn in_words_of(mut self, names: &[(&str, &str)]) -> Self {
        let theirs = |field: &str| {
            let (first, rest) = field.split_at(field.find(['.', '[']).unwrap_or(field.len()));
            let exact = names.iter().find(|(ours, _)| *ours == field).map(|(_, theirs)| (*theirs).to_owned());
            let begins =
                || names.iter().find(|(ours, _)| *ours == first).map(|(_, theirs)| format!("{theirs}{rest}"));
            exact.or_else(begins)
        };
        self.0.field = self.0.field.map(|field| theirs(&field).unwrap_or(field));
        self
    }

    /// There are fewer bytes than the part that is asked for begins at.
    pub fn no_such_part(size: u64) -> Self {
        let detail = format!("there are {size} bytes: ask for a part of these");
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", "No such part", detail).field("Range")
    }

    /// It contradicts what is stored.
    pub fn conflict(rule: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "Conflict", detail).rule(rule)
    }

    /// Too much at once.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large", detail)
    }

    /// Too often.
    #[must_use]
    pub fn rate_limited(retry_after: u64) -> Self {
        let detail = format!("too many requests, try again in {retry_after} s");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests", detail)
            .after(retry_after)
    }

    /// More than may be stored or done now.
    pub fn later(rule: &str, detail: impl Into<String>, seconds: i64) -> Self {
        let problem =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests", detail.into());
        problem.rule(rule).after(u64::try_from(seconds).unwrap_or(1).max(1))
    }

    /// Not now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again", detail).after(1)
    }

    /// There is no room for what is to be stored.
    #[must_use]
    pub fn disk_full() -> Self {
        let detail = "the disk of the server is full: nothing can be stored until its operator has made room";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", "Disk full", detail).after(60)
    }

    /// Bytes could not be stored.
    #[must_use]
    pub fn unstored(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                tracing::error!(%error, "a file could not be stored");
                Self::disk_full()
            }
            io::ErrorKind::NotConnected | io::ErrorKind::TimedOut => {
                tracing::error!(%error, "files cannot be reached");
                Self::unavailable("the storage of files does not answer: try again in a moment")
            }
            _ => Self::internal(error),
        }
    }

    /// Our fault; the cause is logged, not told.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Server error",
            "something went wrong on our side",
        )
    }

    fn rule(mut self, rule: &str) -> Self {
        self.0.rule = Some(rule.to_owned());
        self
    }

    fn field(mut self, field: &str) -> Self {
        self.0.field = Some(field.to_owned());
        self
    }

    fn right(mut self, right: Option<Right>) -> Self {
        self.0.right = right.map(|right| right.name().to_owned());
        self
    }

    fn after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same with another status of its class.
    fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What went wrong, for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What axum answered by itself.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                "method_not_allowed",
                "Wrong method",
                "this address does not take this method",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("the request body is too large"),
            StatusCode::UPGRADE_REQUIRED => {
                Self::new(status, "malformed", "Upgrade required", "this address speaks WebSocket")
            }
            _ if status.is_client_error() => {
                Self::malformed(status.canonical_reason().unwrap_or("malformed")).with_status(status)
            }
            _ => Self::internal(status).with_status(status),
        }
    }

    /// Writes the body; headers that other layers have set stay.
    fn render(mut self, request_id: &str, mut headers: HeaderMap) -> Response {
        self.0.request_id = request_id.to_owned();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.status;
        *response.headers_mut() = headers;
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { what } => Self::not_found(format!("{what} not found")),
            Error::Forbidden { right, rule, reason, .. } => Self::forbidden(rule, reason).right(right),
            Error::Invalid { field, rule, detail } => Self::invalid(field, rule, detail),
            Error::Conflict { rule, detail } => Self::conflict(rule, detail),
            Error::TooLarge { field, limit } => {
                Self::too_large(format!("{field} is too large, at most {limit} are allowed"))
                    .field(field)
                    .rule("max_length")
            }
            Error::Gone { what } => Self::new(StatusCode::GONE, "gone", "Gone", format!("{what} is gone")),
            Error::Later { rule, detail, seconds } => Self::later(rule, detail, seconds),
            Error::Unauthorized { detail } => Self::unauthorized(detail),
            Error::Db(error) => Self::from(error),
            Error::Damaged(cause) => Self::internal(cause),
        }
    }
}

impl From<parlor_db::Error> for Problem {
    fn from(error: parlor_db::Error) -> Self {
        use parlor_db::Error as Db;
        match error {
            Db::Unavailable(_) | Db::Overloaded(_) | Db::Serialization(_) => {
                tracing::warn!(%error, "database");
                Self::unavailable("the database is busy or cannot be reached")
            }
            Db::Full(_) => {
                tracing::error!(%error, "database");
                Self::disk_full()
            }
            Db::TimedOut(_) => {
                tracing::warn!(%error, "database");
                Self::unavailable("this took too long and was stopped: ask for less, or try again later")
            }
            // Two at once, or a rule that no operation has foreseen: what is there already stands.
            Db::Unique { constraint } => {
                tracing::debug!(constraint, "a duplicate was refused");
                Self::conflict("taken", format!("there is already one with the same values ({constraint})"))
            }
            Db::Value(detail) => Self::invalid("body", "storable", detail),
            other => Self::internal(other),
        }
    }
}

/// The id of a request: the caller's own when it is a sane one.
fn request_id(headers: &HeaderMap) -> String {
    let sane = |text: &&str| {
        (8..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane) {
        Some(text) => text.to_owned(),
        None => random_id().simple().to_string(),
    }
}

/// The outermost layer: gives each request its id and writes the bodies of problems.
pub async fn render(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status();
    let (mut parts, body) = response.into_parts();
    let problem = parts.extensions.remove::<Problem>();
    let bare = (status.is_client_error() || status.is_server_error())
        && parts.extensions.remove::<AsIs>().is_none()
        && !parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/"));
    let mut response = match problem {
        Some(problem) => problem.render(&id, parts.headers),
        None if bare => Problem::of_status(status).render(&id, parts.headers),
        None => Response::from_parts(parts, body),
    };
    if status.is_server_error() {
        tracing::error!(%method, path, status = status.as_u16(), request_id = id, "answered");
    } else {
        tracing::debug!(%method, path, status = status.as_u16(), request_id = id, "answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}
