//! Owns: reading calls that sign somebody in. No session stands behind them, so that no header of ours can be asked for:
//! a page of another site must not make a browser send one, or its reader goes on as somebody else.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use crate::app::Ctx;
use crate::request::caller::may_use_cookie;
use crate::request::extract::Json;
use crate::request::problem::Problem;

/// A JSON body that says so, from a page of ours, of a named origin, or from no page at all.
#[derive(Debug)]
pub struct Entering<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Ctx> for Entering<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Ctx) -> Result<Self, Problem> {
        if !may_use_cookie(request.headers(), app) {
            return Err(Problem::forbidden("origin", "this page may not sign anybody in here"));
        }
        // Forms and plain text need no leave of ours to be sent from elsewhere.
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::malformed("send this with the header Content-Type: application/json"));
        }
        Json::from_request(request, app).await.map(|Json(input)| Self(input))
    }
}
