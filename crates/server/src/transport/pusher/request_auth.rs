//! Owns: who calls the HTTP API: the signature over method, path, query and body, and refusals as its clients know
//! them. Must not know: what is called.

use std::sync::Arc;

use axum::Json;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use parlor_chat::Error;
use parlor_realtime::protocol::pusher::signature::{body_md5, request};
use serde_json::json;

use crate::app::App;
use crate::auth::pusher_apps::{Application, By};
use crate::request::problem::Problem;

/// How far a caller's clock may be away.
const TOLERANCE_SECONDS: i64 = 600;

/// A refusal in the words of this API.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A status and a text.
    Answer(StatusCode, String),
    /// Our fault.
    Problem(Problem),
}

impl Refusal {
    pub fn bad(text: impl Into<String>) -> Self {
        Self::Answer(StatusCode::BAD_REQUEST, text.into())
    }

    pub fn too_large(text: impl Into<String>) -> Self {
        Self::Answer(StatusCode::PAYLOAD_TOO_LARGE, text.into())
    }

    fn unauthorized(text: &str) -> Self {
        Self::Answer(StatusCode::UNAUTHORIZED, text.to_owned())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Problem(Problem::from(error))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Answer(status, text) => {
                (status, Json(json!({"error": text, "code": status.as_u16()}))).into_response()
            }
            Self::Problem(problem) => problem.into_response(),
        }
    }
}

/// The parameters of a call, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn read(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    /// One parameter; the first, when it came twice.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The application that signed this call.
pub(super) async fn signed_application(
    app: &App,
    id: &str,
    method: &Method,
    uri: &Uri,
    body: &[u8],
) -> Result<(Arc<Application>, Query), Refusal> {
    let unknown = || Refusal::Answer(StatusCode::NOT_FOUND, "no application has this id".to_owned());
    let by_id = By::Id(id.to_owned());
    let application = app.caches.pusher_apps.find(&app.db, by_id).await?.ok_or_else(unknown)?;
    let query = Query::read(uri);
    check(&application, &query, method, uri, body, app.clock.now().micros() / 1_000_000)?;
    if !application.options().enabled {
        return Err(Refusal::Answer(StatusCode::FORBIDDEN, "the application is disabled".to_owned()));
    }
    Ok((application, query))
}

fn check(
    application: &Application,
    query: &Query,
    method: &Method,
    uri: &Uri,
    body: &[u8],
    now: i64,
) -> Result<(), Refusal> {
    let wrong = Refusal::unauthorized;
    if query.get("auth_version") != Some("1.0") {
        return Err(wrong("auth_version must be 1.0"));
    }
    if query.get("auth_key") != Some(&application.app.key) {
        return Err(wrong("auth_key is not this application's key"));
    }
    let at: Option<i64> = query.get("auth_timestamp").and_then(|at| at.parse().ok());
    if at.is_none_or(|at| now.abs_diff(at) > TOLERANCE_SECONDS.unsigned_abs()) {
        return Err(wrong("auth_timestamp is more than 600 seconds away from the server's time"));
    }
    let md5 = query.get("body_md5");
    if md5.map_or(!body.is_empty(), |md5| !md5.eq_ignore_ascii_case(&body_md5(body))) {
        return Err(wrong("body_md5 does not fit the body"));
    }
    let text = request(method.as_str(), uri.path(), &query.0);
    match application.signer().checks(text.as_bytes(), query.get("auth_signature").unwrap_or_default()) {
        true => Ok(()),
        false => Err(wrong("auth_signature does not fit method, path and query")),
    }
}
